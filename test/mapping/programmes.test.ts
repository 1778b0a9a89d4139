import { expect } from "chai";
import { describe, it } from "mocha";
import {
  course,
  extension,
  group,
  groupMember,
  klass,
  mapRegister,
  member,
  occasion,
  programme,
  type Register,
  school,
} from "../support/ims.js";

const twoTerms = { begin: "2009-01-19", end: "2009-12-18" };

/** Rows in words: program, occasion, start term, termordning (and calendar term). */
function plans(register: Register) {
  const { tables } = mapRegister(register);
  const inWords = ({ program, ktill, termordn }: { program: number; ktill: number; termordn: string }) => {
    const row = tables.ktill2.find(({ id }) => id === ktill);
    const { program: kod } = tables.programs.find(({ id }) => id === program) ?? {};
    return `${kod} ${row?.kurskod} ${row?.occasionId} ${row?.starttermin} ${termordn}`;
  };
  return {
    progplk: tables.progplk.map(inWords),
    ktillp: tables.ktillp.map((row) => `${inWords(row)} ${row.termin}`),
  };
}

describe("Programmes", () => {
  it("are numbered by group id, with program from short and inriktning from the extension", () => {
    const groups = [
      programme("p2", "VO", { extension: extension({ inriktning: "UND" }) }),
      programme("p1", "BA"),
      group("p3", { type: "program", long: "Utan kod" }),
    ];
    const { tables, reported } = mapRegister({ groups });
    expect(tables.programs).to.deep.equal([
      { id: 1, groupId: "p1", program: "BA" },
      { id: 2, groupId: "p2", program: "VO", programinriktning: "UND" },
    ]);
    expect(reported).to.deep.equal(["programmeWithoutCode p3"]);
  });

  it("report a code wider than T04 documents", () => {
    expect(mapRegister({ groups: [programme("p", "VARDOMS")] }).reported).to.deep.equal(["widthExceeded p"]);
  });

  describe("their courses", () => {
    const rows = [course("c", "A1", { parents: ["level"] }), occasion("o", { parents: ["c"], ...twoTerms })];

    it("are those below them, through groups of every kind, with their KTILL2 and KTFORT2 rows", () => {
      const groups = [programme("p", "VO"), group("level", { type: "nivå", parents: ["p"] }), ...rows];
      expect(plans({ groups })).to.deep.equal({
        progplk: ["VO A1 o 20091 1"],
        ktillp: ["VO A1 o 20091 1 20092"],
      });
    });

    it("are their members with idtype 2, when active", () => {
      const groups = [programme("p", "VO"), ...rows];
      expect(plans({ groups, members: [groupMember("p", "c")] }).progplk).to.deep.equal(["VO A1 o 20091 1"]);
      expect(plans({ groups, members: [groupMember("p", "c", [{ status: "0" }])] }).progplk).to.deep.equal(
        [],
      );
    });

    it("have the termordning of the member's role, else of the group", () => {
      const groups = [
        programme("p", "VO"),
        programme("q", "BA"),
        course("c", "A1", { parents: ["q"], extension: extension({ termordning: "3" }) }),
        occasion("o", { parents: ["c"], ...twoTerms }),
      ];
      const members = [groupMember("p", "c", [{ extension: extension({ termordning: "2" }) }])];
      expect(plans({ groups, members })).to.deep.equal({
        progplk: ["VO A1 o 20091 2", "BA A1 o 20091 3"],
        ktillp: ["VO A1 o 20091 2 20092", "BA A1 o 20091 3 20092"],
      });
    });

    it("are courses by code: a row for every occasion and start term of the course", () => {
      const groups = [
        programme("p", "VO"),
        course("c", "A1", { parents: ["p"] }),
        course("d", "a1"),
        occasion("o", { parents: ["c"], ...twoTerms }),
        occasion("other", { parents: ["d"] }),
      ];
      const members = [member("o", "x", [{ roletype: "01", begin: "2009-08-20" }])];
      expect(plans({ groups, members }).progplk).to.deep.equal([
        "VO A1 o 20092 1",
        "VO A1 o 20091 1",
        "VO a1 other 20091 1",
      ]);
    });

    it("are not others that share an occasion with them, but those of an occasion put there itself", () => {
      const groups = [
        programme("p", "VO"),
        programme("q", "BA"),
        course("c", "A1", { parents: ["p"] }),
        course("d", "B1"),
        occasion("o", { parents: ["c", "d"] }),
        occasion("own", { short: "C1", parents: ["q"] }),
      ];
      expect(plans({ groups }).progplk).to.deep.equal(["VO A1 o 20091 1", "BA C1 own 20091 1"]);
    });
  });

  describe("their members", () => {
    const groups = [
      programme("p2", "VO"),
      programme("p1", "BA"),
      course("c", "A1", { parents: ["p1", "p2"] }),
      course("d", "B1"),
      occasion("o", { parents: ["c"], ...twoTerms }),
      occasion("x", { parents: ["d"] }),
    ];
    const programmesOf = (members: Register["members"] = []) =>
      (mapRegister({ groups, members }).registrations.get("s") ?? []).map(
        ({ typ, kurskod, programmes }) => `${typ} ${kurskod} ${programmes.join("+")}`,
      );

    it("carry them in their registrations on its courses, lowest first", () => {
      const members = [member("p2", "s"), member("p1", "s"), member("o", "s"), member("x", "s")];
      expect(programmesOf(members)).to.deep.equal(["FFG A1 1+2", "FO A1 1+2", "FFG B1 "]);
    });

    it("carry only the programmes that they are in", () => {
      expect(programmesOf([member("o", "s"), member("p2", "s")])).to.deep.equal(["FFG A1 2", "FO A1 2"]);
      const left = member("p2", "s", [{ roletype: "01", status: "0" }]);
      expect(programmesOf([member("o", "s"), left])).to.deep.equal(["FFG A1 ", "FO A1 "]);
    });
  });
});

describe("A person is tied to a school", () => {
  const groups = [
    school("A"),
    group("g", { type: "okänt", parents: ["A"] }),
    course("c", "A1", { parents: ["g"] }),
    occasion("o", { parents: ["c"] }),
    occasion("alone", { short: "B1" }),
    klass("k"),
    klass("empty"),
  ];
  const tied = (...ids: string[]) =>
    mapRegister({ groups, members: [groupMember("o", "k")], tied: ids }).tied;

  it("by a school, or any group below one, loaded or not", () => {
    for (const id of ["A", "g", "c", "o"]) expect(tied("alone", id), id).to.equal(true);
  });

  it("by a class that is a member of such a group", () => {
    expect(tied("k")).to.equal(true);
  });

  it("and otherwise not", () => {
    expect(tied("alone", "empty", "nowhere")).to.equal(false);
    expect(tied()).to.equal(false);
  });
});
