import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import type { T22Operations } from "../../lib/t22/operations.js";
import {
  briefly,
  emptyStore,
  inventedPersonnummer,
  registrations,
  storeWith,
  type TestAnswer,
  type TestPerson,
  type TestStore,
  testRegister,
  user,
} from "../support/t04.js";
import {
  askUtility,
  surnames,
  type UtilityAnswer,
  utilityOperations,
  utilityService,
} from "../support/utility.js";

const { ffg } = registrations;
const keys = (answer: UtilityAnswer) => briefly(answer as unknown as TestAnswer);
const NUMBER = inventedPersonnummer("19800101", 1);
const SHARED = inventedPersonnummer("19700303", 3);
/** 29 February is a date in 2000 and none in 1900: with ten digits the number is correct, with the person's century not. */
const LEAP_DAY = inventedPersonnummer("20000229", 5);

/** Beside those of T04's tests. */
const MORE_PERSONS: readonly TestPerson[] = [
  { id: "delad-1", efternamn: "Zeta", personnummer: SHARED, registrations: [ffg(1, "MATMAT02b", "20091")] },
  { id: "delad-2", efternamn: "Alfa", personnummer: SHARED, registrations: [ffg(2, "MATMAT02b", "20091")] },
  {
    id: "skottdag",
    efternamn: "Februari",
    personnummer: `19${LEAP_DAY.slice(2)}`,
    registrations: [ffg(1, "MATMAT02b", "20091")],
  },
  {
    id: "personal",
    efternamn: "Lärarsson",
    personnummer: inventedPersonnummer("19650505", 2),
    registrations: [],
  },
];

