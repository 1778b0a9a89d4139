import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { describe, it } from "mocha";
import { besideDatabase, databaseOfTenant, shownDatabase } from "../../lib/store/open.js";
import { messageOf, type PortalCall, post } from "../support/calling.js";
import { breakDatabase, databaseExists, databaseIn, loadNumbersIn } from "../support/database.js";
import {
  ESLOV,
  exportXmlOf,
  type InventedRegister,
  institutionOf,
  kurskodOf,
  LUND,
  OWN,
} from "../support/tenants.js";
import { adresslista, inFolder, PROCESSES_MILLISECONDS, type RunOptions, startService } from "./program.js";

const SECRET = "hemlig-biljett";

describe("commands of a service with tenants", function () {
  this.timeout(4 * PROCESSES_MILLISECONDS);

  it("take the tenant whose register they are about, and the service's own without one", () =>
    inTenantFolder(async (folder) => {
      await loaded(folder, "lund", LUND);
      await loaded(folder, undefined, OWN);
      for (const [tenant, register] of [
        [undefined, OWN],
        ["lund", LUND],
      ] as const) {
        const codes = await ok(["codes", "export", "anmkod", ...of(tenant)], { folder });
        expect(codes.stdout).to.include(kurskodOf(register));
        const status = JSON.parse(
          (await ok(["status", "--json", ...of(tenant ?? "lund")], { folder })).stdout,
        );
        expect(status).to.include({ generation: 1 }).and.not.have.property("tenants");
      }
      expect(
        (await ok(["codes", "export", "anmkod", "--tenant", "eslov"], { folder })).stdout,
      ).not.to.include("G1");
      const database = databaseOfTenant(databaseIn(folder), "lund");
      expect(await loadNumbersIn(database)).to.deep.equal([1]);
      const status = besideDatabase(database, join(folder, "data/lund"), ".status.json");
      expect(JSON.parse(readFileSync(status, "utf8"))).to.include({
        outcome: "loaded",
        load: 1,
      });

      await loaded(folder, "lund", LUND, "Ny");
      const back = await ok(["rollback", "--tenant", "lund"], { folder });
      expect(back.stdout).to.match(/^load 2 → load 1/);
      expect(back.stderr).to.include("`adresslista rollback --tenant lund 2` goes back");
      const again = await adresslista(reloadOf(folder, "lund", LUND, "Ny"), { folder });
      expect(again.code, again.stderr).to.equal(7);
      expect(again.stderr).to.include("adresslista reload --force --tenant lund --file PATH");
      expect((await adresslista(["rollback"], { folder })).code).to.equal(2);
    }));

  it("end with 2 and the names that there are when there is no such tenant, and write nothing", () =>
    inTenantFolder(async (folder) => {
      writeFileSync(join(folder, "export.xml"), exportXmlOf(LUND));
      for (const args of [
        ["reload", "--file", "export.xml"],
        ["status"],
        ["check"],
        ["rollback"],
        ["migrate", "--to", "annan.sqlite"],
        ["inspect", "export.xml"],
        ["codes", "export", "anmkod"],
        ["codes", "import", "anmkod"],
        ["caller", "add", "portalen"],
        ["caller", "change", "portalen", "--new-secret"],
        ["caller", "list"],
        ["caller", "remove", "portalen"],
        ["audit"],
      ]) {
        const { code, stdout, stderr } = await adresslista([...args, "--tenant", "malmo"], { folder });
        expect([code, stdout.replace(/^ok.*\n/, "")], args.join(" ")).to.deep.equal([2, ""]);
        expect(stderr).to.equal("adresslista: --tenant: there is no such tenant; there are lund, eslov\n");
      }
      expect(existsSync(join(folder, "data"))).to.equal(false);
      expect(await databaseExists(databaseIn(folder))).to.equal(false);
    }));

  it("refuse a caller that another register has, by name or by certificate, when it is added and when it is changed", () =>
    inTenantFolder(async (folder) => {
      const add = (name: string, tenant: string | undefined, ...more: string[]) =>
        adresslista(["caller", "add", name, ...of(tenant), ...more], { folder, input: `${SECRET}\n` });
      const certificate = ["--verifier", "certificate", "--subject"];
      expect((await add("egen", undefined)).code).to.equal(0);
      expect((await add("lundportalen", "lund")).code).to.equal(0);
      expect((await add("lundcert", "lund", ...certificate, "CN=lund")).code).to.equal(0);
      for (const [name, tenant, more, line] of [
        ["lundportalen", undefined, [], "tenant lund has a caller with that name already"],
        ["lundportalen", "eslov", [], "tenant lund has a caller with that name already"],
        ["egen", "lund", [], "the service's own register has a caller with that name already"],
        [
          "ny",
          "eslov",
          [...certificate, "cn=lund"],
          "tenant lund has a caller with that certificate already",
        ],
        ["lundportalen", "lund", [], "there is a caller lundportalen already"],
      ] as const) {
        const { code, stdout, stderr } = await add(name, tenant, ...more);
        expect([code, stdout], line).to.deep.equal([2, ""]);
        expect(stderr).to.include(line);
      }
      const change = ["caller", "change", "egen", ...certificate, "CN=lund"];
      const changed = await adresslista(change, { folder });
      expect([changed.code, changed.stderr]).to.deep.equal([
        2,
        "adresslista: tenant lund has a caller with that certificate already\n",
      ]);
      const names = async (tenant: string | undefined) =>
        JSON.parse((await ok(["caller", "list", "--json", ...of(tenant)], { folder })).stdout).map(
          ({ name }: { name: string }) => name,
        );
      expect([await names(undefined), await names("lund"), await names("eslov")]).to.deep.equal([
        ["egen"],
        ["lundcert", "lundportalen"],
        [],
      ]);

      // Whoever cannot be asked may have it.
      await breakDatabase(databaseOfTenant(databaseIn(folder), "eslov"));
      const unknown = await add("malmoportalen", "lund");
      expect([unknown.code, unknown.stdout]).to.deep.equal([8, ""]);
      expect(unknown.stderr).to.include("whether tenant eslov has that caller already cannot be seen");
      expect(await names("lund")).not.to.include("malmoportalen");
    }));

  it("look at all registers when no tenant is named: check and status go on past one that is wrong", () =>
    inTenantFolder(async (folder) => {
      await loaded(folder, "lund", LUND);
      const half = await adresslista(["status", "--json"], { folder });
      expect(half.code).to.equal(8);
      expect(JSON.parse(half.stdout)).to.deep.include({ generation: null, lastReload: null });
      expect(JSON.parse(half.stdout).tenants.lund).to.include({ generation: 1 });
      expect(JSON.parse(half.stdout).tenants.eslov).to.include({ generation: null });
      expect((await adresslista(["check"], { folder })).code).to.equal(0);

      // The service's own register is nobody's here, and need not have a load.
      await loaded(folder, "eslov", ESLOV);
      const { stdout } = await ok(["status"], { folder });
      expect(stdout)
        .to.include(
          `the service's own register:\nnothing is loaded in ${shownDatabase(databaseIn(folder))}\n`,
        )
        .and.to.match(/^tenant lund:\ngeneration 1, /m)
        .and.to.match(/^tenant eslov:\ngeneration 1, /m);
      const stale = await adresslista(["status"], { folder, env: { ADRESSLISTA_MAX_AGE_HOURS: "1" } });
      expect(stale.code).to.equal(7);
      expect(stale.stderr).to.match(/old \(tenant lund\).*; .* old \(tenant eslov\)/);

      const twice = async (tenant: string) => {
        const others = JSON.stringify({ tenants: { [tenant]: {} } });
        writeFileSync(join(folder, "alone.json"), others);
        await ok(["caller", "add", "portalen", "--config", "alone.json", ...of(tenant)], { folder });
      };
      await twice("lund");
      await twice("eslov");
      const check = await adresslista(["check"], { folder });
      expect(check.code).to.equal(3);
      expect(check.stdout)
        .to.match(/^ok {5}tenant lund: database: .*, load 1 is served/m)
        .and.to.match(/^WRONG {2}callers: caller portalen is in tenant lund and in tenant eslov/m);
      const ofLund = await ok(["check", "--tenant", "lund"], { folder });
      expect(ofLund.stdout).not.to.match(/eslov|listening|callers/);

      await breakDatabase(databaseOfTenant(databaseIn(folder), "eslov"));
      const broken = await adresslista(["status", "--json"], { folder });
      expect(broken.code).to.equal(8);
      expect(JSON.parse(broken.stdout).tenants.lund).to.include({ generation: 1 });
      expect(JSON.parse(broken.stdout).tenants.eslov.error).to.match(
        /^cannot read the database|is newer than this program$/,
      );
      expect((await adresslista(["check"], { folder })).stdout)
        .to.match(/^ok {5}tenant lund: database: /m)
        .and.to.match(/^WRONG {2}tenant eslov: database: /m);
    }));

  it("leave the service's aliases to the service", () =>
    inTenantFolder(async (folder) => {
      const env = { ADRESSLISTA_KURSKOD_ALIAS_FILE: "alias.csv" };
      writeFileSync(join(folder, "alias.csv"), "MATMAT01;MA1\n");
      expect(
        (await ok(["codes", "export", "aliases", "--tenant", "lund"], { folder, env })).stdout,
      ).to.include("MA1");
      const input = "SVESVE01;SV1\n";
      const refused = await adresslista(["codes", "import", "aliases", "--tenant", "lund"], {
        folder,
        env,
        input,
      });
      expect(refused.code).to.equal(3);
      expect(refused.stderr).to.include("tenant lund has that of the service");
      await ok(["codes", "import", "aliases"], { folder, env, input });
      expect(readFileSync(join(folder, "alias.csv"), "utf8")).to.include("SV1");
    }));

  it("can load two tenants at the same time, and one not twice", () =>
    inTenantFolder(async (folder) => {
      const lund = adresslista(reloadOf(folder, "lund", LUND), { folder });
      const eslov = adresslista(reloadOf(folder, "eslov", ESLOV), { folder });
      expect([(await lund).code, (await eslov).code]).to.deep.equal([0, 0]);
      const both = await Promise.all(
        ["Ett", "Två"].map((more) =>
          adresslista([...reloadOf(folder, "lund", LUND, more), "--force"], { folder }),
        ),
      );
      expect(both.map(({ code }) => code ?? -1).sort()).to.satisfy(
        ([first, second]: number[]) => first === 0 && (second === 0 || second === 9),
      );
    }));
});

