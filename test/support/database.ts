import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, it } from "mocha";
import pg from "pg";
import { AdresslistaError } from "../../lib/errors.js";
import { besideDatabase, databaseExists, openLoadStore, openStore } from "../../lib/store/open.js";
import { readPostgresUrl, withSchema } from "../../lib/store/postgres/url.js";
import { generationFile } from "../../lib/store/sqlite/files.js";

/**
 * Where a test's database is, of whichever engine this run is about: an SQLite file in the test's folder, or a schema of the
 * cluster that `npm run test:postgres` has started. No test names either itself.
 */
const CLUSTER = process.env.POSTGRES_FOR_TESTS;

export const ENGINE = CLUSTER === undefined ? "SQLite" : "PostgreSQL";

/** What a title ends with that is not true of every engine: the runner counts those specs apart. */
export const SQLITE_ALONE = "(SQLite alone)";

/**
 * About SQLite's files: their modes, their write-ahead log, a disk that they fill, what a plan says. The other engine has
 * tests of its own in test/postgres; there these are shown as not run.
 */
export const describeOnSqlite: (title: string, suite: (this: Mocha.Suite) => void) => unknown =
  ENGINE === "SQLite" ? describe : (title, suite) => describe.skip(`${title} ${SQLITE_ALONE}`, suite);

export const itOnSqlite: (
  title: string,
  test: (this: Mocha.Context) => Promise<unknown> | undefined,
) => unknown = ENGINE === "SQLite" ? it : (title, test) => it.skip(`${title} ${SQLITE_ALONE}`, test);

/** Schemas of a folder's databases. */
const schemas = new Map<string, Set<string>>();

/** The setting `database` for this path of a test's folder: always the same one. */
export function databaseIn(folder: string, path = "data/adresslista.sqlite"): string {
  if (CLUSTER === undefined) return join(folder, path);
  const hash = createHash("sha256").update(join(folder, path)).digest("hex").slice(0, 16);
  const schema = `test_${hash}`;
  schemas.set(folder, (schemas.get(folder) ?? new Set()).add(schema));
  return withSchema(CLUSTER, schema);
}

/** What the database's own files of this machine are called: its status file, its audit log. */
export function besideDatabaseIn(folder: string, suffix: string): string {
  return besideDatabase(databaseIn(folder), join(folder, "data"), suffix);
}

/** Calls `use` with a new folder; it and its databases are removed afterwards. */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = temporaryFolder("test");
  try {
    return await use(folder);
  } finally {
    await removeFolder(folder);
  }
}

export function temporaryFolder(what: string): string {
  return mkdtempSync(join(tmpdir(), `adresslista-${what}-`));
}

