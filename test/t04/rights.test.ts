import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import type { T04Operations } from "../../lib/t04/operations.js";
import { ask, storeWith, type TestStore, testOperations, testRegister, user } from "../support/t04.js";

const forbidden = (what: string) => ({
  key: "auth.forbidden",
  level: "ERROR",
  log: `Behörighet saknas, ${what}`,
  values: [what],
});

describe("rights per occasion (contract section 3)", () => {
  let loaded: TestStore;
  let operations: T04Operations;
  before(async () => {
    loaded = await storeWith(testRegister);
    operations = testOperations(loaded.store);
  });
  after(() => loaded.close());

  const FFG = { typ: "FFG", Starttermin: "091" };
  const MATEMATIK = { ...FFG, Kurskod: "MATMAT02b" };

  it("forbid an institution that the caller does not have, whether there is one or not", async () => {
    for (const Institution of ["SFI", "sfi", "FINN"]) {
      const answer = await ask(operations, "getKurs", { Institution }, user("vux"));
      expect(answer.messages).to.deep.equal([forbidden(Institution)]);
      expect(answer.valid).to.equal(false);
      expect(answer).to.not.have.property("KursInfoVO");
    }
  });

  it("let a caller see its own institution, however it is written", async () => {
    for (const Institution of ["KVN", "kvn"]) {
      const answer = await ask(operations, "getKurs", { Institution }, user("kvn"));
      expect(answer.KursInfoVO?.map(({ Kurskod }) => Kurskod)).to.deep.equal(["ENGENG05"]);
    }
  });

  it("forbid a known course that none of the caller's institutions gives", async () => {
    const answer = await ask(operations, "getKursTf", { Kurskod: "svesve01", Termin: "091" }, user("sfi"));
    expect(answer.messages).to.deep.equal([forbidden("svesve01")]);
    expect(answer).to.not.have.any.keys("KursInfoVO", "KursTfVO", "KursTFTermregVO");
  });

  it("show participants of the caller's occasions only", async () => {
    const search = async (arg1: object, caller: string) =>
      (await ask(operations, "getAdrLista", arg1 as never, user(caller))).persons;
    expect(await search({ KursTfVO: [MATEMATIK] }, "sfi")).to.deep.equal(["FFG Wiik"]);
    expect(await search({ KursTfVO: [MATEMATIK] }, "vux")).to.deep.equal(["FFG Andersson", "FFG Åberg"]);
    expect(await search({ KursTfVO: [{ ...MATEMATIK, Anmkod: "A0001" }] }, "sfi")).to.deep.equal([]);
    const fo = { typ: "FO", Kurskod: "MATMAT02b", Kalendertermin: "091" };
    expect(await search({ KursTfVO: [fo] }, "sfi")).to.deep.equal([]);
    const free = { KursTfVO: [{ Kurskod: "MATMAT02b", Kalendertermin: "091" }], FFG: true, FO: true };
    expect(await search(free, "sfi")).to.deep.equal(["FFG Wiik"]);
    const termreg = { KursTFTermregVO: [{ ...MATEMATIK, program: "EKVUX" }] };
    expect(await search(termreg, "sfi")).to.deep.equal(["FFG Wiik"]);
    expect(await search(termreg, "vux")).to.deep.equal(["FFG Åberg"]);
  });

  it("show the re-registered of the caller's institutions only, however these are written", async () => {
    const om = async (Kurskod: string, caller: string) =>
      (
        await ask(
          operations,
          "getAdrLista",
          { KursTfVO: [{ Kurskod, Kalendertermin: "091" }], OM: true },
          user(caller),
        )
      ).persons;
    expect(await om("MATMAT02b", "portal")).to.deep.equal(["OM Ceder", "OM Dahl"]);
    expect(await om("MATMAT02b", "vux")).to.deep.equal(["OM Ceder"]);
    expect(await om("MATMAT02b", "sfi")).to.deep.equal(["OM Dahl"]);
    expect(await om("ENGENG05", "kvn")).to.deep.equal(["OM Ek"]);
  });

  it("show the rows of KursInfoVO that the caller's institutions give", async () => {
    const answer = await ask(operations, "getAdrLista", { KursTfVO: [MATEMATIK] }, user("vux"));
    expect(answer.KursInfoVO?.map(({ Institution }) => Institution)).to.deep.equal(["VUX1"]);
  });

  it("refuse the whole call for one forbidden course, with one message for each course", async () => {
    const answer = await ask(
      operations,
      "getAdrLista",
      {
        KursTfVO: [
          MATEMATIK,
          { ...MATEMATIK, Kurskod: "ENGENG05" },
          { ...MATEMATIK, Kurskod: "SVESVE01" },
          { ...MATEMATIK, Kurskod: "engeng05" },
          { ...MATEMATIK, Kurskod: "FINNSEJ1" },
        ],
        KursTFTermregVO: [{ ...FFG, Kurskod: "ZOOZOO01", program: "EKVUX" }],
        OM: true,
      },
      user("sfi"),
    );
    expect(answer.messages).to.deep.equal(["ENGENG05", "SVESVE01", "ZOOZOO01"].map(forbidden));
    expect(answer.persons).to.deep.equal([]);
    expect(answer).to.include({ valid: false, OM: true });
  });

  it("come before everything else that is wrong with the call", async () => {
    const answer = await ask(
      operations,
      "getAdrLista",
      {
        KursTfVO: [{ Kurskod: "SVESVE01" }, { Kurskod: "inte en kurskod", typ: "?" }],
        Email: { invalidBoolean: "?" },
      },
      user("sfi"),
    );
    expect(answer.messages).to.deep.equal([forbidden("SVESVE01")]);
    const kurs = await ask(operations, "getKurs", { Institution: "SFI", Termin: "?" }, user("vux"));
    expect(kurs.messages).to.deep.equal([forbidden("SFI")]);
  });

  it("are not judged on a value without its format", async () => {
    const answer = await ask(operations, "getKurs", { Institution: "INTE EN" }, user("vux"));
    expect(answer.messages.map(({ key }) => key)).to.deep.equal(["general.invalidformat"]);
  });

  it("hold for a course whose odd code the store holds, and for its alias", async () => {
    const odd = { Kurskod: "lokal kurs-12345", Termin: "091" };
    expect((await ask(operations, "getKursTf", odd, user("sfi"))).messages).to.deep.equal([
      forbidden("lokal kurs-12345"),
    ]);
    expect((await ask(operations, "getKursTf", odd, user("vux"))).KursTfVO).to.have.length(1);
    const aliased = testOperations(loaded.store, {
      aliases: { toAlias: new Map([["SVESVE01", "SV1"]]), toKurskod: new Map([["SV1", "SVESVE01"]]) },
    });
    const answer = await ask(aliased, "getKursTf", { Kurskod: "SV1", Termin: "091" }, user("sfi"));
    expect(answer.messages).to.deep.equal([forbidden("SV1")]);
  });

  it("leave nothing to a caller without institutions, but no error for what nobody knows", async () => {
    const known = await ask(operations, "getAdrLista", { KursTfVO: [MATEMATIK] }, user("ingen"));
    expect(known.messages).to.deep.equal([forbidden("MATMAT02b")]);
    const unknown = { KursTfVO: [{ ...MATEMATIK, Kurskod: "FINNSEJ1" }], OM: true };
    const answer = await ask(operations, "getAdrLista", unknown, user("ingen"));
    expect(answer).to.deep.include({ valid: true, messages: [], persons: [] });
  });
});
