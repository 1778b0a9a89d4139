import { expect } from "chai";
import { describe, it } from "mocha";
import type { AuditEntry, CallFacts } from "../../lib/access/audit.js";
import { callRecorder } from "../../lib/cli/audit-recorder.js";
import { AdresslistaError } from "../../lib/errors.js";
import type { AnsweredCall } from "../../lib/http/endpoint.js";
import { operationOf } from "../../lib/lpw/operations.js";
import type { CallerRecord } from "../../lib/store/queries.js";

describe("what is written down of a call", () => {
  it("is who has proved to have made it, and how many persons were told of", async () => {
    const { record, lines, counted } = of();
    await record(call(PROVED));
    expect(lines).to.have.length(1);
    expect(lines[0]).to.deep.include({ caller: "portal", verified: true, uid: "larare1", persons: 30 });
    expect(counted).to.deep.equal(["valid 30"]);
  });

  it("is who has proved to have made it, also when the answer is a fault, which tells of nobody", async () => {
    const { record, lines, counted } = of();
    await record(call(PROVED, INCIDENT));
    expect(lines[0]).to.deep.include({ caller: "portal", verified: true, incident: "1234" });
    expect(lines[0]).to.have.property("outcome", "fault Server");
    expect(lines[0]?.persons).to.equal(undefined);
    expect(counted).to.deep.equal(["fault 0"]);
  });

  it("is what a registered caller is called, as it is registered, but not an end user of who only says so", async () => {
    const { record, lines } = of();
    for (const claimedCaller of ["portalå", "portala\u030a"]) {
      await record(call({ uid: "larare1", claimedCaller, persons: 0, errors: ["auth.failed"] }));
    }
    for (const line of lines) {
      expect(line).to.deep.include({ caller: "portalå", verified: false, outcome: "auth.failed" });
      expect([line.uid, line.persons]).to.deep.equal([undefined, undefined]);
    }
  });

  it("is nothing of what a stranger says", async () => {
    const { record, lines } = of();
    await record(call({ uid: "Qvz", claimedCaller: "Qvz", persons: 0, errors: ["auth.failed"] }));
    expect(JSON.stringify(lines)).not.to.include("Qvz");
    expect(lines[0]).to.deep.include({ verified: false, caller: undefined });
  });

  it("is the default caller of a call that names none, and nobody of a message that cannot be read", async () => {
    const { record, lines } = of({ defaultCaller: "portal" });
    await record(call({ uid: "larare1", claimedCaller: undefined, persons: 0, errors: ["auth.failed"] }));
    await record(call(undefined, { code: "Client", httpStatus: 500 }));
    expect(lines.map(({ caller }) => caller)).to.deep.equal(["portal", undefined]);
  });

  it("is counted once when it cannot be written down, as the fault that it becomes", async () => {
    const { record, counted } = of({ fails: true });
    for (const answered of [call(PROVED), call(PROVED, INCIDENT)]) {
      const error = await record(answered).catch((failure: unknown) => failure);
      expect(error).to.be.instanceOf(AdresslistaError);
    }
    expect(counted).to.deep.equal(["fault 0"]);
  });
});

describe("an operation that fails", () => {
  it("has told before who called it", async () => {
    const noted: object[] = [];
    const operation = operationOf(
      {
        authenticate: async () => ({ name: "portal", institutions: "*" }),
        store: {
          current() {
            throw new Error("the disk is gone");
          },
        },
        settings: {
          terminFormat: "YYT",
          kurskodMaxLength: 10,
          aliases: { toAlias: new Map(), toKurskod: new Map() },
        },
      },
      { read: () => ({}), answer: () => Promise.reject(new Error("not reached")), write: () => ({}) },
    );
    const args = { arg0: { uid: "larare1", type: "2" } };
    const failed = await Promise.resolve(
      operation(args, { remoteAddress: "192.0.2.1", note: (facts) => noted.push(facts) }),
    ).catch((error: Error) => error.message);
    expect(failed).to.equal("the disk is gone");
    // What does not apply is undefined.
    expect(JSON.parse(JSON.stringify(noted))).to.deep.equal([
      { uid: "larare1", caller: "portal", persons: 0, errors: [] },
    ]);
  });
});

const PROVED: CallFacts = { uid: "larare1", caller: "portal", persons: 30, errors: [] };
const INCIDENT = { code: "Server", httpStatus: 500, incidentId: "1234" };

function call(facts: CallFacts | undefined, fault?: AnsweredCall["fault"]): AnsweredCall {
  return {
    service: "AdresslistaFetcher",
    operation: "getAdrLista",
    remoteAddress: "192.0.2.1",
    facts,
    fault,
    milliseconds: 1,
    answerBytes: 1,
  };
}

function of({ defaultCaller, fails = false }: { defaultCaller?: string; fails?: boolean } = {}) {
  const lines: AuditEntry[] = [];
  const counted: string[] = [];
  const audit = {
    write(entry: AuditEntry) {
      if (fails) throw new AdresslistaError("internal", "the audit log cannot be written");
      lines.push(entry);
    },
    prune() {},
    close() {},
  };
  const metrics = {
    registry: undefined as never,
    count: (_: AnsweredCall, outcome: string, persons: number) => counted.push(`${outcome} ${persons}`),
  };
  const registered = ["portal", "portalå"];
  const findCaller = (name: string) => (registered.includes(name) ? ({ name } as CallerRecord) : undefined);
  return { record: callRecorder(audit, metrics, { findCaller }, defaultCaller), lines, counted };
}