/** Removes a folder and its databases. */
export async function removeFolder(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  for (const schema of schemas.get(folder) ?? []) {
    // Of its loads and tenants too.
    const all = await asked<{ name: string }>(
      "SELECT nspname AS name FROM pg_namespace WHERE nspname = $1 OR starts_with(nspname, $1 || '_')",
      schema,
    );
    for (const { name } of all) await asked(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
  }
  schemas.delete(folder);
}

/** What a database holds, by its parts: the same as long as nothing has been changed. */
export async function contentsOf(database: string): Promise<Record<string, string>> {
  if (CLUSTER !== undefined) return rowsOfSchemas(readPostgresUrl(database).schema);
  const loads = sqliteFiles(database).filter((name) => name.includes(".load-"));
  return {
    ...rowsOfFile(database),
    ...Object.fromEntries(loads.map((name) => [name, readFileSync(join(dirname(database), name), "base64")])),
  };
}

/** The part of it that is loads, whole or not. */
export async function loadsIn(database: string): Promise<Record<string, string>> {
  const entries = Object.entries(await contentsOf(database));
  return Object.fromEntries(entries.filter(([name]) => /[._]load[-_]\d/.test(name)));
}

/** Numbers of the loads that the database holds, whole or not, lowest first. */
export async function loadNumbersIn(database: string): Promise<number[]> {
  const names =
    CLUSTER === undefined
      ? sqliteFiles(database)
      : (
          await asked<{ name: string }>(
            "SELECT nspname AS name FROM pg_namespace WHERE starts_with(nspname, $1 || '_load_')",
            readPostgresUrl(database).schema,
          )
        ).map(({ name }) => name);
  return names
    .flatMap((name) => /[._]load[-_](\d+)/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Numbers of the loads that can be served, lowest first. */
export function keptIn(database: string): Promise<number[]> {
  return lookingAt(database, async (store) =>
    (await store.keptLoads())
      .filter(({ kept }) => kept)
      .map(({ number }) => number)
      .reverse(),
  );
}

/** Numbers of loads that are there and were never served: what a load leaves that has not come to its end. */
export async function unpublishedIn(database: string): Promise<number[]> {
  const there = await loadNumbersIn(database);
  const known = await lookingAt(database, async (store) => store.loads());
  return there.filter((number) => known.every((load) => load.number !== number));
}

/** Tables, where the database is no file, that hold a text anywhere, in capitals or not. */
export async function tablesThatHold(database: string, text: string): Promise<string[]> {
  return CLUSTER === undefined ? [] : tablesOfSchemaThatHold(readPostgresUrl(database).schema, text);
}

async function tablesOfSchemaThatHold(schema: string, text: string): Promise<string[]> {
  // Bytes are shown in hexadecimal form.
  const shown = [text.toLowerCase(), Buffer.from(text).toString("hex")];
  const tables = Object.entries(await rowsOfSchemas(schema));
  return tables
    .filter(([, rows]) => shown.some((one) => rows.toLowerCase().includes(one)))
    .map(([name]) => name);
}

/** Parts of a folder's database that hold a text anywhere: files of the folder, whatever they are called, and tables. */
export async function partsThatHold(folder: string, text: string): Promise<string[]> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.includes("sqlite"))
    .map((entry) => join(entry.parentPath, entry.name));
  const parts = files.filter((file) => readFileSync(file).includes(text));
  for (const schema of schemas.get(folder) ?? []) {
    parts.push(...(await tablesOfSchemaThatHold(schema, text)));
  }
  return parts;
}

/** Takes a kept load away, as somebody might who tidies up. */
export async function removeLoad(database: string, number: number): Promise<void> {
  if (CLUSTER === undefined) {
    rmSync(generationFile(database, number));
    return;
  }
  const { schema } = readPostgresUrl(database);
  await asked(`DROP SCHEMA ${schema}_load_${number} CASCADE`);
  await asked(`DELETE FROM ${schema}.generation WHERE number = $1`, number);
}

/** Makes a kept load one that cannot be read. */
export async function damageLoad(database: string, number: number): Promise<void> {
  if (CLUSTER === undefined) truncateSync(generationFile(database, number), 100);
  else await removeLoad(database, number);
}

/** Makes a database that is not there yet one that no program of ours can open. */
export async function breakDatabase(database: string): Promise<void> {
  if (CLUSTER === undefined) {
    mkdirSync(dirname(database), { recursive: true });
    writeFileSync(database, "no database at all, but a text");
    return;
  }
  const { schema } = readPostgresUrl(database);
  await asked(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await asked(`CREATE SCHEMA ${schema}`);
  await asked(`CREATE TABLE ${schema}.knex_migrations (id integer, name text)`);
  await asked(`INSERT INTO ${schema}.knex_migrations VALUES (1, 'of a later program')`);
}

/** Takes away what `breakDatabase` has made. */
export async function removeBroken(database: string): Promise<void> {
  if (CLUSTER === undefined) rmSync(database);
  else await asked(`DROP SCHEMA ${readPostgresUrl(database).schema} CASCADE`);
}

/** Takes a table out of a kept load. */
export async function damageTable(database: string, number: number, table: string): Promise<void> {
  if (CLUSTER !== undefined) {
    await asked(`DROP TABLE ${readPostgresUrl(database).schema}_load_${number}.${table.toLowerCase()}`);
    return;
  }
  const connection = new Sqlite(generationFile(database, number));
  connection.exec(`DROP TABLE ${table}`);
  connection.close();
}

/** `action` while somebody has the reload lock. */
export async function whileLocked<T>(database: string, action: () => Promise<T>): Promise<T> {
  const store = await openLoadStore(database);
  try {
    const lock = await store.takeReloadLock();
    try {
      return await action();
    } finally {
      await lock.release();
    }
  } finally {
    await store.close();
  }
}

/** Makes a kept load look as if another version of the program had made it. */
export async function makeOfVersion(database: string, number: number, version: number): Promise<void> {
  if (CLUSTER === undefined) {
    const file = new Sqlite(generationFile(database, number));
    file.pragma(`user_version = ${version}`);
    file.close();
    return;
  }
  const { schema } = readPostgresUrl(database);
  await asked(`UPDATE ${schema}.generation SET version = $1 WHERE number = $2`, version, number);
}

/** What an action that cannot be done says: `code: message`. */
export async function failureOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof AdresslistaError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("it did not fail");
}

/** Has anything been written there? */
export { databaseExists };

/** Opens it only to look at, for one question. */
export async function lookingAt<T>(
  database: string,
  question: (store: Awaited<ReturnType<typeof openStore>>) => Promise<T>,
): Promise<T> {
  const store = await openStore(database, { readOnly: true });
  try {
    return await question(store);
  } finally {
    await store.close();
  }
}

/** Rows of the service's own tables. */
function rowsOfFile(database: string): Record<string, string> {
  if (!existsSync(database)) return {};
  const connection = new Sqlite(database, { readonly: true });
  try {
    const tables = connection
      .prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
      )
      .pluck()
      .all() as string[];
    return Object.fromEntries(
      tables.map((table) => [
        table,
        JSON.stringify(connection.prepare(`SELECT * FROM "${table}"`).raw().all()),
      ]),
    );
  } finally {
    connection.close();
  }
}

/** Rows of the tables of a schema and of its loads. */
async function rowsOfSchemas(schema: string): Promise<Record<string, string>> {
  const tables = await asked<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname = $1 OR starts_with(schemaname, $1 || '_') ORDER BY 1`,
    schema,
  );
  const contents: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await asked<{ rows: string }>(
      `SELECT coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '') AS rows FROM ${name} t`,
    );
    contents[name] = row?.rows ?? "";
  }
  return contents;
}

function sqliteFiles(database: string): string[] {
  const folder = dirname(database);
  if (!existsSync(folder)) return [];
  // Those of SQLite's shared memory come and go.
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${stem(database)}.`) && !/-(?:shm|wal)$|\.(?:audit|json)$/.test(name))
    .sort();
}

function stem(database: string): string {
  return basename(database).replace(/\.sqlite$/, "");
}

/** One connection to the cluster; it keeps no process alive. */
let connections: pg.Pool | undefined;

async function asked<Row>(sql: string, ...values: unknown[]): Promise<Row[]> {
  connections ??= new pg.Pool({ connectionString: CLUSTER, max: 1, allowExitOnIdle: true });
  return (await connections.query(sql, values)).rows as Row[];
}
