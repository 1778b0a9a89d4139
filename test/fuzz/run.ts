/**
 * `npm run fuzz [-- TARGET…] [--seconds N] [--seed N]`: each target is given so many seconds. What is found is written to
 * test/hostile/findings, where every test run tries it again; then the exit code is 1.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { type FuzzTarget, HEADER_WORDS, type WorkerData, type WorkerMessage } from "./target.js";
import { TARGETS } from "./targets.js";

const FINDINGS = join(import.meta.dirname, "../hostile/findings");
const DEFAULT_SECONDS = 60;
/** An input that takes so long hangs, also on a machine with other work. */
const HANGS_MILLISECONDS = 20_000;
const LOOK_MILLISECONDS = 1_000;

/** A worker does not inherit what `--import tsx` does. */
const STARTER = `import("tsx/esm/api").then(({ register }) => {
  register();
  return import(${JSON.stringify(new URL("./worker.ts", import.meta.url).href)});
});`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string" }, seed: { type: "string" } },
});
const seconds = Number(values.seconds ?? DEFAULT_SECONDS);
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
const chosen = TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (!(seconds > 0) || !Number.isInteger(seed) || chosen.length === 0) {
  console.error(
    `usage: npm run fuzz [-- ${TARGETS.map(({ name }) => name).join("|")}] [--seconds N] [--seed N]`,
  );
  process.exit(2);
}
let findings = 0;
for (const target of chosen) findings += await fuzzed(target);
process.exitCode = findings === 0 ? 0 : 1;

/** How many findings there were. */
function fuzzed({ name, maxBytes }: FuzzTarget): Promise<number> {
  console.log(`${name}: ${seconds} s, seed ${seed}`);
  const current = new SharedArrayBuffer(4 * HEADER_WORDS + maxBytes);
  const workerData: WorkerData = { target: name, milliseconds: seconds * 1_000, seed, current };
  const worker = new Worker(STARTER, { eval: true, workerData });
  let found = 0;
  const finding = (bytes: Uint8Array, error: string) => {
    found++;
    console.log(`${name}: found ${written(name, bytes)}\n${error}`);
  };
  const [count, length] = [0, 1];
  const header = new Int32Array(current, 0, HEADER_WORDS);
  let last = -1;
  let since = performance.now();
  const watch = setInterval(() => {
    const now = Atomics.load(header, count);
    if (now !== last) [last, since] = [now, performance.now()];
    else if (performance.now() - since > HANGS_MILLISECONDS) {
      finding(
        new Uint8Array(current, 4 * HEADER_WORDS, header[length]).slice(),
        `hangs for ${HANGS_MILLISECONDS} ms`,
      );
      void worker.terminate();
    }
  }, LOOK_MILLISECONDS);
  return new Promise((resolve, reject) => {
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "finding") finding(message.bytes, message.error);
      else {
        const { runs, corpus, coverage } = message;
        console.log(`${name}: ${runs} inputs, ${corpus} kept, ${coverage} characters of source run`);
      }
    });
    worker.on("error", reject);
    worker.on("exit", () => {
      clearInterval(watch);
      resolve(found);
    });
  });
}

function written(target: string, bytes: Uint8Array): string {
  const folder = join(FINDINGS, target);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}.bin`);
  writeFileSync(file, bytes);
  return relative(process.cwd(), file);
}
