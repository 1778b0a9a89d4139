import { expect } from "chai";
import { describe, it } from "mocha";
import {
  course,
  element,
  extension,
  type GroupFields,
  group,
  groupMember,
  klass,
  mapRegister,
  member,
  occasion,
  type Register,
  school,
} from "../support/ims.js";

const ktill2 = (register: Register) => mapRegister(register).tables.ktill2;

/** The only row of an occasion of a course with 100 points. */
function rowOf(fields: GroupFields, poang = "100") {
  const groups = [
    course("c", "MATMAT02b", { extension: extension({ poang }) }),
    occasion("o", { parents: ["c"], ...fields }),
  ];
  const [row] = ktill2({ groups });
  if (row === undefined) throw new Error("no row");
  return row;
}

describe("KTILL2", () => {
  it("has an occasion's own fields", () => {
    const own = [
      ...extension({
        kurstakt: "50",
        kurstid: "DAG",
        undform: "NML",
        kurstyp: "UPP",
        anmkod: "12345",
        poang: "50,5",
      }),
      element("ort", "STO", { benamn: "Stockholm" }),
    ];
    const groups = [
      school("A"),
      course("c", "MATMAT02b", { parents: ["A"] }),
      occasion("o", { parents: ["c"], extension: own }),
    ];
    const { tables } = mapRegister({ groups });
    expect(tables.ktill2).to.deep.equal([
      {
        id: 1,
        occasionId: "o",
        kurskod: "MATMAT02b",
        starttermin: "20091",
        kurstakt: "050",
        kurstid: "DAG",
        undform: "NML",
        kursomg: "1",
        kurstyp: "UPP",
        poang: "50,5",
        anmkod: "12345",
        begin: "2009-01-19",
        end: "2009-06-05",
        startvecka: "200904",
        slutvecka: "200923",
        ort: "STO",
        institutions: ["A"],
      },
    ]);
    expect(tables.ort).to.deep.equal([{ kod: "STO", benamn: "Stockholm" }]);
  });

  it("says nothing of what the register does not say, but takes the course's points", () => {
    const groups = [
      course("c", "MATMAT02b", { extension: extension({ poang: "x" }) }),
      occasion("o", { parents: ["c"] }),
    ];
    const [row] = ktill2({ groups });
    expect(row).to.not.have.any.keys("kurstakt", "kurstid", "undform", "kurstyp", "ort");
    expect(row).to.include({ poang: "x" });
  });

  it("takes the course type _ for none", () => {
    expect(rowOf({ extension: extension({ kurstyp: "_" }) })).to.not.have.property("kurstyp");
  });

  it("reports what is wider than T04 documents, and keeps it whole", () => {
    const groups = [occasion("o", { short: "A1", extension: extension({ kurstid: "DAGTID" }) })];
    const { tables, reported } = mapRegister({ groups });
    expect(tables.ktill2[0]?.kurstid).to.equal("DAGTID");
    expect(reported).to.include("widthExceeded o");
  });

  describe("kurstakt", () => {
    for (const [written, kept] of [
      ["50", "050"],
      ["100", "100"],
      ["050", "050"],
      ["50,0", "050"],
      ["33,4", "033"],
      ["halvfart", "halvfart"],
      ["50 %", "50 %"],
    ]) {
      it(`${written} is kept as ${kept}`, () => {
        expect(rowOf({ extension: extension({ kurstakt: written ?? "" }) }).kurstakt).to.equal(kept);
      });
    }

    for (const [poang, begin, end, takt, why] of [
      ["100", "2009-01-19", "2009-03-29", "050", "100 points in 10 weeks"],
      ["100", "2009-01-23", "2009-03-23", "050", "weeks that are only begun count"],
      ["200", "2009-01-19", "2009-03-29", "100", "200 points in 10 weeks"],
      ["900", "2009-01-19", "2009-03-29", "100", "more than full time"],
      ["1", "2009-01-19", "2009-03-29", "025", "next to nothing"],
      ["75", "2009-01-19", "2009-03-29", "050", "37.5 is a tie: upwards"],
      ["125", "2009-01-19", "2009-03-29", "075", "62.5 is a tie: upwards"],
      ["74,9", "2009-01-19", "2009-03-29", "025", "just below the tie, with a comma"],
      ["75.1", "2009-01-19", "2009-03-29", "050", "just above it, with a full stop"],
      ["150", "2008-12-29", "2009-03-08", "075", "weeks over the turn of the year"],
      ["0", "2009-01-19", "2009-03-29", undefined, "no points"],
      ["hundra", "2009-01-19", "2009-03-29", undefined, "points that are no number"],
    ] as const) {
      it(`is computed: ${why}`, () => {
        expect(rowOf({ begin, end }, poang).kurstakt).to.equal(takt);
      });
    }
  });

  describe("start term and weeks", () => {
    for (const [begin, end, starttermin, startvecka, why] of [
      ["2009-01-01", "2009-06-05", "20091", "200901", "1 January in week 1"],
      ["2010-01-01", "2010-06-05", "20101", "200953", "1 January in week 53 of the year before"],
      ["2009-06-22", "2009-12-18", "20092", "200926", "from midsummer: 7 days of spring"],
      ["2009-06-15", "2009-12-18", "20091", "200925", "14 days of spring"],
      ["2009-06-22", "2009-07-11", "20091", "200926", "a short one, with 13 days of autumn"],
      ["2009-06-22", "2009-07-12", "20092", "200926", "a short one, with 14 days of autumn"],
      ["2008-12-29", "2008-12-29", "20091", "200901", "one day, of the next week-year"],
    ] as const) {
      it(`${begin} to ${end} is ${starttermin}: ${why}`, () => {
        expect(rowOf({ begin, end })).to.include({ starttermin, startvecka, begin, end });
      });
    }
  });

  describe("dates", () => {
    const register = (fields: GroupFields, roles: readonly { begin?: string; end?: string }[]): Register => ({
      groups: [group("o", { type: "kursgrupp", short: "A1", ...fields })],
      members: roles.map((dates, n) => member("o", `p${n}`, [{ roletype: "01", ...dates }])),
    });
    const roles = [
      { begin: "2009-02-01", end: "2009-05-01" },
      { begin: "2009-01-19", end: "2009-03-01" },
      { end: "2009-06-05" },
    ];

    it("that are missing are the learners' earliest begin and latest end, and reported", () => {
      const { tables, reported } = mapRegister(register({}, roles));
      expect(tables.ktill2[0]).to.include({ begin: "2009-01-19", end: "2009-06-05" });
      expect(reported).to.include("occasionDateMissing o");
    });

    it("that are there are kept", () => {
      const { tables } = mapRegister(register({ begin: "2009-01-26" }, roles));
      expect(tables.ktill2[0]).to.include({ begin: "2009-01-26", end: "2009-06-05" });
    });

    it("are those of active learners only", () => {
      const { groups } = register({ begin: "2009-01-26" }, []);
      const members = [
        member("o", "p", [{ roletype: "01", end: "2009-06-05" }]),
        member("o", "q", [{ roletype: "01", end: "2009-12-01", status: "0" }]),
        member("o", "t", [{ roletype: "02", end: "2010-12-01" }]),
      ];
      expect(ktill2({ groups, members })[0]).to.include({ end: "2009-06-05" });
    });

    it("of a class's role count for its learners, and no dates of theirs", () => {
      const groups = [
        group("o", { type: "kursgrupp", short: "A1" }),
        klass("k"),
        klass("inner", { parents: ["k"] }),
      ];
      const members = [
        groupMember("o", "k", [{ begin: "2009-01-19", end: "2009-06-05" }]),
        member("inner", "p", [{ roletype: "01", begin: "2001-01-01", end: "2031-01-01" }]),
      ];
      expect(ktill2({ groups, members })[0]).to.include({ begin: "2009-01-19", end: "2009-06-05" });
    });

    it("that are nowhere leave the occasion unloaded and reported", () => {
      for (const [fields, ofLearners] of [
        [{}, []],
        [{ begin: "2009-01-19" }, [{ begin: "2009-01-19" }]],
        [{ begin: "2009-02-30", end: "2009-06-05" }, []],
      ] as const) {
        const { tables, reported, registrations } = mapRegister(register(fields, ofLearners));
        expect(tables.ktill2).to.deep.equal([]);
        expect(reported).to.include("occasionWithoutDates o");
        expect([...registrations.values()].flat()).to.deep.equal([]);
      }
    });

    it("with begin after end leave the occasion unloaded and reported", () => {
      const { tables, reported } = mapRegister(register({ begin: "2009-06-05", end: "2009-01-19" }, [{}]));
      expect(tables.ktill2).to.deep.equal([]);
      expect(reported).to.deep.equal(["courseWithoutSchool o", "occasionBeginAfterEnd o"]);
    });

    it("of a course group without learners are nobody's business", () => {
      const { reported } = mapRegister({ groups: [school("A"), course("c", "A1", { parents: ["A"] })] });
      expect(reported).to.deep.equal([]);
    });

    it("are those of learners who name the group by any of its ids", () => {
      const groups = [group("o", { type: "kursgrupp", short: "A1", ids: ["o", "old"] })];
      const members = [
        member("o", "p", [{ roletype: "01", begin: "2009-01-26", end: "2009-06-05" }]),
        member("old", "q", [{ roletype: "01", begin: "2009-01-19", end: "2009-05-05" }]),
      ];
      expect(ktill2({ groups, members })[0]).to.include({ begin: "2009-01-19", end: "2009-06-05" });
    });
  });

  describe("kursomgång", () => {
    const omgangar = (groups: Register["groups"]) =>
      new Map(ktill2({ groups }).map(({ occasionId, kursomg }) => [occasionId, kursomg]));

    it("tells equal occasions apart by begin, then id", () => {
      const equal = { short: "A1", extension: extension({ kurstakt: "50" }) };
      const found = omgangar([
        occasion("b", equal),
        occasion("a", { ...equal, short: "a1", extension: extension({ kurstakt: "050" }) }),
        occasion("z", { ...equal, begin: "2009-01-12" }),
      ]);
      expect(Object.fromEntries(found)).to.deep.equal({ z: "1", a: "2", b: "3" });
    });

    for (const field of ["kurstakt", "kurstid", "undform", "ort", "kurstyp"]) {
      it(`starts anew for another ${field}`, () => {
        const groups = ["10", "20"].map((value) =>
          occasion(value, { short: "A1", extension: extension({ [field]: value }) }),
        );
        expect([...omgangar(groups).values()]).to.deep.equal(["1", "1"]);
      });
    }

    it("starts anew in another term or course", () => {
      const groups = [
        occasion("a", { short: "A1" }),
        occasion("b", { short: "B1" }),
        occasion("c", { short: "A1", begin: "2009-08-20", end: "2009-12-18" }),
      ];
      expect([...omgangar(groups).values()]).to.deep.equal(["1", "1", "1"]);
    });

    it("goes from 9 to A, and past Z is blank and reported", () => {
      const many = Array.from({ length: 36 }, (_, n) =>
        occasion(`o${String(n).padStart(2, "0")}`, { short: "A1" }),
      );
      const { tables, reported } = mapRegister({ groups: many });
      const found = new Map(tables.ktill2.map(({ occasionId, kursomg }) => [occasionId, kursomg]));
      expect(found.get("o08")).to.equal("9");
      expect(found.get("o09")).to.equal("A");
      expect(found.get("o34")).to.equal("Z");
      expect(found.get("o35")).to.equal(undefined);
      expect(reported).to.include("kursomgExhausted o35");
    });
  });
});

