import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import {
  adresslista,
  inFolder,
  PROCESSES_MILLISECONDS,
  PROGRAM,
  ROOT,
  SAMPLE,
  type Service,
  startService,
} from "./program.js";

const NODATA = "general.nodata";
const FAILED = "auth.failed";
/** A participant of the sample's ENGENG05 in autumn 2026. */
const PARTICIPANT = "<enamn>Andersson</enamn>";

describe("adresslista serve", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("serves the WSDL at its address, and calls of a registered caller", () =>
    serving(async (service, folder) => {
      const wsdl = await (await fetch(`${service.url}/cxf/AdresslistaFetcher?wsdl`)).text();
      expect(wsdl).to.include(`location="${service.url}/cxf/AdresslistaFetcher"`);
      expect(await call(service)).to.include(FAILED);
      await adresslista(["caller", "add", "portal"], { folder, input: "hemlig\n" });
      expect(await call(service)).to.include(NODATA);
      expect(await service.stop()).to.equal(143);
      expect(service.stdout()).to.equal("");
    }));

  it("answers from a new load by itself, and refuses a removed caller from the next call", () =>
    serving(async (service, folder) => {
      await adresslista(["caller", "add", "portal"], { folder, input: "hemlig\n" });
      expect(await call(service)).to.include(NODATA);
      await adresslista(["reload", "--file", SAMPLE], { folder });
      expect(await call(service)).to.include(PARTICIPANT);
      expect(service.stderr()).to.include('"generation":1');
      await adresslista(["caller", "remove", "portal"], { folder });
      expect(await call(service)).to.include(FAILED);
      expect(await service.stop("SIGINT")).to.equal(130);
    }));

  it("logs nothing of who is called about, nor of who calls", () =>
    serving(async (service, folder) => {
      await adresslista(["caller", "add", "portal"], { folder, input: "hemlig\n" });
      await adresslista(["reload", "--file", SAMPLE], { folder });
      await call(service);
      await call(service, "felhemlig");
      await service.stop();
      expect(service.stderr()).not.to.match(/hemlig|larare1|Andersson|ENGENG05/);
    }));

  it("answers a call that is under way when it is stopped", () =>
    serving(async (service, folder) => {
      await adresslista(["caller", "add", "portal"], { folder, input: "hemlig\n" });
      // The first check of a secret takes long enough to be interrupted.
      const underWay = call(service);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const [answer, code] = await Promise.all([underWay, service.stop()]);
      expect(answer).to.include(NODATA);
      expect(code).to.equal(143);
    }));

  it("ends with 3 when the port is taken, with one worker and with several", () =>
    inFolder(async (folder) => {
      const other = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => other.once("listening", resolve));
      const { port } = other.address() as AddressInfo;
      for (const workers of ["1", "2"]) {
        const args = ["serve", "--port", String(port), "--workers", workers];
        const { code, stderr } = await adresslista(args, {
          folder,
          env: { ADRESSLISTA_LOG_LEVEL: "silent" },
        });
        expect(code).to.equal(3);
        expect(stderr).to.equal(`adresslista: port: ${port} is in use on 127.0.0.1 (EADDRINUSE)\n`);
      }
      other.close();
    }));

  it("is not reached from other machines without TLS, unless a setting says so: then it warns", () =>
    inFolder(async (folder) => {
      const args = ["serve", "--host", "0.0.0.0", "--port", "0"];
      const refused = await adresslista(args, { folder });
      expect(refused.code).to.equal(3);
      expect(refused.stderr).to.match(
        /^adresslista: host: 0\.0\.0\.0 can be reached .* insecureListen: true\n$/,
      );
      const env = { ADRESSLISTA_INSECURE_LISTEN: "true" };
      const service = await startService(args, { folder, env });
      expect(await service.stop()).to.equal(143);
      expect(service.stderr()).to.match(/warning: .*TLS is missing/);
    }));

  it("serves with several workers, starts one that dies again, and stops them all", () =>
    inFolder(async (folder) => {
      await adresslista(["caller", "add", "portal"], { folder, input: "hemlig\n" });
      await adresslista(["reload", "--file", SAMPLE], { folder });
      const service = await startService(["serve", "--port", "0", "--workers", "2"], { folder });
      await eventually(() => workersOf(service).length === 2);
      const [victim = ""] = workersOf(service);
      process.kill(Number(victim), "SIGKILL");
      await eventually(() => workersOf(service).length === 2 && !workersOf(service).includes(victim));
      expect(service.stderr()).to.include("a worker died");
      for (let calls = 0; calls < 4; calls++) expect(await call(service)).to.include(PARTICIPANT);
      const workers = workersOf(service);
      expect(await service.stop()).to.equal(143);
      for (const worker of workers) expect(() => process.kill(Number(worker), 0)).to.throw("ESRCH");
    }));

  function serving(use: (service: Service, folder: string) => Promise<void>): Promise<void> {
    return inFolder(async (folder) => {
      const service = await startService(["serve", "--port", "0"], { folder });
      try {
        await use(service, folder);
      } finally {
        service.child.kill("SIGKILL");
      }
    });
  }
});

