import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import type { Settings } from "../config.js";
import { AdresslistaError } from "../errors.js";
import type { Readiness, RegisterReadiness } from "../http/admin.js";
import { ageOf } from "./age.js";
import { openAuditLog } from "./audit-recorder.js";
import { errorFields } from "./log.js";
import { openRegisters, type ServingRegister, type ServingRegisters } from "./serving-registers.js";
import { readAttempt, statusFileOf } from "./status-file.js";

/** What there is once beside the serving processes, however many. */
export interface Housekeeping {
  /** Where the admin listener is; undefined: there is none. */
  readonly admin: { readonly host: string; readonly port: number } | undefined;
  /** From now on the service is not ready: load balancers send their calls elsewhere. */
  stopping(): void;
  stop(): Promise<void>;
}

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/**
 * The admin listener, when the settings want one, and the daily clearing of the audit log.
 * @param isServing is there a process that answers calls?
 */
export async function startHousekeeping(
  settings: Settings,
  log: Logger,
  metrics: () => Promise<string>,
  isServing: () => boolean,
): Promise<Housekeeping> {
  const audit = openAuditLog(settings);
  const prune = () => {
    try {
      audit.prune();
    } catch (error) {
      log.error(errorFields(error), "old days of the audit log could not be removed");
    }
  };
  prune();
  const daily = setInterval(prune, DAY_MILLISECONDS);
  daily.unref();
  const stopAudit = () => {
    clearInterval(daily);
    audit.close();
  };
  if (settings.adminPort === undefined) {
    return { admin: undefined, stopping() {}, stop: async () => stopAudit() };
  }

  const { buildAdminServer } = await import("../http/admin.js");
  const registers = await openRegisters(settings, log);
  let isStopping = false;
  const server = buildAdminServer({
    metrics,
    readiness: async () => {
      const reasons = isStopping ? ["the service is stopping"] : [];
      if (!isStopping && !isServing()) reasons.push("no process serves");
      return readinessOf(registers, reasons);
    },
    onError: (error) => log.error(errorFields(error), "internal error of the admin listener"),
  });
  const { adminHost: host, adminPort } = settings;
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new AdresslistaError(
          "settings",
          `adminHost, adminPort: cannot listen on ${host}, port ${adminPort}`,
          {
            cause,
          },
        ),
      ),
    );
    server.listen(adminPort, host, () => resolve((server.address() as AddressInfo).port));
  }).catch(async (error) => {
    stopAudit();
    await registers.close();
    throw error;
  });
  return {
    admin: { host, port },
    stopping() {
      isStopping = true;
    },
    async stop() {
      stopAudit();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await registers.close();
    },
  };
}

/** With tenants, one register that cannot answer is no reason to send the calls of all others elsewhere. */
async function readinessOf(
  { own, tenants }: ServingRegisters,
  stopped: readonly string[],
): Promise<Readiness> {
  const ofOwn = await readinessOfRegister(own, stopped);
  if (tenants.length === 0) return ofOwn;
  const each: Record<string, RegisterReadiness> = {};
  for (const register of tenants) each[`${register.tenant}`] = await readinessOfRegister(register, stopped);
  const ready = [ofOwn, ...Object.values(each)].some((register) => register.ready);
  return { ...ofOwn, ready, reasons: ready ? [] : ofOwn.reasons, tenants: each };
}

/** A load that is stale is served all the same: yesterday's participants are better than none. */
async function readinessOfRegister(
  { store, settings }: ServingRegister,
  stopped: readonly string[],
): Promise<RegisterReadiness> {
  const lastReload = readAttempt(statusFileOf(settings))?.outcome ?? null;
  const reasons = [...stopped];
  try {
    // Opened as a call would open it: a file that is gone, damaged or of another version is found here.
    const generation = await store.current();
    const served = await store.served();
    if (generation === undefined || served === undefined) reasons.push("nothing is loaded");
    const age = served === undefined ? undefined : ageOf(served, settings, new Date());
    return {
      ready: reasons.length === 0,
      reasons,
      generation: generation?.number ?? null,
      loadedAt: served?.loadedAt ?? null,
      ageSeconds: age?.seconds ?? null,
      stale: age?.stale ?? false,
      lastReload,
    };
  } catch (error) {
    if (!(error instanceof AdresslistaError)) throw error;
    return {
      ready: false,
      reasons: [...reasons, error.message],
      generation: null,
      loadedAt: null,
      ageSeconds: null,
      stale: false,
      lastReload,
    };
  }
}
