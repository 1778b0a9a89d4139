import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { AdresslistaError } from "../../errors.js";
import type { CallerRecord, Generation, LoadRecord, Store } from "../queries.js";
import { serviceMigrationNames, serviceMigrationSource } from "../schema.js";
import {
  type Connection,
  generationFile,
  generationNumbers,
  guarded,
  migrate,
  openWritable,
  removeUnfinished,
} from "./files.js";
import { openGeneration } from "./generation.js";
import { waitForReloadLock } from "./reload-lock.js";

/** Codes that survive every load, and the load that is to be served from now on, in one transaction. */
export interface NewLoad {
  readonly record: LoadRecord;
  readonly institutions: ReadonlyMap<string, string>;
  /** Keys: occasion id + "\u0000" + kurskod. */
  readonly anmkod: ReadonlyMap<string, string>;
}

/** The store of the SQLite engine: what every process asks, and what a load needs besides. */
export interface SqliteStore extends Store {
  readonly database: string;
  codeRegister(): {
    readonly institutions: ReadonlyMap<string, string>;
    readonly anmkod: ReadonlyMap<string, string>;
  };
  nextLoadNumber(): number;
  /** Removes what loads that were killed left behind, finished or not. Only while holding the reload lock. */
  sweep(): void;
  /** Makes a finished generation the served one. */
  publish(load: NewLoad): void;
  /** Removes the oldest generations: `keep` are left, the served one among them. */
  prune(keep: number): void;
}

/** How long a superseded generation stays open for calls that began with it, in milliseconds. */
const OLD_GENERATION_GRACE_MS = 30_000;

export async function openSqliteStore(database: string): Promise<SqliteStore> {
  const file = resolve(database);
  prepare(file);
  await bringUpToDate(file);
  const connection = openWritable(file);
  return guarded("cannot read the database", () => sqliteStore(file, connection));
}

/** WAL lets the service read while a load publishes; it is a property of the file, set before anyone else opens it. */
function prepare(file: string): void {
  const connection = openWritable(file);
  try {
    guarded("cannot use the database", () => connection.pragma("journal_mode = WAL"));
  } finally {
    connection.close();
  }
}

/**
 * Migrates what needs it, one process at a time: Knex makes its own tables without a lock, and several processes that
 * meet a new database would fail, or leave it locked for ever.
 */
async function bringUpToDate(file: string): Promise<void> {
  if (isUpToDate(file)) return;
  const release = await waitForReloadLock(file);
  try {
    await migrate(file, serviceMigrationSource);
  } finally {
    release();
  }
}

function isUpToDate(file: string): boolean {
  const connection = openWritable(file);
  try {
    return guarded("cannot read the database", () => {
      const hasMigrations = connection
        .prepare("SELECT 1 FROM sqlite_master WHERE name = 'knex_migrations'")
        .get();
      if (hasMigrations === undefined) return false;
      const done = connection.prepare("SELECT name FROM knex_migrations ORDER BY id").pluck().all();
      return JSON.stringify(done) === JSON.stringify(serviceMigrationNames);
    });
  } finally {
    connection.close();
  }
}

