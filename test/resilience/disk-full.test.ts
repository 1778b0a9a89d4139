import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { afterEach, before, beforeEach, it } from "mocha";
import { adresslista, newFolder, type RunOptions, type Service, startService } from "../cli/program.js";
import { describeOnSqlite } from "../support/database.js";
import { addCaller, answersOf, type Call, callsAbout } from "./calls.js";
import { madeOnDay, writeExport } from "./exports.js";

/** Room that is left for a load, as a share of what it takes: it runs full at its beginning, midway, and at its end. */
const SHARES = [0, 0.3, 0.6, 0.9];
const DISK_MEGABYTES = 24;
const REGISTER = { persons: 600, occasions: 36, memberships: 2000 } as const;

const SCENARIO_MILLISECONDS = 600_000;

/** Only root may mount a file system that is small enough to be filled. */
const IS_ROOT = process.getuid?.() === 0;
if (!IS_ROOT) {
  console.log(
    "not root: no file system of its own can be filled; only the limit on file sizes is tried (ulimit -f)",
  );
}

describeOnSqlite("a load on a full disk", function () {
  this.timeout(SCENARIO_MILLISECONDS);
  let folder: string;
  let disk: Disk;

  before(function () {
    if (!IS_ROOT) this.skip();
  });
  beforeEach(async () => {
    folder = newFolder();
    disk = await mountDisk(folder);
  });
  afterEach(async () => {
    await disk.unmount();
    rmSync(folder, { recursive: true, force: true });
  });

  it("ends with 8 and a line that says so, what is served stays, and the next load finds nothing in its way", () =>
    serving(folder, disk.prefix, join(disk.seen, "data"), async (scenario) => {
      for (const share of SHARES) {
        disk.leave(share * scenario.bytes);
        await expectFailedLoad(scenario, disk.prefix, `${share} of its room`);
        disk.empty();
      }
      await scenario.load(disk.prefix);
      expect(await scenario.answers()).to.deep.equal(scenario.newAnswers);
    }));

  // SQLite's WAL needs some pages beside the database while it is open (wal.html): a service that runs has them.
  it("lets no service be started, which says so, until there is room", () =>
    serving(folder, disk.prefix, join(disk.seen, "data"), async (scenario) => {
      const { options, service, calls, old } = scenario;
      await service.stop();
      disk.leave(0);
      const { code, stderr } = await adresslista(["serve", "--port", "0"], options);
      expect(stderr).to.match(/^adresslista: .*\(SQLITE_\w+\)\n$/);
      expect(code).to.equal(8);
      disk.empty();
      const again = await startService(["serve", "--port", "0"], options);
      try {
        expect(await answersOf(again.url, calls)).to.deep.equal(old.answers);
      } finally {
        await again.stop();
      }
    }));
});

