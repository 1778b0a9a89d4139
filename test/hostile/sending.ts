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
  readonly closed: boolean;
}

export interface ConversationOptions {
  /** What is waited for: so many answers, and that the server closes the connection or keeps it. */
  readonly answers: number;
  readonly closed: boolean;
  /** This side is closed after the bytes. */
  readonly half?: boolean | undefined;
  /** Sent when the first answer has come. */
  readonly afterwards?: string | undefined;
}

/** How long a connection that is to be kept is watched when all answers have come. */
const WATCHED_MILLISECONDS = 50;

/**
 * Sends bytes as they are over a connection of their own, and gives what has come back when what is waited for has
 * happened, or the server has closed the connection.
 * @throws when neither happens in time.
 */
export function converse(
  url: string,
  bytes: string | Buffer,
  { answers, closed, half = false, afterwards }: ConversationOptions,
): Promise<Conversation> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = "";
    const statuses = () => [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
    const socket: Socket = connect({ host: hostname, port: Number(port), allowHalfOpen: half });
    const done = (isClosed: boolean) => {
      clearTimeout(late);
      clearTimeout(watched);
      socket.destroy();
      resolve({ statuses: statuses(), received, closed: isClosed });
    };
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`neither answered nor closed within ${ANSWER_MILLISECONDS} ms`));
    }, ANSWER_MILLISECONDS);
    let watched: NodeJS.Timeout | undefined;
    socket.on("data", (chunk: Buffer) => {
      if (received === "" && afterwards !== undefined) socket.write(afterwards);
      received += chunk.toString("latin1");
      if (closed || statuses().length < answers) return;
      watched ??= setTimeout(() => done(false), WATCHED_MILLISECONDS);
    });
    // A reset is a way of closing, too.
    socket.on("error", () => {});
    socket.on("end", () => done(true));
    socket.on("close", () => done(true));
    socket.write(bytes);
    if (half) socket.end();
  });
}
