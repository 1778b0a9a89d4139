/**
 * The sample export of `data/`: invented people of an invented municipality, with everything at least once that an
 * export can hold and the mapping reads (contract section 5). `data/README.md` is its table of contents.
 *
 * Students E0001 to E0045 show something in themselves, and all who are to be seen read the occasion T001; E0046 to
 * E0120 show something in how they are registered. The rest, and who reads what besides, is drawn.
 */
import {
  ALL_STAFF,
  ALL_STUDENTS,
  BUSINESS_PROGRAMME,
  CARE_PROGRAMME,
  CLASS,
  courses,
  EMPTY_OCCASION,
  LVUX,
  type Occasion,
  occasions,
  otherGroups,
  PERIODS,
  schools,
} from "./catalogue.js";
import { addDays } from "./dates.js";
import { DEFAULT_DATETIME } from "./generate.js";
import { type Gender, genderOf, publishedPersonnummer } from "./identity.js";
import {
  commentXml,
  FOOT_XML,
  groupXml,
  headXml,
  membershipXml,
  personXml,
  type SampleMember,
  type SamplePerson,
  type SampleRole,
  type SampleTimeframe,
} from "./ims-xml.js";
import {
  emailOf,
  inventAddress,
  inventMobile,
  inventName,
  inventTelephone,
  type Name,
  TOWN,
} from "./people.js";
import { createRandom, type Random } from "./random.js";
import {
  DELETED,
  LAST_SHOWN,
  REGISTERED_TWICE,
  RENAMED,
  RENAMED_OLD_ID,
  specialPerson,
} from "./special-people.js";

/** The seed of the sample in `data/`. */
export const SHOWCASE_SEED = 20261124;

const STUDENTS = 400;
const STAFF = 36;
/** Of those who teach; the last ones are a studying teacher and an administrator. */
const TEACHERS = STAFF - 2;
const STUDYING_TEACHER = STAFF - 1;
const ADMINISTRATOR = STAFF;
/** The first student who is drawn to occasions: those before show one thing at a time. */
const FIRST_DRAWN = 45;
const FIRST_IN_CLASS = 71;
const LAST_IN_CLASS = 88;

/** The sample export, in pieces; the same for the same seed. */
export function* showcaseExport(seed: number = SHOWCASE_SEED): Generator<string, void, undefined> {
  const random = createRandom(seed);
  const cast = createCast(random);
  yield headXml({
    comment: `All people in this file are invented, and so are ${TOWN}, its schools and its streets.
Identity numbers: test numbers that Skatteverket publishes and gives to nobody. E-mail: names reserved for examples.
Telephone: numbers that PTS keeps free for books and films. See README.md beside this file.`,
    datasource: `Alvis ${TOWN}`,
    datetime: DEFAULT_DATETIME,
  });

  yield commentXml("Students: all invented");
  for (let number = 1; number <= STUDENTS; number++) {
    const student = cast.student(number);
    yield personXml(student);
    if (number === REGISTERED_TWICE) yield personXml(asOtherSchoolHasIt(student));
  }
  yield commentXml("Staff: all invented");
  for (let number = 1; number <= STAFF; number++) yield personXml(cast.staff(number));

  yield commentXml("Schools, classes, programmes, courses and occasions");
  const offered = occasions();
  for (const group of [...schools(), ...otherGroups(), ...courses()]) yield groupXml(group);
  for (const { group } of offered) yield groupXml(group);

  yield commentXml("Memberships");
  for (const [group, members] of memberships(random, offered)) yield membershipXml(group, members);
  yield FOOT_XML;
}

const studentId = (number: number) => `E${String(number).padStart(4, "0")}`;
const staffId = (number: number) => `L${String(number).padStart(3, "0")}`;

// ---- People ----

