import type { Period } from "../domain/terms.js";
import type { LinkGroups, PersonMembership, RegisterPlan, Report } from "./api.js";
import { type Classes, type ClassPeriod, groupMemberships, linkClasses } from "./classes.js";
import { groupBy } from "./collections.js";
import { type Kurstillfalle, linkCourses, type Occasion } from "./courses.js";
import { type Group, type GroupGraph, linkGraph } from "./groups.js";
import { assignInstitutions } from "./institutions.js";
import { ktillRegister, occasionTables } from "./ktill2.js";
import { kursTable } from "./kurs.js";
import { type Timetable, timetables } from "./occasions.js";
import { linkProgrammes, type Programme, programmeTables } from "./programmes.js";
import { type JudgedRegistration, judgeRegistrations } from "./registrations.js";
import type { Registration } from "./rows.js";
import { rememberingSpanOf, type Span } from "./spans.js";
import { isWider } from "./widths.js";

/** The mapping of the export to Ladok's tables (contract section 5), in the three steps of `RegisterPlan`. */
export const linkGroups: LinkGroups = (records, groupMembers, settings, codes, reportAll): RegisterPlan => {
  const report = onceForEachId(reportAll);
  const graph = linkGraph(records, settings, report);
  const memberships = groupMemberships(groupMembers, graph, report);
  const classes = linkClasses(memberships);
  const courses = linkCourses(graph, report);
  const programmes = linkProgrammes(graph, memberships, courses, report);
  const spanOf = rememberingSpanOf();
  const schedule = timetables(spanOf, report);
  const ktillar = ktillRegister();
  const withLearners = new Set<Occasion>();

  return {
    hasGroup: (id) => graph.find(id) !== undefined,
    groupsWithoutDates: new Set(
      // memberships may name a group by any of its ids: each is asked for
      graph.groups.filter(isOccasionWithoutDates).flatMap(({ ids }) => ids),
    ),
    learnerSources: learnerSourcesOf(graph, classes),
    setLearnerDates: (id, begin, end) => {
      const group = graph.find(id);
      if (group !== undefined) schedule.setLearnerDates(group, begin, end);
    },
    registrationsOf: (memberships, person) => {
      const places = placesOf(memberships, person);
      const registrations: Registration[] = [];
      for (const ofCourse of runsOfOneCourse(plannedMemberships(places))) {
        const programmeIds = programmeIdsOf(places, ofCourse[0]?.kurstillfalle.course.key ?? "");
        for (const judged of judgeRegistrations(ofCourse)) {
          registrations.push(registrationOf(judged, programmeIds));
        }
      }
      return { registrations, kept: [] };
    },
    schoolsOf: (ids) => {
      const found = new Set<string>();
      const add = (group: Group) => {
        for (const school of group.kind === "school" ? [group] : group.schoolsAbove) found.add(school.id);
      };
      for (const id of ids) {
        const group = graph.find(id);
        if (group === undefined) continue;
        add(group);
        for (const { occasion } of classes.periodsOf(group)) add(occasion);
      }
      return [...found];
    },
    finish: () => {
      for (const { kurstillfalle, timetable } of kurstillfallenInOrder()) {
        ktillar.rowOf(kurstillfalle, timetable, timetable.span.start);
      }
      const schools = graph.groups.filter(({ kind }) => kind === "school");
      const institutions = assignInstitutions(schools, settings, codes.institutions);
      for (const school of schools) {
        const [institution] = institutions.codesOf([school]);
        if (isWider({ institution })) report("widthExceeded", school.id);
      }
      const kurs = kursTable(courses, institutions, report);
      const { ktill2, ktfort2, ort, newAnmkoder } = occasionTables(
        ktillar.rows,
        kurs.institutionsOf,
        codes.anmkod,
        report,
      );
      return {
        tables: {
          institutions: institutions.rows,
          kurs: kurs.rows,
          ktill2,
          ktfort2,
          ort,
          programs: [...programmes.values()].map(({ row }) => row),
          ...programmeTables(programmes.values(), ktillar.rows, ktfort2),
        },
        kept: { groups: [], members: [] },
        carried: { occasions: 0, registrations: 0 },
        institutionOf: (id) => institutions.codesOf(schools.filter((school) => school.id === id))[0],
        newCodes: { institutions: institutions.newCodes, anmkod: newAnmkoder },
      };
    },
  };

  /** All a person's periods by occasion, those through classes too, and the programmes. */
  function placesOf(memberships: readonly PersonMembership[], person: Person): PersonPlaces {
    const places: PersonPlaces = { occasions: new Map(), programmes: [] };
    for (const membership of memberships) {
      if (membership.role === "untyped" && person.staff) continue;
      const group = graph.find(membership.group);
      if (group?.kind === "occasion" || group?.kind === "course") {
        addPeriod(places, group, membership, () => reportAll("memberBeginAfterEnd", person.id));
      } else if (group?.kind === "class") {
        for (const period of classes.periodsOf(group)) {
          // the class's mistake, however many learners it has
          addPeriod(places, period.occasion, period, () => report("memberBeginAfterEnd", period.member.id));
        }
      } else if (group?.kind === "programme") {
        const programme = programmes.get(group);
        if (programme !== undefined && !places.programmes.includes(programme)) {
          places.programmes.push(programme);
        }
      }
    }
    places.programmes.sort((a, b) => a.row.id - b.row.id);
    return places;
  }

  function addPeriod(
    places: PersonPlaces,
    group: Group,
    dates: { readonly begin?: string; readonly end?: string },
    beginsAfterEnd: () => void,
  ): void {
    const occasion = courses.occasionOf(group);
    if (occasion === undefined) return;
    withLearners.add(occasion);
    const timetable = schedule.of(occasion);
    if (timetable === undefined) return;
    const { begin = timetable.period.begin, end = timetable.period.end } = dates;
    const isWholeOccasion = begin === timetable.period.begin && end === timetable.period.end;
    if (begin > end) beginsAfterEnd();
    const period = isWholeOccasion || begin > end ? timetable.period : { begin, end };
    const known = places.occasions.get(occasion);
    if (known === undefined) places.occasions.set(occasion, { timetable, periods: [period] });
    else if (!known.periods.includes(period)) known.periods.push(period);
  }

  function plannedMemberships({ occasions }: PersonPlaces): PlannedMembership[] {
    const planned: PlannedMembership[] = [];
    for (const [{ kurstillfallen }, { timetable, periods }] of occasions) {
      const isWholeOccasion = periods.length === 1 && periods[0] === timetable.period;
      const span = isWholeOccasion ? timetable.span : spanOf(periods);
      for (const kurstillfalle of kurstillfallen) planned.push({ kurstillfalle, timetable, span });
    }
    return planned.sort(byCourseBeginAndId);
  }

  function registrationOf(
    { membership, typ, starttermin, termin }: JudgedRegistration<PlannedMembership>,
    programmeIds: readonly number[],
  ): Registration {
    const { kurstillfalle, timetable } = membership;
    // a re-registration is no beginning: it stands in the half-year in which the occasion itself begins
    const ktillStart = typ === "OM" ? timetable.span.start : starttermin;
    const ktill = ktillar.rowOf(kurstillfalle, timetable, ktillStart);
    if (typ === "FO") ktill.fortTerminer.add(termin);
    return { typ, ktill: ktill.id, kurskod: kurstillfalle.kurskod, termin, programmes: programmeIds };
  }

  /** All that are loaded: occasions, and course groups that have learners of their own. */
  function kurstillfallenInOrder() {
    return courses.kurstillfallen.flatMap((kurstillfalle) => {
      const { occasion } = kurstillfalle;
      if (occasion.group.kind === "course" && !withLearners.has(occasion)) return [];
      const timetable = schedule.of(occasion);
      return timetable === undefined ? [] : [{ kurstillfalle, timetable }];
    });
  }
};

