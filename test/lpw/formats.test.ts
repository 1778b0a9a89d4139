import { expect } from "chai";
import { describe, it } from "mocha";
import { fitsFormat, type RegisterField, writeKurskod, writeKurstakt } from "../../lib/lpw/formats.js";
import { T04_SETTINGS } from "../support/t04.js";

const fits = (field: RegisterField, value: string) => fitsFormat(field, value, T04_SETTINGS);

describe("formats of the register's fields", () => {
  const widths: readonly [RegisterField, number, string][] = [
    ["Institution", 4, "Å"],
    ["Kurskod", 10, "ö"],
    ["Kurstakt", 3, "0"],
    ["Kurstid", 3, "Ä"],
    ["Undform", 3, "N"],
    ["Kursomgang", 1, "Z"],
    ["Kurstyp", 3, "k"],
    ["Termordning", 2, "9"],
    ["Anmkod", 5, "A"],
    ["Ortskod", 5, "ö"],
    ["program", 5, "P"],
    ["programinriktning", 4, "I"],
    ["termordningkurs", 2, "1"],
  ];
  for (const [field, width, character] of widths) {
    it(`take ${field} up to ${width} characters, of its own kind`, () => {
      expect(fits(field, character)).to.equal(true);
      expect(fits(field, character.repeat(width))).to.equal(true);
      expect(fits(field, character.repeat(width + 1))).to.equal(false);
      for (const odd of ["?", " ", "-", "*", "%", "'", "\n", "😀"])
        expect(fits(field, odd), odd).to.equal(false);
    });
  }

  it("count å written with a combining ring as one letter", () => {
    expect(fits("Institution", "ÅÄÖÉ".slice(0, 3).normalize("NFD"))).to.equal(true);
    expect(fits("Kursomgang", "Å".normalize("NFD"))).to.equal(true);
  });

  it("take digits alone for Kurstakt, Termordning and termordningkurs", () => {
    for (const field of ["Kurstakt", "Termordning", "termordningkurs"] as const) {
      expect(fits(field, "A"), field).to.equal(false);
    }
  });

  it("take _ for Kurstyp, and only there", () => {
    expect(fits("Kurstyp", "_")).to.equal(true);
    expect(fits("Kurstyp", "__")).to.equal(false);
    expect(fits("Kurstid", "_")).to.equal(false);
  });

  it("take terms in every form of the contract", () => {
    for (const field of ["Termin", "Starttermin", "Kalendertermin"] as const) {
      for (const value of ["091", "20092", "VT09", "ht09", "V09", "h09"])
        expect(fits(field, value)).to.equal(true);
      for (const value of ["090", "093", "9", "0911", "200911", "XT09"])
        expect(fits(field, value)).to.equal(false);
    }
  });

  it("take Kurskod up to the set width, and every alias", () => {
    const strict = {
      ...T04_SETTINGS,
      kurskodMaxLength: 6,
      aliases: { toAlias: new Map(), toKurskod: new Map([["MA-2B", "MATMAT02b"]]) },
    };
    expect(fitsFormat("Kurskod", "MATMAT", strict)).to.equal(true);
    expect(fitsFormat("Kurskod", "MATMAT0", strict)).to.equal(false);
    expect(fitsFormat("Kurskod", "ma-2b", strict)).to.equal(true);
  });

  it("write Kurstakt with three digits, and whole when it is wider or no whole number", () => {
    const written = ["5", "50", "050", "100", "50,0", "1000", "50,5", "hel"].map(writeKurstakt);
    expect(written).to.deep.equal(["005", "050", "050", "100", "050", "1000", "50,5", "hel"]);
  });

  it("write a Kurskod as the register has it, or its alias", () => {
    expect(writeKurskod("MATMAT02b", T04_SETTINGS)).to.equal("MATMAT02b");
    const aliases = { toAlias: new Map([["MATMAT02B", "MA2b"]]), toKurskod: new Map() };
    expect(writeKurskod("MATMAT02b", { ...T04_SETTINGS, aliases })).to.equal("MA2b");
    expect(writeKurskod("SVESVE01", { ...T04_SETTINGS, aliases })).to.equal("SVESVE01");
  });
});
