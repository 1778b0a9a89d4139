/**
 * Bytes → text. The encoding is found from the byte order mark, then from how the first characters are
 * stored, then from the XML declaration, else it is UTF-8 (XML 1.0, appendix F). A file is never guessed
 * to be something else than it says: bytes that are not valid in the encoding are a failure with their place.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { decodeWindows1252 } from "../domain/windows1252.js";

/** Turns the bytes of one file into text, piece by piece; no character is lost between two pieces. */
export interface Decoder {
  /** The text that can be read so far. After a failure: the text before the bad bytes, then nothing more. */
  write(bytes: Buffer): string;
  /** What is left when the file has ended. */
  end(): string;
  /** WHATWG name of the encoding, lower case; undefined until enough has been read to know. */
  readonly encoding: string | undefined;
  readonly failure: DecodeFailure | undefined;
  /** What was odd but readable, for instance a declaration that is wrong. */
  readonly warnings: readonly string[];
}

export interface DecodeFailure {
  /** Offset in the file of the first byte that could not be read; for UTF-16 and others at most a piece too early. */
  readonly offset: number;
  readonly reason: string;
}

/** How far into the file its XML declaration must have ended. */
const MAX_DECLARATION_BYTES = 1024;

export function createDecoder(): Decoder {
  let head: Buffer | undefined = Buffer.alloc(0);
  let converter: Converter | undefined;
  let encoding: string | undefined;
  let failure: DecodeFailure | undefined;
  let offset = 0;
  const warnings: string[] = [];

  function start(bytes: Buffer): string {
    const found = findEncoding(bytes);
    warnings.push(...found.warnings);
    head = undefined;
    offset = found.skip;
    if (found.converter === undefined) {
      failure = { offset: 0, reason: found.reason };
      return "";
    }
    encoding = found.encoding;
    converter = found.converter;
    return convert(bytes.subarray(found.skip), false);
  }

  function convert(bytes: Buffer, last: boolean): string {
    if (failure !== undefined || converter === undefined) return "";
    const { text, badAt } = converter(bytes, last);
    if (badAt !== undefined) {
      failure = { offset: offset + badAt, reason: `byte ${offset + badAt} is not valid ${encoding}` };
    }
    offset += bytes.length;
    return text;
  }

  return {
    write(bytes) {
      if (head === undefined) return convert(bytes, false);
      head = Buffer.concat([head, bytes]);
      return isHeadComplete(head) ? start(head) : "";
    },
    end() {
      const text = head === undefined ? "" : start(head);
      return text + convert(Buffer.alloc(0), true);
    },
    get encoding() {
      return encoding;
    },
    get failure() {
      return failure;
    },
    warnings,
  };
}

// --- Which encoding

interface FoundEncoding {
  readonly encoding: string;
  /** Absent: `reason` says why it cannot be read. */
  readonly converter?: Converter;
  readonly reason: string;
  /** Length of the byte order mark. */
  readonly skip: number;
  readonly warnings: readonly string[];
}

const UTF32_REASON = "UTF-32 is not read, export as UTF-8";

function findEncoding(head: Buffer): FoundEncoding {
  const utf16 = (encoding: string, skip: number): FoundEncoding => {
    return { encoding, converter: otherConverter(encoding), reason: "", skip, warnings: [] };
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
    return { encoding: "utf-8", converter: utf8Converter(), reason: "", skip, warnings };
  };
  if (label === undefined) return utf8([]);
  const declared = encodingOfLabel(label);
  if (declared === "utf-8") return utf8([]);
  if (skip > 0)
    return utf8(["declared as another encoding, but read as utf-8: it has UTF-8's byte order mark"]);
  if (declared?.startsWith("utf-16"))
    return utf8([`declared as ${declared}, but read as utf-8: it has one byte per letter`]);
  if (declared === undefined) return unreadable("the encoding that the XML declaration names is unknown");
  const converter = declared === "windows-1252" ? windows1252Converter : otherConverter(declared);
  return { encoding: declared, converter, reason: "", skip, warnings: [] };
}

function unreadable(reason: string): FoundEncoding {
  return { encoding: "", reason, skip: 0, warnings: [] };
}

/** Enough to judge: another start than that of a declaration, the declaration's end, or too long for one. */
function isHeadComplete(head: Buffer): boolean {
  if (head.length < 4) return false;
  if (head.length >= MAX_DECLARATION_BYTES) return true;
  const ascii = head.toString("latin1").replaceAll("\u0000", "");
  if (ascii.includes("?>")) return true;
  const begun = ascii.replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*/, "");
  return begun.length >= 5 && !begun.startsWith("<?xml");
}

function declaredLabel(head: Buffer): string | undefined {
  const text = head.subarray(0, MAX_DECLARATION_BYTES).toString("latin1");
  const declaration = /^(?:\xef\xbb\xbf)?\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']\s*([\w.:-]+)\s*["']/.exec(
    text,
  );
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
type Converter = (bytes: Buffer, last: boolean) => { readonly text: string; readonly badAt?: number };

/** Checking and converting whole characters is three times as fast as TextDecoder's streams. */
function utf8Converter(): Converter {
  let carried: Buffer = Buffer.alloc(0);
  return (bytes, last) => {
    const all = carried.length === 0 ? bytes : Buffer.concat([carried, bytes]);
    const whole = last ? all.length : lengthOfWholeCharacters(all);
    const characters = all.subarray(0, whole);
    if (isAscii(characters)) {
      carried = Buffer.from(all.subarray(whole));
      return { text: characters.toString("latin1") };
    }
    if (isUtf8(characters)) {
      carried = Buffer.from(all.subarray(whole));
      return { text: characters.toString("utf8") };
    }
    const badAt = lengthOfValidUtf8(characters);
    return { text: characters.toString("utf8", 0, badAt), badAt: badAt - carried.length };
  };
}

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

/** How many bytes are valid UTF-8 before the first bad one, by halving. */
function lengthOfValidUtf8(bytes: Buffer): number {
  let valid = 0;
  let invalid = bytes.length;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    // Cut inside a character, its beginning is no error: the character counts where it starts.
    const whole = lengthOfWholeCharacters(bytes.subarray(0, middle));
    if (isUtf8(bytes.subarray(0, whole))) valid = middle;
    else invalid = middle;
  }
  return lengthOfWholeCharacters(bytes.subarray(0, valid));
}

const windows1252Converter: Converter = (bytes) => ({
  text: isAscii(bytes) ? bytes.toString("latin1") : decodeWindows1252(bytes),
});

/** UTF-16 and everything else that TextDecoder knows. */
function otherConverter(encoding: string): Converter {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (bytes, last) => {
    try {
      return { text: decoder.decode(bytes, { stream: !last }) };
    } catch {
      return { text: "", badAt: 0 };
    }
  };
}
