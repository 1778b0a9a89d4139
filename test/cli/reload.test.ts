import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { describe, it } from "mocha";
import type { LoadReport } from "../../lib/reload/report.js";
import { generateExport } from "../../lib/sample/generate.js";
import { type FakeServer, PASSWORD, served, startSshServer, USER } from "../fetch/ssh-server.js";
import {
  besideDatabaseIn,
  contentsOf,
  databaseIn,
  itOnSqlite,
  loadNumbersIn,
  whileLocked,
} from "../support/database.js";
import {
  adresslista,
  databaseSetting,
  inFolder,
  PROCESSES_MILLISECONDS,
  PROGRAM,
  ROOT,
  SAMPLE,
  start,
  statusFile,
  writeExport,
} from "./program.js";

describe("adresslista reload", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("loads an export and prints the report on standard output, steps on standard error", () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await adresslista(["reload", "--file", SAMPLE], { folder });
      expect(code, stderr).to.equal(0);
      expect(stdout)
        .to.match(/^Load 1, /)
        .and.to.match(/NAMN +435\n/);
      expect(stderr)
        .to.match(/^reading the export\n/)
        .and.to.match(/switching over\n$/);
      expect(stderr).not.to.include("\r");
    }));

  it("prints one JSON object, of which status and the status file say the same", () =>
    inFolder(async (folder) => {
      const { stdout } = await adresslista(["reload", "--json", "--file", SAMPLE], { folder });
      const report = JSON.parse(stdout) as LoadReport & { outcome: string; refusals: string[] };
      expect(report).to.deep.include({ outcome: "loaded", refusals: [], load: 1 });
      const files = report.files.map(({ name, sha256, bytes }) => ({ name, sha256, bytes }));
      const { exportDatetime, counts, loadedAt } = report;
      const status = await adresslista(["status", "--json"], { folder });
      expect(JSON.parse(status.stdout)).to.deep.include({
        generation: 1,
        loadedAt,
        exportDatetime,
        counts,
        files,
      });
      const file = statusFile(folder);
      expect(file).to.deep.include({
        outcome: "loaded",
        exitCode: 0,
        load: 1,
        exportDatetime,
        counts,
        files,
      });
    }));

  it("says so when the same export is served already, and loads it anew with --force", () =>
    inFolder(async (folder) => {
      await adresslista(["reload", "--file", SAMPLE], { folder });
      const text = await adresslista(["reload", "--file", SAMPLE], { folder });
      expect(text.code, text.stderr).to.equal(0);
      expect(text.stdout).to.match(/^load 1 is served.*nothing to do\n$/);
      expect(statusFile(folder)).to.deep.include({ outcome: "unchanged", exitCode: 0, load: 1 });
      expect(statusFile(folder).files[0]?.name).to.equal("sample-export.xml");
      const json = await adresslista(["reload", "--json", "--file", SAMPLE], { folder });
      expect(JSON.parse(json.stdout)).to.deep.equal({ outcome: "unchanged", load: 1 });
      const forced = await adresslista(["reload", "--force", "--file", SAMPLE], { folder });
      expect(forced.code, forced.stderr).to.equal(0);
      expect(forced.stdout).to.match(/^Load 2, /);
    }));

  it("ends with 6 when the export is unusable, and changes nothing", () =>
    inFolder(async (folder) => {
      await adresslista(["reload", "--file", SAMPLE], { folder });
      const before = await contentsOf(databaseIn(folder));
      const broken = join(folder, "trasig.xml");
      writeFileSync(broken, "<enterprise>\n<person><sourcedid><id>E1</id></sourcedid>\n</enterprise>");
      for (const file of [broken, join(folder, "saknas.xml")]) {
        const { code, stdout, stderr } = await adresslista(["reload", "--file", file], { folder });
        expect(code, stderr).to.equal(6);
        expect(stdout).to.equal("");
        const said = stderr.split("\n").at(-2) ?? "";
        expect(said).to.match(/^adresslista: .*(trasig|saknas)\.xml/);
        expect(statusFile(folder)).to.deep.include({
          outcome: "failed",
          exitCode: 6,
          message: said.replace("adresslista: ", ""),
        });
      }
      expect(await contentsOf(databaseIn(folder))).to.deep.equal(before);
    }));

  it("protects persons whom protectedFile names", () =>
    inFolder(async (folder) => {
      const [one, two] = [join(folder, "adresslista.config.json"), join(folder, "skyddade")];
      writeFileSync(two, "# invented\nE0001\n");
      writeFileSync(one, JSON.stringify({ protectedFile: "skyddade" }));
      const { stdout } = await adresslista(["reload", "--json", "--file", SAMPLE], { folder });
      const cause = (JSON.parse(stdout) as LoadReport).causes.find(
        ({ cause }) => cause === "personProtected",
      );
      expect(cause?.ids).to.include("E0001");
    }));

  it("loads all the same when nobody reads its report to the end", () =>
    inFolder(async (folder) => {
      const child = start(["reload", "--file", SAMPLE], { folder });
      child.stdout?.destroy();
      child.stderr?.destroy();
      const [code] = await once(child, "close");
      expect(code).to.equal(0);
      expect((await adresslista(["status"], { folder })).code).to.equal(0);
    }));
});

