import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { describe, it } from "mocha";
import { ZipFile } from "yazl";
import type { ExportProfile } from "../../lib/inspect/profile.js";
import { exportOf, group, learners, person } from "../support/export.js";
import { adresslista, inFolder, PROCESSES_MILLISECONDS, SAMPLE } from "./program.js";

const UNKNOWN_KINDS = exportOf([
  person("E1"),
  group("S1", "Anordnare", { short: "VUX" }),
  group("K1", "Moment", { in: "S1", short: "MATMAT02b" }),
  group("T1", "Studiegrupp", { in: "K1", dates: "2009-01-19/2009-06-05" }),
  learners("T1", "E1"),
]);

describe("adresslista inspect", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("prints what an export looks like on standard output", () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await adresslista(["inspect", SAMPLE], { folder });
      expect(code, stderr).to.equal(0);
      expect(stdout)
        .to.match(/^\S+sample-export\.xml\n/)
        .and.to.include("encoding: utf-8, declared UTF-8")
        .and.to.include('61 × "kursgrupp" (scheme Alvis, level 4) → occasion')
        .and.to.include('1 × "huvudman" (scheme Alvis, level 1) → NOT LOADED')
        .and.to.include("userid PID (read): 431, 424 correct")
        .and.to.include("e-mail: 410 of 437")
        .and.to.match(/No change of the mapping is proposed\.\n$/);
      expect(stderr).to.equal("reading the export\n");
    }));

  it("proposes a mapping that can be pasted into the settings: nothing is then left to propose", () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, "okänd.xml"), UNKNOWN_KINDS);
      const text = await adresslista(["inspect", "okänd.xml"], { folder });
      const proposed = text.stdout.slice(text.stdout.indexOf("\n{\n"));
      writeFileSync(join(folder, "adresslista.config.json"), proposed);
      const json = await adresslista(["inspect", "--json", "okänd.xml"], { folder });
      expect(json.code, json.stderr).to.equal(0);
      const profile = JSON.parse(json.stdout) as ExportProfile;
      expect(profile.proposal).to.deep.equal({ mapping: null, reasons: [] });
      expect(profile.groups.kinds.map(({ kind }) => kind)).to.have.members(["school", "course", "occasion"]);
      expect((await adresslista(["reload", "--file", "okänd.xml"], { folder })).code).to.equal(0);
    }));

  it("looks into archives, and tells of one that is damaged", () =>
    inFolder(async (folder) => {
      const zip = new ZipFile();
      zip.addBuffer(Buffer.from(exportOf([person("E1")])), "personer.xml");
      zip.addBuffer(Buffer.from(exportOf([learners("T1", "E1")])), "grupper.xml");
      zip.end();
      await pipeline(zip.outputStream, createWriteStream(join(folder, "leverans.zip")));
      writeFileSync(join(folder, "mer.xml.gz"), gzipSync(exportOf([group("T1", "Kursgrupp")])));
      writeFileSync(join(folder, "trasig.zip"), readFileSync(join(folder, "leverans.zip")).subarray(0, 200));
      const paths = ["leverans.zip", "mer.xml.gz", "trasig.zip"];
      const { code, stdout, stderr } = await adresslista(["inspect", "--json", ...paths], { folder });
      expect(code, stderr).to.equal(0);
      const { archives, files, references } = JSON.parse(stdout) as ExportProfile;
      expect(archives.map(({ name, parts }) => [name, ...parts])).to.deep.equal([
        ["leverans.zip", "leverans.zip/grupper.xml", "leverans.zip/personer.xml"],
        ["mer.xml.gz", "mer.xml"],
        ["trasig.zip"],
      ]);
      expect(archives[2]?.stopped).to.include("damaged or truncated zip");
      expect(files.map(({ counts }) => [counts.persons, counts.groups, counts.members])).to.deep.equal([
        [0, 0, 1],
        [1, 0, 0],
        [0, 1, 0],
      ]);
      expect(references.unknownPersons.count + references.unknownGroups.count).to.equal(0);
    }));

  it("takes several files as one data set", () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, "a.xml"), exportOf([person("E1")]));
      writeFileSync(join(folder, "b.xml"), exportOf([learners("T1", "E1")]));
      const { stdout } = await adresslista(["inspect", "--json", "a.xml", "b.xml"], { folder });
      const { files, references } = JSON.parse(stdout) as ExportProfile;
      expect(files.map(({ name }) => name)).to.deep.equal(["a.xml", "b.xml"]);
      expect(references.unknownPersons.count).to.equal(0);
      expect(references.unknownGroups).to.deep.equal({ count: 1, places: [{ file: "b.xml", line: 4 }] });
    }));

  it("looks at what a load would refuse, as far as it goes, and ends with 0", () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, "kapad.xml"), `<enterprise>\n${person("E1")}\n<group`);
      const { code, stdout } = await adresslista(["inspect", "kapad.xml"], { folder });
      expect(code).to.equal(0);
      expect(stdout)
        .to.match(/NOT READ TO ITS END, a load refuses it: kapad\.xml, line 3: /)
        .and.to.include("All files: 1 persons");
    }));

  it("ends with 6 for a file that cannot be read, and with 2 without one", () =>
    inFolder(async (folder) => {
      for (const path of ["saknas.xml", folder]) {
        const { code, stdout, stderr } = await adresslista(["inspect", SAMPLE, path], { folder });
        expect(code).to.equal(6);
        expect(stdout).to.equal("");
        expect(stderr).to.match(/^adresslista: \S+: cannot be read \((ENOENT|EISDIR)\)\n$/);
      }
      expect((await adresslista(["inspect"], { folder })).code).to.equal(2);
    }));
});
