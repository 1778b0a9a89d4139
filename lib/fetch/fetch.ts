import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { chooseFiles, isSameFile, type Sightings } from "./choose.js";
import { lastingFailure, mayPass, passingFailure } from "./failure.js";
import { createArrival, prepareFolder } from "./folder.js";
import { fingerprint, hostKeyPins, keyType } from "./host-key.js";
import { openSession, type RemoteFile, type Session } from "./session.js";
import type { SftpSettings } from "./settings.js";

/** A file of the export as the server had it, byte for byte. */
export interface FetchedFile {
  /** Where it is now; for its owner alone. */
  readonly path: string;
  /** Its name on the server. */
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** When the server says that it was changed last. */
  readonly modified: Date;
}

export interface FetchOptions {
  /** Absolute path of the folder for fetched exports; made when it is not there. */
  readonly folder: string;
  /** Ends the fetch at once; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Bytes received and bytes to receive. Begins anew when a try does. */
  progress?(done: number, total: number): void;
  now(): Date;
  /** What an administrator may want to know while it goes on: one line, no secrets. */
  say?(line: string): void;
  /** Waits; instead of the clock, in tests. */
  pause?(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** First pause before a new try, in seconds; each following one is twice as long. */
const FIRST_PAUSE_SECONDS = 5;
const MAX_PAUSE_SECONDS = 120;
/** Pauses are so much shorter or longer by chance, that many who were cut off do not come back at once. */
const PAUSE_JITTER = 0.3;
const MINUTE_MILLISECONDS = 60_000;

/**
 * Fetches the export (contract section 4, `reload` without `--file`): the files of the newest delivery, in order of name,
 * each compared with what the server says of it before and after. Network errors and files that change are tried again;
 * a refused login or host key and missing files are not. Whatever happens, it ends within `deadlineMinutes`, and unless
 * it succeeds it leaves no file.
 *
 * Throws AdresslistaError: "hostKey", "settings" (the private key), "fetch"; and the signal's reason.
 */
export async function fetchExport(
  settings: SftpSettings,
  options: FetchOptions,
): Promise<readonly FetchedFile[]> {
  const fetched: Fetched = new Map();
  try {
    return await withinDeadline(settings, options.signal, async (signal, doing) => {
      const { isPrivate } = await prepareFolder(options.folder);
      if (!isPrivate) {
        options.say?.(
          `warning: other users of this machine can look into ${options.folder} (setting fetchedFolder)`,
        );
      }
      for (const note of hostKeyPins(settings).notes) options.say?.(`warning: ${note}`);
      const sightings: Sightings = new Map();
      return await retried(settings, options, signal, doing, () =>
        fetchOnce(settings, options, { signal, doing, sightings, fetched }),
      );
    });
  } catch (error) {
    for (const { path } of fetched.values()) await rm(path, { force: true }).catch(() => {});
    throw error;
  }
}

/** What `adresslista check` says of the export's server. */
export interface SftpCheck {
  /** Of the key that the server presents, which is a pinned one. */
  readonly hostKey: string;
  readonly hostKeyType: string;
  /** How many files have a name that matches. */
  readonly matching: number;
  /** What would be fetched. */
  readonly files: readonly RemoteFile[];
  /** Why a fetch would wait before it takes them. */
  readonly waitsFor: string | undefined;
}

/**
 * Connects, logs in and looks which files would be fetched; once, and changing nothing. Throws as fetchExport does, also
 * when there is nothing to fetch.
 */
export function checkSftp(
  settings: SftpSettings,
  options: { readonly signal?: AbortSignal; now?(): Date } = {},
): Promise<SftpCheck> {
  return withinDeadline(settings, options.signal, async (signal, doing) => {
    doing("looking which files are there");
    const session = await openSession(settings, signal);
    try {
      const now = options.now?.() ?? new Date();
      const choice = chooseFiles(await session.list(), settings, now, new Map());
      return {
        hostKey: fingerprint(session.hostKey),
        hostKeyType: keyType(session.hostKey),
        matching: choice.matching,
        files: choice.files,
        waitsFor: choice.wait?.why,
      };
    } finally {
      session.close();
    }
  });
}

// --- The steps

/** Files that are whole, by name: a new try does not fetch them again. */
type Fetched = Map<string, FetchedFile>;

interface Attempt {
  readonly signal: AbortSignal;
  doing(what: string): void;
  readonly sightings: Sightings;
  readonly fetched: Fetched;
}

async function fetchOnce(
  settings: SftpSettings,
  options: FetchOptions,
  attempt: Attempt,
): Promise<readonly FetchedFile[]> {
  const { signal, doing, sightings } = attempt;
  let said: string | undefined;
  for (;;) {
    doing("looking which files are there");
    const session = await openSession(settings, signal);
    let seconds: number;
    try {
      const choice = chooseFiles(await session.list(), settings, options.now(), sightings);
      if (choice.wait === undefined) {
        if (choice.unusable > 0) {
          options.say?.(
            `warning: ${choice.unusable} matching names in ${settings.path} are not taken: too long, or with characters that no file name should have`,
          );
        }
        return await fetchFiles(session, choice.files, settings, options, attempt);
      }
      doing(`waiting: ${choice.wait.why}`);
      if (said !== choice.wait.why) options.say?.(`waiting: ${choice.wait.why}`);
      said = choice.wait.why;
      seconds = choice.wait.seconds;
    } finally {
      session.close();
    }
    await pause(seconds * 1000, options, signal);
  }
}

async function fetchFiles(
  session: Session,
  files: readonly RemoteFile[],
  settings: SftpSettings,
  options: FetchOptions,
  { signal, doing, fetched }: Attempt,
): Promise<readonly FetchedFile[]> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const result: FetchedFile[] = [];
  for (const file of files) {
    doing(`fetching ${file.name}`);
    const earlier = fetched.get(file.name);
    const isKept = earlier !== undefined && isSameFile(earlier, file);
    if (earlier !== undefined && !isKept) {
      fetched.delete(file.name);
      await rm(earlier.path, { force: true });
    }
    const before = done;
    const whole = isKept
      ? earlier
      : await fetchFile(session, file, settings, options, signal, (bytes) =>
          options.progress?.(before + bytes, total),
        );
    fetched.set(file.name, whole);
    result.push(whole);
    done += file.bytes;
    options.progress?.(done, total);
  }
  await dropOthers(fetched, result);
  return result;
}

/** What an earlier try fetched, and the server no longer has in its newest delivery. */
async function dropOthers(fetched: Fetched, kept: readonly FetchedFile[]): Promise<void> {
  for (const [name, file] of fetched) {
    if (kept.includes(file)) continue;
    fetched.delete(name);
    await rm(file.path, { force: true });
  }
}

async function fetchFile(
  session: Session,
  listed: RemoteFile,
  settings: SftpSettings,
  { folder, now }: FetchOptions,
  signal: AbortSignal,
  onBytes: (received: number) => void,
): Promise<FetchedFile> {
  const { name } = listed;
  const changed = (how: string) =>
    passingFailure(`${settings.host}:${settings.port}: ${name} was changed while it was fetched: ${how}`);
  const before = await session.stat(name);
  if (before === undefined) throw changed("it is gone");
  const arrival = await createArrival(folder, name, now());
  try {
    const hash = createHash("sha256");
    let received = 0;
    for await (const piece of session.read(name, before.bytes)) {
      hash.update(piece);
      await arrival.write(piece);
      received += piece.length;
      onBytes(received);
    }
    const after = await session.stat(name);
    if (after === undefined) throw changed("it is gone");
    if (after.bytes !== before.bytes || received !== before.bytes) {
      throw changed(`${before.bytes} bytes before, ${received} received, ${after.bytes} after`);
    }
    if (!isSameFile(before, after)) throw changed("it was written to in between");
    signal.throwIfAborted();
    const path = await arrival.finish();
    return { path, name, bytes: received, sha256: hash.digest("hex"), modified: after.modified };
  } catch (error) {
    await arrival.discard();
    throw error;
  }
}

// --- Time

/** Tries again what may pass, as often as the settings say. */
async function retried<T>(
  { retries }: SftpSettings,
  options: FetchOptions,
  signal: AbortSignal,
  doing: (what: string) => void,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await attempt();
    } catch (error) {
      failures += 1;
      if (!mayPass(error) || signal.aborted || failures > retries) throw error;
      const seconds = pauseSeconds(failures);
      options.say?.(
        `${error.message}; trying again in ${Math.round(seconds)} seconds (${failures} of ${retries})`,
      );
      doing(`trying again after: ${error.message}`);
      await pause(seconds * 1000, options, signal);
    }
  }
}

