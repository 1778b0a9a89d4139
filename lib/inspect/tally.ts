import { compareText } from "../domain/collation.js";
import type { Tally } from "./profile.js";
import { shownValue } from "./shown.js";

/** Different values that are counted one by one. */
const MAX_VALUES = 100;
/** What has more different values than this is no vocabulary but data, of which nothing is shown. */
const MAX_VOCABULARY = 40;

export interface Counter {
  /** undefined: the file has none there. */
  add(value: string | undefined, count?: number): void;
  tally(): Tally;
}

/** Counts values in bounded memory; what comes after so many different ones is counted together. */
export function createCounter(shown: (value: string) => string = shownValue): Counter {
  const counts = new Map<string, number>();
  let absent = 0;
  let others = 0;
  return {
    add(value, count = 1) {
      if (value === undefined) {
        absent += count;
        return;
      }
      const before = counts.get(value);
      if (before !== undefined) counts.set(value, before + count);
      else if (counts.size < MAX_VALUES) counts.set(value, count);
      else others += count;
    },
    tally() {
      const merged = new Map<string, number>();
      for (const [value, count] of counts) {
        const word = shown(value);
        merged.set(word, (merged.get(word) ?? 0) + count);
      }
      const values = [...merged]
        .map(([value, count]) => ({ value, count }))
        .sort((a, b) => b.count - a.count || compareText(a.value, b.value));
      return { values, absent, others };
    },
  };
}

/** The same for a field of persons, in which a file may have what is no word: then nothing of it is shown. */
export function createVocabularyCounter(): Counter {
  const counter = createCounter();
  return {
    add: counter.add,
    tally() {
      const tally = counter.tally();
      if (tally.values.length <= MAX_VOCABULARY && tally.others === 0) return tally;
      const others = tally.others + tally.values.reduce((sum, { count }) => sum + count, 0);
      return { values: [], absent: tally.absent, others };
    },
  };
}
