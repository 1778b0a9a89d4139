/** What is fuzzed: a function of bytes that must hold whatever they are. */
export interface FuzzTarget {
  readonly name: string;
  /** Sources whose coverage guides: what reaches a new place in them is kept and changed further. */
  readonly covered: RegExp;
  /** Longer inputs are cut: a short one is as good and faster. */
  readonly maxBytes: number;
  readonly seeds: () => readonly Buffer[];
  /** Pieces that chance would not find. */
  readonly dictionary: readonly string[];
  /**
   * @throws when what is tested does what it must not. Gives what is to be told apart of what it did: an input with
   * something new among that is kept, too.
   */
  readonly judge: (bytes: Buffer) => readonly string[] | Promise<readonly string[]>;
}

/** What the worker is given; `current`: the input that is being run, for the one who sees it hang. */
export interface WorkerData {
  readonly target: string;
  readonly milliseconds: number;
  readonly seed: number;
  readonly current: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly kind: "finding"; readonly bytes: Uint8Array; readonly error: string }
  | {
      readonly kind: "progress" | "done";
      readonly runs: number;
      readonly corpus: number;
      readonly coverage: number;
    };

/** Words of `current` before the input itself: how many inputs have been run, and this one's length. */
export const HEADER_WORDS = 2;
