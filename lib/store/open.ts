import { AdresslistaError } from "../errors.js";
import type { LoadStore } from "./loads.js";
import type { Store } from "./queries.js";
import { type OpenOptions, openSqliteStore } from "./sqlite/store.js";

/**
 * Opens the store that the setting `database` names, and brings its tables up to date.
 * `readOnly` changes nothing: for looking, also by a user who may not write.
 * Throws AdresslistaError("database") when it cannot be opened or is newer than this program.
 */
export async function openStore(database: string, options: OpenOptions = {}): Promise<Store> {
  if (/^postgres(ql)?:/i.test(database)) {
    throw new AdresslistaError(
      "settings",
      "database: PostgreSQL is not available in this version; name an SQLite file",
    );
  }
  return openSqliteStore(database, options);
}

/** The same store for a load, a rollback or the editing of codes. */
export async function openLoadStore(database: string): Promise<LoadStore> {
  return openSqliteStore(database);
}
