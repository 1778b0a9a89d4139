import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import Sqlite from "better-sqlite3";
import type { Knex } from "knex";
import { AdresslistaError } from "../../errors.js";

/** Before this version a WAL database with two connections could be damaged. */
const OLDEST_SQLITE = [3, 51, 3] as const;

/** The databases hold personal data: only the service's own user may read them. */
const PRIVATE_FILE = 0o600;

/** How long a statement waits for another process's commit, in milliseconds. */
export const BUSY_TIMEOUT_MS = 10_000;

export type Connection = Sqlite.Database;

/** The file of a generation stands beside the service's database: `adresslista.sqlite` → `adresslista.load-7.sqlite`. */
export function generationFile(database: string, number: number): string {
  return `${stem(database)}.load-${number}.sqlite`;
}

export function buildingFile(database: string, number: number): string {
  return `${generationFile(database, number)}.building`;
}

/** Numbers of the generation files that are there, lowest first. */
export function generationNumbers(database: string): number[] {
  const prefix = `${basename(stem(database))}.load-`;
  const numbers: number[] = [];
  for (const name of readdirSync(dirname(database))) {
    if (!name.startsWith(prefix) || !name.endsWith(".sqlite")) continue;
    const number = Number(name.slice(prefix.length, -".sqlite".length));
    if (Number.isSafeInteger(number) && number > 0) numbers.push(number);
  }
  return numbers.sort((a, b) => a - b);
}

/** Removes what a killed load left behind. Only while holding the reload lock. */
export function removeUnfinished(database: string): void {
  const prefix = `${basename(stem(database))}.load-`;
  for (const name of readdirSync(dirname(database))) {
    if (name.startsWith(prefix) && name.includes(".sqlite.building"))
      rmSync(join(dirname(database), name), { force: true });
  }
}

/** Opens a file that may be written, private from its first byte. What is no database is refused, and left as it is. */
export function openWritable(file: string): Connection {
  assertSqliteVersion();
  return guarded(`cannot open the database ${basename(file)}`, () => {
    mkdirSync(dirname(file), { recursive: true });
    if (existsSync(file)) refuseForeign(file);
    else closeSync(openSync(file, "a", PRIVATE_FILE));
    chmodSync(file, PRIVATE_FILE);
    return new Sqlite(file, { timeout: BUSY_TIMEOUT_MS });
  });
}

/** What every SQLite file begins with; an empty one becomes a database. */
const SQLITE_MAGIC = "SQLite format 3\0";

/** Before anything is done to a file that a setting may name by mistake. */
function refuseForeign(file: string): void {
  if (statSync(file).isFile()) {
    const descriptor = openSync(file, "r");
    try {
      const start = Buffer.alloc(SQLITE_MAGIC.length);
      const length = readSync(descriptor, start, 0, start.length, 0);
      if (length === 0 || start.toString("latin1") === SQLITE_MAGIC) return;
    } finally {
      closeSync(descriptor);
    }
  }
  throw new AdresslistaError(
    "database",
    `cannot open the database ${basename(file)}: it is not an SQLite file`,
  );
}

/** Opens a finished generation for reading. */
export function openReadable(file: string): Connection {
  assertSqliteVersion();
  return guarded(
    `cannot open the database ${basename(file)}`,
    () => new Sqlite(file, { readonly: true, fileMustExist: true }),
  );
}

/** Brings the tables of a file up to date. Knex is loaded only for this: no call goes through it. */
export async function migrate(file: string, migrationSource: Knex.MigrationSource<unknown>): Promise<void> {
  const { default: knex } = await import("knex");
  const instance = knex({
    client: "better-sqlite3",
    connection: { filename: file },
    useNullAsDefault: true,
    // Knex would log the statements and values of a failure.
    log: { warn() {}, error() {}, deprecate() {}, debug() {} },
  });
  try {
    await instance.migrate.latest({ migrationSource });
  } catch (cause) {
    throw new AdresslistaError("database", `cannot bring the tables of ${basename(file)} up to date`, {
      cause,
    });
  } finally {
    await instance.destroy();
  }
}

/** Makes a file and its name durable. */
export function syncFile(file: string): void {
  for (const path of [file, dirname(file)]) {
    const descriptor = openSync(path, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}

/** Turns the driver's errors, which may quote values, into ours. */
export function guarded<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof AdresslistaError) throw cause;
    throw databaseError(what, cause);
  }
}

/** Of the cause only its code is told: its text may quote values. */
export function databaseError(what: string, cause: unknown): AdresslistaError {
  const code = (cause as { code?: unknown }).code;
  return new AdresslistaError("database", `${what}${typeof code === "string" ? ` (${code})` : ""}`, {
    cause,
  });
}

/** SQLite's codes (SQLITE_FULL) and the operating system's (ENOSPC); what Node calls ERR_… is a mistake of a program. */
const STORAGE_CODE = /^(?:SQLITE_\w+|E[A-Z0-9]+)$/;

/** Has SQLite or the file system failed? */
export function isStorageFailure(error: unknown): boolean {
  return error instanceof Error && STORAGE_CODE.test(String((error as { code?: unknown }).code));
}

function stem(database: string): string {
  return database.replace(/\.(sqlite3?|db)$/i, "");
}

let sqliteVersionChecked = false;

function assertSqliteVersion(): void {
  if (sqliteVersionChecked) return;
  const memory = new Sqlite(":memory:");
  const version = String(memory.prepare("SELECT sqlite_version()").pluck().get());
  memory.close();
  const parts = version.split(".").map(Number);
  for (const [place, oldest] of OLDEST_SQLITE.entries()) {
    const part = parts[place] ?? 0;
    if (part > oldest) break;
    if (part < oldest) {
      throw new AdresslistaError(
        "database",
        `SQLite ${version} is too old: ${OLDEST_SQLITE.join(".")} or newer is needed`,
      );
    }
  }
  sqliteVersionChecked = true;
}
