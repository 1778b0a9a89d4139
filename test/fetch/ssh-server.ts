/** An SFTP server in this process, which does what no real one can be made to do. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { AddressInfo, Socket } from "node:net";
import { createServer, type Server as NetServer } from "node:net";
import ssh2, { type AuthContext, type SFTPWrapper } from "ssh2";
import { fingerprint } from "../../lib/fetch/host-key.js";
import type { SftpSettings } from "../../lib/fetch/settings.js";

const { Server, utils } = ssh2;
const { STATUS_CODE } = utils.sftp;

export const USER = "skolan";
export const PASSWORD = "korrekt-häst-batteri";

/** A file of the server; what stands here is looked at anew by each request. */
export interface ServedFile {
  name: string;
  content: Buffer;
  /** What stat says of its size, when that is not the truth. */
  bytes?: number;
  modified: Date;
  kind?: "file" | "folder" | "link";
}

export interface Behaviour {
  /** PEM, or OpenSSH's own form. */
  hostKeys?: readonly string[];
  files?: ServedFile[];
  password?: string;
  /** Public keys that may log in, as `ssh-keygen` writes them. */
  authorizedKey?: string;
  /** Methods that are offered after a refusal. */
  methods?: readonly string[];
  /** Before a read is answered: what goes on meanwhile. `at`: the offset that is asked for. */
  onRead?(read: { readonly at: number; readonly number: number; readonly connection: number }): OnRead;
  /** Instead of SSH: what is done with a new connection. */
  onSocket?(socket: Socket, connection: number): "ssh" | "taken";
  /** Largest answer to a read. */
  maxReadBytes?: number;
  /** SFTP status of listing. */
  listStatus?: number;
}

/** "answer", or leave it without an answer, or cut the connection, or answer later. */
type OnRead = "answer" | "silence" | "cut" | { readonly afterMilliseconds: number };

export interface FakeServer {
  readonly port: number;
  /** Of the host keys. */
  readonly fingerprints: readonly string[];
  readonly files: ServedFile[];
  /** What was sent to log in, "none" not counted. */
  readonly logins: readonly { readonly method: string; readonly secret: string | undefined }[];
  readonly connections: () => number;
  /** Sockets that are open now. */
  readonly open: () => number;
  close(): Promise<void>;
}

export async function startSshServer(behaviour: Behaviour = {}): Promise<FakeServer> {
  const hostKeys = [...(behaviour.hostKeys ?? [ed25519Key()])];
  const files = behaviour.files ?? [];
  const logins: { method: string; secret: string | undefined }[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  const ssh = new Server({ hostKeys }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => authenticate(context, behaviour, logins));
    client.on("session", (accept) => {
      accept().on("sftp", (acceptSftp) => {
        serve(acceptSftp(), files, behaviour, connections, () => {
          for (const socket of sockets) socket.resetAndDestroy();
        });
      });
    });
  });
  const server: NetServer = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    if ((behaviour.onSocket?.(socket, connections) ?? "ssh") === "ssh") ssh.injectSocket(socket);
    // Who does not read does not notice the end either.
    else socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    fingerprints: hostKeys.map((key) => fingerprintOf(key)),
    files,
    logins,
    connections: () => connections,
    open: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Settings for the server, quick and without patience. */
export function settingsFor(server: FakeServer, changes: Partial<SftpSettings> = {}): SftpSettings {
  return {
    host: "127.0.0.1",
    port: server.port,
    user: USER,
    password: PASSWORD,
    hostKeys: server.fingerprints,
    path: "/export",
    patterns: ["*.xml", "*.zip", "*.gz"],
    files: "newest",
    deliveryMinutes: 60,
    minimumAgeSeconds: 0,
    connectSeconds: 10,
    idleSeconds: 10,
    deadlineMinutes: 1,
    retries: 0,
    ...changes,
  };
}

export function served(
  name: string,
  content: string | Buffer,
  modified = "2026-11-24T01:00:00Z",
): ServedFile {
  return { name, content: Buffer.from(content), modified: new Date(modified) };
}

export function ed25519Key(passphrase?: string): string {
  const encryption = passphrase === undefined ? {} : { passphrase, cipher: "aes256-ctr", rounds: 4 };
  return readable(() => utils.generateKeyPairSync("ed25519", encryption as never).private, passphrase);
}

