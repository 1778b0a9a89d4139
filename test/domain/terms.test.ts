import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { isCalendarDate } from "../../lib/domain/days.js";
import {
  daysPerTermin,
  formatTermin,
  isDate,
  isoWeekOf,
  nextTermin,
  type Period,
  parseTermin,
  previousTermin,
  readDate,
  startTermin,
  terminNumber,
  terminOfDate,
  weeksInclusive,
} from "../../lib/domain/terms.js";

describe("ISO weeks", () => {
  it("agree with a calendar that counts weeks from 4 January, each day of 1970–2069", () => {
    for (const { date, weekYear, week } of calendar()) {
      expect(isoWeekOf(date), date).to.equal(`${weekYear}${String(week).padStart(2, "0")}`);
    }
  });

  it("belong to the week-year at year ends", () => {
    expect(isoWeekOf("2008-12-29")).to.equal("200901");
    expect(isoWeekOf("2010-01-03")).to.equal("200953");
    expect(isoWeekOf("2021-01-03")).to.equal("202053");
    expect(isoWeekOf("2021-01-04")).to.equal("202101");
  });

  it("are counted with both end weeks", () => {
    expect(weeksInclusive("2009-01-19", "2009-01-19")).to.equal(1);
    expect(weeksInclusive("2009-01-25", "2009-01-26")).to.equal(2);
    expect(weeksInclusive("2009-12-28", "2010-01-04")).to.equal(2);
    expect(weeksInclusive("2009-01-19", "2009-06-07")).to.equal(20);
  });

  it("are as many as the Mondays passed, plus one", () => {
    fc.assert(
      fc.property(dates(), fc.integer({ min: 0, max: 2000 }), (begin, length) => {
        const mondays = daysFrom(begin, length + 1)
          .slice(1)
          .filter((date) => new Date(date).getUTCDay() === 1).length;
        expect(weeksInclusive(begin, daysFrom(begin, length + 1).at(-1) as string)).to.equal(mondays + 1);
      }),
      { numRuns: 50 },
    );
  });
});

describe("half-years of dates", () => {
  it("are spring in weeks 1–26 and autumn in weeks 27–53 of the week-year, each day of 1970–2069", () => {
    for (const { date, weekYear, week } of calendar()) {
      expect(terminOfDate(date), date).to.equal(`${weekYear}${week <= 26 ? 1 : 2}`);
    }
  });

  it("follow the week and not the month at the ends", () => {
    expect(terminOfDate("2008-12-29")).to.equal("20091");
    expect(terminOfDate("2010-01-01")).to.equal("20092");
    expect(terminOfDate("2009-06-28")).to.equal("20091");
    expect(terminOfDate("2009-06-29")).to.equal("20092");
  });
});

describe("parseTermin", () => {
  it("reads ÅÅT, ÅÅÅÅT, VTÅÅ/HTÅÅ and VÅÅ/HÅÅ in any case", () => {
    for (const text of ["091", "20091", "VT09", "vt09", "Vt09", "V09", "v09", " 091 "]) {
      expect(parseTermin(text), text).to.equal("20091");
    }
    for (const text of ["092", "20092", "HT09", "ht09", "H09", "h09"]) {
      expect(parseTermin(text), text).to.equal("20092");
    }
  });

  it("takes two-digit years as 1970–2069", () => {
    for (let year = 1970; year <= 2069; year++) {
      const short = String(year).slice(2);
      expect(parseTermin(`${short}1`)).to.equal(`${year}1`);
      expect(parseTermin(`HT${short}`)).to.equal(`${year}2`);
    }
  });

  it("refuses what is no half-year", () => {
    for (const text of [
      "",
      "?",
      "093",
      "090",
      "09",
      "9",
      "2009",
      "200",
      "20093",
      "ST09",
      "VT9",
      "VT 09",
      "VT2009",
      "0911",
      "٠٩١",
    ]) {
      expect(parseTermin(text), text).to.equal(undefined);
    }
  });
});

