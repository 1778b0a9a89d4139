import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { AdresslistaError } from "../../errors.js";
import { codeEdit, type Entry, REGISTERS, type Register } from "../code-registers.js";
import type { LoadStore, LoadSwitch, NewLoad, ReloadLock, StoreRecords } from "../loads.js";
import type {
  CodeChanges,
  CodeRegisterName,
  CodeRows,
  Generation,
  KeptLoad,
  LoadRecord,
  SchoolCount,
} from "../queries.js";
import { LOAD_COLUMNS, type LoadRow, NEW_LOAD_COLUMNS, toLoad, valuesOfLoad } from "../records.js";
import { removable, rollbackTarget } from "../rollback.js";
import { GENERATION_SCHEMA_VERSION } from "../schema.js";
import { generationFile, generationNumbers, guarded, removeUnfinished } from "../sqlite/files.js";
import { callersIn, insertCaller } from "./callers.js";
import {
  type Client,
  type Connections,
  connectionsTo,
  databaseError,
  inTime,
  isPassing,
} from "./connections.js";
import { copyGeneration, fetchGeneration } from "./copy.js";
import { postgresGeneration } from "./generation.js";
import { isMade, isUpToDate, lockName, migrate } from "./migrations.js";
import { type State, stateAsked } from "./state.js";
import { type PostgresUrl, readPostgresUrl } from "./url.js";

export interface PostgresOptions {
  readonly readOnly?: boolean;
  /** Address of a replica that generations are read from. */
  readonly databaseRead?: string | undefined;
  /** Where a load is built before it is taken over; only loads need it. */
  readonly workFolder?: string | undefined;
}

/** What is built there holds personal data. */
const PRIVATE_FOLDER = 0o700;

/** How long a generation that is no longer kept stays for calls that began with it, in milliseconds. */
const RETIRED_GRACE_MS = 30_000;

/**
 * The store in PostgreSQL: the service's own records in one schema, each generation in a schema of its own beside it. Throws
 * AdresslistaError("database") when it cannot be reached, or is newer than this program.
 */
export async function openPostgresStore(database: string, options: PostgresOptions): Promise<LoadStore> {
  const url = readPostgresUrl(database);
  const connections = connectionsTo(url);
  const replica =
    options.databaseRead === undefined
      ? undefined
      : connectionsTo(readPostgresUrl(options.databaseRead), true);
  try {
    if (!(await isUpToDate(connections, url.schema))) {
      if (options.readOnly === true && !(await isMade(connections, url.schema))) {
        throw new AdresslistaError("database", `cannot open ${url.shown}: it is not there`);
      }
      await migrate(connections, url);
    }
    return postgresStore(url, connections, replica, options.workFolder);
  } catch (error) {
    await Promise.all([connections.close(), replica?.close()]);
    throw error;
  }
}

/** Has a service of ours written there? Looking does not make anything. */
export async function postgresDatabaseExists(database: string): Promise<boolean> {
  const url = readPostgresUrl(database);
  const connections = connectionsTo(url);
  try {
    return await isMade(connections, url.schema);
  } finally {
    await connections.close();
  }
}

