/**
 * The admin listener: for monitoring and load balancers, on an address of its own that portals do not reach.
 */
import { createServer, type Server } from "node:http";
import express, { type NextFunction, type Request, type Response } from "express";
import { Gauge, Registry } from "prom-client";

/** What can be said of the service's readiness, without personal data. */
export interface Readiness extends RegisterReadiness {
  /** With tenants: that some register can answer calls; then all else is of the service's own. Each tenant's by its name. */
  readonly tenants?: { readonly [tenant: string]: RegisterReadiness };
}

/** Of one register. */
export interface RegisterReadiness {
  readonly ready: boolean;
  /** Why it is not, in words; empty when it is. */
  readonly reasons: readonly string[];
  /** The load that answers calls; null: none. */
  readonly generation: number | null;
  /** ISO 8601 UTC. */
  readonly loadedAt: string | null;
  /** Of what is served; null: nothing is. */
  readonly ageSeconds: number | null;
  /** Older than the setting maxAgeHours. It goes on being served. */
  readonly stale: boolean;
  /** How the last reload ended; null: there has been none. */
  readonly lastReload: string | null;
}

export interface AdminOptions {
  readonly readiness: () => Promise<Readiness>;
  /** Metrics of calls, in Prometheus' text format. */
  readonly metrics: () => Promise<string>;
  /** Told of what went wrong. */
  readonly onError: (error: unknown) => void;
}

/** GET /live, /ready, /metrics. Not listening yet. */
export function buildAdminServer(options: AdminOptions): Server {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.get("/live", (_request, response) => {
    response.type("text/plain").send("ok\n");
  });
  app.get("/ready", async (_request, response) => {
    const readiness = await options.readiness();
    response.status(readiness.ready ? 200 : 503).json(readiness);
  });
  const loads = loadMetrics();
  app.get("/metrics", async (_request, response) => {
    const calls = await options.metrics();
    const ofLoads = await loads(await options.readiness());
    response.type(Registry.PROMETHEUS_CONTENT_TYPE).send(`${calls.trimEnd()}\n${ofLoads}`);
  });
  app.use((_request, response) => {
    response.status(404).type("text/plain").send("Not found: /live, /ready, /metrics\n");
  });
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    options.onError(error);
    response.status(500).type("text/plain").send("Internal error\n");
  });
  return createServer(app);
}

function loadMetrics(): (readiness: Readiness) => Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name, help, labelNames: [...labelNames, "tenant"], registers: [registry] });
  const generation = gauge("adresslista_generation", "Number of the load that answers calls; 0: none");
  const age = gauge(
    "adresslista_generation_age_seconds",
    "Age of what is served, by the export's own datetime",
  );
  const loaded = gauge("adresslista_generation_loaded_timestamp_seconds", "When the served load was made");
  const ready = gauge("adresslista_ready", "1 when calls can be answered");
  const stale = gauge("adresslista_stale", "1 when what is served is older than maxAgeHours");
  const lastReload = gauge("adresslista_last_reload", "1 for how the last reload ended", ["outcome"]);
  const setAll = (now: RegisterReadiness, labels: { readonly tenant?: string }) => {
    generation.set(labels, now.generation ?? 0);
    age.set(labels, now.ageSeconds ?? 0);
    loaded.set(labels, now.loadedAt === null ? 0 : Date.parse(now.loadedAt) / 1000);
    ready.set(labels, now.ready ? 1 : 0);
    stale.set(labels, now.stale ? 1 : 0);
    if (now.lastReload !== null) lastReload.set({ ...labels, outcome: now.lastReload }, 1);
  };
  return async ({ tenants = {}, ...own }) => {
    registry.resetMetrics();
    setAll(own, {});
    for (const [tenant, now] of Object.entries(tenants)) setAll(now, { tenant });
    return registry.metrics();
  };
}
