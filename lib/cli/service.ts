import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { authenticate, rememberCallers } from "../access/callers.js";
import type { Settings } from "../config.js";
import { AdresslistaError } from "../errors.js";
import { buildHttpServer, closeHttpServer } from "../http/server.js";
import { openStore } from "../store/open.js";
import type { Generation, Store } from "../store/queries.js";
import { readKurskodAliases } from "./kurskod-alias-file.js";
import { errorFields } from "./log.js";
import { serviceMounts } from "./mounts.js";

/** How long calls in flight are given to end when the service stops, in milliseconds. */
export const STOP_MILLISECONDS = 10_000;

export interface RunningService {
  readonly host: string;
  readonly port: number;
  /** Takes no more calls, answers those in flight, and closes the store. */
  stop(): Promise<void>;
}

/** Puts the service together and listens. Throws a settings error when it cannot listen where the settings say. */
export async function startService(settings: Settings, log: Logger): Promise<RunningService> {
  const aliases = readKurskodAliases(settings.kurskodAliasFile);
  const store = await openStore(settings.database);
  try {
    const remembered = rememberCallers();
    const answering = tellingGenerations(store, log);
    const server = buildHttpServer({
      services: serviceMounts(settings, aliases, {
        store: answering,
        authenticate: (credentials) => authenticate(store, remembered, credentials, settings.defaultCaller),
      }),
      maxRequestBytes: settings.maxRequestBytes,
      trustedProxies: settings.trustedProxies,
      publicUrl: settings.publicUrl,
      onError: (error, incident) => log.error({ incident, ...errorFields(error) }, "internal error"),
    });
    // A load that cannot be read is said now, and not to the first caller.
    await answering.current();
    const { port } = await listen(server, settings);
    return { host: settings.host, port, stop: () => stop(server, store) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Logs which load is answered from, each time another one is seen. */
function tellingGenerations(store: Store, log: Logger): Pick<Store, "current"> {
  let told: number | undefined | "nothing yet" = "nothing yet";
  const tell = (generation: Generation | undefined) => {
    const number = generation?.number;
    if (number === told) return generation;
    told = number;
    if (number === undefined) log.warn("nothing is loaded: every call is answered so");
    else log.info({ generation: number }, "answering from this load");
    return generation;
  };
  return { current: async () => tell(await store.current()) };
}

function listen(server: Server, { host, port }: Settings): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(notListening(error, host, port)));
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}

function notListening(error: NodeJS.ErrnoException, host: string, port: number): AdresslistaError {
  const reason: Readonly<Record<string, string>> = {
    EADDRINUSE: `port: ${port} is in use on ${host}`,
    EACCES: `port: ${port} may not be used by this user`,
    EADDRNOTAVAIL: `host: this machine has no address ${host}`,
    ENOTFOUND: `host: there is no address ${host}`,
  };
  const line = reason[error.code ?? ""] ?? `host, port: cannot listen on ${host}, port ${port}`;
  return new AdresslistaError("settings", line, { cause: error });
}

async function stop(server: Server, store: Store): Promise<void> {
  await closeHttpServer(server, STOP_MILLISECONDS);
  await store.close();
}
