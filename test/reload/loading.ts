import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import Sqlite from "better-sqlite3";
import { personVOEncoder } from "../../lib/cli/interface.js";
import { defaultMapping } from "../../lib/mapping/settings.js";
import type { ReloadOptions, ReloadOutcome } from "../../lib/reload/api.js";
import { reload } from "../../lib/reload/reload.js";
import type { LoadReport } from "../../lib/reload/report.js";
import { databaseIn, inTemporaryFolder } from "../support/database.js";
import { exportOf } from "../support/export.js";
import { openStoreIn } from "../support/generation.js";

const encodePersonVO = personVOEncoder();

export type LoadOptions = Partial<Omit<ReloadOptions, "files" | "database">>;

/** The real night flow with the settings' defaults, forced: what recognition and guards refuse has tests of its own. */
export async function loadFiles(
  folder: string,
  files: readonly string[],
  options: LoadOptions = {},
): Promise<LoadReport> {
  const outcome = await reloadFiles(folder, files, { force: true, ...options });
  if (outcome.kind !== "loaded") throw new Error(`the load is ${outcome.kind}`);
  return outcome.report;
}

/** The same, as it is without force. */
export function reloadFiles(
  folder: string,
  files: readonly string[],
  options: LoadOptions = {},
): Promise<ReloadOutcome> {
  return reload({
    database: databaseIn(folder),
    workFolder: join(folder, "data"),
    files: files.map((path) => ({ path, name: basename(path) })),
    mapping: defaultMapping,
    repair: true,
    datasource: undefined,
    historyTerms: 0,
    requireEmail: false,
    guards: { fewer: { percent: 20, count: 20 }, more: undefined },
    force: false,
    protected: "strip",
    protectedIds: new Set(),
    keepGenerations: 3,
    encodePersonVO,
    now: new Date("2009-03-03T01:00:00Z"),
    ...options,
  });
}

export { databaseIn };

/** `buildGeneration` builds beside this path. */
export async function workbenchIn(folder: string): Promise<string> {
  const store = await openStoreIn(folder);
  try {
    return store.workbench;
  } finally {
    await store.close();
  }
}

/** Files of loads that stand there, finished or not, without the beginning that all have: `.load-2.sqlite.building`. */
export function loadFilesIn(folder: string): string[] {
  return readdirSync(join(folder, "data"), { recursive: true, encoding: "utf8" })
    .flatMap((name) => /\.load-[^/]*$/.exec(name)?.[0] ?? [])
    .sort();
}

/** Writes a file of the folder; returns its path. */
export function writtenFile(folder: string, name: string, text: string | Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** A generation's tables, in memory. */
export interface Loaded {
  readonly report: LoadReport;
  /** Bytes of the generation's file, made again when the database is none. */
  readonly bytes: Buffer;
  /** Rows of `SELECT …` as text: values with a blank between, `-` for none. */
  rows(select: string): string[];
  /** `cause id`, in the report's order, for these causes (all when none are named). */
  caused(...causes: readonly string[]): string[];
}

/** Loads records into a database of its own. */
export function loaded(records: readonly string[], options: LoadOptions = {}): Promise<Loaded> {
  return inTemporaryFolder((folder) => loadedIn(folder, [exportOf(records)], options));
}

/** Loads exports, as the files of one data set, into the folder's database. */
export async function loadedIn(
  folder: string,
  exports: readonly string[],
  options: LoadOptions = {},
): Promise<Loaded> {
  const files = exports.map((text, index) => writtenFile(folder, `export-${index + 1}.xml`, text));
  const report = await loadFiles(folder, files, options);
  return generationIn(folder, report);
}

export async function generationIn(folder: string, report: LoadReport): Promise<Loaded> {
  const store = await openStoreIn(folder);
  // PostgreSQL's is fetched back, into a file that goes when the store is closed.
  const file = await store.loadFile(report.load);
  if (file === undefined) throw new Error("the load is not there");
  const bytes = readFileSync(file);
  await store.close();
  const connection = new Sqlite(bytes, { readonly: true });
  return {
    report,
    bytes,
    rows: (select) =>
      connection
        .prepare(`SELECT ${select}`)
        .raw()
        .all()
        .map((row) => (row as unknown[]).map((value) => (value === null ? "-" : String(value))).join(" ")),
    caused: (...causes) =>
      report.causes
        .filter(({ cause }) => causes.length === 0 || causes.includes(cause))
        .flatMap(({ cause, ids }) => ids.map((id) => `${cause} ${id}`)),
  };
}
