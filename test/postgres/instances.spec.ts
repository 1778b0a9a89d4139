import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import type { Service } from "../cli/program.js";
import { CALLER, SECRET } from "../resilience/calls.js";
import { callAt } from "../support/calling.js";
import { type Cluster, startCluster } from "./cluster.js";
import {
  type Answered,
  askedBoth,
  type Exports,
  expectNoWrongAnswer,
  exportsIn,
  type Machine,
  machine,
  type Serving,
  servingOld,
  startClients,
} from "./scenario.js";

/** What is done on one machine holds on the others by then. */
const SEEN_MILLISECONDS = 2_000;
const SWITCHES = 6;
const FAULT_MILLISECONDS = 3_000;

describe("two machines that serve from one database", () => {
  let cluster: Cluster;
  let one: Machine;
  let other: Machine;
  let exports: Exports;
  let serving: Serving;
  let otherService: Service;

  before(async () => {
    cluster = await startCluster();
    one = machine(cluster.primary.url("instances"));
    other = machine(cluster.primary.url("instances"));
    exports = await exportsIn(one.folder);
    serving = await servingOld(one, exports);
    otherService = await other.serve();
  });

  after(async () => {
    one?.remove();
    other?.remove();
    await cluster?.end();
  });

  const isLetIn = async (service: Service) => {
    const call = { caller: CALLER, ticket: SECRET, arg1: "<Institution>S000</Institution>" };
    return !(await callAt(service.url, call)).body.includes("auth.failed");
  };

  it("give the same answers, byte for byte", async () => {
    expect((await serving.bodies(otherService.url)).join() === serving.old.join()).to.equal(true);
  });

  it("let nobody in any more whom one of them has removed, and whoever it has added", async () => {
    expect(await isLetIn(otherService)).to.equal(true);
    await one.done("caller", "remove", CALLER);
    expect(await isLetIn(otherService), "at once").to.equal(false);
    expect(await isLetIn(serving.service), "at once").to.equal(false);
    await other.addCaller();
    await delay(SEEN_MILLISECONDS);
    expect(await isLetIn(serving.service)).to.equal(true);
    expect(await isLetIn(otherService)).to.equal(true);
  });

  it("answer each call from one load while loads and rollbacks go on, from the new one as soon as it is served", async () => {
    await other.done("reload", "--force", "--file", exports.new);
    const latest = await serving.bodies();
    expect((await serving.bodies(otherService.url)).join() === latest.join()).to.equal(true);
    const differing = serving.calls.map((_, at) => serving.old[at] !== latest[at]);
    expect(differing.filter(Boolean), "calls whose answers tell the loads apart").to.have.length.above(5);
    await one.done("rollback");

    const asked = askedBoth(serving.calls, serving.old, latest).filter((_, at) => differing[at]);
    const clients = startClients([serving.service.url, otherService.url], asked, { clients: 6 });
    /** From when to when nothing but this was served. */
    const periods: { readonly which: number; readonly from: number; to: number }[] = [];
    for (let turn = 0; turn < SWITCHES; turn++) {
      const by = turn % 4 < 2 ? one : other;
      const isLoad = turn % 2 === 0;
      if (isLoad) await by.done("reload", "--force", "--file", exports.new);
      else await by.done("rollback", "1");
      const from = performance.now();
      await clients.answered(4);
      await delay(100);
      periods.push({ which: isLoad ? 1 : 0, from, to: performance.now() });
    }
    const answers = await clients.stop();
    expectNoWrongAnswer(answers, FAULT_MILLISECONDS);
    expect(answers.filter(({ kind }) => kind === "fault")).to.deep.equal([]);
    for (const { which, from, to } of periods) {
      const during = answers.filter(
        ({ at, milliseconds }: Answered) => at - milliseconds >= from && at <= to,
      );
      expect(during).to.have.length.above(10);
      expect(
        during.filter((answer) => answer.which !== which),
        "answers of another load",
      ).to.deep.equal([]);
    }
  });
});
