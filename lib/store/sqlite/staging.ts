import { compareText } from "../../domain/collation.js";
import type { KeptMembership, PersonMembership } from "../../mapping/api.js";
import type { PersonData } from "../../mapping/rows.js";
import { guarded } from "./files.js";
import { groupPlaces, intList } from "./int-list.js";
import { recordFile } from "./record-file.js";
import { packPerson, unpackPerson } from "./staged-person.js";
import { type TextTable, textTable } from "./text-table.js";

/**
 * Where persons and memberships wait between reading and mapping. Persons wait in a file, in the order in which they come;
 * what decides their order, and memberships, are numbers in memory: about 50 bytes for a person, 20 for a membership.
 */
export interface Staging {
  /** Adds a person, or merges it into the one that shares an id with it. */
  addPerson(person: PersonData): void;
  addMembership(personId: string, membership: PersonMembership, member: StagedMember): void;
  /**
   * Adds what the previous load has of a person, after all files are read: to the person of the export that shares an id
   * with it; else to a person of its own, of whom only name and number are kept.
   */
  addCarried(person: PersonData, memberships: readonly KeptMembership[]): void;
  personCount(): number;
  /** Ids of members that no person has, once each, in order of id. */
  unknownMembers(): readonly string[];
  /** Groups that persons are members of. */
  groupsOfMembers(): Iterable<string>;
  /** Earliest begin and latest end of the active learners of a group; undefined when it has none. */
  learnerDates(
    group: string,
  ): { readonly begin: string | undefined; readonly end: string | undefined } | undefined;
  /** All persons in list order, each with its memberships. */
  inOrder(order: ListOrder): IterableIterator<StagedPerson>;
  close(): void;
}

export interface StagedMember {
  /** false: the person is in the group, but is no learner there. */
  readonly active: boolean;
}

export interface StagedPerson {
  readonly person: PersonData;
  /** false: the export has the person no longer. */
  readonly inExport: boolean;
  readonly memberships: readonly PersonMembership[];
  /** Ids of all groups that the person is in, whatever the role. */
  readonly groups: readonly string[];
  readonly carried: readonly KeptMembership[];
}

/** Surname, then first name, then number, then id. */
export interface ListOrder {
  compareNames(a: string, b: string): number;
  /** Century and personnummer as a number that sorts as they do; undefined: the keys that the persons came with are right. */
  readonly numberKey?: NumberKey | undefined;
}

export type NumberKey = (personnummer: string | undefined) => number;

export type MergePersons = (
  first: PersonData,
  second: PersonData,
) => { readonly merged: PersonData; readonly conflicts: readonly string[] };

export interface StagingReport {
  duplicate(id: string): void;
  conflict(id: string, fields: readonly string[]): void;
}

export interface StagingOptions {
  /** Where its file stands for the moment that it has a name. */
  readonly path: string;
  readonly merge: MergePersons;
  readonly numberKey: NumberKey;
  readonly report: StagingReport;
}

/** Role of a staged membership: what `PersonMembership.role` says, and "none" for a member that is no active learner. */
const ROLES = { none: 0, learner: 1, untyped: 2 } as const;
const BITS_OF_ROLE = 2;
const MASK_OF_ROLE = 3;

const NOBODY = -1;
const NO_RECORD = -1;

export function openStaging(options: StagingOptions): Staging {
  return guarded("cannot make the temporary file", () => stagingIn(options));
}

