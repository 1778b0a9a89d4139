import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import pg from "pg";
import { callAt } from "../support/calling.js";
import { type Cluster, startCluster, until } from "./cluster.js";
import {
  type Exports,
  expectNoWrongAnswer,
  exportsIn,
  type Machine,
  machine,
  readiness,
  type Serving,
  servedLoad,
  servingOld,
  startClients,
} from "./scenario.js";

/** No call waits longer for its fault. */
const FAULT_MILLISECONDS = 3_000;
/** How long the database is away. */
const OUTAGE_MILLISECONDS = 3_000;
/** So long that connections which a process has open are not enough to try them one after the other. */
const FREEZE_MILLISECONDS = 20_000;
const CUTS = 40;

describe("a database that goes away while several clients call", () => {
  let cluster: Cluster;
  let here: Machine;
  let exports: Exports;
  let serving: Serving;

  before(async () => {
    // Data reaches the disk, as it does where a crash must lose nothing.
    cluster = await startCluster({ fsync: true });
    here = machine(cluster.primary.url("outage"));
    exports = await exportsIn(here.folder);
    serving = await servingOld(here, exports);
  });

  after(async () => {
    here?.remove();
    await cluster?.end();
  });

  for (const how of ["immediate", "fast"] as const) {
    it(`is missed by a fault within 3 s, and by nothing once it is back (${how === "immediate" ? "a crash" : "a restart"})`, async () => {
      const { service, askedOld } = serving;
      const clients = startClients([service.url], askedOld, { clients: 6 });
      await clients.answered();
      await cluster.primary.stop(how);
      const gone = performance.now();
      await delay(OUTAGE_MILLISECONDS);
      const away = clients.answers.filter(({ at, milliseconds }) => at - milliseconds > gone);
      expect(away.length, "calls while it was away").to.be.above(10);
      expect(away.every(({ kind }) => kind === "fault")).to.equal(true);
      expect(await readiness(service)).to.equal(503);
      await cluster.primary.start();
      await clients.answered();
      const back = performance.now();
      await clients.answered(10);
      const answers = await clients.stop();
      expectNoWrongAnswer(answers, FAULT_MILLISECONDS);
      expect(
        answers.filter(({ kind, at }) => kind === "fault" && at > back),
        "faults after all clients had answers again",
      ).to.deep.equal([]);
      expect(await readiness(service)).to.equal(200);
      await serving.expectOld();
    });
  }

  it("has its callers and loads still, and takes new ones", async () => {
    expect((await here.done("caller", "list")).stdout).to.include("portal");
    expect(await servedLoad(here)).to.equal(1);
    await here.done("caller", "add", "another");
    await here.done("reload", "--force", "--file", exports.new);
    expect(await servedLoad(here)).to.equal(2);
    await here.done("rollback");
    await serving.expectOld();
  });

  it("has calls wait no longer than 3 s when it stands still, and answers when it goes on", async () => {
    const { service, askedOld } = serving;
    const clients = startClients([service.url], askedOld, { clients: 6 });
    await clients.answered();
    const stands = performance.now();
    const frozen = cluster.primary.freeze();
    await delay(FREEZE_MILLISECONDS);
    frozen.goOn();
    await clients.answered();
    const answers = await clients.stop();
    const later = answers.filter(({ at, milliseconds }) => at - milliseconds > stands);
    expectNoWrongAnswer(later, FAULT_MILLISECONDS);
    expect(later.filter(({ kind }) => kind === "fault")).to.have.length.above(10);
    // One that was in the middle of it may have waited for more than one question.
    expectNoWrongAnswer(answers, 2 * FAULT_MILLISECONDS);
  });

  it("cuts connections in mid-call again and again, and no answer is wrong", async () => {
    const { service, askedOld } = serving;
    const clients = startClients([service.url], askedOld, { clients: 6, pause: 0 });
    await clients.answered();
    let cut = 0;
    for (let time = 0; time < CUTS; time++) {
      const rows = await cluster.primary.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'adresslista' AND pid <> pg_backend_pid()",
      );
      cut += rows.length;
      await delay(25);
    }
    const answers = await clients.stop();
    expect(cut, "connections that were cut").to.be.above(CUTS);
    expectNoWrongAnswer(answers, FAULT_MILLISECONDS);
    const right = answers.filter(({ kind }) => kind === "right").length;
    expect(right / answers.length, "share of calls that never noticed").to.be.above(0.5);
    await serving.expectOld();
  });

  it("cuts a connection in the middle of a change, and the service goes on", async () => {
    const { service } = serving;
    const holder = new pg.Client({ connectionString: cluster.primary.url("outage").replace(/\?.*/, "") });
    await holder.connect();
    await holder.query("BEGIN");
    await holder.query("LOCK TABLE outage.failed_login IN ACCESS EXCLUSIVE MODE");
    const refused = callAt(service.url, { caller: "portal", ticket: "wrong", method: "getKurs" });
    const waiting =
      "FROM pg_stat_activity WHERE query LIKE '%outage.failed_login%' AND wait_event_type = 'Lock'";
    await until(
      "it is being noted",
      async () => (await cluster.primary.query(`SELECT 1 ${waiting}`)).length > 0,
    );
    await cluster.primary.query(`SELECT pg_terminate_backend(pid) ${waiting}`);
    await holder.end();
    expect((await refused).body).to.include("auth.failed");
    await serving.expectOld();
    expect(service.child.exitCode).to.equal(null);
  });
});
