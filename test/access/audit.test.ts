import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { describe, it } from "mocha";
import {
  type AuditEntry,
  type AuditQuery,
  auditLog,
  MAX_REFUSALS_PER_MINUTE,
  readAudit,
  shownUid,
} from "../../lib/access/audit.js";
import { inTemporaryFolder } from "../support/database.js";

const run = promisify(execFile);
const WRITER = fileURLToPath(new URL("audit-writer.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROCESSES_MILLISECONDS = 120_000;

const DAY = "2026-11-24";
const NOON = Date.parse(`${DAY}T12:00:00Z`);
const MINUTE = 60_000;
const DAY_MILLISECONDS = 24 * 60 * MINUTE;

const CALL: AuditEntry = {
  time: "2026-11-24T12:00:00.000Z",
  caller: "portal",
  verified: true,
  uid: "larare1",
  address: "192.0.2.1",
  service: "AdresslistaFetcher",
  method: "getAdrLista",
  institutions: ["VUX"],
  kurskoder: ["MATMAT02b"],
  terminer: ["20262"],
  persons: 30,
  outcome: "valid",
};

describe("the audit log", () => {
  it("has one JSON line for each call, in the order in which they were written, members in their order", () =>
    inTemporaryFolder(async (folder) => {
      const log = auditLog(folder, 1, () => NOON);
      log.write(CALL);
      log.write({ ...CALL, uid: undefined, persons: undefined, outcome: "auth.failed" });
      log.close();
      expect(textOf(folder)).to.equal(
        `{"time":"2026-11-24T12:00:00.000Z","caller":"portal","verified":true,"uid":"larare1","address":"192.0.2.1","service":"AdresslistaFetcher","method":"getAdrLista","institutions":["VUX"],"kurskoder":["MATMAT02b"],"terminer":["20262"],"persons":30,"outcome":"valid"}
{"time":"2026-11-24T12:00:00.000Z","caller":"portal","verified":true,"address":"192.0.2.1","service":"AdresslistaFetcher","method":"getAdrLista","institutions":["VUX"],"kurskoder":["MATMAT02b"],"terminer":["20262"],"outcome":"auth.failed"}
`,
      );
    }));

  it("escapes what would be a line of its own", () =>
    inTemporaryFolder(async (folder) => {
      const log = auditLog(folder, 1, () => NOON);
      log.write({ ...CALL, uid: 'a"}\n{"time":"2026-11-24T12:00:00Z","outcome":"valid"}\u2028' });
      log.close();
      expect(textOf(folder).trimEnd().split("\n")).to.have.length(1);
      const [entry] = (await read(folder)).entries;
      expect(entry?.uid).to.match(/^a"}\n/);
    }));

  it("is a file for each day, UTC, which its own user alone can read", () =>
    inTemporaryFolder(async (parent) => {
      const folder = join(parent, "new", "audit");
      const log = auditLog(folder, 1, () => NOON);
      log.write({ ...CALL, time: "2026-11-24T23:59:59.999Z" });
      log.write({ ...CALL, time: "2026-11-25T00:00:00.000Z" });
      log.write({ ...CALL, time: "2026-11-25T00:00:00.001Z" });
      log.close();
      expect(linesOf(folder, "2026-11-24")).to.have.length(1);
      expect(linesOf(folder, "2026-11-25")).to.have.length(2);
      for (const name of readdirSync(folder)) expect(modeOf(join(folder, name)), name).to.equal(0o600);
      expect(modeOf(folder)).to.equal(0o700);
    }));

  it("has lines that are written together each on its day, and those of a flood not at all", () =>
    inTemporaryFolder(async (folder) => {
      const log = auditLog(folder, 1, () => NOON);
      const refused = { ...CALL, verified: false, outcome: "auth.failed" };
      log.write(
        { ...CALL, time: "2026-11-24T23:59:59.999Z", uid: "a" },
        { ...CALL, time: "2026-11-25T00:00:00.000Z", uid: "b" },
        ...Array.from({ length: MAX_REFUSALS_PER_MINUTE + 5 }, () => refused),
        { ...CALL, uid: "c" },
      );
      log.write();
      expect(linesOf(folder, "2026-11-24")).to.have.length(2 + MAX_REFUSALS_PER_MINUTE);
      expect(linesOf(folder, "2026-11-25")).to.have.length(1);
      log.close();
      const { entries } = await read(folder);
      expect(entries.filter(({ verified }) => verified).map(({ uid }) => uid)).to.deep.equal(["a", "c", "b"]);
      expect(entries.find(({ more }) => more === 4)).to.include({ outcome: "auth.failed" });
    }));

  it("goes on where it ended when the service is started again", () =>
    inTemporaryFolder(async (folder) => {
      for (const uid of ["a", "b"]) {
        const log = auditLog(folder, 1, () => NOON);
        log.write({ ...CALL, uid });
        log.close();
      }
      expect((await read(folder)).entries.map(({ uid }) => uid)).to.deep.equal(["a", "b"]);
    }));

  it("is made anew when its file is removed while it is open", () =>
    inTemporaryFolder(async (folder) => {
      const log = auditLog(folder, 1, () => NOON);
      log.write({ ...CALL, uid: "a" });
      rmSync(fileOf(folder));
      log.write({ ...CALL, uid: "b" });
      log.close();
      expect((await read(folder)).entries.map(({ uid }) => uid)).to.deep.equal(["b"]);
    }));

  it("cannot be where no folder can be made, and the setting is named", () =>
    inTemporaryFolder(async (folder) => {
      appendFileSync(join(folder, "file"), "");
      expect(() => auditLog(join(folder, "file", "audit"), 1))
        .to.throw(/^auditFolder: the audit log cannot be written in /)
        .with.property("code", "settings");
    }));

  it("has whole lines, none missing, when several processes write it at once", async function () {
    this.timeout(PROCESSES_MILLISECONDS);
    await inTemporaryFolder(async (folder) => {
      const writers = ["w1", "w2", "w3", "w4"];
      const count = 400;
      await Promise.all(writers.map((writer) => writing(folder, writer, count)));
      const { entries, damaged } = await read(folder, { since: 0 });
      expect(damaged).to.deep.equal([]);
      for (const writer of writers) {
        expect(entries.filter(({ caller }) => caller === writer).map(({ uid }) => uid)).to.deep.equal(
          Array.from({ length: count }, (_, line) => `larare${line}`),
        );
      }
    });
  });

  describe("when the disk is full", () => {
    it("says that it cannot be written, and has the next line when it can be again", () =>
      inTemporaryFolder(async (folder) => {
        symlinkSync("/dev/full", fileOf(folder));
        const log = auditLog(folder, 1, () => NOON);
        for (const verified of [true, false]) {
          expect(() => log.write({ ...CALL, verified }))
            .to.throw("the audit log cannot be written")
            .with.property("code", "internal");
        }
        rmSync(fileOf(folder));
        log.write(CALL);
        log.close();
        expect(linesOf(folder)).to.have.length(1);
      }));

    it("does not end the process that cannot write what it had kept back", () =>
      inTemporaryFolder(async (folder) => {
        let now = NOON;
        const log = auditLog(folder, 1, () => now);
        refuse(log, MAX_REFUSALS_PER_MINUTE + 2);
        rmSync(fileOf(folder));
        symlinkSync("/dev/full", fileOf(folder));
        now += MINUTE;
        expect(() => log.write(CALL)).to.throw("the audit log cannot be written");
        log.close();
      }));

    // A limit on the size of files cuts the last line, as a full disk may.
    for (const [who, opens] of [
      ["another process that had it open", "before"],
      ["one that is started later", "after"],
    ] as const) {
      it(`glues no line of ${who} to the torn one`, async function () {
        this.timeout(PROCESSES_MILLISECONDS);
        await inTemporaryFolder(async (folder) => {
          const early = opens === "before" ? auditLog(folder, 1) : undefined;
          const limit = ["-c", 'ulimit -f 1 && exec "$@"', "sh"];
          const torn = await writing(folder, "torn", 100, limit);
          expect(torn.isWhole).to.equal(false);
          const today = new Date().toISOString().slice(0, 10);
          expect(textOf(folder, today).endsWith("\n"), "the line is torn").to.equal(false);
          const log = early ?? auditLog(folder, 1);
          log.write({ ...CALL, time: new Date().toISOString(), uid: "next" });
          log.close();
          const { entries, damaged } = await read(folder, { since: 0 });
          expect(damaged).to.have.length(1);
          expect(entries).to.have.length(torn.written + 1);
          expect(entries.at(-1)?.uid).to.equal("next");
        });
      });
    }
  });

  describe("keeps so many days", () => {
    it("today aside, and removes what is older, and nothing else", () =>
      inTemporaryFolder(async (folder) => {
        mkdirSync(folder, { recursive: true });
        const others = ["audit-2020-01-01.jsonl.gz", "notes.txt", "audit-2020-01.jsonl"];
        for (const name of others) appendFileSync(join(folder, name), "x");
        for (const days of [0, 1, 2, 3, 400]) {
          const day = new Date(NOON - days * DAY_MILLISECONDS).toISOString().slice(0, 10);
          appendFileSync(fileOf(folder, day), "{}\n");
        }
        const log = auditLog(folder, 2, () => NOON);
        log.prune();
        log.write(CALL);
        log.close();
        expect(readdirSync(folder).sort()).to.deep.equal(
          [...others, ...[22, 23, 24].map((day) => `audit-2026-11-${day}.jsonl`)].sort(),
        );
      }));
  });

  describe("of refusals", () => {
    it("has a line for each, up to a limit in each minute of each address", () =>
      inTemporaryFolder(async (folder) => {
        let now = NOON;
        const log = auditLog(folder, 1, () => now);
        refuse(log, MAX_REFUSALS_PER_MINUTE + 40);
        refuse(log, 1, { address: "192.0.2.2" });
        now += MINUTE;
        refuse(log, MAX_REFUSALS_PER_MINUTE);
        const lines = (await read(folder)).entries.filter(({ address }) => address === "192.0.2.1");
        expect(lines.filter(({ more }) => more === undefined)).to.have.length(2 * MAX_REFUSALS_PER_MINUTE);
        expect(addressesOf(folder)).to.include("192.0.2.2");
        log.close();
      }));

    it("counts those beyond it in one line, when somebody calls the minute after", () =>
      inTemporaryFolder(async (folder) => {
        let now = NOON;
        const log = auditLog(folder, 1, () => now);
        refuse(log, MAX_REFUSALS_PER_MINUTE + 40);
        expect(linesOf(folder)).to.have.length(MAX_REFUSALS_PER_MINUTE);
        now += MINUTE;
        log.write(CALL);
        const { entries } = await read(folder);
        expect(entries).to.have.length(MAX_REFUSALS_PER_MINUTE + 2);
        expect(entries.at(-2)).to.deep.include({ address: "192.0.2.1", outcome: "auth.failed", more: 39 });
        expect(entries.at(-1)).not.to.have.property("more");
        now += MINUTE;
        log.write(CALL);
        expect(linesOf(folder), "told once").to.have.length(MAX_REFUSALS_PER_MINUTE + 3);
        log.close();
      }));

    it("counts them, too, when nobody calls until the service is stopped, or for hours", () =>
      inTemporaryFolder(async (folder) => {
        let now = NOON;
        const log = auditLog(folder, 1, () => now);
        refuse(log, MAX_REFUSALS_PER_MINUTE + 3);
        log.close();
        expect((await read(folder)).entries.at(-1)).to.deep.include({ more: 2 });

        const later = auditLog(folder, 1, () => now);
        refuse(later, MAX_REFUSALS_PER_MINUTE + 5);
        now += 5 * 60 * MINUTE;
        later.write(CALL);
        expect((await read(folder)).entries.at(-2)).to.deep.include({ more: 4 });
        later.close();
      }));

    it("counts an IPv6 network as one address, and very many addresses together", () =>
      inTemporaryFolder(async (folder) => {
        let now = NOON;
        const log = auditLog(folder, 1, () => now);
        for (let host = 1; host <= MAX_REFUSALS_PER_MINUTE + 10; host++) {
          refuse(log, 1, { address: `2001:db8:1:2::${host.toString(16)}` });
        }
        expect(linesOf(folder)).to.have.length(MAX_REFUSALS_PER_MINUTE);
        now += MINUTE;
        for (let host = 0; host < 5_000; host++) {
          refuse(log, 1, { address: `10.0.${host >> 8}.${host & 255}` });
        }
        expect(linesOf(folder).length).to.be.below(MAX_REFUSALS_PER_MINUTE * 2 + 1_100);
        log.close();
        const { entries } = await read(folder);
        const counted = entries.reduce((sum, { more = 0 }) => sum + 1 + more, 0);
        expect(counted).to.equal(MAX_REFUSALS_PER_MINUTE + 10 + 5_000);
      }));

    it("has nothing to do with callers who have proved who they are", () =>
      inTemporaryFolder(async (folder) => {
        const log = auditLog(folder, 1, () => NOON);
        const calls = 10 * MAX_REFUSALS_PER_MINUTE;
        refuse(log, MAX_REFUSALS_PER_MINUTE + 1);
        for (let call = 0; call < calls; call++) log.write({ ...CALL, outcome: "auth.forbidden" });
        expect(linesOf(folder)).to.have.length(MAX_REFUSALS_PER_MINUTE + calls);
        log.close();
      }));
  });

  describe("is read", () => {
    const entries = [
      { ...CALL, time: "2026-11-22T10:00:00.000Z", uid: "a" },
      { ...CALL, time: "2026-11-23T23:59:59.999Z", uid: "b", caller: "annan" },
      { ...CALL, time: "2026-11-24T00:00:00.000Z", uid: "c" },
      { ...CALL, time: "2026-11-24T10:00:00.000Z", uid: "d", caller: undefined, verified: false },
    ];

    for (const [what, query, expected] of [
      ["whole", { since: 0 }, "abcd"],
      ["from a time on", { since: Date.parse("2026-11-22T10:00:00Z") }, "abcd"],
      ["from a moment after a line's", { since: Date.parse("2026-11-22T10:00:00.001Z") }, "bcd"],
      ["from midnight", { since: Date.parse("2026-11-24T00:00:00Z") }, "cd"],
      ["before a time", { since: 0, until: Date.parse("2026-11-24T00:00:00Z") }, "ab"],
      ["between times", { since: Date.parse("2026-11-23T00:00:00Z"), until: NOON }, "bcd"],
      ["of one caller", { since: 0, caller: "portal" }, "ac"],
      ["of another caller, from a time on", { since: Date.parse("2026-11-23"), caller: "annan" }, "b"],
      ["of nobody", { since: 0, caller: "porta" }, ""],
    ] as const) {
      it(what, () =>
        inTemporaryFolder(async (folder) => {
          const log = auditLog(folder, 1, () => NOON);
          for (const entry of entries) log.write(entry);
          log.close();
          const found = await read(folder, query);
          expect(found.entries.map(({ uid }) => uid).join("")).to.equal(expected);
          expect(found.damaged).to.deep.equal([]);
        }),
      );
    }

    it("but for lines that are none, which are told by file and number", () =>
      inTemporaryFolder(async (folder) => {
        const log = auditLog(folder, 1, () => NOON);
        log.write({ ...CALL, uid: "a" });
        appendFileSync(
          fileOf(folder),
          '{"time":"2026-11-2\n\n[]\nnull\n{"time":"igår","outcome":"valid"}\n{"time":1,"outcome":"valid"}\n',
        );
        log.write({ ...CALL, uid: "b" });
        log.close();
        const { entries: found, damaged } = await read(folder);
        expect(found.map(({ uid }) => uid)).to.deep.equal(["a", "b"]);
        expect(damaged).to.deep.equal([2, 4, 5, 6, 7].map((line) => `audit-${DAY}.jsonl ${line}`));
      }));

    it("as empty when there is none", () =>
      inTemporaryFolder(async (folder) => {
        expect((await read(join(folder, "none"))).entries).to.deep.equal([]);
      }));

    it("not when it cannot be, and the setting is named", () =>
      inTemporaryFolder(async (folder) => {
        appendFileSync(join(folder, "file"), "");
        mkdirSync(fileOf(folder));
        for (const wrong of [join(folder, "file"), folder]) {
          const error = await read(wrong).catch((failure: unknown) => failure);
          expect(error, wrong).to.have.property("code", "settings");
          expect((error as Error).message).to.match(/^auditFolder: /);
        }
      }));
  });
});

describe("an end user in the audit log", () => {
  for (const [sent, shown] of [
    ["larare1", "larare1"],
    ["anna.larare@vux.example.se", "anna.larare@vux.example.se"],
    ["198001019808", "(personnummer)"],
    ["19800101-9808", "(personnummer)"],
    ["800101-9808", "(personnummer)"],
    ["8001019808", "(personnummer)"],
    ["800101+9808", "(personnummer)"],
    ["800101T123", "(personnummer)"],
    ["19800161-9802", "(personnummer)"],
    ["198001019808@vux.example.se", "(personnummer)@vux.example.se"],
    ["VUX\\19800101-9808", "VUX\\(personnummer)"],
    ["id=800101 9808;", "id=(personnummer);"],
    ["u1234567", "u1234567"],
    ["x".repeat(100), "x".repeat(64)],
    [undefined, undefined],
  ] as const) {
    it(`is shown as ${shown?.slice(0, 40)} when the portal says ${sent?.slice(0, 40)}`, () => {
      expect(shownUid(sent)).to.equal(shown);
    });
  }

  it("loses no number by being cut in it", () => {
    expect(shownUid(`${"x".repeat(56)}198001019808`)).not.to.match(/\d/);
  });
});

function refuse(log: ReturnType<typeof auditLog>, times: number, changes: Partial<AuditEntry> = {}): void {
  for (let time = 0; time < times; time++) {
    log.write({ ...CALL, verified: false, persons: undefined, outcome: "auth.failed", ...changes });
  }
}

function fileOf(folder: string, day = DAY): string {
  return join(folder, `audit-${day}.jsonl`);
}

const textOf = (folder: string, day = DAY): string => readFileSync(fileOf(folder, day), "utf8");

const linesOf = (folder: string, day = DAY): string[] => textOf(folder, day).trimEnd().split("\n");

const addressesOf = (folder: string): string[] =>
  linesOf(folder).map((line) => (JSON.parse(line) as AuditEntry).address);

const modeOf = (path: string): number => statSync(path).mode & 0o777;

async function read(
  folder: string,
  query: AuditQuery = { since: 0 },
): Promise<{ entries: AuditEntry[]; damaged: string[] }> {
  const entries: AuditEntry[] = [];
  const damaged: string[] = [];
  for await (const entry of readAudit(folder, query, (file, line) => damaged.push(`${file} ${line}`))) {
    entries.push(entry);
  }
  return { entries, damaged };
}

/** Another process that writes so many lines; `limit`: arguments of `sh` that run it. */
async function writing(
  folder: string,
  caller: string,
  count: number,
  limit: readonly string[] = ["-c", 'exec "$@"', "sh"],
): Promise<{ readonly written: number; readonly isWhole: boolean }> {
  const args = [...limit, process.execPath, "--import", "tsx", WRITER, folder, caller, String(count)];
  try {
    const { stdout } = await run("sh", args, { cwd: ROOT, env: { ...process.env, NODE_OPTIONS: "" } });
    return { written: Number(stdout), isWhole: true };
  } catch (error) {
    const { stdout, code } = error as { stdout: string; code: number };
    expect(code, (error as Error).message).to.equal(1);
    return { written: Number(stdout), isWhole: false };
  }
}
