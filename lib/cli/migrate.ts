import { resolve } from "node:path";
import type { Command } from "commander";
import { AdresslistaError } from "../errors.js";
import { migrate } from "../reload/migrate.js";
import { databaseExists, shownDatabase } from "../store/open.js";
import { isPostgresUrl, wrongPostgresUrl } from "../store/postgres/url.js";
import {
  type CliContext,
  print,
  type RegisterOptions,
  registerSettings,
  say,
  withRegisterOptions,
} from "./context.js";

/** `adresslista migrate`: the same callers, codes and loads in another database, proved to answer as before. */
export function addMigrateCommand(program: Command, context: CliContext): void {
  withRegisterOptions(program.command("migrate"))
    .description("copy everything to another database that is empty, and compare its answers")
    .requiredOption(
      "--to <database>",
      "postgres:// address, or path of an SQLite file; - reads it from standard input",
    )
    .addHelpText("after", HELP)
    .action((options: MigrateCommandOptions) => migrateCommand(context, options));
}

const HELP = `
From the database that the setting database names (with --tenant: the tenant's). That one is not changed: go on with it
until the setting names the new one and the services have been restarted. No reload can run meanwhile, and what is done to
callers meanwhile is not copied. An address with a password is better read from standard input (--to -) than seen in a list of processes.

Exit code 0 when all kept loads are copied and answer as before; 2 when the new database holds something already; 8
database; 9 a reload is running; 1 when an answer differs: then nothing is served from the new database.`;

interface MigrateCommandOptions extends RegisterOptions {
  readonly to: string;
}

async function migrateCommand(context: CliContext, options: MigrateCommandOptions): Promise<void> {
  const { database, workFolder } = registerSettings(context, options);
  const to = databaseNamed(options.to === "-" ? await firstLine(context) : options.to, context.cwd);
  if (to === database) throw new AdresslistaError("usage", "--to names the database that is used already");
  if (!(await databaseExists(database))) {
    throw new AdresslistaError("usage", `nothing is loaded in ${shownDatabase(database)}`);
  }
  const { loads, callers, compared } = await migrate({
    database,
    to,
    workFolder,
    signal: context.interrupted(),
    say: (line) => say(context, line),
  });
  await print(
    context,
    `${loads.length} loads and ${callers} callers are in ${shownDatabase(to)}; ${compared} answers compared, all the same\n`,
  );
  await say(context, "set database to it, and restart the services: until then the old one goes on");
}

function databaseNamed(written: string, cwd: string): string {
  if (!isPostgresUrl(written)) return resolve(cwd, written);
  const wrong = wrongPostgresUrl(written);
  if (wrong !== undefined) throw new AdresslistaError("usage", `--to ${wrong}`);
  return written;
}

async function firstLine({ stdin }: CliContext): Promise<string> {
  let text = "";
  for await (const chunk of stdin) text += String(chunk);
  const line = text.split("\n")[0]?.trim() ?? "";
  if (line === "") throw new AdresslistaError("usage", "--to -: standard input has no address");
  return line;
}
