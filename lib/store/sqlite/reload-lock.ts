import { setTimeout as delay } from "node:timers/promises";
import { AdresslistaError } from "../../errors.js";
import { BUSY_TIMEOUT_MS, openWritable } from "./files.js";

/**
 * One reload at a time, on any number of processes: an exclusive transaction on a file of its own. The operating system
 * lets go of it when the process ends, however it ends. Throws AdresslistaError("busy") when another one has it.
 */
export function takeReloadLock(database: string): () => void {
  const connection = openWritable(`${database}.reload-lock`);
  try {
    connection.pragma("busy_timeout = 0");
    connection.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    connection.close();
    if ((cause as { code?: string }).code === "SQLITE_BUSY") {
      throw new AdresslistaError("busy", "another reload is running on this database");
    }
    throw new AdresslistaError("database", "cannot lock the database for a reload", { cause });
  }
  return () => connection.close();
}

/** How often a lock that another process has is asked for, in milliseconds. */
const RETRY_MS = 50;

/** The same lock, waited for as long as for any other of the database; then AdresslistaError("busy"). */
export async function waitForReloadLock(database: string): Promise<() => void> {
  for (const deadline = performance.now() + BUSY_TIMEOUT_MS; ; await delay(RETRY_MS)) {
    try {
      return takeReloadLock(database);
    } catch (error) {
      const isBusy = error instanceof AdresslistaError && error.code === "busy";
      if (!isBusy || performance.now() > deadline) throw error;
    }
  }
}
