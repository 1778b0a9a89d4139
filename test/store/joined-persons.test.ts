import { expect } from "chai";
import { describe, it } from "mocha";
import type { LadokTables } from "../../lib/mapping/rows.js";
import type { LoadStore } from "../../lib/store/loads.js";
import type { Generation, JoinedPersonVOs, Search } from "../../lib/store/queries.js";
import type { FinishedPerson } from "../../lib/store/sqlite/build.js";
import { openReadable } from "../../lib/store/sqlite/files.js";
import { joinedPersonsIn } from "../../lib/store/sqlite/joined-persons.js";
import { itOnSqlite } from "../support/database.js";
import { ONE_OCCASION, publishGeneration, somePerson, withStore } from "../support/generation.js";

const SEPARATORS = { FFG: "</å><å>", FO: "</å><ö>", OM: "</å><o>" };
const FFG: Search = { typ: "FFG", ktill: 1 };
const OTHER: Search = { typ: "FFG", ktill: 2 };
const FO: Search = { typ: "FO", ktill: 1, termin: "20262" };
const TWO_OCCASIONS: LadokTables = {
  ...ONE_OCCASION,
  programs: [{ id: 1, groupId: "prog-1", program: "VARD" }],
  progplk: [{ program: 1, ktill: 1, termordn: "1" }],
  ktill2: ONE_OCCASION.ktill2.flatMap((one) => [
    one,
    { ...one, id: 2, occasionId: "grupp-2", anmkod: "A0002" },
  ]),
};
const PROGRAMME: Search = { typ: "FFG", ktill: 1, programId: 1 };
const RE_REGISTERED = { typ: "OM", kurskey: "MATMAT02B", termin: "20261" } as const;
const MOST = 10_000;
/** More than are joined to one string at a time. */
const PERSONS = 400;

const FIRST_TIME = {
  typ: "FFG",
  ktill: 1,
  kurskod: "MATMAT02b",
  termin: "20261",
  programmes: [],
} as const;
const OF_OTHER = { ...FIRST_TIME, ktill: 2 } as const;
const IN_PROGRAMME = { ...FIRST_TIME, programmes: [1] } as const;
const AGAIN = { ...FIRST_TIME, typ: "OM" } as const;
const AGAIN_IN_OTHER = { ...AGAIN, ktill: 2 } as const;
const GOES_ON = { ...FIRST_TIME, typ: "FO", termin: "20262" } as const;

/** In three of four an address, in every second of the others an entry without one; every third goes on. */
function person(number: number, more: Partial<FinishedPerson> = {}): FinishedPerson {
  const id = `p${number} Åsa`;
  return somePerson(id, {
    email: number % 4 === 0 ? null : `P${number}@example.se`,
    noEmail: number % 8 === 0 ? `Öberg, ${id} (800101-9808)` : null,
    registrations: number % 3 === 0 ? [FIRST_TIME, GOES_ON] : [FIRST_TIME],
    ...more,
  });
}

const persons = (count: number) => Array.from({ length: count }, (_, number) => person(number));

const served = async (store: LoadStore): Promise<Generation> => {
  const generation = await store.current();
  if (!generation) throw new Error("nothing is served");
  return generation;
};

const withPersons = (all: readonly FinishedPerson[], action: (generation: Generation) => Promise<void>) =>
  withStore(async (store) => {
    await publishGeneration(store, TWO_OCCASIONS, all);
    await action(await served(store));
  });

const textOf = (joined: JoinedPersonVOs | undefined) =>
  joined && Buffer.from(joined.oneByteTexts.join(""), "latin1").toString();

/** The same as one question to the store gives, which keeps nothing. */
async function expectRight(generation: Generation, ...searches: Search[]): Promise<void> {
  const expected = await generation.participants(searches, true);
  const joined = await generation.joinedPersonVOs(searches, SEPARATORS, MOST);
  const elements = expected.map(({ regtyp, personVO }, at) =>
    at === 0 ? `${personVO}` : SEPARATORS[regtyp] + personVO,
  );
  expect(textOf(joined)).to.equal(elements.join(""));
  expect(joined?.persons).to.equal(expected.length);
  if (expected[0] !== undefined) expect(joined?.first).to.equal(expected[0].regtyp);
  expect(await generation.contacts(searches)).to.deep.equal(
    expected.map(({ email, noEmail }) => ({ email, noEmail })),
  );
}

