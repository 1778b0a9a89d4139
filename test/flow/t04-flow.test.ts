import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { type Client, createClientAsync } from "soap";
import { SAMPLE_EXPORT, SECRET, startTestService, type TestService } from "../support/service.js";
import { readSample, studentIds } from "./sample.js";

/**
 * T04 1.3.1, Flödesbeskrivning, as a portal runs it: a client made from the served WSDL, over HTTP, on the sample
 * export. What is expected stands in data/README.md, or is read off the export by itself.
 */
interface AdrListVO {
  readonly KursInfoVO?: readonly Readonly<Record<string, string>>[];
  readonly KursTfVO?: readonly Readonly<Record<string, string>>[];
  readonly KursTFTermregVO?: readonly Readonly<Record<string, string>>[];
  readonly AdrListEntVO?: readonly {
    readonly Regtyp: string;
    readonly PersonVO: readonly [Readonly<Record<string, string>>];
  }[];
  readonly EmailList?: readonly string[];
  readonly NoEmailList?: readonly string[];
  readonly valid: boolean;
  readonly messages?: readonly {
    readonly key: string;
    readonly level: string;
    readonly values?: readonly string[];
  }[];
}

const arg0 = {
  authinfovo: { caller: "portalen", ticket: { ticket: SECRET } },
  type: "2",
  uid: "larare1",
};

const sample = readSample();