function stagingIn({ path, merge, numberKey, report }: StagingOptions): Staging {
  const records = recordFile(path);
  const persons = personColumns();
  const carried = intList();
  const surnames = textTable();
  const givenNames = textTable();
  let ids = textTable();
  /** By the id's number. */
  const personOfId = intList();
  const groupIds: string[] = [];
  const groupNumbers = new Map<string, number>();
  const members = { id: intList(), groupAndRole: intList(), begin: intList(), end: intList() };
  let learnerDates: ReturnType<typeof datesOfLearners> | undefined;

  const idNumber = (id: string): number => {
    const number = ids.numberOf(id);
    if (number === personOfId.length) personOfId.push(NOBODY);
    return number;
  };

  // Members of one group come one after another.
  let lastGroup = { id: "", number: -1 };
  const groupNumber = (id: string): number => {
    if (id === lastGroup.id && lastGroup.number >= 0) return lastGroup.number;
    let number = groupNumbers.get(id);
    if (number === undefined) {
      number = groupIds.length;
      groupIds.push(id);
      groupNumbers.set(id, number);
    }
    lastGroup = { id, number };
    return number;
  };

  /** The persons that these ids lead to, first come first. */
  const personsOf = (aliases: readonly string[]): number[] => {
    const found: number[] = [];
    for (const alias of aliases) {
      const person = personOfId.at(idNumber(alias));
      if (person !== NOBODY && !found.includes(person)) found.push(person);
    }
    return found.length > 1 ? found.sort((a, b) => a - b) : found;
  };

  const insert = (person: PersonData, inExport: boolean): number => {
    const number = persons.add({
      id: idNumber(person.id),
      record: records.append(packPerson(person)),
      surname: surnames.numberOf(person.efternamn ?? ""),
      given: givenNames.numberOf(person.fornamn ?? ""),
      numberKey: numberKey(person.personnummer),
      staff: person.staff,
      inExport,
    });
    carried.push(NO_RECORD);
    for (const alias of person.aliases) {
      const id = idNumber(alias);
      if (personOfId.at(id) === NOBODY) personOfId.set(id, number);
    }
    return number;
  };

  const replace = (number: number, person: PersonData): void => {
    persons.record.set(number, records.append(packPerson(person)));
    persons.surname.set(number, surnames.numberOf(person.efternamn ?? ""));
    persons.given.set(number, givenNames.numberOf(person.fornamn ?? ""));
    persons.setNumberKey(number, numberKey(person.personnummer));
    persons.setStaff(number, person.staff);
    for (const alias of person.aliases) personOfId.set(idNumber(alias), number);
  };

  const read = (number: number) => unpackPerson(records.read(persons.record.at(number)));

  return {
    addPerson(person) {
      const [keep, ...others] = personsOf(person.aliases);
      if (keep === undefined) {
        insert(person, true);
        return;
      }
      let merged = read(keep);
      const join = (other: PersonData) => {
        report.duplicate(merged.id);
        const result = merge(merged, other);
        if (result.conflicts.length > 0) report.conflict(merged.id, result.conflicts);
        merged = result.merged;
      };
      // An id of this record may show that two persons so far are one.
      for (const other of others) {
        join(read(other));
        persons.remove(other);
      }
      join(person);
      replace(keep, merged);
    },

    addMembership(personId, membership, { active }) {
      members.id.push(idNumber(personId));
      const role = active ? ROLES[membership.role] : ROLES.none;
      members.groupAndRole.push((groupNumber(membership.group) << BITS_OF_ROLE) | role);
      members.begin.push(dateNumber(membership.begin));
      members.end.push(dateNumber(membership.end));
    },

    addCarried(person, memberships) {
      const [known] = personsOf(person.aliases);
      const number = known ?? insert(person, false);
      const before = carried.at(number);
      const all =
        before === NO_RECORD
          ? memberships
          : [...(JSON.parse(records.read(before)) as KeptMembership[]), ...memberships];
      if (all.length > 0) carried.set(number, records.append(JSON.stringify(all)));
    },

    personCount: () => persons.count,

    unknownMembers() {
      const unknown = new Set<number>();
      for (const id of members.id.values()) if (personOfId.at(id) === NOBODY) unknown.add(id);
      return [...unknown].map((id) => ids.textOf(id)).sort(compareText);
    },

    groupsOfMembers: () => groupIds.values(),

    learnerDates(group) {
      learnerDates ??= datesOfLearners();
      const number = groupNumbers.get(group);
      return number === undefined ? undefined : learnerDates(number);
    },

    *inOrder(order) {
      if (order.numberKey !== undefined) {
        for (const number of persons.numbers()) {
          persons.setNumberKey(number, order.numberKey(read(number).personnummer));
        }
      }
      const numbers = inListOrder(order);
      const { starts, packed } = membershipsInOrder(numbers);
      release();
      // A person's carried memberships stand behind the person, where there are any.
      const wanted = intList();
      for (const number of numbers) {
        wanted.push(persons.record.at(number));
        if (carried.at(number) !== NO_RECORD) wanted.push(carried.at(number));
      }
      const texts = records.inOrder(wanted.values());
      const next = () => texts.next().value as string;
      for (let place = 0; place < numbers.length; place++) {
        const number = numbers[place] as number;
        const person = unpackPerson(next());
        yield {
          person,
          inExport: persons.isInExport(number),
          carried: carried.at(number) === NO_RECORD ? NOTHING : (JSON.parse(next()) as KeptMembership[]),
          ...membershipsOf(packed, starts[place] as number, starts[place + 1] as number),
        };
      }
    },

    close: () => records.close(),
  };

  /** What is not needed any more when all is in order: of a million persons, a hundred megabytes. */
  function release(): void {
    ids = textTable();
    members.id = intList();
    members.groupAndRole = intList();
    members.begin = intList();
    members.end = intList();
  }

  function inListOrder({ compareNames }: ListOrder): Int32Array {
    // Only distinct names are compared by the collator; persons are sorted by the numbers that come of it.
    const surname = ranks(surnames, compareNames);
    const given = ranks(givenNames, compareNames);
    const surnameOfPerson = new Int32Array(persons.allocated).fill(NOBODY);
    for (const number of persons.numbers()) {
      surnameOfPerson[number] = surname[persons.surname.at(number)] as number;
    }
    const { starts, members: numbers } = groupPlaces(surnameOfPerson, surnames.size);
    for (let rank = 0; rank < surnames.size; rank++) {
      numbers
        .subarray(starts[rank], starts[rank + 1])
        .sort(
          (a, b) =>
            (given[persons.given.at(a)] as number) - (given[persons.given.at(b)] as number) ||
            persons.numberKey(a) - persons.numberKey(b) ||
            compareText(ids.textOf(persons.id.at(a)), ids.textOf(persons.id.at(b))),
        );
    }
    return numbers;
  }

  /**
   * Memberships in list order, their numbers side by side: persons are gone through in that order, and reaching for each
   * membership where it came would take longer than all else here.
   */
  function membershipsInOrder(numbers: Int32Array): {
    readonly starts: Int32Array;
    readonly packed: Int32Array;
  } {
    const placeOfPerson = new Int32Array(persons.allocated).fill(NOBODY);
    for (let place = 0; place < numbers.length; place++) placeOfPerson[numbers[place] as number] = place;
    const starts = new Int32Array(numbers.length + 1);
    const placeOfMember = (member: number) => {
      const person = personOfId.at(members.id.at(member));
      return person === NOBODY ? NOBODY : (placeOfPerson[person] as number);
    };
    for (let member = 0; member < members.id.length; member++) {
      const place = placeOfMember(member);
      if (place !== NOBODY) starts[place + 1] = (starts[place + 1] as number) + 1;
    }
    for (let place = 0; place < numbers.length; place++) {
      starts[place + 1] = (starts[place + 1] as number) + (starts[place] as number);
    }
    const next = starts.slice(0, numbers.length);
    const packed = new Int32Array((starts[numbers.length] as number) * PACKED);
    for (let member = 0; member < members.id.length; member++) {
      const place = placeOfMember(member);
      if (place === NOBODY) continue;
      const at = (next[place] as number) * PACKED;
      next[place] = (next[place] as number) + 1;
      packed[at] = members.groupAndRole.at(member);
      packed[at + 1] = members.begin.at(member);
      packed[at + 2] = members.end.at(member);
    }
    return { starts, packed };
  }

  function membershipsOf(
    packed: Int32Array,
    start: number,
    end: number,
  ): Pick<StagedPerson, "memberships" | "groups"> {
    if (start === end) return { memberships: NOTHING, groups: NOTHING };
    const memberships: PersonMembership[] = [];
    const groups: string[] = [];
    for (let at = start * PACKED; at < end * PACKED; at += PACKED) {
      const groupAndRole = packed[at] as number;
      const group = groupIds[groupAndRole >>> BITS_OF_ROLE] as string;
      if (!isNamedBefore(packed, start * PACKED, at)) groups.push(group);
      const role = groupAndRole & MASK_OF_ROLE;
      if (role === ROLES.none) continue;
      const membership: Writable<PersonMembership> = {
        group,
        role: role === ROLES.learner ? "learner" : "untyped",
      };
      const begin = packed[at + 1] as number;
      const end = packed[at + 2] as number;
      if (begin !== NO_DATE) membership.begin = dateText(begin);
      if (end !== NO_DATE) membership.end = dateText(end);
      memberships.push(membership);
    }
    return { memberships, groups: end - start > MANY ? [...new Set(groups)] : groups };
  }

  /** Of all groups in one pass: there may be thousands without dates of their own. */
  function datesOfLearners() {
    const learners = new Int32Array(groupIds.length);
    const begins = new Int32Array(groupIds.length);
    const ends = new Int32Array(groupIds.length);
    for (let place = 0; place < members.id.length; place++) {
      const person = personOfId.at(members.id.at(place));
      const role = members.groupAndRole.at(place) & MASK_OF_ROLE;
      if (person === NOBODY || role === ROLES.none) continue;
      if (role === ROLES.untyped && persons.isStaff(person)) continue;
      const group = members.groupAndRole.at(place) >>> BITS_OF_ROLE;
      learners[group] = (learners[group] as number) + 1;
      const begin = members.begin.at(place);
      const earliest = begins[group] as number;
      if (begin !== NO_DATE && (earliest === NO_DATE || begin < earliest)) begins[group] = begin;
      ends[group] = Math.max(ends[group] as number, members.end.at(place));
    }
    const date = (number: number) => (number === NO_DATE ? undefined : dateText(number));
    return (group: number) =>
      learners[group] === 0
        ? undefined
        : { begin: date(begins[group] as number), end: date(ends[group] as number) };
  }
}

