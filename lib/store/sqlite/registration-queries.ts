/** Where the registrations are that a search finds: one question for each kind of search. */
import type Sqlite from "better-sqlite3";
import type { Search } from "../queries.js";

type Statement = Sqlite.Statement<unknown[]>;

/** A statement for each kind of search. */
export interface RegistrationStatements {
  readonly ffg: Statement;
  readonly fo: Statement;
  readonly om: Statement;
  readonly omOfInstitutions: Statement;
  readonly program: Statement;
  readonly programOfAnyTermin: Statement;
}

export function registrations(
  prepare: (table: string, condition: string) => Statement,
): RegistrationStatements {
  return {
    ffg: prepare("FFGKURS", "r.KTILL = ?"),
    fo: prepare("FORTKURS", "r.KTILL = ? AND r.TERMIN = ?"),
    om: prepare("OMKURS", "r.KURSKEY = ? AND r.TERMIN = ?"),
    omOfInstitutions: prepare(
      "OMKURS",
      `r.KURSKEY = ? AND r.TERMIN = ? AND EXISTS (SELECT 1 FROM KTILL2 t, json_each(t.INSTITUTIONS) i
        WHERE t.ID = r.KTILL AND i.value IN (SELECT value FROM json_each(?)))`,
    ),
    program: prepare("PROGRAMREG", "r.PROGRAM = ? AND r.KTILL = ? AND r.TYP = ? AND r.TERMIN = ?"),
    programOfAnyTermin: prepare("PROGRAMREG", "r.PROGRAM = ? AND r.KTILL = ? AND r.TYP = 'FFG'"),
  };
}

export function questionOf(
  search: Search,
  statements: RegistrationStatements,
): { readonly statement: Statement; readonly parameters: readonly unknown[] } {
  switch (search.typ) {
    case "FFG":
      return search.programId === undefined
        ? { statement: statements.ffg, parameters: [search.ktill] }
        : { statement: statements.programOfAnyTermin, parameters: [search.programId, search.ktill] };
    case "FO":
      return search.programId === undefined
        ? { statement: statements.fo, parameters: [search.ktill, search.termin] }
        : {
            statement: statements.program,
            parameters: [search.programId, search.ktill, "FO", search.termin],
          };
    case "OM":
      return search.institutions === "*"
        ? { statement: statements.om, parameters: [search.kurskey, search.termin] }
        : {
            statement: statements.omOfInstitutions,
            parameters: [search.kurskey, search.termin, JSON.stringify(search.institutions)],
          };
  }
}
