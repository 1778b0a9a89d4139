import { type Command, InvalidArgumentError, Option } from "commander";
import { type AuditEntry, readAudit } from "../access/audit.js";
import { callerName } from "../access/callers.js";
import { isCalendarDate } from "../domain/days.js";
import { registerOf } from "../tenants.js";
import { auditFolderOf } from "./audit-recorder.js";
import { type CliContext, print, type RegisterOptions, say, withConfigOption } from "./context.js";

/** `adresslista audit`: who has asked for what, from the audit log. */
export function addAuditCommand(program: Command, context: CliContext): void {
  withConfigOption(program.command("audit"))
    .description("print the audit log: who has asked for what, and how it was answered")
    .addOption(
      new Option(
        "--since <time>",
        "from then on: a day or time (2026-11-24, 2026-11-24T08:00Z), or 90m, 24h, 7d ago",
      )
        .default("24h")
        .argParser(whole),
    )
    .addOption(new Option("--until <time>", "before then").argParser(whole))
    .option("--caller <name>", "calls of this caller alone")
    .option("--tenant <name>", "calls of this tenant's register alone (setting tenants)")
    .option("--json", "one JSON object a line, as the log has them")
    .addHelpText("after", HELP)
    .action((options: AuditOptions) => audit(context, options));
}

const HELP = `
Members of a line, those that apply: time, tenant (of its register; absent: the service's own), caller, verified (it proved who it is), uid (the end user as the portal names
it), address, service, method, institutions, kurskoder, terminer (of the register's own), persons (how many the answer
tells of), outcome (valid, keys of ERROR messages, or fault and its code), incident (the number in the operational log),
more (refusals of that address in the same minute that have no lines of their own).`;

interface AuditOptions extends RegisterOptions {
  readonly since: string;
  readonly until?: string;
  readonly caller?: string;
  readonly json?: boolean;
}

async function audit(context: CliContext, options: AuditOptions): Promise<void> {
  const { tenant } = options;
  // Looked up, so that a name that is spelled wrong is not taken for a register that nobody has called.
  const { settings } = registerOf(context.settings({ config: options.config }), tenant);
  const now = Date.now();
  let damaged = 0;
  const query = {
    since: timeOf(options.since, now) ?? now,
    until: options.until === undefined ? undefined : timeOf(options.until, now),
    caller: options.caller === undefined ? undefined : callerName(options.caller),
    tenant,
  };
  for await (const entry of readAudit(auditFolderOf(settings), query, () => damaged++)) {
    await print(context, options.json ? `${JSON.stringify(entry)}\n` : `${inWords(entry)}\n`);
  }
  if (damaged > 0) await say(context, `${damaged} lines cannot be read and were left out`);
}

function whole(text: string): string {
  if (timeOf(text, 0) === undefined)
    throw new InvalidArgumentError("It is no day, time, or number of m, h or d.");
  return text;
}

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const TIME = /^(\d{4})-(\d{2})-(\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** Milliseconds since 1970. A day begins at midnight of this machine. */
function timeOf(text: string, now: number): number | undefined {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * UNITS[unit as keyof typeof UNITS];
  const [, year, month, dayOfMonth] = TIME.exec(text) ?? [];
  if (!isCalendarDate(Number(year), Number(month), Number(dayOfMonth))) return undefined;
  const time = Date.parse(text.length === "ÅÅÅÅ-MM-DD".length ? `${text}T00:00` : text);
  return Number.isNaN(time) ? undefined : time;
}

function inWords(entry: AuditEntry): string {
  const about = [entry.institutions, entry.kurskoder, entry.terminer].flatMap((values) =>
    values === undefined ? [] : [values.join(",")],
  );
  return [
    entry.time,
    entry.address,
    ...(entry.tenant === undefined ? [] : [`tenant ${entry.tenant}`]),
    `${entry.caller ?? "?"}${entry.verified ? "" : " (not proved)"}`,
    entry.uid === undefined ? "?" : JSON.stringify(entry.uid),
    `${entry.service}.${entry.method ?? "?"}`,
    ...(about.length === 0 ? [] : [about.join(" ")]),
    ...(entry.persons === undefined ? [] : [`${entry.persons} persons`]),
    entry.outcome,
    ...(entry.incident === undefined ? [] : [`incident ${entry.incident}`]),
    ...(entry.more === undefined ? [] : [`and ${entry.more} more`]),
  ].join("  ");
}
