import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import {
  buildHttpServer,
  closeHttpServer,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
  SOCKET_TIMEOUT_MS,
} from "../../lib/http/server.js";
import { service } from "../support/soap-requests.js";
import { callOf, T04 } from "./messages.js";
import { post } from "./sending.js";

/** Milliseconds that the tested server gives: what it has otherwise would take minutes. */
const HEADERS_MS = 300;
const REQUEST_MS = 900;
const SOCKET_MS = 600;
/** The server looks for late requests every five seconds; beyond that, room for a busy machine. */
const PATIENCE_MS = 15_000;
/** Between two bytes of a slow client: often enough that its connection is never without a byte for long. */
const DRIP_MS = 100;
/** An answer that no socket's buffers hold. */
const LARGE_ANSWER = 400_000;

const HEAD = `POST ${T04.path} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\n`;

describe("A slow client", function () {
  this.timeout(60_000);
  let server: Server;
  let url: string;
  const errors: unknown[] = [];

  before(async () => {
    const answer = () => ({
      NoEmailList: Array<string>(LARGE_ANSWER).fill("Alfasson, Alfaina"),
      valid: true,
    });
    const short = () => ({ valid: true });
    server = buildHttpServer({
      services: [
        { path: T04.path, service, operations: { getKurs: short, getKursTf: short, getAdrLista: answer } },
      ],
      trustedProxies: [],
      maxRequestBytes: 1_048_576,
      onError: (error) => errors.push(error),
    });
    expect([
      server.headersTimeout,
      server.requestTimeout,
      server.keepAliveTimeout,
      server.timeout,
    ]).to.deep.equal([HEADERS_TIMEOUT_MS, REQUEST_TIMEOUT_MS, KEEP_ALIVE_TIMEOUT_MS, SOCKET_TIMEOUT_MS]);
    server.headersTimeout = HEADERS_MS;
    server.requestTimeout = REQUEST_MS;
    server.timeout = SOCKET_MS;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => closeHttpServer(server, 1_000));

  /** Sends what `drips` gives, bit by bit, until the server has closed the connection. Gives what came back. */
  async function untilClosed(start: string, drip: string | undefined): Promise<string> {
    const socket: Socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
    let received = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    socket.on("error", () => {});
    const closed = new Promise<"closed">((resolve) => socket.once("close", () => resolve("closed")));
    socket.write(start);
    const began = performance.now();
    while (performance.now() - began < PATIENCE_MS) {
      if ((await Promise.race([closed, delay(DRIP_MS)])) === "closed") return received;
      if (drip !== undefined) socket.write(drip);
    }
    socket.destroy();
    throw new Error(`not closed within ${PATIENCE_MS} ms; received: ${received.slice(0, 200)}`);
  }

  const expectAnswered = async () => {
    const { status, text } = await post({ url: url + T04.path, body: callOf(T04, { operation: "getKurs" }) });
    expect(status, text).to.equal(200);
  };

  it("is cut off: of each kind, all at once, while others are answered", async () => {
    const [headers, body, chunks, nothing, half, answered] = await Promise.all([
      untilClosed(HEAD, "X-A: b\r\n"),
      untilClosed(`${HEAD}Content-Length: 1000000\r\n\r\n`, "<"),
      untilClosed(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, "1\r\n<\r\n"),
      untilClosed("", undefined),
      untilClosed(`${HEAD}Content-Length: 1000\r\n\r\n<s:Envelope`, undefined),
      expectAnswered(),
    ]);
    expect(headers).to.match(/^HTTP\/1\.1 408 /);
    expect(body).to.match(/^HTTP\/1\.1 408 /);
    expect(chunks).to.match(/^HTTP\/1\.1 408 /);
    for (const silent of [nothing, half]) expect(silent).to.match(/^(?:$|HTTP\/1\.1 408 )/);
    expect(answered).to.equal(undefined);
    await expectAnswered();
    expect(errors).to.deep.equal([]);
  });

  it("that does not read its answer is cut off", async () => {
    const body = callOf(T04);
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
    socket.on("error", () => {});
    socket.pause();
    const [atServer] = (await Promise.all([
      once(server, "connection"),
      socket.write(`${HEAD}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
    ])) as unknown as [[Socket]];
    const closed = new Promise((resolve) => atServer[0].once("close", () => resolve("closed")));
    expect(await Promise.race([closed, delay(PATIENCE_MS)])).to.equal("closed");
    socket.destroy();
    await expectAnswered();
    expect(errors).to.deep.equal([]);
  });
});
