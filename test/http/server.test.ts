import { once } from "node:events";
import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type Server,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { deflateRawSync, deflateSync, gunzipSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import { after, before, beforeEach, describe, it } from "mocha";
import { createClientAsync } from "soap";
import { AdresslistaError } from "../../lib/errors.js";
import { MAX_DISCARDED_BYTES } from "../../lib/http/body.js";
import type { CallContext, Operation } from "../../lib/http/endpoint.js";
import { buildHttpServer, closeHttpServer, type HttpServerOptions } from "../../lib/http/server.js";
import { call, envelope, service } from "../support/soap-requests.js";
import { expectValidResponse } from "../support/xsd.js";

const PATH = "/cxf/AdresslistaFetcher";
const MAX_REQUEST_BYTES = 20_000;
const GOOD = call("<Kurskod>GRNSVÅ</Kurskod>");

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

const errors: { error: unknown; incidentId: string }[] = [];
let contexts: CallContext[] = [];

/** Answers what it was asked, as a long list when the course is called LONG. */
const echo: Operation = async (args, context) => {
  contexts.push(context);
  const { Kurskod } = (args.arg1 ?? {}) as { Kurskod?: string };
  if (Kurskod === "BROKEN") throw new Error("SELECT PNR FROM NAMN failed at /srv/store.ts");
  if (Kurskod === "REFUSED")
    throw new AdresslistaError("request", "The operation does not like it.", { expose: true });
  if (Kurskod === "SLOW") await delay(300);
  const NoEmailList = Kurskod === "LONG" ? Array.from({ length: 500 }, (_, at) => `Ödberg ${at}`) : [];
  return { Kurskod, NoEmailList, valid: true };
};
const operations = { getKurs: echo, getKursTf: echo, getAdrLista: echo };

async function started(options: Partial<HttpServerOptions> = {}): Promise<Server> {
  const server = buildHttpServer({
    services: [{ path: PATH, service, operations }],
    trustedProxies: [],
    maxRequestBytes: MAX_REQUEST_BYTES,
    onError: (error, incidentId) => errors.push({ error, incidentId }),
    ...options,
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function ask(
  server: Server,
  method: string,
  path: string,
  body: string | Buffer = "",
  headers: OutgoingHttpHeaders = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      port: portOf(server),
      host: "127.0.0.1",
      method,
      path,
      headers,
      agent: false,
    });
    request.on("error", reject);
    request.on("response", async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const bytes = Buffer.concat(chunks);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: bytes,
        text: bytes.toString("utf8"),
      });
    });
    request.end(body);
  });
}

const post = (server: Server, body: string | Buffer = GOOD, headers: OutgoingHttpHeaders = {}) =>
  ask(server, "POST", PATH, body, {
    "Content-Type": "text/xml; charset=utf-8",
    SOAPAction: '""',
    ...headers,
  });

const closing = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once("close", resolve));

const drained = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once("drain", resolve));

/** Sends bytes as they are and gives everything that comes back until the connection is closed. */
async function raw(server: Server, ...parts: (string | Buffer)[]): Promise<string> {
  const socket = connect(portOf(server), "127.0.0.1");
  const chunks: Buffer[] = [];
  const closed = closing(socket);
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => {});
  for (const part of parts) {
    socket.write(part);
    await delay(30);
  }
  await closed;
  return Buffer.concat(chunks).toString("utf8");
}

function expectAnswer(answer: Answered, kurskod = "GRNSVÅ"): void {
  expect(answer.status, answer.text).to.equal(200);
  expectValidResponse(answer.body);
  expect(answer.text).to.include(`<Kurskod>${kurskod}</Kurskod>`);
}

function expectFault(answer: Answered, status: number, code = "Client"): void {
  expect(answer.status, answer.text).to.equal(status);
  expect(answer.text).to.include(`soap:${code}`).and.not.include("detail");
  expect(answer.headers["content-type"]).to.match(/charset=utf-8$/);
}

