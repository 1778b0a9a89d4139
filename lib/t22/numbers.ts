import { readPersonnummer } from "../domain/personnummer.js";

/** What persons are looked for by: ten characters or the first of them, with the century when it was said. */
export interface NumberSearch {
  readonly pnr: string;
  readonly sekel: string | undefined;
}

/** A personnummer of a request. `search` is absent when the number is incorrect: then nobody is looked for. */
export interface SentNumber {
  readonly search: NumberSearch | undefined;
  /** As the message about an incorrect number shows it (contract section 1, Behaviour 5). */
  readonly shown: string;
}

/** ÅÅÅÅMMDD, a separator, and TF with two digits. */
const LONGEST_CHARACTERS = 13;
const FORMAT = new RegExp(`^[0-9A-Z+-]{1,${LONGEST_CHARACTERS}}$`, "i");

const BLANKS = /\s+/g;
/** Hyphens and dashes that word processors make of a hyphen. */
const DASHES = /[\u2010-\u2015\u2212]/g;

/** Six to ten characters of a number: at least the date of birth. */
const PART = /^\d{6}(?:\d{0,4}|[A-Z]\d{0,3})$/;
const PLAUSIBLE_DATE = /^\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]|6[1-9]|[78]\d|9[01])/;
const CENTURY = /^(?:18|19|20)/;
const PNR_CHARACTERS = 10;

/**
 * Characters that some kind of identity number has, and no more of them: what has this format and is no correct
 * personnummer (a TF number, a wrong check digit) is an incorrect personnummer, all else a format error.
 */
export function hasNumberFormat(text: string): boolean {
  return FORMAT.test(plain(text));
}

/** Reads ten or twelve characters with any separator. `today` decides the century of ten, ÅÅÅÅ-MM-DD. */
export function readSentNumber(text: string, today: string): SentNumber {
  const written = plain(text);
  const { pnr, sekel, correct, shown } = readPersonnummer(written, today);
  if (pnr === undefined || !correct) return { search: undefined, shown };
  const isCenturySaid = written.includes("+") || written.replace("-", "").length > PNR_CHARACTERS;
  return { search: { pnr, sekel: isCenturySaid ? sekel : undefined }, shown };
}

/**
 * The beginnings of numbers that a part may mean, at least six digits: with or without the century. "20010112" may begin
 * a number of 2020 or of 2001: then both. Empty: it is no part of a number.
 */
export function readPart(text: string): readonly NumberSearch[] {
  const [beforeSeparator = "", afterSeparator, ...more] = plain(text).toUpperCase().split(/[-+]/);
  if (more.length > 0) return [];
  const written = beforeSeparator + (afterSeparator ?? "");
  const readings = [withoutCentury(written), withCentury(written)].filter((reading) => reading !== undefined);
  if (afterSeparator !== undefined) {
    // The separator stands after the date of birth.
    return readings.filter(({ sekel }) => beforeSeparator.length === (sekel === undefined ? 6 : 8));
  }
  const plausible = readings.filter(({ pnr }) => PLAUSIBLE_DATE.test(pnr));
  const [first, ...others] = plausible.length > 0 ? plausible : readings;
  if (first === undefined) return [];
  // Ten characters are a whole number.
  return first.pnr.length === PNR_CHARACTERS ? [first] : [first, ...others];
}

function withoutCentury(written: string): NumberSearch | undefined {
  return PART.test(written) ? { pnr: written, sekel: undefined } : undefined;
}

function withCentury(written: string): NumberSearch | undefined {
  const pnr = written.slice(2);
  return CENTURY.test(written) && PART.test(pnr) ? { pnr, sekel: written.slice(0, 2) } : undefined;
}

function plain(text: string): string {
  return text.replace(BLANKS, "").replace(DASHES, "-");
}
