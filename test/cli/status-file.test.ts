import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { CliContext } from "../../lib/cli/context.js";
import {
  type Attempt,
  isRunning,
  readAttempt,
  recordAttempt,
  statusFileOf,
} from "../../lib/cli/status-file.js";

let folder: string;
let file: string;
let stderr: PassThrough;
let context: CliContext;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "adresslista-status-"));
  file = join(folder, "adresslista.status.json");
  stderr = new PassThrough();
  context = { stderr } as unknown as CliContext;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the status file", () => {
  it("stands beside the database unless a setting says where", () => {
    const of = (database: string, statusFile?: string) =>
      statusFileOf({ database, statusFile, workFolder: "" });
    expect(of("/var/lib/a/adresslista.sqlite")).to.equal("/var/lib/a/adresslista.status.json");
    expect(of("/var/lib/a/adresslista.DB")).to.equal("/var/lib/a/adresslista.status.json");
    expect(of("/var/lib/a/adresslista.prod")).to.equal("/var/lib/a/adresslista.prod.status.json");
    expect(of("/var/lib/a/adresslista.sqlite", "/run/status.json")).to.equal("/run/status.json");
  });

  it("says that a reload runs, then what came of it", () => {
    const record = recordAttempt(context, file);
    record.begin();
    const began = document();
    expect(began).to.deep.include({ outcome: "running", exitCode: null, endedAt: null, pid: process.pid });
    expect(isRunning(began)).to.equal(true);
    const files = [{ name: "export.xml", bytes: 12, sha256: "ab" }];
    record.note({ files });
    record.note({ outcome: "loaded", load: 7, exportDatetime: "2026-11-24T02:15:00", counts: { NAMN: 3 } });
    record.end(0);
    const { startedAt, endedAt, ...rest } = document();
    expect(rest).to.deep.equal({
      outcome: "loaded",
      exitCode: 0,
      pid: process.pid,
      load: 7,
      message: null,
      files,
      exportDatetime: "2026-11-24T02:15:00",
      counts: { NAMN: 3 },
      refusals: [],
      turnedAway: null,
    });
    expect(startedAt).to.equal(began.startedAt);
    expect(Date.parse(endedAt ?? "")).to.be.at.least(Date.parse(startedAt));
  });

  for (const [exitCode, outcome] of [
    [1, "failed"],
    [3, "failed"],
    [4, "failed"],
    [5, "failed"],
    [6, "failed"],
    [8, "failed"],
    [130, "interrupted"],
    [143, "interrupted"],
  ] as const) {
    it(`says ${outcome} for exit code ${exitCode}, with the line that was said`, () => {
      const record = recordAttempt(context, file);
      record.begin();
      record.end(exitCode, "adresslista: TypeError\n    at somewhere");
      expect(document()).to.deep.include({ outcome, exitCode, message: "TypeError", load: null });
    });
  }

  it("says refused, and what was", () => {
    const record = recordAttempt(context, file);
    record.note({ outcome: "refused", refusals: ["LVUX has 40 % fewer persons"] });
    record.end(7, "adresslista: a guard refused the load");
    expect(document()).to.deep.include({
      outcome: "refused",
      exitCode: 7,
      refusals: ["LVUX has 40 % fewer persons"],
      message: "a guard refused the load",
    });
  });

  it("keeps what became of the data when the program fails afterwards, and is not written twice for nothing", () => {
    const record = recordAttempt(context, file);
    record.begin();
    record.note({ outcome: "loaded", load: 7 });
    record.end(0);
    const { ino } = statSync(file);
    record.end(0);
    expect(statSync(file).ino).to.equal(ino);
    record.end(1, "adresslista: internal error: Error ENOSPC");
    expect(document()).to.deep.include({ outcome: "loaded", load: 7, exitCode: 1 });
  });

  it("may be read by the group, not by others, and leaves nothing beside it", () => {
    const umask = process.umask(0o022);
    try {
      recordAttempt(context, file).begin();
    } finally {
      process.umask(umask);
    }
    expect(statSync(file).mode & 0o777).to.equal(0o640);
    expect(readdirSync(folder)).to.deep.equal(["adresslista.status.json"]);
  });

  it("is made with its folder", () => {
    file = join(folder, "new/folder/status.json");
    recordAttempt(context, file).begin();
    expect(document().outcome).to.equal("running");
  });

  it("that cannot be written is a warning, once, and no failure", () => {
    file = join(folder, "folder");
    mkdirSync(join(file, "not empty"), { recursive: true });
    const record = recordAttempt(context, file);
    record.begin();
    record.end(0);
    expect(String(stderr.read())).to.match(
      /^warning: cannot write the status file .*folder \((EISDIR|ENOTEMPTY|EEXIST)\)\n$/,
    );
    expect(readdirSync(folder)).to.deep.equal(["folder"]);
  });

  it("that is none of ours is no last reload", () => {
    for (const content of ["", "{", "null", "[]", '{"outcome":7}', '{"outcome":"loaded"}']) {
      writeFileSync(file, content);
      expect(readAttempt(file), content).to.equal(undefined);
    }
    expect(readAttempt(join(folder, "saknas"))).to.equal(undefined);
  });
});

