/** T04's C(6) made wide enough for the course codes of adult education (contract section 1, Formats). */
export const KURSKOD_MAX_LENGTH = 10;

const KURSKOD = /^[0-9A-ZÅÄÖ]+$/i;
const INSTITUTION = /^[0-9A-ZÅÄÖ]{1,4}$/i;
const NUMBER = /^(\d+)(?:[.,](\d+))?$/;

/** The key by which codes are compared: without regard to case, surrounding blanks or how Å is composed. */
export function codeKey(text: string): string {
  return text.normalize("NFC").trim().toUpperCase().normalize("NFC");
}

/** Letters (Å Ä Ö included) or digits, at least one and at most `maxLength` (setting `kurskodMaxLength`). */
export function isKurskod(text: string, maxLength: number = KURSKOD_MAX_LENGTH): boolean {
  const code = text.normalize("NFC");
  return code.length <= maxLength && KURSKOD.test(code);
}

/** One to four letters (Å Ä Ö included) or digits. */
export function isInstitution(text: string): boolean {
  return INSTITUTION.test(text.normalize("NFC"));
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
