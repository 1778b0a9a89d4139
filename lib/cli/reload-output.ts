import type { Difference, Differences } from "../reload/differences.js";
import { formatReport, type LoadReport } from "../reload/report.js";
import { type CliContext, print } from "./context.js";

/**
 * What `adresslista reload` prints. As text for people; as one JSON object (`--json`), documented in the command's help
 * and the README. A list of differences may have a million entries: all of it is made and written in pieces.
 */
export interface OutcomeWriter {
  /** Of a dry run, before its report: the two generations are there only as long as this has not returned. */
  differences(differences: Differences, signal: AbortSignal): Promise<void>;
  /** Ends what is printed. Without a report when the load was refused before it was read whole. */
  report(
    outcome: "loaded" | "refused" | "dryRun",
    refusals: readonly string[],
    report?: LoadReport,
  ): Promise<void>;
  unchanged(load: number): Promise<void>;
}

export function outcomeWriter(context: CliContext, json: boolean): OutcomeWriter {
  return json ? inJson(context) : inText(context);
}

function inText(context: CliContext): OutcomeWriter {
  return {
    differences: (differences, signal) => printPieces(context, differencesAsText(differences), signal),
    report: async (_, __, report) => {
      if (report !== undefined) await print(context, formatReport(report));
    },
    unchanged: (load) => print(context, `load ${load} is served, made from the same export: nothing to do\n`),
  };
}

function inJson(context: CliContext): OutcomeWriter {
  let isBegun = false;
  return {
    async differences(differences, signal) {
      isBegun = true;
      await printPieces(context, differencesAsJson(differences), signal);
    },
    async report(outcome, refusals, report) {
      const rest = JSON.stringify({ ...(isBegun ? {} : { outcome }), refusals, ...report }, undefined, 2);
      await print(context, `${isBegun ? `,${rest.slice(1)}` : rest}\n`);
    },
    unchanged: (load) => print(context, `${JSON.stringify({ outcome: "unchanged", load }, undefined, 2)}\n`),
  };
}

/** The object as far as its differences: `report` goes on with the next field. */
export function* differencesAsJson({ counts, entries }: Differences): Generator<string> {
  yield '{\n  "outcome": "dryRun",\n  "differences": {\n    "counts": [';
  yield* inLines(counts, 6);
  yield '],\n    "entries": [';
  yield* inLines(entries(), 6);
  yield "]\n  }";
}

function* inLines(values: Iterable<unknown>, indent: number): Generator<string> {
  let isFirst = true;
  for (const value of values) {
    yield `${isFirst ? "" : ","}\n${" ".repeat(indent)}${JSON.stringify(value)}`;
    isFirst = false;
  }
  if (!isFirst) yield `\n${" ".repeat(indent - 2)}`;
}

/** How kinds of differences are shown at the beginning of a line. */
const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

/** A line for each number and each difference: `+ registration VUX E0001 G12 MATMAT02b 20262 FFG`. */
export function* differencesAsText({ counts, entries }: Differences): Generator<string> {
  const changes = counts.filter(({ added, removed, changed }) => added + removed + changed > 0);
  if (changes.length === 0) {
    yield "No differences from what is served.\n";
    return;
  }
  yield "Differences from what is served, by school:\n";
  for (const { of, institution, added, removed, changed } of changes) {
    yield `  ${(institution || "-").padEnd(4)} ${of.padEnd(12)} ${added} added, ${removed} removed, ${changed} changed\n`;
  }
  yield "Each of them (ids are the register's):\n";
  for (const entry of entries()) yield differenceLine(entry);
}

function differenceLine({ of, kind, institution, key, what }: Difference): string {
  const fields = [SIGNS[kind], of, institution || "-", ...key];
  return `  ${fields.join(" ")}${what === undefined || what.length === 0 ? "" : `: ${what.join(", ")}`}\n`;
}

/** Characters that are written at once. */
const PIECE_CHARACTERS = 65_536;

/** No faster than they are read. Ends early when whoever read them has gone; throws when it is interrupted. */
async function printPieces(
  context: CliContext,
  pieces: Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  let waiting = "";
  for (const piece of pieces) {
    waiting += piece;
    if (waiting.length < PIECE_CHARACTERS) continue;
    await unlessAborted(print(context, waiting), signal);
    waiting = "";
    if (!context.stdout.writable) return;
  }
  await unlessAborted(print(context, waiting), signal);
}

/** A reader that does not read (a pager) keeps nobody from ending. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
