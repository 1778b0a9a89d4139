/**
 * Identity numbers for invented people that no living person has.
 *
 * Source: Skatteverket's open data "Testpersonnummer" and "Testsamordningsnummer" (skatteverket.entryscape.net, CC0):
 * numbers that are never given to anyone. The files list single numbers; what they have in common is that for people
 * born in 1987 or later, and for samordningsnummer of every year, the birth number is 238 (woman) or 239 (man).
 * Numbers of people born before that are scattered, so those are kept here one by one as published.
 *
 * - A showcase takes only numbers that are in the published files: `publishedPersonnummer`.
 * - An export of any size needs more than there are: `identityNumber` continues within the two birth numbers, and
 *   then with interim numbers (contract, Behaviour 5), which schools make up themselves and no register gives out.
 */
import { addDays, daysInclusive } from "./dates.js";

export type Gender = "female" | "male";

export interface IdentityNumber {
  /** 12 digits, or 10 characters for an interim number. */
  readonly number: string;
  readonly gender: Gender;
}

const WOMAN = 238;
const MAN = 239;
const TEST_BIRTH_NUMBERS: readonly number[] = [WOMAN, MAN];
const SAMORDNING_DAYS = 60;
const INTERIM_LETTERS = "TPR";
const INTERIM_SERIALS = 1000;
/** Coprime to the sizes of the series below: walks each of them through in a scattered order, every number once. */
const SCATTER = 7919;

interface Series {
  readonly size: number;
  at(slot: number): IdentityNumber;
}

const PERSONNUMMER = testSeries("1990-01-01", "2007-12-31", 0);
const SAMORDNINGSNUMMER = testSeries("1940-01-01", "2007-12-31", SAMORDNING_DAYS);
const INTERIM = interimSeries("1950-01-01", "2007-12-31");

/**
 * The identity number of person `index` (from 0) of an export of any size, each number once: personnummer, when those
 * are used up (13 148) samordningsnummer (49 674 more), and after that interim numbers (63 million).
 */
export function identityNumber(index: number): IdentityNumber {
  let slot = index;
  for (const series of [PERSONNUMMER, SAMORDNINGSNUMMER, INTERIM]) {
    if (slot < series.size) return series.at((slot * SCATTER) % series.size);
    slot -= series.size;
  }
  throw new RangeError("more persons than identity numbers");
}

/** Personnummer with 12 digits that Skatteverket's files hold, for people born from 1953 to 2005. */
export function publishedPersonnummer(): {
  readonly older: readonly string[];
  readonly younger: readonly string[];
} {
  return { older: OLDER, younger: PUBLISHED_DAYS.flatMap(numbersOfDays) };
}

/** Samordningsnummer that Skatteverket's files hold: of a woman and of a man. */
export const PUBLISHED_SAMORDNINGSNUMMER = { female: "196602652387", male: "199407642397" } as const;

/** Also in the files: the day of birth is not known (00 + 60), so that it is no date. */
export const SAMORDNINGSNUMMER_WITHOUT_DAY = "199008602394";

/** Also in the files: born more than 100 years ago. */
export const SAMORDNINGSNUMMER_OVER_100 = "192505732384";

/** The gender that the birth number's last digit tells: odd for men. */
export function genderOf(personnummer: string): Gender {
  return Number(personnummer.at(-2)) % 2 === 1 ? "male" : "female";
}

/** The same number with a check digit that is not the right one: nobody's number. */
export function withWrongCheckDigit(personnummer: string): string {
  const right = Number(personnummer.at(-1));
  return personnummer.slice(0, -1) + String((right + 1) % 10);
}

function testSeries(from: string, to: string, addedToDay: number): Series {
  return {
    size: daysInclusive(from, to) * TEST_BIRTH_NUMBERS.length,
    at(slot) {
      const birthNumber = slot % 2 === 0 ? WOMAN : MAN;
      const number = withCheckDigit(addDays(from, Math.floor(slot / 2)), birthNumber, addedToDay);
      return { number, gender: genderOf(number) };
    },
  };
}

