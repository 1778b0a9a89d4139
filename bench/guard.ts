import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Target } from "./bombard.js";
import { bombard, writeRequests } from "./bombard.js";
import { growthRequests } from "./cases.js";
import { warm } from "./compare.js";
import { peers, startBare, startPeer } from "./peers.js";
import { startMeasuredService } from "./service.js";
import { makeStore, registerOf } from "./store.js";
import { median, print, say } from "./support.js";

/**
 * `npm run bench:guard`: fails when the usual call has become much dearer than it was. It compares processor time within
 * one run, round by round, so that neither the machine's speed nor what else it does decides; bounds have slack, and
 * when one is missed, all is measured again. The goals themselves are measured by `npm run bench`.
 */
const PARTICIPANTS = 100;
const SMALL = 1_000;
const LARGER = 20_000;
const ROUNDS = 3;
const ROUND_SECONDS = 1;
const ATTEMPTS = 3;
const CONCURRENCY = 8;

/** Ratios of processor time for a call: `of` beside `beside`. About half of what is usual on a machine that is busy. */
const BOUNDS = [
  { what: "bare node:http beside the service", of: "bare", beside: "larger", atLeast: 0.08 },
  { what: "soap.listen beside the service", of: "soapListen", beside: "larger", atLeast: 14 },
  {
    what: `a register of ${SMALL} persons beside one of ${LARGER}`,
    of: "small",
    beside: "larger",
    atLeast: 0.7,
  },
] as const;

type Name = (typeof BOUNDS)[number]["of" | "beside"];

const folder = await mkdtemp(join(tmpdir(), "adresslista-guard-"));
const stops: (() => Promise<void>)[] = [];
try {
  const targets = await startAll();
  let missed = await attempt(targets);
  for (let again = 2; again <= ATTEMPTS && missed > 0; again++) {
    say(`a bound was missed: attempt ${again} of ${ATTEMPTS}`);
    missed = await attempt(targets);
  }
  if (missed > 0) process.exitCode = 1;
} finally {
  for (const stop of stops) await stop();
  await rm(folder, { recursive: true, force: true });
}

async function startAll(): Promise<Readonly<Record<Name, Target>>> {
  const running = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const started = await starting;
    stops.push(() => started.stop());
    return started;
  };
  const served = async (persons: number) => {
    const store = await makeStore(folder, registerOf(persons), [PARTICIPANTS]);
    const requests = growthRequests(store.occasions);
    const requestsFile = await writeRequests(join(store.folder, "requests"), requests);
    const service = await running(startMeasuredService(store, requests[0] ?? ""));
    return { store, request: requests[0] ?? "", service, requestsFile };
  };
  const small = await served(SMALL);
  const larger = await served(LARGER);
  const answers = join(folder, "answers");
  await mkdir(answers);
  await writeFile(join(answers, "answer"), await larger.service.ask(larger.request));
  const bare = await running(startBare(answers));
  const soapListen = peers.find(({ name }) => name === "soap-listen");
  if (soapListen === undefined) throw new Error("soap.listen is no peer any more");
  const { requestsFile } = larger;
  return {
    small: { ...small.service, requestsFile: small.requestsFile },
    larger: { ...larger.service, requestsFile },
    bare: { ...bare, url: `${bare.url}answer`, requestsFile },
    soapListen: { ...(await running(startPeer(soapListen, folder, larger.store.generation))), requestsFile },
  };
}

/** Measures, tells each ratio, and gives how many bounds were missed. */
async function attempt(targets: Readonly<Record<Name, Target>>): Promise<number> {
  const rounds: Record<Name, number>[] = [];
  const entries = Object.entries(targets) as [Name, Target][];
  for (const [, target] of entries) await warm(target, { concurrency: CONCURRENCY });
  for (let round = 0; round < ROUNDS; round++) {
    const costs: Partial<Record<Name, number>> = {};
    for (const [name, target] of entries) {
      const { processorMilliseconds } = await bombard(target, {
        concurrency: CONCURRENCY,
        seconds: ROUND_SECONDS,
      });
      costs[name] = processorMilliseconds;
    }
    rounds.push(costs as Record<Name, number>);
  }
  let missed = 0;
  for (const { what, of, beside, atLeast } of BOUNDS) {
    const ratio = median(rounds.map((costs) => costs[of] / costs[beside]));
    const isMet = ratio >= atLeast;
    if (!isMet) missed += 1;
    print(`${isMet ? "ok    " : "MISSED"} ${what}: ${ratio.toFixed(2)}, at least ${atLeast}`);
  }
  return missed;
}
