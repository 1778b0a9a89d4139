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
  return Object.entries(values).some(([field, value]) =>
    isLonger(value, documentedWidths[field as keyof DocumentedWidths]),
  );
}

const NAME_WIDTH = 25;
const TELEKOM_WIDTH = 70;
const ADRESS_WIDTHS = [
  ["gatadr", 40],
  ["coadr", 25],
  ["postnr", 12],
  ["ort", 35],
  ["land", 20],
] as const;

/** Is any field of the person wider than T04 documents? */
export function isWiderPerson(person: PersonData): boolean {
  const { efternamn, fornamn, email, tel, sms, folkbokforing, tillfallig } = person;
  return (
    isLonger(efternamn, NAME_WIDTH) ||
    isLonger(fornamn, NAME_WIDTH) ||
    isLonger(email, TELEKOM_WIDTH) ||
    isLonger(tel, TELEKOM_WIDTH) ||
    isLonger(sms, TELEKOM_WIDTH) ||
    isWiderAdress(folkbokforing) ||
    isWiderAdress(tillfallig)
  );
}

function isWiderAdress(adress: PersonData["folkbokforing"]): boolean {
  return adress !== undefined && ADRESS_WIDTHS.some(([field, width]) => isLonger(adress[field], width));
}

/** Characters have one or two code units: only what has too many units is counted, for this is asked of every person. */
function isLonger(value: string | undefined, width: number): boolean {
  return value !== undefined && value.length > width && [...value].length > width;
}
