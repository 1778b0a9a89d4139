/**
 * One connection to the export's server. Whatever the server does or leaves undone, every promise here is settled: the
 * socket is ours, and ending it ends all that waits. ssh2-sftp-client connects; its own calls are not used beyond that,
 * for `fastGet` may never settle and `get` takes a file that has shrunk for whole.
 */
import { connect as connectSocket, type Socket } from "node:net";
import type { AnyAuthMethod, AuthHandlerMiddleware, SFTPWrapper } from "ssh2";
import SftpClient from "ssh2-sftp-client";
import { AdresslistaError } from "../errors.js";
import { lastingFailure, passingFailure } from "./failure.js";
import { algorithmsWithout, type HostKeyPins, hostKeyPins, keyType, refusedHostKey } from "./host-key.js";
import type { SftpSettings } from "./settings.js";

export interface RemoteFile {
  readonly name: string;
  readonly bytes: number;
  /** Servers give whole seconds. */
  readonly modified: Date;
}

export interface Session {
  /** The server's host key, which is a pinned one. */
  readonly hostKey: Buffer;
  /** Regular files of the folder, in no order. */
  list(): Promise<readonly RemoteFile[]>;
  /** Undefined: it is not there. */
  stat(name: string): Promise<RemoteFile | undefined>;
  /** The first `bytes` bytes; throws when the file has fewer or more. */
  read(name: string, bytes: number): AsyncGenerator<Buffer, void, undefined>;
  /** At once, whatever is going on. */
  close(): void;
}

/** Every server gives 32 KiB in one answer (SFTP version 3, section 3); ssh2 splits what is over 31 952 bytes. */
const PIECE_BYTES = 30 * 1024;
/** Pieces that are asked for before the first has come, so that a long way to the server does not make it slow. */
const PIECES_AHEAD = 32;
const MILLISECONDS = 1000;

/**
 * Connects, makes sure that the server is the pinned one, and only then logs in. Several keys of one server are asked
 * for one after the other, when it is not known of which type the pinned one is.
 *
 * Throws AdresslistaError: "hostKey" (nothing pinned, or another key), "settings" (the private key cannot be used),
 * "fetch" (all else); and the signal's reason.
 */
export async function openSession(settings: SftpSettings, signal: AbortSignal): Promise<Session> {
  const pins = hostKeyPins(settings);
  const refused: Buffer[] = [];
  let algorithms = pins.algorithms;
  for (;;) {
    const outcome = await connect(settings, pins, algorithms, signal).catch((error: unknown) => {
      // What the server does when it is asked for other keys says nothing of the one that it has presented.
      if (refused[0] === undefined || signal.aborted) throw error;
      return { kind: "noCommonKey" as const };
    });
    if (outcome.kind === "session") return outcome.session;
    if (outcome.kind === "refused") refused.push(outcome.key);
    const verdict = outcome.kind === "refused" ? pins.judge(outcome.key) : "unknown";
    const types = new Set(refused.map(keyType));
    algorithms = refused.length > 0 ? algorithmsWithout(algorithms, types) : [];
    const isDone = verdict === "revoked" || pins.state !== "pinned" || algorithms.length === 0;
    if (refused.length === 0) {
      // Not one of the pinned types: what it has instead is for the message.
      const other = await presentedInstead(settings, pins, signal);
      throw other === undefined ? noCommonKey(settings) : refusedHostKey(settings, pins, other);
    }
    if (isDone || outcome.kind === "noCommonKey") {
      throw refusedHostKey(settings, pins, (verdict === "revoked" ? refused.at(-1) : refused[0]) as Buffer);
    }
  }
}

async function presentedInstead(
  settings: SftpSettings,
  pins: HostKeyPins,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const any = hostKeyPins({ host: settings.host, port: settings.port, hostKeys: [] });
  const outcome = await connect(settings, { ...any, judge: () => "unknown" }, any.algorithms, signal);
  return outcome.kind === "refused" && pins.judge(outcome.key) !== "pinned" ? outcome.key : undefined;
}

