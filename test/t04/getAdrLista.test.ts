import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import type { DecodedObject } from "../../lib/soap/api.js";
import type { T04Operations } from "../../lib/t04/operations.js";
import {
  ask,
  briefly,
  inventedPersonnummer,
  storeWith,
  type TestRegister,
  type TestStore,
  testOperations,
  testRegister,
  user,
} from "../support/t04.js";

const FFG_OF_1 = ["FFG Andersson", "FFG Åberg"];
const FFG_ALL = ["FFG Andersson", "FFG Wiik", "FFG Åberg"];

describe("getAdrLista (T04 4)", () => {
  let loaded: TestStore;
  let operations: T04Operations;
  before(async () => {
    loaded = await storeWith(testRegister);
    operations = testOperations(loaded.store);
  });
  after(() => loaded.close());

  const personsOf = async (arg1: DecodedObject, caller?: string) => {
    const answer = await ask(operations, "getAdrLista", arg1, user(caller));
    expect(answer.messages.filter(({ level }) => level === "ERROR")).to.deep.equal([]);
    expect(answer.valid).to.equal(true);
    return answer.persons;
  };
  const byOccasion = (occasion: DecodedObject, rest: DecodedObject = {}) => ({
    KursTfVO: [{ Kurskod: "MATMAT02b", ...occasion }],
    ...rest,
  });
  const FFG = { typ: "FFG", Starttermin: "091" };
  const FO = { typ: "FO", Kalendertermin: "091" };

  describe("by occasions", () => {
    it("finds first-time registrations for FFG, and continuing ones for FO and FORT alike", async () => {
      expect(await personsOf(byOccasion(FFG))).to.deep.equal(FFG_ALL);
      expect(await personsOf(byOccasion(FO))).to.deep.equal(["FO Viker"]);
      expect(await personsOf(byOccasion({ ...FO, typ: "fort" }))).to.deep.equal(["FO Viker"]);
      expect(await personsOf(byOccasion({ ...FO, Kalendertermin: "092" }))).to.deep.equal(["FO Viker"]);
      expect(await personsOf(byOccasion({ ...FO, Kalendertermin: "101" }))).to.deep.equal([]);
    });

    it("reads codes in any case and terms in every form", async () => {
      for (const Starttermin of ["091", "20091", "VT09", "vt09", "V09"]) {
        const occasion = { typ: "ffg", Kurskod: "matMAT02B", Starttermin, Kurstid: "kvä" };
        expect(await personsOf({ KursTfVO: [occasion] }), Starttermin).to.deep.equal(["FFG Wiik"]);
      }
    });

    it("is restricted by each key field that is given, and by none that is absent", async () => {
      const ofOccasion1 = {
        Kurstakt: "50",
        Kurstid: "DAG",
        Undform: "NML",
        Kursomgang: "1",
        Kurstyp: "_",
        Ortskod: "sthlm",
      };
      for (const [field, value] of Object.entries(ofOccasion1)) {
        expect(await personsOf(byOccasion({ ...FFG, [field]: value })), field).to.deep.equal(FFG_OF_1);
      }
      expect(await personsOf(byOccasion({ ...FFG, ...ofOccasion1 }))).to.deep.equal(FFG_OF_1);
      const ofNone = {
        Kurstakt: "51",
        Kurstid: "X",
        Undform: "X",
        Kursomgang: "2",
        Kurstyp: "X",
        Ortskod: "X",
      };
      for (const [field, value] of Object.entries({ ...ofNone, Termordning: "2" })) {
        expect(await personsOf(byOccasion({ ...FFG, [field]: value })), field).to.deep.equal([]);
      }
    });

    it("compares Kurstakt and Termordning as numbers", async () => {
      for (const Kurstakt of ["50", "050", "50,0", "0050"]) {
        expect(await personsOf(byOccasion({ ...FFG, Kurstakt })), Kurstakt).to.deep.equal(FFG_OF_1);
      }
      expect(await personsOf(byOccasion({ ...FFG, Termordning: "01" }))).to.deep.equal(FFG_ALL);
      expect(await personsOf(byOccasion({ ...FO, Termordning: "02" }))).to.deep.equal(["FO Viker"]);
      expect(await personsOf(byOccasion({ ...FO, Termordning: "3" }))).to.deep.equal([]);
    });

    it("takes _ in Kurstyp for none, where an absent Kurstyp is any", async () => {
      expect(await personsOf(byOccasion({ ...FFG, Kurstyp: "_" }))).to.deep.equal(FFG_OF_1);
      expect(await personsOf(byOccasion({ ...FFG, Kurstyp: "upp" }))).to.deep.equal(["FFG Wiik"]);
      expect(await personsOf(byOccasion(FFG))).to.deep.equal(FFG_ALL);
    });

    it("narrows FO by Starttermin", async () => {
      expect(await personsOf(byOccasion({ ...FO, Starttermin: "082" }))).to.deep.equal(["FO Viker"]);
      expect(await personsOf(byOccasion({ ...FO, Starttermin: "091" }))).to.deep.equal([]);
    });

    it("reads, with Anmkod, only the course, the terms and that, though it checks all formats", async () => {
      const changed = {
        ...FFG,
        Anmkod: "a0001",
        Kurstakt: "100",
        Kurstid: "KVÄ",
        Ortskod: "X",
        Termordning: "9",
      };
      expect(await personsOf(byOccasion(changed))).to.deep.equal(FFG_OF_1);
      expect(await personsOf(byOccasion({ ...changed, Starttermin: "082" }))).to.deep.equal([]);
      expect(await personsOf(byOccasion({ ...FO, Anmkod: "A0003", Starttermin: "091" }))).to.deep.equal([]);
      const answer = await ask(operations, "getAdrLista", byOccasion({ ...changed, Undform: "fyra" }));
      expect(briefly(answer)).to.deep.equal(["general.invalidformat Undform"]);
    });

    it("does not read the flags FFG and FO", async () => {
      expect(await personsOf(byOccasion(FFG, { FFG: false, FO: true }))).to.deep.equal(FFG_ALL);
    });

    it("searches once for each occasion, and lists a person once, with the first kind", async () => {
      const twice = { typ: "FFG", Kurskod: "MATMAT02b", Starttermin: "091" };
      const KursTfVO = [{ ...FO, Kurskod: "MATMAT02b" }, twice, { ...twice, Kurstid: "DAG" }];
      expect(await personsOf({ KursTfVO })).to.deep.equal([
        "FFG Andersson",
        "FO Viker",
        "FFG Wiik",
        "FFG Åberg",
      ]);
    });

    it("adds with OM all re-registered on the course in that term, whatever the occasion", async () => {
      expect(await personsOf(byOccasion({ ...FFG, Anmkod: "A0001" }, { OM: true }))).to.deep.equal([
        "FFG Andersson",
        "OM Ceder",
        "OM Dahl",
        "FFG Åberg",
      ]);
      expect(await personsOf(byOccasion({ ...FO, Anmkod: "A0003" }, { OM: true }))).to.deep.equal([
        "OM Ceder",
        "OM Dahl",
        "FO Viker",
      ]);
      // The occasion's own term: FFG's Starttermin, FO's Kalendertermin.
      const started = { typ: "FFG", Starttermin: "082", Kalendertermin: "091" };
      expect(await personsOf(byOccasion(started, { OM: true }))).to.deep.equal([]);
    });
  });

  describe("by occasions within programmes (KursTFTermregVO)", () => {
    const termreg = (occasion: DecodedObject, rest: DecodedObject = {}) => ({
      KursTFTermregVO: [{ Kurskod: "MATMAT02b", program: "EKVUX", ...occasion }],
      ...rest,
    });

    it("finds those who read the course in the programme", async () => {
      expect(await personsOf(termreg(FFG))).to.deep.equal(["FFG Wiik", "FFG Åberg"]);
      expect(await personsOf(termreg({ ...FFG, program: "basår" }))).to.deep.equal(["FFG Andersson"]);
      expect(await personsOf(termreg({ ...FFG, program: "ANNAT" }))).to.deep.equal([]);
      expect(await personsOf(termreg(FO))).to.deep.equal(["FO Viker"]);
      // Viker goes on in the autumn too, but not in the programme.
      expect(await personsOf(termreg({ ...FO, Kalendertermin: "092" }))).to.deep.equal([]);
    });

    it("is narrowed by programinriktning, termordningkurs and FO's Starttermin", async () => {
      expect(await personsOf(termreg({ ...FFG, programinriktning: "eko" }))).to.have.length(2);
      expect(await personsOf(termreg({ ...FFG, programinriktning: "NAT" }))).to.deep.equal([]);
      expect(await personsOf(termreg({ ...FFG, termordningkurs: "01" }))).to.have.length(2);
      expect(await personsOf(termreg({ ...FFG, termordningkurs: "2" }))).to.deep.equal([]);
      expect(await personsOf(termreg({ ...FO, Starttermin: "082" }))).to.have.length(1);
      expect(await personsOf(termreg({ ...FO, Starttermin: "091" }))).to.deep.equal([]);
    });

    it("does not read Poang", async () => {
      expect(await personsOf(termreg({ ...FFG, Poang: "inte ens ett tal" }))).to.have.length(2);
    });

    it("goes together with KursTfVOs that have a typ, and with OM", async () => {
      const arg1 = { ...termreg(FO), ...byOccasion({ ...FFG, Anmkod: "A0002" }) };
      expect(await personsOf(arg1)).to.deep.equal(["FO Viker", "FFG Wiik"]);
      expect(await personsOf(termreg(FO, { OM: true }))).to.deep.equal(["OM Ceder", "OM Dahl", "FO Viker"]);
    });
  });

  describe("free search", () => {
    const free = (wanted: DecodedObject, flags: DecodedObject) => byOccasion(wanted, flags);

    it("finds the kinds that the flags choose", async () => {
      expect(await personsOf(free({ Starttermin: "091" }, { FFG: true }))).to.deep.equal(FFG_ALL);
      expect(await personsOf(free({ Kalendertermin: "091" }, { FO: true }))).to.deep.equal(["FO Viker"]);
      expect(await personsOf(free({ Kalendertermin: "091" }, { OM: true }))).to.deep.equal([
        "OM Ceder",
        "OM Dahl",
      ]);
      expect(
        await personsOf(free({ Kalendertermin: "091" }, { FFG: true, FO: true, OM: true })),
      ).to.deep.equal(["FFG Andersson", "OM Ceder", "OM Dahl", "FO Viker", "FFG Wiik", "FFG Åberg"]);
    });

    it("takes for FFG the start term, else the calendar term", async () => {
      expect(await personsOf(free({ Kalendertermin: "091" }, { FFG: true }))).to.deep.equal(FFG_ALL);
      const both = { Starttermin: "082", Kalendertermin: "091" };
      expect(await personsOf(free(both, { FFG: true }))).to.deep.equal([]);
    });

    it("takes for FO the terms that are given", async () => {
      expect(await personsOf(free({ Starttermin: "082" }, { FO: true }))).to.deep.equal(["FO Viker"]);
      expect(await personsOf(free({ Starttermin: "091" }, { FO: true }))).to.deep.equal([]);
      const both = { Starttermin: "082", Kalendertermin: "092" };
      expect(await personsOf(free(both, { FO: true }))).to.deep.equal(["FO Viker"]);
      expect(await personsOf(free({ ...both, Kalendertermin: "101" }, { FO: true }))).to.deep.equal([]);
    });

    it("takes for OM the calendar term, else the start term", async () => {
      expect(await personsOf(free({ Starttermin: "091" }, { OM: true }))).to.have.length(2);
      const both = { Starttermin: "082", Kalendertermin: "091" };
      expect(await personsOf(free(both, { OM: true }))).to.have.length(2);
      expect(
        await personsOf(free({ Starttermin: "091", Kalendertermin: "092" }, { OM: true })),
      ).to.deep.equal([]);
    });

    it("is narrowed, FFG and FO but not OM, by the key fields that are given", async () => {
      const flags = { FFG: true, FO: true, OM: true };
      const om = ["OM Ceder", "OM Dahl"];
      const narrowed = async (field: DecodedObject) =>
        (await personsOf(free({ Kalendertermin: "091", ...field }, flags))).filter((p) => !om.includes(p));
      expect(await narrowed({ Kurstakt: "025" })).to.deep.equal(["FO Viker"]);
      expect(await narrowed({ Kurstid: "KVÄ" })).to.deep.equal(["FFG Wiik"]);
      expect(await narrowed({ Undform: "NML" })).to.deep.equal(FFG_OF_1);
      expect(await narrowed({ Ortskod: "UPPSA" })).to.deep.equal(["FFG Wiik"]);
      expect(await narrowed({ Kursomgang: "1" })).to.deep.equal(FFG_OF_1);
      expect(await narrowed({ Termordning: "2" })).to.deep.equal(["FO Viker"]);
      expect(await narrowed({ Kurstyp: "_" })).to.deep.equal(["FFG Andersson", "FO Viker", "FFG Åberg"]);
      expect(await personsOf(free({ Kalendertermin: "091", Kurstid: "X" }, flags))).to.deep.equal(om);
    });

    it("does not read Anmkod, not even its format", async () => {
      const wanted = { Starttermin: "091", Anmkod: "långt över fem" };
      expect(await personsOf(free(wanted, { FFG: true }))).to.deep.equal(FFG_ALL);
    });
  });

  describe("calls that do not go together", () => {
    const messagesOf = async (arg1: DecodedObject) => {
      const answer = await ask(operations, "getAdrLista", arg1);
      expect(answer.valid).to.equal(false);
      for (const element of ["KursInfoVO", "AdrListEntVO", "EmailList", "NoEmailList"]) {
        expect(answer, element).to.not.have.property(element);
      }
      return briefly(answer);
    };
    const known = { Kurskod: "MATMAT02b", Starttermin: "091" };

    it("are several KursTfVO of which one has no typ", async () => {
      const arg1 = { KursTfVO: [{ ...known, typ: "FFG" }, known, known], FFG: true };
      expect(await messagesOf(arg1)).to.deep.equal(["general.invalidcall typ"]);
      const answer = await ask(operations, "getAdrLista", arg1);
      expect(answer.messages).to.deep.equal([
        { key: "general.invalidcall", level: "ERROR", log: "Felaktigt anrop, typ", values: ["typ"] },
      ]);
    });

    it("are free search together with KursTFTermregVO", async () => {
      const KursTFTermregVO = [{ ...known, typ: "FFG", program: "EKVUX" }];
      expect(await messagesOf({ KursTfVO: [known], KursTFTermregVO, FFG: true })).to.deep.equal([
        "general.invalidcall KursTFTermregVO",
      ]);
    });

    it("are free search without a flag", async () => {
      expect(await messagesOf({ KursTfVO: [known], Email: true })).to.deep.equal(["general.invalidcall FFG"]);
    });

    it("are not free search with a flag that is no boolean: that is its format error alone", async () => {
      const arg1 = { KursTfVO: [known], FO: { invalidBoolean: "kanske" } };
      expect(await messagesOf(arg1)).to.deep.equal(["general.invalidformat FO"]);
    });

    it("are those without any occasion: KursTfVO is missing then", async () => {
      for (const arg1 of [{}, { FFG: true, OM: true }, { KursTfVO: [{}], KursTFTermregVO: [{}, {}] }]) {
        expect(await messagesOf(arg1)).to.deep.equal(["general.missingparameter KursTfVO"]);
      }
      expect(briefly(await ask(operations, "getAdrLista", undefined))).to.deep.equal([
        "general.missingparameter KursTfVO",
      ]);
    });
  });

  describe("the list", () => {
    it("stands in Swedish order: surname, first name, then the number; v and w apart, å ä ö last", async () => {
      const names: [string, string | undefined, string][] = [
        ["Ö", "A", "19800101"],
        ["Ä", "A", "19800101"],
        ["Å", "A", "19800101"],
        ["Za", "A", "19800101"],
        ["Wa", "A", "19800101"],
        ["Vz", "A", "19800101"],
        ["Alm", "Åsa", "19800101"],
        ["Alm", "Zoe", "19800101"],
        ["Alm", undefined, "19800101"],
        ["Alm", "Bo", "19900101"],
        ["Alm", "Bo", "19700101"],
      ];
      const ordered = await storeWith({
        tables: testRegister.tables,
        persons: names.map(([efternamn, fornamn, birth], index) => ({
          id: `p${index}`,
          efternamn,
          ...(fornamn === undefined ? {} : { fornamn }),
          personnummer: inventedPersonnummer(birth, index),
          registrations: [{ typ: "FFG", ktill: 4, kurskod: "SVESVE01", termin: "20091", programmes: [] }],
        })),
      });
      const answer = await ask(testOperations(ordered.store), "getAdrLista", {
        KursTfVO: [{ typ: "FFG", Kurskod: "SVESVE01", Starttermin: "091" }],
        Email: true,
      });
      expect(answer.NoEmailList).to.deep.equal([
        `Alm (${inventedPersonnummer("19800101", 8).slice(2)})`,
        `Alm, Bo (${inventedPersonnummer("19700101", 10).slice(2)})`,
        `Alm, Bo (${inventedPersonnummer("19900101", 9).slice(2)})`,
        `Alm, Zoe (${inventedPersonnummer("19800101", 7).slice(2)})`,
        `Alm, Åsa (${inventedPersonnummer("19800101", 6).slice(2)})`,
        `Vz, A (${inventedPersonnummer("19800101", 5).slice(2)})`,
        `Wa, A (${inventedPersonnummer("19800101", 4).slice(2)})`,
        `Za, A (${inventedPersonnummer("19800101", 3).slice(2)})`,
        `Å, A (${inventedPersonnummer("19800101", 2).slice(2)})`,
        `Ä, A (${inventedPersonnummer("19800101", 1).slice(2)})`,
        `Ö, A (${inventedPersonnummer("19800101", 0).slice(2)})`,
      ]);
      await ordered.close();
    });

    it("leaves out incorrect numbers, with a message for each in the order of the persons", async () => {
      const answer = await ask(operations, "getAdrLista", byOccasion({ ...FFG, Anmkod: "A0001" }));
      expect(answer.messages).to.deep.equal([
        {
          key: "adresslista.containsinvalidssn",
          level: "INFO",
          log: "Felaktigt personnummer, 8006060000",
          values: ["8006060000"],
        },
        {
          key: "adresslista.containsinvalidssn",
          level: "INFO",
          log: "Felaktigt personnummer, 800505-TF01",
          values: ["800505-TF01"],
        },
        {
          key: "adresslista.containsinvalidssn",
          level: "INFO",
          log: "Felaktigt personnummer, ",
          values: [""],
        },
      ]);
      expect(answer.valid).to.equal(true);
      expect(answer.persons).to.deep.equal(FFG_OF_1);
    });

    it("has with Email the addresses, each once as first spelled, and those who have none", async () => {
      const answer = await ask(operations, "getAdrLista", {
        ...byOccasion({ Kalendertermin: "091" }),
        FFG: true,
        FO: true,
        OM: true,
        Email: true,
      });
      // Berg's number is incorrect: she stands in neither list.
      expect(answer.EmailList).to.deep.equal(["kurs@exempel.se", "om@exempel.se"]);
      expect(answer.NoEmailList).to.deep.equal([
        `Dahl, Om (${inventedPersonnummer("19800808", 6).slice(2)})`,
        `Viker (${inventedPersonnummer("19800404", 4).slice(2)})`,
        `Wiik, Vera (${inventedPersonnummer("19800303", 3).slice(2)})`,
      ]);
      expect(answer.Email).to.equal(true);
    });

    it("has the same of an occasion each time, and of the next load what that has", async () => {
      const contacts = [
        ["Alm", "Bo.Å@exempel.se"],
        ["Berg", undefined],
        ["Dal", "a&b@exempel.se"],
        ["Ek", "bo.å@exempel.SE"],
        ["Fors", undefined],
      ] as const;
      const register = (domain: string): TestRegister => ({
        tables: testRegister.tables,
        persons: contacts.map(([efternamn, email], index) => ({
          id: `p${index}`,
          efternamn,
          ...(email === undefined ? {} : { email: email.replace("exempel", domain) }),
          personnummer: inventedPersonnummer("19800101", index),
          registrations: [{ typ: "FFG", ktill: 4, kurskod: "SVESVE01", termin: "20091", programmes: [] }],
        })),
      });
      const number = (index: number) => inventedPersonnummer("19800101", index).slice(2);
      const loads = await storeWith(register("exempel"));
      const loaded = testOperations(loads.store);
      const occasion = { typ: "FFG", Kurskod: "SVESVE01", Starttermin: "091" };
      const further = { typ: "FFG", Kurskod: "SVESVE01", Starttermin: "101" };
      for (const KursTfVO of [[occasion], [occasion], [occasion, further], [occasion]]) {
        const answer = await ask(loaded, "getAdrLista", { KursTfVO, Email: true });
        expect(answer.EmailList).to.deep.equal(["Bo.Å@exempel.se", "a&amp;b@exempel.se"]);
        expect(answer.NoEmailList).to.deep.equal([`Berg (${number(1)})`, `Fors (${number(4)})`]);
      }
      await loads.load(register("nytt"));
      const answer = await ask(loaded, "getAdrLista", { KursTfVO: [occasion], Email: true });
      expect(answer.EmailList).to.deep.equal(["Bo.Å@nytt.se", "a&amp;b@nytt.se"]);
      await loads.close();
    });

    it("has no such lists without Email", async () => {
      const answer = await ask(operations, "getAdrLista", byOccasion(FFG));
      expect(answer).to.not.have.any.keys("EmailList", "NoEmailList");
      expect(answer.Email).to.equal(false);
    });

    it("comes without the request's occasions", async () => {
      const answer = await ask(operations, "getAdrLista", {
        ...byOccasion(FFG),
        Institution: "VUX1",
        Termin: "091",
        Kurskod: "MATMAT02b",
      });
      for (const element of ["Institution", "Termin", "Kurskod", "KursTfVO", "KursTFTermregVO"]) {
        expect(answer, element).to.not.have.property(element);
      }
    });
  });

  describe("KursInfoVO", () => {
    it("is the courses' own, each course once in the order of the request", async () => {
      const answer = await ask(operations, "getAdrLista", {
        KursTfVO: ["SVESVE01", "MATMAT02b", "svesve01"].map((Kurskod) => ({ ...FFG, Kurskod })),
        KursTFTermregVO: [
          { ...FFG, Kurskod: "ZOOZOO01", program: "EKVUX" },
          { ...FFG, Kurskod: "FINNSEJ1", program: "EKVUX" },
        ],
      });
      expect(answer.KursInfoVO?.map(({ Kurskod, Institution }) => `${Kurskod} ${Institution}`)).to.deep.equal(
        ["SVESVE01 VUX1", "MATMAT02b SFI", "MATMAT02b VUX1", "ZOOZOO01 VUX1"],
      );
    });

    it("is what the request had, when it had any", async () => {
      const KursInfoVO = [{ Kurskod: "x", Poang: "mycket" }];
      const answer = await ask(operations, "getAdrLista", { ...byOccasion(FFG), KursInfoVO });
      expect(answer.KursInfoVO).to.deep.equal(KursInfoVO);
    });
  });

  it("reads a course's alias and writes it", async () => {
    const aliased = testOperations(loaded.store, {
      aliases: { toAlias: new Map([["MATMAT02B", "MA2b"]]), toKurskod: new Map([["MA2B", "MATMAT02b"]]) },
    });
    const answer = await ask(aliased, "getAdrLista", { KursTfVO: [{ ...FFG, Kurskod: "MA2B" }] });
    expect(answer.persons).to.deep.equal(FFG_ALL);
    expect(answer.KursInfoVO?.map(({ Kurskod }) => Kurskod)).to.deep.equal(["MA2b", "MA2b"]);
  });
});
