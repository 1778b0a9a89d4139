import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  course,
  extension,
  group,
  groupMember,
  klass,
  type MappedRegister,
  mapRegister,
  member,
  occasion,
  programme,
  type Register,
  type RoleFields,
  registrationsOf,
  school,
} from "../support/ims.js";
import { anyRegister } from "./any-register.js";

const spring = { begin: "2009-01-19", end: "2009-06-05" };
const autumn = { begin: "2009-08-20", end: "2009-12-18" };
const inMarch = "2009-03-03";
const inSeptember = "2009-09-15";
const nextSpring = "2010-02-01";

const learner = (dates: RoleFields = {}): RoleFields[] => [{ roletype: "01", ...dates }];

/** The exports of several days, loaded one after the other: the last load. */
function loads(first: Register, ...later: readonly (readonly [day: string, Register, terms?: number])[]) {
  return later.reduce(
    (previous, [day, register, terms]) =>
      mapRegister({ ...register, past: { previous, day, ...(terms === undefined ? {} : { terms }) } }),
    mapRegister(first),
  );
}

const occasionsOf = ({ tables }: MappedRegister) =>
  tables.ktill2
    .map(({ occasionId, kurskod, starttermin }) => `${occasionId} ${kurskod} ${starttermin}`)
    .sort();
const coursesOf = ({ tables }: MappedRegister) =>
  tables.kurs.map(({ kurskod, inst, benamning }) => `${kurskod} ${inst} ${benamning}`);
const institutionsOf = (mapped: MappedRegister, id: string) =>
  mapped.tables.ktill2.find(({ occasionId }) => occasionId === id)?.institutions;
const anmkodOf = (mapped: MappedRegister, id: string) =>
  mapped.tables.ktill2.find(({ occasionId }) => occasionId === id)?.anmkod;

