import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { callAt, type PortalCall } from "../support/calling.js";
import { type CertificateFiles, certificateOf } from "../support/certificates.js";
import { removeFolder } from "../support/database.js";
import {
  adresslista,
  inFolder,
  newFolder,
  PROCESSES_MILLISECONDS,
  SAMPLE,
  type Service,
  startService,
} from "./program.js";

const FAILED = "auth.failed";
const FORBIDDEN = "auth.forbidden";
const VALID = "valid";

const DAY_MILLISECONDS = 86_400_000;
const SWEDISH_DAY = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Stockholm" });
const dayAfter = (days: number) => SWEDISH_DAY.format(Date.now() + days * DAY_MILLISECONDS);

describe("callers of a running service with two workers", function () {
  this.timeout(2 * PROCESSES_MILLISECONDS);
  let folder: string;
  let service: Service;
  let server: CertificateFiles;
  const certificates: Record<string, CertificateFiles> = {};

  before(async () => {
    folder = newFolder();
    server = certificateOf(folder, "server");
    const authority = certificateOf(folder, "authority", { isAuthority: true });
    for (const name of ["one", "two"]) certificates[name] = certificateOf(folder, name, { by: authority });
    expect((await adresslista(["reload", "--file", SAMPLE], { folder })).code).to.equal(0);
    service = await startService(["serve", "--port", "0", "--workers", "2"], {
      folder,
      env: {
        ADRESSLISTA_TLS_CERTIFICATE_FILE: server.certificateFile,
        ADRESSLISTA_TLS_KEY_FILE: server.keyFile,
        ADRESSLISTA_TLS_CLIENT_AUTHORITIES_FILE: authority.certificateFile,
        // So that each call of a test can come from an address of its own.
        ADRESSLISTA_TRUSTED_PROXIES: "127.0.0.1",
      },
    });
    while (service.stderr().split('"msg":"started"').length - 1 < 2) await delay(50);
  });

  after(async () => {
    await service?.stop();
    await removeFolder(folder);
  });

  async function caller(args: readonly string[], input = ""): Promise<string> {
    const { code, stdout, stderr } = await adresslista(["caller", ...args], { folder, input });
    expect(code, stderr).to.equal(0);
    return stdout.trim();
  }

  let addresses = 0;

  /** Of calls to both workers: what they all say, `valid` or a key. Each comes from an address that nobody else has. */
  async function outcome(
    call: PortalCall,
    { certificate, from }: { readonly certificate?: string; readonly from?: string } = {},
  ): Promise<string> {
    const files = certificates[certificate ?? ""];
    const answers = await Promise.all(
      [1, 2].map(async () => {
        addresses += 1;
        const { body } = await callAt(
          service.url,
          { method: "getKurs", arg1: "<Institution>LVUX</Institution>", ...call },
          {
            agent: new Agent({ maxCachedSessions: 0 }),
            ca: readFileSync(server.certificateFile),
            ...(files && { cert: readFileSync(files.certificateFile), key: readFileSync(files.keyFile) }),
            headers: { "X-Forwarded-For": from ?? `10.0.${addresses >> 8}.${addresses & 255}` },
          },
        );
        const [, key] = /<key>([^<]+)<\/key>/.exec(body) ?? [];
        return key ?? (body.includes("<Kurskod>") ? VALID : body);
      }),
    );
    expect(new Set(answers).size, answers.join(" ")).to.equal(1);
    return answers[0] ?? "";
  }

  it("prove who they are by hmac tickets, and by another secret from the next call on", async () => {
    await caller(["add", "hmac", "--verifier", "hmac"], "nyckel-ett\n");
    const signed = (secret: string, uid = "larare1"): PortalCall => {
      const timestamp = new Date().toISOString();
      const ticket = createHmac("sha256", secret).update(`${uid}:${timestamp}`).digest("base64");
      return { caller: "hmac", uid, ticket, timestamp };
    };
    expect(await outcome(signed("nyckel-ett"))).to.equal(VALID);
    expect(await outcome({ ...signed("nyckel-ett"), uid: "annan" })).to.equal(FAILED);
    const secret = await caller(["change", "hmac", "--new-secret"]);
    expect(secret).to.match(/^[\w-]{32}$/);
    expect(await outcome(signed("nyckel-ett"))).to.equal(FAILED);
    expect(await outcome(signed(secret))).to.equal(VALID);
    expect(await caller(["change", "hmac", "--verifier", "secret"], "hemlig-hmac\n")).to.equal("");
    expect(await outcome({ caller: "hmac", ticket: "hemlig-hmac" })).to.equal(VALID);
  });

  it("prove who they are by their secrets, and by another one from the next call on", async () => {
    await caller(["add", "hemlig"], "hemlig-ett\n");
    expect(await outcome({ caller: "hemlig", ticket: "hemlig-ett" })).to.equal(VALID);
    await caller(["change", "hemlig", "--new-secret"], "hemlig-två\n");
    expect(await outcome({ caller: "hemlig", ticket: "hemlig-ett" })).to.equal(FAILED);
    expect(await outcome({ caller: "hemlig", ticket: "hemlig-två" })).to.equal(VALID);
    await caller(["remove", "hemlig"]);
    expect(await outcome({ caller: "hemlig", ticket: "hemlig-två" })).to.equal(FAILED);
  });

  it("prove who they are by their certificates, and by another one from the next call on", async () => {
    await caller(["add", "certifierad"], "hemlig-cert\n");
    expect(await outcome({ caller: "certifierad", ticket: "hemlig-cert" })).to.equal(VALID);
    await caller(["change", "certifierad", "--verifier", "certificate", "--subject", "CN=one"]);
    expect(await outcome({ caller: "certifierad", ticket: "hemlig-cert" })).to.equal(FAILED);
    expect(await outcome({}, { certificate: "one" })).to.equal(VALID);
    expect(await outcome({}, { certificate: "two" })).to.equal(FAILED);
    await caller(["change", "certifierad", "--subject", "CN = two"]);
    expect(await outcome({}, { certificate: "one" })).to.equal(FAILED);
    expect(await outcome({}, { certificate: "two" })).to.equal(VALID);
    await caller(["remove", "certifierad"]);
    expect(await outcome({}, { certificate: "two" })).to.equal(FAILED);
  });

  it("see the courses of their institutions, and of others from the next call on", async () => {
    const call = { caller: "rätt", ticket: "hemlig-rätt" };
    await caller(["add", "rätt", "--institutions", "LVUX"], "hemlig-rätt\n");
    expect(await outcome(call)).to.equal(VALID);
    await caller(["change", "rätt", "--institutions", "ANNA"]);
    expect(await outcome(call)).to.equal(FORBIDDEN);
    await caller(["change", "rätt", "--institutions", "ANNA,lvux"]);
    expect(await outcome(call)).to.equal(VALID);
    await caller(["change", "rätt", "--institutions", "ANNA"]);
    await caller(["change", "rätt", "--institutions", "*"]);
    expect(await outcome(call)).to.equal(VALID);
  });

  it("call from their addresses, and from others from the next call on", async () => {
    const call = { caller: "adress", ticket: "hemlig-adress" };
    await caller(["add", "adress", "--addresses", "192.0.2.0/24, 2001:db8::/32"], "hemlig-adress\n");
    for (const from of ["192.0.2.7", "2001:db8::7"]) expect(await outcome(call, { from })).to.equal(VALID);
    expect(await outcome(call, { from: "192.0.3.7" })).to.equal(FAILED);
    await caller(["change", "adress", "--addresses", "192.0.3.7"]);
    expect(await outcome(call, { from: "192.0.3.7" })).to.equal(VALID);
    expect(await outcome(call, { from: "192.0.2.7" })).to.equal(FAILED);
    await caller(["change", "adress", "--addresses", "*"]);
    expect(await outcome(call, { from: "192.0.2.7" })).to.equal(VALID);
  });

  it("call until their last day, in Sweden", async () => {
    const call = { caller: "slut", ticket: "hemlig-slut" };
    await caller(["add", "slut", "--expires", dayAfter(1)], "hemlig-slut\n");
    expect(await outcome(call)).to.equal(VALID);
    await caller(["change", "slut", "--expires", dayAfter(-1)]);
    expect(await outcome(call)).to.equal(FAILED);
    await caller(["change", "slut", "--expires", "never"]);
    expect(await outcome(call)).to.equal(VALID);
  });

  it("are listed with what they may, and without their secrets", async () => {
    await caller([
      "add",
      "lista-cert",
      "--verifier",
      "certificate",
      "--subject",
      "O=Örebro\\, Exempel, CN=x",
    ]);
    await caller(
      [
        "add",
        "lista-hmac",
        "--verifier",
        "hmac",
        "--addresses",
        "192.0.2.1,10.0.0.0/8",
        "--expires",
        "2031-12-31",
      ],
      "nyckel-lista\n",
    );
    await caller(["add", "lista-hemlig", "--institutions", "LVUX,ANNA"], "hemlig-lista\n");
    const asText = await caller(["list"]);
    const rows = asText.split("\n").map((row) => row.split(/ {2,}/));
    expect(rows[0]).to.deep.equal(["NAME", "INSTITUTIONS", "VERIFIER", "ADDRESSES", "EXPIRES", "CREATED"]);
    const row = (name: string) => rows.find(([its]) => its === name)?.slice(1, 5);
    expect(row("lista-cert")).to.deep.equal(["*", "certificate CN=x,O=Örebro\\, Exempel", "*", "never"]);
    expect(row("lista-hmac")).to.deep.equal(["*", "hmac", "192.0.2.1,10.0.0.0/8", "2031-12-31"]);
    expect(row("lista-hemlig")).to.deep.equal(["LVUX,ANNA", "secret", "*", "never"]);

    const asJson = await caller(["list", "--json"]);
    const callers = JSON.parse(asJson) as { name: string; created: string }[];
    const of = (name: string) => {
      const { created, ...rest } = callers.find((its) => its.name === name) ?? { created: "" };
      expect(Date.parse(created)).to.be.within(Date.now() - 10 * 60_000, Date.now());
      return rest;
    };
    const all = { institutions: "*", addresses: [], expires: null };
    expect(of("lista-cert")).to.deep.equal({
      ...{ ...all, name: "lista-cert", verifier: "certificate", subject: "CN=x,O=Örebro\\, Exempel" },
    });
    expect(of("lista-hmac")).to.deep.equal({
      ...{ ...all, name: "lista-hmac", verifier: "hmac" },
      addresses: ["192.0.2.1", "10.0.0.0/8"],
      expires: "2031-12-31",
    });
    expect(of("lista-hemlig")).to.deep.equal({
      ...{ ...all, name: "lista-hemlig", verifier: "secret" },
      institutions: ["LVUX", "ANNA"],
    });
    for (const text of [asText, asJson, service.stderr()]) {
      expect(text).not.to.match(/hemlig-|nyckel|scrypt|SECRET|hmacSecret/);
    }
  });
});

