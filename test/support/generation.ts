import { join } from "node:path";
import type { LadokTables, PersonData } from "../../lib/mapping/rows.js";
import type { LoadStore } from "../../lib/store/loads.js";
import { openLoadStore } from "../../lib/store/open.js";
import type { FinishedPerson, FinishedRegister } from "../../lib/store/sqlite/build.js";
import { buildGeneration } from "../../lib/store/sqlite/build.js";
import { databaseIn, inTemporaryFolder } from "./database.js";

export const NO_TABLES: LadokTables = {
  institutions: [],
  kurs: [],
  ktill2: [],
  ktfort2: [],
  ort: [],
  programs: [],
  progplk: [],
  ktillp: [],
};

/** One course MATMAT02b of institution VUX with one occasion that runs in spring and autumn 2026. */
export const ONE_OCCASION: LadokTables = {
  ...NO_TABLES,
  institutions: [{ kod: "VUX", benamning: "Lingonskolan" }],
  kurs: [{ kurskod: "MATMAT02b", inst: "VUX", benamning: "Matematik 2b", poang: "100" }],
  ort: [{ kod: "LING", benamn: "Lingonköping" }],
  ktill2: [
    {
      id: 1,
      occasionId: "grupp-1",
      kurskod: "MATMAT02b",
      starttermin: "20261",
      kurstakt: "050",
      kurstid: "DAG",
      undform: "NML",
      kursomg: "1",
      anmkod: "A0001",
      begin: "2026-01-12",
      end: "2026-12-18",
      startvecka: "202603",
      slutvecka: "202651",
      ort: "LING",
      institutions: ["VUX"],
    },
  ],
  ktfort2: [{ ktill: 1, termin: "20262", termordn: 2 }],
};

/** Calls `action` with a new store; it is gone afterwards. */
export function withStore<T>(action: (store: LoadStore, folder: string) => Promise<T>): Promise<T> {
  return inTemporaryFolder(async (folder) => {
    const store = await openStoreIn(folder);
    try {
      return await action(store, folder);
    } finally {
      await store.close();
    }
  });
}

/** The store of a test's folder, as a load has it. */
export function openStoreIn(folder: string): Promise<LoadStore> {
  return openLoadStore(databaseIn(folder), join(folder, "data"));
}

/** A register of these tables, of which the next load carries nothing over. */
export function registerOf(tables: LadokTables): FinishedRegister {
  return { tables, kept: { groups: [], members: [] } };
}

export function somePerson(
  id: string,
  more: Partial<FinishedPerson> & { data?: Partial<PersonData> } = {},
): FinishedPerson {
  const { data, ...finished } = more;
  return {
    pnr: "8001019808",
    sekel: "19",
    personVO: Buffer.from(`<PersonVO><enamn>${id}</enamn></PersonVO>`),
    invalidPersonnummer: null,
    email: null,
    noEmail: null,
    groups: [],
    registrations: [],
    kept: [],
    institutions: undefined,
    ...finished,
    data: { id, aliases: [id], protected: false, staff: false, ...data },
  };
}

/** Builds and publishes a generation of these rows; returns its number. */
export async function publishGeneration(
  store: LoadStore,
  tables: LadokTables,
  persons: readonly FinishedPerson[],
  keep = 3,
  report?: object,
): Promise<number> {
  const builder = await buildGeneration(store.workbench, await store.nextLoadNumber());
  for (const person of persons) builder.addPerson(person);
  await builder.write(registerOf(tables));
  const { counts } = await builder.index();
  await builder.check();
  builder.complete();
  const record = {
    number: builder.number,
    loadedAt: "2026-11-24T03:00:00.000Z",
    files: [],
    exportDatetime: null,
    counts,
    warnings: 0,
  };
  await store.takeOver(builder.number);
  await store.publish({ record, ...(report && { report }), institutions: new Map(), anmkod: new Map() });
  await store.prune(keep);
  return builder.number;
}