describe("what a guard refuses", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("ends with 7: the report on standard output, why and what to do on standard error, nothing changed", () =>
    inFolder(async (folder) => {
      const { fewer } = await loadMany(folder);
      const before = await contentsOf(databaseIn(folder));
      const { code, stdout, stderr } = await adresslista(["reload", "--file", fewer], { folder });
      expect(code, stderr).to.equal(7);
      expect(stdout).to.match(/^Load 2, /);
      expect(stderr).to.match(/^refused: .*VUX/m);
      expect(stderr.split("\n").at(-2)).to.match(/^adresslista: .*nothing was changed.*--force/);
      expect(await contentsOf(databaseIn(folder))).to.deep.equal(before);
      const file = statusFile(folder);
      expect(file).to.deep.include({ outcome: "refused", exitCode: 7, load: null });
      expect(file.refusals).to.have.length.greaterThan(0);
      const json = await adresslista(["reload", "--json", "--file", fewer], { folder });
      expect(json.code).to.equal(7);
      expect(JSON.parse(json.stdout)).to.deep.include({
        outcome: "refused",
        refusals: file.refusals,
        load: 2,
      });
    }));

  it("is loaded with --force, which is shown and recorded", () =>
    inFolder(async (folder) => {
      const { fewer } = await loadMany(folder);
      const { code, stdout, stderr } = await adresslista(["reload", "--force", "--json", "--file", fewer], {
        folder,
      });
      expect(code, stderr).to.equal(0);
      const { overridden } = JSON.parse(stdout) as LoadReport;
      expect(overridden).to.have.length.greaterThan(0);
      expect(stderr).to.include(`loaded with --force, although: ${overridden[0]}`);
      expect(statusFile(folder)).to.deep.include({ outcome: "loaded", load: 2, refusals: overridden });
      const status = await adresslista(["status", "--json"], { folder });
      expect(JSON.parse(status.stdout)).to.deep.include({ generation: 2, forced: overridden });
    }));

  it("may be an export that is older than the one which is served", () =>
    inFolder(async (folder) => {
      await loadMany(folder);
      const older = writeExport(join(folder, "older.xml"), 100, { datetime: "2026-11-20T02:15:00" });
      const { code, stderr } = await adresslista(["reload", "--file", older], { folder });
      expect(code, stderr).to.equal(7);
      expect(stderr).to.match(/^refused: .*2026-11-20/m);
    }));
});

