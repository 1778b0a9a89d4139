import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { describe, it } from "mocha";
import type { Registration } from "../../lib/mapping/rows.js";
import type { LoadStore } from "../../lib/store/loads.js";
import { generationFile } from "../../lib/store/sqlite/files.js";
import { databaseIn, ENGINE, itOnSqlite } from "../support/database.js";
import { ONE_OCCASION, publishGeneration, somePerson, withStore } from "../support/generation.js";

const [OCCASION] = ONE_OCCASION.ktill2;
if (OCCASION === undefined) throw new Error("there is no occasion");

/** Three occasions: of VUX, of SFI and VUX, and of no institution. */
const TABLES = {
  ...ONE_OCCASION,
  institutions: [{ kod: "ÄNG" }, { kod: "VUX", benamning: "Lingonskolan" }, { kod: "ÅSÖ" }],
  ort: [{ kod: "Ö" }, { kod: "LING", benamn: "Lingonköping" }, { kod: "Å", benamn: "Åmål" }],
  ktill2: [
    OCCASION,
    { ...OCCASION, id: 2, anmkod: "A0002", institutions: ["SFI", "VUX"] },
    { ...OCCASION, id: 3, anmkod: "A0003", institutions: [] },
  ],
};

const registration = (typ: Registration["typ"], ktill: number): Registration => ({
  typ,
  ktill,
  kurskod: "MATMAT02b",
  termin: typ === "FO" ? "20262" : "20261",
  programmes: [],
});

const someone = (id: string, pnr: string, ...registrations: Registration[]) =>
  somePerson(id, { pnr, registrations });

const PERSONS = [
  someone("ffg", "8001019808", registration("FFG", 1)),
  someone("fo", "8001019816", registration("FO", 2)),
  someone("om", "8001019824", registration("OM", 3)),
  someone("alla", "800101T983", registration("FFG", 1), registration("FO", 2), registration("OM", 2)),
  someone("ingen", "8001019832"),
  somePerson("utan", { pnr: undefined, registrations: [registration("FFG", 1)] }),
  somePerson("fel", {
    pnr: "8001019999",
    invalidPersonnummer: "8001019999",
    registrations: [registration("FFG", 1)],
  }),
  somePerson("annat sekel", { pnr: "8001019808", sekel: "18", registrations: [registration("FFG", 1)] }),
];

function withPersons(action: (store: LoadStore, folder: string) => Promise<void>): Promise<void> {
  return withStore(async (store, folder) => {
    await publishGeneration(store, TABLES, PERSONS);
    await action(store, folder);
  });
}

describe(`the ${ENGINE} store, asked for persons by number`, () => {
  it("finds those who are registered, in list order, with the institutions of their occasions", () =>
    withPersons(async (store) => {
      const generation = await store.current();
      const found = (await generation?.persons("800101", undefined)) ?? [];
      expect(
        found.map(({ id, pnr, institutions }) => [id, pnr, [...new Set(institutions)].sort()]),
      ).to.deep.equal([
        [1, "8001019808", ["VUX"]],
        [2, "8001019816", ["SFI", "VUX"]],
        [3, "8001019824", []],
        [4, "800101T983", ["SFI", "VUX"]],
        [7, "8001019999", ["VUX"]],
        [8, "8001019808", ["VUX"]],
      ]);
      expect(found[0]).to.deep.include({ enamn: null, tnamn: null, invalidPersonnummer: null });
      expect(found[0]?.personVO.toString()).to.equal("<PersonVO><enamn>ffg</enamn></PersonVO>");
      expect(found[4]?.invalidPersonnummer).to.equal("8001019999");
    }));

  it("finds by the whole number or its beginning, in one century or any", () =>
    withPersons(async (store) => {
      const generation = await store.current();
      const ids = async (pnr: string, sekel?: string) =>
        ((await generation?.persons(pnr, sekel)) ?? []).map(({ id }) => id);
      expect(await ids("8001019808")).to.deep.equal([1, 8]);
      expect(await ids("8001019808", "18")).to.deep.equal([8]);
      expect(await ids("8001019808", "20")).to.deep.equal([]);
      expect(await ids("800101T")).to.deep.equal([4]);
      expect(await ids("80010199")).to.deep.equal([7]);
      expect(await ids("800102")).to.deep.equal([]);
    }));

  it("has institutions and places in Swedish order of their codes", () =>
    withPersons(async (store) => {
      const generation = await store.current();
      expect(await generation?.institutions()).to.deep.equal([
        { kod: "VUX", benamning: "Lingonskolan" },
        { kod: "ÅSÖ", benamning: null },
        { kod: "ÄNG", benamning: null },
      ]);
      expect(await generation?.places()).to.deep.equal([
        { kod: "LING", benamn: "Lingonköping" },
        { kod: "Å", benamn: "Åmål" },
        { kod: "Ö", benamn: null },
      ]);
    }));

  itOnSqlite("reads no table from end to end for it", () =>
    withPersons(async (_store, folder) => {
      const file = new Sqlite(generationFile(databaseIn(folder), 1), { readonly: true });
      try {
        const plan = (sql: string) =>
          (file.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]).map(
            ({ detail }) => detail,
          );
        expect(plan("SELECT * FROM NAMN n WHERE n.PNR >= 'a' AND n.PNR < 'b'")).to.deep.equal([
          "SEARCH n USING INDEX NAMN_BY_PNR (PNR>? AND PNR<?)",
        ]);
        for (const table of ["FFGKURS", "FORTKURS", "OMKURS"]) {
          expect(plan(`SELECT KTILL FROM ${table} WHERE PERSON = 1`)).to.deep.equal([
            `SEARCH ${table} USING COVERING INDEX ${table}_BY_PERSON (PERSON=?)`,
          ]);
        }
      } finally {
        file.close();
      }
    }),
  );
});
