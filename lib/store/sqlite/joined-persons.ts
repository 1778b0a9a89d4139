/**
 * The usual answer, the participants that searches find, from what has been read lately.
 *
 * A generation never changes, so that what was read of it is right for as long as it is served. Kept are whom a search finds,
 * and each person's finished bytes, both within bounds. The bytes are kept as strings of one byte a character: joining strings
 * is the fastest that V8 has, a fifth of the time of asking SQLite for the same.
 */
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
  unionOf,
} from "../kept-lately.js";
import type { Generation, JoinedPersonVOs, Search } from "../queries.js";
import type { Connection } from "./files.js";
import { questionOf, registrations } from "./registration-queries.js";

/** When more of an occasion's persons than this part are not kept, one question for all is faster than one for each. */
const MOST_MISSING = 1 / 4;

/** Between persons that are read together: no XML can hold it. */
const BETWEEN_PERSONS = "\u0001";

interface FoundBySearch extends Found {
  /** One of them has an incorrect personnummer, and stands in no list. */
  hasInvalid: boolean;
}

export function joinedPersonsIn(
  connection: Connection,
  maxKeptCharacters = MAX_KEPT_CHARACTERS,
): (...question: Parameters<Generation["joinedPersonVOs"]>) => JoinedPersonVOs | undefined {
  const participants = registrations((table, condition) =>
    connection
      .prepare(`SELECT r.PERSON FROM ${table} r WHERE ${condition} ORDER BY r.PERSON LIMIT ?`)
      .pluck(),
  );
  // The subquery's order is the order of concatenation; a BLOB goes to the answer without becoming a string.
  const joined = (table: string, condition: string) =>
    connection
      .prepare(
        `SELECT CAST(group_concat(PERSONVO, ?) AS BLOB), count(INVALIDPNR) FROM (
           SELECT v.PERSONVO, v.INVALIDPNR FROM ${table} r CROSS JOIN PERSONVO v ON v.ID = r.PERSON
           WHERE ${condition} ORDER BY r.PERSON)`,
      )
      .raw();
  const joinedFfg = joined("FFGKURS", "r.KTILL = ?");
  const joinedFo = joined("FORTKURS", "r.KTILL = ? AND r.TERMIN = ?");
  const onePerson = connection.prepare("SELECT PERSONVO, INVALIDPNR FROM PERSONVO WHERE ID = ?").raw();

  const persons = bounded<number, string>(maxKeptCharacters, (bytes) => bytes.length);
  const lately = foundLately<FoundBySearch>();

  const find = (search: Search, most: number): FoundBySearch => {
    const key = keyOf(search);
    const known = lately.get(key);
    if (known !== undefined) return known;
    const { statement, parameters } = questionOf(search, participants);
    const found = foundBy(search, statement.all(...parameters, most + 1) as number[]);
    const bySearch = { ...found, hasInvalid: false };
    if (found.registrations > 0 && found.registrations <= most) lately.set(key, bySearch);
    return bySearch;
  };

  /** Undefined: the person stands in no list. */
  const read = (id: number): string | undefined => {
    const [bytes, invalid] = onePerson.get(id) as [Buffer, string | null];
    if (invalid !== null) return undefined;
    const text = bytes.toString("latin1");
    persons.set(id, text);
    return text;
  };

  /** The texts that are missing; undefined: one stands in no list. */
  const readEach = (
    found: readonly FoundBySearch[],
    ids: Int32Array,
    texts: (string | undefined)[],
  ): string[] | undefined => {
    for (const [at, id] of ids.entries()) {
      texts[at] ??= read(id);
      if (texts[at] !== undefined) continue;
      for (const bySearch of found) if (bySearch.ids.includes(id)) bySearch.hasInvalid = true;
      return undefined;
    }
    return texts as string[];
  };

  /** Of all whom a search finds, in their order; undefined: one stands in no list. */
  const readAll = (bySearch: FoundBySearch): string[] | undefined => {
    const { search, ids } = bySearch;
    if (ids.length === 0) return [];
    if (search.typ === "OM" || search.programId !== undefined) return readEach([bySearch], ids, []);
    const [bytes, invalid] = (
      search.typ === "FFG"
        ? joinedFfg.get(BETWEEN_PERSONS, search.ktill)
        : joinedFo.get(BETWEEN_PERSONS, search.ktill, search.termin)
    ) as [Buffer, number];
    if (invalid > 0) {
      bySearch.hasInvalid = true;
      return undefined;
    }
    const texts = bytes.toString("latin1").split(BETWEEN_PERSONS);
    let begin = 0;
    for (const [at, id] of ids.entries()) {
      const end = begin + (texts[at] as string).length;
      // Not the part itself: V8 makes it a window on the whole text, which would stay in memory for as long as it does.
      if (persons.get(id) === undefined) persons.set(id, bytes.toString("latin1", begin, end));
      begin = end + BETWEEN_PERSONS.length;
    }
    return texts;
  };

  /** The same of several searches: of `ids`, whom they find together. */
  const readAllOf = (found: readonly FoundBySearch[], ids: Int32Array): string[] | undefined => {
    const textOf = new Map<number, string>();
    for (const bySearch of found) {
      const texts = readAll(bySearch);
      if (texts === undefined) return undefined;
      for (const [at, id] of bySearch.ids.entries()) textOf.set(id, texts[at] as string);
    }
    return Array.from(ids, (id) => textOf.get(id) as string);
  };

  return (searches, separators, most) => {
    const found: FoundBySearch[] = [];
    let registrations = 0;
    for (const search of byKind(searches)) {
      const bySearch = find(search, most);
      registrations += bySearch.registrations;
      if (bySearch.hasInvalid || registrations > most) return undefined;
      found.push(bySearch);
    }
    const { ids, kinds } = unionOf(found);
    const { found: texts, missing } = kept(persons, ids);
    if (missing === 0) return joinedPersons(texts as string[], kinds, separators);
    const read = missing > ids.length * MOST_MISSING ? readAllOf(found, ids) : readEach(found, ids, texts);
    return read && joinedPersons(read, kinds, separators);
  };
}
