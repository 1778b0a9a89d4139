import { isKurskod } from "../domain/codes.js";
import type { ImsGroup } from "../ims/records.js";
import type { GroupKind, MappingSettings } from "../mapping/api.js";
import { groupKindOf } from "../mapping/kinds.js";
import { isParent } from "../mapping/relationships.js";
import { countDates } from "./dates.js";
import { countElements, countIds } from "./parts.js";
import type { GroupsProfile, GroupType } from "./profile.js";
import { type Counter, createCounter, createVocabularyCounter } from "./tally.js";

/** A kind of groups: those that are typed alike and of which the mapping makes the same. */
export interface GroupKindCount {
  /** As the file writes them. */
  readonly types: readonly GroupType[];
  readonly kind: GroupKind | undefined;
  groups: number;
  withBegin: number;
  withEnd: number;
  withParent: number;
  withShort: number;
  withLong: number;
  withCourseCode: number;
  readonly labels: Counter;
}

export interface GroupsCounter {
  /** Returns the number of the group's kind: its place in `kinds`, or OTHER_KINDS. */
  add(group: ImsGroup, file: string): number;
  /** recstatus 3: counted as such, and else not there. */
  addDeleted(group: ImsGroup): void;
  readonly kinds: readonly GroupKindCount[];
  profile(): Omit<GroupsProfile, "kinds">;
}

/** Kinds that are told apart: a file that types each group on its own must not fill the memory. */
const MAX_KINDS = 200;
export const OTHER_KINDS = MAX_KINDS;

export function countGroups(mapping: MappingSettings): GroupsCounter {
  const kindOf = groupKindOf(mapping.groupKinds);
  const kinds: GroupKindCount[] = [];
  const numbers = new Map<string, number>();
  const ids = countIds();
  const recstatus = createVocabularyCounter();
  const relations = createVocabularyCounter();
  const dates = countDates();
  const extension = createCounter();
  let otherKinds = 0;

  const numberOf = (group: ImsGroup): number => {
    const types = typesOf(group);
    const kind = kindOf(group);
    const key = JSON.stringify([types, kind]);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    if (kinds.length === MAX_KINDS) return OTHER_KINDS;
    const number = kinds.push({
      types,
      kind,
      ...{ groups: 0, withBegin: 0, withEnd: 0, withParent: 0, withShort: 0, withLong: 0, withCourseCode: 0 },
      labels: createCounter(),
    });
    numbers.set(key, number - 1);
    return number - 1;
  };

  return {
    kinds,
    add(group, file) {
      ids.add(group.sourcedIds);
      recstatus.add(group.recstatus);
      dates.add(group.timeframe, file, group.line);
      countElements(extension, group.extension);
      for (const { relation } of group.relationships) relations.add(relation);
      const number = numberOf(group);
      const counts = kinds[number];
      if (counts === undefined) otherKinds += 1;
      else countGroup(counts, group);
      return number;
    },
    addDeleted: (group) => recstatus.add(group.recstatus),
    profile: () => ({
      ids: ids.profile(),
      recstatus: recstatus.tally(),
      otherKinds,
      dates: dates.profile(),
      relations: relations.tally(),
      extensionElements: extension.tally(),
    }),
  };
}

function countGroup(counts: GroupKindCount, { description, timeframe, relationships }: ImsGroup): void {
  counts.groups += 1;
  if (timeframe?.begin !== undefined) counts.withBegin += 1;
  if (timeframe?.end !== undefined) counts.withEnd += 1;
  if (relationships.some(isParent)) counts.withParent += 1;
  if (description.short !== undefined) counts.withShort += 1;
  if (description.long !== undefined) counts.withLong += 1;
  if (looksLikeCourseCode(description.short)) counts.withCourseCode += 1;
  for (const { label } of relationships) if (label !== undefined) counts.labels.add(label);
}

/** A grouptype without any typevalue still has its scheme. */
function typesOf({ groupTypes }: ImsGroup): GroupType[] {
  return groupTypes.flatMap(({ scheme = null, values }): GroupType[] =>
    values.length === 0
      ? [{ scheme, typevalue: null, level: null }]
      : values.map(({ value, level = null }) => ({ scheme, typevalue: value, level })),
  );
}

/** The shortest code of adult education, in letters and digits: `GRNMAT2`, `MATMAT02b`, `ENGENG05`. */
const COURSE_CODE = /^\p{L}{3}[\p{L}\d]*\d/u;
const MIN_COURSE_CODE_LENGTH = 6;

/** Letters first, a digit, six characters or more: tells a course code from the short name of a school or class. */
export function looksLikeCourseCode(short: string | undefined): boolean {
  return (
    short !== undefined &&
    short.length >= MIN_COURSE_CODE_LENGTH &&
    isKurskod(short) &&
    COURSE_CODE.test(short)
  );
}
