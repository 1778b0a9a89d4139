import type { Logger } from "pino";
import type { Settings } from "../config.js";
import type { KurskodAliases } from "../lpw/formats.js";
import { openStore } from "../store/open.js";
import type { Generation, Store } from "../store/queries.js";
import { type Register, registersOf } from "../tenants.js";
import { readKurskodAliases } from "./kurskod-alias-file.js";
import { errorFields } from "./log.js";

/** What a running service asks of a register's store. */
export type ServingStore = Pick<
  Store,
  "current" | "served" | "callersVersion" | "findCaller" | "findCallerBySubject"
>;

export interface ServingRegister extends Register {
  readonly store: ServingStore;
  readonly aliases: () => KurskodAliases;
  close(): Promise<void>;
}

export interface ServingRegisters {
  /** The service's own, which also keeps the failed logins of all. */
  readonly own: ServingRegister & { readonly store: Store };
  readonly tenants: readonly ServingRegister[];
  close(): Promise<void>;
}

/**
 * Opens the registers of a service. Its own must be there; a tenant's that cannot be opened (its database, its alias file) is
 * logged and tried again while calls come for it: those of others are answered meanwhile.
 */
export async function openRegisters(
  settings: Settings,
  log: Logger,
  how: { readonly oncePerTurn?: boolean; readonly databaseRead?: boolean } = {},
): Promise<ServingRegisters> {
  const [, ...registers] = registersOf(settings);
  const aliases = readKurskodAliases(settings.kurskodAliasFile);
  const open = (of: Settings) =>
    openStore(of.database, {
      ...(how.oncePerTurn ? { oncePerTurn: true } : {}),
      ...(how.databaseRead ? { databaseRead: of.databaseRead } : {}),
    });
  const store = await open(settings);
  const own = {
    tenant: undefined,
    settings,
    store,
    aliases: () => aliases,
    close: async () => {
      await store.close();
    },
  };
  const tenants = registers.map((register) => openedWhenAsked(register, open, logOfTenant(log, register)));
  await Promise.all(tenants.map(({ store: asked }) => settled(() => asked.callersVersion())));
  return {
    own,
    tenants,
    async close() {
      for (const register of [own, ...tenants]) await register.close();
    },
  };
}

/** What has gone wrong was said where it did. */
async function settled(action: () => unknown): Promise<void> {
  try {
    await action();
  } catch {}
}

function logOfTenant(log: Logger, { tenant }: Register): Logger {
  return log.child({ tenant });
}

/** A register that could not be opened is tried again at the first call after so long. */
const TRY_AGAIN_MILLISECONDS = 5_000;

function openedWhenAsked(
  register: Register,
  open: (settings: Settings) => Promise<Store>,
  log: Logger,
): ServingRegister {
  const { settings } = register;
  let isClosed = false;
  let opened: { readonly store: Store; readonly aliases: KurskodAliases } | undefined;
  let opening: Promise<Store> | undefined;
  let failed: { readonly error: unknown; readonly at: number } | undefined;

  const tryToOpen = async (): Promise<Store> => {
    try {
      const aliases = readKurskodAliases(settings.kurskodAliasFile);
      const store = await open(settings);
      if (isClosed) await store.close();
      else opened = { store, aliases };
      if (failed !== undefined) log.info("the register of this tenant can be opened again");
      failed = undefined;
      return store;
    } catch (error) {
      if (failed === undefined) log.error(errorFields(error), "the register of this tenant cannot be opened");
      failed = { error, at: performance.now() };
      throw error;
    }
  };

  const storeNow = async (): Promise<Store> => {
    if (opened !== undefined) return opened.store;
    if (failed !== undefined && performance.now() - failed.at < TRY_AGAIN_MILLISECONDS) throw failed.error;
    opening ??= tryToOpen().finally(() => {
      opening = undefined;
    });
    return opening;
  };

  return {
    ...register,
    store: {
      current: async () => (await storeNow()).current(),
      served: async () => (await storeNow()).served(),
      callersVersion: async () => (await storeNow()).callersVersion(),
      findCaller: async (name) => (await storeNow()).findCaller(name),
      findCallerBySubject: async (subject) => (await storeNow()).findCallerBySubject(subject),
    },
    aliases: () => opened?.aliases ?? NO_ALIASES,
    async close() {
      isClosed = true;
      await opened?.store.close();
      opened = undefined;
    },
  };
}

/** Of a register that is not open, whose calls are not answered either. */
const NO_ALIASES: KurskodAliases = { toAlias: new Map(), toKurskod: new Map() };

/** Logs which load a register is answered from, each time another one is seen. */
export function tellingGenerations({ tenant, store }: ServingRegister, log: Logger): Pick<Store, "current"> {
  const its = tenant === undefined ? log : log.child({ tenant });
  let told: number | undefined | "nothing yet" = "nothing yet";
  const tell = (generation: Generation | undefined) => {
    const number = generation?.number;
    if (number === told) return generation;
    told = number;
    if (number === undefined) its.warn("nothing is loaded: every call is answered so");
    else its.info({ generation: number }, "answering from this load");
    return generation;
  };
  return { current: async () => tell(await store.current()) };
}
