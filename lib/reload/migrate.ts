import { constants, existsSync } from "node:fs";
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AdresslistaError } from "../errors.js";
import type { LoadStore } from "../store/loads.js";
import { shownDatabase } from "../store/open.js";
import { databaseError, generationFile, isStorageFailure } from "../store/sqlite/files.js";
import { openGeneration } from "../store/sqlite/generation.js";
import { compareAnswers } from "./compare-answers.js";
import { whileNoReloadRuns } from "./rollback.js";

export interface MigrateOptions {
  /** The setting `database`, as it is now. */
  readonly database: string;
  /** What it is to be; nothing of ours may be there yet. */
  readonly to: string;
  readonly workFolder: string;
  readonly signal?: AbortSignal;
  /** One sentence for each thing that is done. */
  say(line: string): Promise<void>;
}

export interface Migrated {
  /** Loads that were copied, oldest first. */
  readonly loads: readonly number[];
  readonly callers: number;
  /** Answers that were compared. */
  readonly compared: number;
}

/** Holds personal data, as the file that it is a copy of. */
const PRIVATE_FILE = 0o600;

/**
 * `adresslista migrate`: copies everything that a database holds to another one that is empty, whatever the engines, and
 * compares the answers of both. The first is not changed. Throws AdresslistaError: "usage" (there is something already, or
 * nothing to copy), "busy" (a reload is running), "database", "internal" (answers differ: nothing is served from the new one).
 */
export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const { database, to, workFolder } = options;
  const copyFrom = (from: LoadStore) =>
    whileNoReloadRuns(to, (empty) => copyAll(from, empty, options), workFolder);
  try {
    return await whileNoReloadRuns(database, copyFrom, workFolder);
  } catch (error) {
    throw isStorageFailure(error) ? databaseError("a load cannot be copied", error) : error;
  }
}

async function copyAll(from: LoadStore, to: LoadStore, options: MigrateOptions): Promise<Migrated> {
  if (!(await isEmpty(to))) {
    throw new AdresslistaError("usage", `${shownDatabase(options.to)} holds something already`);
  }
  if (await isEmpty(from)) {
    throw new AdresslistaError("usage", `there is nothing to copy in ${shownDatabase(options.database)}`);
  }
  await to.sweep();
  const kept = (await from.keptLoads()).filter((load) => load.kept).map(({ number }) => number);
  const loads = kept.sort((a, b) => a - b);
  let compared = 0;
  for (const number of loads) {
    compared += await copyLoad(number, from, to, options);
    await options.say(`load ${number} is copied, and answers as before`);
  }
  const callers = await from.listCallers();
  await to.adopt({
    callers,
    loads: await recordsOf(from),
    switches: await from.switches(),
    institutions: await from.codeRows("institutions"),
    anmkod: await from.codeRows("anmkod"),
    codeEdits: await from.codeEdits(),
  });
  return { loads, callers: callers.length, compared };
}

async function copyLoad(
  number: number,
  from: LoadStore,
  to: LoadStore,
  options: MigrateOptions,
): Promise<number> {
  const { signal } = options;
  signal?.throwIfAborted();
  const file = await from.loadFile(number);
  if (file === undefined || !existsSync(file)) {
    throw new AdresslistaError("database", `load ${number} is not there any more`);
  }
  // The new store may move or remove the file that it takes over.
  const copy = generationFile(to.workbench, number);
  await mkdir(dirname(copy), { recursive: true });
  await copyFile(file, copy, constants.COPYFILE_FICLONE);
  await chmod(copy, PRIVATE_FILE);
  await to.takeOver(number, { signal });
  const before = openGeneration(file, number);
  try {
    const after = await to.open(number);
    try {
      return await compareAnswers(before, after, async () => {
        await nextTurn();
        signal?.throwIfAborted();
      });
    } finally {
      after.close();
    }
  } finally {
    before.close();
  }
}

async function recordsOf(store: LoadStore) {
  const records = [];
  for (const load of await store.loads()) records.push({ ...load, report: await store.report(load.number) });
  return records;
}

async function isEmpty(store: LoadStore): Promise<boolean> {
  const found = await Promise.all([
    store.loads(),
    store.listCallers(),
    store.codeRows("institutions"),
    store.codeRows("anmkod"),
  ]);
  return found.every((rows) => rows.length === 0);
}
