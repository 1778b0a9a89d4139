import { expect } from "chai";
import { describe, it } from "mocha";
import {
  course,
  extension,
  group,
  mapRegister,
  member,
  occasion,
  type Register,
  registrationsOf,
  school,
} from "../support/ims.js";

describe("KURS", () => {
  const kurs = (register: Register) => mapRegister(register).tables.kurs;
  const at = (rows: ReturnType<typeof kurs>) => rows.map(({ kurskod, inst }) => `${kurskod} ${inst}`);

  it("is a course group: code from short, name from long, the rest from the extension, in a vendor's element too", () => {
    const vendor = {
      name: "alvis",
      attributes: {},
      children: extension({ engbenamning: "Mathematics 2b", poang: "100", nedlagd: "N" }),
    };
    const groups = [
      school("ABC"),
      course("c", "MATMAT02b", { long: "Matematik 2b", parents: ["ABC"], extension: [vendor] }),
      course("d", "GRNÅÄÖ", { parents: ["ABC"] }),
    ];
    expect(kurs({ groups })).to.deep.equal([
      { kurskod: "GRNÅÄÖ", inst: "ABC", benamning: "GRNÅÄÖ" },
      {
        kurskod: "MATMAT02b",
        inst: "ABC",
        benamning: "Matematik 2b",
        engBenamning: "Mathematics 2b",
        poang: "100",
        nedlagd: "N",
      },
    ]);
  });

  it("has a row for each nearest school above its course groups and above its occasions", () => {
    const groups = [
      school("A"),
      school("B"),
      school("C"),
      course("c1", "MATMAT01a", { parents: ["A"] }),
      course("c2", "matmat01A", { parents: ["B"] }),
      occasion("o", { parents: ["c1", "C"] }),
    ];
    expect(at(kurs({ groups }))).to.deep.equal(["MATMAT01a A", "matmat01A B", "MATMAT01a C"]);
  });

  it("takes the first of two course groups with one code at one institution, and reports the other", () => {
    const groups = [
      school("A"),
      course("c2", "MATMAT01a", { long: "second", parents: ["A"] }),
      course("c1", "MATMAT01a", { long: "first", parents: ["A"] }),
    ];
    const { tables, reported } = mapRegister({ groups });
    expect(tables.kurs).to.deep.equal([{ kurskod: "MATMAT01a", inst: "A", benamning: "first" }]);
    expect(reported).to.deep.equal(["courseDuplicate c2"]);
  });

  it("lists a code of another format, and reports it", () => {
    const groups = [
      school("A"),
      course("c", "MAT-01 a", { parents: ["A"] }),
      course("d", "ABCDEFGHIJK", { parents: ["A"] }),
    ];
    const { tables, reported } = mapRegister({ groups });
    expect(at(tables.kurs)).to.deep.equal(["ABCDEFGHIJK A", "MAT-01 a A"]);
    expect(reported).to.deep.equal(["kurskodFormat c", "kurskodFormat d"]);
  });

  it("is made from an occasion that has no course above, also when it has no dates", () => {
    const groups = [
      school("A"),
      group("o", {
        type: "kursgrupp",
        short: "SFI2",
        long: "Sfi kurs 2",
        parents: ["A"],
        extension: extension({ poang: "50" }),
      }),
    ];
    const { tables, reported } = mapRegister({ groups });
    expect(tables.kurs).to.deep.equal([{ kurskod: "SFI2", inst: "A", benamning: "Sfi kurs 2", poang: "50" }]);
    expect(tables.ktill2).to.deep.equal([]);
    expect(reported).to.deep.equal(["occasionWithoutDates o"]);
  });

  it("prefers the course group's name to that of an occasion without one", () => {
    const groups = [
      school("A"),
      occasion("a", { short: "SFI2", long: "grupp", parents: ["A"] }),
      course("c", "SFI2", { long: "Sfi kurs 2", parents: ["A"] }),
    ];
    const { tables, reported } = mapRegister({ groups });
    expect(tables.kurs).to.deep.equal([{ kurskod: "SFI2", inst: "A", benamning: "Sfi kurs 2" }]);
    expect(reported).to.deep.equal([]);
  });

  it("reports a course without code, and one without school, which has no row", () => {
    const groups = [group("c", { type: "kurs", long: "Matematik" }), course("d", "MATMAT01a")];
    const { tables, reported } = mapRegister({ groups });
    expect(tables.kurs).to.deep.equal([]);
    expect(reported).to.deep.equal(["courseWithoutCode c", "courseWithoutSchool d"]);
  });

  it("reports values wider than T04 documents, and keeps them whole", () => {
    const long = "x".repeat(59);
    const { tables, reported } = mapRegister({
      groups: [school("A"), course("c", "A1", { long, parents: ["A"] })],
    });
    expect(tables.kurs[0]?.benamning).to.equal(long);
    expect(reported).to.deep.equal(["widthExceeded c"]);
  });
});

