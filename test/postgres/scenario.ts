import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { adresslista, newFolder, type Outcome, type Service, start, startService } from "../cli/program.js";
import { addCaller, CALLER, type Call, callsAbout, SECRET } from "../resilience/calls.js";
import { madeOnDay, writeExport } from "../resilience/exports.js";
import { callAt } from "../support/calling.js";
import { until } from "./cluster.js";

/** A machine of the service: its folder, its settings, and the database that several may share. */
export interface Machine {
  readonly folder: string;
  /** Where its loads are built. */
  readonly workFolder: string;
  /** Runs the program until it ends. */
  run(...args: readonly string[]): Promise<Outcome>;
  /** The same, and expects it to be done well. */
  done(...args: readonly string[]): Promise<Outcome>;
  /** A load of these files, whatever guards say of them. */
  load(...files: readonly string[]): Promise<Outcome>;
  /** Begins such a load. */
  begin(...files: readonly string[]): Running;
  serve(): Promise<Service>;
  /** What a load that has ended leaves nothing of, whatever became of it. */
  leftovers(): string[];
  addCaller(): Promise<void>;
  remove(): void;
}

/** A program that runs, for tests that end it. */
export interface Running {
  readonly child: ChildProcess;
  said(): string;
  kill(signal: NodeJS.Signals): void;
  /** The exit code; null when a signal has ended it. */
  readonly code: Promise<number | null>;
}

