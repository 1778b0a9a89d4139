import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { verifySecret } from "../../lib/access/secret.js";
import { openStore } from "../../lib/store/open.js";
import type { CallerRecord } from "../../lib/store/queries.js";
import { databaseExists, databaseIn, partsThatHold } from "../support/database.js";
import { adresslista, inFolder, PROCESSES_MILLISECONDS } from "./program.js";

describe("adresslista caller", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("adds a caller with the first line of standard input as its secret, and prints nothing of it", () =>
    inFolder(async (folder) => {
      const args = ["caller", "add", "portal", "--institutions", "LVUX, blå"];
      const { code, stdout, stderr } = await adresslista(args, { folder, input: "  hemlig åäö \r\nmer\n" });
      expect(code).to.equal(0);
      expect(stdout).to.equal("");
      expect(stderr).to.equal("caller portal added, with rights to LVUX, blå\n");
      const caller = await stored(folder, "portal");
      expect(caller).to.deep.include({ institutions: ["LVUX", "blå"], addresses: [], expires: null });
      expect(await verifySecret("hemlig åäö", hashOf(caller))).to.equal(true);
      expect(await partsThatHold(folder, "portal")).not.to.deep.equal([]);
      expect(await partsThatHold(folder, "hemlig")).to.deep.equal([]);
    }));

  it("makes a secret when standard input has none, and prints it once on standard output", () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await adresslista(["caller", "add", "portal"], { folder });
      expect(code).to.equal(0);
      expect(stdout).to.match(/^[\w-]{32}\n$/);
      expect(stderr).to.equal("caller portal added, with rights to all institutions\n");
      expect(await verifySecret(stdout.trim(), hashOf(await stored(folder, "portal")))).to.equal(true);
    }));

  it("lists callers without their secrets, and removes them", () =>
    inFolder(async (folder) => {
      expect(await adresslista(["caller", "list", "--json"], { folder })).to.deep.include({
        code: 0,
        stdout: "[]\n",
      });
      await adresslista(["caller", "add", "portal", "--institutions", "LVUX"], { folder, input: "hemlig\n" });
      await adresslista(["caller", "add", "annan"], { folder, input: "hemlig\n" });
      const asJson = await adresslista(["caller", "list", "--json"], { folder });
      const callers = JSON.parse(asJson.stdout) as CallerRecord[];
      expect(callers.map(({ name, institutions }) => [name, institutions])).to.deep.equal([
        ["annan", "*"],
        ["portal", ["LVUX"]],
      ]);
      for (const caller of callers)
        expect(caller).to.have.all.keys(
          "name",
          "institutions",
          "verifier",
          "addresses",
          "expires",
          "created",
        );
      const asText = await adresslista(["caller", "list"], { folder });
      expect(asText.stdout.split("\n")[2]).to.match(/^portal +LVUX +secret +\* +never +20\d\d-/);

      const removal = await adresslista(["caller", "remove", "portal"], { folder });
      expect(removal).to.deep.equal({ code: 0, stdout: "", stderr: "caller portal removed\n" });
      expect(await stored(folder, "portal")).to.equal(undefined);
      expect(await stored(folder, "annan")).not.to.equal(undefined);
    }));

  it("refuses a name that is taken, and one that is not there, with 2", () =>
    inFolder(async (folder) => {
      await adresslista(["caller", "add", "portal"], { folder, input: "hemlig\n" });
      const before = await stored(folder, "portal");
      const again = await adresslista(["caller", "add", " portal "], { folder });
      expect(again).to.deep.equal({
        code: 2,
        stdout: "",
        stderr: "adresslista: there is a caller portal already\n",
      });
      expect(await stored(folder, "portal")).to.deep.equal(before);
      const removal = await adresslista(["caller", "remove", "annan"], { folder });
      expect(removal).to.deep.include({
        code: 2,
        stderr: "adresslista: there is no caller with that name\n",
      });
    }));

  it("refuses what is no name, no institution or no secret, with 2 and nothing stored", () =>
    inFolder(async (folder) => {
      for (const [args, input] of [
        [["caller", "add", " "], "hemlig\n"],
        [["caller", "add", "por\ttal"], "hemlig\n"],
        [["caller", "add", "x".repeat(101)], "hemlig\n"],
        [["caller", "add", "portal", "--institutions", "LVUX,"], "hemlig\n"],
        [["caller", "add", "portal", "--institutions", "I0001"], "hemlig\n"],
        [["caller", "add", "portal"], "hem\u0007lig\n"],
        [["caller", "add", "portal"], "x".repeat(5000)],
      ] as const) {
        const { code, stdout, stderr } = await adresslista(args, { folder, input });
        expect(code, stderr).to.equal(2);
        expect(stdout).to.equal("");
        expect(stderr)
          .to.match(/^adresslista: .*\n$/)
          .and.not.to.include("hem");
      }
      expect(existsSync(join(folder, "data"))).to.equal(false);
      expect(await databaseExists(databaseIn(folder))).to.equal(false);
    }));

  it("makes no database by looking", () =>
    inFolder(async (folder) => {
      expect((await adresslista(["caller", "list"], { folder })).code).to.equal(0);
      expect((await adresslista(["caller", "remove", "portal"], { folder })).code).to.equal(2);
      expect(existsSync(join(folder, "data"))).to.equal(false);
      expect(await databaseExists(databaseIn(folder))).to.equal(false);
    }));
});

async function stored(folder: string, name: string): Promise<CallerRecord | undefined> {
  const store = await openStore(databaseIn(folder));
  try {
    return await store.findCaller(name);
  } finally {
    await store.close();
  }
}

function hashOf(caller: CallerRecord | undefined): string {
  expect(caller?.verifier).to.equal("secret");
  return caller?.verifier === "secret" ? caller.secretHash : "";
}
