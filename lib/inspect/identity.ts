import { isCalendarDate } from "../domain/days.js";
import { readPersonnummer } from "../domain/personnummer.js";

/** Forms of identity numbers as registers have them (contract section 1, Behaviour 5; docs of Alvis: TF numbers). */
export type IdentityForm =
  | "12 digits"
  | "12 digits with hyphen"
  | "10 digits"
  | "10 digits with hyphen"
  | "10 digits with plus"
  | "samordningsnummer"
  | "interim number"
  | "TF number"
  | "date only"
  | "other";

/** Every form that says "this field holds identity numbers". */
export function isNumberForm(form: IdentityForm): boolean {
  return form !== "other" && form !== "date only";
}

const NUMBER = /^(\d{2})?(\d{2})(\d{2})(\d{2})([-+]?)(\d{4}|[A-Za-z]\d{3})$/;
const TF_NUMBER = /^(?:\d{2})?\d{6}-?TF\d{1,4}$/i;
const DATE_ONLY = /^(\d{4}|\d{2})(-?)(\d{2})\2(\d{2})$/;
const SAMORDNING_DAYS = 60;

/** What a value looks like; a value that merely has as many digits, without a possible date, is other. */
export function identityForm(value: string): IdentityForm {
  const [, century, , month, day, separator, ending = ""] = NUMBER.exec(value) ?? [];
  if (isSamordningDay(month, Number(day)) && /^\d/.test(ending)) return "samordningsnummer";
  if (isDayOfYear(month, Number(day))) {
    if (!/^\d/.test(ending)) return "interim number";
    if (century !== undefined) return separator === "" ? "12 digits" : "12 digits with hyphen";
    return separator === "+"
      ? "10 digits with plus"
      : separator === "-"
        ? "10 digits with hyphen"
        : "10 digits";
  }
  if (TF_NUMBER.test(value)) return "TF number";
  const [, , , dateMonth, dateDay] = DATE_ONLY.exec(value) ?? [];
  return isDayOfYear(dateMonth, Number(dateDay)) ? "date only" : "other";
}

function isDayOfYear(month: string | undefined, day: number): boolean {
  const LEAP_YEAR = 2000;
  return month !== undefined && isCalendarDate(LEAP_YEAR, Number(month), day);
}

/** 60 alone too: that the day of birth is unknown. */
function isSamordningDay(month: string | undefined, day: number): boolean {
  return isDayOfYear(month, day === SAMORDNING_DAYS ? 1 : day - SAMORDNING_DAYS);
}

export function isCorrectNumber(value: string, today: string): boolean {
  return readPersonnummer(value, today).correct;
}
