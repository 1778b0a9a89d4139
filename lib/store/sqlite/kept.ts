import type {
  GroupKind,
  GroupsToKeep,
  HistoryWindow,
  KeptGroup,
  KeptGroups,
  KeptMembership,
} from "../../mapping/api.js";
import { getOrAdd } from "../../mapping/collections.js";
import type { PersonData } from "../../mapping/rows.js";
import { sharedGroups } from "../../mapping/share-equal.js";
import { GENERATION_SCHEMA_VERSION } from "../schema.js";
import { bulkInsert, type RowSink } from "./bulk-insert.js";
import { type Connection, guarded, openReadable } from "./files.js";
import { intList } from "./int-list.js";

/** Writes what the next load may carry over (contract section 5, History) into the generation that is being built. */
export interface KeptWriter {
  /** `person`: its number in NAMN. Persons come in the order of their numbers. */
  add(person: number, memberships: readonly KeptMembership[]): void;
  /**
   * After the last person; `groups` has the occasion of every membership. `room` is waited for after some rows, and at the
   * end.
   */
  finish(groups: GroupsToKeep, room: () => Promise<void>): Promise<void>;
}

/** Places (a time in an occasion) of several periods or with programmes that are remembered while persons are written. */
const MAX_REMEMBERED_PLACES = 10_000;
/** Places of one occasion that are looked through for one that a person shares. */
const MAX_COMPARED_PLACES = 64;
const NONE = -1;

/** Records of groups that are written before what has not yet been written is waited for. */
const GROUPS_AT_A_TIME = 500;

/** For a file that is thrown away when anything fails: see `bulkInsert`. */
export function keptWriter(sink: Connection | RowSink): KeptWriter {
  const rows = bulkInsert(sink, "KEPT_PERSON", "ID, PLACES");
  const places = bulkInsert(sink, "KEPT_PLACE", "ID, OCCASION, BEGIN, END, PERIODS, LASTTERMIN, PROGRAMS");
  // Places point at occasions by number; the occasions themselves are known when all persons have been seen.
  const numbers = new Map<string, number>();
  const numberOf = (group: string) => getOrAdd(numbers, group, () => numbers.size + 1);
  // Those who share a place point at one row. The mapping gives many persons one object, and freezes it; of the others,
  // nearly all are one period without a programme: the places of each occasion are chains of bare numbers.
  const byObject = new Map<KeptMembership, number>();
  const chains = { first: intList(), next: intList(), period: intList() };
  const numberOfPeriod = periodNumbers();
  const byContent = new Map<string, number>();
  let placeCount = 0;
  const addPlace = ({ occasion, periods, lastTermin, programmes }: KeptMembership): number => {
    placeCount += 1;
    places.add(
      placeCount,
      numberOf(occasion),
      periods[0]?.begin ?? "",
      lastDay(periods),
      periods.length === 1 ? null : JSON.stringify(periods),
      lastTermin,
      programmes.length === 0 ? null : JSON.stringify(programmes),
    );
    return placeCount;
  };
  const placeOf = (membership: KeptMembership): number => {
    // What is not shared is not remembered: it would fill memory with what never comes again.
    if (Object.isFrozen(membership)) return getOrAdd(byObject, membership, placeOfContent);
    return placeOfContent(membership);
  };
  const placeOfContent = (membership: KeptMembership): number => {
    const { periods, programmes } = membership;
    const [only] = periods;
    if (only !== undefined && periods.length === 1 && programmes.length === 0) {
      return placeOfPeriod(membership, only);
    }
    const content = JSON.stringify([membership.occasion, periods, programmes]);
    const number = getOrAdd(byContent, content, () => addPlace(membership));
    if (byContent.size >= MAX_REMEMBERED_PLACES) byContent.clear();
    return number;
  };
  const placeOfPeriod = (membership: KeptMembership, only: KeptMembership["periods"][number]): number => {
    const { first, next, period } = chains;
    const occasion = numberOf(membership.occasion);
    const wanted = numberOfPeriod(only);
    while (first.length <= occasion) first.push(NONE);
    let place = first.at(occasion);
    for (let compared = 0; place !== NONE && compared < MAX_COMPARED_PLACES; compared++) {
      if (period.at(place) === wanted) return place;
      place = next.at(place);
    }
    const added = addPlace(membership);
    while (next.length <= added) {
      next.push(NONE);
      period.push(NONE);
    }
    next.set(added, first.at(occasion));
    period.set(added, wanted);
    first.set(occasion, added);
    return added;
  };
  return {
    add(person, memberships) {
      if (memberships.length === 0) return;
      let list = "";
      for (const membership of memberships) {
        list += list === "" ? placeOf(membership) : `,${placeOf(membership)}`;
      }
      rows.add(person, list);
    },

    async finish({ groups, members }, room) {
      rows.flush();
      places.flush();
      const keptGroup = bulkInsert(sink, "KEPT_GROUP", "ID, KIND, RECORD, LASTTERMIN, END");
      let count = 0;
      for (const { kind, record, lastTermin, end } of groups) {
        const number = numberOf(record.sourcedIds[0]?.id ?? "");
        keptGroup.add(number, kind, JSON.stringify(record), lastTermin ?? null, end ?? null);
        if (++count % GROUPS_AT_A_TIME === 0) await room();
      }
      keptGroup.flush();
      const keptMember = bulkInsert(sink, "KEPT_MEMBER", "RECORD");
      for (const member of members) {
        keptMember.add(JSON.stringify(member));
        if (++count % GROUPS_AT_A_TIME === 0) await room();
      }
      keptMember.flush();
      numbers.clear();
      byObject.clear();
      byContent.clear();
      await room();
    },
  };
}

