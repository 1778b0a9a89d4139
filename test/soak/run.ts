import { setMaxListeners } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type AuditEntry, readAudit } from "../../lib/access/audit.js";
import { createRandom } from "../../lib/sample/random.js";
import { addCallers, addChanging, callerWith, type Rights } from "./callers.js";
import { Clients } from "./clients.js";
import { Exports, VARIANTS, type Variant } from "./exports.js";
import { Findings, TOO_MANY } from "./findings.js";
import { Judge } from "./judge.js";
import { Kills } from "./kills.js";
import { Loads, USUAL_FILE } from "./loads.js";
import { handlesOf, sampleOf, workersOf } from "./processes.js";
import { Program, type RunningService } from "./program.js";
import { postOf } from "./questions.js";
import { makeReference, type Reference } from "./reference.js";
import { Timeline } from "./timeline.js";
import { get, post } from "./transport.js";
import { Watch } from "./watch.js";

/**
 * `npm run soak`: a real service of several processes, and for a set time everything at once that may happen to it: calls of
 * all methods by all kinds of callers, loads one after the other, kills of workers, clients that go away, hostile messages,
 * callers that come and go. Whatever is then answered, written down, held in memory or left on the disk is judged.
 */
const USAGE = `Usage: npm run soak -- [--minutes N] [--clients N] [--pause MILLISECONDS] [--seed N] [--root CHECKOUT]

  --minutes   how long it goes on (5)
  --clients   clients of portals, beside those that do something strange (20)
  --pause     of such a client between two calls, on average (60)
  --seed      of what is done at random (1)
  --root      another checkout, whose build is tried`;

const WORKERS = 2;
const SAMPLE_MILLISECONDS = 2_000;
const PROGRESS_MILLISECONDS = 30_000;
const ADMIN_MILLISECONDS = 5_000;
const LOAD_PAUSE_MILLISECONDS = 4_000;
const CALLER_PAUSE_MILLISECONDS = 20_000;
/** Between two kills. After the longest one the service takes a worker for healthy, and starts it at once again. */
const KILL_PAUSES_MILLISECONDS = [8_000, 12_000, 20_000, 65_000] as const;
/** What handles may have grown by when everybody has gone. */
const HANDLES_GROWTH = 2;
/**
 * After so long a killed worker is there again, one that has died often too. Until then metrics, which all workers are
 * asked for, may be missing.
 */
const WORKER_RETURNS_MILLISECONDS = 45_000;
/** Generations stay open for half a minute; a worker that has died often is started again after as long. */
const COOL_DOWN_MILLISECONDS = 100_000;
const EXIT_CODES_OF_STOP: readonly (number | null)[] = [0, 143];

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    clients: { type: "string", default: "20" },
    pause: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    root: { type: "string", default: fileURLToPath(new URL("../..", import.meta.url)) },
    help: { type: "boolean" },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const minutes = numberOf("minutes");
const load = { clients: numberOf("clients"), pauseMilliseconds: numberOf("pause"), seed: numberOf("seed") };

const findings = new Findings();
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());

const folder = mkdtempSync(join(tmpdir(), "adresslista-soak-"));
const data = join(folder, "data");
const temporary = join(folder, "tmp");
for (const made of [data, temporary]) mkdirSync(made);
const program = new Program(values.root, folder, {
  ADRESSLISTA_DATABASE: join(data, "a.sqlite"),
  ADRESSLISTA_ADMIN_PORT: "0",
  // Each export is of other people than the one before.
  ADRESSLISTA_GUARD_FEWER_PERCENT: "100",
  ADRESSLISTA_HISTORY_TERMS: "0",
  ADRESSLISTA_MAX_AGE_HOURS: "100000",
  TMPDIR: temporary,
  SQLITE_TMPDIR: temporary,
});
let service: RunningService | undefined;
process.once("exit", () => {
  if (service !== undefined && !service.hasEnded()) process.kill(service.pid, "SIGKILL");
});
try {
  await soak();
} finally {
  await service?.stop();
  if (findings.count === 0) rmSync(folder, { recursive: true, force: true });
  else rmSync(join(folder, "export.xml"), { force: true });
}
for (const line of findings.lines()) print(line);
print(
  findings.count === 0 ? "ok" : `${findings.count} things are wrong; what is left of them is in ${folder}`,
);
process.exitCode = findings.count === 0 ? 0 : 1;

