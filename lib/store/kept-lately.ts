/**
 * What each process keeps of what it has read of a generation lately, whatever the engine: a generation never changes, so that
 * it is right for as long as it is served.
 */
import type { JoinedPersonVOs, Participant, Search, Separators } from "./queries.js";

/** Characters of finished persons that each process keeps: some 40 000 persons. */
export const MAX_KEPT_CHARACTERS = 16 * 1024 * 1024;
/** Participants that searches have found, four bytes each. */
const MAX_KEPT_PARTICIPANTS = 1_000_000;

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

type Kind = Participant["regtyp"];

/** Whom a search finds. */
export interface Found {
  readonly search: Search;
  /** Persons in list order, each once. */
  readonly ids: Int32Array;
  /** A person may have several. */
  readonly registrations: number;
}

/** What an entry takes besides, as participants. */
const FOUND_OVERHEAD = 30;

/** `ids`: of registrations, in list order of their persons. */
export function foundBy(search: Search, ids: readonly number[]): Found {
  return {
    search,
    ids: Int32Array.from(ids.filter((id, at) => at === 0 || id !== ids[at - 1])),
    registrations: ids.length,
  };
}

/** What searches have found lately. What found nobody is not kept: a caller may ask for anything. */
export function foundLately<F extends Found>(): Bounded<string, F> {
  return bounded(MAX_KEPT_PARTICIPANTS, ({ ids }) => FOUND_OVERHEAD + ids.length);
}

/** Persons in list order, each once. */
export interface Union {
  readonly ids: Int32Array;
  /** Each one's kind; or all of them have this one. */
  readonly kinds: Kind | readonly Kind[];
}

/** Of several searches, by kind: each person with the first kind that it is found by. */
export function unionOf(found: readonly Found[]): Union {
  const somebody = found.filter(({ ids }) => ids.length > 0);
  const [only, another] = somebody;
  if (only === undefined) return { ids: new Int32Array(), kinds: "FFG" };
  if (another === undefined) return { ids: only.ids, kinds: only.search.typ };
  const kindOf = new Map<number, Kind>();
  for (const { search, ids } of somebody) {
    for (const id of ids) if (!kindOf.has(id)) kindOf.set(id, search.typ);
  }
  // Of typed arrays `sort` is by number.
  const ids = Int32Array.from(kindOf.keys()).sort();
  if (only.search.typ === somebody.at(-1)?.search.typ) return { ids, kinds: only.search.typ };
  return { ids, kinds: Array.from(ids, (id) => kindOf.get(id) as Kind) };
}

/** `texts`: of each person, one byte a character. */
export function joinedPersons(
  texts: readonly string[],
  kinds: Union["kinds"],
  separators: Separators,
): JoinedPersonVOs {
  const persons = texts.length;
  if (typeof kinds === "string") {
    return { oneByteTexts: joinedInParts(texts, oneByte(separators[kinds])), first: kinds, persons };
  }
  const between = {
    FFG: oneByte(separators.FFG),
    FO: oneByte(separators.FO),
    OM: oneByte(separators.OM),
  };
  const pieces = texts.flatMap((text, at) => {
    const kind = kinds[at];
    return at === 0 || kind === undefined ? [text] : [between[kind], text];
  });
  return { oneByteTexts: joinedInParts(pieces, ""), first: kinds[0] ?? "FFG", persons };
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

/** The same for the same search. No code has U+0000, as XML has not. */
export function keyOf(search: Search): string {
  switch (search.typ) {
    case "FFG":
      return `FFG ${search.ktill} ${search.programId ?? ""}`;
    case "FO":
      return `FO ${search.ktill} ${search.termin} ${search.programId ?? ""}`;
    case "OM": {
      const { kurskey, termin, institutions } = search;
      return ["OM", kurskey, termin, ...(institutions === "*" ? ["", "*"] : institutions)].join("\u0000");
    }
  }
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
