/** What single bytes of UTF-8 mean to the scanner (scan.ts). */

export const LINE_FEED = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const EXCLAMATION = 0x21;
export const QUOTE = 0x22;
export const APOSTROPHE = 0x27;
export const DASH = 0x2d;
export const SLASH = 0x2f;
export const LESS_THAN = 0x3c;
export const EQUALS = 0x3d;
export const GREATER_THAN = 0x3e;
export const QUESTION = 0x3f;
export const OPENING_BRACKET = 0x5b;
export const CLOSING_BRACKET = 0x5d;
export const CDATA_START = "<![CDATA[";

// What a byte means in a text, as bits: those of a whole text, together, say how it is to be read.

/** A line feed; the lowest bit, so that adding it counts. */
export const FEED = 1;
/** A tab or line break. */
export const BREAK = 2;
export const RETURN = 4;
export const AMPERSAND = 8;
/** What XML does not allow, or the first byte of what may be it (U+FFFE, U+FFFF). */
export const FORBIDDEN = 16;
export const HIGH = 32;
export const BRACKET = 64;
/** No blank. */
export const SOLID = 128;
/** Alone: the next markup. */
export const MARKUP = 255;
/** What a text can have and yet stand as it is, but for its line breaks. */
export const UNUSUAL = RETURN | AMPERSAND | FORBIDDEN | HIGH | BRACKET;
export const NOT_PLAIN = BREAK | RETURN | AMPERSAND | FORBIDDEN | HIGH;
export const MAY_NEED_MENDING = AMPERSAND | FORBIDDEN | BRACKET;

export const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === LESS_THAN) return MARKUP;
  if (byte === 0x20) return 0;
  if (byte === LINE_FEED) return BREAK | FEED;
  if (byte === 0x09) return BREAK;
  if (byte === CARRIAGE_RETURN) return BREAK | RETURN;
  if (byte < 0x20) return SOLID | FORBIDDEN;
  if (byte === 0x26) return SOLID | AMPERSAND;
  if (byte === CLOSING_BRACKET) return SOLID | BRACKET;
  if (byte === 0xef) return SOLID | HIGH | FORBIDDEN;
  return byte >= 0x80 ? SOLID | HIGH : SOLID;
});
/** In a CDATA section there is neither markup nor reference. */
export const CDATA_KINDS = KINDS.map((kind) => (kind === MARKUP ? SOLID : kind & ~(AMPERSAND | BRACKET)));
export const KINDS_OF_BLANK = KINDS.map((kind) => ((kind & SOLID) === 0 ? 1 : 0));

export const NO_NAME = 0;
export const NAME_START = 1;
export const NAME_PART = 2;
/** Beyond ASCII any byte, here: a name is judged once, when it is first met. */
export const NAMES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80 || /[A-Za-z_:]/.test(String.fromCharCode(byte))) return NAME_START;
  return /[-.0-9]/.test(String.fromCharCode(byte)) ? NAME_PART : NO_NAME;
});
