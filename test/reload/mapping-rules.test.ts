import { expect } from "chai";
import { describe, it } from "mocha";
import { defaultMapping } from "../../lib/mapping/settings.js";
import {
  AUTUMN,
  course,
  element,
  group,
  groupMember,
  klass,
  learners,
  member,
  membership,
  occasion,
  person,
  programme,
  role,
  SPRING,
  SPRING_AND_AUTUMN,
  school,
  sourcedId,
} from "../support/export.js";
import { type Loaded, type LoadOptions, loaded } from "./loading.js";

const KTILL2 = "TILLFALLE, KURSKOD, STARTTER FROM KTILL2 ORDER BY TILLFALLE, KURSKOD, STARTTER";
const KTFORT2 = `t.TILLFALLE, t.STARTTER, f.TERMIN, f.TERMORDN FROM KTFORT2 f JOIN KTILL2 t ON t.ID = f.KTILL
  ORDER BY t.TILLFALLE, t.STARTTER, f.TERMIN`;
const KURS = "KOD, INST, BENAMNING FROM KURS ORDER BY KOD, INST";

/** Each registration as `person kind occasion term`, FORT with its start term first: `E1 FO G1 20091>20092`. */
function registrations(load: Loaded): string[] {
  const of = (typ: string, table: string, term: string) =>
    `n.REGISTERID, '${typ}', t.TILLFALLE, ${term} FROM ${table} r JOIN KTILL2 t ON t.ID = r.KTILL JOIN NAMN n ON n.ID = r.PERSON`;
  return [
    ...load.rows(of("FFG", "FFGKURS", "r.TERMIN")),
    ...load.rows(of("FO", "FORTKURS", "t.STARTTER || '>' || r.TERMIN")),
    ...load.rows(of("OM", "OMKURS", "r.TERMIN")),
  ].sort();
}

/** Course K1 with code A1 of school S1, and a person for each id that members name. */
const inS1 = [school("S1"), course("K1", "A1", { in: "S1" })];
const ofK1 = (...records: readonly string[]) => load([...inS1, ...records]);

function load(records: readonly string[], options?: LoadOptions): Promise<Loaded> {
  const known = new Set(records.flatMap((record) => /^<person.*?<id>(.*?)<\/id>/.exec(record)?.[1] ?? []));
  const missing = new Set(
    records.flatMap((record) =>
      [...record.matchAll(/<member>.*?<id>(E\d+)<\/id>/g)].flatMap(([, id]) =>
        id === undefined || known.has(id) ? [] : id,
      ),
    ),
  );
  const unnamed = [...missing].sort().map((id) => person(id));
  // an export without persons is unusable
  if (known.size + unnamed.length === 0) unnamed.push(person("E0"));
  return loaded([...records, ...unnamed], options);
}

