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
 * what decides their order, and memberships, are numbers in memory: about 50 bytes for a person, 8 to 16 for a membership.
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
  /** All persons in list order, each with its memberships: once, and after it nothing else can be asked for. */
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
  let persons = personColumns();
  let carried = intList();
  let surnames = textTable();
  let givenNames = textTable();
  let ids = textTable();
  /** By the id's number. */
  let personOfId = intList();
  const groupIds: string[] = [];
  const groupNumbers = new Map<string, number>();
  let members = memberColumns();
  const dates = dateTable();
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
  const personsOf = (aliases: readonly number[]): number[] => {
    const found: number[] = [];
    for (const alias of aliases) {
      const person = personOfId.at(alias);
      if (person !== NOBODY && !found.includes(person)) found.push(person);
    }
    return found.length > 1 ? found.sort((a, b) => a - b) : found;
  };

  /** `aliases`: numbers of the person's. */
  const insert = (person: PersonData, aliases: readonly number[], inExport: boolean): number => {
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
    for (const alias of aliases) if (personOfId.at(alias) === NOBODY) personOfId.set(alias, number);
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
      const aliases = person.aliases.map(idNumber);
      const [keep, ...others] = personsOf(aliases);
      if (keep === undefined) {
        insert(person, aliases, true);
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
      const role = active ? ROLES[membership.role] : ROLES.none;
      const { group, begin, end } = membership;
      members.add(idNumber(personId), role, groupNumber(group), dates.numbersOf(begin, end));
    },

    addCarried(person, memberships) {
      const aliases = person.aliases.map(idNumber);
      const [known] = personsOf(aliases);
      const number = known ?? insert(person, aliases, false);
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
      members.each((id) => {
        if (personOfId.at(id) === NOBODY) unknown.add(id);
      });
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
      const waiting = waitingInOrder(order);
      const texts = records.inOrder(waiting.records);
      const next = () => texts.next().value as string;
      for (let place = 0; place < waiting.flags.length; place++) {
        const person = unpackPerson(next());
        const flags = waiting.flags[place] as number;
        yield {
          person,
          inExport: (flags & IS_IN_EXPORT) !== 0,
          carried: (flags & HAS_CARRIED) === 0 ? NOTHING : (JSON.parse(next()) as KeptMembership[]),
          ...membershipsOf(waiting.memberships, place),
        };
      }
    },

    close: () => records.close(),
  };

  /** What is still needed when all is in order; the rest is let go: of a million persons, a hundred megabytes. */
  function waitingInOrder(order: ListOrder): Waiting {
    const numbers = inListOrder(order);
    surnames = textTable();
    givenNames = textTable();
    ids = textTable();
    const flags = new Uint8Array(numbers.length);
    // A person's carried memberships stand behind the person, where there are any.
    const wanted = intList(numbers.length);
    for (let place = 0; place < numbers.length; place++) {
      const number = numbers[place] as number;
      wanted.push(persons.record.at(number));
      if (persons.isInExport(number)) flags[place] = IS_IN_EXPORT;
      if (carried.at(number) === NO_RECORD) continue;
      wanted.push(carried.at(number));
      flags[place] = (flags[place] as number) | HAS_CARRIED;
    }
    carried = intList();
    const placeOfPerson = new Int32Array(persons.allocated).fill(NOBODY);
    for (let place = 0; place < numbers.length; place++) placeOfPerson[numbers[place] as number] = place;
    persons = personColumns();
    const memberships = membershipsInOrder(placeOfPerson, numbers.length);
    personOfId = intList();
    members = memberColumns();
    learnerDates = undefined;
    return { records: wanted.values(), flags, memberships };
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
  function membershipsInOrder(placeOfPerson: Int32Array, places: number): MembershipsInOrder {
    const placeOf = (id: number) => {
      const person = personOfId.at(id);
      return person === NOBODY ? NOBODY : (placeOfPerson[person] as number);
    };
    const starts = new Int32Array(places + 1);
    members.each((id) => {
      const place = placeOf(id);
      if (place !== NOBODY) starts[place + 1] = (starts[place + 1] as number) + 1;
    });
    for (let place = 0; place < places; place++) {
      starts[place + 1] = (starts[place + 1] as number) + (starts[place] as number);
    }
    const next = starts.slice(0, places);
    const packed = new Int32Array((starts[places] as number) * PACKED);
    members.each((id, role, group, datesOfRole) => {
      const place = placeOf(id);
      if (place === NOBODY) return;
      const at = (next[place] as number) * PACKED;
      next[place] = (next[place] as number) + 1;
      packed[at] = (group << BITS_OF_ROLE) | role;
      packed[at + 1] = datesOfRole;
    });
    return { starts, packed };
  }

  function membershipsOf(
    { starts, packed }: MembershipsInOrder,
    place: number,
  ): Pick<StagedPerson, "memberships" | "groups"> {
    const start = starts[place] as number;
    const end = starts[place + 1] as number;
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
      const { begin, end } = dates.textsOf(packed[at + 1] as number);
      if (begin !== undefined) membership.begin = begin;
      if (end !== undefined) membership.end = end;
      memberships.push(membership);
    }
    return { memberships, groups: end - start > MANY ? [...new Set(groups)] : groups };
  }

  /** Of all groups in one pass: there may be thousands without dates of their own. */
  function datesOfLearners() {
    const found: ({ begin: string | undefined; end: string | undefined } | undefined)[] = [];
    members.each((id, role, group, datesOfRole) => {
      const person = personOfId.at(id);
      if (person === NOBODY || role === ROLES.none) return;
      if (role === ROLES.untyped && persons.isStaff(person)) return;
      const { begin, end } = dates.textsOf(datesOfRole);
      const known = found[group];
      if (known === undefined) {
        found[group] = { begin, end };
        return;
      }
      if (begin !== undefined && (known.begin === undefined || begin < known.begin)) known.begin = begin;
      if (end !== undefined && (known.end === undefined || end > known.end)) known.end = end;
    });
    return (group: number) => found[group];
  }
}

