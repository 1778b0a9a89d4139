import { AdresslistaError } from "../../errors.js";
import { openWritable } from "./files.js";

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