describe("T04's flow, by a client made from the WSDL, on the sample export", () => {
  let service: TestService;
  let client: Client;

  before(async () => {
    service = await startTestService({
      exportFile: SAMPLE_EXPORT,
      callers: { portalen: { institutions: "*" } },
    });
    client = await createClientAsync(`${service.url}?wsdl`);
  });

  after(() => service.close());

  async function call(operation: "getKurs" | "getKursTf" | "getAdrLista", arg1: object): Promise<AdrListVO> {
    const [answer] = await client[`${operation}Async`]({ arg0, arg1 });
    return answer.return;
  }

  describe("the main flow", () => {
    const termin = "262";
    let courses: AdrListVO;
    let kurskod: string;
    let occasions: AdrListVO;
    let chosen: AdrListVO["KursTfVO"];
    let participants: AdrListVO;

    it("1–2: the user gives institution and term, the portal sends them in", async () => {
      courses = await call("getKurs", { Institution: "LVUX", Termin: termin });
      expect(courses.valid).to.equal(true);
    });

    it("3–4: the courses that the institution gives in that term come back, for a list", () => {
      expect(courses.KursInfoVO?.map(({ Kurskod }) => Kurskod)).to.deep.equal([
        ...[
          "BIOBIO01",
          "ENGE1000X",
          "ENGENG05",
          "ENGENG06",
          "FÖRFÖR1",
          "HISHIS01a1",
          "KEMKEM01",
          "MATE1B00X",
        ],
        ...[
          "MATE2B00X",
          "MATMAT01a",
          "MATMAT01b",
          "MATMAT02b",
          "MATMAT03b",
          "SAMSAM01b",
          "SVASVA01",
          "SVASVA02",
        ],
        ...["SVASVA03", "SVEA1000X", "SVEN1000X", "SVESVE01", "SVESVE02", "SVESVE03"],
      ]);
      for (const { Institution } of courses.KursInfoVO ?? []) expect(Institution).to.equal("LVUX");
    });

    it("5–6: the user chooses a course in the list, the portal sends in its code and the term", async () => {
      const course = courses.KursInfoVO?.find(({ Benamning }) => Benamning === "Engelska 5");
      kurskod = course?.Kurskod ?? "";
      occasions = await call("getKursTf", { Kurskod: kurskod, Termin: termin, KursInfoVO: [course] });
      expect(occasions.valid).to.equal(true);
      expect(occasions.KursInfoVO).to.deep.equal([course]);
    });

    it("7–8: the course's occasions in that term come back, for a list", () => {
      expect(occasions.KursTfVO).to.deep.equal([
        {
          typ: "FFG",
          Kurskod: "ENGENG05",
          Starttermin: "262",
          Kurstakt: "050",
          Kurstid: "DAG",
          Undform: "NML",
          Kursomgang: "1",
          Kurstyp: "ORD",
          Termordning: "1",
          Poang: "100",
          Anmkod: "LK001",
          Kalendertermin: "262",
          Startvecka: "202634",
          Slutvecka: "202702",
          Ortskod: "LINK",
          Ortsbenamn: "Lingonköping",
        },
      ]);
      expect(occasions.KursTFTermregVO).to.equal(undefined);
    });

    it("9–10: the user chooses an occasion, the portal sends it in as it came, and whether OM and Email are wanted", async () => {
      chosen = occasions.KursTfVO;
      participants = await call("getAdrLista", {
        KursInfoVO: occasions.KursInfoVO,
        KursTfVO: chosen,
        OM: true,
        Email: true,
      });
      expect(participants.valid).to.equal(true);
    });

    it("11–12: the occasion's participants come back: E0001–E0042, but for incorrect numbers", () => {
      const listed = withoutIds(studentIds(1, 42), INCORRECT);
      expect(idsIn(participants)).to.deep.equal(inSwedishOrder(listed));
      for (const { Regtyp } of participants.AdrListEntVO ?? []) expect(Regtyp).to.equal("FFG");
    });

    it("12: a message tells of each whose personnummer is incorrect", () => {
      // In the order of the persons; as received, less century and hyphen where it has the form of a number.
      const expected = inSwedishOrder(Object.keys(SHOWN_NUMBERS)).map((id) => SHOWN_NUMBERS[id]);
      expect(participants.messages?.map(({ key }) => key)).to.deep.equal(
        expected.map(() => "adresslista.containsinvalidssn"),
      );
      expect(participants.messages?.map(({ values }) => values?.[0])).to.deep.equal(expected);
    });

    it("12: the e-mail list has each address once, and the other list those without", () => {
      const listed = inSwedishOrder(withoutIds(studentIds(1, 42), INCORRECT));
      const withEmail = withoutIds(listed, [...PROTECTED, ...WITHOUT_EMAIL]);
      // E0026 has E0025's address in another case; who stands first in the list decides how it is written.
      const [, second] = withEmail.filter((id) => id === "E0025" || id === "E0026");
      const addresses = withoutIds(withEmail, [second ?? ""]).map((id) => sample.email(id));
      expect(participants.EmailList).to.deep.equal(addresses);
      expect(participants.NoEmailList).to.deep.equal(
        withoutIds(listed, withEmail).map(
          (id) => `${sample.surname(id)}, ${sample.firstName(id)} (${sample.pnr(id)})`,
        ),
      );
    });

    it("12: nothing of a protected person but name and number is in the answer", () => {
      const shown = (participants.AdrListEntVO ?? []).filter(({ PersonVO: [{ pnr = "" }] }) =>
        PROTECTED.includes(sample.idOf(pnr) ?? ""),
      );
      expect(shown).to.have.length(2);
      for (const { PersonVO } of shown) {
        expect(Object.keys(PersonVO[0])).to.have.members(["enamn", "gallrad", "pnr", "sekel", "tnamn"]);
      }
    });
  });

  describe("the main flow with several occasions chosen", () => {
    it("9–12: who is in both of two occasions at once stands once", async () => {
      const { KursTfVO } = await call("getKursTf", { Kurskod: "MATMAT01b", Termin: "262" });
      expect(KursTfVO?.map(({ Kurstid }) => Kurstid)).to.have.members(["DAG", "KVÄ"]);
      const ids = idsIn(await call("getAdrLista", { KursTfVO }));
      const learners = new Set([...sample.learners("T007"), ...sample.learners("T008")]);
      expect(ids).to.deep.equal(inSwedishOrder([...learners]));
      expect(ids.filter((id) => id === "E0058" || id === "E0059")).to.have.members(["E0058", "E0059"]);
    });

    it("9–12: one of three occasions, with all who are registered on the course again", async () => {
      const { KursTfVO = [] } = await call("getKursTf", { Kurskod: "MATMAT02b", Termin: "262" });
      expect(KursTfVO).to.have.length(3);
      const [chosen] = KursTfVO.filter(({ Anmkod }) => Anmkod === "LK004");
      const answer = await call("getAdrLista", { KursTfVO: [chosen], OM: true });
      const before = [...sample.learners("T002"), ...sample.learners("T003")];
      const again = ["T004", "T005", "T006"].flatMap(sample.learners).filter((id) => before.includes(id));
      expect(idsIn(answer, "FFG")).to.deep.equal(inSwedishOrder(withoutIds(sample.learners("T004"), before)));
      expect(idsIn(answer, "OM")).to.deep.equal(inSwedishOrder([...new Set(again)]));
      expect(idsIn(answer, "OM")).to.include.members(studentIds(46, 57));
    });
  });

  describe("the first alternative flow: 5, the user begins with term and course code", () => {
    let occasions: AdrListVO;

    it("6–8: the occasions that go on in that term come back, in programmes too, and the course's own data", async () => {
      occasions = await call("getKursTf", { Kurskod: "vårvår01", Termin: "VT26" });
      expect(occasions.KursTfVO?.map(({ typ, Anmkod }) => [typ, Anmkod])).to.deep.equal([["FORT", "LK052"]]);
      expect(occasions.KursTFTermregVO).to.deep.equal([
        {
          typ: "FORT",
          Kurskod: "VÅRVÅR01",
          Starttermin: "252",
          program: "VOBAS",
          programinriktning: "ÄLDR",
          termordningkurs: "1",
          Poang: "200",
          Kalendertermin: "261",
        },
      ]);
      expect(occasions.KursInfoVO).to.deep.equal([
        {
          Kurskod: "VÅRVÅR01",
          Benamning: "Vård- och omsorgsarbete 1",
          EngBenamning: "Health and Social Care 1",
          Institution: "I001",
          Poang: "200",
        },
      ]);
    });

    it("9–12: the occasion in the programme, as it came, gives the programme's participants: E0089–E0108", async () => {
      const answer = await call("getAdrLista", { KursTFTermregVO: occasions.KursTFTermregVO });
      expect(idsIn(answer, "FO")).to.deep.equal(inSwedishOrder(studentIds(89, 108)));
      expect(idsIn(answer)).to.have.length(20);
    });

    it("9–12: the occasion itself gives those outside the programme besides", async () => {
      const answer = await call("getAdrLista", { KursTfVO: occasions.KursTfVO });
      expect(idsIn(answer, "FO")).to.deep.equal(inSwedishOrder(sample.learners("T052")));
      expect(idsIn(answer)).to.include.members([...studentIds(89, 108), "E0115"]);
    });
  });

  describe("the second alternative flow: 9, the user limits the search by themselves", () => {
    it("10–12: course, term and kind are enough: who goes on in T010", async () => {
      const search = (Kalendertermin: string) =>
        call("getAdrLista", { KursTfVO: [{ Kurskod: "SAMSAM01b", Kalendertermin }], FO: true });
      const learners = sample.learners("T010");
      expect(learners).to.include.members([...studentIds(109, 112), "E0061"]);
      // E0061 has two periods, with the spring between them.
      expect(idsIn(await search("261"), "FO")).to.deep.equal(inSwedishOrder(withoutIds(learners, ["E0061"])));
      expect(idsIn(await search("262"), "FO")).to.deep.equal(inSwedishOrder(learners));
    });

    it("10–12: a limit on Kurstid leaves the evening occasion's, and all re-registered", async () => {
      const answer = await call("getAdrLista", {
        KursTfVO: [{ Kurskod: "MATMAT02b", Starttermin: "262", Kurstid: "KVÄ" }],
        FFG: true,
        OM: true,
      });
      const before = [...sample.learners("T002"), ...sample.learners("T003")];
      expect(idsIn(answer, "FFG")).to.deep.equal(inSwedishOrder(withoutIds(sample.learners("T005"), before)));
      expect(idsIn(answer, "OM")).to.include.members(studentIds(46, 57));
    });

    it("10: without course and term it says what is missing, and finds nobody", async () => {
      const answer = await call("getAdrLista", { KursTfVO: [{ Kurstid: "DAG" }], FFG: true });
      expect(answer.valid).to.equal(false);
      expect(answer.messages?.map(({ key, values }) => [key, values?.[0]])).to.deep.equal([
        ["general.missingparameter", "Kurskod"],
        ["general.missingparameter", "Starttermin"],
      ]);
      expect(answer.AdrListEntVO).to.equal(undefined);
    });
  });
});

