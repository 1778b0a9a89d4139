/**
 * The groups of the showcase: schools, courses and occasions of Lingonköping, a municipality that does not exist.
 * `data/README.md` says which of them shows what.
 */
import type { SampleElement, SampleGroup, SampleTimeframe } from "./ims-xml.js";
import { TOWN } from "./people.js";

export const MUNICIPALITY = "HUVUDMAN";
/** Its id has the format of an institution's code, and so is one. */
export const LVUX = "LVUX";
export const BLABAR = "BLÅ";
/** Gets a generated code. */
export const HJORTRON = "skola-hjortron";
/** A unit under LVUX. */
export const DISTANS = "LVD";

export const CLASS = "KLASS1";
export const CARE_PROGRAMME = "KP01";
export const BUSINESS_PROGRAMME = "KP02";
/** Its membership has nobody in it. */
export const EMPTY_OCCASION = "T062";
export const ALL_STUDENTS = "ALLA1";
export const ALL_STAFF = "PERS1";

/** Half-years and other stretches in which occasions run. Three half-years: autumn 2025, spring and autumn 2026. */
export const PERIODS = {
  HT25: { begin: "2025-08-18", end: "2026-01-09" },
  VT26: { begin: "2026-01-12", end: "2026-06-05" },
  HT26: { begin: "2026-08-17", end: "2027-01-15" },
  schoolYear25: { begin: "2025-08-18", end: "2026-06-05" },
  calendarYear26: { begin: "2026-01-12", end: "2027-01-15" },
  threeTerms: { begin: "2025-08-18", end: "2027-01-15" },
  block1: { begin: "2026-08-17", end: "2026-09-18" },
  block2: { begin: "2026-09-21", end: "2026-10-23" },
  block3: { begin: "2026-10-26", end: "2026-11-27" },
  half1: { begin: "2026-08-17", end: "2026-10-23" },
  half2: { begin: "2026-10-26", end: "2027-01-15" },
  /** Seven days of spring and the rest of what follows: counted as autumn. */
  fromMidsummer: { begin: "2026-06-22", end: "2026-08-14" },
} as const satisfies Record<string, SampleTimeframe>;

type Period = keyof typeof PERIODS;

export interface Occasion {
  readonly id: string;
  /** Course groups above it. */
  readonly courses: readonly string[];
  readonly timeframe: SampleTimeframe | undefined;
  /** How many students to draw; those with a part of their own come besides. */
  readonly draw: number;
  readonly group: SampleGroup;
}

export function schools(): readonly SampleGroup[] {
  const school = (id: string, long: string): SampleGroup => ({
    id,
    typevalue: "skola",
    level: "2",
    short: id,
    long,
    parents: [MUNICIPALITY],
  });
  return [
    {
      id: MUNICIPALITY,
      typevalue: "huvudman",
      level: "1",
      short: TOWN,
      long: `${TOWN}s kommun`,
      parents: [],
    },
    school(LVUX, `${TOWN}s vuxenutbildning`),
    school(BLABAR, "Blåbärsskolans vuxenutbildning"),
    school(HJORTRON, "Hjortronakademin Vård & Omsorg AB"),
    {
      id: DISTANS,
      typevalue: "enhet",
      level: "3",
      short: DISTANS,
      long: `${TOWN}s vuxenutbildning, distans och kväll`,
      parents: [LVUX],
    },
  ];
}

/** Groups that are no schools, courses or occasions; the last two of kinds that are not loaded. */
export function otherGroups(): readonly SampleGroup[] {
  return [
    {
      id: CLASS,
      typevalue: "klass",
      level: "3",
      short: "SVA 1",
      long: "Svenska som andraspråk, klass 1",
      timeframe: PERIODS.HT26,
      parents: [BLABAR],
    },
    {
      id: CARE_PROGRAMME,
      typevalue: "kurspaket",
      level: "3",
      short: "VOBAS",
      long: "Vård och omsorg, baspaket",
      timeframe: PERIODS.threeTerms,
      parents: [HJORTRON],
      extension: [{ name: "inriktning", content: "ÄLDR" }],
    },
    {
      id: BUSINESS_PROGRAMME,
      typevalue: "kurspaket",
      level: "3",
      short: "EKPKT",
      long: "Ekonomipaketet",
      timeframe: PERIODS.HT26,
      parents: [LVUX],
    },
    { id: ALL_STUDENTS, typevalue: "alla elever", level: "3", short: "Alla elever", parents: [LVUX] },
    { id: ALL_STAFF, typevalue: "personalgrupp", level: "3", short: "Personal", parents: [LVUX] },
  ];
}

