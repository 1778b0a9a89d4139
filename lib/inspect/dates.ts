import type { ImsTimeframe } from "../ims/records.js";
import { registerDate } from "../mapping/dates.js";
import { createFinding } from "./findings.js";
import type { DatesProfile, Place } from "./profile.js";
import { dateForm } from "./shown.js";
import { createCounter } from "./tally.js";

export interface DatesCounter {
  add(timeframe: ImsTimeframe | undefined, place: Place): void;
  profile(): DatesProfile;
}

/** The timeframes of groups, or of roles. */
export function countDates(): DatesCounter {
  const has = { both: 0, beginOnly: 0, endOnly: 0, none: 0 };
  const begins = createRange();
  const ends = createRange();
  const forms = createCounter((form) => form);
  const noDate = createFinding();
  const beginAfterEnd = createFinding();

  const read = (written: string | undefined, range: Range, place: Place): string | undefined => {
    if (written === undefined) return undefined;
    forms.add(dateForm(written));
    const date = registerDate(written);
    if (date === undefined) noDate.add(place);
    else range.add(date);
    return date;
  };

  return {
    add(timeframe, place) {
      const { begin, end } = timeframe ?? {};
      has[
        begin === undefined
          ? end === undefined
            ? "none"
            : "endOnly"
          : end === undefined
            ? "beginOnly"
            : "both"
      ]++;
      const from = read(begin, begins, place);
      const to = read(end, ends, place);
      if (from !== undefined && to !== undefined && from > to) beginAfterEnd.add(place);
    },
    profile: () => ({
      ...has,
      earliestBegin: begins.first(),
      latestBegin: begins.last(),
      earliestEnd: ends.first(),
      latestEnd: ends.last(),
      forms: forms.tally(),
      noDate: noDate.finding(),
      beginAfterEnd: beginAfterEnd.finding(),
    }),
  };
}

interface Range {
  add(date: string): void;
  first(): string | null;
  last(): string | null;
}

function createRange(): Range {
  let first: string | null = null;
  let last: string | null = null;
  return {
    add(date) {
      if (first === null || date < first) first = date;
      if (last === null || date > last) last = date;
    },
    first: () => first,
    last: () => last,
  };
}
