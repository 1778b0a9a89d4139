import { compareText } from "../domain/collation.js";
import { swedishDay } from "../domain/swedish-day.js";
import { previousTermin, type Termin, terminOfDate } from "../domain/terms.js";
import type { HistoryWindow } from "../mapping/api.js";
import { registerDate } from "../mapping/dates.js";

/**
 * The day of the export, as far as it has been read: what decides the century of numbers with ten digits and what has
 * passed, so that the same export gives the same store whenever it is loaded. An export that does not say counts as made now.
 */
export interface ExportDay {
  add(datetime: string | undefined): void;
  /** The latest datetime of the files, as written. */
  exportDatetime(): string | null;
  /** ÅÅÅÅ-MM-DD */
  today(): string;
}

export function exportDay(now: Date): ExportDay {
  // Alvis' days are Swedish days.
  let today = swedishDay(now);
  let latest: { readonly date: string; readonly written: string } | undefined;
  return {
    add(datetime) {
      if (datetime === undefined) return;
      // "0001-01-01" is what .NET writes for no date: a day that no export is made on says nothing.
      const read = { date: registerDate(datetime) ?? "", written: datetime };
      if (
        latest !== undefined &&
        (compareText(read.date, latest.date) || compareText(read.written, latest.written)) <= 0
      )
        return;
      latest = read;
      if (read.date !== "") today = read.date;
    },
    exportDatetime: () => latest?.written ?? null,
    today: () => today,
  };
}

/** What may be carried over from the previous load into one of an export of that day. */
export function historyWindow(day: string, historyTerms: number): HistoryWindow {
  const current = terminOfDate(day);
  let oldest: Termin = current;
  for (let terms = 0; terms < historyTerms; terms++) oldest = previousTermin(oldest);
  return { day, current, oldest };
}
