import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { generateExport } from "../../lib/sample/generate.js";
import type { CallerRecord } from "../../lib/store/queries.js";
import { openSqliteStore } from "../../lib/store/sqlite/store.js";
import { inTemporaryFolder } from "../support/generation.js";
import { withService } from "../support/service.js";

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
    of: /FROM PROGRAMREG r .* r\.TYP = 'FFG' ORDER BY r\.PERSON$/,
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
    of: /knex_migrations|sqlite_master/,
    step: /^SCAN (sqlite_master|knex_migrations|knex_migrations_lock)$/,
    because: "the database's own tables, once when it is opened",
  },
];

interface Prepared {
  /** `generation.ts:78` */
  readonly place: string;
  readonly sql: string;
  readonly steps: readonly string[];
}

const caller: CallerRecord = {
  name: "portalen",
  institutions: ["VUX"],
  addresses: [],
  expires: null,
  verifier: "secret",
  secretHash: "scrypt$…",
  created: "2026-11-24T00:00:00.000Z",
};

describe("the store's queries", () => {
  const prepared = new Map<string, Prepared>();
  const places = new Set<string>();
  const original = Sqlite.prototype.prepare;

  before("every method of the store and of a generation has been called", async () => {
    Sqlite.prototype.prepare = function (this: Sqlite.Database, sql: string) {
      const called = placesIn(new Error().stack ?? "");
      for (const place of called) places.add(place);
      const [place] = called;
      if (place !== undefined && !/^\s*PRAGMA/i.test(sql)) {
        prepared.set(`${place} ${sql}`, { place, sql: oneLine(sql), steps: stepsOf(this, sql) });
      }
      return original.call(this, sql);
    } as typeof original;
    await inTemporaryFolder(async (folder) => {
      const exportFile = join(folder, "export.xml");
      const size = { seed: 3, persons: 2_000, occasions: 1_200, memberships: 6_000 };
      writeFileSync(exportFile, [...generateExport(size)].join(""));
      await withService({ exportFile }, async ({ database, reload }) => {
        await useAll(database);
        await reload({ file: exportFile });
        const store = await openSqliteStore(database);
        store.rollback(undefined, new Date());
        store.prune(1);
        store.close();
      });
    });
  });

  after(() => {
    Sqlite.prototype.prepare = original;
  });

  it("are all looked at", () => {
    const written = FILES.flatMap((file) =>
      readFileSync(fileURLToPath(new URL(`../../lib/store/sqlite/${file}`, import.meta.url)), "utf8")
        .split("\n")
        .flatMap((line, index) => (/(\w|^\s*)\.prepare\(/.test(line) ? [{ file, line: index + 1 }] : [])),
    );
    expect(written).to.have.length.above(40);
    // What other specs load may map every line of a stack one too far.
    const [fewest] = [0, 1]
      .map((shift) => written.filter(({ file, line }) => !places.has(`${file}:${line + shift}`)))
      .sort((a, b) => a.length - b.length);
    expect(fewest).to.deep.equal([]);
  });

  it("read no table from end to end, and sort nothing beside the index", () => {
    const costly = [...prepared.values()].flatMap(({ place, sql, steps }) =>
      costlyOf(steps)
        .filter((step) => !MEANT.some((meant) => meant.of.test(sql) && meant.step.test(step)))
        .map((step) => `${place} ${step}: ${sql}`),
    );
    expect(costly).to.deep.equal([]);
  });

  it("have no exception that is not needed any more", () => {
    const all = [...prepared.values()];
    const unneeded = MEANT.filter(
      (meant) =>
        !all.some(({ sql, steps }) => meant.of.test(sql) && steps.some((step) => meant.step.test(step))),
    );
    expect(unneeded.map(({ step, because }) => `${step}: ${because}`)).to.deep.equal([]);
  });

  it("would be told of when they read a whole table or sort it", () => {
    const connection = new Sqlite(":memory:");
    connection.exec("CREATE TABLE NAMN (ID INTEGER PRIMARY KEY, ENAMN TEXT)");
    const steps = stepsOf(connection, "SELECT ID FROM NAMN WHERE ENAMN = ? ORDER BY ID");
    const sorted = stepsOf(connection, "SELECT ID FROM NAMN ORDER BY ENAMN");
    connection.close();
    expect(costlyOf(steps)).to.deep.equal(["SCAN NAMN"]);
    expect(costlyOf(sorted)).to.deep.equal(["SCAN NAMN", "USE TEMP B-TREE FOR ORDER BY"]);
  });

  /** The steps of SQLite's plan, on the connection's own tables and statistics. */
  function stepsOf(connection: Sqlite.Database, sql: string): string[] {
    const statement = original.call(connection, `EXPLAIN QUERY PLAN ${sql}`) as Sqlite.Statement<unknown[]>;
    return (statement.all(...nothingFor(sql)) as { detail: string }[]).map(({ detail }) => detail);
  }
});

/** Calls whatever prepares a query when it is called; all others are prepared when a store or a generation opens. */
async function useAll(database: string): Promise<void> {
  const store = await openSqliteStore(database);
  try {
    expect(await store.current()).not.to.equal(undefined);
    await store.addCaller(caller);
    await store.removeCaller(caller.name);
    store.codeRegister();
    store.codeEdits();
    store.switches();
    store.sweep();
    const row = { groupId: "grupp-1", kod: "VUX" };
    await store.editCodes("institutions", [row]);
    await store.editCodes("institutions", [], [row]);
  } finally {
    store.close();
  }
  (await openSqliteStore(database, { readOnly: true })).close();
}

/** Steps that read a whole table, or sort. What an inner query has found is read whole: that has steps of its own. */
function costlyOf(steps: readonly string[]): string[] {
  const inner = steps.flatMap((step) => /^(?:CO-ROUTINE|MATERIALIZE) (.+)$/.exec(step)?.[1] ?? []);
  const harmless = new Set(["SCAN CONSTANT ROW", ...inner.map((name) => `SCAN ${name}`)]);
  return steps.filter((step) => COSTLY.test(step) && !harmless.has(step));
}

/** Lines of the store's files in a stack, the innermost first. */
function placesIn(stack: string): string[] {
  return [...stack.matchAll(/\/lib\/store\/sqlite\/([\w-]+\.ts):(\d+)/g)]
    .filter(([, file]) => (FILES as readonly string[]).includes(file ?? ""))
    .map(([, file, line]) => `${file}:${line}`);
}

/** As many NULLs as the query has parameters. */
function nothingFor(sql: string): unknown[] {
  const text = sql.replaceAll(/'[^']*'/g, "''");
  const names = [...text.matchAll(/[:$@](\w+)/g)].map(([, name]) => [name, null]);
  if (names.length > 0) return [Object.fromEntries(names)];
  return (text.match(/\?/g) ?? []).map(() => null);
}

function oneLine(sql: string): string {
  return sql.replaceAll(/\s+/g, " ").trim();
}