describe("The courses of an occasion", () => {
  const kurskoder = (register: Register) =>
    mapRegister(register).tables.ktill2.map(({ kurskod, occasionId }) => `${kurskod} ${occasionId}`);

  it("are those above it, one KTILL2 row for each", () => {
    const groups = [
      course("c1", "MATMAT01a"),
      course("c2", "MATMAT01b"),
      group("g", { type: "nivå", parents: ["c2"] }),
      occasion("o", { parents: ["c1", "g"] }),
    ];
    expect(kurskoder({ groups })).to.deep.equal(["MATMAT01a o", "MATMAT01b o"]);
  });

  it("are not the subject above a course, not even when the occasion names it too", () => {
    const groups = [
      group("s", { type: "ämne", short: "MAT" }),
      course("c", "MATMAT01a", { parents: ["s"] }),
      occasion("o", { parents: ["c", "s"] }),
    ];
    expect(kurskoder({ groups })).to.deep.equal(["MATMAT01a o"]);
  });

  it("are one when two course groups above have the same code", () => {
    const groups = [
      course("c1", "MATMAT01a"),
      course("c2", "MATMAT01A"),
      occasion("o", { parents: ["c2", "c1"] }),
    ];
    expect(kurskoder({ groups })).to.deep.equal(["MATMAT01a o"]);
  });

  it("leave it unloaded and reported when there is none and no code of its own", () => {
    const { tables, reported } = mapRegister({ groups: [occasion("o")], members: [member("o", "p")] });
    expect(tables.ktill2).to.deep.equal([]);
    expect(reported).to.deep.equal(["occasionWithoutCourse o"]);
  });

  it("include a course group that has learners of its own, and only such a one", () => {
    const dates = { begin: "2009-01-19", end: "2009-06-05" };
    const groups = [course("c", "MATMAT01a", dates), course("d", "MATMAT02a", dates)];
    const mapped = mapRegister({
      groups,
      members: [member("c", "p"), member("d", "t", [{ roletype: "02" }])],
    });
    expect(mapped.tables.ktill2.map(({ occasionId }) => occasionId)).to.deep.equal(["c"]);
    expect(registrationsOf(mapped, "p")).to.deep.equal(["FFG c 20091 MATMAT01a 20091"]);
  });
});

describe("Institutions", () => {
  const groups = [school("skola-2", { long: "Tvåan" }), school("skola-1"), school("ÅÄ1"), school("skola-3")];

  it("have the code of the settings, else their id if it has the format, else the next free by id", () => {
    const settings = { institutions: { "skola-3": "I001" } };
    const { tables, newCodes } = mapRegister({ groups, settings });
    expect(tables.institutions).to.deep.equal([
      { kod: "I001" },
      { kod: "I002" },
      { kod: "I003", benamning: "Tvåan" },
      { kod: "ÅÄ1" },
    ]);
    expect([...newCodes.institutions]).to.deep.equal([
      ["skola-1", "I002"],
      ["skola-2", "I003"],
    ]);
  });

  it("keep a code once given, which nobody else gets", () => {
    const codes = {
      institutions: new Map([
        ["gone", "I001"],
        ["skola-2", "I002"],
      ]),
    };
    const { newCodes, tables } = mapRegister({ groups, codes });
    expect([...newCodes.institutions]).to.deep.equal([
      ["skola-1", "I003"],
      ["skola-3", "I004"],
    ]);
    expect(tables.institutions).to.deep.include({ kod: "I002", benamning: "Tvåan" });
  });

  it("may share a code: one row, with the first name, however it is spelt", () => {
    const settings = { institutions: { "skola-1": "vux", "skola-2": "VUX", "skola-3": "Vux" } };
    const shared = [
      ...groups,
      course("c", "A1", { parents: ["skola-2"] }),
      course("d", "B1", { parents: ["skola-3"] }),
    ];
    const { tables } = mapRegister({ groups: shared, settings });
    expect(tables.institutions).to.deep.equal([{ kod: "vux", benamning: "Tvåan" }, { kod: "ÅÄ1" }]);
    expect(tables.kurs.map(({ inst }) => inst)).to.deep.equal(["vux", "vux"]);
  });

  it("go on with letters when all numbers are given", () => {
    const given = Array.from(
      { length: 999 },
      (_, n) => [`old-${n}`, `I${String(n + 1).padStart(3, "0")}`] as const,
    );
    const { newCodes } = mapRegister({
      groups: [school("skola-x")],
      codes: { institutions: new Map(given) },
    });
    expect([...newCodes.institutions]).to.deep.equal([["skola-x", "I00A"]]);
  });

  it("of an occasion are the nearest schools above it, all that are equally near", () => {
    const above = [
      school("A"),
      school("B"),
      school("C"),
      course("c", "A1", { parents: ["A"] }),
      occasion("o1", { parents: ["c"] }),
      occasion("o2", { parents: ["c", "C", "B"] }),
    ];
    const { ktill2 } = mapRegister({ groups: above }).tables;
    expect(ktill2.map(({ occasionId, institutions }) => [occasionId, institutions])).to.deep.equal([
      ["o1", ["A"]],
      ["o2", ["B", "C"]],
    ]);
  });

  it("of an occasion without a school are the course's", () => {
    const above = [
      school("A"),
      school("B"),
      course("c", "A1", { parents: ["A"] }),
      course("d", "a1", { parents: ["B"] }),
      occasion("o", { short: "A1" }),
      occasion("x", { short: "B1" }),
    ];
    const { ktill2 } = mapRegister({ groups: above }).tables;
    expect(ktill2.map(({ occasionId, institutions }) => [occasionId, institutions])).to.deep.equal([
      ["o", ["A", "B"]],
      ["x", []],
    ]);
  });
});
