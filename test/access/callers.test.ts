import { expect } from "chai";
import { before, describe, it } from "mocha";
import {
  authenticate,
  type Caller,
  type Credentials,
  mayAccess,
  REMEMBER_MILLISECONDS,
  type RememberedCallers,
  rememberCallers,
} from "../../lib/access/callers.js";
import { hashSecret } from "../../lib/access/secret.js";
import type { CallerRecord } from "../../lib/store/queries.js";

const PORTAL: Credentials = { caller: "portal", ticket: "hemlig" };

describe("authenticate", () => {
  let secretHash: string;
  before(async () => {
    secretHash = await hashSecret("hemlig");
  });

  it("lets a caller in with its own secret, and gives its rights", async () => {
    const store = storeOf(record("portal", ["I001", "äpp"]));
    const caller = await authenticate(store, rememberCallers(), PORTAL, undefined);
    expect(caller).to.deep.equal({ name: "portal", institutions: new Set(["I001", "ÄPP"]) });
  });

  it("lets nobody in with another's secret, an unknown name, or anything missing", async () => {
    const store = storeOf(record("portal", "*"));
    const refused: Credentials[] = [
      { ...PORTAL, ticket: "Hemlig" },
      { ...PORTAL, caller: "okänd" },
      { ...PORTAL, caller: undefined },
      { ...PORTAL, ticket: undefined },
      {},
    ];
    for (const credentials of refused) {
      expect(
        await authenticate(store, rememberCallers(), credentials, undefined),
        JSON.stringify(credentials),
      ).to.equal(undefined);
    }
  });

  it("is not stopped by a name that is a megabyte of combining marks", async () => {
    const caller = `portal${"\u0301\u0316".repeat(250_000)}`;
    const began = performance.now();
    expect(
      await authenticate(storeOf(), rememberCallers(), { caller, ticket: "hemlig" }, undefined),
    ).to.equal(undefined);
    expect(performance.now() - began).to.be.below(5_000);
  });

  it("takes as long for an unknown caller as for a wrong secret", async () => {
    const store = storeOf(record("portal", "*"));
    const wrongSecret = await fastestOf(3, () =>
      authenticate(store, rememberCallers(), { ...PORTAL, ticket: "fel" }, undefined),
    );
    const unknownCaller = await fastestOf(3, () =>
      authenticate(store, rememberCallers(), { ...PORTAL, caller: "okänd" }, undefined),
    );
    expect(unknownCaller).to.be.within(wrongSecret / 2, wrongSecret * 2);
  });

  it("takes the default caller when a portal sends none", async () => {
    const store = storeOf(record("portal", "*"));
    const caller = await authenticate(store, rememberCallers(), { ticket: "hemlig" }, "portal");
    expect(caller?.name).to.equal("portal");
    expect(await authenticate(store, rememberCallers(), { ...PORTAL, caller: "okänd" }, "portal")).to.equal(
      undefined,
    );
  });

  it("takes a UsernameToken when there is no caller, before the default caller", async () => {
    const store = storeOf(record("portal", "*"));
    const usernameToken = { username: "portal", password: "hemlig" };
    expect((await authenticate(store, rememberCallers(), { usernameToken }, "annan"))?.name).to.equal(
      "portal",
    );
    const wrong = { usernameToken: { username: "portal", password: "fel" } };
    expect(await authenticate(store, rememberCallers(), wrong, undefined)).to.equal(undefined);
    const both = { caller: "okänd", ticket: "hemlig", usernameToken };
    expect(await authenticate(store, rememberCallers(), both, undefined)).to.equal(undefined);
  });

  it("finds a caller whose name is composed otherwise", async () => {
    const store = storeOf(record("på", "*"));
    expect(
      (await authenticate(store, rememberCallers(), { ...PORTAL, caller: "pa\u030a" }, undefined))?.name,
    ).to.equal("på");
  });

  it("checks a right secret once, also for calls at the same time, and a wrong one each time", async () => {
    const store = storeOf(record("portal", "*"));
    const remembered = rememberCallers();
    await Promise.all(Array.from({ length: 6 }, () => authenticate(store, remembered, PORTAL, undefined)));
    await authenticate(store, remembered, PORTAL, undefined);
    // Two may have been under way at once before the first was remembered.
    expect(store.lookups).to.be.within(1, 2);
    const before = store.lookups;
    await authenticate(store, remembered, { ...PORTAL, ticket: "fel" }, undefined);
    await authenticate(store, remembered, { ...PORTAL, ticket: "fel" }, undefined);
    expect(store.lookups).to.equal(before + 2);
  });

  it("forgets at once when callers change", async () => {
    const store = storeOf(record("portal", "*"));
    const remembered = rememberCallers();
    expect(await authenticate(store, remembered, PORTAL, undefined)).not.to.equal(undefined);
    store.remove("portal");
    expect(await authenticate(store, remembered, PORTAL, undefined)).to.equal(undefined);
  });

  it("goes on checking after a check has failed", async () => {
    const broken = { ...record("portal", "*"), secretHash: "skräp" };
    for (let call = 0; call < 5; call++) {
      const outcome = await authenticate(storeOf(broken), rememberCallers(), PORTAL, undefined).catch(
        () => "failed",
      );
      expect(outcome).to.equal("failed");
    }
    expect(
      await authenticate(storeOf(record("portal", "*")), rememberCallers(), PORTAL, undefined),
    ).not.to.equal(undefined);
  });

  function record(name: string, institutions: "*" | readonly string[]): CallerRecord {
    return { name, institutions, verifier: "secret", secretHash, created: "2026-03-01T00:00:00Z" };
  }
});

