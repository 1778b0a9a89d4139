import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { shownDatabase } from "../../lib/store/open.js";
import { besideDatabaseIn, databaseExists, databaseIn } from "../support/database.js";
import { adresslista, inFolder, PROCESSES_MILLISECONDS, SAMPLE, writeExport } from "./program.js";

describe("adresslista status", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("says that nothing is loaded, with 8, and makes no database by looking", () =>
    inFolder(async (folder) => {
      const text = await adresslista(["status"], { folder });
      expect(text.code).to.equal(8);
      expect(text.stdout).to.equal(
        `nothing is loaded in ${shownDatabase(databaseIn(folder))}\nlast reload: none is known\n`,
      );
      const json = await adresslista(["status", "--json"], { folder });
      expect(json.code).to.equal(8);
      expect(JSON.parse(json.stdout)).to.deep.equal({ generation: null, kept: [], lastReload: null });
      expect(existsSync(join(folder, "data"))).to.equal(false);
      expect(await databaseExists(databaseIn(folder))).to.equal(false);
    }));

  it("says what is served, of what it was made, what is in it and what is to be looked at", () =>
    inFolder(async (folder) => {
      await adresslista(["reload", "--file", SAMPLE], { folder });
      const before = readdirSync(join(folder, "data")).sort();
      const { code, stdout, stderr } = await adresslista(["status"], { folder });
      expect(code, stderr).to.equal(0);
      expect(stdout)
        .to.match(/^generation 1, loaded 20\d\d-.*Z\nexport made: 2026-11-24T02:15:00 \(.* old\)\n/)
        .and.to.match(/^file: sample-export\.xml, 485161 bytes, sha256 [0-9a-f]{64}$/m)
        .and.to.match(/^NAMN: 435$/m)
        .and.to.match(/^all schools: \d+ persons, \d+ occasions, \d+ registrations$/m)
        .and.to.match(/^school VUX|^school LVUX/m)
        .and.to.match(/^ {2}\d+ × /m)
        .and.to.match(/^last reload: loaded load 1 20\d\d-.*Z$/m);
      const after = readdirSync(join(folder, "data")).filter((name) => !/-(wal|shm)$/.test(name));
      expect(after.sort()).to.deep.equal(before.filter((name) => !/-(wal|shm)$/.test(name)));
    }));

  it("says the same as JSON", () =>
    inFolder(async (folder) => {
      await adresslista(["reload", "--file", SAMPLE], { folder });
      const { stdout } = await adresslista(["status", "--json"], { folder });
      const told = JSON.parse(stdout) as Record<string, unknown>;
      expect(told).to.have.all.keys(
        ...[
          "generation",
          "loadedAt",
          "exportDatetime",
          "ageSeconds",
          "stale",
          "maxAgeHours",
          "files",
          "counts",
        ],
        ...["schools", "warnings", "causes", "forced", "kept", "lastReload"],
      );
      expect(told).to.deep.include({ generation: 1, stale: false, maxAgeHours: 96, forced: [], kept: [] });
      expect(told.lastReload).to.deep.include({ state: "ended", outcome: "loaded", exitCode: 0, load: 1 });
      expect((told.causes as object[])[0]).to.have.all.keys("cause", "severity", "text", "count");
      expect((told.schools as { institution: string }[])[0]?.institution).to.equal("*");
    }));

  it("counts the age from the export's own datetime, and ends with 7 and one line when it is stale", () =>
    inFolder(async (folder) => {
      const hours = (before: number) => new Date(Date.now() - before * 3_600_000).toISOString();
      await adresslista(["reload", "--file", exportOf(folder, hours(95))], { folder });
      expect((await adresslista(["status"], { folder })).code).to.equal(0);
      const file = exportOf(folder, hours(97));
      await adresslista(["reload", "--force", "--file", file], { folder });
      const { code, stdout, stderr } = await adresslista(["status"], { folder });
      expect(code).to.equal(7);
      expect(stdout)
        .to.match(/^generation 2, /)
        .and.to.include("(4 days old, stale)");
      expect(stderr).to.equal(
        "adresslista: what is served is stale: 4 days old, more than maxAgeHours (96 h)\n",
      );
      const json = await adresslista(["status", "--json"], {
        folder,
        env: { ADRESSLISTA_MAX_AGE_HOURS: "98" },
      });
      expect(json.code).to.equal(0);
      expect(JSON.parse(json.stdout)).to.deep.include({ stale: false });
    }));

  it("is not fooled by an export that says that it is from the future, or nothing", () =>
    inFolder(async (folder) => {
      for (const datetime of ["2999-01-01T00:00:00", "0001-01-01T00:00:00"]) {
        const { stderr } = await adresslista(["reload", "--force", "--file", exportOf(folder, datetime)], {
          folder,
        });
        const { stdout, code } = await adresslista(["status", "--json"], { folder });
        expect(code, stderr).to.equal(0);
        expect((JSON.parse(stdout) as { ageSeconds: number }).ageSeconds).to.be.within(0, 600);
      }
    }));

  it("lists the loads that can be gone back to, newest first", () =>
    inFolder(async (folder) => {
      for (const day of [1, 2, 3]) {
        const file = exportOf(folder, `2026-11-0${day}T02:15:00`, 30 + day);
        await adresslista(["reload", "--file", file], { folder });
      }
      const { stdout } = await adresslista(["status", "--json"], { folder });
      const { kept } = JSON.parse(stdout) as { kept: { load: number }[] };
      expect(kept.map(({ load }) => load)).to.deep.equal([2, 1]);
    }));

  it("says how the last reload failed, while the one before is served", () =>
    inFolder(async (folder) => {
      await adresslista(["reload", "--file", SAMPLE], { folder });
      await adresslista(["reload", "--file", "saknas.xml"], { folder });
      const { code, stdout } = await adresslista(["status"], { folder });
      expect(code).to.equal(0);
      expect(stdout)
        .to.match(/^generation 1, /)
        .and.to.match(/^last reload: failed 20\d\d-.*Z, exit code 6: .*saknas\.xml/m);
    }));

  it("can do without the status file, and says so", () =>
    inFolder(async (folder) => {
      await adresslista(["reload", "--file", SAMPLE], { folder });
      writeFileSync(besideDatabaseIn(folder, ".status.json"), "trasig");
      const { code, stdout } = await adresslista(["status"], { folder });
      expect(code).to.equal(0);
      expect(stdout).to.match(/^last reload: none is known$/m);
    }));
});

function exportOf(folder: string, datetime: string, persons = 30): string {
  return writeExport(join(folder, "export.xml"), persons, { datetime });
}
