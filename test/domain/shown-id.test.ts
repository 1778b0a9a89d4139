import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { shownId } from "../../lib/domain/shown-id.js";

const MASK = "(identity number)";

describe("an id in a report", () => {
  for (const id of [
    "E0001",
    "grupp-1",
    "4711",
    "0123456789",
    "9912345678",
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "12345678-1234-1234-1234-123456789012",
    "MATMAT02b",
    "20262",
    "2026-11-24",
    "person at line 12",
    "tf",
    "",
  ]) {
    it(`is shown as it stands when it is no identity number: ${id || "(empty)"}`, () =>
      expect(shownId(id)).to.equal(id));
  }

  for (const id of [
    "8001019808",
    "800101-9808",
    "800101+9808",
    "198001019808",
    "19800101-9808",
    "8001619803",
    "19800161-9803",
    "800101T123",
    "800101-T123",
    "800101-TF12",
    "19800101-T123",
    "19800101TF123",
    "TF1234",
    "tf4711",
    // mistyped: no such date
    "801301-9808",
    "19809901-9808",
    " 800101-9808 ",
  ]) {
    it(`is not shown when it is one: ${id}`, () => expect(shownId(id)).to.equal(MASK));
  }

  it("shows the rest of an id that has one in it", () => {
    expect(shownId("alvis:800101-9808")).to.equal(`alvis:${MASK}`);
    expect(shownId("elev8001019808")).to.equal(`elev${MASK}`);
    expect(shownId("person/198001019808/vux")).to.equal(`person/${MASK}/vux`);
    expect(shownId("SE-19800101-T123")).to.equal(`SE-${MASK}`);
  });

  it("never has the digits of a birth date and number, whatever stands around them", () => {
    const twoDigits = (least: number, most: number) =>
      fc.integer({ min: least, max: most }).map((number) => String(number).padStart(2, "0"));
    const number = fc
      .tuple(
        fc.constantFrom("", "19", "20"),
        twoDigits(0, 99),
        twoDigits(1, 12),
        fc.oneof(twoDigits(1, 31), twoDigits(61, 91)),
        fc.constantFrom("", "-", "+"),
        fc.integer({ min: 0, max: 9999 }).map((ending) => String(ending).padStart(4, "0")),
      )
      .map((parts) => parts.join(""));
    const around = fc.constantFrom("", ":", "/", " ", "_x_", "ÅÄÖ ", "(", ".", "elev", "E", "f");
    fc.assert(
      fc.property(around, number, around, (before, id, after) => {
        expect(shownId(before + id + after)).not.to.include(id);
      }),
    );
  });
});
