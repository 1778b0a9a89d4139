/** One state that was in force for a while. Times are those of performance.now(). */
export interface Period<State> {
  readonly state: State;
  /** Not before. */
  readonly from: number;
  /** Not after; Infinity while it is in force, or may still be. */
  until: number;
}

/** Periods that ended so long ago are of no call any more. */
const FORGOTTEN_MILLISECONDS = 180_000;

/**
 * What was in force when, as far as somebody outside can know: a change has happened at some moment between the start of
 * the command that makes it and its end, and not later than the first answer that shows it.
 */
export class Timeline<State> {
  #periods: Period<State>[];
  #pending: Period<State>[] = [];
  #seen: Period<State> | undefined;

  constructor(
    first: State,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#periods = [{ state: first, from: now(), until: Number.POSITIVE_INFINITY }];
  }

  /** What is in force when nothing is being changed. */
  get state(): State {
    return (this.#periods.at(-1) as Period<State>).state;
  }

  /** A command begins that will perhaps put one of these states in force. */
  changing(...states: readonly State[]): void {
    const from = this.now();
    this.#pending = states.map((state) => ({ state, from, until: Number.POSITIVE_INFINITY }));
  }

  /** The command has ended, and this is in force now: one of the new states, or undefined: still the old one. */
  settled(state: State | undefined): void {
    const next = this.#pending.find((period) => period.state === state);
    if (state !== undefined && next === undefined) throw new Error("a state that was not expected");
    const seen = this.#seen;
    this.#pending = [];
    this.#seen = undefined;
    if (seen !== undefined && seen !== next) {
      throw new Error("an answer came from a state that was never in force");
    }
    if (next === undefined) return;
    const now = this.now();
    const last = this.#periods.at(-1) as Period<State>;
    last.until = Math.min(last.until, now);
    this.#periods.push(next);
    this.#periods = this.#periods.filter(({ until }) => until > now - FORGOTTEN_MILLISECONDS);
  }

  /** All that may have been in force at some moment from the one to the other. */
  between(sent: number, answered: number): readonly Period<State>[] {
    return [...this.#periods, ...this.#pending].filter(
      ({ from, until }) => from <= answered && until >= sent,
    );
  }

  /** An answer can only have come from one of these: when all are new, the change has happened before now. */
  seen(periods: readonly Period<State>[]): void {
    const [only] = periods;
    if (only === undefined || periods.length > 1 || !this.#pending.includes(only)) return;
    this.#seen = only;
    const last = this.#periods.at(-1) as Period<State>;
    last.until = Math.min(last.until, this.now());
  }
}
