import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { describe, it } from "mocha";
import { checkGeneration } from "../../lib/store/sqlite/check.js";

const TABLES = `
  CREATE TABLE NAMN (ID INTEGER PRIMARY KEY);
  CREATE TABLE ORT (KOD TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE KTILL2 (ID INTEGER PRIMARY KEY, ORT TEXT REFERENCES ORT (KOD));
  CREATE TABLE FFGKURS (KTILL INTEGER REFERENCES KTILL2 (ID), PERSON INTEGER REFERENCES NAMN (ID),
    PRIMARY KEY (KTILL, PERSON)) WITHOUT ROWID;
  CREATE TABLE TELEKOM (PERSON REFERENCES NAMN (ID));`;

const found = (rows: string) => {
  const connection = new Sqlite(":memory:");
  try {
    connection.pragma("foreign_keys = OFF");
    connection.exec(TABLES);
    connection.exec(rows);
    const finding = checkGeneration(connection);
    // What SQLite itself says of the same rows.
    const [dangling] = connection.pragma("foreign_key_check") as { table: string }[];
    expect(finding).to.deep.equal(dangling && { dangling: dangling.table });
    return finding;
  } finally {
    connection.close();
  }
};

const SOUND = `
  INSERT INTO NAMN VALUES (1), (2), (3);
  INSERT INTO ORT VALUES ('Ö');
  INSERT INTO KTILL2 VALUES (1, 'Ö'), (2, NULL);
  INSERT INTO FFGKURS VALUES (1, 1), (1, 3), (2, 2);
  INSERT INTO TELEKOM VALUES (1), (3), (NULL);`;

describe("the check of a built generation", () => {
  it("finds nothing where every row points at one that is there", () => {
    expect(found(SOUND)).to.equal(undefined);
    expect(found("")).to.equal(undefined);
  });

  for (const [what, rows] of [
    ["before the first one", "INSERT INTO FFGKURS VALUES (1, 0)"],
    ["behind the last one", "INSERT INTO FFGKURS VALUES (1, 4)"],
    ["that is negative", "INSERT INTO FFGKURS VALUES (-1, 1)"],
    ["that was taken out of the middle", "DELETE FROM NAMN WHERE ID = 2"],
    ["that is no number", "INSERT INTO TELEKOM VALUES ('zwei')"],
    ["that is no whole number", "INSERT INTO TELEKOM VALUES (1.5)"],
    ["of a table without rows", "DELETE FROM KTILL2; DELETE FROM FFGKURS WHERE KTILL = 2"],
    ["that is named by a text", "INSERT INTO KTILL2 VALUES (3, 'Å')"],
  ] as const) {
    it(`finds a row that points at one ${what}`, () => {
      expect(found(`${SOUND}${rows}`)).to.have.property("dangling");
    });
  }

  it("goes by what is there when numbers have gaps that nothing points into", () => {
    expect(found(`${SOUND} INSERT INTO NAMN VALUES (10); INSERT INTO FFGKURS VALUES (2, 10);`)).to.equal(
      undefined,
    );
  });
});
