import cluster from "node:cluster";
import type { Command } from "commander";
import type { Logger } from "pino";
import type { Settings } from "../config.js";
import { openStore } from "../store/open.js";
import { type CliContext, type CommonOptions, say, withConfigOption } from "./context.js";
import { serviceUrls } from "./interface.js";
import { operationalLog } from "./log.js";
import type { RunningService } from "./service.js";

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
  if (cluster.isWorker) return serveHere(context, settings, log);
  if (settings.workers === 1) return serveHere(context, settings, log, announce);
  // Brings the tables up to date once, and says once what is wrong with the database.
  await (await openStore(settings.database)).close();
  const { runWorkers } = await import("./workers.js");
  return runWorkers(context, settings.workers, log, (port) =>
    announce(context, settings, { host: settings.host, port }),
  );
}

type Announce = (
  context: CliContext,
  settings: Settings,
  at: Pick<RunningService, "host" | "port">,
) => Promise<void>;

/** Serves in this process until interrupted. */
export async function serveHere(
  context: CliContext,
  settings: Settings,
  log: Logger,
  announceTo?: Announce,
): Promise<void> {
  const interrupted = context.interrupted();
  // Only here: the HTTP stack takes longer to load than the other commands take in all.
  const { startService } = await import("./service.js");
  const service = await startService(settings, log);
  await announceTo?.(context, settings, service);
  log.info({ port: service.port }, "started");
  await whenAborted(interrupted);
  await service.stop();
  log.info("stopped");
}

async function announce(
  context: CliContext,
  settings: Settings,
  at: Pick<RunningService, "host" | "port">,
): Promise<void> {
  const { listening, wsdl } = serviceUrls(settings, at);
  await say(context, `listening on ${listening}`);
  await say(context, `WSDL: ${wsdl}`);
  if (!isLoopback(settings.host)) {
    await say(
      context,
      "warning: this address can be reached from other machines and TLS is missing: identity numbers and secrets can be read on the way. Put a proxy with TLS in front, or listen on 127.0.0.1.",
    );
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
