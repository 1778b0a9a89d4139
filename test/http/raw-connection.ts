import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Status line and headers as they were written. */
  readonly head: string;
  /** By name in lower case; what stands twice is joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly text: string;
}

/**
 * A TCP connection over which a test writes bytes as it likes and reads answers one after the other, so that nothing
 * of an HTTP library stands between it and the service.
 */
export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #closed = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    // A server that resets the connection closes it too.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.setNoDelay();
    return new RawConnection(socket);
  }

  /** Each part in a packet of its own. */
  async send(...parts: readonly (string | Buffer)[]): Promise<this> {
    for (const part of parts) {
      if (this.#socket.writable) this.#socket.write(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this;
  }

  /** The next answer, `100 Continue` too; one to HEAD has no body whatever its length says. */
  async answer(options: { readonly toHead?: boolean } = {}): Promise<RawAnswer> {
    await this.#until(() => this.#received.includes(HEAD_END));
    const end = this.#received.indexOf(HEAD_END);
    const head = this.#received.toString("latin1", 0, end);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    const headers = headersOf(head);
    const hasBody = status >= 200 && options.toHead !== true;
    const length = hasBody ? Number(headers["content-length"]) : 0;
    if (!Number.isInteger(length)) throw new Error(`an answer without a length:\n${head}`);
    const begin = end + HEAD_END.length;
    await this.#until(() => this.#received.length >= begin + length);
    const body = Buffer.from(this.#received.subarray(begin, begin + length));
    this.#received = Buffer.from(this.#received.subarray(begin + length));
    return { status, head, headers, body, text: body.toString("utf8") };
  }

  /** Waits for the server to close the connection; gives what came after the last answer that was read. */
  async closed(): Promise<string> {
    while (!this.#closed) await this.#change();
    return this.#received.toString("latin1");
  }

  /** Reads nothing until the next answer is asked for, as a client that is busy. */
  hold(): void {
    this.#socket.pause();
  }

  /** Closes the connection from this side. */
  end(): void {
    this.#socket.destroy();
  }

  async #until(isThere: () => boolean): Promise<void> {
    this.#socket.resume();
    while (!isThere()) {
      if (this.#closed)
        throw new Error(`the connection was closed after:\n${this.#received.toString("latin1")}`);
      await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

const HEAD_END = "\r\n\r\n";

function headersOf(head: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return headers;
}