describe("adresslista reload --dry-run", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("prints report and differences, and changes nothing", () =>
    inFolder(async (folder) => {
      await loadMany(folder);
      const before = await contentsOf(databaseIn(folder));
      const other = writeExport(join(folder, "other.xml"), 100, { datetime: TOMORROW, first: 5 });
      const { code, stdout, stderr } = await adresslista(["reload", "--dry-run", "--file", other], {
        folder,
      });
      expect(code, stderr).to.equal(0);
      expect(stdout)
        .to.include("4 added, 4 removed")
        .and.to.match(/^ {2}\+ registration VUX P101 G1 MATMAT02b/m)
        .and.to.match(/^ {2}- registration VUX P1 G1 MATMAT02b/m)
        .and.to.match(/^Load 2, /m);
      expect(stdout).not.to.match(/Exempel|example\.se/);
      expect(stderr).to.match(/dry run: it could be loaded; nothing was changed\n$/);
      expect(await contentsOf(databaseIn(folder))).to.deep.equal(before);
      // The status file tells of loads.
      expect(statusFile(folder)).to.deep.include({ outcome: "loaded", load: 1 });
    }));

  it("prints one JSON object", () =>
    inFolder(async (folder) => {
      await loadMany(folder);
      const other = writeExport(join(folder, "other.xml"), 100, { datetime: TOMORROW, first: 5 });
      const args = ["reload", "--dry-run", "--json", "--file", other];
      const { stdout } = await adresslista(args, { folder });
      const printed = JSON.parse(stdout) as {
        outcome: string;
        load: number;
        refusals: string[];
        differences: { counts: unknown[]; entries: { of: string; kind: string; key: string[] }[] };
      };
      expect(printed).to.deep.include({ outcome: "dryRun", refusals: [], load: 2 });
      const entries = printed.differences.entries.filter(({ of }) => of === "registration");
      expect(entries.filter(({ kind }) => kind === "added").map(({ key }) => key[0])).to.have.members([
        "P101",
        "P102",
        "P103",
        "P104",
      ]);
      expect(printed.differences.counts).to.deep.include({
        of: "registration",
        institution: "VUX",
        added: 4,
        removed: 4,
        changed: 0,
      });
    }));

  it("ends with 7 when a guard would refuse it, and with 0 when --force would load it all the same", () =>
    inFolder(async (folder) => {
      const { fewer } = await loadMany(folder);
      const before = await contentsOf(databaseIn(folder));
      const refused = await adresslista(["reload", "--dry-run", "--file", fewer], { folder });
      expect(refused.code, refused.stderr).to.equal(7);
      expect(refused.stdout)
        .to.include("60 removed")
        .and.to.match(/^Load 2, /m);
      expect(refused.stderr)
        .to.match(/^would be refused: .*VUX/m)
        .and.to.match(/adresslista: dry run: .*nothing was changed\n$/);
      const forced = await adresslista(["reload", "--dry-run", "--force", "--file", fewer], { folder });
      expect(forced.code, forced.stderr).to.equal(0);
      expect(forced.stderr).to.match(/^would be loaded with --force, although: /m);
      expect(await contentsOf(databaseIn(folder))).to.deep.equal(before);
      expect(statusFile(folder)).to.deep.include({ outcome: "loaded", load: 1 });
    }));

  it("writes no status file when it fails either", () =>
    inFolder(async (folder) => {
      const { code } = await adresslista(["reload", "--dry-run", "--file", "saknas.xml"], { folder });
      expect(code).to.equal(6);
      expect(existsSync(besideDatabaseIn(folder, ".status.json"))).to.equal(false);
    }));
});

