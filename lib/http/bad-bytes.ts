/**
 * Bytes on a connection that are no HTTP. By itself node answers them at once, with 400 and before the calls that came
 * ahead of them: a client whose Content-Length is a few bytes too small (characters were counted, or a NUL was sent
 * along) would never hear what became of its call.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Answers that are not sent to their end yet, by connection and in the order of their requests. */
export class UnfinishedAnswers {
  readonly #byConnection = new WeakMap<Socket, Set<ServerResponse>>();
  /** Connections with bad bytes, of which node tells anew for all that follows. */
  readonly #refused = new WeakSet<Socket>();

  add(response: ServerResponse): void {
    const { socket } = response.req;
    const answers = this.#byConnection.get(socket) ?? new Set();
    this.#byConnection.set(socket, answers.add(response));
    response.once("close", () => answers.delete(response));
  }

  /** For the server's "clientError": whole requests are answered, the rest is refused, and the connection closed. */
  refuseRest(error: NodeJS.ErrnoException, socket: Socket): void {
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    const unfinished = [...(this.#byConnection.get(socket) ?? [])];
    const last = unfinished.filter(({ req }) => req.complete).pop();
    if (last === undefined) {
      if (socket.writable && unfinished.every(({ headersSent }) => !headersSent))
        socket.write(
          `HTTP/1.1 ${STATUS[error.code ?? ""] ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`,
        );
      socket.destroySoon();
    } else if (last.headersSent) last.once("close", () => socket.destroySoon());
    else last.setHeader("Connection", "close");
  }
}

const STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};
