import { parentPort, workerData } from "node:worker_threads";
import { Coverage } from "./coverage.js";
import { mutant, randomFrom } from "./mutator.js";
import { type FuzzTarget, HEADER_WORDS, type WorkerData, type WorkerMessage } from "./target.js";
import { TARGETS } from "./targets.js";

/** Inputs between two looks at the coverage: a look costs as much as some of them. */
const BATCH = 64;
const PROGRESS_MILLISECONDS = 10_000;
/** Tries to make a finding shorter. */
const SHORTENING_TRIES = 400;
/** Findings after which it is clear that something is wrong. */
const MAX_FINDINGS = 20;

const data = workerData as WorkerData;
const target = TARGETS.find(({ name }) => name === data.target);
if (target !== undefined) await fuzz(target);

async function fuzz({ seeds, dictionary, covered, maxBytes, judge }: FuzzTarget): Promise<void> {
  const random = randomFrom(data.seed);
  const words = dictionary.map((word) => Buffer.from(word));
  const header = new Int32Array(data.current, 0, HEADER_WORDS);
  const shownInput = new Uint8Array(data.current, 4 * HEADER_WORDS);
  const coverage = new Coverage(covered);
  const corpus: Buffer[] = [];
  const outcomes = new Set<string>();
  const errors = new Set<string>();
  let runs = 0;

  const tell = (message: WorkerMessage) => parentPort?.postMessage(message);

  /** Whether the input did what none before did; undefined when it is a finding. */
  async function isNew(bytes: Buffer): Promise<boolean | undefined> {
    shownInput.set(bytes.subarray(0, shownInput.length));
    header[1] = bytes.length;
    Atomics.add(header, 0, 1);
    runs++;
    try {
      const before = outcomes.size;
      for (const outcome of await judge(bytes)) outcomes.add(outcome);
      return outcomes.size > before;
    } catch (error) {
      const kind = kindOf(error);
      if (errors.has(kind)) return undefined;
      errors.add(kind);
      const shortest = await shortened(bytes, kind);
      tell({ kind: "finding", bytes: shortest, error: (error as Error).stack ?? String(error) });
      return undefined;
    }
  }

  /** Less of the same finding, as far as a few tries lead. */
  async function shortened(bytes: Buffer, kind: string): Promise<Buffer> {
    let shortest = bytes;
    for (let tries = 0; tries < SHORTENING_TRIES && shortest.length > 1; tries++) {
      const from = random(shortest.length);
      const length = 1 + random(Math.max(1, shortest.length >> (1 + random(6))));
      const shorter = Buffer.concat([shortest.subarray(0, from), shortest.subarray(from + length)]);
      try {
        await judge(shorter);
      } catch (error) {
        if (kindOf(error) === kind) shortest = shorter;
      }
    }
    return shortest;
  }

  const state = (kind: "progress" | "done"): WorkerMessage => ({
    kind,
    runs,
    corpus: corpus.length,
    coverage: coverage.total,
  });

  // Those that do nothing that one before did not are left out: changing them would take the time of the others.
  for (const seed of seeds()) {
    const bytes = seed.subarray(0, maxBytes);
    const fresh = await isNew(bytes);
    const isFurther = coverage.take({ note: true }) > 0;
    if (fresh !== undefined && (fresh || isFurther)) corpus.push(bytes);
  }

  const began = performance.now();
  for (let told = began; performance.now() - began < data.milliseconds && errors.size < MAX_FINDINGS; ) {
    const batch: Buffer[] = [];
    for (let at = 0; at < BATCH; at++) {
      const bytes = mutant(corpus, words, random, maxBytes);
      const fresh = await isNew(bytes);
      if (fresh === true) corpus.push(bytes);
      else if (fresh === false) batch.push(bytes);
    }
    if (coverage.take({ note: false }) > 0) {
      for (const bytes of batch) {
        await judge(bytes);
        if (coverage.take({ note: true }) > 0) corpus.push(bytes);
      }
    }
    if (performance.now() - told > PROGRESS_MILLISECONDS) {
      told = performance.now();
      tell(state("progress"));
    }
  }
  tell(state("done"));
}

/** The same place and the same words, but for numbers and what stands in quotes: the same finding. */
function kindOf(error: unknown): string {
  const { name = "", message = "", stack = "" } = error instanceof Error ? error : { message: String(error) };
  const [, place = ""] = /\n\s+at (.*)/.exec(stack) ?? [];
  return `${name} ${message.slice(0, 60).replace(/\d+|"[^"]*"|'[^']*'/g, "")} ${place}`;
}
