import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { hasNumberFormat, readPart, readSentNumber } from "../../lib/t22/numbers.js";
import { inventedPersonnummer } from "../support/t04.js";

const TODAY = "2026-11-24";
const number = inventedPersonnummer("19800101", 1);
const ten = number.slice(2);

describe("a personnummer of a request", () => {
  it("is read with ten or twelve characters and any separator", () => {
    const [date, last] = [ten.slice(0, 6), ten.slice(6)];
    const written = [
      ten,
      `${date}-${last}`,
      `${date} ${last}`,
      ` ${date} - ${last} `,
      `${date}\u00a0–\u00a0${last}`,
    ];
    for (const text of written) {
      expect(hasNumberFormat(text), text).to.equal(true);
      expect(readSentNumber(text, TODAY).search, text).to.deep.equal({ pnr: ten, sekel: undefined });
      expect(readSentNumber(`19${text.trim()}`, TODAY).search, text).to.deep.equal({ pnr: ten, sekel: "19" });
    }
  });

  it("has its century when that is written, as digits or as a plus sign", () => {
    expect(readSentNumber(`${ten.slice(0, 6)}+${ten.slice(6)}`, TODAY).search).to.deep.equal({
      pnr: ten,
      sekel: "18",
    });
  });

  it("is looked for only when it is correct", () => {
    for (const text of ["8001019999", "800707-TF01", "19800101", "abc", "8013019808"]) {
      expect(hasNumberFormat(text), text).to.equal(true);
      expect(readSentNumber(text, TODAY), text).to.deep.equal({ search: undefined, shown: text });
    }
    expect(readSentNumber("19800606-0000", TODAY).shown).to.equal("8006060000");
  });

  it("is a format error when no identity number looks so", () => {
    for (const text of ["?", "8001_019808", "%", "å", "8".repeat(14), "8".repeat(100_000)]) {
      expect(hasNumberFormat(text), text.slice(0, 20)).to.equal(false);
    }
  });
});

describe("a part of a personnummer", () => {
  const search = (pnr: string, sekel?: string) => ({ pnr, sekel });

  it("is at least the date of birth, with or without its century", () => {
    expect(readPart("800101")).to.deep.equal([search("800101")]);
    expect(readPart("8001019")).to.deep.equal([search("8001019")]);
    expect(readPart("800101-98")).to.deep.equal([search("80010198")]);
    expect(readPart("80 01 01 T9")).to.deep.equal([search("800101T9")]);
    expect(readPart("19800101")).to.deep.equal([search("800101", "19")]);
    expect(readPart("198001019")).to.deep.equal([search("8001019", "19")]);
    expect(readPart("19800101-")).to.deep.equal([search("800101", "19")]);
    expect(readPart("19800161-t")).to.deep.equal([search("800161T", "19")]);
    expect(readPart(ten)).to.deep.equal([search(ten)]);
    expect(readPart(number)).to.deep.equal([search(ten, "19")]);
  });

  it("that may mean two things means both", () => {
    expect(readPart("20010112")).to.deep.equal([search("20010112"), search("010112", "20")]);
    expect(readPart("200101-12")).to.deep.equal([search("20010112")]);
    expect(readPart("20010112-")).to.deep.equal([search("010112", "20")]);
  });

  it("is none with fewer than six digits, or with what no number has", () => {
    for (const text of [
      "80010",
      "8001-01",
      "?",
      "80010A",
      "800101-99999",
      "800101--1",
      "800101%",
      "123456789012345",
    ]) {
      expect(readPart(text), text).to.deep.equal([]);
    }
  });

  it("finds its number, however many characters it has", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("1900-01-01"), max: new Date("2026-01-01"), noInvalidDate: true }),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 6, max: 10 }),
        fc.constantFrom("", "-"),
        fc.boolean(),
        (date, serial, length, separator, withCentury) => {
          const whole = inventedPersonnummer(date.toISOString().slice(0, 10).replaceAll("-", ""), serial);
          const pnr = whole.slice(2, 2 + length);
          const written = `${withCentury ? whole.slice(0, 2) : ""}${pnr.slice(0, 6)}${separator}${pnr.slice(6)}`;
          const found = readPart(written).some(
            (reading) =>
              whole.slice(2).startsWith(reading.pnr) &&
              (reading.sekel === undefined || reading.sekel === whole.slice(0, 2)),
          );
          // Ten digits are a whole number, whatever else they might be the beginning of.
          const isTenOfTwelve = withCentury && separator === "" && length === 8;
          expect(found || isTenOfTwelve, written).to.equal(true);
        },
      ),
    );
  });

  it("never asks for fewer than six characters, or for others than a number has", () => {
    const odd = fc.string({ unit: fc.constantFrom(..."0123456789aT-+ –%_\u00e5") });
    fc.assert(
      fc.property(odd, (text) => {
        for (const { pnr } of readPart(text)) expect(pnr).to.match(/^\d{6}[0-9A-Z]{0,4}$/);
      }),
    );
  });
});
