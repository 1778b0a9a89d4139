import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import type { AuditEntry } from "../../lib/access/audit.js";
import { callAt, type PortalCall, post } from "../support/calling.js";
import { besideDatabaseIn, removeFolder } from "../support/database.js";
import { service as adresslistaCodec } from "../support/soap-requests.js";
import { utilityService } from "../support/utility.js";
import {
  adresslista,
  inFolder,
  newFolder,
  PROCESSES_MILLISECONDS,
  SAMPLE,
  type Service,
  startService,
} from "./program.js";

const PORTAL = { caller: "portal", ticket: "hemlig-portal", uid: "larare1" } as const;
/** Has rights to an institution that gives nothing. */
const OTHER = { caller: "annan", ticket: "hemlig-annan", uid: "larare2" } as const;

const ENGENG05: PortalCall = {
  method: "getAdrLista",
  arg1: "<KursTfVO><Kurskod>engeng05</Kurskod><Starttermin>262</Starttermin></KursTfVO><FFG>true</FFG>",
};

describe("the audit log of a running service", function () {
  this.timeout(PROCESSES_MILLISECONDS);
  let folder: string;
  let service: Service;

  before(async () => {
    folder = newFolder();
    for (const { caller, ticket } of [PORTAL, OTHER]) {
      const rights = caller === OTHER.caller ? ["--institutions", "XXX"] : [];
      await adresslista(["caller", "add", caller, ...rights], { folder, input: `${ticket}\n` });
    }
    await adresslista(["reload", "--file", SAMPLE], { folder });
    service = await startService(["serve", "--port", "0"], { folder });
  });

  after(async () => {
    service?.child.kill("SIGKILL");
    await removeFolder(folder);
  });

  /** The line of one call, when its answer has been read. */
  async function lineOf(call: PortalCall): Promise<{ readonly line: AuditEntry; readonly body: string }> {
    const earlier = entriesIn(folder).length;
    const { body } = await callAt(service.url, call);
    const [line, ...more] = entriesIn(folder).slice(earlier);
    expect(more, "one line").to.deep.equal([]);
    if (line === undefined) throw new Error("the call has no line");
    return { line, body };
  }

  it("says who has asked for whom, from where, and how many persons were told of", async () => {
    const began = Date.now();
    const { line, body } = await lineOf({ ...PORTAL, ...ENGENG05 });
    const told = body.match(/<AdrListEntVO>|containsinvalidssn/g)?.length;
    expect(told).to.be.above(0);
    const { time, ...rest } = line;
    expect(Date.parse(time)).to.be.within(began, Date.now());
    expect(rest).to.deep.equal({
      caller: "portal",
      verified: true,
      uid: "larare1",
      address: "127.0.0.1",
      service: "AdresslistaFetcher",
      method: "getAdrLista",
      kurskoder: ["ENGENG05"],
      terminer: ["20262"],
      persons: told,
      outcome: "valid",
    });
  });

  it("has institutions, courses and terms as the register has them", async () => {
    const { line } = await lineOf({
      ...PORTAL,
      method: "getKurs",
      arg1: "<Institution>lvux</Institution><Termin>HT26</Termin>",
    });
    expect(line).to.deep.include({ institutions: ["LVUX"], terminer: ["20262"], persons: 0 });
    const { line: utility } = await lineOf({
      ...PORTAL,
      service: "UtilityFetcher",
      method: "getKursByInst",
      arg1: "LVUX",
    });
    expect(utility).to.deep.include({ service: "UtilityFetcher", institutions: ["LVUX"], outcome: "valid" });
  });

  it("has a line for every method of both services", async () => {
    for (const [name, { operations }] of [
      ["AdresslistaFetcher", adresslistaCodec],
      ["UtilityFetcher", utilityService],
    ] as const) {
      expect(operations).not.to.deep.equal([]);
      for (const method of operations) {
        const { line } = await lineOf({ ...PORTAL, service: name, method });
        expect(line).to.deep.include({ service: name, method, caller: "portal", verified: true });
        // Without an end user nobody is asked who calls, and nobody has to wait.
        const { line: refused } = await lineOf({ ...PORTAL, service: name, method, uid: "" });
        expect(refused).to.deep.include({ service: name, method, verified: false, outcome: "auth.failed" });
      }
    }
  });

  it("counts persons that a message tells of, and those that are asked for by number", async () => {
    const { body } = await callAt(service.url, { ...PORTAL, ...ENGENG05 });
    const numbers = [...body.matchAll(/<pnr>(\d+)<\/pnr>/g)].slice(0, 3).map(([, pnr]) => pnr);
    expect(numbers).to.have.length(3);
    for (const [method, arg1, persons] of [
      ["findNameByPnr", `<pnr>${numbers[0]}</pnr>`, 1],
      ["getNameByPartPnr", `<pnr>${numbers[0]?.slice(0, 6)}</pnr>`, undefined],
      ["findNameByPnr", "<pnr>2001019806</pnr>", 0],
    ] as const) {
      const { line } = await lineOf({ ...PORTAL, service: "UtilityFetcher", method, arg1 });
      expect(line.outcome).to.equal("valid");
      if (persons === undefined) expect(line.persons).to.be.above(0);
      else expect(line.persons, method).to.equal(persons);
      for (const number of numbers) expect(JSON.stringify(line)).not.to.include(number);
    }
    // The list of numbers repeats arg1.
    const list = numbers.map((number) => `${number}`).join("</arg1><arg1>");
    const { line } = await lineOf({
      ...PORTAL,
      service: "UtilityFetcher",
      method: "fetchAdrInfo",
      arg1: list,
    });
    expect(line).to.deep.include({ outcome: "valid", persons: 3 });
  });

  for (const [what, call, expected] of [
    ["that lacks something", { ...PORTAL, method: "getKurs" }, "general.missingparameter"],
    ["with several mistakes", { ...PORTAL, method: "getKursTf", arg1: "<Kurskod>?</Kurskod>" }, undefined],
    ["of another's course", { ...OTHER, ...ENGENG05 }, "auth.forbidden"],
    ["for a student", { ...PORTAL, ...ENGENG05, type: "1" }, "auth.forbidden"],
  ] as const) {
    it(`says why a call ${what} was refused, and by whom it was`, async () => {
      const { line, body } = await lineOf(call);
      const keys = [...body.matchAll(/<key>([^<]+)<\/key>/g)].map(([, key]) => key);
      expect(line).to.deep.include({ caller: call.caller, verified: true, uid: call.uid, persons: 0 });
      expect(line.outcome).to.equal(keys.join(" "));
      if (expected !== undefined) expect(line.outcome).to.equal(expected);
    });
  }

  it("says of a message that is no call that it was a fault, and of whom nothing", async () => {
    for (const message of ["", "<a", "<a/>", "<!DOCTYPE a><a/>"]) {
      const earlier = entriesIn(folder).length;
      await post(`${service.url}/cxf/AdresslistaFetcher`, message);
      const [line, ...more] = entriesIn(folder).slice(earlier);
      expect(more).to.deep.equal([]);
      expect(line).to.have.all.keys("time", "verified", "address", "service", "outcome");
      expect(line).to.deep.include({ verified: false, outcome: "fault Client" });
    }
    const { line } = await lineOf({ ...PORTAL, method: "getNothing" });
    expect(line).to.deep.include({ verified: false, outcome: "fault Client" });
    expect(line).not.to.have.any.keys("caller", "uid", "method");
  });

  it("has nothing of what a stranger sends", async () => {
    const { line } = await lineOf({ ...PORTAL, ...ENGENG05, ticket: "QvzBiljett", uid: "QvzLarare" });
    expect(line).to.have.all.keys(
      ...["time", "caller", "verified", "address", "service", "method", "outcome"],
    );
    expect(line).to.deep.include({ caller: "portal", verified: false, outcome: "auth.failed" });
    const strange: PortalCall = {
      uid: "QvzLarare",
      caller: "QvzPortal",
      ticket: "QvzBiljett",
      method: "getKursTf",
      arg1: "<Institution>Qvz</Institution><Kurskod>QvzKurs</Kurskod><Termin>QvzTermin</Termin>",
    };
    for (const call of [
      strange,
      { ...strange, ...PORTAL, ticket: "QvzBiljett" },
      { ...strange, caller: "QvzPortal\u0000&amp;" },
      { ...strange, method: "QvzMetod" },
      { ...strange, ...PORTAL, uid: "" },
    ]) {
      await lineOf(call);
    }
    await post(`${service.url}/cxf/AdresslistaFetcher?Qvz`, "<Qvz>Qvz", { headers: { SOAPAction: "Qvz" } });
    for (const name of readdirSync(folderOf(folder))) expect(name).not.to.include("Qvz");
    expect(textIn(folder)).not.to.match(/qvz/i);
    expect(service.stderr()).not.to.match(/qvz/i);
  });

  it("has nothing of what a portal sends but what the register has, and the end user", async () => {
    const { line } = await lineOf({
      ...PORTAL,
      method: "getAdrLista",
      arg1:
        "<Institution>Qvz1</Institution><Kurskod>Qvz2</Kurskod><Termin>Qvz3</Termin><KursTfVO><Kurskod>QVZKURS1</Kurskod>" +
        "<Starttermin>Qvz4</Starttermin><Anmkod>Qvz5</Anmkod></KursTfVO><FFG>true</FFG>",
    });
    expect(JSON.stringify(line)).not.to.match(/qvz/i);
    expect(line).not.to.have.any.keys("institutions", "kurskoder", "terminer");
    for (const [service, method, arg1] of [
      ["UtilityFetcher", "findInstitutionsByBenamn", "QvzNamn"],
      ["UtilityFetcher", "getKursByKod", "QVZKURS"],
      ["UtilityFetcher", "findNameByPnr", "<pnr>198707012384</pnr><enamn>Qvz</enamn>"],
      ["UtilityFetcher", "fetchAdrInfo", "198707012384"],
    ] as const) {
      await lineOf({ ...PORTAL, service, method, arg1 });
    }
    expect(textIn(folder)).not.to.match(/qvz|8707012384/i);
    const { line: numbered } = await lineOf({ ...PORTAL, ...ENGENG05, uid: "19870701-2384" });
    expect(numbered.uid).to.equal("(personnummer)");
  });

  it("takes the answer with it when it cannot be written: a fault with an incident, until it can be again", async () => {
    const [today = ""] = readdirSync(folderOf(folder)).slice(-1);
    const file = join(folderOf(folder), today);
    const logged = service.stderr().length;
    rmSync(file);
    symlinkSync("/dev/full", file);
    for (let call = 0; call < 2; call++) {
      const { status, body } = await callAt(service.url, { ...PORTAL, ...ENGENG05 });
      expect(status).to.equal(500);
      expect(body).to.include("Server</faultcode>").and.not.include("PersonVO");
      const [, incident = "none"] = /Incident: ([\w-]{36})/.exec(body) ?? [];
      // What it logs reaches us a little later than its answer.
      for (let wait = 0; wait < 100 && !service.stderr().slice(logged).includes(incident); wait++)
        await delay(50);
      expect(service.stderr().slice(logged)).to.include(incident);
    }
    rmSync(file);
    const { line, body } = await lineOf({ ...PORTAL, ...ENGENG05 });
    expect(body).to.include("<valid>true</valid>").and.to.include("PersonVO");
    expect(line).to.deep.include({ outcome: "valid", caller: "portal" });
    expect(service.stderr()).not.to.match(/larare1|ENGENG05|hemlig/i);
  });
});

