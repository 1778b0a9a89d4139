import { readDate } from "../domain/terms.js";

/**
 * T04's terms have two digits for the year and reach from spring 1970 to autumn 2069 (contract section 1, Formats).
 * Registers write "no end" as 9999-12-31 and "no begin" as 0001-01-01 or 1900-01-01: outside, a date is no date.
 */
const FIRST_DATE = "1970-01-01";
const LAST_DATE = "2069-12-29";

/** A register has a few thousand different dates, each many times: that many are remembered. */
const MAX_REMEMBERED = 20_000;
const remembered = new Map<string, string>();

/** A begin or an end of the register as ÅÅÅÅ-MM-DD; undefined when it is missing, no real date, or beyond T04's terms. */
export function registerDate(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const date = dateWithinTerms(text);
  if (date !== undefined && remembered.size < MAX_REMEMBERED) remembered.set(text, date);
  return date;
}

function dateWithinTerms(text: string): string | undefined {
  const date = readDate(text);
  return date !== undefined && date >= FIRST_DATE && date <= LAST_DATE ? date : undefined;
}
