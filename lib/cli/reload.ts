import type { Command } from "commander";
import type { Settings } from "../config.js";
import { AdresslistaError } from "../errors.js";
import { reload } from "../reload/reload.js";
import { formatReport, type LoadReport } from "../reload/report.js";
import { type CliContext, type CommonOptions, print, withConfigOption } from "./context.js";
import { personVOEncoder } from "./interface.js";
import { showProgress } from "./progress.js";
import { readProtectedIds } from "./protected-file.js";

/** `adresslista reload`: loads an export; a running service picks it up by itself. */
export function addReloadCommand(program: Command, context: CliContext): void {
  withConfigOption(program.command("reload"))
    .description("load an export into the store and have it served")
    .option("--file <path...>", "the export: one file, or several that are one data set")
    .option("--json", "the report as JSON")
    .action((options: ReloadCommandOptions) => reloadCommand(context, options));
}

interface ReloadCommandOptions extends CommonOptions {
  readonly file?: readonly string[];
  readonly json?: boolean;
}

async function reloadCommand(context: CliContext, options: ReloadCommandOptions): Promise<void> {
  const settings = context.settings({ config: options.config });
  if (options.file === undefined) {
    throw new AdresslistaError(
      "usage",
      "reload needs --file PATH: fetching the export over SFTP is not in this version",
    );
  }
  const report = await loadFiles(context, settings, options.file);
  await print(context, options.json ? `${JSON.stringify(report, undefined, 2)}\n` : formatReport(report));
}

/** Loads files as the settings say, with progress on standard error. */
export async function loadFiles(
  context: CliContext,
  settings: Settings,
  files: readonly string[],
): Promise<LoadReport> {
  const protectedIds = readProtectedIds(settings.protectedFile);
  const encodePersonVO = personVOEncoder();
  const progress = showProgress(context);
  try {
    return await reload({
      database: settings.database,
      files,
      mapping: settings.mapping,
      protected: settings.protected,
      protectedIds,
      keepGenerations: settings.keepGenerations,
      encodePersonVO,
      now: new Date(),
      signal: context.interrupted(),
      progress: progress.show,
    });
  } finally {
    progress.end();
  }
}
