import type { Finding, Place } from "./profile.js";

/** Places that are told: enough to begin looking. */
export const MAX_PLACES = 5;

export interface FindingCounter {
  add(file: string, line: number): void;
  finding(): Finding;
}

export function createFinding(): FindingCounter {
  let count = 0;
  const places: Place[] = [];
  return {
    add(file, line) {
      count += 1;
      if (places.length < MAX_PLACES) places.push({ file, line });
    },
    finding: () => ({ count, places }),
  };
}