export function courses(): readonly SampleGroup[] {
  return COURSES.map(({ id, code, name, english, points, closed, schools, ...rest }) => {
    const extension: SampleElement[] = [];
    if (english !== undefined) extension.push({ name: "engbenamning", content: english });
    if (points !== undefined) extension.push({ name: "poang", content: points });
    if (closed) extension.push({ name: "nedlagd", content: "J" });
    if (rest.termOrder !== undefined) extension.push({ name: "termordning", content: rest.termOrder });
    return {
      id,
      typevalue: "kurs",
      level: "3",
      short: code,
      long: name,
      ...(rest.timeframe && { timeframe: rest.timeframe }),
      parents: schools,
      ...(extension.length > 0 && { extension }),
    };
  });
}

export function occasions(): readonly Occasion[] {
  return OCCASIONS.map((offer) => {
    const timeframe = typeof offer.when === "string" ? PERIODS[offer.when] : offer.when;
    const code = COURSES.find(({ id }) => id === offer.courses[0])?.code;
    const named = offer.short ?? `${code} ${offer.id}${offer.tid === "KVÄ" ? " kväll" : ""}`;
    const extension: SampleElement[] = [];
    const add = (name: string, content: string | undefined) => {
      if (content !== undefined) extension.push({ name, content });
    };
    add("kurstakt", offer.takt);
    add("kurstid", offer.tid ?? "DAG");
    add("undform", offer.form ?? "NML");
    add("kurstyp", offer.typ);
    add("anmkod", offer.anm);
    if (offer.ort !== null) {
      const place = PLACES[offer.ort ?? "LINK"];
      extension.push({ name: "ort", attributes: { benamn: place }, content: offer.ort ?? "LINK" });
    }
    add("poang", offer.points);
    return {
      id: offer.id,
      courses: offer.courses,
      timeframe,
      draw: offer.draw ?? 0,
      group: {
        ...(offer.deleted && { recstatus: "3" as const }),
        id: offer.id,
        typevalue: offer.typevalue ?? "kursgrupp",
        level: "4",
        short: named,
        ...(offer.long !== undefined && { long: offer.long }),
        ...(timeframe !== undefined && { timeframe }),
        parents: [...offer.courses, ...(offer.schools ?? [])],
        extension,
      },
    };
  });
}

/** Codes of at most five characters; the last name is wider than T04's C(20). */
const PLACES = {
  LINK: TOWN,
  TRANB: "Tranbärsby",
  ODON: "Odonvik",
  ÅKER: "Åkerbärsö",
  KRÅK: "Kråkbo folkets hus, stora salen",
} as const;

interface Course {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly english?: string;
  readonly points?: string;
  readonly closed?: boolean;
  /** Schools, and a programme that it is below. */
  readonly schools: readonly string[];
  readonly termOrder?: string;
  readonly timeframe?: SampleTimeframe;
}

interface Offer {
  readonly id: string;
  readonly courses: readonly string[];
  readonly when: Period | SampleTimeframe | undefined;
  readonly takt?: string;
  /** DAG when absent. */
  readonly tid?: string;
  /** NML when absent. */
  readonly form?: string;
  readonly typ?: string;
  readonly anm?: string;
  /** LINK when absent, null for none. */
  readonly ort?: keyof typeof PLACES | null;
  readonly points?: string;
  readonly draw?: number;
  readonly short?: string;
  readonly long?: string;
  readonly schools?: readonly string[];
  readonly typevalue?: string;
  readonly deleted?: boolean;
}

