import type { ImsGroup, ImsMember } from "../ims/records.js";
import type { LadokTables, Registration } from "./rows.js";

/** Settings block `mapping` (contract section 5), after defaults. */
export interface MappingSettings {
  /** First matching rule wins; a rule's given fields must all match the whole trimmed text, without regard to case. */
  readonly groupKinds: readonly GroupKindRule[];
  /** Group id of a school → code of its institution. */
  readonly institutions: Readonly<Record<string, string>>;
  /** useridtype values that carry a personnummer, without regard to case. */
  readonly personnummerUseridTypes: readonly string[];
}

export type GroupKind = "school" | "course" | "occasion" | "class" | "programme";

export interface GroupKindRule {
  readonly kind: GroupKind;
  /** Regular expression source for a whole typevalue. */
  readonly typevalue?: string;
  readonly scheme?: string;
  readonly level?: string;
  /** label of the parent relationship. */
  readonly label?: string;
}

/** What survives every load: codes once given are kept for ever. Group id → code. */
export interface CodeRegister {
  readonly institutions: ReadonlyMap<string, string>;
  /** Key: occasionId + "\u0000" + kurskod (several courses above one occasion have one each) → generated Anmkod. */
  readonly anmkod: ReadonlyMap<string, string>;
}

/** One role of one person in one group, judged as far as the member itself tells. */
export interface PersonMembership {
  readonly group: string;
  /** "learner": an active learner role. "untyped": no role, or a role without roletype, that is active: a learner unless the person, or another role of the same member, says staff (the latter is already judged: such a role is never emitted as untyped). */
  readonly role: "learner" | "untyped";
  /** Dates of the role's timeframe as ÅÅÅÅ-MM-DD; absent when missing or not a date. */
  readonly begin?: string;
  readonly end?: string;
}

/** Notes a cause of the load report, with the register's id that it happened to (never a person's data). */
export type Report = (cause: ReportCause, id: string) => void;

/** Causes, as the load report names them; each has a plain sentence in the report. */
export type ReportCause =
  | "groupKindUnknown"
  | "groupDuplicate"
  | "groupSelfParent"
  | "groupCycle"
  | "groupNoId"
  | "parentUnknown"
  | "courseWithoutCode"
  | "kurskodFormat"
  | "courseDuplicate"
  | "courseWithoutSchool"
  | "occasionWithoutDates"
  | "occasionDateMissing" // a begin or end missing or no date, taken from its learners
  | "occasionBeginAfterEnd"
  | "occasionWithoutCourse"
  | "memberUnknownGroup"
  | "memberUnknownPerson"
  | "memberBeginAfterEnd"
  | "memberDateInvalid"
  | "anmkodDuplicate"
  | "kursomgExhausted"
  | "widthExceeded"
  | "programmeWithoutCode"
  | "personNoId"
  | "personDuplicate"
  | "personConflict"
  | "personNoSchool"
  | "personNoEmail"
  | "personInvalidPersonnummer"
  | "personProtected"
  | "recordDeleted"
  | "recordSkipped";

/**
 * Three steps, so that memory follows the number of groups and not of persons:
 * `linkGroups` with all groups, then `registrationsOf` once for each person, then `finish`.
 */
export interface RegisterPlan {
  /** Is this id a known group (of any kind, loaded or not)? */
  hasGroup(id: string): boolean;
  /**
   * Which occasions and course groups lack a begin or an end that must come from their learners (before
   * `setLearnerDates`), by every id that leads to one.
   */
  readonly groupsWithoutDates: ReadonlySet<string>;
  /**
   * The groups whose learners count for one of `groupsWithoutDates`: itself, with the dates of their roles, and the
   * classes that are members of it, with the dates given here (those of the class's role; none: nothing is known).
   */
  learnerSources(
    group: string,
  ): readonly { readonly group: string; readonly begin?: string; readonly end?: string }[];
  /** Earliest begin and latest end of the group's active learners, for each of `groupsWithoutDates`, before the first person. */
  setLearnerDates(group: string, begin: string | undefined, end: string | undefined): void;
  /** All registrations of one person. Also remembers which KTILL2 and KTFORT2 rows they need. */
  registrationsOf(
    memberships: readonly PersonMembership[],
    person: { readonly id: string; readonly staff: boolean },
  ): Registration[];
  /** Is the person tied to a school by any of these groups (loaded or not)? */
  tiedToSchool(groups: readonly string[]): boolean;
  /** After the last person: the tables, and the codes to keep for ever. */
  finish(): {
    readonly tables: LadokTables;
    readonly newCodes: {
      readonly institutions: ReadonlyMap<string, string>;
      readonly anmkod: ReadonlyMap<string, string>;
    };
  };
}

export type LinkGroups = (
  groups: readonly ImsGroup[],
  /** Members with idtype 2: classes in occasions and courses, courses in programmes. */
  groupMembers: readonly ImsMember[],
  settings: MappingSettings,
  codes: CodeRegister,
  report: Report,
) => RegisterPlan;
