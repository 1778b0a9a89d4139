import type { Period } from "../domain/terms.js";
import type { History, KeptMembership, LinkGroups, PersonMembership, RegisterPlan, Report } from "./api.js";
import {
  inOrder,
  joinedMemberships,
  keptByAnyId,
  liesInWindow,
  standsByItself,
  timetableOfKept,
} from "./carry.js";
import { type Classes, type ClassPeriod, groupMemberships, linkClasses } from "./classes.js";
import { getOrAdd, groupBy } from "./collections.js";
import { type Kurstillfalle, linkCourses, type Occasion } from "./courses.js";
import { type Group, type GroupGraph, linkGraph } from "./groups.js";
import { assignInstitutions } from "./institutions.js";
import { groupsToKeep } from "./keep.js";
import { ktillRegister, occasionTables } from "./ktill2.js";
import { kursTable } from "./kurs.js";
import { type Timetable, timetables } from "./occasions.js";
import { linkProgrammes, type Programme, programmeTables } from "./programmes.js";
import { type JudgedRegistration, judgeRegistrations } from "./registrations.js";
import type { Registration } from "./rows.js";
import { rememberingSpanOf, type Span, type SpanOf } from "./spans.js";
import { isWider } from "./widths.js";

/** The mapping of the export to Ladok's tables (contract section 5), in the three steps of `RegisterPlan`. */
export const linkGroups: LinkGroups = (
  records,
  groupMembers,
  settings,
  codes,
  reportAll,
  history,
): RegisterPlan => {
  const reportOnce = onceForEachId(reportAll);
  const graph = linkGraph(records, settings, reportOnce, history);
  const report = exceptOfCarried(reportOnce, graph);
  const memberships = groupMemberships(groupMembers, graph, reportOnce);
  const classes = linkClasses(memberships);
  const courses = linkCourses(graph, report);
  const programmes = linkProgrammes(graph, memberships, courses, report, history?.kept.members);
  const spanOf = rememberingSpanOf();
  const schedule = timetables(spanOf, report);
  const ktillar = ktillRegister();
  const withLearners = new Set<Occasion>();
  const past = pastTimetables(history, spanOf);
  const wholeMemberships = new Map<Occasion, KeptMembership>();
  let carriedRegistrations = 0;

  return {
    hasGroup: (id) => isOfExport(graph.find(id)),
    groupsWithoutDates: new Set(
      // memberships may name a group by any of its ids: each is asked for
      graph.groups
        .filter((group) => isOfExport(group) && isOccasionWithoutDates(group))
        .flatMap(({ ids }) => ids),
    ),
    learnerSources: learnerSourcesOf(graph, classes),
    setLearnerDates: (id, begin, end) => {
      const group = graph.find(id);
      if (group !== undefined) schedule.setLearnerDates(group, begin, end);
    },
    registrationsOf: (memberships, person, carried = []) => {
      const places = placesOf(memberships, person);
      for (const membership of carried) addCarried(places, person, membership);
      const planned = plannedMemberships(places);
      const registrations: Registration[] = [];
      for (const ofCourse of runsOfOneCourse(planned)) {
        const programmeIds = programmeIdsOf(places, ofCourse[0]?.kurstillfalle.course.key ?? "");
        for (const judged of judgeRegistrations(ofCourse)) {
          if (isTooOld(judged)) continue;
          registrations.push(registrationOf(judged, programmeIds));
        }
      }
      return { registrations, kept: keptMemberships(places) };
    },
    schoolsOf: (ids) => {
      const found = new Set<string>();
      const add = (group: Group) => {
        for (const school of group.kind === "school" ? [group] : group.schoolsAbove) found.add(school.id);
      };
      for (const id of ids) {
        const group = graph.findKept(id);
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
      const schools = exportFirst(graph.groups.filter(({ kind }) => kind === "school"));
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
      const plans = programmeTables(programmes.values(), ktillar.rows, ktfort2, history?.current);
      const planned = new Set(plans.progplk.map(({ program }) => program));
      const institutionOf = new Map(
        schools.flatMap((school) => {
          const [code] = institutions.codesOf([school]);
          return code === undefined ? [] : school.ids.map((id) => [id, code] as const);
        }),
      );
      return {
        tables: {
          institutions: institutions.rows,
          kurs: kurs.rows,
          ktill2,
          ktfort2,
          ort,
          programs: [...programmes.values()]
            .filter(({ group, row }) => isOfExport(group) || planned.has(row.id))
            .map(({ row }) => row),
          ...plans,
        },
        kept: groupsToKeep(ktillar.rows, ktfort2, programmes.values(), plans.progplk),
        carried: {
          occasions: new Set(
            ktillar.rows.map(({ kurstillfalle }) => kurstillfalle.occasion.group).filter(isCarried),
          ).size,
          registrations: carriedRegistrations,
        },
        institutionOf: (id) => institutionOf.get(id),
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
    const timetable = isCarried(occasion.group) ? past(occasion.group) : schedule.of(occasion);
    if (timetable === undefined) return;
    const { begin = timetable.period.begin, end = timetable.period.end } = dates;
    const isWholeOccasion = begin === timetable.period.begin && end === timetable.period.end;
    if (begin > end) beginsAfterEnd();
    const period = isWholeOccasion || begin > end ? timetable.period : { begin, end };
    const known = places.occasions.get(occasion);
    if (known === undefined) places.occasions.set(occasion, { timetable, periods: [period] });
    else if (!known.periods.includes(period)) known.periods = [...known.periods, period];
  }

  /** A membership of the previous load, unless the export has the person in that occasion, whatever the role. */
  function addCarried(places: PersonPlaces, person: Person, membership: KeptMembership): void {
    if (history === undefined || !liesInWindow(membership, history)) return;
    const group = graph.findKept(membership.occasion);
    const occasion = group && courses.occasionOf(group);
    if (occasion === undefined || person.groups.some((id) => graph.find(id) === group)) return;
    const timetable = timetableOf(occasion) ?? past(occasion.group);
    const known = places.occasions.get(occasion);
    if (timetable === undefined || (known !== undefined && known.carried === undefined)) return;
    const carried = known?.carried === undefined ? membership : joinedMemberships(known.carried, membership);
    places.occasions.set(occasion, { timetable, periods: carried.periods, carried });
  }

  function timetableOf(occasion: Occasion): Timetable | undefined {
    return isCarried(occasion.group) ? past(occasion.group) : schedule.find(occasion);
  }

  function plannedMemberships({ occasions }: PersonPlaces): PlannedMembership[] {
    const planned: PlannedMembership[] = [];
    for (const [{ kurstillfallen }, place] of occasions) {
      const { timetable, periods, carried } = place;
      const span = isWhole(place) ? timetable.span : spanOf(periods);
      place.span = span;
      for (const kurstillfalle of kurstillfallen) planned.push({ kurstillfalle, timetable, span, carried });
    }
    return planned.length < 2 ? planned : planned.sort(byCourseBeginAndId);
  }

  /** What the next load may need of them; where it is the same for many persons it is the same object, and frozen. */
  function keptMemberships({ occasions, programmes: ofPerson }: PersonPlaces): readonly KeptMembership[] {
    const kept: KeptMembership[] = [];
    for (const [occasion, place] of occasions) {
      if (occasion.kurstillfallen.length === 0) continue;
      if (place.carried !== undefined) kept.push(keptAgain(place.carried, occasion));
      else if (ofPerson.length === 0 && isWhole(place)) kept.push(wholeMembership(occasion, place));
      else kept.push(keptMembership(occasion, place, ofPerson));
    }
    return kept.length < 2 ? kept : kept.sort(byOccasion);
  }

  function wholeMembership(occasion: Occasion, place: Place): KeptMembership {
    let membership = wholeMemberships.get(occasion);
    if (membership === undefined) {
      membership = Object.freeze(keptMembership(occasion, place, []));
      wholeMemberships.set(occasion, membership);
    }
    return membership;
  }

  /** What is carried over is kept for a number of half-years. */
  function isTooOld({ membership, termin }: JudgedRegistration<PlannedMembership>): boolean {
    return history !== undefined && membership.carried !== undefined && termin < history.oldest;
  }

  function registrationOf(
    { membership, typ, starttermin, termin }: JudgedRegistration<PlannedMembership>,
    programmeIds: readonly number[],
  ): Registration {
    const { kurstillfalle, timetable, carried } = membership;
    // a re-registration is no beginning: it stands in the half-year in which the occasion itself begins
    const ktillStart = typ === "OM" ? timetable.span.start : starttermin;
    const ktill = ktillar.rowOf(kurstillfalle, timetable, ktillStart);
    if (typ === "FO") ktill.fortTerminer.add(termin);
    const { kurskod } = kurstillfalle;
    if (carried === undefined) return { typ, ktill: ktill.id, kurskod, termin, programmes: programmeIds };
    carriedRegistrations += 1;
    const carriedIds = carriedProgrammeIds(carried, kurstillfalle.course.key);
    for (const id of carriedIds) ktill.carriedProgrammes.add(id);
    const programmes =
      carriedIds.length === 0 ? programmeIds : inNumericOrder([...programmeIds, ...carriedIds]);
    return { typ, ktill: ktill.id, kurskod, termin, programmes };
  }

  /** Of those through which the person read the course then, the ones that are known to have it, or to have had it. */
  function carriedProgrammeIds(carried: KeptMembership, courseKey: string): readonly number[] {
    return carried.programmes.flatMap((id) => {
      const group = graph.findKept(id);
      const programme = group && programmes.get(group);
      if (programme === undefined) return [];
      return programme.courses.has(courseKey) || programme.pastCourses.has(courseKey)
        ? [programme.row.id]
        : [];
    });
  }

  /** All that are loaded: occasions, and course groups that have learners of their own. */
  function kurstillfallenInOrder() {
    return courses.kurstillfallen.flatMap((kurstillfalle) => {
      const { occasion } = kurstillfalle;
      const { kept } = occasion.group;
      if (kept !== undefined) {
        const timetable = past(occasion.group);
        const hasRow = timetable && history && standsByItself(kept, timetable, history);
        return hasRow ? [{ kurstillfalle, timetable }] : [];
      }
      if (occasion.group.kind === "course" && !withLearners.has(occasion)) return [];
      const timetable = schedule.of(occasion);
      return timetable === undefined ? [] : [{ kurstillfalle, timetable }];
    });
  }
};

interface Person {
  readonly id: string;
  readonly staff: boolean;
  readonly groups: readonly string[];
}

interface Place {
  readonly timetable: Timetable;
  periods: readonly Period[];
  /** The membership of the previous load that it is. */
  readonly carried?: KeptMembership;
  /** When all periods are known. */
  span?: Span;
}

interface PersonPlaces {
  readonly occasions: Map<Occasion, Place>;
  /** By id. */
  readonly programmes: Programme[];
}

function programmeIdsOf({ programmes }: PersonPlaces, courseKey: string): readonly number[] {
  if (programmes.length === 0) return noProgrammes;
  return programmes.filter(({ courses }) => courses.has(courseKey)).map(({ row }) => row.id);
}

const noProgrammes: readonly number[] = [];

/** A person who is there for the whole occasion shares its period. */
function isWhole({ timetable, periods }: Place): boolean {
  return periods.length === 1 && periods[0] === timetable.period;
}

function isCarried(group: Group): boolean {
  return group.kept !== undefined;
}

function isOfExport(group: Group | undefined): boolean {
  return group !== undefined && !isCarried(group);
}

function exportFirst(groups: readonly Group[]): readonly Group[] {
  return [...groups.filter(isOfExport), ...groups.filter(isCarried)];
}

function keptMembership(
  { group, kurstillfallen }: Occasion,
  { timetable, periods, span = timetable.span }: Place,
  ofPerson: readonly Programme[],
): KeptMembership {
  const programmes = ofPerson.filter(({ courses }) =>
    kurstillfallen.some(({ course }) => courses.has(course.key)),
  );
  return {
    occasion: group.id,
    periods: inOrder(periods),
    lastTermin: span.later.at(-1) ?? span.start,
    programmes: programmes.map(({ row }) => row.groupId),
  };
}

function keptAgain(carried: KeptMembership, { group }: Occasion): KeptMembership {
  return carried.occasion === group.id ? carried : { ...carried, occasion: group.id };
}

function byOccasion(a: KeptMembership, b: KeptMembership): number {
  return a.occasion < b.occasion ? -1 : 1;
}

function inNumericOrder(ids: readonly number[]): readonly number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}

/** What is wrong with a group that is carried over is no matter of this export. */
function exceptOfCarried(report: Report, graph: GroupGraph): Report {
  const carried = new Set(graph.groups.filter(isCarried).map(({ id }) => id));
  return (cause, id) => {
    if (!carried.has(id)) report(cause, id);
  };
}

/** When occasions of the previous load were: of those that the export lacks, and of those that it has without dates. */
function pastTimetables(
  history: History | undefined,
  spanOf: SpanOf,
): (group: Group) => Timetable | undefined {
  if (history === undefined) return () => undefined;
  const keptOf = keptByAnyId(history.kept);
  const known = new Map<Group, Timetable | undefined>();
  const timetableOf = (group: Group) => {
    const kept = group.ids.map((id) => keptOf.get(id)).find((found) => found !== undefined);
    return kept && timetableOfKept(kept, history, spanOf);
  };
  return (group) => getOrAdd(known, group, timetableOf);
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
  /** The membership of the previous load that it is. */
  readonly carried: KeptMembership | undefined;
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
