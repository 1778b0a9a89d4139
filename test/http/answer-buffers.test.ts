import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { describe, it } from "mocha";
import { answerBuffers } from "../../lib/http/answer-buffers.js";
import type { Operation } from "../../lib/http/endpoint.js";
import { buildHttpServer } from "../../lib/http/server.js";
import { FinishedElements, OneByteText } from "../../lib/soap/api.js";
import { call, service } from "../support/soap-requests.js";

const KILOBYTE = 1024;

describe("the memory that answers are written in", () => {
  it("is one call's alone until it is given back, and then the next one's of that size", () => {
    const buffers = answerBuffers();
    const [one, other] = [buffers.lend(), buffers.lend()];
    const bytes = one.take(20 * KILOBYTE);
    expect(bytes.length).to.equal(20 * KILOBYTE);
    expect(other.take(20 * KILOBYTE).buffer).to.not.equal(bytes.buffer);
    one.giveBack();
    const smaller = buffers.lend();
    expect(smaller.take(10 * KILOBYTE).buffer).to.not.equal(bytes.buffer);
    expect(buffers.lend().take(32 * KILOBYTE).buffer).to.equal(bytes.buffer);
  });

  it("is given back once, however often that is said", () => {
    const buffers = answerBuffers();
    const lent = buffers.lend();
    lent.take(20 * KILOBYTE);
    lent.giveBack();
    lent.giveBack();
    expect(buffers.lend().take(20 * KILOBYTE).buffer).to.not.equal(buffers.lend().take(20 * KILOBYTE).buffer);
  });

  it("is another one each time that a call asks", () => {
    const lent = answerBuffers().lend();
    expect(lent.take(20 * KILOBYTE).buffer).to.not.equal(lent.take(20 * KILOBYTE).buffer);
  });

  it("makes room for what is needed now, at the cost of a size that was needed the longest ago", () => {
    const buffers = answerBuffers(96 * KILOBYTE);
    const lent = Array.from({ length: 3 }, () => buffers.lend());
    for (const one of lent) one.take(30 * KILOBYTE);
    for (const one of lent) one.giveBack();
    const long = buffers.lend();
    const bytes = long.take(60 * KILOBYTE);
    long.giveBack();
    expect(buffers.lend().take(60 * KILOBYTE).buffer).to.equal(bytes.buffer);
  });

  it("is let go when nobody has needed it for a while", async () => {
    const buffers = answerBuffers(100 * KILOBYTE, 200);
    const taken = (kilobytes: number) => {
      const lent = buffers.lend();
      const bytes = lent.take(kilobytes * KILOBYTE);
      lent.giveBack();
      return bytes.buffer;
    };
    const [unneeded, needed] = [taken(60), taken(30)];
    for (let looked = 0; looked < 50; looked++) {
      await delay(10);
      expect(taken(30)).to.equal(needed);
    }
    expect(taken(60)).to.not.equal(unneeded);
    await delay(600);
    expect(taken(30)).to.not.equal(needed);
  });

  it("is not kept beyond its bound, nor for what is larger than nearly all answers", () => {
    const buffers = answerBuffers(100 * KILOBYTE);
    const lent = Array.from({ length: 3 }, () => buffers.lend());
    const taken = new Set(lent.map((one) => one.take(50 * KILOBYTE).buffer));
    for (const one of lent) one.giveBack();
    expect(taken.has(buffers.lend().take(50 * KILOBYTE).buffer)).to.equal(true);
    expect(taken.has(buffers.lend().take(50 * KILOBYTE).buffer)).to.equal(false);
    const large = buffers.lend();
    const bytes = large.take(2_000 * KILOBYTE);
    large.giveBack();
    expect(buffers.lend().take(2_000 * KILOBYTE).buffer).to.not.equal(bytes.buffer);
  });
});

/** Answers with so many bytes of the digit that the course is called by. */
const repeated: Operation = (args) => {
  const { Kurskod = "" } = (args.arg1 ?? {}) as { Kurskod?: string };
  const text = Kurskod.charAt(0).repeat(ANSWER_BYTES);
  return { KursInfoVO: new FinishedElements([new OneByteText(text)]), valid: true };
};
const PATH = "/cxf/AdresslistaFetcher";
/** More than a connection takes at once, so that answers wait for clients that do not read. */
const ANSWER_BYTES = 700 * KILOBYTE;
const CLIENTS = 12;

describe("answers to clients that read late", () => {
  const asked = async (action: (port: number) => Promise<void>) => {
    const server = buildHttpServer({
      services: [
        {
          path: PATH,
          service,
          operations: { getKurs: repeated, getKursTf: repeated, getAdrLista: repeated },
        },
      ],
      trustedProxies: [],
      maxRequestBytes: 20_000,
      onError: (error) => {
        throw error;
      },
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      await action((server.address() as AddressInfo).port);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };

  /** Sends, and reads to the end of the connection once the others have been answered. */
  const client = async (port: number, digit: string, late: Promise<unknown>, gzip: boolean) => {
    const body = call(`<Kurskod>${digit}AAAAA</Kurskod>`);
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nConnection: close\r\n` +
        `${gzip ? "Accept-Encoding: gzip\r\n" : ""}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    await late;
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const answer = Buffer.concat(chunks);
    const content = answer.subarray(answer.indexOf("\r\n\r\n") + 4);
    return (gzip ? gunzipSync(content) : content).toString("latin1");
  };

  it("are each one's own, whoever is answered meanwhile, compressed or not", () =>
    asked(async (port) => {
      const answers = await Promise.all(
        Array.from({ length: CLIENTS }, (_, number) =>
          client(
            port,
            String(number % 10),
            number % 2 === 0 ? delay(300) : delay(10 * number),
            number % 3 === 0,
          ),
        ),
      );
      for (const [number, answer] of answers.entries()) {
        const digit = String(number % 10);
        const written = answer.slice(answer.indexOf("<return>") + 8, answer.indexOf("<Email>"));
        expect(written.length, `answer ${number}`).to.equal(ANSWER_BYTES);
        expect(written === digit.repeat(ANSWER_BYTES), `answer ${number}`).to.equal(true);
      }
    }));

  it("are whole after clients that went away before they had read theirs", () =>
    asked(async (port) => {
      for (let number = 0; number < CLIENTS; number++) {
        const body = call("<Kurskod>7AAAAA</Kurskod>");
        const socket = connect(port, "127.0.0.1");
        socket.write(
          `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
        await delay(5);
        socket.resetAndDestroy();
      }
      const answers = await Promise.all(
        ["1", "2", "3"].map((digit) => client(port, digit, Promise.resolve(), false)),
      );
      for (const [number, answer] of answers.entries()) {
        expect(answer.includes(String(number + 1).repeat(ANSWER_BYTES))).to.equal(true);
      }
    }));
});
