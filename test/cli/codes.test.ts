import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { databaseExists, databaseIn, whileLocked } from "../support/database.js";
import { adresslista, inFolder, PROCESSES_MILLISECONDS, SAMPLE } from "./program.js";

const exported = async (folder: string, register: string) => {
  const { code, stdout, stderr } = await adresslista(["codes", "export", register], { folder });
  expect(code, stderr).to.equal(0);
  return stdout;
};
const imported = (folder: string, register: string, input: string) =>
  adresslista(["codes", "import", register], { folder, input });

describe("adresslista codes", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("exports an empty register as its header, and makes no database by looking", () =>
    inFolder(async (folder) => {
      expect(await exported(folder, "institutions")).to.equal("grupp;institution\n");
      expect(await exported(folder, "anmkod")).to.equal("kurstillfalle;kurskod;anmkod\n");
      expect(readdirSync(folder)).to.deep.equal([]);
      expect(await databaseExists(databaseIn(folder))).to.equal(false);
    }));

  it("adds, changes and removes the rows that are given, and says how many", () =>
    inFolder(async (folder) => {
      const first = await imported(folder, "institutions", "grupp;institution\nS1;VUX\nS2;BLÅ\nS3;HJO\n");
      expect(first.code, first.stderr).to.equal(0);
      expect(first.stdout).to.equal("institutions: 3 added, 0 changed, 0 removed\n");
      expect(first.stderr).to.match(/^takes effect at the next load/);
      const second = await imported(folder, "institutions", "S1;VUX\nS2;BLA\nS3;\nS4;VUX\nS9;\n");
      expect(second.stdout).to.equal("institutions: 1 added, 1 changed, 1 removed\n");
      expect(await exported(folder, "institutions")).to.equal("grupp;institution\nS1;VUX\nS2;BLA\nS4;VUX\n");
      const third = await imported(folder, "institutions", await exported(folder, "institutions"));
      expect(third.stdout).to.equal("institutions: 0 added, 0 changed, 0 removed\n");
      expect(third.stderr).to.equal("");
    }));

  it("reads what a spreadsheet writes: byte order mark, line ends, quotes, empty rows", () =>
    inFolder(async (folder) => {
      const file = join(folder, "koder.csv");
      writeFileSync(
        file,
        '\uFEFFKurstillfalle;Kurskod;Anmkod\r\n"T;1";MATMAT02b; 12345 \r\n;;\r\n\r\n"T""2";"ENGENG05";A0002\r\n',
      );
      const { code, stderr } = await adresslista(["codes", "import", "anmkod", "--file", "koder.csv"], {
        folder,
      });
      expect(code, stderr).to.equal(0);
      const csv = await exported(folder, "anmkod");
      expect(csv).to.equal('kurstillfalle;kurskod;anmkod\n"T""2";ENGENG05;A0002\n"T;1";MATMAT02b;12345\n');
      expect((await imported(folder, "anmkod", csv)).stdout).to.equal(
        "anmkod: 0 added, 0 changed, 0 removed\n",
      );
    }));

  it("lets two occasions exchange their codes", () =>
    inFolder(async (folder) => {
      await imported(folder, "anmkod", "T1;MATMAT02b;A0001\nT2;MATMAT02b;A0002\n");
      const { stdout } = await imported(folder, "anmkod", "T1;matmat02B;A0002\nT2;MATMAT02b;A0001\n");
      expect(stdout).to.equal("anmkod: 0 added, 2 changed, 0 removed\n");
    }));

  for (const [register, there, cases] of [
    [
      "institutions",
      "S9;VUX\n",
      [
        ["a code that is none", "S1;VUX\n\nS2;FÖRLÅNG\n", /line 3 \(S2\): an institution's code has 1 to 4/],
        ["a missing id", "grupp;institution\n;VUX\n", /line 2: grupp is missing/],
        ["a missing column", "S1;VUX\nS2\n", /line 2: must be grupp;institution/],
        ["a column too many", "S1;VUX;x\n", /line 1: must be grupp;institution/],
        ["a row that stands twice", "S1;VUX\nS2;VUX\nS1;\n", /line 3: stands in line 1 already/],
        ["an open quote", 'S1;VUX\nS2;"VUX\n', /line 2: a quote that does not close/],
      ],
    ],
    [
      "anmkod",
      "T1;MATMAT02b;A0001\n",
      [
        ["an Anmkod that is none", "T1;MATMAT02b;FÖRLÅNG\n", /line 1 \(T1 MATMAT02b\): an Anmkod has/],
        ["an Anmkod that two have", "T2;MATMAT02b;A0002\nT3;MATMAT02b;A0001\n", /line 2 \(T3 .*T1/],
        ["one course twice", "T2;mat;A0002\nT2;MAT;\n", /line 2: stands in line 1 already/],
      ],
    ],
  ] as const) {
    it(`changes nothing of ${register} for one wrong row, and names its line`, () =>
      inFolder(async (folder) => {
        await imported(folder, register, there);
        for (const [what, input, said] of cases) {
          const { code, stdout, stderr } = await imported(folder, register, input);
          expect(code, what).to.equal(2);
          expect(stdout, what).to.equal("");
          expect(stderr, what).to.match(said);
        }
        expect((await exported(folder, register)).split("\n").slice(1).join("\n")).to.equal(there);
      }));
  }

  it("refuses what is not UTF-8, no file, and no such register", () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, "latin1.csv"), Buffer.from("S1;BLÅ\n", "latin1"));
      for (const args of [
        ["import", "institutions", "--file", "latin1.csv"],
        ["import", "institutions", "--file", "saknas.csv"],
        ["import", "kurser"],
        ["export"],
      ]) {
        expect((await adresslista(["codes", ...args], { folder })).code, args.join(" ")).to.equal(2);
      }
    }));

  it("edits nothing while a reload is running", () =>
    inFolder(async (folder) => {
      await imported(folder, "institutions", "S1;VUX\n");
      await whileLocked(databaseIn(folder), async () => {
        expect((await imported(folder, "institutions", "S1;BLÅ\n")).code).to.equal(9);
      });
      expect(await exported(folder, "institutions")).to.include("S1;VUX");
    }));

  it("keeps all codes through every load, those that were edited too", () =>
    inFolder(async (folder) => {
      const load = () => adresslista(["reload", "--force", "--file", SAMPLE], { folder });
      expect((await load()).code).to.equal(0);
      const institutions = await exported(folder, "institutions");
      const anmkod = await exported(folder, "anmkod");
      expect(anmkod.split("\n").length).to.be.above(20);
      expect((await load()).code).to.equal(0);
      expect(await exported(folder, "institutions")).to.equal(institutions);
      expect(await exported(folder, "anmkod")).to.equal(anmkod);
      const [, firstRow = ""] = anmkod.split("\n");
      const edited = firstRow.replace(/[^;]+$/, "Z9Z9Z");
      expect((await imported(folder, "anmkod", `${edited}\n`)).stdout).to.match(/1 changed/);
      expect((await imported(folder, "institutions", "skola-hjortron;HJO\n")).code).to.equal(0);
      expect((await load()).code).to.equal(0);
      expect(await exported(folder, "anmkod")).to.equal(anmkod.replace(firstRow, edited));
      expect(await exported(folder, "institutions")).to.include("skola-hjortron;HJO\n");
    }));
});

