import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { shownDatabase } from "../../lib/store/open.js";
import { damageTable, databaseIn, removeLoad, whileLocked } from "../support/database.js";
import { adresslista, inFolder, loads, PROCESSES_MILLISECONDS, writeExport } from "./program.js";

const other = (folder: string) => databaseIn(folder, "other/new.sqlite");

describe("adresslista migrate", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("copies callers, codes and all kept loads, and says how many answers it has compared", () =>
    inFolder(async (folder) => {
      await loads(folder, 2);
      await adresslista(["caller", "add", "portal", "--institutions", "I001"], {
        folder,
        input: "hemligt\n",
      });
      await adresslista(["caller", "add", "annan", "--verifier", "hmac"], { folder, input: "hemligt2\n" });
      const before = await shown(folder);
      const { code, stdout, stderr } = await adresslista(["migrate", "--to", other(folder)], { folder });
      expect(code, stderr).to.equal(0);
      expect(stdout)
        .to.match(/^2 loads and 2 callers are in .*; \d{3,} answers compared, all the same\n$/)
        .and.to.include(shownDatabase(other(folder)));
      expect(stderr).to.match(/^load 1 is copied.*\nload 2 is copied.*\nset database/);
      expect(await shown(folder, other(folder))).to.deep.equal(before);
      // The old one is as it was, and may go on.
      expect(await shown(folder)).to.deep.equal(before);
    }));

  it("leaves a database that rolls back, recognises its export and goes on with its codes", () =>
    inFolder(async (folder) => {
      const [first = "", second = ""] = await loads(folder, 2);
      await adresslista(["rollback"], { folder });
      expect(
        (await adresslista(["migrate", "--to", "-"], { folder, input: `${other(folder)}\n` })).code,
      ).to.equal(0);
      const env = { ADRESSLISTA_DATABASE: other(folder) };
      const unchanged = await adresslista(["reload", "--file", first], { folder, env });
      expect(unchanged.stderr + unchanged.stdout).to.include("load 1 is served");
      expect((await adresslista(["reload", "--file", second], { folder, env })).code).to.equal(7);
      expect((await adresslista(["rollback", "2"], { folder, env })).stdout).to.match(/^load 1 → load 2/);
      const third = writeExport(join(folder, "3.xml"), 33, { datetime: "2026-11-03T02:15:00" });
      expect((await adresslista(["reload", "--file", third], { folder, env })).code).to.equal(0);
      expect((await adresslista(["status"], { folder, env })).stdout).to.match(/^generation 3, /);
    }));

  it("refuses a database that holds something, the one in use, none, and one with nothing in it", () =>
    inFolder(async (folder) => {
      const nothing = await adresslista(["migrate", "--to", other(folder)], { folder });
      expect(nothing.code).to.equal(2);
      expect(nothing.stderr).to.include("nothing is loaded in");
      await loads(folder, 1);
      const same = await adresslista(["migrate", "--to", databaseIn(folder)], { folder });
      expect(same.code).to.equal(2);
      expect(same.stderr).to.include("is used already");
      const env = { ADRESSLISTA_DATABASE: other(folder) };
      await adresslista(["caller", "add", "portal"], { folder, env, input: "hemligt\n" });
      const held = await adresslista(["migrate", "--to", other(folder)], { folder });
      expect(held.code).to.equal(2);
      expect(held.stderr).to.include("holds something already");
      const wrong = await adresslista(["migrate", "--to", "postgres://u:hemligt@h"], { folder });
      expect(wrong.code).to.equal(2);
      expect(wrong.stderr).to.include("--to must have the form").and.not.to.include("hemligt");
    }));

  it("ends with 9 while a reload runs", () =>
    inFolder(async (folder) => {
      await loads(folder, 1);
      await whileLocked(databaseIn(folder), async () => {
        expect((await adresslista(["migrate", "--to", other(folder)], { folder })).code).to.equal(9);
      });
    }));

  it("serves nothing from the new database when a load cannot be read, and can be done again", () =>
    inFolder(async (folder) => {
      await loads(folder, 2);
      await damageTable(databaseIn(folder), 2, "PERSONVO");
      const { code, stderr } = await adresslista(["migrate", "--to", other(folder)], { folder });
      expect(code, stderr).to.equal(8);
      const env = { ADRESSLISTA_DATABASE: other(folder) };
      expect((await adresslista(["status"], { folder, env })).stdout).to.match(/^nothing is loaded/);
      await adresslista(["rollback"], { folder });
      await removeLoad(databaseIn(folder), 2);
      const again = await adresslista(["migrate", "--to", other(folder)], { folder });
      expect(again.code, again.stderr).to.equal(0);
      expect((await adresslista(["status"], { folder, env })).stdout).to.match(/^generation 1, /);
    }));
});

/** What an administrator sees of a database. */
async function shown(folder: string, database = databaseIn(folder)): Promise<unknown> {
  const env = { ADRESSLISTA_DATABASE: database };
  const output = async (...args: string[]) => (await adresslista(args, { folder, env })).stdout;
  const { lastReload: _, ...status } = JSON.parse(await output("status", "--json")) as Record<
    string,
    unknown
  >;
  return {
    status: { ...status, ageHours: undefined, ageSeconds: undefined, age: undefined },
    callers: await output("caller", "list", "--json"),
    institutions: await output("codes", "export", "institutions"),
    anmkod: await output("codes", "export", "anmkod"),
  };
}
