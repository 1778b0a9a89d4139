import { expect } from "chai";
import { describe, it } from "mocha";
import type { LoadStore } from "../../lib/store/loads.js";
import type { Generation, JoinedPersonVOs, OccasionSearch } from "../../lib/store/queries.js";
import type { FinishedPerson } from "../../lib/store/sqlite/build.js";
import { openReadable } from "../../lib/store/sqlite/files.js";
import { joinedPersonsIn } from "../../lib/store/sqlite/joined-persons.js";
import { itOnSqlite } from "../support/database.js";
import { ONE_OCCASION, publishGeneration, somePerson, withStore } from "../support/generation.js";

const SEPARATOR = "</å><å>";
const FFG: OccasionSearch = { typ: "FFG", ktill: 1 };
const FO: OccasionSearch = { typ: "FO", ktill: 1, termin: "20262" };
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
    await publishGeneration(store, ONE_OCCASION, all);
    await action(await served(store));
  });

const textOf = (joined: JoinedPersonVOs | undefined) =>
  joined && Buffer.from(joined.oneByteTexts.join(""), "latin1").toString();

/** The same as one question to the store gives, which keeps nothing. */
async function expectRight(generation: Generation, search: OccasionSearch): Promise<void> {
  const expected = await generation.participants([search], true);
  const joined = await generation.joinedPersonVOs(search, SEPARATOR, MOST);
  expect(textOf(joined)).to.equal(expected.map(({ personVO }) => personVO.toString()).join(SEPARATOR));
  expect(joined?.persons).to.equal(expected.length);
  expect(await generation.contacts(search)).to.deep.equal(
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

  it("are none where nobody is registered", () =>
    withPersons([], async (generation) => {
      expect(await generation.joinedPersonVOs(FFG, SEPARATOR, MOST)).to.deep.equal({
        oneByteTexts: [],
        persons: 0,
      });
      expect(await generation.contacts(FFG)).to.deep.equal([]);
    }));

  it("are not given when one has an incorrect personnummer, however often they are asked for", () => {
    const all = [...persons(20), person(20, { invalidPersonnummer: "8001019999" })];
    return withPersons(all, async (generation) => {
      for (let asked = 0; asked < 3; asked++) {
        expect(await generation.joinedPersonVOs(FFG, SEPARATOR, MOST)).to.equal(undefined);
      }
      await expectRight(generation, FO);
    });
  });

  it("are not given when there are more than asked for", () =>
    withPersons(persons(20), async (generation) => {
      expect(await generation.joinedPersonVOs(FFG, SEPARATOR, 19)).to.equal(undefined);
      expect((await generation.joinedPersonVOs(FFG, SEPARATOR, 20))?.persons).to.equal(20);
      expect(await generation.joinedPersonVOs(FFG, SEPARATOR, 19)).to.equal(undefined);
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
      expect((await after.contacts(FFG))[0]).to.deep.equal({ email: "ny50@example.se", noEmail: null });
    }));
});
