import { expect } from "chai";
import { describe, it } from "mocha";
import { editCodeRegister } from "../../lib/reload/rollback.js";
import type { LoadStore } from "../../lib/store/loads.js";
import { databaseIn, ENGINE, failureOf } from "../support/database.js";
import { withStore } from "../support/generation.js";

const SCHOOLS = [
  { groupId: "skola-1", kod: "I001" },
  { groupId: "skola-2", kod: "I002" },
];
const ANMKODER = [
  { occasionId: "G1", kurskod: "MATMAT02b", anmkod: "A0001" },
  { occasionId: "G2", kurskod: "MATMAT02b", anmkod: "A0002" },
];

const withRegisters = (action: (store: LoadStore, folder: string) => Promise<void>) =>
  withStore(async (store, folder) => {
    await store.replaceCodes("institutions", SCHOOLS);
    await store.replaceCodes("anmkod", ANMKODER);
    await action(store, folder);
  });

/** The usage error that an edit ends with. */
const failure = async (action: () => unknown) => /^usage: (.*)/s.exec(await failureOf(action))?.[1];

describe(`code registers in ${ENGINE}`, () => {
  it("are read as they were written, in order, and used by the next load", () =>
    withRegisters(async (store) => {
      expect(await store.codeRows("institutions")).to.deep.equal(SCHOOLS);
      expect(await store.codeRows("anmkod")).to.deep.equal(ANMKODER);
      expect((await store.codeRegister()).institutions.get("skola-2")).to.equal("I002");
      expect((await store.codeRegister()).anmkod.get("G1\u0000MATMAT02b")).to.equal("A0001");
    }));

  it("take new rows and changed ones, and keep the others", () =>
    withRegisters(async (store) => {
      const rows = [
        { groupId: "skola-2", kod: "SFI" },
        { groupId: " skola-3 ", kod: " VUX " },
      ];
      expect(await store.editCodes("institutions", rows)).to.deep.equal({ added: 1, changed: 1, removed: 0 });
      expect(await store.codeRows("institutions")).to.deep.equal([
        { groupId: "skola-1", kod: "I001" },
        { groupId: "skola-2", kod: "SFI" },
        { groupId: "skola-3", kod: "VUX" },
      ]);
    }));

  it("remove what they are told to, and as a whole what is not given", () =>
    withRegisters(async (store) => {
      const [one, two] = ANMKODER;
      if (!one || !two) throw new Error("no rows");
      expect(await store.editCodes("anmkod", [], [{ ...one, anmkod: "" }])).to.include({ removed: 1 });
      expect(await store.codeRows("anmkod")).to.deep.equal([two]);
      expect(await store.replaceCodes("anmkod", [one])).to.deep.equal({ added: 1, changed: 0, removed: 1 });
      expect(await store.codeRows("anmkod")).to.deep.equal([one]);
    }));

  it("let two occasions exchange their codes", () =>
    withRegisters(async (store) => {
      const exchanged = [
        { occasionId: "G1", kurskod: "MATMAT02b", anmkod: "A0002" },
        { occasionId: "G2", kurskod: "MATMAT02b", anmkod: "A0001" },
      ];
      expect(await store.editCodes("anmkod", exchanged)).to.deep.equal({ added: 0, changed: 2, removed: 0 });
      expect(await store.codeRows("anmkod")).to.deep.equal(exchanged);
    }));

  it("know a course code in any case as the same", () =>
    withRegisters(async (store) => {
      await store.editCodes("anmkod", [{ occasionId: "G1", kurskod: "matmat02B", anmkod: "X1" }]);
      expect(await store.codeRows("anmkod")).to.deep.equal([
        { occasionId: "G1", kurskod: "matmat02B", anmkod: "X1" },
        ANMKODER[1],
      ]);
    }));

  it("let schools share a code", () =>
    withRegisters(async (store) => {
      await store.editCodes("institutions", [{ groupId: "skola-2", kod: "I001" }]);
      expect((await store.codeRegister()).institutions.get("skola-2")).to.equal("I001");
    }));

  it("count edits, which a load depends on, but not what changes nothing", () =>
    withRegisters(async (store) => {
      const before = await store.codeEdits();
      expect(await store.replaceCodes("institutions", SCHOOLS)).to.deep.equal({
        added: 0,
        changed: 0,
        removed: 0,
      });
      expect(await store.codeEdits()).to.equal(before);
      await store.editCodes("institutions", [{ groupId: "skola-1", kod: "VUX" }]);
      expect(await store.codeEdits()).to.equal(before + 1);
    }));

  const school = (groupId: string, kod: string) => ({ groupId, kod });
  const occasion = (occasionId: string, kurskod: string, anmkod: string) => ({ occasionId, kurskod, anmkod });

  it("refuse wrong institutions, and name the row", () =>
    withRegisters(async (store) => {
      const wrong = (...rows: ReturnType<typeof school>[]) =>
        failure(() => store.editCodes("institutions", rows));
      const good = school("skola-9", "VUX");
      expect(await wrong(good, school("skola-8", "FEMMA"))).to.equal(
        "row 2 (skola-8): an institution's code has 1 to 4 letters or digits",
      );
      expect(await wrong(school("skola-8", ""))).to.match(/^row 1 \(skola-8\): an institution's code/);
      expect(await wrong(school("skola-8", "A;B"))).to.match(/^row 1/);
      expect(await wrong(good, school(" ", "VUX"))).to.equal("row 2 (): an id or a course code is missing");
      expect(await wrong(good, school("a", "A"), school("skola-9", "B"))).to.equal(
        "row 3 (skola-9): stands in row 1 already",
      );
    }));

  it("refuse wrong Anmkoder, and name the row", () =>
    withRegisters(async (store) => {
      const wrong = (...rows: ReturnType<typeof occasion>[]) =>
        failure(() => store.editCodes("anmkod", rows));
      expect(await wrong(occasion("G3", "SVESVE01", "A00003"))).to.equal(
        "row 1 (G3 SVESVE01): an Anmkod has 1 to 5 letters or digits",
      );
      expect(await wrong(occasion("G3", "SVESVE01", "a0001"))).to.equal(
        "row 1 (G3 SVESVE01): the code a0001 is G1 MATMAT02b's",
      );
      expect(await wrong(occasion("G3", "SVESVE01", "B1"), occasion("G4", "SVESVE01", "b1"))).to.equal(
        "row 2 (G4 SVESVE01): the code b1 is G3 SVESVE01's",
      );
      expect(await wrong(occasion("G3", "", "B1"))).to.match(/^row 1 .*missing/);
      expect(await wrong(occasion("G3", "abc", "B1"), occasion("G3", "ABC", "B2"))).to.match(
        /^row 2 \(G3 ABC\): stands in row 1 already/,
      );
    }));

  it("are as they were when a row is wrong", () =>
    withRegisters(async (store) => {
      const before = await store.codeEdits();
      await failure(() =>
        store.replaceCodes("anmkod", [occasion("G9", "ABC", "B1"), occasion("G8", "ABC", "B1")]),
      );
      expect(await store.codeRows("anmkod")).to.deep.equal(ANMKODER);
      expect(await store.codeEdits()).to.equal(before);
    }));

  it("are not edited while a load runs", () =>
    withRegisters(async (store, folder) => {
      const { release } = await store.takeReloadLock();
      const edit = { rows: [school("skola-1", "VUX")] };
      const database = databaseIn(folder);
      expect(await failureOf(() => editCodeRegister(database, "institutions", edit))).to.match(/^busy: /);
      await release();
      expect(await editCodeRegister(database, "institutions", edit)).to.include({ changed: 1 });
      const all = { all: [school("skola-7", "VUX")] };
      expect(await editCodeRegister(database, "institutions", all)).to.include({
        added: 1,
        removed: 2,
      });
    }));
});
