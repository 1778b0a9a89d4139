import type { ReloadStep } from "../reload/reload.js";
import { type CliContext, say } from "./context.js";

const STEPS: Readonly<Record<ReloadStep, string>> = {
  read: "reading the export",
  link: "linking groups",
  write: "writing persons",
  verify: "verifying",
  publish: "switching over",
};

/** Least time between two paintings of the terminal's line, in milliseconds. */
const REPAINT_MILLISECONDS = 100;
const CLEAR_LINE = "\r\u001b[K";

export interface Progress {
  show(step: ReloadStep, done: number, total: number | undefined): void;
  /** Before anything else is written. */
  end(): void;
}

/** On a terminal one line that changes, elsewhere a line for each step. */
export function showProgress(context: CliContext): Progress {
  return context.stderr.isTTY ? onTerminal(context) : inLines(context);
}

function inLines(context: CliContext): Progress {
  let last: ReloadStep | undefined;
  return {
    show(step) {
      if (step !== last) void say(context, STEPS[step]);
      last = step;
    },
    end() {},
  };
}

function onTerminal({ stderr }: CliContext): Progress {
  let last: ReloadStep | undefined;
  let painted = 0;
  return {
    show(step, done, total) {
      const now = performance.now();
      if (step === last && now - painted < REPAINT_MILLISECONDS) return;
      last = step;
      painted = now;
      const share = total ? ` ${Math.floor((100 * done) / total)} %` : "";
      stderr.write(`${CLEAR_LINE}${STEPS[step]}${share}`);
    },
    end() {
      if (last !== undefined) stderr.write(CLEAR_LINE);
    },
  };
}
