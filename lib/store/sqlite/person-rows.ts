import type { Adress, PersonData } from "../../mapping/rows.js";
import { bulkInsert } from "./bulk-insert.js";
import type { Connection } from "./files.js";
import { type IntList, intList } from "./int-list.js";
import { packPerson, unkeepable, unpackPerson } from "./staged-person.js";

/** What stands in NAMN, PERSON_ALIAS, ADRESS, TELEKOM and PERSONVO of one person. */
export interface PersonRows {
  readonly data: PersonData;
  readonly pnr: string | undefined;
  readonly sekel: string | undefined;
  /** Finished UTF-8 bytes of the PersonVO element. */
  readonly personVO: Buffer;
  readonly invalidPersonnummer: string | null;
  readonly email: string | null;
  readonly noEmail: string | null;
}

/** Persons one after another in the list, packed: they are handed from thread to thread, and few large values are quickest. */
export interface PersonBatch {
  /** Place in the list of the first one. */
  readonly first: number;
  /** Of each person its data, pnr, sekel, invalidPersonnummer, email and noEmail, in one text: see `packRows`. */
  readonly texts: string;
  readonly personVOs: Uint8Array<ArrayBuffer>;
  /** Where each one's PersonVO ends. */
  readonly ends: Int32Array<ArrayBuffer>;
}

export interface PersonCollector {
  /** The person's place in the list, from 1. */
  add(person: PersonRows): number;
  /** How many have been added in all. */
  readonly count: number;
  readonly waiting: number;
  /** Those that have been added since the last time. */
  take(): PersonBatch;
}

const FIRST_BYTES = 64 * 1024;

// Characters that no XML can hold, as the one between a person's fields.
const BETWEEN_TEXTS = "\u0001";
const BETWEEN_PERSONS = "\u0002";
const NULL = "\u0003";

function packRows({ data, pnr, sekel, invalidPersonnummer, email, noEmail }: PersonRows): string {
  return `${packPerson(data)}${BETWEEN_TEXTS}${pnr ?? NULL}${BETWEEN_TEXTS}${sekel ?? NULL}${BETWEEN_TEXTS}${
    invalidPersonnummer ?? NULL
  }${BETWEEN_TEXTS}${email ?? NULL}${BETWEEN_TEXTS}${noEmail ?? NULL}`;
}

interface UnpackedRows extends Omit<PersonRows, "personVO" | "pnr" | "sekel"> {
  readonly pnr: string | null;
  readonly sekel: string | null;
}

function unpackRows(text: string): UnpackedRows {
  const [packed = "", pnr, sekel, invalidPersonnummer, email, noEmail, ...others] = text.split(BETWEEN_TEXTS);
  if (noEmail === undefined || others.length > 0) throw unkeepable();
  const value = (given: string | undefined) => (given === undefined || given === NULL ? null : given);
  return {
    data: unpackPerson(packed),
    pnr: value(pnr),
    sekel: value(sekel),
    invalidPersonnummer: value(invalidPersonnummer),
    email: value(email),
    noEmail: value(noEmail),
  };
}

export function collectPersons(): PersonCollector {
  let count = 0;
  let texts: string[] = [];
  let bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  let used = 0;
  let ends: IntList = intList();
  return {
    add(person) {
      const { personVO } = person;
      texts.push(packRows(person));
      if (used + personVO.length > bytes.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, used + personVO.length));
        bytes.copy(larger, 0, 0, used);
        bytes = larger;
      }
      personVO.copy(bytes, used);
      used += personVO.length;
      ends.push(used);
      count += 1;
      return count;
    },
    get count() {
      return count;
    },
    get waiting() {
      return ends.length;
    },
    take() {
      const batch = {
        first: count - ends.length + 1,
        texts: texts.join(BETWEEN_PERSONS),
        personVOs: bytes.subarray(0, used) as Uint8Array<ArrayBuffer>,
        ends: ends.values().slice(),
      };
      texts = [];
      bytes = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, used));
      used = 0;
      ends = intList();
      return batch;
    },
  };
}

/** Writes batches in the order of their persons. PERSON_ALIAS gets only the ids that are not the person's first one. */
export function personWriter(connection: Connection): (batch: PersonBatch) => void {
  const into = (table: string, columns: string) => bulkInsert(connection, table, columns);
  const namn = into("NAMN", "ID, REGISTERID, PNR, SEKEL, ENAMN, TNAMN, SKYDDAD");
  const alias = into("PERSON_ALIAS", "ALIAS, PERSON");
  const adress = into("ADRESS", "PERSON, ADRTYP, COADR, GATADR, POSTNR, ORT, LAND, FROMDAT, TOMDAT");
  const telekom = into("TELEKOM", "PERSON, KOMTYP, KOMADR");
  const personvo = into("PERSONVO", "ID, PERSONVO, INVALIDPNR, EMAIL, NOEMAIL");

  const addAdress = (person: number, adrtyp: string, from: Adress & { fromdat?: string; tomdat?: string }) =>
    adress.add(
      person,
      adrtyp,
      from.coadr ?? null,
      from.gatadr ?? null,
      from.postnr ?? null,
      from.ort ?? null,
      from.land ?? null,
      from.fromdat ?? null,
      from.tomdat ?? null,
    );

  return ({ first, texts, personVOs, ends }) => {
    const rows = ends.length === 0 ? [] : texts.split(BETWEEN_PERSONS);
    if (rows.length !== ends.length) throw unkeepable();
    let start = 0;
    for (let index = 0; index < ends.length; index++) {
      const person = first + index;
      const { data, pnr, sekel, invalidPersonnummer, email, noEmail } = unpackRows(rows[index] as string);
      namn.add(
        person,
        data.id,
        pnr,
        sekel,
        data.efternamn ?? null,
        data.fornamn ?? null,
        data.protected ? 1 : 0,
      );
      if (data.aliases.length > 1) {
        for (const id of new Set(data.aliases)) if (id !== data.id) alias.add(id, person);
      }
      // In order of their tables' keys: what is written at the end of a table costs least.
      if (data.tillfallig) addAdress(person, "2", data.tillfallig);
      if (data.folkbokforing) addAdress(person, "4", data.folkbokforing);
      if (data.email !== undefined) telekom.add(person, "EMAIL", data.email);
      if (data.sms !== undefined) telekom.add(person, "SMS", data.sms);
      if (data.tel !== undefined) telekom.add(person, "TEL", data.tel);
      const end = ends[index] as number;
      personvo.add(person, personVOs.subarray(start, end), invalidPersonnummer, email, noEmail);
      start = end;
    }
    for (const insert of [namn, alias, adress, telekom, personvo]) insert.flush();
  };
}