describe("adresslista caller change", function () {
  this.timeout(2 * PROCESSES_MILLISECONDS);

  it("leaves what is not given as it was, and says what the caller may", () =>
    inFolder(async (folder) => {
      const run = async (...args: string[]) =>
        adresslista(["caller", ...args], { folder, input: "hemlig\n" });
      const rights = ["--institutions", "LVUX", "--addresses", "192.0.2.1", "--expires", "2031-12-31"];
      await run("add", "portal", ...rights);
      const before = (await run("list", "--json")).stdout;
      const same = await run("change", "portal", "--expires", "2031-12-31");
      expect(same).to.deep.equal({
        code: 0,
        stdout: "",
        stderr: "caller portal changed: rights to LVUX, from 192.0.2.1, until 2031-12-31\n",
      });
      expect((await run("list", "--json")).stdout).to.equal(before);
      await run("change", " portal ", "--institutions", "*");
      expect((await run("list", "--json")).stdout).to.equal(
        before.replace(/"institutions": \[\s*"LVUX"\s*\]/, '"institutions": "*"'),
      );
    }));

  it("ends with 2 for what cannot be, and changes nothing", () =>
    inFolder(async (folder) => {
      const run = async (...args: string[]) =>
        adresslista(["caller", ...args], { folder, input: "hemlig\n" });
      await run("add", "portal");
      await run("add", "certifierad", "--verifier", "certificate", "--subject", "CN=x");
      const before = (await run("list", "--json")).stdout;
      for (const [args, says] of [
        [["change", "portal"], "nothing to change"],
        [["change", "okänd", "--institutions", "*"], "there is no caller with that name"],
        [["change", "portal", "--subject", "CN=y"], "--subject goes with --verifier certificate"],
        [["change", "portal", "--verifier", "certificate"], "--verifier certificate needs --subject"],
        [["change", "portal", "--verifier", "certificate", "--subject", "portal"], "needs --subject"],
        [
          ["change", "portal", "--verifier", "certificate", "--subject", "cn=x"],
          "with that certificate already",
        ],
        [["change", "certifierad", "--new-secret"], "--verifier certificate needs --subject"],
        [["add", "ny", "--verifier", "certificate", "--subject", "/CN=x"], "with that certificate already"],
        [["add", "ny", "--subject", "CN=y"], "--subject goes with --verifier certificate"],
        [["change", "portal", "--addresses", "portal.example.se"], "--addresses takes"],
        [["change", "portal", "--addresses", "192.0.2.0/33"], "--addresses takes"],
        [["change", "portal", "--expires", "2027-02-29"], "--expires takes a day"],
        [["change", "portal", "--institutions", "LVUX,,"], "--institutions takes"],
      ] as const) {
        const { code, stdout, stderr } = await run(...args);
        expect([code, stdout], args.join(" ")).to.deep.equal([2, ""]);
        expect(stderr, args.join(" ")).to.include(says);
      }
      expect((await run("list", "--json")).stdout).to.equal(before);
    }));
});
