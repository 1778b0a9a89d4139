import { AdresslistaError } from "../../errors.js";
import { type Connection, guarded, openReadable } from "./files.js";

const INTEGRITY_ERROR = "the built generation does not hold together";

/** What is wrong with a generation: a table of which a row points nowhere, or its pages. */
export type Finding = { readonly dangling: string } | { readonly damaged: true };

/** Looks at every foreign key and every page. */
export function checkGeneration(connection: Connection): Finding | undefined {
  const [dangling] = connection.pragma("foreign_key_check") as { table: string }[];
  if (dangling) return { dangling: dangling.table };
  return connection.pragma("quick_check", { simple: true }) === "ok" ? undefined : { damaged: true };
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
