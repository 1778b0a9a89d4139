/**
 * `npm run sample`: writes the sample export of `data/` anew, or with sizes an export of any size.
 *
 *   npm run sample
 *   npm run sample -- --persons 60000 --occasions 3000 --memberships 200000 --seed 1 --out /tmp/export.xml
 *
 * A program of its own beside the service; exits 2 for wrong usage.
 */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { generateExport } from "./generate.js";
import { SHOWCASE_SEED, showcaseExport } from "./showcase.js";

const SAMPLE_FILE = fileURLToPath(new URL("../../data/sample-export.xml", import.meta.url));
const USAGE = "npm run sample -- [--persons N --occasions N --memberships N --out FILE] [--seed N]";
const EXIT_USAGE = 2;

try {
  const { chunks, out } = readArguments();
  console.error(`Writing ${out} …`);
  await pipeline(chunks, createWriteStream(out));
  console.error("Done.");
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  console.error(`Usage: ${USAGE}`);
  process.exitCode = EXIT_USAGE;
}

function readArguments(): { readonly chunks: Iterable<string>; readonly out: string } {
  const number = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      persons: number,
      occasions: number,
      memberships: number,
      seed: number,
      out: { type: "string" },
    },
  });
  const seed = values.seed === undefined ? SHOWCASE_SEED : Number(values.seed);
  const sizes = [values.persons, values.occasions, values.memberships];
  if (sizes.every((size) => size === undefined)) {
    return { chunks: showcaseExport(seed), out: values.out ?? SAMPLE_FILE };
  }
  const [persons = Number.NaN, occasions = Number.NaN, memberships = Number.NaN] = sizes.map(Number);
  if (values.out === undefined) throw new RangeError("out: where to write an export of a size of its own");
  return { chunks: generateExport({ seed, persons, occasions, memberships }), out: values.out };
}
