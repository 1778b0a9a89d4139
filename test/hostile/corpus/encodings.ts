import { callOf, courseCall, type HostileMessage, NOT_WELL_FORMED, type Target } from "../messages.js";

const NO_XML = { fault: NOT_WELL_FORMED } as const;
const NOT_SUPPORTED = {
  fault: "The character encoding is not supported; use UTF-8, UTF-16 or ISO-8859-1.",
} as const;
const WRONG_BYTES = { fault: "The message holds bytes that its character encoding does not have." } as const;
const PLAIN = "the plain call's answer";
const INVALID = { valid: false, key: "general.invalidformat" } as const;

const declared = (encoding: string, text: string) => `<?xml version="1.0" encoding="${encoding}"?>${text}`;
const utf16le = (text: string) => Buffer.from(text, "utf16le");
const utf16be = (text: string) => utf16le(text).swap16();
const utf32 = (text: string, order: "LE" | "BE") => {
  const points = [...text].map((character) => character.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(4 * points.length);
  for (const [at, point] of points.entries()) {
    if (order === "LE") bytes.writeUInt32LE(point, 4 * at);
    else bytes.writeUInt32BE(point, 4 * at);
  }
  return bytes;
};

/** With a blank at the end where the bytes are odd in number. */
function evenBytes(text: string): Buffer {
  const bytes = Buffer.from(text);
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from(" ")]);
}

/** The call for a course that these bytes stand in, whatever they are. */
const withBytes =
  (...bytes: readonly number[]) =>
  (target: Target): Buffer => {
    const [before = "", after = ""] = courseCall(target, "ALFA|KURS1").split("|");
    return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
  };

/** Nothing in `contentType` about the encoding. */
const UNSAID = "text/xml";

