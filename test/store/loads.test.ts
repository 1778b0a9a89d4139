import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { rollback } from "../../lib/reload/rollback.js";
import { openStore } from "../../lib/store/open.js";
import type { Generation } from "../../lib/store/queries.js";
import { generationFile } from "../../lib/store/sqlite/files.js";
import { takeReloadLock } from "../../lib/store/sqlite/reload-lock.js";
import { openServed, openSqliteStore, type SqliteStore } from "../../lib/store/sqlite/store.js";
import { inTemporaryFolder } from "../support/database.js";
import { ONE_OCCASION, publishGeneration } from "../support/generation.js";

const NOW = new Date("2026-11-24T08:00:00Z");
const AT = NOW.toISOString();

const withStore = (action: (store: SqliteStore, folder: string) => Promise<void>) =>
  inTemporaryFolder(async (folder) => {
    const store = await openSqliteStore(join(folder, "test.sqlite"));
    try {
      await action(store, folder);
    } finally {
      store.close();
    }
  });

const publish = async (store: SqliteStore, loads: number, keep = 10) => {
  for (let load = 1; load <= loads; load++) await publishGeneration(store, ONE_OCCASION, [], keep);
};

const servedNumber = async (store: SqliteStore) => (await store.current())?.number;
const rolledBack = async (store: SqliteStore) =>
  (await store.loads()).filter((load) => load.rolledBack !== null).map(({ number }) => number);
const kept = async (store: SqliteStore) =>
  (await store.keptLoads()).filter((load) => load.kept).map(({ number }) => number);

const failure = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    if (error instanceof AdresslistaError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("it did not fail");
};

describe("the record of a load", () => {
  it("says what it was made of, what was overridden, and has its report", () =>
    withStore(async (store) => {
      const record = {
        number: 1,
        loadedAt: AT,
        files: [{ name: "export.xml", sha256: "abc", bytes: 3 }],
        exportDatetime: "2026-11-23T18:00:00",
        counts: { NAMN: 1 },
        warnings: 2,
        forced: ["school VUX: 0 persons instead of 90"],
        inputs: "hash",
      };
      const report = { load: 1, causes: [{ cause: "personNoEmail", count: 2 }] };
      store.publish({ record, report, institutions: new Map(), anmkod: new Map() });
      expect(await store.served()).to.deep.equal({ ...record, rolledBack: null });
      expect(await store.report(1)).to.deep.equal(report);
      expect(await store.report(2)).to.equal(undefined);
      expect(store.servedFile()).to.equal(generationFile(store.database, 1));
    }));

  it("has nothing to tell of before the first", () =>
    withStore(async (store) => {
      expect(await store.served()).to.equal(undefined);
      expect(store.servedFile()).to.equal(undefined);
      expect(await store.keptLoads()).to.deep.equal([]);
      expect(store.switches()).to.deep.equal([]);
    }));

  it("loses its report when it is no longer kept, and stays", () =>
    withStore(async (store) => {
      for (let number = 1; number <= 3; number++) {
        writeFileSync(generationFile(store.database, number), "");
        const record = { number, loadedAt: AT, files: [], exportDatetime: null, counts: {}, warnings: 0 };
        store.publish({ record, report: { load: number }, institutions: new Map(), anmkod: new Map() });
      }
      store.prune(2);
      expect(await store.report(1)).to.equal(undefined);
      expect(await store.report(2)).to.deep.equal({ load: 2 });
      expect((await store.loads()).map(({ number }) => number)).to.deep.equal([3, 2, 1]);
    }));

  it("says whether it can be gone back to: its file is there and of this version", () =>
    withStore(async (store) => {
      await publish(store, 4);
      rmSync(generationFile(store.database, 1));
      const old = new Sqlite(generationFile(store.database, 2));
      old.pragma("user_version = 1");
      old.close();
      writeFileSync(generationFile(store.database, 3), "no database ".repeat(100));
      expect(await kept(store)).to.deep.equal([4]);
    }));
});

