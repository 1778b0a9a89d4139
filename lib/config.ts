import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isInstitution } from "./domain/codes.js";
import { isAddressOrNetwork } from "./domain/networks.js";
import type { TerminFormat } from "./domain/terms.js";
import { AdresslistaError } from "./errors.js";
import type { GroupKind, MappingSettings } from "./mapping/api.js";
import { defaultMapping } from "./mapping/settings.js";
import { isPostgresUrl, wrongPostgresUrl } from "./store/postgres/url.js";
import {
  refuseShared,
  registerOf,
  TENANT_SETTINGS,
  type TenantSettings,
  wrongTenantName,
} from "./tenants.js";

/**
 * The settings (contract section 4): from `adresslista.config.json`, over it the environment, over that options of the
 * command line. One table says all there is to know of each; docs and checks are made from it.
 */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  /** Absolute path of the SQLite file. */
  readonly database: string;
  readonly databaseRead: string | undefined;
  readonly workFolder: string;
  /** Without a slash at its end. */
  readonly publicUrl: string | undefined;
  readonly trustedProxies: readonly string[];
  readonly maxRequestBytes: number;
  readonly maxConnections: number;
  readonly maxConcurrentCalls: number;
  /** Absolute paths. */
  readonly tlsCertificateFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly tlsClientAuthoritiesFile: string | undefined;
  readonly insecureListen: boolean;
  readonly adminHost: string;
  /** Undefined: no admin listener. */
  readonly adminPort: number | undefined;
  /** Absolute path; undefined: beside the database. */
  readonly auditFolder: string | undefined;
  readonly auditKeepDays: number;
  readonly terminFormat: TerminFormat;
  readonly utilityTerminFormat: TerminFormat;
  readonly kurskodMaxLength: number;
  /** Absolute path. */
  readonly kurskodAliasFile: string | undefined;
  readonly defaultCaller: string | undefined;
  readonly keepGenerations: number;
  readonly protected: "strip" | "exclude";
  /** Absolute path. */
  readonly protectedFile: string | undefined;
  readonly mapping: MappingSettings;
  /** Mend what makes a file not well-formed (bare &, illegal characters, text after the root), with a warning each. */
  readonly repair: boolean;
  /** properties/datasource that an export must have; undefined: any. */
  readonly datasource: string | undefined;
  readonly requireEmail: boolean;
  readonly historyTerms: number;
  readonly guardFewerPercent: number;
  readonly guardFewerCount: number;
  /** Undefined: growth is never refused. */
  readonly guardMorePercent: number | undefined;
  readonly guardMoreCount: number;
  readonly maxAgeHours: number;
  /** Absolute path; undefined: beside the database. */
  readonly statusFile: string | undefined;
  readonly sftpHost: string | undefined;
  readonly sftpPort: number;
  readonly sftpUser: string | undefined;
  readonly sftpPassword: string | undefined;
  /** Absolute path. */
  readonly sftpPasswordFile: string | undefined;
  readonly sftpPrivateKey: string | undefined;
  /** Absolute path. */
  readonly sftpPrivateKeyFile: string | undefined;
  readonly sftpPassphrase: string | undefined;
  /** Absolute path. */
  readonly sftpPassphraseFile: string | undefined;
  /** `SHA256:` and 43 characters of base64, as ssh-keygen -l prints them. */
  readonly sftpHostKey: readonly string[];
  /** Absolute path. */
  readonly sftpKnownHostsFile: string | undefined;
  readonly sftpPath: string;
  readonly sftpPattern: readonly string[];
  readonly sftpFiles: "newest" | "delivery";
  readonly sftpDeliveryMinutes: number;
  readonly sftpMinimumAgeSeconds: number;
  readonly sftpMarker: string | undefined;
  readonly sftpConnectSeconds: number;
  readonly sftpIdleSeconds: number;
  readonly sftpDeadlineMinutes: number;
  readonly sftpRetries: number;
  /** Absolute path. */
  readonly fetchedFolder: string;
  readonly keepFetchedDays: number;
  readonly logLevel: LogLevel;
  /** What each tenant says itself, by name: `registerOf` of lib/tenants has all its settings. */
  readonly tenants: ReadonlyMap<string, TenantSettings>;
}

export type LogLevel = (typeof LOG_LEVELS)[number];
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const MIB = 1024 * 1024;

interface Setting<T> {
  readonly kind: Kind<T>;
  readonly default: T;
  readonly help: string;
}

