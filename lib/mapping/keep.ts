import type { Termin } from "../domain/terms.js";
import type { ImsGroup } from "../ims/records.js";
import type { KeptGroup, KeptGroups } from "./api.js";
import { present } from "./collections.js";
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
  for (const [occasion, { timetable, lastTermin }] of lastRows(ktillar, ktfort2)) {
    const schools = schoolsThatGive(occasion);
    kept.set(occasion.group, keptOccasion(occasion, schools, timetable, lastTermin));
    keepSchools(schools);
  }
  for (const { kurstillfalle } of ktillar) {
    for (const { courseGroup } of kurstillfalle.occasion.kurstillfallen) {
      if (kept.has(courseGroup)) continue;
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

/** Of each occasion its timetable, and the last half-year in which it has a row. */
function lastRows(
  ktillar: readonly Ktill[],
  ktfort2: readonly Ktfort2Row[],
): ReadonlyMap<Occasion, { readonly timetable: Timetable; readonly lastTermin: Termin }> {
  const lastForts = new Map<number, Termin>();
  for (const { ktill, termin } of ktfort2) lastForts.set(ktill, latest(lastForts.get(ktill), termin));
  const rows = new Map<Occasion, { timetable: Timetable; lastTermin: Termin }>();
  for (const { id, kurstillfalle, starttermin, timetable } of ktillar) {
    const ofRow = latest(lastForts.get(id), starttermin);
    const known = rows.get(kurstillfalle.occasion);
    if (known === undefined) rows.set(kurstillfalle.occasion, { timetable, lastTermin: ofRow });
    else known.lastTermin = latest(known.lastTermin, ofRow);
  }
  return rows;
}

function latest(first: Termin | undefined, second: Termin): Termin {
  return first !== undefined && first > second ? first : second;
}

function keptOccasion(
  { group, kurstillfallen }: Occasion,
  schools: readonly Group[],
  { period }: Timetable,
  lastTermin: Termin,
): KeptGroup {
  const courseGroups = new Set(kurstillfallen.map(({ courseGroup }) => courseGroup));
  courseGroups.delete(group);
  const { kind, record } = keptGroup(group, [...courseGroups, ...schools]);
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
