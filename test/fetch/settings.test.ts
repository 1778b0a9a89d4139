import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import { loadSettings } from "../../lib/config.js";
import { AdresslistaError } from "../../lib/errors.js";
import { sftpSettings } from "../../lib/fetch/settings.js";

describe("settings of the fetch", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "adresslista-settings-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return name;
  };
  const given = (settings: Readonly<Record<string, unknown>>) => {
    const file = join(folder, "adresslista.config.json");
    writeFileSync(
      file,
      JSON.stringify({ sftpHost: "sftp.example", sftpUser: "skolan", sftpPassword: "hemligt", ...settings }),
    );
    return sftpSettings(loadSettings({}, { config: file }, folder));
  };
  const failure = (settings: Readonly<Record<string, unknown>>): string => {
    try {
      given(settings);
    } catch (error) {
      expect(error).to.be.instanceOf(AdresslistaError).with.property("code", "settings");
      expect((error as Error).message).not.to.include("hemligt");
      return (error as Error).message;
    }
    throw new Error("they were taken");
  };

  it("are those of the program", () => {
    expect(given({ sftpHostKey: [`SHA256:${"A".repeat(43)}`], sftpMarker: "KLAR" })).to.deep.equal({
      host: "sftp.example",
      port: 22,
      user: "skolan",
      password: "hemligt",
      hostKeys: [`SHA256:${"A".repeat(43)}`],
      path: ".",
      patterns: ["*.xml", "*.zip", "*.gz"],
      files: "newest",
      deliveryMinutes: 60,
      minimumAgeSeconds: 60,
      marker: "KLAR",
      connectSeconds: 30,
      idleSeconds: 60,
      deadlineMinutes: 60,
      retries: 3,
    });
  });

  it("take secrets from files, without the line break at the end and with all else", () => {
    for (const end of ["", "\n", "\r\n"]) {
      const sftpPasswordFile = write("password", ` blanksteg och å ${end}`);
      expect(given({ sftpPassword: null, sftpPasswordFile }).password).to.equal(" blanksteg och å ");
    }
    const sftpPasswordFile = write("password", "två\n\n");
    expect(given({ sftpPassword: null, sftpPasswordFile }).password).to.equal("två\n");
    const keys = given({
      sftpPassword: null,
      sftpPrivateKeyFile: write("key", "-----BEGIN\nx\n-----END\n"),
      sftpPassphraseFile: write("passphrase", "fras\n"),
      sftpKnownHostsFile: write("known_hosts", "a ssh-rsa AAAA\n"),
    });
    expect(keys).to.include({ privateKey: "-----BEGIN\nx\n-----END", passphrase: "fras" });
    expect(keys.knownHosts).to.equal("a ssh-rsa AAAA\n");
    expect(keys).not.to.have.property("password");
  });

  it("that are missing are named", () => {
    expect(failure({ sftpHost: null })).to.match(/^sftpHost is missing/);
    expect(failure({ sftpUser: null })).to.match(/^sftpUser is missing/);
    const none = failure({ sftpPassword: null });
    for (const name of ["sftpPassword", "sftpPasswordFile", "sftpPrivateKey", "sftpPrivateKeyFile"]) {
      expect(none).to.include(name);
    }
  });

  it("must not say a secret twice, nor name a file that cannot be read or is empty", () => {
    expect(failure({ sftpPasswordFile: write("password", "x") })).to.include(
      "sftpPassword and sftpPasswordFile are both given",
    );
    expect(failure({ sftpPassword: null, sftpPasswordFile: "none" })).to.equal(
      `sftpPasswordFile: cannot read ${join(folder, "none")} (ENOENT)`,
    );
    expect(failure({ sftpPassword: null, sftpPasswordFile: write("empty", "\n") })).to.include("is empty");
    expect(failure({ sftpKnownHostsFile: "none" })).to.match(
      /^sftpKnownHostsFile: cannot read .*\(ENOENT\)$/,
    );
  });
});