/** Numbers of periods: of begin and end, from which LASTTERMIN follows. */
function periodNumbers(): (period: KeptMembership["periods"][number]) => number {
  const byBegin = new Map<string, Map<string, number>>();
  let count = 0;
  return ({ begin, end }) =>
    getOrAdd(
      getOrAdd(byBegin, begin, () => new Map<string, number>()),
      end,
      () => count++,
    );
}

function lastDay(periods: KeptMembership["periods"]): string {
  return periods.reduce((last, { end }) => (end > last ? end : last), "");
}

/** What an earlier load offers to the next one. */
export interface PreviousLoad {
  readonly kept: KeptGroups;
  /** Ids of the occasions of which some membership lies in the window. */
  occasionsWithMemberships(window: HistoryWindow): ReadonlySet<string>;
  /** Persons with memberships that lie in the window, in list order: only what is kept of a person who is gone. */
  persons(window: HistoryWindow): IterableIterator<KeptPerson>;
  close(): void;
}

export interface KeptPerson {
  readonly person: PersonData;
  readonly memberships: readonly KeptMembership[];
}

/** Opens a finished generation; undefined when one of another schema version, which has nothing that can be carried over. */
export function openPreviousLoad(file: string): PreviousLoad | undefined {
  const connection = openReadable(file);
  try {
    return guarded(UNREADABLE, () => {
      if (connection.pragma("user_version", { simple: true }) === GENERATION_SCHEMA_VERSION) {
        return previousLoadIn(connection);
      }
      connection.close();
      return undefined;
    });
  } catch (error) {
    connection.close();
    throw error;
  }
}

const UNREADABLE = "cannot read what the previous load kept";

/** A membership lies in the window when it had ended, and its last half-year has passed and is not too old. */
const IN_WINDOW = "END < ? AND LASTTERMIN < ? AND LASTTERMIN >= ?";
const windowValues = ({ day, current, oldest }: HistoryWindow) => [day, current, oldest];

function previousLoadIn(connection: Connection): PreviousLoad {
  // One transaction for all: otherwise each question locks the file anew.
  connection.exec("BEGIN");
  const occasionIds = new Map<number, string>();
  const kept = readKept(connection, occasionIds);
  const occasionOf = (number: number) => occasionIds.get(number) ?? "";
  return {
    kept,
    occasionsWithMemberships: (window) =>
      guarded(UNREADABLE, () => {
        const numbers = connection
          .prepare(`SELECT DISTINCT OCCASION FROM KEPT_PLACE WHERE ${IN_WINDOW}`)
          .pluck()
          .all(windowValues(window)) as number[];
        return new Set(numbers.map(occasionOf));
      }),
    persons: (window) => readingPersons(connection, window, occasionOf),
    close: () => connection.close(),
  };
}