describe("History", () => {
  const A = school("A");
  const c = course("c", "A1", { parents: ["A"], long: "Matematik" });
  const o = occasion("o", { parents: ["c"] });
  const h = occasion("h", { parents: ["c"], ...autumn });
  const before: Register = { groups: [A, c, o], members: [member("o", "p")] };
  const empty: Register = { groups: [A, c] };

  describe("of registrations", () => {
    it("carries over what has passed, and tells the new occasion's as re-registrations", () => {
      const mapped = loads(before, [inSeptember, { groups: [A, c, h], members: [member("h", "p")] }]);
      expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG o 20091 A1 20091", "OM h 20092 A1 20092"]);
      expect(mapped.carried).to.deep.equal({ occasions: 1, registrations: 1 });
    });

    it("carries over those of a person who is no longer in the export", () => {
      const mapped = loads(before, [inSeptember, { groups: [A, c, o, h], members: [member("h", "q")] }]);
      expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG o 20091 A1 20091"]);
      expect(mapped.carried).to.deep.equal({ occasions: 0, registrations: 1 });
    });

    it("leaves out what was taken back before its end", () => {
      const mapped = loads(before, ["2009-06-05", empty], [inSeptember, empty]);
      expect([...mapped.registrations]).to.deep.equal([]);
      expect(occasionsOf(mapped)).to.deep.equal([]);
    });

    it("leaves out what had ended but whose half-year has not passed", () => {
      const mapped = loads(before, ["2009-06-20", empty]);
      expect([...mapped.registrations]).to.deep.equal([]);
      expect(occasionsOf(mapped)).to.deep.equal([]);
    });

    it("leaves out an interruption, and whatever else the export says of the person in that occasion", () => {
      for (const roles of [[{ roletype: "01", status: "0" }], [{ roletype: "02" }], learner(autumn)]) {
        const mapped = loads(before, [
          inSeptember,
          { groups: [A, c, o], members: [member("o", "p", roles)] },
        ]);
        const expected = roles[0]?.begin === undefined ? [] : ["FFG o 20092 A1 20092"];
        expect(registrationsOf(mapped, "p")).to.deep.equal(expected);
        expect(mapped.carried.registrations).to.equal(0);
      }
    });

    it("leaves out an interruption in an occasion that the export does not have, by any id of it", () => {
      const first = { ...before, groups: [A, c, occasion("o", { parents: ["c"], ids: ["o", "o2"] })] };
      const members = [member("o2", "p", [{ roletype: "01", status: "0" }])];
      const mapped = loads(first, [inSeptember, { groups: [A, c], members }]);
      expect(registrationsOf(mapped, "p")).to.deep.equal([]);
      expect(mapped.reported).to.deep.equal([]);
    });

    it("is gone after as many half-years as are kept", () => {
      const days = [inSeptember, nextSpring, "2010-09-01", "2011-02-01", "2011-09-01", "2012-02-01"];
      const chain = (terms: number, nights: number) =>
        loads(before, ...days.slice(0, nights).map((day) => [day, empty, terms] as const));
      const isThere = (mapped: MappedRegister) =>
        registrationsOf(mapped, "p").length > 0 &&
        occasionsOf(mapped).length > 0 &&
        mapped.kept.groups.length > 0;
      expect(days.map((_, index) => isThere(chain(4, index + 1)))).to.deep.equal([
        true,
        true,
        true,
        true,
        false,
        false,
      ]);
      expect([1, 2].map((nights) => isThere(chain(1, nights)))).to.deep.equal([true, false]);
      const gone = chain(1, 2);
      expect([...gone.registrations.keys()]).to.deep.equal([]);
      expect(gone.kept).to.deep.equal({ groups: [], members: [] });
      expect(isThere(chain(0, 1))).to.equal(false);
    });

    it("keeps of a membership the half-years that are kept, in the row in which it began", () => {
      const year = occasion("o", { parents: ["c"], begin: "2009-01-19", end: "2009-12-18" });
      const first = { groups: [A, c, year], members: [member("o", "p")] };
      const both = loads(first, [nextSpring, empty, 2]);
      expect(registrationsOf(both, "p")).to.deep.equal(["FFG o 20091 A1 20091", "FO o 20091 A1 20092"]);
      const one = loads(first, [nextSpring, empty, 2], ["2010-09-01", empty, 2]);
      expect(registrationsOf(one, "p")).to.deep.equal(["FO o 20091 A1 20092"]);
      expect(occasionsOf(one)).to.deep.equal(["o A1 20091"]);
      expect(one.tables.ktfort2).to.deep.equal([{ ktill: 1, termin: "20092", termordn: 2 }]);
      expect([...loads(first, ["2011-02-01", empty, 2]).registrations]).to.deep.equal([]);
    });

    it("keeps the first registration first, however long ago it is, while it is kept", () => {
      const again = { groups: [A, c, h], members: [member("h", "p")] };
      const kept = loads(before, [inSeptember, again], [nextSpring, empty]);
      expect(registrationsOf(kept, "p")).to.deep.equal(["FFG o 20091 A1 20091", "OM h 20092 A1 20092"]);
      const gone = loads(before, [inSeptember, again], [nextSpring, empty, 1]);
      expect(registrationsOf(gone, "p")).to.deep.equal(["FFG h 20092 A1 20092"]);
    });

    it("has the person's own dates, not the occasion's", () => {
      const members = [member("o", "p", learner({ begin: "2008-08-20", end: "2009-02-20" }))];
      const mapped = loads({ groups: [A, c, o], members }, [inSeptember, { groups: [A, c, o] }]);
      expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG o 20082 A1 20082", "FO o 20082 A1 20091"]);
      expect(occasionsOf(mapped)).to.deep.equal(["o A1 20082", "o A1 20091"]);
    });

    it("has all periods of a person in an occasion, and only when all have ended", () => {
      const roles = [...learner({ begin: "2008-08-20", end: "2008-12-19" }), ...learner(spring)];
      const first = { groups: [A, c, o], members: [member("o", "p", roles)] };
      const expected = ["FFG o 20082 A1 20082", "FO o 20082 A1 20091"];
      expect(registrationsOf(loads(first, [inSeptember, empty]), "p")).to.deep.equal(expected);
      expect(registrationsOf(loads(first, [inMarch, empty]), "p")).to.deep.equal([]);
    });

    it("carries over those through a class, whose place the person may have left", () => {
      const k = klass("k");
      const first = {
        groups: [A, c, o, k],
        members: [groupMember("o", "k", learner(spring)), member("k", "p")],
      };
      const expected = ["FFG o 20091 A1 20091"];
      expect(registrationsOf(loads(first, [inSeptember, { groups: [A, c, k] }]), "p")).to.deep.equal(
        expected,
      );
      const left = {
        groups: [A, c, o, k],
        members: [groupMember("o", "k", learner(spring)), member("k", "q")],
      };
      expect(registrationsOf(loads(first, [inSeptember, left]), "p")).to.deep.equal(expected);
    });

    it("does not carry over what the export has through a class", () => {
      const k = klass("k");
      const members = [groupMember("o", "k", learner(autumn)), member("k", "p")];
      const mapped = loads(before, [inSeptember, { groups: [A, c, o, k], members }]);
      expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG o 20092 A1 20092"]);
      expect(mapped.carried.registrations).to.equal(0);
    });

    it("belongs to the occasion under its new id, and to one that was two", () => {
      const renamed = occasion("new", { parents: ["c"], ids: ["new", "o"] });
      const night = [inSeptember, { groups: [A, c, renamed] }] as const;
      const expected = ["FFG new 20091 A1 20091"];
      expect(registrationsOf(loads(before, night), "p")).to.deep.equal(expected);
      const forgotten = [nextSpring, { groups: [A, c, occasion("new", { parents: ["c"] })] }] as const;
      expect(registrationsOf(loads(before, night, forgotten), "p")).to.deep.equal(expected);
      const first = { groups: [A, c, o, h], members: [member("o", "p"), member("h", "p")] };
      const one = occasion("h", { parents: ["c"], ids: ["h", "o"], ...autumn });
      const mapped = loads(first, [nextSpring, { groups: [A, c, one] }]);
      expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG h 20091 A1 20091", "FO h 20091 A1 20092"]);
      expect(mapped.carried.registrations).to.equal(2);
    });

    it("is what the export says of a person in an occasion that it lacks, which is still reported", () => {
      const k = klass("k");
      const members = [groupMember("o", "k"), member("k", "q")];
      const throughClass = loads(before, [inSeptember, { groups: [A, c, k], members }]);
      expect(registrationsOf(throughClass, "q")).to.deep.equal(["FFG o 20091 A1 20091"]);
      expect(throughClass.reported).to.deep.equal(["memberUnknownGroup o"]);
      const mapped = loads(before, [inSeptember, { groups: [A, c], members: [member("o", "p")] }]);
      expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG o 20091 A1 20091"]);
      expect(mapped.carried).to.deep.equal({ occasions: 1, registrations: 0 });
    });

    it("stands in an occasion whose dates the export no longer knows, with those it had", () => {
      const undated = occasion("o", { parents: ["c"], begin: "", end: "" });
      const first = { groups: [A, c, undated], members: [member("o", "p", learner(spring))] };
      const mapped = loads(first, [inSeptember, { groups: [A, c, undated] }]);
      expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG o 20091 A1 20091"]);
      expect(mapped.tables.ktill2[0]).to.include(spring);
      expect(mapped.reported).to.deep.equal(["occasionWithoutDates o"]);
    });
  });

  describe("of occasions", () => {
    it("carries over one that has passed, though it has no learners", () => {
      const mapped = loads({ groups: [A, c, o] }, [inSeptember, empty]);
      expect(occasionsOf(mapped)).to.deep.equal(["o A1 20091"]);
      expect(mapped.carried).to.deep.equal({ occasions: 1, registrations: 0 });
      expect(mapped.reported).to.deep.equal([]);
    });

    it("leaves out one that had not ended, or whose half-year has not passed", () => {
      for (const day of [inMarch, "2009-06-05", "2009-06-20"]) {
        expect(occasionsOf(loads({ groups: [A, c, o] }, [day, empty])), day).to.deep.equal([]);
      }
    });

    it("has of one that was taken back what passed registrations need, in passed half-years", () => {
      const year = occasion("o", { parents: ["c"], begin: "2009-01-19", end: "2010-06-04" });
      const members = [member("o", "p", learner(spring)), member("o", "q")];
      const mapped = loads({ groups: [A, c, year], members }, [inSeptember, empty]);
      expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG o 20091 A1 20091"]);
      expect(registrationsOf(mapped, "q")).to.deep.equal([]);
      expect(occasionsOf(mapped)).to.deep.equal(["o A1 20091"]);
      expect(mapped.tables.ktfort2).to.deep.equal([]);
      const later = loads({ groups: [A, c, year], members }, [inSeptember, empty], ["2010-09-01", empty]);
      expect(later.tables.ktfort2).to.deep.equal([]);
    });

    it("has no rows of half-years that are too old, but those that others stand in", () => {
      const long = occasion("o", { parents: ["c"], begin: "2009-01-19", end: "2010-06-04" });
      const first = { groups: [A, c, long], members: [member("o", "p", learner(autumn))] };
      const mapped = loads(first, ["2010-09-01", empty, 1]);
      expect(occasionsOf(mapped)).to.deep.equal(["o A1 20091"]);
      expect(mapped.tables.ktfort2).to.deep.equal([{ ktill: 1, termin: "20101", termordn: 3 }]);
      expect([...mapped.registrations]).to.deep.equal([]);
    });

    it("is what it was, whatever of it the export lacks", () => {
      const place = extension({ ort: "STO", kurstid: "DAG", poang: "50" });
      const first: Register = {
        groups: [A, c, occasion("o", { parents: ["c"], extension: place })],
        members: [member("o", "p")],
      };
      const { tables } = mapRegister(first);
      for (const groups of [[A, c], [A], [], [c], [school("B")]]) {
        const mapped = loads(first, [inSeptember, { groups }]);
        expect(mapped.tables.ktill2).to.deep.equal(tables.ktill2);
        expect(mapped.tables.ort).to.deep.equal(tables.ort);
        expect(coursesOf(mapped)).to.include("A1 A Matematik");
        expect(mapped.reported.filter((cause) => cause !== "parentUnknown c")).to.deep.equal(
          groups.length === 1 && groups[0] === c ? ["courseWithoutSchool c"] : [],
        );
      }
    });

    it("adds nothing of courses, schools and programmes that nothing needs", () => {
      const P = programme("P", "VO");
      const groups = [A, school("B"), c, course("d", "B1", { parents: ["B"] }), P, o];
      const mapped = loads({ groups, members: [groupMember("P", "d")] }, [inSeptember, { groups: [] }]);
      expect(mapped.tables.kurs.map(({ kurskod }) => kurskod)).to.deep.equal(["A1"]);
      expect(mapped.tables.institutions.map(({ kod }) => kod)).to.deep.equal(["A"]);
      expect(mapped.tables.programs).to.deep.equal([]);
    });

    it("belongs to the schools that gave it then, the nearest", () => {
      const unit = school("U", { parents: ["A"] });
      const groups = [A, unit, c, occasion("o", { parents: ["c", "U"] }), occasion("o2", { short: "A1" })];
      const first = mapRegister({ groups });
      const then = [["U"], ["A", "U"]];
      expect(["o", "o2"].map((id) => institutionsOf(first, id))).to.deep.equal(then);
      const B = school("B");
      const moved = { groups: [A, unit, B, course("c", "A1", { parents: ["B"] })] };
      const mapped = loads({ groups }, [inSeptember, moved]);
      expect(["o", "o2"].map((id) => institutionsOf(mapped, id))).to.deep.equal(then);
      const nobodys = loads({ groups: [course("c", "A1"), o] }, [inSeptember, moved]);
      expect(institutionsOf(nobodys, "o")).to.deep.equal([]);
    });

    it("does not lend its schools or names to what the export has", () => {
      const renewed = course("z", "A1", { long: "Matematik, ny" });
      const current = { groups: [A, renewed, occasion("n", { parents: ["z"], ...autumn })] };
      const mapped = loads(before, [inSeptember, current]);
      expect(institutionsOf(mapped, "n")).to.deep.equal([]);
      expect(mapped.reported).to.deep.equal(["courseWithoutSchool z"]);
      const atSchool = { groups: [A, course("z", "A1", { parents: ["A"], long: "Matematik, ny" })] };
      const named = loads(before, [inSeptember, atSchool]);
      expect(coursesOf(named)).to.deep.equal(["A1 A Matematik, ny"]);
      expect(named.reported).to.deep.equal([]);
    });

    it("keeps codes: institution, generated and explicit Anmkod", () => {
      const long = school("skolan-1", { long: "Lingonskolan" });
      const under = course("c", "A1", { parents: ["skolan-1"] });
      const explicit = (id: string) =>
        occasion(id, { parents: ["c"], extension: extension({ anmkod: "X1" }) });
      const first = { groups: [long, under, o, explicit("x1"), explicit("x2")] };
      const { tables } = mapRegister(first);
      const later = {
        groups: [
          school("a-skola"),
          course("a", "B1", { parents: ["a-skola"] }),
          occasion("a1", { parents: ["a"] }),
        ],
      };
      const mapped = loads(first, [inSeptember, later]);
      for (const row of tables.ktill2) {
        expect(anmkodOf(mapped, row.occasionId)).to.equal(row.anmkod);
        expect(institutionsOf(mapped, row.occasionId)).to.deep.equal(["I001"]);
      }
      expect(mapped.reported).to.deep.equal([]);
      // the one whose code was taken then keeps the one that it got instead
      const without = loads(first, [inSeptember, { groups: [long, under, explicit("y")] }]);
      expect(anmkodOf(without, "x2")).to.equal(anmkodOf(mapRegister(first), "x2"));
    });

    it("is carried over of a course group with learners of its own, gone or not", () => {
      const first = { groups: [A, c], members: [member("c", "p", learner(spring))] };
      for (const groups of [[A, c], [A]]) {
        const mapped = loads(first, [inSeptember, { groups }]);
        expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG c 20091 A1 20091"]);
        expect(occasionsOf(mapped)).to.deep.equal(["c A1 20091"]);
        expect(mapped.tables.ktill2[0]).to.include(spring);
        expect(mapped.reported).to.deep.equal([]);
      }
      const onlyNeeded = loads(before, [inSeptember, { groups: [A] }]);
      expect(occasionsOf(onlyNeeded)).to.deep.equal(["o A1 20091"]);
    });

    it("is carried over in all its courses", () => {
      const groups = [A, c, course("d", "B1"), occasion("o", { parents: ["c", "d"] })];
      for (const rest of [[], [A, c], [course("d", "B1")]]) {
        const mapped = loads({ groups, members: [member("o", "p")] }, [inSeptember, { groups: rest }]);
        expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG o 20091 A1 20091", "FFG o 20091 B1 20091"]);
        expect(mapped.carried).to.deep.equal({ occasions: 1, registrations: 2 });
      }
    });

    it("is the one of its own course when it had none above", () => {
      const own = occasion("o", { short: "A1", long: "Matematik", parents: ["A"] });
      const first = { groups: [A, own], members: [member("o", "p")] };
      const mapped = loads(first, [inSeptember, { groups: [] }]);
      expect(mapped.tables.kurs).to.deep.equal(mapRegister(first).tables.kurs);
      expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG o 20091 A1 20091"]);
    });

    it("finds its course and school under their new ids", () => {
      const groups = [
        school("A2", { ids: ["A2", "A"] }),
        course("c2", "A1", { ids: ["c2", "c"], parents: ["A2"] }),
      ];
      const mapped = loads(before, [inSeptember, { groups }]);
      expect(coursesOf(mapped)).to.deep.equal(["A1 A2 A1"]);
      expect(institutionsOf(mapped, "o")).to.deep.equal(["A2"]);
    });

    it("is not carried over when the export has it by another id, or has another group by its id", () => {
      const named = loads(before, [
        inSeptember,
        { groups: [A, c, occasion("x", { ids: ["x", "o"], short: "A1" })] },
      ]);
      expect(named.tables.ktill2.map(({ occasionId }) => occasionId)).to.deep.equal(["x"]);
      const other = loads(before, [inSeptember, { groups: [A, c, klass("o")] }]);
      expect(occasionsOf(other)).to.deep.equal([]);
      expect(registrationsOf(other, "p")).to.deep.equal([]);
    });

    it("leaves the export's own groups as they are: none lies below what it lacks", () => {
      const lost = { groups: [c, occasion("n", { parents: ["c"], ...autumn })] };
      const mapped = loads(before, [inSeptember, lost]);
      expect(institutionsOf(mapped, "n")).to.deep.equal([]);
      expect(mapped.reported).to.deep.equal(["courseWithoutSchool c", "parentUnknown c"]);
    });

    it("ties its learners to its schools", () => {
      expect(loads(before, [inSeptember, { groups: [], tied: ["o"] }]).tied).to.equal(true);
      expect(loads(before, [inSeptember, { groups: [], tied: ["x"] }]).tied).to.equal(false);
    });
  });

  describe("of programmes", () => {
    const P = programme("P", "VO", { extension: extension({ inriktning: "UND" }) });
    const year = occasion("o", { parents: ["c"], begin: "2009-01-19", end: "2009-12-18" });
    const first: Register = {
      groups: [A, c, year, P],
      members: [
        groupMember("P", "c", [{ extension: extension({ termordning: "3" }) }]),
        member("P", "p"),
        member("o", "p"),
      ],
    };
    const programmesOf = (mapped: MappedRegister, id = "p") =>
      (mapped.registrations.get(id) ?? []).map(({ programmes }) =>
        programmes.map((number) => mapped.tables.programs.find((row) => row.id === number)?.program),
      );

    it("carries over PROGPLK and KTILLP rows, and the programme of registrations, whatever is gone", () => {
      const { tables } = mapRegister(first);
      expect(tables.progplk).to.have.length(1);
      for (const groups of [[A, c], [], [A, c, P], [A, c, year]]) {
        const mapped = loads(first, [nextSpring, { groups }]);
        expect(mapped.tables.programs).to.deep.equal(tables.programs);
        expect(mapped.tables.progplk).to.deep.equal(tables.progplk);
        expect(mapped.tables.ktillp).to.deep.equal(tables.ktillp);
        expect(programmesOf(mapped)).to.deep.equal([["VO"], ["VO"]]);
      }
    });

    it("does not give what it has lost to the export's own occasions", () => {
      const now = occasion("n", { parents: ["c"], begin: "2010-01-18", end: "2010-06-04" });
      const mapped = loads(first, [nextSpring, { groups: [A, c, now], members: [member("n", "q")] }]);
      const rowOf = (id: number) => mapped.tables.ktill2.find((row) => row.id === id)?.occasionId;
      expect(mapped.tables.progplk.map(({ ktill }) => rowOf(ktill))).to.deep.equal(["o"]);
      expect(mapped.tables.ktillp.map(({ ktill }) => rowOf(ktill))).to.deep.equal(["o"]);
    });

    it("gives a row that the export has to a lost programme in passed half-years alone", () => {
      const long = occasion("o", { parents: ["c"], begin: "2009-01-19", end: "2010-06-04" });
      const members = [...(first.members ?? []).slice(0, 2), member("o", "p", learner(spring))];
      const mapped = loads({ groups: [A, c, long, P], members }, [nextSpring, { groups: [A, c, long] }]);
      expect(mapped.tables.progplk).to.have.length(1);
      expect(mapped.tables.ktillp.map(({ termin }) => termin)).to.deep.equal(["20092"]);
      expect(mapped.tables.ktfort2.map(({ termin }) => termin)).to.deep.equal(["20092", "20101"]);
    });

    it("adds the programme of today to that of then", () => {
      const Q = programme("Q", "BA");
      const members = [groupMember("Q", "c"), member("Q", "p")];
      const mapped = loads(first, [nextSpring, { groups: [A, c, Q], members }]);
      expect(programmesOf(mapped)).to.deep.equal([
        ["VO", "BA"],
        ["VO", "BA"],
      ]);
    });

    it("is found under its new id", () => {
      const renamed = programme("P2", "VO", { ids: ["P2", "P"] });
      const mapped = loads(
        first,
        [nextSpring, { groups: [A, c, renamed] }],
        [nextSpring, { groups: [A, c, programme("P2", "VO")] }],
      );
      expect(programmesOf(mapped)).to.deep.equal([["VO"], ["VO"]]);
    });
  });

  it("gives through a chain of loads the same as the first", () => {
    const P = programme("P", "VO");
    const first: Register = {
      groups: [
        A,
        c,
        course("d", "B1", { parents: ["A"] }),
        o,
        h,
        occasion("o2", { parents: ["c", "d"] }),
        P,
        klass("k"),
      ],
      members: [
        groupMember("P", "d"),
        groupMember("o2", "k", learner(spring)),
        member("k", "q"),
        member("P", "q"),
        member("o", "p"),
        member("h", "p"),
        member("d", "r", learner(autumn)),
      ],
    };
    const once = mapRegister(first);
    const nothing = { groups: [] };
    const carried = loads(first, [nextSpring, nothing]);
    const often = loads(
      first,
      ...["2010-01-04", nextSpring, "2010-03-01", "2010-09-01", "2011-02-01"].map(
        (day) => [day, nothing] as const,
      ),
    );
    expect(carried.tables).to.deep.equal(once.tables);
    expect(often.tables).to.deep.equal(once.tables);
    expect([...often.registrations]).to.deep.equal([...once.registrations]);
    expect([...often.keptMemberships]).to.deep.equal([...once.keptMemberships]);
    expect(often.kept).to.deep.equal(once.kept);
    expect(often.newCodes.anmkod.size + often.newCodes.institutions.size).to.equal(0);
  });

  it("keeps only what is below kept groups, and all of what they need", () => {
    const level = group("level", { type: "nivå", parents: ["A"] });
    const { kept } = mapRegister({
      groups: [A, level, course("c", "A1", { parents: ["level"] }), o, klass("k")],
      members: [member("o", "p")],
    });
    expect(
      kept.groups.map(({ kind, record, lastTermin, end }) => [
        kind,
        record.sourcedIds.map(({ id }) => id),
        record.relationships.map(({ id }) => id.id),
        lastTermin,
        end,
      ]),
    ).to.deep.equal([
      ["school", ["A"], [], undefined, undefined],
      ["course", ["c"], ["A"], undefined, undefined],
      ["occasion", ["o"], ["c", "A"], "20091", "2009-06-05"],
    ]);
  });
});

