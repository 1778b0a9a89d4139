import { randomBytes, scryptSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { ENDPOINT, personVOEncoder } from "../../lib/cli/interface.js";
import { startService } from "../../lib/cli/service.js";
import { loadSettings, type Settings } from "../../lib/config.js";
import { reload } from "../../lib/reload/reload.js";
import type { LoadReport } from "../../lib/reload/report.js";
import { openStore } from "../../lib/store/open.js";
import { databaseIn, removeFolder, temporaryFolder } from "./database.js";

export const SAMPLE_EXPORT = fileURLToPath(new URL("../../data/sample-export.xml", import.meta.url));

/** What every caller of a test service has as its ticket, unless the test gives it a hash of its own. */
export const SECRET = "hemlig-biljett";

export interface TestCaller {
  readonly institutions: "*" | readonly string[];
  /** Stored in place of the hash of `SECRET`. */
  readonly secretHash?: string;
}

export interface TestServiceOptions {
  /** The export that is loaded first: its XML, or the path of its file; without one nothing is loaded. */
  readonly exportXml?: string;
  readonly exportFile?: string;
  /** Callers by name. */
  readonly callers?: Readonly<Record<string, TestCaller>>;
  readonly settings?: Partial<Settings>;
  /** How refusals of logins that have failed often are put off; at once when absent. */
  readonly pause?: (milliseconds: number) => Promise<unknown>;
}

export interface TestService {
  /** Address of the SOAP endpoint; `?wsdl` behind it gives the WSDL. */
  readonly url: string;
  /** The setting, for a reload by another process. */
  readonly database: string;
  /** Loads another export beside the running service, as `adresslista reload` does. */
  reload(exported: { readonly xml: string } | { readonly file: string }): Promise<LoadReport>;
  close(): Promise<void>;
}

/** `action` with a running service, which is gone afterwards. */
export async function withService<T>(
  options: TestServiceOptions,
  action: (service: TestService) => Promise<T>,
): Promise<T> {
  const service = await startTestService(options);
  try {
    return await action(service);
  } finally {
    await service.close();
  }
}

/**
 * The real service as `serve` puts it together, on a free port of this process: the export is loaded into a database of
 * its own by the real reload, and calls go over real HTTP.
 */
export async function startTestService(options: TestServiceOptions): Promise<TestService> {
  const folder = temporaryFolder("service");
  const settings: Settings = {
    ...loadSettings({}, { host: "127.0.0.1", port: "0", database: databaseIn(folder) }, folder),
    ...options.settings,
  };
  try {
    await addCallers(settings.database, options.callers ?? {});
    const load = loader(settings, folder);
    if (options.exportXml !== undefined) await load({ xml: options.exportXml });
    if (options.exportFile !== undefined) await load({ file: options.exportFile });
    // Refused logins are what many tests are about: only those of throttling wait for them.
    const { pause = async () => {} } = options;
    const running = await startService(settings, pino({ level: "silent" }), { pause });
    return {
      url: `http://${running.host}:${running.port}${ENDPOINT}`,
      database: settings.database,
      reload: load,
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

function loader(settings: Settings, folder: string): TestService["reload"] {
  const encodePersonVO = personVOEncoder();
  let exports = 0;
  return async (exported) => {
    const file = "file" in exported ? exported.file : join(folder, `export-${++exports}.xml`);
    if ("xml" in exported) writeFileSync(file, exported.xml);
    const outcome = await reload({
      database: settings.database,
      workFolder: settings.workFolder,
      files: [{ path: file, name: basename(file) }],
      mapping: settings.mapping,
      repair: settings.repair,
      datasource: settings.datasource,
      historyTerms: settings.historyTerms,
      requireEmail: settings.requireEmail,
      guards: { fewer: { percent: 20, count: 20 }, more: undefined },
      // Tests change more from load to load than a register does.
      force: true,
      protected: settings.protected,
      protectedIds: new Set(),
      keepGenerations: settings.keepGenerations,
      encodePersonVO,
      now: new Date(),
    });
    if (outcome.kind !== "loaded") throw new Error(`the load is ${outcome.kind}`);
    return outcome.report;
  };
}

export async function addCallers(
  database: string,
  callers: Readonly<Record<string, TestCaller>>,
): Promise<void> {
  const store = await openStore(database);
  try {
    for (const [name, { institutions, secretHash = cheapHash() }] of Object.entries(callers)) {
      await store.addCaller({
        name,
        institutions,
        addresses: [],
        expires: null,
        verifier: "secret",
        secretHash,
        created: "2026-01-01T00:00:00Z",
      });
    }
  } finally {
    await store.close();
  }
}

/** The form of `hashSecret`, at a cost of a millisecond: a real one takes a third of a second for each caller. */
function cheapHash(): string {
  const salt = randomBytes(16);
  const hash = scryptSync(SECRET, salt, 32, { N: 16, r: 8, p: 1 });
  return `scrypt$4$8$1$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}
