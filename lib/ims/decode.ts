/**
 * Bytes → UTF-8. The encoding is found from the byte order mark, then from how the first characters are stored,
 * then from the XML declaration, else it is UTF-8 (XML 1.0, appendix F). What a file says of itself is checked
 * against its bytes: a file that says something wrong is read as what it is, with a warning, never silently.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { decodeWindows1252 } from "../domain/windows1252.js";

/** Turns the bytes of one file into UTF-8 without byte order mark, piece by piece; no character is lost between two pieces. */
export interface Decoder {
  /** What can be read so far, whole characters. After a failure: what stands before the bad bytes, then nothing more. */
  write(bytes: Buffer): Buffer;
  /** What is left when the file has ended. */
  end(): Buffer;
  /** WHATWG name of the encoding, lower case; undefined until enough has been read to know. */
  readonly encoding: string | undefined;
  readonly failure: DecodeFailure | undefined;
}

export interface DecodeFailure {
  /** Offset in the file of the first byte that could not be read; for UTF-16 and others at most a piece too early. */
  readonly offset: number;
  readonly reason: string;
}

export interface DecoderOptions {
  /** Bytes that are not valid UTF-8 are read as windows-1252; otherwise they are a failure. */
  readonly repair: boolean;
  /** What was odd but readable; `before`: the part of the piece that is being returned that stands before it. */
  readonly warn: (text: string, before: Buffer) => void;
  /** One byte was read as windows-1252; `before()`: as above, valid only in this call. */
  readonly wrongByte: (before: () => Buffer) => void;
}

/** How far into the file its XML declaration must have ended. */
const MAX_DECLARATION_BYTES = 1024;
/** Bytes from the first beyond ASCII that a declared encoding of one byte per character is judged by. */
const JUDGED_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

export function createDecoder(options: DecoderOptions): Decoder {
  let head: Buffer | undefined = NOTHING;
  let converter: Converter | undefined;
  let encoding: string | undefined;
  let failure: DecodeFailure | undefined;
  let offset = 0;

  function start(bytes: Buffer): Buffer {
    const found = findEncoding(bytes);
    head = undefined;
    offset = found.skip;
    if (found.converter === undefined) {
      failure = { offset: 0, reason: found.reason };
      return NOTHING;
    }
    for (const text of found.warnings) options.warn(text, NOTHING);
    encoding = found.encoding;
    converter = found.converter({
      ...options,
      become: (other) => {
        encoding = other;
      },
    });
    return convert(bytes.subarray(found.skip), false);
  }

  function convert(bytes: Buffer, last: boolean): Buffer {
    if (failure !== undefined || converter === undefined) return NOTHING;
    const { utf8, badAt } = converter(bytes, last);
    if (badAt !== undefined) {
      failure = { offset: offset + badAt, reason: `byte ${offset + badAt} is not valid ${encoding}` };
    }
    offset += bytes.length;
    return utf8;
  }

  return {
    write(bytes) {
      if (head === undefined) return convert(bytes, false);
      head = Buffer.concat([head, bytes]);
      return isHeadComplete(head) ? start(head) : NOTHING;
    },
    end() {
      const first = head === undefined ? NOTHING : start(head);
      return Buffer.concat([first, convert(NOTHING, true)]);
    },
    get encoding() {
      return encoding;
    },
    get failure() {
      return failure;
    },
  };
}

// --- Which encoding

interface FoundEncoding {
  readonly encoding: string;
  /** Absent: `reason` says why it cannot be read. */
  readonly converter?: (options: ConverterOptions) => Converter;
  readonly reason: string;
  /** Length of the byte order mark. */
  readonly skip: number;
  readonly warnings: readonly string[];
}

const UTF32_REASON = "UTF-32 is not read, export as UTF-8";

function findEncoding(head: Buffer): FoundEncoding {
  const utf16 = (encoding: string, skip: number): FoundEncoding => {
    return { encoding, converter: () => otherConverter(encoding), reason: "", skip, warnings: [] };
  };
  if (startsWith(head, 0xff, 0xfe, 0, 0) || startsWith(head, 0, 0, 0xfe, 0xff))
    return unreadable(UTF32_REASON);
  if (startsWith(head, 0xff, 0xfe)) return utf16("utf-16le", 2);
  if (startsWith(head, 0xfe, 0xff)) return utf16("utf-16be", 2);
  const skip = startsWith(head, 0xef, 0xbb, 0xbf) ? 3 : 0;
  if (skip === 0 && head.length >= 2) {
    // An XML file has no NUL and begins with an ASCII character: where the zeros are tells its width and order.
    if (head[0] === 0 && head[1] === 0) return unreadable(UTF32_REASON);
    if (head[0] === 0) return utf16("utf-16be", 0);
    if (head[1] === 0) return head[2] === 0 ? unreadable(UTF32_REASON) : utf16("utf-16le", 0);
  }
  return byDeclaration(head, skip);
}

