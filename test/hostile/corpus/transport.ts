import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { callOf, type HostileMessage, NOT_WELL_FORMED, type Target } from "../messages.js";

const CORRUPT = { fault: "The compressed request is corrupt." } as const;
const TOO_LARGE = { fault: "The request is larger than 1048576 bytes.", status: 413 } as const;
const CODING = {
  fault: "The content encoding is not supported; use gzip, deflate or none.",
  status: 415,
} as const;
const MEDIA_TYPE = {
  fault: "The media type is not supported; use text/xml or application/soap+xml.",
  status: 415,
} as const;
const PLAIN = "the plain call's answer";

const coded = (coding: string) => ({ "Content-Encoding": coding });
const bytesOf = (target: Target) => Buffer.from(callOf(target));

/** Compressed: corrupt, cut, far larger than it looks, or not what it says. */
export const compression: readonly HostileMessage[] = [
  { name: "gzip that is none", body: bytesOf, headers: coded("gzip"), expected: CORRUPT },
  { name: "deflate that is none", body: bytesOf, headers: coded("deflate"), expected: CORRUPT },
  { name: "gzip of nothing", body: () => "", headers: coded("gzip"), expected: CORRUPT },
  { name: "deflate of nothing", body: () => "", headers: coded("deflate"), expected: CORRUPT },
  {
    name: "gzip that is cut",
    body: (target) => gzipSync(bytesOf(target)).subarray(0, -20),
    headers: coded("gzip"),
    expected: CORRUPT,
  },
  {
    name: "deflate that is cut",
    body: (target) => deflateSync(bytesOf(target)).subarray(0, -20),
    headers: coded("deflate"),
    expected: CORRUPT,
  },
  {
    name: "gzip with a wrong checksum",
    body: (target) => changed(gzipSync(bytesOf(target)), -6),
    headers: coded("gzip"),
    expected: CORRUPT,
  },
  {
    name: "gzip with a wrong length",
    body: (target) => changed(gzipSync(bytesOf(target)), -1),
    headers: coded("gzip"),
    expected: CORRUPT,
  },
  {
    name: "gzip with a changed byte",
    body: (target) => changed(gzipSync(bytesOf(target)), 60),
    headers: coded("gzip"),
    expected: CORRUPT,
  },
  {
    name: "gzip of 2 MiB of blanks",
    body: () => gzipSync(Buffer.alloc(2 * 1_048_576, " ")),
    headers: coded("gzip"),
    expected: TOO_LARGE,
  },
  { name: "a gzip bomb of 512 MiB", body: () => BOMB, headers: coded("gzip"), expected: TOO_LARGE },
  {
    name: "a deflate bomb",
    body: () => deflateSync(Buffer.alloc(64 * 1_048_576)),
    headers: coded("deflate"),
    expected: TOO_LARGE,
  },
  {
    name: "a bare deflate bomb",
    body: () => deflateRawSync(Buffer.alloc(64 * 1_048_576)),
    headers: coded("deflate"),
    expected: TOO_LARGE,
  },
  {
    name: "gzip that is compressed again",
    body: (target) => gzipSync(gzipSync(bytesOf(target))),
    headers: coded("gzip, gzip"),
    expected: CODING,
  },
  {
    name: "gzip that is compressed again, but says it once",
    body: (target) => gzipSync(gzipSync(bytesOf(target))),
    headers: coded("gzip"),
    expected: { fault: "The message holds bytes that its character encoding does not have." },
  },
  {
    name: "gzip in two members",
    body: (target) =>
      Buffer.concat([gzipSync(bytesOf(target).subarray(0, 100)), gzipSync(bytesOf(target).subarray(100))]),
    headers: coded("gzip"),
    expected: PLAIN,
  },
  {
    name: "gzip in a hundred members, a bomb together",
    body: () => Buffer.concat(Array<Buffer>(100).fill(gzipSync(Buffer.alloc(100_000, " ")))),
    headers: coded("gzip"),
    expected: TOO_LARGE,
  },
  {
    name: "gzip with bytes after it",
    body: (target) => Buffer.concat([gzipSync(bytesOf(target)), Buffer.from("<n:getPersons/>")]),
    headers: coded("gzip"),
    expected: CORRUPT,
  },
  {
    name: "brotli",
    body: (target) => brotliCompressSync(bytesOf(target)),
    headers: coded("br"),
    expected: CODING,
  },
  { name: "compress", body: bytesOf, headers: coded("compress"), expected: CODING },
  {
    name: "a coding called as what objects inherit",
    body: bytesOf,
    headers: coded("constructor"),
    expected: CODING,
  },
];

