import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Settings } from "../config.js";
import { AdresslistaError } from "../errors.js";
import { openStore, shownDatabase } from "../store/open.js";
import { isPostgresUrl } from "../store/postgres/url.js";
import { generationFile } from "../store/sqlite/files.js";
import { nearestFolder, writable, writableFolder } from "./writable.js";

/** What `adresslista check` looks at of a register's database: each says what it finds, or throws what is wrong. */
export function databaseChecks({
  database,
  databaseRead,
  workFolder,
}: Pick<Settings, "database" | "databaseRead" | "workFolder">): readonly {
  readonly what: string;
  find(): string | Promise<string>;
}[] {
  if (!isPostgresUrl(database)) return [{ what: "database", find: () => fileCheck(database) }];
  const replica =
    databaseRead === undefined
      ? []
      : [{ what: "databaseRead", find: () => replicaCheck(database, databaseRead) }];
  return [
    { what: "database", find: () => serverCheck(database) },
    ...replica,
    { what: "folder of loads that are built", find: () => workFolderCheck(database, workFolder) },
  ];
}

async function fileCheck(database: string): Promise<string> {
  if (!existsSync(database)) {
    writableFolder("database", dirname(database), "database");
    return `${database} is not there yet; the first reload makes it`;
  }
  writable("database", database, "database");
  writable("database", dirname(database), "database");
  const store = await openStore(database, { readOnly: true });
  try {
    const served = await store.served();
    // Opened as a call would open it: its file may be gone or damaged.
    await store.current();
    const size = served === undefined ? 0 : statSync(generationFile(database, served.number)).size;
    const free = roomFor(size, dirname(database));
    const what = served === undefined ? "nothing is loaded" : `load ${served.number} is served`;
    return `${database}, ${what}, ${megabytes(free)} MB free`;
  } finally {
    await store.close();
  }
}

/** A load is built beside the one that is served, in a database and temporary files of about its size each. */
const ROOM_PER_LOAD = 3;
const LEAST_ROOM_BYTES = 200_000_000;

/** Bytes that are free; throws when the next load would hardly find room. */
function roomFor(loadBytes: number, folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const needed = Math.max(LEAST_ROOM_BYTES, ROOM_PER_LOAD * loadBytes);
  if (free >= needed) return free;
  throw new AdresslistaError(
    "database",
    `${megabytes(free)} MB are free in ${folder}, and a load needs some ${megabytes(needed)}: make room, or keep fewer loads (keepGenerations)`,
  );
}

function megabytes(bytes: number): string {
  return String(Math.floor(bytes / 1_000_000));
}

async function serverCheck(database: string): Promise<string> {
  const { lookAtPostgres } = await import("../store/postgres/look.js");
  const { version, isReplica, mayCreate, isMade } = await lookAtPostgres(database);
  const shown = `${shownDatabase(database)}, version ${version}`;
  if (isReplica) throw new AdresslistaError("database", `${shown}: none of its hosts can be written to`);
  if (!mayCreate) {
    throw new AdresslistaError(
      "database",
      `${shown}: this user may make no schemas there, and each load gets one: GRANT CREATE ON DATABASE, or make it the owner`,
    );
  }
  if (!isMade) return `${shown}, nothing is there yet; the first reload makes it`;
  const store = await openStore(database, { readOnly: true });
  try {
    const served = await store.served();
    // Opened as a call would open it: its tables may be gone, or of another version.
    await store.current();
    return `${shown}, ${served === undefined ? "nothing is loaded" : `load ${served.number} is served`}`;
  } finally {
    await store.close();
  }
}

/** A replica that is behind is no fault: what it has not got yet is read from the primary. */
async function replicaCheck(database: string, databaseRead: string): Promise<string> {
  const { lookAtPostgres } = await import("../store/postgres/look.js");
  const { version, isReplica, isMade } = await lookAtPostgres(databaseRead, true);
  const shown = `${shownDatabase(databaseRead)}, version ${version}`;
  // That it does not answer has a line of its own.
  const ofPrimary = await lookAtPostgres(database).catch(() => undefined);
  if (ofPrimary?.isMade && !isMade) {
    throw new AdresslistaError("database", `databaseRead: ${shown} has nothing of what the primary has`);
  }
  return `${shown}, ${isReplica ? "a replica" : "no replica: it can be written to"}`;
}

async function workFolderCheck(database: string, workFolder: string): Promise<string> {
  const found = writableFolder("workFolder", workFolder);
  const { lookAtPostgres } = await import("../store/postgres/look.js");
  // As much as SQLite's file takes, about; of a database that does not answer nobody knows.
  const look = await lookAtPostgres(database).catch(() => undefined);
  return `${found}, ${megabytes(roomFor(look?.servedBytes ?? 0, nearestFolder(workFolder)))} MB free`;
}
