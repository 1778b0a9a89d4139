/** The usual answer, the participants that searches find, from what has been read lately: as SQLite's generation does it. */
import { byKind } from "../found.js";
import {
  bounded,
  type Found,
  foundBy,
  foundLately,
  joinedPersons,
  kept,
  keyOf,
  MAX_KEPT_CHARACTERS,
  oneByte,
  unionOf,
} from "../kept-lately.js";
import type { Generation, Search } from "../queries.js";
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
  registrationsOf: (search: Search) => Registrations,
): Generation["joinedPersonVOs"] {
  const persons = bounded<number, KeptPerson>(MAX_KEPT_CHARACTERS, (text) => text?.length ?? 1);
  const lately = foundLately<Found>();

  const find = async (search: Search, most: number): Promise<Found> => {
    const key = keyOf(search);
    const known = lately.get(key);
    if (known !== undefined) return known;
    const { table, condition, values } = registrationsOf(search);
    const rows = await ask<[number]>(
      `SELECT r.person FROM ${table} r WHERE ${condition} ORDER BY r.person LIMIT ${Math.floor(most) + 1}`,
      values,
    );
    const found = foundBy(
      search,
      rows.map(([person]) => person),
    );
    if (found.registrations > 0 && found.registrations <= most) lately.set(key, found);
    return found;
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
    const bySearches: Found[] = [];
    let registrations = 0;
    for (const search of byKind(searches)) {
      const bySearch = await find(search, most);
      registrations += bySearch.registrations;
      if (registrations > most) return undefined;
      bySearches.push(bySearch);
    }
    const { ids, kinds } = unionOf(bySearches);
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
    return joinedPersons(texts, kinds, separators);
  };
}
