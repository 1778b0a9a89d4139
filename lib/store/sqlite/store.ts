import { existsSync, rmSync } from "node:fs";
import { basename, resolve } from "node:path";
import { AdresslistaError } from "../../errors.js";
import type {
  CodeRegister,
  LoadStore,
  LoadSwitch,
  NewLoad,
  ReloadLock,
  Rollback,
  StoreRecords,
} from "../loads.js";
import type { Generation, KeptLoad, LoadRecord, SchoolCount } from "../queries.js";
import { LOAD_COLUMNS, type LoadRow, NEW_LOAD_COLUMNS, toLoad, valuesOfLoad } from "../records.js";
import { removable, rollbackTarget } from "../rollback.js";
import { GENERATION_SCHEMA_VERSION, serviceMigrationNames, serviceMigrationSource } from "../schema.js";
import { callersIn } from "./callers.js";
import { codeEdits, codeRows, editCodes } from "./code-registers.js";
import {
  type Connection,
  generationFile,
  generationNumbers,
  guarded,
  migrate,
  openReadable,
  openWritable,
  removeUnfinished,
} from "./files.js";
import { openGeneration } from "./generation.js";
import { takeReloadLock, waitForReloadLock } from "./reload-lock.js";
import { readSchoolCounts } from "./school-counts.js";

/** The store of the SQLite engine. */
export interface SqliteStore extends LoadStore {
  readonly database: string;
  codeRegister(): CodeRegister;
  codeEdits(): number;
  servedFile(): string | undefined;
  loadFile(number: number): string | undefined;
  adopt(records: StoreRecords): void;
  servedCounts(): readonly SchoolCount[];
  nextLoadNumber(): number;
  rollback(target: number | undefined, now: Date): Rollback;
  switches(): readonly LoadSwitch[];
  takeReloadLock(): ReloadLock;
  sweep(): void;
  publish(load: NewLoad): void;
  prune(keep: number): void;
}

export interface SqliteOptions {
  readonly readOnly?: boolean;
  readonly oncePerTurn?: boolean;
}

/** How long a superseded generation stays open for calls that began with it, in milliseconds. */
const OLD_GENERATION_GRACE_MS = 30_000;

