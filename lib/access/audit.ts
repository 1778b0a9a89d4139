/**
 * The audit log (contract section 3): who has asked for what, one JSON line a call, written before the answer leaves. Never
 * names, numbers or tickets: of a call's own values only what the register knows, and the end user as the portal names it.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { networkOf } from "../domain/networks.js";
import { hasPersonnummerForm } from "../domain/personnummer.js";
import { AdresslistaError } from "../errors.js";

/** What an operation knows of its call when it is answered. */
export interface CallFacts {
  readonly uid: string | undefined;
  /** A caller who has proved who it is; otherwise `claimedCaller` is what was said. */
  readonly caller?: string | undefined;
  readonly claimedCaller?: string | undefined;
  /** The tenant of a caller who was told by its name; see `Caller`. */
  readonly tenant?: string | undefined;
  readonly institutions?: readonly string[] | undefined;
  readonly kurskoder?: readonly string[] | undefined;
  /** ÅÅÅÅT */
  readonly terminer?: readonly string[] | undefined;
  /** How many persons the answer tells of. */
  readonly persons: number;
  /** Keys of the answer's ERROR messages, each once. */
  readonly errors: readonly string[];
}

/** A line of the log, its members in this order. What does not apply is left out. */
export interface AuditEntry {
  /** ISO 8601 UTC. */
  readonly time: string;
  /** Whose register it was about; absent: the service's own, or nobody knows. */
  readonly tenant?: string | undefined;
  /** A registered caller; `verified` says whether it was proved. */
  readonly caller?: string | undefined;
  readonly verified?: boolean | undefined;
  readonly uid?: string | undefined;
  readonly address: string;
  readonly service: string;
  readonly method?: string | undefined;
  readonly institutions?: readonly string[] | undefined;
  readonly kurskoder?: readonly string[] | undefined;
  readonly terminer?: readonly string[] | undefined;
  readonly persons?: number | undefined;
  /** `valid`, keys of ERROR messages, or `fault` and its code. */
  readonly outcome: string;
  /** Server faults: the number under which the operational log has the cause. */
  readonly incident?: string | undefined;
  /** So many more refusals of that address (or IPv6 network) in the same minute have no lines of their own. */
  readonly more?: number | undefined;
}

export interface AuditLog {
  /** Throws AdresslistaError "internal" when the lines cannot be written: the calls are then not to be answered. */
  write(...entries: readonly AuditEntry[]): void;
  /** Removes days that are older than the log is to be kept. */
  prune(): void;
  close(): void;
}

/** Refusals of one address in a minute that have lines of their own: a stranger must not fill the disk. */
export const MAX_REFUSALS_PER_MINUTE = 60;
const MINUTE_MILLISECONDS = 60_000;
const DAY_MILLISECONDS = 24 * 60 * MINUTE_MILLISECONDS;
/** Addresses that are counted at a time; beyond them all others count as one. */
const MAX_COUNTED_ADDRESSES = 1_000;
const OTHERS = "others";

/** Characters of an end user's name that are kept. */
const MAX_UID_CHARACTERS = 64;

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const NAME = /^audit-(\d{4}-\d{2}-\d{2})\.jsonl$/;

/**
 * A file for each day (UTC) in a folder, which several processes append to: a line is one write, so that none is torn.
 * @param keepDays days that are kept, today aside
 * @throws AdresslistaError "settings" when the folder cannot be made or written
 */
