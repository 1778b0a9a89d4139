import type { Termin } from "../domain/terms.js";
import type { ImsGroup } from "../ims/records.js";
import type { KeptGroup, KeptGroups } from "./api.js";
import { groupBy, present } from "./collections.js";
import type { Occasion } from "./courses.js";
import { byId, type Group } from "./groups.js";
import type { Ktill } from "./ktill2.js";
import { schoolsThatGive } from "./kurs.js";
import type { Timetable } from "./occasions.js";
import type { Programme } from "./programmes.js";
import type { Ktfort2Row, ProgplkRow } from "./rows.js";

/**
 * For the next load: every occasion with a KTILL2 row, its course groups and the schools that give it; programmes with
 * the courses of their PROGPLK rows.
 */
export function groupsToKeep(
  ktillar: readonly Ktill[],
  ktfort2: readonly Ktfort2Row[],
  programmes: Iterable<Programme>,
  progplk: readonly ProgplkRow[],
): KeptGroups {
  const kept = new Map<Group, KeptGroup>();
  const keep = (group: Group, parents: readonly Group[]) => {
    if (!kept.has(group)) kept.set(group, keptGroup(group, parents));
  };
  const keepSchools = (schools: readonly Group[]) => {
    for (const school of schools) keep(school, []);
  };
  const fortsOf = groupBy(ktfort2, ({ ktill }) => ktill);
  const lastTerminer = new Map<Occasion, Termin>();
  for (const { id, kurstillfalle, starttermin, timetable } of ktillar) {
    const { occasion } = kurstillfalle;
    const terminer = [starttermin, ...(fortsOf.get(id) ?? []).map(({ termin }) => termin)];
    const lastTermin = terminer.reduce(
      (last, termin) => (termin > last ? termin : last),
      lastTerminer.get(occasion) ?? "",
    );
    lastTerminer.set(occasion, lastTermin);
    kept.set(occasion.group, keptOccasion(occasion, timetable, lastTermin));
  }
  for (const { group, kurstillfallen } of lastTerminer.keys()) {
    keepSchools(schoolsThatGive({ group, kurstillfallen }));
    for (const { courseGroup } of kurstillfallen) {
      keep(courseGroup, courseGroup.schoolsAbove);
      keepSchools(courseGroup.schoolsAbove);
    }
  }
  const programmeOf = new Map([...programmes].map((programme) => [programme.row.id, programme] as const));
  const courseGroupOf = new Map(ktillar.map(({ id, kurstillfalle }) => [id, kurstillfalle.courseGroup]));
  const members = new Map<string, KeptGroups["members"][number]>();
  for (const { program, ktill, termordn } of progplk) {
    const programme = programmeOf.get(program)?.group;
    const course = courseGroupOf.get(ktill);
    if (programme === undefined || course === undefined) continue;
    keep(programme, []);
    members.set(`${programme.id}\u0000${course.id}`, keptCourse(programme, course, termordn));
  }
  return {
    groups: [...kept].sort(([a], [b]) => byId(a, b)).map(([, group]) => group),
    members: [...members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member),
  };
}

function keptOccasion(occasion: Occasion, { period }: Timetable, lastTermin: Termin): KeptGroup {
  const { group, kurstillfallen } = occasion;
  const courseGroups = new Set(kurstillfallen.map(({ courseGroup }) => courseGroup));
  courseGroups.delete(group);
  const { kind, record } = keptGroup(group, [...courseGroups, ...schoolsThatGive(occasion)]);
  return { kind, record: { ...record, timeframe: period }, lastTermin, end: period.end };
}

function keptGroup(group: Group, parents: readonly Group[]): KeptGroup {
  const { kind = "occasion", ids, short, long, extension } = group;
  const record: ImsGroup = {
    line: NO_LINE,
    sourcedIds: ids.map((id) => ({ id })),
    groupTypes: [],
    description: present({ short, long }),
    relationships: parents.map(({ id }) => ({ relation: PARENT, id: { id } })),
    extension,
  };
  return { kind, record };
}

/** What is carried over stands on no line of the export's files. */
const NO_LINE = 0;
const PARENT = "1";
const GROUP = "2";

function keptCourse(programme: Group, course: Group, termordn: string): KeptGroups["members"][number] {
  const termordning = { name: "termordning", attributes: {}, text: termordn, children: [] };
  return {
    line: NO_LINE,
    group: { id: programme.id },
    member: { id: course.id },
    idtype: GROUP,
    roles: [{ extension: [termordning] }],
  };
}
