import { TextDecoder } from "node:util";
import { decodeWindows1252 } from "../domain/windows1252.js";
import { AdresslistaError } from "../errors.js";

/**
 * The text of an XML document that came as bytes: UTF-8, UTF-16 with or without a byte order mark, or ISO-8859-1
 * (contract section 1). Order of belief, as in RFC 7303: byte order mark, then `charset` of the Content-Type, then
 * the XML declaration, else UTF-8; but a zero byte beside the first character is UTF-16, whatever is said.
 * Blanks in front are left out: XML has none before its declaration, but templates that messages are filled into do.
 * @throws AdresslistaError "request" for another encoding, and for bytes that the encoding does not have.
 */
export function decodeXmlBytes(bytes: Buffer, charset: string | undefined): string {
  const label = encodingOf(bytes, charset);
  const decode = DECODERS.get(label);
  if (decode === undefined) {
    throw refused("The character encoding is not supported; use UTF-8, UTF-16 or ISO-8859-1.");
  }
  try {
    return decode(bytes).replace(LEADING_BLANKS, "");
  } catch {
    throw refused("The message holds bytes that its character encoding does not have.");
  }
}

const LEADING_BLANKS = /^[\t\n\r ]+/;

/** The `charset` parameter of a Content-Type, lower case. */
export function charsetOf(contentType: string | undefined): string | undefined {
  const match = contentType === undefined ? null : CHARSET_PARAMETER.exec(contentType);
  return (match?.[1] ?? match?.[2])?.trim().toLowerCase();
}

const CHARSET_PARAMETER = /;\s*charset\s*=\s*(?:"([^"]*)"|'?([^\s;"']+)'?)/i;

type Family = "UTF-8" | "UTF-16LE" | "UTF-16BE" | "ISO-8859-1";

const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ["utf-8", "UTF-8"],
  ["utf8", "UTF-8"],
  ["us-ascii", "UTF-8"],
  ["ascii", "UTF-8"],
  ["utf-16", "UTF-16BE"],
  ["utf-16le", "UTF-16LE"],
  ["utf-16be", "UTF-16BE"],
  ["iso-8859-1", "ISO-8859-1"],
  ["iso8859-1", "ISO-8859-1"],
  ["iso_8859-1", "ISO-8859-1"],
  ["latin1", "ISO-8859-1"],
  ["latin-1", "ISO-8859-1"],
  ["windows-1252", "ISO-8859-1"],
  ["cp1252", "ISO-8859-1"],
]);

type Decode = (bytes: Buffer) => string;

const DECODERS: ReadonlyMap<Family | "unknown", Decode> = new Map<Family, Decode>([
  ["UTF-8", fatal("utf-8")],
  ["UTF-16LE", fatal("utf-16le")],
  ["UTF-16BE", fatal("utf-16be")],
  ["ISO-8859-1", decodeWindows1252],
]);

function encodingOf(bytes: Buffer, charset: string | undefined): Family | "unknown" {
  const marked = byteOrderMark(bytes);
  if (marked !== undefined) return marked;
  const shaped = byteOrderByZeros(bytes);
  if (shaped !== undefined) return shaped;
  if (charset !== undefined && charset !== "") return FAMILIES.get(charset) ?? "unknown";
  const declared = declaredEncoding(bytes);
  // A declaration that can be read byte by byte is no UTF-16: .NET's StringWriter says so of what is sent as UTF-8.
  if (declared === undefined || declared.startsWith("utf-16")) return "UTF-8";
  return FAMILIES.get(declared) ?? "unknown";
}

function byteOrderMark(bytes: Buffer): Family | "unknown" | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "UTF-8";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) {
    return bytes.length >= 4 && bytes[2] === 0 && bytes[3] === 0 ? "unknown" : "UTF-16LE";
  }
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "UTF-16BE";
  return undefined;
}

/** A document's first character is `<` or a blank, both below U+0080: the zero beside it tells the byte order. */
function byteOrderByZeros(bytes: Buffer): "UTF-16LE" | "UTF-16BE" | undefined {
  if (bytes.length < 2) return undefined;
  if (bytes[0] !== 0 && bytes[1] === 0) return "UTF-16LE";
  if (bytes[0] === 0 && bytes[1] !== 0) return "UTF-16BE";
  return undefined;
}

/** Characters of the declaration that are looked at. */
const DECLARATION_LENGTH = 200;
const DECLARATION = /^[\t\n\r ]*<\?xml\s[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']/;

function declaredEncoding(bytes: Buffer): string | undefined {
  const start = bytes.toString("latin1", 0, DECLARATION_LENGTH);
  return DECLARATION.exec(start)?.[1]?.toLowerCase();
}

function fatal(label: string): Decode {
  const decoder = new TextDecoder(label, { fatal: true });
  return (bytes) => decoder.decode(bytes);
}

function refused(sentence: string): AdresslistaError {
  return new AdresslistaError("request", sentence, { expose: true });
}
