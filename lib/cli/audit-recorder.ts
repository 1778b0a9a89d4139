import type { TenantCaller } from "../access/all-callers.js";
import { type AuditEntry, type AuditLog, auditLog, type CallFacts, shownUid } from "../access/audit.js";
import { callerName } from "../access/callers.js";
import type { Settings } from "../config.js";
import type { AnsweredCall } from "../http/endpoint.js";
import type { CallMetrics, CallOutcome } from "../http/metrics.js";
import { besideDatabase } from "../store/open.js";
import type { MaybePromise } from "../store/queries.js";

/** The setting auditFolder; else `x.audit` beside the database `x.sqlite`. */
export function auditFolderOf({
  auditFolder,
  database,
  workFolder,
}: Pick<Settings, "auditFolder" | "database" | "workFolder">): string {
  return auditFolder ?? besideDatabase(database, workFolder, ".audit");
}

/** @throws AdresslistaError "settings" when the folder cannot be written */
export function openAuditLog(
  settings: Pick<Settings, "auditFolder" | "database" | "workFolder" | "auditKeepDays">,
): AuditLog {
  return auditLog(auditFolderOf(settings), settings.auditKeepDays);
}

interface RegisteredCallers {
  findCaller(name: string): MaybePromise<TenantCaller | undefined>;
}

/** What is done with each call before its answer leaves: its line in the audit log, and the counters. */
export function callRecorder(
  audit: AuditLog,
  metrics: CallMetrics | undefined,
  store: RegisteredCallers,
  defaultCaller: string | undefined,
): (call: AnsweredCall) => Promise<void> {
  const write = gathered(audit);
  return async (call) => {
    const facts = call.facts as CallFacts | undefined;
    const outcome = outcomeOf(call, facts);
    // Of a message that could not be read nobody knows whose it was.
    const claimed = facts && callerName(facts.caller ?? facts.claimedCaller ?? defaultCaller ?? "");
    const isVerified = facts?.caller !== undefined;
    const told = isVerified && outcome !== "fault" ? facts.persons : undefined;
    let tenant = call.tenant ?? facts?.tenant;
    try {
      const registered = isVerified || claimed === undefined ? undefined : await store.findCaller(claimed);
      tenant ??= registered?.tenant;
      await write({
        time: new Date().toISOString(),
        tenant,
        // What a stranger says is no caller of ours is not written down: it may be anything, a ticket too.
        caller: isVerified || registered !== undefined ? claimed : undefined,
        verified: isVerified,
        uid: isVerified ? shownUid(facts.uid) : undefined,
        address: call.remoteAddress,
        service: call.service,
        method: call.operation,
        institutions: unlessEmpty(facts?.institutions),
        kurskoder: unlessEmpty(facts?.kurskoder),
        terminer: unlessEmpty(facts?.terminer),
        persons: told,
        outcome: outcome === "fault" ? `fault ${call.fault?.code}` : facts?.errors.join(" ") || "valid",
        incident: call.fault?.incidentId,
      });
    } catch (error) {
      // An answer that cannot be written down is not sent, and comes again as a fault.
      if (outcome === "fault") metrics?.count(ofTenant(call, tenant), outcome, 0);
      throw error;
    }
    metrics?.count(ofTenant(call, tenant), outcome, told ?? 0);
  };
}

/** Lines of one turn of the event loop are written together: a write for each would cost more than a short answer does. */
function gathered(audit: AuditLog): (entry: AuditEntry) => Promise<void> {
  let entries: AuditEntry[] = [];
  let written: Promise<void> | undefined;
  return (entry) => {
    entries.push(entry);
    written ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        const together = entries;
        entries = [];
        written = undefined;
        try {
          audit.write(...together);
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
    return written;
  };
}

function outcomeOf({ fault }: AnsweredCall, facts: CallFacts | undefined): CallOutcome {
  if (fault !== undefined) return "fault";
  return (facts?.errors.length ?? 0) > 0 ? "refused" : "valid";
}

/** At the address that is all tenants' it was found out who is meant. */
function ofTenant(call: AnsweredCall, tenant: string | undefined): AnsweredCall {
  return tenant === call.tenant ? call : { ...call, tenant };
}

function unlessEmpty(values: readonly string[] | undefined): readonly string[] | undefined {
  return values === undefined || values.length === 0 ? undefined : values;
}