describe("T22's operations", () => {
  let loaded: TestStore;
  let empty: TestStore;
  let operations: T22Operations;
  before(async () => {
    loaded = await storeWith({ ...testRegister, persons: [...testRegister.persons, ...MORE_PERSONS] });
    empty = await emptyStore();
    operations = utilityOperations(loaded.store);
  });
  after(async () => {
    await loaded.close();
    await empty.close();
  });

  it("are those of the WSDL", () => {
    expect(Object.keys(operations)).to.deep.equal(utilityService.operations);
  });

  for (const name of utilityService.operations as (keyof T22Operations)[]) {
    describe(name, () => {
      const first = (answer: unknown) => (Array.isArray(answer) ? answer[0] : answer) as UtilityAnswer;
      const ask = async (ops: T22Operations, arg0: object) =>
        first(await ops[name]({ arg0: arg0 as never }, { remoteAddress: "127.0.0.1" }));

      it("asks who calls, before it looks at anything else", async () => {
        expect(first(await operations[name]({}, { remoteAddress: "127.0.0.1" }))).to.deep.include({
          valid: false,
        });
        expect(keys(await ask(operations, {}))).to.deep.equal(["auth.failed"]);
        expect(keys(await ask(operations, user("okänd")))).to.deep.equal(["auth.failed"]);
        expect(keys(await ask(operations, user("portal", { uid: undefined })))).to.deep.equal([
          "auth.failed",
        ]);
        expect(keys(await ask(operations, user("portal", { type: "1" })))).to.deep.equal([
          "auth.forbidden type",
        ]);
      });

      it("says when nothing is loaded", async () => {
        expect(keys(await ask(utilityOperations(empty.store), user()))).to.deep.equal(["general.nodata"]);
      });

      it("tells of a boolean that is none", async () => {
        const answer = await ask(operations, user("portal", { valid: { invalidBoolean: "ja" } }));
        expect(answer.valid).to.equal(false);
        expect(keys(answer)).to.include("general.invalidformat valid");
      });
    });
  }

  describe("getCurrAndNextSemester", () => {
    const semesters = async (today: string) => {
      const { currentSemester, nextSemester } = await askUtility(
        utilityOperations(loaded.store, today),
        "getCurrAndNextSemester",
      );
      return [currentSemester, nextSemester];
    };

    it("goes by ISO weeks, as everything that takes a half-year from a date", async () => {
      expect(await semesters("2026-11-24")).to.deep.equal(["20262", "20271"]);
      expect(await semesters("2009-06-28")).to.deep.equal(["20091", "20092"]);
      expect(await semesters("2009-06-29")).to.deep.equal(["20092", "20101"]);
      // In the first week of 2009, and in the last of 2009.
      expect(await semesters("2008-12-29")).to.deep.equal(["20091", "20092"]);
      expect(await semesters("2010-01-03")).to.deep.equal(["20092", "20101"]);
    });
  });

  describe("institutions", () => {
    const kods = (answer: unknown) => (answer as { kod?: string }[]).map(({ kod }) => kod);

    it("are the caller's, compared without regard to case", async () => {
      expect(kods(await askUtility(operations, "findAllInstitutions"))).to.deep.equal(["kvn", "SFI", "VUX1"]);
      expect(kods(await askUtility(operations, "findAllInstitutions", undefined, "kvn"))).to.deep.equal([
        "kvn",
      ]);
      expect(kods(await askUtility(operations, "findAllInstitutions", undefined, "ingen"))).to.deep.equal([]);
    });

    it("without a name are found by no name", async () => {
      expect(await askUtility(operations, "findInstitutionsByBenamn", "a")).to.deep.equal([]);
    });
  });

  describe("persons", () => {
    it("are found only when they are registered: staff is in no answer", async () => {
      const staff = inventedPersonnummer("19650505", 2);
      expect(await askUtility(operations, "findNameByPnr", { pnr: staff })).to.not.have.property("enamn");
      expect((await askUtility(operations, "getNameByPartPnr", { pnr: "650505" })).names).to.deep.equal([]);
      expect(surnames(await askUtility(operations, "fetchAdrInfo", [staff]))).to.deep.equal([]);
    });

    it("look the same when they are another's and when they do not exist", async () => {
      const unknown = inventedPersonnummer("19800101", 7);
      for (const caller of ["sfi", "kvn", "ingen"]) {
        const theirs = await askUtility(operations, "findNameByPnr", { pnr: NUMBER }, caller);
        const nobody = await askUtility(operations, "findNameByPnr", { pnr: unknown }, caller);
        expect({ ...theirs, pnr: "" }).to.deep.equal({ ...nobody, pnr: "" });
        expect(await askUtility(operations, "getNameByPartPnr", { pnr: "800101" }, caller)).to.deep.equal(
          await askUtility(operations, "getNameByPartPnr", { pnr: "810101" }, caller),
        );
        expect(
          surnames(await askUtility(operations, "fetchAdrInfo", [NUMBER, unknown], caller)),
        ).to.deep.equal([]);
      }
      expect(await askUtility(operations, "findNameByPnr", { pnr: NUMBER }, "vux")).to.deep.include({
        enamn: "Åberg",
        inladok: true,
      });
    });

    it("who share a number: one name, the first in the list that the caller may see; all addresses", async () => {
      const name = async (caller: string) =>
        (await askUtility(operations, "findNameByPnr", { pnr: SHARED }, caller)).enamn;
      expect([await name("portal"), await name("vux"), await name("sfi")]).to.deep.equal([
        "Alfa",
        "Zeta",
        "Alfa",
      ]);
      expect(surnames(await askUtility(operations, "fetchAdrInfo", [SHARED]))).to.deep.equal([
        "Alfa",
        "Zeta",
      ]);
      const { names } = await askUtility(operations, "getNameByPartPnr", { pnr: "700303" });
      expect(names?.map(({ enamn }) => enamn)).to.deep.equal(["Alfa", "Zeta"]);
    });

    it("with an incorrect number stand in no answer, and are told of to those who may see them", async () => {
      const pnr = LEAP_DAY.slice(2);
      const told = [`adresslista.containsinvalidssn ${pnr}`];
      for (const caller of ["portal", "vux"]) {
        const name = await askUtility(operations, "findNameByPnr", { pnr }, caller);
        expect(keys(name)).to.deep.equal(told);
        expect(name).to.deep.include({ valid: true });
        expect(name).to.not.have.property("enamn");
        const part = await askUtility(operations, "getNameByPartPnr", { pnr: "000229" }, caller);
        expect(keys(part)).to.deep.equal(told);
        expect(part.names).to.deep.equal([]);
        const addresses = await askUtility(operations, "fetchAdrInfo", [pnr], caller);
        expect(keys(addresses)).to.deep.equal(told);
        expect(surnames(addresses)).to.deep.equal([]);
      }
      for (const method of ["findNameByPnr", "getNameByPartPnr"] as const) {
        expect(keys(await askUtility(operations, method, { pnr }, "sfi"))).to.deep.equal([]);
      }
      expect(keys(await askUtility(operations, "fetchAdrInfo", [pnr], "sfi"))).to.deep.equal([]);
    });

    it("are found by the century that is said, and by none of another", async () => {
      const ten = NUMBER.slice(2);
      expect(surnames(await askUtility(operations, "fetchAdrInfo", [`19${ten}`]))).to.deep.equal(["Åberg"]);
      expect(surnames(await askUtility(operations, "fetchAdrInfo", [`18${ten}`]))).to.deep.equal([]);
    });

    it("let other calls have their turn while thousands of numbers are looked for", async () => {
      const numbers = Array.from({ length: 9_999 }, (_, at) => {
        const day = new Date(Date.UTC(1930, 0, 1 + (at % 20_000)))
          .toISOString()
          .slice(0, 10)
          .replaceAll("-", "");
        return inventedPersonnummer(day, at % 10);
      });
      let turns = 0;
      let answered = false;
      const others = (async () => {
        while (!answered) {
          await new Promise((resolve) => setImmediate(resolve));
          turns++;
        }
      })();
      const answer = await askUtility(operations, "fetchAdrInfo", [...numbers, NUMBER]);
      answered = true;
      await others;
      expect(surnames(answer)).to.include("Åberg");
      expect(turns).to.be.greaterThan(50);
    });
  });

  describe("courses", () => {
    it("are as T04 has them: forbidden when known and another's, empty when unknown", async () => {
      for (const method of ["getKursByKod", "getKursTillFByKod", "getProvByKurskod"] as const) {
        expect(keys(await askUtility(operations, method, "ENGENG05", "vux")), method).to.deep.equal([
          "auth.forbidden ENGENG05",
        ]);
        const unknown = await askUtility(operations, method, "KEMKEM01", "vux");
        expect(unknown, method).to.deep.include({ valid: true });
        expect(unknown, method).to.not.have.property("kod");
      }
    });
  });
});
