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

describe("getKursTf (T04 3)", () => {
  let loaded: TestStore;
  let operations: T04Operations;
  before(async () => {
    loaded = await storeWith(testRegister);
    operations = testOperations(loaded.store);
  });
  after(() => loaded.close());

  const MATEMATIK = { Kurskod: "MATMAT02b", Termin: "091" };

  it("gives occasions that start in the term, then those that go on in it, with the place's name", async () => {
    const answer = await ask(operations, "getKursTf", MATEMATIK);
    expect(answer).to.deep.include({ valid: true, messages: [] });
    expect(answer.KursTfVO).to.deep.equal([
      {
        typ: "FFG",
        Kurskod: "MATMAT02b",
        Starttermin: "091",
        Kurstakt: "050",
        Kurstid: "DAG",
        Undform: "NML",
        Kursomgang: "1",
        Kurstyp: "_",
        Termordning: "1",
        Poang: "100",
        Anmkod: "A0001",
        Kalendertermin: "091",
        Startvecka: "200903",
        Slutvecka: "200923",
        Ortskod: "STHLM",
        Ortsbenamn: "Stockholm",
      },
      {
        typ: "FFG",
        Kurskod: "MATMAT02b",
        Starttermin: "091",
        Kurstakt: "100",
        Kurstid: "KVÄ",
        Undform: "DST",
        Kursomgang: null,
        Kurstyp: "UPP",
        Termordning: "1",
        Poang: "50",
        Anmkod: "A0002",
        Kalendertermin: "091",
        Startvecka: "200903",
        Slutvecka: "200923",
        Ortskod: "UPPSA",
        Ortsbenamn: null,
      },
      {
        typ: "FORT",
        Kurskod: "MATMAT02b",
        Starttermin: "082",
        Kurstakt: "025",
        Kurstid: "DAG",
        Undform: null,
        Kursomgang: null,
        Kurstyp: "_",
        Termordning: "2",
        Poang: null,
        Anmkod: "A0003",
        Kalendertermin: "091",
        Startvecka: "200836",
        Slutvecka: "200951",
        Ortskod: null,
        Ortsbenamn: null,
      },
    ]);
  });

  it("gives the course's rows of programmes, equal ones once, without the points in which they differ", async () => {
    const answer = await ask(operations, "getKursTf", MATEMATIK);
    expect(answer.KursTFTermregVO).to.deep.equal([
      {
        typ: "FFG",
        Kurskod: "MATMAT02b",
        Starttermin: "091",
        program: "BASÅR",
        programinriktning: null,
        termordningkurs: "2",
        Poang: "100",
        Kalendertermin: "091",
      },
      {
        typ: "FFG",
        Kurskod: "MATMAT02b",
        Starttermin: "091",
        program: "EKVUX",
        programinriktning: "EKO",
        termordningkurs: "1",
        Poang: null,
        Kalendertermin: "091",
      },
      {
        typ: "FORT",
        Kurskod: "MATMAT02b",
        Starttermin: "082",
        program: "EKVUX",
        programinriktning: "EKO",
        termordningkurs: "1",
        Poang: null,
        Kalendertermin: "091",
      },
    ]);
  });

  it("keeps the points of equal rows that a caller sees only some of", async () => {
    const answer = await ask(operations, "getKursTf", MATEMATIK, user("sfi"));
    expect(answer.KursTFTermregVO?.map(({ program, Poang }) => [program, Poang])).to.deep.equal([
      ["EKVUX", "50"],
    ]);
  });

  it("gives the course's own KursInfoVO, one for each institution that gives it", async () => {
    const answer = await ask(operations, "getKursTf", { Kurskod: "matmat02B", Termin: "091" });
    expect(answer.KursInfoVO?.map(({ Kurskod, Institution }) => [Kurskod, Institution])).to.deep.equal([
      ["MATMAT02b", "SFI"],
      ["MATMAT02b", "VUX1"],
    ]);
  });

  it("returns a KursInfoVO of the request unchanged, and counts an empty one as none", async () => {
    const KursInfoVO = [{ Kurskod: "ANNAN", Nedlagd: "?" }, { Benamning: "Något helt annat" }];
    const sent = await ask(operations, "getKursTf", { ...MATEMATIK, KursInfoVO });
    expect(sent.KursInfoVO).to.deep.equal(KursInfoVO);
    expect(sent.valid).to.equal(true);
    const empty = await ask(operations, "getKursTf", { ...MATEMATIK, KursInfoVO: [{}] });
    expect(empty.KursInfoVO).to.have.length(2);
  });

  it("shows a caller the occasions, programmes and KursInfoVO of its institutions only", async () => {
    const answer = await ask(operations, "getKursTf", MATEMATIK, user("sfi"));
    expect(answer.KursTfVO?.map(({ Anmkod }) => Anmkod)).to.deep.equal(["A0002"]);
    expect(answer.KursInfoVO?.map(({ Institution }) => Institution)).to.deep.equal(["SFI"]);
  });

  it("is valid and empty for an unknown course, for every caller", async () => {
    for (const caller of ["portal", "sfi", "ingen"]) {
      const answer = await ask(operations, "getKursTf", { Kurskod: "FINNSEJ1", Termin: "091" }, user(caller));
      expect(answer).to.deep.include({
        valid: true,
        messages: [],
        KursInfoVO: [],
        KursTfVO: [],
        KursTFTermregVO: [],
      });
    }
  });

  it("needs Termin and Kurskod", async () => {
    expect(briefly(await ask(operations, "getKursTf", {}))).to.deep.equal([
      "general.missingparameter Termin",
      "general.missingparameter Kurskod",
    ]);
  });

  it("checks the formats of both, and returns no KursInfoVO with an error", async () => {
    const answer = await ask(operations, "getKursTf", {
      Institution: "inte en institution",
      Termin: "0911",
      Kurskod: "MAT MAT02b",
      KursInfoVO: [{ Kurskod: "MATMAT02b" }],
    });
    expect(briefly(answer)).to.deep.equal(["general.invalidformat Termin", "general.invalidformat Kurskod"]);
    expect(answer.valid).to.equal(false);
    expect(answer).to.not.have.property("KursInfoVO");
  });

  it("takes a course code of another form that the store holds, and writes wide values whole", async () => {
    const answer = await ask(operations, "getKursTf", { Kurskod: "lokal kurs-12345", Termin: "VT09" });
    expect(answer.KursTfVO).to.have.length(1);
    expect(answer.KursTfVO?.[0]).to.include({
      Kurskod: "LOKAL KURS-12345",
      Kurstakt: "50,5",
      Kurstid: "kv/helg",
      Anmkod: "X-000001",
    });
  });

  it("writes terms with four digits of the year when that is set", async () => {
    const answer = await ask(testOperations(loaded.store, { terminFormat: "YYYYT" }), "getKursTf", MATEMATIK);
    expect(answer.KursTfVO?.at(-1)).to.include({ Starttermin: "20082", Kalendertermin: "20091" });
    expect(answer.KursTFTermregVO?.at(-1)).to.include({ Starttermin: "20082", Kalendertermin: "20091" });
  });

  it("writes a course's alias in its place, and reads both", async () => {
    const aliased = testOperations(loaded.store, {
      kurskodMaxLength: 6,
      aliases: {
        toAlias: new Map([["MATMAT02B", "MA2b"]]),
        toKurskod: new Map([["MA2B", "MATMAT02b"]]),
      },
    });
    for (const Kurskod of ["ma2b", "MATMAT02b"]) {
      const answer = await ask(aliased, "getKursTf", { Kurskod, Termin: "091" });
      const written = [answer.KursInfoVO, answer.KursTfVO, answer.KursTFTermregVO].flatMap((rows) =>
        rows?.map((row) => row.Kurskod),
      );
      expect(new Set(written)).to.deep.equal(new Set(["MA2b"]));
      expect(written).to.have.length(8);
    }
  });
});
