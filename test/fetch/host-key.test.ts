import { createHmac, randomBytes } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { fingerprint, hostKeyPins, keyType, refusedHostKey } from "../../lib/fetch/host-key.js";

/** A key as it comes on the wire: its type, and bytes that stand for the rest. */
function keyOf(type: string, rest = randomBytes(32)): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), rest]);
}

const ED25519 = keyOf("ssh-ed25519");
const RSA = keyOf("ssh-rsa");
const OTHER = keyOf("ssh-ed25519");
const lineOf = (hosts: string, key: Buffer) => `${hosts} ${keyType(key)} ${key.toString("base64")}\n`;

describe("pinned host keys", () => {
  const judge = (knownHosts: string, host = "sftp.gotit.example", port = 22, key = ED25519) =>
    hostKeyPins({ host, port, hostKeys: [], knownHosts }).judge(key);

  it("are fingerprints as ssh-keygen writes them, with padding or without", () => {
    const text = fingerprint(ED25519);
    expect(text).to.match(/^SHA256:[A-Za-z0-9+/]{43}$/);
    for (const hostKeys of [[text], [`${text}=`], [fingerprint(OTHER), text]]) {
      const pins = hostKeyPins({ host: "a", port: 22, hostKeys });
      expect(pins.judge(ED25519)).to.equal("pinned");
      expect(pins.judge(RSA)).to.equal("unknown");
    }
  });

  it("stand in known_hosts under the host's name, in any case, and with its port when that is another than 22", () => {
    expect(judge(lineOf("SFTP.gotit.example", ED25519))).to.equal("pinned");
    expect(judge(lineOf("other,sftp.gotit.example,10.0.0.1", ED25519), "SFTP.GotIT.example")).to.equal(
      "pinned",
    );
    expect(judge(lineOf("[sftp.gotit.example]:2222", ED25519), undefined, 2222)).to.equal("pinned");
    expect(judge(lineOf("sftp.gotit.example", ED25519), undefined, 2222)).to.equal("unknown");
    expect(judge(lineOf("[sftp.gotit.example]:2222", ED25519))).to.equal("unknown");
    expect(judge(lineOf("sftp.gotit.example", OTHER))).to.equal("unknown");
  });

  it("may be of a pattern of hosts, but not of one that is excepted", () => {
    expect(judge(lineOf("*.gotit.example", ED25519))).to.equal("pinned");
    expect(judge(lineOf("sft?.gotit.example", ED25519))).to.equal("pinned");
    expect(judge(lineOf("*.gotit.example,!sftp.gotit.example", ED25519))).to.equal("unknown");
    expect(judge(lineOf("sftp.gotit", ED25519))).to.equal("unknown");
    expect(judge(lineOf("sftpxgotit.example", ED25519))).to.equal("unknown");
  });

  it("are found under hashed names", () => {
    const hashOf = (name: string) => {
      const salt = randomBytes(20);
      const hash = createHmac("sha1", salt).update(name).digest("base64");
      return `|1|${salt.toString("base64")}|${hash}`;
    };
    expect(judge(lineOf(hashOf("sftp.gotit.example"), ED25519))).to.equal("pinned");
    expect(judge(lineOf(hashOf("[sftp.gotit.example]:22022"), ED25519), undefined, 22022)).to.equal("pinned");
    expect(judge(lineOf(hashOf("other.example"), ED25519))).to.equal("unknown");
    expect(judge(lineOf("|2|aaaa|bbbb", ED25519))).to.equal("unknown");
  });

  it("that are revoked are never good, whatever else pins them", () => {
    const knownHosts = `${lineOf("sftp.gotit.example", ED25519)}@revoked ${lineOf("*", ED25519)}`;
    const hostKeys = [fingerprint(ED25519)];
    const pins = hostKeyPins({ host: "sftp.gotit.example", port: 22, hostKeys, knownHosts });
    expect(pins.judge(ED25519)).to.equal("revoked");
  });

  it("are never those of a certificate authority, and that is said", () => {
    const pins = hostKeyPins({
      host: "sftp.gotit.example",
      port: 22,
      hostKeys: [],
      knownHosts: `@cert-authority ${lineOf("*.gotit.example", ED25519)}`,
    });
    expect(pins.judge(ED25519)).to.equal("unknown");
    expect(pins.state).to.equal("elsewhere");
    expect(pins.notes.join()).to.include("@cert-authority");
  });

  it("decide which algorithms are asked for, where their types are known", () => {
    const pins = (knownHosts: string, hostKeys: readonly string[] = []) =>
      hostKeyPins({ host: "a", port: 22, hostKeys, knownHosts }).algorithms;
    expect(pins(lineOf("a", RSA))).to.deep.equal(["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]);
    expect(pins(lineOf("a", ED25519))).to.deep.equal(["ssh-ed25519"]);
    expect(pins(lineOf("a", RSA), [fingerprint(ED25519)])).to.include("ssh-ed25519");
    expect(pins(lineOf("b", RSA))).to.include("ssh-ed25519");
  });

  it("are told from no pin at all in what the administrator reads", () => {
    const refusal = (hostKeys: readonly string[], knownHosts?: string) => {
      const pinning = {
        host: "a",
        port: 2222,
        hostKeys,
        ...(knownHosts === undefined ? {} : { knownHosts }),
      };
      return refusedHostKey(pinning, hostKeyPins(pinning), ED25519).message;
    };
    const how = `ADRESSLISTA_SFTP_HOST_KEY=${fingerprint(ED25519)}`;
    for (const message of [refusal([]), refusal([], ""), refusal([fingerprint(RSA)])]) {
      expect(message)
        .to.match(/^a:2222: /)
        .and.to.include(how)
        .and.to.include("GotIT");
    }
    expect(refusal([])).to.include("no host key is pinned");
    expect(refusal([], "")).to.include("no key for [a]:2222");
    expect(refusal([fingerprint(RSA)]))
      .to.include("another host key")
      .and.to.include("before you pin");
  });

  it("are never found in a text that has none, whatever it is", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (lines) => {
        expect(judge(lines.join("\n"))).to.equal("unknown");
      }),
    );
  });

  it("are found among lines of any kind", () => {
    const noise = fc.string().map((text) => `#${text.replaceAll("\n", " ")}`);
    fc.assert(
      fc.property(fc.array(noise), fc.array(noise), (before, after) => {
        const text = [...before, lineOf("sftp.gotit.example", ED25519).trim(), ...after].join("\r\n");
        expect(judge(text)).to.equal("pinned");
      }),
    );
  });

  it("have a type only when they are keys", () => {
    expect(keyType(ED25519)).to.equal("ssh-ed25519");
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(keyType(Buffer.from(bytes))).to.match(/^[\w@.-]*$/);
      }),
    );
  });
});
