import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SSHD = "/usr/sbin/sshd";
const SFTP_SERVER = "/usr/lib/openssh/sftp-server";

/** OpenSSH's server on a loopback port, with keys and a user of its own that are gone when it ends. */
export interface Sshd {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The client's key, OpenSSH's own form, and one with a passphrase. */
  readonly privateKey: string;
  readonly lockedKey: string;
  readonly passphrase: string;
  /** Fingerprints as `ssh-keygen -l` prints them, by type of key. */
  readonly hostKeys: { readonly ed25519: string; readonly rsa: string };
  /** known_hosts as `ssh-keyscan` brings it, and with hashed names. */
  readonly knownHosts: string;
  readonly hashedKnownHosts: string;
  /** The user's folder with exports. */
  readonly folder: string;
  /** What sshd has said. */
  log(): string;
  end(): Promise<void>;
}

/** Throws, and says what is missing: these tests are worth nothing without the real server. */
export async function startSshd(): Promise<Sshd> {
  for (const program of [SSHD, SFTP_SERVER]) {
    if (!existsSync(program)) throw new Error(`${program} is missing (Debian: openssh-server)`);
  }
  if (process.getuid?.() !== 0) throw new Error("needs root: password login needs a user of its own");
  const root = mkdtempSync(join(tmpdir(), "adresslista-sshd-"));
  chmodSync(root, 0o755);
  const user = `alvis${randomBytes(4).toString("hex")}`;
  const password = randomBytes(12).toString("base64");
  const passphrase = randomBytes(12).toString("base64");
  execFileSync("useradd", ["--home-dir", join(root, "home"), "--create-home", "--shell", "/bin/sh", user]);
  let sshd: ChildProcess | undefined;
  const end = async () => {
    if (sshd !== undefined && sshd.exitCode === null) {
      const ended = new Promise((resolve) => sshd?.once("exit", resolve));
      sshd.kill("SIGTERM");
      await ended;
    }
    execFileSync("userdel", ["--force", user], { stdio: "ignore" });
    rmSync(root, { recursive: true, force: true });
  };
  try {
    execFileSync("chpasswd", { input: `${user}:${password}\n` });
    const key = (name: string, type: string, phrase = "") => {
      execFileSync("ssh-keygen", ["-q", "-t", type, "-N", phrase, "-C", name, "-f", join(root, name)]);
      return join(root, name);
    };
    const hostKeys = { ed25519: key("host-ed25519", "ed25519"), rsa: key("host-rsa", "rsa") };
    const clientKeys = [key("client", "ed25519"), key("locked", "ed25519", passphrase)];
    const authorized = join(root, "authorized_keys");
    writeFileSync(authorized, clientKeys.map((file) => readFileSync(`${file}.pub`, "utf8")).join(""));
    const port = await freePort();
    const config = join(root, "sshd_config");
    writeFileSync(config, configOf({ port, user, authorized, hostKeys: Object.values(hostKeys) }));
    mkdirSync("/run/sshd", { recursive: true });
    const said: string[] = [];
    sshd = spawn(SSHD, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
    sshd.stderr?.on("data", (data) => said.push(String(data)));
    await answering(port, () => said.join(""));
    const folder = join(root, "home/export");
    mkdirSync(folder);
    const id = (flag: string) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
    chownSync(folder, id("-u"), id("-g"));
    const knownHosts = execFileSync("ssh-keyscan", ["-p", String(port), "127.0.0.1"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return {
      port,
      user,
      password,
      privateKey: readFileSync(join(root, "client"), "utf8"),
      lockedKey: readFileSync(join(root, "locked"), "utf8"),
      passphrase,
      hostKeys: { ed25519: fingerprintOf(hostKeys.ed25519), rsa: fingerprintOf(hostKeys.rsa) },
      knownHosts,
      hashedKnownHosts: hashed(knownHosts, root),
      folder,
      log: () => said.join(""),
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

interface Configuration {
  readonly port: number;
  readonly user: string;
  readonly authorized: string;
  readonly hostKeys: readonly string[];
}

/** Without PAM: the password is looked up where chpasswd has put it, whatever else the machine demands. */
function configOf({ port, user, authorized, hostKeys }: Configuration): string {
  return [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    ...hostKeys.map((file) => `HostKey ${file}`),
    "PidFile none",
    "UsePAM no",
    "StrictModes no",
    `AuthorizedKeysFile ${authorized}`,
    "PasswordAuthentication yes",
    "KbdInteractiveAuthentication no",
    "PubkeyAuthentication yes",
    `AllowUsers ${user}`,
    `Subsystem sftp ${SFTP_SERVER}`,
    "LogLevel VERBOSE",
    "",
  ].join("\n");
}

function fingerprintOf(key: string): string {
  return execFileSync("ssh-keygen", ["-l", "-f", `${key}.pub`], { encoding: "utf8" }).split(" ")[1] ?? "";
}

function hashed(knownHosts: string, folder: string): string {
  const file = join(folder, "known_hosts");
  writeFileSync(file, knownHosts);
  execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
  return readFileSync(file, "utf8");
}

async function answering(port: number, said: () => string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answers = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("data", () => socket.destroy(void resolve(true) as never));
      socket.once("error", () => resolve(false));
    });
    if (answers) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`sshd does not answer:\n${said()}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
