import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Settings } from "./config.js";
import { AdresslistaError } from "./errors.js";
import { besideDatabase, databaseOfTenant } from "./store/open.js";
import { isPostgresUrl, readPostgresUrl, wrongPostgresUrl } from "./store/postgres/url.js";

/**
 * Several registers in one service: its own, and one for each tenant of the setting `tenants`. Which settings a tenant may
 * have, what it has of the service's when it says nothing, and what no two registers may share.
 */
export const TENANT_SETTINGS = [
  "database",
  "databaseRead",
  "terminFormat",
  "utilityTerminFormat",
  "kurskodMaxLength",
  "kurskodAliasFile",
  "defaultCaller",
  "keepGenerations",
  "protected",
  "protectedFile",
  "mapping",
  "repair",
  "datasource",
  "requireEmail",
  "historyTerms",
  "guardFewerPercent",
  "guardFewerCount",
  "guardMorePercent",
  "guardMoreCount",
  "maxAgeHours",
  "statusFile",
  "sftpHost",
  "sftpPort",
  "sftpUser",
  "sftpPassword",
  "sftpPasswordFile",
  "sftpPrivateKey",
  "sftpPrivateKeyFile",
  "sftpPassphrase",
  "sftpPassphraseFile",
  "sftpHostKey",
  "sftpKnownHostsFile",
  "sftpPath",
  "sftpPattern",
  "sftpFiles",
  "sftpDeliveryMinutes",
  "sftpMinimumAgeSeconds",
  "sftpMarker",
  "sftpConnectSeconds",
  "sftpIdleSeconds",
  "sftpDeadlineMinutes",
  "sftpRetries",
  "fetchedFolder",
  "keepFetchedDays",
] as const satisfies readonly (keyof Settings)[];

/** What a tenant says itself. */
export type TenantSettings = Partial<Pick<Settings, (typeof TENANT_SETTINGS)[number]>>;

/** A register of the service, with all its settings. */
export interface Register {
  /** Undefined: the service's own. */
  readonly tenant: string | undefined;
  readonly settings: Settings;
}

/** Part of paths and of names of schemas and files. */
const NAME = /^[a-z][a-z0-9-]{0,19}$/;
/** A tenant's part of a path stands where these stand without one. */
const SERVICES = ["adresslistafetcher", "utilityfetcher"];

/** What is wrong with the name of a tenant; undefined: nothing. */
export function wrongTenantName(name: string): string | undefined {
  if (!NAME.test(name)) return "must be a name of 1 to 20 of a-z, 0-9 and -, with a letter first";
  return SERVICES.includes(name) ? "is the name of a service, and cannot be a tenant's too" : undefined;
}

/** The service's own register first, then the tenants' in the order of the settings. */
export function registersOf(settings: Settings): readonly Register[] {
  return [undefined, ...settings.tenants.keys()].map((tenant) => registerOf(settings, tenant));
}

/** @throws AdresslistaError "usage" when there is no such tenant */
export function registerOf(service: Settings, tenant: string | undefined): Register {
  if (tenant === undefined) return { tenant, settings: service };
  const given = service.tenants.get(tenant);
  if (given === undefined) {
    const names = [...service.tenants.keys()].join(", ");
    throw new AdresslistaError(
      "usage",
      names === ""
        ? "--tenant: the setting tenants names none"
        : `--tenant: there is no such tenant; there are ${names}`,
    );
  }
  return { tenant, settings: { ...service, ...inherited(service, tenant, given), ...given } };
}

/** In words, at the beginning of a line or within it. */
export function registerInWords(tenant: string | undefined): string {
  return tenant === undefined ? "the service's own register" : `tenant ${tenant}`;
}

/** A login is one thing, and so is what the server is known by: half of another's would be wrong, or weaker. */
const LOGIN = [
  "sftpPassword",
  "sftpPasswordFile",
  "sftpPrivateKey",
  "sftpPrivateKeyFile",
  "sftpPassphrase",
  "sftpPassphraseFile",
] as const;
const HOST_KEYS = ["sftpHostKey", "sftpKnownHostsFile"] as const;
const NO_LOGIN = Object.fromEntries(LOGIN.map((name) => [name, undefined]));
const NO_HOST_KEY = { sftpHostKey: [], sftpKnownHostsFile: undefined };