export const encodings: readonly HostileMessage[] = [
  // Byte order marks.
  { name: "two byte order marks", body: (target) => `\ufeff\ufeff${callOf(target)}`, expected: PLAIN },
  {
    name: "a byte order mark within",
    body: (target) => courseCall(target, "ALFA\ufeffKURS1"),
    expected: INVALID,
  },
  {
    name: "a byte order mark after the XML declaration",
    body: (target) => `<?xml version="1.0"?>\ufeff${callOf(target)}`,
    expected: NO_XML,
  },
  {
    name: "UTF-8's byte order mark before UTF-16",
    body: (target) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), utf16le(callOf(target))]),
    expected: NO_XML,
  },
  {
    name: "UTF-16's byte order mark before UTF-8",
    body: (target) => Buffer.concat([Buffer.from([0xff, 0xfe]), evenBytes(callOf(target))]),
    expected: NO_XML,
  },

  // UTF-16.
  { name: "UTF-16LE that says UTF-8", body: (target) => utf16le(callOf(target)), expected: PLAIN },
  { name: "UTF-16BE that says UTF-8", body: (target) => utf16be(callOf(target)), expected: PLAIN },
  {
    name: "UTF-16BE with the mark of UTF-16LE",
    body: (target) => Buffer.concat([Buffer.from([0xff, 0xfe]), utf16be(callOf(target))]),
    expected: NO_XML,
  },
  {
    name: "UTF-16 with half a character",
    body: (target) => utf16le(`\ufeff${callOf(target)}`).subarray(0, -1),
    expected: WRONG_BYTES,
  },
  {
    name: "UTF-16LE with a lone high surrogate",
    body: (target) => utf16le(`\ufeff${courseCall(target, "A\ud800B")}`),
    expected: WRONG_BYTES,
  },
  {
    name: "UTF-16BE with a lone low surrogate",
    body: (target) => utf16be(`\ufeff${courseCall(target, "A\udc00B")}`),
    expected: WRONG_BYTES,
  },
  {
    name: "UTF-16 with surrogates the wrong way round",
    body: (target) => utf16le(`\ufeff${courseCall(target, "\udc00\ud800")}`),
    expected: WRONG_BYTES,
  },
  {
    name: "UTF-16 with U+FFFF",
    body: (target) => utf16le(`\ufeff${courseCall(target, "A\uffff")}`),
    expected: NO_XML,
  },
  {
    name: "UTF-8 that its charset calls UTF-16",
    body: (target) => evenBytes(callOf(target)),
    contentType: "text/xml; charset=utf-16",
    expected: NO_XML,
  },

  // Other encodings.
  {
    name: "UTF-32LE with its mark",
    body: (target) => utf32(`\ufeff${callOf(target)}`, "LE"),
    expected: NOT_SUPPORTED,
  },
  {
    name: "UTF-32BE with its mark",
    body: (target) => utf32(`\ufeff${callOf(target)}`, "BE"),
    expected: WRONG_BYTES,
  },
  { name: "UTF-32LE without a mark", body: (target) => utf32(callOf(target), "LE"), expected: NO_XML },
  { name: "UTF-32BE without a mark", body: (target) => utf32(callOf(target), "BE"), expected: NO_XML },
  {
    name: "UTF-7 by its charset",
    body: (target) => callOf(target).replaceAll("<", "+ADw-"),
    contentType: "text/xml; charset=utf-7",
    expected: NOT_SUPPORTED,
  },
  {
    name: "UTF-7 by its declaration",
    body: (target) => declared("UTF-7", courseCall(target, "+ADw-Kurskod+AD4-")),
    contentType: UNSAID,
    expected: NOT_SUPPORTED,
  },
  {
    name: "UTF-7 that says UTF-8",
    body: (target) => courseCall(target, "+ADw-/Kurskod+AD4-"),
    expected: INVALID,
  },
  {
    name: "EBCDIC",
    body: () => Buffer.from([0x4c, 0x6f, 0xa7, 0x94, 0x93, 0x40]),
    contentType: UNSAID,
    expected: WRONG_BYTES,
  },
  {
    name: "EBCDIC by its declaration",
    body: (target) => declared("IBM037", callOf(target)),
    contentType: UNSAID,
    expected: NOT_SUPPORTED,
  },
  {
    name: "an encoding called as what objects inherit",
    body: (target) => declared("constructor", callOf(target)),
    contentType: UNSAID,
    expected: NOT_SUPPORTED,
  },
  {
    name: "a charset called as what objects inherit",
    body: (target) => callOf(target),
    contentType: "text/xml; charset=__proto__",
    expected: NOT_SUPPORTED,
  },
  {
    name: "a charset of 10 000 characters",
    body: (target) => callOf(target),
    contentType: `text/xml; charset=${"utf-8".repeat(2_000)}`,
    expected: NOT_SUPPORTED,
  },
  {
    name: "a Content-Type of 10 000 blanks and semicolons",
    body: (target) => callOf(target),
    contentType: `text/xml${" ;".repeat(5_000)} charset`,
    expected: PLAIN,
  },

  // Lies: header against declaration against bytes.
  {
    name: "UTF-8 by its charset, that its declaration calls ISO-8859-1",
    body: (target) => declared("ISO-8859-1", callOf(target)),
    expected: PLAIN,
  },
  {
    name: "UTF-8 by its charset, that its declaration calls what is not known",
    body: (target) => declared("x-user-defined", callOf(target)),
    expected: PLAIN,
  },
  {
    name: "ISO-8859-1 that its charset calls UTF-8",
    body: (target) => Buffer.from(declared("ISO-8859-1", courseCall(target, "ÅÄÖ1")), "latin1"),
    expected: WRONG_BYTES,
  },
  {
    name: "UTF-8 that its charset calls ISO-8859-1",
    body: (target) => courseCall(target, "ÅÄÖ1"),
    contentType: "text/xml; charset=iso-8859-1",
    // Ã… is no letter or digit.
    expected: INVALID,
  },
  {
    name: "UTF-16 that all else calls UTF-8",
    body: (target) => utf16le(declared("UTF-8", callOf(target))),
    expected: PLAIN,
  },
  {
    name: "two charsets",
    body: (target) => callOf(target),
    contentType: "text/xml; charset=utf-8; charset=utf-7",
    expected: PLAIN,
  },

  // Bytes that no UTF-8 has.
  ...[
    ["an overlong <", [0xc0, 0xbc]],
    ["an overlong zero", [0xc0, 0x80]],
    ["an overlong / of three bytes", [0xe0, 0x80, 0xaf]],
    ["an overlong / of four bytes", [0xf0, 0x80, 0x80, 0xaf]],
    ["a high surrogate", [0xed, 0xa0, 0x80]],
    ["a pair of surrogates", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ["a character beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["a character of six bytes", [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]],
    ["a continuation without a start", [0x80]],
    ["a start without a continuation", [0xe2, 0x82]],
    ["0xFE and 0xFF", [0xfe, 0xff]],
  ].map(
    ([what, bytes]) =>
      ({
        name: `UTF-8 with ${what}`,
        body: withBytes(...(bytes as number[])),
        expected: WRONG_BYTES,
      }) as HostileMessage,
  ),
  {
    name: "a character that the end cuts off",
    body: (target) => Buffer.concat([Buffer.from(callOf(target)), Buffer.from([0xc3])]),
    expected: WRONG_BYTES,
  },

  // Characters that no XML has, as they stand and as references.
  ...[0x00, 0x01, 0x08, 0x0b, 0x0c, 0x1f].map(
    (code) =>
      ({ name: `the control character ${code}`, body: withBytes(code), expected: NO_XML }) as HostileMessage,
  ),
  ...[
    "#0",
    "#1",
    "#x8",
    "#xB",
    "#x1F",
    "#xD800",
    "#xDFFF",
    "#xFFFE",
    "#xFFFF",
    "#x110000",
    "#99999999999999999999",
    "#-1",
    "#x",
    "#",
    "",
    "# 65",
    "#x0041 ",
  ].map(
    (reference) =>
      ({
        name: `the reference &${reference};`,
        body: (target) => courseCall(target, `&${reference};`),
        expected: NO_XML,
      }) as HostileMessage,
  ),
  {
    name: "a pair of surrogates as references",
    body: (target) => courseCall(target, "&#xD83D;&#xDE00;"),
    expected: NO_XML,
  },
  {
    name: "a control character as a reference in an attribute",
    body: (target) => callOf(target, { attributes: ' a="&#7;"' }),
    expected: NO_XML,
  },
  {
    name: "control characters that XML has",
    body: (target) => courseCall(target, "A\u0085\u009f\u2028\u200bB"),
    expected: INVALID,
  },
  {
    name: "characters that change the direction of writing",
    body: (target) => courseCall(target, "\u202eALFA\u2066"),
    expected: INVALID,
  },
  {
    name: "1 000 marks on a letter",
    body: (target) => courseCall(target, `A${"\u0301".repeat(1_000)}`),
    expected: INVALID,
  },
  {
    name: "a reference of 900 000 digits",
    body: (target) => courseCall(target, `&#${"0".repeat(900_000)}65;`),
    expected: { valid: true },
  },
];
