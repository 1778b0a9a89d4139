import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { TerminFormat } from "../../lib/domain/terms.js";
import type { Ktfort2Row, Ktill2Row, LadokTables, Registration } from "../../lib/mapping/rows.js";
import type { DecodedObject } from "../../lib/soap/api.js";
import { ask, emptyStore, inventedPersonnummer, ktill2, testOperations } from "../support/t04.js";

/** As Alvis and schools may write a code: of T04's width or wider, with any characters. */
const code = fc
  .oneof(
    fc.constantFrom("DAG", "dag", "Å", "050", "50,5", "100", "_x", "kväll/helg", "a b", "1234567"),
    fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }).map((text) => text.normalize("NFC").trim()),
  )
  .filter((text) => text !== "" && text !== "_" && !text.includes("\u0000"));

const kurskod = fc.constantFrom("MATMAT02b", "ÅÄÖ1", "Lokal kurs nr 12", "x");
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const withoutUndefined = <T extends object>(row: T) =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));

const occasion = fc.record({
  kurskod,
  starttermin: fc.constantFrom("20082", "20091", "20102"),
  kurstakt: optional(code),
  kurstid: optional(code),
  undform: optional(code),
  kursomg: optional(code),
  kurstyp: optional(code),
  ort: optional(code),
  goesOn: fc.boolean(),
});

/** What the service wrote can always be sent back, and finds exactly its own (contract section 1, getAdrLista). */
describe("what getKursTf returned", () => {
  it("is accepted by getAdrLista, and finds exactly the occasion's own participants", async () => {
    const opened = await emptyStore();
    await fc.assert(
      fc.asyncProperty(
        fc.array(occasion, { minLength: 1, maxLength: 6 }),
        fc.constantFrom<TerminFormat>("YYT", "YYYYT"),
        async (occasions, terminFormat) => {
          const register = registerOf(occasions.map((row) => withoutUndefined(row) as never));
          await opened.load(register);
          const operations = testOperations(opened.store, { terminFormat });
          let returned = 0;
          for (const { kurskod: Kurskod, starttermin } of register.tables.ktill2) {
            const found = await ask(operations, "getKursTf", { Kurskod, Termin: starttermin });
            expect(found.messages).to.deep.equal([]);
            for (const kursTf of found.KursTfVO ?? []) {
              returned += 1;
              const sentBack = withoutNulls(kursTf);
              const answer = await ask(operations, "getAdrLista", { KursTfVO: [sentBack] });
              expect(answer.messages).to.deep.equal([]);
              const kind = kursTf.typ === "FFG" ? "FFG" : "FO";
              expect(answer.persons).to.deep.equal([`${kind} ${kind}${kursTf.Anmkod}`]);
            }
            for (const termreg of found.KursTFTermregVO ?? []) {
              const answer = await ask(operations, "getAdrLista", {
                KursTFTermregVO: [withoutNulls(termreg)],
              });
              expect(answer.messages).to.deep.equal([]);
            }
          }
          expect(returned).to.be.at.least(occasions.length);
        },
      ),
      { numRuns: 40 },
    );
    await opened.close();
  });
});

function withoutNulls(row: { readonly [element: string]: string | null }): DecodedObject {
  return Object.fromEntries(
    Object.entries(row).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
  );
}

/** One first-time and, where it goes on, one continuing participant for each occasion. */
function registerOf(
  occasions: readonly (Partial<Ktill2Row> & { goesOn: boolean; kurskod: string; starttermin: string })[],
) {
  const rows: Ktill2Row[] = [];
  const later: Ktfort2Row[] = [];
  const persons: { id: string; efternamn: string; personnummer: string; registrations: Registration[] }[] =
    [];
  for (const [index, { goesOn, ...fields }] of occasions.entries()) {
    const id = index + 1;
    const row = ktill2({ id, ...fields, anmkod: `A000${id}` });
    rows.push(row);
    const register = (typ: "FFG" | "FO", termin: string) =>
      persons.push({
        id: `${typ}-${id}`,
        efternamn: `${typ}${row.anmkod}`,
        personnummer: inventedPersonnummer(`19${70 + id}0101`, typ === "FFG" ? 1 : 2),
        registrations: [{ typ, ktill: id, kurskod: row.kurskod, termin, programmes: [1] }],
      });
    register("FFG", row.starttermin);
    if (!goesOn) continue;
    const termin = row.starttermin === "20082" ? "20091" : "20111";
    later.push({ ktill: id, termin, termordn: 2 });
    register("FO", termin);
  }
  const tables: LadokTables = {
    institutions: [{ kod: "VUX1" }],
    kurs: [...new Set(rows.map((row) => row.kurskod))].map((kod) => ({ kurskod: kod, inst: "VUX1" })),
    ktill2: rows,
    ktfort2: later,
    ort: [],
    programs: [{ id: 1, groupId: "p", program: "Ett långt program", programinriktning: "inr/1" }],
    progplk: rows.map((row) => ({ program: 1, ktill: row.id, termordn: "1:a" })),
    ktillp: later.map((row) => ({ program: 1, ktill: row.ktill, termordn: "2", termin: row.termin })),
  };
  return { tables, persons };
}
