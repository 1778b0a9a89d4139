import { codeKey } from "../domain/codes.js";
import { type FormatSettings, fitsFormat as fitsRegisterFormat, type RegisterField } from "../lpw/formats.js";

/** Fields of a request that some method uses, by the schema's names. */
export type CheckedField = RegisterField | "typ";

/** Does the value have the documented width and characters? (What the store holds is taken besides; `typ` never is.) */
export function fitsFormat(field: CheckedField, value: string, settings: FormatSettings): boolean {
  return field === "typ" ? readTyp(value) !== undefined : fitsRegisterFormat(field, value, settings);
}

/** `typ` of an occasion in a request: FO and FORT mean the same (T04 3.5 and 4.4 differ). */
export function readTyp(typ: string): "FFG" | "FO" | undefined {
  const key = codeKey(typ);
  if (key === "FFG") return "FFG";
  return key === "FO" || key === "FORT" ? "FO" : undefined;
}