/** Who of E0001–E0042 has an incorrect personnummer (data/README.md, People), and how a message writes it. */
const SHOWN_NUMBERS: Readonly<Record<string, string>> = {
  E0002: "9008602394",
  E0004: "910412-TF01",
  E0005: "19870203-TF12",
  E0006: "9208092389",
  E0007: "19950817",
  E0008: "",
  E0009: "AB1234567",
  E0022: "880101-TF07",
};
const INCORRECT = Object.keys(SHOWN_NUMBERS);
const PROTECTED = ["E0019", "E0020"];
const WITHOUT_EMAIL = ["E0017", "E0018"];

function idsIn(answer: AdrListVO, regtyp?: string): string[] {
  return (answer.AdrListEntVO ?? [])
    .filter(({ Regtyp }) => regtyp === undefined || Regtyp === regtyp)
    .map(({ PersonVO: [{ pnr = "" }] }) => sample.idOf(pnr) ?? `nobody of the sample: ${pnr}`);
}

function withoutIds(ids: readonly string[], others: readonly string[]): string[] {
  return ids.filter((id) => !others.includes(id));
}

/** Surname, first name, number: as the contract says, by ICU's Swedish. */
function inSwedishOrder(ids: readonly string[]): string[] {
  const swedish = new Intl.Collator("sv").compare;
  return [...ids].sort(
    (a, b) =>
      swedish(sample.surname(a), sample.surname(b)) ||
      swedish(sample.firstName(a), sample.firstName(b)) ||
      swedish(sample.pnr(a), sample.pnr(b)),
  );
}
