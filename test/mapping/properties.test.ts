import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { codeKey } from "../../lib/domain/codes.js";
import { type Termin, terminNumber, terminOfDate } from "../../lib/domain/terms.js";
import { mapRegister, member, occasion, type Register } from "../support/ims.js";
import { anyRegister, period } from "./any-register.js";

describe("Any register", () => {
  const check = (property: (mapped: ReturnType<typeof mapRegister>, given: Register) => void) =>
    fc.assert(
      fc.property(anyRegister, (given) => property(mapRegister(given), given)),
      { numRuns: 200 },
    );

  it("gives one kind of registration per person, course and term, and one FFG term per person and course", () => {
    check(({ registrations }) => {
      for (const ofPerson of registrations.values()) {
        const kinds = new Map<string, Set<string>>();
        const ffgTerminer = new Map<string, Set<Termin>>();
        for (const { kurskod, termin, typ } of ofPerson) {
          const kurs = codeKey(kurskod);
          const key = `${kurs} ${termin}`;
          kinds.set(key, (kinds.get(key) ?? new Set()).add(typ));
          const ffg = ffgTerminer.get(kurs) ?? new Set();
          ffgTerminer.set(kurs, typ === "FFG" ? ffg.add(termin) : ffg);
        }
        for (const [key, found] of kinds) expect([...found], key).to.have.length(1);
        for (const [kurs, terminer] of ffgTerminer) expect([...terminer], kurs).to.have.length(1);
      }
    });
  });

  it("has the row of every registration, with its course and terms", () => {
    check(({ registrations, tables }) => {
      for (const { typ, ktill, kurskod, termin } of [...registrations.values()].flat()) {
        const row = tables.ktill2.find(({ id }) => id === ktill);
        expect(row).to.include({ kurskod });
        if (typ === "FFG") expect(row?.starttermin).to.equal(termin);
        const isInKtfort2 = tables.ktfort2.some((fort) => fort.ktill === ktill && fort.termin === termin);
        if (typ === "FO") expect(isInKtfort2).to.equal(true);
      }
    });
  });

  it("numbers KTILL2 from 1, and its terms from the start term", () => {
    check(({ tables }) => {
      expect(tables.ktill2.map(({ id }) => id)).to.deep.equal(tables.ktill2.map((_, index) => index + 1));
      for (const { ktill, termin, termordn } of tables.ktfort2) {
        const starttermin = tables.ktill2[ktill - 1]?.starttermin ?? "";
        expect(termordn).to.equal(terminNumber(starttermin, termin)).and.to.be.above(1);
      }
    });
  });

  it("has every Anmkod once in a start term, and a generated one in one occasion of one course only", () => {
    check(({ tables }) => {
      const places = tables.ktill2.map(({ starttermin, anmkod }) => `${starttermin} ${codeKey(anmkod)}`);
      expect(new Set(places).size).to.equal(places.length);
      const generated = tables.ktill2.filter(({ anmkod }) => !["A0002", "X1"].includes(codeKey(anmkod)));
      const bearers = new Map<string, Set<string>>();
      for (const { anmkod, occasionId, kurskod } of generated) {
        bearers.set(anmkod, (bearers.get(anmkod) ?? new Set()).add(`${occasionId} ${kurskod}`));
      }
      for (const [anmkod, found] of bearers) expect([...found], anmkod).to.have.length(1);
      const anmkoder = new Map(tables.ktill2.map((row) => [`${row.occasionId} ${row.kurskod}`, row.anmkod]));
      for (const row of tables.ktill2) {
        expect(anmkoder.get(`${row.occasionId} ${row.kurskod}`)).to.equal(row.anmkod);
      }
    });
  });

  it("has no two KTILL2 rows that are equal in every key field", () => {
    check(({ tables }) => {
      const keys = tables.ktill2.map(({ kurskod, starttermin, kurstakt, kursomg }) =>
        [codeKey(kurskod), starttermin, kurstakt, kursomg].join(" "),
      );
      expect(new Set(keys).size).to.equal(keys.length);
    });
  });

  it("gives the same whatever the order of groups and memberships in the file", () => {
    const shuffled = anyRegister.chain(({ groups, members = [] }) =>
      fc.tuple(
        fc.constant({ groups, members }),
        fc.shuffledSubarray([...groups], { minLength: groups.length }),
        fc.shuffledSubarray([...members], { minLength: members.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([given, groups, members]) => {
        expect(mapRegister({ groups, members })).to.deep.equal(mapRegister(given));
      }),
      { numRuns: 150 },
    );
  });

  it("gives the same the next night, with no new codes", () => {
    check((mapped, given) => {
      const again = mapRegister({ ...given, codes: mapped.newCodes });
      expect(again.tables).to.deep.equal(mapped.tables);
      expect([...again.newCodes.anmkod]).to.deep.equal([]);
    });
  });
});

describe("A person's registrations on one course", () => {
  const ofPeriods = fc.uniqueArray(
    fc.record({
      id: fc.constantFrom("a", "b", "c"),
      periods: fc.array(period, { minLength: 1, maxLength: 3 }),
    }),
    {
      selector: ({ id }) => id,
      minLength: 1,
    },
  );

  it("are what counting day by day gives", () => {
    fc.assert(
      fc.property(ofPeriods, (memberships) => {
        const groups = memberships.map(({ id }) => occasion(id, { short: "A1" }));
        const members = memberships.map(({ id, periods }) =>
          member(
            id,
            "p",
            periods.map((dated) => ({ roletype: "01", ...dated })),
          ),
        );
        const { registrations, tables } = mapRegister({ groups, members });
        const found = (registrations.get("p") ?? []).map(
          ({ typ, ktill, termin }) => `${typ} ${tables.ktill2[ktill - 1]?.occasionId} ${termin}`,
        );
        expect(found.sort()).to.deep.equal(countedByDay(memberships).sort());
      }),
      { numRuns: 150 },
    );
  });

  /** The contract's rules by the plainest means. */
  function countedByDay(
    memberships: readonly { id: string; periods: readonly { begin: string; end: string }[] }[],
  ) {
    const used = memberships.map(({ id, periods }) => {
      const days = [...new Set(periods.flatMap(daysOf))].sort();
      const count = (termin: Termin) => days.filter((day) => terminOfDate(day) === termin).length;
      const terminer = [...new Set(days.map(terminOfDate))];
      const [first = "", second = ""] = terminer;
      const isNext = terminNumber(first, second) === 2;
      const start = count(first) < 14 && isNext && count(second) >= 14 ? second : first;
      return {
        id,
        begin: days[0] ?? "",
        start,
        later: terminer.filter((termin) => termin > start && count(termin) >= 14),
      };
    });
    used.sort((a, b) => (a.begin + a.id < b.begin + b.id ? -1 : 1));
    const ffg = used.filter(({ start }) => start === used[0]?.start);
    const expected = ffg.flatMap(({ id, start, later }) => [
      `FFG ${id} ${start}`,
      ...later.map((termin) => `FO ${id} ${termin}`),
    ]);
    const taken = new Set(ffg.flatMap(({ start, later }) => [start, ...later]));
    for (const { id, start, later } of used.filter((membership) => !ffg.includes(membership))) {
      for (const termin of [start, ...later]) if (!taken.has(termin)) expected.push(`OM ${id} ${termin}`);
    }
    return expected;
  }

  function daysOf({ begin, end }: { begin: string; end: string }): string[] {
    const DAY_MS = 86_400_000;
    const days: string[] = [];
    for (let day = Date.parse(begin); day <= Date.parse(end); day += DAY_MS)
      days.push(new Date(day).toISOString().slice(0, 10));
    return days;
  }
});
