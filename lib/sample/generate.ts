/**
 * Exports of invented people in any size, for benchmarks and trials: IMS Enterprise 1.1 as an Alvis export would have
 * it. `showcase.ts` makes the small one that shows every feature.
 */
import { addDays, daysInclusive } from "./dates.js";
import { identityNumber } from "./identity.js";
import {
  commentXml,
  FOOT_XML,
  groupXml,
  headXml,
  membershipXml,
  personXml,
  type SampleElement,
  type SampleMember,
  type SampleTimeframe,
} from "./ims-xml.js";
import { emailOf, inventAddress, inventMobile, inventName, inventTelephone, TOWN } from "./people.js";
import { createRandom, type Random } from "./random.js";

export interface ExportOptions {
  /** The same options with the same seed give the same bytes on every machine. */
  readonly seed: number;
  /** Person records; one in 25 is staff. */
  readonly persons: number;
  readonly occasions: number;
  /** Learners' memberships of occasions. Each occasion has a teacher besides, when there is staff. */
  readonly memberships: number;
  /** properties/datetime, ÅÅÅÅ-MM-DDThh:mm:ss. */
  readonly datetime?: string;
}

export const DEFAULT_DATETIME = "2026-11-24T02:15:00";

const PERSONS_PER_STAFF = 25;
const OCCASIONS_PER_COURSE = 6;
const OCCASIONS_PER_SCHOOL = 400;
const MIN_SCHOOLS = 3;
const COURSES_PER_PROGRAMME = 20;
/** Texts are handed on in pieces of about this many characters: large enough to write fast, small enough to keep none. */
const CHUNK_CHARACTERS = 65_536;
/** Independent sequences of random numbers, so that a record does not depend on those before it. */
const STREAM = { person: 0x10000000, occasion: 0x20000000, course: 0x30000000 };

/**
 * The XML of an export in chunks, made as they are asked for: a million persons take no more memory than ten.
 * Throws a RangeError at once for sizes that cannot be: an occasion holds each student at most once.
 */
export function generateExport(options: ExportOptions): Iterable<string> {
  return inChunks(records(planOf(options)));
}

function* inChunks(texts: Iterable<string>): Generator<string, void, undefined> {
  let chunk = "";
  for (const text of texts) {
    chunk += text;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = "";
  }
  yield chunk;
}

interface Plan extends Required<ExportOptions> {
  readonly students: number;
  readonly staff: number;
  readonly schools: number;
  readonly courses: number;
}

function planOf(options: ExportOptions): Plan {
  const { persons, occasions, memberships, seed } = options;
  for (const [name, value] of Object.entries({ seed, persons, occasions, memberships })) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name}: a whole number from 0`);
  }
  const staff = Math.floor(persons / PERSONS_PER_STAFF);
  const students = persons - staff;
  const largest = occasions === 0 ? 0 : learnersOf(0, occasions, memberships);
  if (largest > students || (occasions === 0 && memberships > 0)) {
    throw new RangeError("memberships: more than there are students in every occasion");
  }
  return {
    ...options,
    datetime: options.datetime ?? DEFAULT_DATETIME,
    staff,
    students,
    schools: Math.max(MIN_SCHOOLS, Math.ceil(occasions / OCCASIONS_PER_SCHOOL)),
    courses: Math.ceil(occasions / OCCASIONS_PER_COURSE),
  };
}

function* records(plan: Plan): Generator<string, void, undefined> {
  yield headXml({
    comment: `All people in this file are invented; their identity numbers belong to nobody (lib/sample/identity.ts).
Written by adresslista's generator of sample exports: seed ${plan.seed}, ${plan.persons} persons, ${plan.occasions} occasions, ${plan.memberships} memberships.`,
    datasource: `Alvis ${TOWN}`,
    datetime: plan.datetime,
  });
  for (let index = 0; index < plan.persons; index++) yield person(plan, index);
  for (let index = 0; index < plan.schools; index++) yield school(index);
  for (let index = 0; index < plan.courses; index += COURSES_PER_PROGRAMME) yield programme(plan, index);
  for (let index = 0; index < plan.courses; index++) yield course(plan, index);
  for (let index = 0; index < plan.occasions; index++) yield occasion(plan, index);
  for (let index = 0; index < plan.courses; index += COURSES_PER_PROGRAMME)
    yield programmeCourses(plan, index);
  for (let index = 0; index < plan.occasions; index++) yield occasionMembers(plan, index);
  yield commentXml("End of the invented data.");
  yield FOOT_XML;
}