describe("a rollback", () => {
  it("goes to the newest older load, at once, also for others who have the store open", () =>
    withStore(async (store) => {
      await publish(store, 3);
      const service = await openSqliteStore(store.database);
      try {
        expect(await servedNumber(service)).to.equal(3);
        expect(store.rollback(undefined, NOW)).to.deep.equal({ from: 3, to: 2 });
        expect(await servedNumber(service)).to.equal(2);
        expect(await servedNumber(store)).to.equal(2);
      } finally {
        service.close();
      }
    }));

  it("goes further back each time, and to any load that is named", () =>
    withStore(async (store) => {
      await publish(store, 4);
      store.rollback(undefined, NOW);
      expect(store.rollback(undefined, NOW)).to.deep.equal({ from: 3, to: 2 });
      expect(store.rollback(4, NOW)).to.deep.equal({ from: 2, to: 4 });
      expect(store.rollback(1, NOW)).to.deep.equal({ from: 4, to: 1 });
    }));

  it("marks the loads that are gone back from; going forward again clears the mark of the one that is served", () =>
    withStore(async (store) => {
      await publish(store, 3);
      store.rollback(1, NOW);
      expect(await rolledBack(store)).to.deep.equal([3, 2]);
      expect((await store.loads())[0]?.rolledBack).to.equal(AT);
      store.rollback(2, new Date("2026-11-25T08:00:00Z"));
      expect(await rolledBack(store)).to.deep.equal([3]);
      expect((await store.loads())[0]?.rolledBack, "when it was first gone back from").to.equal(AT);
    }));

  it("does not go back to a load that was gone back from, unless it is named", () =>
    withStore(async (store) => {
      await publish(store, 2);
      store.rollback(undefined, NOW);
      await publish(store, 1);
      expect(store.rollback(undefined, NOW)).to.deep.equal({ from: 3, to: 1 });
      expect(store.rollback(2, NOW)).to.deep.equal({ from: 1, to: 2 });
    }));

  it("leaves a record of what was served when", () =>
    withStore(async (store) => {
      await publish(store, 2);
      store.rollback(undefined, NOW);
      expect(store.switches().map(({ from, to, kind }) => ({ from, to, kind }))).to.deep.equal([
        { from: null, to: 1, kind: "load" },
        { from: 1, to: 2, kind: "load" },
        { from: 2, to: 1, kind: "rollback" },
      ]);
      expect(store.switches()[2]?.at).to.equal(AT);
    }));

  it("says which loads there are when it cannot be, and changes nothing", () =>
    withStore(async (store) => {
      expect(failure(() => store.rollback(undefined, NOW))).to.equal(
        "usage: nothing is loaded: there is none to go back to",
      );
      await publish(store, 1);
      expect(failure(() => store.rollback(undefined, NOW))).to.equal(
        "usage: no older load than 1 is kept: there is none to go back to",
      );
      await publish(store, 3);
      rmSync(generationFile(store.database, 2));
      expect(failure(() => store.rollback(2, NOW))).to.equal("usage: load 2 is not kept: there are 3, 1");
      expect(failure(() => store.rollback(9, NOW))).to.equal("usage: load 9 is not kept: there are 3, 1");
      expect(failure(() => store.rollback(4, NOW))).to.equal(
        "usage: load 4 is the one that is served: there are 3, 1",
      );
      expect(await servedNumber(store)).to.equal(4);
      expect(await rolledBack(store)).to.deep.equal([]);
      expect(store.switches()).to.have.length(4);
    }));

  it("skips a load whose file is gone", () =>
    withStore(async (store) => {
      await publish(store, 3);
      rmSync(generationFile(store.database, 2));
      expect(store.rollback(undefined, NOW)).to.deep.equal({ from: 3, to: 1 });
    }));

  it("leaves the files as they are, and the next load removes those gone back from first", () =>
    withStore(async (store) => {
      await publish(store, 3, 3);
      store.rollback(1, NOW);
      expect(await kept(store)).to.deep.equal([3, 2, 1]);
      await publishGeneration(store, ONE_OCCASION, [], 3);
      expect(await kept(store)).to.deep.equal([4, 3, 1]);
      await publishGeneration(store, ONE_OCCASION, [], 3);
      expect(await kept(store)).to.deep.equal([5, 4, 1]);
    }));

  it("waits for no reload: it is told that one runs", () =>
    withStore(async (store) => {
      await publish(store, 2);
      const release = takeReloadLock(store.database);
      const error = await rollback(store.database, undefined, NOW).catch((reason: unknown) => reason);
      expect(error).to.have.property("code", "busy");
      release();
      expect(await rollback(store.database, undefined, NOW)).to.deep.equal({ from: 2, to: 1 });
      expect(await servedNumber(store)).to.equal(1);
    }));
});