describe("KTFORT2", () => {
  it("has the later half-years in which the occasion runs 14 days or more, numbered from the start term", () => {
    const groups = [occasion("o", { short: "A1", begin: "2009-01-19", end: "2010-12-18" })];
    expect(mapRegister({ groups }).tables.ktfort2).to.deep.equal([
      { ktill: 1, termin: "20092", termordn: 2 },
      { ktill: 1, termin: "20101", termordn: 3 },
      { ktill: 1, termin: "20102", termordn: 4 },
    ]);
  });

  it("leaves out a half-year of 13 days", () => {
    const terminer = (end: string) =>
      mapRegister({ groups: [occasion("o", { short: "A1", end })] }).tables.ktfort2.map(
        ({ termin }) => termin,
      );
    expect(terminer("2009-07-11")).to.deep.equal([]);
    expect(terminer("2009-07-12")).to.deep.equal(["20092"]);
  });

  it("has a half-year in which only a learner runs on", () => {
    const groups = [occasion("o", { short: "A1" })];
    const members = [member("o", "p", [{ roletype: "01", end: "2010-03-01" }])];
    expect(mapRegister({ groups, members }).tables.ktfort2).to.deep.equal([
      { ktill: 1, termin: "20092", termordn: 2 },
      { ktill: 1, termin: "20101", termordn: 3 },
    ]);
  });

  it("belongs to each KTILL2 row of the occasion, counted from that row's start term", () => {
    const groups = [occasion("o", { short: "A1", end: "2010-06-04" })];
    const members = [member("o", "p", [{ roletype: "01", begin: "2009-08-20" }]), member("o", "q")];
    const { ktill2: rows, ktfort2 } = mapRegister({ groups, members }).tables;
    expect(rows.map(({ id, starttermin, anmkod }) => [id, starttermin, anmkod])).to.deep.equal([
      [1, "20092", "A0001"],
      [2, "20091", "A0001"],
    ]);
    expect(ktfort2).to.deep.equal([
      { ktill: 1, termin: "20101", termordn: 2 },
      { ktill: 2, termin: "20092", termordn: 2 },
      { ktill: 2, termin: "20101", termordn: 3 },
    ]);
  });
});

describe("ORT", () => {
  it("has each place once, with the first name by occasion id, and occasions are spelt as it is", () => {
    const groups = [
      occasion("b", { short: "A1", extension: [element("ort", "sto", { benamn: "Stockholm" })] }),
      occasion("a", { short: "A1", extension: [element("ort", "STO")] }),
      occasion("c", { short: "A1", extension: [element("ort", "Sto", { benamn: "Sthlm" })] }),
      occasion("d", { short: "A1", extension: [element("ort", "GBG")] }),
    ];
    const { tables } = mapRegister({ groups });
    expect(tables.ort).to.deep.equal([{ kod: "GBG" }, { kod: "STO", benamn: "Stockholm" }]);
    expect(tables.ktill2.map(({ ort }) => ort)).to.have.members(["STO", "STO", "STO", "GBG"]);
  });
});