const TABLE: { readonly [Name in keyof Settings]: Setting<Settings[Name]> } = {
  host: { kind: text(), default: "127.0.0.1", help: "address to listen on" },
  port: { kind: wholeNumber(0, 65_535), default: 8080, help: "port to listen on; 0 takes a free one" },
  workers: { kind: wholeNumber(1, 64), default: 1, help: "number of serving processes" },
  database: {
    kind: database(),
    default: "data/adresslista.sqlite",
    help: "SQLite file of the service, whose loads stand beside it; or postgres://user@host:port,host:port/database?schema=name",
  },
  databaseRead: {
    kind: optional(postgresUrl()),
    default: undefined,
    help: "replica of a PostgreSQL database, in the same form: loads are read there as soon as it has them",
  },
  workFolder: {
    kind: path(),
    default: "data",
    help: "folder of this machine's files when the database is PostgreSQL: loads while they are built, audit log, status file",
  },
  publicUrl: {
    kind: optional(httpUrl()),
    default: undefined,
    help: "address that the WSDL shows, up to /cxf, when it is not the one that callers use",
  },
  trustedProxies: {
    kind: list("IP addresses and networks (CIDR)", isAddressOrNetwork),
    default: [],
    help: "proxies whose X-Forwarded headers are believed",
  },
  maxRequestBytes: {
    kind: wholeNumber(1024, 100 * MIB),
    default: MIB,
    help: "largest request, in bytes",
  },
  maxConnections: {
    kind: wholeNumber(10, 100_000),
    default: 1_000,
    help: "connections at a time of each process; one address, proxies of ours aside, has at most a quarter of them",
  },
  maxConcurrentCalls: {
    kind: wholeNumber(1, 10_000),
    default: 64,
    help: "calls that each process works on at a time; further ones get a fault with HTTP 503 at once",
  },
  tlsCertificateFile: {
    kind: optional(path()),
    default: undefined,
    help: "PEM file with the server's certificate and those above it; with tlsKeyFile the service speaks TLS. SIGHUP reads both anew",
  },
  tlsKeyFile: {
    kind: optional(path()),
    default: undefined,
    help: "PEM file with the certificate's private key",
  },
  tlsClientAuthoritiesFile: {
    kind: optional(path()),
    default: undefined,
    help: "PEM file with the authorities whose client certificates are believed: `caller add --verifier certificate`",
  },
  insecureListen: {
    kind: yesOrNo(),
    default: false,
    help: "listen without TLS on an address that other machines reach: identity numbers and secrets can then be read on the way",
  },
  adminHost: {
    kind: text(),
    default: "127.0.0.1",
    help: "address of the admin listener: /live, /ready, /metrics",
  },
  adminPort: {
    kind: optional(wholeNumber(0, 65_535)),
    default: undefined,
    help: "its port; without one there is no admin listener",
  },
  auditFolder: {
    kind: optional(path()),
    default: undefined,
    help: "folder of the audit log, a file for each day; else beside the database",
  },
  auditKeepDays: {
    kind: wholeNumber(1, 36_500),
    default: 730,
    help: "days that the audit log is kept",
  },
  terminFormat: {
    kind: oneOf<TerminFormat>("YYT", "YYYYT"),
    default: "YYT",
    help: "how half-years are written: 091 or 20091",
  },
  utilityTerminFormat: {
    kind: oneOf<TerminFormat>("YYT", "YYYYT"),
    default: "YYYYT",
    help: "how UtilityFetcher writes half-years",
  },
  kurskodMaxLength: {
    kind: wholeNumber(1, 10),
    default: 10,
    help: "longest course code that is taken in a call; 6 is strict T04",
  },
  kurskodAliasFile: {
    kind: optional(path()),
    default: undefined,
    help: "CSV file kurskod;alias for portals that hold six characters: the alias is written, both are read",
  },
  defaultCaller: {
    kind: optional(text()),
    default: undefined,
    help: "caller of portals that send none",
  },
  keepGenerations: {
    kind: wholeNumber(1, 100),
    default: 3,
    help: "loads that are kept, the served one counted",
  },
  protected: {
    kind: oneOf<Settings["protected"]>("strip", "exclude"),
    default: "strip",
    help: "protected persons: without address, phone and e-mail, or not at all",
  },
  protectedFile: {
    kind: optional(path()),
    default: undefined,
    help: "file with register ids of persons who are protected, one a line, # begins a comment",
  },
  mapping: {
    kind: mappingKind(),
    default: defaultMapping,
    help: "how the export's groups and numbers are read: groupKinds, institutions, personnummerUseridTypes; each that is given replaces its default",
  },
  repair: {
    kind: yesOrNo(),
    default: true,
    help: "mend exports that are not well-formed (bare &, illegal characters, text after the end), with a warning each",
  },
  datasource: {
    kind: optional(text()),
    default: undefined,
    help: "properties/datasource that an export must have; another one is refused",
  },
  requireEmail: {
    kind: yesOrNo(),
    default: false,
    help: "refuse an export in which a person has no e-mail address",
  },
  historyTerms: {
    kind: wholeNumber(0, 40),
    default: 4,
    help: "passed half-years that are kept when an export no longer holds them; 0: the export alone",
  },
  guardFewerPercent: {
    kind: wholeNumber(0, 100),
    default: 20,
    help: "refuse a load with more than so many per cent fewer (and more than guardFewerCount) persons, occasions or registrations of a school; 100 refuses none",
  },
  guardFewerCount: { kind: wholeNumber(0, 1_000_000_000), default: 20, help: "the same, as a number" },
  guardMorePercent: {
    kind: optional(wholeNumber(0, 1_000_000)),
    default: undefined,
    help: "refuse a load with more than so many per cent more (and more than guardMoreCount)",
  },
  guardMoreCount: { kind: wholeNumber(0, 1_000_000_000), default: 20, help: "the same, as a number" },
  maxAgeHours: {
    kind: wholeNumber(1, 100_000),
    default: 96,
    help: "`status` fails when what is served is older",
  },
  statusFile: {
    kind: optional(path()),
    default: undefined,
    help: "JSON file that says how the last reload ended; else beside the database",
  },
  sftpHost: { kind: optional(text()), default: undefined, help: "server that has the export" },
  sftpPort: { kind: wholeNumber(1, 65_535), default: 22, help: "its port" },
  sftpUser: { kind: optional(text()), default: undefined, help: "user to log in as" },
  sftpPassword: { kind: optional(secret()), default: undefined, help: "password" },
  sftpPasswordFile: { kind: optional(path()), default: undefined, help: "file that has the password" },
  sftpPrivateKey: {
    kind: optional(secret()),
    default: undefined,
    help: "private key (OpenSSH or PEM), instead of a password",
  },
  sftpPrivateKeyFile: { kind: optional(path()), default: undefined, help: "file that has the private key" },
  sftpPassphrase: { kind: optional(secret()), default: undefined, help: "passphrase of the private key" },
  sftpPassphraseFile: { kind: optional(path()), default: undefined, help: "file that has the passphrase" },
  sftpHostKey: {
    kind: list("fingerprints of host keys such as SHA256:…, as `ssh-keygen -l` prints them", isFingerprint),
    default: [],
    help: "fingerprints of the server's host key; one of them must be presented",
  },
  sftpKnownHostsFile: {
    kind: optional(path()),
    default: undefined,
    help: "known_hosts file of OpenSSH that has the host key, instead of fingerprints",
  },
  sftpPath: { kind: text(), default: ".", help: "folder on the server" },
  sftpPattern: {
    kind: list("file names with * and ?", (item) => item !== "" && !item.includes("/")),
    default: ["*.xml", "*.zip", "*.gz"],
    help: "names of exports in that folder",
  },
  sftpFiles: {
    kind: oneOf<Settings["sftpFiles"]>("newest", "delivery"),
    default: "newest",
    help: "the newest file alone, or all of the newest delivery",
  },
  sftpDeliveryMinutes: {
    kind: wholeNumber(1, 10_000),
    default: 60,
    help: "files no older than so many minutes before the newest are of its delivery",
  },
  sftpMinimumAgeSeconds: {
    kind: wholeNumber(0, 1_000_000),
    default: 60,
    help: "a file younger than this may still be written to, and is waited for",
  },
  sftpMarker: {
    kind: optional(text()),
    default: undefined,
    help: "name of a file that says that the export is complete ({name} stands for the export's name), instead of the age",
  },
  sftpConnectSeconds: {
    kind: wholeNumber(1, 3_600),
    default: 30,
    help: "time for connecting and logging in",
  },
  sftpIdleSeconds: { kind: wholeNumber(1, 3_600), default: 60, help: "time without a byte" },
  sftpDeadlineMinutes: {
    kind: wholeNumber(1, 1_440),
    default: 60,
    help: "time for the whole fetch, retries counted",
  },
  sftpRetries: {
    kind: wholeNumber(0, 20),
    default: 3,
    help: "tries again after a network error, with growing pauses; never after a refused login",
  },
  fetchedFolder: {
    kind: path(),
    default: "data/fetched",
    help: "folder for fetched exports",
  },
  keepFetchedDays: {
    kind: wholeNumber(0, 365),
    default: 1,
    help: "days that a fetched export is kept for replay; 0: removed when the load ends",
  },
  logLevel: { kind: oneOf<LogLevel>(...LOG_LEVELS), default: "info", help: "least severe lines of the log" },
  tenants: {
    kind: tenantsKind(),
    default: new Map(),
    help: "further registers of the service, by name, each with settings of its own",
  },
};