export function auditLog(folder: string, keepDays: number, now: () => number = Date.now): AuditLog {
  const floods = refusalFloods();
  let opened: OpenedFile | undefined;

  const close = () => {
    if (opened !== undefined) closeSync(opened.file);
    opened = undefined;
  };

  const fileOf = (day: string): { readonly to: OpenedFile; readonly size: number } => {
    if (opened?.day === day) {
      const { nlink, size } = fstatSync(opened.file);
      // One that was removed is made anew: what is written to it would be gone.
      if (nlink > 0) return { to: opened, size };
    }
    close();
    const file = openSync(join(folder, `audit-${day}.jsonl`), "a+", PRIVATE_FILE);
    opened = { day, file, wholeAt: 0 };
    return { to: opened, size: fstatSync(file).size };
  };

  const append = (...entries: readonly AuditEntry[]) => {
    for (const [day, ofDay] of byDay(entries)) {
      const { to, size } = fileOf(day);
      let lines = isTorn(to, size) ? "\n" : "";
      for (const entry of ofDay) lines += `${JSON.stringify(entry)}\n`;
      const bytes = Buffer.from(lines);
      if (writeSync(to.file, bytes) < bytes.length) throw new Error("the last line is torn");
      to.wholeAt = size + bytes.length;
    }
  };

  try {
    mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER });
    fileOf(dayOf(now()));
  } catch (cause) {
    throw new AdresslistaError("settings", `auditFolder: the audit log cannot be written in ${folder}`, {
      cause,
    });
  }

  return {
    write(...entries) {
      try {
        const time = now();
        floods.passed(time, append);
        append(...entries.filter((entry) => entry.verified === true || !floods.takes(entry, time)));
      } catch (cause) {
        // What hinders it may be mended by another file in its place.
        close();
        throw new AdresslistaError("internal", "the audit log cannot be written", { cause });
      }
    },

    prune() {
      const oldest = dayOf(now() - keepDays * DAY_MILLISECONDS);
      for (const { day, name } of daysIn(folder)) {
        if (day < oldest) rmSync(join(folder, name), { force: true });
      }
    },

    close() {
      try {
        floods.passed(Number.POSITIVE_INFINITY, append);
      } catch {
        // The disk is full: whoever called has been told so.
      } finally {
        close();
      }
    },
  };
}

/** Lines of one turn are of one day, but for midnight. */
function byDay(entries: readonly AuditEntry[]): ReadonlyMap<string, readonly AuditEntry[]> {
  const days = new Map<string, AuditEntry[]>();
  for (const entry of entries) {
    const day = entry.time.slice(0, "ÅÅÅÅ-MM-DD".length);
    const ofDay = days.get(day);
    if (ofDay === undefined) days.set(day, [entry]);
    else ofDay.push(entry);
  }
  return days;
}

interface OpenedFile {
  readonly day: string;
  readonly file: number;
  /** Of so many bytes the last line is whole: where our own last one ended, when nobody else wrote meanwhile. */
  wholeAt: number;
}

/** Has somebody, we or another process, been cut off in the last line, by a full disk or the power? */
function isTorn({ file, wholeAt }: OpenedFile, size: number): boolean {
  if (size === wholeAt) return false;
  const last = Buffer.alloc(1);
  return readSync(file, last, 0, 1, size - 1) === 1 && last.toString("latin1") !== "\n";
}

/** A personnummer as a part of something else, such as an e-mail address. */
const PERSONNUMMER = /(?<!\d)(?:\d{2})?\d{6}[-+ ]?\d{4}(?!\d)/g;
const NUMBER_LEFT_OUT = "(personnummer)";

/** The end user as the portal names it. Some portals name people by their number, which the log must not have. */
export function shownUid(uid: string | undefined): string | undefined {
  if (uid === undefined) return undefined;
  if (hasPersonnummerForm(uid)) return NUMBER_LEFT_OUT;
  return uid.replace(PERSONNUMMER, NUMBER_LEFT_OUT).slice(0, MAX_UID_CHARACTERS);
}

export interface AuditQuery {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until?: number | undefined;
  readonly caller?: string | undefined;
  readonly tenant?: string | undefined;
}

/**
 * Lines in the order in which they were written; `onDamaged` is told of a line that is none (of a full disk, say).
 * @throws AdresslistaError "settings" when the folder cannot be read
 */
