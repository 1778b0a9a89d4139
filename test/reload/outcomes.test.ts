import { expect } from "chai";
import { describe, it } from "mocha";
import type { ReloadOutcome } from "../../lib/reload/api.js";
import { inTemporaryFolder, loadsIn, lookingAt } from "../support/database.js";
import { course, exportOf, learners, occasion, person, school } from "../support/export.js";
import { inventedPersonnummer } from "../support/t04.js";
import {
  databaseIn,
  generationIn,
  type LoadOptions,
  loadFilesIn,
  reloadFiles,
  writtenFile,
} from "./loading.js";

/** A school's course of the spring of 2009 with so many learners, in the export of a day. */
function exportWith(
  learnerCount: number,
  made = "2009-03-02T18:00:00",
  more: readonly string[] = [],
): string {
  const ids = Array.from({ length: learnerCount }, (_, index) => `E${index + 1}`);
  return exportOf(
    [
      school("skola", { long: "Lingonskolan" }),
      course("K1", "MATMAT02b", { in: "skola" }),
      occasion("G1", { in: "K1", dates: "2009-01-12/2009-06-05" }),
      ...ids.map((id, index) =>
        person(id, { name: `Alm, ${id}`, pnr: inventedPersonnummer("19800101", index % 19) }),
      ),
      learners("G1", ...ids),
      ...more,
    ],
    made,
  );
}

async function reloadOf(folder: string, text: string, options: LoadOptions = {}): Promise<ReloadOutcome> {
  return reloadFiles(folder, [writtenFile(folder, "export.xml", text)], options);
}

/** All of the database that holds what is served. */
function stored(folder: string): Promise<Record<string, string>> {
  return loadsIn(databaseIn(folder));
}

