import { isCalendarDate } from "./days.js";

/**
 * An identity number as T04 writes it (contract sections 1, Behaviour 5, and 5, NAMN).
 * `pnr` has 10 characters and `sekel` the century ("19"): both are there when the number has the form of one,
 * be it correct or not.
 */
export interface Personnummer {
  readonly sekel?: string;
  readonly pnr?: string;
  /** A real date with a right check digit, or an interim number with a real date. */
  readonly correct: boolean;
  /** What the message about an incorrect number shows: `pnr` when it has that form, else the number as received. */
  readonly shown: string;
}

const DIGIT_ZERO = "0".charCodeAt(0);
/** Samordningsnummer: the day of birth plus this. */
const SAMORDNING_DAYS = 60;
/** ÅÅMMDD and four digits, or a letter and three digits (interim), with or without century and separator. */
const FORM = /^(\d{2})?(\d{6})([-+]?)(\d{4}|[A-Za-z]\d{3})$/;

/** Has the text, blanks around it aside, the form of a personnummer (10 or 12 characters) or interim number? */
export function hasPersonnummerForm(text: string): boolean {
  return FORM.test(text.trim());
}

/**
 * Reads a personnummer, samordningsnummer or interim number of 10 or 12 characters, with or without `-` or `+`.
 * A number without century was born at the latest date that is not after `today` (ÅÅÅÅ-MM-DD), with `+` 100 years
 * before that; a number with a century keeps it.
 */
export function readPersonnummer(received: string | undefined, today: string): Personnummer {
  const text = received?.trim() ?? "";
  const [, writtenSekel, date, separator, ending] = FORM.exec(text) ?? [];
  if (date === undefined || ending === undefined) return { correct: false, shown: text };
  const pnr = date + ending.toUpperCase();
  const isInterim = /^[A-Z]/.test(ending.toUpperCase());
  const sekel = writtenSekel ?? centuryOf(date, isInterim, separator === "+", today);
  const correct = isBirthDate(sekel, date, isInterim) && (isInterim || hasRightCheckDigit(pnr));
  return { sekel, pnr, correct, shown: pnr };
}

function centuryOf(date: string, isInterim: boolean, isCentenarian: boolean, today: string): string {
  const current = Number(today.slice(0, 2));
  const passed = [current, current - 1].filter(
    (century) => `${century}${calendarDate(date)}` <= digitsOf(today),
  );
  const latest =
    passed.find((century) => isBirthDate(String(century), date, isInterim)) ?? passed[0] ?? current - 1;
  return String(isCentenarian ? latest - 1 : latest);
}

function isBirthDate(sekel: string, date: string, isInterim: boolean): boolean {
  const year = Number(sekel + date.slice(0, 2));
  const month = Number(date.slice(2, 4));
  const day = Number(date.slice(4, 6));
  if (isCalendarDate(year, month, day)) return true;
  return !isInterim && isCalendarDate(year, month, day - SAMORDNING_DAYS);
}

/** ÅÅMMDD with the day of birth, also for a samordningsnummer. */
function calendarDate(date: string): string {
  const day = Number(date.slice(4, 6));
  return date.slice(0, 4) + String(day > SAMORDNING_DAYS ? day - SAMORDNING_DAYS : day).padStart(2, "0");
}

function digitsOf(date: string): string {
  return date.replaceAll("-", "");
}

/** Luhn's sum over ten digits: every other one, from the first, counts double. */
function hasRightCheckDigit(pnr: string): boolean {
  let sum = 0;
  for (let index = 0; index < pnr.length; index++) {
    const weighted = (pnr.charCodeAt(index) - DIGIT_ZERO) * (index % 2 === 0 ? 2 : 1);
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}
