import { ENGINE } from "../../support/database.js";
import { callOf, type Target } from "../messages.js";

/** Bytes that are sent over a connection of their own, and what HTTP makes of them. */
export interface HttpShape {
  readonly name: string;
  readonly bytes: (target: Target) => string | Buffer;
  /** Status codes of the answers, in order. */
  readonly statuses: readonly number[];
  /** Whether the connection is closed after them. */
  readonly closed: boolean;
  /** This side says no more after its bytes. */
  readonly half?: boolean;
  /** Further bytes, sent when the first answer has come. */
  readonly afterwards?: string;
  /** Whoever closes their half while a database is being asked is taken to have gone. */
  readonly mayGoUnanswered?: boolean;
}

/** A request that must never be seen as one of its own: its answer would be a 404. */
const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

const REFUSED = { statuses: [400], closed: true } as const;
const ANSWERED = { statuses: [200], closed: false } as const;

/** The head of a POST with these header lines, whole ("Name: value\r\n"). */
const head = ({ path }: Target, lines: string, requestLine = `POST ${path} HTTP/1.1`): string =>
  `${requestLine}\r\nHost: a\r\nContent-Type: text/xml\r\n${lines}\r\n`;

const lengthOf = (target: Target) => Buffer.byteLength(callOf(target));

/** The plain call, its length said by these header lines. */
const sized =
  (lines: (length: number) => string, after = "") =>
  (target: Target): string =>
    head(target, lines(lengthOf(target))) + callOf(target) + after;

/** The plain call in chunks: as `chunked` writes them, under these header lines. */
const inChunks =
  (chunked: (body: string) => string, lines = "Transfer-Encoding: chunked\r\n") =>
  (target: Target): string =>
    head(target, lines) + chunked(callOf(target));

const chunk = (body: string, size = Buffer.byteLength(body).toString(16)): string => `${size}\r\n${body}\r\n`;

const good = sized((length) => `Content-Length: ${length}\r\n`);

