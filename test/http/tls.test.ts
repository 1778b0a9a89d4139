import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ConnectionOptions, connect, createServer, type TLSSocket } from "node:tls";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { tlsOf } from "../../lib/cli/listening.js";
import { AdresslistaError } from "../../lib/errors.js";
import {
  adresslista,
  inFolder,
  newFolder,
  PROCESSES_MILLISECONDS,
  type Service,
  startService,
} from "../cli/program.js";
import { holdSocket } from "../cli/socket-holder.js";
import { callAt, type PortalCall } from "../support/calling.js";
import { type CertificateFiles, certificateOf, openssl } from "../support/certificates.js";
import { removeFolder } from "../support/database.js";

const NODATA = "general.nodata";
const FAILED = "auth.failed";

const PORTAL = { caller: "portal", ticket: "hemlig-biljett" } as const;
/** As a portal with a certificate calls: an end user, and nothing that proves anything. */
const CERTIFIED: PortalCall = { uid: "larare1" };

describe("a service with TLS", function () {
  this.timeout(PROCESSES_MILLISECONDS);
  let folder: string;
  let files: Certificates;
  let service: Service;

  before(async () => {
    folder = newFolder();
    files = certificatesIn(folder);
    await addCallers(folder, files);
    service = await startService(["serve", "--port", "0"], { folder, env: settingsOf(files) });
  });

  after(async () => {
    await service?.stop();
    await removeFolder(folder);
  });

  it("says and shows https", async () => {
    expect(service.url).to.match(/^https:/);
    expect(service.stderr()).to.include(`listening on ${service.url}`).and.not.include("warning");
    for (const path of ["AdresslistaFetcher", "UtilityFetcher"]) {
      const { body } = await got(`${service.url}/cxf/${path}?wsdl`, files);
      expect(body).to.include(`location="${service.url}/cxf/${path}"`).and.not.include('location="http:');
    }
  });

  it("speaks TLS 1.2 and 1.3, and nothing older", async () => {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const socket = await connected(service, { minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).to.equal(version);
      socket.destroy();
    }
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    const refused = await connected(service, old).catch((error: NodeJS.ErrnoException) => error.code);
    expect(refused).to.equal("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    // Such a client would be served by who speaks it.
    const lenient = createServer({ ...pems(files.server), minVersion: "TLSv1", ciphers: old.ciphers });
    await new Promise<void>((resolve) => lenient.listen(0, "127.0.0.1", resolve));
    const { port } = lenient.address() as { port: number };
    const spoken = await connected({ url: `https://127.0.0.1:${port}` }, old);
    expect(spoken.getProtocol()).to.equal("TLSv1.1");
    spoken.destroy();
    lenient.close();
  });

  it("closes a connection that speaks something else, and goes on", async () => {
    const { port } = new URL(service.url);
    const socket = connectPlain(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    socket.write("POST /cxf/AdresslistaFetcher HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise((resolve) => socket.once("close", resolve));
    expect((await callAt(service.url, { ...PORTAL, method: "getKurs" }, trusting(files))).body).to.include(
      NODATA,
    );
  });

  it("lets in who has a ticket, with or without a certificate, whoever has signed it", async () => {
    for (const certificate of [undefined, files.portal, files.stranger, files.selfSigned]) {
      const { body } = await callAt(service.url, PORTAL, trusting(files, certificate));
      expect(body).to.include(NODATA);
    }
    const { body } = await callAt(service.url, { ...PORTAL, ticket: "fel" }, trusting(files, files.portal));
    expect(body, "the certificate is another caller's").to.include(FAILED);
  });

  it("lets in who has the certificate of a caller, without a ticket", async () => {
    for (const call of [CERTIFIED, { ...CERTIFIED, caller: "certifierad" }]) {
      expect((await callAt(service.url, call, trusting(files, files.portal))).body).to.include(NODATA);
    }
    const { stdout } = await adresslista(["audit", "--json", "--caller", "certifierad"], { folder });
    const lines = stdout.trimEnd().split("\n");
    expect(lines).to.have.length(2);
    for (const line of lines) expect(line).to.include('"verified":true').and.to.include('"uid":"larare1"');
  });

  it("lets in nobody without one, or with one of another subject or another authority", async () => {
    for (const certificate of [undefined, files.other, files.stranger, files.selfSigned]) {
      const { body } = await callAt(service.url, CERTIFIED, trusting(files, certificate));
      expect(body, certificate?.certificateFile).to.include(FAILED);
    }
  });
});

describe("a service that is told to read its TLS files anew (SIGHUP)", function () {
  this.timeout(2 * PROCESSES_MILLISECONDS);

  for (const workers of [1, 2]) {
    it(`meets new connections with the new certificate, old ones go on, with ${workers} workers`, () =>
      inFolder(async (folder) => {
        const files = certificatesIn(folder);
        await addCallers(folder, files);
        const options = { folder, env: settingsOf(files) };
        const service = await startService(["serve", "--port", "0", "--workers", String(workers)], options);
        try {
          await eventually(() => count(service, '"msg":"started"') === workers);
          const kept = new Agent({ keepAlive: true, maxSockets: 1, ...trusted(files, files.portal) });
          const onKept = async () => (await callAt(service.url, CERTIFIED, { agent: kept })).body;
          expect(await onKept()).to.include(NODATA);
          const before = await fingerprint(service);
          const session = await sessionWith(service, files);
          if (workers === 1) {
            const again = await connected(service, {
              ...trusted(files, files.portal),
              ...RESUMABLE,
              session,
            });
            expect(again.isSessionReused(), "a session can be taken up again").to.equal(true);
            again.destroy();
          }

          copyFileSync(files.renewed.certificateFile, files.server.certificateFile);
          copyFileSync(files.renewed.keyFile, files.server.keyFile);
          copyFileSync(files.otherAuthority.certificateFile, files.authority.certificateFile);
          service.child.kill("SIGHUP");
          await eventually(() => count(service, "TLS files read anew") === workers);
          for (let turn = 0; turn < 4; turn++) expect(await fingerprint(service)).not.to.equal(before);
          expect(await onKept(), "on the connection of before").to.include(NODATA);
          // Its authority is believed no more; a session that began before is no way around that.
          for (const resumed of [undefined, session]) {
            const asked = {
              ...trusting(files, files.portal),
              ...(resumed && { ...RESUMABLE, session: resumed }),
            };
            expect((await callAt(service.url, CERTIFIED, asked)).body).to.include(FAILED);
          }
          expect((await callAt(service.url, PORTAL, trusting(files))).body).to.include(NODATA);

          const renewed = await fingerprint(service);
          for (const spoil of [
            () => writeFileSync(files.server.certificateFile, "nothing"),
            () => copyFileSync(files.portal.certificateFile, files.server.certificateFile),
            () => rmSync(files.server.keyFile),
            () => writeFileSync(files.authority.certificateFile, "-----BEGIN CERTIFICATE-----\nx"),
          ]) {
            const told = count(service, "the old ones still are");
            spoil();
            service.child.kill("SIGHUP");
            await eventually(() => count(service, "the old ones still are") === told + workers);
            for (let turn = 0; turn < 2; turn++) expect(await fingerprint(service)).to.equal(renewed);
            expect((await callAt(service.url, PORTAL, trusting(files))).body).to.include(NODATA);
          }
          kept.destroy();
          expect(await service.stop()).to.equal(143);
        } finally {
          service.child.kill("SIGKILL");
        }
      }));
  }
});

describe("settings of TLS", function () {
  this.timeout(PROCESSES_MILLISECONDS);
  let folder: string;
  let files: Certificates;

  before(() => {
    folder = newFolder();
    files = certificatesIn(folder);
    mkdirSync(join(folder, "a-folder"));
    writeFileSync(join(folder, "empty.pem"), "");
    writeFileSync(join(folder, "text.pem"), "no certificate");
    writeFileSync(
      join(folder, "garbage.pem"),
      "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n",
    );
    openssl([
      ...["ec", "-aes128", "-passout", "pass:hemlig"],
      "-in",
      files.server.keyFile,
      "-out",
      join(folder, "locked.key"),
    ]);
  });
  after(() => removeFolder(folder));

  const certificate = () => files.server.certificateFile;
  const key = () => files.server.keyFile;
  const inside = (name: string) => () => join(folder, name);

  for (const [what, settings, setting] of [
    ["a certificate without a key", { tlsCertificateFile: certificate }, "tlsKeyFile"],
    ["a key without a certificate", { tlsKeyFile: key }, "tlsCertificateFile"],
    [
      "another certificate's key",
      { tlsCertificateFile: certificate, tlsKeyFile: () => files.portal.keyFile },
      "tlsCertificateFile, tlsKeyFile",
    ],
    [
      "a certificate that is not there",
      { tlsCertificateFile: inside("none"), tlsKeyFile: key },
      "tlsCertificateFile",
    ],
    [
      "a key that is not there",
      { tlsCertificateFile: certificate, tlsKeyFile: inside("none") },
      "tlsKeyFile",
    ],
    [
      "a certificate that is a folder",
      { tlsCertificateFile: inside("a-folder"), tlsKeyFile: key },
      "tlsCertificateFile",
    ],
    [
      "a certificate that is empty",
      { tlsCertificateFile: inside("empty.pem"), tlsKeyFile: key },
      "tlsCertificateFile",
    ],
    [
      "a certificate that is a text",
      { tlsCertificateFile: inside("text.pem"), tlsKeyFile: key },
      "tlsCertificateFile",
    ],
    [
      "a certificate that is garbage",
      { tlsCertificateFile: inside("garbage.pem"), tlsKeyFile: key },
      "tlsCertificateFile, tlsKeyFile",
    ],
    [
      "the files changed about",
      { tlsCertificateFile: key, tlsKeyFile: certificate },
      "tlsCertificateFile, tlsKeyFile",
    ],
    [
      "a key with a passphrase",
      { tlsCertificateFile: certificate, tlsKeyFile: inside("locked.key") },
      "tlsCertificateFile, tlsKeyFile",
    ],
    ["authorities without TLS", { tlsClientAuthoritiesFile: certificate }, "tlsClientAuthoritiesFile"],
    [
      "authorities that are not there",
      { tlsCertificateFile: certificate, tlsKeyFile: key, tlsClientAuthoritiesFile: inside("none") },
      "tlsClientAuthoritiesFile",
    ],
    [
      "authorities that are a key",
      { tlsCertificateFile: certificate, tlsKeyFile: key, tlsClientAuthoritiesFile: key },
      "tlsClientAuthoritiesFile",
    ],
    [
      "authorities that are garbage",
      { tlsCertificateFile: certificate, tlsKeyFile: key, tlsClientAuthoritiesFile: inside("garbage.pem") },
      "tlsClientAuthoritiesFile",
    ],
  ] as const) {
    it(`are wrong with ${what}: ${setting}`, () => {
      const given = Object.fromEntries(Object.entries(settings).map(([name, file]) => [name, file()]));
      const error = thrownBy(() => tlsOf({ ...PLAIN, ...given }));
      expect(error.code).to.equal("settings");
      expect(error.message.startsWith(`${setting}: `), error.message).to.equal(true);
      expect(error.message).not.to.match(/\n|hemlig/);
    });
  }

  it("are wrong for an address that other machines reach, without TLS, unless insecureListen says so", () => {
    for (const host of [
      "0.0.0.0",
      "::",
      "192.0.2.1",
      "portal.example.se",
      "127.0.0.1.example.se",
      "",
      "::ffff:0.0.0.0",
    ]) {
      expect(thrownBy(() => tlsOf({ ...PLAIN, host })).message, host).to.match(/^host: .*insecureListen/);
      expect(tlsOf({ ...PLAIN, host, insecureListen: true })).to.equal(undefined);
      const { certificateFile: tlsCertificateFile, keyFile: tlsKeyFile } = files.server;
      expect(tlsOf({ ...PLAIN, host, tlsCertificateFile, tlsKeyFile })).not.to.equal(undefined);
    }
    for (const host of ["127.0.0.1", "127.0.0.2", "::1", "localhost"]) {
      expect(tlsOf({ ...PLAIN, host }), host).to.equal(undefined);
    }
  });

  it("that are wrong end the program with 3 and one line, with one process and with several", async () => {
    const env = { ADRESSLISTA_TLS_CERTIFICATE_FILE: certificate() };
    for (const [args, line] of [
      [["serve", "--port", "0"], /^adresslista: tlsKeyFile: .*\n$/],
      [["serve", "--port", "0", "--workers", "2"], /^adresslista: tlsKeyFile: .*\n$/],
      [["serve", "--port", "0", "--host", "0.0.0.0"], /^adresslista: (tlsKeyFile|host): .*\n$/],
    ] as const) {
      const { code, stderr, stdout } = await adresslista(args, { folder, env });
      expect([code, stdout]).to.deep.equal([3, ""]);
      expect(stderr).to.match(line);
    }
    const open = await adresslista(["serve", "--port", "0", "--host", "0.0.0.0"], { folder });
    expect(open.code).to.equal(3);
    expect(open.stderr).to.match(/^adresslista: host: 0\.0\.0\.0 can be reached .*insecureListen: true\n$/);
  });

  it("are asked of a socket that systemd hands over, too, whatever host says", async () => {
    const holder = await holdSocket(folder, "0.0.0.0");
    try {
      for (const workers of ["1", "2"]) {
        const args = ["serve", "--workers", workers];
        const { code, said } = await holder.run(args, { ADRESSLISTA_LOG_LEVEL: "silent" });
        expect(code, said).to.equal(3);
        expect(said).to.match(/^adresslista: .*0\.0\.0\.0 can be reached .*\n$/);
      }
      const running = await holder.start(["serve"], { ADRESSLISTA_INSECURE_LISTEN: "true" });
      expect(await running.stop()).to.equal(143);
      const env = settingsOf(files);
      const safe = await holder.start(["serve", "--workers", "2"], env);
      const { body } = await callAt(`https://127.0.0.1:${holder.port}`, PORTAL, trusting(files));
      expect(body).to.include(FAILED);
      expect(await safe.stop()).to.equal(143);
    } finally {
      await holder.end();
    }
  });
});

const PLAIN = {
  host: "127.0.0.1",
  insecureListen: false,
  tlsCertificateFile: undefined,
  tlsKeyFile: undefined,
  tlsClientAuthoritiesFile: undefined,
};

interface Certificates {
  readonly server: CertificateFiles;
  readonly renewed: CertificateFiles;
  /** Whose client certificates are believed, and another one. */
  readonly authority: CertificateFiles;
  readonly otherAuthority: CertificateFiles;
  /** The caller's, and one of the same authority that is no caller's. */
  readonly portal: CertificateFiles;
  readonly other: CertificateFiles;
  /** With the caller's subject: of another authority, and of none. */
  readonly stranger: CertificateFiles;
  readonly selfSigned: CertificateFiles;
  /** Who the test believes to be the service. */
  readonly ca: string;
}

const SUBJECT = "/C=SE/O=Örebro, Exempel/CN=portal.example.se";

function certificatesIn(folder: string): Certificates {
  const authority = certificateOf(folder, "authority", { isAuthority: true });
  const otherAuthority = certificateOf(folder, "other-authority", { isAuthority: true });
  const server = certificateOf(folder, "server");
  const renewed = certificateOf(folder, "renewed");
  return {
    authority,
    otherAuthority,
    server,
    renewed,
    portal: certificateOf(folder, "portal", { subject: SUBJECT, by: authority }),
    other: certificateOf(folder, "other", { by: authority }),
    stranger: certificateOf(folder, "stranger", { subject: SUBJECT, by: otherAuthority }),
    selfSigned: certificateOf(folder, "self-signed", { subject: SUBJECT }),
    ca: [server, renewed].map(({ certificateFile }) => readFileSync(certificateFile, "utf8")).join(""),
  };
}

/** `portal` with a secret, `certifierad` with a certificate, whose subject is copied from what openssl prints. */
async function addCallers(folder: string, { portal }: Certificates): Promise<void> {
  const printed = openssl(["x509", "-noout", "-subject", "-in", portal.certificateFile]);
  const subject = printed.replace(/^subject=/, "").trim();
  const certified = ["caller", "add", "certifierad", "--verifier", "certificate", "--subject", subject];
  for (const [args, input] of [
    [["caller", "add", PORTAL.caller], `${PORTAL.ticket}\n`],
    [certified, ""],
  ] as const) {
    const { code, stderr } = await adresslista(args, { folder, input });
    expect(code, stderr).to.equal(0);
  }
}

function settingsOf({ server, authority }: Certificates) {
  return {
    ADRESSLISTA_TLS_CERTIFICATE_FILE: server.certificateFile,
    ADRESSLISTA_TLS_KEY_FILE: server.keyFile,
    ADRESSLISTA_TLS_CLIENT_AUTHORITIES_FILE: authority.certificateFile,
  };
}

function pems({ certificateFile, keyFile }: CertificateFiles) {
  return { cert: readFileSync(certificateFile), key: readFileSync(keyFile) };
}

function trusted({ ca }: Certificates, certificate?: CertificateFiles) {
  return { ca, ...(certificate === undefined ? {} : pems(certificate)) };
}

/** For one call on a connection of its own. */
function trusting(files: Certificates, certificate?: CertificateFiles) {
  return { agent: new Agent({ maxCachedSessions: 0 }), ...trusted(files, certificate) };
}

function connected(service: Pick<Service, "url">, options: ConnectionOptions): Promise<TLSSocket> {
  const { port } = new URL(service.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false, ...options });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

async function fingerprint(service: Service): Promise<string | undefined> {
  const socket = await connected(service, {});
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

/** Of TLS 1.3 the session comes some time after the connection. */
const RESUMABLE = { maxVersion: "TLSv1.2" } as const;

/** What a client may take up again later, begun with the caller's certificate. */
async function sessionWith(service: Service, files: Certificates): Promise<Buffer> {
  const socket = await connected(service, { ...trusted(files, files.portal), ...RESUMABLE });
  const session = socket.getSession();
  socket.destroy();
  if (session === undefined) throw new Error("there is no session");
  return session;
}

async function got(url: string, { ca }: Certificates): Promise<{ readonly body: string }> {
  const { get } = await import("node:https");
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve({ body: Buffer.concat(chunks).toString("utf8") });
    }).on("error", reject);
  });
}

function thrownBy(action: () => unknown): AdresslistaError {
  try {
    action();
  } catch (error) {
    if (error instanceof AdresslistaError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function count(service: Service, text: string): number {
  return service.stderr().split(text).length - 1;
}

async function eventually(holds: () => boolean): Promise<void> {
  for (const began = performance.now(); !holds(); await delay(20)) {
    if (performance.now() - began > 30_000) throw new Error("it has not come to that");
  }
}
