import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { type Cluster, type Disk, startCluster } from "./cluster.js";
import {
  type Exports,
  exportsIn,
  type Machine,
  machine,
  type Serving,
  servedLoad,
  servingOld,
} from "./scenario.js";

/** Room that is left for a load, as a share of what it takes: it runs full at its beginning, midway, and at its end. */
const SHARES = [0, 0.3, 0.6, 0.9];
const DISK_MEGABYTES = 48;
const SCHEMA = "disk";

/**
 * Loads go to a disk of their own (a tablespace): one that also holds PostgreSQL's log of changes stops the server itself
 * when it is full, which is an outage (outage.faults.ts).
 */
describe("a load that finds the disk of the database full", () => {
  let cluster: Cluster;
  let here: Machine;
  let exports: Exports;
  let serving: Serving;
  let disk: Disk;
  let bytes: number;

  before(async function () {
    if (process.getuid?.() !== 0) {
      console.log("not root: no disk of its own can be mounted and filled");
      this.skip();
    }
    cluster = await startCluster();
    disk = cluster.disk(DISK_MEGABYTES);
    await cluster.primary.query(`CREATE TABLESPACE small LOCATION '${disk.folder}'`);
    await cluster.primary.query("GRANT CREATE ON TABLESPACE small TO adresslista");
    await cluster.primary.query("ALTER DATABASE adresslista SET default_tablespace = small");
    here = machine(cluster.primary.url(SCHEMA));
    exports = await exportsIn(here.folder);
    serving = await servingOld(here, exports);
    const [row] = await cluster.primary.query(`SELECT sum(pg_total_relation_size(oid))::float8 AS bytes
      FROM pg_class WHERE relnamespace = '${SCHEMA}_load_1'::regnamespace AND relkind = 'r'`);
    bytes = row?.bytes as number;
  });

  after(async () => {
    here?.remove();
    await cluster?.end();
  });

  /** Schemas of loads. */
  const loadsThere = async () => {
    const rows = await cluster.primary.query(
      `SELECT nspname FROM pg_namespace WHERE nspname LIKE '${SCHEMA}\\_load\\_%' ORDER BY 1`,
    );
    return rows.map(({ nspname }) => nspname);
  };

  for (const share of SHARES) {
    it(`ends with 8 and says so, with room for ${share} of it: what is served stays, and nothing of it is left`, async () => {
      disk.leave(share * bytes);
      try {
        const { code, stderr } = await here.load(exports.new);
        expect(code, stderr).to.equal(8);
        const errors = stderr.split("\n").filter((line) => line.startsWith("adresslista: "));
        expect(errors).to.have.length(1);
        expect(errors[0]).to.match(/\(53100: the disk of the database is full\)$/);
        expect(await servedLoad(here)).to.equal(1);
        await serving.expectOld();
        expect(await loadsThere()).to.deep.equal([`${SCHEMA}_load_1`]);
        expect(here.leftovers()).to.deep.equal([]);
      } finally {
        disk.empty();
      }
    });
  }

  it("hinders none after it", async () => {
    await here.done("reload", "--force", "--file", exports.new);
    expect(await servedLoad(here)).to.equal(2);
    expect((await serving.bodies()).join() === serving.old.join()).to.equal(false);
  });
});
