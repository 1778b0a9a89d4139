import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { hasPersonnummerForm, readPersonnummer } from "../../lib/domain/personnummer.js";

const TODAY = "2026-03-15";

describe("a personnummer", () => {
  it("is correct with a real date and a right check digit", () => {
    expect(readPersonnummer(withCheckDigit("900101001"), TODAY)).to.deep.equal({
      sekel: "19",
      pnr: withCheckDigit("900101001"),
      correct: true,
      shown: withCheckDigit("900101001"),
    });
  });

  it("is read with 10 or 12 digits, with or without separator, blanks around it aside", () => {
    const pnr = withCheckDigit("850612239");
    const [date, ending] = [pnr.slice(0, 6), pnr.slice(6)];
    for (const text of [pnr, `${date}-${ending}`, `19${pnr}`, `19${date}-${ending}`, ` ${pnr}\n`]) {
      expect(readPersonnummer(text, TODAY), text).to.include({ sekel: "19", pnr, correct: true });
    }
  });

  it("is incorrect with any other check digit, and shown without century and separator", () => {
    const right = withCheckDigit("850612239");
    for (let digit = 0; digit <= 9; digit++) {
      const pnr = right.slice(0, 9) + digit;
      expect(readPersonnummer(`19${pnr.slice(0, 6)}-${pnr.slice(6)}`, TODAY)).to.deep.equal({
        sekel: "19",
        pnr,
        correct: pnr === right,
        shown: pnr,
      });
    }
  });

  it("is incorrect when two neighbouring digits of the number after the date have changed places", () => {
    expect(readPersonnummer(withCheckDigit("900101013"), TODAY).correct).to.equal(true);
    const [date, ending] = [withCheckDigit("900101013").slice(0, 6), withCheckDigit("900101013").slice(6)];
    const swapped = date + ending[0] + ending[2] + ending[1] + ending[3];
    expect(readPersonnummer(swapped, TODAY).correct).to.equal(false);
  });

  it("has a date that exists, leap years and centuries counted", () => {
    expect(readPersonnummer(`2000${withCheckDigit("000229001").slice(2)}`, TODAY).correct).to.equal(true);
    expect(readPersonnummer(`1900${withCheckDigit("000229001").slice(2)}`, TODAY).correct).to.equal(false);
    expect(readPersonnummer(`1996${withCheckDigit("960229001").slice(2)}`, TODAY).correct).to.equal(true);
    expect(readPersonnummer(withCheckDigit("970229001"), TODAY).correct).to.equal(false);
    expect(readPersonnummer(withCheckDigit("900431001"), TODAY).correct).to.equal(false);
    expect(readPersonnummer(withCheckDigit("901301001"), TODAY).correct).to.equal(false);
    expect(readPersonnummer(withCheckDigit("900100001"), TODAY).correct).to.equal(false);
    expect(readPersonnummer("0000000000", TODAY).correct).to.equal(false);
  });

  it("is correct for every date of birth, as personnummer and as samordningsnummer", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2026, 2, 15) }),
        fc.integer({ min: 0, max: 999 }),
        fc.boolean(),
        (time, number, isSamordning) => {
          const birth = new Date(time).toISOString().slice(0, 10).replaceAll("-", "");
          const day = String(Number(birth.slice(6)) + (isSamordning ? 60 : 0)).padStart(2, "0");
          const pnr = withCheckDigit(birth.slice(2, 6) + day + String(number).padStart(3, "0"));
          expect(readPersonnummer(birth.slice(0, 2) + pnr, TODAY)).to.deep.equal({
            sekel: birth.slice(0, 2),
            pnr,
            correct: true,
            shown: pnr,
          });
        },
      ),
    );
  });
});

describe("a samordningsnummer", () => {
  it("has 60 added to a day that exists", () => {
    expect(readPersonnummer(withCheckDigit("900161001"), TODAY)).to.include({ correct: true, sekel: "19" });
    expect(readPersonnummer(withCheckDigit("900191001"), TODAY).correct).to.equal(true);
    expect(readPersonnummer(withCheckDigit("900160001"), TODAY).correct).to.equal(false);
    expect(readPersonnummer(withCheckDigit("900192001"), TODAY).correct).to.equal(false);
    expect(readPersonnummer(withCheckDigit("900291001"), TODAY).correct).to.equal(false);
    expect(readPersonnummer(withCheckDigit("960289001"), TODAY).correct).to.equal(true);
    expect(readPersonnummer(withCheckDigit("970289001"), TODAY).correct).to.equal(false);
  });

  it("takes its century from the day of birth, not from the day as written", () => {
    expect(readPersonnummer(withCheckDigit("260375001"), TODAY)).to.include({ sekel: "20", correct: true });
    expect(readPersonnummer(withCheckDigit("260376001"), TODAY)).to.include({ sekel: "19", correct: true });
  });
});

