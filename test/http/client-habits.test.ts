import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { deflateRawSync, deflateSync, gunzipSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import { after, afterEach, before, describe, it } from "mocha";
import { buildHttpServer, closeHttpServer } from "../../lib/http/server.js";
import { ENVELOPE_NAMESPACES } from "../../lib/soap/fault.js";
import { course, exportOf, learners, occasion, person, school } from "../support/export.js";
import { SECRET, startTestService, type TestService } from "../support/service.js";
import { envelope, TNS, service as t04 } from "../support/soap-requests.js";
import { inventedPersonnummer } from "../support/t04.js";
import { expectValidResponse } from "../support/xsd.js";
import { type RawAnswer, RawConnection } from "./raw-connection.js";

/**
 * How SOAP stacks of twenty years speak HTTP, byte by byte against the real service: what they send is written here as
 * they write it, and the answer must be one that they can read. The stacks themselves are in test/clients.
 */
const PARTICIPANTS = [
  ...["Åberg, Örjan", "Älgskog, Åsa", "Ödman, Änne", "Ek, Bo", "Björk, Bo", "Alm, Bo", "Asp, Bo"],
  ...["Rönn, Bo", "Sälg, Bo", "Hägg, Bo"],
];

const EXPORT = exportOf([
  school("LVUX", { long: "Lingonköpings vuxenutbildning" }),
  course("K1", "VÅRÄÖ01", { in: "LVUX", long: "Hälsa, vård och omsorg på Österlen" }),
  course("K2", "SVESVE01", { in: "LVUX", long: "Svenska 1" }),
  occasion("T1", { in: "K1", ext: { anmkod: "LV001" } }),
  occasion("T2", { in: "K2", ext: { anmkod: "LV002" } }),
  ...PARTICIPANTS.map((name, at) => person(`E${at}`, { name, pnr: inventedPersonnummer("19800101", at) })),
  learners("T1", ...PARTICIPANTS.map((_, at) => `E${at}`)),
]);

const PATH = "/cxf/AdresslistaFetcher";
const KURSKOD = "VÅRÄÖ01";
const FOUND = `<KursInfoVO><Kurskod>${KURSKOD}</Kurskod><Benamning>Hälsa, vård och omsorg på Österlen</Benamning>`;

const ARG0 =
  `<arg0><authinfovo><caller>portalen</caller><ticket><ticket>${SECRET}</ticket></ticket></authinfovo>` +
  "<type>2</type><uid>larare1</uid></arg0>";
const callOf = (operation: string, arg1: string): string =>
  envelope(`<n:${operation}>${ARG0}<arg1>${arg1}</arg1></n:${operation}>`);

/** Asks for the course with Å, Ä and Ö in its code, which is found only when these were read right. */
const CALL = callOf("getKursTf", `<Kurskod>${KURSKOD}</Kurskod><Termin>091</Termin>`);
const OTHER_CALL = callOf("getKursTf", "<Kurskod>SVESVE01</Kurskod><Termin>091</Termin>");

/** Whose answer is worth compressing. */
const MANY_CALL = callOf(
  "getAdrLista",
  `<KursTfVO><Kurskod>${KURSKOD}</Kurskod><Starttermin>091</Starttermin></KursTfVO><FFG>true</FFG>`,
);

const ENCODING = "http://schemas.xmlsoap.org/soap/encoding/";
const XSD = "http://www.w3.org/2001/XMLSchema";
const XSI = "http://www.w3.org/2001/XMLSchema-instance";

interface RequestOptions {
  readonly line?: string;
  /** Lines between the request line and the length, instead of those that every stack writes. */
  readonly headers?: readonly string[];
  /** Instead of the body's. */
  readonly length?: number | undefined;
}

const HEADERS = ["Host: lpw.example.se", "Content-Type: text/xml; charset=utf-8", 'SOAPAction: ""'] as const;

function headOf(bytes: number | undefined, options: RequestOptions = {}): string {
  const { line = `POST ${PATH} HTTP/1.1`, headers = HEADERS } = options;
  const length = bytes === undefined ? [] : [`Content-Length: ${bytes}`];
  return [line, ...headers, ...length, "", ""].join("\r\n");
}

function requestOf(body: string | Buffer = CALL, options: RequestOptions = {}): Buffer {
  return Buffer.concat([
    Buffer.from(headOf(options.length ?? Buffer.byteLength(body), options)),
    Buffer.from(body),
  ]);
}

const withHeaders = (...headers: readonly string[]): RequestOptions => ({
  headers: [...HEADERS, ...headers],
});
const withType = (type: string | undefined): RequestOptions => ({
  headers: ["Host: a", ...(type === undefined ? [] : [`Content-Type: ${type}`])],
});

function expectFound(answer: RawAnswer): void {
  expect(answer.status, answer.text).to.equal(200);
  expect(answer.headers).to.not.have.any.keys("transfer-encoding", "content-encoding");
  expectValidResponse(answer.body);
  expect(answer.text).to.include(FOUND);
}

function expectFault(answer: RawAnswer, status: number, reason: string): void {
  expect(answer.status, answer.text).to.equal(status);
  expect(answer.headers).to.not.have.any.keys("transfer-encoding");
  expect(answer.text).to.include("<faultcode>soap:Client</faultcode>").and.include(reason);
}

const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/** A chunk; `sizeLine` may write its size, which it is given as hexadecimal digits, in another way. */
function chunk(content: string | Buffer, sizeLine = (size: string) => size): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    Buffer.from(`${sizeLine(bytes.length.toString(16))}\r\n`),
    bytes,
    Buffer.from("\r\n"),
  ]);
}