describe("What comes of a reload", () => {
  it("is nothing when the same export is served already, until something else that it depends on changes", () =>
    inTemporaryFolder(async (folder) => {
      const text = exportWith(3);
      expect((await reloadOf(folder, text)).kind).to.equal("loaded");
      expect(await reloadOf(folder, text)).to.deep.equal({ kind: "unchanged", load: 1 });
      expect((await reloadOf(folder, text, { protectedIds: new Set(["E1"]) })).kind).to.equal("loaded");
      expect((await reloadOf(folder, text, { force: true })).kind).to.equal("loaded");
    }));

  it("is a refusal of an export that is older than the one served, before anything is built; force loads it", () =>
    inTemporaryFolder(async (folder) => {
      await reloadOf(folder, exportWith(3));
      const before = await stored(folder);
      expect(before).not.to.deep.equal({});
      const outcome = await reloadOf(folder, exportWith(3, "2009-03-01T18:00:00"));
      expect(outcome.kind).to.equal("refused");
      expect(outcome).not.to.have.property("report");
      expect(outcome.kind === "refused" && outcome.refusals[0]).to.match(/made 2009-03-01.*load 1/);
      expect(await stored(folder)).to.deep.equal(before);
      const forced = await reloadOf(folder, exportWith(3, "2009-03-01T18:00:00"), { force: true });
      expect(forced.kind === "loaded" && forced.overridden).to.have.length(1);
    }));

  it("is a refusal of an export from which too many are missing, with the report; force loads and records it", () =>
    inTemporaryFolder(async (folder) => {
      await reloadOf(folder, exportWith(60));
      const before = await stored(folder);
      expect(before).not.to.deep.equal({});
      const broken = exportWith(20, "2009-03-03T18:00:00");
      const outcome = await reloadOf(folder, broken);
      if (outcome.kind !== "refused") throw new Error(outcome.kind);
      expect(outcome.refusals.join("\n")).to.include("all schools: 20 persons instead of 60");
      expect(outcome.report?.changes[0]).to.deep.include({
        institution: "*",
        persons: { before: 60, after: 20 },
      });
      expect(await stored(folder)).to.deep.equal(before);
      const forced = await reloadOf(folder, broken, { force: true });
      if (forced.kind !== "loaded") throw new Error(forced.kind);
      expect(forced.overridden).to.deep.equal(outcome.refusals);
      const served = await lookingAt(databaseIn(folder), async (store) => store.served());
      expect(served?.forced).to.deep.equal(outcome.refusals);
    }));

  it("is a refusal without e-mail addresses where the settings require them", () =>
    inTemporaryFolder(async (folder) => {
      const outcome = await reloadOf(folder, exportWith(2), { requireEmail: true });
      expect(outcome.kind === "refused" && outcome.refusals).to.deep.equal([
        "2 persons have no e-mail address, which the setting requireEmail does not allow",
      ]);
      expect(loadFilesIn(folder)).to.deep.equal([]);
      expect(await stored(folder)).to.deep.equal({});
    }));

  it("is, of a dry run, the report and the differences, and nothing else", () =>
    inTemporaryFolder(async (folder) => {
      await reloadOf(folder, exportWith(3));
      const before = await stored(folder);
      expect(before).not.to.deep.equal({});
      const seen: string[] = [];
      const outcome = await reloadOf(folder, exportWith(4, "2009-03-03T18:00:00"), {
        dryRun: async (differences) => {
          for (const { of, kind, key } of differences.entries()) seen.push(`${of} ${kind} ${key.join(" ")}`);
        },
      });
      expect(outcome.kind === "dryRun" && outcome.report.counts.FFGKURS).to.equal(4);
      expect(seen).to.have.length(1);
      expect(seen[0]).to.match(/^registration added .*E4/);
      expect(await stored(folder)).to.deep.equal(before);
    }));

  it("lets persons and registrations of passed half-years live on for as long as the settings say", () =>
    inTemporaryFolder(async (folder) => {
      await reloadOf(folder, exportWith(2, "2009-03-02T18:00:00"));
      const next = (made: string) => exportOf([school("skola"), person("N1", { name: "Ny, Ny" })], made);
      const autumn = await reloadOf(folder, next("2009-10-01T18:00:00"), { historyTerms: 2 });
      if (autumn.kind !== "loaded") throw new Error(autumn.kind);
      expect(autumn.report.history).to.deep.equal({ occasions: 1, registrations: 2, persons: 2 });
      const { rows } = await generationIn(folder, autumn.report);
      expect(rows("REGISTERID, ENAMN FROM NAMN ORDER BY ID")).to.deep.equal(["E1 Alm", "E2 Alm", "N1 Ny"]);
      expect(rows("count(*) FROM FFGKURS")).to.deep.equal(["2"]);
      // Two half-years later they are gone.
      const late = await reloadOf(folder, next("2010-10-01T18:00:00"), { historyTerms: 2 });
      if (late.kind !== "loaded") throw new Error(late.kind);
      expect(late.report.history).to.deep.equal({ occasions: 0, registrations: 0, persons: 0 });
      expect((await generationIn(folder, late.report)).rows("REGISTERID FROM NAMN")).to.deep.equal(["N1"]);
    }));

  it("tells of a person who is carried over nothing but name and number, also when protected since", () =>
    inTemporaryFolder(async (folder) => {
      const reachable = person("R1", {
        name: "Ro, Ro",
        email: "r@example.org",
        tel: { Voice: "1" },
        adr: { street: "Gatan" },
      });
      await reloadOf(folder, exportWith(1, "2009-03-02T18:00:00", [reachable, learners("G1", "R1")]));
      const outcome = await reloadOf(
        folder,
        exportOf([school("skola"), person("N1")], "2009-10-01T18:00:00"),
        { historyTerms: 2, protectedIds: new Set(["R1"]) },
      );
      if (outcome.kind !== "loaded") throw new Error(outcome.kind);
      const { rows } = await generationIn(folder, outcome.report);
      expect(rows("ENAMN, SKYDDAD FROM NAMN WHERE REGISTERID = 'R1'")).to.deep.equal(["Ro 1"]);
      expect(rows("count(*) FROM TELEKOM")).to.deep.equal(["0"]);
      expect(rows("count(*) FROM ADRESS")).to.deep.equal(["0"]);
    }));
});
