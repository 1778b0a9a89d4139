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
  const isFirst = ({ span }: M) => span.start === first;
  const fortTerminer = new Set(memberships.filter(isFirst).flatMap(({ span }) => span.later));
  return memberships.flatMap((membership): JudgedRegistration<M>[] => {
    const { start, later } = membership.span;
    const registration = (typ: Registreringstyp, termin: Termin) => ({
      membership,
      typ,
      starttermin: start,
      termin,
    });
    if (isFirst(membership)) {
      return [registration("FFG", start), ...later.map((termin) => registration("FO", termin))];
    }
    return [start, ...later]
      .filter((termin) => termin !== first && !fortTerminer.has(termin))
      .map((termin) => registration("OM", termin));
  });
}
