import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { before, it } from "mocha";
import { PROCESSES_MILLISECONDS, ROOT } from "../cli/program.js";
import { describeOnSqlite } from "../support/database.js";
import type { PreparedQueries } from "./prepared-queries.js";

/**
 * The cost of a call depends on what it returns, not on the size of the register: so no query reads a whole table, and
 * rows come out of an index in their order. Each query is explained by SQLite on the connection that prepared it, in a
 * store that has been loaded and ANALYZEd as any other.
 */
const FILES = ["generation.ts", "callers.ts", "store.ts", "code-registers.ts"] as const;

/** A step of a plan that reads all there is of something, or sorts it. */
const COSTLY = /^(SCAN|USE TEMP B-TREE)\b/;

/** Costly steps that are meant to be: of which queries, what SQLite says, and why it is right. */
const MEANT: readonly { readonly of: RegExp; readonly step: RegExp; readonly because: string }[] = [
  { of: /FROM INSTITUTION$/, step: /^SCAN INSTITUTION$/, because: "asked for whole: some ten rows" },
  { of: /FROM ORT$/, step: /^SCAN ORT$/, because: "asked for whole: some ten rows" },
  {
    of: /CROSS JOIN (PROGPLK|KTILLP) r .* ORDER BY p\.PROGR/s,
    step: /^USE TEMP B-TREE FOR ORDER BY$/,
    because: "a course's programmes in one term: a handful",
  },
  {
    of: /^SELECT DISTINCT t\.INSTITUTIONS/,
    step: /^USE TEMP B-TREE FOR DISTINCT$/,
    because: "one person's registrations",
  },
  { of: /json_each/, step: /^SCAN (i|json_each) VIRTUAL TABLE/, because: "a list of codes that is given" },
  {
    of: /FROM NAMN n .* WHERE n\.PNR >= :pnr/,
    step: /^USE TEMP B-TREE FOR ORDER BY$/,
    because: "persons whose numbers begin alike, by at least a birth date: a handful",
  },
  {
    of: /FROM PROGRAMREG r .* r\.TYP = 'FFG' ORDER BY r\.PERSON( LIMIT \?)?$/,
    step: /^USE TEMP B-TREE FOR ORDER BY$/,
    because: "one programme's participants in one occasion: no more than are returned",
  },
  {
    of: /(FROM|UPDATE) LOAD\b|FROM LOAD_SWITCH/,
    step: /^SCAN LOAD(_SWITCH)?$/,
    because: "one row a night; not asked for by any call",
  },
  {
    of: /FROM CALLER ORDER BY NAME$/,
    step: /^SCAN CALLER USING INDEX sqlite_autoindex_CALLER_1$/,
    because: "all portals in order of their names: read when something has been written, not in each call",
  },
  {
    of: /ORDER BY LAST DESC LIMIT -1 OFFSET/,
    step: /^SCAN FAILED_LOGIN USING INDEX/,
    because: "the oldest beyond a fixed number, in the index's order",
  },
  {
    of: /FROM (INSTITUTION|ANMKOD)_CODE/,
    step: /^(SCAN (INSTITUTION|ANMKOD)_CODE\b|USE TEMP B-TREE FOR LAST TERM OF ORDER BY$)/,
    because: "the whole register of codes, for a load or for the administrator",
  },
  {
    of: /FROM SCHOOL_COUNT ORDER BY INST, KIND, TERMIN$/,
    step: /^(SCAN SCHOOL_COUNT|USE TEMP B-TREE FOR ORDER BY)$/,
    because: "all counts of a load, once a night, for its guards",
  },
  {
    of: /knex_migrations|sqlite_master/,
    step: /^SCAN (sqlite_master|knex_migrations|knex_migrations_lock)$/,
    because: "the database's own tables, once when it is opened",
  },
];

describeOnSqlite("the store's queries", function () {
  this.timeout(PROCESSES_MILLISECONDS);
  let found: PreparedQueries;

  before("every method of the store and of a generation has been called", async () => {
    const script = fileURLToPath(new URL("prepared-queries.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", script, ...FILES], {
      cwd: ROOT,
      env: { ...process.env, NODE_OPTIONS: "" },
      maxBuffer: 64 * 1024 * 1024,
    });
    found = JSON.parse(stdout) as PreparedQueries;
  });

  it("are all looked at", () => {
    const places = new Set(found.places);
    const written = FILES.flatMap((file) =>
      readFileSync(fileURLToPath(new URL(`../../lib/store/sqlite/${file}`, import.meta.url)), "utf8")
        .split("\n")
        .flatMap((line, index) => (/(\w|^\s*)\.prepare\(/.test(line) ? [`${file}:${index + 1}`] : [])),
    );
    expect(written).to.have.length.above(40);
    expect(written.filter((place) => !places.has(place))).to.deep.equal([]);
  });

  it("read no table from end to end, and sort nothing beside the index", () => {
    const costly = found.prepared.flatMap(({ place, sql, steps }) =>
      costlyOf(steps)
        .filter((step) => !MEANT.some((meant) => meant.of.test(sql) && meant.step.test(step)))
        .map((step) => `${place} ${step}: ${sql}`),
    );
    expect(costly).to.deep.equal([]);
  });

  it("have no exception that is not needed any more", () => {
    const all = found.prepared;
    const unneeded = MEANT.filter(
      (meant) =>
        !all.some(({ sql, steps }) => meant.of.test(sql) && steps.some((step) => meant.step.test(step))),
    );
    expect(unneeded.map(({ step, because }) => `${step}: ${because}`)).to.deep.equal([]);
  });

  it("would be told of when they read a whole table or sort it", () => {
    const connection = new Sqlite(":memory:");
    connection.exec("CREATE TABLE NAMN (ID INTEGER PRIMARY KEY, ENAMN TEXT)");
    const stepsOf = (sql: string) =>
      (connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]).map(
        ({ detail }) => detail,
      );
    const steps = stepsOf("SELECT ID FROM NAMN WHERE ENAMN = 'x' ORDER BY ID");
    const sorted = stepsOf("SELECT ID FROM NAMN ORDER BY ENAMN");
    connection.close();
    expect(costlyOf(steps)).to.deep.equal(["SCAN NAMN"]);
    expect(costlyOf(sorted)).to.deep.equal(["SCAN NAMN", "USE TEMP B-TREE FOR ORDER BY"]);
  });
});

/** Steps that read a whole table, or sort. What an inner query has found is read whole: that has steps of its own. */
function costlyOf(steps: readonly string[]): string[] {
  const inner = steps.flatMap((step) => /^(?:CO-ROUTINE|MATERIALIZE) (.+)$/.exec(step)?.[1] ?? []);
  const harmless = new Set(["SCAN CONSTANT ROW", ...inner.map((name) => `SCAN ${name}`)]);
  return steps.filter((step) => COSTLY.test(step) && !harmless.has(step));
}
