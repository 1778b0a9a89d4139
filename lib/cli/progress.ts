import { type Options, SingleBar } from "cli-progress";
import type { ReloadStep } from "../reload/api.js";
import { type CliContext, say } from "./context.js";

export type ProgressStep = "fetch" | ReloadStep;

const STEPS: Readonly<Record<ProgressStep, string>> = {
  fetch: "fetching the export",
  read: "reading the export",
  link: "linking groups",
  write: "writing persons",
  verify: "verifying",
  compare: "comparing with what is served",
  publish: "switching over",
};

/** What is counted in a step, where it means something to a reader. */
const UNITS: Partial<Readonly<Record<ProgressStep, "bytes" | "persons">>> = {
  fetch: "bytes",
  read: "bytes",
  write: "persons",
};

export interface Progress {
  /** A step has begun or goes on; `total` is undefined when it is not known. */
  show(step: ProgressStep, done: number, total: number | undefined): void;
  /** Before anything else is written: nothing of the progress is left on the terminal's line. */
  end(): void;
}

/** On a terminal a bar for each step, elsewhere a line. Both on standard error. */
export function showProgress(context: CliContext): Progress {
  return context.stderr.isTTY ? onTerminal(context) : inLines(context);
}

function inLines(context: CliContext): Progress {
  let last: ProgressStep | undefined;
  return {
    show(step) {
      if (step !== last) void say(context, STEPS[step]);
      last = step;
    },
    end() {},
  };
}

/** Least time between two updates of the bar, in milliseconds. */
const UPDATE_MILLISECONDS = 100;
/** Updates from which the rate and the time left are taken: some ten seconds. */
const ETA_UPDATES = 100;

function onTerminal({ stderr }: CliContext): Progress {
  let bar: SingleBar | undefined;
  let last: { readonly step: ProgressStep; readonly done: number; readonly total: number | undefined };
  let updated = 0;

  const end = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    show(step, done, total) {
      const now = performance.now();
      // Of several files each is read from its beginning.
      const isNew = bar === undefined || last.step !== step || last.total !== total || done < last.done;
      if (!isNew && now - updated < UPDATE_MILLISECONDS) return;
      last = { step, done, total };
      updated = now;
      if (isNew) {
        end();
        bar = new SingleBar({
          stream: stderr,
          format: (_, params) => barLine(step, { ...params, first: done, total, now: Date.now() }),
          etaBuffer: ETA_UPDATES,
          clearOnComplete: true,
          // The terminal is left as it was found, also when the program has no time to restore it.
          hideCursor: false,
          linewrap: true,
        } satisfies Options);
        bar.start(total ?? 0, done);
      } else bar?.update(done);
    },
    end,
  };
}

export interface BarState {
  /** What was done when the bar began. */
  readonly first: number;
  readonly value: number;
  readonly total: number | undefined;
  /** Seconds left as cli-progress reckons them: "NULL" and "INF" when it cannot. */
  readonly eta: number | string;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  readonly now: number;
}

const BAR_CHARACTERS = 24;
/** Before this a rate says nothing, in seconds. */
const FIRST_RATE_SECONDS = 1;

/** `reading the export  [########----------------]  33 %  12.3 MB/s  4 s left` */
export function barLine(step: ProgressStep, { first, value, total, eta, startTime, now }: BarState): string {
  const seconds = Math.max(0, (now - startTime) / 1000);
  const unit = UNITS[step];
  const parts = [STEPS[step]];
  if (total) {
    const share = Math.min(1, value / total);
    const full = Math.floor(share * BAR_CHARACTERS);
    parts.push(`[${"#".repeat(full)}${"-".repeat(BAR_CHARACTERS - full)}]`);
    parts.push(`${String(Math.floor(share * 100)).padStart(3)} %`);
  } else if (unit !== undefined && value > 0) parts.push(amount(value, unit));
  if (unit !== undefined && value > first && seconds >= FIRST_RATE_SECONDS) {
    parts.push(`${amount((value - first) / seconds, unit)}/s`);
  }
  if (total && typeof eta === "number" && seconds >= FIRST_RATE_SECONDS) parts.push(`${duration(eta)} left`);
  else if (!total) parts.push(duration(Math.floor(seconds)));
  return parts.join("  ");
}

function amount(value: number, unit: "bytes" | "persons"): string {
  return unit === "bytes" ? `${(value / 1_000_000).toFixed(1)} MB` : `${Math.round(value)} persons`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