function postgresStore(
  { database, schema }: PostgresUrl,
  connections: Connections,
  replica: Connections | undefined,
  workFolder: string | undefined,
): LoadStore {
  const of = (table: string) => `${schema}.${table}`;
  const schemaOf = (load: number) => `${schema}_load_${load}`;
  const ask = <Row>(what: string, text: string, ...values: (string | number | null)[]) =>
    connections.ask<Row>(what, { text, values });
  let lock: HeldLock | undefined;
  let current: Generation | undefined;

  const state = stateAsked(async (): Promise<State> => {
    const [row] = await connections.ask<{ served: number | null; callers: number }>(
      "the database does not answer",
      {
        text: `SELECT (SELECT number FROM ${of("served_load")}) AS served,
          (SELECT number FROM ${of("caller_version")}) AS callers`,
        milliseconds: STATE_MS,
      },
    );
    return { served: row?.served ?? undefined, callersVersion: row?.callers ?? 0 };
  });

  const servedNumber = async (): Promise<number | undefined> => {
    const [row] = await ask<{ number: number }>(
      "cannot read the loads",
      `SELECT number FROM ${of("served_load")}`,
    );
    return row?.number;
  };

  /** After a change whose end is not known: its end is waited for, and a server that was lost, or another in its place. */
  const servedWhenItAnswers = async (why: unknown): Promise<number | undefined> => {
    const until = performance.now() + LOST_CHANGE_MS;
    for (;;) {
      try {
        return await connections.inTransaction("cannot read the loads", async (client) => {
          await client.query(`SET LOCAL lock_timeout = ${LOCKED_MS}`);
          await client.query(WAIT_FOR_CHANGES, [lockName(schema)]);
          const { rows } = await client.query<{ number: number }>(`SELECT number FROM ${of("served_load")}`);
          return rows[0]?.number;
        });
      } catch (error) {
        const mayPass = isPassing(error) || isLocked(error);
        if (!mayPass || performance.now() > until) {
          throw new AdresslistaError("database", "whether the load is served is not known: `status` tells", {
            cause: why,
          });
        }
        await delay(LOOK_AGAIN_MS);
      }
    }
  };

  /** Numbers of the generations that are kept, lowest first, and the version of their tables. */
  const generations = () =>
    ask<{ number: number; version: number }>(
      "cannot read the loads",
      `SELECT number, version FROM ${of("generation")} WHERE retired IS NULL ORDER BY number`,
    );

  const isThere = async (where: Pick<Connections, "ask">, number: number): Promise<boolean> => {
    const [row] = await where.ask<{ version: number }>(`cannot read load ${number}`, {
      text: `SELECT version FROM ${of("generation")} WHERE number = $1`,
      values: [number],
    });
    if (row !== undefined && row.version !== GENERATION_SCHEMA_VERSION) {
      throw new AdresslistaError(
        "database",
        `load ${number} was made by another version of this program: reload the export`,
      );
    }
    return row !== undefined;
  };

  const open = async (number: number): Promise<Generation> => {
    if (!(await isThere(connections, number))) {
      throw new AdresslistaError("database", `cannot read load ${number}: its tables are not there`);
    }
    return postgresGeneration(
      number,
      schemaOf(number),
      replica === undefined ? connections : replicaFor(number, replica),
    );
  };

  /**
   * The replica, once it has the load, for as long as it answers. A load that it has is the very one that was announced: each
   * has tables of its own.
   */
  const replicaFor = (number: number, from: Connections): Pick<Connections, "ask"> => {
    let has = false;
    let isLooking = false;
    let lookedAt = Number.NEGATIVE_INFINITY;
    /** No call waits for what it finds. */
    const look = async () => {
      isLooking = true;
      try {
        has = await isThere(from, number);
      } catch {
        has = false;
      }
      isLooking = false;
      lookedAt = performance.now();
    };
    return {
      async ask(what, question) {
        if (!has) {
          if (!isLooking && performance.now() - lookedAt > LOOK_AGAIN_MS) void look();
          return connections.ask(what, question);
        }
        try {
          return await from.ask(what, { ...question, milliseconds: REPLICA_MS });
        } catch {
          has = false;
          return connections.ask(what, question);
        }
      },
    };
  };

  const allLoads = async (): Promise<LoadRecord[]> => {
    const rows = await ask<LoadRow>(
      "cannot read the loads",
      `SELECT ${SELECTED_OF_LOAD} FROM ${of("load")} ORDER BY number DESC`,
    );
    return rows.map(toLoad);
  };

  const keptLoads = async (): Promise<KeptLoad[]> => {
    const there = new Map((await generations()).map(({ number, version }) => [number, version]));
    return (await allLoads()).map((load) => ({
      ...load,
      kept: there.get(load.number) === GENERATION_SCHEMA_VERSION,
    }));
  };

  const entriesOf = async <Row>(client: Client | undefined, register: Register<Row>): Promise<Entry[]> => {
    const { table, keyColumns, codeColumn } = register;
    const columns = [...keyColumns, codeColumn].map((column) => column.toLowerCase());
    const text = `SELECT ${columns.join(", ")} FROM ${of(table.toLowerCase())}
      ORDER BY ${columns.map((column) => `${column} COLLATE "C"`).join(", ")}`;
    const rows =
      client === undefined
        ? await ask<Readonly<Record<string, string>>>("cannot read the codes", text)
        : (await client.query<Readonly<Record<string, string>>>(text)).rows;
    return rows.map((row) => {
      const values = columns.map((column) => row[column] ?? "");
      return { key: values.slice(0, -1), code: values.at(-1) ?? "" };
    });
  };

  /**
   * What only the holder of the reload lock does, in one transaction: whoever gets the lock waits until it has ended, and it
   * does not begin when the lock was lost (`takeLock`).
   */
  const asHolder = <T>(what: string, action: (client: Client) => Promise<T>): Promise<T> =>
    connections.inTransaction(what, async (client) => {
      await client.query(WAIT_FOR_CHANGES, [lockName(schema)]);
      await lock?.assertHeld();
      return action(client);
    });

  const editCodes = <R extends CodeRegisterName>(
    name: R,
    rows: readonly CodeRows[R][],
    removals: readonly CodeRows[R][],
    others: "keep" | "remove",
  ): Promise<CodeChanges> =>
    asHolder("cannot edit the codes", async (client) => {
      const register: Register<CodeRows[R]> = REGISTERS[name];
      const edit = codeEdit(register, await entriesOf(client, register), rows, removals, others);
      const table = of(register.table.toLowerCase());
      const columns = [...register.keyColumns, register.codeColumn].map((column) => column.toLowerCase());
      const where = register.keyColumns
        .map((column, at) => `${column.toLowerCase()} = $${at + 1}`)
        .join(" AND ");
      for (const { key } of edit.gone) await client.query(`DELETE FROM ${table} WHERE ${where}`, [...key]);
      const places = columns.map((_, at) => `$${at + 1}`).join(", ");
      for (const { key, code } of edit.come) {
        await client.query(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`, [...key, code]);
      }
      if (edit.gone.length + edit.come.length > 0) {
        await client.query(
          `INSERT INTO ${of("code_edit")} AS c (only_row, number) VALUES (1, 1)
           ON CONFLICT (only_row) DO UPDATE SET number = c.number + 1`,
        );
      }
      return edit.changes;
    });

  const serve = async (client: Client, to: number, kind: LoadSwitch["kind"], at: string): Promise<void> => {
    await client.query(
      `INSERT INTO ${of("load_switch")} (at, from_load, to_load, kind) VALUES ($1, (SELECT number FROM ${of("served_load")}), $2, $3)`,
      [at, to, kind],
    );
    await client.query(
      `INSERT INTO ${of("served_load")} (only_row, number) VALUES (1, $1)
       ON CONFLICT (only_row) DO UPDATE SET number = excluded.number`,
      [to],
    );
  };

  // A folder that is this schema's alone: what is in it is removed before each load, and an SQLite database may stand beside it.
  const bench = workFolder === undefined ? undefined : join(workFolder, `${database}.${schema}.building`);
  const workbench = join(bench ?? "", "building.sqlite");
  const atWorkbench = (): string => {
    if (bench === undefined) throw new AdresslistaError("internal", "this store was not opened for a load");
    return workbench;
  };
  let removing: NodeJS.Timeout | undefined;
  const removeRetiredLater = () => {
    clearTimeout(removing);
    removing = setTimeout(() => {
      // Should it fail, or this user not be allowed to, the next load does it.
      removeUnused(false).catch(() => {});
    }, RETIRED_GRACE_MS + 1_000).unref();
  };
  const fetched = new Map<number, string>();

  return {
    get workbench() {
      return atWorkbench();
    },

    async takeReloadLock() {
      lock = await takeLock(connections, schema);
      const { release } = lock;
      return {
        async release() {
          lock = undefined;
          await release();
        },
      };
    },

    async current() {
      const { served } = await state();
      if (served === current?.number) return current;
      if (served === undefined) {
        current = undefined;
        return undefined;
      }
      const opened = await open(served);
      // Another call may have opened it meanwhile: what it remembers is kept.
      if (current?.number !== served) {
        // The load that this one has taken the place of may be one that is no longer kept.
        if (current !== undefined) removeRetiredLater();
        current = opened;
      }
      return current;
    },

    callersVersion: async () => (await state()).callersVersion,
    ...callersIn(connections, schema),

    loads: allLoads,
    keptLoads,

    async served() {
      const [row] = await ask<LoadRow>(
        "cannot read the loads",
        `SELECT ${SELECTED_OF_LOAD} FROM ${of("load")} WHERE number = (SELECT number FROM ${of("served_load")})`,
      );
      return row === undefined ? undefined : toLoad(row);
    },

    async servedFile() {
      const number = await servedNumber();
      return number === undefined ? undefined : fetchLoad(number);
    },
    loadFile: fetchLoad,

    async servedCounts() {
      const number = await servedNumber();
      if (number === undefined || !(await generations()).some((generation) => generation.number === number))
        return [];
      return ask<SchoolCount>(
        "cannot read the counts of a load",
        `SELECT inst AS institution, kind, termin, count FROM ${schemaOf(number)}.school_count ORDER BY inst, kind, termin NULLS FIRST`,
      );
    },

    async report(load) {
      const [row] = await ask<{ report: string | null }>(
        "cannot read the report",
        `SELECT report FROM ${of("load")} WHERE number = $1`,
        load,
      );
      return row?.report == null ? undefined : (JSON.parse(row.report) as Readonly<Record<string, unknown>>);
    },

    async codeRows(name) {
      const register = REGISTERS[name];
      return (await entriesOf(undefined, register)).map(({ key, code }) => register.row(key, code));
    },
    editCodes: (name, rows, removals = []) => editCodes(name, rows, removals, "keep"),
    replaceCodes: (name, rows) => editCodes(name, rows, [], "remove"),

    async codeEdits() {
      const [row] = await ask<{ number: number }>(
        "cannot read the codes",
        `SELECT number FROM ${of("code_edit")}`,
      );
      return row?.number ?? 0;
    },

    async codeRegister() {
      const institutions = await ask<{ group_id: string; kod: string }>(
        "cannot read the codes",
        `SELECT group_id, kod FROM ${of("institution_code")}`,
      );
      const anmkod = await ask<{ occasion_id: string; kurskod: string; anmkod: string }>(
        "cannot read the codes",
        `SELECT occasion_id, kurskod, anmkod FROM ${of("anmkod_code")}`,
      );
      return {
        institutions: new Map(institutions.map(({ group_id, kod }) => [group_id, kod])),
        anmkod: new Map(anmkod.map((row) => [`${row.occasion_id}\u0000${row.kurskod}`, row.anmkod])),
      };
    },

    async nextLoadNumber() {
      const [row] = await ask<{ number: number }>(
        "cannot read the loads",
        `SELECT greatest((SELECT coalesce(max(number), 0) FROM ${of("load")}),
           (SELECT coalesce(max(number), 0) FROM ${of("generation")})) + 1 AS number`,
      );
      return row?.number ?? 1;
    },

    async sweep() {
      await lock?.assertHeld();
      if (bench !== undefined) {
        guarded("cannot remove what a killed load left", () => {
          mkdirSync(bench, { recursive: true, mode: PRIVATE_FOLDER });
          removeUnfinished(workbench);
          for (const number of generationNumbers(workbench))
            rmSync(generationFile(workbench, number), { force: true });
        });
        fetched.clear();
      }
      await removeUnused(true);
    },

    async takeOver(number, how = {}) {
      const client = await connections.connect("cannot store the load");
      const file = generationFile(atWorkbench(), number);
      try {
        await client.query("BEGIN");
        // A limit that is meant for questions would end the copying of a large register.
        await client.query("SET LOCAL statement_timeout = 0");
        await copyGeneration(file, client, schemaOf(number), how);
        // Of a number that is given from outside (`adopt`) one may have been dropped before.
        await client.query(
          `INSERT INTO ${of("generation")} (number, version, bytes)
           SELECT $1, $2, coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relnamespace = $3::regnamespace AND relkind = 'r'
           ON CONFLICT (number) DO UPDATE SET version = excluded.version, bytes = excluded.bytes, retired = NULL`,
          [number, GENERATION_SCHEMA_VERSION, schemaOf(number)],
        );
        how.signal?.throwIfAborted();
        await client.query(WAIT_FOR_CHANGES, [lockName(schema)]);
        await lock?.assertHeld();
        await client.query("COMMIT");
      } catch (error) {
        if (how.signal?.aborted) throw how.signal.reason;
        throw databaseError("the load cannot be stored", error);
      } finally {
        // Without a commit nothing of it is left.
        await client.end().catch(() => {});
        rmSync(file, { force: true });
      }
    },

    open,

    async publish(load) {
      try {
        await asHolder("cannot publish the load", (client) => recordLoad(client, of, load, serve));
      } catch (error) {
        // The answer may be lost when all is done.
        if (!isPassing(error)) throw error;
        const served = await servedWhenItAnswers(error);
        if (served !== load.record.number) throw error;
      }
    },

    async rollback(target, now) {
      return asHolder("cannot go back to another load", async (client) => {
        const chosen = rollbackTarget(target, await servedNumber(), await keptLoads());
        const at = now.toISOString();
        await client.query(
          `UPDATE ${of("load")} SET rolled_back = $1 WHERE number > $2 AND rolled_back IS NULL`,
          [at, chosen.to],
        );
        await client.query(`UPDATE ${of("load")} SET rolled_back = NULL WHERE number = $1`, [chosen.to]);
        await serve(client, chosen.to, "rollback", at);
        return chosen;
      });
    },

    switches: () =>
      ask<LoadSwitch>(
        "cannot read the loads",
        `SELECT at, from_load AS "from", to_load AS "to", kind FROM ${of("load_switch")} ORDER BY id`,
      ),

    async adopt(records) {
      await asHolder("cannot take over the records", async (client) => {
        for (const { report, ...record } of records.loads) await insertLoad(client, of, { record, report });
        await insertCodes(client, of, records);
        if (records.codeEdits > 0) {
          await client.query(`INSERT INTO ${of("code_edit")} (only_row, number) VALUES (1, $1)`, [
            records.codeEdits,
          ]);
        }
        for (const { to, kind, at } of records.switches) await serve(client, to, kind, at);
        for (const caller of records.callers) await insertCaller(client, schema, caller);
      });
    },

    async prune(keep) {
      try {
        await asHolder("cannot remove old loads", async (client) => {
          const served = await servedNumber();
          if (served === undefined) return;
          const there = (await generations()).map(({ number }) => number);
          const unkept = removable(there, served, keep, await allLoads());
          await client.query(
            `UPDATE ${of("generation")} SET retired = clock_timestamp() WHERE number = ANY($1::integer[])`,
            [unkept],
          );
          await client.query(
            `UPDATE ${of("load")} SET report = NULL WHERE report IS NOT NULL
               AND number NOT IN (SELECT number FROM ${of("generation")} WHERE retired IS NULL)`,
          );
        });
        await removeUnused(true);
      } catch (error) {
        // The load is served, whatever has become of the connection since. The next one prunes.
        if (!isPassing(error)) throw error;
      }
    },

    async close() {
      clearTimeout(removing);
      for (const file of fetched.values()) rmSync(file, { force: true });
      await lock?.release();
      await Promise.all([connections.close(), replica?.close()]);
    },
  };

  /** A kept load as a file of this machine, until the store is closed. */
  async function fetchLoad(number: number): Promise<string | undefined> {
    if (fetched.has(number)) return fetched.get(number);
    const [there] = (await generations()).filter((generation) => generation.number === number);
    // As a file of another version cannot be opened, its tables cannot be copied into one of this version.
    if (there?.version !== GENERATION_SCHEMA_VERSION) return undefined;
    const file = generationFile(atWorkbench(), number);
    mkdirSync(bench ?? "", { recursive: true, mode: PRIVATE_FOLDER });
    rmSync(file, { force: true });
    const client = await connections.connect("cannot fetch the served load");
    try {
      await fetchGeneration(client, schemaOf(number), file);
    } catch (error) {
      rmSync(file, { force: true });
      throw databaseError("cannot fetch the served load", error);
    } finally {
      await client.end().catch(() => {});
    }
    fetched.set(number, file);
    return file;
  }

  /**
   * Drops generations that nobody reads any more, and `alsoUnpublished`, under the reload lock, those that no load has: of these
   * the number stays, so that no other load gets it, since a replica that is behind may have what was dropped.
   */
  async function removeUnused(alsoUnpublished: boolean): Promise<void> {
    const unused = await ask<{ number: number; published: boolean }>(
      "cannot read the loads",
      `SELECT number, published FROM ${of("generation")} g
         CROSS JOIN LATERAL (SELECT EXISTS (SELECT 1 FROM ${of("load")} l WHERE l.number = g.number) AS published) known
       WHERE CASE WHEN published THEN retired < clock_timestamp() - $1 * interval '1 millisecond'
         ELSE $2 = 1 AND retired IS NULL END`,
      RETIRED_GRACE_MS,
      alsoUnpublished ? 1 : 0,
    );
    for (const { number, published } of unused) {
      try {
        await (published ? connections.inTransaction : asHolder)(
          `cannot remove load ${number}`,
          async (client) => {
            // A backup may be reading it.
            await client.query(`SET LOCAL lock_timeout = ${LOCKED_MS}`);
            await client.query(`DROP SCHEMA IF EXISTS ${schemaOf(number)} CASCADE`);
            if (published) {
              await client.query(`DELETE FROM ${of("generation")} WHERE number = $1`, [number]);
            } else {
              await client.query(`UPDATE ${of("generation")} SET retired = 'infinity' WHERE number = $1`, [
                number,
              ]);
            }
          },
        );
      } catch (error) {
        if (!isLocked(error)) throw error;
      }
    }
  }
}

/** How long every call waits at most to hear what is served, in milliseconds. */
const STATE_MS = 2_000;

/** How long a server is waited for that was lost while it published a load, in milliseconds. */
const LOST_CHANGE_MS = 60_000;

/** How long a generation that somebody else reads is waited for before it is dropped, in milliseconds: the next load does it. */
const LOCKED_MS = 1_000;

function isLocked(error: unknown): boolean {
  const code = ((error as Error).cause as { code?: unknown } | undefined)?.code;
  return code === LOCK_NOT_AVAILABLE || code === DEADLOCK_DETECTED;
}

const LOCK_NOT_AVAILABLE = "55P03";
const DEADLOCK_DETECTED = "40P01";

/** How long a replica's answer is waited for before the primary is asked, in milliseconds. */
const REPLICA_MS = 1_500;

/** How often one that did not answer, or a replica that has not got the load yet, is asked again, in milliseconds. */
const LOOK_AGAIN_MS = 500;

const SELECTED_OF_LOAD = LOAD_COLUMNS.map((column) => `${column.toLowerCase()} AS "${column}"`).join(", ");

async function recordLoad(
  client: Client,
  of: (table: string) => string,
  load: NewLoad,
  serve: (client: Client, to: number, kind: LoadSwitch["kind"], at: string) => Promise<void>,
): Promise<void> {
  await insertLoad(client, of, load);
  await insertCodes(client, of, {
    institutions: [...load.institutions].map(([groupId, kod]) => ({ groupId, kod })),
    anmkod: [...load.anmkod].map(([key, anmkod]) => {
      const [occasionId = "", kurskod = ""] = key.split("\u0000");
      return { occasionId, kurskod, anmkod };
    }),
  });
  await serve(client, load.record.number, "load", load.record.loadedAt);
}

async function insertLoad(
  client: Client,
  of: (table: string) => string,
  load: Parameters<typeof valuesOfLoad>[0],
): Promise<void> {
  const values = valuesOfLoad(load);
  await client.query(
    `INSERT INTO ${of("load")} (${NEW_LOAD_COLUMNS.toLowerCase()}) VALUES (${values.map((_, at) => `$${at + 1}`).join(", ")})`,
    [...values],
  );
}

/** Those that are there already stay as they are. */
async function insertCodes(
  client: Client,
  of: (table: string) => string,
  { institutions, anmkod }: Pick<StoreRecords, "institutions" | "anmkod">,
): Promise<void> {
  await client.query(
    `INSERT INTO ${of("institution_code")} (group_id, kod) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`,
    [institutions.map(({ groupId }) => groupId), institutions.map(({ kod }) => kod)],
  );
  await client.query(
    `INSERT INTO ${of("anmkod_code")} (occasion_id, kurskod, anmkod)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ON CONFLICT (occasion_id, kurskod) DO NOTHING`,
    [anmkod.map((row) => row.occasionId), anmkod.map((row) => row.kurskod), anmkod.map((row) => row.anmkod)],
  );
}

interface HeldLock extends ReloadLock {
  release(): Promise<void>;
  /** Throws when the connection that holds the lock is gone: then another load may have begun. */
  assertHeld(): Promise<void>;
}

/** Taken for as long as a transaction changes what the reload lock guards. */
const WAIT_FOR_CHANGES = "SELECT pg_advisory_xact_lock(hashtextextended($1, 2))";

/**
 * Held by a transaction that does nothing else, since a pooler gives a connection away between transactions. PostgreSQL
 * lets go of it when the connection ends. That may be before its holder knows: a change that it has begun by then is waited
 * for, and each change begins by asking the connection.
 */
async function takeLock(connections: Connections, schema: string): Promise<HeldLock> {
  const what = "cannot lock the database for a reload";
  const client: pg.Client = await connections.connect(what);
  try {
    await client.query("BEGIN");
    await client.query("SET LOCAL idle_in_transaction_session_timeout = 0");
    const { rows } = await client.query<{ taken: boolean }>(
      "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken",
      [lockName(schema)],
    );
    if (rows[0]?.taken !== true)
      throw new AdresslistaError("busy", "another reload is running on this database");
    await client.query("SAVEPOINT waiting");
    await client.query(`SET LOCAL lock_timeout = ${CHANGES_MS}`);
    await client.query(WAIT_FOR_CHANGES, [lockName(schema)]);
    await client.query("ROLLBACK TO SAVEPOINT waiting");
  } catch (error) {
    await client.end().catch(() => {});
    throw databaseError(what, error);
  }
  return {
    async release() {
      await client.end().catch(() => {});
    },
    async assertHeld() {
      try {
        await inTime(HELD_MS, client.query("SELECT 1"));
      } catch (error) {
        throw databaseError("the connection that locked the database for this reload was lost", error);
      }
    },
  };
}

/** How long changes of one who has lost the lock are waited for, and whether it is held, in milliseconds. */
const CHANGES_MS = 30_000;
const HELD_MS = 5_000;