export const httpShapes: readonly HttpShape[] = [
  { name: "a good call", bytes: good, ...ANSWERED },

  // Content-Length.
  { name: "a negative Content-Length", bytes: sized(() => "Content-Length: -1\r\n"), ...REFUSED },
  {
    name: "a Content-Length with a sign",
    bytes: sized((length) => `Content-Length: +${length}\r\n`),
    ...REFUSED,
  },
  {
    name: "a hexadecimal Content-Length",
    bytes: sized((length) => `Content-Length: 0x${length.toString(16)}\r\n`),
    ...REFUSED,
  },
  {
    name: "a Content-Length with a fraction",
    bytes: sized((length) => `Content-Length: ${length}.0\r\n`),
    ...REFUSED,
  },
  {
    name: "a Content-Length of two numbers",
    bytes: sized((length) => `Content-Length: ${length}, ${length}\r\n`),
    ...REFUSED,
  },
  {
    name: "a Content-Length of two numbers apart",
    bytes: sized((length) => `Content-Length: ${length} 5\r\n`),
    ...REFUSED,
  },
  { name: "a Content-Length that is empty", bytes: sized(() => "Content-Length: \r\n"), ...REFUSED },
  {
    name: "a Content-Length beyond 64 bits",
    bytes: sized(() => "Content-Length: 99999999999999999999\r\n"),
    ...REFUSED,
  },
  {
    name: "a Content-Length of 10 000 digits",
    bytes: sized(() => `Content-Length: ${"9".repeat(10_000)}\r\n`),
    ...REFUSED,
  },
  {
    name: "a Content-Length of 16 exabytes less one",
    bytes: sized(() => "Content-Length: 18446744073709551615\r\n"),
    statuses: [413],
    closed: true,
  },
  {
    name: "a Content-Length of 4 GiB",
    bytes: sized(() => "Content-Length: 4294967296\r\n"),
    statuses: [413],
    closed: true,
  },
  {
    name: "a Content-Length of a terabyte that waits for 100 Continue",
    bytes: (target) => head(target, "Content-Length: 1099511627776\r\nExpect: 100-continue\r\n"),
    statuses: [413],
    closed: true,
  },
  {
    name: "two equal Content-Lengths",
    bytes: sized((length) => `Content-Length: ${length}\r\n`.repeat(2)),
    ...REFUSED,
  },
  {
    name: "two Content-Lengths that differ",
    bytes: sized(
      (length) => `Content-Length: ${length}\r\nContent-Length: ${length + SMUGGLED.length}\r\n`,
      SMUGGLED,
    ),
    ...REFUSED,
  },
  {
    name: "a Content-Length that is too short",
    bytes: sized((length) => `Content-Length: ${length - 10}\r\n`),
    // What was whole is answered; what follows is no request.
    statuses: [500],
    closed: true,
  },
  {
    name: "no length at all, but a body",
    bytes: sized(() => ""),
    statuses: [500],
    closed: true,
  },
  {
    name: "a Content-Length that is too long, and then no more",
    bytes: sized((length) => `Content-Length: ${length + 10}\r\n`),
    half: true,
    statuses: [400],
    closed: true,
  },

  // Content-Length and Transfer-Encoding.
  {
    name: "Content-Length before Transfer-Encoding",
    bytes: (target) =>
      `${head(target, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")}0\r\n\r\n${SMUGGLED}`,
    ...REFUSED,
  },
  {
    name: "Transfer-Encoding before Content-Length",
    bytes: (target) =>
      `${head(target, `Transfer-Encoding: chunked\r\nContent-Length: ${SMUGGLED.length}\r\n`)}0\r\n\r\n${SMUGGLED}`,
    ...REFUSED,
  },
  ...[
    ["a Transfer-Encoding that is not known", "Transfer-Encoding: xchunked\r\n"],
    ["a Transfer-Encoding that is not the last", "Transfer-Encoding: chunked, identity\r\n"],
    ["a Transfer-Encoding of identity", "Transfer-Encoding: identity\r\n"],
    ["a Transfer-Encoding of gzip alone", "Transfer-Encoding: gzip\r\n"],
    ["a Transfer-Encoding in quotes", 'Transfer-Encoding: "chunked"\r\n'],
    [
      "two Transfer-Encodings, the second not known",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
    ],
    ["a vertical tab in Transfer-Encoding", "Transfer-Encoding: \vchunked\r\n"],
    ["a space before Transfer-Encoding's colon", "Transfer-Encoding : chunked\r\n"],
    ["a tab before Transfer-Encoding's colon", "Transfer-Encoding\t: chunked\r\n"],
    ["a space before Transfer-Encoding", " Transfer-Encoding: chunked\r\n"],
    ["a zero in Transfer-Encoding", "Transfer-Encoding: chunked\0\r\n"],
    ["a Transfer-Encoding that is folded", "Transfer-Encoding:\r\n chunked\r\n"],
    ["a Transfer-Encoding behind a bare line feed", "X: a\nTransfer-Encoding: chunked\r\n"],
    ["a Transfer-Encoding behind a bare carriage return", "X: a\rTransfer-Encoding: chunked\r\n"],
  ].map(
    ([name = "", lines = ""]): HttpShape => ({
      name,
      bytes: (target) => `${head(target, lines)}0\r\n\r\n${SMUGGLED}`,
      ...REFUSED,
    }),
  ),
  {
    name: "chunks over HTTP/1.0",
    bytes: (target) =>
      `${head(target, "Transfer-Encoding: chunked\r\n", `POST ${target.path} HTTP/1.0`)}0\r\n\r\n${SMUGGLED}`,
    // It has no chunks: the message is empty, and what follows is no request.
    statuses: [500],
    closed: true,
  },

  // Chunks.
  { name: "a call in chunks", bytes: inChunks((body) => `${chunk(body)}0\r\n\r\n`), ...ANSWERED },
  {
    name: "a call in chunks of a byte, each with an extension",
    bytes: inChunks((body) => `${[...body].map((character) => chunk(character, "1;a=b")).join("")}0\r\n\r\n`),
    ...ANSWERED,
  },
  {
    name: "a chunk whose extensions are longer than any",
    bytes: inChunks(
      (body) => `${chunk(body, `${body.length.toString(16)};a=${"b".repeat(20_000)}`)}0\r\n\r\n`,
    ),
    statuses: [413],
    closed: true,
  },
  { name: "a chunk of a negative size", bytes: inChunks((body) => chunk(body, "-1")), ...REFUSED },
  { name: "a chunk of a size with 0x", bytes: inChunks((body) => chunk(body, "0x10")), ...REFUSED },
  { name: "a chunk of a size with a sign", bytes: inChunks((body) => chunk(body, "+10")), ...REFUSED },
  {
    name: "a chunk of a size with a blank before it",
    bytes: inChunks((body) => chunk(body, " 10")),
    ...REFUSED,
  },
  {
    name: "a chunk of a size beyond 64 bits",
    bytes: inChunks((body) => chunk(body, "F".repeat(17))),
    ...REFUSED,
  },
  { name: "a chunk without a size", bytes: inChunks((body) => chunk(body, "")), ...REFUSED },
  {
    name: "a chunk of 16 exabytes less one, and then no more",
    bytes: inChunks((body) => chunk(body, "F".repeat(16))),
    half: true,
    statuses: [400],
    closed: true,
  },
  {
    name: "a chunk that is longer than its size",
    bytes: inChunks((body) => `5\r\n${body}\r\n0\r\n\r\n`),
    ...REFUSED,
  },
  {
    name: "a chunk's size that a bare line feed ends",
    bytes: inChunks((body) => `${Buffer.byteLength(body).toString(16)}\n${body}\r\n0\r\n\r\n`),
    ...REFUSED,
  },
  {
    name: "a chunk that a bare line feed ends",
    bytes: inChunks((body) => `${Buffer.byteLength(body).toString(16)}\r\n${body}\n0\r\n\r\n`),
    ...REFUSED,
  },
  {
    name: "a bare line feed in a chunk's extension",
    bytes: inChunks((body) => `${chunk(body, `${Buffer.byteLength(body).toString(16)};a\nb`)}0\r\n\r\n`),
    ...REFUSED,
  },
  {
    name: "chunks that end without their last line",
    bytes: inChunks((body) => `${chunk(body)}0\r\n`),
    half: true,
    statuses: [400],
    closed: true,
  },
  {
    name: "a trailer that would be a header",
    bytes: inChunks((body) => `${chunk(body)}0\r\nContent-Length: 5\r\nHost: b\r\n\r\n`),
    ...REFUSED,
  },
  {
    name: "trailers longer than any headers",
    bytes: inChunks((body) => `${chunk(body)}0\r\n${`X: ${"x".repeat(1_000)}\r\n`.repeat(20)}\r\n`),
    statuses: [431],
    closed: true,
  },

  // Headers and request lines.
  {
    name: "lines that end with a bare line feed",
    bytes: (target) => good(target).replaceAll("\r\n", "\n"),
    ...REFUSED,
  },
  { name: "a space before a colon", bytes: sized((length) => `Content-Length : ${length}\r\n`), ...REFUSED },
  {
    name: "a header that is folded",
    bytes: sized((length) => `X: a\r\n b\r\nContent-Length: ${length}\r\n`),
    ...REFUSED,
  },
  {
    name: "a header without a name",
    bytes: sized((length) => `: a\r\nContent-Length: ${length}\r\n`),
    ...REFUSED,
  },
  {
    name: "a header without a colon",
    bytes: sized((length) => `X\r\nContent-Length: ${length}\r\n`),
    ...REFUSED,
  },
  {
    name: "a zero in a header",
    bytes: sized((length) => `X: a\0b\r\nContent-Length: ${length}\r\n`),
    ...REFUSED,
  },
  {
    name: "letters beyond ASCII in a header's name",
    bytes: sized((length) => `Å: a\r\nContent-Length: ${length}\r\n`),
    ...REFUSED,
  },
  {
    name: "headers called as what objects inherit",
    bytes: sized(
      (length) => `__proto__: a\r\nconstructor: b\r\nhasOwnProperty: c\r\nContent-Length: ${length}\r\n`,
    ),
    ...ANSWERED,
  },
  {
    name: "a header of 20 000 characters",
    bytes: sized((length) => `X: ${"x".repeat(20_000)}\r\nContent-Length: ${length}\r\n`),
    statuses: [431],
    closed: true,
  },
  {
    name: "10 000 headers",
    bytes: sized((length) => `${"X: a\r\n".repeat(10_000)}Content-Length: ${length}\r\n`),
    statuses: [431],
    closed: true,
  },
  {
    name: "a target of 20 000 characters",
    bytes: (target) => head(target, "", `POST ${target.path}?${"a".repeat(20_000)} HTTP/1.1`),
    statuses: [431],
    closed: true,
  },
  {
    name: "two Hosts",
    bytes: sized((length) => `Host: b\r\nContent-Length: ${length}\r\n`),
    // Node's way: the first counts. Nothing but the address in the WSDL goes by it.
    statuses: [200],
    closed: false,
  },
  { name: "no Host", bytes: (target) => good(target).replace("Host: a\r\n", ""), ...REFUSED },
  {
    name: "a blank in the target",
    bytes: (target) => good(target).replace(" HTTP/1.1", " a HTTP/1.1"),
    ...REFUSED,
  },
  { name: "HTTP/9.9", bytes: (target) => good(target).replace("HTTP/1.1", "HTTP/9.9"), ...REFUSED },
  { name: "HTTP/0.9", bytes: ({ path }) => `GET ${path}\r\n`, half: true, ...REFUSED },
  { name: "HTTP/2 without asking", bytes: () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ...REFUSED },
  { name: "a method in lower case", bytes: (target) => good(target).replace("POST", "post"), ...REFUSED },
  {
    name: "a method that is not known",
    bytes: (target) => good(target).replace("POST", "__proto__"),
    ...REFUSED,
  },
  { name: "TLS", bytes: () => Buffer.from([0x16, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1, 3, 3]), ...REFUSED },
  {
    name: "bytes of all values",
    bytes: () => Buffer.from(Array.from({ length: 256 }, (_, at) => at)),
    ...REFUSED,
  },
  {
    name: "a proxy's own protocol",
    bytes: (target) => `PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n${good(target)}`,
    ...REFUSED,
  },
  {
    name: "CONNECT",
    bytes: () => "CONNECT 127.0.0.1:9 HTTP/1.1\r\nHost: a\r\n\r\n",
    statuses: [],
    closed: true,
  },
  {
    name: "TRACE",
    bytes: (target) => head(target, "", `TRACE ${target.path} HTTP/1.1`),
    statuses: [405],
    closed: false,
  },
  {
    name: "an Upgrade to HTTP/2",
    bytes: sized((length) => `Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: ${length}\r\n`),
    ...ANSWERED,
  },
  {
    name: "an Expect that is not known",
    bytes: sized((length) => `Expect: 200-ok\r\nContent-Length: ${length}\r\n`),
    statuses: [417],
    closed: false,
  },
  {
    name: "a GET with a body that looks like a request",
    bytes: (target) =>
      `${head(target, `Content-Length: ${SMUGGLED.length}\r\n`, `GET ${target.path} HTTP/1.1`)}${SMUGGLED}`,
    statuses: [200],
    closed: true,
  },
  {
    name: "a refused POST with a body that looks like a request",
    bytes: (target) => `${head(target, `Content-Length: ${SMUGGLED.length}\r\n`)}${SMUGGLED}`,
    statuses: [500],
    closed: false,
  },

  // What is got.
  ...(
    [
      ["a path that leads out", "/cxf/../../etc/passwd", 404],
      ["a path that leads out, escaped", "/cxf/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404],
      ["a path with a broken escape", "/%", 404],
      ["a path with a zero", "/cxf/AdresslistaFetcher%00", 404],
      ["another host's path", "//127.0.0.1:9/?wsdl", 404],
      ["another host's whole address", "http://127.0.0.1:9/?wsdl", 404],
      [
        "a query called as what objects inherit",
        "/cxf/AdresslistaFetcher?__proto__[wsdl]=1&constructor=2",
        200,
      ],
      ["a query of 10 000 names", `/cxf/AdresslistaFetcher?${"a&".repeat(6_000)}`, 200],
    ] as const
  ).map(
    ([name, path, status]): HttpShape => ({
      name,
      bytes: () => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      statuses: [status],
      closed: true,
    }),
  ),
  {
    name: "the WSDL at an address that is none",
    bytes: ({ path }) => `GET ${path}?wsdl HTTP/1.1\r\nHost: a"/><a b="\r\nConnection: close\r\n\r\n`,
    statuses: [400],
    closed: true,
  },
  {
    name: "the WSDL from one who says that a proxy sent it",
    bytes: ({ path }) =>
      `GET ${path}?wsdl HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: b"/>\r\nX-Forwarded-Proto: javascript\r\nConnection: close\r\n\r\n`,
    statuses: [200],
    closed: true,
  },

  // One after the other.
  {
    name: "garbage behind a good call",
    bytes: (target) => `${good(target)}\x01\x02garbage\r\n\r\n`,
    // What was whole is answered.
    statuses: [200],
    closed: true,
  },
  {
    name: "garbage after a good call's answer",
    bytes: good,
    afterwards: "\x01\x02garbage\r\n\r\n",
    statuses: [200, 400],
    closed: true,
  },
  {
    name: "blank lines between good calls",
    bytes: (target) => `\r\n\r\n${good(target)}\r\n\r\n${good(target)}`,
    statuses: [200, 200],
    closed: false,
  },
  {
    name: "a good call behind one that is refused as HTTP",
    bytes: (target) => `POST${good(target)}${good(target)}`,
    ...REFUSED,
  },
  {
    name: "a good call behind one that closes",
    bytes: (target) => `${head(target, "Connection: close\r\nContent-Length: 0\r\n")}${good(target)}`,
    statuses: [500],
    closed: true,
  },
  {
    // As many as maxConcurrentCalls lets in; those beyond get 503.
    name: "60 good calls ahead",
    bytes: (target) => good(target).repeat(60),
    statuses: Array<number>(60).fill(200),
    closed: false,
  },

  // Half-closed.
  { name: "nothing, from one who says no more", bytes: () => "", half: true, statuses: [], closed: true },
  {
    name: "a good call, from one who says no more",
    bytes: good,
    half: true,
    statuses: [200],
    closed: true,
    mayGoUnanswered: ENGINE !== "SQLite",
  },
  {
    name: "half a head, from one who says no more",
    bytes: (target) => good(target).slice(0, 60),
    half: true,
    statuses: [400],
    closed: true,
  },
  {
    name: "half a body, from one who says no more",
    bytes: (target) => good(target).slice(0, -60),
    half: true,
    statuses: [400],
    closed: true,
  },
];
