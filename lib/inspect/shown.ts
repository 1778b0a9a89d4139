/**
 * What may be printed of a file: words of its vocabulary (kinds of groups, roles, names of elements), never a person's
 * value, also where a file has one in a place that is meant for a word.
 */

/** Characters of a value that are shown. */
const MAX_SHOWN_LENGTH = 60;

const WITHHELD: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\S@\S/, instead: "(with an e-mail address)" },
  // Dates of birth, identity numbers in all forms, register numbers.
  { pattern: /\d{6}|\d{4}-\d{2}-\d{2}/, instead: "(with a number)" },
  { pattern: /(?:^|\D)(?:0|\+\d\d ?)\d{1,3}[-/ ]\d{2,}/, instead: "(with a telephone number)" },
];

/** A word of the file as it may be printed: what looks like a number or address of somebody is told as such. */
export function shownValue(text: string): string {
  const withheld = WITHHELD.find(({ pattern }) => pattern.test(text));
  if (withheld !== undefined) return withheld.instead;
  // Characters that steer a terminal or turn the direction of writing.
  const printable = text.replace(/\p{C}/gu, "?");
  const characters = [...printable];
  return characters.length <= MAX_SHOWN_LENGTH
    ? printable
    : `${characters.slice(0, MAX_SHOWN_LENGTH - 1).join("")}…`;
}

const UUID = /^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$/i;

/** The form of an id that is no identity number, in words. */
export function idForm(id: string): string {
  if (UUID.test(id)) return "UUID";
  if (id.includes("@")) return "with @";
  const what = /^\d+$/.test(id)
    ? "digits"
    : /^\p{L}+$/u.test(id)
      ? "letters"
      : /^[\p{L}\d]+$/u.test(id)
        ? "letters and digits"
        : "other characters too";
  return `${what}, ${lengthInWords(id.length)}`;
}

function lengthInWords(length: number): string {
  return length <= 12 ? `${length} characters` : length <= 36 ? "13 to 36 characters" : "over 36 characters";
}

/** A date as it is written, without the date: digits as 9, letters as A. */
export function dateForm(written: string): string {
  return written
    .slice(0, MAX_SHOWN_LENGTH)
    .replace(/\d/g, "9")
    .replace(/\p{L}/gu, "A")
    .replace(/\p{C}/gu, "?");
}
