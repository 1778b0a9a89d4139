import { readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import type { LoadStore } from "../../lib/store/loads.js";
import { openStore } from "../../lib/store/open.js";
import type { Generation, Participant } from "../../lib/store/queries.js";
import { buildGeneration } from "../../lib/store/sqlite/build.js";
import { buildingFile, generationFile } from "../../lib/store/sqlite/files.js";
import {
  databaseIn,
  ENGINE,
  failureOf,
  inTemporaryFolder,
  itOnSqlite,
  loadNumbersIn,
  makeOfVersion,
} from "../support/database.js";
import {
  NO_TABLES,
  ONE_OCCASION,
  openStoreIn,
  publishGeneration,
  registerOf,
  somePerson,
  withStore,
} from "../support/generation.js";

const served = async (store: LoadStore): Promise<Generation> => {
  const generation = await store.current();
  if (!generation) throw new Error("nothing is served");
  return generation;
};

const names = (participants: readonly Participant[]) =>
  participants.map(
    ({ regtyp, personVO }) => `${regtyp} ${/<enamn>(.*)<\/enamn>/.exec(personVO.toString())?.[1]}`,
  );

const FFG = { typ: "FFG", ktill: 1, kurskod: "MATMAT02b", termin: "20261", programmes: [] } as const;
const FO = { ...FFG, typ: "FO", termin: "20262" } as const;
const OM = { ...FFG, typ: "OM" } as const;

const caller = {
  name: "portalen",
  institutions: ["VUX"],
  addresses: ["192.0.2.0/24"],
  expires: "2027-06-30",
  verifier: "secret",
  secretHash: "scrypt$…",
  created: "2026-11-24T00:00:00.000Z",
} as const;

describe(`the ${ENGINE} store`, () => {
  it("has nothing to serve before the first load", () =>
    withStore(async (store) => {
      expect(await store.current()).to.equal(undefined);
      expect(await store.loads()).to.deep.equal([]);
    }));

  it("is made once when several open it anew at the same time", () =>
    inTemporaryFolder(async (folder) => {
      const open = () => openStoreIn(folder);
      const stores = await Promise.all([open(), open(), open(), open()]);
      for (const store of stores) {
        expect(await store.loads()).to.deep.equal([]);
        await store.close();
      }
      await (await open()).close();
    }));

  itOnSqlite("keeps its files for its own user", () =>
    withStore(async (store, folder) => {
      await publishGeneration(store, ONE_OCCASION, []);
      const files = readdirSync(join(folder, "data")).filter((file) => file.endsWith(".sqlite"));
      expect(files).to.have.length(2);
      for (const name of files) expect(statSync(join(folder, "data", name)).mode & 0o077, name).to.equal(0);
    }),
  );

  itOnSqlite("refuses a file that is no database, without quoting it", () =>
    inTemporaryFolder(async (folder) => {
      const file = join(folder, "other.sqlite");
      writeFileSync(file, "this is a text about Ann Annorlunda, not a database at all".repeat(100));
      const error = await openStore(file).catch((reason: unknown) => reason);
      expect(error).to.have.property("code", "database");
      expect(String(error))
        .to.match(/other\.sqlite|database/)
        .and.not.match(/Annorlunda/);
    }),
  );

  describe("loads", () => {
    it("serves a published generation, also to other connections, at the next question", () =>
      withStore(async (store, folder) => {
        const other = await openStoreIn(folder);
        try {
          expect(await other.current()).to.equal(undefined);
          const number = await publishGeneration(store, ONE_OCCASION, []);
          expect((await served(store)).number).to.equal(number);
          expect((await served(other)).number).to.equal(number);
          const next = await publishGeneration(store, ONE_OCCASION, []);
          expect((await served(other)).number).to.equal(next);
        } finally {
          await other.close();
        }
      }));

    it("let a call that began with the old generation end with it", () =>
      withStore(async (store) => {
        await publishGeneration(store, ONE_OCCASION, [somePerson("Gammal", { registrations: [FFG] })]);
        const old = await served(store);
        await publishGeneration(store, ONE_OCCASION, [somePerson("Ny", { registrations: [FFG] })], 1);
        const now = await served(store);
        expect(names(await old.participants([{ typ: "FFG", ktill: 1 }], false))).to.deep.equal([
          "FFG Gammal",
        ]);
        expect(names(await now.participants([{ typ: "FFG", ktill: 1 }], false))).to.deep.equal(["FFG Ny"]);
      }));

    it("keep as many generations as the setting says", () =>
      withStore(async (store) => {
        for (let load = 1; load <= 4; load++) await publishGeneration(store, ONE_OCCASION, [], 2);
        const kept = (await store.keptLoads()).filter((load) => load.kept);
        expect(kept.map(({ number }) => number)).to.deep.equal([4, 3]);
      }));

    it("leave nothing behind when they are discarded, and the served one served", () =>
      withStore(async (store, folder) => {
        const number = await publishGeneration(store, ONE_OCCASION, []);
        const filesIn = () => readdirSync(dirname(store.workbench)).sort();
        const before = filesIn();
        const builder = await buildGeneration(store.workbench, await store.nextLoadNumber());
        builder.addPerson(somePerson("p1"));
        await builder.discard();
        expect(filesIn()).to.deep.equal(before);
        expect(await loadNumbersIn(databaseIn(folder))).to.deep.equal([number]);
        expect((await served(store)).number).to.equal(number);
      }));

    it("are refused when a registration points at no occasion", () =>
      withStore(async (store) => {
        const builder = await buildGeneration(store.workbench, await store.nextLoadNumber());
        builder.addPerson(somePerson("p1", { registrations: [{ ...FFG, ktill: 99 }] }));
        await builder.write(registerOf(ONE_OCCASION));
        await builder.index();
        const refused = await builder.check().catch((error: Error) => error.message);
        expect(refused).to.match(/does not hold together.*FFGKURS/);
        await builder.discard();
      }));

    it("sweep away what a killed load left", () =>
      withStore(async (store) => {
        const { release } = await store.takeReloadLock();
        await store.sweep();
        for (const left of [buildingFile(store.workbench, 7), generationFile(store.workbench, 8)]) {
          writeFileSync(left, "half");
        }
        await store.sweep();
        await release();
        expect(readdirSync(dirname(store.workbench)).filter((name) => name.includes(".load-"))).to.deep.equal(
          [],
        );
      }));

    it("never reuse a number, and keep codes that were given", () =>
      withStore(async (store) => {
        await publishGeneration(store, ONE_OCCASION, []);
        expect(await store.nextLoadNumber()).to.equal(2);
        const record = { number: 2, loadedAt: "", files: [], exportDatetime: null, counts: {}, warnings: 0 };
        const institutions = new Map([["skola-1", "I001"]]);
        const anmkod = new Map([["grupp-1\u0000MATMAT02b", "A0001"]]);
        await store.publish({ record, institutions, anmkod });
        expect(await store.codeRegister()).to.deep.equal({ institutions, anmkod });
        const changed = {
          record: { ...record, number: 3 },
          institutions: new Map([["skola-1", "I999"]]),
          anmkod: new Map(),
        };
        await store.publish(changed);
        expect((await store.codeRegister()).institutions.get("skola-1")).to.equal("I001");
        expect((await store.loads()).map(({ number }) => number)).to.deep.equal([3, 2, 1]);
      }));

    it("run one at a time", () =>
      withStore(async (store, folder) => {
        const { release } = await store.takeReloadLock();
        const other = await openStoreIn(folder);
        try {
          expect(await failureOf(() => other.takeReloadLock())).to.match(/^busy: another reload is running/);
          await release();
          await (await other.takeReloadLock()).release();
        } finally {
          await other.close();
        }
      }));
  });

  describe("callers", () => {
    it("are kept, listed by name and removed", () =>
      withStore(async (store) => {
        await store.addCaller(caller);
        await store.addCaller({ ...caller, name: "annan", institutions: "*" });
        expect(await store.findCaller("portalen")).to.deep.equal(caller);
        expect((await store.listCallers()).map(({ name }) => name)).to.deep.equal(["annan", "portalen"]);
        expect(await store.removeCaller("portalen")).to.equal(true);
        expect(await store.removeCaller("portalen")).to.equal(false);
        expect(await store.findCaller("portalen")).to.equal(undefined);
      }));

    it("have a name once", () =>
      withStore(async (store) => {
        await store.addCaller(caller);
        expect(await failureOf(() => store.addCaller(caller))).to.equal(
          "usage: there is a caller portalen already",
        );
      }));

    it("change a version that every process sees", () =>
      withStore(async (store, folder) => {
        const other = await openStoreIn(folder);
        try {
          const before = [await store.callersVersion(), await other.callersVersion()];
          await store.addCaller(caller);
          expect(await store.callersVersion()).to.not.equal(before[0]);
          expect(await other.callersVersion()).to.not.equal(before[1]);
        } finally {
          await other.close();
        }
      }));

    it("do not change it when a load is published: who has proved their secret need not do so again", () =>
      withStore(async (store, folder) => {
        await store.addCaller(caller);
        const other = await openStoreIn(folder);
        try {
          const before = [await store.callersVersion(), await other.callersVersion()];
          await publishGeneration(store, ONE_OCCASION, []);
          expect((await other.current())?.number).to.equal(1);
          expect([await store.callersVersion(), await other.callersVersion()]).to.deep.equal(before);
        } finally {
          await other.close();
        }
      }));
  });
});

describe("a generation", () => {
  const withGeneration = (
    persons: readonly Parameters<typeof somePerson>[],
    action: (generation: Generation) => Promise<void>,
    tables = ONE_OCCASION,
  ) =>
    withStore(async (store) => {
      await publishGeneration(
        store,
        tables,
        persons.map((person) => somePerson(...person)),
      );
      await action(await served(store));
    });

  it("gives the participants of an occasion in list order", () =>
    withGeneration(
      [
        ["p1", { registrations: [FFG] }],
        ["p2", {}],
        ["p3", { registrations: [FFG] }],
      ],
      async (generation) => {
        expect(names(await generation.participants([{ typ: "FFG", ktill: 1 }], false))).to.deep.equal([
          "FFG p1",
          "FFG p3",
        ]);
      },
    ));

  it("lists a person of several searches once, with the first kind of FFG, FO, OM", () =>
    withGeneration(
      [
        ["p1", { registrations: [FO] }],
        ["p2", { registrations: [FFG, FO] }],
        ["p3", { registrations: [OM] }],
      ],
      async (generation) => {
        const found = await generation.participants(
          [
            { typ: "OM", kurskey: "MATMAT02B", termin: "20261", institutions: "*" },
            { typ: "FO", ktill: 1, termin: "20262" },
            { typ: "FFG", ktill: 1 },
          ],
          false,
        );
        expect(names(found)).to.deep.equal(["FO p1", "FFG p2", "OM p3"]);
      },
    ));

  it("keeps re-registrations of other institutions from a caller", () =>
    withGeneration([["p1", { registrations: [OM] }]], async (generation) => {
      const om = { typ: "OM", kurskey: "MATMAT02B", termin: "20261" } as const;
      expect(await generation.participants([{ ...om, institutions: ["VUX"] }], false)).to.have.length(1);
      expect(await generation.participants([{ ...om, institutions: ["SFI"] }], false)).to.deep.equal([]);
      expect(await generation.participants([{ ...om, institutions: [] }], false)).to.deep.equal([]);
    }));

  it("finds participants of a programme, and its code in the registration", () => {
    const program = { id: 1, groupId: "prog-1", program: "VARD", programinriktning: "GER" };
    const tables = {
      ...ONE_OCCASION,
      programs: [program],
      progplk: [{ program: 1, ktill: 1, termordn: "1" }],
    };
    return withGeneration(
      [
        ["p1", { registrations: [{ ...FFG, programmes: [1] }] }],
        ["p2", { registrations: [FFG] }],
      ],
      async (generation) => {
        const [row] = await generation.progplk("MATMAT02B", "20261");
        expect(row).to.include({
          typ: "FFG",
          program: "VARD",
          programinriktning: "GER",
          termordning: "1",
          ktill: 1,
        });
        const found = await generation.participants(
          [{ typ: "FFG", ktill: 1, programId: row?.programId ?? 0 }],
          false,
        );
        expect(names(found)).to.deep.equal(["FFG p1"]);
      },
      tables,
    );
  });

  it("gives e-mail entries only when asked", () =>
    withGeneration([["p1", { registrations: [FFG], email: "p1@example.se" }]], async (generation) => {
      const [without] = await generation.participants([{ typ: "FFG", ktill: 1 }], false);
      const [withEmail] = await generation.participants([{ typ: "FFG", ktill: 1 }], true);
      expect([without?.email, withEmail?.email]).to.deep.equal([null, "p1@example.se"]);
    }));

  it("knows an institution's courses by term, start terms and later ones", () =>
    withGeneration([], async (generation) => {
      const codes = async (termin?: string) =>
        (await generation.kursOfInstitution("VUX", termin)).map(({ kurskod }) => kurskod);
      expect(await codes()).to.deep.equal(["MATMAT02b"]);
      expect(await codes("20261")).to.deep.equal(["MATMAT02b"]);
      expect(await codes("20262")).to.deep.equal(["MATMAT02b"]);
      expect(await codes("20271")).to.deep.equal([]);
      expect(await generation.kursOfInstitution("SFI", undefined)).to.deep.equal([]);
    }));

  it("orders courses as Swedish does", () => {
    const kurs = ["ÖVN1", "ÅKE1", "ZOO1", "AAA1", "ÄMN1"].map((kurskod) => ({ kurskod, inst: "VUX" }));
    return withGeneration(
      [],
      async (generation) => {
        const codes = (await generation.kursOfInstitution("VUX", undefined)).map(({ kurskod }) => kurskod);
        expect(codes).to.deep.equal(["AAA1", "ZOO1", "ÅKE1", "ÄMN1", "ÖVN1"]);
      },
      { ...NO_TABLES, kurs },
    );
  });

  it("gives occasions by start term and by calendar term, with the name of their place", () =>
    withGeneration([], async (generation) => {
      const [first] = await generation.ktill2("MATMAT02B", "20261");
      expect(first).to.include({
        typ: "FFG",
        kalendertermin: "20261",
        termordning: "1",
        ortsbenamn: "Lingonköping",
      });
      expect(first?.institutions).to.deep.equal(["VUX"]);
      const fort = { typ: "FORT", starttermin: "20261", kalendertermin: "20262", termordning: "2" };
      expect((await generation.ktfort2("MATMAT02B", "20262", undefined))[0]).to.include(fort);
      expect((await generation.ktfort2("MATMAT02B", undefined, "20261"))[0]).to.include(fort);
      expect((await generation.ktfort2("MATMAT02B", "20262", "20261"))[0]).to.include(fort);
      expect(await generation.ktfort2("MATMAT02B", "20262", "20262")).to.deep.equal([]);
      expect(await generation.ktill2("MATMAT02B", "20262")).to.deep.equal([]);
    }));

  it("knows which values it may have written", () =>
    withGeneration([], async (generation) => {
      expect(await generation.holdsValue("Kurskod", "matmat02B")).to.equal(true);
      expect(await generation.holdsValue("Kurstakt", "50")).to.equal(true);
      expect(await generation.holdsValue("Kurstakt", "75")).to.equal(false);
      expect(await generation.holdsValue("Anmkod", "a0001")).to.equal(true);
      expect(await generation.holdsValue("Termordning", "2")).to.equal(true);
    }));

  it("is not opened when another version of the program made it", () =>
    withStore(async (store, folder) => {
      const number = await publishGeneration(store, ONE_OCCASION, []);
      await makeOfVersion(databaseIn(folder), number, 999);
      expect(await failureOf(() => store.current())).to.match(/another version.*reload/);
    }));
});
