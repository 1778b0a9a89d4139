import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { adresslista, newFolder, type Service, startService } from "../cli/program.js";
import { removeFolder } from "../support/database.js";
import { addCaller, answersOf, answerTo, type Call, callsAbout } from "./calls.js";
import { madeOnDay, writeExport } from "./exports.js";

const CLIENTS = 20;
const RELOADS = 10;
/** After how many loads one goes back to the load before. */
const LOADS_PER_ROLLBACK = 4;

/** Between two calls of a client: loads run at low priority, and would get no turn beside clients that never rest. */
const PAUSE_MILLISECONDS = 200;
const REGISTER = { persons: 500, occasions: 120, memberships: 1200 } as const;

const SCENARIO_MILLISECONDS = 600_000;

/** Registers that two loads alternate between: other people under the same ids. */
const SEEDS = [1, 2];

describe(`${CLIENTS} clients that call all methods through ${RELOADS} reloads`, function () {
  this.timeout(SCENARIO_MILLISECONDS);
  for (const workers of [1, 2]) {
    describe(workers === 1 ? "of one serving process" : `of ${workers} serving processes`, () => {
      let outcome: Outcome;
      let folder: string;

      before(async () => {
        folder = newFolder();
        outcome = await throughReloads(folder, workers);
      });
      after(() => removeFolder(folder));

      it("get an answer to every call", () => {
        expect(outcome.failures).to.deep.equal([]);
      });

      it("get each answer whole from the load that is served, or from the one that is being switched to", () => {
        expect(outcome.calls.filter((call) => !isOfItsTime(call, outcome))).to.deep.equal([]);
      });

      it("get the same answers from loads of the same register, and others from the other", () => {
        expect(new Set(outcome.periods.map((answers) => answers.join("\n"))).size).to.equal(SEEDS.length);
      });

      it("get answers from each load", () => {
        const seen = new Set(outcome.calls.map(({ answer }) => answer));
        for (const answers of outcome.periods) {
          expect(answers.some((answer) => seen.has(answer))).to.equal(true);
        }
      });
    });
  }
});

/** A call that was answered, and which load was served (its place in `periods`) when it was sent and when it was answered. */
interface Answered {
  readonly call: number;
  readonly answer: string;
  readonly sent: number;
  readonly answered: number;
}

interface Outcome {
  /** What each call is answered with while a load is served and none is being made: load by load, as they were served. */
  readonly periods: readonly (readonly string[])[];
  readonly calls: readonly Answered[];
  readonly failures: readonly string[];
}

/** A load that is being made may be served a moment before the command that makes it has ended. */
function isOfItsTime({ call, answer, sent, answered }: Answered, { periods }: Outcome): boolean {
  return periods.slice(sent, answered + 2).some((answers) => answers[call] === answer);
}

async function throughReloads(folder: string, workers: number): Promise<Outcome> {
  const options = {
    folder,
    env: {
      // Each export is of other people than the one before: more changes than a guard lets pass, and no history to keep.
      ADRESSLISTA_GUARD_FEWER_PERCENT: "100",
      ADRESSLISTA_HISTORY_TERMS: "0",
    },
  };
  const program = async (...args: string[]) => {
    const { code, stderr } = await adresslista(args, options);
    expect(code, stderr).to.equal(0);
  };
  let day = 0;
  const load = async () => {
    const seed = SEEDS[day++ % SEEDS.length] as number;
    const datetime = madeOnDay(day);
    await program(
      "reload",
      "--file",
      await writeExport(folder, "export.xml", { ...REGISTER, seed, datetime }),
    );
  };

  await addCaller(options);
  await load();
  const service = await startService(["serve", "--port", "0", "--workers", String(workers)], options);
  let clients: ReturnType<typeof startClients> | undefined;
  try {
    const calls = await callsAbout(service.url);
    clients = startClients(service, calls);
    const periods = [await answersOf(service.url, calls)];
    for (let reload = 1; reload <= RELOADS; reload++) {
      await load();
      clients.nextPeriod();
      periods.push(await answersOf(service.url, calls));
      if (reload % LOADS_PER_ROLLBACK !== 0) continue;
      await program("rollback");
      clients.nextPeriod();
      periods.push(await answersOf(service.url, calls));
    }
    return { periods, ...(await clients.stop()) };
  } finally {
    await clients?.stop();
    await service.stop();
  }
}

function startClients({ url }: Service, calls: readonly Call[]) {
  const done: Answered[] = [];
  const failures: string[] = [];
  // Of equal answers one is kept.
  const known = new Map<string, string>();
  let period = 0;
  let stopped = false;
  const client = async (number: number) => {
    for (let turn = number; !stopped; turn++) {
      const call = turn % calls.length;
      const sent = period;
      try {
        const answer = await answerTo(url, calls[call] as Call);
        if (!known.has(answer)) known.set(answer, answer);
        done.push({ call, answer: known.get(answer) as string, sent, answered: period });
      } catch (error) {
        failures.push((error as Error).message);
      }
      await delay(PAUSE_MILLISECONDS);
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
  return {
    nextPeriod() {
      period += 1;
    },
    async stop() {
      stopped = true;
      await Promise.all(clients);
      return { calls: done, failures };
    },
  };
}