function interimSeries(from: string, to: string): Series {
  const days = daysInclusive(from, to);
  return {
    size: days * INTERIM_LETTERS.length * INTERIM_SERIALS,
    at(slot) {
      const serial = Math.floor(slot / days);
      const letter = INTERIM_LETTERS[Math.floor(serial / INTERIM_SERIALS)];
      const born = addDays(from, slot % days)
        .replaceAll("-", "")
        .slice(2);
      const digits = String(serial % INTERIM_SERIALS).padStart(3, "0");
      return { number: `${born}${letter}${digits}`, gender: serial % 2 === 1 ? "male" : "female" };
    },
  };
}

function withCheckDigit(born: string, birthNumber: number, addedToDay = 0): string {
  const [year = "", month = "", day = ""] = born.split("-");
  const twoDigitDay = String(Number(day) + addedToDay).padStart(2, "0");
  const eleven = `${year}${month}${twoDigitDay}${birthNumber}`;
  return eleven + luhnDigit(eleven.slice(2));
}

/** The check digit after nine digits: doubled from the left every other one, digits summed, up to the next ten. */
function luhnDigit(nine: string): string {
  let sum = 0;
  for (let position = 0; position < nine.length; position++) {
    const product = Number(nine[position]) * (position % 2 === 0 ? 2 : 1);
    sum += product > 9 ? product - 9 : product;
  }
  return String((10 - (sum % 10)) % 10);
}

/** Stretches of days that the files hold in full, and which of the two birth numbers each day has. */
interface PublishedDays {
  readonly from: string;
  readonly to: string;
  /** Both; or one: a man's on the first day and then in turn; or a man's on days of the month with an odd number. */
  readonly birthNumbers: "both" | "in turn" | "by day of month";
}

const PUBLISHED_DAYS: readonly PublishedDays[] = [
  { from: "1990-02-01", to: "1990-06-08", birthNumbers: "both" },
  { from: "1990-09-01", to: "1991-05-06", birthNumbers: "both" },
  { from: "1991-12-20", to: "1992-08-30", birthNumbers: "both" },
  { from: "1997-01-01", to: "1998-05-25", birthNumbers: "in turn" },
  { from: "2001-04-02", to: "2001-12-31", birthNumbers: "in turn" },
  { from: "2002-01-01", to: "2002-06-21", birthNumbers: "by day of month" },
  { from: "2004-08-01", to: "2005-10-30", birthNumbers: "by day of month" },
];

function numbersOfDays({ from, to, birthNumbers }: PublishedDays): string[] {
  const numbers: string[] = [];
  for (let offset = 0; offset < daysInclusive(from, to); offset++) {
    const born = addDays(from, offset);
    const odd = birthNumbers === "in turn" ? offset % 2 === 0 : Number(born.slice(8)) % 2 === 1;
    if (birthNumbers === "both" || !odd) numbers.push(withCheckDigit(born, WOMAN));
    if (birthNumbers === "both" || odd) numbers.push(withCheckDigit(born, MAN));
  }
  return numbers;
}

const OLDER: readonly string[] = `
  195303282387 195402192222 195504162776 195605082642 195706202610 195807133052 195902173391 195909122821
  196003242879 196011112775 196104153488 196110182547 196201122808 196206193143 196305113174 196308212817
  196402183377 196407313607 196501253063 196506232880 196602233196 196608182942 196705203252 196711222940
  196801249290 196805249288 197001239297 197109259288 197503259280 197504049292 197901249297 197904299281
  197907099282 197909089265 197911109291 198001249286 198004209295 198006299252 198008289285 198012279272
  198103269299 198105169281 198107249289 198109079296 198111309285 198202029289 198204179298 198206139290
  198208149297 198210159284 198301109289 198303229291 198306259287 198309239294 198312319281 198401219293
  198404189287 198406279292 198408199290 198412179288 198501169885 198504199897 198508269993 198511299995
  198602179882 198605219990 198609259992 198612229883 198702192389 198706192393 198711192396 198803162398
  198807222388 198810112394 198901172398 198905252386 198909152384 198912232389`
  .trim()
  .split(/\s+/);