describe("adresslista demo", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("loads the sample once, serves it, and prints a call that works when pasted", () =>
    inFolder(async (root) => {
      // A checkout of its own: the demonstration keeps its database there.
      for (const name of ["package.json", "wsdl", PROGRAM.startsWith("dist") ? "dist" : "lib"]) {
        cpSync(join(ROOT, name), join(root, name), { recursive: true });
      }
      mkdirSync(join(root, "data"));
      cpSync(SAMPLE, join(root, "data/sample-export.xml"));
      symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));

      await inFolder(async (folder) => {
        const options = { folder, root, env: { ADRESSLISTA_PORT: "0" } };
        const first = await startService(["demo"], options);
        expect(first.stderr()).to.match(/loading data\/sample-export\.xml/);
        expect(first.stdout()).to.include(`WSDL:    ${first.url}/cxf/AdresslistaFetcher?wsdl\n`);
        const curl = /Try: +(curl .*)\n/.exec(first.stdout())?.[1] ?? "";
        const answer = execFileSync("sh", ["-c", curl], { encoding: "utf8" });
        expect(answer).to.include("<valid>true</valid>").and.to.include(PARTICIPANT);
        expect(await first.stop("SIGINT")).to.equal(130);

        const second = await startService(["demo"], options);
        expect(second.stderr()).to.include("load 1 is there already").and.not.to.include("loading");
        expect(await second.stop("SIGINT")).to.equal(130);

        const callers = await adresslista(["caller", "list", "--json"], { folder, root });
        expect(callers.stdout).to.equal("[]\n");
      });
    }));
});

async function call({ url }: Service, ticket = "hemlig"): Promise<string> {
  const response = await fetch(`${url}/cxf/AdresslistaFetcher`, {
    method: "POST",
    headers: { "Content-Type": "text/xml; charset=utf-8" },
    body: `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
      <a:getAdrLista xmlns:a="http://facadeclient.adresslista.service.lpw.ladok/">
        <arg0><authinfovo><caller>portal</caller><ticket><ticket>${ticket}</ticket></ticket></authinfovo><type>2</type><uid>larare1</uid></arg0>
        <arg1><KursTfVO><Kurskod>ENGENG05</Kurskod><Starttermin>262</Starttermin></KursTfVO><FFG>true</FFG></arg1>
      </a:getAdrLista></s:Body></s:Envelope>`,
  });
  return response.text();
}

/** Process ids of a service's workers, by its own log: each says that it has started. */
function workersOf(service: Service): string[] {
  const started = [...service.stderr().matchAll(/"pid":(\d+),"port":\d+,"msg":"started"/g)].map(
    ([, pid]) => pid ?? "",
  );
  return started.filter((pid) => isAlive(Number(pid)));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600 && !holds(); tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(holds()).to.equal(true);
}
