import { type Command, Option } from "commander";
import { callerName } from "../access/callers.js";
import { hashSecret, newSecret } from "../access/secret.js";
import { certificateSubject } from "../access/subject.js";
import { isInstitution } from "../domain/codes.js";
import { isCalendarDate } from "../domain/days.js";
import { isAddressOrNetwork } from "../domain/networks.js";
import { AdresslistaError } from "../errors.js";
import { databaseExists, openStore } from "../store/open.js";
import type { CallerProof, CallerRecord, CallerRights, Store } from "../store/queries.js";
import { registerInWords, registersOf } from "../tenants.js";
import {
  type CliContext,
  print,
  type RegisterOptions,
  registerSettings,
  say,
  withRegisterOptions,
} from "./context.js";

const MAX_NAME_CHARACTERS = 100;
const MAX_SECRET_BYTES = 4096;

/** `adresslista caller add|change|list|remove`: who may call the service (contract sections 3 and 4). */
export function addCallerCommands(program: Command, context: CliContext): void {
  const caller = program
    .command("caller")
    .description("register, change, list and remove callers: the portals that may call");
  withRegisterOptions(caller.command("add <name>"))
    .description("register a caller")
    .addOption(
      new Option("--institutions <codes>", "institutions whose courses it may see: '*' or A,B,…").default(
        "*",
        "all",
      ),
    )
    .addOption(verifierOption().default("secret"))
    .option("--subject <name>", "subject of its TLS client certificate (verifier certificate): CN=portal,O=…")
    .option("--addresses <networks>", "IP addresses and networks (CIDR) that it calls from: A,B,…")
    .option("--expires <date>", "its last day, ÅÅÅÅ-MM-DD")
    .addHelpText("after", SECRET_HELP)
    .action((name: string, options: AddOptions) => add(context, name, options));
  withRegisterOptions(caller.command("change <name>"))
    .description("change a caller; what is not given stays. A running service goes by it from the next call")
    .option("--institutions <codes>", "'*' or A,B,…")
    .addOption(verifierOption())
    .option("--subject <name>", "subject of its TLS client certificate")
    .option("--addresses <networks>", "IP addresses and networks (CIDR): A,B,…; '*': from anywhere")
    .option("--expires <date>", "its last day, ÅÅÅÅ-MM-DD; never: no end")
    .option("--new-secret", "another secret, read or made as `caller add` does; the old one counts no more")
    .addHelpText("after", SECRET_HELP)
    .action((name: string, options: ChangeOptions) => change(context, name, options));
  withRegisterOptions(caller.command("list"))
    .description("list the callers")
    .option("--json", "as JSON")
    .action((options: ListOptions) => list(context, options));
  withRegisterOptions(caller.command("remove <name>"))
    .description("remove a caller; a running service refuses it from the next call")
    .action((name: string, options: RegisterOptions) => remove(context, name, options));
}

const VERIFIERS = ["secret", "hmac", "certificate"] as const;

const SECRET_HELP = `
The secret is the first line of standard input when that is not a terminal and has one;
otherwise one is made and printed once, on standard output.

Verifiers: secret (the ticket is the secret; stored as a hash), hmac (the ticket is base64 of HMAC-SHA256(secret,
uid + ":" + timestamp), with ticket.timestamp within five minutes; the secret is stored readable), certificate (a TLS
client certificate with this subject; no secret).`;

function verifierOption(): Option {
  return new Option("--verifier <kind>", "how it proves who it is").choices(VERIFIERS);
}

interface CallerOptions extends RegisterOptions {
  readonly subject?: string;
  readonly addresses?: string;
  readonly expires?: string;
}

interface AddOptions extends CallerOptions {
  readonly institutions: string;
  readonly verifier: CallerProof["verifier"];
}

interface ChangeOptions extends CallerOptions {
  readonly institutions?: string;
  readonly verifier?: CallerProof["verifier"];
  readonly newSecret?: boolean;
}

interface ListOptions extends RegisterOptions {
  readonly json?: boolean;
}

