import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import {
  adresslista,
  commandOf,
  environmentOf,
  inFolder,
  newFolder,
  SAMPLE,
  type Service,
  startService,
} from "../cli/program.js";
import { callAt } from "../support/calling.js";

const SCENARIO_MILLISECONDS = 600_000;
/** A call that has not been answered by then has failed, or a service that has not started. */
const PATIENCE_MILLISECONDS = 60_000;

const KILLS = 3;

const PORTAL = { caller: "portal", ticket: "hemlig-biljett" } as const;

describe("a restart of a service whose listening socket systemd holds, under load", function () {
  this.timeout(SCENARIO_MILLISECONDS);
  let folder: string;
  let holder: SocketHolder;
  let stopClients = async (): Promise<unknown> => undefined;

  beforeEach(async () => {
    folder = newFolder();
    await prepare(folder);
    holder = await holdSocket(folder);
  });

  afterEach(async () => {
    await holder.end();
    await stopClients();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [workers, restarts] of [
    [1, 4],
    [2, 4],
  ] as const) {
    it(`fails no call, with ${workers === 1 ? "one process" : `${workers} workers`}, whichever of both stops and starts first`, async () => {
      const args = ["serve", "--workers", String(workers)];
      let running = await holder.start(args);
      const clients = startClients(holder.url);
      stopClients = clients.stop;
      for (let restart = 1; restart <= restarts; restart++) {
        const isOverlapping = restart % 2 === 0;
        const next = isOverlapping ? await holder.start(args) : undefined;
        expect(await running.stop(), running.said()).to.equal(143);
        running = next ?? (await holder.start(args));
        await delay(300);
      }
      const { answered, failures } = await clients.stop();
      expect(failures).to.deep.equal([]);
      expect(answered).to.be.above(restarts * CLIENTS);
      expect(await running.stop(), running.said()).to.equal(143);
    });
  }
});

describe("a worker that is killed (kill -9) under load", function () {
  this.timeout(SCENARIO_MILLISECONDS);

  it("takes with it the calls that it was at, and no other", () =>
    inFolder(async (folder) => {
      await prepare(folder);
      const service = await startService(["serve", "--port", "0", "--workers", "2"], { folder });
      const clients = startClients(service.url);
      try {
        await eventually(() => workersOf(service).length === 2, service.stderr);
        const deaths: { readonly from: number; readonly to: number }[] = [];
        for (let kill = 0; kill < KILLS; kill++) {
          await delay(500);
          const workers = workersOf(service);
          const victim = workers[kill % 2] as number;
          const from = performance.now();
          process.kill(victim, "SIGKILL");
          await eventually(() => !isAlive(victim));
          deaths.push({ from, to: performance.now() });
          await eventually(() => workersOf(service).length === 2, service.stderr);
        }
        await delay(500);
        const { answered, failures } = await clients.stop();
        const others = failures.filter(
          ({ sent, failed }) => !deaths.some(({ from, to }) => sent <= to && failed >= from),
        );
        expect(others).to.deep.equal([]);
        expect(answered).to.be.above(KILLS * CLIENTS);
      } finally {
        await service.stop();
        await clients.stop();
      }
    }));
});

async function prepare(folder: string): Promise<void> {
  const added = await adresslista(["caller", "add", PORTAL.caller], { folder, input: `${PORTAL.ticket}\n` });
  expect(added.code, added.stderr).to.equal(0);
  const loaded = await adresslista(["reload", "--file", SAMPLE], { folder });
  expect(loaded.code, loaded.stderr).to.equal(0);
}

interface Failure {
  readonly what: string;
  readonly sent: number;
  readonly failed: number;
}

/** Half of them keep their connections, half have one for each call. */
const CLIENTS = 8;
const MOST_PAUSE_MILLISECONDS = 40;

function startClients(url: string) {
  const failures: Failure[] = [];
  let answered = 0;
  let stopped = false;
  const client = async (number: number) => {
    const agent = number % 2 === 0 ? new Agent({ keepAlive: true, maxSockets: 1 }) : (false as const);
    for (let call = 0; !stopped; call++) {
      const sent = performance.now();
      const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS);
      try {
        const method = ["getKurs", "getAdrLista"][call % 2] as string;
        const arg1 =
          method === "getKurs"
            ? "<Institution>LVUX</Institution>"
            : "<KursTfVO><Kurskod>ENGENG05</Kurskod><Starttermin>262</Starttermin></KursTfVO><FFG>true</FFG>";
        const { status, body } = await callAt(url, { ...PORTAL, method, arg1 }, { agent, signal });
        if (status !== 200 || !body.includes("<valid>true</valid>")) throw new Error(`${status} ${body}`);
        answered += 1;
      } catch (error) {
        failures.push({
          what: `client ${number}, call ${call}: ${(error as Error).message}`,
          sent,
          failed: performance.now(),
        });
      }
      await delay(Math.random() * MOST_PAUSE_MILLISECONDS);
    }
    if (agent !== false) agent.destroy();
  };
  const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
  return {
    async stop() {
      stopped = true;
      await Promise.all(clients);
      return { answered, failures };
    },
  };
}

