import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import Sqlite from "better-sqlite3";
import { generateExport } from "../lib/sample/generate.js";
import { median, peakMemory, root } from "./support.js";

/**
 * `npm run bench:load`, and with `-- --large` for a million persons: the whole load of an export, as `adresslista reload`
 * does it, beside what reading and writing alone cost in the same run: `xmllint --stream --noout` (libxml2) on the same file,
 * and `sqlite3 .import` of all rows that the load gave, as CSV, into the same tables without indexes. Nothing here is a
 * test: figures depend on the machine and on what else it does, so each is told as time and as processor time.
 */
const SIZES = {
  usual: { seed: 7, persons: 60_000, occasions: 3_000, memberships: 200_000, rounds: 3 },
  large: { seed: 7, persons: 1_000_000, occasions: 45_000, memberships: 3_000_000, rounds: 1 },
};
const GOAL = 2;
const YARDSTICKS = [
  { command: "xmllint", package: "libxml2-utils" },
  { command: "sqlite3", package: "sqlite3" },
];
const MEMORY_POLL_MS = 20;
const main = join(root, "dist/lib/main.js");

const size = process.argv.includes("--large") ? SIZES.large : SIZES.usual;
await missingYardsticks();
const folder = await mkdtemp(join(tmpdir(), "adresslista-bench-"));
try {
  await benchLoad();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function benchLoad(): Promise<void> {
  const file = join(folder, "export.xml");
  const database = join(folder, "bench.sqlite");
  const { persons, occasions, memberships, rounds } = size;
  say(`writing an export of ${persons} persons, ${occasions} occasions, ${memberships} memberships`);
  await pipeline(Readable.from(generateExport(size)), createWriteStream(file));
  print(
    `export: ${persons} persons, ${occasions} occasions, ${memberships} memberships, ${megabytes((await stat(file)).size)} MB`,
  );
  const parses: Run[] = [];
  const imports: Run[] = [];
  const loads: Run[] = [];
  let script: string | undefined;
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}: load`);
    loads.push(
      await run(process.execPath, [main, "reload", "--force", "--file", file], {
        ADRESSLISTA_DATABASE: database,
      }),
    );
    say(`round ${round} of ${rounds}: xmllint`);
    parses.push(await run("xmllint", ["--stream", "--noout", file]));
    script ??= await importScript(await newestGeneration());
    say(`round ${round} of ${rounds}: sqlite3 .import`);
    const imported = join(folder, "imported.sqlite");
    await rm(imported, { force: true });
    imports.push(await run("sqlite3", [imported, `.read ${script}`]));
  }
  const middle = (runs: readonly Run[], of: "seconds" | "processorSeconds") =>
    median(runs.map((measured) => measured[of]));
  for (const of of ["seconds", "processorSeconds"] as const) {
    const [load, parse, imported] = [middle(loads, of), middle(parses, of), middle(imports, of)];
    const ratio = load / (parse + imported);
    print(
      `${of === "seconds" ? "time" : "processor time"}: whole load ${load.toFixed(2)} s; xmllint ${parse.toFixed(2)} s, ` +
        `sqlite3 .import ${imported.toFixed(2)} s, together ${(parse + imported).toFixed(2)} s; ` +
        `ratio ${ratio.toFixed(2)} (goal: at most ${GOAL})`,
    );
  }
  print(
    `peak memory of the load: ${Math.max(...loads.map(({ peakMegabytes }) => peakMegabytes)).toFixed(0)} MB`,
  );
  print(`database: ${megabytes((await stat(await newestGeneration())).size)} MB`);
  const [first] = loads;
  for (const { text, seconds } of first?.phases ?? []) print(`  ${text}: ${seconds.toFixed(2)} s`);
}

async function missingYardsticks(): Promise<void> {
  for (const { command, package: debian } of YARDSTICKS) {
    const found = await new Promise<boolean>((resolve) => {
      const child = spawn(command, ["--version"], { stdio: "ignore" });
      child.on("error", () => resolve(false));
      child.on("close", () => resolve(true));
    });
    if (found) continue;
    say(`${command} is missing, which the load is measured beside: it is in Debian's package ${debian}`);
    process.exit(1);
  }
}

/** Writes all rows of the generation's tables as CSV; returns a script of the sqlite3 shell that imports them. */
async function importScript(generation: string): Promise<string> {
  say("writing the rows as CSV");
  const csv = join(folder, "csv");
  await mkdir(csv);
  const connection = new Sqlite(generation, { readonly: true });
  const tables = connection
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all() as { name: string; sql: string }[];
  connection.close();
  const script = [...tables.map(({ sql }) => `${sql};`), ".mode csv"];
  for (const { name } of tables) {
    const file = join(csv, `${name}.csv`);
    await run("sqlite3", ["-csv", generation, `.once ${file}`, `SELECT * FROM ${name}`]);
    // The shell warns of a file without rows.
    if ((await stat(file)).size > 0) script.push(`.import ${file} ${name}`);
  }
  const path = join(folder, "import.sql");
  await writeFile(path, `${script.join("\n")}\n`);
  return path;
}

async function newestGeneration(): Promise<string> {
  const number = (name: string) => Number(/\.load-(\d+)\.sqlite$/.exec(name)?.[1] ?? 0);
  const [newest] = (await readdir(folder)).sort((a, b) => number(b) - number(a));
  return join(folder, newest ?? "");
}

interface Run {
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly peakMegabytes: number;
  /** What it said on standard error, and how long that lasted. */
  readonly phases: readonly { readonly text: string; readonly seconds: number }[];
}

/** Runs a command to its end; a shell around it tells its processor time. Throws when it fails. */
async function run(command: string, args: readonly string[], environment = {}): Promise<Run> {
  const began = performance.now();
  const told: { text: string; at: number }[] = [];
  const shell = ['"$@" 3>&- &', "echo $! >&3; wait $!; status=$?; times >&3; exit $status"].join(" ");
  const child = spawn("bash", ["-c", shell, "bash", command, ...args], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let times = "";
  let peak = 0;
  child.stderr?.on("data", (data: Buffer) => {
    told.push(...linesOf(data).map((text) => ({ text, at: performance.now() })));
  });
  child.stdio[3]?.on("data", (data: Buffer) => {
    times += data;
  });
  const poll = setInterval(() => {
    peak = Math.max(peak, peakMemory({ pid: Number.parseInt(times, 10) }) ?? 0);
  }, MEMORY_POLL_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  clearInterval(poll);
  const ended = performance.now();
  if (code !== 0) {
    throw new Error(`${command} ended with ${code}:\n${told.map(({ text }) => text).join("\n")}`);
  }
  // The second line of `times` is of the children: user and system, as 0m1.234s.
  const spent = [...(times.split("\n")[2] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  return {
    seconds: (ended - began) / 1000,
    processorSeconds: spent.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0),
    peakMegabytes: peak,
    phases: told.map(({ text, at }, index) => ({
      text,
      seconds: ((told[index + 1]?.at ?? ended) - at) / 1000,
    })),
  };
}

function linesOf(data: Buffer): string[] {
  return data
    .toString()
    .split("\n")
    .filter((line) => line !== "");
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(0);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
