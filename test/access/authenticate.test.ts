import { createHmac } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import { before, describe, it } from "mocha";
import {
  type AuthenticationSettings,
  authenticator,
  type Credentials,
} from "../../lib/access/authenticate.js";
import { hashSecret } from "../../lib/access/secret.js";
import { FREE_FAILURES, LONGEST_PAUSE_MILLISECONDS, pauseAfter } from "../../lib/access/throttle.js";
import { MAX_LOGINS_PER_ADDRESS } from "../../lib/access/turns.js";
import type { CallerRecord, FailedLogins } from "../../lib/store/queries.js";

const PORTAL = { uid: "larare", caller: "portal", ticket: "hemlig", remoteAddress: "192.0.2.1" } as const;
const NOW = Date.parse("2026-11-24T10:00:00Z");

describe("authenticator", () => {
  let secretHash: string;
  before(async () => {
    secretHash = await hashSecret("hemlig");
  });

  it("lets a caller in with its own secret, and gives its rights", async () => {
    const { login } = of([portal({ institutions: ["I001", "äpp"] })]);
    expect(await login(PORTAL)).to.deep.equal({ name: "portal", institutions: new Set(["I001", "ÄPP"]) });
  });

  it("lets nobody in with another's secret, an unknown name, or anything missing", async () => {
    const { login } = of([portal()]);
    for (const wrong of [
      { ticket: "Hemlig" },
      { caller: "okänd" },
      { caller: undefined },
      { ticket: undefined },
    ]) {
      expect(await login({ ...PORTAL, ...wrong }), JSON.stringify(wrong)).to.equal(undefined);
    }
  });

  it("is not stopped by a name that is a megabyte of combining marks", async () => {
    const { login } = of([]);
    const began = performance.now();
    expect(await login({ ...PORTAL, caller: `portal${"\u0301\u0316".repeat(250_000)}` })).to.equal(undefined);
    expect(performance.now() - began).to.be.below(5_000);
  });

  it("costs the same check whatever is wrong: unknown, secret, address, day, a ticket that is none", async () => {
    const hmac = portal({ name: "hmac", verifier: "hmac", hmacSecret: "nyckel" });
    const { login } = of([
      portal(),
      portal({ name: "annanstans", addresses: ["198.51.100.0/24"] }),
      portal({ name: "slut", expires: "2026-11-23" }),
      hmac,
    ]);
    const wrongSecret = await fastestOf(3, () => login({ ...PORTAL, ticket: "fel" }));
    for (const [what, credentials] of Object.entries({
      unknown: { ...PORTAL, caller: "okänd" },
      address: { ...PORTAL, caller: "annanstans" },
      day: { ...PORTAL, caller: "slut" },
      ticket: { ...PORTAL, caller: "hmac", timestamp: "2026-11-24T10:00:00Z" },
    })) {
      let caller: unknown = "not asked";
      const time = await fastestOf(3, async () => {
        caller = await login(credentials);
      });
      expect(caller, what).to.equal(undefined);
      expect(time, what).to.be.within(wrongSecret / 3, wrongSecret * 3);
    }
  });

  it("takes the default caller when a portal sends none", async () => {
    const { login } = of([portal()], { defaultCaller: "portal" });
    expect((await login({ ...PORTAL, caller: undefined }))?.name).to.equal("portal");
    expect(await login({ ...PORTAL, caller: "okänd" })).to.equal(undefined);
  });

  it("takes a UsernameToken when there is no caller, before the default caller", async () => {
    const { login } = of([portal()], { defaultCaller: "annan" });
    const { uid, remoteAddress } = PORTAL;
    const usernameToken = { username: "portal", password: "hemlig" };
    expect((await login({ uid, remoteAddress, usernameToken }))?.name).to.equal("portal");
    const wrong = { username: "portal", password: "fel" };
    expect(await login({ uid, remoteAddress, usernameToken: wrong })).to.equal(undefined);
    expect(await login({ ...PORTAL, caller: "okänd", usernameToken })).to.equal(undefined);
  });

  it("finds a caller whose name is composed otherwise", async () => {
    const { login } = of([portal({ name: "på" })]);
    expect((await login({ ...PORTAL, caller: "pa\u030a" }))?.name).to.equal("på");
  });

  it("checks a right secret once, also for calls at the same time, and a wrong one each time", async () => {
    const { login, store } = of([portal()]);
    await Promise.all(Array.from({ length: 50 }, () => login(PORTAL)));
    await login(PORTAL);
    expect(store.lookups).to.equal(1);
    await login({ ...PORTAL, ticket: "fel" });
    await login({ ...PORTAL, ticket: "fel" });
    expect(store.lookups).to.equal(3);
  });

  it("remembers a caller, and not from another address or after its last day", async () => {
    let now = NOW;
    const { login } = of([portal({ addresses: ["192.0.2.1"], expires: "2026-11-24" })], { now: () => now });
    expect(await login(PORTAL)).not.to.equal(undefined);
    expect(await login({ ...PORTAL, remoteAddress: "192.0.2.2" })).to.equal(undefined);
    // Midnight in Sweden.
    now = Date.parse("2026-11-24T23:00:00Z");
    expect(await login(PORTAL)).to.equal(undefined);
  });

  it("forgets at once when callers change", async () => {
    const { login, store } = of([portal()]);
    expect(await login(PORTAL)).not.to.equal(undefined);
    store.remove("portal");
    expect(await login(PORTAL)).to.equal(undefined);
  });

  it("does not let a removed caller in with one who was being checked when it was removed", async () => {
    const { login, store } = of([portal()]);
    const before = login(PORTAL);
    while (store.lookups === 0) await nextTurn();
    store.remove("portal");
    expect(await login(PORTAL)).to.equal(undefined);
    await before;
  });

  it("does not keep a caller that was just added waiting with one who is still being refused", async () => {
    const paused: (() => void)[] = [];
    const { login, store } = of([], { pause: () => new Promise<void>((end) => paused.push(end)) });
    for (let call = 0; call < FREE_FAILURES; call++) await login(PORTAL);
    const refused = login(PORTAL);
    while (paused.length === 0) await nextTurn();
    store.replace(portal());
    expect(await login(PORTAL)).not.to.equal(undefined);
    for (const end of paused) end();
    expect(await refused).to.equal(undefined);
  });

  it("goes on checking after a check has failed", async () => {
    const { login, store } = of([portal({ secretHash: "skräp" })]);
    for (let call = 0; call < 5; call++) {
      expect(await login(PORTAL).catch(() => "failed")).to.equal("failed");
    }
    store.replace(portal());
    expect(await login(PORTAL)).not.to.equal(undefined);
  });

  describe("by a ticket that is signed", () => {
    const timestamp = "2026-11-24T09:58:00Z";
    const ticketFor = (uid: string, at: string, secret = "nyckel åäö") =>
      createHmac("sha256", secret).update(`${uid}:${at}`).digest("base64");
    const signed = { ...PORTAL, ticket: ticketFor("larare", timestamp), timestamp };
    const callers = [portal({ verifier: "hmac", hmacSecret: "nyckel åäö" })];

    it("lets in, also again and again within its minutes, and without the costly check", async () => {
      const { login } = of(callers);
      const began = performance.now();
      for (let call = 0; call < 20; call++) expect((await login(signed))?.name).to.equal("portal");
      expect(performance.now() - began).to.be.below(200);
    });

    it("takes five minutes either way, in any form of UTC that ISO 8601 has", async () => {
      const { login } = of(callers);
      for (const at of [
        "2026-11-24T09:55:00Z",
        "2026-11-24T10:05:00Z",
        "2026-11-24T10:00Z",
        "2026-11-24T10:00:00.123456Z",
        "2026-11-24T10:00:00+00:00",
      ]) {
        const ticket = ticketFor("larare", at);
        expect((await login({ ...signed, ticket, timestamp: at }))?.name, at).to.equal("portal");
      }
      for (const at of [
        "2026-11-24T09:54:59Z",
        "2026-11-24T10:05:01Z",
        "2026-11-24T11:00:00+01:00",
        "2026-11-24 10:00:00",
        "1764000000",
      ]) {
        const ticket = ticketFor("larare", at);
        expect(await login({ ...signed, ticket, timestamp: at }), at).to.equal(undefined);
      }
    });

    it("is for its end user alone", async () => {
      const { login } = of(callers);
      expect(await login({ ...signed, uid: "annan" })).to.equal(undefined);
      expect(await login({ ...signed, ticketUid: "annan" })).to.equal(undefined);
      expect((await login({ ...signed, ticketUid: "larare" }))?.name).to.equal("portal");
    });

    it("cannot be the secret itself, nothing, or signed with another secret", async () => {
      const { login } = of(callers);
      for (const ticket of ["nyckel åäö", "=", ticketFor("larare", timestamp, "fel"), `${signed.ticket}A`]) {
        expect(await login({ ...signed, ticket }), ticket).to.equal(undefined);
      }
      expect(await login({ ...signed, timestamp: undefined })).to.equal(undefined);
    });
  });

  describe("by a client certificate", () => {
    const callers = [portal({ verifier: "certificate", subject: "CN=portal,O=Kommun" })];
    const { uid, remoteAddress } = PORTAL;
    const certified = { uid, remoteAddress, certificateSubject: "CN=portal,O=Kommun" };

    it("lets its caller in, named or not", async () => {
      const { login } = of(callers);
      expect((await login(certified))?.name).to.equal("portal");
      expect((await login({ ...certified, caller: "portal" }))?.name).to.equal("portal");
    });

    it("does not stand for another caller, or another certificate for this one", async () => {
      const { login } = of([...callers, portal({ name: "annan" })]);
      expect(await login({ ...certified, caller: "annan", ticket: "fel" })).to.equal(undefined);
      expect((await login({ ...certified, caller: "annan", ticket: "hemlig" }))?.name).to.equal("annan");
      expect(await login({ ...certified, certificateSubject: "CN=annan,O=Kommun" })).to.equal(undefined);
      expect(await login({ uid, remoteAddress, caller: "portal", ticket: "hemlig" })).to.equal(undefined);
    });

    it("is bound to addresses and days as others are", async () => {
      const limits = { addresses: ["198.51.100.1"], expires: "2026-11-23" };
      for (const [name, value] of Object.entries(limits)) {
        const { login } = of(callers.map((record) => ({ ...record, [name]: value }) as CallerRecord));
        expect(await login(certified), name).to.equal(undefined);
      }
    });
  });

  describe("slows down", () => {
    it("the refusals of an address and of a name, ever more, and never what is right", async () => {
      const { login, pauses } = of([portal()]);
      for (let call = 0; call < FREE_FAILURES + 3; call++) await login({ ...PORTAL, ticket: `fel ${call}` });
      expect(pauses).to.deep.equal([1, 2, 3].map((more) => pauseAfter(FREE_FAILURES + more)));
      await login({ ...PORTAL, ticket: "hemlig" });
      expect(pauses).to.have.length(3);
      // The same address with another name, and the same name from another address.
      await login({ ...PORTAL, caller: "okänd" });
      await login({ ...PORTAL, ticket: "fel", remoteAddress: "198.51.100.7" });
      expect(pauses).to.have.length(5);
      await login({ ...PORTAL, caller: "annan", remoteAddress: "198.51.100.8" });
      expect(pauses).to.have.length(5);
    });

    it("addresses of one IPv6 network together", async () => {
      const { login, pauses } = of([]);
      for (let call = 0; call <= FREE_FAILURES; call++) {
        await login({ ...PORTAL, caller: `okänd ${call}`, remoteAddress: `2001:db8:1:2::${call + 1}` });
      }
      expect(pauses).to.have.length(1);
    });

    it("never for more than some seconds, and forgets after a quarter of an hour", async () => {
      expect(pauseAfter(1_000)).to.equal(LONGEST_PAUSE_MILLISECONDS);
      let now = NOW;
      const { login, pauses } = of([], { now: () => now });
      for (let call = 0; call <= FREE_FAILURES; call++) await login({ ...PORTAL, ticket: `fel ${call}` });
      expect(pauses).to.have.length(1);
      now += 15 * 60 * 1000 + 1;
      await login({ ...PORTAL, ticket: "fel" });
      expect(pauses).to.have.length(1);
    });

    it("nobody else: an address with too many logins at a time is told so, others have their turn", async () => {
      const { login } = of([portal()]);
      const flood = Array.from({ length: MAX_LOGINS_PER_ADDRESS + 5 }, (_, call) =>
        login({ ...PORTAL, ticket: `fel ${call}`, remoteAddress: "198.51.100.7" }).then(
          () => "refused",
          (error: { code: string }) => error.code,
        ),
      );
      const began = performance.now();
      expect((await login(PORTAL))?.name).to.equal("portal");
      const waited = performance.now() - began;
      const outcomes = await Promise.all(flood);
      const all = performance.now() - began;
      expect(outcomes.filter((outcome) => outcome === "busy")).to.have.length(5);
      expect(waited).to.be.below(all / 2);
    });

    it("nobody when failures cannot be noted: they are refused all the same", async () => {
      const told: unknown[] = [];
      const { login, store, pauses } = of([], { onUnnoted: (error) => told.push(error) });
      store.noteFailedLogin = () => {
        throw new Error("disk full");
      };
      expect(await login(PORTAL)).to.equal(undefined);
      expect(told).to.have.length(1);
      expect(pauses).to.deep.equal([]);
    });
  });

  function portal(changes: object = {}): CallerRecord {
    return {
      name: "portal",
      institutions: "*",
      addresses: [],
      expires: null,
      created: "2026-03-01T00:00:00Z",
      verifier: "secret",
      get secretHash() {
        return secretHash;
      },
      ...changes,
    } as CallerRecord;
  }
});

