import { AdresslistaError } from "../../errors.js";
import type { CallerRecord, CallerStore, FailedLogins } from "../queries.js";
import { type CallerRow, MAX_FAILED_LOGIN_KEYS, parametersOfCaller, toCaller } from "../records.js";
import { type Connection, guarded } from "./files.js";

/**
 * Callers and failed logins, beside the generations. `version` changes with every commit to the database, ours (which
 * `changed` tells of) and others'.
 */
export function callersIn(connection: Connection, version: () => number, changed: () => void): CallerStore {
  const byName = connection.prepare("SELECT * FROM CALLER WHERE NAME = ?");
  const bySubject = connection.prepare("SELECT * FROM CALLER WHERE SUBJECT = ?");
  const all = connection.prepare("SELECT * FROM CALLER ORDER BY NAME");
  const insert = connection.prepare(
    `INSERT INTO CALLER (NAME, INSTITUTIONS, ADDRESSES, EXPIRES, VERIFIER, SECRET_HASH, HMAC_SECRET, SUBJECT, CREATED)
     VALUES ($name, $institutions, $addresses, $expires, $verifier, $secretHash, $hmacSecret, $subject, $created)
     ON CONFLICT DO NOTHING`,
  );
  const update = connection.prepare(
    `UPDATE OR IGNORE CALLER SET INSTITUTIONS = $institutions, ADDRESSES = $addresses, EXPIRES = $expires, VERIFIER = $verifier,
       SECRET_HASH = $secretHash, HMAC_SECRET = $hmacSecret, SUBJECT = $subject, CREATED = $created WHERE NAME = $name`,
  );
  const remove = connection.prepare("DELETE FROM CALLER WHERE NAME = ?");
  const failed = connection.prepare(
    "SELECT COUNT AS count, LAST AS last FROM FAILED_LOGIN WHERE KEY = ? AND LAST >= ?",
  );
  const forgetFailed = connection.prepare("DELETE FROM FAILED_LOGIN WHERE LAST < ?");
  const forgetOldest = connection.prepare(
    "DELETE FROM FAILED_LOGIN WHERE KEY IN (SELECT KEY FROM FAILED_LOGIN ORDER BY LAST DESC LIMIT -1 OFFSET ?)",
  );
  const noteFailed = connection.prepare(
    "INSERT INTO FAILED_LOGIN (KEY, COUNT, LAST) VALUES (?, 1, ?) ON CONFLICT (KEY) DO UPDATE SET COUNT = COUNT + 1, LAST = excluded.LAST",
  );
  const noteAll = connection.transaction((keys: readonly string[], now: number, after: number) => {
    forgetFailed.run(after);
    for (const key of keys) noteFailed.run(key, now);
    forgetOldest.run(MAX_FAILED_LOGIN_KEYS);
  });

  // Verified callers are forgotten when callers change, and not at each load: a check costs a third of a second.
  let seen = { version: -1, text: "", callersVersion: 0 };

  const subjectTaken = (caller: CallerRecord) =>
    caller.verifier === "certificate" && bySubject.get(caller.subject) !== undefined
      ? new AdresslistaError("usage", "there is a caller with that certificate already")
      : undefined;

  return {
    callersVersion() {
      const now = version();
      if (now === seen.version) return seen.callersVersion;
      const text = JSON.stringify(all.all());
      const isChange = text !== seen.text;
      seen = { version: now, text, callersVersion: seen.callersVersion + (isChange ? 1 : 0) };
      return seen.callersVersion;
    },

    findCaller: (name) => toCaller(byName.get(name) as CallerRow | undefined),
    findCallerBySubject: (subject) => toCaller(bySubject.get(subject) as CallerRow | undefined),
    listCallers: () => (all.all() as CallerRow[]).map((row) => toCaller(row) as CallerRecord),

    addCaller(caller) {
      const { changes } = guarded("cannot write the caller", () => insert.run(parametersOfCaller(caller)));
      if (changes === 0) {
        throw (
          subjectTaken(caller) ?? new AdresslistaError("usage", `there is a caller ${caller.name} already`)
        );
      }
      changed();
    },

    changeCaller(caller) {
      const { changes } = guarded("cannot write the caller", () => update.run(parametersOfCaller(caller)));
      if (changes === 0) {
        throw subjectTaken(caller) ?? new AdresslistaError("usage", "there is no caller with that name");
      }
      changed();
    },

    removeCaller(name) {
      const { changes } = guarded("cannot remove the caller", () => remove.run(name));
      if (changes > 0) changed();
      return changes > 0;
    },

    failedLogins: (keys, after) =>
      guarded("cannot read failed logins", () =>
        keys.map((key) => failed.get(key, after) as FailedLogins | undefined),
      ),

    noteFailedLogin(keys, now, after) {
      guarded("cannot note a failed login", () => noteAll.immediate(keys, now, after));
    },
  };
}
