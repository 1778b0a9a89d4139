import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../../lib/sample/random.js";
import type { Findings } from "./findings.js";
import { connectionsOf, workersOf } from "./processes.js";
import { type Broken, type OpenCall, openCalls } from "./transport.js";

interface Kill {
  readonly at: number;
  readonly worker: number;
  /** `address:port` of the clients that were connected with it. */
  readonly connections: ReadonlySet<string>;
  readonly inFlight: ReadonlySet<OpenCall>;
  failedInFlight: number;
  /** Sent on one of these connections before its end was seen. */
  failedJustAfter: number;
  /** On the connection that was being handed over to it. */
  failedHandedOver: number;
}

/** Most of the worker's connections have been closed by then, and their ports may be somebody else's. */
const FAILURES_COME_WITHIN_MILLISECONDS = 10_000;
/** How long the victim stands still before it is killed, at most: calls to it wait. */
const STALL_MILLISECONDS = 300;

/** Kills workers (kill -9), and knows which calls may fail by it. */
export class Kills {
  readonly kills: Kill[] = [];
  #silent = 0;

  constructor(
    private readonly primary: number,
    private readonly findings: Findings,
  ) {}

  /** Never the oldest one, whose memory tells of the whole time. False: there is no other. */
  async kill(random: Random): Promise<boolean> {
    const [, ...others] = workersOf(this.primary);
    if (others.length === 0) return false;
    const worker = random.pick(others);
    process.kill(worker, "SIGSTOP");
    await delay(random.below(STALL_MILLISECONDS));
    const connections = connectionsOf(worker);
    const inFlight = new Set(
      [...openCalls].filter(({ connection }) => connection && connections.has(connection)),
    );
    process.kill(worker, "SIGKILL");
    const counts = { failedInFlight: 0, failedJustAfter: 0, failedHandedOver: 0 };
    this.kills.push({ at: performance.now(), worker, connections, inFlight, ...counts });
    return true;
  }

  /** A call failed by its connection: that must be the doing of a kill. */
  judge(broken: Broken, call: string): void {
    const now = performance.now();
    if (broken.isSilent) {
      this.#silent += 1;
      this.findings.add(
        "a call was never answered, and its connection not closed",
        `${call}${this.#around(broken)}`,
      );
      return;
    }
    const { connection } = broken.call;
    const recent = this.kills.filter(({ at }) => now - at < FAILURES_COME_WITHIN_MILLISECONDS);
    const kill = recent.find(({ connections }) => connection !== undefined && connections.has(connection));
    if (kill !== undefined) {
      if (kill.inFlight.has(broken.call)) kill.failedInFlight += 1;
      else kill.failedJustAfter += 1;
      return;
    }
    // One connection at a time is on its way to a worker.
    const handedOver = recent.find(
      ({ at, failedHandedOver }) =>
        failedHandedOver === 0 &&
        broken.call.isFirstOnConnection &&
        broken.call.connectedAt < at + STALL_MILLISECONDS,
    );
    if (handedOver !== undefined) {
      handedOver.failedHandedOver += 1;
      return;
    }
    this.findings.add(
      "a connection broke, and no kill was the cause",
      `${call}: ${broken.code}${this.#around(broken)}`,
    );
  }

  #around({ call }: Broken): string {
    const now = performance.now();
    const last = this.kills.at(-1);
    const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s ago`;
    return (
      ` (${call.isFirstOnConnection ? "first" : "later"} on its connection, connected ${seconds(now - call.connectedAt)}` +
      `${last === undefined ? "" : `, last kill ${seconds(now - last.at)}`})`
    );
  }

  get figures() {
    const sum = (of: (kill: Kill) => number) => this.kills.reduce((total, kill) => total + of(kill), 0);
    return {
      kills: this.kills.length,
      inFlight: sum(({ inFlight }) => inFlight.size),
      failedInFlight: sum(({ failedInFlight }) => failedInFlight),
      failedJustAfter: sum(({ failedJustAfter }) => failedJustAfter),
      failedHandedOver: sum(({ failedHandedOver }) => failedHandedOver),
      silent: this.#silent,
    };
  }
}
