import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { describe, it } from "mocha";
import type { Readiness } from "../../lib/http/admin.js";
import { callAt, type PortalCall } from "../support/calling.js";
import { besideDatabaseIn, damageLoad, databaseIn } from "../support/database.js";
import {
  adresslista,
  inFolder,
  PROCESSES_MILLISECONDS,
  type RunOptions,
  type Service,
  startService,
  writeExport,
} from "./program.js";

const PORTAL = { caller: "portalnamn", ticket: "hemlig-biljett", uid: "larare1" } as const;
const PERSONS = 7;
const LIST: PortalCall = {
  ...PORTAL,
  method: "getAdrLista",
  arg1: "<KursTfVO><Kurskod>MATMAT02b</Kurskod><Starttermin>262</Starttermin></KursTfVO><FFG>true</FFG>",
};

describe("the admin listener", function () {
  this.timeout(2 * PROCESSES_MILLISECONDS);

  it("says that the service lives, and whether it can answer: what is loaded, how old it is, how the last reload ended", () =>
    withService({}, async ({ service, admin, options }) => {
      expect(await got(`${admin}/live`)).to.deep.equal({ status: 200, type: "text/plain", body: "ok\n" });
      expect(await ready(admin)).to.deep.equal({
        status: 503,
        ready: false,
        reasons: ["nothing is loaded"],
        generation: null,
        loadedAt: null,
        ageSeconds: null,
        stale: false,
        lastReload: null,
      });

      await load(options, { hoursAgo: 3 });
      const first = await ready(admin);
      expect(first).to.deep.include({ status: 200, ready: true, reasons: [], generation: 1, stale: false });
      expect(first.lastReload).to.equal("loaded");
      expect(Date.parse(first.loadedAt ?? "")).to.be.within(Date.now() - 60_000, Date.now());
      expect(first.ageSeconds).to.be.within(3 * 3600 - 5, 3 * 3600 + 300);

      await load(options, { hoursAgo: 1, persons: PERSONS + 1 });
      expect(await ready(admin)).to.deep.include({ status: 200, generation: 2 });
      expect((await adresslista(["rollback"], options)).code).to.equal(0);
      expect(await ready(admin)).to.deep.include({ status: 200, generation: 1, loadedAt: first.loadedAt });

      writeFileSync(join(options.folder, "broken.xml"), "<enterprise>");
      expect((await adresslista(["reload", "--file", "broken.xml"], options)).code).to.equal(6);
      expect(await ready(admin)).to.deep.include({ status: 200, generation: 1, lastReload: "failed" });
      expect(service.stderr()).not.to.include("internal error");
    }));

  it("is ready with a load that is stale, and says so", () =>
    withService({ ADRESSLISTA_MAX_AGE_HOURS: "2" }, async ({ admin, options }) => {
      await load(options, { hoursAgo: 3 });
      expect(await ready(admin)).to.deep.include({ status: 200, ready: true, stale: true });
      expect(sampleOf(await metrics(admin), "adresslista_stale")).to.equal(1);
      await load(options, { hoursAgo: 1, persons: PERSONS + 1 });
      expect(await ready(admin)).to.deep.include({ status: 200, ready: true, stale: false });
    }));

  it("is not ready with a load that cannot be read, and says why", () =>
    withService({}, async ({ admin, options }) => {
      await load(options, { hoursAgo: 3 });
      expect((await ready(admin)).status).to.equal(200);
      await load(options, { hoursAgo: 1, persons: PERSONS + 1 });
      await damageLoad(databaseIn(options.folder), 2);
      const damaged = await ready(admin);
      expect(damaged).to.deep.include({ status: 503, ready: false, generation: null });
      expect(damaged.reasons.join()).to.match(/\S/).and.not.include(options.folder);
      expect(sampleOf(await metrics(admin), "adresslista_ready")).to.equal(0);
      expect((await adresslista(["rollback", "1"], options)).code).to.equal(0);
      expect(await ready(admin)).to.deep.include({ status: 200, generation: 1 });
    }));

  for (const workers of [1, 2]) {
    it(`counts calls, faults, refusals and persons, with ${workers} workers together, and nothing of who and what`, () =>
      withService({ ADRESSLISTA_WORKERS: String(workers) }, async ({ service, admin, options }) => {
        await load(options, { hoursAgo: 3 });
        await eventually(() => service.stderr().split('"msg":"started"').length - 1 === workers);
        const calls = 12;
        for (let call = 0; call < calls; call++) {
          expect((await callAt(service.url, LIST)).body).to.include("<valid>true</valid>");
        }
        await callAt(service.url, { ...PORTAL, method: "getKurs" });
        await callAt(service.url, { ...PORTAL, method: "getKurs", ticket: "fel-biljett" });
        await callAt(service.url, { ...PORTAL, method: "getNothing" });
        await callAt(service.url, { ...PORTAL, service: "UtilityFetcher", method: "findAllPlaces" });

        const samples = await metrics(admin);
        const list = { service: "AdresslistaFetcher", operation: "getAdrLista" };
        const kurs = { service: "AdresslistaFetcher", operation: "getKurs" };
        const utility = { service: "UtilityFetcher", operation: "findAllPlaces" };
        const none = { service: "AdresslistaFetcher", operation: "none" };
        for (const [labels, outcome, expected] of [
          [list, "valid", calls],
          [kurs, "refused", 2],
          [none, "fault", 1],
          [utility, "valid", 1],
        ] as const) {
          const labelled = { ...labels, outcome };
          expect(sampleOf(samples, "adresslista_calls_total", labelled), `${outcome}`).to.equal(expected);
        }
        expect(sumOf(samples, "adresslista_calls_total")).to.equal(calls + 4);
        expect(sumOf(samples, "adresslista_call_seconds_count")).to.equal(calls + 4);
        expect(sampleOf(samples, "adresslista_call_seconds_sum", list)).to.be.above(0);
        expect(sampleOf(samples, "adresslista_faults_total", { code: "Client", status: "500" })).to.equal(1);
        expect(sampleOf(samples, "adresslista_answer_persons_sum", list)).to.equal(calls * PERSONS);
        expect(sampleOf(samples, "adresslista_answer_persons_count", list)).to.equal(calls);
        expect(sampleOf(samples, "adresslista_answer_persons_bucket", { ...list, le: "1" })).to.equal(0);
        expect(sampleOf(samples, "adresslista_answer_persons_bucket", { ...list, le: "10" })).to.equal(calls);
        expect(sampleOf(samples, "adresslista_generation")).to.equal(1);
        expect(sampleOf(samples, "adresslista_ready")).to.equal(1);
        expect(sampleOf(samples, "adresslista_stale")).to.equal(0);
        expect(sampleOf(samples, "adresslista_generation_age_seconds")).to.be.within(10_000, 11_400);
        const loaded = sampleOf(samples, "adresslista_generation_loaded_timestamp_seconds");
        expect(loaded).to.be.within(Date.now() / 1000 - 120, Date.now() / 1000);
        expect(sampleOf(samples, "adresslista_last_reload", { outcome: "loaded" })).to.equal(1);
        expect(sampleOf(samples, "process_cpu_seconds_total")).to.be.above(0);

        const text = (await got(`${admin}/metrics`)).body;
        expect(text).not.to.match(/portalnamn|biljett|larare1|MATMAT02b|Exempel|127\.0\.0\.1/);
        expect(text).not.to.include(options.folder);
        const allowed = ["service", "operation", "outcome", "code", "status", "le"];
        for (const { name, labels } of samples) {
          if (!name.startsWith("adresslista_")) continue;
          for (const label of Object.keys(labels)) expect(allowed, `${name}{${label}}`).to.include(label);
        }
      }));
  }

  it("is not ready while all workers are dead, and again when one serves", async () => {
    const port = String(await freePort());
    await withService(
      { ADRESSLISTA_WORKERS: "2", ADRESSLISTA_PORT: port },
      async ({ service, admin, options }) => {
        await load(options, { hoursAgo: 3 });
        const workers = () =>
          [...service.stderr().matchAll(/"pid":(\d+),"port":\d+,"msg":"started"/g)].map(([, pid]) =>
            Number(pid),
          );
        await eventually(() => workers().length === 2);
        expect((await ready(admin)).status).to.equal(200);
        for (const pid of workers()) process.kill(pid, "SIGKILL");
        const seen: Readiness[] = [];
        await eventually(async () => {
          const now = await ready(admin);
          seen.push(now);
          return workers().length > 2 && now.status === 200;
        });
        const dead = seen.filter(({ ready: isReady }) => !isReady);
        expect(dead).not.to.deep.equal([]);
        for (const { reasons, generation } of dead) {
          expect([reasons, generation]).to.deep.equal([["no process serves"], 1]);
        }
        expect((await callAt(service.url, LIST)).body).to.include("<valid>true</valid>");
      },
    );
  });

  it("says that the service is stopping, so that no more calls are sent to it, until it has stopped", () =>
    withService({}, async ({ service, admin, options }) => {
      await load(options, { hoursAgo: 3 });
      expect((await ready(admin)).status).to.equal(200);
      // A connection that may have a request under way is given some time.
      const waiting = connect(Number(new URL(service.url).port), "127.0.0.1");
      await new Promise<void>((resolve) => waiting.once("connect", () => resolve()));
      waiting.on("error", () => {});
      await callAt(service.url, PORTAL);
      const stopped = service.stop();
      const told: Awaited<ReturnType<typeof ready>>[] = [];
      await eventually(async () => {
        const now = await ready(admin).catch(() => undefined);
        if (now !== undefined) told.push(now);
        return now === undefined || now.status === 503;
      });
      expect(told.at(-1)).to.deep.include({ status: 503, ready: false, generation: 1 });
      expect(told.at(-1)?.reasons).to.deep.equal(["the service is stopping"]);
      waiting.destroy();
      expect(await stopped).to.equal(143);
      expect(await ready(admin).catch(() => undefined)).to.equal(undefined);
    }));

  it("is not where portals call, and takes no calls itself", () =>
    withService({}, async ({ service, admin }) => {
      for (const path of ["/live", "/ready", "/metrics"]) {
        expect((await got(service.url + path)).status, path).to.equal(404);
        expect((await fetch(admin + path, { method: "HEAD" })).status).not.to.equal(404);
        expect((await fetch(admin + path, { method: "POST", body: "x" })).status).to.equal(404);
      }
      expect((await callAt(admin, PORTAL)).status).to.equal(404);
      for (const path of [
        "/",
        "/health",
        "/cxf/AdresslistaFetcher?wsdl",
        "/live/x",
        "/__proto__",
        "/..%2fready",
      ]) {
        const answer = await fetch(admin + path);
        expect(answer.status, path).to.equal(404);
        expect([...answer.headers.keys()]).not.to.include.members(["x-powered-by"]);
        expect(await answer.text()).to.equal("Not found: /live, /ready, /metrics\n");
      }
    }));

  it("ends the program with 3 when its port is taken, with one process and with several", () =>
    inFolder(async (folder) => {
      const other = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => other.once("listening", resolve));
      const { port } = other.address() as AddressInfo;
      const silent = { ADRESSLISTA_LOG_LEVEL: "silent" };
      for (const workers of ["1", "2"]) {
        const { code, stderr } = await adresslista(["serve", "--port", "0", "--workers", workers], {
          folder,
          env: { ...silent, ADRESSLISTA_ADMIN_PORT: String(port) },
        });
        expect(code, stderr).to.equal(3);
        expect(stderr).to.equal(
          `adresslista: adminHost, adminPort: cannot listen on 127.0.0.1, port ${port} (EADDRINUSE)\n`,
        );
      }
      other.close();
    }));

  it("is on loopback, and nowhere when there is no port for it", () =>
    inFolder(async (folder) => {
      const service = await startService(["serve", "--port", "0"], { folder });
      expect(await service.stop()).to.equal(143);
      expect(service.stderr()).not.to.include("admin:");
    }));
});

