import type { Command } from "commander";
import { AdresslistaError } from "../errors.js";
import { rollback } from "../reload/rollback.js";
import { databaseExists, openStore, shownDatabase } from "../store/open.js";
import {
  type CliContext,
  print,
  type RegisterOptions,
  registerSettings,
  say,
  withRegisterOptions,
} from "./context.js";

/** `adresslista rollback`: has an earlier load served, at once. */
export function addRollbackCommand(program: Command, context: CliContext): void {
  withRegisterOptions(program.command("rollback [load]"))
    .description("have an earlier load served that is still kept, at once; without a number the one before")
    .addHelpText("after", HELP)
    .action((load: string | undefined, options: RegisterOptions) => rollbackCommand(context, load, options));
}

const HELP = `
\`adresslista status\` lists the loads that are kept. A running service answers from the other one at the next call. The next
nightly load goes on as usual, but the export that was gone back from is recognised, and refused without --force.

Exit code 0 when it is served; 2 when there is no such load to go back to; 8 database; 9 a reload is running.`;

async function rollbackCommand(
  context: CliContext,
  load: string | undefined,
  options: RegisterOptions,
): Promise<void> {
  const { database } = registerSettings(context, options);
  const ofTenant = options.tenant === undefined ? "" : ` --tenant ${options.tenant}`;
  if (!(await databaseExists(database)))
    throw new AdresslistaError("database", `nothing is loaded in ${shownDatabase(database)}`);
  const { from, to } = await rollback(database, loadNumber(load), new Date());
  await print(context, `load ${from} → load ${to}${await madeOf(database, to)}\n`);
  await say(
    context,
    `the next reload is made as usual; when it finds the export of load ${from} again, it is refused: ` +
      `mend the export, or load it with --force. \`adresslista rollback${ofTenant} ${from}\` goes back to load ${from}.`,
  );
}

function loadNumber(load: string | undefined): number | undefined {
  if (load === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(load)) {
    throw new AdresslistaError("usage", "LOAD is the number of a load, as `adresslista status` lists them");
  }
  return Number(load);
}

async function madeOf(database: string, load: number): Promise<string> {
  const store = await openStore(database, { readOnly: true });
  try {
    const record = (await store.loads()).find(({ number }) => number === load);
    return record === undefined ? "" : `, loaded ${record.loadedAt}`;
  } finally {
    await store.close();
  }
}