export function machine(database: string, env: Readonly<Record<string, string>> = {}): Machine {
  const folder = newFolder();
  const workFolder = join(folder, "work");
  mkdirSync(workFolder);
  const options = {
    folder,
    env: {
      ADRESSLISTA_DATABASE: database,
      ADRESSLISTA_WORK_FOLDER: workFolder,
      ADRESSLISTA_AUDIT_FOLDER: join(folder, "audit"),
      ADRESSLISTA_ADMIN_PORT: "0",
      ...env,
    },
  };
  const services: Service[] = [];
  // Two registers of different people: guards would refuse the one after the other.
  const loading = (files: readonly string[]) => ["reload", "--force", "--file", ...files];
  const done = async (...args: readonly string[]) => {
    const outcome = await adresslista(args, options);
    expect(outcome.code, `${args.join(" ")}: ${outcome.stderr}`).to.equal(0);
    return outcome;
  };
  return {
    folder,
    workFolder,
    run: (...args) => adresslista(args, options),
    done,
    load: (...files) => adresslista(loading(files), options),
    begin(...files) {
      const child = start(loading(files), options);
      let said = "";
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      child.stdout?.resume();
      return {
        child,
        said: () => said,
        kill: (signal) => {
          child.kill(signal);
        },
        code: once(child, "close").then(([code]) => code as number | null),
      };
    },
    async serve() {
      const service = await startService(["serve", "--port", "0"], options);
      services.push(service);
      return service;
    },
    leftovers: () =>
      readdirSync(workFolder, { recursive: true, encoding: "utf8" }).filter((name) => /sqlite/.test(name)),
    addCaller: () => addCaller(options),
    remove() {
      for (const { child } of services) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Two exports about the same courses and under the same ids, of which no person is the same. */
export interface Exports {
  readonly old: string;
  readonly new: string;
}

export async function exportsIn(folder: string, size: object = {}): Promise<Exports> {
  return {
    old: await writeExport(folder, "old.xml", { seed: 1, datetime: madeOnDay(1), ...size }),
    new: await writeExport(folder, "new.xml", { seed: 2, datetime: madeOnDay(2), ...size }),
  };
}

/** How an answer came: as it should be, a fault, or something that no call may ever get. */
export interface Answered {
  readonly kind: "right" | "fault" | "wrong";
  /** Of `performance.now()`, when it came. */
  readonly at: number;
  readonly milliseconds: number;
  readonly call: string;
  /** Which of the right answers it was. */
  readonly which?: number;
  readonly body?: string;
}

/** An answer's time, of what is sent to a service that has its own thing to wait for. */
const SLOW_MACHINE_MILLISECONDS = 30_000;

/** Calls at `url`, and what is said of each. `expected`: for each call the answers that are right. */
export async function ask(
  url: string,
  call: Call,
  expected: readonly string[],
  agent: Agent | false = false,
): Promise<Answered> {
  const began = performance.now();
  const about = { call: `${call.operation} ${call.arg1}` };
  const signal = AbortSignal.timeout(SLOW_MACHINE_MILLISECONDS);
  try {
    const { status, body } = await callAt(url, portalCall(call), { agent, signal });
    const at = performance.now();
    const timed = { ...about, at, milliseconds: at - began };
    const which = expected.indexOf(body);
    if (status === 200 && which !== -1) return { kind: "right", which, ...timed };
    const isServerFault = status === 500 && /<faultcode>[^<]*Server<\/faultcode>/.test(body);
    return isServerFault
      ? { kind: "fault", ...timed, body }
      : { kind: "wrong", ...timed, body: `${status} ${body}` };
  } catch (error) {
    const at = performance.now();
    return { kind: "wrong", ...about, at, milliseconds: at - began, body: String(error) };
  }
}

function portalCall({ operation, arg1 }: Call) {
  return { method: operation, arg1, caller: CALLER, ticket: SECRET };
}

/** Portals that call one after the other, each all the time. */
export interface Clients {
  /** What has been answered so far. */
  readonly answers: readonly Answered[];
  /** Waits until each has had so many right answers from now on. */
  answered(times?: number): Promise<void>;
  stop(): Promise<readonly Answered[]>;
}

export interface Asked {
  readonly call: Call;
  readonly expected: readonly string[];
}

/** `pause`: what each waits between two calls, in milliseconds, so that the machine has room for the rest of the test. */
export function startClients(
  urls: readonly string[],
  calls: readonly Asked[],
  { clients = 4, pause = 5 } = {},
): Clients {
  const answers: Answered[] = [];
  const right = Array.from({ length: clients }, () => 0);
  const agent = new Agent({ keepAlive: true });
  let isStopped = false;
  const call = async (client: number) => {
    for (let turn = client; !isStopped; turn++) {
      const { call: asked, expected } = calls[turn % calls.length] as Asked;
      const answer = await ask(urls[client % urls.length] as string, asked, expected, agent);
      answers.push(answer);
      if (answer.kind === "right") right[client] = (right[client] ?? 0) + 1;
      await delay(pause);
    }
  };
  const calling = right.map((_, client) => call(client));
  return {
    answers,
    async answered(times = 3) {
      const before = [...right];
      await until("calls are answered", () =>
        right.every((count, client) => count >= (before[client] ?? 0) + times),
      );
    },
    async stop() {
      isStopped = true;
      await Promise.all(calling);
      agent.destroy();
      return answers;
    },
  };
}

/** Of what clients have got: nothing wrong, and no fault that was long in coming. */
export function expectNoWrongAnswer(answers: readonly Answered[], withinMilliseconds: number): void {
  const wrong = answers.filter(({ kind }) => kind === "wrong");
  expect(
    wrong.slice(0, 3).map(({ call, body }) => `${call}: ${body?.slice(0, 1000)}`),
    `${wrong.length} of ${answers.length} answers are wrong`,
  ).to.deep.equal([]);
  const slowest = answers
    .filter(({ kind }) => kind === "fault")
    .reduce((most, { milliseconds }) => Math.max(most, milliseconds), 0);
  expect(slowest, "the slowest fault, in milliseconds").to.be.below(withinMilliseconds);
}

/** All of what is asked in these tests, of all three methods: also the participants of many occasions in one call. */
export async function allCalls(url: string): Promise<readonly Call[]> {
  const calls = await callsAbout(url);
  const occasions: string[] = [];
  for (const call of calls.filter(({ operation }) => operation === "getKursTf")) {
    const { body } = await callAt(url, portalCall(call));
    for (const [, occasion = ""] of body.matchAll(/<KursTfVO>(.*?)<\/KursTfVO>/gs)) {
      const [typ] = /<typ>\w+<\/typ>/.exec(occasion) ?? [];
      const keys = ["Kurskod", "Starttermin", "Kalendertermin", "Anmkod"].map(
        (name) => new RegExp(`<${name}>[^<]*</${name}>`).exec(occasion)?.[0] ?? "",
      );
      if (typ !== undefined) occasions.push(`<KursTfVO>${typ}${keys.join("")}</KursTfVO>`);
    }
  }
  expect(occasions, "occasions").to.have.length.above(3);
  return [
    ...calls,
    { operation: "getAdrLista", arg1: `${occasions.join("")}<Email>true</Email>` },
    { operation: "getAdrLista", arg1: `${occasions.slice(0, 3).join("")}<OM>true</OM>` },
  ];
}

/** The answers in the calls' order. */
export async function bodiesOf(url: string, calls: readonly Call[]): Promise<string[]> {
  const bodies: string[] = [];
  for (const call of calls) {
    const { status, body } = await callAt(url, portalCall(call));
    expect(status, body).to.equal(200);
    expect(body).to.include("<valid>true</valid>");
    bodies.push(body);
  }
  return bodies;
}

/** What the service says of its readiness: 200, or 503. */
export async function readiness({ stdout, stderr }: Service): Promise<number> {
  const [, admin] = /admin: (http:\S+)/.exec(stdout() + stderr()) ?? [];
  return (await fetch(`${admin}/ready`)).status;
}

/** What one machine serves of the old export, and the calls whose answers are known. */
export interface Serving {
  readonly service: Service;
  readonly calls: readonly Call[];
  /** Answers of the old export, in the calls' order. */
  readonly old: readonly string[];
  /** The calls with the old answers alone. */
  readonly askedOld: readonly Asked[];
  bodies(url?: string): Promise<string[]>;
  expectOld(when?: string): Promise<void>;
}

/** A caller, the old export loaded, and a service that answers from it. */
export async function servingOld(on: Machine, exports: Exports): Promise<Serving> {
  await on.addCaller();
  await on.done("reload", "--file", exports.old);
  const service = await on.serve();
  const calls = await allCalls(service.url);
  const bodies = (url = service.url) => bodiesOf(url, calls);
  const old = await bodies();
  return {
    service,
    calls,
    old,
    askedOld: calls.map((call, at) => ({ call, expected: [old[at] as string] })),
    bodies,
    async expectOld(when) {
      expect(
        (await bodies()).join("\n") === old.join("\n"),
        `answers of the old load ${when ?? ""}`,
      ).to.equal(true);
    },
  };
}

/** The calls with the answers of both loads: `which` tells them apart, where they differ. */
export function askedBoth(
  calls: readonly Call[],
  old: readonly string[],
  latest: readonly string[],
): readonly Asked[] {
  return calls.map((call, at) => ({ call, expected: [old[at] as string, latest[at] as string] }));
}

/** The load that `status` says is served. */
export async function servedLoad(on: Machine): Promise<number | null> {
  const { stdout } = await on.run("status", "--json");
  return (JSON.parse(stdout) as { generation: number | null }).generation;
}
