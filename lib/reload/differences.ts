import type {
  GenerationDifference,
  GenerationDifferenceCount,
  GenerationDifferences,
} from "../store/queries.js";

/**
 * What a load would change of what is served, for a dry run: the register's ids only, never a person's data. From
 * `compareGenerations` of the store; it can be read only as long as both generations are there.
 */
export type Differences = GenerationDifferences;
export type DifferenceCount = GenerationDifferenceCount;
export type Difference = GenerationDifference;
export type DifferenceOf = Difference["of"];
export type DifferenceKind = Difference["kind"];
