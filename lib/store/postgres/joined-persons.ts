/** The usual answer, the participants of one occasion or of a few, from what has been read lately: as SQLite's generation does it. */
import { byKind } from "../found.js";
import {
  bounded,
  joinedPersons,
  kept,
  keyOf,
  MAX_KEPT_CHARACTERS,
  MAX_KEPT_PARTICIPANTS,
  type OccasionParticipants,
  oneByte,
  unionOf,
} from "../kept-lately.js";
import type { Generation, OccasionSearch } from "../queries.js";
import type { Value } from "./connections.js";

/** As text: the driver gives bytes in hexadecimal form, twice as long. */
export const PERSONVO = "convert_from(v.personvo, 'UTF8')";

/** Where a search's registrations are: a table called r, and what must hold of its rows. */
export interface Registrations {
  readonly table: string;
  readonly condition: string;
  readonly values: readonly Value[];
}

/** Bytes of a person's element, one a character; null: the person has an incorrect personnummer, and stands in no list. */
type KeptPerson = string | null;

type PersonRow = [id: number, element: string, invalid: string | null];

/** Persons that one question asks for: with more its parameter is longer than what it saves. */
const PERSONS_AT_A_TIME = 1_000;

export function joinedPersonsFrom(
  ask: <Row>(text: string, values: readonly Value[]) => Promise<Row[]>,
  of: (table: string) => string,
  registrationsOf: (search: OccasionSearch) => Registrations,
): Generation["joinedPersonVOs"] {
  const persons = bounded<number, KeptPerson>(MAX_KEPT_CHARACTERS, (text) => text?.length ?? 1);
  const occasions = bounded<string, Int32Array>(MAX_KEPT_PARTICIPANTS, (ids) => ids.length + 1);

  const participantsOf = async (search: OccasionSearch, most: number): Promise<Int32Array> => {
    const known = occasions.get(keyOf(search));
    if (known !== undefined) return known;
    const { table, condition, values } = registrationsOf(search);
    const rows = await ask<[number]>(
      `SELECT r.person FROM ${table} r WHERE ${condition} ORDER BY r.person LIMIT ${Math.floor(most) + 1}`,
      values,
    );
    const ids = Int32Array.from(rows, ([person]) => person);
    if (ids.length <= most) occasions.set(keyOf(search), ids);
    return ids;
  };

  const read = async (ids: readonly number[]): Promise<ReadonlyMap<number, KeptPerson>> => {
    const found = new Map<number, KeptPerson>();
    for (let from = 0; from < ids.length; from += PERSONS_AT_A_TIME) {
      const rows = await ask<PersonRow>(
        `SELECT v.id, ${PERSONVO}, v.invalidpnr FROM ${of("personvo")} v WHERE v.id = ANY($1::integer[])`,
        [ids.slice(from, from + PERSONS_AT_A_TIME)],
      );
      for (const [id, element, invalid] of rows) {
        const person = invalid === null ? oneByte(element) : null;
        persons.set(id, person);
        found.set(id, person);
      }
    }
    return found;
  };

  return async (searches, separators, most) => {
    const occasionsFound: OccasionParticipants[] = [];
    let registrations = 0;
    for (const search of byKind(searches)) {
      const ids = await participantsOf(search, most);
      registrations += ids.length;
      if (registrations > most) return undefined;
      occasionsFound.push({ typ: search.typ, ids });
    }
    const { ids, typs } = unionOf(occasionsFound);
    const { found, missing } = kept(persons, ids);
    if (missing > 0) {
      const asked = await read([...ids].filter((_, at) => found[at] === undefined));
      for (const [at, id] of ids.entries()) found[at] ??= asked.get(id);
    }
    const texts: string[] = [];
    for (const person of found) {
      if (person === undefined || person === null) return undefined;
      texts.push(person);
    }
    return joinedPersons(texts, typs, separators);
  };
}
