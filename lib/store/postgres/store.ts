import { AdresslistaError } from "../../errors.js";
import type { LoadStore } from "../loads.js";

export interface PostgresOptions {
  readonly readOnly?: boolean;
  readonly databaseRead?: string | undefined;
  /** Where a load is built before it is taken over. */
  readonly workFolder?: string | undefined;
}

/** TODO */
export async function openPostgresStore(_database: string, _options: PostgresOptions): Promise<LoadStore> {
  throw new AdresslistaError("database", "not yet");
}

export async function postgresDatabaseExists(_database: string): Promise<boolean> {
  return false;
}
