import type { Period, Termin } from "../domain/terms.js";
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

// --- History: what a later load carries over (contract section 5)

/**
 * A group as the next load needs it, when its export no longer has it: an occasion (or a course group with learners of its
 * own) with its dates settled and below nothing but its course groups and the schools that give it, the nearest; a course
 * group that such an occasion needs, below its nearest schools; a school; a programme. The kind is what the rules said
 * then. Nothing is asked of the export about it, and nothing reported.
 */
export interface KeptGroup {
  readonly kind: GroupKind;
  /** All its ids, short and long, the occasion's timeframe, extension; relationships to the kept groups it is below. */
  readonly record: ImsGroup;
  /** Of an occasion: the last half-year in which it has a row, and its last day. */
  readonly lastTermin?: Termin;
  readonly end?: string;
}

export interface KeptGroups {
  readonly groups: readonly KeptGroup[];
  /** Courses as members of programmes (idtype 2), with their termordning. */
  readonly members: readonly ImsMember[];
}

/** The same, each made when it is asked for: of tens of thousands of occasions they would fill memory. */
export interface GroupsToKeep {
  readonly groups: Iterable<KeptGroup>;
  readonly members: Iterable<ImsMember>;
}

/**
 * One person's membership of one occasion (through a class too), as the next load may need it. Persons who are there for
 * the whole occasion share one object.
 */
export interface KeptMembership {
  /** Id of the occasion's group. */
  readonly occasion: string;
  /** In order, none with begin after end. */
  readonly periods: readonly Period[];
  /** The last half-year of which it uses enough days to give a registration, whatever else the person reads. */
  readonly lastTermin: Termin;
  /** Ids of the programme groups through which the person reads it. */
  readonly programmes: readonly string[];
}

/** What is carried over is judged by the export's own day. */
export interface HistoryWindow {
  /** ÅÅÅÅ-MM-DD: only what had ended before this day is carried. */
  readonly day: string;
  /** The half-year of that day: only earlier ones have passed. */
  readonly current: Termin;
  /** The oldest half-year that is kept (setting `historyTerms`). */
  readonly oldest: Termin;
}

/** What the previous load offers, before it is known what the export itself holds. */
export interface History extends HistoryWindow {
  readonly kept: KeptGroups;
  /** Ids of occasions of which the previous load has memberships that lie in the window. */
  readonly occasionsWithMemberships: ReadonlySet<string>;
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
  /** Is this the id of a group of the export (of any kind, loaded or not)? Not of one that is carried over. */
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
  /**
   * All registrations of one person, and its memberships for the next load. Also remembers which KTILL2 and KTFORT2 rows
   * they need. `carried` are memberships of the previous load (of all persons that are this one now): those that lie in
   * the window count, unless the export has the person in that occasion, as a learner or in any role (`groups`). Of them
   * registrations in half-years before the window's oldest are left out.
   */
  registrationsOf(
    memberships: readonly PersonMembership[],
    person: { readonly id: string; readonly staff: boolean; readonly groups: readonly string[] },
    carried?: readonly KeptMembership[],
  ): PersonRegistrations;
  /**
   * Ids of the schools that any of these groups (loaded or not, carried over or not) is, or lies below; none: tied to no
   * school. In the order of the groups; of each group the schools fewest steps above it (and no others), by id, and for a
   * class those of the occasions that it is a member of after its own.
   */
  schoolsOf(groups: readonly string[]): readonly string[];
  /** Code of a school's institution, by any of the school's ids. */
  institutionOf(school: string): string | undefined;
  /** After the last person: the tables, and the codes to keep for ever. */
  finish(): {
    readonly tables: LadokTables;
    /** For the next load: of every KTILL2 row its occasion, and what that needs. */
    readonly kept: GroupsToKeep;
    /** What was carried over from the previous load: occasions that the export lacks, and registrations. */
    readonly carried: { readonly occasions: number; readonly registrations: number };
    readonly newCodes: {
      readonly institutions: ReadonlyMap<string, string>;
      readonly anmkod: ReadonlyMap<string, string>;
    };
  };
}

export interface PersonRegistrations {
  readonly registrations: readonly Registration[];
  readonly kept: readonly KeptMembership[];
}

export type LinkGroups = (
  groups: readonly ImsGroup[],
  /** Members with idtype 2: classes in occasions and courses, courses in programmes. */
  groupMembers: readonly ImsMember[],
  settings: MappingSettings,
  codes: CodeRegister,
  report: Report,
  history?: History,
) => RegisterPlan;