describe("Any register loaded again with its own history", () => {
  it("is the same", () => {
    fc.assert(
      fc.property(
        anyRegister,
        fc.constantFrom("2009-03-03", "2009-09-15", "2010-09-15", "2012-02-01"),
        (register, day) => {
          const once = mapRegister(register);
          const again = mapRegister({ ...register, past: { previous: once, day } });
          expect(again.tables).to.deep.equal(once.tables);
          expect([...again.registrations]).to.deep.equal([...once.registrations]);
          expect(again.kept).to.deep.equal(once.kept);
          expect(again.carried).to.deep.equal({ occasions: 0, registrations: 0 });
          expect(again.reported).to.deep.equal(once.reported);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("is carried over whole when the next export has nothing, once all of it has passed", () => {
    fc.assert(
      fc.property(anyRegister, (register) => {
        const once = mapRegister(register);
        const day = "2012-02-01";
        const past = { previous: once, day, terms: 20 };
        const carried = mapRegister({ groups: [], past });
        const again = mapRegister({ groups: [], past: { previous: carried, day, terms: 20 } });
        for (const { tables, registrations, reported } of [carried, again]) {
          expect(reported).to.deep.equal([]);
          expect([...registrations]).to.deep.equal(
            [...once.registrations].filter(([id]) => once.keptMemberships.get(id)?.length),
          );
          expect(tables.ktill2).to.deep.equal(once.tables.ktill2);
          expect(tables.ktfort2).to.deep.equal(once.tables.ktfort2);
        }
      }),
      { numRuns: 200 },
    );
  });
});
