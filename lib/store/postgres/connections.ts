import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { AdresslistaError } from "../../errors.js";
import type { PostgresUrl } from "./url.js";

/** How long a call waits for a connection, and for an answer with all that goes before it, in milliseconds: then it gets a fault. */
const CONNECT_MS = 2_000;
const QUERY_MS = 5_000;
/** The same until a transaction has begun, and until a load has a connection of its own, for which nobody waits. */
const BEGIN_MS = 3_000;
const PATIENT_MS = 10_000;

/** A load whose server is lost without a word hears of it minutes after, not hours. */
const KEEP_ALIVE_MS = 10_000;

/** How long one that answers waits for those that stand before it in the setting. */
const EARLIER_HOST_MS = 200;

/** Connections of each process to the primary of a database, and to the replica. */
const MAX_CONNECTIONS = 10;

export type Client = pg.PoolClient;
export type Value = string | number | readonly string[] | readonly number[] | null;

export interface Question {
  readonly text: string;
  readonly values?: readonly Value[];
  /** Each row as an array of its values. */
  readonly asArrays?: boolean;
  /** How long the answer is waited for, a connection and a second attempt included; else QUERY_MS. */
  readonly milliseconds?: number;
}

/** Connections to the hosts of one setting, of which one answers at a time. */
export interface Connections {
  readonly shown: string;
  /** Address of the host that answers now. */
  address(): string;
  /** Rows of a question that changes nothing: asked again, once, when the connection is lost. */
  ask<Row>(what: string, question: Question): Promise<Row[]>;
  /** What is done in one transaction. Not tried again. */
  inTransaction<T>(what: string, action: (client: Client) => Promise<T>): Promise<T>;
  /** A connection of its own, for as long as its owner wants and without a limit to how long a statement takes. */
  connect(what: string): Promise<pg.Client>;
  close(): Promise<void>;
}

// Bigint comes as text otherwise; ours are counts and milliseconds.
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

/** Pools to the hosts of a database, of which one answers at a time. */
interface Hosts {
  pool(): pg.Pool;
  address(): string;
  /** Finds the host that answers now, and can be written to when that is wanted. */
  locate(): Promise<void>;
  readonly isLocated: boolean;
  readonly areSeveral: boolean;
  end(): Promise<void>;
}

/** Those that are open: stores of one database (tenants) share them, with how many they are. */
const opened = new Map<string, { readonly hosts: Hosts; users: number }>();

function hostsOf(
  addresses: readonly string[],
  any: boolean,
): { readonly hosts: Hosts; leave(): Promise<void> } {
  const key = JSON.stringify([addresses, any]);
  const entry = opened.get(key) ?? { hosts: openHosts(addresses, any), users: 0 };
  entry.users += 1;
  opened.set(key, entry);
  let isLeft = false;
  return {
    hosts: entry.hosts,
    async leave() {
      if (isLeft) return;
      isLeft = true;
      entry.users -= 1;
      if (entry.users > 0) return;
      opened.delete(key);
      await entry.hosts.end();
    },
  };
}