describeOnSqlite("a load whose files may not grow (ulimit -f)", function () {
  this.timeout(SCENARIO_MILLISECONDS);
  let folder: string;

  beforeEach(() => {
    folder = newFolder();
    mkdirSync(join(folder, "data"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("ends with 8 and a line that says so, what is served stays, and the next load finds nothing in its way", () =>
    serving(folder, [], join(folder, "data"), async (scenario) => {
      for (const share of SHARES)
        await expectFailedLoad(scenario, limited(share * scenario.bytes), `${share}`);
      await scenario.load([]);
      expect(await scenario.answers()).to.deep.equal(scenario.newAnswers);
    }));
});

/** A file system of its own, mounted where only those see it that are started with `prefix`. */
interface Disk {
  readonly prefix: readonly string[];
  /** Where it is seen from outside. */
  readonly seen: string;
  /** Fills it but for so many bytes. */
  leave(bytes: number): void;
  empty(): void;
  unmount(): Promise<void>;
}

async function mountDisk(folder: string): Promise<Disk> {
  const data = join(folder, "data");
  mkdirSync(data);
  const mounted = 'mount -t tmpfs -o "size=$2,mode=0700" none "$1" && echo mounted && exec sleep infinity';
  const holder = spawn("unshare", ["--mount", "sh", "-c", mounted, "sh", data, `${DISK_MEGABYTES}m`]);
  await once(holder.stdout, "data");
  const inside = join(`/proc/${holder.pid}/root`, folder);
  const filler = join(inside, "data/filler");
  return {
    prefix: ["nsenter", `--target=${holder.pid}`, "--mount", "sh", "-c", 'cd "$0" && exec "$@"', folder],
    seen: inside,
    leave(bytes) {
      const { bavail, bsize } = statfsSync(join(inside, "data"));
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - Math.floor(bytes))));
    },
    empty() {
      truncateSync(filler);
    },
    async unmount() {
      holder.kill("SIGKILL");
      await once(holder, "exit");
    },
  };
}

/** Node ignores SIGXFSZ, so that a write beyond the limit fails as it does on a full disk. Counted in blocks of 512 bytes. */
function limited(bytes: number): readonly string[] {
  return ["sh", "-c", `ulimit -f ${Math.ceil(bytes / 512)} && exec "$@"`, "sh"];
}

interface Scenario {
  readonly options: RunOptions;
  readonly service: Service;
  readonly calls: readonly Call[];
  readonly old: Served;
  readonly newAnswers: readonly string[];
  /** Size of a generation. */
  readonly bytes: number;
  answers(): Promise<string[]>;
  served(): Promise<Served>;
  leftovers(): string[];
  /** Loads the new export. */
  load(prefix: readonly string[]): Promise<{ readonly code: number | null; readonly stderr: string }>;
}

interface Served {
  readonly sha256: string;
  readonly answers: readonly string[];
}

/** `action` while an old export is served from the folder's database; `data` is where the test sees its folder. */
async function serving(
  folder: string,
  prefix: readonly string[],
  data: string,
  action: (scenario: Scenario) => Promise<void>,
): Promise<void> {
  // The audit log stands on another disk, as docs/operating.md says: no call is answered that it cannot hold.
  const env = { ADRESSLISTA_DATABASE: "data/a.sqlite", ADRESSLISTA_AUDIT_FOLDER: "audit" };
  const options = { folder, prefix, env };
  const oldExport = await writeExport(folder, "old.xml", { ...REGISTER, seed: 1, datetime: madeOnDay(1) });
  const newExport = await writeExport(folder, "new.xml", { ...REGISTER, seed: 2, datetime: madeOnDay(2) });
  const program = async (...args: string[]) => {
    const outcome = await adresslista(args, options);
    expect(outcome.code, outcome.stderr).to.equal(0);
  };
  // Two registers of different people: guards would refuse the one after the other.
  const newLoad = ["reload", "--force", "--file", newExport];
  await addCaller(options);
  await program("reload", "--file", oldExport);
  const service = await startService(["serve", "--port", "0"], options);
  try {
    const calls = await callsAbout(service.url);
    const answers = () => answersOf(service.url, calls);
    const generation = join(data, "a.load-1.sqlite");
    const served = async () => ({
      sha256: createHash("sha256").update(readFileSync(generation)).digest("hex"),
      answers: await answers(),
    });
    const old = await served();
    await program(...newLoad);
    const newAnswers = await answers();
    expect(newAnswers).not.to.deep.equal(old.answers);
    await program("rollback", "1");
    await action({
      options,
      service,
      calls,
      old,
      newAnswers,
      bytes: statSync(generation).size,
      answers,
      served,
      leftovers: () => readdirSync(data).filter((name) => /building|\.new$|journal/.test(name)),
      load: (loadPrefix) => adresslista(newLoad, { ...options, prefix: loadPrefix }),
    });
  } finally {
    await service.stop();
  }
}

async function expectFailedLoad(scenario: Scenario, prefix: readonly string[], what: string): Promise<void> {
  const { code, stderr } = await scenario.load(prefix);
  expect(code, `${what}: ${stderr}`).to.equal(8);
  const errors = stderr.split("\n").filter((line) => line.startsWith("adresslista: "));
  expect(errors, what).to.have.length(1);
  expect(errors[0], what).to.match(/SQLITE_FULL|SQLITE_IOERR|ENOSPC|EFBIG/);
  expect(await scenario.served(), what).to.deep.equal(scenario.old);
  expect(scenario.leftovers(), what).to.deep.equal([]);
}
