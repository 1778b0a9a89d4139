import type {
  CallerRecord,
  CodeRows,
  Generation,
  LoadRecord,
  MaybePromise,
  SchoolCount,
  Store,
} from "./queries.js";

/** What is recorded of a new load, and the codes that it has made: they survive every load. */
export interface NewLoad {
  readonly record: Omit<LoadRecord, "forced" | "inputs" | "rolledBack"> &
    Partial<Pick<LoadRecord, "forced" | "inputs">>;
  /** The load report, without personal data: what `report` gives. */
  readonly report?: object;
  readonly institutions: ReadonlyMap<string, string>;
  /** Keys: occasion id + "\u0000" + kurskod. */
  readonly anmkod: ReadonlyMap<string, string>;
}

export interface Rollback {
  readonly from: number;
  readonly to: number;
}

export interface LoadSwitch {
  /** ISO 8601 UTC. */
  readonly at: string;
  /** null: nothing was served before. */
  readonly from: number | null;
  readonly to: number;
  readonly kind: "load" | "rollback";
}

/** Codes that earlier loads have made, or somebody has written. */
export interface CodeRegister {
  /** Code of a school's institution, by the school's group id. */
  readonly institutions: ReadonlyMap<string, string>;
  /** Generated Anmkod. Keys: occasion id + "\u0000" + kurskod. */
  readonly anmkod: ReadonlyMap<string, string>;
}

/** Held by the one who changes loads or codes; the engine lets go of it when the process ends, however it ends. */
export interface ReloadLock {
  release(): MaybePromise<void>;
}

/**
 * What a load, a rollback and the editing of codes need of the store, beside what every process asks of it. A generation is
 * built as an SQLite file on this machine whatever the engine: the engine takes it over when it is whole and verified.
 */
export interface LoadStore extends Store {
  /**
   * One reload at a time, on any number of processes and machines. Throws AdresslistaError("busy") when another one has the
   * lock.
   */
  takeReloadLock(): MaybePromise<ReloadLock>;
  /** `buildGeneration` builds the file of a new generation beside this path; temporary files of a load stand there too. */
  readonly workbench: string;
  codeRegister(): MaybePromise<CodeRegister>;
  /** How often code registers have been edited by hand. */
  codeEdits(): MaybePromise<number>;
  /** The served load as a file on this machine; undefined when nothing is loaded, or its file is gone. Nobody may change it. */
  servedFile(): MaybePromise<string | undefined>;
  /** Any load that is kept, as `servedFile`. */
  loadFile(number: number): MaybePromise<string | undefined>;
  /** How many the served load has of each kind, by school; none when nothing is loaded. */
  servedCounts(): MaybePromise<readonly SchoolCount[]>;
  nextLoadNumber(): MaybePromise<number>;
  /** Removes what loads that were killed left behind, finished or not. Only while holding the reload lock. */
  sweep(): MaybePromise<void>;
  /**
   * Takes over the finished file of this load, so that it can be published: nobody sees it yet. What the signal gives as its
   * reason is thrown when it is aborted meanwhile.
   */
  takeOver(number: number, how?: TakeOver): MaybePromise<void>;
  /** Opens a generation that was taken over, whether it is published or not. */
  open(number: number): MaybePromise<Generation>;
  /** Makes a generation that was taken over the served one. */
  publish(load: NewLoad): MaybePromise<void>;
  /**
   * Has another kept load served: `target`, else the newest that is older than the served one and was not gone back from
   * itself. Loads newer than it are marked as gone back from. Only while holding the reload lock.
   * Throws AdresslistaError("usage") that says which loads can be gone back to.
   */
  rollback(target: number | undefined, now: Date): MaybePromise<Rollback>;
  /** What was served from when, oldest first. */
  switches(): MaybePromise<readonly LoadSwitch[]>;
  /**
   * Makes a store that is empty one with these records, as another store had them; their generations have been taken over.
   * All or nothing. Only while holding the reload lock.
   */
  adopt(records: StoreRecords): MaybePromise<void>;
  /** Removes generations: `keep` are left, the served one among them; those gone back from go first, then the oldest. */
  prune(keep: number): MaybePromise<void>;
}

/** All that a store holds beside its generations; failed logins are forgotten after minutes, and left. */
export interface StoreRecords {
  readonly callers: readonly CallerRecord[];
  readonly loads: readonly (LoadRecord & { readonly report: object | undefined })[];
  /** Oldest first; the last one says which load is served. */
  readonly switches: readonly LoadSwitch[];
  readonly institutions: readonly CodeRows["institutions"][];
  readonly anmkod: readonly CodeRows["anmkod"][];
  readonly codeEdits: number;
}

export interface TakeOver {
  readonly signal?: AbortSignal | undefined;
  /** Rows that are taken over, of how many. */
  progress?(done: number, total: number): void;
}
