import type { Command } from "commander";
import type { Settings } from "../config.js";
import { AdresslistaError } from "../errors.js";
import { ALL_INSTITUTIONS } from "../reload/guards.js";
import type { LoadCause, LoadReport } from "../reload/report.js";
import { databaseExists, openStore, shownDatabase } from "../store/open.js";
import type { KeptLoad, LoadRecord } from "../store/queries.js";
import { type Register, registerInWords, registerOf, registersOf } from "../tenants.js";
import { type Age, ageOf, SECONDS_PER_HOUR } from "./age.js";
import { type CliContext, print, type RegisterOptions, withRegisterOptions } from "./context.js";
import { EXIT_CODES, endingOf } from "./exit.js";
import { type Attempt, isRunning, readAttempt, statusFileOf } from "./status-file.js";

/** `adresslista status`: what is served and how the last reload went, for people and (`--json`) for monitoring. */
export function addStatusCommand(program: Command, context: CliContext): void {
  withRegisterOptions(program.command("status"))
    .description("say which load is served, how old it is, and how the last reload went; nothing is changed")
    .option("--json", "as one JSON object")
    .addHelpText("after", HELP)
    .action((options: StatusOptions) => status(context, options));
}

const HELP = `
As JSON: generation (null when nothing is loaded), loadedAt, exportDatetime, ageSeconds, stale, maxAgeHours, files, counts,
schools (institution, * for all; persons, occasions, registrations), warnings, causes (cause, severity, text, count), forced
(what guards refused, and --force loaded), kept (the loads that \`adresslista rollback\` can go back to) and lastReload (the
status file, with state besides: ended, running, died).

With the setting tenants, and without --tenant: all registers, each tenant's as a member of tenants (one that cannot be read:
error). The service's own then need not have a load.

The age is counted from the export's own datetime when it says one, else from the load: the same export again and again
becomes stale.

Exit code 0 when a load is served that is not stale; 7 when it is older than the setting maxAgeHours; 8 when nothing is
loaded, or the database cannot be read.`;

interface StatusOptions extends RegisterOptions {
  readonly json?: boolean;
}

async function status(context: CliContext, { config, tenant, json }: StatusOptions): Promise<void> {
  const settings = context.settings({ config });
  const now = new Date();
  if (tenant === undefined && settings.tenants.size > 0) return statusOfAll(context, settings, json, now);
  const found = await lookAt(registerOf(settings, tenant), now);
  await print(context, json ? `${asJson(found)}\n` : asText(found));
  if (found.age === undefined) context.exitWith(EXIT_CODES.database);
  else if (found.age.stale) throw stale([found]);
}

/** A register that cannot be read is no reason to say nothing of the others. */
async function statusOfAll(
  context: CliContext,
  settings: Settings,
  json: boolean | undefined,
  now: Date,
): Promise<void> {
  const all: Looked[] = [];
  for (const register of registersOf(settings)) {
    all.push(await lookAt(register, now).catch((error) => unreadable(register, error)));
  }
  await print(context, json ? `${allAsJson(all)}\n` : allAsText(all));
  // Whoever serves tenants alone has nothing in the service's own register.
  const counted = all.filter((one) => "error" in one || one.tenant !== undefined || one.age !== undefined);
  if (counted.some((one) => "error" in one || one.age === undefined)) context.exitWith(EXIT_CODES.database);
  else {
    const old = counted.flatMap((one) => ("age" in one && one.age?.stale ? [one] : []));
    if (old.length > 0) throw stale(old);
  }
}

function stale(registers: readonly Found[]): AdresslistaError {
  const each = registers.map(({ tenant, settings, age }) => {
    const whose = tenant === undefined ? "" : ` (tenant ${tenant})`;
    return `${inWords(age?.seconds ?? 0)} old${whose}, more than maxAgeHours (${settings.maxAgeHours} h)`;
  });
  return new AdresslistaError("guard", `what is served is stale: ${each.join("; ")}`);
}

async function lookAt(register: Register, now: Date): Promise<Found> {
  const { settings } = register;
  const loads = await loadsOf(settings.database);
  const age = loads.served === undefined ? undefined : ageOf(loads.served, settings, now);
  return { ...register, ...loads, lastReload: lastReload(settings), age };
}

function unreadable({ tenant }: Register, error: unknown): Unreadable {
  if (!(error instanceof AdresslistaError)) throw error;
  return { tenant, error: endingOf(error).text?.replace(/^adresslista: /, "") ?? "" };
}

interface Unreadable extends Pick<Register, "tenant"> {
  readonly error: string;
}

type Looked = Found | Unreadable;

interface Found extends Register {
  readonly served: LoadRecord | undefined;
  /** Loads that can be gone back to, newest first. */
  readonly kept: readonly KeptLoad[];
  /** Of the load's report, when that is kept. */
  readonly causes: readonly Cause[];
  readonly schools: readonly School[];
  readonly lastReload: LastReload | undefined;
  /** Undefined: nothing is served. */
  readonly age: Age | undefined;
}

/** A cause of the load report, without the ids. */
type Cause = Omit<LoadCause, "ids" | "mend">;

/** What the load has of an institution. */
interface School {
  /** Code; `*`: all together. */
  readonly institution: string;
  readonly persons: number;
  readonly occasions: number;
  readonly registrations: number;
}

