import { expect } from "chai";
import { describe, it } from "mocha";
import {
  course,
  extension,
  type GroupFields,
  mapRegister,
  member,
  occasion,
  type Register,
} from "../support/ims.js";

const autumn = { begin: "2009-08-20", end: "2009-12-18" };

describe("Anmkod", () => {
  const anmkoder = (register: Register) => {
    const { tables } = mapRegister(register);
    const rows = tables.ktill2.map(({ occasionId, kurskod, starttermin, anmkod }) => ({
      place: `${occasionId} ${kurskod} ${starttermin}`,
      anmkod,
    }));
    return Object.fromEntries(rows.map(({ place, anmkod }) => [place, anmkod]));
  };
  const explicit = (id: string, anmkod: string, fields: GroupFields = {}) =>
    occasion(id, { short: "A1", ...fields, extension: extension({ anmkod }) });

  it("is generated in order of begin, then id, over all terms and courses", () => {
    const groups = [
      occasion("a", { short: "A1", ...autumn }),
      occasion("b", { short: "B1" }),
      occasion("c", { short: "C1" }),
    ];
    expect(anmkoder({ groups })).to.deep.equal({
      "b B1 20091": "A0001",
      "c C1 20091": "A0002",
      "a A1 20092": "A0003",
    });
  });

  it("has four base-36 digits after the A", () => {
    const kept = new Map(Array.from({ length: 9 }, (_, n) => [`gone${n}\u0000A1`, `A000${n + 1}`] as const));
    const groups = [occasion("o", { short: "A1" })];
    expect(anmkoder({ groups, codes: { anmkod: kept } })).to.deep.equal({ "o A1 20091": "A000A" });
    const full = new Map(
      Array.from({ length: 36 ** 2 - 1 }, (_, n) => {
        const digits = (n + 1).toString(36).toUpperCase().padStart(4, "0");
        return [`gone${n}\u0000A1`, `A${digits}`] as const;
      }),
    );
    expect(anmkoder({ groups, codes: { anmkod: full } })).to.deep.equal({ "o A1 20091": "A0100" });
  });

  it("is kept from load to load, whatever comes before, also when occasion or code is spelt anew", () => {
    const first = mapRegister({ groups: [occasion("o", { short: "A1" })] });
    expect([...first.newCodes.anmkod]).to.deep.equal([["o\u0000A1", "A0001"]]);
    const groups = [occasion("a", { short: "A1" }), occasion("new", { short: "a1", ids: ["new", "o"] })];
    const codes = { anmkod: first.newCodes.anmkod };
    expect(anmkoder({ groups, codes })).to.deep.equal({ "a A1 20091": "A0002", "new a1 20091": "A0001" });
    expect([...mapRegister({ groups, codes }).newCodes.anmkod]).to.deep.equal([["a\u0000A1", "A0002"]]);
  });

  it("is never given again, not even when its occasion is gone", () => {
    const codes = { anmkod: new Map([["gone\u0000A1", "A0001"]]) };
    expect(anmkoder({ groups: [occasion("o", { short: "A1" })], codes })).to.deep.equal({
      "o A1 20091": "A0002",
    });
  });

  it("is the register's own where it has one, and may come back in another term", () => {
    const groups = [explicit("a", "12345"), explicit("b", "12345", autumn)];
    const { reported } = mapRegister({ groups });
    expect(anmkoder({ groups })).to.deep.equal({ "a A1 20091": "12345", "b A1 20092": "12345" });
    expect(reported.filter((cause) => cause.startsWith("anmkod"))).to.deep.equal([]);
  });

  it("stays with the first by id when it stands twice in a start term; the others get one and are reported", () => {
    const groups = [explicit("b", "abc12"), explicit("a", "ABC12", { short: "B1" }), explicit("c", "ABC12")];
    const { reported } = mapRegister({ groups });
    expect(anmkoder({ groups })).to.deep.equal({
      "a B1 20091": "ABC12",
      "b A1 20091": "A0001",
      "c A1 20091": "A0002",
    });
    expect(reported.filter((cause) => cause.startsWith("anmkod"))).to.deep.equal([
      "anmkodDuplicate b",
      "anmkodDuplicate c",
    ]);
  });

  it("stays with the first by Kurskod of several courses above one occasion", () => {
    const groups = [
      course("c1", "B1"),
      course("c2", "A1"),
      explicit("o", "12345", { parents: ["c1", "c2"] }),
    ];
    expect(anmkoder({ groups })).to.deep.equal({ "o A1 20091": "12345", "o B1 20091": "A0001" });
  });

  it("is judged in every start term that registrations give an occasion", () => {
    const groups = [explicit("a", "12345", { end: "2009-12-18" }), explicit("b", "12345", autumn)];
    const members = [member("a", "p", [{ roletype: "01", begin: "2009-08-20" }])];
    expect(anmkoder({ groups, members })).to.deep.equal({
      "a A1 20091": "12345",
      "a A1 20092": "12345",
      "b A1 20092": "A0001",
    });
  });

  it("is never generated where any register or earlier load wrote the same", () => {
    const codes = { anmkod: new Map([["gone\u0000A1", "A0003"]]) };
    const groups = [explicit("a", "a0001", autumn), explicit("b", "A0003"), occasion("c", { short: "A1" })];
    const { reported } = mapRegister({ groups, codes });
    expect(anmkoder({ groups, codes })).to.deep.equal({
      "a A1 20092": "a0001",
      "b A1 20091": "A0002",
      "c A1 20091": "A0004",
    });
    expect(reported).to.include("anmkodDuplicate b");
  });

  it("may be written out as the one that was generated before", () => {
    const codes = { anmkod: new Map([["a\u0000A1", "A0001"]]) };
    const mapped = mapRegister({ groups: [explicit("a", "A0001")], codes });
    expect(mapped.tables.ktill2[0]?.anmkod).to.equal("A0001");
    expect(mapped.reported).to.not.include("anmkodDuplicate a");
  });
});
