import { copyFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { compareAnswers } from "../../lib/reload/compare-answers.js";
import { generationFile } from "../../lib/store/sqlite/files.js";
import { openGeneration } from "../../lib/store/sqlite/generation.js";
import { describeOnSqlite, inTemporaryFolder } from "../support/database.js";
import { databaseIn, loadFiles } from "./loading.js";

const SAMPLE = "data/sample-export.xml";

describeOnSqlite("comparing the answers of two databases", () => {
  it("finds equal ones equal, and counts them", () =>
    withCopy("", async (compared) => {
      expect(await compared()).to.be.above(200);
    }));

  for (const [what, change, told] of [
    [
      "a byte of a person",
      "UPDATE PERSONVO SET PERSONVO = PERSONVO || ' ' WHERE ID = (SELECT max(PERSON) FROM FFGKURS)",
      "participants of",
    ],
    [
      "an e-mail address",
      "UPDATE PERSONVO SET EMAIL = 'x@example.com' WHERE ID = (SELECT max(PERSON) FROM FFGKURS)",
      "participants of",
    ],
    [
      "a participant",
      "DELETE FROM FFGKURS WHERE (KTILL, PERSON) = (SELECT KTILL, PERSON FROM FFGKURS LIMIT 1)",
      "participants of",
    ],
    ["a course's name", "UPDATE KURS SET BENAMNING = 'Annan' WHERE ID = 1", "courses of"],
    ["an occasion's day", "UPDATE KTILL2 SET FROMDAT = '2001-01-01' WHERE ID = 1", "occasions of"],
    [
      "a later half-year",
      "DELETE FROM KTFORT2 WHERE KTILL = (SELECT min(KTILL) FROM KTFORT2)",
      "later half-years of",
    ],
    ["a programme", "UPDATE PROGRAM SET PROGR = 'ANNAT'", "programmes of"],
    ["a re-registration", "DELETE FROM OMKURS", "the re-registered of"],
    [
      "a participant of a programme",
      "DELETE FROM PROGRAMREG WHERE TYP = 'FFG'",
      "participants of a programme in",
    ],
    [
      "a participant of a programme who goes on",
      "DELETE FROM PROGRAMREG WHERE TYP = 'FO'",
      "participants of a programme in",
    ],
    ["a number", "UPDATE NAMN SET SEKEL = '18'", "persons by number"],
    ["a place", "UPDATE ORT SET BENAMN = 'Annanstans'", "places"],
  ] as const) {
    it(`finds ${what} that is another, and says where without a value`, () =>
      withCopy(change, async (compared) => {
        const error = await compared().catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(AdresslistaError);
        expect((error as Error).message).to.include(`the two databases answer differently: ${told}`);
        expect((error as Error).message).to.not.match(/Annan|x@example/);
      }));
  }
});

/** Compares a load of the sample with a copy of it in which something is changed. */
async function withCopy(
  change: string,
  look: (compared: () => Promise<number>) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    await loadFiles(folder, [SAMPLE], { historyTerms: 4, now: new Date("2026-11-24T03:00:00Z") });
    const file = generationFile(databaseIn(folder), 1);
    const copy = join(folder, "copy.sqlite");
    copyFileSync(file, copy);
    const connection = new Sqlite(copy);
    if (change !== "") expect(connection.prepare(change).run().changes).to.be.above(0);
    connection.close();
    const [one, other] = [openGeneration(file, 1), openGeneration(copy, 1)];
    try {
      await look(() => compareAnswers(one, other, async () => {}));
    } finally {
      one.close();
      other.close();
    }
  });
}
