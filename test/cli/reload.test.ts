import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import type { LoadReport } from "../../lib/reload/report.js";
import { generateExport } from "../../lib/sample/generate.js";
import { adresslista, inFolder, PROCESSES_MILLISECONDS, SAMPLE, start } from "./program.js";

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

  it("prints the report as JSON, and status says the same of the load", () =>
    inFolder(async (folder) => {
      const { stdout } = await adresslista(["reload", "--json", "--file", SAMPLE], { folder });
      const report = JSON.parse(stdout) as LoadReport;
      const status = await adresslista(["status", "--json"], { folder });
      expect(status.code).to.equal(0);
      const { ageSeconds, ...told } = JSON.parse(status.stdout) as Record<string, unknown>;
      expect(ageSeconds).to.be.within(0, 600);
      expect(told).to.deep.include({
        generation: report.load,
        loadedAt: report.loadedAt,
        exportDatetime: report.exportDatetime,
        counts: report.counts,
        files: report.files.map(({ name, sha256, bytes }) => ({ name, sha256, bytes })),
      });
      const text = await adresslista(["status"], { folder });
      expect(text.stdout)
        .to.match(/^generation 1, loaded .*\(0 min ago\)\n/)
        .and.to.include(report.files[0]?.sha256);
    }));

  it("ends with 6 when the export is unusable, and changes nothing", () =>
    inFolder(async (folder) => {
      await adresslista(["reload", "--file", SAMPLE], { folder });
      const before = await adresslista(["status", "--json"], { folder });
      const broken = join(folder, "trasig.xml");
      writeFileSync(broken, "<enterprise>\n<person><sourcedid><id>E1</id></sourcedid>\n</enterprise>");
      for (const file of [broken, join(folder, "saknas.xml")]) {
        const { code, stdout, stderr } = await adresslista(["reload", "--file", file], { folder });
        expect(code, stderr).to.equal(6);
        expect(stdout).to.equal("");
        expect(stderr.split("\n").at(-2)).to.match(/^adresslista: .*(trasig|saknas)\.xml/);
      }
      const after = await adresslista(["status", "--json"], { folder });
      expect(withoutAge(after.stdout)).to.deep.equal(withoutAge(before.stdout));
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

  for (const [signal, expected] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    it(`ends with ${expected} on ${signal}, leaves no half load, and the next one succeeds`, () =>
      inFolder(async (folder) => {
        const large = join(folder, "stor.xml");
        writeFileSync(
          large,
          [...generateExport({ seed: 1, persons: 20_000, occasions: 500, memberships: 60_000 })].join(""),
        );
        const child = start(["reload", "--file", large], { folder });
        let said = "";
        child.stderr?.setEncoding("utf8").on("data", (text: string) => {
          said += text;
          if (said.includes("reading the export\n")) child.kill(signal);
        });
        const [code] = await once(child, "close");
        expect(code).to.equal(expected);
        expect(said).to.match(/adresslista: interrupted\n$/);
        expect((await adresslista(["status"], { folder })).stdout).to.match(/^nothing is loaded/);
        expect(readdirSync(join(folder, "data")).filter((name) => name.includes(".load-"))).to.deep.equal([]);
        expect((await adresslista(["reload", "--file", SAMPLE], { folder })).code).to.equal(0);
      }));
  }

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

describe("adresslista status", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("says that nothing is loaded, with 8, and makes no database by looking", () =>
    inFolder(async (folder) => {
      const text = await adresslista(["status"], { folder });
      expect(text.code).to.equal(8);
      expect(text.stdout).to.equal(`nothing is loaded in ${join(folder, "data/adresslista.sqlite")}\n`);
      const json = await adresslista(["status", "--json"], { folder });
      expect(json.code).to.equal(8);
      expect(JSON.parse(json.stdout)).to.deep.equal({ generation: null });
      expect(existsSync(join(folder, "data"))).to.equal(false);
    }));
});

function withoutAge(json: string): unknown {
  return { ...(JSON.parse(json) as object), ageSeconds: 0 };
}
