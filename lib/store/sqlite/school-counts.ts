import { existsSync } from "node:fs";
import type { LadokTables } from "../../mapping/rows.js";
import type { CountKind, SchoolCount } from "../queries.js";
import { bulkInsert, type RowSink } from "./bulk-insert.js";
import { type Connection, guarded, openReadable } from "./files.js";

/** `INST` of the totals. */
const ALL = "*";
/** Counts a load's persons, occasions and registrations by institution and half-year, while it is built. */
export interface SchoolCounter {
  /**
   * A person of the export, with the codes of the institutions that it is tied to: counts in each of them once, and once in
   * the total. Not for persons who are carried over: they would hide a loss, and their gallring would look like one.
   */
  addPerson(schools: readonly string[]): void;
  /** So many rows of FFGKURS, FORTKURS or OMKURS: of that KTILL2 row and half-year. */
  addRegistrations(ktill: number, termin: string, count?: number): void;
  /**
   * After the last of them. Occasions are KTILL2 rows by start term and KTFORT2 rows by their half-year; what an occasion has
   * counts in each institution that gives it.
   */
  counts(tables: Pick<LadokTables, "ktill2" | "ktfort2">): readonly SchoolCount[];
}

export function schoolCounter(): SchoolCounter {
  let persons = 0;
  const personsOf = new Map<string, number>();
  const registrations = new Map<number, Map<string, number>>();
  return {
    addPerson(institutions) {
      persons += 1;
      for (const [index, institution] of institutions.entries()) {
        // schools may share an institution
        if (institutions.indexOf(institution) < index) continue;
        personsOf.set(institution, (personsOf.get(institution) ?? 0) + 1);
      }
    },

    addRegistrations(ktill, termin, count = 1) {
      let byTermin = registrations.get(ktill);
      if (!byTermin) {
        byTermin = new Map();
        registrations.set(ktill, byTermin);
      }
      byTermin.set(termin, (byTermin.get(termin) ?? 0) + count);
    },

    counts({ ktill2, ktfort2 }) {
      const sums = collectSums();
      sums.addTo(ALL, "persons", null, persons);
      for (const [institution, count] of personsOf) sums.addTo(institution, "persons", null, count);
      const institutionsOf = new Map(ktill2.map(({ id, institutions }) => [id, institutions]));
      const addOf = (ktill: number, kind: CountKind, termin: string, count: number) =>
        sums.add(institutionsOf.get(ktill) ?? [], kind, termin, count);
      for (const { id, starttermin } of ktill2) addOf(id, "occasions", starttermin, 1);
      for (const { ktill, termin } of ktfort2) addOf(ktill, "occasions", termin, 1);
      for (const [ktill, byTermin] of registrations) {
        for (const [termin, count] of byTermin) addOf(ktill, "registrations", termin, count);
      }
      return sums.inOrder();
    },
  };
}

function collectSums() {
  const sums = new Map<string, { -readonly [K in keyof SchoolCount]: SchoolCount[K] }>();
  const addTo = (institution: string, kind: CountKind, termin: string | null, count: number) => {
    const key = `${institution} ${kind} ${termin ?? ""}`;
    const known = sums.get(key);
    if (known) known.count += count;
    else sums.set(key, { institution, kind, termin, count });
  };
  return {
    addTo,
    add(institutions: readonly string[], kind: CountKind, termin: string | null, count: number): void {
      for (const institution of new Set([ALL, ...institutions])) addTo(institution, kind, termin, count);
    },
    /** The same counts in the same order, whatever order they came in. */
    inOrder: (): SchoolCount[] => [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum),
  };
}

/** Into SCHOOL_COUNT of a generation that is being built. */
export function writeSchoolCounts(sink: Connection | RowSink, counts: readonly SchoolCount[]): void {
  const insert = bulkInsert(sink, "SCHOOL_COUNT", "INST, KIND, TERMIN, COUNT");
  for (const { institution, kind, termin, count } of counts) insert.add(institution, kind, termin, count);
  insert.flush();
}

/**
 * The counts of a finished generation, for guards and reports: none when its file is gone, or of the first version.
 * Throws AdresslistaError("database") when it is no generation or damaged.
 */
export function readSchoolCounts(file: string): readonly SchoolCount[] {
  if (!existsSync(file)) return [];
  const connection = openReadable(file);
  try {
    return guarded("cannot read the counts of a load", () => {
      const hasCounts = connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'SCHOOL_COUNT'").get();
      if (hasCounts === undefined) return [];
      return connection
        .prepare(
          `SELECT INST AS institution, KIND AS kind, TERMIN AS termin, COUNT AS count
           FROM SCHOOL_COUNT ORDER BY INST, KIND, TERMIN`,
        )
        .all() as SchoolCount[];
    });
  } finally {
    connection.close();
  }
}
