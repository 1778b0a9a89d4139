import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { differenceBetween, readAnswer } from "./answer.js";
import { bombard, generator, latency, type Round, writeRequests } from "./bombard.js";
import { allCases, type Case, growthRequests, PARTICIPANTS, rememberedCase, usualCase } from "./cases.js";
import { compare, middle, warm } from "./compare.js";
import { type GoalName, goalTable } from "./goals.js";
import { isInstalled, peers, type RunningPeer, startBare, startPeer } from "./peers.js";
import { benchPostgres, missingForPostgres } from "./postgres.js";
import { type MeasuredService, startMeasuredService } from "./service.js";
import { type BenchStore, LARGE, makeStore, registerOf, USUAL } from "./store.js";
import { main, measured, peakMemory, print, residentMemory, say } from "./support.js";

/**
 * `npm run bench`: what a call costs, beside a bare node:http server that returns the same bytes and beside other stacks
 * that give the same answer, in the same run. Markdown on stdout, progress on stderr. Nothing here is a test: figures
 * depend on the machine and on what else it does; the ratios less so. Options (behind `--`):
 *   --large      all calls from a register of 1 000 000 persons besides (minutes, and some 4 GB of disk for a while)
 *   --growth     the usual call from registers of 1 000 to 1 000 000 persons (as long, when --large is not given too)
 *   --rounds N   rounds of which the median counts (3)
 *   --seconds N  length of a round (2)
 *   --scale      1, 4 and 16 tenants of 60 000 persons in PostgreSQL (minutes)
 *   --only A,B   parts: calls, peers, workers, reload, postgres
 */
const PARTS = ["calls", "peers", "workers", "reload", "postgres"] as const;
const GROWTH = [1_000, 10_000, 100_000, 1_000_000] as const;
const CONCURRENCIES = [1, 8, 32] as const;
const USUAL_CONCURRENCY = 8;
const BUSY = 32;
/** A reload of 60 000 persons takes a few seconds: it is done until so many rounds have been measured beside it. */
const RELOAD_ROUNDS = 5;
const MOST_RELOADS = 10;

const { values: options } = parseArgs({
  options: {
    large: { type: "boolean", default: false },
    growth: { type: "boolean", default: false },
    scale: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "2" },
    only: { type: "string", default: PARTS.join() },
  },
});
const rounds = { rounds: Number(options.rounds), seconds: Number(options.seconds) };
const isWanted = (part: (typeof PARTS)[number]) => options.only.split(",").includes(part);

