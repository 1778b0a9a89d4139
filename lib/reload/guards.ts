import { codeKey } from "../domain/codes.js";
import { compareText } from "../domain/collation.js";
import type { Termin } from "../domain/terms.js";
import type { HistoryWindow } from "../mapping/api.js";
import type { CountKind, SchoolCount } from "../store/queries.js";
import type { LoadCause } from "./report.js";

/** Settings guardFewer… and guardMore…: a change is refused that is beyond both the percentage and the number. */
export interface GuardSettings {
  readonly fewer: Threshold;
  /** Undefined: growth is never refused. */
  readonly more: Threshold | undefined;
}

export interface Threshold {
  readonly percent: number;
  readonly count: number;
}

/** Sentences that are told: enough to see what has happened, few enough to be read. */
export const MAX_REFUSALS = 20;

/** `institution` of the totals. */
export const ALL_INSTITUTIONS = "*";

const KINDS: readonly CountKind[] = ["persons", "occasions", "registrations"];

/**
 * Guards against a broken export: one sentence for each loss (and, when the settings say so, growth) that is beyond both
 * thresholds, the largest first; none when there is no previous load. Compared are the persons, occasions and registrations
 * of each school and of all, over the half-years that the new load keeps, so that what has become too old is no loss; and each
 * of these half-years by itself, so that a loss in the current one does not drown in history. A school that is gone has 0.
 *
 * Growth from nothing (a new school) counts as beyond any percentage. A half-year by itself can grow too much only when it
 * has begun and had something before: the next one begins with nothing, every time.
 */
export function refusedBy(
  previous: readonly SchoolCount[],
  next: readonly SchoolCount[],
  settings: GuardSettings,
  window: Pick<HistoryWindow, "oldest" | "current">,
): readonly string[] {
  if (previous.length === 0) return [];
  const changes = compared(previous, next, window.oldest);
  const sums = changes.filter(({ termin }) => termin === undefined).flatMap((sum) => judged(sum, settings));
  const refused = new Set(sums.map(placeOf));
  const halfYears = changes
    .filter(({ termin }) => termin !== undefined)
    .flatMap((change) => judged(change, settings))
    // It would say the same again.
    .filter((refusal) => !refused.has(placeOf(refusal)))
    .filter(({ change, way }) => way === "fewer" || canGrowTooMuch(change, window.current));
  const sentences = [...sums, ...halfYears].sort(bySize).map(sentence);
  const untold = sentences.length - MAX_REFUSALS;
  return untold > 0 ? [...sentences.slice(0, MAX_REFUSALS), `and ${untold} more`] : sentences;
}

/** The setting `requireEmail`: a sentence when persons have no e-mail address. */
export function refusedWithoutEmail(
  causes: readonly Pick<LoadCause, "cause" | "count">[],
): readonly string[] {
  const count = causes.find(({ cause }) => cause === "personNoEmail")?.count ?? 0;
  if (count === 0) return [];
  const persons = count === 1 ? "1 person has" : `${count} persons have`;
  return [`${persons} no e-mail address, which the setting requireEmail does not allow`];
}

export interface BeforeAfter {
  /** null: there is no load to compare with. */
  readonly before: number | null;
  readonly after: number;
}

/** What a load has of a school, beside what is served. */
export interface SchoolChange {
  /** Code; `*`: all together, each once. */
  readonly institution: string;
  readonly persons: BeforeAfter;
  readonly occasions: BeforeAfter;
  readonly registrations: BeforeAfter;
}

/** All together first, then by code. Of half-years from the oldest that the new load keeps. */
export function changesOf(
  previous: readonly SchoolCount[],
  next: readonly SchoolCount[],
  oldest: Termin,
): readonly SchoolChange[] {
  const rows = new Map<string, Record<CountKind, BeforeAfter> & { institution: string }>();
  for (const { institution, kind, termin, before, after } of compared(previous, next, oldest)) {
    if (termin !== undefined) continue;
    const nothing = { before: previous.length === 0 ? null : 0, after: 0 };
    const row = rows.get(institution) ?? {
      institution,
      persons: nothing,
      occasions: nothing,
      registrations: nothing,
    };
    row[kind] = { before: nothing.before === null ? null : before, after };
    rows.set(institution, row);
  }
  return [...rows.values()].sort((a, b) => compareText(a.institution, b.institution));
}

/** One number of both loads; without `termin` that of all half-years together. */
interface Change {
  readonly institution: string;
  readonly kind: CountKind;
  readonly termin: Termin | undefined;
  readonly before: number;
  readonly after: number;
}

function compared(
  previous: readonly SchoolCount[],
  next: readonly SchoolCount[],
  oldest: Termin,
): readonly Change[] {
  const changes = new Map<string, Change>();
  const note = (count: SchoolCount, termin: Termin | undefined, side: "before" | "after") => {
    const { institution, kind } = count;
    const key = `${codeKey(institution)} ${kind} ${termin ?? ""}`;
    const change = changes.get(key) ?? { institution, kind, termin, before: 0, after: 0 };
    changes.set(key, { ...change, [side]: change[side] + count.count });
  };
  for (const [counts, side] of [
    [previous, "before"],
    [next, "after"],
  ] as const) {
    for (const count of counts) {
      if (count.termin !== null && count.termin < oldest) continue;
      note(count, undefined, side);
      if (count.termin !== null) note(count, count.termin, side);
    }
  }
  return [...changes.values()];
}

interface Refusal {
  readonly change: Change;
  readonly way: "fewer" | "more";
  readonly threshold: Threshold;
}

function judged(change: Change, { fewer, more }: GuardSettings): Refusal[] {
  const { before, after } = change;
  if (isBeyond(before - after, before, fewer)) return [{ change, way: "fewer", threshold: fewer }];
  if (more !== undefined && isBeyond(after - before, before, more)) {
    return [{ change, way: "more", threshold: more }];
  }
  return [];
}

/** In whole numbers, so that exactly 20 % is not beyond 20 %. */
function isBeyond(difference: number, before: number, { percent, count }: Threshold): boolean {
  return difference > count && difference * 100 > percent * before;
}

function canGrowTooMuch({ termin, before }: Change, current: Termin): boolean {
  return termin !== undefined && termin <= current && before > 0;
}

function placeOf({ change, way }: Refusal): string {
  return `${codeKey(change.institution)} ${change.kind} ${way}`;
}

/** The largest number first; of equal ones all schools before one, then by code, kind and half-year. */
function bySize({ change: a }: Refusal, { change: b }: Refusal): number {
  return (
    Math.abs(b.after - b.before) - Math.abs(a.after - a.before) ||
    compareText(a.institution, b.institution) ||
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
    compareText(a.termin ?? "", b.termin ?? "")
  );
}

function sentence({ change, way, threshold }: Refusal): string {
  const { institution, kind, termin, before, after } = change;
  const where = institution === ALL_INSTITUTIONS ? "all schools" : `school ${institution}`;
  const when = termin === undefined ? "" : `, half-year ${termin}`;
  const share = before === 0 ? "" : ` (${shownPercent(change, threshold)} % ${way})`;
  return `${where}${when}: ${after} ${kind} instead of ${before}${share}, which is more than ${threshold.percent} % and more than ${threshold.count} ${way}`;
}

/** With as many decimals as it takes to see that it is more than the threshold. */
function shownPercent({ before, after }: Change, { percent }: Threshold): string {
  const share = (Math.abs(after - before) / before) * 100;
  const shown = [0, 1, 2, 3].map((decimals) => share.toFixed(decimals));
  return shown.find((text) => Number(text) > percent) ?? String(share);
}
