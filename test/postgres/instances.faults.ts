import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import { LONGEST_PAUSE_MILLISECONDS } from "../../lib/access/throttle.js";
import type { Service } from "../cli/program.js";
import { CALLER, type Call, SECRET } from "../resilience/calls.js";
import { callAt } from "../support/calling.js";
import { type Cluster, startCluster, until } from "./cluster.js";
import {
  type Answered,
  ask,
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

/** Within which every instance knows what another one, or a command, has changed. */
const SEEN_MILLISECONDS = 2_000;
const SWITCHES = 3;
/** Loads and rollbacks in turn, each looked at for a while. */
const TURNS = 6;
const FAULT_MILLISECONDS = 3_000;
const WRONG_LOGINS = 8;
/** The first refusals have no pause; after so many wrong ones it is a second or more. */
const SLOWED_DOWN_MILLISECONDS = 900;

describe("two instances of a service", () => {
  let cluster: Cluster;
  let here: Machine;
  let there: Machine;
  let exports: Exports;
  let serving: Serving;
  let other: Service;

  beforeEach(async () => {
    cluster = await startCluster();
    here = machine(cluster.primary.url("two"));
    there = machine(cluster.primary.url("two"));
    exports = await exportsIn(here.folder);
    serving = await servingOld(here, exports);
    other = await there.serve();
  });
  afterEach(async () => {
    there?.remove();
    here?.remove();
    await cluster?.end();
  });

  const participants = (): { call: Call; old: string } => {
    const at = serving.calls.length - 1;
    return { call: serving.calls[at] as Call, old: serving.old[at] as string };
  };

  it("have what the other one, or a command, has changed within 2 s", async () => {
    const { call, old } = participants();
    const isOld = async () => (await ask(other.url, call, [old])).kind === "right";
    expect(await isOld()).to.equal(true);
    await here.done("reload", "--force", "--file", exports.new);
    await until("the new load is seen", async () => !(await isOld()), SEEN_MILLISECONDS);
    await here.done("rollback");
    await until("the old one is seen", isOld, SEEN_MILLISECONDS);

    const wrong = async (url: string, ticket: string) => {
      const began = performance.now();
      const { body } = await callAt(url, { caller: CALLER, ticket, method: "getKurs" });
      expect(body).to.include("auth.failed");
      return performance.now() - began;
    };
    for (let time = 0; time < WRONG_LOGINS; time++) await wrong(serving.service.url, `wrong-${time}`);
    expect(await wrong(other.url, "wrong"), "the address is slowed down").to.be.above(
      SLOWED_DOWN_MILLISECONDS,
    );
    expect(await isOld(), "who is right is not").to.equal(true);

    await here.done("caller", "remove", CALLER);
    // The refusal waits, since so many have been wrong.
    await until(
      "the removed caller is refused",
      async () => {
        const { body } = await callAt(other.url, { caller: CALLER, ticket: SECRET, method: "getKurs" });
        return body.includes("auth.failed");
      },
      SEEN_MILLISECONDS + LONGEST_PAUSE_MILLISECONDS,
    );
  });

  it("never mix generations, while loads and rollbacks go on", async () => {
    const { service, calls, old } = serving;
    await here.done("reload", "--force", "--file", exports.new);
    const latest = await serving.bodies();
    const both = askedBoth(calls, old, latest);
    const lists = both.filter(
      ({ call, expected: [first, second] }) => call.operation === "getAdrLista" && first !== second,
    );
    expect(lists, "calls whose answers differ").to.have.length.above(3);
    for (const { expected } of lists) {
      const [first, second] = expected.map(
        (body) => new Set([...body.matchAll(/<PersonVO>.*?<\/PersonVO>/gs)].map(([person]) => person)),
      );
      expect(first?.size, "persons").to.be.above(0);
      expect(
        [...(first ?? [])].filter((person) => second?.has(person)),
        "persons of both",
      ).to.deep.equal([]);
    }
    // Those of several occasions more often than the others.
    const asked = [...both, ...Array.from({ length: 4 }, () => both.slice(-2)).flat(), ...lists];
    const clients = startClients([service.url, other.url], asked, { clients: 8 });
    for (let time = 0; time < SWITCHES; time++) {
      await here.done("rollback");
      await there.done("reload", "--force", "--file", time % 2 === 0 ? exports.old : exports.new);
      await clients.answered(1);
    }
    const answers = await clients.stop();
    expectNoWrongAnswer(answers, 0.1);
    expect(answers.length).to.be.above(100);
    const seen = new Set(
      answers
        .filter(({ call }) => lists.some((list) => call.endsWith(list.call.arg1)))
        .map(({ which }) => which),
    );
    expect([...seen]).to.include.members([0, 1]);
  });

  const isLetIn = async (service: Service) => {
    const call = { caller: CALLER, ticket: SECRET, arg1: "<Institution>S000</Institution>" };
    return !(await callAt(service.url, call)).body.includes("auth.failed");
  };

  it("give the same answers, byte for byte", async () => {
    expect((await serving.bodies(other.url)).join() === serving.old.join()).to.equal(true);
  });

  it("let nobody in any more whom one of them has removed, and whoever it has added", async () => {
    expect(await isLetIn(other)).to.equal(true);
    await here.done("caller", "remove", CALLER);
    expect(await isLetIn(other), "at once").to.equal(false);
    expect(await isLetIn(serving.service), "at once").to.equal(false);
    await there.addCaller();
    await delay(SEEN_MILLISECONDS);
    expect(await isLetIn(serving.service)).to.equal(true);
    expect(await isLetIn(other)).to.equal(true);
  });

  it("answer each call from one load while loads and rollbacks go on, from the new one as soon as it is served", async () => {
    await there.done("reload", "--force", "--file", exports.new);
    const latest = await serving.bodies();
    expect((await serving.bodies(other.url)).join() === latest.join()).to.equal(true);
    const differing = serving.calls.map((_, at) => serving.old[at] !== latest[at]);
    expect(differing.filter(Boolean), "calls whose answers tell the loads apart").to.have.length.above(5);
    await here.done("rollback");

    const asked = askedBoth(serving.calls, serving.old, latest).filter((_, at) => differing[at]);
    const clients = startClients([serving.service.url, other.url], asked, { clients: 6 });
    /** From when to when nothing but this was served. */
    const periods: { readonly which: number; readonly from: number; to: number }[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      const by = turn % 4 < 2 ? here : there;
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
