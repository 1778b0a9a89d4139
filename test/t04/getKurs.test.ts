import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import type { T04Operations } from "../../lib/t04/operations.js";
import {
  ask,
  briefly,
  storeWith,
  type TestStore,
  testOperations,
  testRegister,
  user,
} from "../support/t04.js";

describe("getKurs (T04 2)", () => {
  let loaded: TestStore;
  let operations: T04Operations;
  before(async () => {
    loaded = await storeWith(testRegister);
    operations = testOperations(loaded.store);
  });
  after(() => loaded.close());

  const kurskoder = async (arg1: { [field: string]: string }, caller?: string) =>
    (await ask(operations, "getKurs", arg1, user(caller))).KursInfoVO?.map(({ Kurskod }) => Kurskod);

  it("gives the institution's courses in Swedish order", async () => {
    expect(await kurskoder({ Institution: "VUX1" })).to.deep.equal([
      "LOKAL KURS-12345",
      "MATMAT02b",
      "SVESVE01",
      "ZOOZOO01",
      "ÅKEÅKE0",
      "ÄLDÄLD01",
    ]);
  });

  it("gives, with a term, only the courses that have an occasion of that institution in it", async () => {
    expect(await kurskoder({ Institution: "VUX1", Termin: "091" })).to.deep.equal([
      "LOKAL KURS-12345",
      "MATMAT02b",
      "SVESVE01",
    ]);
    // Start terms count, and later terms in which an occasion goes on.
    expect(await kurskoder({ Institution: "VUX1", Termin: "HT08" })).to.deep.equal(["MATMAT02b"]);
    expect(await kurskoder({ Institution: "VUX1", Termin: "20092" })).to.deep.equal(["MATMAT02b"]);
    expect(await kurskoder({ Institution: "SFI", Termin: "082" })).to.deep.equal([]);
  });

  it("writes all that is known of a course, and no more", async () => {
    const answer = await ask(operations, "getKurs", { Institution: "VUX1", Termin: "082" });
    expect(answer.KursInfoVO).to.deep.equal([
      {
        Kurskod: "MATMAT02b",
        Benamning: "Matematik 2b",
        EngBenamning: "Mathematics 2b",
        Institution: "VUX1",
        Poang: "100",
        Nedlagd: "N",
      },
    ]);
    const sparse = await ask(operations, "getKurs", { Institution: "SFI" });
    expect(sparse.KursInfoVO).to.deep.equal([
      {
        Kurskod: "MATMAT02b",
        Benamning: "Matematik 2b",
        EngBenamning: null,
        Institution: "SFI",
        Poang: null,
        Nedlagd: null,
      },
    ]);
  });

  it("reads an institution without regard to case", async () => {
    expect(await kurskoder({ Institution: "sfi" })).to.deep.equal(["MATMAT02b"]);
    expect(await kurskoder({ Institution: "KVN" })).to.deep.equal(["ENGENG05"]);
  });

  it("is valid and empty when there is no such institution", async () => {
    const answer = await ask(operations, "getKurs", { Institution: "FINN" });
    expect(answer).to.deep.include({ valid: true, messages: [], KursInfoVO: [] });
  });

  it("returns the booleans as sent, and neither Institution, Termin nor occasions", async () => {
    const answer = await ask(operations, "getKurs", {
      Institution: "SFI",
      Termin: "091",
      Kurskod: "MATMAT02b",
      KursTfVO: [{ Kurskod: "MATMAT02b" }],
      Email: true,
      OM: true,
      FFG: false,
    });
    expect(answer).to.include({ Email: true, FFG: false, FO: false, OM: true, valid: true });
    for (const element of ["Institution", "Termin", "Kurskod", "KursTfVO"]) {
      expect(answer, element).to.not.have.property(element);
    }
  });

  it("needs an institution", async () => {
    const answer = await ask(operations, "getKurs", { Termin: "091" });
    expect(answer.messages).to.deep.equal([
      {
        key: "general.missingparameter",
        level: "ERROR",
        log: "Obligatorisk uppgift saknas, Institution",
        values: ["Institution"],
      },
    ]);
    expect(answer.valid).to.equal(false);
    expect(answer).to.not.have.property("KursInfoVO");
  });

  it("says everything that is wrong in one answer, missing fields first, then formats in schema order", async () => {
    expect(briefly(await ask(operations, "getKurs", { Termin: "093" }))).to.deep.equal([
      "general.missingparameter Institution",
      "general.invalidformat Termin",
    ]);
    const answer = await ask(operations, "getKurs", {
      Institution: "FEM12",
      Termin: "våren",
      OM: { invalidBoolean: "ja" },
    });
    expect(answer.messages.map(({ log }) => log)).to.deep.equal([
      "Felaktigt format, Institution: FEM12",
      "Felaktigt format, Termin: våren",
      "Felaktigt format, OM: ja",
    ]);
    expect(answer.OM).to.equal(false);
  });

  it("checks nothing that it does not use", async () => {
    const answer = await ask(operations, "getKurs", {
      Institution: "SFI",
      Kurskod: "inte en kurskod",
      KursTfVO: [{ Starttermin: "inte en termin" }],
    });
    expect(answer).to.deep.include({ valid: true, messages: [] });
  });

  it("takes an institution wider than four characters that the store holds", async () => {
    const wide = await storeWith({
      tables: {
        ...testRegister.tables,
        institutions: [{ kod: "VUXSKOLAN" }],
        kurs: [{ kurskod: "BIOBIO01", inst: "VUXSKOLAN" }],
        ktill2: [],
        ktfort2: [],
        progplk: [],
        ktillp: [],
      },
      persons: [],
    });
    const answer = await ask(testOperations(wide.store), "getKurs", { Institution: "vuxskolan" });
    expect(answer.KursInfoVO?.map(({ Kurskod }) => Kurskod)).to.deep.equal(["BIOBIO01"]);
    await wide.close();
  });
});
