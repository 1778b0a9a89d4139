import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { generateExport } from "./generate.js";
import { SHOWCASE_SEED, showcaseExport } from "./showcase.js";

const SAMPLE_FILE = fileURLToPath(new URL("../../data/sample-export.xml", import.meta.url));
const USAGE = "Usage: npm run sample -- [--out FILE] [--seed N] [--persons N --occasions N --memberships N]";
const EXIT_DONE = 0;
const EXIT_INTERNAL = 1;
const EXIT_USAGE = 2;

/**
 * `npm run sample` (through data/write-sample.mjs): writes the sample export of `data/` anew, or with sizes an export
 * of any size. Says on stderr what it does, and returns the exit code.
 */
export async function writeSample(args: readonly string[]): Promise<number> {
  let order: Order;
  try {
    order = readOrder(args);
  } catch (error) {
    console.error(`${messageOf(error)}\n${USAGE}`);
    return EXIT_USAGE;
  }
  try {
    console.error(`Writing ${order.out}`);
    await pipeline(order.chunks, createWriteStream(order.out));
    return EXIT_DONE;
  } catch (error) {
    console.error(messageOf(error));
    return EXIT_INTERNAL;
  }
}

interface Order {
  readonly chunks: Iterable<string>;
  readonly out: string;
}

/** Throws for what cannot be, before any file is touched. */
function readOrder(args: readonly string[]): Order {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { persons: text, occasions: text, memberships: text, seed: text, out: text },
  });
  const seed = numberOf("seed", values.seed ?? String(SHOWCASE_SEED));
  const isShowcase =
    values.persons === undefined && values.occasions === undefined && values.memberships === undefined;
  if (isShowcase) return { chunks: showcaseExport(seed), out: values.out ?? SAMPLE_FILE };
  if (values.out === undefined) throw new RangeError("out: the file to write an export of these sizes to");
  const sizes = {
    persons: numberOf("persons", values.persons),
    occasions: numberOf("occasions", values.occasions),
    memberships: numberOf("memberships", values.memberships),
  };
  return { chunks: generateExport({ seed, ...sizes }), out: values.out };
}

function numberOf(name: string, text: string | undefined): number {
  if (text === undefined || !/^\d+$/.test(text)) throw new RangeError(`${name}: a whole number from 0`);
  return Number(text);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
