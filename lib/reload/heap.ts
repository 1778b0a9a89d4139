import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * How much the heap may grow, in percent of what was alive, before garbage is looked for again. V8 itself would let it grow
 * to several times as much when it is made fast, as by a load of a million persons.
 */
const GROWTH_PERCENT = 20;
const AS_V8_WILL = 0;

/** For as long as a load lasts, in the whole process. Returns what ends it. */
export function keepHeapSmall(): () => void {
  const allowGrowth = (percent: number) => setFlagsFromString(`--heap-growing-percent=${percent}`);
  allowGrowth(GROWTH_PERCENT);
  return () => allowGrowth(AS_V8_WILL);
}

/**
 * Looks for garbage now: where much has just been let go, and something that needs as much begins. Takes a tenth of a second
 * for each hundred megabytes that are alive.
 */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
}