describe("adresslista reload without --file", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("fetches over SFTP, loads, and keeps the file for its owner alone", () =>
    withServer({ files: [served("export.xml", readFileSync(SAMPLE))] }, async (folder) => {
      const { code, stdout, stderr } = await adresslista(["reload"], { folder });
      expect(code, stderr).to.equal(0);
      expect(stdout).to.match(/^Load 1, .*\n {2}export\.xml: 485161 bytes/);
      expect(stderr).to.match(/^fetching the export\n(.*\n)*reading the export\n/);
      const [kept = ""] = readdirSync(join(folder, "data/fetched"));
      expect(statSync(join(folder, "data/fetched", kept)).mode & 0o777).to.equal(0o600);
      expect(statusFile(folder).files[0]).to.deep.include({ name: "export.xml", bytes: 485161 });
    }));

  it("removes what it fetched when it is not to be kept, whatever comes of the load", () =>
    withServer({ files: [served("export.xml", "<enterprise>")] }, async (folder, server) => {
      settings(folder, server, { keepFetchedDays: 0 });
      expect((await adresslista(["reload"], { folder })).code).to.equal(6);
      expect(readdirSync(join(folder, "data/fetched"))).to.deep.equal([]);
      expect(statusFile(folder).files[0]).to.deep.include({ name: "export.xml", bytes: 12 });
      server.files[0] = served("export.xml", readFileSync(SAMPLE), "2026-11-24T02:00:00Z");
      expect((await adresslista(["reload", "--dry-run"], { folder })).code).to.equal(0);
      expect((await adresslista(["reload"], { folder })).code).to.equal(0);
      expect(readdirSync(join(folder, "data/fetched"))).to.deep.equal([]);
    }));

  it("ends with 3 and names both ways when no server is set", () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await adresslista(["reload"], { folder });
      expect(code).to.equal(3);
      expect(stdout).to.equal("");
      expect(stderr)
        .to.match(/^adresslista: sftpHost .*--file PATH\n$/)
        .and.to.include("SFTP");
      expect(statusFile(folder)).to.deep.include({ outcome: "failed", exitCode: 3 });
    }));

  it("ends with 5 for a host key that is not pinned, and with 4 for a login that is refused", () =>
    withServer({ files: [served("export.xml", readFileSync(SAMPLE))] }, async (folder, server) => {
      settings(folder, server, { sftpHostKey: [`SHA256:${"A".repeat(43)}`] });
      const key = await adresslista(["reload"], { folder });
      expect(key.code, key.stderr).to.equal(5);
      expect(key.stderr).to.include(server.fingerprints[0]);
      expect(statusFile(folder)).to.deep.include({ outcome: "failed", exitCode: 5 });
      settings(folder, server, { sftpPassword: "fel lösen" });
      const login = await adresslista(["reload"], { folder });
      expect(login.code, login.stderr).to.equal(4);
      expect(login.stderr + JSON.stringify(statusFile(folder))).not.to.include("fel lösen");
      expect(statusFile(folder)).to.deep.include({ outcome: "failed", exitCode: 4 });
    }));

  it("turns others away while it fetches, which they tell without hiding it", () =>
    withServer(
      { files: [served("export.xml", readFileSync(SAMPLE))], onRead: () => "silence" },
      async (folder, server) => {
        await adresslista(["reload", "--file", SAMPLE], { folder });
        const running = start(["reload"], { folder });
        const ended = once(running, "close");
        await until(() => server.connections() > 0 && statusFile(folder).outcome === "running");
        const began = statusFile(folder);
        expect(began.pid).to.equal(running.pid);
        const other = await adresslista(["reload", "--file", SAMPLE], { folder });
        expect(other.code, other.stderr).to.equal(9);
        const told = await adresslista(["status"], { folder });
        expect(told.code, told.stderr).to.equal(0);
        expect(told.stdout)
          .to.include(`last reload: running since ${began.startedAt} (process ${running.pid})\n`)
          .and.to.include("another reload was turned away");
        running.kill("SIGTERM");
        expect((await ended)[0]).to.equal(143);
        const { turnedAway, ...file } = statusFile(folder);
        expect(file).to.deep.include({ outcome: "interrupted", exitCode: 143, startedAt: began.startedAt });
        expect(turnedAway).not.to.equal(null);
        expect(readdirSync(join(folder, "data/fetched"))).to.deep.equal([]);
        expect((await adresslista(["status"], { folder })).stdout).to.match(/^generation 1, /);
      },
    ));
});

describe("the status file of a reload", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("tells of wrong settings too, as far as it is known where it is", () =>
    inFolder(async (folder) => {
      const env = { ADRESSLISTA_PORT: "åtta", ADRESSLISTA_STATUS_FILE: "status.json" };
      const { code, stderr } = await adresslista(["reload"], { folder, env });
      expect(code).to.equal(3);
      const written = JSON.parse(readFileSync(join(folder, "status.json"), "utf8")) as { message: string };
      expect(written).to.deep.include({ outcome: "failed", exitCode: 3 });
      expect(stderr).to.equal(`adresslista: ${written.message}\n`);
    }));

  itOnSqlite("tells of a database that cannot be used", () =>
    inFolder(async (folder) => {
      mkdirSync(databaseIn(folder), { recursive: true });
      const { code } = await adresslista(["reload", "--file", SAMPLE], { folder });
      expect(code).to.equal(8);
      expect(statusFile(folder)).to.deep.include({ outcome: "failed", exitCode: 8 });
    }),
  );

  it("tells that it was turned away by something else than a reload", () =>
    inFolder(async (folder) => {
      await adresslista(["reload", "--file", SAMPLE], { folder });
      await whileLocked(databaseIn(folder), async () => {
        expect((await adresslista(["reload", "--file", SAMPLE], { folder })).code).to.equal(9);
      });
      expect(statusFile(folder)).to.deep.include({ outcome: "failed", exitCode: 9 });
    }));

  it("that cannot be written is a warning, and the load is made", function () {
    if (process.getuid?.() === 0 && !existsSync("/proc/version")) this.skip();
    return inFolder(async (folder) => {
      // Not even root can make a file there.
      const env = { ADRESSLISTA_STATUS_FILE: "/proc/adresslista.status.json" };
      const { code, stderr } = await adresslista(["reload", "--file", SAMPLE], { folder, env });
      expect(code, stderr).to.equal(0);
      expect(stderr.match(/^warning: cannot write the status file/gm)).to.have.length(1);
    });
  });
});

