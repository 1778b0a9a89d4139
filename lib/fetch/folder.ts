/**
 * The folder of fetched exports: personal data, so for us alone, named so that the server's name and the time of the
 * fetch can be read, and removed when their days are over. A file under its final name is whole.
 */
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { lastingFailure } from "./failure.js";

/** A file that is being fetched. */
export interface Arrival {
  write(bytes: Buffer): Promise<void>;
  /** On the disk for certain, then under its final name: the path. */
  finish(): Promise<string>;
  /** Nothing is left of it. */
  discard(): Promise<void>;
}

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const OTHERS = 0o077;
const DAY_MILLISECONDS = 86_400_000;
/** No fetch waits longer than that for a byte (setting sftpIdleSeconds). */
const MAX_QUIET_MILLISECONDS = 3_600_000;

/** `2026-11-24T021500Z-export.zip`; of equal ones the second is `2026-11-24T021500Z.2-…`. While it is fetched, the process' id and `.part` follow. */
const OURS = /^(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d)Z(?:\.\d+)?-.+?(?:\.(\d+)\.part)?$/su;

/** Makes it, readable to us alone, if it is not there. Returns whether others can look into it. */
export async function prepareFolder(folder: string): Promise<{ readonly isPrivate: boolean }> {
  return orFailure(folder, async () => {
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
    return { isPrivate: ((await stat(folder)).mode & OTHERS) === 0 };
  });
}

/** A new file for the export that the server calls `name`. Errors are AdresslistaError("fetch"). */
export async function createArrival(folder: string, name: string, now: Date): Promise<Arrival> {
  const { file, part, final } = await orFailure(folder, () => createUnique(folder, name, now));
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    await file.close();
  };
  return {
    write: (bytes) =>
      orFailure(folder, async () => {
        for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
      }),
    finish: () =>
      orFailure(folder, async () => {
        await file.sync();
        await close();
        await rename(part, final);
        await syncFolder(folder);
        return final;
      }),
    async discard() {
      await close().catch(() => {});
      await rm(part, { force: true }).catch(() => {});
    },
  };
}

/** The unfinished file keeps its final name for itself: nobody else can begin one that would end under it. */
async function createUnique(folder: string, name: string, now: Date) {
  for (let number = 1; ; number++) {
    const final = join(folder, `${stamp(now)}${number === 1 ? "" : `.${number}`}-${name}`);
    const part = `${final}.${process.pid}.part`;
    if (await exists(final)) continue;
    try {
      return { file: await open(part, "wx", PRIVATE_FILE), part, final };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/**
 * Removes what was fetched at least `keepDays` days before `now` (0: all), and what a killed fetch has left. Other files
 * than ours, and those of a fetch that is going on in another process, stay. Not while this process fetches.
 */
export async function removeOldFetched(folder: string, keepDays: number, now: Date): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (const name of names) {
    const [, day, hours, minutes, seconds, pid] = OURS.exec(name) ?? [];
    if (day === undefined) continue;
    const fetched = Date.parse(`${day}T${hours}:${minutes}:${seconds}Z`);
    const path = join(folder, name);
    const isOver =
      pid === undefined
        ? fetched <= now.getTime() - keepDays * DAY_MILLISECONDS
        : await isAbandoned(path, Number(pid), now);
    if (isOver) await rm(path, { force: true });
  }
}

/** Process ids are used again: a file that nobody writes to is abandoned whoever has its number now. */
async function isAbandoned(path: string, pid: number, now: Date): Promise<boolean> {
  if (pid === process.pid || !isRunning(pid)) return true;
  const written = await stat(path).catch(() => undefined);
  return written !== undefined && now.getTime() - written.mtimeMs > MAX_QUIET_MILLISECONDS;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function stamp(now: Date): string {
  return `${now.toISOString().slice(0, 19).replaceAll(":", "")}Z`;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** The new name is on the disk, too. */
async function syncFolder(folder: string): Promise<void> {
  const handle: FileHandle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function orFailure<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw lastingFailure(`${folder} (setting fetchedFolder) cannot be written to (${code})`, code);
  }
}