/** What a tenant has that it does not say itself, where that is not the service's own. */
function inherited(service: Settings, tenant: string, given: TenantSettings): Partial<Settings> {
  const says = (names: readonly (keyof TenantSettings)[]) => names.some((name) => Object.hasOwn(given, name));
  return {
    database: databaseOfTenant(service.database, tenant),
    databaseRead: says(["database"]) ? undefined : replicaOfTenant(service.databaseRead, tenant),
    // One log for the whole service.
    auditFolder: service.auditFolder ?? besideDatabase(service.database, service.workFolder, ".audit"),
    statusFile: undefined,
    // Files of PostgreSQL's have the schema's name, which another server may have too.
    workFolder: join(service.workFolder, tenant),
    fetchedFolder: join(service.fetchedFolder, tenant),
    // A caller is of one register.
    defaultCaller: undefined,
    ...(says(LOGIN) ? NO_LOGIN : {}),
    ...(says(HOST_KEYS) ? NO_HOST_KEY : {}),
    tenants: new Map(),
  };
}

function replicaOfTenant(databaseRead: string | undefined, tenant: string): string | undefined {
  return databaseRead === undefined ? undefined : databaseOfTenant(databaseRead, tenant);
}

/**
 * Refuses settings by which two registers would have something in common that holds persons of one: throws
 * AdresslistaError("settings"). A part that is not said wrong here can still be wrong; but never another tenant's.
 */
export function refuseShared(service: Settings): void {
  const owners = new Map<string, string | undefined>();
  for (const register of service.tenants.size === 0 ? [] : registersOf(service)) {
    const { tenant, settings } = register;
    const wrong = isPostgresUrl(settings.database) ? wrongPostgresUrl(settings.database) : undefined;
    if (wrong !== undefined) throw wrongTenant(tenant, `the database, made from the service's, ${wrong}`);
    for (const { key, says } of ownOf(settings)) {
      if (owners.has(key)) {
        throw wrongTenant(tenant, `${says} of ${registerInWords(owners.get(key))} too: each has its own`);
      }
      owners.set(key, tenant);
    }
  }
}

function wrongTenant(tenant: string | undefined, what: string): AdresslistaError {
  return new AdresslistaError("settings", `tenants is wrong: ${registerInWords(tenant)}: ${what}`);
}

/** What a register must have for itself. A register may not say the same key twice. */
function ownOf(settings: Settings): readonly { readonly key: string; readonly says: string }[] {
  const { database, workFolder, fetchedFolder, sftpHost } = settings;
  const statusFile = settings.statusFile ?? besideDatabase(database, workFolder, ".status.json");
  const own = [
    // Loads stand beside a database, under its name without its ending.
    ...databaseKeys(database).map((key) => ({ key: `database ${key}`, says: "database is that" })),
    {
      key: `files ${realPlace(besideDatabase(database, workFolder, ""))}`,
      says: "the files beside database would be those",
    },
    { key: `status ${realPlace(statusFile)}`, says: "statusFile is that" },
    { key: `fetched ${realPlace(fetchedFolder)}`, says: "fetchedFolder is that" },
  ];
  if (sftpHost === undefined) return own;
  const { sftpPort, sftpUser, sftpPath, sftpPattern } = settings;
  const source = [sftpHost.toLowerCase(), sftpPort, sftpUser, sftpPath, [...new Set(sftpPattern)].sort()];
  const says = "the export (sftpHost, sftpPort, sftpUser, sftpPath, sftpPattern) is that";
  return [...own, { key: `export ${JSON.stringify(source)}`, says }];
}

function databaseKeys(database: string): readonly string[] {
  if (!isPostgresUrl(database)) return [realPlace(database)];
  const { hosts, schema } = readPostgresUrl(database);
  const keys = hosts.map((host) => {
    const { hostname, port, pathname } = new URL(host);
    return `${hostname}:${port || "5432"}${pathname} ${schema}`;
  });
  return [...new Set(keys)];
}

/** Where a path really is, whether there is anything there or not. */
function realPlace(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(realPlace(folder), basename(path));
  }
}