const NOTHING: readonly never[] = [];

/** Numbers of a membership side by side: group and role, begin, end. */
const PACKED = 3;
/** Memberships of a person from which on a set tells quicker which groups were named before. */
const MANY = 64;

/** Is the group of the membership that stands at `at` also that of an earlier one, from `from` on? Not said of many. */
function isNamedBefore(packed: Int32Array, from: number, at: number): boolean {
  if (at - from > MANY * PACKED) return false;
  const group = (packed[at] as number) >>> BITS_OF_ROLE;
  for (let before = from; before < at; before += PACKED) {
    if ((packed[before] as number) >>> BITS_OF_ROLE === group) return true;
  }
  return false;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What is kept in memory of each person. */
function personColumns() {
  const STAFF = 1;
  const IN_EXPORT = 2;
  const REMOVED = 4;
  const id = intList();
  const record = intList();
  const surname = intList();
  const given = intList();
  const flags = intList();
  let numberKeys = new Float64Array(1024);
  let removed = 0;
  return {
    /** Number of the register's id. */
    id,
    record,
    /** Numbers of the names. */
    surname,
    given,
    /** All numbers that were given out, removed persons among them. */
    get allocated() {
      return flags.length;
    },
    get count() {
      return flags.length - removed;
    },
    add(person: {
      id: number;
      record: number;
      surname: number;
      given: number;
      numberKey: number;
      staff: boolean;
      inExport: boolean;
    }): number {
      const number = flags.length;
      id.push(person.id);
      record.push(person.record);
      surname.push(person.surname);
      given.push(person.given);
      flags.push((person.staff ? STAFF : 0) | (person.inExport ? IN_EXPORT : 0));
      if (number === numberKeys.length) {
        const larger = new Float64Array(number * 2);
        larger.set(numberKeys);
        numberKeys = larger;
      }
      numberKeys[number] = person.numberKey;
      return number;
    },
    remove(number: number): void {
      flags.set(number, REMOVED);
      removed += 1;
    },
    *numbers(): Generator<number> {
      for (let number = 0; number < flags.length; number++) {
        if ((flags.at(number) & REMOVED) === 0) yield number;
      }
    },
    numberKey: (number: number) => numberKeys[number] as number,
    setNumberKey(number: number, key: number): void {
      numberKeys[number] = key;
    },
    isStaff: (number: number) => (flags.at(number) & STAFF) !== 0,
    setStaff(number: number, staff: boolean): void {
      flags.set(number, (flags.at(number) & ~STAFF) | (staff ? STAFF : 0));
    },
    isInExport: (number: number) => (flags.at(number) & IN_EXPORT) !== 0,
  };
}

/** By the name's number: its place in the collator's order; names that it holds equal share one. */
function ranks(names: TextTable, compare: ListOrder["compareNames"]): Int32Array {
  const texts = Array.from({ length: names.size }, (_, number) => names.textOf(number));
  const inOrder = texts.map((_, number) => number);
  inOrder.sort((a, b) => compare(texts[a] as string, texts[b] as string));
  const rank = new Int32Array(texts.length);
  let place = 0;
  for (const [index, number] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before !== undefined && compare(texts[before] as string, texts[number] as string) !== 0) place += 1;
    rank[number] = place;
  }
  return rank;
}

const NO_DATE = 0;
const DIGIT_ZERO = 48;

/** ÅÅÅÅ-MM-DD as ÅÅÅÅMMDD, which sorts as it does. */
function dateNumber(date: string | undefined): number {
  if (date === undefined) return NO_DATE;
  const digit = (place: number) => date.charCodeAt(place) - DIGIT_ZERO;
  const year = digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3);
  return year * 10_000 + (digit(5) * 10 + digit(6)) * 100 + digit(8) * 10 + digit(9);
}

/** Most memberships of a register share a few days. */
const MAX_REMEMBERED_DATES = 10_000;
const rememberedDates = new Map<number, string>();

function dateText(number: number): string {
  const known = rememberedDates.get(number);
  if (known !== undefined) return known;
  const digits = String(number).padStart(8, "0");
  const text = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`;
  if (rememberedDates.size < MAX_REMEMBERED_DATES) rememberedDates.set(number, text);
  return text;
}