describe("An export in the tables", () => {
  describe("Kinds of groups", () => {
    it("are told by the whole typevalue, whatever its case; other kinds are not loaded, but counted", async () => {
      const { rows, caused } = await load([
        group("S1", "SKOLA", { long: "Ett" }),
        group("S2", " enhet ", { long: "Två" }),
        group("S3", "School", { long: "Tre" }),
        group("K1", "Ämne", { short: "A1", in: "S1" }),
        group("K2", "course", { short: "A2", in: "S1" }),
        ...["kursgrupp", "Undervisningsgrupp", "GRUPP", "section", "CourseSection", "teaching group"].map(
          (type, index) => group(`G${index}`, type, { in: "K1", dates: SPRING }),
        ),
        group("P1", "Kurspaket", { short: "P1" }),
        group("P2", "utbildning", { short: "P2" }),
        group("X1", "kursgrupper", { in: "K1", dates: SPRING }),
        group("X2", "rum"),
      ]);
      expect(rows("KOD, BENAMNING FROM INSTITUTION")).to.deep.equal(["S1 Ett", "S2 Två", "S3 Tre"]);
      expect(rows("KOD FROM KURS ORDER BY KOD")).to.deep.equal(["A1", "A2"]);
      expect(rows("TILLFALLE FROM KTILL2 ORDER BY 1")).to.deep.equal(["G0", "G1", "G2", "G3", "G4", "G5"]);
      expect(rows("PROGR FROM PROGRAM")).to.deep.equal(["P1", "P2"]);
      expect(caused("groupKindUnknown")).to.deep.equal(["groupKindUnknown X1", "groupKindUnknown X2"]);
    });

    it("are told by the settings' rules, of which the first that matches wins", async () => {
      const groupKinds = [
        { kind: "course", typevalue: "skola", scheme: "alvis", level: "1" },
        ...defaultMapping.groupKinds,
      ] as const;
      const { rows } = await load([group("K1", "Skola", { short: "A1" }), group("S1", "Enhet")], {
        mapping: { ...defaultMapping, groupKinds },
      });
      expect(rows("KOD FROM INSTITUTION")).to.deep.equal(["S1"]);
    });

    it("are of no account for a group with recstatus 3, which is not in the data set", async () => {
      const { rows, caused } = await ofK1(
        occasion("G1", { in: "K1", recstatus: "3" }),
        occasion("G2", { in: "K1", recstatus: "2" }),
        person("E1", { recstatus: "3" }),
        learners("G2", "E1", "E2"),
      );
      expect(rows(KTILL2)).to.deep.equal(["G2 A1 20091"]);
      expect(rows("REGISTERID FROM NAMN")).to.deep.equal(["E2"]);
      expect(caused("recordDeleted")).to.have.members(["recordDeleted G1", "recordDeleted E1"]);
    });
  });

  describe("Parents", () => {
    it("are named by relation 1 alone, and followed through groups of every kind, loaded or not", async () => {
      const child = `<relationship relation="2">${sourcedId("S2")}</relationship>`;
      const { rows } = await load([
        school("S1"),
        school("S2"),
        group("X1", "ämnesområde", { in: "S1" }),
        course("K1", "A1", { in: "X1", inner: child }),
      ]);
      expect(rows(KURS)).to.deep.equal(["A1 S1 A1"]);
    });

    it("leave out self references and break cycles, which are reported", async () => {
      const { rows, caused } = await load([
        school("S1", { in: "S1" }),
        course("K1", "A1", { in: "S1 X1" }),
        group("X1", "rum", { in: "K1" }),
        occasion("G1", { in: "K1 saknas" }),
      ]);
      expect(rows(KURS)).to.deep.equal(["A1 S1 A1"]);
      expect(rows(KTILL2)).to.deep.equal(["G1 A1 20091"]);
      expect(caused("groupSelfParent", "groupCycle", "parentUnknown")).to.deep.equal([
        "groupSelfParent S1",
        "groupCycle X1",
        "parentUnknown G1",
      ]);
    });
  });

  describe("Institutions", () => {
    it("have the settings' code, else their id, else the next free one in order of id", async () => {
      const { rows } = await load(
        [
          school("enhet-b", { long: "B" }),
          school("enhet-a", { long: "A" }),
          school("VUX", { long: "Vux" }),
          school("I001", { long: "Egen" }),
          school("enhet-c", { long: "C" }),
          school("enhet-d", { long: "D" }),
        ],
        { mapping: { ...defaultMapping, institutions: { "enhet-c": "SFI", "enhet-d": "sfi" } } },
      );
      expect(rows("KOD, BENAMNING FROM INSTITUTION ORDER BY KOD")).to.deep.equal([
        "I001 Egen",
        "I002 A",
        "I003 B",
        "SFI C",
        "VUX Vux",
      ]);
    });
  });

  describe("KURS", () => {
    it("has code, names, points and nedlagd of the course group", async () => {
      const { rows } = await load([
        school("S1"),
        course("K1", "MATMAT02b", {
          in: "S1",
          long: "Matematik 2b",
          ext: { engbenamning: "Mathematics 2b", poang: "100", nedlagd: "J" },
        }),
        course("K2", "GRNMAT2", { in: "S1" }),
        group("K3", "kurs", { in: "S1", long: "Utan kod" }),
      ]);
      expect(rows("KOD, INST, BENAMNING, ENGBENAMNING, POANG, NEDLAGD FROM KURS ORDER BY KOD")).to.deep.equal(
        ["GRNMAT2 S1 GRNMAT2 - - -", "MATMAT02b S1 Matematik 2b Mathematics 2b 100 J"],
      );
    });

    it("has a row for each of the nearest schools above the course and above its occasions", async () => {
      const { rows } = await load([
        school("S1"),
        school("S2", { in: "S1" }),
        school("S3"),
        school("S4"),
        course("K1", "A1", { in: "S2" }),
        occasion("G1", { in: "K1 S3" }),
        occasion("G2", { in: "K1" }),
      ]);
      expect(rows("KOD, INST FROM KURS ORDER BY INST")).to.deep.equal(["A1 S2", "A1 S3"]);
    });

    it("is made by an occasion without a course above, from its short and long, also when it has no dates", async () => {
      const { rows, caused } = await load([
        school("S1"),
        occasion("G1", { in: "S1", short: "A1", long: "Ett", dates: "" }),
        occasion("G2", { in: "S1" }),
      ]);
      expect(rows(KURS)).to.deep.equal(["A1 S1 Ett"]);
      expect(rows(KTILL2)).to.deep.equal([]);
      expect(caused("occasionWithoutDates", "occasionWithoutCourse")).to.have.members([
        "occasionWithoutDates G1",
        "occasionWithoutCourse G2",
      ]);
    });

    it("keeps a code that is not of Kurskod's format, and counts it", async () => {
      const { rows, caused } = await load([
        school("S1"),
        course("K1", "MAT-02", { in: "S1" }),
        course("K2", "ABCDEFGHIJK", { in: "S1" }),
        course("K3", "ÅÄÖåäö1", { in: "S1" }),
      ]);
      expect(rows("KOD FROM KURS ORDER BY ID")).to.deep.equal(["ABCDEFGHIJK", "MAT-02", "ÅÄÖåäö1"]);
      expect(caused("kurskodFormat")).to.deep.equal(["kurskodFormat K1", "kurskodFormat K2"]);
    });

    it("takes the first by id of two course groups with one code at one institution, and reports it", async () => {
      const { rows, caused } = await load([
        school("S1"),
        school("S2"),
        course("K3", "A1", { in: "S2", long: "Tre" }),
        course("K2", "a1", { in: "S1", long: "Två" }),
        course("K1", "A1", { in: "S1", long: "Ett" }),
      ]);
      expect(rows(KURS)).to.deep.equal(["A1 S1 Ett", "A1 S2 Tre"]);
      expect(caused("courseDuplicate")).to.deep.equal(["courseDuplicate K2"]);
    });
  });

  describe("KTILL2", () => {
    it("has a row for an occasion, and for a course group that has learners of its own", async () => {
      const { rows } = await load([
        ...inS1,
        course("K2", "A2", { in: "S1", dates: SPRING }),
        course("K3", "A3", { in: "S1", dates: SPRING }),
        occasion("G1", { in: "K1" }),
        learners("K2", "E1"),
      ]);
      expect(rows(KTILL2)).to.deep.equal(["G1 A1 20091", "K2 A2 20091"]);
    });

    it("has a row for each of several courses above", async () => {
      const { rows } = await ofK1(
        course("K2", "B1", { in: "S1" }),
        occasion("G1", { in: "K2 K1" }),
        learners("G1", "E1"),
      );
      expect(rows(KTILL2)).to.deep.equal(["G1 A1 20091", "G1 B1 20091"]);
      expect(rows("KURS FROM FFGKURS ORDER BY KURS")).to.deep.equal(["A1", "B1"]);
    });

    it("has a row, with the same Anmkod, for each half-year in which an FFG registration in it starts", async () => {
      const { rows } = await ofK1(
        occasion("G1", { in: "K1", dates: SPRING_AND_AUTUMN }),
        learners("G1", "E1", `E2 ${AUTUMN}`),
      );
      expect(rows("STARTTER, KOD, FROMDAT, STARTV, SLUTV FROM KTILL2 ORDER BY STARTTER")).to.deep.equal([
        "20091 A0001 2009-01-19 200904 200951",
        "20092 A0001 2009-01-19 200904 200951",
      ]);
    });

    it("takes missing dates from the active learners; without any, or with begin after end, it is not loaded", async () => {
      const { rows, caused } = await ofK1(
        occasion("G1", { in: "K1", dates: "" }),
        occasion("G2", { in: "K1", dates: "2009-01-19/" }),
        occasion("G3", { in: "K1", dates: "igår/2009-06-05" }),
        occasion("G4", { in: "K1", dates: "2009-06-05/2009-01-19" }),
        klass("C1"),
        occasion("G5", { in: "K1", dates: "" }),
        groupMember("G5", "C1", role({ dates: "2009-02-01/2009-03-31" })),
        learners("C1", "E1"),
        learners("G1", "E1 2009-02-02/2009-05-01", "E2 2009-03-01/2009-06-01"),
        member("G1", "E3", role({ status: "0", dates: "2009-01-01/2009-12-31" })),
        member("G1", "E4", role({ type: "02", dates: "2009-01-01/2009-12-31" })),
        learners("G2", "E1 /2009-05-29"),
        learners("G3", "E1"),
      );
      expect(rows("TILLFALLE, FROMDAT, TOMDAT FROM KTILL2 ORDER BY 1")).to.deep.equal([
        "G1 2009-02-02 2009-06-01",
        "G2 2009-01-19 2009-05-29",
        "G5 2009-02-01 2009-03-31",
      ]);
      expect(caused("occasionWithoutDates", "occasionBeginAfterEnd", "occasionDateMissing")).to.have.members([
        "occasionWithoutDates G3",
        "occasionDateMissing G2",
        "occasionDateMissing G5",
        "occasionDateMissing G1",
        "occasionBeginAfterEnd G4",
      ]);
    });

    it("starts in the half-year of its ISO week, or in the next when fewer than 14 days of the first are used", async () => {
      const starts: Record<string, string> = {
        "2008-12-29/2009-06-05": "20091",
        "2009-06-28/2009-07-03": "20091",
        "2009-06-29/2009-12-18": "20092",
        "2009-06-16/2009-12-18": "20092",
        "2009-06-15/2009-12-18": "20091",
        // 1 January 2010 lies in week 53 of 2009
        "2010-01-01/2010-06-04": "20101",
        "2010-01-01/2010-01-16": "20092",
      };
      const { rows } = await ofK1(
        ...Object.keys(starts).map((dates) => occasion(dates, { in: "K1", dates })),
      );
      expect(rows("TILLFALLE, STARTTER FROM KTILL2 ORDER BY 1")).to.deep.equal(
        Object.entries(starts)
          .map(([dates, start]) => `${dates} ${start}`)
          .sort(),
      );
    });

    it("has the fields of the occasion's extension, and the course's points when it has none", async () => {
      const { rows } = await load([
        school("S1"),
        course("K1", "A1", { in: "S1", ext: { poang: "100" } }),
        occasion("G1", {
          in: "K1",
          ext: { kurstakt: 50, kurstid: "DAG", undform: "DIS", kurstyp: "FRI", anmkod: "X1", poang: "50" },
          extension: '<ort benamn="Lingonköping">LING</ort>',
        }),
        occasion("G2", { in: "K1", ext: { kurstakt: "flex", kurstyp: "_" } }),
        occasion("G3", { in: "K1", ext: { kurstakt: "9".repeat(30) } }),
      ]);
      expect(
        rows("TILLFALLE, KURSTAKT, KURSTID, UNDFORM, KURSTYP, KOD, POANG, ORT FROM KTILL2 ORDER BY 1"),
      ).to.deep.equal([
        "G1 050 DAG DIS FRI X1 50 LING",
        "G2 flex - - - A0001 100 -",
        `G3 ${"9".repeat(30)} - - - A0002 100 -`,
      ]);
      expect(rows("* FROM ORT")).to.deep.equal(["LING Lingonköping"]);
    });

    it("has the kurstakt of its points and weeks when the register has none, ties upwards", async () => {
      const takt = (poang: string) => occasion(poang, { in: "K1", ext: { poang } });
      // 20 weeks, 4 to 23: full time is 400 points
      const { rows } = await ofK1(
        ...["50", "100", "149,9", "150", "250", "350", "400.0", "800", "0", "många"].map(takt),
        occasion("utan", { in: "K1" }),
      );
      expect(rows("TILLFALLE, KURSTAKT FROM KTILL2 ORDER BY ID")).to.have.members([
        "50 025",
        "100 025",
        "149,9 025",
        "150 050",
        "250 075",
        "350 100",
        "400.0 100",
        "800 100",
        "0 -",
        "många -",
        "utan -",
      ]);
    });

    it("has generated Anmkoder in order of begin, then id, and never one that is explicit", async () => {
      const { rows } = await ofK1(
        occasion("G1", { in: "K1", dates: AUTUMN }),
        occasion("G3", { in: "K1" }),
        occasion("G2", { in: "K1" }),
        occasion("G4", { in: "K1", ext: { anmkod: "a0002" } }),
      );
      expect(rows("TILLFALLE, KOD FROM KTILL2 ORDER BY 1")).to.deep.equal([
        "G1 A0004",
        "G2 A0001",
        "G3 A0003",
        "G4 a0002",
      ]);
    });

    it("keeps an explicit Anmkod that stands twice in a start term with the first by id, and reports the others", async () => {
      const { rows, caused } = await ofK1(
        course("K2", "B1", { in: "S1" }),
        occasion("G2", { in: "K1", ext: { anmkod: "x1" } }),
        occasion("G1", { in: "K2 K1", ext: { anmkod: "X1" } }),
        occasion("G3", { in: "K1", ext: { anmkod: "X1" }, dates: AUTUMN }),
      );
      expect(rows("TILLFALLE, KURSKOD, KOD FROM KTILL2 ORDER BY 1, 2")).to.deep.equal([
        "G1 A1 X1",
        "G1 B1 A0001",
        "G2 A1 A0002",
        "G3 A1 X1",
      ]);
      expect(caused("anmkodDuplicate")).to.have.members(["anmkodDuplicate G1", "anmkodDuplicate G2"]);
    });

    it("tells equal occasions apart by KURSOMG 1–9, A–Z; past Z it is blank and reported", async () => {
      const names = Array.from({ length: 36 }, (_, index) => `G${String(index).padStart(2, "0")}`);
      const { rows, caused } = await ofK1(
        ...names.map((id) => occasion(id, { in: "K1", ext: { kurstid: "DAG" } })),
        occasion("H1", { in: "K1", ext: { kurstid: "KVL" } }),
      );
      expect(rows("coalesce(KURSOMG, '') FROM KTILL2 ORDER BY TILLFALLE").join("")).to.equal(
        "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ1",
      );
      expect(caused("kursomgExhausted")).to.deep.equal(["kursomgExhausted G35"]);
    });
  });

  describe("KTFORT2", () => {
    it("has a row for each later half-year of 14 days or more, numbered from the start term", async () => {
      const { rows } = await ofK1(
        occasion("G1", { in: "K1", dates: "2009-01-19/2010-06-04" }),
        // week 27 begins on 29 June
        occasion("G2", { in: "K1", dates: "2009-01-19/2009-07-11" }),
        occasion("G3", { in: "K1", dates: "2009-01-19/2009-07-12" }),
      );
      expect(rows(KTFORT2)).to.deep.equal(["G1 20091 20092 2", "G1 20091 20101 3", "G3 20091 20092 2"]);
    });

    it("has a row where a FORT registration with that start term stands", async () => {
      const { rows } = await ofK1(
        occasion("G1", { in: "K1", dates: SPRING_AND_AUTUMN }),
        learners("G1", "E1 2009-01-19/2010-06-04", "E2 2009-08-17/2010-06-04"),
      );
      expect(rows(KTFORT2)).to.deep.equal(["G1 20091 20092 2", "G1 20091 20101 3", "G1 20092 20101 2"]);
    });
  });

  describe("Registrations", () => {
    it("are of active learner roles, judged role by role", async () => {
      const load = await ofK1(
        occasion("G1", { in: "K1" }),
        member("G1", "E1", role()),
        member("G1", "E2", role({ type: "1" })),
        member("G1", "E3", role({ type: "Learner" })),
        member("G1", "E4", `<role><roletype>01</roletype>${element("status", "1")}</role>`),
        membership("G1", "E5", undefined, [role()]),
        member("G1", "E6", '<role roletype="01"/>'),
        member("G1", "E10", role({ status: "0" })),
        member("G1", "E11", role({ recstatus: "3" })),
        member("G1", "E12", role({ type: "02" })),
        member("G1", "E13", role({ type: "02" }), role()),
        member("G1", "E14", role({ status: "0" }), role({ recstatus: "2" })),
      );
      expect(registrations(load).map((line) => line.split(" ")[0])).to.have.members([
        "E1",
        "E2",
        "E3",
        "E4",
        "E5",
        "E6",
        "E13",
        "E14",
      ]);
    });

    it("take a member without role, or of a role without type, for a learner unless something says staff", async () => {
      const load = await ofK1(
        occasion("G1", { in: "K1" }),
        person("E3", { institutionrole: "Faculty" }),
        person("E4", { institutionrole: "Staff" }),
        member("G1", "E1"),
        member("G1", "E2", role({ type: null })),
        member("G1", "E3"),
        member("G1", "E4", role()),
        member("G1", "E5", role({ type: null }), role({ type: "02" })),
      );
      expect(registrations(load)).to.deep.equal([
        "E1 FFG G1 20091",
        "E2 FFG G1 20091",
        // staff who study
        "E4 FFG G1 20091",
      ]);
    });

    it("follow the role's dates, a missing one being the occasion's, and are not cut to the occasion's", async () => {
      const load = await ofK1(
        occasion("G1", { in: "K1", dates: SPRING_AND_AUTUMN }),
        learners(
          "G1",
          "E1 2009-08-17/",
          "E2 /2009-06-05",
          "E3 2009-01-19/2010-03-01",
          "E4 2009-06-05/2009-01-19",
          "E5 aldrig/2009-06-05",
        ),
      );
      expect(registrations(load)).to.deep.equal([
        "E1 FFG G1 20092",
        "E2 FFG G1 20091",
        "E3 FFG G1 20091",
        "E3 FO G1 20091>20092",
        "E3 FO G1 20091>20101",
        "E4 FFG G1 20091",
        "E4 FO G1 20091>20092",
        "E5 FFG G1 20091",
      ]);
      expect(load.caused("memberBeginAfterEnd", "memberDateInvalid")).to.deep.equal([
        "memberBeginAfterEnd E4",
        "memberDateInvalid E5",
      ]);
    });

    it("join all periods of one person in one occasion, each day once", async () => {
      const load = await ofK1(
        occasion("G1", { in: "K1", dates: SPRING_AND_AUTUMN }),
        // 7 + 7 days of autumn, on two roles and in two memberships
        member("G1", "E1", role({ dates: SPRING }), role({ dates: "2009-08-17/2009-08-23" })),
        learners("G1", "E1 2009-09-01/2009-09-07"),
        // 7 days twice
        member("G1", "E2", role({ dates: SPRING }), role({ dates: "2009-08-17/2009-08-23" })),
        learners("G1", "E2 2009-08-17/2009-08-23"),
      );
      expect(registrations(load)).to.deep.equal([
        "E1 FFG G1 20091",
        "E1 FO G1 20091>20092",
        "E2 FFG G1 20091",
      ]);
    });

    it("are FFG for the first membership of a course and its parallels, OM in each half-year of later ones", async () => {
      const load = await ofK1(
        occasion("G1", { in: "K1" }),
        occasion("G2", { in: "K1", dates: "2009-02-02/2009-05-29" }),
        occasion("G3", { in: "K1", dates: "2009-08-17/2010-06-04" }),
        course("K2", "B1", { in: "S1" }),
        occasion("G4", { in: "K2", dates: AUTUMN }),
        learners("G1", "E1", "E2"),
        learners("G2", "E1"),
        learners("G3", "E1", "E3"),
        learners("G4", "E2"),
      );
      expect(registrations(load)).to.deep.equal([
        "E1 FFG G1 20091",
        "E1 FFG G2 20091",
        "E1 OM G3 20092",
        "E1 OM G3 20101",
        "E2 FFG G1 20091",
        "E2 FFG G4 20092",
        "E3 FFG G3 20092",
        "E3 FO G3 20092>20101",
      ]);
    });

    it("are of one kind per person, course and term: FORT before OM", async () => {
      const load = await ofK1(
        occasion("G1", { in: "K1", dates: SPRING_AND_AUTUMN }),
        occasion("G2", { in: "K1", dates: "2009-08-17/2010-06-04" }),
        learners("G1", "E1"),
        learners("G2", "E1"),
      );
      expect(registrations(load)).to.deep.equal([
        "E1 FFG G1 20091",
        "E1 FO G1 20091>20092",
        "E1 OM G2 20101",
      ]);
    });
  });

  describe("Programmes", () => {
    it("have rows for each term of their courses: those below them, or members with idtype 2", async () => {
      const load = await ofK1(
        programme("P1", "VUXVO", { ext: { inriktning: "USK" } }),
        course("K2", "B1", { in: "S1 P1", ext: { termordning: "2" } }),
        course("K3", "C1", { in: "S1" }),
        course("K4", "D1", { in: "S1" }),
        groupMember("P1", "K1", role({ ext: { termordning: "3" } })),
        groupMember("P1", "K3"),
        occasion("G1", { in: "K1", dates: SPRING_AND_AUTUMN }),
        occasion("G2", { in: "K2" }),
        occasion("G3", { in: "K3" }),
        occasion("G4", { in: "K4" }),
        learners("P1", "E1"),
        learners("G1", "E1", "E2"),
        learners("G4", "E1"),
      );
      const of = (table: string, term: string) =>
        load.rows(`p.PROGR, p.PROGINR, t.KURSKOD, ${term}, r.TERMORDN FROM ${table} r
          JOIN PROGRAM p ON p.ID = r.PROGRAM JOIN KTILL2 t ON t.ID = r.KTILL ORDER BY t.KURSKOD`);
      expect(of("PROGPLK", "t.STARTTER")).to.deep.equal([
        "VUXVO USK A1 20091 3",
        "VUXVO USK B1 20091 2",
        "VUXVO USK C1 20091 1",
      ]);
      expect(of("KTILLP", "r.TERMIN")).to.deep.equal(["VUXVO USK A1 20092 3"]);
      expect(
        load.rows(
          "KURS, REGISTERID, PROGR, PROGINR FROM FFGKURS r JOIN NAMN n ON n.ID = r.PERSON ORDER BY 1, 2",
        ),
      ).to.deep.equal(["A1 E1 VUXVO USK", "A1 E2 - -", "D1 E1 - -"]);
      expect(
        load.rows("KURS, REGISTERID, PROGR FROM FORTKURS r JOIN NAMN n ON n.ID = r.PERSON ORDER BY 2"),
      ).to.deep.equal(["A1 E1 VUXVO", "A1 E2 -"]);
    });
  });

  describe("Classes", () => {
    it("make their learners, nested ones too, members of the occasions that they are members of", async () => {
      const load = await ofK1(
        occasion("G1", { in: "K1", dates: SPRING_AND_AUTUMN }),
        klass("C1"),
        klass("C2"),
        klass("C3", { in: "C2" }),
        groupMember("G1", "C1", role({ type: "04", dates: AUTUMN })),
        groupMember("C1", "C2"),
        groupMember("C1", "C1"),
        // the class membership's own dates do not count
        learners("C1", `E1 ${SPRING}`),
        learners("C2", "E2"),
        learners("C3", "E3"),
        // an inactive direct membership does not cancel it
        member("G1", "E1", role({ status: "0" })),
        member("C1", "E4", role({ status: "0" })),
      );
      expect(registrations(load)).to.deep.equal(["E1 FFG G1 20092", "E2 FFG G1 20092", "E3 FFG G1 20092"]);
      expect(
        load.rows("REGISTERID, GRUPP FROM GRUPPMEDLEM m JOIN NAMN n ON n.ID = m.PERSON ORDER BY 1, 2"),
      ).to.deep.equal(["E1 C1", "E1 G1", "E2 C2", "E3 C3", "E4 C1"]);
    });

    it("count with the occasion's dates when their role has none, and not at all when it is inactive", async () => {
      const load = await ofK1(
        occasion("G1", { in: "K1", dates: SPRING_AND_AUTUMN }),
        occasion("G2", { in: "K1" }),
        klass("C1"),
        groupMember("G1", "C1"),
        groupMember("G2", "C1", role({ status: "0" })),
        learners("C1", "E1"),
      );
      expect(registrations(load)).to.deep.equal(["E1 FFG G1 20091", "E1 FO G1 20091>20092"]);
    });
  });

  describe("NAMN", () => {
    const NAMN = "REGISTERID, SEKEL, PNR FROM NAMN ORDER BY REGISTERID";

    it("takes the number from userid, else an id of its form, else the extension; its century is the latest", async () => {
      const { rows, caused } = await loaded([
        person("E1", { pnr: "19800101-9804" }),
        person("E2", { pnr: "080101-9803", ext: { personnummer: "800101-9804" } }),
        person("E3", { pnr: "080101+9803" }),
        person("E4", { alias: "8001019804" }),
        person("E5", { ext: { personnummer: "800161-9801" } }),
        person("E6", { inner: '<userid useridtype="personNIN">800101T123</userid>' }),
        person("E7", { inner: '<userid useridtype="Login">8001019804</userid>' }),
        person("E8", { pnr: "800101-9805" }),
        person("E9", { pnr: "800101-TF12" }),
      ]);
      expect(rows(NAMN)).to.deep.equal([
        "E1 19 8001019804",
        "E2 20 0801019803",
        "E3 19 0801019803",
        "E4 19 8001019804",
        "E5 19 8001619801",
        "E6 19 800101T123",
        "E7 - -",
        "E8 19 8001019805",
        "E9 - -",
      ]);
      expect(caused("personInvalidPersonnummer").map((line) => line.split(" ")[1])).to.have.members([
        "E7",
        "E8",
        "E9",
      ]);
    });

    it("takes names field by field: n, else sort, else fn, whose last word is the surname", async () => {
      const name = (inner: string) => ({ inner: `<name>${inner}</name>` });
      const { rows } = await loaded([
        person("E1", { name: "Öberg, Åsa" }),
        person("E2", name("<fn>Fel Fel</fn><sort>von Alm, Eva Maria</sort>")),
        person("E3", name("<fn>Eva Maria Berg</fn>")),
        person("E4", name("<fn>Eva Ek</fn><n><family>Björk</family></n>")),
        person("E5", name("<fn>A\u030Asa A\u030Asberg</fn>")),
      ]);
      expect(rows("REGISTERID, ENAMN, TNAMN FROM NAMN ORDER BY REGISTERID")).to.deep.equal([
        "E1 Öberg Åsa",
        "E2 von Alm Eva Maria",
        "E3 Berg Eva Maria",
        "E4 Björk Eva",
        "E5 Åsberg Åsa",
      ]);
    });

    it("has a person once who stands twice: the first value wins, conflicts are reported, every id leads to it", async () => {
      const load = await loaded([
        ...inS1,
        occasion("G1", { in: "K1" }),
        person("E1", { name: "Alm, Åsa", alias: "E2" }),
        person("E2", { name: "Alm, Asa", email: "asa@example.org", alias: "E3" }),
        learners("G1", "E3"),
      ]);
      expect(load.rows("REGISTERID, ENAMN, TNAMN FROM NAMN")).to.deep.equal(["E1 Alm Åsa"]);
      expect(load.rows("ALIAS FROM PERSON_ALIAS ORDER BY 1")).to.deep.equal(["E1", "E2", "E3"]);
      expect(load.rows("KOMADR FROM TELEKOM")).to.deep.equal(["asa@example.org"]);
      expect(registrations(load)).to.deep.equal(["E1 FFG G1 20091"]);
      expect(load.caused("personDuplicate", "personConflict")).to.deep.equal([
        "personDuplicate E1",
        "personConflict E1",
      ]);
    });

    it("is in the order of lists: surname, first name, Å Ä Ö last, v and w apart, then number, then id", async () => {
      const { rows } = await loaded([
        person("E1", { name: "Öberg, Åsa" }),
        person("E2", { name: "Wik, Åsa" }),
        person("E3", { name: "Vik, Åsa" }),
        person("E4", { name: "Vik, Asa" }),
        person("E9", { name: "Alm, Eva", pnr: "19800101-9804" }),
        person("E6", { name: "Alm, Eva", pnr: "20080101-9803" }),
        person("E5", { name: "Alm, Eva", pnr: "20080101-9803" }),
        person("E7", { name: "Åberg, Eva" }),
      ]);
      expect(rows("REGISTERID FROM NAMN ORDER BY ID").join(" ")).to.equal("E9 E5 E6 E4 E3 E2 E7 E1");
    });
  });

  describe("ADRESS and TELEKOM", () => {
    it("have adr as type 4, the extension's adr of type 2 with its time, e-mail and telephones", async () => {
      const { rows, caused } = await loaded([
        person("E1", {
          email: "åsa@example.org",
          tel: { Fax: "1", Voice: "08-465 00 01", "3": "070-174 06 01" },
          adr: { extadd: "Ek", street: "Gatan 1", pcode: "123 45", locality: "Lingonköping", country: "SE" },
          extension: `<adr adrtyp="2"><street>Vägen 2</street><street>lgh 3</street><locality>Blåbärsby</locality>
            <timeframe><begin>2009-02-01</begin><end>20090601</end></timeframe></adr><adr adrtyp="7"><street>x</street></adr>`,
        }),
        person("E2", { tel: { "1": "08-465 00 02", Mobile: "070-174 06 02" } }),
      ]);
      expect(
        rows("PERSON, ADRTYP, COADR, GATADR, POSTNR, ORT, LAND, FROMDAT, TOMDAT FROM ADRESS ORDER BY ADRTYP"),
      ).to.deep.equal([
        "1 2 - Vägen 2, lgh 3 - Blåbärsby - 2009-02-01 2009-06-01",
        "1 4 Ek Gatan 1 123 45 Lingonköping SE - -",
      ]);
      expect(rows("PERSON, KOMTYP, KOMADR FROM TELEKOM ORDER BY 1, 2")).to.deep.equal([
        "1 EMAIL åsa@example.org",
        "1 SMS 070-174 06 01",
        "1 TEL 08-465 00 01",
        "2 SMS 070-174 06 02",
        "2 TEL 08-465 00 02",
      ]);
      expect(caused("personNoEmail")).to.deep.equal(["personNoEmail E2"]);
    });
  });

  describe("Protected persons", () => {
    const reachable = {
      name: "Alm, Åsa",
      pnr: "19800101-9804",
      email: "hemlig@example.org",
      tel: { Voice: "08-465 00 01" },
      adr: { street: "Hemliga gatan 1" },
    };
    const extensionOf = (extension: string) => ({ ...reachable, extension });
    const PROTECTED = "REGISTERID FROM NAMN WHERE SKYDDAD = 1 ORDER BY REGISTERID";

    it("keep name and number, and lose address, phone and e-mail", async () => {
      const { rows, caused } = await ofK1(
        occasion("G1", { in: "K1" }),
        person("E1", extensionOf("<sekretess>true</sekretess>")),
        learners("G1", "E1"),
      );
      expect(rows("REGISTERID, ENAMN, TNAMN, SEKEL, PNR, SKYDDAD FROM NAMN")).to.deep.equal([
        "E1 Alm Åsa 19 8001019804 1",
      ]);
      expect(rows("* FROM ADRESS")).to.deep.equal([]);
      expect(rows("* FROM TELEKOM")).to.deep.equal([]);
      expect(rows("CAST(PERSONVO AS TEXT), EMAIL, NOEMAIL FROM PERSONVO").join()).not.to.match(/hemlig|465/i);
      expect(rows("count(*) FROM FFGKURS")).to.deep.equal(["1"]);
      expect(caused("personProtected")).to.deep.equal(["personProtected E1"]);
    });

    it("are told by sekretess or skyddad that says anything but no, on any record, or by protectedFile", async () => {
      const { rows } = await loaded(
        [
          ...["false", "0", "Nej", "N", "no"].map((no, index) =>
            person(`N${index}`, extensionOf(`<skyddad>${no}</skyddad>`)),
          ),
          person("Y1", extensionOf("<sekretess/>")),
          person("Y2", extensionOf("<Skyddad>ja</Skyddad>")),
          person("Y3", extensionOf("<alvis><sekretess>1</sekretess></alvis>")),
          person("Y4", reachable),
          person("Y4", extensionOf("<skyddad>J</skyddad>")),
          person("Y5", { ...reachable, alias: "Å5" }),
          person("Y6", reachable),
        ],
        { protectedIds: new Set(["Å5", "Y6"]) },
      );
      expect(rows(PROTECTED)).to.deep.equal(["Y1", "Y2", "Y3", "Y4", "Y5", "Y6"]);
      expect(rows("count(*) FROM TELEKOM")).to.deep.equal(["10"]);
    });

    it("are told by a record that is deleted, too", async () => {
      for (const order of [0, 1]) {
        const records = [
          person("E1", { ...reachable, alias: "E2" }),
          person("E2", { recstatus: "3", ext: { sekretess: "ja" } }),
        ];
        if (order === 1) records.reverse();
        const { rows } = await loaded(records);
        expect(rows(PROTECTED)).to.deep.equal(["E1"]);
        expect(rows("count(*) FROM TELEKOM")).to.deep.equal(["0"]);
      }
    });

    it("are not loaded at all when the settings exclude them", async () => {
      const { rows, caused } = await load(
        [
          ...inS1,
          occasion("G1", { in: "K1" }),
          person("E1", extensionOf("<sekretess>true</sekretess>")),
          learners("G1", "E1", "E2"),
        ],
        { protected: "exclude" },
      );
      expect(rows("REGISTERID FROM NAMN")).to.deep.equal(["E2"]);
      expect(rows("ALIAS FROM PERSON_ALIAS")).to.deep.equal(["E2"]);
      expect(rows("count(*) FROM FFGKURS")).to.deep.equal(["1"]);
      expect(caused("personProtected")).to.deep.equal(["personProtected E1"]);
    });
  });

  describe("The report", () => {
    it("counts what the school can mend in Alvis, with the register's ids", async () => {
      const { caused } = await loaded([
        school("S1"),
        course("K1", "A1", { in: "S1" }),
        course("K2", "A2"),
        occasion("G1", { in: "K1" }),
        occasion("G2", { in: "K2" }),
        person("E1", { pnr: "19800101-9804", email: "a@example.org" }),
        person("E2", { pnr: "19800101-9804", email: "b@example.org" }),
        learners("G1", "E1", "borta"),
        learners("G2", "E2"),
        learners("okänd", "E1"),
        "<membership><sourcedid/><member/></membership>",
        "<person><name><fn>Utan Id</fn></name></person>",
      ]);
      expect(caused().map((line) => line.replace(/line \d+/, "line N"))).to.deep.equal([
        "courseWithoutSchool K2",
        "memberUnknownGroup okänd",
        "memberUnknownPerson borta",
        "personNoSchool E2",
        "recordSkipped member at line N",
        "recordSkipped membership at line N",
        "recordSkipped person at line N",
      ]);
    });

    it("counts a person once whose fields are wider than T04's, which are kept and written whole", async () => {
      const wide = "x".repeat(41);
      const { rows, caused } = await loaded([
        person("E1", { name: `${wide}, ${wide}`, adr: { street: wide } }),
        person("E2", { name: "Alm, Åsa" }),
      ]);
      expect(caused("widthExceeded")).to.deep.equal(["widthExceeded E1"]);
      expect(rows("ENAMN FROM NAMN ORDER BY REGISTERID LIMIT 1")).to.deep.equal([wide]);
      expect(rows("CAST(PERSONVO AS TEXT) FROM PERSONVO").join()).to.include(`<enamn>${wide}</enamn>`);
    });
  });
});