const goals = new Map<GoalName, number>();
const remarks = new Map<GoalName, string>();
const folder = await mkdtemp(join(tmpdir(), "adresslista-bench-"));
try {
  print(machine());
  say("generating and loading 60 000 persons");
  const usual = await makeStore(folder, USUAL, PARTICIPANTS);
  await withService(usual, async (service) => {
    if (isWanted("calls")) await benchCalls(usual, service, CONCURRENCIES);
    if (isWanted("peers")) await benchPeers(usual, service);
    if (isWanted("workers")) await benchWorkers(usual, service);
    if (isWanted("reload")) await benchReload(usual, service);
    if (isWanted("postgres") && missingForPostgres() === undefined) {
      goals.set("postgresLoad", (await benchPostgres(usual, service, rounds, options.scale)).load);
    }
  });
  if (options.large || options.growth) {
    say("generating and loading 1 000 000 persons");
    const large = await makeStore(folder, LARGE, PARTICIPANTS);
    await withService(large, async (service) => {
      goals.set("start", service.secondsToFirstAnswer);
      if (options.large) await benchCalls(large, service, [USUAL_CONCURRENCY]);
      else await warm(service, await usualLoad(large));
      goals.set("memory", residentMemory(service) ?? Number.NaN);
    });
    if (options.growth) await benchGrowth(large);
  }
  print("");
  for (const line of goalTable(goals, remarks, unmeasured)) print(line);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** All kinds of calls beside the bare server. */
async function benchCalls(
  store: BenchStore,
  service: MeasuredService,
  concurrencies: readonly number[],
): Promise<void> {
  const cases = allCases(store.occasions);
  const answers = join(store.folder, "answers");
  await mkdir(answers);
  const sizes = new Map<Case, number>();
  for (const kind of cases) {
    const body = await service.ask(kind.requests[0] ?? "");
    sizes.set(kind, body.length);
    await writeFile(join(answers, kind.name), body);
  }
  const bare = await startBare(answers);
  print(`\nFrom a register of ${grouped(store.persons)} persons:\n`);
  const columns = concurrencies.flatMap((at) => [`calls/s at ${at}`, "of bare", "p50 / p99 ms"]);
  print(`| call | bytes | ${columns.join(" | ")} | processor ms (bare) |`);
  print(`|---|---|${columns.map(() => "---|").join("")}---|`);
  try {
    for (const kind of cases) {
      const requestsFile = await writeRequests(join(store.folder, "requests"), kind.requests);
      const targets = { service, bare: { ...bare, url: `${bare.url}${kind.name}` } };
      for (const target of Object.values(targets))
        await warm(target, { requestsFile, concurrency: USUAL_CONCURRENCY });
      const cells: string[] = [];
      let processor = "";
      for (const concurrency of concurrencies) {
        say(`${kind.label}, concurrency ${concurrency}`);
        const found = await compare(targets, { requestsFile, concurrency }, rounds);
        const ratio = found.service.callsPerSecond / found.bare.callsPerSecond;
        cells.push(
          `${grouped(found.service.callsPerSecond)} | ${ratio.toFixed(2)} | ${latency(found.service)}`,
        );
        if (concurrency === USUAL_CONCURRENCY) {
          processor = `${milliseconds(found.service)} (${milliseconds(found.bare)})`;
        }
        if (store.persons === USUAL.persons) noteGoals(store, kind, concurrency, ratio, found.service);
      }
      print(`| ${kind.label} | ${grouped(sizes.get(kind) ?? 0)} | ${cells.join(" | ")} | ${processor} |`);
    }
  } finally {
    await bare.stop();
  }
  print(
    `\nStart to first answer ${service.secondsToFirstAnswer.toFixed(2)} s; resident memory ` +
      `${residentMemory(service)?.toFixed(0)} MB, at most ${peakMemory(service)?.toFixed(0)} MB.`,
  );
}

function noteGoals(
  { occasions }: BenchStore,
  { name }: Case,
  concurrency: number,
  ratio: number,
  found: Round,
): void {
  if (concurrency === USUAL_CONCURRENCY && name === usualCase(occasions).name) goals.set("bare100", ratio);
  if (concurrency === USUAL_CONCURRENCY && name === usualCase(occasions, 1_000).name)
    goals.set("bare1000", ratio);
  if (concurrency === USUAL_CONCURRENCY && name === rememberedCase(occasions).name)
    goals.set("bare100Remembered", ratio);
  if (concurrency === USUAL_CONCURRENCY && name === rememberedCase(occasions, 1_000).name)
    goals.set("bare1000Remembered", ratio);
  if (concurrency === BUSY && name === usualCase(occasions).name) goals.set("p99", found.p99 / found.p50);
}

/** The usual call beside other stacks, which must give the same answer first. */
async function benchPeers(store: BenchStore, service: MeasuredService): Promise<void> {
  const { requests } = usualCase(store.occasions);
  const load = await usualLoad(store);
  const [request = ""] = requests;
  const answer = await service.ask(request);
  const expected = readAnswer(answer.toString());
  const answers = join(store.folder, "one-answer");
  await mkdir(answers);
  await writeFile(join(answers, "answer"), answer);
  const bare = await startBare(answers);
  const running: { readonly name: string; readonly label: string; readonly peer: RunningPeer }[] = [];
  const missing: string[] = [];
  try {
    for (const peer of peers) {
      if (!isInstalled(peer)) {
        missing.push(`${peer.label} (Debian: ${peer.debian})`);
        continue;
      }
      say(`building and starting ${peer.name}`);
      running.push({ ...peer, peer: await startPeer(peer, store.folder, store.generation) });
      const difference = differenceBetween(
        expected,
        readAnswer(await answerOf(running.at(-1)?.peer, request)),
      );
      if (difference !== undefined) throw new Error(`${peer.name} answers otherwise: ${difference}`);
    }
    const targets = {
      service,
      bare: { ...bare, url: `${bare.url}answer` },
      ...Object.fromEntries(running.map(({ name, peer }) => [name, peer])),
    };
    for (const target of Object.values(targets)) await warm(target, load);
    say("the usual call, beside peers");
    const found = await compare<string>(targets, load, rounds);
    const ours = found.service as Round;
    print(
      `\nThe same answer of other stacks (getAdrLista, 100 participants, concurrency ${USUAL_CONCURRENCY}):\n`,
    );
    print(
      "| server | calls/s | p50 / p99 ms | processor ms a call | this service, per processor second | peak MB |",
    );
    print("|---|---|---|---|---|---|");
    const rows = [
      { name: "service", label: "this service", target: service },
      { name: "bare", label: "bare node:http with finished bytes", target: bare },
      ...running.map(({ name, label, peer }) => ({ name, label, target: peer })),
    ];
    for (const { name, label, target } of rows) {
      const figures = found[name] as Round;
      const times = figures.processorMilliseconds / ours.processorMilliseconds;
      if (name === "gsoap" || name === "c-sqlite" || name === "soap-listen") goals.set(name, times);
      print(
        `| ${label} | ${grouped(figures.callsPerSecond)} | ${latency(figures)} | ${milliseconds(figures)} | ` +
          `${times.toFixed(2)} times | ${peakMemory(target)?.toFixed(0)} |`,
      );
    }
    for (const label of missing) print(`\nNot installed: ${label}`);
  } finally {
    await bare.stop();
    for (const { peer } of running) await peer.stop();
  }
}

async function answerOf(peer: RunningPeer | undefined, request: string): Promise<string> {
  const headers = { "Content-Type": "text/xml; charset=utf-8" };
  return (await fetch(peer?.url ?? "", { method: "POST", body: request, headers })).text();
}

/**
 * Calls and those who make them share the processors: so beside what two workers make is told what there is time for, and what
 * two bare servers make.
 */
async function benchWorkers(store: BenchStore, one: MeasuredService): Promise<void> {
  const load = { ...(await usualLoad(store)), concurrency: BUSY };
  await withService(
    store,
    async (two) => {
      say("two workers, and two bare servers");
      const answers = join(store.folder, "workers-answer");
      await mkdir(answers);
      await writeFile(join(answers, "answer"), await one.ask(usualCase(store.occasions).requests[0] ?? ""));
      const bares = [await startBare(answers), await startBare(answers, 2)] as const;
      const [bareOne, bareTwo] = bares.map((bare) => ({ ...bare, url: `${bare.url}answer` })) as [
        RunningPeer,
        RunningPeer,
      ];
      const targets = { one, two, bareOne, bareTwo };
      for (const target of Object.values(targets)) await warm(target, load);
      const found = await compare(targets, load, rounds).finally(() =>
        Promise.all(bares.map((bare) => bare.stop())),
      );
      goals.set("workers", ratioOf(found));
      remarks.set("workers", `${cpus().length} processors have time for ${most(found).toFixed(2)}`);
      const told = (label: string, round: OneAndTwo) =>
        `| ${label} | ${grouped(round.one.callsPerSecond)} | ${grouped(round.two.callsPerSecond)} | ` +
        `${ratioOf(round).toFixed(2)} | ${most(round).toFixed(2)} | ${milliseconds(round.two)} (` +
        `${round.two.callingMilliseconds.toFixed(3)}) |`;
      print(
        `\n--workers 2, concurrency ${BUSY}; resident memory in all ${residentMemory(two)?.toFixed(0)} MB:\n`,
      );
      print(
        `| call | one worker, calls/s | two | ratio | ${cpus().length} processors have time for | processor ms (of who calls) |`,
      );
      print("|---|---|---|---|---|---|");
      print(told("getAdrLista, 100, occasion", found));
      print(told("bare node:http", { one: found.bareOne, two: found.bareTwo }));
    },
    2,
  );
}

type OneAndTwo = Readonly<Record<"one" | "two", Round>>;

function ratioOf({ one, two }: OneAndTwo): number {
  return two.callsPerSecond / one.callsPerSecond;
}

/** How many times one worker all processors could make, if they did nothing but these calls and what calls. */
function most({ one, two }: OneAndTwo): number {
  const { processorMilliseconds, callingMilliseconds } = two;
  return (cpus().length * 1000) / (processorMilliseconds + callingMilliseconds) / one.callsPerSecond;
}

/** Calls while `adresslista reload` loads the same export anew: rounds that began and ended within it. */
async function benchReload(store: BenchStore, service: MeasuredService): Promise<void> {
  const load = { ...(await usualLoad(store)), seconds: 1 };
  const before: Round[] = [];
  const during: Round[] = [];
  for (let reload = 1; reload <= MOST_RELOADS && during.length < RELOAD_ROUNDS; reload++) {
    say(`calls during reload ${reload}`);
    before.push(await bombard(service, load));
    let isLoading = true;
    const loading = measured(process.execPath, [main, "reload", "--force", "--file", store.exportFile], {
      ADRESSLISTA_DATABASE: store.database,
    }).finally(() => {
      isLoading = false;
    });
    // Its end comes after the rounds, which must not leave it without a listener when it fails.
    loading.catch(() => {});
    while (isLoading) {
      const round = await bombard(service, load);
      if (isLoading) during.push(round);
    }
    await loading;
  }
  const ratio = middle(during).callsPerSecond / middle(before).callsPerSecond;
  goals.set("reload", ratio);
  print(
    `\nDuring a reload of ${grouped(store.persons)} persons: ${grouped(middle(during).callsPerSecond)} calls/s, ` +
      `p50 / p99 ${latency(middle(during))} ms; before it ${grouped(middle(before).callsPerSecond)}, ` +
      `${latency(middle(before))} ms; ratio ${ratio.toFixed(2)}.`,
  );
}

/** The usual call from registers of several sizes, all served at the same time. */
async function benchGrowth(large: BenchStore): Promise<void> {
  const targets: Record<string, MeasuredService & { readonly requestsFile: string }> = {};
  const growth = join(folder, "growth");
  await mkdir(growth);
  try {
    for (const persons of GROWTH) {
      say(`generating and loading ${grouped(persons)} persons`);
      const store = persons === large.persons ? large : await makeStore(growth, registerOf(persons), [100]);
      const requests = growthRequests(store.occasions);
      const requestsFile = await writeRequests(join(store.folder, "growth-requests"), requests);
      targets[persons] = { ...(await startMeasuredService(store, requests[0] ?? "")), requestsFile };
    }
    const load = { concurrency: USUAL_CONCURRENCY };
    for (const target of Object.values(targets)) await warm(target, load);
    say("the usual call from registers of several sizes");
    const found = await compare<string>(targets, load, rounds);
    print("\nThe cost of getAdrLista for 100 participants as the register grows:\n");
    print("| persons | calls/s | processor ms | p50 / p99 ms |");
    print("|---|---|---|---|");
    for (const persons of GROWTH) {
      const figures = found[persons] as Round;
      print(
        `| ${grouped(persons)} | ${grouped(figures.callsPerSecond)} | ${milliseconds(figures)} | ${latency(figures)} |`,
      );
    }
    const costs = Object.values(found).map((figures) => figures.processorMilliseconds);
    goals.set("growth", Math.max(...costs) / Math.min(...costs));
  } finally {
    for (const service of Object.values(targets)) await service.stop();
  }
}

async function usualLoad(store: BenchStore) {
  const { requests } = usualCase(store.occasions);
  const requestsFile = await writeRequests(join(store.folder, "usual-requests"), requests);
  return { requestsFile, concurrency: USUAL_CONCURRENCY };
}

async function withService(
  store: BenchStore,
  action: (service: MeasuredService) => Promise<void>,
  workers = 1,
): Promise<void> {
  const service = await startMeasuredService(store, usualCase(store.occasions).requests[0] ?? "", {
    workers,
  });
  try {
    await action(service);
  } finally {
    await service.stop();
  }
}

function unmeasured(goal: GoalName): string {
  if (goal === "postgresLoad") return missingForPostgres() ?? "not in this run";
  if (goal === "memory" || goal === "start") return "with `--large`";
  return goal === "growth" ? "with `--growth`" : "not in this run";
}

function machine(): string {
  const [processor] = cpus();
  return (
    `Measured ${new Date().toISOString().slice(0, 10)}: ${cpus().length} processors (${processor?.model.trim()}), ` +
    `${(totalmem() / 2 ** 30).toFixed(0)} GB, Node ${process.versions.node}; load by ${generator}; ` +
    `medians of ${rounds.rounds} rounds of ${rounds.seconds} s. ` +
    "Rights and audit log on, one worker, calls to 20 occasions in turn."
  );
}

function milliseconds({ processorMilliseconds }: Round): string {
  return processorMilliseconds.toFixed(3);
}

function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, " ");
}