interface MembershipsInOrder {
  /** Of each place in the list where its memberships begin, and behind the last one where they end. */
  readonly starts: Int32Array;
  readonly packed: Int32Array;
}

/** Persons in list order: what is known of them beside their records. */
interface Waiting {
  readonly records: Int32Array;
  readonly flags: Uint8Array;
  readonly memberships: MembershipsInOrder;
}

const IS_IN_EXPORT = 1;
const HAS_CARRIED = 2;

const NOTHING: readonly never[] = [];

/** Numbers of a membership side by side: group and role, dates. */
const PACKED = 2;
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

/** Memberships as they come: members of one group mostly come one after another, so its number stands once for all. */
function memberColumns() {
  const idAndRole = intList();
  const dates = intList();
  const runs = { group: intList(), start: intList() };
  let lastGroup = -1;
  return {
    add(id: number, role: number, group: number, datesOfRole: number): void {
      if (group !== lastGroup) {
        runs.group.push(group);
        runs.start.push(idAndRole.length);
        lastGroup = group;
      }
      idAndRole.push((id << BITS_OF_ROLE) | role);
      dates.push(datesOfRole);
    },
    each(visit: (id: number, role: number, group: number, datesOfRole: number) => void): void {
      for (let run = 0; run < runs.group.length; run++) {
        const group = runs.group.at(run);
        const end = run + 1 < runs.start.length ? runs.start.at(run + 1) : idAndRole.length;
        for (let member = runs.start.at(run); member < end; member++) {
          const both = idAndRole.at(member);
          visit(both >>> BITS_OF_ROLE, both & MASK_OF_ROLE, group, dates.at(member));
        }
      }
    },
  };
}

const BITS_OF_DATE = 16;
const MASK_OF_DATE = 0xffff;

/** Begin and end as one number: all the days that a register's date can be (1970 to 2069) are fewer than 2^16. */
function dateTable() {
  const numbers = new Map<string, number>();
  const texts: (string | undefined)[] = [undefined];
  const numberOf = (date: string | undefined): number => {
    if (date === undefined) return 0;
    let number = numbers.get(date);
    if (number === undefined) {
      number = texts.length;
      if (number > MASK_OF_DATE) throw new RangeError("more different dates than there are days");
      numbers.set(date, number);
      texts.push(date);
    }
    return number;
  };
  return {
    numbersOf: (begin: string | undefined, end: string | undefined) =>
      (numberOf(begin) << BITS_OF_DATE) | numberOf(end),
    textsOf: (both: number) => ({
      begin: texts[both >>> BITS_OF_DATE],
      end: texts[both & MASK_OF_DATE],
    }),
  };
}
