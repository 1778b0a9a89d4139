import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type ExportOptions, generateExport } from "../../lib/sample/generate.js";

/** A register like that of a small municipality: a load of it takes about half a second. */
export const SMALL_REGISTER = { persons: 1500, occasions: 90, memberships: 5000 } as const;

/** Writes a generated export; other seeds are other people, under the same ids. Returns its path. */
export async function writeExport(
  folder: string,
  name: string,
  options: Pick<ExportOptions, "seed"> & Partial<ExportOptions>,
): Promise<string> {
  const file = join(folder, name);
  const chunks = generateExport({ ...SMALL_REGISTER, ...options });
  await pipeline(Readable.from(chunks), createWriteStream(file));
  return file;
}

/** An export's own datetime on one of the days that follow each other: what is older than what is served is refused. */
export function madeOnDay(day: number): string {
  return new Date(Date.UTC(2026, 9, day, 2)).toISOString().slice(0, 19);
}