const NAMES = Object.keys(TABLE) as (keyof Settings)[];
const DEFAULTS = Object.fromEntries(NAMES.map((name) => [name, TABLE[name].default])) as unknown as Settings;
const CONFIG_FILE = "adresslista.config.json";
const CONFIG_VARIABLE = "ADRESSLISTA_CONFIG";
const VARIABLE_PREFIX = "ADRESSLISTA_";

/** What documentation says of each setting. */
export interface SettingDescription {
  readonly name: string;
  readonly variable: string;
  /** What a value must be, in words. */
  readonly values: string;
  readonly default: unknown;
  readonly help: string;
}

export const SETTINGS: readonly SettingDescription[] = NAMES.map((name) => ({
  name,
  variable: variableOf(name),
  values: TABLE[name].kind.says,
  default: TABLE[name].default,
  help: TABLE[name].help,
}));

/** Options of the command line: the settings file, and settings by their names. */
export type Overrides = { readonly config?: string | undefined } & {
  readonly [Name in keyof Settings]?: string | undefined;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** The first of the descriptors that systemd hands over (sd_listen_fds). */
const FIRST_SOCKET = 3;

/**
 * A socket that listens already (systemd's socket units): connections wait in it while the service is started anew.
 * @param pid of the process that systemd has started
 */
export function inheritedSocket(env: Environment, pid: number): number | undefined {
  return env.LISTEN_PID === String(pid) && Number(env.LISTEN_FDS) >= 1 ? FIRST_SOCKET : undefined;
}

/**
 * Reads and checks all settings. Paths in the file start from the file's folder, others from `cwd`; an empty variable
 * is none. Throws AdresslistaError("settings") with one line that names the setting and where it stands, never its value.
 */
export function loadSettings(env: Environment, overrides: Overrides, cwd: string): Settings {
  const file = configFile(env, overrides, cwd);
  const inFile = file === undefined ? {} : readConfigFile(file.path, file.source);
  refuseUnknownVariables(env);
  const settings: Partial<Record<keyof Settings, unknown>> = {};
  for (const name of NAMES) {
    settings[name] = readSetting(name, TABLE[name] as Setting<unknown>, {
      file,
      inFile,
      env,
      overrides,
      cwd,
    });
  }
  const read = settings as unknown as Settings;
  refuseShared(read);
  return read;
}

/**
 * The settings that say where the status file is, for a reload that has to tell there that some other setting is wrong.
 * Undefined when it cannot be known.
 */
export function statusFileSettings(
  env: Environment,
  overrides: Overrides,
  cwd: string,
  tenant?: string,
): Pick<Settings, "database" | "workFolder" | "statusFile"> | undefined {
  try {
    const file = configFile(env, overrides, cwd);
    const content = file === undefined ? {} : parseConfigFile(file.path, file.source);
    const sources = { file, inFile: isObject(content) ? content : {}, env, overrides, cwd };
    const own = {
      database: readSetting("database", TABLE.database, sources) as string,
      workFolder: readSetting("workFolder", TABLE.workFolder, sources) as string,
      statusFile: readSetting("statusFile", TABLE.statusFile, sources) as string | undefined,
    };
    if (tenant === undefined) return own;
    const tenants = readSetting("tenants", TABLE.tenants, sources) as Settings["tenants"];
    // What else a register has is of no interest, and may be what is wrong.
    const service = { ...DEFAULTS, ...own, tenants };
    const { database, workFolder, statusFile } = registerOf(service, tenant).settings;
    return { database, workFolder, statusFile };
  } catch {
    return undefined;
  }
}

interface ConfigFile {
  readonly path: string;
  /** Who named the file. */
  readonly source: string;
}

interface Sources {
  readonly file: ConfigFile | undefined;
  readonly inFile: Readonly<Record<string, unknown>>;
  readonly env: Environment;
  readonly overrides: Overrides;
  readonly cwd: string;
}

function readSetting(name: keyof Settings, setting: Setting<unknown>, sources: Sources): unknown {
  const { file, inFile, env, overrides, cwd } = sources;
  const option = overrides[name];
  if (option !== undefined) {
    return accepted(name, `option --${optionOf(name)}`, setting.kind.fromText(option, cwd));
  }
  const variable = env[variableOf(name)];
  if (variable) return accepted(name, variableOf(name), setting.kind.fromText(variable, cwd));
  if (file !== undefined && Object.hasOwn(inFile, name)) {
    return accepted(name, file.path, setting.kind.fromJson(inFile[name], dirname(file.path)));
  }
  return setting.kind.isPath && typeof setting.default === "string"
    ? resolve(cwd, setting.default)
    : setting.default;
}

function accepted(name: string, source: string, read: Read<unknown>): unknown {
  if ("wrong" in read) throw wrongSetting(`${name} ${read.wrong} (in ${source})`);
  return read.value;
}

function configFile(env: Environment, overrides: Overrides, cwd: string): ConfigFile | undefined {
  if (overrides.config !== undefined) return { path: resolve(cwd, overrides.config), source: "--config" };
  const variable = env[CONFIG_VARIABLE];
  if (variable) return { path: resolve(cwd, variable), source: CONFIG_VARIABLE };
  const usual = resolve(cwd, CONFIG_FILE);
  return existsSync(usual) ? { path: usual, source: "the working directory" } : undefined;
}

function readConfigFile(file: string, source: string): Readonly<Record<string, unknown>> {
  const content = parseConfigFile(file, source);
  if (!isObject(content))
    throw wrongSetting(`${file} must hold one JSON object with settings by their names`);
  for (const name of Object.keys(content)) {
    if (!Object.hasOwn(TABLE, name)) throw wrongSetting(`unknown setting ${printable(name)} (in ${file})`);
  }
  return content;
}

function parseConfigFile(file: string, source: string): unknown {
  let written: string;
  try {
    written = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw wrongSetting(`cannot read the settings file ${file}: ${code} (named by ${source})`, cause);
  }
  try {
    return JSON.parse(written);
  } catch (cause) {
    // The parser's own message quotes the file, and so perhaps a secret.
    const position = /at position (\d+)/.exec((cause as Error).message)?.[1];
    const line = position === undefined ? undefined : written.slice(0, Number(position)).split("\n").length;
    throw wrongSetting(`${file} is not valid JSON${line === undefined ? "" : `, see line ${line}`}`);
  }
}

/** A variable that is spelled wrong would otherwise leave a default in force unseen. */
function refuseUnknownVariables(env: Environment): void {
  const known = new Set([CONFIG_VARIABLE, ...NAMES.map(variableOf)]);
  for (const name of Object.keys(env)) {
    if (name.startsWith(VARIABLE_PREFIX) && !known.has(name)) {
      throw wrongSetting(`unknown setting ${printable(name)} (in the environment)`);
    }
  }
}

function variableOf(name: string): string {
  return VARIABLE_PREFIX + name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function optionOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function wrongSetting(line: string, cause?: unknown): AdresslistaError {
  return new AdresslistaError("settings", line, { cause });
}

/** A value that was read, or in words what it must be. */
type Read<T> = { readonly value: T } | { readonly wrong: string };

interface Kind<T> {
  readonly says: string;
  readonly isPath?: boolean;
  fromText(text: string, folder: string): Read<T>;
  fromJson(json: unknown, folder: string): Read<T>;
}

/** A kind whose text form is the same as its JSON string. */
function ofText<T>(says: string, read: (text: string, folder: string) => T | undefined): Kind<T> {
  const fromText = (written: string, folder: string): Read<T> => {
    const value = written.trim() === "" ? undefined : read(written.trim(), folder);
    return value === undefined ? { wrong: `must be ${says}` } : { value };
  };
  return {
    says,
    fromText,
    fromJson: (json, folder) =>
      typeof json === "string" ? fromText(json, folder) : { wrong: `must be ${says}` },
  };
}

function text(): Kind<string> {
  return ofText("a text", (written) => written);
}

function path(): Kind<string> {
  return { ...ofText("a path", (written, folder) => resolve(folder, written)), isPath: true };
}

/** The path of an SQLite file, or the address of a PostgreSQL database. */
function database(): Kind<string> {
  const file = path();
  const address = postgresUrl();
  const kindOf = (value: unknown) =>
    typeof value === "string" && isPostgresUrl(value.trim()) ? address : file;
  return {
    ...file,
    says: "the path of an SQLite file or a postgres:// address",
    fromText: (written, folder) => kindOf(written).fromText(written, folder),
    fromJson: (json, folder) => kindOf(json).fromJson(json, folder),
  };
}

function postgresUrl(): Kind<string> {
  const says = "the postgres:// address of a database";
  const read = (value: unknown): Read<string> => {
    if (typeof value !== "string" || !isPostgresUrl(value.trim())) return { wrong: `must be ${says}` };
    const wrong = wrongPostgresUrl(value.trim());
    return wrong === undefined ? { value: value.trim() } : { wrong };
  };
  return { says, fromText: read, fromJson: read };
}

function httpUrl(): Kind<string> {
  return ofText("an http or https address without query", (written) => {
    const url = URL.canParse(written) ? new URL(written) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
    if (url.search || url.hash || url.username || url.password) return undefined;
    return url.href.replace(/\/$/, "");
  });
}

function oneOf<T extends string>(...values: readonly T[]): Kind<T> {
  return ofText(`one of ${values.join(", ")}`, (written) => values.find((value) => value === written));
}

function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return {
    ...kind,
    fromJson: (json, folder) => (json === null ? { value: undefined } : kind.fromJson(json, folder)),
  };
}

function wholeNumber(least: number, most: number): Kind<number> {
  const says = `a whole number from ${least} to ${most}`;
  const read = (value: unknown): Read<number> =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? { value: value as number }
      : { wrong: `must be ${says}` };
  return {
    says,
    fromText: (written) => read(/^\d+$/.test(written.trim()) ? Number(written) : undefined),
    fromJson: read,
  };
}

function yesOrNo(): Kind<boolean> {
  const says = "true or false";
  return {
    says,
    fromText: (written) =>
      /^(?:true|false)$/.test(written.trim())
        ? { value: written.trim() === "true" }
        : { wrong: `must be ${says}` },
    fromJson: (json) => (typeof json === "boolean" ? { value: json } : { wrong: `must be ${says}` }),
  };
}

/** Taken as it stands, blanks and line breaks too: a password may begin with one. */
function secret(): Kind<string> {
  const says = "a text";
  const read = (value: unknown): Read<string> =>
    typeof value === "string" && value !== "" ? { value } : { wrong: `must be ${says}` };
  return { says, fromText: read, fromJson: read };
}

/** In the environment separated by commas. */
function list(says: string, isItem: (item: string) => boolean): Kind<readonly string[]> {
  const wrong = { wrong: `must be a list of ${says}` };
  const fromJson = (json: unknown): Read<readonly string[]> =>
    isTexts(json) && json.every(isItem) ? { value: json } : wrong;
  return {
    says: `a list of ${says}`,
    fromText: (written) => fromJson(written.split(",").map((item) => item.trim())),
    fromJson,
  };
}

/** SHA-256 in base64 without padding, the way OpenSSH writes it. */
function isFingerprint(item: string): boolean {
  return /^SHA256:[A-Za-z0-9+/]{43}=?$/.test(item);
}

function mappingKind(): Kind<MappingSettings> {
  return {
    says: "an object with groupKinds, institutions and personnummerUseridTypes, or some of them (as JSON in the environment)",
    fromText(written) {
      try {
        return readMapping(JSON.parse(written));
      } catch {
        return { wrong: "must be a JSON object" };
      }
    },
    fromJson: readMapping,
  };
}

const GROUP_KINDS: readonly GroupKind[] = ["school", "course", "occasion", "class", "programme"];
const RULE_FIELDS = ["typevalue", "scheme", "level", "label"] as const;

function readMapping(json: unknown): Read<MappingSettings> {
  if (!isObject(json)) return { wrong: "must be an object" };
  const unknown = Object.keys(json).find((name) => !Object.hasOwn(defaultMapping, name));
  if (unknown !== undefined) return { wrong: `has an unknown field ${printable(unknown)}` };
  const { groupKinds, institutions, personnummerUseridTypes } = { ...defaultMapping, ...json } as Record<
    string,
    unknown
  >;
  const wrong =
    wrongGroupKinds(groupKinds) ??
    wrongInstitutions(institutions) ??
    (isTexts(personnummerUseridTypes) ? undefined : "personnummerUseridTypes must be a list of texts");
  if (wrong !== undefined) return { wrong: `is wrong: ${wrong}` };
  return { value: { groupKinds, institutions, personnummerUseridTypes } as MappingSettings };
}

function wrongGroupKinds(groupKinds: unknown): string | undefined {
  if (!Array.isArray(groupKinds)) return "groupKinds must be a list of rules";
  for (const [index, rule] of groupKinds.entries()) {
    const wrong = wrongRule(rule);
    if (wrong !== undefined) return `groupKinds[${index}] ${wrong}`;
  }
  return undefined;
}

function wrongRule(rule: unknown): string | undefined {
  if (!isObject(rule)) return "must be an object";
  const { kind, ...conditions } = rule as { kind?: unknown } & Record<string, unknown>;
  if (!GROUP_KINDS.includes(kind as GroupKind)) return `must have a kind, one of ${GROUP_KINDS.join(", ")}`;
  for (const [name, value] of Object.entries(conditions)) {
    if (!(RULE_FIELDS as readonly string[]).includes(name)) return `has an unknown field ${printable(name)}`;
    if (typeof value !== "string" || value === "" || !isPattern(value)) {
      return `must have a regular expression as ${name}`;
    }
  }
  return Object.keys(conditions).length === 0 ? `must have one of ${RULE_FIELDS.join(", ")}` : undefined;
}

function wrongInstitutions(institutions: unknown): string | undefined {
  if (!isObject(institutions)) return "institutions must be an object: group id of a school to code";
  for (const [id, code] of Object.entries(institutions)) {
    if (typeof code !== "string" || !isInstitution(code)) {
      return `institutions must have a code of 1 to 4 letters or digits for ${printable(id)}`;
    }
  }
  return undefined;
}

/** What tenants say themselves; `refuseShared` looks at them together. */
function tenantsKind(): Kind<Settings["tenants"]> {
  const says = "an object: names of tenants to objects with settings of theirs";
  const fromJson = (json: unknown, folder: string): Read<Settings["tenants"]> => {
    if (!isObject(json)) return { wrong: `must be ${says}` };
    const tenants = new Map<string, TenantSettings>();
    for (const [name, content] of Object.entries(json)) {
      const read = readTenant(name, content, folder);
      if ("wrong" in read) return { wrong: `is wrong: ${printable(name)}${read.wrong}` };
      tenants.set(name, read.value);
    }
    return { value: tenants };
  };
  return {
    says: `${says} (as JSON in the environment)`,
    fromText(written, folder) {
      try {
        return fromJson(JSON.parse(written), folder);
      } catch {
        return { wrong: "must be a JSON object" };
      }
    },
    fromJson,
  };
}

function readTenant(name: string, content: unknown, folder: string): Read<TenantSettings> {
  const wrongName = wrongTenantName(name);
  if (wrongName !== undefined) return { wrong: ` ${wrongName}` };
  if (!isObject(content)) return { wrong: " must be an object with settings" };
  const settings: Record<string, unknown> = {};
  for (const [setting, value] of Object.entries(content)) {
    if (!Object.hasOwn(TABLE, setting)) return { wrong: ` has an unknown setting ${printable(setting)}` };
    if (!(TENANT_SETTINGS as readonly string[]).includes(setting)) {
      return { wrong: `.${setting} is no tenant's own: it is said once, for the whole service` };
    }
    const read = (TABLE[setting as keyof Settings].kind as Kind<unknown>).fromJson(value, folder);
    if ("wrong" in read) return { wrong: `.${setting} ${read.wrong}` };
    settings[setting] = read.value;
  }
  return { value: settings };
}

function isPattern(source: string): boolean {
  try {
    new RegExp(`^(?:${source})$`, "iu");
    return true;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string" && item.trim() !== "");
}

/** A name from outside, fit for one line. */
function printable(name: string): string {
  const shown = JSON.stringify(name.slice(0, 80)).slice(1, -1);
  return shown === "" ? '""' : shown;
}
