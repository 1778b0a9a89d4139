/**
 * Calendar dates as day numbers (days since 1970-01-01), proleptic Gregorian, without clocks or time zones.
 */
const DAYS_PER_WEEK = 7;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Day number of a real date ÅÅÅÅ-MM-DD; undefined for anything else. */
export function parseDay(date: string): number | undefined {
  const [year, month, day] = DATE.exec(date)?.slice(1).map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  return isCalendarDate(year, month, day) ? dayOfCalendar(year, month, day) : undefined;
}

/** Day number of a real date ÅÅÅÅ-MM-DD; a RangeError for anything else. */
export function dayOfDate(date: string): number {
  const day = parseDay(date);
  if (day === undefined) throw new RangeError("not a date of the form ÅÅÅÅ-MM-DD");
  return day;
}

export function isCalendarDate(year: number, month: number, day: number): boolean {
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

/** Monday 1 … Sunday 7. */
export function weekdayOfDay(day: number): number {
  const thursdayOf1970 = 4;
  return modulo(day + thursdayOf1970 - 1, DAYS_PER_WEEK) + 1;
}

/** The Monday with which an ISO week begins; week 1 is the one that holds 4 January. */
export function mondayOfIsoWeek(weekYear: number, week: number): number {
  const fourthOfJanuary = dayOfCalendar(weekYear, 1, 4);
  return fourthOfJanuary - weekdayOfDay(fourthOfJanuary) + 1 + (week - 1) * DAYS_PER_WEEK;
}

/** ISO week-year and week of a day: those of the Thursday of its week. */
export function isoWeekOfDay(day: number): { readonly weekYear: number; readonly week: number } {
  const thursday = day - weekdayOfDay(day) + 4;
  const weekYear = yearOfDay(thursday);
  const firstOfJanuary = dayOfCalendar(weekYear, 1, 1);
  return { weekYear, week: Math.floor((thursday - firstOfJanuary) / DAYS_PER_WEEK) + 1 };
}

/** A year runs from March here, so that the leap day is its last day and months need no table. */
function dayOfCalendar(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const monthFromMarch = (month + 9) % 12;
  const daysBeforeMonth = Math.floor((153 * monthFromMarch + 2) / 5);
  return daysBeforeMarchYear(marchYear) + daysBeforeMonth + day - 1;
}

/** Day number of 1 March of that year. */
function daysBeforeMarchYear(year: number): number {
  const firstOfMarchOfYear0 = -719468;
  return (
    firstOfMarchOfYear0 + year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400)
  );
}

function yearOfDay(day: number): number {
  const guess = 1970 + Math.floor(day / 365.2425);
  if (day < dayOfCalendar(guess, 1, 1)) return guess - 1;
  if (day >= dayOfCalendar(guess + 1, 1, 1)) return guess + 1;
  return guess;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
