import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { Ktill2Row, LadokTables, Registration } from "../../lib/mapping/rows.js";
import type { GenerationDifference } from "../../lib/store/queries.js";
import { compareGenerations, type OpenDifferences } from "../../lib/store/sqlite/differences.js";
import { ONE_OCCASION, publishGeneration, somePerson, withStore } from "../support/generation.js";

interface Content {
  readonly tables?: LadokTables;
  /** Registrations by the person's id. */
  readonly persons?: Readonly<Record<string, readonly Registration[]>>;
}

const [OCCASION] = ONE_OCCASION.ktill2 as readonly [Ktill2Row];
const occasion = (id: number, occasionId: string, more: Partial<Ktill2Row> = {}): Ktill2Row => ({
  ...OCCASION,
  id,
  occasionId,
  anmkod: `A000${id}`,
  ...more,
});
const occasions = (...ktill2: readonly Ktill2Row[]): LadokTables => ({
  ...ONE_OCCASION,
  ktill2,
  ktfort2: ktill2.map(({ id }) => ({ ktill: id, termin: "20262", termordn: 2 })),
});

/** Half-years of many courses. */
const MANY_OCCASIONS = occasions(
  ...Array.from({ length: 50 }, (_, index) => occasion(index + 1, `G${index}`, { kurskod: `KURS${index}` })),
);

const registration = (
  typ: Registration["typ"],
  ktill = 1,
  termin = typ === "FFG" ? "20261" : "20262",
): Registration => ({ typ, ktill, kurskod: "MATMAT02b", termin, programmes: [] });
const FFG = registration("FFG");
const FO = registration("FO");
const OM = registration("OM");

/** Builds both loads and gives what tells them apart. */
async function between<T>(
  before: Content | undefined,
  after: Content,
  action: (differences: OpenDifferences, folder: string) => T,
): Promise<T> {
  return withStore(async (store, folder) => {
    const built = ({ tables = ONE_OCCASION, persons = {} }: Content) => {
      const people = Object.entries(persons).map(([id, registrations]) => somePerson(id, { registrations }));
      return builtFile(store, tables, people);
    };
    const served = before && (await built(before));
    const next = await built(after);
    const differences = compareGenerations(next, served);
    try {
      return action(differences, folder);
    } finally {
      differences.close();
    }
  });
}

/** A load that has been published, as a file: PostgreSQL's is fetched back for it. */
async function builtFile(...load: Parameters<typeof publishGeneration>): Promise<string> {
  const [store] = load;
  const file = await store.loadFile(await publishGeneration(...load));
  if (file === undefined) throw new Error("the load is not there");
  return file;
}

const shown = ({ of, kind, institution, key, what }: GenerationDifference) =>
  [{ added: "+", removed: "-", changed: "~" }[kind], of, institution || "-", ...key].join(" ") +
  (what ? `: ${what.join(", ")}` : "");

const differencesOf = (before: Content | undefined, after: Content) =>
  between(before, after, ({ entries }) => [...entries()].map(shown));