describe("the persons of an occasion, joined", () => {
  it("are those of the register, in list order, whether they have been read before or not", () =>
    withPersons(persons(PERSONS), async (generation) => {
      for (const search of [FFG, FFG, FFG]) await expectRight(generation, search);
    }));

  it("are so when some of them have been read for another occasion", () =>
    withPersons(persons(PERSONS), async (generation) => {
      for (const search of [FO, FFG, FO]) await expectRight(generation, search);
    }));

  it("are so when nearly all have been read for another occasion", () => {
    const all = persons(PERSONS).map((one, number) => ({
      ...one,
      registrations: number % 10 === 0 ? [GOES_ON] : [FIRST_TIME, GOES_ON],
    }));
    return withPersons(all, async (generation) => {
      for (const search of [FFG, FO]) await expectRight(generation, search);
    });
  });

  it("are each once, with the first kind that they are found by, when several occasions are asked for", () => {
    const all = persons(PERSONS).map((one, number) => ({
      ...one,
      registrations: [[FIRST_TIME, GOES_ON, OF_OTHER], [OF_OTHER], [GOES_ON], [FIRST_TIME]][number % 4] ?? [],
    }));
    return withPersons(all, async (generation) => {
      await expectRight(generation, FO, FFG);
      await expectRight(generation, OTHER, FFG, FFG);
      await expectRight(generation, FO, OTHER);
      await expectRight(generation, FFG, FO, OTHER);
    });
  });

  it("are so when most of one and few of the other have been read before", () =>
    withPersons(
      persons(PERSONS).map((one, number) => ({
        ...one,
        registrations:
          number % 10 === 0 ? [FIRST_TIME, OF_OTHER] : [number % 2 === 0 ? FIRST_TIME : OF_OTHER],
      })),
      async (generation) => {
        await expectRight(generation, FFG);
        await expectRight(generation, FFG, OTHER);
      },
    ));

  it("are so with those who are registered again, each once, in occasions of whatever institutions", () => {
    const all = persons(PERSONS).map((one, number) => ({
      ...one,
      registrations:
        [[AGAIN, AGAIN_IN_OTHER], [FIRST_TIME, AGAIN_IN_OTHER], [GOES_ON], [OF_OTHER]][number % 4] ?? [],
    }));
    return withPersons(all, async (generation) => {
      const [any, none] = [
        { ...RE_REGISTERED, institutions: "*" } as const,
        { ...RE_REGISTERED, institutions: ["SFI"] },
      ];
      for (const again of [any, { ...any, institutions: ["VUX"] }, none, any]) {
        await expectRight(generation, again);
        await expectRight(generation, again, FO, FFG);
      }
    });
  });

  it("are so with those of a programme, who are some of an occasion's", () => {
    const all = persons(PERSONS).map((one, number) => ({
      ...one,
      registrations: number % 3 === 0 ? [IN_PROGRAMME, GOES_ON] : [FIRST_TIME],
    }));
    return withPersons(all, async (generation) => {
      for (const searches of [[PROGRAMME], [FO, PROGRAMME], [FFG], [PROGRAMME, OTHER]])
        await expectRight(generation, ...searches);
    });
  });

  it("are not more than asked for, registrations counted", () =>
    withPersons(
      persons(10).map((one) => ({ ...one, registrations: [AGAIN, AGAIN_IN_OTHER] })),
      async (generation) => {
        const again = { ...RE_REGISTERED, institutions: "*" } as const;
        for (const most of [19, 20, 19]) {
          const joined = await generation.joinedPersonVOs([again], SEPARATORS, most);
          expect(joined?.persons, `${most}`).to.equal(most === 20 ? 10 : undefined);
        }
        expect(await generation.joinedPersonVOs([again, FFG], SEPARATORS, 20)).to.include({ persons: 10 });
      },
    ));

  it("are not given of several occasions when somebody in one of them has an incorrect personnummer", () => {
    const wrong = person(20, { invalidPersonnummer: "8001019999", registrations: [OF_OTHER] });
    return withPersons([...persons(20), wrong], async (generation) => {
      await expectRight(generation, FFG);
      for (const searches of [[FFG, OTHER], [OTHER], [FFG, FO, OTHER]]) {
        expect(await generation.joinedPersonVOs(searches, SEPARATORS, MOST)).to.equal(undefined);
      }
      await expectRight(generation, FFG, FO);
    });
  });

  it("are none where nobody is registered", () =>
    withPersons([], async (generation) => {
      expect(await generation.joinedPersonVOs([FFG], SEPARATORS, MOST)).to.deep.equal({
        oneByteTexts: [],
        first: "FFG",
        persons: 0,
      });
      expect(await generation.contacts([FFG])).to.deep.equal([]);
    }));

  it("are not given when one has an incorrect personnummer, however often they are asked for", () => {
    const all = [...persons(20), person(20, { invalidPersonnummer: "8001019999" })];
    return withPersons(all, async (generation) => {
      for (let asked = 0; asked < 3; asked++) {
        expect(await generation.joinedPersonVOs([FFG], SEPARATORS, MOST)).to.equal(undefined);
      }
      await expectRight(generation, FO);
    });
  });

  it("are not given when there are more than asked for", () =>
    withPersons(persons(20), async (generation) => {
      expect(await generation.joinedPersonVOs([FFG], SEPARATORS, 19)).to.equal(undefined);
      expect((await generation.joinedPersonVOs([FFG], SEPARATORS, 20))?.persons).to.equal(20);
      expect(await generation.joinedPersonVOs([FFG], SEPARATORS, 19)).to.equal(undefined);
    }));

  itOnSqlite("are right however little is kept of those that have been read", () =>
    withStore(async (store) => {
      await publishGeneration(store, ONE_OCCASION, persons(PERSONS));
      const generation = await served(store);
      const connection = openReadable((await store.servedFile()) ?? "");
      try {
        for (const kept of [0, 100, 5_000, 20_000]) {
          const joinedPersonVOs = joinedPersonsIn(connection, kept);
          for (const search of [FFG, FO, FO, FFG, FFG]) {
            await expectRight({ ...generation, joinedPersonVOs }, search);
          }
        }
      } finally {
        connection.close();
      }
    }),
  );

  it("are those of the next load as soon as it is served, and of the old one for a call that began with it", () =>
    withStore(async (store) => {
      await publishGeneration(store, ONE_OCCASION, persons(200));
      const before = await served(store);
      await expectRight(before, FFG);
      const moved = persons(200).map((one, number) => ({ ...one, email: `ny${number}@example.se` }));
      await publishGeneration(store, ONE_OCCASION, moved.slice(50));
      const after = await served(store);
      await expectRight(after, FFG);
      await expectRight(before, FFG);
      expect((await after.contacts([FFG]))[0]).to.deep.equal({ email: "ny50@example.se", noEmail: null });
    }));
});