describe("the HTTP server", () => {
  let server: Server;
  before(async () => {
    server = await started();
  });
  after(() => closeHttpServer(server, 1_000));
  beforeEach(() => {
    errors.length = 0;
    contexts = [];
  });

  describe("answers a SOAP message", () => {
    it("with its length, charset and nothing about the software", async () => {
      const answer = await post(server);
      expectAnswer(answer);
      expect(answer.headers["content-type"]).to.equal("text/xml; charset=utf-8");
      expect(answer.headers["content-length"]).to.equal(String(answer.body.length));
      expect(answer.headers).to.not.have.any.keys("x-powered-by", "etag", "server", "content-encoding");
      expect(answer.headers["cache-control"]).to.equal("no-store");
      expect(answer.body[0]).to.equal("<".charCodeAt(0));
    });

    it("in SOAP 1.2 when asked so, whatever the Content-Type says", async () => {
      const message = envelope("<n:getKurs><arg1><Kurskod>A</Kurskod></arg1></n:getKurs>", {
        version: "1.2",
      });
      for (const type of ['application/soap+xml; charset=utf-8; action="x"', "text/xml"]) {
        const answer = await post(server, message, { "Content-Type": type });
        expectAnswer(answer, "A");
        expect(answer.headers["content-type"]).to.equal("application/soap+xml; charset=utf-8");
      }
    });

    it("whatever SOAPAction says, or without one", async () => {
      for (const action of ["getKurs", '"urn:other"', "", '"getKursTf"']) {
        const answer = await post(server, GOOD, { SOAPAction: action });
        expectAnswer(answer);
        expect(answer.text).to.include("getAdrListaResponse");
      }
      expectAnswer(await ask(server, "POST", PATH, GOOD, { "Content-Type": "text/xml" }));
    });

    for (const type of [
      undefined,
      "application/xml",
      "TEXT/XML",
      "text/xml;charset=UTF-8",
      "application/soap+xml",
    ]) {
      it(`of media type ${type}`, async () => {
        expectAnswer(
          await ask(server, "POST", PATH, GOOD, type === undefined ? {} : { "Content-Type": type }),
        );
      });
    }

    for (const [coding, bytes] of [
      ["gzip", gzipSync(GOOD)],
      ["x-gzip", gzipSync(GOOD)],
      ["deflate", deflateSync(GOOD)],
      ["deflate", deflateRawSync(GOOD)],
      ["identity", Buffer.from(GOOD)],
    ] as const) {
      it(`that is compressed as ${coding} (${bytes[0]})`, async () => {
        expectAnswer(await post(server, bytes, { "Content-Encoding": coding }));
      });
    }

    it("compressed only when asked and worth it", async () => {
      const long = call("<Kurskod>LONG</Kurskod>");
      const plain = await post(server, long);
      for (const offer of ["gzip", "deflate, gzip;q=0.5", "GZIP, *"]) {
        const zipped = await post(server, long, { "Accept-Encoding": offer });
        expect(zipped.headers["content-encoding"], offer).to.equal("gzip");
        expect(zipped.headers["content-length"]).to.equal(String(zipped.body.length));
        expect(gunzipSync(zipped.body).equals(plain.body)).to.equal(true);
      }
      for (const offer of ["gzip;q=0", "deflate", "identity", "*"]) {
        const answer = await post(server, long, { "Accept-Encoding": offer });
        expect(answer.headers["content-encoding"], offer).to.equal(undefined);
      }
      expect((await post(server, GOOD, { "Accept-Encoding": "gzip" })).headers["content-encoding"]).to.equal(
        undefined,
      );
    });

    it("over HTTP/1.0, without Host, and closes", async () => {
      const body = Buffer.from(GOOD);
      const head = `POST ${PATH} HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n`;
      const answer = await raw(server, head, body);
      expect(answer)
        .to.match(/^HTTP\/1\.1 200 OK\r\n/)
        .and.include("<Kurskod>GRNSVÅ</Kurskod>");
      expect(answer)
        .to.match(/Content-Length: \d+\r\n/)
        .and.not.match(/Transfer-Encoding/);
    });

    it("that waits for 100 Continue", async () => {
      const body = Buffer.from(GOOD);
      const head =
        `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n` +
        "Expect: 100-continue\r\nConnection: close\r\n\r\n";
      const answer = await raw(server, head, body);
      expect(answer)
        .to.match(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
        .and.include("GRNSVÅ");
    });

    it("in chunks that cut characters apart", async () => {
      const body = Buffer.from(GOOD);
      const cut = body.indexOf("Å") + 1;
      const chunk = (part: Buffer) =>
        Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]);
      const head = `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
      const answer = await raw(
        server,
        head,
        chunk(body.subarray(0, cut)),
        chunk(body.subarray(cut)),
        "0\r\n\r\n",
      );
      expect(answer).to.include("200 OK").and.include("<Kurskod>GRNSVÅ</Kurskod>");
    });

    it("after message on one connection, also when sent ahead", async () => {
      const body = Buffer.from(GOOD);
      const one = (connection: string) =>
        Buffer.concat([
          Buffer.from(
            `POST http://a${PATH}?x HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nConnection: ${connection}\r\nContent-Length: ${body.length}\r\n\r\n`,
          ),
          body,
        ]);
      const answer = await raw(server, Buffer.concat([one("keep-alive"), one("keep-alive"), one("close")]));
      expect(answer.match(/200 OK/g)).to.have.length(3);
      expect(answer.match(/<Kurskod>GRNSVÅ<\/Kurskod>/g)).to.have.length(3);
    });

    it("of the soap library's client, from the served WSDL", async () => {
      const client = await createClientAsync(`http://127.0.0.1:${portOf(server)}${PATH}?wsdl`);
      const [result] = await client.getKursAsync({ arg0: { uid: "larare" }, arg1: { Kurskod: "GRNSVÅ" } });
      expect(result.return).to.include({ Kurskod: "GRNSVÅ", valid: true, Email: false });
    });

    it("telling the operation who calls", async () => {
      const wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
      const header = `<w:Security xmlns:w="${wsse}"><w:UsernameToken><w:Username>demo</w:Username><w:Password>x</w:Password></w:UsernameToken></w:Security>`;
      await post(server, envelope("<n:getKurs/>", { header }), { "X-Forwarded-For": "192.0.2.1" });
      await post(server);
      expect(contexts.map(({ remoteAddress }) => remoteAddress)).to.deep.equal(["127.0.0.1", "127.0.0.1"]);
      expect(contexts.map(({ usernameToken }) => usernameToken)).to.deep.equal([
        { username: "demo", password: "x" },
        undefined,
      ]);
    });
  });

  describe("answers with a fault", () => {
    it("what is no valid call, and then the next call", async () => {
      expectFault(await post(server, "<x"), 500);
      expectFault(await post(server, ""), 500);
      expectFault(await post(server, envelope("<x/>", { version: "1.2" })), 400, "Sender");
      expectFault(await post(server, "<x", { "Content-Type": "application/soap+xml" }), 400, "Sender");
      expectFault(await post(server, '<Envelope xmlns="urn:x"/>'), 500, "VersionMismatch");
      expectAnswer(await post(server));
      expect(errors).to.deep.equal([]);
    });

    it("an error of an operation, told once, with an incident id and nothing else", async () => {
      const answer = await post(server, call("<Kurskod>BROKEN</Kurskod>"));
      expectFault(answer, 500, "Server");
      expect(answer.text).to.not.match(/SELECT|PNR|srv|store|Error:| at /);
      expect(errors).to.have.length(1);
      const [told] = errors;
      expect(told?.incidentId).to.match(/^[0-9a-f-]{36}$/);
      expect(answer.text).to.include(told?.incidentId);
      expect(String(told?.error)).to.include("SELECT");
      expectAnswer(await post(server));
    });

    it("what an operation refuses, with its sentence", async () => {
      const answer = await post(server, call("<Kurskod>REFUSED</Kurskod>"));
      expectFault(answer, 500);
      expect(answer.text).to.include("The operation does not like it.");
      expect(errors).to.deep.equal([]);
    });

    for (const type of [
      "application/json",
      "multipart/related; boundary=x",
      "application/x-www-form-urlencoded",
      "text/plain",
    ]) {
      it(`415: ${type}`, async () => {
        expectFault(await post(server, GOOD, { "Content-Type": type }), 415);
      });
    }

    it("415: a content encoding that is not known", async () => {
      for (const coding of ["br", "gzip, gzip", "compress"]) {
        expectFault(await post(server, GOOD, { "Content-Encoding": coding }), 415);
      }
    });

    it("corrupt and cut compression", async () => {
      for (const coding of ["gzip", "deflate"]) {
        expectFault(await post(server, GOOD, { "Content-Encoding": coding }), 500);
        expectFault(await post(server, gzipSync(GOOD).subarray(0, 40), { "Content-Encoding": coding }), 500);
      }
      expectAnswer(await post(server));
    });

    it("413: too large, by its length, in chunks, or once inflated", async () => {
      const large = `${GOOD}${" ".repeat(MAX_REQUEST_BYTES)}`;
      expectFault(await post(server, large), 413);
      expectFault(await post(server, large, { "Transfer-Encoding": "chunked" }), 413);
      expectFault(await post(server, gzipSync(large), { "Content-Encoding": "gzip" }), 413);
      expectFault(
        await post(server, gzipSync(Buffer.alloc(50_000_000)).subarray(0), { "Content-Encoding": "gzip" }),
        413,
      );
      expectFault(await post(server, large, { "Content-Type": "application/soap+xml" }), 413, "Sender");
      expectAnswer(await post(server, GOOD + " ".repeat(MAX_REQUEST_BYTES - Buffer.byteLength(GOOD))));
    });

    it("413 at once, for a body that is not even thrown away", async () => {
      const head = (more: string) =>
        `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: ${MAX_DISCARDED_BYTES * 2}\r\n${more}\r\n`;
      for (const more of ["", "Expect: 100-continue\r\n"]) {
        const answer = await raw(server, head(more));
        expect(answer)
          .to.match(/^HTTP\/1\.1 413 /)
          .and.match(/Connection: close/i);
      }
    });

    it("413 for chunks without end", async () => {
      const socket = connect(portOf(server), "127.0.0.1");
      const chunk = Buffer.alloc(65_536, "x");
      let received = "";
      const closed = closing(socket);
      socket.on("data", (data) => {
        received += data.toString();
      });
      socket.on("error", () => {});
      socket.write(
        `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      for (let sent = 0; sent < MAX_DISCARDED_BYTES * 2 && !socket.destroyed; sent += chunk.length) {
        if (!socket.write(`10000\r\n${chunk}\r\n`)) await Promise.race([drained(socket), closed]);
      }
      await closed;
      expect(received === "" || received.startsWith("HTTP/1.1 413 ")).to.equal(true);
      expectAnswer(await post(server));
    });

    it("405 with Allow: other methods", async () => {
      for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS"]) {
        const answer = await ask(server, method, PATH);
        expectFault(answer, 405);
        expect(answer.headers.allow).to.equal("GET, POST");
      }
      expect((await ask(server, "HEAD", PATH)).status).to.equal(405);
    });
  });

  describe("survives", () => {
    it("clients that go away in the middle of a request, or before the answer", async () => {
      const head = `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 5000\r\n\r\n`;
      const slow = call("<Kurskod>SLOW</Kurskod>");
      for (const sent of [
        head,
        `${head}<s:Env`,
        `${head.replace("5000", String(Buffer.byteLength(slow)))}${slow}`,
      ]) {
        const socket = connect(portOf(server), "127.0.0.1");
        socket.write(sent);
        await delay(50);
        socket.resetAndDestroy();
      }
      await delay(400);
      expectAnswer(await post(server));
      expect(errors).to.deep.equal([]);
    });

    it("bytes that are no HTTP", async () => {
      expect(await raw(server, "\x16\x03\x01\x02\x00hello\r\n\r\n")).to.match(/^HTTP\/1\.1 400 /);
      expect(await raw(server, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`)).to.match(
        /^HTTP\/1\.1 431 /,
      );
      expectAnswer(await post(server));
    });

    it("targets that are no address, and looks at their path alone", async () => {
      const warnings: Error[] = [];
      const note = (warning: Error) => warnings.push(warning);
      process.on("warning", note);
      try {
        for (const [target, status] of [
          [`http://[::1${PATH}?wsdl`, 200],
          [`http://a:b:c${PATH}?wsdl`, 200],
          [`HTTP://a:99999${PATH}`, 200],
          ["http://a", 404],
          ["http://a?wsdl", 404],
          ["//[::1", 404],
        ] as const) {
          const answer = await raw(server, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
          expect(answer, target).to.match(new RegExp(`^HTTP/1.1 ${status} `));
        }
        await delay(20);
        // Of url.parse, which later versions of node let throw.
        expect(warnings.map(({ name }) => name)).to.deep.equal([]);
      } finally {
        process.off("warning", note);
      }
    });

    it("a length and a transfer encoding that contradict each other, by refusing them", async () => {
      const answer = await raw(
        server,
        `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n`,
      );
      expect(answer)
        .to.match(/^HTTP\/1\.1 400 /)
        .and.not.include("200 OK");
    });
  });

  describe("shows by GET", () => {
    it("the WSDL at the address that the caller used, in any case of ?wsdl", async () => {
      for (const query of ["?wsdl", "?WSDL", "?Wsdl=", "?x=1&wsdl"]) {
        const answer = await ask(server, "GET", PATH + query, "", { Host: "lpw.example.se:8443" });
        expect(answer.status).to.equal(200);
        expect(answer.headers["content-type"]).to.equal("text/xml; charset=utf-8");
        expect(answer.text).to.equal(service.wsdl(`http://lpw.example.se:8443${PATH}`));
      }
    });

    it("the same schema that its answers follow", async () => {
      const wsdl = (await ask(server, "GET", `${PATH}?wsdl`)).text;
      expectValidResponse((await post(server, call("<Kurskod>LONG</Kurskod>"))).body, wsdl);
    });

    it("no WSDL for a Host that is none", async () => {
      for (const host of ['a"><x', "a b", "a/b", "a@b", "", "a:99999", "a:0", "x".repeat(300)]) {
        const answer = await raw(
          server,
          `GET ${PATH}?wsdl HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        );
        expect(answer, host).to.match(/^HTTP\/1\.1 400 /);
      }
    });

    it("its own address to HTTP/1.0 without Host", async () => {
      const answer = await raw(server, `GET ${PATH}?wsdl HTTP/1.0\r\n\r\n`);
      expect(answer).to.include(`location="http://127.0.0.1:${portOf(server)}${PATH}"`);
    });

    it("what the endpoint is, its health, and nothing else", async () => {
      const page = await ask(server, "GET", PATH);
      expect(page.status).to.equal(200);
      expect(page.headers["content-type"]).to.equal("text/plain; charset=utf-8");
      expect(page.text).to.include("getKurs, getKursTf, getAdrLista").and.include(`${PATH}?wsdl`);
      const health = await ask(server, "GET", "/health");
      expect([health.status, health.text]).to.deep.equal([200, "ok"]);
      for (const path of [
        "/",
        "/cxf",
        `${PATH}/`,
        PATH.toLowerCase(),
        "/__proto__",
        "/%",
        "/..%2f..%2fetc/passwd",
      ]) {
        for (const method of ["GET", "POST"]) {
          const answer = await ask(server, method, path);
          expect(answer.status, path).to.equal(404);
          expect(answer.text).to.equal("Not found\n");
          expect(answer.headers).to.not.have.any.keys("x-powered-by", "etag");
        }
      }
    });
  });
});

describe("the HTTP server's settings", () => {
  it("publicUrl is what the WSDL shows, whatever the Host", async () => {
    const server = await started({ publicUrl: "https://lpw.example.se/ladok/" });
    const answer = await ask(server, "GET", `${PATH}?wsdl`, "", { Host: "other.example" });
    expect(answer.text).to.equal(service.wsdl(`https://lpw.example.se/ladok${PATH}`));
    await closeHttpServer(server, 1_000);
  });

  it("X-Forwarded-* count from a trusted proxy only", async () => {
    const forwarded = {
      "X-Forwarded-Host": "invented.example, lpw.example.se",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Port": "8443",
      "X-Forwarded-For": "203.0.113.9, 192.0.2.7",
      Host: "inner:8080",
    };
    for (const [trustedProxies, address, caller] of [
      [["127.0.0.0/8"], "https://lpw.example.se:8443", "192.0.2.7"],
      [["127.0.0.1", "192.0.2.0/24"], "https://lpw.example.se:8443", "203.0.113.9"],
      [["192.0.2.1", "::1"], "http://inner:8080", "127.0.0.1"],
    ] as const) {
      contexts = [];
      const server = await started({ trustedProxies });
      const answer = await ask(server, "GET", `${PATH}?wsdl`, "", forwarded);
      expect(answer.text).to.equal(service.wsdl(address + PATH));
      await post(server, GOOD, forwarded);
      expect(contexts[0]?.remoteAddress).to.equal(caller);
      await closeHttpServer(server, 1_000);
    }
  });

  it("a proxy that is no address stops the start, named", () => {
    for (const wrong of ["proxy.example", "10.0.0.0/33", "10.0.0.0/x", "::/129", ""]) {
      const build = () =>
        buildHttpServer({ services: [], trustedProxies: [wrong], maxRequestBytes: 1, onError: () => {} });
      expect(build).to.throw(AdresslistaError, `trustedProxies: ${wrong} is neither`);
    }
  });

  it("a mount that lacks an operation stops the start", () => {
    const mount = { path: PATH, service, operations: { getKurs: echo, getKursTf: echo } };
    const build = () =>
      buildHttpServer({ services: [mount], trustedProxies: [], maxRequestBytes: 1, onError: () => {} });
    expect(build).to.throw("AdresslistaFetcher lacks operation getAdrLista");
  });

  it("several services stand beside each other", async () => {
    const other: Operation = () => ({ Kurskod: "OTHER", valid: true });
    const server = await started({
      services: [
        { path: PATH, service, operations },
        {
          path: "/cxf/x/Other",
          service,
          operations: { getKurs: other, getKursTf: other, getAdrLista: other },
        },
      ],
    });
    expectAnswer(await post(server));
    expectAnswer(await ask(server, "POST", "/cxf/x/Other", GOOD, { "Content-Type": "text/xml" }), "OTHER");
    expect((await ask(server, "GET", "/cxf/x/Other?wsdl")).text).to.include(`${portOf(server)}/cxf/x/Other"`);
    await closeHttpServer(server, 1_000);
  });
});

describe("closing the HTTP server", () => {
  it("lets calls in flight finish, closes idle connections, and takes no new ones", async () => {
    const server = await started();
    const idle = connect(portOf(server), "127.0.0.1");
    await once(idle, "connect");
    const slow = ask(server, "POST", PATH, call("<Kurskod>SLOW</Kurskod>"), { Connection: "keep-alive" });
    await delay(100);
    const port = portOf(server);
    const closed = closeHttpServer(server, 5_000);
    const answer = await slow;
    expectAnswer(answer, "SLOW");
    const before = Date.now();
    await closed;
    expect(Date.now() - before).to.be.lessThan(2_000);
    const late = connect(port, "127.0.0.1");
    const [error] = await once(late, "error");
    expect((error as NodeJS.ErrnoException).code).to.equal("ECONNREFUSED");
    idle.destroy();
  });

  it("cuts what is not done at the deadline", async () => {
    const server = await started();
    const stuck = connect(portOf(server), "127.0.0.1");
    stuck.on("error", () => {});
    stuck.write(`POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf`);
    await delay(50);
    const before = Date.now();
    await closeHttpServer(server, 200);
    expect(Date.now() - before).to.be.within(150, 2_000);
  });
});