function readKept(connection: Connection, occasionIds: Map<number, string>): KeptGroups {
  const shared = sharedGroups();
  const groups: KeptGroup[] = [];
  const rows = inPortions<KeptGroupRow>(
    connection,
    "SELECT ID, KIND, RECORD, LASTTERMIN, END FROM KEPT_GROUP WHERE ID > ? ORDER BY ID",
  );
  for (const [number, kind, text, lastTermin, end] of rows) {
    const record = shared(JSON.parse(text) as KeptGroup["record"]);
    occasionIds.set(number, record.sourcedIds[0]?.id ?? "");
    groups.push({
      kind,
      record,
      ...(lastTermin === null ? {} : { lastTermin }),
      ...(end === null ? {} : { end }),
    });
  }
  const members = connection
    .prepare("SELECT RECORD FROM KEPT_MEMBER ORDER BY rowid")
    .pluck()
    .all() as string[];
  return { groups, members: members.map((text) => JSON.parse(text) as KeptGroups["members"][number]) };
}

type KeptGroupRow = [
  id: number,
  kind: GroupKind,
  record: string,
  lastTermin: string | null,
  end: string | null,
];

type PlaceRow = [
  occasion: number,
  begin: string,
  end: string,
  periods: string | null,
  lastTermin: string,
  programs: string | null,
];

type PersonRow = [
  number: number,
  id: string,
  personnummer: string | null,
  efternamn: string | null,
  fornamn: string | null,
  isProtected: number,
  places: string,
];