/** The bytes are known to be ASCII-like, so that a declaration, if there is one, can be read. */
function byDeclaration(head: Buffer, skip: number): FoundEncoding {
  const label = declaredLabel(head);
  const utf8 = (warnings: readonly string[]): FoundEncoding => {
    // A byte order mark is a character beyond ASCII that was seen.
    const converter = (options: ConverterOptions) => utf8Converter(options, skip > 0);
    return { encoding: "utf-8", converter, reason: "", skip, warnings };
  };
  if (label === undefined) return utf8([]);
  const declared = encodingOfLabel(label);
  if (declared === "utf-8") return utf8([]);
  if (skip > 0)
    return utf8(["declared as another encoding, but read as utf-8: it has UTF-8's byte order mark"]);
  if (declared?.startsWith("utf-16"))
    return utf8([`declared as ${declared}, but read as utf-8: it has one byte per letter`]);
  if (declared === undefined) return unreadable("the encoding that the XML declaration names is unknown");
  const converter = ONE_BYTE_ENCODINGS.test(declared)
    ? (options: ConverterOptions) => judgedConverter(declared, options)
    : () => otherConverter(declared);
  return { encoding: declared, converter, reason: "", skip, warnings: [] };
}

/** Encodings of one byte per character whose first half is ASCII. */
const ONE_BYTE_ENCODINGS = /^(?:windows-|iso-8859-|koi8-|macintosh$|ibm866$)/;

function unreadable(reason: string): FoundEncoding {
  return { encoding: "", reason, skip: 0, warnings: [] };
}

/** Enough to judge: another start than that of a declaration, the declaration's end, or too long for one. */
function isHeadComplete(head: Buffer): boolean {
  if (head.length < 4) return false;
  if (head.length >= MAX_DECLARATION_BYTES) return true;
  const ascii = head.toString("latin1").replaceAll("\u0000", "");
  const markup = ascii.indexOf("<");
  if (markup < 0) return false;
  if (ascii.includes("?>", markup)) return true;
  const begun = ascii.slice(markup, markup + DECLARATION_START.length);
  return !DECLARATION_START.startsWith(begun);
}

const DECLARATION_START = "<?xml";

