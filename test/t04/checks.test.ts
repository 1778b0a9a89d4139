import { expect } from "chai";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import type { DecodedObject } from "../../lib/soap/api.js";
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

describe("checks of a T04 call", () => {
  let loaded: TestStore;
  let operations: T04Operations;
  before(async () => {
    loaded = await storeWith(testRegister);
    operations = testOperations(loaded.store);
  });
  after(() => loaded.close());

  const check = async (arg1: DecodedObject, arg0?: DecodedObject) =>
    briefly(await ask(operations, "getAdrLista", arg1, arg0));
  const missing = (...elements: string[]) => elements.map((element) => `general.missingparameter ${element}`);
  const malformed = (...elements: string[]) => elements.map((element) => `general.invalidformat ${element}`);

  it("want Kurskod and Starttermin for FFG, Kurskod and Kalendertermin for FO", async () => {
    expect(await check({ KursTfVO: [{ typ: "FFG", Kalendertermin: "091" }] })).to.deep.equal(
      missing("Kurskod", "Starttermin"),
    );
    expect(await check({ KursTfVO: [{ typ: "FORT", Starttermin: "091" }] })).to.deep.equal(
      missing("Kurskod", "Kalendertermin"),
    );
  });

  it("want Kurskod and one of the terms for free search, which is called Starttermin", async () => {
    expect(await check({ KursTfVO: [{ Kurstid: "DAG" }], FFG: true })).to.deep.equal(
      missing("Kurskod", "Starttermin"),
    );
    expect(await check({ KursTfVO: [{ Kalendertermin: "091" }], FFG: true })).to.deep.equal(
      missing("Kurskod"),
    );
    expect(await check({ KursTfVO: [{ Starttermin: "091" }], FO: true })).to.deep.equal(missing("Kurskod"));
  });

  it("want typ, Kurskod, program and the term of a KursTFTermregVO", async () => {
    expect(await check({ KursTFTermregVO: [{ programinriktning: "EKO" }] })).to.deep.equal(
      missing("typ", "Kurskod", "Starttermin", "program"),
    );
    expect(await check({ KursTFTermregVO: [{ typ: "FFG" }] })).to.deep.equal(
      missing("Kurskod", "Starttermin", "program"),
    );
    expect(await check({ KursTFTermregVO: [{ typ: "FO", Starttermin: "091" }] })).to.deep.equal(
      missing("Kurskod", "program", "Kalendertermin"),
    );
  });

  it("say of a typ that there is none such, and ask for either term then", async () => {
    for (const typ of ["OM", "FFGX", "_", "?"]) {
      const occasion = { typ, Kurskod: "MATMAT02b" };
      expect(await check({ KursTfVO: [{ ...occasion, Kalendertermin: "091" }] }), typ).to.deep.equal(
        malformed("typ"),
      );
      expect(await check({ KursTfVO: [occasion] }), typ).to.deep.equal([
        ...missing("Starttermin"),
        ...malformed("typ"),
      ]);
    }
  });

  it("put what makes the call invalid first, then all that is missing, then all wrong formats", async () => {
    const arg1 = {
      KursTfVO: [{ Kurskod: "?", Anmkod: "?" }, { typ: "FFG", Kurstakt: "hel" }, { Ortskod: "långt bort" }],
      KursTFTermregVO: [{ typ: "FO", program: "?" }],
      OM: { invalidBoolean: "?" },
      Email: { invalidBoolean: "2" },
    };
    expect(await check(arg1)).to.deep.equal([
      "general.invalidcall typ",
      ...missing("Starttermin", "Kurskod", "Starttermin", "Kurskod", "Starttermin"),
      ...missing("Kurskod", "Kalendertermin"),
      ...malformed("Kurskod", "Anmkod", "Kurstakt", "Ortskod", "program", "Email", "OM"),
    ]);
    const free = { KursTfVO: [{ Kurstid: "?" }], KursTFTermregVO: [{ typ: "?" }] };
    expect(await check(free)).to.deep.equal([
      "general.invalidcall KursTFTermregVO",
      "general.invalidcall FFG",
      ...missing("Kurskod", "Starttermin", "Kurskod", "Starttermin", "program"),
      ...malformed("Kurstid", "typ"),
    ]);
  });

  it("say of a boolean that is none, wherever it was sent, arg0's before arg1's, and return it as false", async () => {
    const invalid = (invalidBoolean: string) => ({ invalidBoolean });
    const answer = await ask(
      operations,
      "getAdrLista",
      {
        valid: invalid("i"),
        AdrListEntVO: [
          { PersonVO: [{ gallrad: invalid("g") }] },
          { PersonVO: [{ gallrad: false }, { gallrad: invalid("h") }] },
        ],
        OM: invalid("f"),
        FO: invalid("e"),
        FFG: invalid("d"),
        Email: invalid("c"),
        KursTfVO: [{ typ: "FFG", Kurskod: "?", Starttermin: "091" }],
      },
      user("portal", { valid: invalid("b"), personvo: { gallrad: invalid("a") } }),
    );
    expect(answer.messages.map(({ values }) => values.join("="))).to.deep.equal([
      "gallrad=a",
      "valid=b",
      "Kurskod=?",
      "Email=c",
      "FFG=d",
      "FO=e",
      "OM=f",
      "gallrad=g",
      "gallrad=h",
      "valid=i",
    ]);
    expect(answer).to.include({ Email: false, FFG: false, FO: false, OM: false, valid: false });
  });

  it("answer SoapUI's untouched sample with messages in every method", async () => {
    const q = "?";
    const no = { invalidBoolean: q };
    const person = { emailadr: q, enamn: q, gallrad: no, pnr: q };
    const arg1 = {
      Institution: q,
      Termin: q,
      Kurskod: q,
      KursInfoVO: [{ Kurskod: q, Benamning: q, EngBenamning: q, Institution: q, Poang: q, Nedlagd: q }],
      KursTfVO: [
        {
          ...{
            typ: q,
            Kurskod: q,
            Starttermin: q,
            Kurstakt: q,
            Kurstid: q,
            Undform: q,
            Kursomgang: q,
            Kurstyp: q,
          },
          ...{
            Termordning: q,
            Poang: q,
            Anmkod: q,
            Kalendertermin: q,
            Startvecka: q,
            Slutvecka: q,
            Ortskod: q,
          },
          Ortsbenamn: q,
        },
      ],
      KursTFTermregVO: [
        {
          ...{ typ: q, Kurskod: q, Starttermin: q, program: q, programinriktning: q, termordningkurs: q },
          ...{ Poang: q, Kalendertermin: q },
        },
      ],
      Email: no,
      FFG: no,
      FO: no,
      OM: no,
      AdrListEntVO: [{ Regtyp: q, PersonVO: [person] }],
      EmailList: [q],
      NoEmailList: [q],
      valid: no,
      messages: [{ key: q, level: q, log: q, values: [q] }],
    };
    const flags = malformed("Email", "FFG", "FO", "OM", "gallrad", "valid");
    const signedIn = user("portal", { valid: no, personvo: person });
    const untouched = user("portal", { uid: q, type: q, authinfovo: { caller: q, ticket: { ticket: q } } });
    for (const method of ["getKurs", "getKursTf", "getAdrLista"] as const) {
      expect(briefly(await ask(operations, method, arg1, untouched))).to.deep.equal(["auth.failed"]);
    }
    expect(briefly(await ask(operations, "getKurs", arg1, signedIn))).to.deep.equal([
      ...malformed("gallrad", "valid", "Institution", "Termin"),
      ...flags,
    ]);
    expect(briefly(await ask(operations, "getKursTf", arg1, signedIn))).to.deep.equal([
      ...malformed("gallrad", "valid", "Termin", "Kurskod"),
      ...flags,
    ]);
    expect(briefly(await ask(operations, "getAdrLista", arg1, signedIn))).to.deep.equal([
      ...malformed("gallrad", "valid"),
      ...malformed(
        "typ",
        "Kurskod",
        "Starttermin",
        "Kurstakt",
        "Kurstid",
        "Undform",
        "Kursomgang",
        "Kurstyp",
      ),
      ...malformed("Termordning", "Anmkod", "Kalendertermin", "Ortskod"),
      ...malformed("typ", "Kurskod", "Starttermin", "program", "programinriktning", "termordningkurs"),
      ...malformed("Kalendertermin"),
      ...flags,
    ]);
  });

  it("cut a wrong value at 40 characters, in values and log", async () => {
    const answer = await ask(operations, "getKurs", { Institution: "𝒜".repeat(41) });
    expect(answer.messages[0]?.values).to.deep.equal(["Institution", "𝒜".repeat(40)]);
    expect(answer.messages[0]?.log).to.equal(`Felaktigt format, Institution: ${"𝒜".repeat(40)}`);
    const exactly = await ask(operations, "getKurs", { Institution: "I".repeat(40) });
    expect(exactly.messages[0]?.values[1]).to.equal("I".repeat(40));
  });

  it("write a value as it is, though it looks like a place in the message", async () => {
    const answer = await ask(operations, "getKurs", { Institution: "{1}$&{0}" });
    expect(answer.messages[0]?.log).to.equal("Felaktigt format, Institution: {1}$&{0}");
  });

  it("take every value that the store holds in that field, and no other", async () => {
    const known = { typ: "FFG", Kurskod: "LOKAL KURS-12345", Starttermin: "091" };
    const odd = { ...known, Kurstid: "KV/HELG", Kurstakt: "050,50", Anmkod: "x-000001" };
    const answer = await ask(operations, "getAdrLista", { KursTfVO: [odd] });
    expect(answer).to.deep.include({ messages: [], persons: ["FFG Lo"] });
    expect(await check({ KursTfVO: [{ ...known, Undform: "KV/HELG" }] })).to.deep.equal(malformed("Undform"));
  });

  it("do not look at what FFG does not read", async () => {
    const occasion = { typ: "FFG", Kurskod: "MATMAT02b", Starttermin: "091" };
    expect(await check({ KursTfVO: [{ ...occasion, Anmkod: "A0002", Kalendertermin: "?" }] })).to.deep.equal(
      [],
    );
  });

  /** A field is absent, right, or wrong in a way that tells which occasion it stood in. */
  const field = (right: string) => fc.constantFrom("absent", right, "wrong");
  const occasion = fc.record({
    typ: fc.constantFrom("FFG", "FO", "wrong"),
    Kurskod: field("MATMAT02b"),
    Starttermin: field("091"),
    Kurstakt: field("50"),
    Kurstid: field("DAG"),
    Undform: field("NML"),
    Kursomgang: field("1"),
    Kurstyp: field("_"),
    Termordning: field("1"),
    Anmkod: field("A0001"),
    Kalendertermin: field("091"),
    Ortskod: field("STHLM"),
  });

  it("answer any mixture of occasions in one fixed order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(occasion, { minLength: 1, maxLength: 4 }), async (occasions) => {
        const expectedMissing: string[] = [];
        const expectedMalformed: string[] = [];
        const KursTfVO = occasions.map((fields, place) => {
          const sent: { [field: string]: string } = {};
          for (const [name, state] of Object.entries(fields)) {
            if (state === "wrong") sent[name] = `fel/${name}/${place}`;
            else if (state !== "absent") sent[name] = state;
            const unread = name === "Kalendertermin" && fields.typ === "FFG";
            if (state === "wrong" && !unread) expectedMalformed.push(`${name}: fel/${name}/${place}`);
          }
          if (fields.Kurskod === "absent") expectedMissing.push("Kurskod");
          if (fields.Starttermin === "absent" && fields.typ === "FFG") expectedMissing.push("Starttermin");
          if (fields.Kalendertermin === "absent" && fields.typ === "FO")
            expectedMissing.push("Kalendertermin");
          if (
            fields.Starttermin === "absent" &&
            fields.Kalendertermin === "absent" &&
            fields.typ === "wrong"
          ) {
            expectedMissing.push("Starttermin");
          }
          // Whatever order the request has, the schema's counts.
          return Object.fromEntries(Object.entries(sent).reverse());
        });
        const answer = await ask(operations, "getAdrLista", { KursTfVO });
        const errors = answer.messages.filter(({ level }) => level === "ERROR");
        expect(errors.map(({ log }) => log)).to.deep.equal([
          ...expectedMissing.map((element) => `Obligatorisk uppgift saknas, ${element}`),
          ...expectedMalformed.map((what) => `Felaktigt format, ${what}`),
        ]);
        expect(answer.valid).to.equal(errors.length === 0);
      }),
      { numRuns: 300 },
    );
  });

  it("never throw, whatever texts are sent", async () => {
    const text = fc.oneof(
      fc.string({ minLength: 1, maxLength: 50, unit: "binary" }),
      fc.constantFrom("_", "091", "FO"),
    );
    const anything = fc.record(
      {
        Institution: text,
        Termin: text,
        Kurskod: text,
        KursTfVO: fc.array(
          fc.dictionary(fc.constantFrom("typ", "Kurskod", "Starttermin", "Kurstakt", "Anmkod"), text),
        ),
        KursTFTermregVO: fc.array(
          fc.dictionary(fc.constantFrom("typ", "Kurskod", "program", "Kalendertermin"), text),
        ),
        FFG: fc.boolean(),
        OM: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(
        anything,
        fc.constantFrom("portal", "vux"),
        fc.constantFrom("getKurs", "getKursTf", "getAdrLista"),
        async (arg1, caller, method) => {
          const answer = await ask(operations, method as "getKurs", arg1 as DecodedObject, user(caller));
          expect(answer.valid).to.equal(answer.messages.every(({ level }) => level === "INFO"));
        },
      ),
      { numRuns: 500 },
    );
  });
});
