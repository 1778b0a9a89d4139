import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { before, describe, it } from "mocha";
import { type AllCallers, authenticatorOfAll, callersOfAll } from "../../lib/access/all-callers.js";
import type { Credentials } from "../../lib/access/authenticate.js";
import { hashSecret } from "../../lib/access/secret.js";
import type { CallerRecord } from "../../lib/store/queries.js";

const PORTAL: Credentials = { uid: "larare", caller: "portal", ticket: "hemlig", remoteAddress: "192.0.2.1" };

describe("callers of all registers", () => {
  let secretHash: string;
  before(async () => {
    secretHash = await hashSecret("hemlig");
  });

  it("says whose register a caller is in, and nothing of the service's own", async () => {
    const { login } = of({ "": [secret("egen")], lund: [secret("portal")], eslov: [secret("annan")] });
    expect(await login(PORTAL)).to.deep.equal({ name: "portal", institutions: "*", tenant: "lund" });
    expect(await login({ ...PORTAL, caller: "annan" })).to.include({ tenant: "eslov" });
    expect(await login({ ...PORTAL, caller: "egen" })).to.deep.equal({ name: "egen", institutions: "*" });
  });

  it("lets nobody in whom several have, whatever the secret, and the one that is left when the other is gone", async () => {
    let now = 0;
    const { login, registers } = of(
      { "": [], lund: [secret("portal")], eslov: [secret("portal")] },
      () => now,
    );
    expect(await login(PORTAL)).to.equal(undefined);
    registers.eslov?.remove("portal");
    expect(await login(PORTAL)).to.include({ tenant: "lund" });
    registers[""]?.add(secret("portal"));
    now += 1_001;
    expect(await login(PORTAL)).to.equal(undefined);
  });

  it("asks the register of a caller that is known at each call, and the others once a second", async () => {
    let now = 0;
    const { login, registers } = of({ "": [], lund: [secret("portal")], eslov: [] }, () => now);
    expect(await login(PORTAL)).to.include({ tenant: "lund" });
    const { lund, eslov } = registers;
    const before = { lund: lund?.asked ?? 0, eslov: eslov?.asked ?? 0 };
    for (let call = 0; call < 5; call++) await login(PORTAL);
    expect(lund?.asked).to.equal(before.lund + 5);
    expect(eslov?.asked).to.equal(before.eslov);
    now += 1_001;
    await login(PORTAL);
    expect(eslov?.asked).to.equal(before.eslov + 1);
    lund?.remove("portal");
    expect(await login(PORTAL)).to.equal(undefined);
  });

  it("lets nobody in by a ticket or a certificate whose caller several have", async () => {
    const certificate = (name: string, subject: string) => ({
      ...secret(name),
      verifier: "certificate",
      subject,
    });
    const { login } = of({
      "": [],
      lund: [certificate("a", "CN=a"), certificate("b", "CN=två"), certificate("c", "CN=c")],
      eslov: [certificate("d", "CN=två"), secret("c")],
    });
    const { uid, remoteAddress } = PORTAL;
    const by = (certificateSubject: string) => login({ uid, remoteAddress, certificateSubject });
    expect(await by("CN=a")).to.include({ name: "a", tenant: "lund" });
    expect(await by("CN=två")).to.equal(undefined);
    expect(await by("CN=c")).to.equal(undefined);
  });

  it("costs the same check, whether no register, one or several have the name", async () => {
    const { login } = of({ "": [secret("egen")], lund: [secret("portal")], eslov: [secret("portal")] });
    const wrong = await fastestOf(3, () => login({ ...PORTAL, caller: "egen", ticket: "fel" }));
    for (const caller of ["okänd", "portal"]) {
      const time = await fastestOf(3, async () => {
        expect(await login({ ...PORTAL, caller }), caller).to.equal(undefined);
      });
      expect(time, caller).to.be.within(wrong / 3, wrong * 3);
    }
  });

  it("looks a caller up once, and anew when some register's callers have changed", async () => {
    let now = 0;
    const { callers, registers } = of({ "": [], lund: [secret("portal")], eslov: [] }, () => now);
    const lookups = () => Object.values(registers).reduce((sum, register) => sum + register.lookups, 0);
    for (let call = 0; call < 5; call++)
      expect(await callers.findCaller("portal")).to.include({ tenant: "lund" });
    expect(lookups()).to.equal(3);
    registers.eslov?.add(secret("annan"));
    now += 1_001;
    await callers.findCaller("portal");
    expect(lookups()).to.equal(6);
  });

  it("leaves out a register that cannot be asked, refuses nobody meanwhile but throws, and asks it again by itself", async () => {
    let now = 0;
    const { login, registers, callers } = of(
      { "": [secret("egen")], lund: [secret("portal")], eslov: [secret("annan")] },
      () => now,
    );
    const { lund } = registers;
    if (lund === undefined) throw new Error("there is no such register");
    lund.isBroken = true;
    expect((await login({ ...PORTAL, caller: "annan" }))?.name).to.equal("annan");
    for (const caller of ["portal", "okänd"])
      expect(await failure(login({ ...PORTAL, caller }))).to.equal("broken");
    expect(await failure(login({ ...PORTAL, caller: "annan", ticket: "fel" }))).to.equal("broken");
    // No call waits for it.
    const asked = lund.asked;
    for (let call = 0; call < 10; call++) await login({ ...PORTAL, caller: "annan" });
    expect(lund.asked).to.equal(asked);
    lund.isBroken = false;
    now += 1_001;
    await login({ ...PORTAL, caller: "annan" });
    await delay(0);
    expect(callers.failure()).to.equal(undefined);
    expect(await login(PORTAL)).to.include({ tenant: "lund" });
    expect(await login({ ...PORTAL, caller: "okänd" })).to.equal(undefined);
  });

  it("does not keep waiting for a register that does not answer when it is asked again", async () => {
    let now = 0;
    const { login, registers } = of({ "": [secret("egen")], lund: [] }, () => now);
    const { lund } = registers;
    if (lund === undefined) throw new Error("there is no such register");
    lund.isBroken = true;
    await login({ ...PORTAL, caller: "egen" });
    lund.hangs = true;
    now += 1_001;
    for (let call = 0; call < 3; call++)
      expect((await login({ ...PORTAL, caller: "egen" }))?.name).to.equal("egen");
  });

  it("remembers nobody as one register's while another cannot be asked", async () => {
    let now = 0;
    const { callers, registers } = of(
      { "": [], lund: [secret("portal")], eslov: [secret("portal")] },
      () => now,
    );
    const { eslov } = registers;
    if (eslov === undefined) throw new Error("there is no such register");
    eslov.isBroken = true;
    expect(await callers.findCaller("portal")).to.include({ tenant: "lund" });
    eslov.isBroken = false;
    now += 1_001;
    await callers.callersVersion();
    await delay(0);
    expect(await callers.findCaller("portal")).to.equal(undefined);
    expect(await callers.findRegistered("portal")).to.include({ name: "portal", tenant: undefined });
  });

  function secret(name: string): CallerRecord {
    return {
      name,
      institutions: "*",
      addresses: [],
      expires: null,
      created: "2026-03-01T00:00:00Z",
      verifier: "secret",
      secretHash,
    };
  }
});

