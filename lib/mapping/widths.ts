import type { PersonData } from "./rows.js";

/** T04's documented widths C(n), by field. Kurskod is not among them: the contract gives it a format of its own. */
export const documentedWidths = {
  institution: 4,
  benamning: 58,
  engBenamning: 58,
  kursPoang: 6,
  nedlagd: 1,
  kurstakt: 3,
  kurstid: 3,
  undform: 3,
  kurstyp: 3,
  poang: 5,
  anmkod: 5,
  ort: 5,
  ortsbenamn: 20,
  program: 5,
  programinriktning: 4,
  termordn: 2,
} as const;

export type DocumentedWidths = { readonly [Field in keyof typeof documentedWidths]?: string | undefined };

/** Is any of the values wider than T04 documents? Characters count, not bytes. */
export function isWider(values: DocumentedWidths): boolean {
  return Object.entries(values).some(
    ([field, value]) =>
      value !== undefined && lengthOf(value) > documentedWidths[field as keyof DocumentedWidths],
  );
}

const NAME_WIDTH = 25;
const TELEKOM_WIDTH = 70;
const ADRESS_WIDTHS = { gatadr: 40, coadr: 25, postnr: 12, ort: 35, land: 20 } as const;

/** Is any field of the person wider than T04 documents? */
export function isWiderPerson(person: PersonData): boolean {
  const names = [person.efternamn, person.fornamn];
  const telekom = [person.email, person.tel, person.sms];
  const isWiderAdress = (adress: PersonData["folkbokforing"] = {}) =>
    Object.entries(ADRESS_WIDTHS).some(
      ([field, width]) => lengthOf(adress[field as keyof typeof ADRESS_WIDTHS]) > width,
    );
  return (
    names.some((name) => lengthOf(name) > NAME_WIDTH) ||
    telekom.some((address) => lengthOf(address) > TELEKOM_WIDTH) ||
    isWiderAdress(person.folkbokforing) ||
    isWiderAdress(person.tillfallig)
  );
}

function lengthOf(value: string | undefined): number {
  return value === undefined ? 0 : [...value].length;
}
