import type { ImsGroup, ImsMember } from "../../ims/records.js";
import type { GroupKind, HistoryWindow, KeptGroup, KeptGroups, KeptMembership } from "../../mapping/api.js";
import type { PersonData } from "../../mapping/rows.js";
import { GENERATION_SCHEMA_VERSION } from "../schema.js";
import { bulkInsert } from "./bulk-insert.js";
import { type Connection, guarded, openReadable } from "./files.js";

/** Writes what the next load may carry over (contract section 5, History) into the generation that is being built. */
export interface KeptWriter {
  /** `person`: its number in NAMN. Persons come in the order of their numbers. */
  add(person: number, memberships: readonly KeptMembership[]): void;
  /** After the last person; `groups` has the occasion of every membership. */
  finish(groups: KeptGroups): void;
}

/** For a file that is thrown away when anything fails: see `bulkInsert`. */
export function keptWriter(connection: Connection): KeptWriter {
  const rows = bulkInsert(
    connection,
    "KEPT_MEMBERSHIP",
    "PERSON, OCCASION, BEGIN, END, PERIODS, LASTTERMIN, PROGRAMS",
  );
  // Memberships point at occasions by number; the occasions themselves are known when all persons have been seen.
  const numbers = new Map<string, number>();
  const numberOf = (group: string) => {
    let number = numbers.get(group);
    if (number === undefined) {
      number = numbers.size + 1;
      numbers.set(group, number);
    }
    return number;
  };
  return {
    add(person, memberships) {
      for (const { occasion, periods, lastTermin, programmes } of memberships) {
        const [first] = periods;
        if (first === undefined) continue;
        rows.add(
          person,
          numberOf(occasion),
          first.begin,
          periods.length === 1 ? first.end : lastDay(periods),
          periods.length === 1 ? null : JSON.stringify(periods),
          lastTermin,
          programmes.length === 0 ? null : JSON.stringify(programmes),
        );
      }
    },

    finish({ groups, members }) {
      rows.flush();
      const keptGroup = bulkInsert(connection, "KEPT_GROUP", "ID, KIND, RECORD, LASTTERMIN, END");
      for (const { kind, record, lastTermin, end } of groups) {
        const number = numberOf(record.sourcedIds[0]?.id ?? "");
        keptGroup.add(number, kind, JSON.stringify(record), lastTermin ?? null, end ?? null);
      }
      keptGroup.flush();
      const keptMember = bulkInsert(connection, "KEPT_MEMBER", "RECORD");
      for (const member of members) keptMember.add(JSON.stringify(member));
      keptMember.flush();
    },
  };
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
const IN_WINDOW = "m.END < ? AND m.LASTTERMIN < ? AND m.LASTTERMIN >= ?";
const windowValues = ({ day, current, oldest }: HistoryWindow) => [day, current, oldest];

function previousLoadIn(connection: Connection): PreviousLoad {
  const occasionIds = new Map<number, string>();
  const kept = readKept(connection, occasionIds);
  const occasionOf = (number: number) => occasionIds.get(number) ?? "";
  return {
    kept,
    occasionsWithMemberships: (window) =>
      guarded(UNREADABLE, () => {
        const numbers = connection
          .prepare(`SELECT DISTINCT m.OCCASION FROM KEPT_MEMBERSHIP m WHERE ${IN_WINDOW}`)
          .pluck()
          .all(windowValues(window)) as number[];
        return new Set(numbers.map(occasionOf));
      }),
    persons: (window) => readingPersons(connection, window, occasionOf),
    close: () => connection.close(),
  };
}

function readKept(connection: Connection, occasionIds: Map<number, string>): KeptGroups {
  const rows = connection
    .prepare("SELECT ID, KIND, RECORD, LASTTERMIN, END FROM KEPT_GROUP ORDER BY rowid")
    .raw()
    .all() as [number, GroupKind, string, string | null, string | null][];
  const groups = rows.map(([number, kind, text, lastTermin, end]): KeptGroup => {
    const record = JSON.parse(text) as ImsGroup;
    occasionIds.set(number, record.sourcedIds[0]?.id ?? "");
    return {
      kind,
      record,
      ...(lastTermin === null ? {} : { lastTermin }),
      ...(end === null ? {} : { end }),
    };
  });
  const members = connection
    .prepare("SELECT RECORD FROM KEPT_MEMBER ORDER BY rowid")
    .pluck()
    .all() as string[];
  return { groups, members: members.map((text) => JSON.parse(text) as ImsMember) };
}

type MembershipRow = [
  person: number,
  occasion: number,
  begin: string,
  end: string,
  periods: string | null,
  lastTermin: string,
  programs: string | null,
];

type PersonRow = [
  id: string,
  personnummer: string | null,
  efternamn: string | null,
  fornamn: string | null,
  isProtected: number,
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
  const rows = connection
    .prepare(
      `SELECT m.PERSON, m.OCCASION, m.BEGIN, m.END, m.PERIODS, m.LASTTERMIN, m.PROGRAMS FROM KEPT_MEMBERSHIP m
       WHERE ${IN_WINDOW} ORDER BY m.rowid`,
    )
    .raw()
    .iterate(windowValues(window)) as IterableIterator<MembershipRow>;
  // What the store has of a number gives the same number again: century and digits, or (without that form) as received.
  const personRow = connection
    .prepare(
      `SELECT n.REGISTERID, CASE WHEN n.PNR IS NULL THEN (SELECT v.INVALIDPNR FROM PERSONVO v WHERE v.ID = n.ID)
         ELSE coalesce(n.SEKEL, '') || n.PNR END, n.ENAMN, n.TNAMN, n.SKYDDAD FROM NAMN n WHERE n.ID = ?`,
    )
    .raw();
  const aliases = aliasesInOrder(connection);
  try {
    let number: number | undefined;
    let memberships: KeptMembership[] = [];
    const person = (of: number): KeptPerson => ({
      person: personOf(personRow.get(of) as PersonRow, aliases.of(of)),
      memberships,
    });
    for (const row of rows) {
      if (number !== row[0]) {
        if (number !== undefined) yield person(number);
        number = row[0];
        memberships = [];
      }
      memberships.push(membershipOf(row, occasionOf));
    }
    if (number !== undefined) yield person(number);
  } finally {
    aliases.close();
  }
}

/** Persons are asked for in the order of their numbers, in which their aliases were written: no index is needed. */
function aliasesInOrder(connection: Connection) {
  const rows = connection
    .prepare("SELECT PERSON, ALIAS FROM PERSON_ALIAS ORDER BY rowid")
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
    close: () => rows.return?.(),
  };
}

function personOf(
  [id, personnummer, efternamn, fornamn, isProtected]: PersonRow,
  aliases: readonly string[],
): PersonData {
  return {
    id,
    aliases,
    ...(personnummer === null || personnummer === "" ? {} : { personnummer }),
    ...(efternamn === null ? {} : { efternamn }),
    ...(fornamn === null ? {} : { fornamn }),
    protected: isProtected === 1,
    staff: false,
  };
}

function membershipOf(
  [, occasion, begin, end, periods, lastTermin, programs]: MembershipRow,
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
