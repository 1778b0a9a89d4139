import { expect } from "chai";
import { describe, it } from "mocha";
import { fitsFormat, readTyp } from "../../lib/t04/formats.js";
import { T04_SETTINGS } from "../support/t04.js";

describe("typ of an occasion", () => {
  it("is read in both of T04's ways: FO and FORT are the same", () => {
    expect(["FFG", "ffg", "FO", "FORT", "fort", "F", "OM"].map(readTyp)).to.deep.equal([
      "FFG",
      "FFG",
      "FO",
      "FO",
      "FO",
      undefined,
      undefined,
    ]);
  });

  it("is checked as the register's fields are", () => {
    expect(fitsFormat("typ", "fort", T04_SETTINGS)).to.equal(true);
    expect(fitsFormat("typ", "OM", T04_SETTINGS)).to.equal(false);
    expect(fitsFormat("Kurstid", "DAG", T04_SETTINGS)).to.equal(true);
  });
});