describe("formatTermin", () => {
  it("writes what parseTermin reads back, for every year and both formats", () => {
    for (let year = 1900; year <= 2150; year++) {
      for (const termin of [`${year}1`, `${year}2`]) {
        expect(parseTermin(formatTermin(termin, "YYT"))).to.equal(termin);
        expect(formatTermin(termin, "YYYYT")).to.equal(termin);
      }
    }
  });

  it("writes three characters for 1970–2069, four-digit years where those would mislead", () => {
    expect(formatTermin("20091", "YYT")).to.equal("091");
    expect(formatTermin("19702", "YYT")).to.equal("702");
    expect(formatTermin("20692", "YYT")).to.equal("692");
    expect(formatTermin("20701", "YYT")).to.equal("20701");
  });
});

describe("half-years in order", () => {
  it("follow each other across the year", () => {
    expect(nextTermin("20091")).to.equal("20092");
    expect(nextTermin("20092")).to.equal("20101");
    expect(previousTermin("20101")).to.equal("20092");
    expect(previousTermin("20002")).to.equal("20001");
  });

  it("are numbered from the first, which is 1", () => {
    expect(terminNumber("20092", "20092")).to.equal(1);
    expect(terminNumber("20092", "20101")).to.equal(2);
    expect(terminNumber("20092", "20112")).to.equal(5);
    expect(terminNumber("20101", "20092")).to.equal(0);
  });
});

describe("daysPerTermin", () => {
  it("splits a period at the half-year", () => {
    expect([...daysPerTermin([{ begin: "2009-06-22", end: "2009-07-05" }])]).to.deep.equal([
      ["20091", 7],
      ["20092", 7],
    ]);
  });

  it("names the half-years between, too", () => {
    const days = daysPerTermin([{ begin: "2008-12-29", end: "2010-01-04" }]);
    expect([...days]).to.deep.equal([
      ["20091", 26 * 7],
      ["20092", 27 * 7],
      ["20101", 1],
    ]);
  });

  it("has no days for a period that begins after its end", () => {
    expect([...daysPerTermin([{ begin: "2009-02-01", end: "2009-01-31" }])]).to.deep.equal([]);
  });

  it("counts each day once and in order of half-years, as a set of days would", () => {
    fc.assert(
      fc.property(fc.array(periods(), { maxLength: 6 }), (some) => {
        const days = [...new Set(some.flatMap(daysOf))].sort();
        const expected = new Map<string, number>();
        for (const date of days)
          expected.set(terminOfDate(date), (expected.get(terminOfDate(date)) ?? 0) + 1);
        expect([...daysPerTermin(some)]).to.deep.equal([...expected]);
      }),
    );
  });
});

describe("startTermin", () => {
  it("is the half-year of the earliest begin", () => {
    expect(startTermin([{ begin: "2009-08-24", end: "2009-12-20" }])).to.equal("20092");
    expect(
      startTermin([
        { begin: "2009-08-24", end: "2009-12-20" },
        { begin: "2009-01-19", end: "2009-03-01" },
      ]),
    ).to.equal("20091");
  });

  it("moves on when 13 days of it are used and 14 of the next, and not at 14", () => {
    expect(startTermin([{ begin: "2009-06-16", end: "2009-07-12" }])).to.equal("20092");
    expect(startTermin([{ begin: "2009-06-15", end: "2009-07-12" }])).to.equal("20091");
    expect(startTermin([{ begin: "2009-06-16", end: "2009-07-11" }])).to.equal("20091");
  });

  it("puts a course that begins on 1 January in week 53 into spring", () => {
    expect(terminOfDate("2010-01-01")).to.equal("20092");
    expect(startTermin([{ begin: "2010-01-01", end: "2010-06-06" }])).to.equal("20101");
  });

  it("counts a day that stands in two periods once", () => {
    const week = { begin: "2009-06-22", end: "2009-06-28" };
    expect(startTermin([week, week, { begin: "2009-06-29", end: "2009-08-30" }])).to.equal("20092");
  });

  it("looks at the half-year that follows, not at one after a pause", () => {
    expect(
      startTermin([
        { begin: "2009-06-22", end: "2009-06-28" },
        { begin: "2010-01-11", end: "2010-06-06" },
      ]),
    ).to.equal("20091");
  });

  it("refuses periods without a day", () => {
    expect(() => startTermin([])).to.throw(RangeError);
  });
});

