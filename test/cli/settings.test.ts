import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { databaseIn, describeOnSqlite } from "../support/database.js";
import { adresslista, inFolder, type Outcome, PROCESSES_MILLISECONDS, SAMPLE } from "./program.js";

describe("wrong settings", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("end every command with 3 and one line that names the setting and where it stands", () =>
    inFolder(async (folder) => {
      const file = join(folder, "fel.json");
      writeFileSync(file, '{ "prot": 80 }');
      for (const args of [
        ["serve"],
        ["status"],
        ["reload", "--file", SAMPLE],
        ["caller", "list"],
        ["demo"],
      ]) {
        expectRefusal(
          await adresslista([...args, "--config", file], { folder }),
          `unknown setting prot (in ${file})`,
        );
      }
    }));

  it("may stand in the environment or on the command line", () =>
    inFolder(async (folder) => {
      const inVariable = await adresslista(["status"], { folder, env: { ADRESSLISTA_WORKERS: "många" } });
      expectRefusal(inVariable, "workers must be a whole number from 1 to 64 (in ADRESSLISTA_WORKERS)");
      const inOption = await adresslista(["serve", "--port", "åtta"], { folder });
      expectRefusal(inOption, "port must be a whole number from 0 to 65535 (in option --port)");
    }));

  it("include an address of PostgreSQL that is none, and do not repeat it", () =>
    inFolder(async (folder) => {
      const env = { ADRESSLISTA_DATABASE: "postgres://u:hemligt@host" };
      const outcome = await adresslista(["status"], { folder, env });
      expectRefusal(outcome, "database must have the form postgres://user@host:port/database");
      expect(outcome.stderr).not.to.include("hemligt");
    }));

  it("include files that a setting names and that cannot be used", () =>
    inFolder(async (folder) => {
      const alias = join(folder, "alias.csv");
      writeFileSync(alias, "kurskod;alias\nMATMAT02b;MA2B\nMATMAT02c;ma2b\n");
      const env = { ADRESSLISTA_KURSKOD_ALIAS_FILE: alias };
      expectRefusal(
        await adresslista(["serve"], { folder, env }),
        `kurskodAliasFile: ${alias}, line 3: the alias stands there twice`,
      );
      const missing = { ADRESSLISTA_PROTECTED_FILE: "saknas.txt" };
      const outcome = await adresslista(["reload", "--file", SAMPLE], { folder, env: missing });
      expectRefusal(outcome, `protectedFile: cannot read ${join(folder, "saknas.txt")} (ENOENT)`);
    }));
});

describeOnSqlite("a database that cannot be opened", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("ends with 8", () =>
    inFolder(async (folder) => {
      mkdirSync(databaseIn(folder), { recursive: true });
      for (const args of [["status"], ["caller", "list"], ["serve"]]) {
        const { code, stdout, stderr } = await adresslista(args, { folder });
        expect(code).to.equal(8);
        expect(stdout).to.equal("");
        expect(stderr).to.match(/^adresslista: cannot .*\n$/);
      }
    }));
});

function expectRefusal({ code, stdout, stderr }: Outcome, line: string): void {
  expect(stderr)
    .to.match(/^adresslista: .*\n$/)
    .and.to.include(line);
  expect(stdout).to.equal("");
  expect(code).to.equal(3);
}
