import cluster from "node:cluster";
import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import type { Logger } from "pino";
import type { Settings } from "../config.js";
import type { CallMetrics } from "../http/metrics.js";
import type { Housekeeping } from "./admin.js";
import { type CliContext, type CommonOptions, say, withConfigOption } from "./context.js";
import { serviceUrls } from "./interface.js";
import { isLoopback, tlsOf } from "./listening.js";
import { errorFields, operationalLog } from "./log.js";
import type { RunningService } from "./service.js";
import { openRegisters } from "./serving-registers.js";

/** `adresslista serve`: answers calls until it is interrupted. */
export function addServeCommand(program: Command, context: CliContext): void {
  withConfigOption(program.command("serve"))
    .description("serve T04 over SOAP until interrupted; calls in flight are answered first")
    .option("--host <address>", "address to listen on (setting host)")
    .option("--port <number>", "port to listen on, 0 for a free one (setting port)")
    .option("--workers <number>", "serving processes (setting workers)")
    .action((options: ServeOptions) => serve(context, options));
}

interface ServeOptions extends CommonOptions {
  readonly host?: string;
  readonly port?: string;
  readonly workers?: string;
}

async function serve(context: CliContext, options: ServeOptions): Promise<void> {
  const settings = context.settings(options);
  const log = operationalLog(settings.logLevel, context.stderr);
  if (cluster.isWorker) return serveAsWorker(context, settings, log);
  if (settings.workers === 1) return serveHere(context, settings, log, announce);
  // Says once what is wrong, brings the tables up to date once.
  tlsOf(settings);
  await (await openRegisters(settings, log)).close();
  const { runWorkers, someWorkerServes } = await import("./workers.js");
  const metrics =
    settings.adminPort === undefined ? async () => "" : (await import("../http/metrics.js")).clusterMetrics();
  const housekeeping = await housekeepingOf(settings, log, metrics, someWorkerServes);
  context.interrupted().addEventListener("abort", () => housekeeping.stopping());
  try {
    await runWorkers(context, settings.workers, log, (port) =>
      announce(context, settings, { host: settings.host, port, admin: housekeeping.admin }),
    );
  } finally {
    await housekeeping.stop();
  }
}

interface Addresses extends Pick<RunningService, "host" | "port"> {
  readonly admin: Housekeeping["admin"];
}

type Announce = (context: CliContext, settings: Settings, at: Addresses) => Promise<void>;

/** Serves in this process alone until interrupted. */
export async function serveHere(
  context: CliContext,
  settings: Settings,
  log: Logger,
  announceTo: Announce,
): Promise<void> {
  const interrupted = context.interrupted();
  keepMemorySmall();
  const metrics = await metricsOf(settings, false);
  const service = await serviceOf(context, settings, log, metrics);
  const housekeeping = await housekeepingOf(
    settings,
    log,
    async () => metrics?.registry.metrics() ?? "",
  ).catch(async (error) => {
    await service.stop();
    throw error;
  });
  await announceTo(context, settings, { ...service, admin: housekeeping.admin });
  log.info({ port: service.port }, "started");
  await whenAborted(interrupted);
  housekeeping.stopping();
  await service.stop();
  await housekeeping.stop();
  log.info("stopped");
}

/** One of several processes. */
async function serveAsWorker(context: CliContext, settings: Settings, log: Logger): Promise<void> {
  const interrupted = context.interrupted();
  keepMemorySmall();
  const service = await serviceOf(context, settings, log, await metricsOf(settings, true));
  const { saysServing } = await import("./workers.js");
  saysServing();
  log.info({ port: service.port }, "started");
  await whenAborted(interrupted);
  await service.stop();
  log.info("stopped");
}

/**
 * By itself V8 lets garbage grow to as much as what is in use before it looks for it, which are tens of megabytes in each
 * process; what is in use is bounded, so that looking for it earlier costs little.
 */
function keepMemorySmall(): void {
  setFlagsFromString("--heap-growing-percent=25");
}

/** Undefined: there is no admin listener, and nobody who could ask for them. */
async function metricsOf({ adminPort }: Settings, shared: boolean): Promise<CallMetrics | undefined> {
  return adminPort === undefined ? undefined : (await import("../http/metrics.js")).callMetrics(shared);
}

async function serviceOf(
  context: CliContext,
  settings: Settings,
  log: Logger,
  metrics: CallMetrics | undefined,
): Promise<RunningService> {
  // Only here: the HTTP stack takes longer to load than the other commands take in all.
  const { startService } = await import("./service.js");
  const service = await startService(settings, log, { metrics, socket: context.inheritedSocket() });
  context.onHangup(() => {
    try {
      service.renewTls();
      log.info("TLS files read anew");
    } catch (error) {
      log.error(errorFields(error), "TLS files cannot be used; the old ones still are");
    }
  });
  return service;
}

async function housekeepingOf(
  settings: Settings,
  log: Logger,
  metrics: () => Promise<string>,
  isServing = () => true,
): Promise<Housekeeping> {
  const { startHousekeeping } = await import("./admin.js");
  return startHousekeeping(settings, log, metrics, isServing);
}

async function announce(context: CliContext, settings: Settings, at: Addresses): Promise<void> {
  const { listening, wsdl } = serviceUrls(settings, at);
  await say(context, `listening on ${listening}`);
  await say(context, `WSDL: ${wsdl}`);
  for (const tenant of settings.tenants.keys()) {
    await say(context, `WSDL of tenant ${tenant}: ${serviceUrls(settings, at, tenant).wsdl}`);
  }
  if (at.admin !== undefined) await say(context, `admin: http://${at.admin.host}:${at.admin.port}`);
  if (settings.tlsCertificateFile === undefined && !isLoopback(settings.host)) {
    await say(
      context,
      "warning: this address can be reached from other machines and TLS is missing: identity numbers and secrets can be read on the way.",
    );
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
