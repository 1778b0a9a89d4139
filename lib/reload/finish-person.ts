import { readPersonnummer } from "../domain/personnummer.js";
import { withoutContacts } from "../mapping/person.js";
import type { PersonData } from "../mapping/rows.js";
import type { Encodable } from "../soap/api.js";
import type { FinishedPerson } from "../store/sqlite/build.js";

/** An address that EmailList can hold: one @ with something on both sides, no blanks. */
const EMAIL_FORM = /^[^@\s]+@[^@\s]+$/;

export interface PersonFinisher {
  /** Writes the personVO element: the codec of the WSDL. */
  encodePersonVO(personVO: { readonly [element: string]: Encodable }): Buffer;
  /** The day that decides the century of a number with ten digits, ÅÅÅÅ-MM-DD. */
  readonly today: string;
}

/** What the mapping gives of a person. */
export type PersonInRegister = Pick<FinishedPerson, "groups" | "registrations" | "kept" | "institutions">;

/** Everything that an answer needs of a person, computed once for each load (T04 4.5, personVO of the LPW wire). */
export function finishPerson(
  person: PersonData,
  { groups, registrations, kept, institutions }: PersonInRegister,
  { encodePersonVO, today }: PersonFinisher,
): FinishedPerson {
  // Once more, after all records of the person have been merged: nothing of this may reach the store.
  const data = person.protected ? withoutContacts(person) : person;
  const { pnr, sekel, correct, shown } = readPersonnummer(data.personnummer, today);
  const email = data.email !== undefined && EMAIL_FORM.test(data.email) ? data.email : null;
  return {
    data,
    pnr,
    sekel,
    personVO: encodePersonVO(personVO(data, pnr, sekel)),
    invalidPersonnummer: correct ? null : shown,
    email,
    noEmail: email === null ? noEmailEntry(data, pnr ?? shown) : null,
    groups,
    registrations,
    kept,
    institutions,
  };
}

/** `Efternamn, Förnamn (personnummer)`; without a first name `Efternamn (personnummer)`. */
function noEmailEntry({ efternamn, fornamn }: PersonData, personnummer: string): string {
  const name = [efternamn, fornamn].filter((part) => part !== undefined).join(", ");
  return `${name} (${personnummer})`.trim();
}

function personVO(data: PersonData, pnr: string | undefined, sekel: string | undefined) {
  return {
    emailadr: data.email,
    enamn: data.efternamn,
    fcoadr: data.folkbokforing?.coadr,
    fgatadr: data.folkbokforing?.gatadr,
    fland: data.folkbokforing?.land,
    fort: data.folkbokforing?.ort,
    fpostnr: data.folkbokforing?.postnr,
    fromdat: data.tillfallig?.fromdat,
    gallrad: false,
    pnr,
    sekel,
    sms: data.sms,
    tcoadr: data.tillfallig?.coadr,
    telnr: data.tel,
    tgatadr: data.tillfallig?.gatadr,
    tland: data.tillfallig?.land,
    tnamn: data.fornamn,
    tomdat: data.tillfallig?.tomdat,
    tort: data.tillfallig?.ort,
    tpostnr: data.tillfallig?.postnr,
  };
}
