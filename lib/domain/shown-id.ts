/** What stands in place of an identity number. */
const MASK = "(identity number)";

/** ÅÅMMDD, the day of a samordningsnummer too (60 more). */
const BIRTH_DATE = "\\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01]|6[1-9]|[78]\\d|9[01])";
/** Four digits; a letter and three digits (interim); TF and digits, or T and digits. */
const ENDING = "(?:\\d{4}|[A-Z]\\d{3}|TF?\\d{2,4})";
/** Anywhere in an id, as long as no digit adjoins it; TF alone as a word of its own. */
const WITH_BIRTH_DATE = new RegExp(
  `(?<!\\d)(?:18|19|20)?${BIRTH_DATE}[-+ ]?${ENDING}(?!\\d)|(?<![0-9A-Z])TF\\d{2,}(?!\\d)`,
  "gi",
);
/** A mistyped number too: what has the separator in that place is no serial number. */
const WITH_SEPARATOR = /^(?:\d{2})?\d{6}[-+](?:\d{4}|[A-Z]\d{3}|TF?\d{2,4})$/i;

/**
 * A register's id as reports and lists show it: some registers use the personnummer itself as id, or as a part of it, and
 * neither a report nor a log may hold one. Ten and twelve digits that begin with no date of birth are an id like any other.
 */
export function shownId(id: string): string {
  return WITH_SEPARATOR.test(id.trim()) ? MASK : id.replace(WITH_BIRTH_DATE, MASK);
}
