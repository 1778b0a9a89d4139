import type { MappingSettings } from "../mapping/api.js";
import type { Encodable } from "../soap/api.js";
import type { Differences } from "./differences.js";
import type { GuardSettings } from "./guards.js";
import type { LoadReport } from "./report.js";

/** A local file that has (a part of) the export: XML, or an archive of it. */
export interface ExportFile {
  readonly path: string;
  /** How reports and errors call it. */
  readonly name: string;
}

export interface ReloadOptions {
  /** The setting `database`. */
  readonly database: string;
  /** Where a load is built before a database that is no file takes it over. */
  readonly workFolder?: string;
  /** Files of one delivery: one data set. */
  readonly files: readonly ExportFile[];
  readonly mapping: MappingSettings;
  readonly repair: boolean;
  /** properties/datasource that every file must have; undefined: any. */
  readonly datasource: string | undefined;
  /** Passed half-years that are carried over when the export no longer holds them. */
  readonly historyTerms: number;
  readonly requireEmail: boolean;
  readonly guards: GuardSettings;
  /** Load what a guard refuses, and what is loaded already; recorded with the load. */
  readonly force: boolean;
  /** Build, report and compare, but have nothing served. Called while the new generation is there to be compared. */
  readonly dryRun?: (differences: Differences) => Promise<void>;
  /** What becomes of protected persons: without contact data, or not loaded at all. */
  readonly protected: "strip" | "exclude";
  /** Register ids of persons who are protected whatever the export says (setting `protectedFile`). */
  readonly protectedIds: ReadonlySet<string>;
  readonly keepGenerations: number;
  /** Writes a PersonVO element: `encodeElement("PersonVO", "personVO", …)` of the service's codec. */
  encodePersonVO(personVO: { readonly [element: string]: Encodable }): Buffer;
  readonly now: Date;
  readonly signal?: AbortSignal;
  /** Called when a step begins, and while it goes on; `total` is undefined when it is not known. */
  progress?(step: ReloadStep, done: number, total: number | undefined): void;
}

export type ReloadStep = "read" | "link" | "write" | "verify" | "compare" | "publish";

export type ReloadOutcome =
  /** `overridden`: what guards would have refused (one sentence each). */
  | { readonly kind: "loaded"; readonly report: LoadReport; readonly overridden: readonly string[] }
  /** The same export is served already, and nothing else that a load depends on has changed. */
  | { readonly kind: "unchanged"; readonly load: number }
  /** Nothing was changed. Without a report when it was refused before it was read whole. */
  | { readonly kind: "refused"; readonly refusals: readonly string[]; readonly report?: LoadReport }
  | { readonly kind: "dryRun"; readonly refusals: readonly string[]; readonly report: LoadReport };