/** Looking must not make a database. */
async function loadsOf(database: string): Promise<Pick<Found, "served" | "kept" | "causes" | "schools">> {
  if (!(await databaseExists(database))) return { served: undefined, kept: [], causes: [], schools: [] };
  const store = await openStore(database, { readOnly: true });
  try {
    const served = await store.served();
    const loads = await store.keptLoads();
    return {
      served,
      kept: loads.filter(({ kept, number }) => kept && number !== served?.number),
      ...(served === undefined ? { causes: [], schools: [] } : reported(await store.report(served.number))),
    };
  } finally {
    await store.close();
  }
}

/** A load of an older version of this program has a report with fewer fields, or none. */
function reported(report: Partial<LoadReport> | undefined): Pick<Found, "causes" | "schools"> {
  return {
    causes: (report?.causes ?? []).map(({ cause, severity, text, count }) => ({
      cause,
      severity,
      text,
      count,
    })),
    schools: (report?.changes ?? []).map(({ institution, persons, occasions, registrations }) => ({
      institution,
      persons: persons.after,
      occasions: occasions.after,
      registrations: registrations.after,
    })),
  };
}

/** `died`: it says that it runs, and it does not; somebody killed it, or the machine stopped. */
type LastReload = Attempt & { readonly state: "ended" | "running" | "died" };

function lastReload(settings: Settings): LastReload | undefined {
  const attempt = readAttempt(statusFileOf(settings));
  if (attempt === undefined) return undefined;
  if (attempt.outcome !== "running") return { state: "ended", ...attempt };
  return { state: isRunning(attempt) ? "running" : "died", ...attempt };
}

function asJson(found: Found): string {
  return JSON.stringify(asObject(found), undefined, 2);
}

function allAsJson([own, ...tenants]: readonly Looked[]): string {
  const object = (one: Looked) => ("error" in one ? { generation: null, error: one.error } : asObject(one));
  return JSON.stringify(
    {
      ...(own === undefined ? {} : object(own)),
      tenants: Object.fromEntries(tenants.map((one) => [one.tenant, object(one)])),
    },
    undefined,
    2,
  );
}

function asObject({ served, kept, causes, schools, lastReload, age, settings }: Found): object {
  const about =
    served === undefined || age === undefined
      ? { generation: null }
      : {
          generation: served.number,
          loadedAt: served.loadedAt,
          exportDatetime: served.exportDatetime,
          ageSeconds: age.seconds,
          stale: age.stale,
          maxAgeHours: settings.maxAgeHours,
          files: served.files,
          counts: served.counts,
          schools,
          warnings: served.warnings,
          causes,
          forced: served.forced,
        };
  const others = kept.map(({ number, loadedAt, exportDatetime, files, rolledBack }) => ({
    load: number,
    loadedAt,
    exportDatetime,
    files,
    rolledBack,
  }));
  return { ...about, kept: others, lastReload: lastReload ?? null };
}

function allAsText(all: readonly Looked[]): string {
  return all
    .map((one) => `${registerInWords(one.tenant)}:\n${"error" in one ? `${one.error}\n` : asText(one)}`)
    .join("\n");
}

function asText({ served, kept, causes, schools, lastReload, age, settings }: Found): string {
  const lines =
    served === undefined || age === undefined
      ? [`nothing is loaded in ${shownDatabase(settings.database)}`]
      : [
          `generation ${served.number}, loaded ${served.loadedAt}`,
          `export made: ${served.exportDatetime ?? "not said in the file"} (${inWords(age.seconds)} old${age.stale ? ", stale" : ""})`,
          ...served.files.map(({ name, bytes, sha256 }) => `file: ${name}, ${bytes} bytes, sha256 ${sha256}`),
          ...Object.entries(served.counts).map(([what, count]) => `${what}: ${count}`),
          ...schools.map(schoolLine),
          `warnings: ${served.warnings}`,
          ...causes.map(({ text, count }) => `  ${count} × ${text}`),
          ...served.forced.map((refusal) => `loaded with --force, although: ${refusal}`),
        ];
  const others = kept.map(
    ({ number, loadedAt, rolledBack }) =>
      `can be gone back to: load ${number}, loaded ${loadedAt}${rolledBack === null ? "" : `, gone back from ${rolledBack}`}`,
  );
  return `${[...lines, ...others, ...lastReloadLines(lastReload)].join("\n")}\n`;
}

function schoolLine({ institution, persons, occasions, registrations }: School): string {
  const school = institution === ALL_INSTITUTIONS ? "all schools" : `school ${institution}`;
  return `${school}: ${persons} persons, ${occasions} occasions, ${registrations} registrations`;
}

function lastReloadLines(last: LastReload | undefined): readonly string[] {
  if (last === undefined) return ["last reload: none is known"];
  const turnedAway = last.turnedAway
    ? [`another reload was turned away meanwhile, ${last.turnedAway.at}`]
    : [];
  return [`last reload: ${lastReloadLine(last)}`, ...turnedAway];
}

function lastReloadLine({
  state,
  outcome,
  startedAt,
  endedAt,
  exitCode,
  load,
  message,
  pid,
}: LastReload): string {
  if (state === "running") return `running since ${startedAt} (process ${pid})`;
  if (state === "died")
    return `began ${startedAt} and was ended from outside (process ${pid}), before it could say how`;
  const made = load === null ? "" : ` load ${load}`;
  return `${outcome}${made} ${endedAt}${exitCode === 0 ? "" : `, exit code ${exitCode}`}${message === null ? "" : `: ${message}`}`;
}

/** Largest unit that says enough of an age. */
function inWords(seconds: number): string {
  const hours = Math.floor(seconds / SECONDS_PER_HOUR);
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  return hours > 0 ? `${hours} h` : `${Math.floor(seconds / 60)} min`;
}