function createCast(random: Random) {
  const numbers = createNumbers(random);
  const takenEmails = new Set<string>();

  const uniqueEmail = (name: Name, domain: string): string => {
    let email = emailOf(name, domain);
    for (let count = 2; takenEmails.has(email); count++) email = emailOf(name, domain, String(count));
    takenEmails.add(email);
    return email;
  };

  /** `complete`: with everything that a person can have, so that one who differs differs in one thing. */
  const invent = (
    id: string,
    role: "Student" | "Faculty",
    wanted: { gender?: Gender | undefined; name?: Name | undefined; complete?: boolean } = {},
  ): SamplePerson => {
    const has = (percent: number) => random.chance(percent) || wanted.complete === true;
    const personnummer = wanted.gender === undefined ? numbers.any() : numbers.of(wanted.gender);
    const name = wanted.name ?? inventName(random, genderOf(personnummer));
    const telephones = [];
    if (has(85)) telephones.push({ type: "Mobile", value: inventMobile(random) });
    if (has(15)) telephones.push({ type: "Voice", value: inventTelephone(random) });
    const domain = random.chance(70)
      ? `${role === "Student" ? "elev." : ""}lingonkoping.example`
      : "example.com";
    return {
      ids: [{ id }],
      userids: [{ type: "PID", value: personnummer }],
      fn: `${name.given} ${name.family}`,
      ...name,
      gender: genderOf(personnummer) === "female" ? "1" : "2",
      ...(has(95) && { email: uniqueEmail(name, domain) }),
      telephones,
      ...(has(94) && { address: inventAddress(random) }),
      institutionRoles: [role],
    };
  };

  return {
    student(number: number): SamplePerson {
      const special = specialPerson(number);
      if (special === undefined) return invent(studentId(number), "Student");
      const { gender, name, change = (person: SamplePerson) => person } = special;
      return change(invent(studentId(number), "Student", { gender, name, complete: true }));
    },
    staff(number: number): SamplePerson {
      const person = invent(staffId(number), "Faculty");
      if (number === STUDYING_TEACHER) return { ...person, institutionRoles: ["Faculty", "Student"] };
      if (number === ADMINISTRATOR) return { ...person, institutionRoles: ["Administrator"] };
      return person;
    },
  };
}

/** Published numbers in drawn order, all of older people among them, so that there is every age. */
function createNumbers(random: Random) {
  const { older, younger } = publishedPersonnummer();
  const drawn = random.shuffle(younger).slice(0, STUDENTS + STAFF);
  const left = random.shuffle([...drawn, ...older]);
  const take = (index: number): string => {
    const [number] = left.splice(index, 1);
    if (number === undefined) throw new RangeError("more people than published numbers");
    return number;
  };
  return {
    any: () => take(0),
    of: (gender: Gender) => take(left.findIndex((number) => genderOf(number) === gender)),
  };
}

/** The same person from another part of the register, with another number to call. */
function asOtherSchoolHasIt(person: SamplePerson): SamplePerson {
  return {
    ...person,
    ids: person.ids.map((id) => ({ ...id, source: "Alvis BLÅ" })),
    telephones: [{ type: "Mobile", value: "070-1740699" }],
  };
}

// ---- Who is registered where ----

function memberships(random: Random, offered: readonly Occasion[]): Map<string, SampleMember[]> {
  const rolls = createRolls(offered);
  specialOccasion(rolls);
  reRegistrations(rolls);
  unusualMembers(rolls);
  classAndItsOccasions(rolls);
  programmes(rolls);
  courseWithLearnersOfItsOwn(rolls);
  staffOf(rolls, random, offered);
  drawnMembers(rolls, random, offered);
  groupsThatAreNotLoaded(rolls);
  return rolls.members;
}

