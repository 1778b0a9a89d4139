import { dayOfDate, isoWeekOfDay, mondayOfIsoWeek, parseDay } from "./days.js";

/**
 * Half-years (Swedish: terminer) as the product keeps them: `ÅÅÅÅT`, T 1 for spring and 2 for autumn ("20091").
 * As the statistics office counts them: ISO weeks 1–26 are spring, 27–53 autumn, of the ISO week-year.
 */
export type Termin = string;

/** `YYT`: "091", as T04's C(3); `YYYYT`: "20091". */
export type TerminFormat = "YYT" | "YYYYT";

/** Both days belong to it: ÅÅÅÅ-MM-DD, real dates. With begin after end it has no days. */
export interface Period {
  readonly begin: string;
  readonly end: string;
}

/** So many days of a half-year must be used for it to count (contract section 5, KTILL2 and KTFORT2). */
export const MIN_DAYS_OF_TERMIN = 14;

const FIRST_AUTUMN_WEEK = 27;
/** Two-digit years from this one on belong to the last century (contract section 1, Formats). */
const FIRST_TWO_DIGIT_YEAR_OF_1900S = 70;
const DIGITS = /^(\d{2}|\d{4})([12])$/;
const NAMED = /^([VH])T?(\d{2})$/;
/** As dates stand in exports: extended or basic form, alone, with a zone (xs:date) or with a time part. */
const LIBERAL_DATE = /^(\d{4})(-?)(\d{2})\2(\d{2})(?:[T ].*|Z|[+-]\d{2}:\d{2})?$/s;

/**
 * Reads `ÅÅT`, `ÅÅÅÅT`, `VTÅÅ`/`HTÅÅ` and `VÅÅ`/`HÅÅ` in any case, blanks around them allowed; 00–69 are 20xx and
 * 70–99 are 19xx. Undefined for anything else.
 */
export function parseTermin(text: string): Termin | undefined {
  const written = text.trim().toUpperCase();
  const [, year, half] = DIGITS.exec(written) ?? [];
  if (year !== undefined && half !== undefined) return fullYear(year) + half;
  const [, season, shortYear] = NAMED.exec(written) ?? [];
  if (season === undefined || shortYear === undefined) return undefined;
  return fullYear(shortYear) + (season === "V" ? "1" : "2");
}

/** Writes a half-year. One that `YYT` cannot tell from another century's is written `YYYYT`, so that it reads back. */
export function formatTermin(termin: Termin, format: TerminFormat): string {
  const short = termin.slice(2);
  return format === "YYT" && parseTermin(short) === termin ? short : termin;
}

export function nextTermin(termin: Termin): Termin {
  return terminOfHalfYear(halfYearOf(termin) + 1);
}

export function previousTermin(termin: Termin): Termin {
  return terminOfHalfYear(halfYearOf(termin) - 1);
}

/** The number of a half-year counted from a first one, which itself is 1: TERMORDN. Below 1 for earlier ones. */
export function terminNumber(from: Termin, to: Termin): number {
  return halfYearOf(to) - halfYearOf(from) + 1;
}

/** ISO week of a real date, `ÅÅÅÅVV` with the year of the week ("200901" for 2008-12-29). */
export function isoWeekOf(date: string): string {
  const { weekYear, week } = isoWeekOfDay(dayOfDate(date));
  return fourDigits(weekYear) + String(week).padStart(2, "0");
}

/** ISO weeks from the one of `begin` to the one of `end`, both counted. */
export function weeksInclusive(begin: string, end: string): number {
  return (mondayOf(dayOfDate(end)) - mondayOf(dayOfDate(begin))) / 7 + 1;
}

export function terminOfDate(date: string): Termin {
  return terminOfHalfYear(halfYearOfDay(dayOfDate(date)));
}

/** Is the text a real date in the form ÅÅÅÅ-MM-DD? */
export function isDate(text: string): boolean {
  return parseDay(text) !== undefined;
}

