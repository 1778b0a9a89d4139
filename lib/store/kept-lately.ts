/**
 * What each process keeps of what it has read of a generation lately, whatever the engine: a generation never changes, so that
 * it is right for as long as it is served.
 */
import type { OccasionSearch } from "./queries.js";

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

export function joinedInParts(texts: readonly string[], separator: string): string[] {
  if (texts.length <= JOINED_AT_A_TIME) return [texts.join(separator)];
  const parts: string[] = [];
  for (let from = 0; from < texts.length; from += JOINED_AT_A_TIME) {
    if (from > 0) parts.push(separator);
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
