import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { describe, it } from "mocha";
import type { KeptGroup, KeptGroups, KeptMembership } from "../../lib/mapping/api.js";
import type { FinishedPerson } from "../../lib/store/sqlite/build.js";
import { generationFile } from "../../lib/store/sqlite/files.js";
import { keptWriter, openPreviousLoad, type PreviousLoad } from "../../lib/store/sqlite/kept.js";
import { openSqliteStore } from "../../lib/store/sqlite/store.js";
import { inTemporaryFolder, ONE_OCCASION, publishGeneration, somePerson } from "../support/generation.js";
import { course, groupMember, occasion } from "../support/ims.js";

const spring: KeptMembership = {
  occasion: "o1",
  periods: [{ begin: "2026-01-12", end: "2026-06-05" }],
  lastTermin: "20261",
  programmes: [],
};
const autumn: KeptMembership = {
  occasion: "o2",
  periods: [{ begin: "2026-08-17", end: "2026-11-20" }],
  lastTermin: "20262",
  programmes: [],
};
const twice: KeptMembership = {
  occasion: "o2",
  periods: [
    { begin: "2025-08-18", end: "2025-12-19" },
    { begin: "2026-01-12", end: "2026-03-20" },
  ],
  lastTermin: "20261",
  programmes: ["p1", "p2"],
};
const spring2024: KeptMembership = {
  occasion: "o3",
  periods: [{ begin: "2024-01-15", end: "2024-06-07" }],
  lastTermin: "20241",
  programmes: [],
};

const o = (id: string): KeptGroup => ({
  kind: "occasion",
  record: occasion(id, { parents: ["c"], ids: [id, `old-${id}`] }),
  lastTermin: "20261",
  end: "2026-06-05",
});
const GROUPS: KeptGroups = {
  groups: [o("o1"), o("o2"), o("o3"), { kind: "course", record: course("c", "MATMAT02b") }],
  members: [
    groupMember("p1", "c", [
      { extension: [{ name: "termordning", attributes: {}, children: [], text: "2" }] },
    ]),
  ],
};

const WINDOW = { day: "2026-11-24", current: "20262", oldest: "20242" };

/** A generation with these persons, and what the next load may carry of each. */
const withPreviousLoad = (
  persons: readonly (readonly [FinishedPerson, readonly KeptMembership[]])[],
  action: (previous: PreviousLoad, file: string) => void,
) =>
  inTemporaryFolder(async (folder) => {
    const store = await openSqliteStore(join(folder, "test.sqlite"));
    try {
      const number = await publishGeneration(
        store,
        ONE_OCCASION,
        persons.map(([person]) => person),
      );
      const file = generationFile(store.database, number);
      const connection = new Sqlite(file);
      connection.pragma("foreign_keys = OFF");
      const writer = keptWriter(connection);
      for (const [index, [, memberships]] of persons.entries()) writer.add(index + 1, memberships);
      writer.finish(GROUPS);
      expect(connection.pragma("foreign_key_check")).to.deep.equal([]);
      connection.close();
      const previous = openPreviousLoad(file);
      if (previous === undefined) throw new Error("not opened");
      try {
        action(previous, file);
      } finally {
        previous.close();
      }
    } finally {
      store.close();
    }
  });

const memberships = (previous: PreviousLoad, window = WINDOW) =>
  [...previous.persons(window)].map(({ person, memberships }) => [
    person.id,
    memberships.map(({ occasion, lastTermin }) => `${occasion} ${lastTermin}`),
  ]);

