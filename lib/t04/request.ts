import type { Decoded, DecodedObject, InvalidBoolean } from "../soap/api.js";

/**
 * What the operations read of `userVO` and `adrListVO`, under the schema's names. Values are as the caller wrote them,
 * trimmed, never empty: what is empty is absent (contract section 1, "Input is read liberally").
 */
export interface UserRequest {
  readonly uid: string | undefined;
  readonly type: string | undefined;
  readonly caller: string | undefined;
  readonly ticket: string | undefined;
}

export interface AdrListRequest {
  readonly Institution: string | undefined;
  readonly Termin: string | undefined;
  readonly Kurskod: string | undefined;
  /** Returned unchanged when there is one; never searched by. */
  readonly KursInfoVO: readonly KursInfo[];
  readonly KursTfVO: readonly KursTf[];
  readonly KursTFTermregVO: readonly KursTfTermreg[];
  readonly Email: RequestBoolean;
  readonly FFG: RequestBoolean;
  readonly FO: RequestBoolean;
  readonly OM: RequestBoolean;
  /** Booleans that are none, wherever they were sent, in schema order. */
  readonly invalidBooleans: { readonly user: readonly NotBoolean[]; readonly list: readonly NotBoolean[] };
}

/** "invalid": sent, but neither true, false, 1 nor 0. It counts as false, and is a format error of its own. */
export type RequestBoolean = boolean | "invalid";

export interface NotBoolean {
  readonly element: string;
  readonly value: string;
}

const KURS_INFO_FIELDS = ["Kurskod", "Benamning", "EngBenamning", "Institution", "Poang", "Nedlagd"] as const;

/** The fields of a KursTfVO that T04 4.4 searches by, in schema order. */
export const KURS_TF_FIELDS = [
  "typ",
  "Kurskod",
  "Starttermin",
  "Kurstakt",
  "Kurstid",
  "Undform",
  "Kursomgang",
  "Kurstyp",
  "Termordning",
  "Anmkod",
  "Kalendertermin",
  "Ortskod",
] as const;

/** The fields of a KursTFTermregVO that T04 4.4 searches by, in schema order. */
export const TERMREG_FIELDS = [
  "typ",
  "Kurskod",
  "Starttermin",
  "program",
  "programinriktning",
  "termordningkurs",
  "Kalendertermin",
] as const;

type Fields<Name extends string> = { readonly [field in Name]?: string };
export type KursInfo = Fields<(typeof KURS_INFO_FIELDS)[number]>;
export type KursTf = Fields<(typeof KURS_TF_FIELDS)[number]>;
export type KursTfTermreg = Fields<(typeof TERMREG_FIELDS)[number]>;

const NOTHING: DecodedObject = {};

export function readUser(arg0: Decoded | undefined): UserRequest {
  const user = asObject(arg0);
  const authinfo = asObject(user.authinfovo);
  return {
    uid: asText(user.uid),
    type: asText(user.type),
    caller: asText(authinfo.caller),
    ticket: asText(asObject(authinfo.ticket).ticket),
  };
}

export function readAdrList(arg0: Decoded | undefined, arg1: Decoded | undefined): AdrListRequest {
  const list = asObject(arg1);
  return {
    Institution: asText(list.Institution),
    Termin: asText(list.Termin),
    Kurskod: asText(list.Kurskod),
    KursInfoVO: readEach(list.KursInfoVO, KURS_INFO_FIELDS),
    KursTfVO: readEach(list.KursTfVO, KURS_TF_FIELDS),
    KursTFTermregVO: readEach(list.KursTFTermregVO, TERMREG_FIELDS),
    Email: asBoolean(list.Email),
    FFG: asBoolean(list.FFG),
    FO: asBoolean(list.FO),
    OM: asBoolean(list.OM),
    invalidBooleans: { user: notBooleansOfUser(asObject(arg0)), list: notBooleansOfList(list) },
  };
}

/** The boolean as the answer has it: absent and invalid are false. */
export function echoed(value: RequestBoolean): boolean {
  return value === true;
}

/** An occasion (or course) without any field is an empty element: absent. */
function readEach<Name extends string>(value: Decoded | undefined, names: readonly Name[]): Fields<Name>[] {
  const read: Fields<Name>[] = [];
  for (const item of asList(value)) {
    const fields: { [field in Name]?: string } = {};
    let isEmpty = true;
    for (const name of names) {
      const text = asText(asObject(item)[name]);
      if (text === undefined) continue;
      fields[name] = text;
      isEmpty = false;
    }
    if (!isEmpty) read.push(fields);
  }
  return read;
}

/** userVO has two: personvo/gallrad and valid. */
function notBooleansOfUser(user: DecodedObject): NotBoolean[] {
  const found: NotBoolean[] = [];
  addNotBoolean(found, asObject(user.personvo), "gallrad");
  addNotBoolean(found, user, "valid");
  return found;
}

/** adrListVO has the four flags, AdrListEntVO/PersonVO/gallrad, and valid. */
function notBooleansOfList(list: DecodedObject): NotBoolean[] {
  const found: NotBoolean[] = [];
  for (const flag of ["Email", "FFG", "FO", "OM"]) addNotBoolean(found, list, flag);
  for (const entry of asList(list.AdrListEntVO)) {
    for (const person of asList(asObject(entry).PersonVO)) {
      addNotBoolean(found, asObject(person), "gallrad");
    }
  }
  addNotBoolean(found, list, "valid");
  return found;
}

function addNotBoolean(found: NotBoolean[], object: DecodedObject, element: string): void {
  const value = object[element];
  if (isInvalidBoolean(value)) found.push({ element, value: value.invalidBoolean });
}

function asBoolean(value: Decoded | undefined): RequestBoolean {
  return isInvalidBoolean(value) ? "invalid" : value === true;
}

function isInvalidBoolean(value: Decoded | undefined): value is InvalidBoolean {
  return typeof value === "object" && "invalidBoolean" in value;
}

function asText(value: Decoded | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function asObject(value: Decoded | undefined): DecodedObject {
  return typeof value === "object" && !Array.isArray(value) ? (value as DecodedObject) : NOTHING;
}

function asList(value: Decoded | undefined): readonly Decoded[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Decoded[]) : [value];
}