async function soak(): Promise<void> {
  say(`preparing in ${folder}`);
  const exports = new Exports(folder);
  await addCallers(program);
  const reference = await makeReference(program, exports, allEntries, findings);
  say(`${reference.questions.length} questions, of which ${reference.telling} tell the exports apart`);
  await addChanging(program, "S000");
  service = await program.serve(WORKERS);
  const { pid, url } = service;
  await eachWorkerServes(pid);
  const calm = await calmHandles(reference, url, pid);
  const [steadyWorker] = workersOf(pid) as [number];

  const served = new Timeline<Variant>(VARIANTS.at(-1) as Variant);
  const changingRights = new Timeline<Rights | "refused">("S000");
  const kills = new Kills(pid, findings);
  const judge = new Judge(reference, served, findings, join(folder, "wrong"), VARIANTS.length);
  const loads = new Loads(program, exports, served, findings, data, createRandom(load.seed, 1000));
  const clients = new Clients({ url, reference, judge, kills, findings, changingRights }, load);
  const watch = new Watch(pid, steadyWorker, { data, temporary }, findings);

  const began = performance.now();
  const startedAt = Date.now();
  const ends = began + minutes * 60_000;
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const isOver = () => stop.signal.aborted || performance.now() >= ends || service?.hasEnded() === true;
  interrupted.signal.addEventListener("abort", () => stop.abort());
  const pause = (milliseconds: number) =>
    delay(Math.max(0, Math.min(milliseconds, ends - performance.now())), undefined, {
      signal: stop.signal,
    }).catch(() => {});
  const every = async (milliseconds: number, turn: () => Promise<void> | void) => {
    while (!isOver()) {
      await pause(milliseconds);
      if (!isOver()) await turn();
    }
  };
  const random = createRandom(load.seed, 1001);
  let lastKill = Number.NEGATIVE_INFINITY;
  let killNumber = 0;
  const killing = async () => {
    while (!isOver()) {
      await pause(KILL_PAUSES_MILLISECONDS[killNumber % KILL_PAUSES_MILLISECONDS.length] as number);
      // A worker that has died often is started again after half a minute.
      while (!isOver() && !(await kills.kill(random))) await pause(1_000);
      lastKill = performance.now();
      killNumber += 1;
    }
  };
  let metricsMissed = 0;
  const admin = async () => {
    for (const path of ["live", "ready", "metrics"]) {
      const asked = performance.now();
      const { status, text } = await get(`${service?.adminUrl}/${path}`).catch((error: Error) => ({
        status: 0,
        text: error.message,
      }));
      if (status === 200) continue;
      if (path === "metrics" && performance.now() - lastKill < WORKER_RETURNS_MILLISECONDS) {
        metricsMissed += 1;
        continue;
      }
      findings.add(
        "the admin listener did not answer",
        `/${path}: ${status} ${text.slice(0, 200)} after ${Math.round(performance.now() - asked)} ms, last kill ${Math.round((performance.now() - lastKill) / 1000)} s ago`,
      );
    }
  };
  const progress = () => {
    const calls = [...clients.durations.values()].reduce((sum, { length }) => sum + length, 0);
    const seconds = Math.round((performance.now() - began) / 1000);
    const { kills: killed, failedInFlight, failedJustAfter, failedHandedOver } = kills.figures;
    print(
      `${seconds} s: ${calls} calls, ${sum(loads.counts.values())} loads and the like, ${killed} kills, ` +
        `${failedInFlight + failedJustAfter + failedHandedOver} calls failed by them, ${findings.count} wrong; ${watch.now()}`,
    );
    if (findings.count >= TOO_MANY) stop.abort();
  };

  say(
    `${minutes} minutes, ${load.clients} clients and those that do something strange, ${availableParallelism()} processors`,
  );
  clients.start();
  await Promise.all([
    every(LOAD_PAUSE_MILLISECONDS, () => loads.next()),
    every(CALLER_PAUSE_MILLISECONDS, callerChanges(changingRights)),
    every(SAMPLE_MILLISECONDS, () => watch.sample()),
    every(ADMIN_MILLISECONDS, admin),
    every(PROGRESS_MILLISECONDS, progress),
    killing(),
  ]);
  const seconds = (performance.now() - began) / 1000;
  say("ending");
  await clients.stop();
  if (service.hasEnded()) findings.add("the service has ended", service.stderr().slice(-500));
  await loads.step("load");
  await answersAtTheEnd(reference, judge, url);
  const rest = await coolDown(pid, steadyWorker, calm);
  const exitCode = await service.stop();
  if (!EXIT_CODES_OF_STOP.includes(exitCode))
    findings.add("the service ended with another code", String(exitCode));
  judgeLog(service.stderr(), kills.figures.kills, metricsMissed);
  judgeFiles();
  let damaged = 0;
  const audit = await judge.judgeAudit(
    readAudit(join(data, "a.audit"), { since: startedAt }, () => {
      damaged += 1;
    }),
  );
  // A worker may be killed in the middle of writing a line, of a call that is then not answered.
  if (damaged > kills.figures.kills) findings.add("lines of the audit log are damaged", String(damaged));
  watch.judge();

  const { durations, counts } = clients;
  print("");
  print("calls                       count      /s     p50     p99     max ms");
  const all = [...durations.values()].flat();
  for (const [operation, milliseconds] of [...durations, ["all", all] as const]) {
    print(
      `${operation.padEnd(24)}${String(milliseconds.length).padStart(9)}${(milliseconds.length / seconds).toFixed(1).padStart(8)}` +
        [0.5, 0.99, 1].map((part) => quantile(milliseconds, part).toFixed(1).padStart(8)).join(""),
    );
  }
  const kill = kills.figures;
  const rows: (readonly [string, string])[] = [
    ["minutes", (seconds / 60).toFixed(1)],
    ["slowest calls", clients.slowest().join(", ")],
    ["metrics not told while a worker started", String(metricsMissed)],
    ["answers of each export", judge.answersOf.join(", ")],
    ["wrong callers, aborted, slow, hostile", Object.values(counts).join(", ")],
    ["loads and the like", [...loads.counts].map(([step, count]) => `${step} ${count}`).join(", ")],
    [
      "kills of workers",
      `${kill.kills}; calls in flight on them ${kill.inFlight}, of which failed ${kill.failedInFlight}; sent before their end ` +
        `was seen ${kill.failedJustAfter}; while being handed over ${kill.failedHandedOver}; never answered ${kill.silent}`,
    ],
    ...watch.rows(),
    ["handles at rest", rest],
    [
      "audit log",
      `${audit.lines} lines, ${damaged} damaged; ${audit.answered} answered calls have theirs; of ${audit.unanswered} calls ` +
        `without an answer that was read ${audit.unansweredWithLine} have one`,
    ],
  ];
  print("");
  for (const [name, value] of rows) print(`${name.padEnd(40)}${value}`);
  print("");
  print("lines of the audit log");
  for (const [outcome, count] of [...audit.outcomes].sort())
    print(`  ${String(count).padStart(8)}  ${outcome}`);
  print("");
}

