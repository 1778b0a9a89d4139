import { codeKey } from "../domain/codes.js";
import { parseTermin } from "../domain/terms.js";
import type { Subject } from "./call.js";
import { type FormatSettings, kurskeyOf } from "./formats.js";
import type { Lookups } from "./lookups.js";

/** A request may hold ten thousand occasions: a line of the audit log shows so many courses. */
const MAX_SHOWN = 20;

/** What a request is about, of the register's own codes: whatever else stands in those fields may be of a person. */
export async function knownSubject(
  { institutions, kurskoder, terminer }: Subject,
  lookups: Pick<Lookups, "institutions" | "kursByKod">,
  settings: FormatSettings,
): Promise<{
  readonly institutions?: readonly string[];
  readonly kurskoder?: readonly string[];
  readonly terminer?: readonly string[];
}> {
  return {
    ...(institutions && { institutions: await knownInstitutions(distinct(institutions), lookups) }),
    ...(kurskoder && { kurskoder: await knownCourses(distinct(kurskoder), lookups, settings) }),
    ...(terminer && { terminer: distinct(distinct(terminer).map(parseTermin)) }),
  };
}

async function knownInstitutions(
  sent: readonly string[],
  { institutions }: Pick<Lookups, "institutions">,
): Promise<readonly string[]> {
  const wanted = new Set(sent.map(codeKey));
  return (await institutions()).flatMap(({ kod }) => (wanted.has(codeKey(kod)) ? [kod] : []));
}

async function knownCourses(
  sent: readonly string[],
  { kursByKod }: Pick<Lookups, "kursByKod">,
  settings: FormatSettings,
): Promise<readonly string[]> {
  const known = new Set<string>();
  for (const kurskod of sent) {
    const [course] = await kursByKod(kurskeyOf(kurskod, settings));
    if (course !== undefined) known.add(course.kurskod);
  }
  return [...known];
}

function distinct(values: readonly (string | undefined)[]): readonly string[] {
  const found = new Set<string>();
  for (const value of values) {
    if (value !== undefined) found.add(value);
    if (found.size === MAX_SHOWN) break;
  }
  return [...found];
}
