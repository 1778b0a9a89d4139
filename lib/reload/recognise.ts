import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { swedishDay } from "../domain/swedish-day.js";
import { registerDate } from "../mapping/dates.js";
import type { LoadRecord } from "../store/queries.js";
import { GENERATION_SCHEMA_VERSION } from "../store/schema.js";
import type { ExportFile, ReloadOptions } from "./api.js";

/** Everything beside the bytes of the export that decides what a load becomes. */
export type LoadInputs = Pick<
  ReloadOptions,
  "mapping" | "protected" | "protectedIds" | "repair" | "datasource" | "historyTerms" | "requireEmail" | "now"
> & {
  /** How often code registers have been edited: `LoadStore.codeEdits()`. */
  readonly codeEdits: number;
  /** properties/datetime of the export, as written. */
  readonly exportDatetime: string | null;
};

/**
 * A hash over the inputs, to be recorded with a load and compared with the next one's. The day by which dates are judged is
 * among them: the export's own when it says one, else today, so that the dates of the same undated export are judged anew on
 * another day.
 */
export function inputsOf(inputs: LoadInputs): string {
  const { mapping, protectedIds, exportDatetime, now, ...rest } = inputs;
  const parts = {
    version: GENERATION_SCHEMA_VERSION,
    mapping,
    protected: rest.protected,
    protectedIds: [...protectedIds].sort(),
    repair: rest.repair,
    datasource: rest.datasource ?? null,
    historyTerms: rest.historyTerms,
    requireEmail: rest.requireEmail,
    codeEdits: rest.codeEdits,
    day: registerDate(exportDatetime ?? undefined) ?? swedishDay(now),
  };
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Is the export that is served already: the same files, and nothing else that a load depends on has changed? */
export function isUnchanged(
  hashes: readonly string[],
  served: LoadRecord | undefined,
  inputs: Omit<LoadInputs, "exportDatetime">,
): boolean {
  if (served === undefined || served.inputs === null) return false;
  const sameFiles = JSON.stringify(served.files.map(({ sha256 }) => sha256)) === JSON.stringify(hashes);
  return sameFiles && served.inputs === inputsOf({ ...inputs, exportDatetime: served.exportDatetime });
}

/** Guards: one sentence for each reason not to load this export. `loads` newest first. */
export function recognised(
  of: { readonly hashes: readonly string[]; readonly exportDatetime: string | null },
  served: LoadRecord | undefined,
  loads: readonly LoadRecord[],
): readonly string[] {
  return [...olderThanServed(of.exportDatetime, served), ...rolledBackFrom(of.hashes, loads)];
}

function olderThanServed(exportDatetime: string | null, served: LoadRecord | undefined): readonly string[] {
  if (served?.exportDatetime == null || exportDatetime === null) return [];
  if (!isOlder(exportDatetime, served.exportDatetime)) return [];
  return [
    `the export was made ${printable(exportDatetime)}, before the one that is served (load ${served.number}: ${printable(served.exportDatetime)})`,
  ];
}

/** The newest load of these files counts: it may have been gone forward to again, or loaded again by force. */
function rolledBackFrom(hashes: readonly string[], loads: readonly LoadRecord[]): readonly string[] {
  const wanted = JSON.stringify([...hashes].sort());
  const same = loads.find(({ files }) => JSON.stringify(files.map(({ sha256 }) => sha256).sort()) === wanted);
  if (same?.rolledBack == null) return [];
  return [
    `the same export was loaded before (load ${same.number}) and gone back from at ${same.rolledBack}: loading it would undo that`,
  ];
}

/**
 * The newest of these loads that was made of exactly these files, for a reload that would rather not read them: sizes are
 * looked at first, and a file is hashed only when its size is that of a load's. Undefined when none is the same, or a file
 * cannot be read (whoever reads it will say why).
 */
export async function sameFiles(
  files: readonly ExportFile[],
  loads: readonly LoadRecord[],
  signal?: AbortSignal,
): Promise<LoadRecord | undefined> {
  try {
    const sizes = await Promise.all(files.map(async ({ path }) => (await stat(path)).size));
    let candidates = loads.filter(
      (load) =>
        load.files.length === sizes.length && load.files.every(({ bytes }, index) => bytes === sizes[index]),
    );
    for (const [index, { path }] of files.entries()) {
      if (candidates.length === 0) return undefined;
      const sha256 = await sha256Of(path, signal);
      candidates = candidates.filter((load) => load.files[index]?.sha256 === sha256);
    }
    return candidates[0];
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

async function sha256Of(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash, { ...(signal ? { signal } : {}) });
  return hash.digest("hex");
}

/**
 * Was the first made before the second? By instant when both are ISO 8601 with a time, else by day; a text that has neither
 * says nothing, and is never older.
 */
export function isOlder(first: string, second: string): boolean {
  const [a, b] = [instantOf(first), instantOf(second)];
  if (a !== undefined && b !== undefined) return a < b;
  const [dayA, dayB] = [registerDate(first), registerDate(second)];
  return dayA !== undefined && dayB !== undefined && dayA < dayB;
}

const ISO_DATETIME =
  /^(\d{4})-?(\d{2})-?(\d{2})[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/** Milliseconds since 1970; a time without a zone is Swedish. Undefined when it is no full ISO datetime. */
export function instantOf(text: string): number | undefined {
  if (registerDate(text) === undefined) return undefined;
  const [, year, month, day, hour, minute, second = "00", fraction = "0", zone] =
    ISO_DATETIME.exec(text.trim()) ?? [];
  const written = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, "0").slice(0, 3)}Z`,
  );
  if (Number.isNaN(written)) return undefined;
  if (zone === undefined) return written - swedishOffset(written);
  const [, sign, hours, minutes = "0"] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  const offset = hours === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
  return written - (sign === "-" ? -offset : offset);
}

const MINUTE_MS = 60_000;

/** What Swedish clocks are ahead of UTC at about that time, in milliseconds. */
function swedishOffset(instant: number): number {
  const clock = new Date(instant).toLocaleString("sv-SE", { timeZone: "Europe/Stockholm" });
  return Date.parse(`${clock.replace(" ", "T")}Z`) - Math.floor(instant / 1000) * 1000;
}

/** From a file: fit for one line. */
function printable(text: string): string {
  return JSON.stringify(text.slice(0, 40)).slice(1, -1);
}
