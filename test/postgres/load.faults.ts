import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import pg from "pg";
import { type Cluster, lossyWayTo, startCluster, until } from "./cluster.js";
import {
  ask,
  askedBoth,
  type Exports,
  expectNoWrongAnswer,
  exportsIn,
  type Machine,
  machine,
  type Running,
  type Serving,
  servedLoad,
  servingOld,
  startClients,
} from "./scenario.js";

/** Long enough to be met in the middle of it. */
const LARGE_REGISTER = { persons: 6000, occasions: 200, memberships: 24000 };

describe("a load into PostgreSQL that does not come to its end", () => {
  let cluster: Cluster;
  let schemas = 0;
  let schema: string;
  let here: Machine;
  let there: Machine;
  let exports: Exports;
  let serving: Serving;
  /** Of the test itself: it looks at what goes on, and holds what a load needs. */
  let watcher: pg.Client;
  const runs: Running[] = [];

  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.end());

  beforeEach(async () => {
    schema = `load${++schemas}`;
    const database = cluster.primary.url(schema);
    here = machine(database);
    there = machine(database);
    exports = await exportsIn(here.folder);
    serving = await servingOld(here, exports);
    watcher = await connected();
  });
  afterEach(async () => {
    for (const { kill } of runs.splice(0)) kill("SIGKILL");
    await watcher?.end();
    there?.remove();
    here?.remove();
  });

  const begin = (on: Machine, file: string): Running => {
    const run = on.begin(file);
    runs.push(run);
    return run;
  };
  const rows = async (sql: string, ...values: unknown[]) => (await watcher.query(sql, values)).rows;
  const isRunning = async (query: string): Promise<boolean> =>
    (
      await rows(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE $1 AND state = 'active' AND pid <> pg_backend_pid()",
        query,
      )
    ).length > 0;
  const isWaiting = async (query: string): Promise<boolean> =>
    (await rows("SELECT 1 FROM pg_stat_activity WHERE query LIKE $1 AND wait_event_type = 'Lock'", query))
      .length > 0;
  const connected = async () => {
    const client = new pg.Client({ connectionString: cluster.primary.url(schema).replace(/\?.*/, "") });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  /** Nobody can write there until `release`. A connection of its own: in a transaction nobody sees what goes on outside it. */
  const hold = async (table: string, mode = "SHARE") => {
    const holder = await connected();
    await holder.query("BEGIN");
    await holder.query(`LOCK TABLE ${table} IN ${mode} MODE`);
    return { release: () => holder.end() };
  };
  const beforeItIsTakenOver = async (load: Running) => {
    await until("all of it is copied", () => isWaiting(`%INSERT INTO ${schema}.generation%`));
    expect(load.child.exitCode).to.equal(null);
  };
  const beforeItIsPublished = async (load: Running) => {
    await until("it is taken over", () => isWaiting(`%INSERT INTO ${schema}.load %`));
    expect(load.child.exitCode).to.equal(null);
  };
  const lockHolders = () => rows("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted");
  /** The connection that holds the lock of a load does nothing else. */
  const cutLock = async () => {
    const cut = await rows(
      "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted AND state = 'idle in transaction'",
    );
    expect(cut).to.have.length(1);
  };
  const loadSchemas = async () =>
    (
      await rows(
        "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1 || '_load_') ORDER BY 1",
        schema,
      )
    ).map(({ nspname }) => nspname as string);
  const expectNothingOfIt = async () => {
    expect(await servedLoad(here)).to.equal(1);
    await serving.expectOld();
  };
  const expectNextLoadWorks = async (on: Machine = here) => {
    await on.done("reload", "--force", "--file", exports.new);
    const served = await servedLoad(here);
    expect(await loadSchemas()).to.have.members([`${schema}_load_1`, `${schema}_load_${served}`]);
    expect(on.leftovers()).to.deep.equal([]);
    expect((await serving.bodies()).join() === serving.old.join(), "the same as before").to.equal(false);
  };

  it("killed in mid-COPY: nothing of it is served, and the next load sweeps and works", async () => {
    const large = await exportsIn(there.folder, LARGE_REGISTER);
    const load = begin(there, large.new);
    await until("it copies", () => isRunning("COPY%"));
    load.kill("SIGKILL");
    expect(await load.code).to.equal(null);
    await until("the server knows", async () => (await lockHolders()).length === 0);
    expect(await loadSchemas()).to.deep.equal([`${schema}_load_1`]);
    await expectNothingOfIt();
    await expectNextLoadWorks(there);
  });

  it("killed when all is copied: nothing of it is served, and the next load sweeps and works", async () => {
    const generations = await hold(`${schema}.generation`);
    const load = begin(here, exports.new);
    await beforeItIsTakenOver(load);
    load.kill("SIGKILL");
    await load.code;
    await generations.release();
    await until("the server knows", async () => (await lockHolders()).length === 0);
    await expectNothingOfIt();
    await expectNextLoadWorks();
  });

  it("killed when it is taken over but not published: nothing of it is served, and the next load sweeps and works", async () => {
    const loads = await hold(`${schema}.load`);
    const load = begin(here, exports.new);
    await beforeItIsPublished(load);
    load.kill("SIGKILL");
    await load.code;
    // PostgreSQL sees that its client is gone when it has an answer for it.
    await watcher.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'adresslista'",
    );
    await loads.release();
    expect(await loadSchemas()).to.have.length(2);
    await expectNothingOfIt();
    await expectNextLoadWorks();
  });

  it("interrupted in mid-COPY: it ends with 130, and nothing of it is left", async () => {
    const large = await exportsIn(there.folder, LARGE_REGISTER);
    const load = begin(there, large.new);
    await until("it copies", () => isRunning("COPY%"));
    load.kill("SIGINT");
    expect(await load.code, load.said()).to.equal(130);
    expect(await loadSchemas()).to.deep.equal([`${schema}_load_1`]);
    expect(there.leftovers()).to.deep.equal([]);
    await expectNothingOfIt();
    await expectNextLoadWorks(there);
  });

  it("is the only one: another one from another machine ends with 9 meanwhile, and works when the first was killed", async () => {
    const generations = await hold(`${schema}.generation`);
    const load = begin(here, exports.new);
    await beforeItIsTakenOver(load);
    for (const command of [["rollback"], ["reload", "--force", "--file", exports.new]]) {
      const { code, stderr } = await there.run(...command);
      expect(code, stderr).to.equal(9);
      expect(stderr).to.match(/^adresslista: another reload is running on this database\n$/m);
    }
    load.kill("SIGKILL");
    await load.code;
    await generations.release();
    await expectNextLoadWorks(there);
  });

  it("is not published when the lock's connection was cut and another one has begun meanwhile: it ends with 8, the other one works", async () => {
    const generations = await hold(`${schema}.generation`);
    const first = begin(here, exports.new);
    await beforeItIsTakenOver(first);
    first.kill("SIGSTOP");
    await cutLock();
    await generations.release();
    // Waits for the place that the first one has taken, since its server has not heard of it for a while.
    const second = begin(there, exports.new);
    await until("the second one has begun", async () => (await lockHolders()).length > 0);
    await until("both want the same place", () => isWaiting(`%${schema}_load_2%`));
    first.kill("SIGCONT");
    expect(await first.code, first.said()).to.equal(8);
    expect(first.said()).to.match(/^adresslista: .*lock/m);
    expect(await second.code, second.said()).to.equal(0);
    expect(await servedLoad(here)).to.equal(2);
    expect(here.leftovers()).to.deep.equal([]);
    expect(await loadSchemas()).to.deep.equal([`${schema}_load_1`, `${schema}_load_2`]);
  });

  it("is served whole or not at all when the lock's connection is cut while it is published, and another one begins", async () => {
    const { service, calls, old } = serving;
    await here.done("reload", "--force", "--file", exports.new);
    const latest = await serving.bodies();
    await here.done("rollback");
    const clients = startClients([service.url], askedBoth(calls, old, latest));
    const loads = await hold(`${schema}.load`);
    const first = begin(here, exports.new);
    await beforeItIsPublished(first);
    await cutLock();
    const second = begin(there, exports.new);
    await until("the second one has the lock", async () => (await lockHolders()).length > 0);
    await delay(500);
    await loads.release();
    const firstCode = await first.code;
    expect([0, 8], first.said()).to.include(firstCode);
    const whole = await serving.bodies();
    expect([old.join(), latest.join()].includes(whole.join()), "a whole load").to.equal(true);
    expect(await second.code, second.said()).to.equal(0);
    await clients.answered();
    const answers = await clients.stop();
    expectNoWrongAnswer(answers, 0.1);
    expect((await serving.bodies()).join() === latest.join(), "the new load").to.equal(true);
  });

  it("is served, and says so, when the server was lost as it had committed it, once it answers again", async () => {
    const way = await lossyWayTo(cluster.primary.port);
    const far = machine(cluster.primary.url(schema).replace(`:${cluster.primary.port}`, `:${way.port}`));
    try {
      const loads = await hold(`${schema}.load`);
      const load = begin(far, exports.new);
      await beforeItIsPublished(load);
      const lost = way.loseCommit(4_000);
      await loads.release();
      await lost;
      expect(await load.code, load.said()).to.equal(0);
      expect(await servedLoad(here)).to.equal(2);
      await here.done("rollback");
      await serving.expectOld();
    } finally {
      far.remove();
      way.end();
    }
  });

  it("leaves to calls in progress what it takes the place of, though it is no longer kept; a later load removes it", async () => {
    const { service, calls, old } = serving;
    const frugal = machine(cluster.primary.url(schema), {
      ADRESSLISTA_KEEP_GENERATIONS: "1",
      ADRESSLISTA_HISTORY_TERMS: "0",
    });
    try {
      const loads = await hold(`${schema}.load`);
      const load = begin(frugal, exports.new);
      await beforeItIsPublished(load);
      // A new service has nothing in its memory, so that it must read.
      const fresh = await frugal.serve();
      const persons = await hold(`${schema}_load_1.personvo`, "ACCESS EXCLUSIVE");
      const at = calls.length - 1;
      const call = calls[at];
      if (call === undefined) throw new Error("no call");
      const answer = ask(fresh.url, call, [old[at] as string]);
      await until("the call reads", () => isWaiting(`%${schema}_load_1.personvo%`));
      await loads.release();
      await until("the new load is served", async () => (await servedLoad(here)) === 2);
      await persons.release();
      expect((await answer).kind).to.equal("right");
      expect(await load.code, load.said()).to.equal(0);
      expect(await loadSchemas()).to.deep.equal([`${schema}_load_1`, `${schema}_load_2`]);
      expect((await here.run("rollback")).code, "it is not kept").to.equal(2);

      await watcher.query(
        `UPDATE ${schema}.generation SET retired = retired - interval '31 s' WHERE number = 1`,
      );
      await frugal.done("reload", "--force", "--file", exports.old);
      expect(await loadSchemas()).to.deep.equal([`${schema}_load_2`, `${schema}_load_3`]);
      expect((await ask(service.url, call, [old[at] as string])).kind).to.equal("right");
    } finally {
      frugal.remove();
    }
  });

  it("is not hindered by a backup that reads what it would remove: that is left to the load after it", async () => {
    await here.done("reload", "--force", "--file", exports.new);
    await watcher.query(`UPDATE ${schema}.generation SET retired = '-infinity' WHERE number = 1`);
    const backup = await hold(`${schema}_load_1.namn`, "ACCESS SHARE");
    await here.done("reload", "--force", "--file", exports.old);
    expect(await servedLoad(here)).to.equal(3);
    expect(await loadSchemas()).to.include(`${schema}_load_1`);
    await backup.release();
    await here.done("reload", "--force", "--file", exports.new);
    expect(await loadSchemas()).not.to.include(`${schema}_load_1`);
  });
});
