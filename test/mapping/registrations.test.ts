import { expect } from "chai";
import { describe, it } from "mocha";
import {
  course,
  groupMember,
  klass,
  type MappedRegister,
  mapRegister,
  member,
  occasion,
  type Register,
  type RoleFields,
  registrationsOf,
  school,
} from "../support/ims.js";

const spring = { begin: "2009-01-19", end: "2009-06-05" };
const autumn = { begin: "2009-08-20", end: "2009-12-18" };
const nextSpring = { begin: "2010-01-18", end: "2010-06-04" };
const learner = (fields: RoleFields = {}): RoleFields[] => [{ roletype: "01", ...fields }];

const of = (register: Register, id = "p") => registrationsOf(mapRegister(register), id);

describe("Registrations", () => {
  describe("in one occasion", () => {
    const groups = [occasion("o", { short: "A1", begin: "2009-01-19", end: "2010-06-04" })];
    const withRoles = (...roles: RoleFields[]) => of({ groups, members: [member("o", "p", roles)] });

    it("are FFG in the half-year in which it begins, FO in later ones of 14 days or more", () => {
      expect(withRoles({ roletype: "01" })).to.deep.equal([
        "FFG o 20091 A1 20091",
        "FO o 20091 A1 20092",
        "FO o 20091 A1 20101",
      ]);
    });

    it("follow the role's dates, a missing one being the occasion's, and are not cut to the occasion's", () => {
      expect(withRoles({ roletype: "01", begin: "2009-08-20", end: "2010-12-01" })).to.deep.equal([
        "FFG o 20092 A1 20092",
        "FO o 20092 A1 20101",
        "FO o 20092 A1 20102",
      ]);
      expect(withRoles({ roletype: "01", end: "2009-06-05" })).to.deep.equal(["FFG o 20091 A1 20091"]);
      expect(withRoles({ roletype: "01", begin: "2008-08-20", end: "2009-01-30" })).to.deep.equal([
        "FFG o 20082 A1 20082",
        "FO o 20082 A1 20091",
      ]);
    });

    it("follow the occasion's dates when begin is after end, which is reported", () => {
      for (const dates of [{ begin: "2009-08-20", end: "2009-01-19" }, { begin: "2011-01-01" }]) {
        const mapped = mapRegister({ groups, members: [member("o", "p", learner(dates))] });
        expect(registrationsOf(mapped, "p")).to.have.length(3);
        expect(mapped.reported).to.include("memberBeginAfterEnd p");
      }
    });

    it("have a start term by the rule of 14 days", () => {
      expect(withRoles({ roletype: "01", begin: "2009-06-22", end: "2009-12-18" })).to.deep.equal([
        "FFG o 20092 A1 20092",
      ]);
    });

    it("count all periods as one membership, each day once", () => {
      expect(withRoles({ roletype: "01", ...spring }, { roletype: "01", ...nextSpring })).to.deep.equal([
        "FFG o 20091 A1 20091",
        "FO o 20091 A1 20101",
      ]);
      const week = (begin: string, end: string) => ({ roletype: "01", begin, end });
      expect(
        withRoles(
          { roletype: "01", ...spring },
          week("2009-08-20", "2009-08-26"),
          week("2009-09-20", "2009-09-26"),
        ),
      ).to.deep.equal(["FFG o 20091 A1 20091", "FO o 20091 A1 20092"]);
      expect(
        withRoles(
          { roletype: "01", ...spring },
          week("2009-08-20", "2009-08-26"),
          week("2009-08-20", "2009-08-27"),
        ),
      ).to.deep.equal(["FFG o 20091 A1 20091"]);
    });

    it("are none for an interruption, nor for staff, typed or by the person's institutionrole", () => {
      expect(withRoles({ roletype: "01", status: "0" })).to.deep.equal([]);
      expect(withRoles({ roletype: "02" })).to.deep.equal([]);
      const untyped = [member("o", "p", [])];
      expect(of({ groups, members: untyped })).to.have.length(3);
      expect(of({ groups, members: untyped, staff: ["p"] })).to.deep.equal([]);
      expect(of({ groups, members: [member("o", "p")], staff: ["p"] })).to.have.length(3);
    });

    it("stand in each of its courses", () => {
      const shared = [
        course("c1", "A1"),
        course("c2", "B1"),
        occasion("o", { parents: ["c1", "c2"], ...spring }),
      ];
      expect(of({ groups: shared, members: [member("o", "p")] })).to.deep.equal([
        "FFG o 20091 A1 20091",
        "FFG o 20091 B1 20091",
      ]);
    });
  });

  describe("in several occasions of one course", () => {
    const groups = [
      course("c1", "A1"),
      course("c2", "a1"),
      occasion("s1", { parents: ["c1"], ...spring }),
      occasion("s2", { parents: ["c2"], ...spring }),
      occasion("h", { parents: ["c2"], ...autumn }),
      occasion("year", { parents: ["c1"], begin: "2009-01-26", end: "2009-12-18" }),
      occasion("n", { parents: ["c1"], begin: "2009-08-24", end: "2010-06-04" }),
    ];
    const inOccasions = (...ids: string[]) => of({ groups, members: ids.map((id) => member(id, "p")) });

    it("are OM in each half-year of a later one", () => {
      expect(inOccasions("n", "s1")).to.deep.equal([
        "FFG s1 20091 A1 20091",
        "OM n 20092 A1 20092",
        "OM n 20092 A1 20101",
      ]);
    });

    it("are FFG in a parallel one too", () => {
      expect(inOccasions("s2", "s1")).to.deep.equal(["FFG s1 20091 A1 20091", "FFG s2 20091 a1 20091"]);
      expect(inOccasions("year", "s1")).to.deep.equal([
        "FFG s1 20091 A1 20091",
        "FFG year 20091 A1 20091",
        "FO year 20091 A1 20092",
      ]);
    });

    it("are of one kind per half-year: FFG before FO before OM", () => {
      expect(inOccasions("h", "year")).to.deep.equal(["FFG year 20091 A1 20091", "FO year 20091 A1 20092"]);
      expect(inOccasions("n", "year")).to.deep.equal([
        "FFG year 20091 A1 20091",
        "FO year 20091 A1 20092",
        "OM n 20092 A1 20101",
      ]);
    });

    it("are re-registrations when the same course is begun again after a term", () => {
      expect(inOccasions("s1", "h", "n")).to.deep.equal([
        "FFG s1 20091 A1 20091",
        "OM h 20092 a1 20092",
        "OM n 20092 A1 20092",
        "OM n 20092 A1 20101",
      ]);
    });

    it("point, when OM, at the row of the half-year in which that occasion itself begins", () => {
      const members = [member("s1", "p"), member("n", "p", learner({ begin: "2010-01-18" }))];
      expect(of({ groups, members })).to.deep.equal(["FFG s1 20091 A1 20091", "OM n 20092 A1 20101"]);
    });

    it("are judged by the person's own dates, not the occasions'", () => {
      const members = [member("s1", "p", learner(autumn)), member("h", "p")];
      expect(of({ groups, members })).to.deep.equal(["FFG h 20092 a1 20092", "FFG s1 20092 A1 20092"]);
    });

    it("do not touch another course or another person", () => {
      const others = [...groups, occasion("b", { short: "B1", ...autumn })];
      const members = [member("s1", "p"), member("b", "p"), member("h", "q")];
      const mapped = mapRegister({ groups: others, members });
      expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG s1 20091 A1 20091", "FFG b 20092 B1 20092"]);
      expect(registrationsOf(mapped, "q")).to.deep.equal(["FFG h 20092 a1 20092"]);
    });
  });

  describe("through a class", () => {
    const groups = [
      occasion("o", { short: "A1", begin: "2009-01-19", end: "2009-12-18" }),
      course("c", "B1", spring),
      klass("k"),
      klass("inner", { parents: ["k"] }),
      klass("guest"),
    ];
    const classMember = (id: string, roles: RoleFields[] = []) => member(id, "p", roles);

    it("are those of the occasions and courses of which it is a member", () => {
      const members = [groupMember("o", "k"), groupMember("c", "k"), classMember("k")];
      expect(of({ groups, members })).to.deep.equal([
        "FFG o 20091 A1 20091",
        "FO o 20091 A1 20092",
        "FFG c 20091 B1 20091",
      ]);
    });

    it("have the dates of the class's role, whatever its type, never those of the class membership", () => {
      const members = [
        groupMember("o", "k", [{ roletype: "02", ...autumn }]),
        classMember("k", learner({ begin: "2001-01-01", end: "2001-06-01" })),
      ];
      expect(of({ groups, members })).to.deep.equal(["FFG o 20092 A1 20092"]);
    });

    it("are none when the class's role is not active, or the person's in the class", () => {
      expect(
        of({ groups, members: [groupMember("o", "k", [{ status: "0" }]), classMember("k")] }),
      ).to.deep.equal([]);
      expect(
        of({ groups, members: [groupMember("o", "k"), classMember("k", learner({ status: "0" }))] }),
      ).to.deep.equal([]);
      expect(
        of({ groups, members: [groupMember("o", "k"), classMember("k", [{ roletype: "02" }])] }),
      ).to.deep.equal([]);
    });

    it("reach through nested classes, by parent or by membership, even in a circle", () => {
      for (const nested of [
        [classMember("inner")],
        [groupMember("k", "guest"), groupMember("guest", "k"), classMember("guest")],
      ]) {
        expect(of({ groups, members: [groupMember("o", "k", [spring]), ...nested] })).to.deep.equal([
          "FFG o 20091 A1 20091",
        ]);
      }
      const outer = [groupMember("o", "inner", [spring]), classMember("k")];
      expect(of({ groups, members: outer })).to.deep.equal([]);
    });

    it("are one membership with direct ones, and not cancelled by an inactive one", () => {
      const direct = (roles: RoleFields[]) =>
        of({ groups, members: [member("o", "p", roles), groupMember("o", "k", [spring]), classMember("k")] });
      expect(direct(learner(autumn))).to.deep.equal(["FFG o 20091 A1 20091", "FO o 20091 A1 20092"]);
      expect(direct(learner({ status: "0" }))).to.deep.equal(["FFG o 20091 A1 20091"]);
    });

    it("have the occasion's dates when the class's begin is after its end, reported once for the class", () => {
      const members = [groupMember("o", "k", [{ begin: "2010-01-01" }]), member("k", "p"), member("k", "q")];
      const mapped = mapRegister({ groups, members });
      expect(registrationsOf(mapped, "q")).to.deep.equal(["FFG o 20091 A1 20091", "FO o 20091 A1 20092"]);
      expect(mapped.reported.filter((cause) => cause.startsWith("member"))).to.deep.equal([
        "memberBeginAfterEnd k",
      ]);
    });

    it("are none of a class or occasion that is not in the export, which is reported", () => {
      const members = [groupMember("o", "nowhere"), groupMember("nothing", "k"), classMember("k")];
      const mapped = mapRegister({ groups, members });
      expect(registrationsOf(mapped, "p")).to.deep.equal([]);
      expect(mapped.reported.filter((cause) => cause.startsWith("member"))).to.deep.equal([
        "memberUnknownGroup nothing",
        "memberUnknownGroup nowhere",
      ]);
    });
  });

  it("find groups by any of their ids", () => {
    const groups = [occasion("o", { short: "A1", ids: ["o", "old"] })];
    expect(of({ groups, members: [member("old", "p")] })).to.deep.equal(["FFG o 20091 A1 20091"]);
  });

  it("are none in groups of other kinds", () => {
    const groups = [school("A"), klass("k")];
    expect(
      of({ groups, members: [member("A", "p"), member("k", "p"), member("nowhere", "p")] }),
    ).to.deep.equal([]);
  });
});

describe("A loaded register", () => {
  const groups = [
    course("c", "A1"),
    occasion("b", { parents: ["c"] }),
    occasion("a", { parents: ["c"], ...autumn }),
    occasion("x", { short: "X1" }),
  ];
  const idsOf = ({ tables }: MappedRegister) =>
    tables.ktill2.map(({ id, occasionId }) => `${id} ${occasionId}`);

  it("numbers its KTILL2 rows in the order in which registrations need them, then those without any", () => {
    expect(idsOf(mapRegister({ groups, members: [member("x", "p")] }))).to.deep.equal(["1 x", "2 a", "3 b"]);
  });

  it("is the same whatever the order of groups in the file", () => {
    const members = [member("x", "p"), member("a", "p"), member("b", "p")];
    const once = mapRegister({ groups, members });
    const again = mapRegister({ groups: [...groups].reverse(), members: [...members].reverse() });
    expect(again).to.deep.equal(once);
  });
});