describe("What a load keeps for the next one", () => {
  it("is read back as it was written", () =>
    withPreviousLoad([[somePerson("p"), [spring, twice]]], (previous) => {
      expect(previous.kept.groups).to.have.deep.members([...GROUPS.groups]);
      expect(previous.kept.members).to.deep.equal(GROUPS.members);
      expect([...previous.persons(WINDOW)].map((found) => found.memberships)).to.deep.equal([
        [spring, twice],
      ]);
    }));

  it("has the memberships that lie in the window, and persons with any, in list order", () =>
    withPreviousLoad(
      [
        [somePerson("both"), [spring, autumn, spring2024]],
        [somePerson("not passed"), [autumn]],
        [somePerson("none"), []],
        [somePerson("too old"), [spring2024]],
        [somePerson("twice"), [twice]],
      ],
      (previous) => {
        expect(memberships(previous)).to.deep.equal([
          ["both", ["o1 20261"]],
          ["twice", ["o2 20261"]],
        ]);
        expect([...previous.occasionsWithMemberships(WINDOW)].sort()).to.deep.equal(["o1", "o2"]);
        const longer = { ...WINDOW, oldest: "20241" };
        expect(memberships(previous, longer).map(([id]) => id)).to.deep.equal(["both", "too old", "twice"]);
      },
    ));

  it("leaves out what had not ended on the day, however long its half-year has passed", () =>
    withPreviousLoad([[somePerson("p"), [spring, twice]]], (previous) => {
      expect(memberships(previous, { ...WINDOW, day: "2026-06-05" })).to.deep.equal([["p", ["o2 20261"]]]);
      expect(memberships(previous, { ...WINDOW, day: "2026-03-20" })).to.deep.equal([]);
      expect([...previous.occasionsWithMemberships({ ...WINDOW, day: "2026-03-20" })]).to.deep.equal([]);
    }));

  it("has of a person the ids, name, number and protection alone", () => {
    const data = {
      aliases: ["old", "p"],
      efternamn: "Berg",
      fornamn: "Bo",
      personnummer: "800101-9808",
      email: "bo@example.se",
      tel: "08-1",
      folkbokforing: { ort: "Lingonköping" },
      staff: true,
    };
    return withPreviousLoad(
      [
        [somePerson("other"), []],
        [somePerson("p", { data }), [spring]],
        [somePerson("hidden", { data: { protected: true } }), [spring]],
      ],
      (previous) => {
        const [first, second] = [...previous.persons(WINDOW)].map(({ person }) => person);
        const { efternamn, fornamn } = data;
        expect(first).to.deep.equal({
          id: "p",
          aliases: ["old", "p"],
          personnummer: "198001019808",
          efternamn,
          fornamn,
          protected: false,
          staff: false,
        });
        expect(second).to.include({ id: "hidden", protected: true });
      },
    );
  });

  it("has an incorrect number as it was received, and none where there was none", () => {
    const incorrect = (id: string, invalidPersonnummer: string, pnr?: { pnr: string; sekel: string }) =>
      somePerson(id, { pnr: undefined, sekel: undefined, invalidPersonnummer, ...pnr });
    return withPreviousLoad(
      [
        [incorrect("tf", "800101-TF01"), [spring]],
        [incorrect("none", ""), [spring]],
        [incorrect("digit", "8001019809", { pnr: "8001019809", sekel: "19" }), [spring]],
      ],
      (previous) => {
        const numbers = [...previous.persons(WINDOW)].map(({ person }) => person.personnummer);
        expect(numbers).to.deep.equal(["800101-TF01", undefined, "198001019809"]);
      },
    );
  });

  it("can be left in the middle of the persons", () =>
    withPreviousLoad(
      ["a", "b", "c"].map((id) => [somePerson(id), [spring]] as const),
      (previous) => {
        for (const { person } of previous.persons(WINDOW)) {
          expect(person.id).to.equal("a");
          break;
        }
        expect(memberships(previous)).to.have.length(3);
      },
    ));

  it("is nothing in a load that another version of the program made", () =>
    withPreviousLoad([[somePerson("p"), [spring]]], (_, file) => {
      const connection = new Sqlite(file);
      connection.pragma("user_version = 1");
      connection.close();
      expect(openPreviousLoad(file)).to.equal(undefined);
    }));

  it("is refused in plain words, without what it holds, when the file is damaged", () =>
    withPreviousLoad([[somePerson("p"), [spring, twice]]], (_, file) => {
      const connection = new Sqlite(file);
      connection.exec("UPDATE KEPT_MEMBERSHIP SET PERIODS = 'Ann Annorlunda' WHERE PERIODS IS NOT NULL");
      connection.close();
      const previous = openPreviousLoad(file);
      try {
        expect(() => [...(previous?.persons(WINDOW) ?? [])])
          .to.throw(/cannot read what the previous load kept/)
          .with.property("code", "database");
      } finally {
        previous?.close();
      }
    }));
});
