/**
 * A proxy between a client and the service that keeps what both say. It passes bytes on as they come, so that each
 * client's HTTP habits (1.0, Expect, chunks, kept connections) reach the service; the WSDL shows its address, since the
 * client's Host names it. What was said is cut into messages afterwards.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { gunzipSync } from "node:zlib";

export interface HttpMessage {
  /** First line. */
  readonly start: string;
  /** By name in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  /** Without chunks and compression. */
  readonly body: Buffer;
  /** Length of the body as it was sent. */
  readonly sent: number;
}

export interface Exchange {
  readonly request: HttpMessage;
  readonly answer: HttpMessage;
}

export interface Recorder {
  readonly port: number;
  /** All exchanges so far, connection by connection. */
  exchanges(): Exchange[];
  close(): Promise<void>;
}

export async function record(servicePort: number): Promise<Recorder> {
  const connections: { readonly asked: Buffer[]; readonly answered: Buffer[] }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const service = connect(servicePort, "127.0.0.1");
    const connection = { asked: [] as Buffer[], answered: [] as Buffer[] };
    connections.push(connection);
    client.on("data", (bytes: Buffer) => connection.asked.push(bytes));
    service.on("data", (bytes: Buffer) => connection.answered.push(bytes));
    client.pipe(service);
    service.pipe(client);
    for (const [socket, other] of [
      [client, service],
      [service, client],
    ] as const) {
      sockets.add(socket);
      // A side that breaks off ends the other one as well; what was said until then is kept.
      socket.on("error", () => other.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    exchanges: () =>
      connections.flatMap(({ asked, answered }) => cut(Buffer.concat(asked), Buffer.concat(answered))),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function cut(asked: Buffer, answered: Buffer): Exchange[] {
  const requests = messages(asked, () => true);
  const answers = messages(answered, (index) => !requests[index]?.start.startsWith("HEAD "));
  if (requests.length < answers.length) throw new Error("more answers than requests in a connection");
  return answers.flatMap((answer, index) => {
    const request = requests[index];
    return request === undefined ? [] : [{ request, answer }];
  });
}

/** `hasBody` says for a message's number whether it can have a body at all: the answer to HEAD has none. */
function messages(stream: Buffer, hasBody: (index: number) => boolean): HttpMessage[] {
  const found: HttpMessage[] = [];
  let rest = stream;
  while (rest.length > 0) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) break;
    const [start = "", ...lines] = rest.subarray(0, end).toString("latin1").split("\r\n");
    const headers = new Map(
      lines.map((line) => [line.split(":", 1)[0]?.toLowerCase() ?? "", headerValue(line)]),
    );
    rest = rest.subarray(end + 4);
    const isInterim = /^HTTP\/1\.[01] 1\d\d/.test(start);
    if (isInterim) continue;
    const [raw, after] = hasBody(found.length) ? bodyOf(start, headers, rest) : [Buffer.alloc(0), rest];
    const body = headers.get("content-encoding") === "gzip" ? gunzipSync(raw) : raw;
    found.push({ start, headers, body, sent: raw.length });
    rest = after;
  }
  return found;
}

function headerValue(line: string): string {
  return line.slice(line.indexOf(":") + 1).trim();
}

/** A message's body and what follows it. */
function bodyOf(start: string, headers: ReadonlyMap<string, string>, rest: Buffer): [Buffer, Buffer] {
  if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") return unchunked(rest);
  const length = headers.get("content-length");
  if (length !== undefined) return [rest.subarray(0, Number(length)), rest.subarray(Number(length))];
  const isAnswer = start.startsWith("HTTP/");
  return isAnswer && !/ (204|304) /.test(start) ? [rest, Buffer.alloc(0)] : [Buffer.alloc(0), rest];
}

function unchunked(stream: Buffer): [Buffer, Buffer] {
  const chunks: Buffer[] = [];
  let rest = stream;
  for (;;) {
    const line = rest.indexOf("\r\n");
    if (line < 0) return [Buffer.concat(chunks), Buffer.alloc(0)];
    const size = Number.parseInt(rest.subarray(0, line).toString("latin1"), 16);
    if (size === 0) {
      // No stack sends trailers: the empty line follows.
      return [Buffer.concat(chunks), rest.subarray(line + 4)];
    }
    chunks.push(rest.subarray(line + 2, line + 2 + size));
    rest = rest.subarray(line + 2 + size + 2);
  }
}

/** For people who look for what went wrong. */
export function shown({ request, answer }: Exchange): string {
  return [request, answer]
    .map(({ start, headers, body }) =>
      [
        start,
        ...[...headers].map(([name, value]) => `${name}: ${value}`),
        "",
        body.toString("utf8"),
        "",
      ].join("\n"),
    )
    .join("\n");
}
