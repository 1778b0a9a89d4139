/**
 * What monitoring counts (prom-client): calls, how long they took, faults, refusals, persons told of. Labels are names of
 * ours, never a caller's or a value that was sent.
 */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";
import type { AnsweredCall } from "./endpoint.js";

export interface CallMetrics {
  readonly registry: Registry;
  /** `outcome`: valid, refused (by a message) or fault. */
  count(call: AnsweredCall, outcome: CallOutcome, persons: number): void;
}

export type CallOutcome = "valid" | "refused" | "fault";

/** Of calls and loads of a tenant's register; those of the service's own have no such label. */
const TENANT = "tenant";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const PERSONS = [0, 1, 10, 30, 100, 300, 1_000, 3_000, 10_000];

/** `shared`: several processes' metrics are to be put together by `clusterMetrics`. */
export function callMetrics(shared: boolean): CallMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const calls = new Counter({
    name: "adresslista_calls_total",
    help: "Calls by service, operation and outcome",
    labelNames: ["service", "operation", "outcome", TENANT],
    registers: [registry],
  });
  const durations = new Histogram({
    name: "adresslista_call_seconds",
    help: "From a call's first byte to its finished answer",
    labelNames: ["service", "operation", TENANT],
    buckets: SECONDS,
    registers: [registry],
  });
  const faults = new Counter({
    name: "adresslista_faults_total",
    help: "Faults by code and HTTP status; 503 when there are too many calls or logins",
    labelNames: ["code", "status", TENANT],
    registers: [registry],
  });
  const persons = new Histogram({
    name: "adresslista_answer_persons",
    help: "Persons that a valid answer tells of",
    labelNames: ["service", "operation", TENANT],
    buckets: PERSONS,
    registers: [registry],
  });
  if (shared) {
    AggregatorRegistry.setRegistries([registry]);
    // Its construction makes this process answer the one that asks.
    new AggregatorRegistry();
  }
  return {
    registry,
    count({ service, tenant, operation = "none", milliseconds, fault }, outcome, told) {
      const ofTenant = tenant === undefined ? {} : { tenant };
      const labels = { service, operation, ...ofTenant };
      calls.inc({ ...labels, outcome });
      durations.observe(labels, milliseconds / 1000);
      if (fault !== undefined) faults.inc({ code: fault.code, status: fault.httpStatus, ...ofTenant });
      if (outcome === "valid") persons.observe(labels, told);
    },
  };
}

/** Metrics of all serving processes together, asked for by the process that started them. */
export function clusterMetrics(): () => Promise<string> {
  const aggregator = new AggregatorRegistry();
  // One that dies when it has been asked is waited for in vain; then those who are there are asked again.
  return () => aggregator.clusterMetrics().catch(() => aggregator.clusterMetrics());
}