/** What systemd is to a socket unit: it listens, and hands the socket to services that it starts one after the other. */
interface SocketHolder {
  readonly url: string;
  /** Until it serves. */
  start(args: readonly string[]): Promise<{ stop(): Promise<number>; said(): string }>;
  end(): Promise<void>;
}

/** A shell that has the listening socket as descriptor 3, as sd_listen_fds(3) has it: perl alone can leave one open. */
const LISTEN = `
  use Socket; use Fcntl;
  socket(my $socket, PF_INET, SOCK_STREAM, 0) or die;
  bind($socket, sockaddr_in(0, INADDR_LOOPBACK)) or die;
  listen($socket, 4096) or die;
  my ($port) = sockaddr_in(getsockname($socket));
  $| = 1; print "$port\\n";
  require POSIX; POSIX::dup2(fileno($socket), 3);
  fcntl($socket, F_SETFD, FD_CLOEXEC) if fileno($socket) != 3;
  $^F = 3; open(my $kept, "<&=", 3) or die; fcntl($kept, F_SETFD, 0) or die;
  exec("sh") or die;
`;

async function holdSocket(folder: string): Promise<SocketHolder> {
  const shell = spawn("perl", ["-e", LISTEN], {
    cwd: folder,
    env: environmentOf({ LISTEN_FDS: "1" }),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = linesOf(shell);
  const port = await lines.next();
  const pids: number[] = [];
  return {
    url: `http://127.0.0.1:${port}`,
    async start(args) {
      const log = join(folder, `service-${pids.length}.log`);
      const exitFile = join(folder, `service-${pids.length}.exit`);
      const program = commandOf(args).map(quoted).join(" ");
      // LISTEN_PID is of the process that systemd starts.
      const started = `sh -c 'export LISTEN_PID=$$; echo $$; exec "$@" >"$0" 2>&1' ${quoted(log)} ${program}`;
      shell.stdin?.write(`( ${started}; echo $? >${quoted(exitFile)} ) &\n`);
      const pid = Number(await lines.next());
      pids.push(pid);
      const said = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
      await eventually(() => said().includes("WSDL:") || existsSync(exitFile), said);
      expect(said()).to.include(`listening on http://127.0.0.1:${port}`);
      return {
        said,
        async stop() {
          process.kill(pid, "SIGTERM");
          await eventually(() => existsSync(exitFile) && readFileSync(exitFile, "utf8") !== "", said);
          return Number(readFileSync(exitFile, "utf8"));
        },
      };
    },
    async end() {
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, "SIGKILL");
      shell.stdin?.end();
      shell.kill("SIGKILL");
      if (shell.exitCode === null && shell.signalCode === null) await once(shell, "exit");
    },
  };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function linesOf(child: ChildProcess): { next(): Promise<string> } {
  let written = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    written += text;
  });
  return {
    async next() {
      await eventually(() => written.includes("\n"));
      const [line = ""] = written.split("\n", 1);
      written = written.slice(line.length + 1);
      return line;
    },
  };
}

/** Process ids of a service's workers, by its own log: each says that it has started. */
function workersOf(service: Service): number[] {
  const started = [...service.stderr().matchAll(/"pid":(\d+),"port":\d+,"msg":"started"/g)];
  return started.map(([, pid]) => Number(pid)).filter(isAlive);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** `told`: what there is to say when it does not come to that. */
async function eventually(holds: () => boolean, told: () => string = () => ""): Promise<void> {
  for (const began = performance.now(); !holds(); await delay(20)) {
    if (performance.now() - began > PATIENCE_MILLISECONDS)
      throw new Error(`it has not come to that: ${told()}`);
  }
}