function pauseSeconds(failures: number): number {
  const seconds = Math.min(FIRST_PAUSE_SECONDS * 2 ** (failures - 1), MAX_PAUSE_SECONDS);
  return seconds * (1 - PAUSE_JITTER + 2 * PAUSE_JITTER * Math.random());
}

async function pause(milliseconds: number, options: FetchOptions, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await (options.pause ?? sleepUntil)(milliseconds, signal);
  } finally {
    signal.throwIfAborted();
  }
}

function sleepUntil(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds, undefined, { signal });
}

/**
 * The work gets a signal that is given when the time is over or the caller's own is given, and says what it is doing,
 * which is what the message then tells.
 */
async function withinDeadline<T>(
  { host, port, deadlineMinutes }: SftpSettings,
  callers: AbortSignal | undefined,
  work: (signal: AbortSignal, doing: (what: string) => void) => Promise<T>,
): Promise<T> {
  callers?.throwIfAborted();
  const stop = new AbortController();
  const onAbort = () => stop.abort(callers?.reason);
  callers?.addEventListener("abort", onAbort, { once: true });
  let doing = "";
  const timer = setTimeout(() => {
    stop.abort(
      lastingFailure(
        `${host}:${port}: not done within ${deadlineMinutes} minutes (setting sftpDeadlineMinutes), while ${doing}`,
      ),
    );
  }, deadlineMinutes * MINUTE_MILLISECONDS);
  try {
    return await work(stop.signal, (what) => {
      doing = what;
    });
  } finally {
    clearTimeout(timer);
    callers?.removeEventListener("abort", onAbort);
  }
}
