import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { rollback } from "../../lib/reload/rollback.js";
import type { LoadStore } from "../../lib/store/loads.js";
import { openStore } from "../../lib/store/open.js";
import type { Generation } from "../../lib/store/queries.js";
import { generationFile } from "../../lib/store/sqlite/files.js";
import { openServed, openSqliteStore } from "../../lib/store/sqlite/store.js";
import {
  contentsOf,
  databaseExists,
  databaseIn,
  ENGINE,
  failureOf,
  inTemporaryFolder,
  itOnSqlite,
  makeOfVersion,
  removeLoad,
} from "../support/database.js";
import { ONE_OCCASION, openStoreIn, publishGeneration, withStore } from "../support/generation.js";

const NOW = new Date("2026-11-24T08:00:00Z");
const AT = NOW.toISOString();

const publish = async (store: LoadStore, loads: number, keep = 10) => {
  for (let load = 1; load <= loads; load++) await publishGeneration(store, ONE_OCCASION, [], keep);
};

const servedNumber = async (store: LoadStore) => (await store.current())?.number;
const rolledBack = async (store: LoadStore) =>
  (await store.loads()).filter((load) => load.rolledBack !== null).map(({ number }) => number);
const kept = async (store: LoadStore) =>
  (await store.keptLoads()).filter((load) => load.kept).map(({ number }) => number);

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
      await store.publish({ record, report, institutions: new Map(), anmkod: new Map() });
      expect(await store.served()).to.deep.equal({ ...record, rolledBack: null });
      expect(await store.report(1)).to.deep.equal(report);
      expect(await store.report(2)).to.equal(undefined);
    }));

  it("has the load as a file for the next one to compare with", () =>
    withStore(async (store, folder) => {
      await publish(store, 1);
      const file = await store.servedFile();
      expect(file && basename(file)).to.match(/\.load-1\.sqlite$/);
      if (file === undefined) return;
      const connection = new Sqlite(file, { readonly: true });
      expect(connection.prepare("SELECT KURSKOD FROM KTILL2").pluck().all()).to.deep.equal(["MATMAT02b"]);
      connection.close();
      await store.close();
      // What was fetched for it holds personal data, and goes.
      expect(existsSync(file)).to.equal(ENGINE === "SQLite");
      await (await openStoreIn(folder)).close();
    }));

  it("has nothing to tell of before the first", () =>
    withStore(async (store) => {
      expect(await store.served()).to.equal(undefined);
      expect(await store.servedFile()).to.equal(undefined);
      expect(await store.keptLoads()).to.deep.equal([]);
      expect(await store.switches()).to.deep.equal([]);
    }));

  it("loses its report when it is no longer kept, and stays", () =>
    withStore(async (store) => {
      for (let load = 1; load <= 3; load++) await publishGeneration(store, ONE_OCCASION, [], 3, { load });
      expect(await store.report(1)).to.deep.equal({ load: 1 });
      await store.prune(2);
      expect(await store.report(1)).to.equal(undefined);
      expect(await store.report(2)).to.deep.equal({ load: 2 });
      expect((await store.loads()).map(({ number }) => number)).to.deep.equal([3, 2, 1]);
    }));

  it("says whether it can be gone back to: it is there and of this version", () =>
    withStore(async (store, folder) => {
      await publish(store, 4);
      await removeLoad(databaseIn(folder), 1);
      await makeOfVersion(databaseIn(folder), 2, 1);
      expect(await kept(store)).to.deep.equal([4, 3]);
    }));

  itOnSqlite("says that it cannot be gone back to when its file is damaged", () =>
    withStore(async (store, folder) => {
      await publish(store, 2);
      writeFileSync(generationFile(databaseIn(folder), 1), "no database ".repeat(100));
      expect(await kept(store)).to.deep.equal([2]);
    }),
  );
});

