import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { generateExport } from "../../lib/sample/generate.js";
import type { CallerRecord } from "../../lib/store/queries.js";
import { openSqliteStore } from "../../lib/store/sqlite/store.js";
import { inTemporaryFolder } from "../support/database.js";
import { withService } from "../support/service.js";

/**
 * Run by query-plans.test.ts as a process of its own, since libraries of other specs change what a stack says of lines:
 * calls every method of the store and of a generation, and prints as JSON which queries were prepared where, with SQLite's
 * plan of each.
 */
const FILES = process.argv.slice(2);

export interface PreparedQueries {
  /** `generation.ts:78`: lines of the store's files on the way to a query. */
  readonly places: readonly string[];
  readonly prepared: readonly Prepared[];
}

export interface Prepared {
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

const prepared = new Map<string, Prepared>();
const places = new Set<string>();
const original = Sqlite.prototype.prepare;

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
const found: PreparedQueries = { places: [...places], prepared: [...prepared.values()] };
console.log(JSON.stringify(found));

/** The steps of SQLite's plan, on the connection's own tables and statistics. */
function stepsOf(connection: Sqlite.Database, sql: string): string[] {
  const statement = original.call(connection, `EXPLAIN QUERY PLAN ${sql}`) as Sqlite.Statement<unknown[]>;
  return (statement.all(...nothingFor(sql)) as { detail: string }[]).map(({ detail }) => detail);
}

/** Calls whatever prepares a query when it is called; all others are prepared when a store or a generation opens. */
async function useAll(database: string): Promise<void> {
  const store = await openSqliteStore(database);
  try {
    if ((await store.current()) === undefined) throw new Error("nothing is served");
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
  await inTemporaryFolder(async (folder) => {
    const empty = await openSqliteStore(join(folder, "empty.sqlite"));
    empty.adopt({
      callers: [],
      loads: [],
      switches: [],
      institutions: [],
      anmkod: [],
      codeEdits: 1,
    });
    empty.close();
  });
}

/** Lines of the store's files in a stack, the innermost first. */
function placesIn(stack: string): string[] {
  return [...stack.matchAll(/\/lib\/store\/sqlite\/([\w-]+\.ts):(\d+)/g)]
    .filter(([, file]) => FILES.includes(file ?? ""))
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
