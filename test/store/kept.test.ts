import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { describe, it } from "mocha";
import { readPersonnummer } from "../../lib/domain/personnummer.js";
import type { KeptGroup, KeptGroups, KeptMembership } from "../../lib/mapping/api.js";
import { GENERATION_SCHEMA_VERSION, generationMigrationSource } from "../../lib/store/schema.js";
import { migrate, openReadable, openWritable } from "../../lib/store/sqlite/files.js";
import { keptWriter, openPreviousLoad, type PreviousLoad } from "../../lib/store/sqlite/kept.js";
import { inTemporaryFolder } from "../support/database.js";
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

/** What a generation has of a person: the columns of NAMN, the ids, and the number of the INFO message. */
interface StoredPerson {
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly pnr?: string;
  readonly sekel?: string;
  readonly invalid?: string;
  readonly efternamn?: string;
  readonly fornamn?: string;
  readonly isProtected?: boolean;
}

/** A finished generation with these persons, and what the next load may carry of each. */
const withPreviousLoad = (
  persons: readonly (readonly [StoredPerson, readonly KeptMembership[]])[],
  action: (previous: PreviousLoad, file: string) => void,
) =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, "test.load-1.sqlite");
    openWritable(file).close();
    await migrate(file, generationMigrationSource);
    const connection = openWritable(file);
    connection.pragma("foreign_keys = OFF");
    const writer = keptWriter(connection);
    for (const [index, [person, kept]] of persons.entries()) {
      const { id, aliases = [id], pnr, sekel, invalid, efternamn, fornamn, isProtected } = person;
      connection
        .prepare(
          "INSERT INTO NAMN (ID, REGISTERID, PNR, SEKEL, ENAMN, TNAMN, SKYDDAD) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .run(index + 1, id, pnr, sekel, efternamn, fornamn, isProtected ? 1 : 0);
      connection
        .prepare("INSERT INTO PERSONVO (ID, PERSONVO, INVALIDPNR) VALUES (?, ?, ?)")
        .run(index + 1, Buffer.from("<PersonVO/>"), invalid);
      for (const alias of aliases) {
        connection.prepare("INSERT INTO PERSON_ALIAS (ALIAS, PERSON) VALUES (?, ?)").run(alias, index + 1);
      }
      writer.add(index + 1, kept);
    }
    await writer.finish(GROUPS, async () => {});
    connection.pragma(`user_version = ${GENERATION_SCHEMA_VERSION}`);
    expect(connection.pragma("foreign_key_check")).to.deep.equal([]);
    connection.close();
    const previous = openPreviousLoad(file);
    if (previous === undefined) throw new Error("not opened");
    try {
      action(previous, file);
    } finally {
      previous.close();
    }
  });

const memberships = (previous: PreviousLoad, window = WINDOW) =>
  [...previous.persons(window)].map(({ person, memberships }) => [
    person.id,
    memberships.map(({ occasion, lastTermin }) => `${occasion} ${lastTermin}`),
  ]);

