import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { gunzipSync } from "node:zlib";

/** Beyond the longest pause of a refused login; who has no answer then never gets one. */
export const ANSWER_MILLISECONDS = 45_000;

export interface PostOptions {
  readonly url: string;
  readonly body: string | Buffer;
  readonly contentType: string;
  /** Undefined: a connection of its own. */
  readonly agent?: Agent | undefined;
  /** 127.0.0.x, as which the client calls. */
  readonly address: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Waits so long after each piece of the answer. */
  readonly slowMilliseconds?: number;
  /** Cuts the call off: before its request is whole, after it, or in its answer. */
  readonly abort?: "in request" | "after request" | "in answer";
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** A call that has been sent and not been answered. `connection`: `address:port` of the client, when there is one. */
export interface OpenCall {
  connection: string | undefined;
  /** When the connection was made. */
  connectedAt: number;
  isFirstOnConnection: boolean;
}

/** What an aborted call ended with: has the answer begun? */
export const ABORTED_WITHOUT_ANSWER = Symbol("aborted without answer");
export const ABORTED_IN_ANSWER = Symbol("aborted in answer");

/** The connection broke, or (`isSilent`) there was no answer for a long time. */
export class Broken extends Error {
  constructor(
    readonly call: OpenCall,
    readonly code: string,
    readonly isSilent: boolean,
  ) {
    super(code);
  }
}

/** Calls that are under way. */
export const openCalls = new Set<OpenCall>();

const connectedAt = new WeakMap<object, number>();

export async function post(
  options: PostOptions,
): Promise<Answer | typeof ABORTED_WITHOUT_ANSWER | typeof ABORTED_IN_ANSWER> {
  const call: OpenCall = { connection: undefined, connectedAt: Number.NaN, isFirstOnConnection: true };
  openCalls.add(call);
  try {
    return await send(options, call);
  } finally {
    openCalls.delete(call);
  }
}

function send(
  options: PostOptions,
  call: OpenCall,
): Promise<Answer | typeof ABORTED_WITHOUT_ANSWER | typeof ABORTED_IN_ANSWER> {
  const { url, agent, address, contentType, headers, abort } = options;
  const body = Buffer.from(options.body as string);
  return new Promise((resolve, reject) => {
    let isOver = false;
    const sent = request(url, {
      method: "POST",
      agent: agent ?? false,
      localAddress: address,
      headers: { "Content-Type": contentType, "Content-Length": body.length, ...headers },
    });
    const over = (): boolean => {
      if (isOver) return false;
      isOver = true;
      clearTimeout(silence);
      return true;
    };
    const broken = (error: NodeJS.ErrnoException, isSilent = false) => {
      if (over()) reject(new Broken(call, error.code ?? error.message, isSilent));
      sent.destroy();
    };
    const cut = (outcome: typeof ABORTED_WITHOUT_ANSWER | typeof ABORTED_IN_ANSWER) => {
      if (over()) resolve(outcome);
      sent.destroy();
    };
    const silence = setTimeout(() => broken(new Error("no answer"), true), ANSWER_MILLISECONDS);
    noteConnection(sent, call);
    sent.on("error", broken);
    sent.on("response", (response) => {
      if (abort === "in answer") {
        response.on("error", () => {});
        // The answer has begun.
        return cut(ABORTED_IN_ANSWER);
      }
      if (abort === "after request") return cut(ABORTED_IN_ANSWER);
      whole(response, options.slowMilliseconds).then((answer) => {
        if (over()) resolve(answer);
      }, broken);
    });
    if (abort === "in request") {
      sent.write(body.subarray(0, Math.floor(body.length / 2)));
      setTimeout(() => cut(ABORTED_WITHOUT_ANSWER), randomMilliseconds(200));
    } else {
      sent.end(body);
      if (abort === "after request") {
        sent.once("finish", () => setTimeout(() => cut(ABORTED_WITHOUT_ANSWER), randomMilliseconds(15)));
      }
    }
  });
}

function randomMilliseconds(most: number): number {
  return Math.random() * most;
}

function noteConnection(sent: ClientRequest, call: OpenCall): void {
  sent.once("socket", (socket) => {
    const connected = () => {
      if (!connectedAt.has(socket)) connectedAt.set(socket, performance.now());
      call.connection = `${socket.localAddress}:${socket.localPort}`;
      call.connectedAt = connectedAt.get(socket) as number;
      call.isFirstOnConnection = !sent.reusedSocket;
    };
    if (socket.connecting) socket.once("connect", connected);
    else connected();
  });
}

async function whole(response: IncomingMessage, slowMilliseconds: number | undefined): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    if (slowMilliseconds !== undefined) await delay(slowMilliseconds);
  }
  const bytes = Buffer.concat(chunks);
  const body = response.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
  return { status: response.statusCode ?? 0, body };
}

/** Connections that are kept open as portals keep theirs. */
export function keptConnections(): Agent {
  return new Agent({ keepAlive: true });
}

/** The text that is found at an address of the admin listener. */
export function get(url: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false }, (response) => {
      whole(response, undefined).then(
        ({ status, body }) => resolve({ status, text: body.toString("utf8") }),
        reject,
      );
    });
    sent.setTimeout(ANSWER_MILLISECONDS, () => sent.destroy(new Error("no answer")));
    sent.on("error", reject);
    sent.end();
  });
}