/** Chunks of these sizes, over and over. */
function inSizes(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(chunk(bytes.subarray(at, at + size)));
    at += size;
  }
  return chunks;
}

describe("HTTP as clients of twenty years speak it:", () => {
  let service: TestService;
  const connections: RawConnection[] = [];
  const servers: Server[] = [];

  before(async () => {
    service = await startTestService({
      exportXml: EXPORT,
      callers: { portalen: { institutions: "*" } },
    });
  });
  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.end();
    for (const server of servers.splice(0)) await closeHttpServer(server, 1_000);
  });
  after(() => service.close());

  async function connected(): Promise<RawConnection> {
    const connection = await RawConnection.open(service.url);
    connections.push(connection);
    return connection;
  }

  async function ask(...parts: readonly (string | Buffer)[]): Promise<RawAnswer> {
    return (await (await connected()).send(...parts)).answer();
  }

  describe("a client of HTTP/1.0", () => {
    const line = `POST ${PATH} HTTP/1.0`;
    const headers = ["Content-Type: text/xml; charset=utf-8", 'SOAPAction: ""'];

    it("is answered with a length and without chunks, and the connection is closed", async () => {
      const connection = await connected();
      const answer = await (await connection.send(requestOf(CALL, { line, headers }))).answer();
      expectFound(answer);
      expect(answer.headers.connection).to.equal("close");
      expect(await connection.closed()).to.equal("");
    });

    it("keeps the connection when it asks for that", async () => {
      const connection = await connected();
      for (const _ of [1, 2]) {
        await connection.send(requestOf(CALL, { line, headers: [...headers, "Connection: Keep-Alive"] }));
        const answer = await connection.answer();
        expectFound(answer);
        expect(answer.headers.connection).to.equal("keep-alive");
      }
      expectFound(await (await connection.send(requestOf(CALL, { line, headers }))).answer());
      expect(await connection.closed()).to.equal("");
    });

    it("gets a fault in the same way", async () => {
      const connection = await connected();
      await connection.send(requestOf("<x", { line, headers }));
      expectFault(await connection.answer(), 500, "not well-formed");
      expect(await connection.closed()).to.equal("");
    });

    it("hears of no 100 Continue, which it does not know", async () => {
      expectFound(await ask(requestOf(CALL, { line, headers: [...headers, "Expect: 100-continue"] })));
    });

    it("finds the service's own address in the WSDL, for it names none", async () => {
      const answer = await ask(`GET ${PATH}?wsdl HTTP/1.0\r\n\r\n`);
      expect(answer.text).to.include(`location="${service.url}"`);
    });
  });

  describe("a client that sends Expect: 100-continue", () => {
    const expecting = withHeaders("Expect: 100-continue");

    it("hears to go on before it sends the body, in each call of a connection", async () => {
      const connection = await connected();
      for (const _ of [1, 2]) {
        await connection.send(headOf(Buffer.byteLength(CALL), expecting));
        expect((await connection.answer()).head).to.equal("HTTP/1.1 100 Continue");
        expectFound(await (await connection.send(CALL)).answer());
      }
    });

    it("may send the body without waiting", async () => {
      const connection = await connected();
      await connection.send(requestOf(CALL, expecting));
      expect((await connection.answer()).status).to.equal(100);
      expectFound(await connection.answer());
    });

    it("may send chunks", async () => {
      const connection = await connected();
      await connection.send(
        headOf(undefined, withHeaders("Transfer-Encoding: chunked", "Expect: 100-Continue")),
      );
      expect((await connection.answer()).status).to.equal(100);
      expectFound(await (await connection.send(chunk(CALL), LAST_CHUNK)).answer());
    });

    it("hears that its message is too large before it sends any of it", async () => {
      const connection = await connected();
      await connection.send(headOf(1_048_577, expecting));
      const answer = await connection.answer();
      expectFault(answer, 413, "larger than 1048576 bytes");
      expect(answer.headers.connection).to.equal("close");
      expect(await connection.closed()).to.equal("");
    });
  });

  describe("a message in chunks", () => {
    const chunked = withHeaders("Transfer-Encoding: chunked");
    const bytes = Buffer.from(CALL);
    const single = Array.from(bytes, (_, at) => chunk(bytes.subarray(at, at + 1)));

    for (const [what, chunks] of [
      ["of one byte each", [Buffer.concat([...single, LAST_CHUNK])]],
      ["of all sizes, that cut characters apart", [...inSizes(bytes, [7, 255, 1, 16, 3]), LAST_CHUNK]],
      ["each in a packet of its own", [...inSizes(bytes, [100]), LAST_CHUNK]],
      [
        "whose sizes have capitals and noughts in front",
        [chunk(bytes, (size) => `000${size.toUpperCase()}`), "00\r\n\r\n"],
      ],
      ["with extensions", [chunk(bytes, (size) => `${size};name=value;other="a b"`), "0;last\r\n\r\n"]],
      ["with trailers", [chunk(bytes), "0\r\nContent-MD5: none\r\nX-Signature: a, b\r\n\r\n"]],
    ] as const) {
      it(`${what} is read, and the next one on the connection`, async () => {
        const connection = await connected();
        for (const _ of [1, 2]) {
          expectFound(await (await connection.send(headOf(undefined, chunked), ...chunks)).answer());
        }
      });
    }

    it("is read when its coding is written in capitals, and compressed", async () => {
      const head = headOf(undefined, withHeaders("Transfer-Encoding: Chunked", "Content-Encoding: gzip"));
      expectFound(await ask(head, chunk(gzipSync(CALL)), LAST_CHUNK));
    });
  });

  describe("a connection", () => {
    it("is kept from call to call, and after what is refused", async () => {
      const connection = await connected();
      for (const [request, status] of [
        [requestOf(), 200],
        [requestOf("<x"), 500],
        [requestOf(envelope("<n:getNothing/>")), 500],
        [requestOf(CALL, withType("application/json")), 415],
        [requestOf(CALL, withHeaders("Content-Encoding: br")), 415],
        [requestOf(" ".repeat(1_100_000)), 413],
        [requestOf("", { line: `PUT ${PATH} HTTP/1.1` }), 405],
        [requestOf("", { line: "POST /cxf/Other HTTP/1.1" }), 404],
        [requestOf("", { line: `GET ${PATH}?wsdl HTTP/1.1` }), 200],
      ] as const) {
        const answer = await (await connection.send(request)).answer();
        expect(answer.status).to.equal(status);
        expect(answer.headers.connection).to.equal("keep-alive");
      }
      expectFound(await (await connection.send(requestOf())).answer());
    });

    it("is closed for a client that says so", async () => {
      for (const header of ["Connection: close", "connection:Close", "Connection: TE, close"]) {
        const connection = await connected();
        // LWP offers codings of the transfer; the answer has its length all the same.
        await connection.send(requestOf(CALL, withHeaders(header, "TE: deflate,gzip;q=0.3")));
        const answer = await connection.answer();
        expectFound(answer);
        expect(answer.headers.connection).to.equal("close");
        expect(await connection.closed()).to.equal("");
      }
    });

    it("answers calls that are sent ahead, in their order", async () => {
      const connection = await connected();
      await connection.send(
        Buffer.concat([requestOf(), requestOf(OTHER_CALL), requestOf("<x"), requestOf()]),
      );
      expectFound(await connection.answer());
      expect((await connection.answer()).text).to.include("<Kurskod>SVESVE01</Kurskod>");
      expectFault(await connection.answer(), 500, "not well-formed");
      expectFound(await connection.answer());
    });

    it("is not upset by line breaks after a message that its length does not count", async () => {
      const connection = await connected();
      for (const extra of ["\r\n", "\n", "\r\n\r\n"]) {
        expectFound(await (await connection.send(requestOf(), extra)).answer());
        expectFound(await (await connection.send(Buffer.concat([requestOf(), Buffer.from(extra)]))).answer());
      }
    });

    for (const [what, more] of [
      ["a connection that is kept", []],
      ["one that the client wants closed", ["Connection: close"]],
    ] as const) {
      it(`of which more comes than the length says gets the answer first, and is then closed: ${what}`, async () => {
        const connection = await connected();
        await connection.send(Buffer.concat([requestOf(CALL, withHeaders(...more)), Buffer.from("\0")]));
        const answer = await connection.answer();
        expectFound(answer);
        expect(answer.headers.connection).to.equal("close");
        expect(await connection.closed()).to.equal("");
      });
    }

    it("whose length counts characters and not bytes gets a fault that says what was read", async () => {
      const connection = await connected();
      await connection.send(requestOf(CALL, { length: CALL.length }));
      expectFault(await connection.answer(), 500, "not well-formed");
      expect(await connection.closed()).to.equal("");
    });

    it("answers what came before bytes that are no HTTP, and closes", async () => {
      const connection = await connected();
      await connection.send(Buffer.concat([requestOf(), requestOf(OTHER_CALL), Buffer.from("\x16\x03\x01")]));
      expectFound(await connection.answer());
      expect((await connection.answer()).text).to.include("<Kurskod>SVESVE01</Kurskod>");
      expect(await connection.closed()).to.equal("");
    });

    it("gets an answer whole that is on its way when such bytes come", async () => {
      const NoEmailList = Array.from({ length: 200_000 }, (_, at) => `Ödman, Åsa ${at} ${"-".repeat(60)}`);
      let answered = () => {};
      const isAnswered = new Promise<void>((resolve) => {
        answered = resolve;
      });
      const long = () => {
        setTimeout(answered, 300);
        return { NoEmailList, valid: true };
      };
      const server = buildHttpServer({
        services: [
          { path: PATH, service: t04, operations: { getKurs: long, getKursTf: long, getAdrLista: long } },
        ],
        trustedProxies: [],
        maxRequestBytes: 1_048_576,
        onError: () => {},
      });
      servers.push(server);
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const connection = await RawConnection.open(`http://127.0.0.1:${port}`);
      connections.push(connection);
      connection.hold();
      await connection.send(requestOf());
      await isAnswered;
      await connection.send("\0", "\0");
      const answer = await connection.answer();
      expect(answer.status).to.equal(200);
      expect(answer.text).to.match(/<\/soap:Envelope>$/);
      expect(await connection.closed()).to.equal("");
    });

    it("says 400 to chunks that are none, after the answer to what came before", async () => {
      const connection = await connected();
      const broken = `${headOf(undefined, withHeaders("Transfer-Encoding: chunked"))}no size\r\n`;
      await connection.send(Buffer.concat([requestOf(), Buffer.from(broken)]));
      expectFound(await connection.answer());
      expect(await connection.closed()).to.match(/^(?:HTTP\/1\.1 400 |$)/);
    });
  });

  describe("SOAPAction", () => {
    for (const lines of [
      ['SOAPAction: ""'],
      ["SOAPAction:"],
      ["SOAPAction: "],
      [],
      ['SOAPAction: "getKursTf"'],
      ["SOAPAction: getKursTf"],
      [`SOAPAction: "${TNS}AdresslistaFetcher/getKursTf"`],
      ['SOAPAction: "getAdrLista"'],
      ["SOAPAction: urn:something#else"],
      ["soapaction:''"],
      ['SOAPAction: "getKurs"', 'SOAPAction: "getKursTf"'],
    ]) {
      it(`${lines.join(" and ") || "that is absent"} does not decide what is called`, async () => {
        expectFound(await ask(requestOf(CALL, { headers: [...HEADERS.slice(0, 2), ...lines] })));
      });
    }
  });

  describe("a request line and its headers", () => {
    it("may have the whole address, as through a proxy, of whatever host", async () => {
      for (const origin of ["http://lpw.example.se", "HTTP://127.0.0.1:8080", "https://user:word@lpw"]) {
        expectFound(await ask(requestOf(CALL, { line: `POST ${origin}${PATH} HTTP/1.1` })));
      }
    });

    it("may have the WSDL's address, which real LPW services called their endpoint", async () => {
      for (const query of ["?wsdl", "?WSDL", "?"]) {
        expectFound(await ask(requestOf(CALL, { line: `POST ${PATH}${query} HTTP/1.1` })));
      }
    });

    it("may be written in any case and with any blanks", async () => {
      for (const headers of [
        ["host: a", "content-type: text/xml; charset=utf-8", "soapaction: x"],
        ["HOST: a", "CONTENT-TYPE: TEXT/XML; CHARSET=UTF-8", 'SOAPACTION: ""'],
        ["Host:a", "Content-Type:text/xml;charset=utf-8"],
        ["Host:\ta  ", "Content-Type:\t text/xml ; charset=utf-8\t"],
      ]) {
        expectFound(await ask(requestOf(CALL, { headers })));
      }
    });

    it("may offer, ask and tell what the service does not look at", async () => {
      const told = [
        "User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol 2.0.50727.42)",
        "Accept: application/soap+xml, application/dime, multipart/related, text/*",
        "Authorization: Basic cG9ydGFsZW46aGVtbGln",
        "Cache-Control: no-cache",
        "Pragma: no-cache",
        "Cookie: JSESSIONID=1",
        'If-None-Match: "1"',
        "Range: bytes=0-10",
        "Keep-Alive: 300",
        "Proxy-Connection: keep-alive",
        "VsDebuggerCausalityData: uIDPo5F/qXRc4YJImqB6Ard30cQAAAAAAjIXinpIVUulXLJOsSG7yyv7Lf2yYgpHlIxvc6oeqaAACQAA",
      ];
      expectFound(await ask(requestOf(CALL, withHeaders(...told))));
    });
  });

  describe("a message", () => {
    const declared = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?>\n${CALL}`;
    const latin1 = (text: string) => Buffer.from(text, "latin1");
    const utf16le = (text: string) => Buffer.from(text, "utf16le");
    const utf16be = (text: string) => utf16le(text).swap16();
    const BOM = "\ufeff";

    for (const [what, body, type] of [
      ["in UTF-8, unsaid", CALL, "text/xml"],
      ["in UTF-8, whose Content-Type is absent", CALL, undefined],
      ["in UTF-8 with a byte order mark", `${BOM}${declared("utf-8")}`, "text/xml; charset=utf-8"],
      ["in UTF-8 with a byte order mark, and nothing said", BOM + CALL, "text/xml"],
      ["in UTF-8 by charset='utf-8'", CALL, "text/xml; charset='utf-8'"],
      ["in UTF-8 by charset=UTF8", declared("UTF8"), 'text/xml;charset="UTF8"'],
      [
        "of .NET's StringWriter, in UTF-8 that calls itself UTF-16",
        declared("utf-16"),
        "text/xml; charset=utf-8",
      ],
      [
        "in US-ASCII with references",
        CALL.replace(/[^ -~]/g, (c) => `&#${c.charCodeAt(0)};`),
        "text/xml; charset=us-ascii",
      ],
      ["in ISO-8859-1 by its charset", latin1(CALL), "text/xml; charset=ISO-8859-1"],
      ["in ISO-8859-1 by its charset, in quotes", latin1(CALL), 'text/xml; charset="iso-8859-1"'],
      ["in ISO-8859-1 by its declaration", latin1(declared("ISO-8859-1")), "text/xml"],
      ["in ISO-8859-1 by both", latin1(declared("ISO-8859-1")), "text/xml; charset=ISO-8859-1"],
      ["in windows-1252 by its charset", latin1(CALL), "text/xml; charset=windows-1252"],
      ["in windows-1252 by its declaration", latin1(declared("Windows-1252")), "application/xml"],
      ["in UTF-16 LE with a byte order mark", utf16le(BOM + CALL), "text/xml"],
      ["in UTF-16 BE with a byte order mark", utf16be(BOM + declared("UTF-16")), "text/xml; charset=utf-16"],
      ["in UTF-16 LE with a mark, whatever the charset says", utf16le(BOM + CALL), "text/xml; charset=utf-8"],
      ["in UTF-16 LE by its charset", utf16le(CALL), "text/xml; charset=utf-16le"],
      ["in UTF-16 BE by its charset", utf16be(CALL), "text/xml; charset=UTF-16BE"],
      ["in UTF-16 LE by its declaration", utf16le(declared("UTF-16")), "text/xml"],
      ["in UTF-16 BE by its declaration", utf16be(declared("utf-16")), "text/xml"],
    ] as const) {
      it(`${what}, is read, and answered in UTF-8`, async () => {
        const answer = await ask(requestOf(body, withType(type)));
        expectFound(answer);
        expect(answer.headers["content-type"]).to.equal("text/xml; charset=utf-8");
        expect(answer.body[0]).to.equal("<".charCodeAt(0));
      });
    }

    for (const [what, before] of [
      ["a line break", "\r\n"],
      ["lines of blanks", "\n   \t\r\n\n"],
      ["a byte order mark and a line break", `${BOM}\n`],
    ] as const) {
      it(`with ${what} before its declaration is read, in every encoding`, async () => {
        for (const [body, type] of [
          [before + declared("utf-8"), "text/xml; charset=utf-8"],
          [before + declared("UTF-8"), "text/xml"],
          [before + CALL, "text/xml"],
          [utf16le(before + declared("utf-16")), "text/xml; charset=utf-16"],
          [utf16be(before + declared("utf-16")), "text/xml"],
        ] as const) {
          expectFound(await ask(requestOf(body, withType(type))));
        }
        if (before.startsWith(BOM)) return;
        expectFound(await ask(requestOf(latin1(before + declared("iso-8859-1")), withType("text/xml"))));
      });
    }

    it("with line breaks after it is read", async () => {
      expectFound(await ask(requestOf(`${declared("utf-8")}\r\n\r\n`)));
    });

    it("with anything else before its declaration gets a fault", async () => {
      for (const before of ["x", "<!-- -->", "\0", "\u00a0", "\u2003", "\u2028"]) {
        expectFault(await ask(requestOf(before + declared("utf-8"))), 500, "not well-formed");
      }
    });

    for (const type of [
      undefined,
      "",
      "text/xml",
      "text/xml;",
      "TEXT/XML; Charset=UTF-8",
      'text/xml; charset="utf-8"; action="x"',
      "application/xml",
      "application/xml; charset=utf-8",
      "application/soap+xml",
      `application/soap+xml; charset=utf-8; action="${TNS}getKursTf"`,
      'application/soap+xml; action=""',
    ]) {
      it(`of Content-Type ${type ?? "that is absent"} is answered in its own SOAP`, async () => {
        expectFound(await ask(requestOf(CALL, withType(type))));
        const as12 = CALL.replace(ENVELOPE_NAMESPACES["1.1"], ENVELOPE_NAMESPACES["1.2"]);
        const answer = await ask(requestOf(as12, withType(type)));
        expectFound(answer);
        expect(answer.headers["content-type"]).to.equal("application/soap+xml; charset=utf-8");
      });
    }

    for (const type of [
      "text/plain; charset=utf-8",
      "application/x-www-form-urlencoded",
      "application/json",
      'multipart/related; type="text/xml"; boundary=x',
      "application/dime",
      "text/xml-external-parsed-entity",
    ]) {
      it(`of Content-Type ${type} gets 415, with a fault`, async () => {
        expectFault(await ask(requestOf(CALL, withType(type))), 415, "use text/xml");
      });
    }
  });

  describe("compression", () => {
    const plainCall = callOf("getKurs", "<Institution>LVUX</Institution>");

    for (const [what, coding, bytes] of [
      ["gzip", "gzip", gzipSync(CALL)],
      ["gzip by its old name", "x-gzip", gzipSync(CALL)],
      ["deflate", "deflate", deflateSync(CALL)],
      ["deflate without zlib's frame, as old IIS has it", "deflate", deflateRawSync(CALL)],
    ] as const) {
      it(`of the message by ${what} is read`, async () => {
        expectFound(await ask(requestOf(bytes, withHeaders(`Content-Encoding: ${coding}`))));
      });
    }

    for (const offer of [
      "gzip",
      "x-gzip",
      "gzip,deflate",
      "deflate, gzip",
      "GZIP",
      "gzip;q=0.5, identity;q=0.1",
      "gzip ; q=1.0",
      "*;q=0, gzip",
    ]) {
      it(`of the answer is done when asked by Accept-Encoding: ${offer}`, async () => {
        for (const [request, options] of [
          [MANY_CALL, {}],
          ["", { line: `GET ${PATH}?wsdl HTTP/1.1` }],
        ] as const) {
          const plain = await ask(requestOf(request, options));
          expect(plain.headers).to.not.have.any.keys("content-encoding");
          const headers = [...HEADERS, `Accept-Encoding: ${offer}`];
          const answer = await ask(requestOf(request, { ...options, headers }));
          expect(answer.status).to.equal(200);
          expect(answer.headers["content-encoding"]).to.equal("gzip");
          expect(answer.body.length).to.be.lessThan(plain.body.length);
          expect(gunzipSync(answer.body).toString()).to.equal(plain.text);
        }
      });
    }

    for (const offer of [
      "",
      "identity",
      "*",
      "gzip;q=0",
      "gzip; q=0.000",
      "identity, gzip;q=0.0",
      "x-gzip;q=0",
      "deflate",
      "compress, deflate",
      "gzipped",
    ]) {
      it(`of the answer is not done by Accept-Encoding: ${offer}`, async () => {
        const answer = await ask(requestOf(MANY_CALL, withHeaders(`Accept-Encoding: ${offer}`)));
        expect(answer.headers).to.not.have.any.keys("content-encoding");
        expectValidResponse(answer.body);
      });
    }

    it("of the answer is not done where it would gain nothing", async () => {
      const answer = await ask(requestOf(plainCall, withHeaders("Accept-Encoding: gzip")));
      expect(answer.headers).to.not.have.any.keys("content-encoding");
      expect(answer.text).to.include("<Kurskod>VÅRÄÖ01</Kurskod>");
    });

    it("of the answer is done over HTTP/1.0 too", async () => {
      const request = requestOf(MANY_CALL, {
        line: `POST ${PATH} HTTP/1.0`,
        headers: ["Content-Type: text/xml; charset=utf-8", "Accept-Encoding: gzip"],
      });
      const answer = await ask(request);
      expect(gunzipSync(answer.body).toString()).to.include("<enamn>Åberg</enamn>");
    });
  });

  describe("GET and HEAD", () => {
    it("show the WSDL by ?wsdl in any case, and keep the connection", async () => {
      const connection = await connected();
      for (const query of ["?wsdl", "?WSDL", "?Wsdl", "?wsdl=", "?wsdl=1.2"]) {
        await connection.send(headOf(undefined, { line: `GET ${PATH}${query} HTTP/1.1` }));
        const answer = await connection.answer();
        expect(answer.status).to.equal(200);
        expect(answer.headers["content-type"]).to.equal("text/xml; charset=utf-8");
        expect(answer.headers.connection).to.equal("keep-alive");
        expect(answer.text).to.include(`location="http://lpw.example.se${PATH}"`);
      }
      expectFound(await (await connection.send(requestOf())).answer());
    });

    it("of which HEAD is refused without a body that would be taken for the next answer", async () => {
      const connection = await connected();
      await connection.send(headOf(undefined, { line: `HEAD ${PATH}?wsdl HTTP/1.1` }));
      const answer = await connection.answer({ toHead: true });
      expect(answer.status).to.equal(405);
      expect(answer.headers.allow).to.equal("GET, POST");
      expectFound(await (await connection.send(requestOf())).answer());
    });
  });

  describe("SOAP-encoded calls, to this literal service,", () => {
    const PARTICIPANT = "<enamn>Åberg</enamn>";

    async function expectParticipant(message: string): Promise<RawAnswer> {
      const answer = await ask(requestOf(message));
      expect(answer.status, answer.text).to.equal(200);
      expectValidResponse(answer.body);
      expect(answer.text).to.include(PARTICIPANT);
      return answer;
    }

    it("of SOAP::Lite: unqualified, typed, in any order, with base64 beyond ASCII and arrays of items", async () => {
      const base64 = Buffer.from(KURSKOD).toString("base64");
      await expectParticipant(
        '<?xml version="1.0" encoding="UTF-8"?>' +
          `<soap:Envelope soap:encodingStyle="${ENCODING}" xmlns:soap="${ENVELOPE_NAMESPACES["1.1"]}"` +
          ` xmlns:soapenc="${ENCODING}" xmlns:xsd="${XSD}" xmlns:xsi="${XSI}"><soap:Body>` +
          `<getAdrLista xmlns="${TNS}"><arg0><uid xsi:type="xsd:string">larare1</uid><type xsi:type="xsd:int">2</type>` +
          `<authinfovo><ticket><ticket xsi:type="xsd:string">${SECRET}</ticket></ticket>` +
          '<caller xsi:type="xsd:string">portalen</caller></authinfovo></arg0>' +
          '<arg1><FFG xsi:type="xsd:int">1</FFG>' +
          '<KursTfVO soapenc:arrayType="xsd:anyType[1]" xsi:type="soapenc:Array"><item>' +
          `<Starttermin xsi:type="xsd:string">091</Starttermin><Kurskod xsi:type="xsd:base64Binary">${base64}</Kurskod>` +
          '<Ortskod xsi:nil="true" xsi:type="xsd:string" /></item></KursTfVO>' +
          "</arg1></getAdrLista></soap:Body></soap:Envelope>",
      );
    });

    it("of Axis: multiRefs beside the operation, shared ones and arrays of them", async () => {
      const multiRef = (id: string, type: string, content: string) =>
        `<multiRef id="${id}" soapenc:root="0" soapenv:encodingStyle="${ENCODING}" xsi:type="${type}"` +
        ` xmlns:soapenc="${ENCODING}" xmlns:ns2="${TNS}">${content}</multiRef>`;
      const answer = await expectParticipant(
        '<?xml version="1.0" encoding="utf-8"?>' +
          `<soapenv:Envelope xmlns:soapenv="${ENVELOPE_NAMESPACES["1.1"]}" xmlns:xsd="${XSD}" xmlns:xsi="${XSI}"><soapenv:Body>` +
          `<ns1:getAdrLista soapenv:encodingStyle="${ENCODING}" xmlns:ns1="${TNS}"><arg0 href="#id0"/><arg1 href="#id1"/></ns1:getAdrLista>` +
          multiRef(
            "id1",
            "ns2:adrListVO",
            `<Email href="#id6"/><FFG href="#id6"/><FO href="#id5"/><KursTfVO soapenc:arrayType="ns2:kursTfVO[1]" xsi:type="soapenc:Array"><KursTfVO href="#id4"/></KursTfVO><Institution xsi:type="xsd:string" xsi:nil="true"/>`,
          ) +
          multiRef(
            "id0",
            "ns2:userVO",
            '<authinfovo href="#id2"/><type xsi:type="soapenc:string">2</type><uid xsi:type="soapenc:string">larare1</uid><errorObject xsi:type="soapenc:Array" xsi:nil="true"/><valid href="#id5"/>',
          ) +
          multiRef(
            "id2",
            "ns2:authInfoVO",
            '<caller xsi:type="xsd:string">portalen</caller><ticket href="#id3"/>',
          ) +
          multiRef(
            "id3",
            "ns2:ticketVO",
            `<authLevel href="#id7"/><ticket xsi:type="xsd:string">${SECRET}</ticket>`,
          ) +
          multiRef(
            "id4",
            "ns2:kursTfVO",
            `<Kurskod xsi:type="xsd:string">${KURSKOD}</Kurskod><Starttermin xsi:type="xsd:string">091</Starttermin>`,
          ) +
          multiRef("id5", "xsd:boolean", "false") +
          multiRef("id6", "xsd:boolean", "true") +
          multiRef("id7", "xsd:int", "0") +
          "</soapenv:Body></soapenv:Envelope>",
      );
      expect(answer.text).to.include("<Email>true</Email><FFG>true</FFG><FO>false</FO>");
    });

    it("of NuSOAP: in ISO-8859-1, with booleans that are empty for false", async () => {
      const message = Buffer.from(
        '<?xml version="1.0" encoding="ISO-8859-1"?>' +
          `<SOAP-ENV:Envelope SOAP-ENV:encodingStyle="${ENCODING}" xmlns:SOAP-ENV="${ENVELOPE_NAMESPACES["1.1"]}"` +
          ` xmlns:xsd="${XSD}" xmlns:xsi="${XSI}" xmlns:SOAP-ENC="${ENCODING}"><SOAP-ENV:Body>` +
          `<ns7340:getAdrLista xmlns:ns7340="${TNS}"><arg0 xsi:type="tns:userVO" xmlns:tns="${TNS}">` +
          `<authinfovo><caller xsi:type="xsd:string">portalen</caller><ticket><ticket xsi:type="xsd:string">${SECRET}</ticket></ticket></authinfovo>` +
          '<type xsi:type="xsd:string">2</type><uid xsi:type="xsd:string">larare1</uid><valid xsi:type="xsd:boolean"></valid></arg0>' +
          '<arg1><Institution xsi:nil="true"/>' +
          `<KursTfVO><Kurskod xsi:type="xsd:string">${KURSKOD}</Kurskod><Starttermin xsi:type="xsd:string">091</Starttermin></KursTfVO>` +
          '<Email xsi:type="xsd:boolean"></Email><FFG xsi:type="xsd:boolean">1</FFG><FO xsi:type="xsd:boolean"></FO><OM/></arg1>' +
          "</ns7340:getAdrLista></SOAP-ENV:Body></SOAP-ENV:Envelope>",
        "latin1",
      );
      const answer = await ask(
        requestOf(message, {
          line: `POST ${PATH} HTTP/1.0`,
          headers: [
            "Host: a",
            "User-Agent: NuSOAP/0.9.5 (1.123)",
            "Content-Type: text/xml; charset=ISO-8859-1",
          ],
        }),
      );
      expect(answer.text)
        .to.include(PARTICIPANT)
        .and.include("<Email>false</Email><FFG>true</FFG><FO>false</FO><OM>false</OM>");
    });
  });
});