/** The driver's errors come as ours, here too where rows are read one by one. */
function* readingPersons(
  connection: Connection,
  window: HistoryWindow,
  occasionOf: (number: number) => string,
): Generator<KeptPerson> {
  const read = guarded(UNREADABLE, () => personsIn(connection, window, occasionOf));
  try {
    for (;;) {
      const next = guarded(UNREADABLE, () => read.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    read.return(undefined);
  }
}

function* personsIn(
  connection: Connection,
  window: HistoryWindow,
  occasionOf: (number: number) => string,
): Generator<KeptPerson> {
  // What the store has of a number gives the same number again: century and digits, or (without that form) as received.
  const persons = inPortions<PersonRow>(
    connection,
    // What the store has of a number gives the same number again: century and digits, or (without that form) as received.
    `SELECT n.ID, n.REGISTERID, CASE WHEN n.PNR IS NULL THEN (SELECT v.INVALIDPNR FROM PERSONVO v WHERE v.ID = n.ID)
       ELSE coalesce(n.SEKEL, '') || n.PNR END, n.ENAMN, n.TNAMN, n.SKYDDAD, k.PLACES
     FROM KEPT_PERSON k CROSS JOIN NAMN n ON n.ID = k.ID WHERE k.ID > ? ORDER BY k.ID`,
  );
  const placeOf = placesInWindow(connection, window, occasionOf);
  const furtherIds = furtherIdsInOrder(connection);
  try {
    for (const row of persons) {
      const memberships: KeptMembership[] = [];
      for (const number of row[6].split(",")) {
        const place = placeOf(Number(number));
        if (place !== undefined) memberships.push(place);
      }
      if (memberships.length > 0) yield { person: personOf(row, furtherIds.of(row[0])), memberships };
    }
  } finally {
    furtherIds.close();
  }
}

/** Rows that are read at a time: SQLite gives them several times as fast as one by one. */
const ROWS_PER_PORTION = 1_000;

/** The rows of a select in order of their first column, which must be greater than its first parameter. */
function* inPortions<Row extends [number, ...unknown[]]>(
  connection: Connection,
  select: string,
  further: readonly string[] = [],
): Generator<Row> {
  const statement = connection.prepare(`${select} LIMIT ${ROWS_PER_PORTION}`).raw();
  for (let after = 0; ; ) {
    const rows = statement.all(after, ...further) as Row[];
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_PER_PORTION) return;
    after = last[0];
  }
}

/**
 * Places by number; undefined for those that do not lie in the window. All are read at once, nearly all of them as bare
 * numbers: one period, no programme.
 */
function placesInWindow(
  connection: Connection,
  window: HistoryWindow,
  occasionOf: (number: number) => string,
) {
  const usual = {
    index: intList(),
    occasion: intList(),
    begin: intList(),
    end: intList(),
    lastTermin: intList(),
  };
  const unusual = new Map<number, KeptMembership>();
  const texts: string[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (text: string) => getOrAdd(numbers, text, () => texts.push(text) - 1);
  const textOf = (number: number) => texts[number] as string;
  const rows = inPortions<[number: number, ...place: PlaceRow]>(
    connection,
    `SELECT ID, OCCASION, BEGIN, END, PERIODS, LASTTERMIN, PROGRAMS FROM KEPT_PLACE
     WHERE ID > ? AND ${IN_WINDOW} ORDER BY ID`,
    windowValues(window),
  );
  for (const [number, ...row] of rows) {
    const [occasion, begin, end, periods, lastTermin, programs] = row;
    if (periods !== null || programs !== null) {
      unusual.set(number, membershipOf(row, occasionOf));
      continue;
    }
    while (usual.index.length <= number) usual.index.push(NONE);
    usual.index.set(number, usual.occasion.length);
    usual.occasion.push(occasion);
    usual.begin.push(numberOf(begin));
    usual.end.push(numberOf(end));
    usual.lastTermin.push(numberOf(lastTermin));
  }
  return (number: number): KeptMembership | undefined => {
    const index = number < usual.index.length ? usual.index.at(number) : NONE;
    if (index === NONE) return unusual.get(number);
    return {
      occasion: occasionOf(usual.occasion.at(index)),
      periods: [{ begin: textOf(usual.begin.at(index)), end: textOf(usual.end.at(index)) }],
      lastTermin: textOf(usual.lastTermin.at(index)),
      programmes: NO_PROGRAMMES,
    };
  };
}

/** The further ids of persons, who are asked for in the order of their numbers. Most have none: one pass finds those there are. */
function furtherIdsInOrder(connection: Connection) {
  const rows = connection
    .prepare(
      `SELECT a.PERSON, a.ALIAS FROM PERSON_ALIAS a CROSS JOIN NAMN n ON n.ID = a.PERSON
       WHERE a.ALIAS <> n.REGISTERID ORDER BY a.PERSON, a.rowid`,
    )
    .raw()
    .iterate() as IterableIterator<[number, string]>;
  let row = rows.next();
  return {
    of(person: number): string[] {
      const found: string[] = [];
      for (; !row.done && row.value[0] <= person; row = rows.next()) {
        if (row.value[0] === person) found.push(row.value[1]);
      }
      return found;
    },
    /** A connection with an unfinished select cannot be closed. */
    close: () => rows.return?.(),
  };
}

function personOf(
  [, id, personnummer, efternamn, fornamn, isProtected]: PersonRow,
  furtherIds: readonly string[],
): PersonData {
  return {
    id,
    aliases: [id, ...furtherIds],
    ...(personnummer === null || personnummer === "" ? {} : { personnummer }),
    ...(efternamn === null ? {} : { efternamn }),
    ...(fornamn === null ? {} : { fornamn }),
    protected: isProtected === 1,
    staff: false,
  };
}

function membershipOf(
  [occasion, begin, end, periods, lastTermin, programs]: PlaceRow,
  occasionOf: (number: number) => string,
): KeptMembership {
  return {
    occasion: occasionOf(occasion),
    periods: periods === null ? [{ begin, end }] : (JSON.parse(periods) as KeptMembership["periods"]),
    lastTermin,
    programmes: programs === null ? NO_PROGRAMMES : (JSON.parse(programs) as string[]),
  };
}

const NO_PROGRAMMES: readonly string[] = [];
