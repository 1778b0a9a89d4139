/** Rows of the service's own tables, whatever the engine: what they hold, as values of JavaScript. */
import type { NewLoad } from "./loads.js";
import type { CallerProof, CallerRecord, LoadRecord } from "./queries.js";

/** Keys of FAILED_LOGIN: more than an honest mistake makes. The oldest go, so that a stranger cannot fill the disk. */
export const MAX_FAILED_LOGIN_KEYS = 10_000;

/** A row of CALLER. */
export interface CallerRow {
  readonly NAME: string;
  readonly INSTITUTIONS: string;
  readonly ADDRESSES: string;
  readonly EXPIRES: string | null;
  readonly VERIFIER: CallerRecord["verifier"];
  readonly SECRET_HASH: string;
  readonly HMAC_SECRET: string | null;
  readonly SUBJECT: string | null;
  readonly CREATED: string;
}

/** By the names of the columns in camel case. */
export function parametersOfCaller(caller: CallerRecord): Readonly<Record<string, string | null>> {
  return {
    name: caller.name,
    institutions: caller.institutions === "*" ? "*" : JSON.stringify(caller.institutions),
    addresses: JSON.stringify(caller.addresses),
    expires: caller.expires,
    verifier: caller.verifier,
    secretHash: caller.verifier === "secret" ? caller.secretHash : "",
    hmacSecret: caller.verifier === "hmac" ? caller.hmacSecret : null,
    subject: caller.verifier === "certificate" ? caller.subject : null,
    created: caller.created,
  };
}

export function toCaller(row: CallerRow | undefined): CallerRecord | undefined {
  if (!row) return undefined;
  return {
    name: row.NAME,
    institutions: row.INSTITUTIONS === "*" ? "*" : (JSON.parse(row.INSTITUTIONS) as string[]),
    addresses: JSON.parse(row.ADDRESSES) as string[],
    expires: row.EXPIRES,
    created: row.CREATED,
    ...proofOf(row),
  };
}

function proofOf({ VERIFIER, SECRET_HASH, HMAC_SECRET, SUBJECT }: CallerRow): CallerProof {
  switch (VERIFIER) {
    case "secret":
      return { verifier: VERIFIER, secretHash: SECRET_HASH };
    case "hmac":
      return { verifier: VERIFIER, hmacSecret: HMAC_SECRET ?? "" };
    case "certificate":
      return { verifier: VERIFIER, subject: SUBJECT ?? "" };
  }
}

/** All but the report, which is large. */
export const LOAD_COLUMNS = [
  "NUMBER",
  "LOADED_AT",
  "FILES",
  "EXPORT_DATETIME",
  "COUNTS",
  "WARNINGS",
  "FORCED",
  "INPUTS",
  "ROLLED_BACK",
] as const;

/** A row of LOAD. */
export interface LoadRow {
  readonly NUMBER: number;
  readonly LOADED_AT: string;
  readonly FILES: string;
  readonly EXPORT_DATETIME: string | null;
  readonly COUNTS: string;
  readonly WARNINGS: number;
  readonly FORCED: string;
  readonly INPUTS: string | null;
  readonly ROLLED_BACK: string | null;
}

export function toLoad(row: LoadRow): LoadRecord {
  return {
    number: row.NUMBER,
    loadedAt: row.LOADED_AT,
    files: JSON.parse(row.FILES) as LoadRecord["files"],
    exportDatetime: row.EXPORT_DATETIME,
    counts: JSON.parse(row.COUNTS) as LoadRecord["counts"],
    warnings: row.WARNINGS,
    forced: JSON.parse(row.FORCED) as LoadRecord["forced"],
    inputs: row.INPUTS,
    rolledBack: row.ROLLED_BACK,
  };
}

/** Values of a new row of LOAD, in the order of NEW_LOAD_COLUMNS. */
export function valuesOfLoad({
  record,
  report,
}: {
  readonly record: NewLoad["record"] & { readonly rolledBack?: string | null };
  readonly report?: object | undefined;
}): readonly (string | number | null)[] {
  return [
    record.number,
    record.loadedAt,
    JSON.stringify(record.files),
    record.exportDatetime,
    JSON.stringify(record.counts),
    record.warnings,
    JSON.stringify(record.forced ?? []),
    record.inputs ?? null,
    report === undefined ? null : JSON.stringify(report),
    record.rolledBack ?? null,
  ];
}

export const NEW_LOAD_COLUMNS =
  "NUMBER, LOADED_AT, FILES, EXPORT_DATETIME, COUNTS, WARNINGS, FORCED, INPUTS, REPORT, ROLLED_BACK";
