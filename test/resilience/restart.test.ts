import { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import { adresslista, inFolder, newFolder, SAMPLE, type Service, startService } from "../cli/program.js";
import { holdSocket, type SocketHolder } from "../cli/socket-holder.js";
import { callAt } from "../support/calling.js";
import { removeFolder } from "../support/database.js";

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
    await removeFolder(folder);
  });

  for (const [workers, restarts] of [
    [1, 4],
    [2, 4],
  ] as const) {
    it(`fails no call, with ${workers === 1 ? "one process" : `${workers} workers`}, whichever of both stops and starts first`, async () => {
      const args = ["serve", "--workers", String(workers)];
      let running = await holder.start(args);
      const clients = startClients(`http://127.0.0.1:${holder.port}`);
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
