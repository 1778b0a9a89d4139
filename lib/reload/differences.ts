/** What a load would change of what is served: the register's ids only, never a person's data. */
export interface Differences {
  readonly counts: readonly DifferenceCount[];
  /** Every one, by what it is of and school; read from the two generations as it is asked for. */
  entries(): Iterable<Difference>;
}

export type DifferenceOf = "school" | "course" | "occasion" | "registration";
export type DifferenceKind = "added" | "removed" | "changed";

export interface DifferenceCount {
  readonly of: DifferenceOf;
  readonly institution: string;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
}

export interface Difference {
  readonly of: DifferenceOf;
  readonly kind: DifferenceKind;
  readonly institution: string;
  /** school: code. course: Kurskod. occasion: register id, Kurskod, start term. registration: person's register id besides. */
  readonly key: readonly string[];
  /** Names of the fields that differ; for a registration what it was and is (`FFG → OM`). */
  readonly what?: readonly string[];
}
