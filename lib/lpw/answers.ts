import type { CallFacts } from "../access/audit.js";
import type { Caller } from "../access/callers.js";
import { type Encodable, RepeatedAnswer } from "../soap/api.js";
import type { Generation } from "../store/queries.js";
import { madeOnce } from "./made-once.js";

/**
 * Answers that were given lately and may be given again: a load never changes, so that the same question of a caller with
 * the same rights has the same answer for as long as the load is served. Who asks is judged each time before.
 */
export interface AnswerMemory {
  /** Of one operation: its answers are told apart from those of others. */
  ofOperation(): OperationAnswers;
}

export interface OperationAnswers {
  /** Undefined: too long to be worth it. `request`: all that the answer depends on, as JSON can hold it. */
  questionOf(generation: Generation, caller: Caller, request: unknown): Question | undefined;
}

export interface Question {
  recall(): Answered | undefined;
  keep(value: Encodable, facts: AnswerFacts): Answered;
}

export interface Answered {
  readonly value: Encodable;
  readonly facts: AnswerFacts;
}

/** What the audit log has of an answer, whoever asked. */
export type AnswerFacts = Pick<CallFacts, "institutions" | "kurskoder" | "terminer" | "persons" | "errors">;

/** Bytes of answers that each process keeps, keys counted. */
export const MAX_KEPT_BYTES = 16 * 1024 * 1024;
/** Characters of a question as it is kept; a call that asks for more is rare, and takes its time anyway. */
const MAX_QUESTION_CHARACTERS = 1_000;
/** Questions that have been asked once and are remembered as such. */
const MAX_ASKED_ONCE = 2_000;
/** What an entry takes beside its bytes, roughly. */
const ENTRY_BYTES = 1_000;

export function rememberAnswers(most = MAX_KEPT_BYTES): AnswerMemory {
  let of: Generation | undefined;
  let kept = new Map<string, { readonly answered: Answered; bytes: number }>();
  let askedLately = new Set<string>();
  let askedBefore = new Set<string>();
  let bytes = 0;
  let operations = 0;

  const forgetOldest = () => {
    for (const [key, entry] of kept) {
      if (bytes <= most) return;
      kept.delete(key);
      bytes -= entry.bytes;
    }
  };

  /** Kept is what is asked for again: a question that comes once would only push out others. */
  const isNew = (key: string): boolean => {
    if (askedLately.delete(key) || askedBefore.delete(key)) return false;
    // Half of them go at once: to find the oldest one in a Set takes the longer, the more were taken out before.
    if (askedLately.size >= MAX_ASKED_ONCE / 2) {
      askedBefore = askedLately;
      askedLately = new Set();
    }
    askedLately.add(key);
    return true;
  };

  const recall = (key: string): Answered | undefined => {
    const entry = kept.get(key);
    if (entry === undefined) return undefined;
    // The last to be asked for is the last to be forgotten.
    kept.delete(key);
    kept.set(key, entry);
    return entry.answered;
  };

  const keep = (generation: Generation, key: string, value: Encodable, facts: AnswerFacts): Answered => {
    // While the answer was worked out another load may have been swapped in.
    if (generation !== of || kept.has(key) || isNew(key)) return { value, facts };
    const repeated = new RepeatedAnswer(value, (added) => {
      if (kept.get(key) !== entry) return;
      // What it was encoded from is kept too, and is about as large.
      entry.bytes += 2 * added;
      bytes += 2 * added;
      forgetOldest();
    });
    const entry = { answered: { value: repeated, facts }, bytes: ENTRY_BYTES + key.length };
    kept.set(key, entry);
    bytes += entry.bytes;
    forgetOldest();
    return entry.answered;
  };

  return {
    ofOperation() {
      const operation = ++operations;
      return {
        questionOf(generation, caller, request) {
          const asked = JSON.stringify(request);
          if (asked.length > MAX_QUESTION_CHARACTERS) return undefined;
          if (generation !== of) {
            of = generation;
            kept = new Map();
            askedLately = new Set();
            askedBefore = new Set();
            bytes = 0;
          }
          const key = `${operation} ${rightsKeyOf(caller)} ${asked}`;
          return {
            recall: () => recall(key),
            keep: (value, facts) => keep(generation, key, value, facts),
          };
        },
      };
    },
  };
}

/** The same for callers with the same rights; no institution's key has a comma, nor begins with a star. */
const rightsKeyOf = madeOnce(({ institutions }: Caller) =>
  institutions === "*" ? "*" : [...institutions].sort().join(","),
);