function noCommonKey(settings: SftpSettings): AdresslistaError {
  return lastingFailure(`${serverOf(settings)}: the server has no host key of a type that is known here`);
}

// --- Connecting

type Outcome =
  | { readonly kind: "session"; readonly session: Session }
  | { readonly kind: "refused"; readonly key: Buffer }
  | { readonly kind: "noCommonKey" };

/** How far a connection has come: what to say when it goes no further. */
interface Progress {
  connected: boolean;
  presented: Buffer | undefined;
  /** A password or key was sent: to send it again might lock the account. */
  loginSent: boolean;
  loggedIn: boolean;
  inSession: boolean;
}

/** An error of ssh2: `level` says in which part. Its text is looked at, never passed on. */
type SshError = Error & { readonly level?: string; readonly code?: string | number };

async function connect(
  settings: SftpSettings,
  pins: HostKeyPins,
  algorithms: readonly string[],
  signal: AbortSignal,
): Promise<Outcome> {
  signal.throwIfAborted();
  const progress: Progress = {
    connected: false,
    presented: undefined,
    loginSent: false,
    loggedIn: false,
    inSession: false,
  };
  const socket = connectSocket({ host: settings.host, port: settings.port });
  const line = holdLine(socket, settings, signal);
  const login = startLogin(settings, progress);
  const connectTimer = setTimeout(() => {
    line.fail(connectFailure(settings, progress, socket, "timeout"));
  }, settings.connectSeconds * MILLISECONDS);

  socket.once("connect", () => {
    progress.connected = true;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    line.fail(connectFailure(settings, progress, socket, error.code ?? "unknown error"));
  });
  socket.on("close", () => line.fail(connectFailure(settings, progress, socket, "closed")));

  const client = new SftpClient("fetch", { error() {}, end() {}, close() {} });
  try {
    return await line
      .wait<Outcome>((resolve, reject) => {
        client.on("ready", () => {
          progress.loggedIn = true;
        });
        client.on("change password", () => {
          reject(
            lastingFailure(
              `${serverOf(settings)}: the server wants a new password for user ${settings.user}`,
            ),
          );
        });
        client.on("error", (error: SshError) => {
          if (progress.inSession) {
            line.fail(connectFailure(settings, progress, socket, "closed"));
          } else if (progress.presented === undefined && /no matching host key format/.test(error.message)) {
            resolve({ kind: "noCommonKey" });
          } else {
            reject(sshFailure(settings, progress, socket, login, error));
          }
        });
        client
          .connect({
            sock: socket,
            username: settings.user,
            ...(settings.password === undefined ? {} : { password: settings.password }),
            ...(settings.privateKey === undefined ? {} : { privateKey: settings.privateKey }),
            ...(settings.passphrase === undefined ? {} : { passphrase: settings.passphrase }),
            authHandler: login.next,
            algorithms: { serverHostKey: [...algorithms] as never[] },
            hostVerifier: (key: Buffer): boolean => {
              progress.presented = Buffer.from(key);
              if (pins.judge(key) === "pinned") return true;
              resolve({ kind: "refused", key: progress.presented });
              return false;
            },
            // Ours ends the socket for certain.
            readyTimeout: 0,
          })
          .then(
            (sftp) => {
              progress.inSession = true;
              const session = sessionOver(sftp, line, settings, progress.presented ?? Buffer.alloc(0));
              resolve({ kind: "session", session });
            },
            (error: SshError) => reject(sshFailure(settings, progress, socket, login, error)),
          );
      })
      .then((outcome) => {
        if (outcome.kind !== "session") line.close();
        return outcome;
      });
  } catch (error) {
    line.close();
    throw error;
  } finally {
    clearTimeout(connectTimer);
  }
}

interface Login {
  readonly next: AuthHandlerMiddleware;
  /** The server's own list, when it has refused all that we have. */
  refused(): readonly string[] | undefined;
}

