import { registerDate } from "../mapping/dates.js";
import { instantOf } from "../reload/recognise.js";
import type { LoadRecord } from "../store/queries.js";

/** How old what is served is, counted from the export's own datetime when it says one, else from the load. */
export interface Age {
  readonly seconds: number;
  /** Older than the setting maxAgeHours. */
  readonly stale: boolean;
}

export const SECONDS_PER_HOUR = 3600;

export function ageOf(
  { loadedAt, exportDatetime }: Pick<LoadRecord, "loadedAt" | "exportDatetime">,
  { maxAgeHours }: { readonly maxAgeHours: number },
  now: Date,
): Age {
  const loaded = Date.parse(loadedAt);
  // A clock that is wrong at the register's makes nothing younger than its load.
  const since = Math.min(loaded, exportedAt(exportDatetime) ?? loaded);
  const seconds = Math.max(0, Math.round((now.getTime() - since) / 1000));
  return { seconds, stale: seconds > maxAgeHours * SECONDS_PER_HOUR };
}

/** Of a day without a time its beginning counts. */
function exportedAt(written: string | null): number | undefined {
  if (written === null) return undefined;
  return instantOf(written) ?? instantOf(`${registerDate(written) ?? ""}T00:00:00`);
}