describe("the audit log of a service that is killed", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("has the line of each answer that has been read, by any of its processes", () =>
    inFolder(async (folder) => {
      await adresslista(["caller", "add", PORTAL.caller], { folder, input: `${PORTAL.ticket}\n` });
      const service = await startService(["serve", "--port", "0", "--workers", "2"], { folder });
      const processes = () =>
        [...service.stderr().matchAll(/"pid":(\d+),"port":\d+,"msg":"started"/g)].map(([, pid]) =>
          Number(pid),
        );
      let answered = 0;
      try {
        while (processes().length < 2) await delay(50);
        const client = async (number: number) => {
          for (let call = 0; call < 20; call++) {
            await callAt(service.url, { ...PORTAL, uid: `larare${number}x${call}` });
            answered += 1;
          }
        };
        await Promise.all([1, 2, 3, 4].map(client));
      } finally {
        for (const pid of processes()) process.kill(pid, "SIGKILL");
        service.child.kill("SIGKILL");
      }
      expect(answered).to.equal(80);
      const lines = entriesIn(folder);
      expect(new Set(lines.map(({ uid }) => uid)).size).to.equal(answered);
      expect(lines).to.have.length(answered);
    }));
});

describe("adresslista audit", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  const LINES = [
    '{"time":"2025-11-20T10:00:00.000Z","caller":"portal","verified":true,"uid":"larare1","address":"192.0.2.1","service":"AdresslistaFetcher","method":"getAdrLista","institutions":["LVUX"],"kurskoder":["ENGENG05","MATMAT02b"],"terminer":["20262"],"persons":30,"outcome":"valid"}',
    '{"time":"2025-11-21T10:00:00.000Z","caller":"annan","verified":true,"uid":"a\\u001b[31m \\"b","address":"2001:db8::1","service":"UtilityFetcher","method":"findAllPlaces","persons":0,"outcome":"auth.forbidden"}',
    '{"time":"2025-11-21T11:00:00.000Z","caller":"portal","verified":false,"address":"192.0.2.9","service":"AdresslistaFetcher","method":"getKurs","outcome":"auth.failed","more":940}',
    '{"time":"2025-11-22T10:00:00.000Z","verified":false,"address":"192.0.2.9","service":"AdresslistaFetcher","outcome":"fault Server","incident":"0b7c6c2e-0000-4000-8000-000000000000"}',
  ] as const;

  it("prints the lines of a time, as they are or in words", () =>
    withLines(async (audit) => {
      expect(await audit("--since", "2025-01-01", "--json")).to.equal(`${LINES.join("\n")}\n`);
      expect(await audit("--since", "2025-11-21T10:30Z", "--json")).to.equal(
        `${LINES.slice(2).join("\n")}\n`,
      );
      expect(
        await audit("--since", "2025-11-21T11:30+01:00", "--until", "2025-11-22T10:00:00Z", "--json"),
      ).to.equal(`${LINES[2]}\n`);
      expect(await audit("--since", "2025-01-01")).to.equal(
        `2025-11-20T10:00:00.000Z  192.0.2.1  portal  "larare1"  AdresslistaFetcher.getAdrLista  LVUX ENGENG05,MATMAT02b 20262  30 persons  valid
2025-11-21T10:00:00.000Z  2001:db8::1  annan  "a\\u001b[31m \\"b"  UtilityFetcher.findAllPlaces  0 persons  auth.forbidden
2025-11-21T11:00:00.000Z  192.0.2.9  portal (not proved)  ?  AdresslistaFetcher.getKurs  auth.failed  and 940 more
2025-11-22T10:00:00.000Z  192.0.2.9  ? (not proved)  ?  AdresslistaFetcher.?  fault Server  incident 0b7c6c2e-0000-4000-8000-000000000000
`,
      );
    }));

  it("prints the lines of one caller", () =>
    withLines(async (audit) => {
      const lines = await audit("--since", "2025-01-01", "--caller", " portal ", "--json");
      expect(lines).to.equal(`${LINES[0]}\n${LINES[2]}\n`);
      expect(await audit("--since", "2025-01-01", "--caller", "porta")).to.equal("");
    }));

  it("prints what is new: of the last day when nothing else is said, or of so many minutes, hours, days", () =>
    withLines(async (audit, folder) => {
      const [day = ""] = LINES;
      const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
      const written = [60, 30, 20, 1.5, 0.2].map((hours) =>
        day.replace("2025-11-20T10:00:00.000Z", ago(hours)),
      );
      for (const line of written) write(folder, line);
      for (const [args, from, to] of [
        [[], 2, 5],
        [["--since", "48h"], 1, 5],
        [["--since", "3d"], 0, 5],
        [["--since", "30m"], 4, 5],
        [["--since", "2h", "--until", "1h"], 3, 4],
      ] as const) {
        const lines = (await audit(...args, "--json")).split("\n").slice(0, -1);
        expect(lines, args.join(" ")).to.deep.equal(written.slice(from, to));
      }
    }));

  it("says how many lines cannot be read, and prints the others", () =>
    withLines(async (_audit, folder) => {
      write(folder, '{"time":"2025-11-22T11:0');
      const { code, stdout, stderr } = await adresslista(["audit", "--since", "2025-01-01", "--json"], {
        folder,
      });
      expect(code).to.equal(0);
      expect(stdout).to.equal(`${LINES.join("\n")}\n`);
      expect(stderr).to.equal("1 lines cannot be read and were left out\n");
    }));

  it("prints nothing when there is no log, and makes none", () =>
    inFolder(async (folder) => {
      const outcome = await adresslista(["audit"], { folder });
      expect(outcome).to.deep.equal({ code: 0, stdout: "", stderr: "" });
      expect(readdirSync(folder)).to.deep.equal([]);
    }));

  it("reads the folder of the setting auditFolder", () =>
    inFolder(async (folder) => {
      const env = { ADRESSLISTA_AUDIT_FOLDER: "elsewhere" };
      mkdirSync(join(folder, "elsewhere"));
      writeFileSync(join(folder, "elsewhere", "audit-2025-11-20.jsonl"), `${LINES[0]}\n`);
      const { stdout } = await adresslista(["audit", "--since", "2025-01-01", "--json"], { folder, env });
      expect(stdout).to.equal(`${LINES[0]}\n`);
    }));

  it("ends with 2 for what is no time", () =>
    inFolder(async (folder) => {
      for (const wrong of ["igår", "2026-02-30", "24", "2025-11-24T25:00Z"]) {
        const { code, stderr } = await adresslista(["audit", `--since=${wrong}`], { folder });
        expect(code, wrong).to.equal(2);
        expect(stderr).to.include("--since");
      }
    }));

  function withLines(
    use: (audit: (...args: readonly string[]) => Promise<string>, folder: string) => Promise<void>,
  ): Promise<void> {
    return inFolder((folder) => {
      for (const line of LINES) write(folder, line);
      return use(async (...args) => {
        const { code, stdout, stderr } = await adresslista(["audit", ...args], { folder });
        expect([code, stderr]).to.deep.equal([0, ""]);
        return stdout;
      }, folder);
    });
  }

  function write(folder: string, line: string): void {
    const [, day = ""] = /"time":"(.{10})/.exec(line) ?? [];
    mkdirSync(folderOf(folder), { recursive: true });
    appendFileSync(join(folderOf(folder), `audit-${day}.jsonl`), `${line}\n`);
  }
});

/** Beside the database that has its place by default. */
function folderOf(folder: string): string {
  return besideDatabaseIn(folder, ".audit");
}

function textIn(folder: string): string {
  return readdirSync(folderOf(folder))
    .sort()
    .map((name) => readFileSync(join(folderOf(folder), name), "utf8"))
    .join("");
}

function entriesIn(folder: string): AuditEntry[] {
  const lines = textIn(folder).split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as AuditEntry);
}