describe("a service that starts", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("removes days of the audit log that are older than they are to be kept", () =>
    inFolder(async (folder) => {
      const audit = besideDatabaseIn(folder, ".audit");
      mkdirSync(audit, { recursive: true });
      const dayBefore = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
      for (const days of [1, 5, 12, 400]) writeFileSync(join(audit, `audit-${dayBefore(days)}.jsonl`), "");
      const options = { folder, env: { ADRESSLISTA_AUDIT_KEEP_DAYS: "10" } };
      const service = await startService(["serve", "--port", "0"], options);
      await service.stop();
      expect(readdirSync(audit).sort()).to.include.members([
        `audit-${dayBefore(1)}.jsonl`,
        `audit-${dayBefore(5)}.jsonl`,
      ]);
      for (const days of [12, 400])
        expect(readdirSync(audit)).not.to.include(`audit-${dayBefore(days)}.jsonl`);
    }));
});

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as AddressInfo;
  await new Promise((resolve) => taken.close(resolve));
  return port;
}

interface Running {
  readonly service: Service;
  /** http://127.0.0.1:PORT */
  readonly admin: string;
  readonly options: RunOptions;
}

/** A service with an admin listener and a caller, and nothing loaded. */
function withService(env: RunOptions["env"], use: (running: Running) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const options = { folder, env: { ADRESSLISTA_PORT: "0", ADRESSLISTA_ADMIN_PORT: "0", ...env } };
    await adresslista(["caller", "add", PORTAL.caller], { folder, input: `${PORTAL.ticket}\n` });
    const service = await startService(["serve"], options);
    try {
      await eventually(() => service.stderr().includes("admin: "));
      const [, admin = ""] = /^admin: (http:\/\/127\.0\.0\.1:\d+)$/m.exec(service.stderr()) ?? [];
      await use({ service, admin, options });
    } finally {
      if (service.child.exitCode === null) await service.stop();
    }
  });
}

