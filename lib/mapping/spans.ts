import {
  daysPerTermin,
  MIN_DAYS_OF_TERMIN,
  type Period,
  startTermin,
  type Termin,
  terminOfDate,
} from "../domain/terms.js";
import { getOrAdd } from "./collections.js";

/** The half-years of something with dates: an occasion, or one person's membership in one. */
export interface Span {
  /** Its first day. */
  readonly begin: string;
  /** The half-year in which it begins, by the rule of contract section 5 (KTILL2). */
  readonly start: Termin;
  /** The later half-years of which it uses 14 days or more, in order. */
  readonly later: readonly Termin[];
}

/** `periods`: at least one, none with begin after end. */
export function spanOf(periods: readonly Period[]): Span {
  const start = startTermin(periods);
  return {
    begin: periods.map(({ begin }) => begin).sort()[0] ?? "",
    start,
    later: fullTerminer(periods).filter((termin) => termin > start),
  };
}

/** Half-years of at least one period, none with begin after end. */
export type SpanOf = (periods: readonly Period[]) => Span;

/** The half-years of which 14 days or more are used, in order. */
export function fullTerminer(periods: readonly Period[]): Termin[] {
  return [...daysPerTermin(periods)].flatMap(([termin, days]) =>
    days >= MIN_DAYS_OF_TERMIN ? [termin] : [],
  );
}

/** The commonest case by a shorter way: a period that lies in one half-year. */
function spanWithinTermin({ begin, end }: Period): Span | undefined {
  const start = terminOfDate(begin);
  return terminOfDate(end) === start ? { begin, start, later: [] } : undefined;
}

/** `spanOf` that remembers single periods: most memberships of a register share a few of them. */
export function rememberingSpanOf(): SpanOf {
  const MAX_REMEMBERED = 50_000;
  let count = 0;
  // by begin, then by end
  const remembered = new Map<string, Map<string, Span>>();
  return (periods) => {
    const [only] = periods;
    if (only === undefined || periods.length > 1) return spanOf(periods);
    const known = remembered.get(only.begin)?.get(only.end);
    if (known !== undefined) return known;
    const span = spanWithinTermin(only) ?? spanOf(periods);
    if (count++ < MAX_REMEMBERED) getOrAdd(remembered, only.begin, () => new Map()).set(only.end, span);
    return span;
  };
}
