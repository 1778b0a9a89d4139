/**
 * The usual answer, the participants of one occasion or of a few, from what has been read lately.
 *
 * A generation never changes, so that what was read of it is right for as long as it is served. Kept are who an occasion's
 * participants are, and each person's finished bytes, both within bounds. The bytes are kept as strings of one byte a
 * character: joining strings is the fastest that V8 has, a fifth of the time of asking SQLite for the same.
 */
import { byKind } from "../found.js";
import {
  bounded,
  joinedPersons,
  kept,
  keyOf,
  MAX_KEPT_CHARACTERS,
  MAX_KEPT_PARTICIPANTS,
  type OccasionParticipants,
  unionOf,
} from "../kept-lately.js";
import type { JoinedPersonVOs, OccasionSearch, Separators } from "../queries.js";
import type { Connection } from "./files.js";

/** When more of an occasion's persons than this part are not kept, one question for all is faster than one for each. */
const MOST_MISSING = 1 / 4;

/** Between persons that are read together: no XML can hold it. */
const BETWEEN_PERSONS = "\u0001";

/** An occasion one of whose participants stands in no list. */
const HAS_INVALID = Symbol("has an incorrect personnummer");

export type JoinPersonVOs = (
  searches: readonly OccasionSearch[],
  separators: Separators,
  most: number,
) => JoinedPersonVOs | undefined;

interface FoundOccasion extends OccasionParticipants {
  readonly search: OccasionSearch;
}

export function joinedPersonsIn(
  connection: Connection,
  maxKeptCharacters = MAX_KEPT_CHARACTERS,
): JoinPersonVOs {
  const participants = (table: string, condition: string) =>
    connection
      .prepare(`SELECT r.PERSON FROM ${table} r WHERE ${condition} ORDER BY r.PERSON LIMIT ?`)
      .pluck();
  const ofFfg = participants("FFGKURS", "r.KTILL = ?");
  const ofFo = participants("FORTKURS", "r.KTILL = ? AND r.TERMIN = ?");
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
  const occasions = bounded<string, Int32Array | typeof HAS_INVALID>(MAX_KEPT_PARTICIPANTS, (ids) =>
    ids === HAS_INVALID ? 1 : ids.length + 1,
  );

  const participantsOf = (search: OccasionSearch, most: number): Int32Array | typeof HAS_INVALID => {
    const known = occasions.get(keyOf(search));
    if (known !== undefined) return known;
    const ids = Int32Array.from(
      (search.typ === "FFG"
        ? ofFfg.all(search.ktill, most + 1)
        : ofFo.all(search.ktill, search.termin, most + 1)) as number[],
    );
    if (ids.length <= most) occasions.set(keyOf(search), ids);
    return ids;
  };

  /** One stands in no list. */
  const noteInvalid = (found: readonly FoundOccasion[]): undefined => {
    for (const { search } of found) occasions.set(keyOf(search), HAS_INVALID);
    return undefined;
  };

  /** The texts that are missing; undefined: one stands in no list. */
  const readEach = (
    found: readonly FoundOccasion[],
    ids: Int32Array,
    texts: (string | undefined)[],
  ): string[] | undefined => {
    for (const [at, id] of ids.entries()) {
      if (texts[at] !== undefined) continue;
      const [bytes, invalid] = onePerson.get(id) as [Buffer, string | null];
      if (invalid !== null) return noteInvalid(found.filter((occasion) => occasion.ids.includes(id)));
      const text = bytes.toString("latin1");
      persons.set(id, text);
      texts[at] = text;
    }
    return texts as string[];
  };

  /** An occasion's texts, in the order of `ids`; undefined: one stands in no list. */
  const readAll = (occasion: FoundOccasion): string[] | undefined => {
    const { search, ids } = occasion;
    const [bytes, invalid] = (
      search.typ === "FFG"
        ? joinedFfg.get(BETWEEN_PERSONS, search.ktill)
        : joinedFo.get(BETWEEN_PERSONS, search.ktill, search.termin)
    ) as [Buffer, number];
    if (invalid > 0) return noteInvalid([occasion]);
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

  /** The same of several occasions: those of `ids`, which are the persons of all of them. */
  const readAllOf = (found: readonly FoundOccasion[], ids: Int32Array): string[] | undefined => {
    const [only, another] = found;
    if (only !== undefined && another === undefined) return readAll(only);
    const textOf = new Map<number, string>();
    for (const occasion of found) {
      if (occasion.ids.length === 0) continue;
      const texts = readAll(occasion);
      if (texts === undefined) return undefined;
      for (const [at, id] of occasion.ids.entries()) textOf.set(id, texts[at] as string);
    }
    return Array.from(ids, (id) => textOf.get(id) as string);
  };

  return (searches, separators, most) => {
    const found: FoundOccasion[] = [];
    let registrations = 0;
    for (const search of byKind(searches)) {
      const ids = participantsOf(search, most);
      if (ids === HAS_INVALID) return undefined;
      registrations += ids.length;
      if (registrations > most) return undefined;
      found.push({ search, typ: search.typ, ids });
    }
    const { ids, typs } = unionOf(found);
    const { found: texts, missing } = kept(persons, ids);
    if (missing === 0) return joinedPersons(texts as string[], typs, separators);
    const read = missing > ids.length * MOST_MISSING ? readAllOf(found, ids) : readEach(found, ids, texts);
    return read && joinedPersons(read, typs, separators);
  };
}