// biome-ignore format: a table reads best with a row on a line
const COURSES: readonly Course[] = [
  // Gy11
  { id: "K01", code: "MATMAT01a", name: "Matematik 1a", english: "Mathematics 1a", points: "100", schools: [LVUX] },
  { id: "K02", code: "MATMAT01b", name: "Matematik 1b", english: "Mathematics 1b", points: "100", schools: [LVUX] },
  { id: "K03", code: "MATMAT02b", name: "Matematik 2b", english: "Mathematics 2b", points: "100", schools: [LVUX] },
  { id: "K04", code: "MATMAT03b", name: "Matematik 3b", points: "100", schools: [LVUX] },
  { id: "K05", code: "SVESVE01", name: "Svenska 1", english: "Swedish 1", points: "100", schools: [LVUX] },
  { id: "K06", code: "SVESVE02", name: "Svenska 2", points: "100", schools: [LVUX] },
  { id: "K07", code: "SVESVE03", name: "Svenska 3", points: "100", schools: [LVUX] },
  { id: "K08", code: "SVASVA01", name: "Svenska som andraspråk 1", english: "Swedish as a Second Language 1", points: "100", schools: [LVUX] },
  { id: "K09", code: "SVASVA02", name: "Svenska som andraspråk 2", points: "100", schools: [LVUX] },
  { id: "K10", code: "SVASVA03", name: "Svenska som andraspråk 3", points: "100", schools: [LVUX] },
  { id: "K11", code: "ENGENG05", name: "Engelska 5", english: "English 5", points: "100", schools: [LVUX] },
  { id: "K12", code: "ENGENG06", name: "Engelska 6", english: "English 6", points: "100", schools: [LVUX] },
  { id: "K13", code: "ENGENG07", name: "Engelska 7", english: "English 7", points: "100", schools: [DISTANS] },
  { id: "K14", code: "HISHIS01a1", name: "Historia 1a1", points: "50", schools: [LVUX] },
  { id: "K15", code: "SAMSAM01b", name: "Samhällskunskap 1b", points: "100", schools: [LVUX] },
  { id: "K16", code: "NAKNAK01a1", name: "Naturkunskap 1a1", points: "50", schools: [DISTANS] },
  { id: "K17", code: "BIOBIO01", name: "Biologi 1", points: "100", schools: [LVUX] },
  { id: "K18", code: "KEMKEM01", name: "Kemi 1", points: "100", schools: [LVUX] },
  { id: "K19", code: "FYSFYS01a", name: "Fysik 1a", points: "150", schools: [LVUX] },
  { id: "K20", code: "PSKPSY01", name: "Psykologi 1", points: "50", schools: [DISTANS] },
  { id: "K21", code: "RELREL01", name: "Religionskunskap 1", points: "50", schools: [DISTANS] },
  { id: "K22", code: "FÖRFÖR1", name: "Företagsekonomi 1", english: "Business Economics 1", points: "100", schools: [LVUX] },
  { id: "K23", code: "VÅRVÅR01", name: "Vård- och omsorgsarbete 1", english: "Health and Social Care 1", points: "200", schools: [HJORTRON, CARE_PROGRAMME], termOrder: "1" },
  { id: "K24", code: "VÅRVÅR02", name: "Vård- och omsorgsarbete 2", points: "150", schools: [HJORTRON] },
  { id: "K25", code: "MEDMED01", name: "Medicin 1", points: "150", schools: [HJORTRON] },
  { id: "K26", code: "HÄLHÄL0", name: "Hälsopedagogik", points: "100", schools: [HJORTRON] },
  { id: "K27", code: "VÅRÄLD0", name: "Äldres hälsa och livskvalitet", points: "200", schools: [HJORTRON] },
  // Gy25
  { id: "K28", code: "MATE1B00X", name: "Matematik, nivå 1b", english: "Mathematics, Level 1b", points: "100", schools: [LVUX] },
  { id: "K29", code: "MATE2B00X", name: "Matematik, nivå 2b", points: "100", schools: [LVUX] },
  { id: "K30", code: "SVEN1000X", name: "Svenska, nivå 1", points: "100", schools: [LVUX] },
  { id: "K31", code: "SVEA1000X", name: "Svenska som andraspråk, nivå 1", points: "100", schools: [LVUX] },
  { id: "K32", code: "ENGE1000X", name: "Engelska, nivå 1", english: "English, Level 1", points: "100", schools: [LVUX] },
  { id: "K33", code: "FÖRE1000X", name: "Företagsekonomi, nivå 1", points: "100", schools: [DISTANS] },
  // Basic level
  { id: "K34", code: "GRNMAT2", name: "Matematik, delkurs 2", points: "150", schools: [BLABAR] },
  { id: "K35", code: "GRNSVA2", name: "Svenska som andraspråk, delkurs 2", points: "200", schools: [BLABAR] },
  { id: "K36", code: "GRNSVA3", name: "Svenska som andraspråk, delkurs 3", points: "200", schools: [BLABAR], timeframe: PERIODS.HT26 },
  { id: "K37", code: "GRNENG2", name: "Engelska, delkurs 2", points: "150", schools: [BLABAR] },
  { id: "K38", code: "GRNSAM2", name: "Samhällskunskap, delkurs 2", points: "100", schools: [BLABAR] },
  { id: "K39", code: "GRNHKK2", name: "Hem- & konsumentkunskap, delkurs 2", points: "50", schools: [BLABAR] },
  // A second school with a code that LVUX has too
  { id: "K40", code: "MATMAT02b", name: "Matematik 2b", english: "Mathematics 2b", points: "100", schools: [BLABAR] },
  { id: "K41", code: "DATTIL0", name: "Datoranvändning", english: "Computer Use", points: "50", closed: true, schools: [LVUX] },
  { id: "K42", code: "ORKSTU0", name: "Orienteringskurs: studieteknik", points: "12,5", schools: [DISTANS] },
  // No Kurskod by its format, a name wider than C(58), and no points
  { id: "K43", code: "SFI-C", name: "Svenska för invandrare, studieväg 2, kurs C, inriktning mot vård & omsorg", schools: [BLABAR] },
];