function sqliteStore(file: string, connection: Connection): SqliteStore {
  connection.pragma("foreign_keys = ON");
  connection.pragma("synchronous = FULL");
  const dataVersion = connection.prepare("PRAGMA data_version").pluck();
  const servedNumber = connection.prepare("SELECT NUMBER FROM SERVED_LOAD WHERE ONLY_ROW = 1").pluck();
  const callerByName = connection.prepare("SELECT * FROM CALLER WHERE NAME = ?");
  const allCallers = connection.prepare("SELECT * FROM CALLER ORDER BY NAME");
  const insertCaller = connection.prepare(
    "INSERT INTO CALLER (NAME, INSTITUTIONS, VERIFIER, SECRET_HASH, CREATED) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const deleteCaller = connection.prepare("DELETE FROM CALLER WHERE NAME = ?");
  const allLoads = connection.prepare("SELECT * FROM LOAD ORDER BY NUMBER DESC");

  // PRAGMA data_version tells other connections' commits only; our own are counted here.
  let ownChanges = 0;
  let seenVersion: number | undefined;
  let served: Generation | undefined;
  const closing = new Map<Generation, NodeJS.Timeout>();

  const version = () => (dataVersion.get() as number) + ownChanges;

  const retire = (generation: Generation) => {
    const timer = setTimeout(() => {
      closing.delete(generation);
      generation.close();
    }, OLD_GENERATION_GRACE_MS);
    timer.unref();
    closing.set(generation, timer);
  };

  return {
    database: file,

    current() {
      const now = version();
      if (now === seenVersion) return served;
      const number = servedNumber.get() as number | undefined;
      if (number !== served?.number) {
        const next = number === undefined ? undefined : openGeneration(generationFile(file, number), number);
        if (served) retire(served);
        served = next;
      }
      seenVersion = now;
      return served;
    },

    callersVersion: () => version(),
    findCaller: (name) => toCaller(callerByName.get(name) as CallerRow | undefined),
    listCallers: () => (allCallers.all() as CallerRow[]).map((row) => toCaller(row) as CallerRecord),

    addCaller(caller) {
      const institutions = caller.institutions === "*" ? "*" : JSON.stringify(caller.institutions);
      const { changes } = guarded("cannot write the caller", () =>
        insertCaller.run(caller.name, institutions, caller.verifier, caller.secretHash, caller.created),
      );
      if (changes === 0) throw new AdresslistaError("usage", `there is a caller ${caller.name} already`);
      ownChanges += 1;
    },

    removeCaller(name) {
      const { changes } = guarded("cannot remove the caller", () => deleteCaller.run(name));
      ownChanges += changes;
      return changes > 0;
    },

    loads: () => (allLoads.all() as LoadRow[]).map(toLoad),

    codeRegister() {
      const institutions = connection.prepare("SELECT GROUP_ID, KOD FROM INSTITUTION_CODE").raw().all() as [
        string,
        string,
      ][];
      const anmkod = connection
        .prepare("SELECT OCCASION_ID, KURSKOD, ANMKOD FROM ANMKOD_CODE")
        .raw()
        .all() as string[][];
      return {
        institutions: new Map(institutions),
        anmkod: new Map(
          anmkod.map(([occasion, kurskod, kod]) => [`${occasion}\u0000${kurskod}`, String(kod)]),
        ),
      };
    },

    nextLoadNumber() {
      const recorded =
        (connection.prepare("SELECT MAX(NUMBER) FROM LOAD").pluck().get() as number | null) ?? 0;
      return Math.max(recorded, ...generationNumbers(file)) + 1;
    },

    sweep() {
      guarded("cannot remove what a killed load left", () => {
        removeUnfinished(file);
        const recorded = new Set(connection.prepare("SELECT NUMBER FROM LOAD").pluck().all());
        for (const number of generationNumbers(file)) {
          if (!recorded.has(number)) rmSync(generationFile(file, number), { force: true });
        }
      });
    },

    publish(load) {
      guarded("cannot publish the load", () =>
        connection.transaction(() => recordLoad(connection, load)).immediate(),
      );
      ownChanges += 1;
    },

    prune(keep) {
      const number = servedNumber.get() as number | undefined;
      if (number !== undefined) removeOldGenerations(file, number, keep);
    },

    close() {
      for (const [generation, timer] of closing) {
        clearTimeout(timer);
        generation.close();
      }
      closing.clear();
      served?.close();
      served = undefined;
      connection.close();
    },
  };
}

function recordLoad(connection: Connection, { record, institutions, anmkod }: NewLoad): void {
  connection
    .prepare(
      "INSERT INTO LOAD (NUMBER, LOADED_AT, FILES, EXPORT_DATETIME, COUNTS, WARNINGS) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .run(
      record.number,
      record.loadedAt,
      JSON.stringify(record.files),
      record.exportDatetime,
      JSON.stringify(record.counts),
      record.warnings,
    );
  const keepInstitution = connection.prepare(
    "INSERT INTO INSTITUTION_CODE (GROUP_ID, KOD) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  for (const [group, kod] of institutions) keepInstitution.run(group, kod);
  const keepAnmkod = connection.prepare(
    "INSERT INTO ANMKOD_CODE (OCCASION_ID, KURSKOD, ANMKOD) VALUES (?, ?, ?) ON CONFLICT (OCCASION_ID, KURSKOD) DO NOTHING",
  );
  for (const [key, kod] of anmkod) {
    const [occasion, kurskod] = key.split("\u0000");
    keepAnmkod.run(occasion, kurskod, kod);
  }
  connection
    .prepare(
      "INSERT INTO SERVED_LOAD (ONLY_ROW, NUMBER) VALUES (1, ?) ON CONFLICT (ONLY_ROW) DO UPDATE SET NUMBER = excluded.NUMBER",
    )
    .run(record.number);
}

/** A service that still has an old file open goes on reading it: on Unix an open file outlives its name. */
function removeOldGenerations(database: string, served: number, keep: number): void {
  const others = generationNumbers(database).filter((number) => number !== served);
  for (const number of others.slice(0, Math.max(0, others.length - (keep - 1)))) {
    const file = generationFile(database, number);
    try {
      rmSync(file, { force: true });
    } catch {
      // The load is served all the same; the next one tries again.
    }
  }
}

interface CallerRow {
  readonly NAME: string;
  readonly INSTITUTIONS: string;
  readonly VERIFIER: string;
  readonly SECRET_HASH: string;
  readonly CREATED: string;
}

function toCaller(row: CallerRow | undefined): CallerRecord | undefined {
  if (!row) return undefined;
  return {
    name: row.NAME,
    institutions: row.INSTITUTIONS === "*" ? "*" : (JSON.parse(row.INSTITUTIONS) as string[]),
    verifier: row.VERIFIER as CallerRecord["verifier"],
    secretHash: row.SECRET_HASH,
    created: row.CREATED,
  };
}

interface LoadRow {
  readonly NUMBER: number;
  readonly LOADED_AT: string;
  readonly FILES: string;
  readonly EXPORT_DATETIME: string | null;
  readonly COUNTS: string;
  readonly WARNINGS: number;
}

function toLoad(row: LoadRow): LoadRecord {
  return {
    number: row.NUMBER,
    loadedAt: row.LOADED_AT,
    files: JSON.parse(row.FILES) as LoadRecord["files"],
    exportDatetime: row.EXPORT_DATETIME,
    counts: JSON.parse(row.COUNTS) as LoadRecord["counts"],
    warnings: row.WARNINGS,
  };
}
