import { AdresslistaError } from "../../errors.js";

/** What a setting `database` of the form postgres://user:password@host:port,host:port/database?schema=name says. */
export interface PostgresUrl {
  /** One connection string for each host, in the order in which they are tried. */
  readonly hosts: readonly string[];
  readonly database: string;
  /** Schema of the service's own records; generations stand in schemas whose names begin with it. */
  readonly schema: string;
  /** Host, port, database and schema: fit to be shown. */
  readonly shown: string;
}

const DEFAULT_SCHEMA = "adresslista";
/** Room is left for what names of generations add, within PostgreSQL's 63 characters; lower case needs no quotes. */
const SCHEMA = /^[a-z][a-z0-9_]{0,51}$/;
/** Words that PostgreSQL (14 to 18) takes for names of nothing unless they are quoted, and schemas that are its own. */
const RESERVED = new RegExp(
  `^(?:pg_.*|${[
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation",
    "column concurrently constraint create cross current_catalog current_date current_role current_schema current_time",
    "current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze",
    "from full grant group having ilike in information_schema initially inner intersect into is isnull join lateral",
    "leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps",
    "placing primary references returning right select session_user similar some symmetric system_user table tablesample",
    "then to trailing true union unique user using variadic verbose when where window with",
  ]
    .join(" ")
    .replaceAll(" ", "|")})$`,
);
const USUAL_PORT = "5432";

export function isPostgresUrl(database: string): boolean {
  return /^postgres(?:ql)?:/i.test(database);
}

/** What is wrong with it, in words that do not repeat it, since it may have a password; undefined: nothing. */
export function wrongPostgresUrl(database: string): string | undefined {
  const parts = partsOf(database);
  if (/[#\s]/.test(database.trim())) return "has a # or a blank: in a password they are written %23 and %20";
  if (parts === undefined) return "must have the form postgres://user@host:port/database";
  if (parts.hosts.some((host) => !URL.canParse(`postgres://${host === "" ? "localhost" : host}/`)))
    return "has a host that is none";
  const { searchParams } = parsed(parts, parts.hosts[0] ?? "");
  if (!SCHEMA.test(searchParams.get("schema") ?? DEFAULT_SCHEMA)) {
    return "has a schema other than 1 to 52 of a-z, 0-9, _, with a letter first";
  }
  if (RESERVED.test(searchParams.get("schema") ?? DEFAULT_SCHEMA)) {
    return "has a schema whose name is a word of SQL's own, or begins with pg_";
  }
  return undefined;
}

/** Throws AdresslistaError("settings") when it is none. */
export function readPostgresUrl(database: string): PostgresUrl {
  const wrong = wrongPostgresUrl(database);
  const parts = partsOf(database);
  if (wrong !== undefined || parts === undefined) {
    throw new AdresslistaError("settings", `database: the address of PostgreSQL ${wrong}`);
  }
  const urls = parts.hosts.map((host) => parsed(parts, host));
  const schema = urls[0]?.searchParams.get("schema") ?? DEFAULT_SCHEMA;
  for (const { searchParams } of urls) searchParams.delete("schema");
  const at = urls.map(({ hostname, port }) => `${hostname}:${port || USUAL_PORT}`).join(",");
  const shown = `PostgreSQL at ${at}${urls[0]?.pathname}, schema ${schema}`;
  const name = decodeURIComponent(urls[0]?.pathname.slice(1) ?? "");
  return { hosts: urls.map(({ href }) => href), database: name, schema, shown };
}

/** The same database with another schema. */
export function withSchema(database: string, schema: string): string {
  const [before = "", query = ""] = database.split("?", 2);
  const parameters = new URLSearchParams(query);
  parameters.set("schema", schema);
  return `${before}?${parameters}`;
}

interface Parts {
  readonly login: string;
  readonly hosts: readonly string[];
  readonly rest: string;
}

/** Several hosts are no URL, so they are taken apart first. */
function partsOf(database: string): Parts | undefined {
  const found = /^postgres(?:ql)?:\/\/(?:([^@/]*)@)?([^@/?]*)(\/[^/?]+(?:\?.*)?)$/i.exec(database.trim());
  if (!found) return undefined;
  const [, login = "", hosts = "", rest = ""] = found;
  return { login, hosts: hosts.split(","), rest };
}

function parsed({ login, rest }: Parts, host: string): URL {
  return new URL(`postgres://${login === "" ? "" : `${login}@`}${host === "" ? "localhost" : host}${rest}`);
}