function openHosts(addresses: readonly string[], any: boolean): Hosts {
  const pools = addresses.map(
    (connectionString) =>
      new pg.Pool({
        connectionString,
        max: MAX_CONNECTIONS,
        connectionTimeoutMillis: CONNECT_MS,
        query_timeout: QUERY_MS,
        keepAlive: true,
        keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
        application_name: APPLICATION,
        types,
      }),
  );
  // An idle connection that is cut is no error of anybody's: the pool makes a new one.
  for (const pool of pools) pool.on("error", () => {});
  let current = 0;
  let isLocated = addresses.length === 1;
  let locating: Promise<void> | undefined;
  return {
    pool: () => pools[current] as pg.Pool,
    address: () => addresses[current] ?? "",
    locate() {
      locating ??= (async () => {
        const found = await firstUsable(addresses, any);
        if (found !== undefined) current = found;
        isLocated = true;
      })().finally(() => {
        locating = undefined;
      });
      return locating;
    },
    get isLocated() {
      return isLocated;
    },
    areSeveral: addresses.length > 1,
    async end() {
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
}

/** `any`: whether it will do that a host is a replica, which cannot be written to. */
export function connectionsTo(url: PostgresUrl, any = false): Connections {
  const { hosts, leave } = hostsOf(url.hosts, any);

  /** Done again, once, when the connection is lost before it is done; all that in so many milliseconds. */
  const withHost = async <T>(
    what: string,
    milliseconds: number,
    action: (pool: pg.Pool, isLate: () => boolean) => Promise<T>,
  ): Promise<T> => {
    let isLate = false;
    const attempts = async () => {
      if (!hosts.isLocated) await hosts.locate();
      try {
        return await action(hosts.pool(), () => isLate);
      } catch (error) {
        if (isLate || !isConnectionLost(error)) throw error;
      }
      if (hosts.areSeveral) await hosts.locate();
      return action(hosts.pool(), () => isLate);
    };
    try {
      return await inTime(milliseconds, attempts());
    } catch (error) {
      // A host that says nothing may be lost: whoever asks next finds the one that answers.
      if (hosts.areSeveral && (isTimeout(error) || isConnectionLost(error))) void hosts.locate();
      throw databaseError(what, error);
    } finally {
      isLate = true;
    }
  };

  return {
    shown: url.shown,
    address: hosts.address,

    ask: <Row>(what: string, { text, values = [], asArrays = false, milliseconds = QUERY_MS }: Question) =>
      withHost(what, milliseconds, async (pool) => {
        const query = {
          ...{ text, values: values.map(sendableValue), query_timeout: milliseconds },
          ...(asArrays ? { rowMode: "array" as const } : {}),
        };
        return (await pool.query(query as pg.QueryConfig)).rows as Row[];
      }),

    async inTransaction(what, action) {
      // Until something has been sent, a lost connection loses nothing.
      const client = await withHost(what, BEGIN_MS, async (pool, isLate) => {
        const begun = await pool.connect();
        // The pool listens only while nobody has the connection, and an error that nobody listens to ends the process.
        begun.on("error", ignored);
        try {
          await begun.query("BEGIN");
          if (isLate()) throw new Error(TOO_LATE);
          return begun;
        } catch (error) {
          giveBack(begun, true);
          throw error;
        }
      });
      try {
        const done = await action(client);
        await client.query("COMMIT");
        giveBack(client, false);
        return done;
      } catch (error) {
        await rolledBack(client);
        if (error instanceof AdresslistaError) throw error;
        if (isConnectionLost(error) && hosts.areSeveral) await hosts.locate();
        throw databaseError(what, error);
      }
    },

    connect: (what) =>
      withHost(what, PATIENT_MS, async () => {
        const client = new pg.Client({
          connectionString: hosts.address(),
          connectionTimeoutMillis: CONNECT_MS,
          keepAlive: true,
          keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
          application_name: APPLICATION,
          types,
        });
        // Said to whoever asks next; without a listener it would end the process.
        client.on("error", () => {});
        await client.connect();
        return client;
      }),

    close: leave,
  };
}

const APPLICATION = "adresslista";

/**
 * PostgreSQL knows no text with U+0000, and none in the store has it: what is asked for becomes something else that no text
 * has, since no XML document may.
 */
function sendableValue(value: Value): Value {
  if (typeof value === "string") return value.replaceAll("\u0000", "\uFFFF");
  return isTexts(value) ? value.map((one) => one.replaceAll("\u0000", "\uFFFF")) : value;
}

function isTexts(value: Value): value is readonly string[] {
  return Array.isArray(value) && typeof value[0] === "string";
}

const TOO_LATE = "timeout";

/** Throws when it takes longer; what comes of it then is not heard of. */
export async function inTime<T>(milliseconds: number, action: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(TOO_LATE)), milliseconds);
  });
  try {
    return await Promise.race([action, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function rolledBack(client: Client): Promise<void> {
  try {
    await client.query("ROLLBACK");
    giveBack(client, false);
  } catch {
    giveBack(client, true);
  }
}

/** Whoever waits for an answer is told of the error by it. */
function ignored(): void {}

/** One that is broken is closed, and may still say so. */
function giveBack(client: Client, isBroken: boolean): void {
  if (!isBroken) client.off("error", ignored);
  client.release(isBroken);
}

/**
 * Which of the hosts can be used, the first in their order: those after it are heard too, but none that says nothing is waited
 * for long when another one answers. Undefined: none.
 */
async function firstUsable(addresses: readonly string[], any: boolean): Promise<number | undefined> {
  const usable = addresses.map(() => false);
  const answers = addresses.map(async (host, at) => {
    usable[at] = await isUsable(host, any);
    if (!usable[at]) throw new Error("not usable");
  });
  const all = Promise.allSettled(answers);
  await Promise.any(answers).catch(() => {});
  await Promise.race([all, delay(EARLIER_HOST_MS)]);
  const first = usable.indexOf(true);
  return first === -1 ? undefined : first;
}

async function isUsable(connectionString: string, any: boolean): Promise<boolean> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
    application_name: APPLICATION,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ replica: boolean }>("SELECT pg_is_in_recovery() AS replica");
    return any || rows[0]?.replica === false;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** SQLSTATE of class 08 (connection), 57P01 to 57P03 (shut down, starting), 25006 (a replica by now). */
const LOST = /^(?:08\w{3}|57P0[1-3]|25006)$/;
/** Node's codes of a connection that is not there. */
const UNREACHABLE =
  /^(?:E(?:CONN\w+|PIPE|HOSTUNREACH|NETUNREACH|ADDRNOTAVAIL|TIMEDOUT|AI_AGAIN)|ENOENT|ENOTFOUND)$/;

function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = String((error as { code?: unknown }).code ?? "");
  if (code !== "") return LOST.test(code) || UNREACHABLE.test(code);
  // The driver's own errors have no code.
  return /^Connection terminated|^timeout exceeded when trying to connect$|^Client has encountered a connection error/.test(
    error.message,
  );
}

/** Does an error tell of a connection that was lost, or took too long? Another time it may be there. */
export function isPassing(error: unknown): boolean {
  const cause = error instanceof AdresslistaError ? error.cause : error;
  return isConnectionLost(cause) || isTimeout(cause);
}

/** The driver's own errors have no code. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && /timeout/i.test(error.message);
}

/**
 * Of the cause only its code is told: its text may quote values or the address. A code is what PostgreSQL calls SQLSTATE
 * (53100: disk full), or the operating system's.
 */
export function databaseError(what: string, cause: unknown): AdresslistaError {
  if (cause instanceof AdresslistaError) return cause;
  const code = (cause as { code?: unknown }).code;
  const reason =
    typeof code === "string"
      ? (REASONS[code] ?? code)
      : isTimeout(cause)
        ? "no answer in time"
        : "the connection was lost";
  return new AdresslistaError("database", `${what} (${reason})`, { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  "28P01": "28P01: wrong password",
  "28000": "28000: this user may not log in",
  "3D000": "3D000: there is no such database",
  "42501": "42501: this user may not do that",
  "53100": "53100: the disk of the database is full",
  "53300": "53300: too many connections",
  "25006": "25006: this server can only be read from",
};
