import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { type Cluster, startCluster } from "../test/postgres/cluster.js";
import { latency, writeRequests } from "./bombard.js";
import { rememberedCase, usualCase } from "./cases.js";
import { compare, type Rounds, warm } from "./compare.js";
import { type MeasuredService, startMeasuredService } from "./service.js";
import { type BenchStore, CALLER, SECRET } from "./store.js";
import { main, measured, median, print, residentMemory, say } from "./support.js";

const CONCURRENCY = 8;
const LOAD_ROUNDS = 3;
/** Tenants of as many persons each as the usual register has. */
const SCALE = [1, 4, 16] as const;

/** Enough memory for all tenants' rows, as a database that is more than a trial would have. */
const SETTINGS = { shared_buffers: "1GB", maintenance_work_mem: "128MB", max_wal_size: "4GB" };

/** What PostgreSQL costs beside SQLite: a call, a load, and several registers in one service. */
export interface PostgresBench {
  /** Calls per second beside those from SQLite, of the same register. */
  readonly calls: number;
  /** Time of a whole load beside a bare COPY of its rows. */
  readonly load: number;
}

/** `withScale`: the table of tenants too, whose loads take minutes. */
export async function benchPostgres(
  store: BenchStore,
  onSqlite: MeasuredService,
  rounds: Rounds,
  withScale: boolean,
): Promise<PostgresBench> {
  say("starting PostgreSQL");
  const cluster = await startCluster({ fsync: true, settings: SETTINGS });
  const work = join(store.folder, "work");
  await mkdir(work, { recursive: true });
  try {
    const load = await benchLoad(cluster, store, work);
    const calls = await benchCalls(cluster, store, work, onSqlite, rounds);
    if (withScale) await benchTenants(cluster, store, work, rounds);
    return { calls, load };
  } finally {
    await cluster.end();
  }
}

/** The whole load of an export into an empty schema, beside psql's COPY of the rows that it gave. */
async function benchLoad(cluster: Cluster, store: BenchStore, work: string): Promise<number> {
  const loads: number[] = [];
  const bare: number[] = [];
  const withKeys: number[] = [];
  for (let round = 1; round <= LOAD_ROUNDS; round++) {
    say(`loading into PostgreSQL, round ${round}`);
    const schema = `load${round}`;
    loads.push((await reload(cluster.primary.url(schema), store, work)).seconds);
    const tables = await copiedOut(cluster, `${schema}_load_1`, join(work, "copy"));
    bare.push(await copyIn(cluster, tables, `bare${round}`, "no keys"));
    withKeys.push(await copyIn(cluster, tables, `keys${round}`, "keys and indexes"));
    for (const name of [schema, `${schema}_load_1`, `bare${round}`, `keys${round}`]) {
      await cluster.primary.query(`DROP SCHEMA ${name} CASCADE`);
    }
  }
  const [load, copy, keyed] = [median(loads), median(bare), median(withKeys)];
  print(
    `\nA load of ${store.persons} persons into PostgreSQL: ${load.toFixed(2)} s; a bare COPY of its rows by psql ${copy.toFixed(2)} s ` +
      `(ratio ${(load / copy).toFixed(2)}), with the same keys and indexes ${keyed.toFixed(2)} s (ratio ${(load / keyed).toFixed(2)}).`,
  );
  return load / copy;
}

interface CopiedTable {
  readonly name: string;
  readonly file: string;
  readonly columns: string;
  /** Statements that make its keys and indexes; {schema} for where. */
  readonly keys: readonly string[];
}

/** Writes the rows of all tables of a schema to files, and says how to make the tables again. */
async function copiedOut(cluster: Cluster, schema: string, folder: string): Promise<CopiedTable[]> {
  await mkdir(folder, { recursive: true });
  const client = new pg.Client(cluster.primary.url("any").replace(/\?.*$/, ""));
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; columns: string; keys: string[] }>(
      `SELECT c.relname AS name,
         (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0) AS columns,
         ARRAY(SELECT replace(pg_get_indexdef(i.indexrelid), $1 || '.', '{schema}.')
          FROM pg_index i WHERE i.indrelid = c.oid) AS keys
       FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r'`,
      [schema],
    );
    const tables = rows.map((row) => ({ ...row, file: join(folder, `${row.name}.txt`) }));
    const lines = tables.map(({ name, file }) => `\\copy ${schema}.${name} to '${file}'`);
    await psql(cluster, lines);
    return tables;
  } finally {
    await client.end();
  }
}

/** Seconds that it takes. */
async function copyIn(
  cluster: Cluster,
  tables: readonly CopiedTable[],
  schema: string,
  what: "no keys" | "keys and indexes",
): Promise<number> {
  const lines = ["begin;", `create schema ${schema};`];
  for (const { name, file, columns } of tables) {
    lines.push(
      `create table ${schema}.${name} (${columns});`,
      `\\copy ${schema}.${name} from '${file}' with (freeze)`,
    );
  }
  if (what === "keys and indexes") {
    for (const { keys } of tables)
      for (const key of keys) lines.push(`${key.replaceAll("{schema}", schema)};`);
  }
  const began = performance.now();
  await psql(cluster, [...lines, "commit;"]);
  return (performance.now() - began) / 1000;
}