export async function openSqliteStore(database: string, options: SqliteOptions = {}): Promise<SqliteStore> {
  const file = resolve(database);
  const readOnly = options.readOnly === true && isUpToDate(file);
  if (!readOnly) {
    prepare(file);
    await bringUpToDate(file);
  }
  const connection = readOnly ? openReadable(file) : openWritable(file);
  return guarded("cannot read the database", () =>
    sqliteStore(file, connection, options.oncePerTurn === true),
  );
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
  if (!existsSync(file))
    throw new AdresslistaError("database", `cannot open the database ${basename(file)}: it is not there`);
  const connection = openReadable(file);
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

function sqliteStore(file: string, connection: Connection, oncePerTurn: boolean): SqliteStore {
  connection.pragma("foreign_keys = ON");
  connection.pragma("synchronous = FULL");
  const dataVersion = connection.prepare("PRAGMA data_version").pluck();
  const servedNumber = connection.prepare("SELECT NUMBER FROM SERVED_LOAD WHERE ONLY_ROW = 1").pluck();
  const allLoads = connection.prepare(`SELECT ${LOAD_COLUMNS.join()} FROM LOAD ORDER BY NUMBER DESC`);
  const oneLoad = connection.prepare(`SELECT ${LOAD_COLUMNS.join()} FROM LOAD WHERE NUMBER = ?`);
  const reportOfLoad = connection.prepare("SELECT REPORT FROM LOAD WHERE NUMBER = ?").pluck();

  // PRAGMA data_version tells other connections' commits only; our own are counted here.
  let ownChanges = 0;
  let seenVersion: number | undefined;
  let served: Generation | undefined;
  const closing = new Map<Generation, NodeJS.Timeout>();

  const askVersion = () => dataVersion.get() as number;
  const commits = oncePerTurn ? rememberedForTurn(askVersion) : askVersion;
  const version = () => commits() + ownChanges;

  const callers = callersIn(connection, version, () => {
    ownChanges += 1;
  });

  const retire = (generation: Generation) => {
    const timer = setTimeout(() => {
      closing.delete(generation);
      generation.close();
    }, OLD_GENERATION_GRACE_MS);
    timer.unref();
    closing.set(generation, timer);
  };

  const servedLoadNumber = () => servedNumber.get() as number | undefined;
  const loads = () => (allLoads.all() as LoadRow[]).map(toLoad);

  return {
    database: file,
    workbench: file,

    takeReloadLock: () => ({ release: takeReloadLock(file) }),

    current() {
      const now = version();
      if (now === seenVersion) return served;
      if (servedLoadNumber() !== served?.number) {
        const next = openServed(servedLoadNumber, (number) =>
          guarded(`cannot read load ${number}`, () => openGeneration(generationFile(file, number), number)),
        );
        if (served) retire(served);
        served = next;
      }
      seenVersion = now;
      return served;
    },

    ...callers,

    loads,
    keptLoads: () => keptLoads(file, loads()),

    served() {
      const number = servedLoadNumber();
      return number === undefined ? undefined : toLoad(oneLoad.get(number) as LoadRow);
    },

    servedFile() {
      const number = servedLoadNumber();
      return number === undefined ? undefined : generationFile(file, number);
    },

    loadFile: (number) => generationFile(file, number),

    adopt(records) {
      guarded("cannot take over the records", () =>
        connection
          .transaction(() => {
            adopt(connection, records);
            for (const caller of records.callers) callers.addCaller(caller);
          })
          .immediate(),
      );
      ownChanges += 1;
    },

    servedCounts() {
      const number = servedLoadNumber();
      return number === undefined ? [] : readSchoolCounts(generationFile(file, number));
    },

    // It was built where it is read.
    takeOver() {},
    open: (number) => openGeneration(generationFile(file, number), number),

    report(load) {
      const json = reportOfLoad.get(load) as string | null | undefined;
      return json == null ? undefined : (JSON.parse(json) as Readonly<Record<string, unknown>>);
    },

    codeRows: (register) => codeRows(connection, register),
    editCodes: (register, rows, removals = []) => editCodes(connection, register, rows, removals, "keep"),
    replaceCodes: (register, rows) => editCodes(connection, register, rows, [], "remove"),
    codeEdits: () => codeEdits(connection),

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

    rollback(target, now) {
      const { from, to } = guarded("cannot go back to another load", () =>
        connection
          .transaction(() => {
            const served = servedLoadNumber();
            const chosen = rollbackTarget(target, served, keptLoads(file, loads()));
            switchBack(connection, chosen, now);
            return chosen;
          })
          .immediate(),
      );
      ownChanges += 1;
      return { from, to };
    },

    switches: () =>
      connection
        .prepare(
          'SELECT AT AS "at", FROM_LOAD AS "from", TO_LOAD AS "to", KIND AS "kind" FROM LOAD_SWITCH ORDER BY ID',
        )
        .all() as LoadSwitch[],

    prune(keep) {
      const number = servedLoadNumber();
      if (number === undefined) return;
      removeOldGenerations(file, number, keep, loads());
      forgetReports(connection, generationNumbers(file));
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

/** How often a load may be superseded and removed between reading its number and opening its file. */
const OPEN_ATTEMPTS = 5;

/** Opens the served load; the next one when that has taken its place meanwhile and its file is gone. */
export function openServed(
  servedNumber: () => number | undefined,
  open: (number: number) => Generation,
): Generation | undefined {
  for (let attempt = 1; ; attempt++) {
    const number = servedNumber();
    if (number === undefined) return undefined;
    try {
      return open(number);
    } catch (error) {
      if (servedNumber() === number || attempt === OPEN_ATTEMPTS) throw error;
    }
  }
}

const INSERT_LOAD = `INSERT INTO LOAD (${NEW_LOAD_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

function adopt(connection: Connection, records: StoreRecords): void {
  const insertLoad = connection.prepare(INSERT_LOAD);
  for (const { report, ...record } of records.loads) insertLoad.run(...valuesOfLoad({ record, report }));
  const institution = connection.prepare("INSERT INTO INSTITUTION_CODE (GROUP_ID, KOD) VALUES (?, ?)");
  for (const { groupId, kod } of records.institutions) institution.run(groupId, kod);
  const code = connection.prepare("INSERT INTO ANMKOD_CODE (OCCASION_ID, KURSKOD, ANMKOD) VALUES (?, ?, ?)");
  for (const { occasionId, kurskod, anmkod } of records.anmkod) code.run(occasionId, kurskod, anmkod);
  if (records.codeEdits > 0) {
    connection.prepare("INSERT INTO CODE_EDIT (ONLY_ROW, NUMBER) VALUES (1, ?)").run(records.codeEdits);
  }
  for (const { to, kind, at } of records.switches) serve(connection, to, kind, at);
}

function recordLoad(connection: Connection, load: NewLoad): void {
  const { record, institutions, anmkod } = load;
  connection.prepare(INSERT_LOAD).run(...valuesOfLoad(load));
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
  serve(connection, record.number, "load", record.loadedAt);
}

function serve(connection: Connection, to: number, kind: LoadSwitch["kind"], at: string): void {
  connection
    .prepare(
      `INSERT INTO LOAD_SWITCH (AT, FROM_LOAD, TO_LOAD, KIND)
       VALUES (?, (SELECT NUMBER FROM SERVED_LOAD WHERE ONLY_ROW = 1), ?, ?)`,
    )
    .run(at, to, kind);
  connection
    .prepare(
      "INSERT INTO SERVED_LOAD (ONLY_ROW, NUMBER) VALUES (1, ?) ON CONFLICT (ONLY_ROW) DO UPDATE SET NUMBER = excluded.NUMBER",
    )
    .run(to);
}

function keptLoads(database: string, loads: readonly LoadRecord[]): readonly KeptLoad[] {
  const there = new Set(generationNumbers(database));
  return loads.map((load) => ({
    ...load,
    kept: there.has(load.number) && isOfThisVersion(generationFile(database, load.number)),
  }));
}

function isOfThisVersion(file: string): boolean {
  try {
    const connection = openReadable(file);
    try {
      return connection.pragma("user_version", { simple: true }) === GENERATION_SCHEMA_VERSION;
    } finally {
      connection.close();
    }
  } catch {
    return false;
  }
}

function switchBack(connection: Connection, { to }: Rollback, now: Date): void {
  const at = now.toISOString();
  connection.prepare("UPDATE LOAD SET ROLLED_BACK = ? WHERE NUMBER > ? AND ROLLED_BACK IS NULL").run(at, to);
  connection.prepare("UPDATE LOAD SET ROLLED_BACK = NULL WHERE NUMBER = ?").run(to);
  serve(connection, to, "rollback", at);
}

function rememberedForTurn<T>(ask: () => T): () => T {
  let answer: { readonly is: T } | undefined;
  return () => {
    if (answer === undefined) {
      answer = { is: ask() };
      setImmediate(() => {
        answer = undefined;
      });
    }
    return answer.is;
  };
}

/** A service that still has an old file open goes on reading it: on Unix an open file outlives its name. */
function removeOldGenerations(
  database: string,
  served: number,
  keep: number,
  loads: readonly LoadRecord[],
): void {
  for (const number of removable(generationNumbers(database), served, keep, loads)) {
    const file = generationFile(database, number);
    try {
      rmSync(file, { force: true });
    } catch {
      // The load is served all the same; the next one tries again.
    }
  }
}

/** Reports are some hundred kilobytes each: those of loads that are no longer there are dropped. */
function forgetReports(connection: Connection, kept: readonly number[]): void {
  guarded("cannot remove old reports", () =>
    connection
      .prepare(
        "UPDATE LOAD SET REPORT = NULL WHERE REPORT IS NOT NULL AND NUMBER NOT IN (SELECT value FROM json_each(?))",
      )
      .run(JSON.stringify(kept)),
  );
}
