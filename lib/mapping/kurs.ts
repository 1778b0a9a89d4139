import { compareText } from "../domain/collation.js";
import type { Report } from "./api.js";
import { getOrAdd, present } from "./collections.js";
import type { Course, Courses, Kurstillfalle, Occasion } from "./courses.js";
import { extensionText } from "./extension.js";
import { byId, type Group } from "./groups.js";
import type { Institutions } from "./institutions.js";
import type { KursRow } from "./rows.js";
import { isWider } from "./widths.js";

export interface KursTable {
  /** By course key, then institution. */
  readonly rows: readonly KursRow[];
  /** Codes of the institutions that give the occasion: its nearest schools', else all that give the course. */
  institutionsOf(kurstillfalle: Kurstillfalle): readonly string[];
}

/** KURS: a row for each institution that gives a course (contract section 5). */
export function kursTable(courses: Courses, institutions: Institutions, report: Report): KursTable {
  const codesAbove = (group: Group) => institutions.codesOf(group.schoolsAbove);
  return {
    rows: courses.all.flatMap((course) => kursRows(course, codesAbove, report)),
    institutionsOf: ({ occasion: { group }, course }) => {
      const codes = codesAbove(group);
      if (codes.length > 0 || group.kept) return codes;
      return [...institutions.codesOf(schoolsOfCourse(course))].sort(compareText);
    },
  };
}

/** The nearest schools of an occasion, else those that give its courses; of one that is carried over those that gave it. */
export function schoolsThatGive({ group, kurstillfallen }: Occasion): readonly Group[] {
  if (group.schoolsAbove.length > 0 || group.kept) return group.schoolsAbove;
  return [...new Set(kurstillfallen.flatMap(({ course }) => schoolsOfCourse(course)))].sort(byId);
}

/** The nearest schools above its course groups and occasions, as the export has them. */
function schoolsOfCourse(course: Course): readonly Group[] {
  return groupsOf(course).flatMap((group) => (group.kept ? [] : group.schoolsAbove));
}

function groupsOf({ groups, kurstillfallen }: Course): readonly Group[] {
  return [...groups, ...kurstillfallen.map(({ occasion }) => occasion.group)];
}

function kursRows(
  course: Course,
  codesAbove: (group: Group) => readonly string[],
  report: Report,
): readonly KursRow[] {
  const sources = kursSources(course);
  const codes = new Set(groupsOf(course).flatMap(codesAbove));
  if (schoolsOfCourse(course).length === 0) {
    for (const { courseGroup } of sources) report("courseWithoutSchool", courseGroup.id);
  }
  return [...codes].sort(compareText).flatMap((inst) => {
    const isAtInst = (group: Group) => codesAbove(group).includes(inst);
    const bySelf = ({ isOwn, courseGroup }: KursSource) => !isOwn && isAtInst(courseGroup);
    const byOccasion = ({ isOwn, occasions }: KursSource) => !isOwn && occasions.some(isAtInst);
    const byOwnOccasion = ({ isOwn, courseGroup }: KursSource) => isOwn && isAtInst(courseGroup);
    // what the export itself says of a course goes before what is carried over
    const [first, ...others] =
      [sources.filter(({ courseGroup }) => !courseGroup.kept), sources]
        .flatMap((among) => [bySelf, byOccasion, byOwnOccasion].map((is) => among.filter(is)))
        .find((found) => found.length > 0) ?? [];
    if (first === undefined) return [];
    if (!first.isOwn) for (const other of others) report("courseDuplicate", other.courseGroup.id);
    return [kursRow(first.courseGroup, inst, report)];
  });
}

/** A group that tells what a course is called: a course group, or an occasion that has no course above it. */
interface KursSource {
  readonly courseGroup: Group;
  readonly isOwn: boolean;
  readonly occasions: readonly Group[];
}

/** By id. */
function kursSources({ groups, kurstillfallen }: Course): readonly KursSource[] {
  const occasionsOf = new Map<Group, Group[]>(groups.map((group) => [group, []]));
  for (const { courseGroup, occasion } of kurstillfallen) {
    getOrAdd(occasionsOf, courseGroup, () => []).push(occasion.group);
  }
  return [...occasionsOf]
    .map(([courseGroup, occasions]) => ({
      courseGroup,
      isOwn: courseGroup.kind !== "course",
      occasions,
    }))
    .sort((a, b) => byId(a.courseGroup, b.courseGroup));
}

function kursRow(group: Group, inst: string, report: Report): KursRow {
  const text = (name: string) => extensionText(group.extension, name);
  const fields = {
    benamning: group.long ?? group.short,
    engBenamning: text("engbenamning"),
    poang: text("poang"),
    nedlagd: text("nedlagd"),
  };
  const { poang, ...others } = fields;
  if (isWider({ ...others, kursPoang: poang })) report("widthExceeded", group.id);
  return { kurskod: group.short ?? "", inst, ...present(fields) };
}