describe("a rollback", () => {
  it("goes to the newest older load, at once, also for others who have the store open", () =>
    withStore(async (store, folder) => {
      await publish(store, 3);
      const service = await openStoreIn(folder);
      try {
        expect(await servedNumber(service)).to.equal(3);
        expect(await store.rollback(undefined, NOW)).to.deep.equal({ from: 3, to: 2 });
        expect(await servedNumber(service)).to.equal(2);
        expect(await servedNumber(store)).to.equal(2);
      } finally {
        await service.close();
      }
    }));

  it("goes further back each time, and to any load that is named", () =>
    withStore(async (store) => {
      await publish(store, 4);
      await store.rollback(undefined, NOW);
      expect(await store.rollback(undefined, NOW)).to.deep.equal({ from: 3, to: 2 });
      expect(await store.rollback(4, NOW)).to.deep.equal({ from: 2, to: 4 });
      expect(await store.rollback(1, NOW)).to.deep.equal({ from: 4, to: 1 });
    }));

  it("marks the loads that are gone back from; going forward again clears the mark of the one that is served", () =>
    withStore(async (store) => {
      await publish(store, 3);
      await store.rollback(1, NOW);
      expect(await rolledBack(store)).to.deep.equal([3, 2]);
      expect((await store.loads())[0]?.rolledBack).to.equal(AT);
      await store.rollback(2, new Date("2026-11-25T08:00:00Z"));
      expect(await rolledBack(store)).to.deep.equal([3]);
      expect((await store.loads())[0]?.rolledBack, "when it was first gone back from").to.equal(AT);
    }));

  it("does not go back to a load that was gone back from, unless it is named", () =>
    withStore(async (store) => {
      await publish(store, 2);
      await store.rollback(undefined, NOW);
      await publish(store, 1);
      expect(await store.rollback(undefined, NOW)).to.deep.equal({ from: 3, to: 1 });
      expect(await store.rollback(2, NOW)).to.deep.equal({ from: 1, to: 2 });
    }));

  it("leaves a record of what was served when", () =>
    withStore(async (store) => {
      await publish(store, 2);
      await store.rollback(undefined, NOW);
      expect((await store.switches()).map(({ from, to, kind }) => ({ from, to, kind }))).to.deep.equal([
        { from: null, to: 1, kind: "load" },
        { from: 1, to: 2, kind: "load" },
        { from: 2, to: 1, kind: "rollback" },
      ]);
      expect((await store.switches())[2]?.at).to.equal(AT);
    }));

  it("says which loads there are when it cannot be, and changes nothing", () =>
    withStore(async (store, folder) => {
      expect(await failureOf(() => store.rollback(undefined, NOW))).to.equal(
        "usage: nothing is loaded: there is none to go back to",
      );
      await publish(store, 1);
      expect(await failureOf(() => store.rollback(undefined, NOW))).to.equal(
        "usage: no older load than 1 is kept: there is none to go back to",
      );
      await publish(store, 3);
      await removeLoad(databaseIn(folder), 2);
      expect(await failureOf(() => store.rollback(2, NOW))).to.equal(
        "usage: load 2 is not kept: there are 3, 1",
      );
      expect(await failureOf(() => store.rollback(9, NOW))).to.equal(
        "usage: load 9 is not kept: there are 3, 1",
      );
      expect(await failureOf(() => store.rollback(4, NOW))).to.equal(
        "usage: load 4 is the one that is served: there are 3, 1",
      );
      expect(await servedNumber(store)).to.equal(4);
      expect(await rolledBack(store)).to.deep.equal([]);
      expect(await store.switches()).to.have.length(4);
    }));

  it("skips a load that is gone", () =>
    withStore(async (store, folder) => {
      await publish(store, 3);
      await removeLoad(databaseIn(folder), 2);
      expect(await store.rollback(undefined, NOW)).to.deep.equal({ from: 3, to: 1 });
    }));

  it("leaves the files as they are, and the next load removes those gone back from first", () =>
    withStore(async (store) => {
      await publish(store, 3, 3);
      await store.rollback(1, NOW);
      expect(await kept(store)).to.deep.equal([3, 2, 1]);
      await publishGeneration(store, ONE_OCCASION, [], 3);
      expect(await kept(store)).to.deep.equal([4, 3, 1]);
      await publishGeneration(store, ONE_OCCASION, [], 3);
      expect(await kept(store)).to.deep.equal([5, 4, 1]);
    }));

  it("waits for no reload: it is told that one runs", () =>
    withStore(async (store, folder) => {
      await publish(store, 2);
      const { release } = await store.takeReloadLock();
      expect(await failureOf(() => rollback(databaseIn(folder), undefined, NOW))).to.match(/^busy: /);
      await release();
      expect(await rollback(databaseIn(folder), undefined, NOW)).to.deep.equal({ from: 2, to: 1 });
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
  const looking = (folder: string) => openStore(databaseIn(folder), { readOnly: true });

  it("answers, and changes nothing", () =>
    withStore(async (writing, folder) => {
      await publish(writing, 2);
      await writing.close();
      const before = await contentsOf(databaseIn(folder));
      const store = await looking(folder);
      expect((await store.served())?.number).to.equal(2);
      expect((await store.current())?.number).to.equal(2);
      expect(await store.listCallers()).to.deep.equal([]);
      await store.close();
      expect(await contentsOf(databaseIn(folder))).to.deep.equal(before);
    }));

  itOnSqlite("changes no file, nor when it was changed, nor who may read it", () =>
    withStore(async (writing, folder) => {
      await publish(writing, 2);
      await writing.close();
      const state = () =>
        readdirSync(join(folder, "data"))
          .filter((name) => !/-(?:shm|wal)$/.test(name))
          .map((name) => {
            const { mtimeMs, mode } = statSync(join(folder, "data", name));
            return { name, mtimeMs, mode };
          });
      const before = state();
      const store = await looking(folder);
      expect((await store.current())?.number).to.equal(2);
      await store.close();
      expect(state()).to.deep.equal(before);
    }),
  );

  itOnSqlite("cannot be written to", () =>
    inTemporaryFolder(async (folder) => {
      await (await openStoreIn(folder)).close();
      const store = await looking(folder);
      expect(await failureOf(() => store.editCodes("institutions", [{ groupId: "s", kod: "VUX" }]))).to.match(
        /^database: cannot edit the codes \(SQLITE_READONLY/,
      );
      await store.close();
    }),
  );

  it("is not made when there is none", () =>
    inTemporaryFolder(async (folder) => {
      expect(await failureOf(() => looking(folder))).to.match(/^database: /);
      expect(await databaseExists(databaseIn(folder))).to.equal(false);
    }));

  itOnSqlite("of the first version is brought up to date, with the loads it had", () =>
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
    }),
  );
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
