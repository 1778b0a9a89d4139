import { AdresslistaError } from "../../errors.js";
import type { CallerRecord, CallerStore, FailedLogins } from "../queries.js";
import { type CallerRow, MAX_FAILED_LOGIN_KEYS, parametersOfCaller, toCaller } from "../records.js";
import type { Client, Connections, Value } from "./connections.js";

/** Columns of CALLER by the names of their parameters. */
const COLUMNS = {
  name: "name",
  institutions: "institutions",
  addresses: "addresses",
  expires: "expires",
  verifier: "verifier",
  secretHash: "secret_hash",
  hmacSecret: "hmac_secret",
  subject: "subject",
  created: "created",
} as const;
const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
const SELECTED = Object.values(COLUMNS)
  .map((column) => `${column} AS "${column.toUpperCase()}"`)
  .join(", ");

/** Callers and failed logins. Every change of a caller is counted by a trigger: see `migrations.ts`. */
export function callersIn(connections: Connections, schema: string): Omit<CallerStore, "callersVersion"> {
  const table = `${schema}.caller`;
  const failed = `${schema}.failed_login`;
  const find = async (column: "name" | "subject", value: string) => {
    const [row] = await connections.ask<CallerRow>("cannot read the callers", {
      text: `SELECT ${SELECTED} FROM ${table} WHERE ${column} = $1`,
      values: [value],
    });
    return toCaller(row);
  };
  const write = async (text: string, values: Value[]): Promise<number> =>
    connections.inTransaction(
      "cannot write the callers",
      async (client) => (await client.query(text, values)).rowCount ?? 0,
    );
  const subjectTaken = async (caller: CallerRecord) =>
    caller.verifier === "certificate" && (await find("subject", caller.subject)) !== undefined
      ? new AdresslistaError("usage", "there is a caller with that certificate already")
      : undefined;

  return {
    findCaller: (name) => find("name", name),
    findCallerBySubject: (subject) => find("subject", subject),

    async listCallers() {
      const rows = await connections.ask<CallerRow>("cannot read the callers", {
        text: `SELECT ${SELECTED} FROM ${table} ORDER BY name COLLATE "C"`,
      });
      return rows.map((row) => toCaller(row) as CallerRecord);
    },

    async addCaller(caller) {
      const added = await connections.inTransaction("cannot write the callers", (client) =>
        insertCaller(client, schema, caller),
      );
      if (added > 0) return;
      throw (
        (await subjectTaken(caller)) ??
        new AdresslistaError("usage", `there is a caller ${caller.name} already`)
      );
    },

    async changeCaller(caller) {
      const set = NAMES.map((name, at) => `${COLUMNS[name]} = $${at + 1}`).join(", ");
      const changed = await write(
        `UPDATE ${table} SET ${set} WHERE name = $1
           AND NOT EXISTS (SELECT 1 FROM ${table} other WHERE other.subject = $${NAMES.indexOf("subject") + 1} AND other.name <> $1)`,
        valuesOf(caller),
      );
      if (changed > 0) return;
      throw (
        (await subjectTaken(caller)) ?? new AdresslistaError("usage", "there is no caller with that name")
      );
    },

    removeCaller: async (name) => (await write(`DELETE FROM ${table} WHERE name = $1`, [name])) > 0,

    async failedLogins(keys, after) {
      const rows = await connections.ask<FailedLogins & { key: string }>("cannot read failed logins", {
        text: `SELECT key, count, last FROM ${failed} WHERE key = ANY($1::text[]) AND last >= $2`,
        values: [keys, after],
      });
      const byKey = new Map(rows.map(({ key, count, last }) => [key, { count, last }]));
      return keys.map((key) => byKey.get(key));
    },

    async noteFailedLogin(keys, now, after) {
      await connections.inTransaction("cannot note a failed login", async (client) => {
        // In one order in every process, so that none waits for another in a ring.
        await client.query(
          `INSERT INTO ${failed} AS f (key, count, last) SELECT k, 1, $2::bigint FROM unnest($1::text[]) k ORDER BY k
           ON CONFLICT (key) DO UPDATE
             SET count = CASE WHEN f.last < $3::bigint THEN 1 ELSE f.count + 1 END, last = excluded.last`,
          [[...new Set(keys)], now, after],
        );
        await client.query(
          `DELETE FROM ${failed} WHERE key IN (SELECT key FROM ${failed}
             WHERE last < $1 OR key IN (SELECT key FROM ${failed} ORDER BY last DESC OFFSET $2)
             ORDER BY key FOR UPDATE SKIP LOCKED)`,
          [after, MAX_FAILED_LOGIN_KEYS],
        );
      });
    },
  };
}

/** Returns how many were added: none when the name or the certificate's subject is taken. */
export async function insertCaller(client: Client, schema: string, caller: CallerRecord): Promise<number> {
  const places = NAMES.map((_, at) => `$${at + 1}`).join(", ");
  const { rowCount } = await client.query(
    `INSERT INTO ${schema}.caller (${Object.values(COLUMNS).join(", ")}) VALUES (${places}) ON CONFLICT DO NOTHING`,
    valuesOf(caller),
  );
  return rowCount ?? 0;
}

function valuesOf(caller: CallerRecord): Value[] {
  const parameters = parametersOfCaller(caller);
  return NAMES.map((name) => parameters[name] ?? null);
}
