import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

/**
 * PostgreSQL servers of a test's own, from Debian's packages: each with its data in a temporary folder, on a free loopback
 * port, run by a user without rights. Whatever becomes of the process that started them, they end and their folder goes.
 */
export interface Cluster {
  /** The first primary; more are replicas of it. */
  readonly primary: Server;
  /** A streaming replica of the primary as it is now, which answers questions while it follows. */
  replica(): Promise<Server>;
  /** pgbouncer in transaction mode before a server, with so many connections to it. */
  pgbouncer(before: Server, poolSize?: number): Promise<Pooler>;
  /** A folder of the cluster's, for a server's user to write in. */
  folderFor(name: string): string;
  end(): Promise<void>;
}

export interface Server {
  readonly port: number;
  /** postgres:// address of the database that a test uses, as the setting `database` has it. */
  url(schema?: string): string;
  /** `host:port` */
  readonly at: string;
  /** As the cluster's superuser. Numbers of any size come as strings, as the driver has them. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** `immediate` is what a crash looks like: no connection is told, and the next start recovers. */
  stop(how?: "fast" | "immediate"): Promise<void>;
  start(): Promise<void>;
  /** It stands still with all that it is in the middle of, until it is told to go on: as a machine that is lost to the network. */
  freeze(): { goOn(): void };
  /** A replica becomes a primary. */
  promote(): Promise<void>;
  /** What it has logged. */
  log(): string;
}

export interface Pooler {
  readonly port: number;
  url(schema?: string): string;
}

export interface ClusterOptions {
  /** Data reaches the disk before it counts as written. */
  readonly fsync?: boolean;
  /**
   * Which order and case the database has for texts: "sv" is Swedish by ICU, "C" is by bytes. Answers are the same bytes with
   * either.
   */
  readonly collation?: "sv" | "C";
  /** Further lines for postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** The role that the service logs in as: it may nothing but own its database. */
const ROLE = "adresslista";
const SUPERUSER = "owner";
const DATABASE = "adresslista";

/** How long a server may take to start, stop, or to be promoted, in milliseconds. */
const PATIENCE_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 50;

/** As few as need be written by a cluster that lasts for minutes. */
const USUAL_SETTINGS: Readonly<Record<string, string | number>> = {
  listen_addresses: "127.0.0.1",
  max_connections: 200,
  shared_buffers: "128MB",
  wal_level: "replica",
  max_wal_senders: 8,
  max_wal_size: "1GB",
  hot_standby: "on",
  log_min_messages: "warning",
  log_connections: "off",
  timezone: "Europe/Stockholm",
};

const QUICK_SETTINGS = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { fsync = false, collation = "sv", settings = {} } = options;
  const user = unprivilegedUser();
  const folder = mkdtempSync(join(tmpdir(), "adresslista-postgres-"));
  chmodSync(folder, 0o711);
  const guard = guardFolder(folder);
  const password = randomBytes(12).toString("base64url");
  const place: Place = { folder, user, password };
  const servers: RunningServer[] = [];
  const poolers: ChildProcess[] = [];

