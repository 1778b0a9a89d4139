import type { Termin } from "../domain/terms.js";
import type { Registreringstyp } from "./rows.js";
import type { Span } from "./spans.js";

/** All a person's periods in one occasion of the course, as one. */
export interface CourseMembership {
  readonly span: Span;
}

/** A registration with the start term of the KTILL2 row it stands in. */
export interface JudgedRegistration<M extends CourseMembership> {
  readonly membership: M;
  readonly typ: Registreringstyp;
  readonly starttermin: Termin;
  readonly termin: Termin;
}

/**
 * A person's registrations on one course, from the memberships in order of begin, then occasion id (contract section 5,
 * Registrations): the first one, and those parallel to it, give FFG in the half-year in which they begin and FORT in
 * later ones; the other ones OM in each of theirs. One kind per term: FFG before FORT before OM.
 */
export function judgeRegistrations<M extends CourseMembership>(
  memberships: readonly M[],
): JudgedRegistration<M>[] {
  const first = memberships[0]?.span.start;
  const registrations: JudgedRegistration<M>[] = [];
  const taken = new Set<Termin>();
  for (const membership of memberships) {
    const { start, later } = membership.span;
    if (start !== first) continue;
    registrations.push({ membership, typ: "FFG", starttermin: start, termin: start });
    taken.add(start);
    for (const termin of later) {
      registrations.push({ membership, typ: "FO", starttermin: start, termin });
      taken.add(termin);
    }
  }
  for (const membership of memberships) {
    const { start, later } = membership.span;
    if (start === first) continue;
    for (const termin of [start, ...later]) {
      if (!taken.has(termin)) registrations.push({ membership, typ: "OM", starttermin: start, termin });
    }
  }
  return registrations;
}
