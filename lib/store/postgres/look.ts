import { connectionsTo } from "./connections.js";
import { isMade } from "./migrations.js";
import { readPostgresUrl } from "./url.js";

/** What a look at a database finds, without changing anything. */
export interface PostgresLook {
  /** "15.18" */
  readonly version: string;
  /** It can only be read from. */
  readonly isReplica: boolean;
  /** Whether this user may make the schemas that loads are in. */
  readonly mayCreate: boolean;
  /** Whether a service of ours has written there. */
  readonly isMade: boolean;
  /** Bytes of the served load's tables; undefined when nothing is loaded. */
  readonly servedBytes: number | undefined;
}

/** `any`: of a replica (setting `databaseRead`) too. Throws AdresslistaError("database") when it cannot be reached. */
export async function lookAtPostgres(database: string, any = false): Promise<PostgresLook> {
  const url = readPostgresUrl(database);
  const connections = connectionsTo(url, any);
  const what = `cannot read ${url.shown}`;
  try {
    const made = await isMade(connections, url.schema);
    const [facts] = await connections.ask<{ version: string; replica: boolean; create: boolean }>(what, {
      text: `SELECT split_part(current_setting('server_version'), ' ', 1) AS version, pg_is_in_recovery() AS replica,
        has_database_privilege(current_database(), 'CREATE') AS create`,
    });
    const [served] = made
      ? await connections.ask<{ bytes: number }>(what, {
          text: `SELECT bytes FROM ${url.schema}.generation
            WHERE number = (SELECT number FROM ${url.schema}.served_load)`,
        })
      : [];
    return {
      version: facts?.version ?? "",
      isReplica: facts?.replica === true,
      mayCreate: facts?.create === true,
      isMade: made,
      servedBytes: served?.bytes,
    };
  } finally {
    await connections.close();
  }
}
