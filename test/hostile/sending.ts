import { Agent, request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";

/** Within so many milliseconds every message is answered or its connection closed, on a machine with other work. */
export const ANSWER_MILLISECONDS = 10_000;

export interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
}

export interface Post {
  readonly url: string;
  readonly body: string | Buffer;
  readonly contentType?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

const agent = new Agent({ keepAlive: true, maxSockets: 2 });

/** @throws when there is no answer in time, or the connection is closed without one. */
export function post({
  url,
  body,
  contentType = "text/xml; charset=utf-8",
  headers = {},
}: Post): Promise<Answer> {
  const bytes = Buffer.from(body as Buffer);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, {
      method: "POST",
      agent,
      headers: {
        "Content-Length": bytes.length,
        ...(contentType === null ? {} : { "Content-Type": contentType }),
        ...headers,
      },
      signal: AbortSignal.timeout(ANSWER_MILLISECONDS),
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers["content-type"],
          text: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    sent.end(bytes);
  });
}

export interface Conversation {
  /** Status codes of the answers, in order. */
  readonly statuses: readonly number[];
  readonly received: string;
  /** The server closed the connection; otherwise it was still open after `quietMilliseconds`. */
  readonly closed: boolean;
}

/**
 * Sends bytes as they are over a connection of their own, and gives what comes back until the server closes it, or has
 * been quiet for a while. `half`: this side is closed after the bytes.
 * @throws when neither happens in time.
 */
export function converse(
  url: string,
  bytes: string | Buffer,
  { half = false, quietMilliseconds = 300 }: { half?: boolean; quietMilliseconds?: number } = {},
): Promise<Conversation> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket: Socket = connect({ host: hostname, port: Number(port), allowHalfOpen: half });
    const done = (closed: boolean) => {
      clearTimeout(late);
      clearTimeout(quiet);
      socket.destroy();
      const received = Buffer.concat(chunks).toString("latin1");
      const statuses = [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      resolve({ statuses, received, closed });
    };
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`neither answered nor closed within ${ANSWER_MILLISECONDS} ms`));
    }, ANSWER_MILLISECONDS);
    let quiet: NodeJS.Timeout | undefined;
    const rest = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => done(false), quietMilliseconds);
    };
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      // A server that has answered may keep the connection; one that has not yet is waited for.
      rest();
    });
    // A reset is a way of closing, too.
    socket.on("error", () => {});
    socket.on("end", () => done(true));
    socket.on("close", () => done(true));
    socket.write(bytes);
    if (half) socket.end();
  });
}
