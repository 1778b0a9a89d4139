/**
 * Which host keys are the server's: fingerprints and known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). Without one
 * that is pinned anybody who answers at the address would be given the password.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { AdresslistaError } from "../errors.js";
import type { SftpSettings } from "./settings.js";
import { wildcard } from "./wildcard.js";

/** The keys that a server may present. */
export interface HostKeyPins {
  /** Whether a key of this server is pinned; "elsewhere": known_hosts has keys, but none of this server. */
  readonly state: "pinned" | "elsewhere" | "none";
  /** Algorithms to ask for, best first: those of the pinned keys as far as they are known. */
  readonly algorithms: readonly string[];
  /** What was found in known_hosts but is not used, in plain words. */
  readonly notes: readonly string[];
  /** `key`: the raw public key, as it comes on the wire. */
  judge(key: Buffer): "pinned" | "revoked" | "unknown";
}

/** What signs for which type of key (RFC 8332 for RSA), in the order in which they are asked for. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
};
const ALL_TYPES = Object.keys(ALGORITHMS);
const SSH_PORT = 22;

type Pinning = Pick<SftpSettings, "host" | "port" | "hostKeys" | "knownHosts">;

export function hostKeyPins({ host, port, hostKeys, knownHosts }: Pinning): HostKeyPins {
  const name = nameInKnownHosts(host, port);
  const entries = parseKnownHosts(knownHosts ?? "").filter((entry) => isHostOf(entry.hosts, name));
  const ofKind = (kind: KnownHost["kind"]) => entries.filter((entry) => entry.kind === kind);
  const fingerprints = hostKeys.map((text) => Buffer.from(text.replace(/^SHA256:/, ""), "base64"));
  const pinned = [...fingerprints, ...ofKind("key").map(({ key }) => sha256(key))];
  const revoked = ofKind("revoked").map(({ key }) => sha256(key));
  const types = new Set(ofKind("key").map(({ key }) => keyType(key)));
  // A fingerprint does not say of which type its key is.
  const wanted = ALL_TYPES.filter((type) => fingerprints.length > 0 || types.size === 0 || types.has(type));
  return {
    state: pinned.length > 0 ? "pinned" : knownHosts === undefined ? "none" : "elsewhere",
    algorithms: algorithmsOf(wanted),
    notes:
      ofKind("authority").length === 0
        ? []
        : [`known_hosts: @cert-authority for ${name} is not used, only keys of the server itself are`],
    judge(key) {
      const presented = sha256(key);
      if (revoked.some((hash) => isSame(hash, presented))) return "revoked";
      return pinned.some((hash) => isSame(hash, presented)) ? "pinned" : "unknown";
    },
  };
}

/** As OpenSSH prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${sha256(key).toString("base64").replace(/=+$/, "")}`;
}

/** The algorithms without those for keys of these types: a server with several keys then presents another. */
export function algorithmsWithout(
  algorithms: readonly string[],
  types: ReadonlySet<string>,
): readonly string[] {
  const unwanted = algorithmsOf([...types]);
  return algorithms.filter((algorithm) => !unwanted.includes(algorithm));
}

/** "ssh-ed25519" and so on; empty when the bytes are no key. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return "";
  const type = key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1");
  return /^[\w@.-]{1,64}$/.test(type) ? type : "";
}

/** Why the connection is not used, and what the administrator does about it. No login was sent yet. */
export function refusedHostKey(settings: Pinning, pins: HostKeyPins, presented: Buffer): AdresslistaError {
  const key = `${fingerprint(presented)} (${keyType(presented) || "of unknown type"})`;
  const how = `set sftpHostKey, or ADRESSLISTA_SFTP_HOST_KEY=${fingerprint(presented)}`;
  const refused = (sentence: string) =>
    new AdresslistaError("hostKey", `${settings.host}:${settings.port}: ${sentence}`);
  if (pins.judge(presented) === "revoked") {
    return refused(
      `the server presents the host key ${key}, which known_hosts has as @revoked. The login was not sent: ask GotIT which key is theirs`,
    );
  }
  if (pins.state === "pinned") {
    return refused(
      `the server presents another host key than the pinned one: ${key}. The login was not sent, for somebody else may be answering in the server's place. Ask GotIT whether they have changed their key before you pin this one; if they have, ${how}`,
    );
  }
  const none =
    pins.state === "none"
      ? "no host key is pinned"
      : `the known_hosts file has no key for ${nameInKnownHosts(settings.host, settings.port)}`;
  return refused(
    `${none}, so the login was not sent. The server presents ${key}: ask GotIT whether that is their key; if it is, ${how}`,
  );
}

// --- known_hosts

interface KnownHost {
  readonly kind: "key" | "revoked" | "authority";
  readonly hosts: string;
  readonly key: Buffer;
}

const KINDS: Readonly<Record<string, KnownHost["kind"]>> = {
  "@revoked": "revoked",
  "@cert-authority": "authority",
};

/** Lines that are none are passed over, as OpenSSH does. */
function parseKnownHosts(text: string): readonly KnownHost[] {
  return text.split("\n").flatMap((line): KnownHost[] => {
    const words = line.trim().split(/[ \t]+/);
    if (words[0] === "" || words[0]?.startsWith("#")) return [];
    const kind = words[0]?.startsWith("@") ? KINDS[words.shift() ?? ""] : "key";
    const [hosts, type, base64] = words;
    if (kind === undefined || hosts === undefined || type === undefined || base64 === undefined) return [];
    const key = Buffer.from(base64, "base64");
    return keyType(key) === type ? [{ kind, hosts, key }] : [];
  });
}

function nameInKnownHosts(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === SSH_PORT ? name : `[${name}]:${port}`;
}

/** `hosts`: a hashed name, or patterns separated by commas of which none that is negated may match. */
function isHostOf(hosts: string, name: string): boolean {
  if (hosts.startsWith("|")) return isHashOf(hosts, name);
  let isMatched = false;
  for (const pattern of hosts.toLowerCase().split(",")) {
    if (pattern.startsWith("!")) {
      if (wildcard(pattern.slice(1)).test(name)) return false;
    } else if (wildcard(pattern).test(name)) isMatched = true;
  }
  return isMatched;
}

function isHashOf(hashed: string, name: string): boolean {
  const [, version, salt = "", hash = ""] = hashed.split("|");
  if (version !== "1") return false;
  const expected = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return isSame(expected, Buffer.from(hash, "base64"));
}

function algorithmsOf(types: readonly string[]): readonly string[] {
  return types.flatMap((type) => ALGORITHMS[type] ?? []);
}

function sha256(key: Buffer): Buffer {
  return createHash("sha256").update(key).digest();
}

function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
