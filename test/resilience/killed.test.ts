import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { besideDatabase } from "../../lib/store/open.js";
import { adresslista, newFolder, type Service, start, startService } from "../cli/program.js";
import { databaseIn, ENGINE, loadsIn, removeFolder, unpublishedIn } from "../support/database.js";
import { addCaller, answersOf, type Call, callsAbout } from "./calls.js";
import { madeOnDay, writeExport } from "./exports.js";

/** What the program says on standard error when a step of a load begins. */
const STEPS = ["reading the export", "linking groups", "writing persons", "verifying"];
/** From its beginning on the new load may be served already when the signal comes. */
const LAST_STEP = "switching over";
const RANDOM_KILLS = 4;

const SCENARIO_MILLISECONDS = 600_000;

describe("a load that is killed (kill -9)", function () {
  this.timeout(SCENARIO_MILLISECONDS);
  let folder: string;
  let scenario: Scenario;

  before(async () => {
    folder = newFolder();
    scenario = await startScenario(folder);
  });

  after(async () => {
    await scenario?.service.stop();
    await removeFolder(folder);
  });

  for (const step of STEPS) {
    it(`leaves what is served as it was, byte for byte, when it dies at "${step}"`, async () => {
      const { said } = await scenario.killWhen((told) => told.includes(step));
      expect(said, "the step was reached").to.include(step);
      expect(await scenario.served()).to.deep.equal(scenario.old);
    });
  }

  it("leaves the old load or the new one, each whole, when it dies as it switches over", async () => {
    const { said } = await scenario.killWhen((told) => told.includes(LAST_STEP));
    expect(said, "the step was reached").to.include(LAST_STEP);
    await scenario.expectOldOrNew();
  });

  it("leaves the old load or the new one, each whole, when it dies at any moment", async () => {
    for (let kill = 0; kill < RANDOM_KILLS; kill++) {
      const moment = Math.random() * scenario.loadMilliseconds;
      await scenario.killAfter(moment);
      await scenario.expectOldOrNew(`killed after ${Math.round(moment)} ms`);
    }
  });

  it("hinders no load after it, and nothing of it is left then", async () => {
    await scenario.load();
    expect(await scenario.answers()).to.deep.equal(scenario.newAnswers);
    expect(await scenario.leftovers()).to.deep.equal([]);
  });
});

interface Scenario {
  readonly service: Service;
  /** How long a whole load takes, from its start to its end. */
  readonly loadMilliseconds: number;
  readonly old: Served;
  readonly newAnswers: readonly string[];
  answers(): Promise<string[]>;
  served(): Promise<Served>;
  /** Loads the new export, until its end. */
  load(): Promise<void>;
  /** Starts such a load, and kills it when this is true of what it has said on standard error. */
  killWhen(reached: (said: string) => boolean): Promise<{ readonly said: string }>;
  killAfter(milliseconds: number): Promise<void>;
  /** Goes back to the old load when the new one is served. */
  expectOldOrNew(when?: string): Promise<void>;
  /** Files that no load that ended well leaves: half built generations, temporary files, journals. */
  leftovers(): Promise<(string | number)[]>;
}

/** What callers and the disk say of what is served. */
interface Served {
  readonly generation: number;
  readonly sha256: string;
  readonly answers: readonly string[];
}

async function startScenario(folder: string): Promise<Scenario> {
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  const database = databaseIn(folder, "data/a.sqlite");
  const stem = basename(besideDatabase(database, join(folder, "data"), ""));
  const options = {
    folder,
    env: { ADRESSLISTA_DATABASE: database, TMPDIR: temporary, SQLITE_TMPDIR: temporary },
  };
  const program = async (...args: string[]) => {
    const outcome = await adresslista(args, options);
    expect(outcome.code, outcome.stderr).to.equal(0);
    return outcome;
  };
  const oldExport = await writeExport(folder, "old.xml", { seed: 1, datetime: madeOnDay(1) });
  const newExport = await writeExport(folder, "new.xml", { seed: 2, datetime: madeOnDay(2) });
  // Two registers of different people: guards would refuse the one after the other.
  const newLoad = ["reload", "--force", "--file", newExport];

  await addCaller(options);
  await program("reload", "--file", oldExport);
  const service = await startService(["serve", "--port", "0"], options);
  const calls: readonly Call[] = await callsAbout(service.url);
  const answers = () => answersOf(service.url, calls);
  const served = async (): Promise<Served> => {
    const { stdout } = await adresslista(["status", "--json"], options);
    const { generation } = JSON.parse(stdout) as { generation: number };
    const stored = Object.entries(await loadsIn(database)).filter(([name]) =>
      new RegExp(`load[-_]${generation}\\b`).test(name),
    );
    expect(stored, "of the load").not.to.deep.equal([]);
    const sha256 = createHash("sha256").update(JSON.stringify(stored)).digest("hex");
    return { generation, sha256, answers: await answers() };
  };
  const old = await served();
  const began = performance.now();
  await program(...newLoad);
  const loadMilliseconds = performance.now() - began;
  const newAnswers = await answers();
  expect(newAnswers).not.to.deep.equal(old.answers);
  await program("rollback", String(old.generation));

  const startKillable = () => {
    const child = start(newLoad, options);
    const ended = once(child, "exit");
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    return { child, ended, said: () => said };
  };

  return {
    service,
    loadMilliseconds,
    old,
    newAnswers,
    answers,
    served,
    async load() {
      await program(...newLoad);
    },
    async killWhen(reached) {
      const { child, ended, said } = startKillable();
      child.stderr?.on("data", () => {
        if (reached(said())) child.kill("SIGKILL");
      });
      await ended;
      return { said: said() };
    },
    async killAfter(milliseconds) {
      const { child, ended } = startKillable();
      await Promise.race([delay(milliseconds), ended]);
      child.kill("SIGKILL");
      await ended;
    },
    async expectOldOrNew(when) {
      const now = await served();
      if (now.generation === old.generation) {
        expect(now, when).to.deep.equal(old);
        return;
      }
      expect(now.answers, when).to.deep.equal(newAnswers);
      await program("rollback", String(old.generation));
      expect(await served(), when).to.deep.equal(old);
    },
    async leftovers() {
      const load = ENGINE === "SQLite" ? "|load-\\d+\\.sqlite" : "";
      const kept = new RegExp(`^${stem}\\.(?:sqlite(?:-wal|-shm|\\.reload-lock)?|status\\.json${load})$`);
      const data = readdirSync(join(folder, "data"), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.parentPath.endsWith(".audit"))
        .map(({ name }) => name)
        .filter((name) => !kept.test(name));
      return [...data, ...readdirSync(temporary), ...(await unpublishedIn(database))];
    },
  };
}
