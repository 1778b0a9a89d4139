/** Settings guardFewer… and guardMore…: a change is refused that is beyond both the percentage and the number. */
export interface GuardSettings {
  readonly fewer: Threshold;
  /** Undefined: growth is never refused. */
  readonly more: Threshold | undefined;
}

export interface Threshold {
  readonly percent: number;
  readonly count: number;
}