async function psql(cluster: Cluster, lines: readonly string[]): Promise<void> {
  const url = cluster.primary.url("any").replace(/\?.*$/, "");
  const child = spawn("psql", ["--quiet", "--set", "ON_ERROR_STOP=1", url], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.stdin.end(`${lines.join("\n")}\n`);
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`psql ended with ${code}`);
}

/** The usual call, of the same load in both engines. */
async function benchCalls(
  cluster: Cluster,
  store: BenchStore,
  work: string,
  onSqlite: MeasuredService,
  rounds: Rounds,
): Promise<number> {
  say("moving the register to PostgreSQL");
  const database = cluster.primary.url("calls");
  await measured(process.execPath, [main, "migrate", "--to", database], {
    ADRESSLISTA_DATABASE: store.database,
    ADRESSLISTA_WORK_FOLDER: work,
  });
  const usual = usualCase(store.occasions);
  const service = await startMeasuredService(store, usual.requests[0] ?? "", {
    environment: { ADRESSLISTA_DATABASE: database, ADRESSLISTA_WORK_FOLDER: work },
  });
  let ratio = Number.NaN;
  try {
    print(`\nThe same register in PostgreSQL on the same machine, concurrency ${CONCURRENCY}:\n`);
    print("| call | calls/s | beside SQLite | p50 / p99 ms | processor ms of the service (with SQLite) |");
    print("|---|---|---|---|---|");
    for (const kind of [usual, rememberedCase(store.occasions)]) {
      const requestsFile = await writeRequests(join(store.folder, "postgres-requests"), kind.requests);
      const load = { requestsFile, concurrency: CONCURRENCY };
      const targets = { onSqlite, onPostgres: service };
      for (const target of Object.values(targets)) await warm(target, load);
      say(`${kind.label}, from PostgreSQL`);
      const found = await compare(targets, load, rounds);
      const beside = found.onPostgres.callsPerSecond / found.onSqlite.callsPerSecond;
      if (kind === usual) ratio = beside;
      print(
        `| ${kind.label} | ${found.onPostgres.callsPerSecond.toFixed(0)} | ${beside.toFixed(2)} | ${latency(found.onPostgres)} | ` +
          `${found.onPostgres.processorMilliseconds.toFixed(3)} (${found.onSqlite.processorMilliseconds.toFixed(3)}) |`,
      );
    }
  } finally {
    await service.stop();
  }
  return ratio;
}

/** One service for several registers of the usual size, called at the common address by a caller of each in turn. */
async function benchTenants(
  cluster: Cluster,
  store: BenchStore,
  work: string,
  rounds: Rounds,
): Promise<void> {
  const database = cluster.primary.url("scale");
  const environmentOf = (count: number) => ({
    ADRESSLISTA_DATABASE: database,
    ADRESSLISTA_WORK_FOLDER: work,
    ADRESSLISTA_TENANTS: JSON.stringify(Object.fromEntries(tenants(count).map((tenant) => [tenant, {}]))),
  });
  const all = environmentOf(Math.max(...SCALE));
  for (const tenant of tenants(Math.max(...SCALE))) {
    say(`loading ${tenant}`);
    await measured(process.execPath, [main, "reload", "--tenant", tenant, "--file", store.exportFile], all);
    const add = `echo ${SECRET} | ${process.execPath} ${main} caller add ${callerOf(tenant)} --tenant ${tenant}`;
    await measured("sh", ["-c", add], all);
  }
  print(
    `\nSeveral registers of ${store.persons} persons in one service, PostgreSQL, concurrency ${CONCURRENCY}:\n`,
  );
  print(
    "| tenants | calls/s | p50 / p99 ms | processor ms of a call | resident MB | start to first answer s |",
  );
  print("|---|---|---|---|---|---|");
  for (const count of SCALE) {
    const requests = usualCase(store.occasions).requests.map((request, at) =>
      request.replaceAll(
        `<caller>${CALLER}</caller>`,
        `<caller>${callerOf(tenants(count)[at % count] ?? "")}</caller>`,
      ),
    );
    const requestsFile = await writeRequests(join(store.folder, "tenant-requests"), requests);
    const service = await startMeasuredService(store, requests[0] ?? "", {
      environment: environmentOf(count),
    });
    try {
      for (const request of requests.slice(0, count)) await service.ask(request);
      const load = { requestsFile, concurrency: CONCURRENCY };
      await warm(service, load);
      say(`${count} tenants`);
      const { service: found } = await compare({ service }, load, rounds);
      print(
        `| ${count} | ${found.callsPerSecond.toFixed(0)} | ${latency(found)} | ${found.processorMilliseconds.toFixed(3)} | ` +
          `${residentMemory(service)?.toFixed(0)} | ${service.secondsToFirstAnswer.toFixed(2)} |`,
      );
    } finally {
      await service.stop();
    }
  }
}

function tenants(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `t${at + 1}`);
}

function callerOf(tenant: string): string {
  return `${CALLER}-${tenant}`;
}

function reload(database: string, store: BenchStore, work: string) {
  return measured(process.execPath, ["--disable-proto=delete", main, "reload", "--file", store.exportFile], {
    ADRESSLISTA_DATABASE: database,
    ADRESSLISTA_WORK_FOLDER: work,
  });
}

/** Undefined when all is there that this needs; else what to install. */
export function missingForPostgres(): string | undefined {
  try {
    execFileSync("psql", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "not installed: Debian's postgresql";
  }
}