function of(records: readonly CallerRecord[], settings: Partial<AuthenticationSettings> = {}) {
  const store = storeOf(records);
  const pauses: number[] = [];
  const login = authenticator(store, {
    defaultCaller: undefined,
    now: () => NOW,
    pause: async (milliseconds) => pauses.push(milliseconds),
    ...settings,
  });
  return { store, pauses, login: (credentials: Credentials) => login(credentials) };
}

function storeOf(records: readonly CallerRecord[]) {
  const callers = new Map(records.map((record) => [record.name, record]));
  const failed = new Map<string, FailedLogins>();
  const store = {
    lookups: 0,
    version: 1,
    callersVersion: () => store.version,
    findCaller(name: string) {
      store.lookups++;
      return callers.get(name);
    },
    findCallerBySubject: (subject: string) =>
      [...callers.values()].find((record) => record.verifier === "certificate" && record.subject === subject),
    failedLogins: (keys: readonly string[], after: number) =>
      keys.map((key) => {
        const found = failed.get(key);
        return found !== undefined && found.last >= after ? found : undefined;
      }),
    noteFailedLogin(keys: readonly string[], now: number, after: number) {
      for (const [key, { last }] of failed) if (last < after) failed.delete(key);
      for (const key of keys) failed.set(key, { count: (failed.get(key)?.count ?? 0) + 1, last: now });
    },
    remove(name: string) {
      callers.delete(name);
      store.version++;
    },
    replace(record: CallerRecord) {
      callers.set(record.name, record);
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
