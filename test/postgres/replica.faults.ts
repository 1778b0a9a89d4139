import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import pg from "pg";
import { type Cluster, type Server, startCluster, until } from "./cluster.js";
import {
  askedBoth,
  type Exports,
  expectNoWrongAnswer,
  exportsIn,
  type Machine,
  machine,
  type Serving,
  servedLoad,
  servingOld,
  startClients,
} from "./scenario.js";

const SCHEMA = "replicated";
/** How often a replica that was behind is looked at, and more. */
const SEEN_MILLISECONDS = 10_000;

describe("a replica that is read from (databaseRead)", () => {
  let cluster: Cluster;
  let replica: Server;
  let here: Machine;
  let exports: Exports;
  let serving: Serving;
  let latest: readonly string[];

  before(async () => {
    cluster = await startCluster();
    replica = await cluster.replica();
    here = machine(cluster.primary.url(SCHEMA), { ADRESSLISTA_DATABASE_READ: replica.url(SCHEMA) });
    exports = await exportsIn(here.folder);
    serving = await servingOld(here, exports);
    await here.done("reload", "--force", "--file", exports.new);
    latest = await serving.bodies();
    await here.done("rollback");
  });
  after(async () => {
    here?.remove();
    await cluster?.end();
  });

  const pause = () => replica.query("SELECT pg_wal_replay_pause()");
  const resume = () => replica.query("SELECT pg_wal_replay_resume()");
  /** How often participants have been looked for in a load's tables on this server. */
  const readsOf = async (server: Server, load: number): Promise<number> => {
    const [row] = await server.query(
      "SELECT coalesce(sum(coalesce(seq_scan, 0) + coalesce(idx_scan, 0)), 0) AS reads FROM pg_stat_user_tables WHERE schemaname = $1",
      [`${SCHEMA}_load_${load}`],
    );
    return Number(row?.reads);
  };
  const has = async (server: Server, load: number): Promise<boolean> =>
    (await server.query(`SELECT 1 FROM ${SCHEMA}.generation WHERE number = $1`, [load])).length > 0;
  const served = async (): Promise<number> => (await servedLoad(here)) ?? 0;
  const isSame = (bodies: readonly string[], expected: readonly string[]) =>
    bodies.join() === expected.join();

  it("is used when it has the load", async () => {
    const load = await served();
    await until("the replica has it", () => has(replica, load));
    const before = await readsOf(replica, load);
    const fresh = await here.serve();
    await serving.bodies(fresh.url);
    await until("it has been read", async () => (await readsOf(replica, load)) > before, SEEN_MILLISECONDS);
    await fresh.stop();
  });

  it("gives no older load than was announced while it is behind, and is used again when it has caught up", async () => {
    const { service, calls, old } = serving;
    await pause();
    const clients = startClients([service.url], askedBoth(calls, old, latest));
    await clients.answered();
    await here.done("reload", "--force", "--file", exports.new);
    const loaded = performance.now();
    const load = await served();
    expect(await has(replica, load), "the replica is behind").to.equal(false);
    await clients.answered(10);
    expect(isSame(await serving.bodies(), latest), "the new load").to.equal(true);
    const goesBack = performance.now();
    await here.done("rollback");
    await serving.expectOld();
    await here.done("rollback", String(load));
    const wentForth = performance.now();
    await clients.answered();
    await resume();
    await until("the replica has it", () => has(replica, load));
    const before = await readsOf(replica, load);
    await until(
      "the replica is read",
      async () => {
        const fresh = await here.serve();
        await serving.bodies(fresh.url);
        await fresh.stop();
        return (await readsOf(replica, load)) > before;
      },
      SEEN_MILLISECONDS * 3,
    );
    const answers = await clients.stop();
    expectNoWrongAnswer(answers, 0.1);
    // Those that began after it was announced are of that load; some courses have the same answers in both.
    const differing = answers.filter(({ call }) => call.startsWith("getAdrLista"));
    const between = (from: number, to: number) =>
      differing
        .filter(({ at, milliseconds }) => at - milliseconds > from && at < to)
        .map(({ which }) => which);
    expect(new Set(between(loaded, goesBack)), "after the load").not.to.include(0);
    expect(new Set(between(wentForth, Number.POSITIVE_INFINITY)), "after going forth").to.deep.equal(
      new Set([1]),
    );
  });

  it("never takes a load that was killed for one that has come after it", async () => {
    const newest = await served();
    const holder = new pg.Client({ connectionString: cluster.primary.url(SCHEMA).replace(/\?.*/, "") });
    await holder.connect();
    await holder.query("BEGIN");
    await holder.query(`LOCK TABLE ${SCHEMA}.load IN SHARE MODE`);
    // Of it the replica will have the whole, which nobody has published.
    const killed = here.begin(exports.old);
    await until("it is taken over", async () => {
      const rows = await cluster.primary.query(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE $1 AND wait_event_type = 'Lock'",
        [`%INSERT INTO ${SCHEMA}.load %`],
      );
      return rows.length > 0;
    });
    killed.kill("SIGKILL");
    await killed.code;
    await cluster.primary.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'adresslista'",
    );
    await holder.end();
    await until("the replica has it", () => has(replica, newest + 1));
    await pause();
    await here.done("reload", "--force", "--file", exports.new);
    const fresh = await here.serve();
    try {
      expect(isSame(await serving.bodies(fresh.url), latest), "the new load, not the killed one").to.equal(
        true,
      );
      await resume();
      await until("the replica has it", async () => has(replica, await served()));
      expect(isSame(await serving.bodies(fresh.url), latest)).to.equal(true);
    } finally {
      await fresh.stop();
    }
  });

  it("is missed by no call when it stops, however it stops, and is used when it is back", async () => {
    const { service, calls } = serving;
    const load = await served();
    const now = await serving.bodies();
    const asked = calls.map((call, at) => ({ call, expected: [now[at] as string] }));
    for (const how of ["fast", "immediate"] as const) {
      const clients = startClients([service.url], asked, { clients: 6 });
      await clients.answered();
      await replica.stop(how);
      const fresh = await here.serve();
      expect(isSame(await serving.bodies(fresh.url), now)).to.equal(true);
      await clients.answered();
      await replica.start();
      const before = await readsOf(replica, load);
      await until(
        "it is read again",
        async () => {
          const another = await here.serve();
          await serving.bodies(another.url);
          await another.stop();
          return (await readsOf(replica, load)) > before;
        },
        SEEN_MILLISECONDS * 3,
      );
      const answers = await clients.stop();
      expect(answers.filter(({ kind }) => kind !== "right")).to.deep.equal([]);
      await fresh.stop();
    }
  });

  it("does not hold a call up for long when it says nothing any more", async () => {
    const { calls } = serving;
    const fresh = await here.serve();
    const load = await served();
    // It is in use.
    const before = await readsOf(replica, load);
    await until("it is read", async () => {
      await serving.bodies(fresh.url);
      return (await readsOf(replica, load)) > before;
    });
    const now = await serving.bodies();
    const asked = calls.map((call, at) => ({ call, expected: [now[at] as string] }));
    const frozen = replica.freeze();
    try {
      const clients = startClients([fresh.url], asked, { clients: 6 });
      await clients.answered(3);
      const answers = await clients.stop();
      expect(answers.filter(({ kind }) => kind !== "right")).to.deep.equal([]);
      expect(Math.max(...answers.map(({ milliseconds }) => milliseconds))).to.be.below(3_000);
    } finally {
      frozen.goOn();
      await fresh.stop();
    }
  });
});