function person(plan: Plan, index: number): string {
  const random = createRandom(plan.seed, STREAM.person + index);
  const { number, gender } = identityNumber(index);
  const name = inventName(random, gender);
  const isStudent = index < plan.students;
  const telephones = [];
  if (random.chance(80)) telephones.push({ type: "Mobile", value: inventMobile(random) });
  if (random.chance(25)) telephones.push({ type: "Voice", value: inventTelephone(random) });
  return personXml({
    ids: [{ id: personId(index) }],
    userids: [{ type: "PID", value: number }],
    fn: `${name.given} ${name.family}`,
    ...name,
    gender: gender === "female" ? "1" : "2",
    ...(random.chance(93) && {
      email: emailOf(name, isStudent ? "elev.example.se" : "example.se", String(index)),
    }),
    telephones,
    ...(random.chance(95) && { address: inventAddress(random) }),
    institutionRoles: [isStudent ? "Student" : "Faculty"],
  });
}

function school(index: number): string {
  const name = `${TOWN}s vuxenutbildning ${index + 1}`;
  return groupXml({
    id: schoolId(index),
    typevalue: "skola",
    level: "1",
    short: schoolId(index),
    long: name,
    parents: [],
  });
}

function programme(plan: Plan, firstCourse: number): string {
  const number = firstCourse / COURSES_PER_PROGRAMME;
  return groupXml({
    id: programmeId(firstCourse),
    typevalue: "kurspaket",
    level: "2",
    short: `VP${String(number % 1000).padStart(3, "0")}`,
    long: `Kurspaket ${number + 1}`,
    parents: [schoolId(schoolOfCourse(plan, firstCourse))],
    extension: [{ name: "inriktning", content: `I${String(number % 1000).padStart(3, "0")}` }],
  });
}

function course(plan: Plan, index: number): string {
  const random = createRandom(plan.seed, STREAM.course + index);
  const { code, name } = courseName(index);
  return groupXml({
    id: courseId(index),
    typevalue: "kurs",
    level: "3",
    short: code,
    long: name,
    parents: [schoolId(schoolOfCourse(plan, index))],
    extension: [
      ...(random.chance(40) ? [{ name: "engbenamning", content: `Course ${index + 1}` }] : []),
      { name: "poang", content: coursePoints(random) },
    ],
  });
}

function occasion(plan: Plan, index: number): string {
  const { random, timeframe, courseIndex } = occasionOf(plan, index);
  const evening = random.chance(15);
  const distance = random.chance(35);
  const place = random.pick(PLACES);
  const extension: SampleElement[] = [
    ...(random.chance(70) ? [{ name: "kurstakt", content: random.pick(["25", "50", "50", "100"]) }] : []),
    { name: "kurstid", content: evening ? "KVÄ" : "DAG" },
    { name: "undform", content: distance ? "DST" : "NML" },
    ...(random.chance(60) ? [{ name: "kurstyp", content: random.pick(["ORD", "UPP"]) }] : []),
    { name: "ort", attributes: { benamn: place.name }, content: place.code },
  ];
  return groupXml({
    id: occasionId(index),
    typevalue: "kursgrupp",
    level: "4",
    short: `${courseName(courseIndex).code} ${timeframe.begin}${evening ? " kväll" : ""}${distance ? " distans" : ""}`,
    timeframe,
    parents: [courseId(courseIndex)],
    extension,
  });
}

function programmeCourses(plan: Plan, firstCourse: number): string {
  const members: SampleMember[] = [];
  for (let offset = 0; offset < PROGRAMME_COURSES && firstCourse + offset < plan.courses; offset++) {
    const extension = [{ name: "termordning", content: String(1 + (offset % 2)) }];
    members.push({
      id: courseId(firstCourse + offset),
      idtype: "2",
      roles: [{ roletype: "01", status: "1", extension }],
    });
  }
  return membershipXml(programmeId(firstCourse), members);
}

function occasionMembers(plan: Plan, index: number): string {
  const { random, timeframe } = occasionOf(plan, index);
  const members: SampleMember[] = [];
  if (plan.staff > 0) {
    const teacher = plan.students + random.below(plan.staff);
    members.push({ id: personId(teacher), idtype: "1", roles: [{ roletype: "02", status: "1" }] });
  }
  // Each step of a length coprime to the number of students leads to another student.
  const step = coprimeStep(plan.students, random);
  let student = random.below(plan.students);
  const learners = learnersOf(index, plan.occasions, plan.memberships);
  for (let count = 0; count < learners; count++) {
    members.push({ id: personId(student), idtype: "1", roles: [learnerRole(random, timeframe)] });
    student = (student + step) % plan.students;
  }
  return membershipXml(occasionId(index), members);
}