describe("differences between loads", () => {
  it("are none between a load and the same again", async () => {
    const content = { persons: { E1: [FFG, FO], E2: [OM] } };
    await between(content, content, ({ counts, entries }) => {
      expect([...entries()]).to.deep.equal([]);
      expect(counts).to.deep.equal([]);
    });
  });

  it("are all there is when nothing is served", async () => {
    await between(undefined, { persons: { E1: [FFG, FO] } }, ({ counts, entries }) => {
      expect([...entries()].map(shown)).to.deep.equal([
        "+ school VUX VUX",
        "+ course VUX MATMAT02b",
        "+ occasion VUX grupp-1 MATMAT02b 20261",
        "+ registration VUX E1 grupp-1 MATMAT02b 20261: FFG",
        "+ registration VUX E1 grupp-1 MATMAT02b 20262: FO",
      ]);
      expect(counts).to.deep.equal([
        { of: "school", institution: "VUX", added: 1, removed: 0, changed: 0 },
        { of: "course", institution: "VUX", added: 1, removed: 0, changed: 0 },
        { of: "occasion", institution: "VUX", added: 1, removed: 0, changed: 0 },
        { of: "registration", institution: "VUX", added: 2, removed: 0, changed: 0 },
      ]);
    });
  });

  it("are counted in turns, or at once, with the same result", () =>
    withStore(async (store) => {
      const next = await builtFile(store, MANY_OCCASIONS, []);
      const opened = [1, 2, 3].map(() => compareGenerations(next, undefined));
      const [inTurns, atOnce, stopping] = opened as [OpenDifferences, OpenDifferences, OpenDifferences];
      let turns = 0;
      await inTurns.countInTurns(async () => {
        turns += 1;
      });
      expect(inTurns.counts).to.deep.equal(atOnce.counts);
      expect(turns).to.be.above(1);
      const reason = new Error("stopped");
      const stopped = await stopping
        .countInTurns(async () => {
          throw reason;
        })
        .catch((error: unknown) => error);
      expect(stopped).to.equal(reason);
      for (const differences of opened) differences.close();
    }));

  it("name schools and courses that came, went, or have other values", async () => {
    const [kurs] = ONE_OCCASION.kurs;
    if (!kurs) throw new Error("no course");
    const before: LadokTables = {
      ...ONE_OCCASION,
      institutions: [
        { kod: "VUX", benamning: "Lingonskolan" },
        { kod: "ÖST", benamning: "Ö" },
      ],
      kurs: [kurs, { kurskod: "SVESVE01", inst: "VUX" }],
    };
    const after: LadokTables = {
      ...ONE_OCCASION,
      institutions: [
        { kod: "VUX", benamning: "Blåbärsskolan" },
        { kod: "SFI", benamning: "S" },
      ],
      kurs: [
        { ...kurs, poang: "150", benamning: "Matte" },
        { ...kurs, inst: "SFI" },
      ],
    };
    expect(await differencesOf({ tables: before }, { tables: after })).to.deep.equal([
      "+ school SFI SFI",
      "~ school VUX VUX: BENAMNING",
      "- school ÖST ÖST",
      "+ course SFI MATMAT02b",
      "~ course VUX MATMAT02b: BENAMNING, POANG",
      "- course VUX SVESVE01",
    ]);
  });

  it("name what an occasion has other than before, its later half-years too, but not the numbers of rows", async () => {
    const before = occasions(occasion(1, "G1"), occasion(2, "G2"));
    const later = occasions(
      occasion(7, "G2", { anmkod: "A0002", kurstakt: "075", ort: "BLÅ" }),
      occasion(9, "G1", { anmkod: "A0001" }),
      occasion(8, "G3"),
    );
    const after = { ...later, ktfort2: later.ktfort2.filter(({ ktill }) => ktill !== 9) };
    expect(await differencesOf({ tables: before }, { tables: after })).to.deep.equal([
      "~ occasion VUX G1 MATMAT02b 20261: KTFORT2",
      "~ occasion VUX G2 MATMAT02b 20261: KURSTAKT, ORT",
      "+ occasion VUX G3 MATMAT02b 20261",
    ]);
  });

  it("tell ids apart by case, and codes not", async () => {
    const before = occasions(occasion(1, "G1"), occasion(2, "g1"));
    const after = occasions(occasion(1, "G1"), occasion(2, "g1", { kurskod: "matmat02B", kurstakt: "100" }));
    expect(await differencesOf({ tables: before }, { tables: after })).to.deep.equal([
      "~ occasion VUX g1 matmat02B 20261: KURSKOD, KURSTAKT",
    ]);
  });

  it("name registrations that came, went, or became of another kind", async () => {
    const before = { persons: { E1: [FFG], E2: [FFG, FO], E3: [FO] } };
    const after = { persons: { E2: [FFG], E3: [OM], E4: [FFG] } };
    expect(await differencesOf(before, after)).to.deep.equal([
      "- registration VUX E1 grupp-1 MATMAT02b 20261: FFG",
      "+ registration VUX E4 grupp-1 MATMAT02b 20261: FFG",
      "- registration VUX E2 grupp-1 MATMAT02b 20262: FO",
      "~ registration VUX E3 grupp-1 MATMAT02b 20262: FO → OM",
    ]);
  });

  it("name a move to another occasion of the same course and half-year as a change", async () => {
    const tables = occasions(occasion(1, "G1"), occasion(2, "G2"));
    const before = { tables, persons: { E1: [registration("FFG", 1)], E2: [registration("FFG", 1)] } };
    const after = {
      tables,
      persons: { E1: [registration("FFG", 2)], E2: [registration("FFG", 1), registration("FFG", 2)] },
    };
    expect(await differencesOf(before, after)).to.deep.equal([
      "~ registration VUX E1 G2 MATMAT02b 20261: G1 → G2",
      "+ registration VUX E2 G2 MATMAT02b 20261: FFG",
    ]);
  });

  it("know a person by the register's id, whatever the place in the list", async () => {
    const before = { persons: { E1: [FFG], E2: [FO] } };
    const after = { persons: { E0: [FFG], E2: [FO], E1: [FFG] } };
    expect(await differencesOf(before, after)).to.deep.equal([
      "+ registration VUX E0 grupp-1 MATMAT02b 20261: FFG",
    ]);
  });

  it("stand with each school that gives the occasion, and with none when no school does", async () => {
    const both = occasions(occasion(1, "G1", { institutions: ["VUX", "SFI"] }));
    const none = occasions(occasion(1, "G1", { institutions: [] }));
    const one = occasions(occasion(1, "G1", { institutions: ["VUX"] }));
    expect(await differencesOf({ tables: both }, { tables: both, persons: { E1: [FFG] } })).to.deep.equal([
      "+ registration SFI E1 G1 MATMAT02b 20261: FFG",
      "+ registration VUX E1 G1 MATMAT02b 20261: FFG",
    ]);
    expect(await differencesOf({ tables: none }, { tables: none, persons: { E1: [FO, OM] } })).to.deep.equal([
      "+ registration - E1 G1 MATMAT02b 20262: FO",
      "+ registration - E1 G1 MATMAT02b 20262: OM",
    ]);
    const persons = { E1: [FFG] };
    expect(await differencesOf({ tables: one, persons }, { tables: both, persons })).to.deep.equal([
      "+ occasion SFI G1 MATMAT02b 20261",
      "~ occasion VUX G1 MATMAT02b 20261: INSTITUTIONS",
      "+ registration SFI E1 G1 MATMAT02b 20261: FFG",
    ]);
  });

  it("find a re-registration in a half-year that its occasion does not reach", async () => {
    const after = { persons: { E1: [registration("OM", 1, "20271")] } };
    expect(await differencesOf({}, after)).to.deep.equal([
      "+ registration VUX E1 grupp-1 MATMAT02b 20271: OM",
    ]);
  });

  it("do not tell an id that is an identity number", async () => {
    const lines = await differencesOf({}, { persons: { "19800101-9808": [FFG] } });
    expect(lines).to.deep.equal(["+ registration VUX (identity number) grupp-1 MATMAT02b 20261: FFG"]);
  });

  it("are everything when the served file is no longer there, and an error when it is none", () =>
    withStore(async (store, folder) => {
      const next = await builtFile(store, ONE_OCCASION, []);
      const missing = compareGenerations(next, join(folder, "saknas.sqlite"));
      expect([...missing.entries()]).to.have.length(3);
      missing.close();
      writeFileSync(join(folder, "annan.sqlite"), "no database ".repeat(100));
      expect(() => compareGenerations(next, join(folder, "annan.sqlite"))).to.throw(/cannot compare/);
      rmSync(next);
      expect(() => compareGenerations(next, undefined)).to.throw(/cannot open the database/);
    }));

  it("are read without changing a byte of either", () =>
    between({ persons: { E1: [FFG] } }, { persons: { E2: [FFG] } }, ({ counts, entries }, folder) => {
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      );
      expect(files.filter(({ name }) => name.includes(".load-"))).to.have.length(2);
      const bytes = () => files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "base64"));
      const before = bytes();
      expect([...entries()]).to.have.length(2);
      expect(counts).to.have.length(1);
      expect(bytes()).to.deep.equal(before);
    }));

  it("lead from the one to the other, whatever their registrations are", async function () {
    this.timeout(120_000);
    const tables = occasions(occasion(1, "G1"), occasion(2, "G2", { institutions: ["SFI"] }));
    // one kind for each person, occasion and half-year
    const of = fc
      .uniqueArray(fc.tuple(fc.constantFrom("FFG", "FO", "OM"), fc.constantFrom(1, 2)), {
        selector: ([typ, ktill]) => `${typ === "FFG"} ${ktill}`,
      })
      .map((all) => all.map(([typ, ktill]) => registration(typ as Registration["typ"], ktill)));
    const persons = fc.dictionary(fc.constantFrom("E1", "E2", "E3", "E4"), of, { noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(persons, persons, async (before, after) => {
        const rows = new Set(rowsOf(before));
        await between({ tables, persons: before }, { tables, persons: after }, ({ entries }) => {
          for (const { of, kind, institution, key, what } of entries()) {
            expect(of).to.equal("registration");
            const [now, was] =
              kind === "changed" ? (what?.[0] ?? "").split(" → ").reverse() : [what?.[0], what?.[0]];
            const row = (typ = "") => [institution, ...key, typ].join(" ");
            if (kind !== "added") expect(rows.delete(row(was)), row(was)).to.equal(true);
            if (kind !== "removed") rows.add(row(now));
          }
        });
        expect([...rows].sort()).to.deep.equal(rowsOf(after).sort());
      }),
      { numRuns: 10 },
    );
  });
});

function rowsOf(persons: NonNullable<Content["persons"]>): string[] {
  return Object.entries(persons).flatMap(([id, registrations]) =>
    registrations.map(({ typ, ktill, termin }) =>
      [ktill === 1 ? "VUX" : "SFI", id, `G${ktill}`, "MATMAT02b", termin, typ].join(" "),
    ),
  );
}
