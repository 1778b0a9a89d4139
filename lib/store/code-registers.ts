/** Code registers and how they are edited, whatever the engine. */
import { codeKey, isInstitution } from "../domain/codes.js";
import { shownId } from "../domain/shown-id.js";
import { AdresslistaError } from "../errors.js";
import type { CodeChanges, CodeRegisterName, CodeRows } from "./queries.js";

/** A code register's table: the columns that are the key, and the one that has the code. */
export interface Register<Row> {
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

export const REGISTERS: { readonly [R in CodeRegisterName]: Register<CodeRows[R]> } = {
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

/** A row, as the registers are compared and edited. */
export interface Entry {
  readonly key: readonly string[];
  readonly code: string;
  /** Where it stands in what was given, from 1. */
  readonly place?: number;
}

type Entries = ReadonlyMap<string, Entry>;

/** What an edit removes and adds: in this order, since codes may be exchanged between rows. */
export interface CodeEdit {
  readonly gone: readonly Entry[];
  readonly come: readonly Entry[];
  readonly changes: CodeChanges;
}

/**
 * What becomes of a register that holds `before`; `others`: what becomes of rows that are not given. Throws
 * AdresslistaError("usage") that names the row which is wrong: see `Store.editCodes`.
 */
export function codeEdit<Row>(
  register: Register<Row>,
  before: readonly Entry[],
  rows: readonly Row[],
  removals: readonly Row[],
  others: "keep" | "remove",
): CodeEdit {
  const given = checkedRows(register, rows);
  const were = new Map(before.map((entry) => [register.compared(entry.key), entry]));
  const after = new Map(others === "keep" ? were : []);
  for (const row of removals) after.delete(register.compared(trimmed(register.key(row))));
  for (const [compared, entry] of given) after.set(compared, entry);
  if (register.unique) refuseSharedCodes(after);
  const isSame = (a: Entry, b: Entry | undefined) =>
    b !== undefined && a.code === b.code && a.key.join("\u0000") === b.key.join("\u0000");
  const gone = [...were].filter(([key, entry]) => !isSame(entry, after.get(key)));
  const come = [...after].filter(([key, entry]) => !isSame(entry, were.get(key)));
  const changed = gone.filter(([key]) => after.has(key)).length;
  return {
    gone: gone.map(([, entry]) => entry),
    come: come.map(([, entry]) => entry),
    changes: { added: come.length - changed, changed, removed: gone.length - changed },
  };
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

function nameOf({ key }: Entry): string {
  return key.map(shownId).join(" ");
}

function wrongRow(entry: Entry, reason: string): AdresslistaError {
  const place = entry.place === undefined ? "" : `row ${entry.place} `;
  return new AdresslistaError("usage", `${place}(${nameOf(entry)}): ${reason}`);
}
