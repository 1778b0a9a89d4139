import type { Period } from "../domain/terms.js";
import type { LinkGroups, PersonMembership, RegisterPlan, Report } from "./api.js";
import { type Classes, type ClassPeriod, groupMemberships, linkClasses } from "./classes.js";
import { groupBy } from "./collections.js";
import { type Kurstillfalle, linkCourses, type Occasion } from "./courses.js";
import { type Group, type GroupGraph, linkGraph } from "./groups.js";
import { assignInstitutions } from "./institutions.js";
import { ktillRegister, occasionTables } from "./ktill2.js";
import { kursTable } from "./kurs.js";
import { timetables } from "./occasions.js";
import { linkProgrammes, type Programme, programmeTables } from "./programmes.js";
import { judgeRegistrations } from "./registrations.js";
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

  /** All a person's periods by occasion, those through classes too, and the programmes. */
  function placesOf(
    memberships: readonly PersonMembership[],
    person: { readonly id: string; readonly staff: boolean },
  ) {
    const periods = new Map<Occasion, Period[]>();
    const programmesOfPerson = new Set<Programme>();
    const addPeriod = (group: Group, dates: Dates, reportedId: string, reportTo: Report) => {
      const occasion = courses.occasionOf(group);
      if (occasion === undefined) return;
      withLearners.add(occasion);
      const timetable = schedule.of(occasion);
      if (timetable === undefined) return;
      const begin = dates.begin ?? timetable.period.begin;
      const end = dates.end ?? timetable.period.end;
      const isPeriod = begin <= end;
      if (!isPeriod) reportTo("memberBeginAfterEnd", reportedId);
      const period = isPeriod ? { begin, end } : timetable.period;
      const known = periods.get(occasion);
      if (known === undefined) periods.set(occasion, [period]);
      else if (!known.some((other) => other.begin === period.begin && other.end === period.end)) {
        known.push(period);
      }
    };
    for (const membership of memberships) {
      if (membership.role === "untyped" && person.staff) continue;
      const group = graph.find(membership.group);
      if (group?.kind === "occasion" || group?.kind === "course") {
        addPeriod(group, membership, person.id, reportAll);
      } else if (group?.kind === "class") {
        for (const period of classes.periodsOf(group)) {
          addPeriod(period.occasion, period, period.member.id, report);
        }
      } else if (group?.kind === "programme") {
        const programme = programmes.get(group);
        if (programme !== undefined) programmesOfPerson.add(programme);
      }
    }
    const programmesInOrder = [...programmesOfPerson].sort((a, b) => a.row.id - b.row.id);
    return { periods, programmes: programmesInOrder };
  }

  return {
    hasGroup: (id) => graph.find(id) !== undefined,
    groupsWithoutDates: new Set(
      graph.groups.filter((group) => isOccasionWithoutDates(group)).map(({ id }) => id),
    ),
    learnerSources: learnerSourcesOf(graph, classes),
    setLearnerDates: (id, begin, end) => {
      const group = graph.find(id);
      if (group !== undefined) schedule.setLearnerDates(group, begin, end);
    },
    registrationsOf: (memberships, person) => {
      const places = placesOf(memberships, person);
      const inOrder = [...places.periods]
        .flatMap(([occasion, periods]) => {
          const span = spanOf(periods);
          return occasion.kurstillfallen.map((kurstillfalle) => ({ kurstillfalle, span }));
        })
        .sort(byCourseBeginAndId);
      return runsOfOneCourse(inOrder).flatMap(({ course, memberships: ofCourse }) => {
        const programmeIds = places.programmes.flatMap(({ row, courses: keys }) =>
          keys.has(course.key) ? [row.id] : [],
        );
        return judgeRegistrations(ofCourse).flatMap((judged): Registration[] => {
          const { kurstillfalle } = judged.membership;
          const timetable = schedule.of(kurstillfalle.occasion);
          if (timetable === undefined) return [];
          // a re-registration is no beginning: it stands in the half-year in which the occasion itself begins
          const starttermin = judged.typ === "OM" ? timetable.span.start : judged.starttermin;
          const ktill = ktillar.rowOf(kurstillfalle, timetable, starttermin);
          if (judged.typ === "FO") ktill.fortTerminer.add(judged.termin);
          const { typ, termin } = judged;
          return [{ typ, ktill: ktill.id, kurskod: kurstillfalle.kurskod, termin, programmes: programmeIds }];
        });
      });
    },
    tiedToSchool: (ids) =>
      ids.some((id) => {
        const group = graph.find(id);
        if (group === undefined) return false;
        const around = [group, ...classes.periodsOf(group).map(({ occasion }) => occasion)];
        return around.some(({ kind, schoolsAbove }) => kind === "school" || schoolsAbove.length > 0);
      }),
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
        newCodes: { institutions: institutions.newCodes, anmkod: newAnmkoder },
      };
    },
  };

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

interface Dates {
  readonly begin?: string;
  readonly end?: string;
}

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

/** Each group stands under every id that leads to it, since memberships may name any of them. */
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
      ...group.ids.map((ownId) => ({ group: ownId })),
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
  readonly span: Span;
}

/** Within a course `ordinal` follows the occasion's id. */
function byCourseBeginAndId(a: PlannedMembership, b: PlannedMembership): number {
  if (a.kurstillfalle.course === b.kurstillfalle.course && a.span.begin !== b.span.begin) {
    return a.span.begin < b.span.begin ? -1 : 1;
  }
  return a.kurstillfalle.ordinal - b.kurstillfalle.ordinal;
}

function runsOfOneCourse(inOrder: readonly PlannedMembership[]) {
  const runs: { course: Kurstillfalle["course"]; memberships: PlannedMembership[] }[] = [];
  for (const membership of inOrder) {
    const { course } = membership.kurstillfalle;
    const last = runs.at(-1);
    if (last?.course === course) last.memberships.push(membership);
    else runs.push({ course, memberships: [membership] });
  }
  return runs;
}
