import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { codeKey, composed, isInstitution, isKurskod, numberKey } from "../../lib/domain/codes.js";

describe("codeKey", () => {
  it("is the same whatever the case, the blanks around and the composition of å", () => {
    expect(codeKey(" matMAT02b ")).to.equal("MATMAT02B");
    expect(codeKey("hållbar")).to.equal(codeKey("HA\u030aLLBAR"));
  });

  it("keeps Å, Ä and Ö apart from A and O", () => {
    expect(new Set(["A", "Å", "Ä", "O", "Ö"].map(codeKey)).size).to.equal(5);
  });

  it("is its own key", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(codeKey(codeKey(text))).to.equal(codeKey(text));
      }),
    );
  });
});

describe("a megabyte of combining marks", () => {
  // Composing them takes a minute.
  const MARKS = `A${"\u0301\u0316".repeat(250_000)}`;
  const MILLISECONDS = 2_000;

  for (const [name, read] of Object.entries({ codeKey, isKurskod, isInstitution, numberKey, composed })) {
    it(`does not stop ${name}`, () => {
      const began = performance.now();
      read(MARKS);
      expect(performance.now() - began).to.be.below(MILLISECONDS);
    });
  }
});

describe("isKurskod", () => {
  it("takes the codes of adult education whole", () => {
    for (const code of [
      "MATMAT02b",
      "MATE1B00X",
      "GRNMAT2",
      "grnåäö2",
      "A",
      "ABCDEFGHIJ",
      "A\u030aBCDEFGHIJ",
    ]) {
      expect(isKurskod(code), code).to.equal(true);
    }
  });

  it("refuses what is empty, longer than the setting or of other characters", () => {
    for (const code of ["", "ABCDEFGHIJK", "MAT-1", "MAT 1", "?", "MATÉ", "МАТ", "ſ", "1\n"]) {
      expect(isKurskod(code), code).to.equal(false);
    }
    expect(isKurskod("GRNMAT2", 6)).to.equal(false);
    expect(isKurskod("GRNMAT", 6)).to.equal(true);
  });
});

describe("isInstitution", () => {
  it("takes one to four letters or digits", () => {
    for (const code of ["1", "I001", "åäö1"]) expect(isInstitution(code), code).to.equal(true);
    for (const code of ["", "I0001", "A B", "A-1", "*"]) expect(isInstitution(code), code).to.equal(false);
  });
});

describe("numberKey", () => {
  it("is the same for one number however it is written", () => {
    for (const text of ["50", "050", "50,0", "50.0", "050,00", " 50 "])
      expect(numberKey(text), text).to.equal("50");
    for (const text of ["0", "000", "0,0"]) expect(numberKey(text), text).to.equal("0");
    for (const text of ["12,5", "012.50"]) expect(numberKey(text), text).to.equal("12.5");
  });

  it("tells numbers apart as arithmetic does", () => {
    const decimals = fc
      .tuple(fc.nat(2000), fc.nat(99))
      .map(([whole, part]) => `${whole},${String(part).padStart(2, "0")}`);
    const value = (text: string) => Number(text.replace(",", "."));
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        expect(numberKey(a) === numberKey(b)).to.equal(value(a) === value(b));
      }),
    );
  });

  it("is the code's key for what is no number", () => {
    for (const text of ["hel", "50%", "-5", "1e3", "5,", ",5", "1.2.3", ""]) {
      expect(numberKey(text), text).to.equal(codeKey(text));
    }
  });

  it("takes time in proportion to the text", () => {
    const started = performance.now();
    numberKey(`${"0".repeat(500_000)}x`);
    numberKey(`1,${"0".repeat(500_000)}1`);
    expect(performance.now() - started).to.be.below(1000);
  });
});