/** An export that was made so long ago. */
async function load(
  options: RunOptions,
  { hoursAgo, persons = PERSONS }: { readonly hoursAgo: number; readonly persons?: number },
): Promise<void> {
  const file = join(options.folder, `export-${hoursAgo}.xml`);
  // An export says Swedish time.
  const datetime = new Date(Date.now() - hoursAgo * 3_600_000).toLocaleString("sv-SE", {
    timeZone: "Europe/Stockholm",
  });
  writeExport(file, persons, { datetime: datetime.replace(" ", "T") });
  const { code, stderr } = await adresslista(["reload", "--file", file], options);
  expect(code, stderr).to.equal(0);
}

async function got(url: string): Promise<{ status: number; type: string | undefined; body: string }> {
  const response = await fetch(url);
  const type = response.headers.get("content-type")?.split(";")[0];
  return { status: response.status, type, body: await response.text() };
}

async function ready(admin: string): Promise<Readiness & { readonly status: number }> {
  const { status, type, body } = await got(`${admin}/ready`);
  expect(type).to.equal("application/json");
  return { status, ...(JSON.parse(body) as Readiness) };
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Prometheus' text format 0.0.4, read strictly: every sample has a TYPE before it, and stands once. */
async function metrics(admin: string): Promise<readonly Sample[]> {
  const { status, type, body } = await got(`${admin}/metrics`);
  expect([status, type]).to.deep.equal([200, "text/plain"]);
  expect(body.endsWith("\n")).to.equal(true);
  const types = new Map<string, string>();
  const seen = new Set<string>();
  return body.split("\n").flatMap((line) => {
    if (line === "" || line.startsWith("# HELP ")) return [];
    const [, typed, kind] = /^# TYPE ([a-z_:][\w:]*) (counter|gauge|histogram|summary)$/.exec(line) ?? [];
    if (typed !== undefined && kind !== undefined) {
      expect(types.has(typed), line).to.equal(false);
      types.set(typed, kind);
      return [];
    }
    const [, name = "", written = "", number] = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    expect(name, line).not.to.equal("");
    expect(types.has(name.replace(/_(bucket|sum|count)$/, "")) || types.has(name), line).to.equal(true);
    expect(seen.has(`${name} ${written}`), line).to.equal(false);
    seen.add(`${name} ${written}`);
    const value = Number(
      number === "+Inf" ? Number.POSITIVE_INFINITY : number === "Nan" ? Number.NaN : number,
    );
    const labels = [...written.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [
      label,
      text,
    ]);
    return [{ name, labels: Object.fromEntries(labels) as Record<string, string>, value }];
  });
}

function sampleOf(samples: readonly Sample[], name: string, wanted: Sample["labels"] = {}): number {
  const found = samples.filter(
    ({ name: its, labels }) =>
      its === name &&
      Object.keys(labels).length === Object.keys(wanted).length &&
      Object.entries(wanted).every(([label, value]) => labels[label] === value),
  );
  expect(found, `${name} ${JSON.stringify(wanted)}`).to.have.length(1);
  return found[0]?.value ?? Number.NaN;
}

function sumOf(samples: readonly Sample[], name: string): number {
  return samples.filter((sample) => sample.name === name).reduce((sum, { value }) => sum + value, 0);
}

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > 30_000) throw new Error("it has not come to that");
    await delay(20);
  }
}
