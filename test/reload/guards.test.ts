import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  changesOf,
  type GuardSettings,
  MAX_REFUSALS,
  refusedBy,
  refusedWithoutEmail,
} from "../../lib/reload/guards.js";
import type { CountKind, SchoolCount } from "../../lib/store/queries.js";

const FEWER: GuardSettings = { fewer: { percent: 20, count: 20 }, more: undefined };
const BOTH: GuardSettings = { fewer: { percent: 20, count: 20 }, more: { percent: 50, count: 20 } };
const WINDOW = { oldest: "20242", current: "20262" };

const count = (institution: string, kind: CountKind, termin: string | null, number: number): SchoolCount => ({
  institution,
  kind,
  termin,
  count: number,
});
const persons = (institution: string, number: number) => count(institution, "persons", null, number);
const registrations = (institution: string, termin: string, number: number) =>
  count(institution, "registrations", termin, number);

const refused = (
  previous: readonly SchoolCount[],
  next: readonly SchoolCount[],
  settings: GuardSettings = FEWER,
) => refusedBy(previous, next, settings, WINDOW);

describe("the guards", () => {
  it("have nothing to say of a first load", () => {
    expect(refused([], [persons("*", 3)])).to.deep.equal([]);
    expect(refused([], [persons("*", 30_000)], BOTH)).to.deep.equal([]);
  });

  it("let the same export pass", () => {
    const counts = [persons("*", 500), persons("VUX", 500), registrations("VUX", "20262", 900)];
    expect(refused(counts, counts, BOTH)).to.deep.equal([]);
  });

  describe("refuse a loss", () => {
    it("with one sentence: school, what, before, after, per cent and thresholds", () =>
      expect(refused([persons("VUX", 1000)], [persons("VUX", 400)])).to.deep.equal([
        "school VUX: 400 persons instead of 1000 (60 % fewer), which is more than 20 % and more than 20 fewer",
      ]));

    it("only beyond both the percentage and the number", () => {
      expect(refused([persons("VUX", 200)], [persons("VUX", 160)]), "40, exactly 20 %").to.deep.equal([]);
      expect(refused([persons("VUX", 50)], [persons("VUX", 30)]), "40 %, exactly 20").to.deep.equal([]);
      expect(refused([persons("VUX", 1000)], [persons("VUX", 801)]), "199, but 19.9 %").to.deep.equal([]);
      expect(refused([persons("VUX", 50)], [persons("VUX", 29)]), "21 of 50").to.have.length(1);
      expect(refused([persons("VUX", 200)], [persons("VUX", 159)]), "41 of 200").to.have.length(1);
    });

    it("and show as many decimals as tell it from the threshold", () => {
      expect(refused([persons("VUX", 1000)], [persons("VUX", 799)])[0]).to.include("(20.1 % fewer)");
      expect(refused([persons("VUX", 30_000)], [persons("VUX", 23_999)])[0]).to.include("(20.003 % fewer)");
    });

    it("of a school that is gone", () =>
      expect(refused([persons("VUX", 30), persons("SFI", 90)], [persons("VUX", 30)])).to.deep.equal([
        "school SFI: 0 persons instead of 90 (100 % fewer), which is more than 20 % and more than 20 fewer",
      ]));

    it("in one half-year, although history outweighs it", () => {
      const history = ["20251", "20252", "20261"].map((termin) => registrations("VUX", termin, 1000));
      const sentences = refused(
        [...history, registrations("VUX", "20262", 400)],
        [...history, registrations("VUX", "20262", 0)],
      );
      expect(sentences).to.deep.equal([
        "school VUX, half-year 20262: 0 registrations instead of 400 (100 % fewer), which is more than 20 % and more than 20 fewer",
      ]);
    });

    it("spread over schools of which none lost too many", () => {
      const schools = ["A", "B", "C"];
      const before = [...schools.map((school) => persons(school, 60)), persons("*", 180)];
      const after = [...schools.map((school) => persons(school, 40)), persons("*", 120)];
      expect(refused(before, after)).to.have.length(1);
      expect(refused(before, after)[0]).to.match(/^all schools: 120 persons instead of 180 /);
    });

    it("but not of half-years that have become too old", () =>
      expect(
        refused(
          [registrations("VUX", "20241", 5000), registrations("VUX", "20262", 100)],
          [registrations("VUX", "20262", 100)],
        ),
      ).to.deep.equal([]));

    it("of a school whose code is written in another case as of the same", () =>
      expect(refused([persons("vux", 100)], [persons("VUX", 100)])).to.deep.equal([]));

    it("once: what a sum says is not said again of its half-years", () => {
      const sentences = refused([registrations("VUX", "20262", 400)], [registrations("VUX", "20262", 100)]);
      expect(sentences).to.have.length(1);
      expect(sentences[0]).to.match(/^school VUX: 100 registrations instead of 400/);
    });

    it("never when the settings say 100 per cent", () =>
      expect(
        refused([persons("VUX", 1000)], [], { ...FEWER, fewer: { percent: 100, count: 0 } }),
      ).to.deep.equal([]));

    it("of a single one when the settings say 0", () =>
      expect(
        refused([persons("VUX", 1000)], [persons("VUX", 999)], { ...FEWER, fewer: { percent: 0, count: 0 } }),
      ).to.have.length(1));
  });

  describe("refuse growth", () => {
    it("only when the settings have thresholds for it", () => {
      const [before, after] = [[persons("VUX", 100)], [persons("VUX", 1000)]];
      expect(refused(before, after)).to.deep.equal([]);
      expect(refused(before, after, BOTH)).to.deep.equal([
        "school VUX: 1000 persons instead of 100 (900 % more), which is more than 50 % and more than 20 more",
      ]);
    });

    it("beyond both thresholds", () => {
      expect(refused([persons("VUX", 100)], [persons("VUX", 150)], BOTH)).to.deep.equal([]);
      expect(refused([persons("VUX", 100)], [persons("VUX", 151)], BOTH)).to.have.length(1);
      expect(refused([persons("VUX", 10)], [persons("VUX", 30)], BOTH)).to.deep.equal([]);
    });

    it("of a new school, since from nothing any growth is beyond a percentage", () => {
      const before = [persons("*", 1000), persons("VUX", 1000)];
      expect(refused(before, [...before, persons("NYTT", 20)], BOTH)).to.deep.equal([]);
      expect(refused(before, [...before, persons("NYTT", 21)], BOTH)).to.deep.equal([
        "school NYTT: 21 persons instead of 0, which is more than 50 % and more than 20 more",
      ]);
    });

    it("not of the next half-year, which begins with nothing, nor of one that has just begun", () => {
      const history = ["20251", "20252", "20261"].map((termin) => registrations("VUX", termin, 5000));
      for (const termin of ["20262", "20271"]) {
        const next = [...history, registrations("VUX", termin, 900)];
        expect(refused(history, next, BOTH)).to.deep.equal([]);
      }
    });

    it("of a half-year that had something before", () => {
      const history = ["20251", "20252", "20261"].map((termin) => registrations("VUX", termin, 5000));
      const sentences = refused(
        [...history, registrations("VUX", "20262", 900)],
        [...history, registrations("VUX", "20262", 1800)],
        BOTH,
      );
      expect(sentences).to.have.length(1);
      expect(sentences[0]).to.match(/^school VUX, half-year 20262: 1800 registrations instead of 900/);
    });
  });

  it("name the largest first, and at most twenty", () => {
    const schools = Array.from({ length: 25 }, (_, index) => `S${String(index + 10)}`);
    const sentences = refused(
      schools.map((school, index) => persons(school, 100 + index)),
      [],
    );
    expect(sentences).to.have.length(MAX_REFUSALS + 1);
    expect(sentences[0]).to.match(/^school S34: 0 persons instead of 124/);
    expect(sentences.at(-1)).to.equal("and 5 more");
  });

  it("never refuse what is within the number, nor let pass what loses all beyond it", () => {
    const number = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(number, number, (before, after) => {
        const isRefused = refused([persons("VUX", before)], [persons("VUX", after)]).length > 0;
        if (before - after <= 20) expect(isRefused).to.equal(false);
        if (before > 20 && after === 0) expect(isRefused).to.equal(true);
        expect(isRefused).to.equal(before - after > 20 && (before - after) / before > 0.2);
      }),
    );
  });
});

