/** T04's C(6) made wide enough for the course codes of adult education (contract section 1, Formats). */
export const KURSKOD_MAX_LENGTH = 10;

const PLAIN_CODE = /^[0-9A-Z_]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const ASCII = /^[\u0000-\u007f]*$/;
const KURSKOD = /^[0-9A-ZÅÄÖ]+$/i;
const INSTITUTION = /^[0-9A-ZÅÄÖ]{1,4}$/i;
const NUMBER = /^(\d+)(?:[.,](\d+))?$/;

/** The key by which codes are compared: without regard to case, surrounding blanks or how Å is composed. */
export function codeKey(text: string): string {
  // Nearly every code of a register is its own key: compared by the million in a large request.
  return PLAIN_CODE.test(text) ? text : composed(composed(text.trim()).toUpperCase());
}

/** No code, no name of a caller and no value of T04's widths has so many characters. */
const MAX_COMPOSED_CHARACTERS = 400;

/**
 * The text with Å as one character (NFC). What is longer than any code stays as it stands: composing takes quadratic
 * time on rows of combining marks, and a request may bring a megabyte of them.
 */
export function composed(text: string): string {
  // Nothing to compose, which is told sooner than composed.
  if (ASCII.test(text)) return text;
  return text.length > MAX_COMPOSED_CHARACTERS ? text : text.normalize("NFC");
}

/** Letters (Å Ä Ö included) or digits, at least one and at most `maxLength` (setting `kurskodMaxLength`). */
export function isKurskod(text: string, maxLength: number = KURSKOD_MAX_LENGTH): boolean {
  const code = composed(text);
  return code.length <= maxLength && KURSKOD.test(code);
}

/** One to four letters (Å Ä Ö included) or digits. */
export function isInstitution(text: string): boolean {
  return INSTITUTION.test(composed(text));
}

/**
 * The key by which Kurstakt and Termordning are compared: "050", "50" and "50,0" have the same one.
 * What is no number has its `codeKey`.
 */
export function numberKey(text: string): string {
  const [, whole, decimals] = NUMBER.exec(text.trim()) ?? [];
  if (whole === undefined) return codeKey(text);
  const significant = withoutTrailingZeros(decimals ?? "");
  return whole.replace(/^0+(?=\d)/, "") + (significant === "" ? "" : `.${significant}`);
}

/** A loop, since a pattern such as `0+$` takes quadratic time on texts that a caller chooses. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}
