import { expect } from "chai";
import { describe, it } from "mocha";
import { readPersonnummer } from "../../lib/domain/personnummer.js";
import {
  identityNumber,
  PUBLISHED_SAMORDNINGSNUMMER,
  publishedPersonnummer,
  SAMORDNINGSNUMMER_OVER_100,
} from "../../lib/sample/identity.js";
import { isTestNumber } from "./reading.js";

const TODAY = "2026-11-24";
const PERSONNUMMER = 13_148;
const SAMORDNINGSNUMMER = 49_674;

describe("identity numbers of invented people", () => {
  it("are correct and in the test series for the first 62 822, each once", () => {
    const numbers = new Set<string>();
    for (let index = 0; index < PERSONNUMMER + SAMORDNINGSNUMMER; index++)
      numbers.add(identityNumber(index).number);
    expect(numbers.size).to.equal(PERSONNUMMER + SAMORDNINGSNUMMER);
    for (const number of numbers) {
      if (!readPersonnummer(number, TODAY).correct || !isTestNumber(number)) expect.fail(number);
    }
  });

  it("are samordningsnummer when personnummer are used up, and then interim numbers", () => {
    const day = (index: number) => Number(identityNumber(index).number.slice(6, 8));
    expect(day(PERSONNUMMER - 1)).to.be.below(32);
    expect(day(PERSONNUMMER)).to.be.above(60);
    expect(identityNumber(PERSONNUMMER + SAMORDNINGSNUMMER).number).to.match(/^\d{6}[TPR]\d{3}$/);
  });

  it("are interim numbers after that, correct and each once", () => {
    const numbers = new Set<string>();
    const first = PERSONNUMMER + SAMORDNINGSNUMMER;
    for (let index = first; index < first + 100_000; index++) numbers.add(identityNumber(index).number);
    numbers.add(identityNumber(999_999).number);
    expect(numbers.size).to.equal(100_001);
    for (const number of [...numbers].filter((_, index) => index % 997 === 0)) {
      expect(readPersonnummer(number, TODAY).correct, number).to.equal(true);
    }
  });

  it("tell the gender by the birth number", () => {
    for (let index = 0; index < 10; index++) {
      const { number, gender } = identityNumber(index);
      expect(gender).to.equal(number.slice(8, 11) === "239" ? "male" : "female");
    }
  });

  it("are correct where they are published numbers", () => {
    const { older, younger } = publishedPersonnummer();
    const all = [
      ...older,
      ...younger,
      ...Object.values(PUBLISHED_SAMORDNINGSNUMMER),
      SAMORDNINGSNUMMER_OVER_100,
    ];
    expect(all.filter((number) => !readPersonnummer(number, TODAY).correct)).to.deep.equal([]);
    expect(new Set(all).size).to.equal(all.length);
  });

  it("are those that the published files have: both, in turn, or by the day of the month", () => {
    const { younger } = publishedPersonnummer();
    expect(younger).to.include.members(["199005202388", "199005202396", "199712312397", "199805252385"]);
    expect(younger).to.include.members(["200112312384", "200206212391", "200412312399", "200505302380"]);
    const ofOneDay = younger.filter((number) => number.startsWith("20050530"));
    expect(ofOneDay).to.deep.equal(["200505302380"]);
  });
});
