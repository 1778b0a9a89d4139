/**
 * The usual answer, the participants of one occasion, from what has been read lately.
 *
 * A generation never changes, so that what was read of it is right for as long as it is served. Kept are who an occasion's
 * participants are, and each person's finished bytes, both within bounds. The bytes are kept as strings of one byte a
 * character: joining strings is the fastest that V8 has, a fifth of the time of asking SQLite for the same.
 */
import {
  bounded,
  joinedInParts,
  kept,
  keyOf,
  MAX_KEPT_CHARACTERS,
  MAX_KEPT_PARTICIPANTS,
  oneByte,
} from "../kept-lately.js";
import type { JoinedPersonVOs, OccasionSearch } from "../queries.js";
import type { Connection } from "./files.js";

/** When more of an occasion's persons than this part are not kept, one question for all is faster than one for each. */
const MOST_MISSING = 1 / 4;

/** An occasion one of whose participants stands in no list. */
const HAS_INVALID = Symbol("has an incorrect personnummer");

export type JoinPersonVOs = (
  search: OccasionSearch,
  separator: string,
  most: number,
) => JoinedPersonVOs | undefined;

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

  const hasInvalid = (search: OccasionSearch): undefined => {
    occasions.set(keyOf(search), HAS_INVALID);
    return undefined;
  };

  /** Undefined: one stands in no list. */
  const readEach = (ids: Int32Array, found: (string | undefined)[]): string[] | undefined => {
    for (const [at, id] of ids.entries()) {
      if (found[at] !== undefined) continue;
      const [bytes, invalid] = onePerson.get(id) as [Buffer, string | null];
      if (invalid !== null) return undefined;
      const text = bytes.toString("latin1");
      persons.set(id, text);
      found[at] = text;
    }
    return found as string[];
  };

  const readAll = (search: OccasionSearch, separator: string, ids: Int32Array): string | undefined => {
    const [bytes, invalid] = (
      search.typ === "FFG"
        ? joinedFfg.get(separator, search.ktill)
        : joinedFo.get(separator, search.ktill, search.termin)
    ) as [Buffer, number];
    if (invalid > 0) return undefined;
    // The separator has tags that no person's element has.
    const text = bytes.toString("latin1");
    const between = oneByte(separator);
    const parts = text.split(between);
    if (parts.length === ids.length) {
      let begin = 0;
      for (const [at, id] of ids.entries()) {
        const end = begin + (parts[at] as string).length;
        // Not the part itself: V8 makes it a window on the whole text, which would stay in memory for as long as it does.
        if (persons.get(id) === undefined) persons.set(id, bytes.toString("latin1", begin, end));
        begin = end + between.length;
      }
    }
    return text;
  };

  /** Undefined: one stands in no list. */
  const textsOf = (search: OccasionSearch, separator: string, ids: Int32Array): string[] | undefined => {
    const { found, missing } = kept(persons, ids);
    if (missing > ids.length * MOST_MISSING) {
      const text = readAll(search, separator, ids);
      return text === undefined ? undefined : [text];
    }
    const whole = missing === 0 ? (found as string[]) : readEach(ids, found);
    return whole && joinedInParts(whole, oneByte(separator));
  };

  return (search, separator, most) => {
    const ids = participantsOf(search, most);
    if (ids === HAS_INVALID || ids.length > most) return undefined;
    if (ids.length === 0) return { oneByteTexts: [], persons: 0 };
    const oneByteTexts = textsOf(search, separator, ids);
    if (oneByteTexts === undefined) return hasInvalid(search);
    return { oneByteTexts, persons: ids.length };
  };
}
