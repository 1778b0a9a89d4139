import { codeKey, isInstitution } from "../../domain/codes.js";
import { shownId } from "../../domain/shown-id.js";
import { AdresslistaError } from "../../errors.js";
import type { CodeChanges, CodeRegisterName, CodeRows } from "../queries.js";
import { type Connection, guarded } from "./files.js";

/** A code register's table: the columns that are the key, and the one that has the code. */
interface Register<Row> {
  readonly table: string;
  readonly keyColumns: readonly string[];
  readonly codeColumn: string;
  key(row: Row): readonly string[];
  code(row: Row): string;
  row(key: readonly string[], code: string): Row;
  /** How a key is compared. */
  compared(key: readonly string[]): string;
  isCode(code: string): boolean;
  readonly wrongCode: string;
  /** No two keys may have the same code. */
  readonly unique: boolean;
}

/** T04's C(5). Generated ones are A and four letters or digits; by hand any will do. */
const ANMKOD = /^[0-9A-ZÅÄÖ]{1,5}$/i;

const REGISTERS: { readonly [R in CodeRegisterName]: Register<CodeRows[R]> } = {
  institutions: {
    table: "INSTITUTION_CODE",
    keyColumns: ["GROUP_ID"],
    codeColumn: "KOD",
    key: ({ groupId }) => [groupId],
    code: ({ kod }) => kod,
    row: ([groupId = ""], kod) => ({ groupId, kod }),
    compared: ([groupId = ""]) => groupId,
    isCode: isInstitution,
    wrongCode: "an institution's code has 1 to 4 letters or digits",
    unique: false,
  },
  anmkod: {
    table: "ANMKOD_CODE",
    keyColumns: ["OCCASION_ID", "KURSKOD"],
    codeColumn: "ANMKOD",
    key: ({ occasionId, kurskod }) => [occasionId, kurskod],
    code: ({ anmkod }) => anmkod,
    row: ([occasionId = "", kurskod = ""], anmkod) => ({ occasionId, kurskod, anmkod }),
    compared: ([occasionId = "", kurskod = ""]) => `${occasionId}\u0000${codeKey(kurskod)}`,
    isCode: (code) => ANMKOD.test(code.normalize("NFC")),
    wrongCode: "an Anmkod has 1 to 5 letters or digits",
    unique: true,
  },
};

/** A register's rows, in order of their keys. */
export function codeRows<R extends CodeRegisterName>(connection: Connection, name: R): CodeRows[R][] {
  const register = REGISTERS[name];
  return entriesOf(connection, register).map(({ key, code }) => register.row(key, code));
}

/** See `Store.editCodes`; `others`: what becomes of rows that are not given. */
export function editCodes<R extends CodeRegisterName>(
  connection: Connection,
  name: R,
  rows: readonly CodeRows[R][],
  removals: readonly CodeRows[R][],
  others: "keep" | "remove",
): CodeChanges {
  const register: Register<CodeRows[R]> = REGISTERS[name];
  const given = checkedRows(register, rows);
  return guarded("cannot edit the codes", () =>
    connection
      .transaction(() => {
        const before = new Map(
          entriesOf(connection, register).map((entry) => [register.compared(entry.key), entry]),
        );
        const after = new Map(others === "keep" ? before : []);
        for (const row of removals) after.delete(register.compared(trimmed(register.key(row))));
        for (const [compared, entry] of given) after.set(compared, entry);
        if (register.unique) refuseSharedCodes(after);
        return write(connection, register, before, after);
      })
      .immediate(),
  );
}

interface Entry {
  readonly key: readonly string[];
  readonly code: string;
  /** Where it stands in what was given, from 1. */
  readonly place?: number;
}

type Entries = ReadonlyMap<string, Entry>;

function entriesOf<Row>(connection: Connection, { table, keyColumns, codeColumn }: Register<Row>): Entry[] {
  const columns = [...keyColumns, codeColumn].join(", ");
  const rows = connection.prepare(`SELECT ${columns} FROM ${table} ORDER BY ${columns}`).raw().all();
  return (rows as string[][]).map((row) => ({ key: row.slice(0, -1), code: row.at(-1) ?? "" }));
}

function checkedRows<Row>(register: Register<Row>, rows: readonly Row[]): Entries {
  const entries = new Map<string, Entry>();
  for (const [index, row] of rows.entries()) {
    const key = trimmed(register.key(row));
    const entry = { key, code: register.code(row).trim().normalize("NFC"), place: index + 1 };
    if (key.some((part) => part === "")) throw wrongRow(entry, "an id or a course code is missing");
    if (!register.isCode(entry.code)) throw wrongRow(entry, register.wrongCode);
    const first = entries.get(register.compared(key));
    if (first) throw wrongRow(entry, `stands in row ${first.place} already`);
    entries.set(register.compared(key), entry);
  }
  return entries;
}

function trimmed(key: readonly string[]): readonly string[] {
  return key.map((part) => part.trim());
}

function refuseSharedCodes(after: Entries): void {
  const owners = new Map<string, Entry>();
  // Those that were there come first, so that it is a given row which is named.
  const inOrder = [...after.values()].sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
  for (const entry of inOrder) {
    const owner = owners.get(codeKey(entry.code));
    if (owner && entry.place !== undefined) {
      throw wrongRow(entry, `the code ${entry.code} is ${nameOf(owner)}'s`);
    }
    owners.set(codeKey(entry.code), entry);
  }
}

/** Removes first: codes may be exchanged between rows. */
function write<Row>(
  connection: Connection,
  { table, keyColumns, codeColumn }: Register<Row>,
  before: Entries,
  after: Entries,
): CodeChanges {
  const isSame = (a: Entry, b: Entry | undefined) =>
    b !== undefined && a.code === b.code && a.key.join("\u0000") === b.key.join("\u0000");
  const gone = [...before].filter(([key, entry]) => !isSame(entry, after.get(key)));
  const come = [...after].filter(([key, entry]) => !isSame(entry, before.get(key)));
  const where = keyColumns.map((column) => `${column} = ?`).join(" AND ");
  const remove = connection.prepare(`DELETE FROM ${table} WHERE ${where}`);
  for (const [, { key }] of gone) remove.run(...key);
  const columns = [...keyColumns, codeColumn];
  const insert = connection.prepare(
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
  );
  for (const [, { key, code }] of come) insert.run(...key, code);
  if (gone.length + come.length > 0) countEdit(connection);
  const changed = gone.filter(([key]) => after.has(key)).length;
  return { added: come.length - changed, changed, removed: gone.length - changed };
}

function countEdit(connection: Connection): void {
  connection
    .prepare(
      "INSERT INTO CODE_EDIT (ONLY_ROW, NUMBER) VALUES (1, 1) ON CONFLICT (ONLY_ROW) DO UPDATE SET NUMBER = NUMBER + 1",
    )
    .run();
}

/** How often the registers have been edited: what a load depends on beside its files. */
export function codeEdits(connection: Connection): number {
  const number = connection.prepare("SELECT NUMBER FROM CODE_EDIT WHERE ONLY_ROW = 1").pluck().get();
  return (number as number | undefined) ?? 0;
}

function nameOf({ key }: Entry): string {
  return key.map(shownId).join(" ");
}

function wrongRow(entry: Entry, reason: string): AdresslistaError {
  const place = entry.place === undefined ? "" : `row ${entry.place} `;
  return new AdresslistaError("usage", `${place}(${nameOf(entry)}): ${reason}`);
}
