import { AdresslistaError } from "../../errors.js";
import { type Connection, guarded, openReadable } from "./files.js";

const INTEGRITY_ERROR = "the built generation does not hold together";

/** What is wrong with a generation: a table of which a row points nowhere, or its pages. */
export type Finding = { readonly dangling: string } | { readonly damaged: true };

/** Looks at every foreign key and every page. */
export function checkGeneration(connection: Connection): Finding | undefined {
  const rowsOf = new Map<string, Rows>();
  for (const table of tablesOf(connection)) {
    if (pointsNowhere(connection, table, rowsOf)) return { dangling: table };
  }
  return connection.pragma("quick_check", { simple: true }) === "ok" ? undefined : { damaged: true };
}

/** Numbers of a table's rows. */
interface Rows {
  readonly first: number;
  readonly last: number;
  /** Every number between is there, too. */
  readonly isWithoutGaps: boolean;
}

interface ForeignKey {
  readonly table: string;
  readonly from: string;
  readonly to: string | null;
}

function tablesOf(connection: Connection): readonly string[] {
  return connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all() as string[];
}

/**
 * Rows that are numbered without gaps, as those of a generation are, are all there when what points at them lies between
 * the first and the last: one pass then takes a tenth of the time of looking for the row of each, as SQLite does.
 */
function pointsNowhere(connection: Connection, table: string, rowsOf: Map<string, Rows>): boolean {
  const keys = connection.pragma(`foreign_key_list(${table})`) as ForeignKey[];
  if (keys.length === 0) return false;
  const conditions: string[] = [];
  for (const { table: parent, from, to } of keys) {
    const rows = rowsOf.get(parent) ?? numbersOfRows(connection, parent);
    rowsOf.set(parent, rows);
    if (to === null || !rows.isWithoutGaps || !isNumberOfRow(connection, parent, to)) {
      return (connection.pragma(`foreign_key_check(${table})`) as unknown[]).length > 0;
    }
    conditions.push(`${from} NOT BETWEEN ${rows.first} AND ${rows.last}`);
    conditions.push(`typeof(${from}) NOT IN ('integer', 'null')`);
  }
  // Of the table itself, not of an index.
  const dangling = `SELECT 1 FROM ${table} NOT INDEXED WHERE ${conditions.join(" OR ")} LIMIT 1`;
  return connection.prepare(dangling).get() !== undefined;
}

function numbersOfRows(connection: Connection, table: string): Rows {
  const isNumbered = (connection.pragma(`index_list(${table})`) as { origin: string }[]).every(
    ({ origin }) => origin !== "pk",
  );
  if (!isNumbered) return { first: 0, last: 0, isWithoutGaps: false };
  const [count, first, last] = connection
    .prepare(`SELECT count(*), min(rowid), max(rowid) FROM ${table} NOT INDEXED`)
    .raw()
    .get() as [number, number | null, number | null];
  // Nothing lies between the numbers of a table without rows.
  if (first === null || last === null) return { first: 1, last: 0, isWithoutGaps: true };
  return { first, last, isWithoutGaps: last - first + 1 === count };
}

/** Is it the column that SQLite numbers rows by? */
function isNumberOfRow(connection: Connection, table: string, column: string): boolean {
  const columns = connection.pragma(`table_info(${table})`) as { name: string; type: string; pk: number }[];
  return columns.some(({ name, type, pk }) => name === column && type === "INTEGER" && pk === 1);
}

/** Throws AdresslistaError: "internal" when a row points nowhere, "database" when the file is damaged. */
export function throwFinding(finding: Finding | undefined): void {
  if (finding === undefined) return;
  throw "dangling" in finding
    ? new AdresslistaError("internal", `${INTEGRITY_ERROR}: a row of ${finding.dangling} points nowhere`)
    : new AdresslistaError("database", `${INTEGRITY_ERROR}: the file is damaged`);
}

/** What stands in the list at these places, as far as an answer shows it. */
export interface ListedPerson {
  readonly efternamn: string | null;
  readonly fornamn: string | null;
  readonly personVO: Buffer;
}

export function listedPersons(file: string, places: Int32Array): ListedPerson[] {
  const connection = openReadable(file);
  try {
    return guarded("cannot check the built generation", () => {
      const person = connection.prepare(
        `SELECT n.ENAMN AS efternamn, n.TNAMN AS fornamn, v.PERSONVO AS personVO
         FROM NAMN n JOIN PERSONVO v ON v.ID = n.ID WHERE n.ID = ?`,
      );
      return Array.from(places, (place) => person.get(place) as ListedPerson | undefined).filter(
        (found) => found !== undefined,
      );
    });
  } finally {
    connection.close();
  }
}
