import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { AdresslistaError } from "../../errors.js";
import { GENERATION_SCHEMA_VERSION, generationIndexes, generationMigrationSource } from "../schema.js";
import { bulkInsert } from "../sqlite/bulk-insert.js";
import { type Connection, openReadable } from "../sqlite/files.js";
import { openForBuilding } from "../sqlite/writer.js";

/** A table of a generation, as SQLite has it. */
interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly isNeeded: boolean;
}

/** How SQLite's types are called in PostgreSQL. Text sorts by its bytes, as in SQLite, whatever the database's language. */
const TYPES: Readonly<Record<string, string>> = {
  INTEGER: "integer",
  TEXT: 'text COLLATE "C"',
  BLOB: "bytea",
};

/** Characters that are sent at a time. */
const CHUNK_CHARACTERS = 256 * 1024;

/** Of PostgreSQL's 1 to 10 000, of which 100 is usual. */
const STATISTICS_TARGET = 10;

export interface Copying {
  readonly signal?: AbortSignal | undefined;
  progress?(done: number, total: number): void;
}

/**
 * Copies a generation's file into a schema of its own, in the transaction that the client has begun: the tables that the file
 * has, their rows, and then the indexes. Returns how many rows there are.
 */
export async function copyGeneration(
  file: string,
  client: pg.Client,
  schema: string,
  { signal, progress }: Copying,
): Promise<number> {
  const connection = openReadable(file);
  try {
    const tables = tablesOf(connection);
    const total = tables.reduce((sum, { name }) => sum + rowsIn(connection, name), 0);
    await client.query(`CREATE SCHEMA ${schema}`);
    let done = 0;
    for (const table of tables) {
      await client.query(definition(schema, table));
      const copied = await copyRows(connection, client, schema, table, signal, (rows) =>
        progress?.(done + rows, total),
      );
      if (copied !== rowsIn(connection, table.name)) {
        throw new AdresslistaError("internal", `not every row of ${table.name} was copied`);
      }
      done += copied;
    }
    // Keys and indexes after the rows: made at once they cost half of what they do row by row.
    for (const { name, primaryKey } of tables) {
      if (primaryKey.length === 0) continue;
      signal?.throwIfAborted();
      const key = primaryKey.map(quoted).join(", ");
      await client.query(`ALTER TABLE ${schema}.${name.toLowerCase()} ADD PRIMARY KEY (${key})`);
    }
    for (const index of generationIndexes) {
      signal?.throwIfAborted();
      await client.query(indexIn(schema, index));
    }
    // Every question goes by a key or an index: little need be known of what is in them.
    await client.query(`SET LOCAL default_statistics_target = ${STATISTICS_TARGET}`);
    for (const { name } of tables) await client.query(`ANALYZE ${schema}.${name.toLowerCase()}`);
    return total;
  } finally {
    connection.close();
  }
}

/** Copies a schema that `copyGeneration` has made into a file like the one that it was made of. */
export async function fetchGeneration(client: pg.Client, schema: string, file: string): Promise<void> {
  const connection = openForBuilding(file);
  try {
    for (const migration of await generationMigrationSource.getMigrations([])) {
      await (await generationMigrationSource.getMigration(migration)).up({
        raw: async (sql: string) => connection.exec(sql),
      } as never);
    }
    for (const table of tablesOf(connection)) await fetchRows(connection, client, schema, table);
    for (const index of generationIndexes) connection.exec(index);
    connection.pragma(`user_version = ${GENERATION_SCHEMA_VERSION}`);
    connection.exec("COMMIT");
    connection.exec("ANALYZE");
  } finally {
    connection.close();
  }
}

function tablesOf(connection: Connection): Table[] {
  const names = connection
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'knex%' ORDER BY rowid",
    )
    .pluck()
    .all() as string[];
  return names.map((name) => {
    const columns = connection.pragma(`table_info(${name})`) as {
      name: string;
      type: string;
      notnull: number;
      pk: number;
    }[];
    return {
      name,
      columns: columns.map((column) => ({
        name: column.name,
        type: column.type,
        isNeeded: column.notnull === 1 || column.pk > 0,
      })),
      primaryKey: columns
        .filter(({ pk }) => pk > 0)
        .sort((a, b) => a.pk - b.pk)
        .map((column) => column.name),
    };
  });
}

function rowsIn(connection: Connection, table: string): number {
  return connection.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
}

function definition(schema: string, { name, columns }: Table): string {
  const parts = columns.map((column) => {
    const type = TYPES[column.type];
    if (type === undefined)
      throw new AdresslistaError("internal", `no type of PostgreSQL's for ${column.type}`);
    return `${quoted(column.name)} ${type}${column.isNeeded ? " NOT NULL" : ""}`;
  });
  return `CREATE TABLE ${schema}.${name.toLowerCase()} (${parts.join(", ")})`;
}