/**
 * Reads ÅÅÅÅ-MM-DD or ÅÅÅÅMMDD, alone or followed by a time zone, or by `T` or a blank and a time (neither is looked
 * at). Gives ÅÅÅÅ-MM-DD; undefined when that is no real date.
 */
export function readDate(text: string): string | undefined {
  const [, year, , month, day] = LIBERAL_DATE.exec(text.trim()) ?? [];
  const date = `${year}-${month}-${day}`;
  return isDate(date) ? date : undefined;
}

/** Days used of each half-year, in order; a day that stands in several periods counts once. */
export function daysPerTermin(periods: readonly Period[]): Map<Termin, number> {
  const days = new Map<Termin, number>();
  for (const { first, last } of withoutOverlap(periods)) {
    for (let halfYear = halfYearOfDay(first); firstDayOf(halfYear) <= last; halfYear++) {
      const begin = Math.max(first, firstDayOf(halfYear));
      const end = Math.min(last, firstDayOf(halfYear + 1) - 1);
      const termin = terminOfHalfYear(halfYear);
      days.set(termin, (days.get(termin) ?? 0) + end - begin + 1);
    }
  }
  return days;
}

/**
 * The half-year in which something with these periods starts: that of the earliest day, or the next one when fewer
 * than 14 days of the first are used and 14 or more of the next (1 January in week 53, a course from midsummer).
 * Throws a RangeError when the periods have no day.
 */
export function startTermin(periods: readonly Period[]): Termin {
  const days = daysPerTermin(periods);
  const [first] = days.keys();
  if (first === undefined) throw new RangeError("no period has a day");
  const next = nextTermin(first);
  const movesOn = daysOf(days, first) < MIN_DAYS_OF_TERMIN && daysOf(days, next) >= MIN_DAYS_OF_TERMIN;
  return movesOn ? next : first;
}

function daysOf(days: ReadonlyMap<Termin, number>, termin: Termin): number {
  return days.get(termin) ?? 0;
}

interface Days {
  readonly first: number;
  readonly last: number;
}

/** The periods as runs of days in order, overlapping and adjoining ones joined. */
function withoutOverlap(periods: readonly Period[]): Days[] {
  const inOrder = periods
    .map(({ begin, end }) => ({ first: dayOfDate(begin), last: dayOfDate(end) }))
    .filter(({ first, last }) => first <= last)
    .sort((a, b) => a.first - b.first);
  const joined: Days[] = [];
  for (const { first, last } of inOrder) {
    const previous = joined.at(-1);
    if (previous === undefined || first > previous.last + 1) joined.push({ first, last });
    else joined[joined.length - 1] = { first: previous.first, last: Math.max(previous.last, last) };
  }
  return joined;
}

/** Half-years are counted as whole numbers inside: 2 × year, + 1 for autumn. */
function halfYearOf(termin: Termin): number {
  return Number(termin.slice(0, 4)) * 2 + (termin.slice(4) === "2" ? 1 : 0);
}

function terminOfHalfYear(halfYear: number): Termin {
  return fourDigits(Math.floor(halfYear / 2)) + (halfYear % 2 === 0 ? "1" : "2");
}

function halfYearOfDay(day: number): number {
  const { weekYear, week } = isoWeekOfDay(day);
  return weekYear * 2 + (week < FIRST_AUTUMN_WEEK ? 0 : 1);
}

function firstDayOf(halfYear: number): number {
  return mondayOfIsoWeek(Math.floor(halfYear / 2), halfYear % 2 === 0 ? 1 : FIRST_AUTUMN_WEEK);
}

function mondayOf(day: number): number {
  const { weekYear, week } = isoWeekOfDay(day);
  return mondayOfIsoWeek(weekYear, week);
}

function fullYear(year: string): string {
  if (year.length === 4) return year;
  return (Number(year) < FIRST_TWO_DIGIT_YEAR_OF_1900S ? "20" : "19") + year;
}

function fourDigits(year: number): string {
  return String(year).padStart(4, "0");
}
