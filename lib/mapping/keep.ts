import type { Termin } from "../domain/terms.js";
import type { ImsGroup, ImsMember } from "../ims/records.js";
import type { GroupsToKeep, KeptGroup } from "./api.js";
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
): GroupsToKeep {
  const kept = new Map<Group, Kept>();
  const keep = (group: Group, parents: readonly Group[]) => {
    if (!kept.has(group)) kept.set(group, { parents });
  };
  const keepSchools = (schools: readonly Group[]) => {
    for (const school of schools) keep(school, noParents);
  };
  for (const [occasion, when] of lastRows(ktillar, ktfort2)) {
    const schools = schoolsThatGive(occasion);
    const courseGroups = new Set(occasion.kurstillfallen.map(({ courseGroup }) => courseGroup));
    courseGroups.delete(occasion.group);
    kept.set(occasion.group, { parents: [...courseGroups, ...schools], when });
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
  const members = new Map<string, () => ImsMember>();
  for (const { program, ktill, termordn } of progplk) {
    const programme = programmeOf.get(program)?.group;
    const course = courseGroupOf.get(ktill);
    if (programme === undefined || course === undefined) continue;
    keep(programme, noParents);
    members.set(`${programme.id}\u0000${course.id}`, () => keptCourse(programme, course, termordn));
  }
  return {
    groups: eachOf(
      [...kept].sort(([a], [b]) => byId(a, b)),
      ([group, how]) => keptGroup(group, how),
    ),
    members: eachOf(
      [...members].sort(([a], [b]) => (a < b ? -1 : 1)),
      ([, member]) => member(),
    ),
  };
}

/** A group as it is kept: below these, and of an occasion when it is. */
interface Kept {
  readonly parents: readonly Group[];
  readonly when?: LastRow;
}

interface LastRow {
  readonly timetable: Timetable;
  lastTermin: Termin;
}

const noParents: readonly Group[] = [];

function eachOf<T, R>(items: readonly T[], make: (item: T) => R): Iterable<R> {
  return {
    *[Symbol.iterator]() {
      for (const item of items) yield make(item);
    },
  };
}

/** Of each occasion its timetable, and the last half-year in which it has a row. */
function lastRows(ktillar: readonly Ktill[], ktfort2: readonly Ktfort2Row[]): ReadonlyMap<Occasion, LastRow> {
  const lastForts = new Map<number, Termin>();
  for (const { ktill, termin } of ktfort2) lastForts.set(ktill, latest(lastForts.get(ktill), termin));
  const rows = new Map<Occasion, LastRow>();
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

function keptGroup(group: Group, { parents, when }: Kept): KeptGroup {
  const { kind = "occasion", ids, short, long, extension } = group;
  const record: ImsGroup = {
    line: NO_LINE,
    sourcedIds: ids.map((id) => ({ id })),
    groupTypes: [],
    description: present({ short, long }),
    relationships: parents.map(({ id }) => ({ relation: PARENT, id: { id } })),
    extension,
  };
  if (when === undefined) return { kind, record };
  const { period } = when.timetable;
  return { kind, record: { ...record, timeframe: period }, lastTermin: when.lastTermin, end: period.end };
}

/** What is carried over stands on no line of the export's files. */
const NO_LINE = 0;
const PARENT = "1";
const GROUP = "2";

function keptCourse(programme: Group, course: Group, termordn: string): ImsMember {
  const termordning = { name: "termordning", attributes: {}, text: termordn, children: [] };
  return {
    line: NO_LINE,
    group: { id: programme.id },
    member: { id: course.id },
    idtype: GROUP,
    roles: [{ extension: [termordning] }],
  };
}