describe("dates", () => {
  it("are real ones", () => {
    for (const date of ["2009-01-19", "2000-02-29", "2024-02-29", "1969-12-31", "0001-01-01", "9999-12-31"]) {
      expect(isDate(date), date).to.equal(true);
    }
    for (const date of [
      "1900-02-29",
      "2023-02-29",
      "2009-04-31",
      "2009-13-01",
      "2009-00-01",
      "2009-01-00",
      "0000-01-01",
      "2009-1-19",
      "20090119",
      " 2009-01-19",
      "2009-01-19\n",
      "",
    ]) {
      expect(isDate(date), date).to.equal(false);
    }
  });

  it("agree with the calendar of the machine for every day number of a month", () => {
    for (let year = 1890; year <= 2110; year++) {
      for (let month = 1; month <= 12; month++) {
        for (let day = 0; day <= 32; day++) {
          const date = new Date(Date.UTC(year, month - 1, day));
          expect(isCalendarDate(year, month, day)).to.equal(
            date.getUTCMonth() === month - 1 && date.getUTCDate() === day,
          );
        }
      }
    }
  });

  it("are read in both forms of ISO 8601, with or without a time", () => {
    for (const text of [
      "2009-01-19",
      "20090119",
      "2009-01-19T00:00:00",
      "2009-01-19T23:30:00+01:00",
      "2009-01-19 08:00",
      "20090119T080000",
      "2009-01-19Z",
      "2009-01-19+01:00",
      " 2009-01-19\n",
    ]) {
      expect(readDate(text), text).to.equal("2009-01-19");
    }
  });

  it("are undefined when not real", () => {
    for (const text of [
      "",
      "2009-02-30",
      "20090230",
      "2009-0119",
      "200901-19",
      "2009-01-19x",
      "2009-01",
      "09-01-19",
      "19/1 2009",
      "undefined",
    ]) {
      expect(readDate(text), text).to.equal(undefined);
    }
  });
});

/** Each day of the week-years 1970–2069, counted forward from the Monday of the week that holds 4 January 1970. */
function* calendar(): Generator<{ date: string; weekYear: number; week: number }> {
  const MILLISECONDS_PER_DAY = 86_400_000;
  let time = Date.UTC(1969, 11, 29);
  for (let weekYear = 1970; weekYear <= 2069; weekYear++) {
    const nextFourth = new Date(Date.UTC(weekYear + 1, 0, 4));
    const nextYear = nextFourth.getTime() - ((nextFourth.getUTCDay() + 6) % 7) * MILLISECONDS_PER_DAY;
    for (let week = 1; time < nextYear; week++) {
      for (let day = 0; day < 7; day++, time += MILLISECONDS_PER_DAY) {
        yield { date: new Date(time).toISOString().slice(0, 10), weekYear, week };
      }
    }
  }
}

function dates(): fc.Arbitrary<string> {
  return fc
    .integer({ min: 0, max: 36_500 })
    .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10));
}

function periods(): fc.Arbitrary<Period> {
  const days = fc.integer({ min: 14_000, max: 14_800 });
  return fc.tuple(days, fc.integer({ min: -3, max: 500 })).map(([day, length]) => ({
    begin: new Date(day * 86_400_000).toISOString().slice(0, 10),
    end: new Date((day + length) * 86_400_000).toISOString().slice(0, 10),
  }));
}

function daysOf({ begin, end }: Period): string[] {
  const length = (Date.parse(end) - Date.parse(begin)) / 86_400_000 + 1;
  return length > 0 ? daysFrom(begin, length) : [];
}

function daysFrom(begin: string, length: number): string[] {
  return Array.from({ length }, (_, index) =>
    new Date(Date.parse(begin) + index * 86_400_000).toISOString().slice(0, 10),
  );
}