function createRolls(offered: readonly Occasion[]) {
  const members = new Map<string, SampleMember[]>(offered.map(({ id }) => [id, []]));
  const coursesOf = new Map(offered.map(({ id, courses }) => [id, courses]));
  const courseReaders = new Set<string>();
  const readerKey = (student: string, course: string) => `${student} ${course}`;
  return {
    members,
    add(group: string, member: SampleMember): void {
      members.set(group, [...(members.get(group) ?? []), member]);
      for (const course of coursesOf.get(group) ?? []) courseReaders.add(readerKey(member.id, course));
    },
    /** Students first to last, alike. */
    addStudents(group: string, first: number, last: number, role: SampleRole = LEARNER): void {
      for (let number = first; number <= last; number++) this.add(group, person(studentId(number), [role]));
    },
    reads(student: string, { id, courses }: Occasion): boolean {
      if (courses.some((course) => courseReaders.has(readerKey(student, course)))) return true;
      return (members.get(id) ?? []).some((member) => member.id === student);
    },
  };
}

type Rolls = ReturnType<typeof createRolls>;

const LEARNER: SampleRole = { roletype: "01", status: "1" };
const TEACHER: SampleRole = { roletype: "02", status: "1" };

function person(id: string, roles: readonly SampleRole[]): SampleMember {
  return { id, idtype: "1", roles };
}

function learner(timeframe: SampleTimeframe): SampleRole {
  return { ...LEARNER, timeframe };
}

function specialOccasion(rolls: Rolls): void {
  for (let number = 1; number <= LAST_SHOWN; number++) {
    rolls.add("T001", person(number === RENAMED ? RENAMED_OLD_ID : studentId(number), [LEARNER]));
  }
  rolls.add("T001", person(studentId(DELETED), [LEARNER]));
}

/** MATMAT02b again after spring, in two occasions at once, and in one occasion again. */
function reRegistrations(rolls: Rolls): void {
  rolls.addStudents("T003", 46, 57);
  rolls.addStudents("T004", 46, 55);
  rolls.addStudents("T005", 56, 57);
  rolls.addStudents("T007", 58, 59);
  rolls.addStudents("T008", 58, 59);
  rolls.addStudents("T009", 60, 60, learner({ begin: "2026-01-12", end: "2026-06-05" }));
  rolls.add(
    "T010",
    person(studentId(61), [
      learner({ begin: "2025-08-18", end: "2025-12-19" }),
      learner({ begin: "2026-08-17", end: "2026-12-18" }),
    ]),
  );
  rolls.addStudents("T010", 109, 112, learner(PERIODS.threeTerms));
}

/** Roles and members as exporters write them, or should not. */
function unusualMembers(rolls: Rolls): void {
  const group = "T014";
  const add = (number: number, ...roles: SampleRole[]) => rolls.add(group, person(studentId(number), roles));
  add(62, { roletype: "01", status: "0", timeframe: { begin: "2026-01-12", end: "2026-02-20" } });
  add(63, { roletype: "01", status: "1", recstatus: "3" });
  add(64, learner({ begin: "2026-06-05", end: "2026-01-12" }));
  add(65);
  add(66, { status: "1" });
  add(67, { roletype: "Learner", status: "1" });
  add(68, { roletype: "1" });
  rolls.add(group, { id: studentId(69), idtype: undefined, roles: [LEARNER] });
  add(70, { roletype: "01", status: "0", timeframe: { begin: "2026-01-12", end: "2026-02-20" } }, LEARNER);
  add(113, { roletype: "Learner", asElement: true, status: "1" });
  add(114, { roletype: "01", status: "1", timeframe: { begin: "2026-03-30" } });
  add(115, { roletype: "03", status: "1" });
  rolls.add(group, person("E9999", [LEARNER]));
  rolls.add("T9999", person(studentId(116), [LEARNER]));
}

/** The class reads two occasions: one as long as it runs, one for the first half of the autumn. */
function classAndItsOccasions(rolls: Rolls): void {
  rolls.addStudents(CLASS, FIRST_IN_CLASS, LAST_IN_CLASS);
  rolls.add("T046", { id: CLASS, idtype: "2", roles: [LEARNER] });
  rolls.add("T047", { id: CLASS, idtype: "2", roles: [learner(PERIODS.half1)] });
  // Interrupted by themselves, yet in the class.
  rolls.addStudents("T046", LAST_IN_CLASS, LAST_IN_CLASS, { roletype: "01", status: "0" });
}