/**
 * Key, then password, each at most once; a password is typed for servers that only ask for it in a dialogue. The first
 * "none" asks for the server's methods (RFC 4252, 5.2).
 */
function startLogin(settings: SftpSettings, progress: Progress): Login {
  const tried = new Set<string>();
  let refused: readonly string[] | undefined;
  const methods: readonly { readonly name: string; readonly use: AnyAuthMethod | string }[] = [
    ...(settings.privateKey === undefined ? [] : [{ name: "publickey", use: "publickey" }]),
    ...(settings.password === undefined
      ? []
      : [
          { name: "password", use: "password" },
          { name: "keyboard-interactive", use: typedPassword(settings.user, settings.password) },
        ]),
  ];
  return {
    refused: () => refused,
    // ssh2 gives null the first time, whatever its types say.
    next: ((left: readonly string[] | null) => {
      if (left === null) return "none";
      const method = methods.find(({ name }) => left.includes(name) && !tried.has(name));
      if (method === undefined) {
        refused = left;
        return false;
      }
      tried.add(method.name);
      // The same password once more, asked for in another way, is a second refused login.
      if (method.name === "password") tried.add("keyboard-interactive");
      progress.loginSent = true;
      return method.use;
    }) as unknown as AuthHandlerMiddleware,
  };
}

function typedPassword(username: string, password: string): AnyAuthMethod {
  let isTyped = false;
  return {
    type: "keyboard-interactive",
    username,
    prompt(_name, _instructions, _language, prompts, finish) {
      const isQuestion = prompts.length === 1 && prompts[0]?.echo !== true && !isTyped;
      isTyped = true;
      finish(isQuestion ? [password] : []);
    },
  };
}

// --- What went wrong

