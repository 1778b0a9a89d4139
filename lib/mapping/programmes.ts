import { compareText } from "../domain/collation.js";
import type { Termin } from "../domain/terms.js";
import type { ImsMember } from "../ims/records.js";
import type { Report } from "./api.js";
import type { GroupMembership } from "./classes.js";
import { groupBy } from "./collections.js";
import type { Courses } from "./courses.js";
import { extensionText } from "./extension.js";
import { byId, type Group, type GroupGraph } from "./groups.js";
import type { Ktill } from "./ktill2.js";
import type { Ktfort2Row, KtillpRow, ProgplkRow, ProgramRow } from "./rows.js";
import { isWider } from "./widths.js";

export interface Programme {
  readonly group: Group;
  readonly row: ProgramRow;
  /** Key of each course of the programme → its termordningkurs. */
  readonly courses: ReadonlyMap<string, string>;
  /** Courses that it had in the previous load and has no more: for what is carried over. */
  readonly pastCourses: ReadonlyMap<string, string>;
}

/** Programmes by their groups, numbered by group id (contract section 5, Programmes). One without a code is reported and left out. */
export function linkProgrammes(
  graph: GroupGraph,
  memberships: readonly GroupMembership[],
  courses: Courses,
  report: Report,
  keptMembers: readonly ImsMember[] = [],
): ReadonlyMap<Group, Programme> {
  const keptOf = groupBy(keptMembers, ({ group }) => graph.findKept(group.id));
  const membersOf = groupBy(memberships, ({ container }) => container);
  const programmes = new Map<Group, Programme>();
  for (const group of graph.groups) {
    if (group.kind !== "programme") continue;
    if (group.short === undefined) {
      report("programmeWithoutCode", group.id);
      continue;
    }
    const programinriktning = extensionText(group.extension, "inriktning");
    const row: ProgramRow = {
      id: programmes.size + 1,
      groupId: group.id,
      program: group.short,
      ...(programinriktning === undefined ? {} : { programinriktning }),
    };
    const members = membersOf.get(group) ?? [];
    const coursesOfProgramme = coursesOf(group, members, courses);
    const isAnyWider =
      isWider({ program: row.program, programinriktning }) ||
      [...coursesOfProgramme.values()].some((termordn) => isWider({ termordn }));
    if (isAnyWider) report("widthExceeded", group.id);
    const kept = pastCoursesOf(keptOf.get(group) ?? [], graph, courses);
    const pastCourses = new Map([...kept].filter(([key]) => !coursesOfProgramme.has(key)));
    programmes.set(group, { group, row, courses: coursesOfProgramme, pastCourses });
  }
  return programmes;
}

const TERMORDN_WHEN_SILENT = "1";

/** What the member's role says of a course's termordning goes before what the group says; the first by id before others. */
function coursesOf(
  programme: Group,
  memberships: readonly GroupMembership[],
  courses: Courses,
): ReadonlyMap<string, string> {
  const members = [...memberships].sort((a, b) => byId(a.member, b.member));
  const groups = [...new Set([...members.map(({ member }) => member), ...coursesBelow(programme)])].sort(
    byId,
  );
  const keysOf = (group: Group) => keysOfCourses(group, courses);
  const found = new Map<string, string>();
  const note = (group: Group, termordn: string | undefined) => {
    for (const key of keysOf(group)) {
      if (termordn !== undefined && !found.has(key)) found.set(key, termordn);
    }
  };
  for (const { member, roles } of members) {
    for (const { extension } of roles) note(member, extensionText(extension, "termordning"));
  }
  for (const group of groups) note(group, extensionText(group.extension, "termordning"));
  for (const group of groups) note(group, TERMORDN_WHEN_SILENT);
  return found;
}

function keysOfCourses(group: Group, courses: Courses): readonly string[] {
  return courses.occasionOf(group)?.kurstillfallen.map(({ course }) => course.key) ?? [];
}

function pastCoursesOf(
  members: readonly ImsMember[],
  graph: GroupGraph,
  courses: Courses,
): ReadonlyMap<string, string> {
  return new Map(
    members.flatMap(({ member, roles }) => {
      const group = graph.findKept(member.id);
      const termordn = extensionText(roles[0]?.extension ?? [], "termordning") ?? TERMORDN_WHEN_SILENT;
      return (group === undefined ? [] : keysOfCourses(group, courses)).map(
        (key) => [key, termordn] as const,
      );
    }),
  );
}

/** Course groups below, and occasions with no course between: those of a course may belong to other courses too. */
function coursesBelow(programme: Group): readonly Group[] {
  const found = new Set<Group>();
  const reached = new Set(programme.children.map((group) => ({ group, underCourse: false })));
  const seen = new Set<string>();
  for (const { group, underCourse } of reached) {
    const place = `${underCourse} ${group.id}`;
    if (seen.has(place)) continue;
    seen.add(place);
    if (group.kind === "course" || (group.kind === "occasion" && !underCourse)) found.add(group);
    const isUnderCourse = underCourse || group.kind === "course";
    for (const child of group.children) reached.add({ group: child, underCourse: isUnderCourse });
  }
  return [...found];
}

/**
 * PROGPLK and KTILLP: the KTILL2 and KTFORT2 rows of each programme's courses, by programme, then row. A course that it
 * has no more counts in what is carried over: occasions, and rows with registrations through it; in half-years before
 * `current`.
 */
export function programmeTables(
  programmes: Iterable<Programme>,
  ktillar: readonly Ktill[],
  ktfort2: readonly Ktfort2Row[],
  current: Termin = "",
): { readonly progplk: readonly ProgplkRow[]; readonly ktillp: readonly KtillpRow[] } {
  const ktillarOf = groupBy(ktillar, ({ kurstillfalle }) => kurstillfalle.course.key);
  const fortsOf = groupBy(ktfort2, ({ ktill }) => ktill);
  const plans = [...programmes].flatMap(({ row, courses, pastCourses }) =>
    [...courses, ...pastCourses]
      .sort(([a], [b]) => compareText(a, b))
      .flatMap(([key, termordn]) => {
        const isPast = !courses.has(key);
        return (ktillarOf.get(key) ?? [])
          .filter((ktill) => !isPast || isCarried(ktill, row.id))
          .map(({ id }) => ({ isPast, row: { program: row.id, ktill: id, termordn } }));
      }),
  );
  const ktillp = plans.flatMap(({ isPast, row }) =>
    (fortsOf.get(row.ktill) ?? []).flatMap(({ termin }): readonly KtillpRow[] =>
      isPast && termin >= current ? [] : [{ ...row, termin }],
    ),
  );
  return { progplk: plans.map(({ row }) => row), ktillp };
}

function isCarried({ kurstillfalle, carriedProgrammes }: Ktill, programme: number): boolean {
  return kurstillfalle.occasion.group.kept !== undefined || carriedProgrammes.includes(programme);
}
