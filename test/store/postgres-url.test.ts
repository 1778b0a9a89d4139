import { expect } from "chai";
import { describe, it } from "mocha";
import { databaseOfTenant, shownDatabase } from "../../lib/store/open.js";
import { isPostgresUrl, readPostgresUrl, wrongPostgresUrl } from "../../lib/store/postgres/url.js";

describe("the address of a PostgreSQL database", () => {
  it("is known from the path of a file", () => {
    expect(isPostgresUrl("postgres://u@h/d")).to.equal(true);
    expect(isPostgresUrl("PostgreSQL://u@h/d")).to.equal(true);
    expect(isPostgresUrl("data/postgres.sqlite")).to.equal(false);
  });

  it("names one host or several, and a schema when it is not the usual one", () => {
    expect(readPostgresUrl("postgres://u:p%40@h/d")).to.deep.equal({
      hosts: ["postgres://u:p%40@h/d"],
      database: "d",
      schema: "adresslista",
      shown: "PostgreSQL at h:5432/d, schema adresslista",
    });
    expect(
      readPostgresUrl("postgresql://u:p@h1:5433,[::1]:5434/d?schema=kil_1&sslmode=require"),
    ).to.deep.equal({
      hosts: ["postgres://u:p@h1:5433/d?sslmode=require", "postgres://u:p@[::1]:5434/d?sslmode=require"],
      database: "d",
      schema: "kil_1",
      shown: "PostgreSQL at h1:5433,[::1]:5434/d, schema kil_1",
    });
  });

  for (const wrong of [
    "postgres://",
    "postgres://u@h",
    "postgres://u@h/",
    "postgres:u@h/d",
    "postgres://u:a#b@h/d",
    "postgres://u@h:port/d",
    "postgres://u@h/d?schema=",
    "postgres://u@h/d?schema=Stor",
    "postgres://u@h/d?schema=user",
    "postgres://u@h/d?schema=full",
    "postgres://u@h/d?schema=pg_lista",
    `postgres://u@h/d?schema=${"s".repeat(53)}`,
  ]) {
    it(`is refused without being repeated: ${wrong.slice(0, 40)}`, () => {
      expect(wrongPostgresUrl(wrong)).to.be.a("string");
      expect(() => readPostgresUrl(wrong)).to.throw(/^database: the address of PostgreSQL /);
    });
  }

  it("may have a schema whose name only begins with a word of SQL's own", () => {
    for (const schema of ["users", "user_1", "fullmakt", "pgadresser"]) {
      expect(wrongPostgresUrl(`postgres://u@h/d?schema=${schema}`), schema).to.equal(undefined);
    }
  });

  it("is shown without user and password", () => {
    expect(shownDatabase("postgres://anna:hemligt@h/d")).to.not.match(/anna|hemligt/);
    expect(shownDatabase("data/a.sqlite")).to.equal("data/a.sqlite");
  });

  it("gives each tenant a schema, as SQLite gives it a file", () => {
    expect(databaseOfTenant("postgres://u:p@h1,h2/d?schema=a&sslmode=require", "stor-stad")).to.equal(
      "postgres://u:p@h1,h2/d?schema=a_t_stor__stad&sslmode=require",
    );
    expect(databaseOfTenant("/var/a.sqlite", "stor-stad")).to.equal("/var/a-stor-stad.sqlite");
  });
});