describe("the memory of callers", () => {
  const claim = { name: "portal", secret: "hemlig" };
  const caller: Caller = { name: "portal", institutions: "*" };

  it("holds a caller for five minutes", () => {
    let time = 0;
    const remembered = rememberCallers(() => time);
    learn(remembered, 1);
    time = REMEMBER_MILLISECONDS - 1;
    expect(remembered.recall(1, claim)).to.equal(caller);
    time = REMEMBER_MILLISECONDS;
    expect(remembered.recall(1, claim)).to.equal(undefined);
  });

  it("tells names and secrets apart wherever one ends and the other begins", () => {
    const remembered = rememberCallers();
    learn(remembered, 1);
    expect(remembered.recall(1, { name: "portalh", secret: "emlig" })).to.equal(undefined);
    expect(remembered.recall(1, { name: "portal", secret: "hemlig2" })).to.equal(undefined);
  });

  it("takes nothing that was verified before callers changed", () => {
    const remembered = rememberCallers();
    remembered.recall(1, claim);
    remembered.recall(2, claim);
    remembered.remember(1, claim, caller);
    expect(remembered.recall(2, claim)).to.equal(undefined);
  });

  function learn(remembered: RememberedCallers, version: number): void {
    remembered.recall(version, claim);
    remembered.remember(version, claim, caller);
  }
});

describe("mayAccess", () => {
  it("lets a caller of all institutions see everything", () => {
    expect(mayAccess({ name: "portal", institutions: "*" }, [])).to.equal(true);
  });

  it("lets others see what one of their institutions gives, without regard to case", () => {
    const caller: Caller = { name: "portal", institutions: new Set(["I001", "ÄPP"]) };
    expect(mayAccess(caller, ["I002", "i001"])).to.equal(true);
    expect(mayAccess(caller, ["äpp"])).to.equal(true);
    expect(mayAccess(caller, ["I002"])).to.equal(false);
    expect(mayAccess(caller, [])).to.equal(false);
  });
});

function storeOf(...records: CallerRecord[]) {
  const callers = new Map(records.map((record) => [record.name, record]));
  const store = {
    lookups: 0,
    version: 1,
    callersVersion: () => store.version,
    findCaller(name: string) {
      store.lookups++;
      return callers.get(name);
    },
    remove(name: string) {
      callers.delete(name);
      store.version++;
    },
  };
  return store;
}

async function fastestOf(times: number, run: () => Promise<unknown>): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let time = 0; time < times; time++) {
    const started = performance.now();
    await run();
    fastest = Math.min(fastest, performance.now() - started);
  }
  return fastest;
}
