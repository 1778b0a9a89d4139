import { compareText } from "../domain/collation.js";
import type { Report } from "./api.js";
import { getOrAdd, present } from "./collections.js";
import type { Course, Courses, Kurstillfalle } from "./courses.js";
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
  const rowsOf = new Map(
    courses.all.map((course) => [course, kursRows(course, codesAbove, report)] as const),
  );
  return {
    rows: [...rowsOf.values()].flat(),
    institutionsOf: ({ occasion, course }) => {
      const above = codesAbove(occasion.group);
      return above.length > 0 ? above : (rowsOf.get(course) ?? []).map(({ inst }) => inst);
    },
  };
}

function kursRows(
  course: Course,
  codesAbove: (group: Group) => readonly string[],
  report: Report,
): readonly KursRow[] {
  const sources = kursSources(course);
  const codes = new Set(
    [...course.groups, ...course.kurstillfallen.map(({ occasion }) => occasion.group)].flatMap(codesAbove),
  );
  if (codes.size === 0) {
    for (const { courseGroup } of sources) report("courseWithoutSchool", courseGroup.id);
  }
  return [...codes].sort(compareText).flatMap((inst) => {
    const isAtInst = (group: Group) => codesAbove(group).includes(inst);
    const bySelf = sources.filter(({ isOwn, courseGroup }) => !isOwn && isAtInst(courseGroup));
    const byOccasion = sources.filter(({ isOwn, occasions }) => !isOwn && occasions.some(isAtInst));
    const byOwnOccasion = sources.filter(({ isOwn, courseGroup }) => isOwn && isAtInst(courseGroup));
    const [first, ...others] = [bySelf, byOccasion, byOwnOccasion].find((found) => found.length > 0) ?? [];
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
