import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { type Cluster, startCluster } from "./cluster.js";
import {
  type Exports,
  exportsIn,
  type Machine,
  machine,
  type Serving,
  servedLoad,
  servingOld,
} from "./scenario.js";

const DISK_MEGABYTES = 64;
/** Room that is left for a load, as a share of what it takes: it runs full at its beginning, midway, and at its end. */
const SHARES = [0, 0.3, 0.6, 0.9];
const SCHEMA = "disk_full";

/** Only root may mount a file system that is small enough to be filled. */
const IS_ROOT = process.getuid?.() === 0;

describe(`a load into PostgreSQL whose disk is full${IS_ROOT ? "" : " (not run: only root can make a disk that is small enough)"}`, () => {
  let cluster: Cluster;
  let disk: Disk | undefined;
  let here: Machine;
  let exports: Exports;
  let serving: Serving;

  before(async function () {
    if (!IS_ROOT) return this.skip();
    cluster = await startCluster();
    disk = await mountDisk(cluster.folderFor("disk"));
    await cluster.primary.query(`CREATE TABLESPACE small OWNER adresslista LOCATION '${disk.folder}'`);
    await cluster.primary.query("ALTER ROLE adresslista SET default_tablespace = small");
    here = machine(cluster.primary.url(SCHEMA));
    exports = await exportsIn(here.folder);
    serving = await servingOld(here, exports);
  });
  after(async () => {
    here?.remove();
    await cluster?.primary.stop();
    await disk?.unmount();
    await cluster?.end();
  });

  it("ends with 8 and a line that says so, what is served stays, nothing of it is left, and the next load works", async () => {
    const bytes = disk?.used() ?? 0;
    expect(bytes).to.be.above(1_000_000);
    for (const share of SHARES) {
      disk?.leave(share * bytes);
      const { code, stderr } = await here.load(exports.new);
      expect(code, `${share} of its room: ${stderr}`).to.equal(8);
      const errors = stderr.split("\n").filter((line) => line.startsWith("adresslista: "));
      expect(errors).to.deep.equal([
        "adresslista: the load cannot be stored (53100: the disk of the database is full)",
      ]);
      const schemas = await cluster.primary.query(
        "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1) ORDER BY 1",
        [`${SCHEMA}_load_`],
      );
      expect(schemas.map(({ nspname }) => nspname)).to.deep.equal([`${SCHEMA}_load_1`]);
      expect(here.leftovers()).to.deep.equal([]);
      expect(await servedLoad(here)).to.equal(1);
      await serving.expectOld();
      disk?.empty();
    }
    await here.done("reload", "--force", "--file", exports.new);
    expect(await servedLoad(here)).to.equal(2);
    expect((await serving.bodies()).join() === serving.old.join(), "the same as before").to.equal(false);
  });
});

interface Disk {
  readonly folder: string;
  used(): number;
  /** Fills it but for so many bytes. */
  leave(bytes: number): void;
  empty(): void;
  unmount(): Promise<void>;
}

async function mountDisk(folder: string): Promise<Disk> {
  const { uid, gid } = statSync(folder);
  execFileSync("mount", [
    ...["-t", "tmpfs", "-o"],
    `size=${DISK_MEGABYTES}m,mode=0700,uid=${uid},gid=${gid}`,
    ...["none", folder],
  ]);
  const guard = unmounter(folder);
  const filler = join(folder, "filler");
  const free = () => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  return {
    folder,
    used: () => DISK_MEGABYTES * 1024 * 1024 - free(),
    leave: (bytes) => writeFileSync(filler, Buffer.alloc(Math.max(0, free() - Math.floor(bytes)))),
    empty: () => rmSync(filler, { force: true }),
    async unmount() {
      const ended = once(guard, "exit");
      guard.stdin?.end();
      await ended;
      expect(readdirSync(folder)).to.deep.equal([]);
    },
  };
}

/** Takes the disk away also when this process has gone without doing so. */
function unmounter(folder: string): ChildProcess {
  const guard = spawn("sh", ["-c", "trap '' INT TERM HUP; read -r line; umount -l \"$1\"", "sh", folder], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.unref();
  return guard;
}