const STEPS = ["reading the export", "linking groups", "writing persons", "verifying", "switching over"];

describe("a reload that is ended from outside", function () {
  this.timeout(2 * PROCESSES_MILLISECONDS);

  for (const [index, step] of STEPS.entries()) {
    const [signal, expected] = index % 2 === 0 ? (["SIGINT", 130] as const) : (["SIGTERM", 143] as const);

    it(`while it is ${step} (${signal}) ends with ${expected}, leaves nothing half done, and the next one succeeds`, () =>
      inFolder(async (folder) => {
        await adresslista(["reload", "--file", SAMPLE], { folder });
        const { code, said } = await endedAt(step, signal, folder);
        const file = statusFile(folder);
        // What has been switched over is not taken back.
        const isTooLate = step === "switching over" && file.outcome === "loaded";
        const load = isTooLate ? 2 : 1;
        if (!isTooLate) {
          expect(code, said).to.equal(expected);
          expect(file).to.deep.include({ outcome: "interrupted", exitCode: expected });
        }
        expect((await adresslista(["status"], { folder })).stdout).to.match(
          new RegExp(`^generation ${load}, `),
        );
        expect(await leftovers(folder, load)).to.deep.equal([]);
        const next = await adresslista(["reload", "--force", "--file", SAMPLE], { folder });
        expect(next.code, next.stderr).to.equal(0);
      }));

    it(`while it is ${step} (kill -9) changes nothing; status says that it died, and the next one succeeds`, () =>
      inFolder(async (folder) => {
        await adresslista(["reload", "--file", SAMPLE], { folder });
        await endedAt(step, "SIGKILL", folder);
        if (step !== "switching over") {
          expect(statusFile(folder)).to.deep.include({ outcome: "running", exitCode: null });
          const status = await adresslista(["status"], { folder });
          expect(status.stdout)
            .to.match(/^generation 1, /)
            .and.to.match(/^last reload: began .* and was ended from outside/m);
        }
        const next = await adresslista(["reload", "--force", "--file", SAMPLE], { folder });
        expect(next.code, next.stderr).to.equal(0);
        const { load } = statusFile(folder);
        expect(await leftovers(folder, load ?? 0)).to.deep.equal([]);
      }));
  }

  it("twice ends at once, and the status file says so", () =>
    inFolder(async (folder) => {
      const child = start(["reload", "--file", large(folder)], { folder });
      child.stderr?.once("data", () => {
        child.kill("SIGINT");
        setTimeout(() => child.kill("SIGINT"), 10);
      });
      const [code] = (await once(child, "close")) as [number | null];
      expect(code).to.equal(130);
      const { outcome, exitCode, message } = statusFile(folder);
      expect({ outcome, exitCode, message }).to.deep.equal({
        outcome: "interrupted",
        exitCode: 130,
        message: "interrupted",
      });
    }));

  it("while it lists differences to somebody who does not read them ends, and leaves nothing half done", () =>
    inFolder(async (folder) => {
      const child = start(["reload", "--dry-run", "--file", large(folder)], { folder });
      child.stdout?.pause();
      let said = "";
      child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
        said += chunk;
        // Long enough for what nobody reads to fill what lies between.
        if (said.includes("comparing")) setTimeout(() => child.kill("SIGTERM"), 1_000);
      });
      const exited = (await once(child, "exit")) as [number | null];
      child.stdout?.destroy();
      expect(exited[0], said).to.equal(143);
      expect(await leftovers(folder, 0)).to.deep.equal([]);
    }));
});

