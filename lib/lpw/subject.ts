import { codeKey } from "../domain/codes.js";
import { parseTermin } from "../domain/terms.js";
import type { InstitutionFound } from "../store/queries.js";
import type { Subject } from "./call.js";
import { type FormatSettings, kurskeyOf } from "./formats.js";
import type { Lookups } from "./lookups.js";
import { madeOnce } from "./made-once.js";

/** A request may hold ten thousand occasions: a line of the audit log shows so many courses. */
const MAX_SHOWN = 20;

/** What a request is about, of the register's own codes: whatever else stands in those fields may be of a person. */
export async function knownSubject(
  { institutions, kurskoder, terminer }: Subject,
  lookups: Pick<Lookups, "institutions" | "kursByKod">,
  settings: FormatSettings,
): Promise<KnownSubject> {
  return {
    institutions: institutions && (await knownInstitutions(distinct(institutions), lookups)),
    kurskoder: kurskoder && (await knownCourses(distinct(kurskoder), lookups, settings)),
    terminer: terminer && distinct(distinct(terminer).map(parseTermin)),
  };
}

/** What does not apply is undefined. */
export interface KnownSubject {
  readonly institutions?: readonly string[] | undefined;
  readonly kurskoder?: readonly string[] | undefined;
  readonly terminer?: readonly string[] | undefined;
}

async function knownInstitutions(
  sent: readonly string[],
  lookups: Pick<Lookups, "institutions">,
): Promise<readonly string[]> {
  if (sent.length === 0) return [];
  const register = await lookups.institutions();
  const wanted = new Set(sent.map(codeKey));
  return register.flatMap(({ kod }, at) => (wanted.has(keysOf(register)[at] ?? "") ? [kod] : []));
}

/** Worked out once for a list that the store gives again and again. */
const keysOf = madeOnce((register: readonly InstitutionFound[]) => register.map(({ kod }) => codeKey(kod)));

async function knownCourses(
  sent: readonly string[],
  lookups: Pick<Lookups, "kursByKod">,
  settings: FormatSettings,
): Promise<readonly string[]> {
  const known = new Set<string>();
  for (const kurskod of sent) {
    const [course] = await lookups.kursByKod(kurskeyOf(kurskod, settings));
    if (course !== undefined) known.add(course.kurskod);
  }
  return [...known];
}

function distinct(values: readonly (string | undefined)[]): readonly string[] {
  const found: string[] = [];
  for (const value of values) {
    // So few are shown that a list is searched sooner than a set is made.
    if (value !== undefined && !found.includes(value)) found.push(value);
    if (found.length === MAX_SHOWN) break;
  }
  return found;
}