describe("adresslista codes for aliases", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  const configure = (folder: string) => {
    writeFileSync(join(folder, "adresslista.config.json"), '{ "kurskodAliasFile": "alias.csv" }');
    return join(folder, "alias.csv");
  };

  it("needs the setting that names the file", () =>
    inFolder(async (folder) => {
      for (const command of ["export", "import"]) {
        const { code, stderr } = await adresslista(["codes", command, "aliases"], {
          folder,
          input: "A1;B1\n",
        });
        expect(code).to.equal(3);
        expect(stderr).to.match(/^adresslista: kurskodAliasFile is not set/);
      }
    }));

  it("makes the file, and edits its rows where they stand", () =>
    inFolder(async (folder) => {
      const file = configure(folder);
      expect(await exported(folder, "aliases")).to.equal("kurskod;alias\n");
      expect(existsSync(file)).to.equal(false);
      const made = await imported(folder, "aliases", "MATMAT02b;MA2B\nENGENG05;EN5\nHISHIS01a1;HI1A1\n");
      expect(made.code, made.stderr).to.equal(0);
      expect(made.stdout).to.equal("aliases: 3 added, 0 changed, 0 removed\n");
      expect(made.stderr).to.equal("takes effect when the service is started anew\n");
      chmodSync(file, 0o640);
      const { stdout } = await imported(folder, "aliases", "engeng05;\nMATMAT02b;MAT2B\nSVESVE01;SV1\n");
      expect(stdout).to.equal("aliases: 1 added, 1 changed, 1 removed\n");
      expect(readFileSync(file, "utf8")).to.equal(
        "kurskod;alias\nMATMAT02b;MAT2B\nHISHIS01a1;HI1A1\nSVESVE01;SV1\n",
      );
      expect(await exported(folder, "aliases")).to.equal(readFileSync(file, "utf8"));
      expect(statSync(file).mode & 0o777).to.equal(0o640);
      expect(readdirSync(folder).sort()).to.deep.equal(["adresslista.config.json", "alias.csv"]);
    }));

  it("changes nothing for one wrong row, and names its line", () =>
    inFolder(async (folder) => {
      const file = configure(folder);
      writeFileSync(file, "A1;B1\n");
      for (const [what, input, said] of [
        ["an alias that is none", "C1;D-1\n", /line 1: the alias must have/],
        ["an alias that another has", "C1;D1\nE1;b1\n", /line 2: the alias stands there twice/],
        ["a code that is another's alias", "B1;C1\n", /line 1: the course code is another one's alias/],
        ["an alias that is another's code", "C1;A1\n", /line 1: the alias is another one's course code/],
      ] as const) {
        const { code, stderr } = await imported(folder, "aliases", input);
        expect(code, what).to.equal(2);
        expect(stderr, what).to.match(said);
        expect(readFileSync(file, "utf8")).to.equal("A1;B1\n");
      }
    }));

  it("says as a wrong setting what is wrong with the file as it is", () =>
    inFolder(async (folder) => {
      writeFileSync(configure(folder), "A1;B1\nA1;C1\n");
      const { code, stderr } = await imported(folder, "aliases", "D1;E1\n");
      expect(code).to.equal(3);
      expect(stderr).to.match(/alias\.csv, line 2: the course code stands there twice/);
    }));
});
