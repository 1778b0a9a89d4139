import { Session } from "node:inspector";

interface CoveredScript {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly {
      readonly startOffset: number;
      readonly endOffset: number;
      readonly count: number;
    }[];
  }[];
}

/**
 * Which places of the sources have been run, by V8's own block coverage: it needs no instrumented code, and knows the
 * code as it is served.
 */
export class Coverage {
  readonly #session = new Session();
  /** Per source: 1 where it has been run. */
  readonly #seen = new Map<string, Uint8Array>();
  readonly #covered: RegExp;

  constructor(covered: RegExp) {
    this.#covered = covered;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** How much has been run since the last time that had never been before, in characters of source; `note` keeps it as seen. */
  take({ note }: { readonly note: boolean }): number {
    let fresh = 0;
    for (const { url, functions } of this.#counts()) {
      if (!this.#covered.test(url)) continue;
      for (const { ranges } of functions) {
        const [outer] = ranges;
        if (outer === undefined) continue;
        // From the function inwards: what stands in a range is told by a later one.
        const run = new Uint8Array(outer.endOffset - outer.startOffset);
        for (const { startOffset, endOffset, count } of ranges) {
          run.fill(count > 0 ? 1 : 0, startOffset - outer.startOffset, endOffset - outer.startOffset);
        }
        const seen = this.#seenIn(url, outer.endOffset);
        for (let at = 0; at < run.length; at++) {
          if (run[at] === 0 || seen[outer.startOffset + at] === 1) continue;
          fresh++;
          if (note) seen[outer.startOffset + at] = 1;
        }
      }
    }
    return fresh;
  }

  /** Characters of source that have been run at all. */
  get total(): number {
    let total = 0;
    for (const seen of this.#seen.values()) for (const run of seen) total += run;
    return total;
  }

  #counts(): readonly CoveredScript[] {
    let result: readonly CoveredScript[] = [];
    // Answered before it returns.
    this.#session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error !== null) throw error;
      result = answer.result;
    });
    return result;
  }

  #seenIn(url: string, end: number): Uint8Array {
    const seen = this.#seen.get(url);
    if (seen !== undefined && seen.length >= end) return seen;
    const longer = new Uint8Array(Math.max(end, 2 * (seen?.length ?? 0)));
    if (seen !== undefined) longer.set(seen);
    this.#seen.set(url, longer);
    return longer;
  }
}