const REFUSED_CODES = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "closed"];
const UNREACHABLE_CODES = ["ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "timeout"];
const NAME_CODES = ["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA", "EAI_NONAME", "EAI_FAIL"];

function serverOf({ host, port }: SftpSettings): string {
  return `${host}:${port}`;
}

/** `code`: of the socket's error, or "timeout", or "closed". */
function connectFailure(
  settings: SftpSettings,
  progress: Progress,
  socket: Socket,
  code: string,
): AdresslistaError {
  const server = serverOf(settings);
  const shown = /^E/.test(code) ? code : undefined;
  const within = `within ${settings.connectSeconds} seconds`;
  if (NAME_CODES.includes(code)) {
    return passingFailure(
      `${server}: the name cannot be looked up (${code}): check sftpHost and the network`,
      code,
    );
  }
  if (!progress.connected || socket.bytesRead === 0) {
    const what = REFUSED_CODES.includes(code)
      ? progress.connected
        ? "the server ends the connection before it has said anything"
        : "the connection is refused"
      : UNREACHABLE_CODES.includes(code)
        ? code === "timeout"
          ? `no answer ${within}`
          : "no answer"
        : "no connection";
    return passingFailure(
      `${server}: ${what}${shown === undefined ? "" : ` (${shown})`}. GotIT must have this machine's address on its allow list: ask them whether it is there, and see that no firewall of your own stops port ${settings.port}`,
      shown,
    );
  }
  if (progress.loggedIn) {
    return code === "timeout"
      ? passingFailure(`${server}: logged in, but no SFTP ${within}`)
      : passingFailure(`${server}: the connection was lost`, shown);
  }
  const step = progress.presented === undefined ? "the handshake" : "the login";
  if (code === "timeout") return passingFailure(`${server}: ${step} was not done ${within}`);
  if (progress.loginSent) {
    return lastingFailure(
      `${server}: the server ended the connection during the login of user ${settings.user}: take it as refused`,
      shown,
    );
  }
  return passingFailure(`${server}: the connection was lost during ${step}`, shown);
}

function sshFailure(
  settings: SftpSettings,
  progress: Progress,
  socket: Socket,
  login: Login,
  error: SshError,
): AdresslistaError {
  const server = serverOf(settings);
  if (/^(?:Cannot parse privateKey|privateKey value)/.test(error.message)) {
    return new AdresslistaError(
      "settings",
      "sftpPrivateKey cannot be used: it is no private key in OpenSSH's form or PEM, or sftpPassphrase is missing or wrong",
    );
  }
  if (error.level === "client-authentication") {
    const methods = (login.refused() ?? []).filter((name) => /^[\w@.-]{1,40}$/.test(name));
    const takes = methods.length === 0 ? "" : ` (the server takes: ${methods.join(", ")})`;
    return lastingFailure(
      `${server}: the login of user ${settings.user} is refused${takes}: check the user and its password or key with GotIT. It is not tried again, so that the account is not locked`,
    );
  }
  if (progress.loggedIn && error.level === undefined) {
    return lastingFailure(`${server}: logged in, but the server does not open SFTP for this user`);
  }
  if (error.level === "handshake" && /^Handshake failed/.test(error.message)) {
    return lastingFailure(`${server}: no common way of encryption with the server`);
  }
  return connectFailure(settings, progress, socket, typeof error.code === "string" ? error.code : "closed");
}

// --- Waiting

/** `code`: of SSH_FXP_STATUS; without it there was no answer. */
type RemoteError = Error & { readonly code?: unknown };

/** The connection as something that may fail at any time: whoever waits is told, once, and nothing waits for ever. */
interface Line {
  wait<T>(start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T>;
  /** Waits for an answer of the server, and fails when none comes for `idleSeconds`. `onRefusal`: what a no means. */
  ask<T>(
    start: (answered: (error: Error | null | undefined, value?: T) => void) => void,
    onRefusal: (error: RemoteError) => unknown,
  ): Promise<T>;
  fail(error: unknown): void;
  close(): void;
}

function holdLine(socket: Socket, settings: SftpSettings, signal: AbortSignal): Line {
  const waiting = new Set<(error: unknown) => void>();
  let failed: { readonly error: unknown } | undefined;
  let asked = 0;
  let idleTimer: NodeJS.Timeout | undefined;

  const onAbort = () => fail(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });

  function fail(error: unknown): void {
    if (failed !== undefined) return;
    failed = { error };
    signal.removeEventListener("abort", onAbort);
    clearTimeout(idleTimer);
    socket.destroy();
    for (const reject of waiting) reject(error);
    waiting.clear();
  }

  function wait<T>(
    start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (failed !== undefined) {
        reject(failed.error);
        return;
      }
      waiting.add(reject);
      const settle =
        <V>(how: (value: V) => void) =>
        (value: V) => {
          waiting.delete(reject);
          how(value);
        };
      start(settle(resolve), settle(reject));
    });
  }

  function watchIdle(): void {
    clearTimeout(idleTimer);
    if (asked === 0 || failed !== undefined) return;
    idleTimer = setTimeout(() => {
      fail(passingFailure(`${serverOf(settings)}: no byte for ${settings.idleSeconds} seconds`));
    }, settings.idleSeconds * MILLISECONDS);
  }

  return {
    wait,
    async ask(start, onRefusal) {
      asked += 1;
      watchIdle();
      try {
        return await wait((resolve, reject) => {
          start((error, value) => (error ? reject(onRefusal(error)) : resolve(value as never)));
        });
      } finally {
        asked -= 1;
        watchIdle();
      }
    },
    fail,
    close: () => fail(lastingFailure(`${serverOf(settings)}: the connection is closed`)),
  };
}

// --- SFTP

/** Codes of SSH_FXP_STATUS. */
const NO_SUCH_FILE = 2;
const PERMISSION_DENIED = 3;
const NO_CONNECTION = 6;
const CONNECTION_LOST = 7;

