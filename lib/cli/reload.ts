import { constants, getPriority, setPriority } from "node:os";
import { basename, resolve } from "node:path";
import type { Command } from "commander";
import type { Settings } from "../config.js";
import { AdresslistaError } from "../errors.js";
import { removeOldFetched } from "../fetch/folder.js";
import { sftpSettings } from "../fetch/settings.js";
import type { ExportFile, ReloadOptions, ReloadOutcome } from "../reload/api.js";
import { reload } from "../reload/reload.js";
import { openLoadStore, openStore } from "../store/open.js";
import {
  type CliContext,
  type RegisterOptions,
  registerSettings,
  say,
  withRegisterOptions,
} from "./context.js";
import { EXIT_OK } from "./exit.js";
import { personVOEncoder } from "./interface.js";
import { type Progress, showProgress } from "./progress.js";
import { readProtectedIds } from "./protected-file.js";
import { type OutcomeWriter, outcomeWriter } from "./reload-output.js";
import { type AttemptRecord, type Findings, recordAttempt } from "./status-file.js";

/** `adresslista reload`: fetches and loads an export; a running service picks it up by itself. */
export function addReloadCommand(program: Command, context: CliContext): void {
  withRegisterOptions(program.command("reload"))
    .description("fetch the export over SFTP (or take --file), check it, and have it served")
    .option(
      "--file <path...>",
      "the export, instead of fetching it: one file, or several that are one data set",
    )
    .option("--dry-run", "report, and list what would change of what is served, but change nothing")
    .option("--force", "load what a guard refuses, and what is served already; recorded with the load")
    .option("--json", "the report as one JSON object")
    .addHelpText("after", HELP)
    .action((options: ReloadCommandOptions) => reloadCommand(context, options));
}

const HELP = `
The report is printed on standard output. As JSON: outcome (loaded, unchanged, refused, dryRun), refusals (what guards
refuse, a sentence each) and the report: load, loadedAt, exportDatetime, files, counts, previous, changes, history, repairs,
overridden (what guards refused, and --force loaded), causes, warnings. Refused before it was read whole: outcome and
refusals alone. Unchanged: outcome and load. A dry run has differences besides: counts by institution, and entries (of,
kind, institution, key, what); ids only.

How it ended stands in the status file too (setting statusFile), unless it was a dry run.

Exit code 0 when it is loaded, or the same export is served already; 3 wrong settings; 4 could not fetch; 5 host key
refused; 6 the export is unusable; 7 refused by a guard (a dry run: would be); 8 database; 9 another reload is running;
130, 143 interrupted. After 2 to 9, what was served before is served still.`;