describe("the served load", () => {
  const generation = (number: number) => ({ number }) as Generation;

  it("is asked for again when its file went while it was being opened", () => {
    const numbers = [1, 3, 3];
    const opened: number[] = [];
    const found = openServed(
      () => numbers.shift() ?? 3,
      (number) => {
        opened.push(number);
        if (number === 1) throw new AdresslistaError("database", "no such file");
        return generation(number);
      },
    );
    expect(found?.number).to.equal(3);
    expect(opened).to.deep.equal([1, 3]);
  });

  it("is an error when it cannot be opened and stays the served one", () => {
    const open = () => {
      throw new AdresslistaError("database", "damaged");
    };
    expect(() => openServed(() => 1, open)).to.throw("damaged");
    let number = 0;
    expect(() => openServed(() => ++number, open), "superseded for ever").to.throw("damaged");
  });
});

describe("a store that is opened for looking", () => {
  const state = (folder: string) =>
    readdirSync(folder)
      .filter((name) => !/-(?:shm|wal)$/.test(name))
      .map((name) => {
        const { mtimeMs, mode } = statSync(join(folder, name));
        return { name, mtimeMs, mode, bytes: readFileSync(join(folder, name)).toString("base64") };
      });

  it("answers, and changes no file", () =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, "test.sqlite");
      const writing = await openSqliteStore(file);
      await publish(writing, 2);
      writing.close();
      const before = state(folder);
      const store = await openStore(file, { readOnly: true });
      expect((await store.served())?.number).to.equal(2);
      expect((await store.current())?.number).to.equal(2);
      expect(await store.listCallers()).to.deep.equal([]);
      await store.close();
      expect(state(folder)).to.deep.equal(before);
    }));

  it("cannot be written to", () =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, "test.sqlite");
      (await openSqliteStore(file)).close();
      const store = await openSqliteStore(file, { readOnly: true });
      expect(failure(() => store.editCodes("institutions", [{ groupId: "s", kod: "VUX" }]))).to.match(
        /^database: cannot edit the codes \(SQLITE_READONLY/,
      );
      store.close();
    }));

  it("is not made when there is none", () =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, "test.sqlite");
      const error = await openStore(file, { readOnly: true }).catch((reason: unknown) => reason);
      expect(error).to.have.property("code", "database");
      expect(String(error)).to.include(basename(file));
      expect(existsSync(file)).to.equal(false);
    }));

  it("of the first version is brought up to date, with the loads it had", () =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, "test.sqlite");
      const store = await openSqliteStore(file);
      await publish(store, 1);
      store.close();
      toFirstVersion(file);
      const looking = await openStore(file, { readOnly: true });
      expect(await looking.served()).to.deep.include({
        number: 1,
        forced: [],
        inputs: null,
        rolledBack: null,
      });
      expect(await looking.report(1)).to.equal(undefined);
      await looking.close();
    }));
});

/** Takes back what migration 002 did. */
function toFirstVersion(file: string): void {
  const connection = new Sqlite(file);
  for (const column of ["FORCED", "INPUTS", "REPORT", "ROLLED_BACK"]) {
    connection.exec(`ALTER TABLE LOAD DROP COLUMN ${column}`);
  }
  connection.exec("DROP TABLE LOAD_SWITCH");
  connection.exec("DROP TABLE CODE_EDIT");
  connection.exec("DELETE FROM knex_migrations WHERE name LIKE '002%'");
  connection.close();
}