  const end = async () => {
    for (const child of poolers) await ended(child, "SIGKILL");
    for (const server of servers.reverse()) await server.stop("immediate");
    guard.end();
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    const data = folderOf(place, "primary");
    const passwordFile = privateFile(place, "password", `${password}\n`);
    run(place, "initdb", [
      `--pgdata=${data}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C.UTF-8",
      ...(collation === "sv" ? ["--locale-provider=icu", "--icu-locale=sv-SE"] : []),
      "--no-sync",
    ]);
    const all = { ...USUAL_SETTINGS, ...(fsync ? {} : QUICK_SETTINGS), ...settings };
    configure(data, { ...all, unix_socket_directories: folderOf(place, "socket") });
    const primary = runningServer(place, data, await freePort());
    servers.push(primary);
    await primary.start();
    await primary.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${password}'`);
    await primary.query(`CREATE DATABASE ${DATABASE} OWNER ${ROLE}`);
    return {
      primary,
      async replica() {
        const copy = folderOf(place, `replica-${servers.length}`);
        const source = servers[0] as RunningServer;
        run(place, "pg_basebackup", [
          `--pgdata=${copy}`,
          `--dbname=${source.superuserUrl("postgres")}`,
          "--checkpoint=fast",
          "--wal-method=stream",
          "--write-recovery-conf",
          "--no-sync",
        ]);
        const server = runningServer(place, copy, await freePort());
        servers.push(server);
        await server.start();
        return server;
      },
      async pgbouncer(before, poolSize = 8) {
        const { child, pooler } = await startPgbouncer(place, before, poolSize);
        poolers.push(child);
        return pooler;
      },
      folderFor: (name) => folderOf(place, name),
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

interface Place {
  readonly folder: string;
  /** Undefined: the user of this process, who has no rights either. */
  readonly user: User | undefined;
  /** Of both roles. */
  readonly password: string;
}

interface RunningServer extends Server {
  superuserUrl(database: string): string;
}

function runningServer(place: Place, data: string, port: number): RunningServer {
  const logFile = join(place.folder, `${port}.log`);
  let child: ChildProcess | undefined;
  const superuserUrl = (database: string) =>
    `postgres://${SUPERUSER}:${place.password}@127.0.0.1:${port}/${database}`;

  const query = async (sql: string, values: readonly unknown[] = []) => {
    const client = new pg.Client({ connectionString: superuserUrl(databaseFor(sql)) });
    // A server that is stopped in mid-question says so through the query too.
    client.on("error", () => {});
    await client.connect();
    try {
      const { rows } = await client.query(sql, [...values]);
      return rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };

  const log = () => (existsSync(logFile) ? readFileSync(logFile, "utf8") : "");

  return {
    port,
    at: `127.0.0.1:${port}`,
    superuserUrl,
    url: (schema) => urlOf(place, port, schema),
    query,
    log,

    async start() {
      const started = spawn(binary("postgres"), ["-D", data, "-p", String(port)], {
        ...place.user,
        env: {},
        cwd: place.folder,
        stdio: ["ignore", "ignore", "pipe"],
      });
      child = started;
      started.stderr?.on("data", (text: Buffer) => appendFileSync(logFile, text));
      await until(`PostgreSQL on port ${port} answers`, async () => {
        if (started.exitCode !== null) throw new Error(`PostgreSQL ended:\n${log()}`);
        return answers(superuserUrl("postgres"));
      });
    },

    async stop(how = "fast") {
      if (child === undefined) return;
      await ended(child, how === "fast" ? "SIGINT" : "SIGQUIT");
      child = undefined;
    },

    freeze() {
      const postmaster = child?.pid;
      if (postmaster === undefined) return { goOn() {} };
      // First, so that it makes no others meanwhile, and last to go on: only it takes leave of
      // those that have ended, whose numbers would mean nobody, or another process, after that.
      process.kill(postmaster, "SIGSTOP");
      const children = childrenOf(postmaster);
      for (const pid of children) process.kill(pid, "SIGSTOP");
      return {
        goOn() {
          for (const pid of [...children, postmaster]) process.kill(pid, "SIGCONT");
        },
      };
    },

    async promote() {
      run(place, "pg_ctl", ["promote", "-D", data, "-w", "-t", String(PATIENCE_MILLISECONDS / 1000)]);
    },
  };
}

/** The processes that one has made, once it has come to stand still. */
function childrenOf(stopped: number): number[] {
  const stat = () => readFileSync(`/proc/${stopped}/stat`, "utf8");
  // Its state follows its name, which stands in brackets: a signal is not acted upon at once.
  while (!/\) T /.test(stat()));
  const children = readFileSync(`/proc/${stopped}/task/${stopped}/children`, "utf8");
  return children.split(" ").filter(Boolean).map(Number);
}

/** Databases and roles are made outside the one that tests use. */
function databaseFor(sql: string): string {
  return /^CREATE (?:ROLE|DATABASE)/.test(sql) ? "postgres" : DATABASE;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** A way to a server that loses what it says. */
export interface LossyWay {
  readonly port: number;
  /** The next transaction is committed, but nobody hears of it: all connections are lost, and there are no new ones for a while. */
  loseCommit(milliseconds: number): Promise<void>;
  end(): void;
}

export async function lossyWayTo(port: number): Promise<LossyWay> {
  const open = new Set<Socket>();
  let isAway = false;
  let lose: (() => void) | undefined;
  const forward = (client: Socket): void => {
    if (isAway) {
      client.destroy();
      return;
    }
    const upstream = connect(port, "127.0.0.1");
    let isCommitting = false;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
    }
    client.on("data", (sent) => {
      isCommitting ||= lose !== undefined && sent.includes("COMMIT");
      upstream.write(sent);
    });
    upstream.on("data", (said) => {
      // To a COMMIT it says something when it has been done.
      if (isCommitting) lose?.();
      else client.write(said);
    });
  };
  const server = createServer(forward).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    loseCommit: (milliseconds) =>
      new Promise((resolve) => {
        lose = () => {
          lose = undefined;
          isAway = true;
          for (const socket of open) socket.destroy();
          setTimeout(() => {
            isAway = false;
          }, milliseconds);
          resolve();
        };
      }),
    end() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

async function startPgbouncer(
  place: Place,
  before: Server,
  poolSize: number,
): Promise<{ readonly child: ChildProcess; readonly pooler: Pooler }> {
  const port = await freePort();
  // Plain passwords, since pgbouncer itself must log in by SCRAM.
  const users = privateFile(place, `pgbouncer-${port}.users`, `"${ROLE}" "${place.password}"\n`);
  const settings = privateFile(
    place,
    `pgbouncer-${port}.ini`,
    `[databases]
${DATABASE} = host=127.0.0.1 port=${before.port} dbname=${DATABASE}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 500
server_login_retry = 1
`,
  );
  const child = spawn(pgbouncerBinary(), [settings], {
    ...place.user,
    env: {},
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr?.on("data", (text: Buffer) => {
    said += text.toString();
  });
  writeFileSync(join(place.folder, `pgbouncer-${port}.pid`), `${child.pid}\n`);
  const url = urlOf(place, port, undefined);
  await until("pgbouncer answers", async () => {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended:\n${said}`);
    return answers(url);
  });
  return { child, pooler: { port, url: (schema) => urlOf(place, port, schema) } };
}

function urlOf({ password }: Place, port: number, schema: string | undefined): string {
  const query = schema === undefined ? "" : `?schema=${schema}`;
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${DATABASE}${query}`;
}

/** A folder that only the servers' user reads. */
function folderOf({ folder, user }: Place, name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { mode: 0o700 });
  if (user !== undefined) chownSync(path, user.uid, user.gid);
  return path;
}

function privateFile({ folder, user }: Place, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  if (user !== undefined) chownSync(path, user.uid, user.gid);
  return path;
}

function configure(data: string, settings: Readonly<Record<string, string | number>>): void {
  const lines = Object.entries(settings).map(([name, value]) => {
    const written = typeof value === "string" && !value.startsWith("'") ? `'${value}'` : value;
    return `${name} = ${written}\n`;
  });
  appendFileSync(join(data, "postgresql.conf"), lines.join(""));
}

/** PostgreSQL refuses to run as root: Debian's package brings a user for it. */
function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((which) => spawnSync("id", [which, name], { encoding: "utf8" }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error("there is no user postgres or nobody to run PostgreSQL as");
}

/** Of the newest version that Debian's packages have put there: they are not in PATH. */
export function binary(name: string): string {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root)
    ? readdirSync(root)
        .map(Number)
        .sort((a, b) => b - a)
    : [];
  for (const version of versions) {
    const path = join(root, String(version), "bin", name);
    if (existsSync(path)) return path;
  }
  throw new Error(`${name} is not installed: apt-get install --no-install-recommends postgresql`);
}

function pgbouncerBinary(): string {
  const path = "/usr/sbin/pgbouncer";
  if (existsSync(path)) return path;
  throw new Error("pgbouncer is not installed: apt-get install --no-install-recommends pgbouncer");
}

function run({ folder, user }: Place, name: string, args: readonly string[]): void {
  execFileSync(binary(name), [...args], {
    ...user,
    cwd: folder,
    env: {},
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** Ends what runs from the folder, and removes it, when this process has gone without doing so, killed or not. */
function guardFolder(folder: string): { end(): void } {
  const script = `
    trap '' INT TERM HUP
    read -r line
    [ "$line" = done ] && exit
    for file in "$1"/*/postmaster.pid "$1"/*.pid; do
      [ -f "$file" ] && kill -QUIT "$(head -n 1 "$file")" 2>/dev/null
    done
    sleep 1
    rm -rf "$1"`;
  const guard = spawn("sh", ["-c", script, "sh", folder], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.unref();
  return { end: () => guard.stdin?.end("done\n") };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Waits for what must come to be. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  milliseconds = PATIENCE_MILLISECONDS,
): Promise<void> {
  for (const began = performance.now(); !(await holds()); await delay(POLL_MILLISECONDS)) {
    if (performance.now() - began > milliseconds) throw new Error(`it has not come to it that ${what}`);
  }
}
