import { existsSync } from "node:fs";
import type { Command } from "commander";
import { openStore } from "../store/open.js";
import type { LoadRecord } from "../store/queries.js";
import { type CliContext, type CommonOptions, print, withConfigOption } from "./context.js";
import { EXIT_CODES } from "./exit.js";

/** `adresslista status`: what is served, for people and (`--json`) for monitoring. */
export function addStatusCommand(program: Command, context: CliContext): void {
  withConfigOption(program.command("status"))
    .description("say which load is served, from which files, and how old it is")
    .option(
      "--json",
      "as JSON: generation (null when nothing is loaded), loadedAt, ageSeconds, exportDatetime, files, counts, warnings",
    )
    .addHelpText(
      "after",
      "\nExit code 0 when a load is served; 8 when nothing is loaded or the database cannot be opened.",
    )
    .action((options: StatusOptions) => status(context, options));
}

interface StatusOptions extends CommonOptions {
  readonly json?: boolean;
}

async function status(context: CliContext, options: StatusOptions): Promise<void> {
  const { database } = context.settings(options);
  const served = await servedLoad(database);
  const now = Date.now();
  await print(context, options.json ? asJson(served, now) : asText(served, now, database));
  if (served === undefined) context.exitWith(EXIT_CODES.database);
}

/** Looking must not make a database. */
async function servedLoad(database: string): Promise<LoadRecord | undefined> {
  if (!existsSync(database)) return undefined;
  const store = await openStore(database);
  try {
    const generation = await store.current();
    return (await store.loads()).find(({ number }) => number === generation?.number);
  } finally {
    await store.close();
  }
}

function asJson(served: LoadRecord | undefined, now: number): string {
  if (served === undefined) return `${JSON.stringify({ generation: null })}\n`;
  const { number, loadedAt, exportDatetime, files, counts, warnings } = served;
  const shown = {
    generation: number,
    loadedAt,
    ageSeconds: ageSeconds(served, now),
    exportDatetime,
    files,
    counts,
    warnings,
  };
  return `${JSON.stringify(shown, undefined, 2)}\n`;
}

function asText(served: LoadRecord | undefined, now: number, database: string): string {
  if (served === undefined) return `nothing is loaded in ${database}\n`;
  const lines = [
    `generation ${served.number}, loaded ${served.loadedAt} (${ageInWords(ageSeconds(served, now))} ago)`,
    `export made: ${served.exportDatetime ?? "not said in the file"}`,
    ...served.files.map(({ name, bytes, sha256 }) => `file: ${name}, ${bytes} bytes, sha256 ${sha256}`),
    ...Object.entries(served.counts).map(([what, count]) => `${what}: ${count}`),
    `warnings: ${served.warnings}`,
  ];
  return `${lines.join("\n")}\n`;
}

function ageSeconds({ loadedAt }: LoadRecord, now: number): number {
  return Math.max(0, Math.round((now - Date.parse(loadedAt)) / 1000));
}

function ageInWords(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  return hours > 0 ? `${hours} h` : `${Math.floor(seconds / 60)} min`;
}
