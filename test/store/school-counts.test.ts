import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { describe, it } from "mocha";
import type { SchoolCount } from "../../lib/store/queries.js";
import { generationFile } from "../../lib/store/sqlite/files.js";
import { readSchoolCounts, schoolCounter } from "../../lib/store/sqlite/school-counts.js";
import { databaseIn, inTemporaryFolder, itOnSqlite } from "../support/database.js";
import { ONE_OCCASION, publishGeneration, somePerson, withStore } from "../support/generation.js";

const FIRST = ONE_OCCASION.ktill2[0];
if (FIRST === undefined) throw new Error("no occasion");

const TABLES = {
  ktill2: [
    { ...FIRST, id: 1, starttermin: "20261", institutions: ["VUX"] },
    { ...FIRST, id: 2, starttermin: "20262", institutions: ["VUX", "SFI"] },
    { ...FIRST, id: 3, starttermin: "20262", institutions: [] },
  ],
  ktfort2: [{ ktill: 1, termin: "20262", termordn: 2 }],
};

const shown = (counts: readonly SchoolCount[]) =>
  counts.map(({ institution, kind, termin, count }) =>
    [institution, kind, termin, count].filter((part) => part !== null).join(" "),
  );

describe("counts by school", () => {
  it("have persons once for each institution they are tied to, and once in all", () => {
    const counter = schoolCounter();
    counter.addPerson(["VUX"]);
    counter.addPerson(["VUX", "VUX"]);
    counter.addPerson(["VUX", "SFI"]);
    counter.addPerson([]);
    const counts = counter.counts({ ktill2: [], ktfort2: [] });
    expect(shown(counts)).to.deep.equal(["* persons 4", "SFI persons 1", "VUX persons 3"]);
  });

  it("have occasions by the half-years in which they start and run, registrations by theirs", () => {
    const counter = schoolCounter();
    counter.addRegistrations(1, "20261", 10);
    counter.addRegistrations(1, "20262", 8);
    counter.addRegistrations(2, "20262", 5);
    counter.addRegistrations(2, "20262");
    counter.addRegistrations(3, "20262", 100);
    const counts = shown(counter.counts(TABLES));
    expect(counts).to.deep.equal([
      "* occasions 20261 1",
      "* occasions 20262 3",
      "* persons 0",
      "* registrations 20261 10",
      "* registrations 20262 114",
      "SFI occasions 20262 1",
      "SFI registrations 20262 6",
      "VUX occasions 20261 1",
      "VUX occasions 20262 2",
      "VUX registrations 20261 10",
      "VUX registrations 20262 14",
    ]);
  });

  it("are the same whatever order persons and registrations come in", () => {
    const [one, other] = [schoolCounter(), schoolCounter()];
    one.addPerson(["VUX"]);
    one.addPerson(["SFI"]);
    one.addRegistrations(1, "20261", 2);
    one.addRegistrations(2, "20262", 3);
    other.addRegistrations(2, "20262", 3);
    other.addRegistrations(1, "20261", 2);
    other.addPerson(["SFI"]);
    other.addPerson(["VUX"]);
    expect(other.counts(TABLES)).to.deep.equal(one.counts(TABLES));
  });

  it("are read from the load that is served; none before the first", () =>
    withStore(async (store) => {
      expect(await store.servedCounts()).to.deep.equal([]);
      const registrations = [
        { typ: "FFG", ktill: 1, kurskod: "MATMAT02b", termin: "20261", programmes: [] },
        { typ: "OM", ktill: 1, kurskod: "MATMAT02b", termin: "20262", programmes: [] },
      ] as const;
      await publishGeneration(store, ONE_OCCASION, [somePerson("p1", { registrations, institutions: [] })]);
      expect(shown(await store.servedCounts())).to.deep.equal([
        "* occasions 20261 1",
        "* occasions 20262 1",
        "* persons 1",
        "* registrations 20261 1",
        "* registrations 20262 1",
        "VUX occasions 20261 1",
        "VUX occasions 20262 1",
        "VUX registrations 20261 1",
        "VUX registrations 20262 1",
      ]);
    }));

  itOnSqlite("are none of a file that is gone or of the first version", () =>
    withStore(async (store, folder) => {
      const file = generationFile(databaseIn(folder), await publishGeneration(store, ONE_OCCASION, []));
      expect(readSchoolCounts(file)).not.to.deep.equal([]);
      const connection = new Sqlite(file);
      connection.exec("DROP TABLE SCHOOL_COUNT");
      connection.close();
      expect(readSchoolCounts(file)).to.deep.equal([]);
      expect(readSchoolCounts(join(folder, "saknas.sqlite"))).to.deep.equal([]);
    }),
  );

  it("of a file that is no generation are an error", () =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, "other.sqlite");
      writeFileSync(file, "no database ".repeat(100));
      expect(() => readSchoolCounts(file)).to.throw(/cannot read the counts of a load/);
    }));
});
