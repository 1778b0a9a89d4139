import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { type Cluster, type Pooler, startCluster, until } from "./cluster.js";
import {
  askedBoth,
  type Exports,
  expectNoWrongAnswer,
  exportsIn,
  type Machine,
  machine,
  servedLoad,
  servingOld,
  startClients,
} from "./scenario.js";

/** Fewer than what one service alone would take. */
const POOL_SIZE = 4;

describe("a service whose every connection goes through pgbouncer in transaction mode", () => {
  let cluster: Cluster;
  let pooler: Pooler;
  let here: Machine;
  let there: Machine;
  let exports: Exports;

  before(async () => {
    cluster = await startCluster();
    const replica = await cluster.replica();
    pooler = await cluster.pgbouncer(cluster.primary, POOL_SIZE);
    const poolerOfReplica = await cluster.pgbouncer(replica, POOL_SIZE);
    const read = { ADRESSLISTA_DATABASE_READ: poolerOfReplica.url("pooled") };
    here = machine(pooler.url("pooled"), read);
    there = machine(pooler.url("pooled"), read);
    exports = await exportsIn(here.folder);
  });
  after(async () => {
    here?.remove();
    there?.remove();
    await cluster?.end();
  });

  it("makes its tables, loads, answers, goes back and has its callers, from two machines", async () => {
    // Two at once make the tables of an empty database.
    const [first, second] = await Promise.all([
      here.run("caller", "add", "one"),
      there.run("caller", "add", "another"),
    ]);
    expect([first.code, second.code], first.stderr + second.stderr).to.deep.equal([0, 0]);
    const serving = await servingOld(here, exports);
    const other = await there.serve();
    await here.done("check");
    await here.done("reload", "--force", "--file", exports.new);
    const latest = await serving.bodies();
    await there.done("rollback");
    await serving.expectOld();
    const asked = askedBoth(serving.calls, serving.old, latest);
    // More at a time than the pooler has connections.
    const clients = startClients([serving.service.url, other.url], asked, {
      clients: 6 * POOL_SIZE,
      pause: 20,
    });
    await clients.answered(2);
    await there.done("reload", "--force", "--file", exports.new);
    await here.done("rollback");
    await clients.answered(2);
    await here.done("caller", "remove", "another");
    expect((await there.done("caller", "list")).stdout)
      .to.include("one")
      .and.not.to.include("another");
    expectNoWrongAnswer(await clients.stop(), 0.1);
    await serving.expectOld();
  });

  it("loads one export at a time: of two at once the other ends with 9, and can go when the first was killed", async () => {
    const large = await exportsIn(there.folder, { persons: 6000, occasions: 200, memberships: 24000 });
    const before = await servedLoad(here);
    const first = here.begin(large.new);
    await until("it has the lock", async () => {
      const rows = await cluster.primary.query(
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted",
      );
      return rows.length > 0 && first.said().includes("linking");
    });
    const second = await there.load(exports.new);
    expect(second.code, second.stderr).to.equal(9);
    first.kill("SIGKILL");
    await first.code;
    expect(await servedLoad(here)).to.equal(before);
    await until("the lock is free", async () => (await there.load(exports.new)).code === 0);
    expect(await servedLoad(here)).not.to.equal(before);
  });
});
