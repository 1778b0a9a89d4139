/**
 * The audit log (contract section 3): who has asked for what, one JSON line a call, written before the answer leaves. Never
 * names, numbers or tickets: of a call's own values only what the register knows, and the end user as the portal names it.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { hasPersonnummerForm } from "../domain/personnummer.js";
import { AdresslistaError } from "../errors.js";

/** What an operation knows of its call when it is answered. */
export interface CallFacts {
  readonly uid: string | undefined;
  /** A caller who has proved who it is; otherwise `claimedCaller` is what was said. */
  readonly caller?: string;
  readonly claimedCaller?: string | undefined;
  readonly institutions?: readonly string[];
  readonly kurskoder?: readonly string[];
  /** ÅÅÅÅT */
  readonly terminer?: readonly string[];
  /** How many persons the answer tells of. */
  readonly persons: number;
  /** Keys of the answer's ERROR messages. */
  readonly errors: readonly string[];
}

/** A line of the log, its members in this order. What does not apply is left out. */
export interface AuditEntry {
  /** ISO 8601 UTC. */
  readonly time: string;
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
  /** So many more refusals of that address in the minute before, which have no lines of their own. */
  readonly more?: number | undefined;
}

export interface AuditLog {
  /** Throws AdresslistaError "internal" when the line cannot be written: the call is then not to be answered. */
  write(entry: AuditEntry): void;
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
  const refusals = refusalCounter();
  let opened: { readonly day: string; readonly file: number } | undefined;
  /** The last line has no end: the disk was full. */
  let isTorn = false;

  const fileOf = (day: string): number => {
    if (opened?.day === day) return opened.file;
    if (opened !== undefined) closeSync(opened.file);
    opened = undefined;
    opened = { day, file: openSync(join(folder, `audit-${day}.jsonl`), "a", PRIVATE_FILE) };
    isTorn = false;
    return opened.file;
  };

  const append = (entry: AuditEntry) => {
    const line = Buffer.from(`${isTorn ? "\n" : ""}${JSON.stringify(entry)}\n`);
    const file = fileOf(entry.time.slice(0, "ÅÅÅÅ-MM-DD".length));
    const written = writeSync(file, line);
    isTorn = written < line.length;
    if (isTorn) throw new Error("the line is torn");
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
    write(entry) {
      const isRefusal = entry.verified !== true;
      const counted = isRefusal ? refusals.count(entry.address, now()) : { isWritten: true, more: 0 };
      if (!counted.isWritten) return;
      try {
        append(counted.more > 0 ? { ...entry, more: counted.more } : entry);
      } catch (cause) {
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
      if (opened !== undefined) closeSync(opened.file);
      opened = undefined;
    },
  };
}

/** The end user as the portal names it. Some portals name people by their number, which the log must not have. */
export function shownUid(uid: string | undefined): string | undefined {
  if (uid === undefined) return undefined;
  return hasPersonnummerForm(uid) ? "(personnummer)" : uid.slice(0, MAX_UID_CHARACTERS);
}

export interface AuditQuery {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until?: number | undefined;
  readonly caller?: string | undefined;
}

/** Lines in the order in which they were written; `onDamaged` is told of a line that is none (of a full disk, say). */
export async function* readAudit(
  folder: string,
  { since, until = Number.POSITIVE_INFINITY, caller }: AuditQuery,
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
        if (time >= since && time < until && (caller === undefined || entry.caller === caller)) yield entry;
      }
    } finally {
      await file.close();
    }
  }
}

function entryOf(text: string): AuditEntry | undefined {
  try {
    const entry = JSON.parse(text) as Partial<AuditEntry> | null;
    return typeof entry?.time === "string" && typeof entry.outcome === "string"
      ? (entry as AuditEntry)
      : undefined;
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

/** Counts refusals by address, minute by minute. */
function refusalCounter() {
  let minute = 0;
  let counts = new Map<string, number>();
  let before = new Map<string, number>();
  return {
    /** `more`: refusals of the address in the last minute that were not written; told once. */
    count(address: string, now: number): { readonly isWritten: boolean; readonly more: number } {
      const thisMinute = Math.floor(now / MINUTE_MILLISECONDS);
      if (thisMinute !== minute) {
        before = counts;
        counts = new Map();
        minute = thisMinute;
      }
      const key = counts.has(address) || counts.size < MAX_COUNTED_ADDRESSES ? address : OTHERS;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      const unwritten = (before.get(key) ?? 0) - MAX_REFUSALS_PER_MINUTE;
      before.delete(key);
      return { isWritten: count <= MAX_REFUSALS_PER_MINUTE, more: Math.max(0, unwritten) };
    },
  };
}
