import {
  addNotBoolean,
  asBoolean,
  asList,
  asObject,
  asText,
  type NotBoolean,
  notBooleansOfUser,
  type RequestBoolean,
} from "../lpw/request.js";
import type { Decoded, DecodedObject } from "../soap/api.js";

/** What the operations read of `adrListVO`, under the schema's names. */
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

export function readAdrList({ arg0, arg1 }: DecodedObject): AdrListRequest {
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
    invalidBooleans: { user: notBooleansOfUser(arg0), list: notBooleansOfList(list) },
  };
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
