import { X509Certificate } from "node:crypto";
import type { Command } from "commander";
import type { Settings } from "../config.js";
import { AdresslistaError } from "../errors.js";
import { sftpSettings } from "../fetch/settings.js";
import { databaseExists, openStore } from "../store/open.js";
import { type Register, registerInWords, registerOf, registersOf } from "../tenants.js";
import { auditFolderOf } from "./audit-recorder.js";
import { type CliContext, print, type RegisterOptions, withRegisterOptions } from "./context.js";
import { databaseChecks } from "./database-check.js";
import { endingOf } from "./exit.js";
import { readKurskodAliases } from "./kurskod-alias-file.js";
import { isLoopback, tlsOf } from "./listening.js";
import { readProtectedIds } from "./protected-file.js";
import { statusFileOf } from "./status-file.js";
import { writableFile, writableFolder } from "./writable.js";

/** `adresslista check`: would a reload and the service find what they need? */
export function addCheckCommand(program: Command, context: CliContext): void {
  withRegisterOptions(program.command("check"))
    .description("try settings, files, database and SFTP login, without changing anything")
    .addHelpText("after", HELP)
    .action((options: RegisterOptions) => check(context, options));
}

const HELP = `
With the setting tenants, and without --tenant, all registers are looked at.

One line for each thing: ok or WRONG, and what to do. Exit code 0 when all is well, else that of the first that is wrong:
3 settings, or a file that they name; 8 database; 5 the SFTP server's host key; 4 no connection, login, or export to fetch.`;

async function check(context: CliContext, { config, tenant }: RegisterOptions): Promise<void> {
  const signal = context.interrupted();
  const wrong: number[] = [];
  const settings = await tried(context, wrong, "settings", async () => {
    const read = context.settings({ config });
    return { found: "each can be used", read };
  });
  // Without them there is nothing more to look at.
  for (const { what, find } of settings === undefined ? [] : checks(settings.read, tenant, signal)) {
    await tried(context, wrong, what, async () => ({ found: await find() }));
    signal.throwIfAborted();
  }
  if (wrong[0] !== undefined) context.exitWith(wrong[0]);
}

/** Prints how it went. What is wrong is noted by its exit code. */
async function tried<T extends { readonly found: string }>(
  context: CliContext,
  wrong: number[],
  what: string,
  look: () => Promise<T>,
): Promise<T | undefined> {
  try {
    const result = await look();
    await print(context, `ok     ${what}: ${result.found}\n`);
    return result;
  } catch (error) {
    if (!(error instanceof AdresslistaError)) throw error;
    const { code, text } = endingOf(error);
    wrong.push(code);
    await print(context, `WRONG  ${what}: ${text?.replace(/^adresslista: /, "")}\n`);
    return undefined;
  }
}

interface Check {
  readonly what: string;
  /** What was found, when it is well; throws what is wrong. */
  find(): string | Promise<string>;
}

function checks(read: Settings, tenant: string | undefined, signal: AbortSignal): readonly Check[] {
  const registers = tenant === undefined ? registersOf(read) : [registerOf(read, tenant)];
  const ofTenants = registers.flatMap((register) => {
    const named = (check: Check) => ({
      ...check,
      what: `${registerInWords(register.tenant)}: ${check.what}`,
    });
    return register.tenant === undefined ? [] : registerChecks(register.settings, signal).map(named);
  });
  if (tenant !== undefined) return ofTenants;
  const callers = { what: "callers", find: () => callersCheck(registers) };
  return [
    { what: "listening", find: () => listeningCheck(read) },
    { what: "audit log", find: () => writableFolder("auditFolder", auditFolderOf(read)) },
    ...registerChecks(read, signal),
    ...ofTenants,
    ...(registers.length === 1 ? [] : [callers]),
  ];
}

