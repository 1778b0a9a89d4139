import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { AuditEntry } from "../../lib/access/audit.js";
import { callerWith, WRONG } from "./callers.js";
import type { Variant } from "./exports.js";
import { Findings } from "./findings.js";
import { Judge, type Portal } from "./judge.js";
import { digestOf, lineOf, type Reference } from "./reference.js";
import { Timeline } from "./timeline.js";

const PORTAL: Portal = { caller: callerWith("*"), rights: "*", address: "127.0.0.2" };
const SCHOOL: Portal = { caller: callerWith("S000"), rights: "S000", address: "127.0.0.3" };
const STRANGER: Portal = { caller: WRONG[1] as Portal["caller"], rights: "refused", address: "127.0.0.4" };

describe("soak: the judge", () => {
  let folder: string;
  let findings: Findings;
  let served: Timeline<Variant>;
  let judge: Judge;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "adresslista-soak-test-"));
    findings = new Findings();
    served = new Timeline<Variant>(0);
    judge = new Judge(REFERENCE, served, findings, folder, 2);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("takes the answer of what is served, and its line", async () => {
    judge.answered(judge.ask(PORTAL, 0), answer("0 *"));
    await judgeLines(line("soak-0", PORTAL, "0 *"));
    expect(findings.lines()).to.deep.equal([]);
  });

  it("finds the answer of an export that is not served any more", () => {
    served.changing(1);
    served.settled(1);
    judge.answered({ ...judge.ask(PORTAL, 0), sent: performance.now() + 1 }, answer("0 *"));
    expect(findings.lines().join()).to.include("a wrong answer").and.to.include("while export 1 was served");
  });

  it("finds a mixture, an answer with another's rights, and one to a stranger", () => {
    judge.answered(judge.ask(PORTAL, 0), answer("0 * and 1 *"));
    judge.answered(judge.ask(SCHOOL, 0), answer("0 *"));
    judge.answered(judge.ask(STRANGER, 0), answer("0 *"));
    expect(findings.count).to.equal(3);
  });

  it("finds an answered call without its line, and lines twice, of no call, or of something else", async () => {
    for (let call = 0; call < 3; call++) judge.answered(judge.ask(PORTAL, 0), answer("0 *"));
    await judgeLines(
      line("soak-1", PORTAL, "0 *"),
      line("soak-1", PORTAL, "0 *"),
      line("soak-2", SCHOOL, "0 *"),
      line("annan", PORTAL, "0 *"),
    );
    const kinds = findings.lines().filter((found) => found.startsWith("WRONG"));
    expect(kinds).to.have.length(4);
    expect(findings.lines()).to.include("  soak-0");
  });

  it("counts refusals of strangers, which have no name", async () => {
    judge.answered(judge.ask(STRANGER, 0), answer("refused"));
    judge.answered(judge.ask(STRANGER, 0), answer("refused"));
    await judgeLines({ ...line("", STRANGER, "auth.failed"), method: "getKurs", verified: false });
    expect(findings.lines().join()).to.include(": 1, and 2 to 2 were sent");
  });

  it("does not know of a call that nobody has read the answer of whether it has a line, but of one that never came", async () => {
    judge.ask(PORTAL, 0);
    judge.ask(PORTAL, 0);
    judge.neverArrived(judge.ask(PORTAL, 0));
    await judgeLines(line("soak-0", PORTAL, "0 *"), line("soak-2", PORTAL, "0 *"));
    expect(findings.count).to.equal(1);
    expect(findings.lines().join()).to.include("soak-2: 1");
  });

  async function judgeLines(...entries: readonly AuditEntry[]): Promise<void> {
    await judge.judgeAudit(
      (async function* () {
        yield* entries;
      })(),
    );
  }
});

const answer = (text: string) => ({ status: 200, body: Buffer.from(text) });

function line(uid: string, { caller, address }: Portal, outcome: string): AuditEntry {
  return {
    time: "2026-11-24T12:00:00Z",
    caller: caller.name,
    verified: true,
    uid,
    address,
    service: "AdresslistaFetcher",
    outcome,
  };
}

const REFERENCE: Reference = {
  questions: [
    { service: "AdresslistaFetcher", operation: "getKurs", args: "", version: "1.1", userType: "2" },
  ],
  telling: 1,
  expected: (variant, rights) => ({
    digest: digestOf(answer(`${variant} ${rights}`)),
    line: lineOf(line("", PORTAL, `${variant} ${rights}`)),
  }),
  refused: () => digestOf(answer("refused")),
  recognise: () => "something",
};