// biome-ignore format: a table reads best with a row on a line
const OCCASIONS: readonly Offer[] = [
  // The one that shows people of every kind
  { id: "T001", courses: ["K11"], when: "HT26", takt: "50", typ: "ORD", anm: "LK001", points: "100" },
  // One course, three half-years: re-registrations, parallel occasions, a second school
  { id: "T002", courses: ["K03"], when: "HT25", takt: "50", typ: "ORD", anm: "LK002", draw: 14 },
  { id: "T003", courses: ["K03"], when: "VT26", takt: "50", typ: "ORD", anm: "LK003", draw: 12 },
  { id: "T004", courses: ["K03"], when: "HT26", takt: "50", typ: "ORD", anm: "LK004", draw: 14 },
  { id: "T005", courses: ["K03"], when: "HT26", takt: "25", tid: "KVÄ", typ: "UPP", draw: 10 },
  { id: "T006", courses: ["K40"], when: "HT26", takt: "100", typ: "ORD", ort: "TRANB", draw: 13 },
  { id: "T007", courses: ["K02"], when: "HT26", takt: "50", draw: 12 },
  { id: "T008", courses: ["K02"], when: "HT26", takt: "50", tid: "KVÄ", draw: 10 },
  // Two and three half-years; also begun in the second
  { id: "T009", courses: ["K19"], when: "schoolYear25", takt: "50", typ: "ORD", anm: "LK009", draw: 13 },
  { id: "T010", courses: ["K15"], when: "threeTerms", takt: "25", form: "DST", draw: 11 },
  { id: "T011", courses: ["K17"], when: "calendarYear26", takt: "25", tid: "KVÄ", typ: "ORD", draw: 12 },
  // Alike in all that tells occasions apart: Kursomgång 1 and 2
  { id: "T012", courses: ["K12"], when: "HT26", takt: "50", typ: "ORD", draw: 14 },
  { id: "T013", courses: ["K12"], when: "HT26", takt: "50", typ: "ORD", draw: 14 },
  { id: "T014", courses: ["K12"], when: "VT26", takt: "50", typ: "ORD", draw: 13 },
  // Samläsning: one occasion under two courses
  { id: "T015", courses: ["K06", "K09"], when: "HT26", takt: "50", typ: "ORD", anm: "LK015", draw: 18 },
  // Without a course above
  { id: "T016", courses: [], schools: [BLABAR], when: "half2", takt: "50", short: "ORKDAT0", long: "Orienteringskurs: datorkunskap", draw: 12 },
  // Distance and evening
  { id: "T017", courses: ["K13"], when: "HT26", takt: "50", form: "DST", typ: "ORD", ort: null, draw: 14 },
  { id: "T018", courses: ["K16"], when: "block1", takt: "100", form: "DST", ort: null, draw: 12 },
  { id: "T019", courses: ["K16"], when: "block2", form: "DST", ort: null, draw: 12 },
  { id: "T020", courses: ["K16"], when: "block3", takt: "100", tid: "KVÄ", ort: "ODON", draw: 10 },
  { id: "T021", courses: ["K20"], when: "half1", form: "DST", ort: null, draw: 13 },
  { id: "T022", courses: ["K21"], when: "half2", form: "DST", tid: "KVÄ", ort: null, draw: 11 },
  { id: "T023", courses: ["K33"], when: "HT26", takt: "VAR", form: "DST", typ: "UPP", ort: null, draw: 12 },
  { id: "T024", courses: ["K42"], when: "block1", form: "DST", ort: null, draw: 10 },
  { id: "T025", courses: ["K42"], when: "fromMidsummer", form: "DST", ort: null, draw: 11 },
  // Gy11, ordinary ones; most without Kurstakt, many without Kurstyp or Anmkod
  { id: "T026", courses: ["K01"], when: "HT25", draw: 13 },
  { id: "T027", courses: ["K01"], when: "HT26", takt: "050", draw: 15 },
  { id: "T028", courses: ["K04"], when: "HT26", ort: "ÅKER", draw: 11 },
  { id: "T029", courses: ["K05"], when: "VT26", typ: "ORD", draw: 14 },
  { id: "T030", courses: ["K05"], when: "HT26", typ: "ORD", draw: 16 },
  { id: "T031", courses: ["K07"], when: "half1", takt: "100", draw: 12 },
  { id: "T032", courses: ["K08"], when: "HT25", typ: "ORD", draw: 14 },
  { id: "T033", courses: ["K08"], when: "HT26", typ: "ORD", ort: "KRÅK", draw: 15 },
  { id: "T034", courses: ["K10"], when: "HT26", draw: 13 },
  { id: "T035", courses: ["K11"], when: "VT26", takt: "50", typ: "ORD", anm: "LK035", draw: 14 },
  { id: "T036", courses: ["K14"], when: "half1", points: "50", draw: 11 },
  { id: "T037", courses: ["K18"], when: "HT26", draw: 11 },
  { id: "T038", courses: ["K22"], when: "HT26", typ: "UPP", draw: 10 },
  { id: "T039", courses: ["K24"], when: "HT26", takt: "100", typ: "ORD", ort: "ODON", draw: 13 },
  { id: "T040", courses: ["K27"], when: "VT26", takt: "100", typ: "ORD", ort: "ODON", draw: 12 },
  // Gy25
  { id: "T041", courses: ["K28"], when: "HT26", takt: "50", typ: "ORD", anm: "LK041", draw: 16 },
  { id: "T042", courses: ["K29"], when: "HT26", draw: 11 },
  { id: "T043", courses: ["K30"], when: "HT26", draw: 13 },
  { id: "T044", courses: ["K31"], when: "HT26", draw: 13 },
  { id: "T045", courses: ["K32"], when: "HT26", typ: "ORD", draw: 15 },
  // Basic level; the class reads the first two
  { id: "T046", courses: ["K35"], when: "HT26", takt: "100", typ: "ORD", anm: "LK046", ort: "TRANB", draw: 4 },
  { id: "T047", courses: ["K34"], when: "HT26", takt: "50", typ: "ORD", ort: "TRANB", draw: 9 },
  { id: "T048", courses: ["K37"], when: "HT26", ort: "TRANB", draw: 13 },
  { id: "T049", courses: ["K38"], when: "VT26", ort: "TRANB", draw: 12 },
  { id: "T050", courses: ["K39"], when: "half1", ort: "TRANB", draw: 11 },
  { id: "T051", courses: ["K43"], when: "HT26", ort: "TRANB", draw: 13 },
  // Read by the programmes
  { id: "T052", courses: ["K23"], when: "schoolYear25", takt: "50", typ: "ORD", anm: "LK052", ort: "ODON", draw: 4 },
  { id: "T053", courses: ["K25"], when: "VT26", takt: "50", typ: "ORD", anm: "LK053", ort: "ODON", draw: 4 },
  { id: "T054", courses: ["K26"], when: "HT26", takt: "50", typ: "ORD", anm: "LK054", ort: "ODON", draw: 4 },
  // What a load mends or reports
  { id: "T055", courses: ["K20"], when: undefined, form: "DST", ort: null, draw: 10 },
  { id: "T056", courses: ["K21"], when: undefined, form: "DST", ort: null },
  { id: "T057", courses: ["K14"], when: { begin: "2026-12-18", end: "2026-08-17" }, draw: 3 },
  { id: "T058", courses: ["K18"], when: { begin: "2026-01-12" }, draw: 10 },
  { id: "T059", courses: ["K07"], when: "half2", anm: "LK059", draw: 9 },
  { id: "T060", courses: ["K04"], when: "half2", anm: "LK059", draw: 9 },
  { id: "T061", courses: ["K15"], when: "HT26", deleted: true },
  { id: "T062", courses: ["K22"], when: "VT26" },
];
