import type { ImsTimeframe } from "../ims/records.js";
import { registerDate } from "../mapping/dates.js";
import { createFinding } from "./findings.js";
import type { DatesProfile } from "./profile.js";
import { dateForm } from "./shown.js";
import { createCounter } from "./tally.js";

export interface DatesCounter {
  add(timeframe: ImsTimeframe | undefined, file: string, line: number): void;
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

  const read = (written: string | undefined, range: Range, file: string, line: number) => {
    if (written === undefined) return undefined;
    forms.add(rememberedForm(written));
    const date = registerDate(written);
    if (date === undefined) noDate.add(file, line);
    else range.add(date);
    return date;
  };

  return {
    add(timeframe, file, line) {
      if (timeframe === undefined) {
        has.none++;
        return;
      }
      const { begin, end } = timeframe;
      has[
        begin === undefined
          ? end === undefined
            ? "none"
            : "endOnly"
          : end === undefined
            ? "beginOnly"
            : "both"
      ]++;
      const from = read(begin, begins, file, line);
      const to = read(end, ends, file, line);
      if (from !== undefined && to !== undefined && from > to) beginAfterEnd.add(file, line);
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

/** A register has a few thousand different dates, each many times: that many forms are remembered. */
const MAX_REMEMBERED = 20_000;
const remembered = new Map<string, string>();

function rememberedForm(written: string): string {
  const known = remembered.get(written);
  if (known !== undefined) return known;
  const form = dateForm(written);
  if (remembered.size < MAX_REMEMBERED) remembered.set(written, form);
  return form;
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