export async function* readAudit(
  folder: string,
  query: AuditQuery,
  onDamaged: (file: string, line: number) => void,
): AsyncIterable<AuditEntry> {
  try {
    yield* entriesIn(folder, query, onDamaged);
  } catch (cause) {
    throw new AdresslistaError("settings", `auditFolder: the audit log cannot be read in ${folder}`, {
      cause,
    });
  }
}

async function* entriesIn(
  folder: string,
  { since, until = Number.POSITIVE_INFINITY, caller, tenant }: AuditQuery,
  onDamaged: (file: string, line: number) => void,
): AsyncIterable<AuditEntry> {
  const from = dayOf(since);
  for (const { day, name } of daysIn(folder)) {
    if (day < from) continue;
    const file = await open(join(folder, name));
    try {
      let line = 0;
      for await (const text of file.readLines()) {
        line += 1;
        const entry = entryOf(text);
        if (entry === undefined) {
          if (text.trim() !== "") onDamaged(name, line);
          continue;
        }
        const time = Date.parse(entry.time);
        if (time < since || time >= until) continue;
        if (caller !== undefined && entry.caller !== caller) continue;
        if (tenant === undefined || entry.tenant === tenant) yield entry;
      }
    } finally {
      await file.close();
    }
  }
}

function entryOf(text: string): AuditEntry | undefined {
  try {
    const entry = JSON.parse(text) as Partial<AuditEntry> | null;
    const isEntry =
      typeof entry?.time === "string" &&
      !Number.isNaN(Date.parse(entry.time)) &&
      typeof entry.outcome === "string";
    return isEntry ? (entry as AuditEntry) : undefined;
  } catch {
    return undefined;
  }
}

function daysIn(folder: string): readonly { readonly day: string; readonly name: string }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const [, day] = NAME.exec(name) ?? [];
      return day === undefined ? [] : [{ day, name }];
    })
    .sort((a, b) => (a.day < b.day ? -1 : 1));
}

function dayOf(milliseconds: number): string {
  return new Date(Math.max(0, milliseconds)).toISOString().slice(0, "ÅÅÅÅ-MM-DD".length);
}

/** Counts refusals by address, minute by minute, and keeps those that are too many for lines of their own. */
function refusalFloods() {
  interface Refusals {
    count: number;
    /** The last one that has no line. */
    last?: AuditEntry;
  }
  let minute = 0;
  let counts = new Map<string, Refusals>();
  let passed: AuditEntry[] = [];

  const endMinute = () => {
    for (const [key, { count, last }] of counts) {
      if (last === undefined) continue;
      const more = count - MAX_REFUSALS_PER_MINUTE - 1;
      passed.push({ ...last, ...(key === OTHERS ? { address: OTHERS } : {}), ...(more > 0 ? { more } : {}) });
    }
    // While nothing can be written: of the newest minutes.
    passed = passed.slice(-MAX_COUNTED_ADDRESSES);
    counts = new Map();
  };

  return {
    /** True: the refusal is counted, and has no line of its own. */
    takes(entry: AuditEntry, now: number): boolean {
      minute = Math.floor(now / MINUTE_MILLISECONDS);
      const network = networkOf(entry.address);
      const key = counts.has(network) || counts.size < MAX_COUNTED_ADDRESSES ? network : OTHERS;
      const refusals = counts.get(key) ?? { count: 0 };
      counts.set(key, refusals);
      refusals.count += 1;
      if (refusals.count <= MAX_REFUSALS_PER_MINUTE) return false;
      refusals.last = entry;
      return true;
    },

    /** One line for each address that had too many in minutes that have passed. */
    passed(now: number, write: (entry: AuditEntry) => void): void {
      if (Math.floor(now / MINUTE_MILLISECONDS) !== minute) endMinute();
      for (let entry = passed[0]; entry !== undefined; entry = passed[0]) {
        write(entry);
        passed.shift();
      }
    },
  };
}
