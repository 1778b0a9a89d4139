import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { callerName } from "../access/callers.js";
import { hashSecret, newSecret } from "../access/secret.js";
import { isInstitution } from "../domain/codes.js";
import { AdresslistaError } from "../errors.js";
import { openStore } from "../store/open.js";
import type { CallerRecord, Store } from "../store/queries.js";
import { type CliContext, type CommonOptions, print, say, withConfigOption } from "./context.js";

const MAX_NAME_CHARACTERS = 100;
const MAX_SECRET_BYTES = 4096;

/** `adresslista caller add|list|remove`: who may call the service (contract sections 3 and 4). */
export function addCallerCommands(program: Command, context: CliContext): void {
  const caller = program
    .command("caller")
    .description("register, list and remove callers: the portals that may call");
  withConfigOption(caller.command("add <name>"))
    .description("register a caller")
    .addOption(
      new Option("--institutions <codes>", "institutions whose courses it may see: '*' or A,B,…").default(
        "*",
        "all",
      ),
    )
    .addOption(
      new Option("--verifier <kind>", "how it proves who it is").choices(["secret"]).default("secret"),
    )
    .addHelpText(
      "after",
      "\nThe secret is the first line of standard input when that is not a terminal and has one;\notherwise one is made and printed once, on standard output.",
    )
    .action((name: string, options: AddOptions) => add(context, name, options));
  withConfigOption(caller.command("list"))
    .description("list the callers")
    .option("--json", "as JSON")
    .action((options: ListOptions) => list(context, options));
  withConfigOption(caller.command("remove <name>"))
    .description("remove a caller; a running service refuses it from the next call")
    .action((name: string, options: CommonOptions) => remove(context, name, options));
}

interface AddOptions extends CommonOptions {
  readonly institutions: string;
  readonly verifier: "secret";
}

interface ListOptions extends CommonOptions {
  readonly json?: boolean;
}

async function add(context: CliContext, name: string, options: AddOptions): Promise<void> {
  const { database } = context.settings(options);
  const checkedName = checkName(name);
  const institutions = readInstitutions(options.institutions);
  const given = await secretFromInput(context);
  const secret = given ?? newSecret();
  await withStore(database, async (store) => {
    await store.addCaller(await callerRecord(checkedName, institutions, secret));
  });
  if (given === undefined) await print(context, `${secret}\n`);
  const rights = institutions === "*" ? "all institutions" : institutions.join(", ");
  await say(context, `caller ${checkedName} added, with rights to ${rights}`);
}

/** A caller with the verifier `secret`, as the store keeps it. */
export async function callerRecord(
  name: string,
  institutions: CallerRecord["institutions"],
  secret: string,
): Promise<CallerRecord> {
  const secretHash = await hashSecret(secret);
  return { name, institutions, verifier: "secret", secretHash, created: new Date().toISOString() };
}

async function list(context: CliContext, options: ListOptions): Promise<void> {
  const { database } = context.settings(options);
  const callers = existsSync(database) ? await withStore(database, async (store) => store.listCallers()) : [];
  const shown = callers.map(({ name, institutions, verifier, created }) => ({
    name,
    institutions,
    verifier,
    created,
  }));
  if (options.json) return print(context, `${JSON.stringify(shown, undefined, 2)}\n`);
  if (shown.length === 0) return say(context, "there are no callers");
  const rows = shown.map(({ name, institutions, verifier, created }) => [
    name,
    institutions === "*" ? "*" : institutions.join(","),
    verifier,
    created,
  ]);
  return print(context, table([["NAME", "INSTITUTIONS", "VERIFIER", "CREATED"], ...rows]));
}

async function remove(context: CliContext, name: string, options: CommonOptions): Promise<void> {
  const { database } = context.settings(options);
  const wanted = callerName(name);
  const wasThere =
    existsSync(database) && (await withStore(database, async (store) => store.removeCaller(wanted)));
  if (!wasThere) throw new AdresslistaError("usage", "there is no caller with that name");
  await say(context, `caller ${wanted} removed`);
}

async function withStore<T>(database: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(database);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

function checkName(name: string): string {
  const checked = callerName(name);
  if (checked === "" || checked.length > MAX_NAME_CHARACTERS || hasControlCharacter(checked)) {
    throw new AdresslistaError(
      "usage",
      `a caller's name has 1 to ${MAX_NAME_CHARACTERS} printable characters`,
    );
  }
  return checked;
}

function readInstitutions(text: string): CallerRecord["institutions"] {
  if (text.trim() === "*") return "*";
  const codes = text.split(",").map((code) => code.normalize("NFC").trim());
  if (!codes.every(isInstitution)) {
    throw new AdresslistaError(
      "usage",
      "--institutions takes '*' or codes of 1 to 4 letters or digits, separated by commas",
    );
  }
  return [...new Set(codes)];
}

/** The first line of standard input, without blanks around it: a ticket in a call is read without them too. */
async function secretFromInput({ stdin }: CliContext): Promise<string | undefined> {
  if (stdin.isTTY) return undefined;
  const secret = (await firstLine(stdin)).trim();
  if (hasControlCharacter(secret)) {
    throw new AdresslistaError("usage", "the secret has a control character, which no ticket can have");
  }
  return secret === "" ? undefined : secret;
}

async function firstLine(input: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.length;
    if (bytes.includes("\n")) break;
    if (size > MAX_SECRET_BYTES)
      throw new AdresslistaError("usage", "the secret on standard input is too long");
  }
  const [line = ""] = decoded(Buffer.concat(chunks)).split("\n", 1);
  return line;
}

/** Without a byte order mark. With a character replaced, the secret would be none that a ticket could equal. */
function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AdresslistaError("usage", "the secret on standard input is not UTF-8", { cause });
  }
}

function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return `${rows.map(line).join("\n")}\n`;
}
