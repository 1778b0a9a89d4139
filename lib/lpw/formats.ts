import { codeKey, composed, isInstitution, isKurskod, numberKey } from "../domain/codes.js";
import { formatTermin, parseTermin, type Termin, type TerminFormat } from "../domain/terms.js";
import type { HeldField } from "../store/queries.js";

/** Settings that decide how values are read and written (contract section 1, Formats). */
export interface FormatSettings {
  /** How half-years are written: `YYT` is T04's C(3), `YYYYT` what T22 has. */
  readonly terminFormat: TerminFormat;
  /** Widest Kurskod that is taken when the store does not hold it: 10; 6 is strict T04. */
  readonly kurskodMaxLength: number;
  readonly aliases: KurskodAliases;
}

/** Short codes for portals that hold only six characters. */
export interface KurskodAliases {
  /** codeKey of a Kurskod → the alias that is written in its place. */
  readonly toAlias: ReadonlyMap<string, string>;
  /** codeKey of an alias → the Kurskod that it stands for. */
  readonly toKurskod: ReadonlyMap<string, string>;
}

/** Fields of the register that a request may be about, by T04's names. */
export type RegisterField = HeldField | "Termin" | "Starttermin" | "Kalendertermin";

/** In Kurstyp: the course type must be missing, or is (T04 3.5, 4.4). */
export const NO_KURSTYP = "_";

type Format = (value: string, settings: FormatSettings) => boolean;

/** T04's C(n), and the characters that each field has in Ladok. */
const FORMATS: Readonly<Record<RegisterField, Format>> = {
  Institution: isInstitution,
  Termin: isTermin,
  Kurskod: (value, { kurskodMaxLength, aliases }) =>
    isKurskod(value, kurskodMaxLength) || aliases.toKurskod.has(codeKey(value)),
  Starttermin: isTermin,
  Kurstakt: digits(3),
  Kurstid: lettersOrDigits(3),
  Undform: lettersOrDigits(3),
  Kursomgang: lettersOrDigits(1),
  Kurstyp: either(NO_KURSTYP, lettersOrDigits(3)),
  Termordning: digits(2),
  Anmkod: lettersOrDigits(5),
  Kalendertermin: isTermin,
  Ortskod: lettersOrDigits(5),
  program: lettersOrDigits(5),
  programinriktning: lettersOrDigits(4),
  termordningkurs: digits(2),
};

/** Does the value have the documented width and characters? (What the store holds is taken besides.) */
export function fitsFormat(field: RegisterField, value: string, settings: FormatSettings): boolean {
  return FORMATS[field](composed(value), settings);
}

/** Half-years are never anything but their format in the store. */
export function mayBeHeld(field: RegisterField): field is HeldField {
  return field !== "Termin" && field !== "Starttermin" && field !== "Kalendertermin";
}

/** The half-year of a value that has been checked; absent stays absent. */
export function readTermin(value: string | undefined): Termin | undefined {
  return value === undefined ? undefined : parseTermin(value);
}

/** What a Kurskod of a request is compared by, an alias being read as what it stands for. */
export function kurskeyOf(kurskod: string, { aliases }: FormatSettings): string {
  const key = codeKey(kurskod);
  const aliased = aliases.toKurskod.get(key);
  return aliased === undefined ? key : codeKey(aliased);
}

export function writeTermin(termin: Termin, { terminFormat }: FormatSettings): string {
  return formatTermin(termin, terminFormat);
}

/** As the register has it, or its alias when it has one. */
export function writeKurskod(kurskod: string, { aliases }: FormatSettings): string {
  // Without an alias file no key is worth making.
  return aliases.toAlias.size === 0 ? kurskod : (aliases.toAlias.get(codeKey(kurskod)) ?? kurskod);
}

/** With three digits (050), and whole when it is wider or no whole number. */
export function writeKurstakt(kurstakt: string): string {
  const number = numberKey(kurstakt);
  return WHOLE_NUMBER.test(number) ? number.padStart(3, "0") : kurstakt;
}

const WHOLE_NUMBER = /^\d+$/;

function isTermin(value: string): boolean {
  return parseTermin(value) !== undefined;
}

function digits(width: number): Format {
  const pattern = new RegExp(`^\\d{1,${width}}$`);
  return (value) => pattern.test(value);
}

function lettersOrDigits(width: number): Format {
  const pattern = new RegExp(`^[\\p{L}\\p{Nd}]{1,${width}}$`, "u");
  return (value) => pattern.test(value);
}

function either(literal: string, format: Format): Format {
  return (value, settings) => value === literal || format(value, settings);
}
