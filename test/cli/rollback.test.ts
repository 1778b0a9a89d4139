import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { describe, it } from "mocha";
import { databaseExists, databaseIn, removeLoad, whileLocked } from "../support/database.js";
import { adresslista, inFolder, loads, PROCESSES_MILLISECONDS, startService } from "./program.js";

describe("adresslista rollback", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("has the load before served at once, also by a service that runs, and says what the next reload will do", () =>
    inFolder(async (folder) => {
      await loads(folder, 2);
      await adresslista(["caller", "add", "portal"], { folder, input: "hemligt\n" });
      const service = await startService(["serve", "--port", "0"], { folder });
      try {
        const { code, stdout, stderr } = await adresslista(["rollback"], { folder });
        expect(code, stderr).to.equal(0);
        expect(stdout).to.match(/^load 2 → load 1, loaded 20\d\d-.*\n$/);
        expect(stderr)
          .to.match(/next reload.*load 2.*refused.*--force/)
          .and.to.include("`adresslista rollback 2`");
        await call(service.url);
        // The line is on its way from another process.
        while (!/"generation":2.*"generation":1/s.test(service.stderr())) await delay(20);
      } finally {
        await service.stop();
      }
      const status = await adresslista(["status"], { folder });
      expect(status.stdout)
        .to.match(/^generation 1, /)
        .and.to.match(/^can be gone back to: load 2, .*gone back from/m);
    }));

  it("is not undone by the next reload of the same export, unless it is forced", () =>
    inFolder(async (folder) => {
      const exports = await loads(folder, 2);
      await adresslista(["rollback"], { folder });
      const again = ["reload", "--file", exports[1] ?? ""];
      const { code, stderr } = await adresslista(again, { folder });
      expect(code, stderr).to.equal(7);
      expect(stderr).to.match(/^refused: .*load 2.*gone back from/m);
      expect((await adresslista([...again, "--force"], { folder })).code).to.equal(0);
      expect((await adresslista(["status"], { folder })).stdout).to.match(/^generation 3, /);
    }));

  it("goes to any load that is kept, forwards too", () =>
    inFolder(async (folder) => {
      await loads(folder, 3);
      expect((await adresslista(["rollback", "1"], { folder })).stdout).to.match(/^load 3 → load 1,/);
      expect((await adresslista(["rollback", "3"], { folder })).stdout).to.match(/^load 1 → load 3,/);
    }));

  it("ends with 2 and names the loads that can be gone back to", () =>
    inFolder(async (folder) => {
      await loads(folder, 3);
      for (const [load, reason] of [
        ["3", "is the one that is served: there are 2, 1"],
        ["7", "is not kept: there are 2, 1"],
        ["två", "is the number of a load"],
        ["0", "is the number of a load"],
      ] as const) {
        const { code, stdout, stderr } = await adresslista(["rollback", load], { folder });
        expect(code).to.equal(2);
        expect(stdout).to.equal("");
        expect(stderr)
          .to.match(/^adresslista: .*\n$/)
          .and.to.include(reason);
      }
      for (const load of [1, 2]) await removeLoad(databaseIn(folder), load);
      const none = await adresslista(["rollback"], { folder });
      expect(none.code).to.equal(2);
      expect(none.stderr).to.include("there is none to go back to");
    }));

  it("makes no database when there is none", () =>
    inFolder(async (folder) => {
      const { code, stderr } = await adresslista(["rollback"], { folder });
      expect(code).to.equal(8);
      expect(stderr).to.match(/^adresslista: nothing is loaded in .*\n$/);
      expect(existsSync(join(folder, "data"))).to.equal(false);
      expect(await databaseExists(databaseIn(folder))).to.equal(false);
    }));

  it("ends with 9 while a reload runs", () =>
    inFolder(async (folder) => {
      await loads(folder, 2);
      await whileLocked(databaseIn(folder), async () => {
        expect((await adresslista(["rollback"], { folder })).code).to.equal(9);
      });
      expect((await adresslista(["status"], { folder })).stdout).to.match(/^generation 2, /);
    }));
});

async function call(url: string): Promise<void> {
  const body = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><getKurs>
    <arg0><authinfovo><caller>portal</caller><ticket><ticket>hemligt</ticket></ticket></authinfovo><type>2</type><uid>larare1</uid></arg0>
    <arg1><Institution>VUX</Institution></arg1>
  </getKurs></s:Body></s:Envelope>`;
  const answer = await fetch(`${url}/cxf/AdresslistaFetcher`, {
    method: "POST",
    headers: { "Content-Type": "text/xml" },
    body,
  });
  expect(await answer.text()).to.include("MATMAT02b");
}
