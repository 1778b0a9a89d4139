import { daysPerTermin, MIN_DAYS_OF_TERMIN, type Period, startTermin, type Termin } from "../domain/terms.js";

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

/** The half-years of which 14 days or more are used, in order. */
export function fullTerminer(periods: readonly Period[]): Termin[] {
  return [...daysPerTermin(periods)].flatMap(([termin, days]) =>
    days >= MIN_DAYS_OF_TERMIN ? [termin] : [],
  );
}

/** `spanOf` that remembers single periods: most memberships of a register share a few of them. */
export function rememberingSpanOf(): (periods: readonly Period[]) => Span {
  const MAX_REMEMBERED = 50_000;
  const remembered = new Map<string, Span>();
  return (periods) => {
    const [only, ...others] = periods;
    if (only === undefined || others.length > 0) return spanOf(periods);
    const key = only.begin + only.end;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const span = spanOf(periods);
    if (remembered.size < MAX_REMEMBERED) remembered.set(key, span);
    return span;
  };
}