/** Of a declaration that is the first markup, whatever rubbish stands before it. */
function declaredLabel(head: Buffer): string | undefined {
  const text = head.subarray(0, MAX_DECLARATION_BYTES).toString("latin1");
  const declaration = /^[^<]*<\?xml\s[^>]*?\bencoding\s*=\s*["']\s*([\w.:-]+)\s*["']/.exec(text);
  return declaration?.[1];
}

/** The WHATWG encoding of a label: "ISO-8859-1" is windows-1252 there, which is what such files are. */
function encodingOfLabel(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

function startsWith(bytes: Buffer, ...start: readonly number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}

// --- The conversions

/** `badAt`: the place of the first bad byte, counted from the start of these bytes (negative: in an earlier piece). */
type Converter = (bytes: Buffer, last: boolean) => { readonly utf8: Buffer; readonly badAt?: number };

interface ConverterOptions extends DecoderOptions {
  /** The encoding turned out to be another one. */
  readonly become: (encoding: string) => void;
}

/**
 * Bytes that are valid pass as they are. A file whose first byte beyond ASCII is no UTF-8 is windows-1252 that says
 * nothing or something wrong of itself; in one that has shown UTF-8 before, a bad byte is one value's own.
 */
function utf8Converter(options: ConverterOptions, hasBeenSeen: boolean): Converter {
  let seen = hasBeenSeen;
  let carried: Buffer = NOTHING;
  let isWindows1252 = false;
  return (bytes, last) => {
    if (isWindows1252) return { utf8: fromWindows1252(bytes) };
    const all = carried.length === 0 ? bytes : Buffer.concat([carried, bytes]);
    const carriedBefore = carried.length;
    const whole = last ? all.length : lengthOfWholeCharacters(all);
    const characters = all.subarray(0, whole);
    carried = whole === all.length ? NOTHING : Buffer.from(all.subarray(whole));
    if (isAscii(characters)) return { utf8: characters };
    if (isUtf8(characters)) {
      seen = true;
      return { utf8: characters };
    }

    if (!options.repair) {
      const badAt = lengthOfValidUtf8(characters, 0);
      return { utf8: characters.subarray(0, badAt), badAt: badAt - carriedBefore };
    }
    // A byte of windows-1252 has three in UTF-8 at most.
    const mended = Buffer.allocUnsafe(3 * all.length);
    let length = 0;
    const put = (more: Buffer) => {
      length += more.copy(mended, length);
    };
    for (let at = 0; at < characters.length; at++) {
      const bad = lengthOfValidUtf8(characters, at);
      const valid = characters.subarray(at, bad);
      if (!seen && !isAscii(valid)) seen = true;
      put(valid);
      at = bad;
      if (at === characters.length) break;
      if (!seen) {
        options.warn(NOT_UTF8, mended.subarray(0, length));
        options.become("windows-1252");
        isWindows1252 = true;
        put(fromWindows1252(characters.subarray(at)));
        put(fromWindows1252(carried));
        break;
      }
      options.wrongByte(() => mended.subarray(0, length));
      put(FROM_WINDOWS_1252[characters[at] ?? 0] ?? NOTHING);
    }
    return { utf8: mended.subarray(0, length) };
  };
}

const NOT_UTF8 =
  "read as windows-1252 from here on: this byte is not valid utf-8, and no character before it shows that the file is";

/** Without a character that is begun at the end but may be ended by the next piece. */
function lengthOfWholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needed > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}

/** The place of the first byte from `from` on that belongs to no valid character. */
function lengthOfValidUtf8(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const length = characterLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return at;
}

/** 1 to 4; 0 when no valid character begins here (Unicode, table 3-7: no overlong forms, no surrogates). */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const second = bytes[at + 1] ?? 0;
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  if (first < 0xe0) return 2;
  if (!isContinuation(bytes[at + 2])) return 0;
  if (first < 0xf0) return 3;
  return isContinuation(bytes[at + 3]) ? 4 : 0;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/**
 * An encoding of one byte per character never has a wrong byte, so that UTF-8 read as it would be silent rubbish
 * ("Ã¥"): the bytes from the first beyond ASCII on are looked at before anything is made of them.
 */
function judgedConverter(declared: string, options: ConverterOptions): Converter {
  let judged: Converter | undefined;
  let waiting: Buffer = NOTHING;
  return (bytes, last) => {
    if (judged !== undefined) return judged(bytes, last);
    if (waiting.length === 0 && isAscii(bytes)) return { utf8: bytes };
    const ascii = waiting.length === 0 ? bytes.subarray(0, firstBeyondAscii(bytes)) : NOTHING;
    waiting = Buffer.concat([waiting, bytes.subarray(ascii.length)]);
    if (!last && waiting.length < JUDGED_BYTES) return { utf8: ascii };

    if (isUtf8(last ? waiting : waiting.subarray(0, lengthOfWholeCharacters(waiting)))) {
      options.warn(`declared as ${declared}, but read as utf-8: its bytes are`, ascii);
      options.become("utf-8");
      judged = utf8Converter(options, true);
    } else if (declared === "windows-1252") judged = (more) => ({ utf8: fromWindows1252(more) });
    else judged = otherConverter(declared);
    const { utf8, badAt } = judged(waiting, last);
    const text = Buffer.concat([ascii, utf8]);
    return badAt === undefined ? { utf8: text } : { utf8: text, badAt };
  };
}

function firstBeyondAscii(bytes: Buffer): number {
  const at = bytes.findIndex((byte) => byte >= 0x80);
  return at < 0 ? bytes.length : at;
}

function fromWindows1252(bytes: Buffer): Buffer {
  return isAscii(bytes) ? bytes : Buffer.from(decodeWindows1252(bytes), "utf8");
}

/** Each byte of windows-1252 in UTF-8. */
const FROM_WINDOWS_1252 = Array.from({ length: 256 }, (_, byte) => fromWindows1252(Buffer.from([byte])));

/** UTF-16 and everything else that TextDecoder knows. */
function otherConverter(encoding: string): Converter {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (bytes, last) => {
    try {
      return { utf8: Buffer.from(decoder.decode(bytes, { stream: !last }), "utf8") };
    } catch {
      return { utf8: NOTHING, badAt: 0 };
    }
  };
}
