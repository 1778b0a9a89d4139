import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import type { AuditLog } from "../access/audit.js";
import { authenticator } from "../access/authenticate.js";
import type { Settings } from "../config.js";
import { AdresslistaError } from "../errors.js";
import type { CallMetrics } from "../http/metrics.js";
import { buildHttpServer, closeHttpServer, renewTls } from "../http/server.js";
import { rememberAnswers } from "../lpw/answers.js";
import { openStore } from "../store/open.js";
import type { Generation, Store } from "../store/queries.js";
import { callRecorder, openAuditLog } from "./audit-recorder.js";
import { readKurskodAliases } from "./kurskod-alias-file.js";
import { isLoopback, tlsOf, unheard } from "./listening.js";
import { errorFields } from "./log.js";
import { serviceMounts } from "./mounts.js";

/** How long calls in flight are given to end when the service stops, in milliseconds. */
export const STOP_MILLISECONDS = 10_000;

export interface RunningService {
  readonly host: string;
  readonly port: number;
  /** The next connections are met with what the TLS files hold now. Throws, and changes nothing, when they are wrong. */
  renewTls(): void;
  /** Takes no more calls, answers those in flight, and closes the store. */
  stop(): Promise<void>;
}

export interface ServiceParts {
  readonly metrics?: CallMetrics | undefined;
  /** File descriptor of a socket that listens already (systemd's socket units); else host and port of the settings. */
  readonly socket?: number | undefined;
  /** How the refusal of a login that has failed often is put off. */
  readonly pause?: (milliseconds: number) => Promise<unknown>;
}

/** Puts the service together and listens. Throws a settings error when it cannot listen where the settings say. */
export async function startService(
  settings: Settings,
  log: Logger,
  { metrics, socket, pause }: ServiceParts = {},
): Promise<RunningService> {
  const tls = tlsOf(settings);
  const aliases = readKurskodAliases(settings.kurskodAliasFile);
  const store = await openStore(settings.database, {
    oncePerTurn: true,
    databaseRead: settings.databaseRead,
  });
  let audit: AuditLog | undefined;
  try {
    audit = openAuditLog(settings);
    const answering = tellingGenerations(store, log);
    const { defaultCaller } = settings;
    const server = buildHttpServer({
      services: serviceMounts(settings, aliases, {
        store: answering,
        answers: rememberAnswers(),
        authenticate: authenticator(store, {
          defaultCaller,
          onUnnoted: (error) => log.error(errorFields(error), "a failed login could not be noted"),
          ...(pause === undefined ? {} : { pause }),
        }),
      }),
      maxRequestBytes: settings.maxRequestBytes,
      maxConnections: settings.maxConnections,
      maxConcurrentCalls: settings.maxConcurrentCalls,
      trustedProxies: settings.trustedProxies,
      publicUrl: settings.publicUrl,
      tls,
      onError: (error, incident) => log.error({ incident, ...errorFields(error) }, "internal error"),
      onCall: callRecorder(audit, metrics, store, defaultCaller),
    });
    // A load that cannot be read is said now, and not to the first caller.
    await answering.current();
    const { address, port } = await listen(server, settings, socket);
    if (socket !== undefined && tls === undefined && !settings.insecureListen && !isLoopback(address)) {
      server.close();
      throw unheard("the socket that was handed over", address);
    }
    const opened = audit;
    return {
      host: socket === undefined ? settings.host : address,
      port,
      renewTls() {
        const renewed = tlsOf(settings);
        if (renewed !== undefined) renewTls(server, renewed);
      },
      async stop() {
        await closeHttpServer(server, STOP_MILLISECONDS);
        opened.close();
        await store.close();
      },
    };
  } catch (error) {
    audit?.close();
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

function listen(server: Server, { host, port }: Settings, socket: number | undefined): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(notListening(error, host, port)));
    const listening = () => resolve(server.address() as AddressInfo);
    if (socket === undefined) server.listen(port, host, listening);
    else server.listen({ fd: socket }, listening);
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
