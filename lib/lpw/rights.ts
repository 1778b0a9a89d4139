import { type Caller, mayAccess } from "../access/callers.js";
import type { Call } from "./call.js";
import { isWellFormed } from "./checks.js";
import { kurskeyOf } from "./formats.js";
import { forbidden, type Message } from "./messages.js";

/**
 * Rights are per occasion (contract section 3): a caller with listed institutions sees courses, occasions and
 * registrations of those. They are judged before the fields are checked, so that a forbidden course gives nothing away,
 * and on well-formed values alone: what is no code is a format error, not a right.
 */
export async function forbiddenInstitutions(
  call: Call,
  institution: string | undefined,
): Promise<readonly Message[]> {
  if (institution === undefined || mayAccess(call.caller, [institution])) return [];
  return (await isWellFormed(call, "Institution", institution)) ? [forbidden(institution)] : [];
}

/**
 * A message for each known course that none of the caller's institutions gives, in the order in which they were sent.
 * An unknown course is not forbidden: it is answered as for everyone, with nothing.
 */
export async function forbiddenCourses(
  call: Call,
  kurskoder: Iterable<string | undefined>,
): Promise<readonly Message[]> {
  if (call.caller.institutions === "*") return [];
  const messages: Message[] = [];
  const judged = new Set<string>();
  for (const kurskod of kurskoder) {
    if (kurskod === undefined) continue;
    const kurskey = kurskeyOf(kurskod, call.settings);
    if (judged.has(kurskey)) continue;
    judged.add(kurskey);
    if (!(await isWellFormed(call, "Kurskod", kurskod))) continue;
    const rows = await call.lookups.kursByKod(kurskey);
    if (rows.length > 0 && !rows.some(({ inst }) => mayAccess(call.caller, [inst]))) {
      messages.push(forbidden(kurskod));
    }
  }
  return messages;
}

/** Of rows that several institutions may give: those that one of the caller's gives. */
export function visibleTo<Row extends { readonly institutions: readonly string[] }>(
  caller: Caller,
  rows: readonly Row[],
): readonly Row[] {
  if (caller.institutions === "*") return rows;
  return rows.filter(({ institutions }) => mayAccess(caller, institutions));
}
