import type { AdresslistaError } from "../../errors.js";

/** What every call asks first: which load is served, and whether callers have changed. */
export interface State {
  /** undefined: nothing is loaded. */
  readonly served: number | undefined;
  readonly callersVersion: number;
}

/** A question that took so long and failed is not asked again at once: calls get their fault without waiting for it too. */
const SLOW_FAILURE_MS = 500;
const PAUSE_MS = 500;

/**
 * One question at a time for all calls that wait: a call takes the answer to a question that was asked after it came in. An
 * answer is good for all that happens in the turn of the event loop in which it arrives, so that a call asks once.
 */
export function stateAsked(read: () => Promise<State>): () => Promise<State> {
  let running: Promise<State> | undefined;
  let waiting: Promise<State> | undefined;
  /** May the running question, or the one that has just been answered, be shared? */
  let shared: Promise<State> | undefined;
  let failure: { readonly error: AdresslistaError; readonly until: number } | undefined;

  const shareForTurn = (question: Promise<State>) => {
    shared = question;
    setImmediate(() => {
      if (shared === question) shared = undefined;
    });
  };
  const ask = (): Promise<State> => {
    const began = performance.now();
    const question: Promise<State> = read().then(
      (state) => {
        running = undefined;
        failure = undefined;
        shareForTurn(question);
        return state;
      },
      (error) => {
        running = undefined;
        const now = performance.now();
        failure = now - began > SLOW_FAILURE_MS ? { error, until: now + PAUSE_MS } : undefined;
        throw error;
      },
    );
    running = question;
    shareForTurn(question);
    return question;
  };

  const askUnlessFailing = (): Promise<State> =>
    failure !== undefined && performance.now() < failure.until ? Promise.reject(failure.error) : ask();

  return () => {
    if (shared !== undefined) return shared;
    if (running === undefined) return askUnlessFailing();
    waiting ??= running
      .catch(() => {})
      .then(() => {
        waiting = undefined;
        return askUnlessFailing();
      });
    return waiting;
  };
}