/** Who is in two registers cannot log in at the address that is all tenants'. */
async function callersCheck(registers: readonly Register[]): Promise<string> {
  const owners = new Map<string, string | undefined>();
  for (const { tenant, settings } of registers) {
    if (!(await databaseExists(settings.database))) continue;
    const store = await openStore(settings.database, { readOnly: true });
    try {
      for (const caller of await store.listCallers()) {
        const subject = caller.verifier === "certificate" ? [`certificate ${caller.subject}`] : [];
        for (const what of [`caller ${caller.name}`, ...subject]) {
          if (owners.has(what)) throw inTwo(what, owners.get(what), tenant);
          owners.set(what, tenant);
        }
      }
    } finally {
      await store.close();
    }
  }
  return "each is in one register";
}

function inTwo(what: string, one: string | undefined, other: string | undefined): AdresslistaError {
  return new AdresslistaError(
    "settings",
    `${what} is in ${registerInWords(one)} and in ${registerInWords(other)}, so that it is let in nowhere but by a tenant's own path: remove one`,
  );
}

function registerChecks(settings: Settings, signal: AbortSignal): readonly Check[] {
  const { protectedFile, kurskodAliasFile, fetchedFolder, sftpHost } = settings;
  const files: Check[] = [];
  if (protectedFile !== undefined) {
    const find = () => `${readProtectedIds(protectedFile).size} ids in ${protectedFile}`;
    files.push({ what: "protected persons", find });
  }
  if (kurskodAliasFile !== undefined) {
    const find = () => `${readKurskodAliases(kurskodAliasFile).toAlias.size} aliases in ${kurskodAliasFile}`;
    files.push({ what: "alias file", find });
  }
  const remote: readonly Check[] =
    sftpHost === undefined
      ? [{ what: "sftp", find: () => "sftpHost is not set, so that reload needs --file PATH" }]
      : [
          { what: "folder of fetched exports", find: () => writableFolder("fetchedFolder", fetchedFolder) },
          { what: "sftp", find: () => sftpCheck(settings, signal) },
        ];
  return [
    ...files,
    { what: "status file", find: () => writableFile("statusFile", statusFileOf(settings)) },
    ...databaseChecks(settings),
    ...remote,
  ];
}

/** TLS files that belong together and whose certificate is valid; without TLS an address that no other machine reaches. */
function listeningCheck(settings: Settings): string {
  const tls = tlsOf(settings);
  const at = `${settings.host}, port ${settings.port}`;
  if (tls === undefined)
    return isLoopback(settings.host) ? `${at}, without TLS` : `${at}, WITHOUT TLS as insecureListen says`;
  const { validTo, validFrom } = new X509Certificate(tls.certificate);
  const now = Date.now();
  if (now < Date.parse(validFrom) || now > Date.parse(validTo)) {
    throw new AdresslistaError(
      "settings",
      `tlsCertificateFile: the certificate is valid from ${validFrom} to ${validTo}: get a new one`,
    );
  }
  const clients = tls.clientAuthorities === undefined ? "" : ", client certificates are asked for";
  return `${at}, with TLS; the certificate is valid to ${validTo}${clients}`;
}

async function sftpCheck(settings: Settings, signal: AbortSignal): Promise<string> {
  const sftp = sftpSettings(settings);
  // Only here: SSH takes long to load.
  const { checkSftp } = await import("../fetch/fetch.js");
  const { hostKey, hostKeyType, matching, files, waitsFor } = await checkSftp(sftp, { signal });
  const names = files.map(
    ({ name, bytes, modified }) => `${name} (${bytes} bytes, ${modified.toISOString()})`,
  );
  return [
    `${sftp.user} is let in at ${sftp.host}:${sftp.port}, host key ${hostKeyType} ${hostKey}`,
    `${matching} files match sftpPattern`,
    `would be fetched: ${names.join(", ") || "nothing yet"}`,
    ...(waitsFor === undefined ? [] : [`but first it would wait: ${waitsFor}`]),
  ].join("; ");
}
