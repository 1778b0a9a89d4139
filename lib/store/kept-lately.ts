/**
 * What each process keeps of what it has read of a generation lately, whatever the engine: a generation never changes, so that
 * it is right for as long as it is served.
 */
import type { JoinedPersonVOs, OccasionSearch, Separators } from "./queries.js";

/** Characters of finished persons that each process keeps: some 40 000 persons. */
export const MAX_KEPT_CHARACTERS = 16 * 1024 * 1024;
/** Participants of occasions that it keeps, four bytes each. */
export const MAX_KEPT_PARTICIPANTS = 1_000_000;

/** Persons that are joined to one string. Of larger strings V8 maps and unmaps the memory each time, which costs more than joining. */
const JOINED_AT_A_TIME = 128;

/** What is kept of these persons, in their order, and how many are not. */
export function kept<Value>(
  values: Bounded<number, Value>,
  ids: Int32Array,
): { readonly found: (Value | undefined)[]; readonly missing: number } {
  const found = new Array<Value | undefined>(ids.length);
  let missing = 0;
  for (let at = 0; at < ids.length; at++) {
    const value = values.get(ids[at] as number);
    found[at] = value;
    if (value === undefined) missing += 1;
  }
  return { found, missing };
}

/** Who takes part in an occasion: persons' ids in list order. */
export interface OccasionParticipants {
  readonly typ: OccasionSearch["typ"];
  readonly ids: Int32Array;
}

/** Persons in list order, each once. */
export interface Union {
  readonly ids: Int32Array;
  /** Each one's kind; or all of them have this one. */
  readonly typs: OccasionSearch["typ"] | readonly OccasionSearch["typ"][];
}

/** Of several occasions, by kind: each person with the first kind that it is found by. */
export function unionOf(occasions: readonly OccasionParticipants[]): Union {
  const [only, another] = occasions;
  if (only === undefined) return { ids: new Int32Array(), typs: "FFG" };
  if (another === undefined) return { ids: only.ids, typs: only.typ };
  const typOf = new Map<number, OccasionSearch["typ"]>();
  for (const { typ, ids } of occasions) for (const id of ids) if (!typOf.has(id)) typOf.set(id, typ);
  // Of typed arrays `sort` is by number.
  const ids = Int32Array.from(typOf.keys()).sort();
  const last = occasions.at(-1)?.typ;
  if (only.typ === last) return { ids, typs: only.typ };
  return { ids, typs: Array.from(ids, (id) => typOf.get(id) as OccasionSearch["typ"]) };
}

/** `texts`: of each person, one byte a character. */
export function joinedPersons(
  texts: readonly string[],
  typs: Union["typs"],
  separators: Separators,
): JoinedPersonVOs {
  const persons = texts.length;
  if (typeof typs === "string") {
    return { oneByteTexts: joinedInParts(texts, oneByte(separators[typs])), first: typs, persons };
  }
  const between = { FFG: oneByte(separators.FFG), FO: oneByte(separators.FO) };
  const pieces = texts.flatMap((text, at) => {
    const typ = typs[at];
    return at === 0 || typ === undefined ? [text] : [between[typ], text];
  });
  return { oneByteTexts: joinedInParts(pieces, ""), first: typs[0] ?? "FFG", persons };
}

function joinedInParts(texts: readonly string[], separator: string): string[] {
  if (texts.length === 0) return [];
  if (texts.length <= JOINED_AT_A_TIME) return [texts.join(separator)];
  const parts: string[] = [];
  for (let from = 0; from < texts.length; from += JOINED_AT_A_TIME) {
    if (from > 0 && separator !== "") parts.push(separator);
    parts.push(texts.slice(from, from + JOINED_AT_A_TIME).join(separator));
  }
  return parts;
}

export function oneByte(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** An occasion's first-time participants, or those who go on in a half-year. */
export function keyOf(search: OccasionSearch): string {
  return search.typ === "FFG" ? `${search.ktill}` : `${search.ktill} ${search.termin}`;
}

export interface Bounded<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
}

/**
 * Values that weigh at most so much together: when those of lately weigh half of it, those that were not asked for since
 * the last time it came to that are forgotten, all at once. To take the oldest one out of a Map for each new one would mean
 * to walk past all that were taken out before.
 */
export function bounded<Key, Value>(most: number, weigh: (value: Value) => number): Bounded<Key, Value> {
  let lately = new Map<Key, Value>();
  let before = new Map<Key, Value>();
  let weight = 0;

  const set = (key: Key, value: Value): void => {
    const known = lately.get(key);
    if (known !== undefined) weight -= weigh(known);
    lately.set(key, value);
    weight += weigh(value);
    if (weight <= most / 2) return;
    before = lately;
    lately = new Map();
    weight = 0;
  };

  return {
    get(key) {
      const value = lately.get(key);
      if (value !== undefined) return value;
      const older = before.get(key);
      if (older !== undefined) set(key, older);
      return older;
    },
    set,
  };
}
