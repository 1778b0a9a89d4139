import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pino } from "pino";
import { loadFiles } from "../../lib/cli/reload.js";
import { startService } from "../../lib/cli/service.js";
import { loadSettings, type Settings } from "../../lib/config.js";
import { registerOf } from "../../lib/tenants.js";
import { databaseIn, removeFolder, temporaryFolder } from "./database.js";
import { course, exportOf, groupMember, learners, occasion, person, programme, school } from "./export.js";
import { addCallers } from "./service.js";
import { inventedPersonnummer } from "./t04.js";

/** What a register of the tests has: each text that is somebody's or something's name has `word` in it, each code `code`. */
export interface InventedRegister {
  readonly word: string;
  readonly code: string;
  /** A day of birth that is this register's alone. */
  readonly born: string;
}

export const OWN: InventedRegister = { word: "Egenby", code: "EGE", born: "19800101" };
export const LUND: InventedRegister = { word: "Lundaby", code: "LUN", born: "19810202" };
export const ESLOV: InventedRegister = { word: "Eslovby", code: "ESL", born: "19820303" };
/** Nowhere loaded: what is asked of it is asked of nothing. */
export const NOWHERE: InventedRegister = { word: "Ingenby", code: "ING", born: "19830404" };

/** A course code and a person's number that every register has, with names of its own. */
export const COMMON_KURSKOD = "MATMAT01";
export const COMMON_PNR = inventedPersonnummer("19790505", 1);

export const institutionOf = ({ code }: InventedRegister) => `${code}X`;
export const kurskodOf = ({ code }: InventedRegister) => `${code}KUR01`;
export const programOf = ({ code }: InventedRegister) => `${code}P`;
export const placeOf = ({ code }: InventedRegister) => `${code}OR`;
export const pnrOf = ({ born }: InventedRegister) => inventedPersonnummer(born, 1);

/** Groups and persons have the same ids in every register. `more`: another word in front of each name. */
export function exportXmlOf(register: InventedRegister, more = ""): string {
  const word = `${more}${register.word}`;
  const place = `<ort benamn="${word} torg">${placeOf(register)}</ort>`;
  const dates = "2026-08-17/2026-12-18";
  const named = (id: string, name: string, pnr: string) =>
    person(id, {
      name: `${word}son, ${name}`,
      pnr,
      email: `${id.toLowerCase()}@${word.toLowerCase()}.example`,
      adr: { street: `${word}gatan 1`, pcode: "111 11", locality: word },
      tel: { 1: "0700000000" },
    });
  return exportOf(
    [
      school(institutionOf(register), { long: `${word} vux` }),
      course("K1", kurskodOf(register), { in: institutionOf(register), long: `${word} kurs` }),
      course("K2", COMMON_KURSKOD, { in: institutionOf(register), long: `${word} matematik` }),
      occasion("G1", { in: "K1", dates, extension: place }),
      occasion("G2", { in: "K2", dates, extension: place }),
      programme("R1", programOf(register), { in: institutionOf(register), long: `${word} program` }),
      groupMember("R1", "K1"),
      groupMember("R1", "K2"),
      named("P1", "Ada", pnrOf(register)),
      named("P2", "Bo", COMMON_PNR),
      person("P3", { name: `${word}son, Cid`, pnr: "800505-TF01" }),
      learners("G1", "P1", "P3"),
      learners("G2", "P1", "P2"),
      learners("R1", "P1", "P2"),
    ],
    "2026-11-24T02:15:00",
  );
}

export interface TenantService {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  readonly settings: Settings;
  readonly folder: string;
  /** Loads an export into a tenant's register, or the service's own, beside the running service. */
  load(tenant: string | undefined, xml: string): Promise<void>;
  close(): Promise<void>;
}

export interface TenantServiceOptions {
  /** As they stand in the settings file. */
  readonly tenants: Readonly<Record<string, object>>;
  /** Further settings of the service, as they stand in the file. */
  readonly settings?: object;
  /** Names of callers with all institutions, by tenant; `""` is the service's own register. */
  readonly callers?: Readonly<Record<string, readonly string[]>>;
  /** Before the service starts. */
  readonly prepare?: (folder: string, settings: Settings) => void | Promise<void>;
}

/** The real service with tenants, on a free port of this process, in a folder of its own. */
export async function startTenantService(options: TenantServiceOptions): Promise<TenantService> {
  const folder = temporaryFolder("tenants");
  try {
    const content = { port: 0, database: databaseIn(folder), ...options.settings, tenants: options.tenants };
    writeFileSync(join(folder, "adresslista.config.json"), JSON.stringify(content));
    const settings = loadSettings({}, {}, folder);
    for (const [tenant, names] of Object.entries(options.callers ?? {})) {
      const { database } = registerOf(settings, tenant === "" ? undefined : tenant).settings;
      await addCallers(database, Object.fromEntries(names.map((name) => [name, { institutions: "*" }])));
    }
    await options.prepare?.(folder, settings);
    const running = await startService(settings, pino({ level: "silent" }), { pause: async () => {} });
    return {
      url: `http://${running.host}:${running.port}`,
      settings,
      folder,
      load: (tenant, xml) => loadInto(settings, tenant, xml, folder),
      async close() {
        await running.stop();
        await removeFolder(folder);
      },
    };
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
}

/** As `reload --tenant` does. */
export async function loadInto(
  settings: Settings,
  tenant: string | undefined,
  xml: string,
  folder: string,
): Promise<void> {
  const file = join(folder, `export-${tenant ?? "own"}.xml`);
  writeFileSync(file, xml);
  const outcome = await loadFiles(
    registerOf(settings, tenant).settings,
    [{ path: file, name: basename(file) }],
    // Tests change more from load to load than a register does.
    { force: true, signal: new AbortController().signal, progress: () => {} },
  );
  if (outcome.kind !== "loaded") throw new Error(`the load is ${outcome.kind}`);
}