/** "CREATE INDEX NAME ON TABLE (COLUMNS)" → the same in a schema. */
function indexIn(schema: string, sql: string): string {
  const found = /^CREATE (UNIQUE )?INDEX (\w+) ON (\w+) \(([\w, ]+)\)$/.exec(sql);
  if (!found) throw new AdresslistaError("internal", "an index that PostgreSQL cannot be given");
  const [, unique = "", name = "", table = "", columns = ""] = found;
  return `CREATE ${unique}INDEX ${name.toLowerCase()} ON ${schema}.${table.toLowerCase()} (${columns.split(", ").map(quoted).join(", ")})`;
}

/** In small letters; END and others are words of the language. */
function quoted(column: string): string {
  return `"${column.toLowerCase()}"`;
}

async function copyRows(
  connection: Connection,
  client: pg.Client,
  schema: string,
  { name, columns }: Table,
  signal: AbortSignal | undefined,
  progress: (rows: number) => void,
): Promise<number> {
  const select = connection
    .prepare(`SELECT ${columns.map((column) => `"${column.name}"`).join(", ")} FROM ${name}`)
    .raw();
  const list = columns.map((column) => quoted(column.name)).join(", ");
  // Frozen: the rows need no looking after later, and indexes alone can answer from the beginning.
  const into = client.query(
    copyFrom(`COPY ${schema}.${name.toLowerCase()} (${list}) FROM STDIN WITH (FREEZE)`),
  );
  let rows = 0;
  const lines = function* (): Generator<string> {
    let chunk = "";
    for (const row of select.iterate() as IterableIterator<readonly SqliteValue[]>) {
      chunk += copyLine(row);
      rows += 1;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      progress(rows);
      yield chunk;
      chunk = "";
    }
    if (chunk !== "") yield chunk;
  };
  await pipeline(Readable.from(lines(), { objectMode: false }), into, signal === undefined ? {} : { signal });
  return into.rowCount;
}

type SqliteValue = string | number | Buffer | null;

/** A row in the text form of COPY (PostgreSQL's manual, COPY, File Formats). */
export function copyLine(row: readonly SqliteValue[]): string {
  let line = "";
  for (let at = 0; at < row.length; at++) {
    const value = row[at] as SqliteValue;
    if (at > 0) line += "\t";
    if (value === null) line += "\\N";
    else if (typeof value === "string")
      line += NEEDS_ESCAPE.test(value) ? value.replace(ESCAPED, escaped) : value;
    else if (typeof value === "number") line += value;
    else line += `\\\\x${value.toString("hex")}`;
  }
  return `${line}\n`;
}

const NEEDS_ESCAPE = /[\\\t\n\r]/;
const ESCAPED = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function escaped(character: string): string {
  return ESCAPES[character] as string;
}

async function fetchRows(
  connection: Connection,
  client: pg.Client,
  schema: string,
  table: Table,
): Promise<void> {
  const { name, columns } = table;
  const list = columns.map((column) => quoted(column.name)).join(", ");
  const insert = bulkInsert(connection, name, columns.map((column) => column.name).join(", "));
  const out = client.query(
    copyTo(`COPY (SELECT ${list} FROM ${schema}.${name.toLowerCase()} ORDER BY ${orderOf(table)}) TO STDOUT`),
  );
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of out as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(LINE_END) + 1;
    rest = bytes.subarray(end);
    for (const line of bytes.toString("utf8", 0, Math.max(0, end - 1)).split("\n")) {
      if (end > 0) insert.add(...readCopyLine(line, columns));
    }
  }
  insert.flush();
}

const LINE_END = 0x0a;

/** Rows come in the order of their tables, as when they were written. */
function orderOf({ primaryKey }: Table): string {
  return primaryKey.length > 0 ? primaryKey.map(quoted).join(", ") : "ctid";
}

/** A line of COPY as the row that it was: what `copyLine` writes, and what PostgreSQL writes of it. */
export function readCopyLine(line: string, columns: readonly Column[]): SqliteValue[] {
  return line.split("\t").map((field, at) => {
    if (field === "\\N") return null;
    const type = columns[at]?.type;
    if (type === "INTEGER") return Number(field);
    if (type === "BLOB") return Buffer.from(field.slice(3), "hex");
    return field.includes("\\")
      ? field.replace(/\\(.)/gs, (_, character: string) => UNESCAPES[character] ?? character)
      : field;
  });
}

/** COPY writes control characters with letters. */
const UNESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
