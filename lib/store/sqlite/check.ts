import { AdresslistaError } from "../../errors.js";
import { type Connection, guarded, openReadable } from "./files.js";

const INTEGRITY_ERROR = "the built generation does not hold together";

/** Throws AdresslistaError: "internal" when a row points nowhere, "database" when the file is damaged. */
export function checkForeignKeys(file: string): void {
  checked(file, (connection) => {
    const [dangling] = connection.pragma("foreign_key_check") as { table: string }[];
    if (dangling) {
      throw new AdresslistaError("internal", `${INTEGRITY_ERROR}: a row of ${dangling.table} points nowhere`);
    }
  });
}

export function checkPages(file: string): void {
  checked(file, (connection) => {
    const found = connection.pragma("quick_check", { simple: true });
    if (found !== "ok") throw new AdresslistaError("database", `${INTEGRITY_ERROR}: the file is damaged`);
  });
}

/** What stands in the list at these places, as far as an answer shows it. */
export interface ListedPerson {
  readonly efternamn: string | null;
  readonly fornamn: string | null;
  readonly personVO: Buffer;
}

export function listedPersons(file: string, places: Int32Array): ListedPerson[] {
  return checked(file, (connection) => {
    const person = connection.prepare(
      `SELECT n.ENAMN AS efternamn, n.TNAMN AS fornamn, v.PERSONVO AS personVO
       FROM NAMN n JOIN PERSONVO v ON v.ID = n.ID WHERE n.ID = ?`,
    );
    return Array.from(places, (place) => person.get(place) as ListedPerson | undefined).filter(
      (found) => found !== undefined,
    );
  });
}

/** What a check keeps of the file, in KiB (SQLite's negative cache_size): foreign keys are looked up here and there. */
const CACHE_KIB = 48 * 1024;

function checked<T>(file: string, action: (connection: Connection) => T): T {
  const connection = openReadable(file);
  try {
    connection.pragma(`cache_size = -${CACHE_KIB}`);
    return guarded("cannot check the built generation", () => action(connection));
  } finally {
    connection.close();
  }
}
