import type { Termin } from "../domain/terms.js";
import type { History, HistoryWindow, KeptGroup, KeptGroups, KeptMembership } from "./api.js";
import { registerDate } from "./dates.js";
import type { Timetable } from "./occasions.js";
import { isParent } from "./relationships.js";
import { fullTerminer, type SpanOf } from "./spans.js";

/** What is taken from the previous load because the export no longer holds it (contract section 5, History). */

/** Every id of a kept group → the group. */
export function keptByAnyId(kept: KeptGroups): ReadonlyMap<string, KeptGroup> {
  return new Map(kept.groups.flatMap((group) => idsOf(group).map((id) => [id, group] as const)));
}

/**
 * The kept groups to add to the export's: occasions that are carried over and that the export does not have by any id,
 * and those course groups, schools and programmes that carried occasions need and the export lacks.
 */
export function groupsToCarry(
  history: History,
  keptOf: ReadonlyMap<string, KeptGroup>,
  isInExport: (id: string) => boolean,
): readonly KeptGroup[] {
  const isLacking = (group: KeptGroup) => !idsOf(group).some(isInExport);
  const parentsOf = ({ record }: KeptGroup) =>
    record.relationships.filter(isParent).flatMap(({ id }) => keptOf.get(id.id) ?? []);
  const occasions = history.kept.groups.filter((group) => isCarriedOccasion(group, history));
  const carried = new Set(occasions.filter(isLacking));
  // a set that grows while it is walked: those added come later
  for (const group of carried) {
    for (const parent of parentsOf(group)) if (isLacking(parent)) carried.add(parent);
  }
  const courses = new Set(occasions.flatMap((occasion) => [occasion, ...parentsOf(occasion)]));
  for (const { group, member } of history.kept.members) {
    const course = keptOf.get(member.id);
    const programme = keptOf.get(group.id);
    if (course === undefined || programme === undefined || !courses.has(course)) continue;
    if (isLacking(programme)) carried.add(programme);
  }
  return [...carried];
}

/** Has it passed itself, or have memberships of it? */
function isCarriedOccasion(group: KeptGroup, history: History): boolean {
  if (group.lastTermin === undefined) return false;
  return hasPassed(group, history) || idsOf(group).some((id) => history.occasionsWithMemberships.has(id));
}

function hasPassed({ end = "", lastTermin = "" }: KeptGroup, window: HistoryWindow): boolean {
  return end < window.day && isInWindow(lastTermin, window);
}

/** Had all of the membership ended, and has its last half-year passed and is not too old? */
export function liesInWindow({ periods, lastTermin }: KeptMembership, window: HistoryWindow): boolean {
  return isInWindow(lastTermin, window) && periods.every(({ end }) => end < window.day);
}

function isInWindow(termin: Termin, { current, oldest }: HistoryWindow): boolean {
  return termin < current && termin >= oldest;
}

/**
 * When a kept occasion was, as far as it is carried over: it runs in no half-year that has not passed, is too old, or was
 * not carried over by the previous load. Undefined for what was kept for other reasons than its own rows.
 */
export function timetableOfKept(
  { record, lastTermin }: KeptGroup,
  window: HistoryWindow,
  spanOf: SpanOf,
): Timetable | undefined {
  const begin = registerDate(record.timeframe?.begin);
  const end = registerDate(record.timeframe?.end);
  if (begin === undefined || end === undefined || lastTermin === undefined || begin > end) return undefined;
  const period = { begin, end };
  const runsIn = fullTerminer([period]).filter(
    (termin) => termin <= lastTermin && isInWindow(termin, window),
  );
  return { period, span: spanOf([period]), runsIn };
}

/** Has a carried occasion a row of its own, whoever is registered on it: does it begin or run in the window? */
export function standsByItself(kept: KeptGroup, { span, runsIn }: Timetable, window: HistoryWindow): boolean {
  return hasPassed(kept, window) && (runsIn.length > 0 || isInWindow(span.start, window));
}

/** One membership of what were several, when groups or persons turned out to be the same. */
export function joinedMemberships(first: KeptMembership, second: KeptMembership): KeptMembership {
  const { occasion } = first;
  return {
    occasion,
    periods: inOrder([...first.periods, ...second.periods]),
    lastTermin: first.lastTermin > second.lastTermin ? first.lastTermin : second.lastTermin,
    programmes: [...new Set([...first.programmes, ...second.programmes])].sort(),
  };
}

export function inOrder(periods: KeptMembership["periods"]): KeptMembership["periods"] {
  if (periods.length < 2) return periods;
  return [...periods].sort((a, b) => (a.begin + a.end < b.begin + b.end ? -1 : 1));
}

export function idsOf({ record }: KeptGroup): readonly string[] {
  return record.sourcedIds.map(({ id }) => id);
}
