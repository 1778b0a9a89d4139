import { setMaxListeners } from "node:events";
import type { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { createRandom, type Random } from "../../lib/sample/random.js";
import { CHANGING, type Rights, STEADY, WRONG } from "./callers.js";
import type { Findings } from "./findings.js";
import { HOSTILE, isMet, NO_HTTP, sendNoHttp } from "./hostile.js";
import type { Judge, Portal } from "./judge.js";
import type { Kills } from "./kills.js";
import { postOf } from "./questions.js";
import type { Reference } from "./reference.js";
import type { Timeline } from "./timeline.js";
import {
  ABORTED_IN_ANSWER,
  ABORTED_WITHOUT_ANSWER,
  Broken,
  keptConnections,
  type PostOptions,
  post,
} from "./transport.js";

export interface Load {
  /** Clients of portals that do nothing strange. */
  readonly clients: number;
  /** Between two calls of one of them, on average. */
  readonly pauseMilliseconds: number;
  readonly seed: number;
}

interface Surroundings {
  readonly url: string;
  readonly reference: Reference;
  readonly judge: Judge;
  readonly kills: Kills;
  readonly findings: Findings;
  readonly changingRights: Timeline<Rights | "refused">;
}

const WRONG_PAUSE_MILLISECONDS = 5_000;
const CHANGING_CLIENTS = 3;
const CHANGING_PAUSE_MILLISECONDS = 250;
const ABORTERS = 2;
const ABORTER_PAUSE_MILLISECONDS = 400;
const SLOW_CLIENTS = 2;
const SLOW_PAUSE_MILLISECONDS = 2_000;
const HOSTILE_PAUSE_MILLISECONDS = 1_000;
/** Slowest calls that are told of. */
const SLOWEST = 5;
/** Usual clients ask for large answers in so many of 100 calls. */
const LARGE_PERCENT = 1;

/** Everybody who calls. */
export class Clients {
  /** Milliseconds of answered calls, by operation. */
  readonly durations = new Map<string, number[]>();
  readonly counts = { wrongCallers: 0, aborted: 0, slow: 0, hostile: 0 };
  readonly #running: Promise<void>[] = [];
  readonly #agents: Agent[] = [];
  readonly #stop = new AbortController();
  #slowest: { readonly milliseconds: number; readonly what: string }[] = [];

  constructor(
    private readonly around: Surroundings,
    private readonly load: Load,
  ) {}

  start(): void {
    // Each of them waits for it.
    setMaxListeners(0, this.#stop.signal);
    const { clients, pauseMilliseconds } = this.load;
    for (let number = 0; number < clients; number++) {
      const { caller, rights } = STEADY[number % STEADY.length] as (typeof STEADY)[number];
      const portal: Portal = { caller, rights, address: `127.0.0.${2 + (number % STEADY.length)}` };
      const agent = number % 2 === 0 ? this.#keptConnections() : undefined;
      const headers: Record<string, string> = number % 3 === 0 ? { "Accept-Encoding": "gzip" } : {};
      this.#run(number, pauseMilliseconds, async (random) => {
        await this.#call(portal, this.#pick(random, LARGE_PERCENT), { agent, headers });
      });
    }
    for (const [number, caller] of WRONG.entries()) {
      const portal: Portal = { caller, rights: "refused", address: `127.0.0.${20 + number}` };
      this.#run(100 + number, WRONG_PAUSE_MILLISECONDS, async (random) => {
        await this.#call(portal, this.#pick(random, LARGE_PERCENT), {});
        this.counts.wrongCallers += 1;
      });
    }
    for (let number = 0; number < CHANGING_CLIENTS; number++) {
      const rights = this.around.changingRights;
      // From one address: what is found out for the one must not be told the other, when it has changed meanwhile.
      const portal: Portal = { caller: CHANGING, rights, address: "127.0.0.30" };
      const agent = number % 2 === 0 ? this.#keptConnections() : undefined;
      this.#run(200 + number, CHANGING_PAUSE_MILLISECONDS, async (random) => {
        await this.#call(portal, this.#pick(random, 0), { agent });
      });
    }
    for (let number = 0; number < ABORTERS; number++) {
      const portal: Portal = {
        ...(STEADY[number] as (typeof STEADY)[number]),
        address: `127.0.0.${35 + number}`,
      };
      this.#run(300 + number, ABORTER_PAUSE_MILLISECONDS, async (random) => {
        const abort = random.pick(["in request", "after request", "in answer"] as const);
        await this.#call(portal, this.#pick(random, 30), { abort });
        this.counts.aborted += 1;
      });
    }
    for (let number = 0; number < SLOW_CLIENTS; number++) {
      const portal: Portal = {
        ...(STEADY[number] as (typeof STEADY)[number]),
        address: `127.0.0.${38 + number}`,
      };
      this.#run(400 + number, SLOW_PAUSE_MILLISECONDS, async (random) => {
        await this.#call(portal, this.#pick(random, 100), { slowMilliseconds: 50 + random.below(300) });
        this.counts.slow += 1;
      });
    }
    this.#run(500, HOSTILE_PAUSE_MILLISECONDS, (random) => this.#hostile(random));
  }

  /** After the calls that are under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
    for (const agent of this.#agents) agent.destroy();
  }

  #keptConnections(): Agent {
    const agent = keptConnections();
    this.#agents.push(agent);
    return agent;
  }

  #run(stream: number, pauseMilliseconds: number, turn: (random: Random) => Promise<void>): void {
    const random = createRandom(this.load.seed, stream);
    const { signal } = this.#stop;
    const running = async () => {
      while (!signal.aborted) {
        await delay(random.below(2 * pauseMilliseconds + 1), undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
        await turn(random);
      }
    };
    this.#running.push(
      running().catch((error: Error) =>
        this.around.findings.add("the soak itself failed", String(error.stack)),
      ),
    );
  }

  /** A question by its number. */
  #pick(random: Random, largePercent: number): number {
    const { questions } = this.around.reference;
    const wanted = random.chance(largePercent);
    for (;;) {
      const number = random.below(questions.length);
      if ((questions[number]?.isLarge === true) === wanted) return number;
    }
  }

  async #call(
    portal: Portal,
    number: number,
    how: Pick<PostOptions, "agent" | "headers" | "abort" | "slowMilliseconds">,
  ): Promise<void> {
    const { url, reference, judge, kills } = this.around;
    const question = reference.questions[number] as Reference["questions"][number];
    const asked = judge.ask(portal, number);
    const began = performance.now();
    try {
      // Of strangers one says nothing at all of itself, which is refused at once.
      const uid = portal.caller === WRONG[0] ? undefined : asked.uid;
      const answer = await post({
        ...postOf(url, question, portal.caller, uid),
        address: portal.address,
        ...how,
      });
      if (answer === ABORTED_IN_ANSWER) judge.begun(asked);
      else if (answer === ABORTED_WITHOUT_ANSWER) {
        if (how.abort === "in request") judge.neverArrived(asked);
      } else {
        judge.answered(asked, answer);
        if (how.slowMilliseconds === undefined && portal.rights !== "refused") {
          this.#note(question.operation, performance.now() - began, portal.caller.name);
        }
      }
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      kills.judge(error, `${asked.uid} ${question.operation}`);
    }
  }

  async #hostile(random: Random): Promise<void> {
    const { url, judge, kills, findings } = this.around;
    const address = `127.0.0.${40 + random.below(10)}`;
    this.counts.hostile += 1;
    if (random.chance(30)) return sendNoHttp(url, random.pick(NO_HTTP), address);
    const hostile = random.pick(HOSTILE);
    try {
      const answer = await post({ url: `${url}/cxf/AdresslistaFetcher`, address, ...hostile.message });
      judge.nameless(address, "AdresslistaFetcher", undefined, "fault Client", 1);
      if (typeof answer === "symbol" || !isMet(hostile, answer)) {
        const got =
          typeof answer === "symbol" ? "nothing" : `${answer.status} ${answer.body.subarray(0, 300)}`;
        findings.add("a hostile message was met otherwise", `${hostile.name}: ${got}`);
      }
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      judge.nameless(address, "AdresslistaFetcher", undefined, "fault Client", 0);
      kills.judge(error, `hostile message (${hostile.name})`);
    }
  }

  #note(operation: string, milliseconds: number, caller: string | undefined): void {
    const known = this.durations.get(operation) ?? [];
    this.durations.set(operation, known);
    known.push(milliseconds);
    if (this.#slowest.length === SLOWEST && milliseconds < (this.#slowest.at(-1)?.milliseconds ?? 0)) return;
    const what = `${operation} of ${caller} ${Math.round(milliseconds)} ms`;
    this.#slowest = [...this.#slowest, { milliseconds, what }]
      .sort((a, b) => b.milliseconds - a.milliseconds)
      .slice(0, SLOWEST);
  }

  slowest(): readonly string[] {
    return this.#slowest.map(({ what }) => what);
  }
}
