import { AdresslistaError } from "../errors.js";
import type { Store } from "./queries.js";
import { openSqliteStore } from "./sqlite/store.js";

/**
 * Opens the store that the setting `database` names, and brings its tables up to date.
 * Throws AdresslistaError("database") when it cannot be opened or is newer than this program.
 */
export async function openStore(database: string): Promise<Store> {
  if (/^postgres(ql)?:/i.test(database)) {
    throw new AdresslistaError(
      "settings",
      "database: PostgreSQL is not available in this version; name an SQLite file",
    );
  }
  return openSqliteStore(database);
}
