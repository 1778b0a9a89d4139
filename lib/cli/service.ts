import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { type AllCallers, authenticatorOfAll, callersOfAll } from "../access/all-callers.js";
import type { AuditLog } from "../access/audit.js";
import { type AuthenticationSettings, authenticator } from "../access/authenticate.js";
import { loginTurns } from "../access/turns.js";
import type { Settings } from "../config.js";
import { AdresslistaError } from "../errors.js";
import type { AnsweredCall } from "../http/endpoint.js";
import type { CallMetrics } from "../http/metrics.js";
import { buildHttpServer, closeHttpServer, renewTls } from "../http/server.js";
import { MAX_KEPT_BYTES, rememberAnswers } from "../lpw/answers.js";
import { callRecorder, openAuditLog } from "./audit-recorder.js";
import { isLoopback, tlsOf, unheard } from "./listening.js";
import { errorFields } from "./log.js";
import { type MountedRegister, serviceMounts } from "./mounts.js";
import {
  openRegisters,
  type ServingRegister,
  type ServingRegisters,
  tellingGenerations,
} from "./serving-registers.js";

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
  const registers = await openRegisters(settings, log, { oncePerTurn: true, databaseRead: true });
  let audit: AuditLog | undefined;
  try {
    audit = openAuditLog(settings);
    const callers = callersOfAll(
      [registers.own, ...registers.tenants].map(({ tenant, store }) => ({ tenant, callers: store })),
    );
    const { own, tenants, mounts } = mounted(registers, callers, log, pause);
    const server = buildHttpServer({
      services: mounts,
      maxRequestBytes: settings.maxRequestBytes,
      maxConnections: settings.maxConnections,
      maxConcurrentCalls: settings.maxConcurrentCalls,
      trustedProxies: settings.trustedProxies,
      publicUrl: settings.publicUrl,
      tls,
      onError: (error, incident) => log.error({ incident, ...errorFields(error) }, "internal error"),
      onCall: recorderOf(audit, metrics, registers, callers),
    });
    // A load that cannot be read is said now, and not to the first caller.
    await own.store.current();
    for (const { tenant, store } of tenants) {
      await Promise.resolve(store.current()).catch((error) =>
        log.error({ tenant, ...errorFields(error) }, "calls of this tenant cannot be answered"),
      );
    }
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
        await registers.close();
      },
    };
  } catch (error) {
    audit?.close();
    await registers.close();
    throw error;
  }
}

/** Bytes of remembered answers that each register has at least, however many there are. */
const LEAST_KEPT_BYTES = MAX_KEPT_BYTES / 4;

/** The services of every register. Nothing of one's store, answers or callers is another's. */
function mounted(
  { own, tenants }: ServingRegisters,
  callers: AllCallers,
  log: Logger,
  pause: ServiceParts["pause"],
) {
  const turns = loginTurns();
  const keptBytes = Math.max(LEAST_KEPT_BYTES, MAX_KEPT_BYTES / (1 + tenants.length));
  const authentication = ({ settings }: ServingRegister): AuthenticationSettings => ({
    defaultCaller: settings.defaultCaller,
    turns,
    onUnnoted: (error) => log.error(errorFields(error), "a failed login could not be noted"),
    ...(pause === undefined ? {} : { pause }),
  });
  // Failed logins of all are counted together: who guesses has not one try more for each path.
  const failedLogins = {
    failedLogins: own.store.failedLogins.bind(own.store),
    noteFailedLogin: own.store.noteFailedLogin.bind(own.store),
  };
  const mountedOf = (register: ServingRegister): MountedRegister => ({
    tenant: register.tenant,
    settings: register.settings,
    aliases: register.aliases,
    store: tellingGenerations(register, log),
    answers: rememberAnswers(keptBytes),
    authenticate: authenticator({ ...callersOf(register), ...failedLogins }, authentication(register)),
  });
  const ofOwn = mountedOf(own);
  const ofTenants = tenants.map(mountedOf);
  return {
    own: ofOwn,
    tenants: ofTenants,
    mounts: serviceMounts(
      ofOwn,
      ofTenants,
      tenants.length === 0 ? undefined : authenticatorOfAll(callers, failedLogins, authentication(own)),
    ),
  };
}

function callersOf({ store }: ServingRegister) {
  return {
    callersVersion: () => store.callersVersion(),
    findCaller: (name: string) => store.findCaller(name),
    findCallerBySubject: (subject: string) => store.findCallerBySubject(subject),
  };
}

/** By the address that was called: at a tenant's, its own callers are who is known. */
function recorderOf(
  audit: AuditLog,
  metrics: CallMetrics | undefined,
  { own, tenants }: ServingRegisters,
  callers: AllCallers,
): (call: AnsweredCall) => Promise<void> {
  const ofAll = tenants.length === 0 ? own.store : { findCaller: callers.findRegistered };
  const recorders = new Map(
    [own, ...tenants].map(({ tenant, store, settings }) => [
      tenant,
      callRecorder(audit, metrics, tenant === undefined ? ofAll : store, settings.defaultCaller),
    ]),
  );
  return async (call) => recorders.get(call.tenant)?.(call);
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