interface ReloadCommandOptions extends RegisterOptions {
  readonly file?: readonly string[];
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

async function reloadCommand(context: CliContext, options: ReloadCommandOptions): Promise<void> {
  const { config, tenant } = options;
  const statusFile = options.dryRun ? undefined : context.statusFile({ config }, tenant);
  const attempt = statusFile === undefined ? undefined : recordAttempt(context, statusFile);
  context.atExit((code, message) => attempt?.end(code, message));
  const settings = registerSettings(context, options);
  lowerPriority();
  const progress = showProgress(context);
  context.atExit(() => progress.end());
  const writer = outcomeWriter(context, options.json === true);
  const outcome = await attemptLoad(context, settings, options, { attempt, progress, writer });
  await tell(context, options, outcome, writer);
}

interface Witnesses {
  /** None of a dry run, nor when nobody knows where the status file is. */
  readonly attempt: AttemptRecord | undefined;
  readonly progress: Progress;
  readonly writer: OutcomeWriter;
}

async function attemptLoad(
  context: CliContext,
  settings: Settings,
  options: ReloadCommandOptions,
  { attempt, progress, writer }: Witnesses,
): Promise<ReloadOutcome> {
  const signal = context.interrupted();
  const source =
    options.file === undefined
      ? remoteSource(context, settings, progress, signal)
      : localSource(context, options.file);
  const endFetch = await takeTurn(settings.database);
  attempt?.begin();
  try {
    let files: readonly ExportFile[];
    try {
      files = await source.files();
    } finally {
      await endFetch();
    }
    attempt?.note({ files: files.flatMap(attemptedFile) });
    const dryRun: ReloadOptions["dryRun"] = async (differences) => {
      progress.end();
      await writer.differences(differences, signal);
    };
    const outcome = await loadFiles(settings, files, {
      force: options.force === true,
      ...(options.dryRun ? { dryRun } : {}),
      signal,
      progress: progress.show,
    });
    attempt?.note(await findingsOf(outcome, settings.database));
    // A pager that shows the report would otherwise keep it running.
    if (outcome.kind !== "refused") attempt?.end(EXIT_OK);
    return outcome;
  } finally {
    progress.end();
    await source.end();
  }
}

/** Loads files as the settings say. */
export async function loadFiles(
  settings: Settings,
  files: readonly ExportFile[],
  how: Pick<ReloadOptions, "force" | "dryRun" | "signal" | "progress">,
): Promise<ReloadOutcome> {
  const { guardFewerPercent, guardFewerCount, guardMorePercent, guardMoreCount } = settings;
  return reload({
    database: settings.database,
    workFolder: settings.workFolder,
    files,
    mapping: settings.mapping,
    repair: settings.repair,
    datasource: settings.datasource,
    historyTerms: settings.historyTerms,
    requireEmail: settings.requireEmail,
    guards: {
      fewer: { percent: guardFewerPercent, count: guardFewerCount },
      more: guardMorePercent === undefined ? undefined : { percent: guardMorePercent, count: guardMoreCount },
    },
    protected: settings.protected,
    protectedIds: readProtectedIds(settings.protectedFile),
    keepGenerations: settings.keepGenerations,
    encodePersonVO: personVOEncoder(),
    now: new Date(),
    ...how,
  });
}

/** Where an export comes from, and what is to be done when its load has ended, whatever came of it. */
interface Source {
  files(): Promise<readonly ExportFile[]>;
  end(): Promise<void>;
}

function localSource({ cwd }: CliContext, paths: readonly string[]): Source {
  const files = paths.map((path) => ({ path: resolve(cwd, path), name: basename(path) }));
  return { files: async () => files, end: async () => {} };
}

function remoteSource(
  context: CliContext,
  settings: Settings,
  progress: Progress,
  signal: AbortSignal,
): Source {
  if (settings.sftpHost === undefined) {
    throw new AdresslistaError(
      "settings",
      "sftpHost is not set: set it for fetching the export over SFTP, or name the export with --file PATH",
    );
  }
  const sftp = sftpSettings(settings);
  return {
    async files() {
      const { fetchExport } = await fetching();
      progress.show("fetch", 0, undefined);
      return fetchExport(sftp, {
        folder: settings.fetchedFolder,
        signal,
        now: () => new Date(),
        progress: (done, total) => progress.show("fetch", done, total),
        say: (line) => {
          progress.end();
          void say(context, line);
        },
      });
    },
    async end() {
      try {
        await removeOldFetched(settings.fetchedFolder, settings.keepFetchedDays, new Date());
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
        await say(context, `warning: cannot remove old exports from ${settings.fetchedFolder} (${code})`);
      }
    },
  };
}

/** Only when it is needed: SSH takes longer to load than the other commands take in all. */
function fetching() {
  return import("../fetch/fetch.js");
}

/**
 * One at a time from the fetch on: whoever comes meanwhile is turned away at once, and takes nothing from the one that
 * runs. The load itself takes the lock anew.
 */
async function takeTurn(database: string): Promise<() => Promise<void>> {
  const store = await openLoadStore(database);
  try {
    const lock = await store.takeReloadLock();
    return async () => {
      await lock.release();
      await store.close();
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What the status file says of it. */
export async function findingsOf(outcome: ReloadOutcome, database: string): Promise<Findings> {
  switch (outcome.kind) {
    case "loaded": {
      const { load, files, exportDatetime, counts } = outcome.report;
      const refusals = outcome.overridden;
      return {
        outcome: "loaded",
        load,
        files: files.flatMap(attemptedFile),
        exportDatetime,
        counts,
        refusals,
      };
    }
    case "unchanged": {
      const served = await recordOf(database, outcome.load);
      return {
        outcome: "unchanged",
        load: outcome.load,
        ...(served
          ? { files: served.files, exportDatetime: served.exportDatetime, counts: served.counts }
          : {}),
      };
    }
    case "refused": {
      const { report, refusals } = outcome;
      return {
        outcome: "refused",
        refusals,
        ...(report
          ? {
              files: report.files.flatMap(attemptedFile),
              exportDatetime: report.exportDatetime,
              counts: report.counts,
            }
          : {}),
      };
    }
    case "dryRun":
      return {};
  }
}

async function recordOf(database: string, load: number) {
  const store = await openStore(database);
  try {
    return (await store.loads()).find(({ number }) => number === load);
  } finally {
    await store.close();
  }
}

/** Of a file that was named on the command line no more is known before it has been read. */
function attemptedFile(file: { readonly name: string; readonly bytes?: number; readonly sha256?: string }) {
  const { name, bytes, sha256 } = file;
  return bytes === undefined || sha256 === undefined ? [] : [{ name, bytes, sha256 }];
}

/** Prints what came of it. Throws AdresslistaError("guard") when a guard refused. */
async function tell(
  context: CliContext,
  options: ReloadCommandOptions,
  outcome: ReloadOutcome,
  writer: OutcomeWriter,
): Promise<void> {
  switch (outcome.kind) {
    case "unchanged":
      return writer.unchanged(outcome.load);
    case "loaded":
      await writer.report("loaded", [], outcome.report);
      return sayEach(context, "loaded with --force, although", outcome.overridden);
    case "refused":
      await writer.report("refused", outcome.refusals, outcome.report);
      await sayEach(context, "refused", outcome.refusals);
      throw new AdresslistaError(
        "guard",
        `a guard refused the load and nothing was changed; when it is right all the same, load it with ${forcing(options)}`,
      );
    case "dryRun":
      await writer.report("dryRun", outcome.refusals, outcome.report);
      if (outcome.refusals.length === 0)
        return say(context, "dry run: it could be loaded; nothing was changed");
      if (options.force) {
        await sayEach(context, "would be loaded with --force, although", outcome.refusals);
        return say(context, "dry run: nothing was changed");
      }
      await sayEach(context, "would be refused", outcome.refusals);
      throw new AdresslistaError(
        "guard",
        `dry run: a guard would refuse the load, and ${forcing(options)} would load it; nothing was changed`,
      );
  }
}

function forcing({ file, tenant }: ReloadCommandOptions): string {
  return [
    "adresslista reload --force",
    ...(tenant === undefined ? [] : [`--tenant ${tenant}`]),
    ...(file === undefined ? [] : ["--file PATH"]),
  ].join(" ");
}

async function sayEach(context: CliContext, what: string, lines: readonly string[]): Promise<void> {
  for (const line of lines) await say(context, `${what}: ${line}`);
}

/** Calls come first on a machine that serves too. Never raised: the service manager may have set it lower. */
function lowerPriority(): void {
  const wanted = constants.priority.PRIORITY_BELOW_NORMAL;
  try {
    if (getPriority() < wanted) setPriority(wanted);
  } catch {
    // Not every system lets a program do this; it loads all the same.
  }
}