describe("a reload that was turned away", () => {
  it("does not hide the one that runs, which keeps it to its end", () => {
    const running = recordAttempt(context, file);
    running.begin();
    const began = document();
    // As another process would see it.
    const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 30000)"]);
    try {
      writeFileSync(file, JSON.stringify({ ...began, pid: other.pid }));
      recordAttempt(context, file).end(9, "adresslista: another reload is running on this database");
      const there = document();
      expect(there).to.deep.include({ outcome: "running", pid: other.pid, startedAt: began.startedAt });
      expect(there.turnedAway?.pid).to.equal(process.pid);
      writeFileSync(file, JSON.stringify({ ...there, pid: process.pid }));
      running.note({ outcome: "loaded", load: 1 });
      running.end(0);
      expect(document()).to.deep.include({ outcome: "loaded", turnedAway: there.turnedAway });
    } finally {
      other.kill();
    }
  });

  it("speaks for itself when nobody says that they run", () => {
    for (const there of [undefined, attempt({ pid: deadProcess() }), attempt({ outcome: "loaded" })]) {
      if (there !== undefined) writeFileSync(file, JSON.stringify(there));
      recordAttempt(context, file).end(9, "adresslista: another reload is running on this database");
      expect(document()).to.deep.include({ outcome: "failed", exitCode: 9, pid: process.pid });
    }
  });

  it("and wrote what it had read just before the other one ended, does not stand", () => {
    const record = recordAttempt(context, file);
    record.begin();
    const began = document();
    record.note({ outcome: "loaded", load: 1 });
    record.end(0);
    writeFileSync(file, JSON.stringify({ ...began, turnedAway: { at: began.startedAt, pid: 1 } }));
    record.end(0);
    expect(document()).to.deep.include({ outcome: "loaded", exitCode: 0 });
  });
});

describe("a reload that says that it runs", () => {
  it("does not when its process is gone, or its number is another one's by now", () => {
    expect(isRunning(attempt({}))).to.equal(true);
    expect(isRunning(attempt({ pid: deadProcess() }))).to.equal(false);
    expect(isRunning(attempt({ outcome: "loaded" }))).to.equal(false);
    const yesterday = new Date(Date.now() - 24 * 3_600_000).toISOString();
    if (process.platform === "linux") expect(isRunning(attempt({ startedAt: yesterday }))).to.equal(false);
  });
});

function document(): Attempt {
  return JSON.parse(readFileSync(file, "utf8")) as Attempt;
}

function attempt(given: Partial<Attempt>): Attempt {
  return {
    outcome: "running",
    exitCode: null,
    pid: process.pid,
    startedAt: new Date().toISOString(),
    endedAt: null,
    load: null,
    message: null,
    files: [],
    exportDatetime: null,
    counts: null,
    refusals: [],
    turnedAway: null,
    ...given,
  };
}

/** Above what Linux gives (pid_max is at most 2^22). */
function deadProcess(): number {
  return 2 ** 22 + 1;
}
