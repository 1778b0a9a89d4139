import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { checkSftp, fetchExport } from "../../lib/fetch/fetch.js";
import type { SftpSettings } from "../../lib/fetch/settings.js";
import { type Sshd, startSshd } from "./sshd.js";

/** `npm run test:sftp`: fetching from OpenSSH's own server (Debian's openssh-server), as root. */
const root = fileURLToPath(new URL("../..", import.meta.url));
const SAMPLE = join(root, "data/sample-export.xml");
const WRONG_PIN = `SHA256:${"A".repeat(43)}`;

describe("an export on OpenSSH's server", function () {
  this.timeout(60_000);
  let sshd: Sshd;
  let folder: string;
  before(async () => {
    sshd = await startSshd();
  });
  after(() => sshd?.end());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "adresslista-sftp-"));
    for (const name of readdirSync(sshd.folder)) rmSync(join(sshd.folder, name));
    put("alvis.xml");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is fetched with a key, byte for byte, into a private file", async () => {
    const [file, ...others] = await fetched({ privateKey: sshd.privateKey });
    expect(others).to.deep.equal([]);
    expect(file).to.include({ name: "alvis.xml", bytes: statSync(SAMPLE).size, sha256: hashOf(SAMPLE) });
    expect(hashOf(file?.path ?? "")).to.equal(hashOf(SAMPLE));
    expect(statSync(file?.path ?? "").mode & 0o777).to.equal(0o600);
    expect(sshd.log()).to.match(new RegExp(`Accepted publickey for ${sshd.user}`));
  });

  it("is fetched with a key that has a passphrase", async () => {
    const files = await fetched({ privateKey: sshd.lockedKey, passphrase: sshd.passphrase });
    expect(files).to.have.length(1);
  });

  it("is fetched with a password", async () => {
    expect(await fetched({ password: sshd.password })).to.have.length(1);
    expect(sshd.log()).to.match(new RegExp(`Accepted password for ${sshd.user}`));
  });

  it("is fetched from a server that is pinned by either of its keys", async () => {
    for (const hostKeys of [
      [sshd.hostKeys.rsa],
      [sshd.hostKeys.ed25519],
      [WRONG_PIN, sshd.hostKeys.ed25519],
    ]) {
      expect(await fetched({ password: sshd.password, hostKeys })).to.have.length(1);
    }
  });

  it("is fetched from a server that is pinned by known_hosts, with names in the clear or hashed", async () => {
    for (const knownHosts of [sshd.knownHosts, sshd.hashedKnownHosts]) {
      expect(await fetched({ password: sshd.password, hostKeys: [], knownHosts })).to.have.length(1);
    }
  });

  it("is not fetched from a server that is not pinned: the error has the fingerprint that ssh-keygen prints", async () => {
    const error = await failure({ password: sshd.password, hostKeys: [] });
    expect(error.code).to.equal("hostKey");
    const presented = /SHA256:[\w+/]{43}/.exec(error.message)?.[0];
    expect(Object.values(sshd.hostKeys)).to.include(presented);
  });

  it("is not fetched from a server with another key than the pinned one, and no password is sent", async () => {
    const tries = () => sshd.log().split("Accepted").length + sshd.log().split("Failed").length;
    const triesBefore = tries();
    const error = await failure({ password: sshd.password, hostKeys: [WRONG_PIN] });
    expect(error.code).to.equal("hostKey");
    expect(tries()).to.equal(triesBefore);
  });

  it("is not fetched with a wrong password, which is tried once", async () => {
    const error = await failure({ password: "wrong-canary", retries: 3 });
    expect(error).to.include({ code: "fetch" });
    expect(error.message).not.to.include("wrong-canary");
    expect(sshd.log().split(`Failed password for ${sshd.user}`)).to.have.length(2);
  });

  it("may be zipped or gzipped, and several files be one delivery", async () => {
    const packed = gzipSync(readFileSync(SAMPLE));
    writeFileSync(join(sshd.folder, "grupper.xml.gz"), packed);
    age("grupper.xml.gz");
    const files = await fetched({ password: sshd.password, files: "delivery" });
    expect(files.map(({ name }) => name)).to.deep.equal(["alvis.xml", "grupper.xml.gz"]);
    expect(readFileSync(files[1]?.path ?? "").equals(packed)).to.equal(true);
  });

  it("is found by `check`, which fetches nothing", async () => {
    const found = await checkSftp(settings({ password: sshd.password }), {});
    expect(JSON.stringify(found)).to.include("alvis.xml");
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it("is loaded by the command reload, and said to be loaded by the next one", () => {
    const environment = {
      ADRESSLISTA_DATABASE: join(folder, "a.sqlite"),
      ADRESSLISTA_FETCHED_FOLDER: join(folder, "fetched"),
      ADRESSLISTA_SFTP_HOST: "127.0.0.1",
      ADRESSLISTA_SFTP_PORT: String(sshd.port),
      ADRESSLISTA_SFTP_USER: sshd.user,
      ADRESSLISTA_SFTP_PASSWORD_FILE: join(folder, "password"),
      ADRESSLISTA_SFTP_HOST_KEY: sshd.hostKeys.ed25519,
      ADRESSLISTA_SFTP_PATH: "export",
    };
    writeFileSync(join(folder, "password"), `${sshd.password}\n`, { mode: 0o600 });
    const command = (...args: string[]) =>
      spawnSync(process.execPath, ["--import", "tsx", join(root, "lib/main.ts"), ...args], {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, ...environment },
      });
    const first = command("reload", "--json");
    expect(first.status, first.stderr).to.equal(0);
    expect(JSON.parse(first.stdout)).to.deep.include({ outcome: "loaded", load: 1 });
    const second = command("reload", "--json");
    expect(second.status, second.stderr).to.equal(0);
    expect(JSON.parse(second.stdout)).to.deep.include({ outcome: "unchanged", load: 1 });
    const check = command("check");
    expect(check.status, check.stdout + check.stderr).to.equal(0);
    expect(first.stdout + first.stderr + check.stdout + check.stderr).not.to.include(sshd.password);
  });

  function settings(changes: Partial<SftpSettings>): SftpSettings {
    return {
      host: "127.0.0.1",
      port: sshd.port,
      user: sshd.user,
      hostKeys: [sshd.hostKeys.ed25519],
      path: "export",
      patterns: ["*.xml", "*.zip", "*.gz"],
      files: "newest",
      deliveryMinutes: 60,
      minimumAgeSeconds: 60,
      connectSeconds: 20,
      idleSeconds: 20,
      deadlineMinutes: 1,
      retries: 0,
      ...changes,
    };
  }

  function fetched(changes: Partial<SftpSettings>) {
    return fetchExport(settings(changes), { folder, now: () => new Date() });
  }

  async function failure(changes: Partial<SftpSettings>): Promise<AdresslistaError> {
    try {
      await fetched(changes);
    } catch (error) {
      expect(error).to.be.instanceOf(AdresslistaError);
      expect(readdirSync(folder)).to.deep.equal([]);
      return error as AdresslistaError;
    }
    throw new Error("it was fetched");
  }

  function put(name: string): void {
    copyFileSync(SAMPLE, join(sshd.folder, name));
    age(name);
  }

  /** Old enough to be whole. */
  function age(name: string): void {
    const before = Date.now() / 1000 - 600;
    utimesSync(join(sshd.folder, name), before, before);
  }
});

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