for (const workers of ["1", "2"]) {
  describe(`a service with tenants and ${workers} workers`, function () {
    this.timeout(4 * PROCESSES_MILLISECONDS);

    it("says where each tenant is, is ready when one is, and tells each one's calls and loads apart", () =>
      inTenantFolder(async (folder) => {
        await breakDatabase(databaseOfTenant(databaseIn(folder), "eslov"));
        await loaded(folder, "lund", LUND);
        const input = `${SECRET}\n`;
        // Whether eslov has it cannot be seen: it is added by settings without that tenant.
        writeFileSync(join(folder, "lund.json"), JSON.stringify({ tenants: { lund: {} } }));
        await ok(["caller", "add", "lund", "--tenant", "lund", "--config", "lund.json"], { folder, input });
        await ok(["caller", "add", "egen", "--config", "lund.json"], { folder, input });
        const env = { ADRESSLISTA_ADMIN_PORT: "0" };
        const service = await startService(["serve", "--port", "0", "--workers", workers], { folder, env });
        try {
          await eventually(() => service.stderr().includes("admin: "));
          const [, admin = ""] = /^admin: (http:\/\/127\.0\.0\.1:\d+)$/m.exec(service.stderr()) ?? [];
          for (const tenant of ["lund", "eslov"]) {
            const wsdl = `${service.url}/cxf/${tenant}/AdresslistaFetcher?wsdl`;
            expect(service.stderr()).to.include(`WSDL of tenant ${tenant}: ${wsdl}\n`);
          }
          expect(service.stderr())
            .to.include("the register of this tenant cannot be opened")
            .and.match(/"tenant":"lund","generation":1,"msg":"answering from this load"/);

          const ready = await fetch(`${admin}/ready`);
          expect(ready.status).to.equal(200);
          const told = (await ready.json()) as Record<string, unknown> & { tenants: Record<string, object> };
          expect(told).to.deep.include({ ready: true, reasons: [], generation: null });
          expect(told.tenants.lund).to.include({ ready: true, generation: 1, lastReload: "loaded" });
          expect(told.tenants.eslov).to.include({ ready: false, generation: null });

          const call: PortalCall = {
            caller: "lund",
            ticket: SECRET,
            arg1: `<Institution>${institutionOf(LUND)}</Institution>`,
          };
          for (let time = 0; time < 4; time++) {
            for (const path of ["/cxf", "/cxf/lund"]) {
              const { body } = await post(`${service.url}${path}/AdresslistaFetcher`, messageOf(call));
              expect(body).to.include("Lundaby kurs");
            }
          }
          const { status } = await post(`${service.url}/cxf/eslov/AdresslistaFetcher`, messageOf(call));
          expect(status).to.equal(500);

          const metrics = await (await fetch(`${admin}/metrics`)).text();
          const counted = 'service="AdresslistaFetcher",operation="getKurs"';
          expect(metrics)
            .to.include(`adresslista_calls_total{${counted},tenant="lund",outcome="valid"} 8\n`)
            .and.include('adresslista_faults_total{code="Server",status="500",tenant="eslov"} 1\n')
            .and.include('adresslista_generation{tenant="lund"} 1\n')
            .and.include("adresslista_generation 0\n")
            .and.include('adresslista_ready{tenant="eslov"} 0\n');

          const lines = (await ok(["audit", "--tenant", "lund", "--json"], { folder })).stdout
            .trim()
            .split("\n");
          expect(lines).to.have.length(8);
          for (const line of lines) expect(JSON.parse(line)).to.include({ tenant: "lund", caller: "lund" });
          expect((await ok(["audit", "--tenant", "lund"], { folder })).stdout).to.match(
            / {2}tenant lund {2}lund {2}/,
          );
          expect((await ok(["audit", "--json"], { folder })).stdout.trim().split("\n")).to.have.length(9);
        } finally {
          await service.stop();
        }
      }));
  });
}

function inTenantFolder(use: (folder: string) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const settings = { tenants: { lund: {}, eslov: {} } };
    writeFileSync(join(folder, "adresslista.config.json"), JSON.stringify(settings));
    await use(folder);
  });
}

function of(tenant: string | undefined): string[] {
  return tenant === undefined ? [] : ["--tenant", tenant];
}

function reloadOf(
  folder: string,
  tenant: string | undefined,
  register: InventedRegister,
  more = "",
): string[] {
  const file = `export-${tenant ?? "own"}${more}.xml`;
  writeFileSync(join(folder, file), exportXmlOf(register, more));
  return ["reload", ...of(tenant), "--file", file];
}

async function loaded(...load: Parameters<typeof reloadOf>): Promise<void> {
  await ok(reloadOf(...load), { folder: load[0] });
}

async function ok(args: readonly string[], options: RunOptions) {
  const outcome = await adresslista(args, options);
  expect(outcome.code, outcome.stdout + outcome.stderr).to.equal(0);
  return outcome;
}

async function eventually(holds: () => boolean): Promise<void> {
  const began = performance.now();
  while (!holds()) {
    if (performance.now() - began > 30_000) throw new Error("it has not come to that");
    await delay(20);
  }
}