function learnerRole(random: Random, { begin, end }: Required<SampleTimeframe>) {
  const status = random.chance(4) ? ("0" as const) : ("1" as const);
  const late = random.chance(20) ? Math.min(7 * (1 + random.below(4)), daysInclusive(begin, end) - 1) : 0;
  const timeframe = { begin: addDays(begin, late), end };
  return { roletype: "01", status, ...((late > 0 || random.chance(60)) && { timeframe }) };
}

/** What an occasion's record and its membership agree on: the random numbers go on alike after it. */
function occasionOf(plan: Plan, index: number) {
  const random = createRandom(plan.seed, STREAM.occasion + index);
  const timeframe = random.pick(TIMEFRAMES);
  return { random, timeframe, courseIndex: index % plan.courses };
}

/** Shares out the memberships so that sizes differ, two neighbours together have their due, and the sum is right. */
function learnersOf(index: number, occasions: number, memberships: number): number {
  const even = index - (index % 2);
  const upTo = (count: number) => Math.floor((count * memberships) / occasions);
  if (even + 1 >= occasions) return memberships - upTo(even);
  const together = upTo(even + 2) - upTo(even);
  const larger = Math.ceil((together * 2) / 3);
  return index === even ? larger : together - larger;
}

function coprimeStep(count: number, random: Random): number {
  if (count < 2) return 1;
  let step = 1 + random.below(count - 1);
  while (greatestCommonDivisor(step, count) !== 1) step = step === count - 1 ? 1 : step + 1;
  return step;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

const personId = (index: number) => `P${String(index + 1).padStart(7, "0")}`;
const schoolId = (index: number) => `S${index.toString(36).toUpperCase().padStart(3, "0")}`;
const programmeId = (firstCourse: number) => `KP${String(firstCourse).padStart(5, "0")}`;
const courseId = (index: number) => `K${String(index + 1).padStart(6, "0")}`;
const occasionId = (index: number) => `T${String(index + 1).padStart(7, "0")}`;
const schoolOfCourse = (plan: Plan, index: number) => index % plan.schools;

/** Codes shaped like those of Gy11, one after the other: MATMAT01a, SVEMAT01a, … */
function courseName(index: number): { readonly code: string; readonly name: string } {
  const first = SUBJECTS[index % SUBJECTS.length] as Subject;
  const second = SUBJECTS[(index + Math.floor(index / SUBJECTS.length)) % SUBJECTS.length] as Subject;
  const round = Math.floor(index / SUBJECTS.length ** 2);
  const level = String(1 + (round % 99)).padStart(2, "0");
  const variant = VARIANTS[Math.floor(round / 99) % VARIANTS.length];
  return {
    code: `${first.code}${second.code}${level}${variant}`,
    name: `${first.name} ${Number(level)}${variant}`,
  };
}

interface Subject {
  readonly code: string;
  readonly name: string;
}

const SUBJECTS: readonly Subject[] = [
  { code: "MAT", name: "Matematik" },
  { code: "SVE", name: "Svenska" },
  { code: "SVA", name: "Svenska som andraspråk" },
  { code: "ENG", name: "Engelska" },
  { code: "HIS", name: "Historia" },
  { code: "SAM", name: "Samhällskunskap" },
  { code: "NAK", name: "Naturkunskap" },
  { code: "BIO", name: "Biologi" },
  { code: "KEM", name: "Kemi" },
  { code: "FYS", name: "Fysik" },
  { code: "PSK", name: "Psykologi" },
  { code: "REL", name: "Religionskunskap" },
  { code: "FÖR", name: "Företagsekonomi" },
  { code: "VÅR", name: "Vård- och omsorgsarbete" },
  { code: "HÄL", name: "Hälsopedagogik" },
];
const VARIANTS = "abc";

const PLACES = [
  { code: "LINK", name: TOWN },
  { code: "TRANB", name: "Tranbärsby" },
  { code: "ODON", name: "Odonvik" },
];

/** Autumn 2025 to autumn 2026: half-years, blocks of five and ten weeks, and school years. */
const TIMEFRAMES: readonly Required<SampleTimeframe>[] = [
  { begin: "2025-08-18", end: "2026-01-09" },
  { begin: "2025-08-18", end: "2026-06-05" },
  { begin: "2026-01-12", end: "2026-06-05" },
  { begin: "2026-01-12", end: "2026-03-20" },
  { begin: "2026-03-23", end: "2026-06-05" },
  { begin: "2026-08-17", end: "2027-01-15" },
  { begin: "2026-08-17", end: "2026-09-18" },
  { begin: "2026-09-21", end: "2026-11-27" },
  { begin: "2026-08-17", end: "2027-06-04" },
];
const PROGRAMME_COURSES = 5;

function coursePoints(random: Random): string {
  return random.pick(["50", "100", "100", "100", "150"]);
}