/** 512 MiB of blanks, compressed: as many members of 1 MiB. */
const BOMB = Buffer.concat(Array<Buffer>(512).fill(gzipSync(Buffer.alloc(1_048_576, " "))));

const BOUNDARY = "----=_Part_1";
const multipart = (...parts: readonly string[]) =>
  `${parts.map((part) => `--${BOUNDARY}\r\n${part}\r\n`).join("")}--${BOUNDARY}--\r\n`;
const rootPart = (target: Target) =>
  `Content-Type: text/xml; charset=UTF-8\r\nContent-ID: <root>\r\n\r\n${callOf(target)}`;
const ATTACHMENT =
  "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <a>\r\n\r\nALFAKURS1";

/** Messages with attachments: none is read, whatever its parts say. */
export const multiparts: readonly HostileMessage[] = [
  {
    name: "SOAP with attachments",
    body: (target) => multipart(rootPart(target), ATTACHMENT),
    contentType: `multipart/related; type="text/xml"; start="<root>"; boundary="${BOUNDARY}"`,
    expected: MEDIA_TYPE,
  },
  {
    name: "MTOM",
    body: (target) => multipart(rootPart(target).replace("text/xml", "application/xop+xml"), ATTACHMENT),
    contentType: `multipart/related; type="application/xop+xml"; start-info="text/xml"; boundary="${BOUNDARY}"`,
    expected: MEDIA_TYPE,
  },
  {
    name: "a multipart without a boundary",
    body: (target) => multipart(rootPart(target)),
    contentType: "multipart/related",
    expected: MEDIA_TYPE,
  },
  {
    name: "a multipart of 10 000 parts",
    body: () => multipart(...Array<string>(10_000).fill(ATTACHMENT)),
    contentType: `multipart/related; boundary="${BOUNDARY}"`,
    expected: MEDIA_TYPE,
  },
  {
    name: "a multipart that says text/xml",
    body: (target) => multipart(rootPart(target), ATTACHMENT),
    expected: { fault: NOT_WELL_FORMED },
  },
  {
    name: "a form with a file",
    body: (target) => multipart(rootPart(target)),
    contentType: `multipart/form-data; boundary="${BOUNDARY}"`,
    expected: MEDIA_TYPE,
  },
  {
    name: "XOP's Include where a value is expected",
    body: (target) =>
      callOf(target, {
        arg0: '<arg0><uid><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:a"/></uid></arg0>',
      }),
    // An element in a text is not read: the user has no uid.
    expected: { valid: false, key: "auth.failed" },
  },
  { name: "JSON by its media type", body: () => "{}", contentType: "application/json", expected: MEDIA_TYPE },
  {
    name: "a form by its media type",
    body: () => "a=b",
    contentType: "application/x-www-form-urlencoded",
    expected: MEDIA_TYPE,
  },
  {
    name: "a media type called as what objects inherit",
    body: (target) => callOf(target),
    contentType: "__proto__",
    expected: MEDIA_TYPE,
  },
  {
    name: "two media types",
    body: (target) => callOf(target),
    contentType: "text/xml, application/json",
    expected: MEDIA_TYPE,
  },
];

/** SOAPAction and WS-Addressing's Action never decide: the body's element does. */
export const soapActions: readonly HostileMessage[] = [
  ...[
    '"getPersons"',
    '"getKurs"',
    "",
    '"',
    '"urn:a" "urn:b"',
    "__proto__",
    "constructor",
    '"http://facadeclient.adresslista.service.lpw.ladok/getKurs"',
    "a".repeat(8_000),
  ].map(
    (action): HostileMessage => ({
      name: `SOAPAction: ${action.slice(0, 30)}`,
      body: (target) => callOf(target),
      headers: { SOAPAction: action },
      expected: PLAIN,
    }),
  ),
  {
    name: "SOAP 1.2's action of another operation, on a message of SOAP 1.1",
    body: (target) => callOf(target),
    contentType: 'application/soap+xml; charset=utf-8; action="urn:getPersons"',
    expected: PLAIN,
  },
  {
    name: "WS-Addressing's Action and ReplyTo of another operation",
    body: (target) =>
      callOf(target, {
        header:
          '<a:Action xmlns:a="http://www.w3.org/2005/08/addressing" s:mustUnderstand="1">urn:getPersons</a:Action>' +
          '<a:ReplyTo xmlns:a="http://www.w3.org/2005/08/addressing"><a:Address>http://127.0.0.1:9/</a:Address></a:ReplyTo>',
      }),
    expected: PLAIN,
  },
];

function changed(bytes: Buffer, at: number): Buffer {
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = (bytes[place] ?? 0) ^ 0xff;
  return bytes;
}