function sessionOver(sftp: SFTPWrapper, line: Line, settings: SftpSettings, hostKey: Buffer): Session {
  const server = serverOf(settings);
  const folder = settings.path;
  const pathOf = (name: string) => `${folder.replace(/\/+$/, "")}/${name}`;
  sftp.on("error", () => line.fail(passingFailure(`${server}: the SFTP session broke down`)));

  function refusal({ code }: RemoteError, what: string): AdresslistaError {
    if (code === NO_SUCH_FILE) return lastingFailure(`${server}: ${what} does not exist`);
    if (code === PERMISSION_DENIED) {
      return lastingFailure(`${server}: user ${settings.user} may not read ${what}`);
    }
    if (typeof code !== "number" || code === NO_CONNECTION || code === CONNECTION_LOST) {
      return passingFailure(`${server}: the SFTP session ended while ${what} was read`);
    }
    return lastingFailure(`${server}: ${what} cannot be read (SFTP status ${code})`);
  }

  function ask<T>(
    what: string,
    start: (answered: (error: Error | null | undefined, value?: T) => void) => void,
  ): Promise<T> {
    return line.ask(start, (error) => refusal(error, what));
  }

  /** Shorter than asked for only at the end of the file. */
  async function readPiece(name: string, handle: Buffer, at: number, length: number): Promise<Buffer> {
    const piece = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const got = await ask<number>(name, (answered) => {
        sftp.read(handle, piece, filled, length - filled, at + filled, answered);
      });
      if (got === 0) break;
      filled += got;
    }
    return piece.subarray(0, filled);
  }

  return {
    hostKey,
    async list() {
      const entries = await ask<Parameters<Parameters<SFTPWrapper["readdir"]>[1]>[1]>(
        `the folder ${folder}`,
        (answered) => sftp.readdir(folder, answered),
      );
      return entries
        .filter(({ attrs }) => attrs.isFile())
        .map(({ filename, attrs }) => remoteFile(filename, attrs));
    },
    async stat(name) {
      const attributes = await ask<RemoteAttributes | undefined>(name, (answered) =>
        sftp.stat(pathOf(name), (error, stats) => {
          if ((error as RemoteError | undefined)?.code === NO_SUCH_FILE) answered(undefined, undefined);
          else answered(error, stats);
        }),
      );
      return attributes === undefined ? undefined : remoteFile(name, attributes);
    },
    async *read(name, bytes) {
      const handle = await ask<Buffer>(name, (answered) => sftp.open(pathOf(name), "r", answered));
      try {
        const pieces: Promise<Buffer>[] = [];
        let next = 0;
        for (let at = 0; at < bytes; at += PIECE_BYTES) {
          for (; next < bytes && pieces.length < PIECES_AHEAD; next += PIECE_BYTES) {
            const piece = readPiece(name, handle, next, Math.min(PIECE_BYTES, bytes - next));
            // It is waited for when its turn comes; until then a failure is nobody's.
            piece.catch(() => {});
            pieces.push(piece);
          }
          const piece = (await pieces.shift()) ?? Buffer.alloc(0);
          if (piece.length < Math.min(PIECE_BYTES, bytes - at)) {
            throw passingFailure(
              `${server}: ${name} was changed while it was read: it has ${at + piece.length} bytes instead of ${bytes}`,
            );
          }
          yield piece;
        }
        if ((await readPiece(name, handle, bytes, 1)).length > 0) {
          throw passingFailure(
            `${server}: ${name} was changed while it was read: it has more than ${bytes} bytes`,
          );
        }
      } finally {
        // Not waited for: a server that answers no more would be waited for here too.
        ask<void>(name, (answered) => sftp.close(handle, answered)).catch(() => {});
      }
    },
    close: line.close,
  };
}

type RemoteAttributes = { readonly size: number; readonly mtime: number };

function remoteFile(name: string, { size, mtime }: RemoteAttributes): RemoteFile {
  return { name, bytes: size, modified: new Date(mtime * MILLISECONDS) };
}