export function rsaKey(): string {
  return exported(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
}

export function ecdsaKey(): string {
  return readable(() => utils.generateKeyPairSync("ecdsa", { bits: 256 }).private);
}

/** ssh2 now and then makes a key that it cannot read itself. */
function readable(generate: () => string, passphrase?: string): string {
  for (;;) {
    const key = generate();
    if (!(utils.parseKey(key, passphrase) instanceof Error)) return key;
  }
}

/** The public part, as known_hosts and authorized_keys have it: type and base64. */
export function publicKey(privateKey: string, passphrase?: string): string {
  const key = parsed(privateKey, passphrase);
  return `${key.type} ${key.getPublicSSH().toString("base64")}`;
}

export function fingerprintOf(privateKey: string): string {
  return fingerprint(parsed(privateKey).getPublicSSH());
}

function parsed(privateKey: string, passphrase?: string) {
  const key = utils.parseKey(privateKey, passphrase);
  if (key instanceof Error) throw key;
  return key;
}

function exported(key: KeyObject): string {
  return key.export({ type: "pkcs1", format: "pem" }) as string;
}

function authenticate(
  context: AuthContext,
  { password = PASSWORD, authorizedKey, methods = ["password", "publickey"] }: Behaviour,
  logins: { method: string; secret: string | undefined }[],
): void {
  const settle = (isRight: boolean) => {
    if (isRight) context.accept();
    else context.reject(methods as never);
  };
  switch (context.method) {
    case "password":
      logins.push({ method: "password", secret: context.password });
      settle(context.username === USER && methods.includes("password") && context.password === password);
      break;
    case "keyboard-interactive":
      context.prompt([{ prompt: "Password: ", echo: false }], ([secret]) => {
        logins.push({ method: "keyboard-interactive", secret });
        settle(secret === password);
      });
      break;
    case "publickey": {
      const key = authorizedKey === undefined ? undefined : parsed(authorizedKey);
      const { signature, blob } = context;
      if (!key?.getPublicSSH().equals(context.key.data)) settle(false);
      else if (signature === undefined || blob === undefined) settle(true);
      else {
        logins.push({ method: "publickey", secret: undefined });
        settle(key.verify(blob, signature, context.hashAlgo) === true);
      }
      break;
    }
    default:
      settle(false);
  }
}

function serve(
  sftp: SFTPWrapper,
  files: ServedFile[],
  { onRead, maxReadBytes = Number.POSITIVE_INFINITY, listStatus }: Behaviour,
  connection: number,
  cut: () => void,
): void {
  const handles = new Map<number, { name: string | undefined; isListed: boolean }>();
  let reads = 0;
  const open = (name: string | undefined) => {
    const number = handles.size;
    handles.set(number, { name, isListed: false });
    return Buffer.from([number]);
  };
  const find = (path: string) => files.find(({ name }) => path === `/export/${name}`);

  sftp.on("OPENDIR", (id, path) => {
    if (listStatus !== undefined) return sftp.status(id, listStatus);
    if (path !== "/export") return sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
    sftp.handle(id, open(undefined));
  });
  sftp.on("READDIR", (id, handle) => {
    const state = handles.get(handle[0] ?? -1);
    if (state === undefined || state.isListed) return sftp.status(id, STATUS_CODE.EOF);
    state.isListed = true;
    const names = files.map((file) => ({
      filename: file.name,
      longname: file.name,
      attrs: attributes(file),
    }));
    sftp.name(id, names as never);
  });
  const stat = (id: number, path: string) => {
    const file = find(path);
    if (file === undefined) sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
    else sftp.attrs(id, attributes(file));
  };
  sftp.on("STAT", stat);
  sftp.on("LSTAT", stat);
  sftp.on("OPEN", (id, path) => {
    if (find(path) === undefined) sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
    else sftp.handle(id, open(path));
  });
  sftp.on("READ", (id, handle, at, length) => {
    const path = handles.get(handle[0] ?? -1)?.name;
    reads += 1;
    const what = onRead?.({ at, number: reads, connection }) ?? "answer";
    const answer = () => {
      const content = (path === undefined ? undefined : find(path))?.content ?? Buffer.alloc(0);
      const piece = content.subarray(at, at + Math.min(length, maxReadBytes));
      if (piece.length === 0) sftp.status(id, STATUS_CODE.EOF);
      else sftp.data(id, piece);
    };
    if (what === "answer") answer();
    else if (what === "cut") cut();
    else if (what !== "silence") setTimeout(answer, what.afterMilliseconds);
  });
  sftp.on("CLOSE", (id) => sftp.status(id, STATUS_CODE.OK));
  sftp.on("error", () => {});
}

const MODES = { file: 0o100644, folder: 0o040755, link: 0o120777 } as const;

function attributes({ content, bytes, modified, kind = "file" }: ServedFile) {
  const seconds = Math.floor(modified.getTime() / 1000);
  return { mode: MODES[kind], uid: 0, gid: 0, size: bytes ?? content.length, atime: seconds, mtime: seconds };
}