async function add(context: CliContext, name: string, options: AddOptions): Promise<void> {
  const { database } = registerSettings(context, options);
  const rights: CallerRights = {
    name: checkName(name),
    institutions: readInstitutions(options.institutions),
    addresses: options.addresses === undefined ? [] : readAddresses(options.addresses),
    expires: options.expires === undefined ? null : readDay(options.expires),
    created: new Date().toISOString(),
  };
  const { proof, made } = await newProof(context, options.verifier, options.subject);
  await refuseTaken(context, options, { ...rights, ...proof });
  await withStore(database, async (store) => store.addCaller({ ...rights, ...proof }));
  if (made !== undefined) await print(context, `${made}\n`);
  await say(context, `caller ${rights.name} added, with ${rightsInWords(rights)}`);
}

async function change(context: CliContext, name: string, options: ChangeOptions): Promise<void> {
  const { database } = registerSettings(context, options);
  const wanted = callerName(name);
  const { institutions, addresses, expires, verifier, subject, newSecret } = options;
  if (
    [institutions, addresses, expires, verifier, subject, newSecret].every((option) => option === undefined)
  ) {
    throw new AdresslistaError("usage", "nothing to change: see `caller change --help`");
  }
  await existing(database, async (store) => {
    const known = await store.findCaller(wanted);
    if (known === undefined) throw new AdresslistaError("usage", "there is no caller with that name");
    const rights: CallerRights = {
      name: known.name,
      institutions: institutions === undefined ? known.institutions : readInstitutions(institutions),
      addresses:
        addresses === undefined ? known.addresses : addresses.trim() === "*" ? [] : readAddresses(addresses),
      expires: expires === undefined ? known.expires : expires === "never" ? null : readDay(expires),
      created: known.created,
    };
    const kind = verifier ?? known.verifier;
    const isSame = kind === known.verifier && newSecret !== true && subject === undefined;
    const { proof, made } = isSame
      ? { proof: proofOf(known), made: undefined }
      : await newProof(context, kind, subject);
    if (subject !== undefined) await refuseTaken(context, options, { ...rights, ...proof });
    await store.changeCaller({ ...rights, ...proof });
    if (made !== undefined) await print(context, `${made}\n`);
    await say(context, `caller ${known.name} changed: ${rightsInWords(rights)}`);
  });
}

/**
 * At the address without a tenant it is the caller that tells whose register is meant: no two registers of a service may
 * have one of the same name or certificate.
 */
async function refuseTaken(
  context: CliContext,
  { config, tenant }: RegisterOptions,
  caller: CallerRecord,
): Promise<void> {
  const others = registersOf(context.settings({ config })).filter((register) => register.tenant !== tenant);
  for (const { tenant: other, settings } of others) {
    const taken = await takenIn(settings.database, caller).catch((cause) => {
      throw new AdresslistaError(
        "database",
        `whether ${registerInWords(other)} has that caller already cannot be seen, so nothing is changed`,
        { cause },
      );
    });
    if (taken !== undefined) {
      throw new AdresslistaError(
        "usage",
        `${registerInWords(other)} has a caller with that ${taken} already`,
      );
    }
  }
}

/** A database that is not there has no callers, and looking does not make it. */
async function takenIn(database: string, caller: CallerRecord): Promise<"name" | "certificate" | undefined> {
  if (!(await databaseExists(database))) return undefined;
  const store = await openStore(database, { readOnly: true });
  try {
    if ((await store.findCaller(caller.name)) !== undefined) return "name";
    const { subject } = caller.verifier === "certificate" ? caller : { subject: undefined };
    if (subject === undefined) return undefined;
    return (await store.findCallerBySubject(subject)) === undefined ? undefined : "certificate";
  } finally {
    await store.close();
  }
}

