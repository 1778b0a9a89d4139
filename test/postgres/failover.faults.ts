import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type Cluster, type Server, startCluster, until } from "./cluster.js";
import {
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

const FAULT_MILLISECONDS = 3_000;
/** From the promotion until every client has answers again. */
const FAILOVER_MILLISECONDS = 10_000;

describe("a primary that is lost, and its replica promoted", () => {
  let cluster: Cluster;
  let replica: Server;
  let here: Machine;
  let exports: Exports;
  let serving: Serving;

  beforeEach(async () => {
    cluster = await startCluster({ fsync: true });
    replica = await cluster.replica();
    // What has been committed is on both, so that nothing is lost with one of them.
    await cluster.primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await cluster.primary.query("ALTER SYSTEM SET synchronous_commit = 'on'");
    await cluster.primary.query("SELECT pg_reload_conf()");
    await until("the replica is a synchronous one", async () => {
      const rows = await cluster.primary.query("SELECT sync_state FROM pg_stat_replication");
      return rows.some(({ sync_state }) => sync_state === "sync");
    });
    here = machine(bothHosts(cluster.primary, replica));
    exports = await exportsIn(here.folder);
    serving = await servingOld(here, exports);
  });

  afterEach(async () => {
    here?.remove();
    await cluster?.end();
  });

  const promoteInsteadOf = async (loss: () => Promise<void> | void): Promise<void> => {
    const { service, askedOld } = serving;
    const clients = startClients([service.url], askedOld, { clients: 6 });
    await clients.answered();
    // What is acknowledged just before it is lost, is there afterwards.
    await here.done("caller", "add", "last-minute");
    await loss();
    const lost = performance.now();
    await replica.query("ALTER SYSTEM RESET synchronous_standby_names");
    await replica.promote();
    const promoted = performance.now();
    await clients.answered();
    expect(performance.now() - promoted, "until all have answers again").to.be.below(FAILOVER_MILLISECONDS);
    const answers = await clients.stop();
    expectNoWrongAnswer(
      answers.filter(({ at, milliseconds }) => at - milliseconds > lost),
      FAULT_MILLISECONDS,
    );
    expectNoWrongAnswer(answers, 2 * FAULT_MILLISECONDS);
    await serving.expectOld();
  };

  const expectAllWorks = async (): Promise<void> => {
    const list = (await here.done("caller", "list")).stdout;
    expect(list).to.include("portal").and.to.include("last-minute");
    await here.done("caller", "add", "after-the-promotion");
    expect(await servedLoad(here)).to.equal(1);
    await here.done("reload", "--force", "--file", exports.new);
    expect(await servedLoad(here)).to.equal(2);
    expect((await serving.bodies()).join() === serving.old.join(), "the same as before").to.equal(false);
    await here.done("rollback");
    await serving.expectOld();
  };

  it("are missed by faults within 3 s: answers, callers and loads go on at the new primary (it crashed)", async () => {
    await promoteInsteadOf(() => cluster.primary.stop("immediate"));
    await expectAllWorks();
  });

  it("are missed by faults within 3 s: answers, callers and loads go on at the new primary (it says nothing any more)", async () => {
    let frozen: { goOn(): void } | undefined;
    try {
      await promoteInsteadOf(() => {
        frozen = cluster.primary.freeze();
      });
      await expectAllWorks();
    } finally {
      frozen?.goOn();
    }
  });

  it("leaves a load that was under way unserved, and the next one on the new primary finds nothing in its way", async () => {
    const load = here.begin(exports.new);
    await until("it has got to the database", async () => {
      const rows = await cluster.primary.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY%'");
      return rows.length > 0;
    });
    await cluster.primary.stop("immediate");
    expect(await load.code, load.said()).to.equal(8);
    await replica.query("ALTER SYSTEM RESET synchronous_standby_names");
    await replica.promote();
    expect(await servedLoad(here)).to.equal(1);
    await serving.expectOld();
    expect(here.leftovers()).to.deep.equal([]);
    await here.done("reload", "--force", "--file", exports.new);
    expect(await servedLoad(here)).to.equal(2);
  });
});

/** Of the first one's address, with the other's after it. */
function bothHosts(first: Server, second: Server): string {
  return first.url("failover").replace(first.at, `${first.at},${second.at}`);
}