describe("an interim number", () => {
  it("is a date, a letter and three digits, without check digit", () => {
    for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
      expect(readPersonnummer(`900101${letter}123`, TODAY)).to.deep.equal({
        sekel: "19",
        pnr: `900101${letter}123`,
        correct: true,
        shown: `900101${letter}123`,
      });
    }
  });

  it("is read with century, separator and lower case, and written in upper case", () => {
    expect(readPersonnummer("20050612-t123", TODAY)).to.deep.equal({
      sekel: "20",
      pnr: "050612T123",
      correct: true,
      shown: "050612T123",
    });
  });

  it("is incorrect without a real date, and with a day of a samordningsnummer", () => {
    expect(readPersonnummer("970229T123", TODAY)).to.include({ correct: false, pnr: "970229T123" });
    expect(readPersonnummer("900161T123", TODAY).correct).to.equal(false);
  });

  it("has a letter of A–Z", () => {
    for (const text of ["900101Å123", "900101é123", "900101_123"]) {
      expect(readPersonnummer(text, TODAY), text).to.deep.equal({ correct: false, shown: text });
    }
  });
});

describe("the century of a number without one", () => {
  it("gives the latest date that is not in the future", () => {
    expect(readPersonnummer(withCheckDigit("260315001"), TODAY).sekel).to.equal("20");
    expect(readPersonnummer(withCheckDigit("260316001"), TODAY).sekel).to.equal("19");
    expect(readPersonnummer(withCheckDigit("991231001"), TODAY).sekel).to.equal("19");
    expect(readPersonnummer(withCheckDigit("000101001"), TODAY).sekel).to.equal("20");
    expect(readPersonnummer(withCheckDigit("000101001"), "1999-12-31").sekel).to.equal("19");
  });

  it("gives 100 years earlier with a plus", () => {
    const pnr = withCheckDigit("100101001");
    expect(readPersonnummer(`${pnr.slice(0, 6)}+${pnr.slice(6)}`, TODAY)).to.include({
      sekel: "19",
      correct: true,
    });
    const other = withCheckDigit("300101001");
    expect(readPersonnummer(`${other.slice(0, 6)}+${other.slice(6)}`, TODAY).sekel).to.equal("18");
  });

  it("makes 29 February 100 years before a leap century no date", () => {
    const pnr = withCheckDigit("000229001");
    expect(readPersonnummer(pnr, TODAY)).to.include({ sekel: "20", correct: true });
    expect(readPersonnummer(`${pnr.slice(0, 6)}+${pnr.slice(6)}`, TODAY)).to.include({
      sekel: "19",
      correct: false,
    });
    expect(readPersonnummer(pnr, "2105-01-01")).to.include({ sekel: "20", correct: true });
  });

  it("never changes a century that is written", () => {
    const pnr = withCheckDigit("100101001");
    expect(readPersonnummer(`18${pnr}`, TODAY).sekel).to.equal("18");
    expect(readPersonnummer(`20${pnr.slice(0, 6)}+${pnr.slice(6)}`, TODAY).sekel).to.equal("20");
  });
});

describe("what is no personnummer", () => {
  it("is incorrect, without century and number, and shown as received", () => {
    for (const text of [
      "TF123456",
      "900101-TF12",
      "900101TF12",
      "19900101",
      "900101",
      "900101-001",
      "FI-131052-308T",
      "9001010",
      "90 01 01 0017",
      "900101–0017",
      "1990-01-01",
      "9001-010017",
      "123",
    ]) {
      expect(readPersonnummer(text, TODAY), text).to.deep.equal({ correct: false, shown: text });
      expect(hasPersonnummerForm(text), text).to.equal(false);
    }
  });

  it("is shown as an empty text when it is missing or blank", () => {
    for (const text of [undefined, "", "  "]) {
      expect(readPersonnummer(text, TODAY)).to.deep.equal({ correct: false, shown: "" });
    }
  });

  it("is judged without failing, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const { pnr, correct, shown } = readPersonnummer(text, TODAY);
        expect(correct && pnr === undefined).to.equal(false);
        expect(shown).to.equal(pnr ?? text.trim());
      }),
    );
  });
});

describe("hasPersonnummerForm", () => {
  it("looks at the form alone, not at date or check digit", () => {
    for (const text of [
      "9001010017",
      "900101-0017",
      "900101+0017",
      "199001010017",
      "19900101-0017",
      "900101T123",
      "19900101t123",
      "9999999999",
    ]) {
      expect(hasPersonnummerForm(text), text).to.equal(true);
    }
  });
});

/** Luhn's digit by its textbook rule: from the right, every other digit doubled, digits of the products summed. */
function withCheckDigit(nine: string): string {
  const doubled = [...nine]
    .reverse()
    .map((digit, index) => String(Number(digit) * (index % 2 === 0 ? 2 : 1)));
  const sum = [...doubled.join("")].reduce((total, digit) => total + Number(digit), 0);
  return nine + ((10 - (sum % 10)) % 10);
}
