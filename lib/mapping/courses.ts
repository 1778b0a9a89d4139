import { codeKey, isKurskod } from "../domain/codes.js";
import { compareText } from "../domain/collation.js";
import type { Report } from "./api.js";
import { getOrAdd } from "./collections.js";
import { byId, type Group, type GroupGraph } from "./groups.js";

/** A course: all that goes by one course code, however many groups have it. */
export interface Course {
  /** `codeKey` of the course code. */
  readonly key: string;
  /** Course groups with the code, by id. */
  readonly groups: readonly Group[];
  /** By occasion id. */
  readonly kurstillfallen: readonly Kurstillfalle[];
}

/** A group that is, or becomes when it has learners of its own, an occasion. */
export interface Occasion {
  readonly group: Group;
  /** One for each course it is an occasion of, by course code. */
  readonly kurstillfallen: readonly Kurstillfalle[];
}

/** One occasion of one course. */
export interface Kurstillfalle {
  readonly occasion: Occasion;
  readonly course: Course;
  /** Place in the order of course key, then occasion id. */
  readonly ordinal: number;
  /** As the register writes it. */
  readonly kurskod: string;
  /** The course group; the occasion's own group when there is no course above it. */
  readonly courseGroup: Group;
}

export interface Courses {
  /** By course key. */
  readonly all: readonly Course[];
  /** In order of course key, then occasion id. */
  readonly kurstillfallen: readonly Kurstillfalle[];
  occasionOf(group: Group): Occasion | undefined;
  byKey(key: string): Course | undefined;
}

/** Ties occasions to their courses by code (contract section 5, KURS and KTILL2). */
export function linkCourses(graph: GroupGraph, report: Report): Courses {
  const courses = new Map<string, CourseDraft>();
  const occasions = new Map<Group, OccasionDraft>();
  const courseOf = (group: Group, kurskod: string) => {
    if (!isKurskod(kurskod)) report("kurskodFormat", group.id);
    return getOrAdd(courses, codeKey(kurskod), (key) => ({ key, groups: [], kurstillfallen: [] }));
  };
  for (const group of graph.groups) {
    if (group.kind !== "course") continue;
    if (group.short === undefined) report("courseWithoutCode", group.id);
    else courseOf(group, group.short).groups.push(group);
  }
  for (const group of graph.groups) {
    if (group.kind !== "course" && group.kind !== "occasion") continue;
    const occasion: OccasionDraft = { group, kurstillfallen: [] };
    occasions.set(group, occasion);
    for (const courseGroup of courseGroupsOf(group)) {
      const kurskod = courseGroup.short ?? "";
      const course = courseOf(courseGroup, kurskod);
      if (occasion.kurstillfallen.some((other) => other.course === course)) continue;
      const kurstillfalle = { occasion, course, ordinal: 0, kurskod, courseGroup };
      occasion.kurstillfallen.push(kurstillfalle);
      course.kurstillfallen.push(kurstillfalle);
    }
    occasion.kurstillfallen.sort((a, b) => compareText(a.course.key, b.course.key));
    // A list that grew has room for many more; nearly all have one.
    occasion.kurstillfallen = occasion.kurstillfallen.slice();
    if (group.kind === "occasion" && occasion.kurstillfallen.length === 0) {
      report("occasionWithoutCourse", group.id);
    }
  }
  const all = [...courses.values()].sort((a, b) => compareText(a.key, b.key));
  const kurstillfallen = all.flatMap((course) => course.kurstillfallen);
  for (const [ordinal, kurstillfalle] of kurstillfallen.entries()) kurstillfalle.ordinal = ordinal;
  return {
    all,
    kurstillfallen,
    occasionOf: (group) => occasions.get(group),
    byKey: (key) => courses.get(key),
  };
}

interface CourseDraft extends Course {
  readonly groups: Group[];
  readonly kurstillfallen: KurstillfalleDraft[];
}

interface OccasionDraft extends Occasion {
  kurstillfallen: KurstillfalleDraft[];
}

type KurstillfalleDraft = { -readonly [K in keyof Kurstillfalle]: Kurstillfalle[K] };

/** By id: a course group is its own course; an occasion belongs to the courses above it, else makes its own from `short`. */
function courseGroupsOf(group: Group): readonly Group[] {
  if (isCodedCourse(group)) return [group];
  const above = nearestCourses(group);
  if (above.length > 0) return above;
  return group.kind === "occasion" && group.short !== undefined ? [group] : [];
}

/**
 * The first course on each way up, by id. One that also lies above another of them is a course of courses (a subject),
 * not what the occasion teaches.
 */
function nearestCourses(group: Group): readonly Group[] {
  const found = new Set<Group>();
  walkUp(group.parents, (above) => {
    if (isCodedCourse(above)) found.add(above);
    return !isCodedCourse(above);
  });
  if (found.size > 1) {
    for (const course of [...found]) {
      walkUp(course.parents, (above) => {
        found.delete(above);
        return true;
      });
    }
  }
  return [...found].sort(byId);
}

function isCodedCourse(group: Group): boolean {
  return group.kind === "course" && group.short !== undefined;
}

/** Visits each group above once; goes on above those for which `visit` says so. */
function walkUp(start: readonly Group[], visit: (group: Group) => boolean): void {
  const seen = new Set(start);
  for (const group of seen) {
    if (!visit(group)) continue;
    // a set that grows while it is walked: those added come later
    for (const parent of group.parents) seen.add(parent);
  }
}