interface Person {
  readonly id: string;
  readonly staff: boolean;
}

interface PersonPlaces {
  readonly occasions: Map<Occasion, { readonly timetable: Timetable; readonly periods: Period[] }>;
  /** By id. */
  readonly programmes: Programme[];
}

function programmeIdsOf({ programmes }: PersonPlaces, courseKey: string): readonly number[] {
  if (programmes.length === 0) return noProgrammes;
  return programmes.filter(({ courses }) => courses.has(courseKey)).map(({ row }) => row.id);
}

const noProgrammes: readonly number[] = [];

/** Groups are few and walked many times: each of their causes is reported once. */
function onceForEachId(report: Report): Report {
  const reported = new Set<string>();
  return (cause, id) => {
    const key = `${cause} ${id}`;
    if (reported.has(key)) return;
    reported.add(key);
    report(cause, id);
  };
}

function isOccasionWithoutDates({ kind, begin, end }: Group): boolean {
  return (kind === "occasion" || kind === "course") && (begin === undefined || end === undefined);
}

/** A class stands under every id that leads to it, since memberships may name any of them. */
function learnerSourcesOf(graph: GroupGraph, classes: Classes): RegisterPlan["learnerSources"] {
  let classesByOccasion: Map<Group, { readonly group: Group; readonly period: ClassPeriod }[]> | undefined;
  const classesOf = (occasion: Group) => {
    classesByOccasion ??= groupBy(
      graph.groups
        .filter(({ kind }) => kind === "class")
        .flatMap((group) => classes.periodsOf(group).map((period) => ({ group, period }))),
      ({ period }) => period.occasion,
    );
    return classesByOccasion.get(occasion) ?? [];
  };
  return (id) => {
    const group = graph.find(id);
    if (group === undefined) return [];
    return [
      { group: id },
      ...classesOf(group).flatMap(({ group: source, period: { begin, end } }) =>
        source.ids.map((classId) => ({
          group: classId,
          ...(begin === undefined ? {} : { begin }),
          ...(end === undefined ? {} : { end }),
        })),
      ),
    ];
  };
}

interface PlannedMembership {
  readonly kurstillfalle: Kurstillfalle;
  readonly timetable: Timetable;
  readonly span: Span;
}

/** Within a course `ordinal` follows the occasion's id. */
function byCourseBeginAndId(a: PlannedMembership, b: PlannedMembership): number {
  if (a.kurstillfalle.course === b.kurstillfalle.course && a.span.begin !== b.span.begin) {
    return a.span.begin < b.span.begin ? -1 : 1;
  }
  return a.kurstillfalle.ordinal - b.kurstillfalle.ordinal;
}

/** `inOrder` cut where the course changes. */
function* runsOfOneCourse(inOrder: readonly PlannedMembership[]): Generator<readonly PlannedMembership[]> {
  let start = 0;
  for (let end = 1; end <= inOrder.length; end++) {
    if (inOrder[end]?.kurstillfalle.course === inOrder[start]?.kurstillfalle.course) continue;
    yield inOrder.slice(start, end);
    start = end;
  }
}
