import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { LoadStore } from "./loads.js";
import { isPostgresUrl, readPostgresUrl, withSchema } from "./postgres/url.js";
import type { Store } from "./queries.js";
import { openSqliteStore } from "./sqlite/store.js";

export interface OpenOptions {
  /** To look at: nothing is changed, unless tables are of an older version. */
  readonly readOnly?: boolean;
  /**
   * For a process that answers calls: whether another process has changed something is asked once in a turn of the event
   * loop, however many calls it has. What is changed before a call comes in counts for it all the same.
   */
  readonly oncePerTurn?: boolean;
  /** The setting `databaseRead`: generations are read there, as soon as it has them. */
  readonly databaseRead?: string | undefined;
}

/**
 * Opens the store that the setting `database` names (path of an SQLite file, or a postgres:// URL), and brings its tables up
 * to date. Throws AdresslistaError("database") when it cannot be opened or is newer than this program.
 */
export async function openStore(database: string, options: OpenOptions = {}): Promise<Store> {
  if (!isPostgresUrl(database)) return openSqliteStore(database, options);
  return (await postgres()).openPostgresStore(database, options);
}

/**
 * The same store for a load, a rollback or the editing of codes. `workFolder`: where a load is built before PostgreSQL takes
 * it over; SQLite's are built where they stay.
 */
export async function openLoadStore(database: string, workFolder?: string): Promise<LoadStore> {
  if (!isPostgresUrl(database)) return openSqliteStore(database);
  return (await postgres()).openPostgresStore(database, { workFolder });
}

/** Has anything been written there? Looking does not make it. */
export async function databaseExists(database: string): Promise<boolean> {
  if (!isPostgresUrl(database)) return existsSync(database);
  return (await postgres()).postgresDatabaseExists(database);
}

/** How messages call a database: without its password. */
export function shownDatabase(database: string): string {
  return isPostgresUrl(database) ? readPostgresUrl(database).shown : database;
}

/**
 * Files of this machine that belong to a database: beside an SQLite file, else in the setting `workFolder`.
 * data/adresslista.sqlite and ".audit" → data/adresslista.audit
 */
export function besideDatabase(database: string, workFolder: string, suffix: string): string {
  if (isPostgresUrl(database)) return join(workFolder, `${readPostgresUrl(database).schema}${suffix}`);
  return join(dirname(database), `${basename(database).replace(/\.(sqlite3?|db)$/i, "")}${suffix}`);
}

/**
 * The database of a tenant, beside that of the service: a file or a schema of its own. `tenant`: a to z, 0 to 9, -. No
 * schema of a tenant has the name of another's load, which ends in _load_ and a number.
 */
export function databaseOfTenant(database: string, tenant: string): string {
  if (!isPostgresUrl(database)) {
    const extension = /\.(sqlite3?|db)$/i.exec(database)?.[0] ?? ".sqlite";
    return besideDatabase(database, "", `-${tenant}${extension}`);
  }
  return withSchema(database, `${readPostgresUrl(database).schema}_t_${tenant.replaceAll("-", "__")}`);
}

/** Only where it is used: its driver takes time to load. */
function postgres() {
  return import("./postgres/store.js");
}