describe("What a load keeps for the next one", () => {
  it("is read back as it was written", () =>
    withPreviousLoad([[{ id: "p" }, [spring, twice]]], (previous) => {
      expect(previous.kept.groups).to.have.deep.members([...GROUPS.groups]);
      expect(previous.kept.members).to.deep.equal(GROUPS.members);
      expect([...previous.persons(WINDOW)].map((found) => found.memberships)).to.deep.equal([
        [spring, twice],
      ]);
    }));

  it("has the memberships that lie in the window, and persons with any, in list order", () =>
    withPreviousLoad(
      [
        [{ id: "both" }, [spring, autumn, spring2024]],
        [{ id: "not passed" }, [autumn]],
        [{ id: "none" }, []],
        [{ id: "too old" }, [spring2024]],
        [{ id: "twice" }, [twice]],
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
    withPreviousLoad([[{ id: "p" }, [spring, twice]]], (previous) => {
      expect(memberships(previous, { ...WINDOW, day: "2026-06-05" })).to.deep.equal([["p", ["o2 20261"]]]);
      expect(memberships(previous, { ...WINDOW, day: "2026-03-20" })).to.deep.equal([]);
      expect([...previous.occasionsWithMemberships({ ...WINDOW, day: "2026-03-20" })]).to.deep.equal([]);
    }));

  it("has of a person the ids, name, number and protection alone", () => {
    const names = { efternamn: "Berg", fornamn: "Bo" };
    const aliases = ["p", "old"];
    return withPreviousLoad(
      [
        [{ id: "other", aliases: ["other", "another"] }, []],
        [{ id: "p", aliases, ...names, pnr: "8001019808", sekel: "19" }, [spring]],
        [{ id: "hidden", isProtected: true }, [spring]],
      ],
      (previous) => {
        const common = { protected: false, staff: false };
        expect([...previous.persons(WINDOW)].map(({ person }) => person)).to.deep.equal([
          { id: "p", aliases, ...names, personnummer: "198001019808", ...common },
          { id: "hidden", aliases: ["hidden"], ...common, protected: true },
        ]);
      },
    );
  });

  it("has a number that reads as the one that was received, and none where there was none", () => {
    const day = "2026-11-24";
    const received = [
      "800101-9808",
      "19800101-9808",
      "100101+9801",
      "010101-a123",
      "8001019809",
      "800101-TF01",
      "",
    ];
    const stored = received.map((text, index): StoredPerson => {
      const { pnr, sekel, correct, shown } = readPersonnummer(text, day);
      return {
        id: `p${index}`,
        ...(pnr === undefined ? {} : { pnr }),
        ...(sekel === undefined ? {} : { sekel }),
        ...(correct ? {} : { invalid: shown }),
      };
    });
    return withPreviousLoad(
      stored.map((person) => [person, [spring]] as const),
      (previous) => {
        const kept = [...previous.persons(WINDOW)].map(({ person }) => person.personnummer);
        expect(kept.at(-1)).to.equal(undefined);
        expect(kept.map((text) => readPersonnummer(text, "2030-01-01"))).to.deep.equal(
          received.map((text) => readPersonnummer(text, day)),
        );
      },
    );
  });

  it("has one row for all who are in an occasion at the same time, through the same programmes", () => {
    const copy = (membership: KeptMembership) => structuredClone(membership);
    const persons = [
      [spring, twice],
      [spring, copy(twice)],
      [copy(spring), { ...twice, programmes: [] }],
    ] as const;
    return withPreviousLoad(
      persons.map((kept, index) => [{ id: `p${index}` }, kept] as const),
      (previous, file) => {
        expect([...previous.persons(WINDOW)].map((found) => found.memberships)).to.deep.equal(persons);
        const connection = openReadable(file);
        expect(connection.prepare("SELECT count(*) FROM KEPT_PLACE").pluck().get()).to.equal(3);
        connection.close();
      },
    );
  });

  it("can be left in the middle of the persons", () =>
    withPreviousLoad(
      ["a", "b", "c"].map((id) => [{ id }, [spring]] as const),
      (previous) => {
        for (const { person } of previous.persons(WINDOW)) {
          expect(person.id).to.equal("a");
          break;
        }
        expect(memberships(previous)).to.have.length(3);
      },
    ));

  it("is nothing in a load that another version of the program made", () =>
    withPreviousLoad([[{ id: "p" }, [spring]]], (open, file) => {
      open.close();
      const connection = new Sqlite(file);
      connection.pragma("user_version = 1");
      connection.close();
      expect(openPreviousLoad(file)).to.equal(undefined);
    }));

  it("is refused in plain words, without what it holds, when the file is damaged", () =>
    withPreviousLoad([[{ id: "p" }, [spring, twice]]], (open, file) => {
      open.close();
      const connection = new Sqlite(file);
      connection.exec("UPDATE KEPT_PLACE SET PERIODS = 'Ann Annorlunda' WHERE PERIODS IS NOT NULL");
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