describe("a reload on a terminal", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("shows a bar with rate and time left, and leaves the line empty", function () {
    if (!existsSync("/usr/bin/script")) this.skip();
    return inFolder(async (folder) => {
      const terminal = inTerminal(["reload", "--file", large(folder), ">", "report.txt"], folder);
      const shown = await text(terminal.stdout as NodeJS.ReadableStream);
      expect(shown).to.match(/reading the export {2}/);
      // Faster than a rate can be told: that is tested of the bar itself.
      expect(shown).to.match(/writing persons {2}\[#+-+\] +\d+ %/);
      expect(shown.slice(shown.lastIndexOf("\u001b[2K"))).to.equal("\u001b[2K");
      expect(readFileSync(join(folder, "report.txt"), "utf8")).to.match(/^Load 1, /);
    });
  });
});

const TOMORROW = "2026-11-25T02:15:00";

/** Loads an export with 100 persons; `fewer` is the next one, with 40. */
async function loadMany(folder: string): Promise<{ fewer: string }> {
  const many = writeExport(join(folder, "many.xml"), 100);
  const { code, stderr } = await adresslista(["reload", "--file", many], { folder });
  expect(code, stderr).to.equal(0);
  return { fewer: writeExport(join(folder, "fewer.xml"), 40, { datetime: TOMORROW }) };
}

/** Files of unfinished loads, and of finished ones beyond the last; and loads in the database beyond it. */
async function leftovers(folder: string, load: number): Promise<(string | number)[]> {
  const files = readdirSync(join(folder, "data")).filter((name) => {
    const [, number] = /\.load-(\d+)\.sqlite/.exec(name) ?? [];
    return number !== undefined && (Number(number) > load || name.includes("building"));
  });
  return [...files, ...(await loadNumbersIn(databaseIn(folder))).filter((number) => number > load)];
}

function large(folder: string): string {
  const file = join(folder, "large.xml");
  const size = { seed: 1, persons: 4_000, occasions: 120, memberships: 12_000 };
  if (!existsSync(file)) writeFileSync(file, [...generateExport(size)].join(""));
  return file;
}

/** Loads a large export and sends the signal as soon as the step has begun. */
async function endedAt(step: string, signal: NodeJS.Signals, folder: string) {
  const child = start(["reload", "--force", "--file", large(folder)], { folder });
  let said = "";
  let isSent = false;
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
    if (isSent || !said.includes(`${step}\n`)) return;
    isSent = child.kill(signal);
  });
  child.stdout?.resume();
  const [code] = (await once(child, "close")) as [number | null];
  expect(said).to.include(`${step}\n`);
  return { code, said };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function withServer(
  behaviour: Parameters<typeof startSshServer>[0],
  use: (folder: string, server: FakeServer) => Promise<void>,
): Promise<void> {
  const server = await startSshServer(behaviour);
  try {
    await inFolder(async (folder) => {
      settings(folder, server);
      await use(folder, server);
    });
  } finally {
    await server.close();
  }
}

function settings(folder: string, server: FakeServer, changes: object = {}): void {
  const file = join(folder, "adresslista.config.json");
  rmSync(file, { force: true });
  writeFileSync(
    file,
    JSON.stringify({
      sftpHost: "127.0.0.1",
      sftpPort: server.port,
      sftpUser: USER,
      sftpPath: "/export",
      sftpPassword: PASSWORD,
      sftpHostKey: server.fingerprints,
      sftpMinimumAgeSeconds: 0,
      sftpRetries: 0,
      ...changes,
    }),
  );
  chmodSync(file, 0o600);
}

/** As one would type it, in a terminal of util-linux's script(1). */
function inTerminal(args: readonly string[], folder: string): ChildProcess {
  const program = PROGRAM.endsWith(".ts") ? `--import ${import.meta.resolve("tsx")}` : "";
  const line = [process.execPath, program, join(ROOT, PROGRAM), ...args].join(" ");
  const child = spawn("/usr/bin/script", ["--quiet", "--return", "--command", line, "/dev/null"], {
    cwd: folder,
    env: { PATH: process.env.PATH, TERM: "xterm", ...databaseSetting(folder) },
  });
  child.stdin?.end();
  return child;
}