/** Gives a caller other rights, takes them away and gives them back, in turn. */
function callerChanges(rights: Timeline<Rights | "refused">): () => Promise<void> {
  const turns: readonly (readonly [Rights | "refused", () => Promise<unknown>])[] = [
    ["S001", () => program.done(["caller", "change", "vikarie", "--institutions", "S001"])],
    ["refused", () => program.done(["caller", "remove", "vikarie"])],
    ["S000", () => addChanging(program, "S000")],
    ["refused", () => program.done(["caller", "remove", "vikarie"])],
    ["*", () => addChanging(program, "*")],
    ["S000", () => program.done(["caller", "change", "vikarie", "--institutions", "S000"])],
  ];
  let number = 0;
  return async () => {
    const [state, change] = turns[number++ % turns.length] as (typeof turns)[number];
    try {
      rights.changing(state);
      await change();
      rights.settled(state);
    } catch (error) {
      findings.add("a step of the soak failed", `caller: ${(error as Error).message}`);
    }
  };
}

/** When everybody has gone, every question is answered as the export that is served now has it. */
async function answersAtTheEnd({ questions }: Reference, judge: Judge, url: string): Promise<void> {
  const portal = { caller: callerWith("*"), rights: "*", address: "127.0.0.1" } as const;
  for (const [number, question] of questions.entries()) {
    const asked = judge.ask(portal, number);
    const answer = await post({
      ...postOf(url, question, portal.caller, asked.uid),
      address: portal.address,
    });
    if (typeof answer !== "symbol") judge.answered(asked, answer);
  }
}

