import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Settings } from "../config.js";
import { besideDatabase } from "../store/open.js";
import { type CliContext, say } from "./context.js";
import { EXIT_CODES, SIGNALS } from "./exit.js";

/**
 * How the last reload ended, or that one is running: the JSON document of the setting `statusFile`, for monitoring that
 * wants no more than to read a file. It holds no personal data. Every field always stands there.
 */
export interface Attempt {
  /** What became of the data. `failed` and `interrupted`: nothing was changed, what was served is served. */
  readonly outcome: "running" | "loaded" | "unchanged" | "refused" | "failed" | "interrupted";
  /** The program's (contract section 4); null while it runs. */
  readonly exitCode: number | null;
  readonly pid: number;
  /** ISO 8601 UTC. */
  readonly startedAt: string;
  /** ISO 8601 UTC; null while it runs. */
  readonly endedAt: string | null;
  /** The load that was made, or that is served unchanged. */
  readonly load: number | null;
  /** What went wrong, as it was said on standard error. */
  readonly message: string | null;
  readonly files: readonly AttemptedFile[];
  /** properties/datetime of the export, as written. */
  readonly exportDatetime: string | null;
  /** Rows per table of the new load, also of one that was refused. */
  readonly counts: Readonly<Record<string, number>> | null;
  /** What the guards refused, a sentence each; of a load that was made all the same (`--force`): would have refused. */
  readonly refusals: readonly string[];
  /** Another reload that came while this one ran, and was turned away with exit code 9. */
  readonly turnedAway: { readonly at: string; readonly pid: number } | null;
}

export interface AttemptedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a reload knows of itself when it has ended, or while it runs. */
export type Findings = Partial<
  Pick<Attempt, "outcome" | "load" | "files" | "exportDatetime" | "counts" | "refusals">
>;

export interface AttemptRecord {
  /** Says that it runs: once nobody else does. */
  begin(): void;
  note(findings: Findings): void;
  /** Says how it ended. A second time it counts only when the exit code is another one. */
  end(exitCode: number, message?: string): void;
}

/** Beside the database when no setting says otherwise: `adresslista.sqlite` → `adresslista.status.json`. */
export function statusFileOf({
  statusFile,
  database,
  workFolder,
}: Pick<Settings, "statusFile" | "database" | "workFolder">): string {
  return statusFile ?? besideDatabase(database, workFolder, ".status.json");
}

/**
 * Keeps the status file of one reload. All of it is done at once and without waiting, so that it can be the last thing
 * that a program does. A file that cannot be written is no reason to fail: it is said once, on standard error.
 */
export function recordAttempt(context: CliContext, file: string): AttemptRecord {
  const startedAt = new Date().toISOString();
  let findings: Findings = {};
  let written: Attempt | undefined;
  let warned = false;

  const write = (attempt: Attempt) => {
    try {
      writeWhole(file, `${JSON.stringify(attempt, undefined, 2)}\n`);
      written = attempt;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
      if (!warned) void say(context, `warning: cannot write the status file ${file} (${code})`);
      warned = true;
    }
  };
  const now = (): Attempt => ({
    outcome: "running",
    exitCode: null,
    pid: process.pid,
    startedAt,
    endedAt: null,
    load: null,
    message: null,
    files: [],
    exportDatetime: null,
    counts: null,
    refusals: [],
    turnedAway: turnedAwayMeanwhile(file, startedAt),
    ...findings,
  });

  return {
    begin: () => write(now()),
    note(more) {
      findings = { ...findings, ...more };
    },
    end(exitCode, message) {
      if (written?.exitCode === exitCode && isOurs(readAttempt(file), written)) return;
      const endedAt = new Date().toISOString();
      const running = exitCode === EXIT_CODES.busy ? readAttempt(file) : undefined;
      if (running !== undefined && running.pid !== process.pid && isRunning(running)) {
        // The one that runs says how it goes: it is not hidden by one that did nothing.
        write({ ...running, turnedAway: { at: endedAt, pid: process.pid } });
        return;
      }
      const outcome = findings.outcome ?? outcomeOf(exitCode);
      write({ ...now(), outcome, exitCode, endedAt, message: firstLine(message) });
    },
  };
}

/** Of an internal error the lines after the first say where in the program it was. */
function firstLine(said: string | undefined): string | null {
  return said?.split("\n")[0]?.replace(/^adresslista: /, "") ?? null;
}

function outcomeOf(exitCode: number): Attempt["outcome"] {
  return Object.values<number>(SIGNALS).includes(exitCode) ? "interrupted" : "failed";
}

/** Another reload may have noted in our document that it was turned away. */
function turnedAwayMeanwhile(file: string, startedAt: string): Attempt["turnedAway"] {
  const there = readAttempt(file);
  return there?.pid === process.pid && there.startedAt === startedAt ? there.turnedAway : null;
}

/** The one that was turned away may have written what it had read just before we ended: then ours is written again. */
function isOurs(there: Attempt | undefined, written: Attempt): boolean {
  return there?.pid === written.pid && there.exitCode === written.exitCode;
}

/** The document as it was last written; undefined when there is none, or none of ours. */
export function readAttempt(file: string): Attempt | undefined {
  try {
    const read = JSON.parse(readFileSync(file, "utf8")) as Partial<Attempt> | null;
    if (typeof read?.outcome !== "string" || typeof read.startedAt !== "string") return undefined;
    return read as Attempt;
  } catch {
    return undefined;
  }
}

/** Does it say that it runs, and does it? A reload that was killed (kill -9, power) could not say that it ended. */
export function isRunning(attempt: Attempt): boolean {
  if (attempt.outcome !== "running") return false;
  try {
    process.kill(attempt.pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const began = processBegan(attempt.pid);
  return began === undefined || began <= Date.parse(attempt.startedAt) + CLOCK_SLACK_MILLISECONDS;
}

/** The clock may have been set since then, which moves the time of the boot. */
const CLOCK_SLACK_MILLISECONDS = 60_000;
const TICKS_PER_SECOND = 100;
/** proc(5), /proc/[pid]/stat: starttime is field 22, the twentieth after the command in brackets. */
const START_FIELD = 19;

/** When a process began, in milliseconds since 1970: a number is used again for another one. Undefined beyond Linux. */
function processBegan(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[START_FIELD]);
    const boot = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]);
    const began = (boot + ticks / TICKS_PER_SECOND) * 1000;
    return Number.isFinite(began) ? began : undefined;
  } catch {
    return undefined;
  }
}

/** Readable to the group besides (as far as the umask lets it): monitoring often is another user. */
const STATUS_FILE_MODE = 0o640;

/** Whoever reads the file finds the old document or the new one, whole. */
function writeWhole(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const aside = `${file}.${process.pid}.new`;
  try {
    rmSync(aside, { force: true });
    const descriptor = openSync(aside, "wx", STATUS_FILE_MODE);
    try {
      writeSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(aside, file);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}
