import { type AuditLog, auditLog, type CallFacts, shownUid } from "../access/audit.js";
import { callerName } from "../access/callers.js";
import type { Settings } from "../config.js";
import type { AnsweredCall } from "../http/endpoint.js";
import type { CallMetrics, CallOutcome } from "../http/metrics.js";
import type { Store } from "../store/queries.js";

/** The setting auditFolder; else `x.audit` beside the database `x.sqlite`. */
export function auditFolderOf({ auditFolder, database }: Pick<Settings, "auditFolder" | "database">): string {
  return auditFolder ?? `${database.replace(/\.(sqlite3?|db)$/i, "")}.audit`;
}

/** @throws AdresslistaError "settings" when the folder cannot be written */
export function openAuditLog(
  settings: Pick<Settings, "auditFolder" | "database" | "auditKeepDays">,
): AuditLog {
  return auditLog(auditFolderOf(settings), settings.auditKeepDays);
}

/** What is done with each call before its answer leaves: its line in the audit log, and the counters. */
export function callRecorder(
  audit: AuditLog,
  metrics: CallMetrics | undefined,
  store: Pick<Store, "findCaller">,
  defaultCaller: string | undefined,
): (call: AnsweredCall) => Promise<void> {
  return async (call) => {
    const facts = call.facts as CallFacts | undefined;
    const outcome = outcomeOf(call, facts);
    metrics?.count(call, outcome, facts?.persons ?? 0);
    // What a stranger says is no caller of ours is not written down: it may be anything, a ticket too.
    const claimed = facts?.caller ?? facts?.claimedCaller ?? defaultCaller;
    const isVerified = facts?.caller !== undefined;
    const isKnown = isVerified || (await isRegistered(store, claimed));
    audit.write({
      time: new Date().toISOString(),
      caller: isKnown ? claimed : undefined,
      verified: isVerified,
      uid: isKnown ? shownUid(facts?.uid) : undefined,
      address: call.remoteAddress,
      service: call.service,
      method: call.operation,
      institutions: unlessEmpty(facts?.institutions),
      kurskoder: unlessEmpty(facts?.kurskoder),
      terminer: unlessEmpty(facts?.terminer),
      persons: isVerified ? facts?.persons : undefined,
      outcome: outcome === "fault" ? `fault ${call.fault?.code}` : facts?.errors.join(" ") || "valid",
      incident: call.fault?.incidentId,
    });
  };
}

function outcomeOf({ fault }: AnsweredCall, facts: CallFacts | undefined): CallOutcome {
  if (fault !== undefined) return "fault";
  return (facts?.errors.length ?? 0) > 0 ? "refused" : "valid";
}

async function isRegistered(store: Pick<Store, "findCaller">, claimed: string | undefined): Promise<boolean> {
  return claimed !== undefined && (await store.findCaller(callerName(claimed))) !== undefined;
}

function unlessEmpty(values: readonly string[] | undefined): readonly string[] | undefined {
  return values === undefined || values.length === 0 ? undefined : values;
}