async function eachWorkerServes(pid: number): Promise<void> {
  while (workersOf(pid).length < WORKERS) await delay(100);
  await delay(2_000);
}

/** How many handles each process has when all questions have been answered and nobody is connected. */
async function calmHandles(
  reference: Reference,
  url: string,
  pid: number,
): Promise<{ primary: number; worker: number }> {
  for (let round = 0; round < 2; round++) {
    for (const question of reference.questions) {
      await post({ ...postOf(url, question, callerWith("*"), "calm"), address: "127.0.0.1" });
    }
  }
  await get(`${service?.adminUrl}/metrics`);
  await delay(1_000);
  const workers = workersOf(pid).map((worker) => sampleOf(worker)?.handles ?? 0);
  return { primary: sampleOf(pid)?.handles ?? 0, worker: Math.max(...workers) };
}

/** Waits until no process has more handles than at the beginning. Returns what there are. */
async function coolDown(
  pid: number,
  steadyWorker: number,
  calm: { readonly primary: number; readonly worker: number },
): Promise<string> {
  const excess = (): string[] => {
    const workers = workersOf(pid);
    if (workers.length < WORKERS) return [`${workers.length} workers`];
    const counts: (readonly [string, number, number, number])[] = [
      ["primary", pid, sampleOf(pid)?.handles ?? 0, calm.primary],
      ...workers.map(
        (worker) =>
          [
            worker === steadyWorker ? "oldest worker" : "younger worker",
            worker,
            sampleOf(worker)?.handles ?? 0,
            calm.worker,
          ] as const,
      ),
    ];
    return counts.flatMap(([name, process, now, before]) =>
      now > before + HANDLES_GROWTH
        ? [
            `${name} ${now} instead of ${before}: ${summary(handlesOf(process).map((target) => target.replace(/\d+/g, "N")))}`,
          ]
        : [],
    );
  };
  say("waiting for handles to be closed");
  for (const began = performance.now(); excess().length > 0; await delay(2_000)) {
    if (performance.now() - began < COOL_DOWN_MILLISECONDS) continue;
    for (const line of excess()) findings.add("handles are left open", line);
    break;
  }
  const removed = workersOf(pid).flatMap((worker) =>
    handlesOf(worker).filter((target) => /\(deleted\)$/.test(target)),
  );
  if (removed.length > 0) findings.add("removed files are still open", removed.join(" "));
  const workers = workersOf(pid).map((worker) => sampleOf(worker)?.handles);
  return `primary ${calm.primary} → ${sampleOf(pid)?.handles}, workers ${calm.worker} → ${workers.join(" and ")}`;
}

/** The operational log tells of the kills and of nothing else that went wrong. */
function judgeLog(stderr: string, kills: number, metricsMissed: number): void {
  let deaths = 0;
  let missed = 0;
  for (const line of stderr.split("\n")) {
    if (!line.startsWith("{")) continue;
    const { level, msg } = JSON.parse(line) as { level: number; msg: string };
    if (msg === "a worker died") deaths += 1;
    else if (msg === "internal error of the admin listener" && missed < metricsMissed) missed += 1;
    else if (level >= 40) findings.add("the operational log tells of something wrong", line.slice(0, 500));
  }
  if (deaths !== kills)
    findings.add("workers have died that nobody killed", `${deaths} deaths, ${kills} kills`);
}

function judgeFiles(): void {
  const strange = readdirSync(data).filter((name) => !USUAL_FILE.test(name));
  if (strange.length > 0) findings.add("files are left in the data folder", strange.join(" "));
  const left = readdirSync(temporary);
  if (left.length > 0) findings.add("files are left in the temporary folder", left.join(" "));
}

async function allEntries(): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const entry of readAudit(join(data, "a.audit"), { since: 0 }, () => {})) entries.push(entry);
  return entries;
}

function summary(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => `${count} × ${text}`).join(", ");
}

function quantile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

function numberOf(name: "minutes" | "clients" | "pause" | "seed"): number {
  const number = Number(values[name]);
  if (Number.isFinite(number) && number >= 0) return number;
  console.error(`${name}: a number from 0\n${USAGE}`);
  process.exit(2);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
