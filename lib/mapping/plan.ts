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
import { including, ktillRegister, occasionTables } from "./ktill2.js";
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
  const schools = exportFirst(graph.groups.filter(({ kind }) => kind === "school"));
  const institutions = assignInstitutions(schools, settings, codes.institutions);
  const institutionOf = new Map(
    schools.flatMap((school) => {
      const [code] = institutions.codesOf([school]);
      return code === undefined ? [] : school.ids.map((id) => [id, code] as const);
    }),
  );
  const past = pastTimetables(history, spanOf);
  // What the same of every person, found once: of groups, by the ids that memberships name them by.
  const foundGroups = new Map<string, FoundGroup>();
  const attendances = new Map<Occasion, Attendance>();
  let personNumber = 0;
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
      personNumber += 1;
      const places = placesOf(memberships, person);
      for (const membership of carried) addCarried(places, person, membership);
      return { registrations: registrationsIn(places), kept: keptMemberships(places) };
    },
    schoolsOf: (ids) => {
      let schools: readonly string[] = none;
      for (const id of ids) {
        const ofGroup = schoolsOfGroup(foundGroup(id));
        // Persons are in several groups of one school, which need no list of their own.
        if (ofGroup.every((school) => schools.includes(school))) continue;
        schools = schools.length === 0 ? ofGroup : [...new Set([...schools, ...ofGroup])];
      }
      return schools;
    },
    institutionOf: (school) => institutionOf.get(school),
    finish: () => {
      for (const { kurstillfalle, timetable } of kurstillfallenInOrder()) {
        ktillar.rowOf(kurstillfalle, timetable, timetable.span.start);
      }
      // Nothing more is asked of persons: what was remembered for them may be as large as all that is to come.
      foundGroups.clear();
      attendances.clear();
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
        newCodes: { institutions: institutions.newCodes, anmkod: newAnmkoder },
      };
    },
  };

  function foundGroup(id: string): FoundGroup {
    return getOrAdd(foundGroups, id, () => {
      const group = graph.find(id);
      const kept = graph.findKept(id);
      const programme = group && programmes.get(group);
      return { group, kept, programme, attendance: undefined, schools: undefined };
    });
  }

  function schoolsOfGroup(found: FoundGroup): readonly string[] {
    if (found.schools !== undefined) return found.schools;
    const { kept: group } = found;
    const occasions = group === undefined ? [] : classes.periodsOf(group).map(({ occasion }) => occasion);
    const schools = [group, ...occasions].flatMap((one) =>
      one === undefined ? [] : one.kind === "school" ? [one] : one.schoolsAbove,
    );
    found.schools = [...new Set(schools.map(({ id }) => id))];
    return found.schools;
  }

  function attendanceOf(group: Group): Attendance | undefined {
    const occasion = courses.occasionOf(group);
    return occasion && getOrAdd(attendances, occasion, newAttendance);
  }

  /** All a person's periods by occasion, those through classes too, and the programmes. */
  function placesOf(memberships: readonly PersonMembership[], person: Person): PersonPlaces {
    const places: PersonPlaces = { occasions: [], programmes: [] };
    for (const membership of memberships) {
      if (membership.role === "untyped" && person.staff) continue;
      const found = foundGroup(membership.group);
      const { group, programme } = found;
      if (group?.kind === "occasion" || group?.kind === "course") {
        found.attendance ??= attendanceOf(group);
        addPeriod(places, found.attendance, membership, () => reportAll("memberBeginAfterEnd", person.id));
      } else if (group?.kind === "class") {
        for (const period of classes.periodsOf(group)) {
          // the class's mistake, however many learners it has
          const beginsAfterEnd = () => report("memberBeginAfterEnd", period.member.id);
          addPeriod(places, attendanceOf(period.occasion), period, beginsAfterEnd);
        }
      } else if (programme !== undefined && !places.programmes.includes(programme)) {
        places.programmes.push(programme);
      }
    }
    if (places.programmes.length > 1) places.programmes.sort((a, b) => a.row.id - b.row.id);
    return places;
  }

  function addPeriod(
    places: PersonPlaces,
    attendance: Attendance | undefined,
    dates: { readonly begin?: string; readonly end?: string },
    beginsAfterEnd: () => void,
  ): void {
    if (attendance === undefined) return;
    attendance.hasLearners = true;
    const whole = wholePlaceOf(attendance);
    if (whole === undefined) return;
    const { period: wholePeriod } = whole.timetable;
    const { begin = wholePeriod.begin, end = wholePeriod.end } = dates;
    const isWholeOccasion = begin === wholePeriod.begin && end === wholePeriod.end;
    if (begin > end) beginsAfterEnd();
    const period = isWholeOccasion || begin > end ? wholePeriod : { begin, end };
    const known = placeIn(attendance);
    if (known === undefined) {
      const place = period === wholePeriod ? whole : newPlace(attendance, whole.timetable, [period]);
      setPlace(places, attendance, place);
    } else if (!known.periods.includes(period)) {
      const periods = [...known.periods, period];
      setPlace(places, attendance, newPlace(attendance, whole.timetable, periods));
    }
  }

  /** Where a learner is who is there for the whole occasion; undefined for an occasion that cannot be loaded. */
  function wholePlaceOf(attendance: Attendance): Place | undefined {
    const { occasion } = attendance;
    if (attendance.whole === undefined) {
      const timetable = isCarried(occasion.group) ? past(occasion.group) : schedule.of(occasion);
      attendance.whole = timetable && newPlace(attendance, timetable, [timetable.period]);
    }
    return attendance.whole;
  }

  function placeIn({ person, place }: Attendance): Place | undefined {
    return person === personNumber ? place : undefined;
  }

  function setPlace(places: PersonPlaces, attendance: Attendance, place: Place): void {
    const known = placeIn(attendance);
    if (known === undefined) places.occasions.push(place);
    else places.occasions[places.occasions.indexOf(known)] = place;
    attendance.person = personNumber;
    attendance.place = place;
  }

  function newPlace(
    attendance: Attendance,
    timetable: Timetable,
    periods: readonly Period[],
    carried?: KeptMembership,
  ): Place {
    const { occasion } = attendance;
    const isWhole = periods.length === 1 && periods[0] === timetable.period && carried === undefined;
    const span = isWhole ? timetable.span : spanOf(periods);
    return { attendance, occasion, timetable, periods, span, isWhole, carried, kept: undefined };
  }

  /** A membership of the previous load, unless the export has the person in that occasion, whatever the role. */
  function addCarried(places: PersonPlaces, person: Person, membership: KeptMembership): void {
    if (history === undefined || !liesInWindow(membership, history)) return;
    const group = graph.findKept(membership.occasion);
    const attendance = group && attendanceOf(group);
    if (attendance === undefined || person.groups.some((id) => graph.find(id) === group)) return;
    const { occasion } = attendance;
    const timetable = timetableOf(occasion) ?? past(occasion.group);
    const known = placeIn(attendance);
    if (timetable === undefined || (known !== undefined && known.carried === undefined)) return;
    const carried = known?.carried === undefined ? membership : joinedMemberships(known.carried, membership);
    setPlace(places, attendance, newPlace(attendance, timetable, carried.periods, carried));
  }

  function timetableOf(occasion: Occasion): Timetable | undefined {
    return isCarried(occasion.group) ? past(occasion.group) : schedule.find(occasion);
  }

  function registrationsIn(places: PersonPlaces): readonly Registration[] {
    const planned = plannedMemberships(places);
    const registrations: Registration[] = [];
    for (let start = 0; start < planned.length; ) {
      const first = planned[start] as PlannedMembership;
      const { course } = first.kurstillfalle;
      let end = start + 1;
      while (planned[end]?.kurstillfalle.course === course) end += 1;
      const programmeIds = programmeIdsOf(places, course.key);
      if (end === start + 1 && first.place.carried === undefined && programmeIds.length === 0) {
        for (const registration of registrationsAlone(first)) registrations.push(registration);
      } else {
        for (const judged of judgeRegistrations(planned.slice(start, end))) {
          if (!isTooOld(judged)) registrations.push(registrationOf(judged, programmeIds));
        }
      }
      start = end;
    }
    return registrations;
  }

  function plannedMemberships({ occasions }: PersonPlaces): PlannedMembership[] {
    const planned: PlannedMembership[] = [];
    for (const place of occasions) {
      const { span } = place;
      for (const kurstillfalle of place.occasion.kurstillfallen) planned.push({ kurstillfalle, place, span });
    }
    return planned.length < 2 ? planned : planned.sort(byCourseBeginAndId);
  }

  /** Of the only membership in a course, of someone who reads it through no programme. */
  function registrationsAlone(planned: PlannedMembership): readonly Registration[] {
    const { kurstillfalle, place, span } = planned;
    if (span.later.length > 0) {
      return judgeRegistrations([planned]).map((judged) => registrationOf(judged, none));
    }
    // All whose time lies in one half-year share theirs.
    const row = ktillar.rowOf(kurstillfalle, place.timetable, span.start);
    row.alone ??= judgeRegistrations([planned]).map((judged) => registrationOf(judged, none));
    return row.alone;
  }

  /** What the next load may need of them; where it is the same for many persons it is the same object, and frozen. */
  function keptMemberships({ occasions, programmes: ofPerson }: PersonPlaces): readonly KeptMembership[] {
    const kept: KeptMembership[] = [];
    for (const place of occasions) {
      const { occasion, carried, isWhole } = place;
      if (occasion.kurstillfallen.length === 0) continue;
      if (carried !== undefined) kept.push(keptAgain(carried, occasion));
      else if (ofPerson.length === 0 && isWhole) {
        place.kept ??= Object.freeze(keptMembership(place, ofPerson));
        kept.push(place.kept);
      } else kept.push(keptMembership(place, ofPerson));
    }
    return kept.length < 2 ? kept : kept.sort(byOccasion);
  }

  /** What is carried over is kept for a number of half-years. */
  function isTooOld({ membership, termin }: JudgedRegistration<PlannedMembership>): boolean {
    return history !== undefined && membership.place.carried !== undefined && termin < history.oldest;
  }

  function registrationOf(
    { membership, typ, starttermin, termin }: JudgedRegistration<PlannedMembership>,
    programmeIds: readonly number[],
  ): Registration {
    const { kurstillfalle, place } = membership;
    const { timetable, carried } = place;
    // a re-registration is no beginning: it stands in the half-year in which the occasion itself begins
    const ktillStart = typ === "OM" ? timetable.span.start : starttermin;
    const ktill = ktillar.rowOf(kurstillfalle, timetable, ktillStart);
    if (typ === "FO") ktill.fortTerminer = including(ktill.fortTerminer, termin);
    const { kurskod } = kurstillfalle;
    if (carried === undefined) return { typ, ktill: ktill.id, kurskod, termin, programmes: programmeIds };
    carriedRegistrations += 1;
    const carriedIds = carriedProgrammeIds(carried, kurstillfalle.course.key);
    for (const id of carriedIds) ktill.carriedProgrammes = including(ktill.carriedProgrammes, id);
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
      if (occasion.group.kind === "course" && !attendances.get(occasion)?.hasLearners) return [];
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

/** What an id leads to. */
interface FoundGroup {
  readonly group: Group | undefined;
  /** What a group of the previous load by that id is now. */
  readonly kept: Group | undefined;
  readonly programme: Programme | undefined;
  attendance: Attendance | undefined;
  schools: readonly string[] | undefined;
}

/** Learners of an occasion. */
interface Attendance {
  readonly occasion: Occasion;
  /** In the export, whether or not they can be loaded. */
  hasLearners: boolean;
  whole: Place | undefined;
  /** The last person in it, and where that one is. */
  person: number;
  place: Place | undefined;
}

/** The same properties from the beginning: the engine then treats all alike. */
function newAttendance(occasion: Occasion): Attendance {
  return { occasion, hasLearners: false, whole: undefined, person: 0, place: undefined };
}

/** One person's periods in an occasion; who is there for the whole of it shares it with others. */
interface Place {
  readonly attendance: Attendance;
  readonly occasion: Occasion;
  readonly timetable: Timetable;
  readonly periods: readonly Period[];
  /** Of all periods. */
  readonly span: Span;
  readonly isWhole: boolean;
  /** The membership of the previous load that it is. */
  readonly carried: KeptMembership | undefined;
  /** When it is whole, of those without a programme. */
  kept: KeptMembership | undefined;
}

interface PersonPlaces {
  readonly occasions: Place[];
  /** By id. */
  readonly programmes: Programme[];
}

function programmeIdsOf({ programmes }: PersonPlaces, courseKey: string): readonly number[] {
  if (programmes.length === 0) return none;
  return programmes.filter(({ courses }) => courses.has(courseKey)).map(({ row }) => row.id);
}

const none: readonly never[] = [];

function isCarried(group: Group): boolean {
  return group.kept !== undefined;
}

function isOfExport(group: Group | undefined): boolean {
  return group !== undefined && !isCarried(group);
}

function exportFirst(groups: readonly Group[]): readonly Group[] {
  return [...groups.filter(isOfExport), ...groups.filter(isCarried)];
}

function keptMembership({ occasion, periods, span }: Place, ofPerson: readonly Programme[]): KeptMembership {
  const { group, kurstillfallen } = occasion;
  const programmes = ofPerson.filter(({ courses }) =>
    kurstillfallen.some(({ course }) => courses.has(course.key)),
  );
  return {
    occasion: group.id,
    periods: inOrder(periods),
    lastTermin: span.later.at(-1) ?? span.start,
    programmes: programmes.length === 0 ? none : programmes.map(({ row }) => row.groupId),
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
  readonly place: Place;
  readonly span: Span;
}

/** Within a course `ordinal` follows the occasion's id. */
function byCourseBeginAndId(a: PlannedMembership, b: PlannedMembership): number {
  if (a.kurstillfalle.course === b.kurstillfalle.course && a.span.begin !== b.span.begin) {
    return a.span.begin < b.span.begin ? -1 : 1;
  }
  return a.kurstillfalle.ordinal - b.kurstillfalle.ordinal;
}