/** `made`: the secret that was made and has to be told. */
async function newProof(
  context: CliContext,
  verifier: CallerProof["verifier"],
  subject: string | undefined,
): Promise<{ readonly proof: CallerProof; readonly made: string | undefined }> {
  if (verifier !== "certificate" && subject !== undefined) {
    throw new AdresslistaError("usage", "--subject goes with --verifier certificate");
  }
  if (verifier === "certificate") {
    const read = certificateSubject(subject ?? "");
    if (read === undefined) {
      throw new AdresslistaError("usage", "--verifier certificate needs --subject, such as CN=portal,O=…");
    }
    return { proof: { verifier, subject: read }, made: undefined };
  }
  const given = await secretFromInput(context);
  const secret = given ?? newSecret();
  const proof: CallerProof =
    verifier === "hmac"
      ? { verifier, hmacSecret: secret }
      : { verifier, secretHash: await hashSecret(secret) };
  return { proof, made: given === undefined ? secret : undefined };
}

function proofOf(record: CallerRecord): CallerProof {
  switch (record.verifier) {
    case "secret":
      return { verifier: record.verifier, secretHash: record.secretHash };
    case "hmac":
      return { verifier: record.verifier, hmacSecret: record.hmacSecret };
    case "certificate":
      return { verifier: record.verifier, subject: record.subject };
  }
}

function rightsInWords({ institutions, addresses, expires }: CallerRights): string {
  return [
    `rights to ${institutions === "*" ? "all institutions" : institutions.join(", ")}`,
    ...(addresses.length === 0 ? [] : [`from ${addresses.join(", ")}`]),
    ...(expires === null ? [] : [`until ${expires}`]),
  ].join(", ");
}

/** A caller with the verifier `secret` and no limits but its institutions, as the store keeps it. */
export async function callerRecord(
  name: string,
  institutions: CallerRecord["institutions"],
  secret: string,
): Promise<CallerRecord> {
  return {
    name,
    institutions,
    addresses: [],
    expires: null,
    created: new Date().toISOString(),
    verifier: "secret",
    secretHash: await hashSecret(secret),
  };
}

async function list(context: CliContext, options: ListOptions): Promise<void> {
  const { database } = registerSettings(context, options);
  const callers = (await databaseExists(database))
    ? await withStore(database, async (store) => store.listCallers())
    : [];
  if (options.json) {
    const shown = callers.map(({ name, institutions, verifier, addresses, expires, created, ...proof }) => ({
      name,
      institutions,
      verifier,
      ...("subject" in proof ? { subject: proof.subject } : {}),
      addresses,
      expires,
      created,
    }));
    return print(context, `${JSON.stringify(shown, undefined, 2)}\n`);
  }
  if (callers.length === 0) return say(context, "there are no callers");
  const rows = callers.map((record) => [
    record.name,
    record.institutions === "*" ? "*" : record.institutions.join(","),
    record.verifier === "certificate" ? `certificate ${record.subject}` : record.verifier,
    record.addresses.length === 0 ? "*" : record.addresses.join(","),
    record.expires ?? "never",
    record.created,
  ]);
  const titles = ["NAME", "INSTITUTIONS", "VERIFIER", "ADDRESSES", "EXPIRES", "CREATED"];
  return print(context, table([titles, ...rows]));
}

async function remove(context: CliContext, name: string, options: RegisterOptions): Promise<void> {
  const { database } = registerSettings(context, options);
  const wanted = callerName(name);
  await existing(database, async (store) => {
    if (!(await store.removeCaller(wanted)))
      throw new AdresslistaError("usage", "there is no caller with that name");
  });
  await say(context, `caller ${wanted} removed`);
}

/** A database that is not there has no callers: looking for one must not make it. */
async function existing<T>(database: string, use: (store: Store) => Promise<T>): Promise<T> {
  if (!(await databaseExists(database)))
    throw new AdresslistaError("usage", "there is no caller with that name");
  return withStore(database, use);
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

function readAddresses(text: string): readonly string[] {
  const networks = text.split(",").map((network) => network.trim());
  if (!networks.every(isAddressOrNetwork)) {
    throw new AdresslistaError(
      "usage",
      "--addresses takes IP addresses and networks such as 10.1.0.0/16, separated by commas",
    );
  }
  return [...new Set(networks)];
}

function readDay(text: string): string {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text.trim()) ?? [];
  if (day === undefined || !isCalendarDate(Number(year), Number(month), Number(day))) {
    throw new AdresslistaError("usage", "--expires takes a day such as 2027-06-30");
  }
  return text.trim();
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