interface FakeRegister {
  lookups: number;
  asked: number;
  isBroken: boolean;
  hangs: boolean;
  add(caller: object): void;
  remove(name: string): void;
}

function of(
  content: Readonly<Record<string, readonly object[]>>,
  now?: () => number,
): {
  readonly callers: AllCallers;
  readonly registers: Readonly<Record<string, FakeRegister>>;
  readonly login: (credentials: Credentials) => ReturnType<ReturnType<typeof authenticatorOfAll>>;
} {
  const entries = Object.entries(content).map(([name, records]) => [name, registerOf(records)] as const);
  const callers = callersOfAll(
    entries.map(([name, { store }]) => ({ tenant: name === "" ? undefined : name, callers: store })),
    now,
  );
  const authenticate = authenticatorOfAll(
    callers,
    { failedLogins: () => [], noteFailedLogin: () => {} },
    { defaultCaller: undefined, pause: async () => {} },
  );
  return {
    callers,
    registers: Object.fromEntries(entries.map(([name, { register }]) => [name, register])),
    login: (credentials) => authenticate(credentials),
  };
}

function registerOf(records: readonly object[]) {
  const callers = new Map((records as readonly CallerRecord[]).map((record) => [record.name, record]));
  let version = 1;
  const register: FakeRegister = {
    lookups: 0,
    asked: 0,
    isBroken: false,
    hangs: false,
    add(caller) {
      callers.set((caller as CallerRecord).name, caller as CallerRecord);
      version++;
    },
    remove(name) {
      callers.delete(name);
      version++;
    },
  };
  const answered = <T>(answer: () => T): T | Promise<T> => {
    register.asked++;
    if (register.hangs) return new Promise<T>(() => {});
    if (register.isBroken) throw new Error("broken");
    return answer();
  };
  const store = {
    callersVersion: () => answered(() => version),
    findCaller: (name: string) =>
      answered(() => {
        register.lookups++;
        return callers.get(name);
      }),
    findCallerBySubject: (subject: string) =>
      answered(() =>
        [...callers.values()].find(
          (record) => record.verifier === "certificate" && record.subject === subject,
        ),
      ),
  };
  return { register, store };
}

function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "none",
    (error: Error) => error.message,
  );
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