function programmes(rolls: Rolls): void {
  const termOrder = (order: string): SampleRole => ({
    ...LEARNER,
    extension: [{ name: "termordning", content: order }],
  });
  rolls.add(CARE_PROGRAMME, { id: "K25", idtype: "2", roles: [termOrder("2")] });
  rolls.add(CARE_PROGRAMME, { id: "K26", idtype: "2", roles: [termOrder("3")] });
  for (const group of [CARE_PROGRAMME, "T052", "T053", "T054"]) rolls.addStudents(group, 89, 108);
  rolls.add(BUSINESS_PROGRAMME, { id: "K22", idtype: "2", roles: [LEARNER] });
  for (const group of [BUSINESS_PROGRAMME, "T038"]) rolls.addStudents(group, 117, 120);
}

function courseWithLearnersOfItsOwn(rolls: Rolls): void {
  rolls.addStudents("K36", 121, 130);
}

function staffOf(rolls: Rolls, random: Random, offered: readonly Occasion[]): void {
  const teachers = random.shuffle(Array.from({ length: TEACHERS }, (_, index) => staffId(index + 1)));
  offered.forEach(({ id, timeframe, group }, index) => {
    if (timeframe === undefined || group.recstatus === "3" || id === EMPTY_OCCASION) return;
    rolls.add(id, person(teachers[index % TEACHERS] as string, [TEACHER]));
  });
  // Without a role, yet no participant: the person is staff.
  rolls.add("T002", person(staffId(1), []));
  rolls.add("T008", person(staffId(STUDYING_TEACHER), [LEARNER]));
  rolls.add(LVUX, person(staffId(ADMINISTRATOR), [{ roletype: "07", status: "1" }]));
}

/** Everyone from FIRST_DRAWN about as often, nobody twice in a course; the class reads together and nothing else. */
function drawnMembers(rolls: Rolls, random: Random, offered: readonly Occasion[]): void {
  const everyone = Array.from({ length: STUDENTS - FIRST_DRAWN + 1 }, (_, index) => FIRST_DRAWN + index)
    .filter((number) => number < FIRST_IN_CLASS || number > LAST_IN_CLASS)
    .map(studentId);
  let waiting: string[] = [];
  for (const occasion of offered) {
    for (let count = 0; count < occasion.draw; count++) {
      if (waiting.length < everyone.length) waiting = [...waiting, ...random.shuffle(everyone)];
      const next = waiting.findIndex((student) => !rolls.reads(student, occasion));
      const [student] = next < 0 ? [] : waiting.splice(next, 1);
      if (student === undefined) throw new RangeError(`more places than students: ${occasion.id}`);
      rolls.add(occasion.id, person(student, [drawnRole(random, occasion)]));
    }
  }
}

function drawnRole(random: Random, { timeframe }: Occasion): SampleRole {
  const { begin = PERIODS.VT26.begin, end = PERIODS.VT26.end } = timeframe ?? PERIODS.half2;
  const isWhole = timeframe?.begin !== undefined && timeframe.end !== undefined;
  if (random.chance(5)) return { roletype: "01", status: "0", timeframe: { begin, end: addDays(begin, 30) } };
  if (random.chance(15)) return learner({ begin: addDays(begin, 7 * (1 + random.below(2))), end });
  return isWhole && random.chance(60) ? LEARNER : learner({ begin, end });
}

/** Collective groups, whose members have no roles. */
function groupsThatAreNotLoaded(rolls: Rolls): void {
  for (let number = FIRST_DRAWN; number < FIRST_DRAWN + 15; number++) {
    rolls.add(ALL_STUDENTS, person(studentId(number), []));
  }
  for (let number = 1; number <= 5; number++) rolls.add(ALL_STAFF, person(staffId(number), []));
}