describe("the setting requireEmail", () => {
  it("refuses persons without an e-mail address, and says how many", () => {
    expect(refusedWithoutEmail([{ cause: "personNoEmail", count: 12 }])).to.deep.equal([
      "12 persons have no e-mail address, which the setting requireEmail does not allow",
    ]);
    expect(refusedWithoutEmail([{ cause: "personNoEmail", count: 1 }])[0]).to.match(/^1 person has /);
    expect(refusedWithoutEmail([{ cause: "personNoSchool", count: 12 }])).to.deep.equal([]);
  });
});

describe("changes by school", () => {
  it("say what there was and is, all together first", () => {
    const changes = changesOf(
      [
        persons("*", 10),
        persons("VUX", 10),
        registrations("VUX", "20261", 7),
        registrations("VUX", "20241", 99),
      ],
      [persons("*", 12), persons("VUX", 9), persons("SFI", 3), registrations("VUX", "20262", 5)],
      WINDOW.oldest,
    );
    const nothing = { before: 0, after: 0 };
    expect(changes).to.deep.equal([
      { institution: "*", persons: { before: 10, after: 12 }, occasions: nothing, registrations: nothing },
      { institution: "SFI", persons: { before: 0, after: 3 }, occasions: nothing, registrations: nothing },
      {
        institution: "VUX",
        persons: { before: 10, after: 9 },
        occasions: nothing,
        registrations: { before: 7, after: 5 },
      },
    ]);
  });

  it("have nothing before in a first load", () => {
    const [change] = changesOf([], [persons("*", 12)], WINDOW.oldest);
    expect(change?.persons).to.deep.equal({ before: null, after: 12 });
    expect(change?.occasions).to.deep.equal({ before: null, after: 0 });
  });
});
