import type { GroupKind, GroupKindRule } from "../mapping/api.js";
import type { IdentityForm } from "./identity.js";

/**
 * What an export looks like: the documented JSON of `adresslista inspect --json`. Shapes and counts; words of the file's
 * vocabulary (kinds of groups, roles, element names), and never a person's value, nor an id of anyone. Where something
 * is to be looked at, the line of the file says where.
 */
export interface ExportProfile {
  /** Those of the given files that are archives. */
  readonly archives: readonly ArchiveProfile[];
  /** The XML files, those in archives too. */
  readonly files: readonly FileProfile[];
  readonly records: RecordsProfile;
  readonly persons: PersonsProfile;
  readonly groups: GroupsProfile;
  readonly memberships: MembershipsProfile;
  readonly references: ReferencesProfile;
  readonly proposal: Proposal;
}

/** How often each value stands; the most frequent first. */
export interface Tally {
  readonly values: readonly { readonly value: string; readonly count: number }[];
  /** Records that have none. */
  readonly absent: number;
  /** Values that are counted, not shown: there are too many different ones. */
  readonly others: number;
}

/** A place of one of the files. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** Something to look at: how often, and the first places. */
export interface Finding {
  readonly count: number;
  readonly places: readonly Place[];
}

/** A zip or gzip, told by its first bytes. */
export interface ArchiveProfile {
  readonly name: string;
  /** null when it is no usable archive. */
  readonly bytes: number | null;
  readonly sha256: string | null;
  /** Names of the XML files in it, as `files` have them. */
  readonly parts: readonly string[];
  /** Why it cannot be used; null when it can. */
  readonly stopped: string | null;
}

export interface FileProfile {
  /** As it was named; in an archive, `delivery.zip/persons.xml`. */
  readonly name: string;
  /** Of the XML as it stands, unpacked. */
  readonly bytes: number;
  readonly sha256: string;
  readonly encoding: {
    readonly declared: string | null;
    readonly byteOrderMark: string | null;
    /** As which it was read; null when it could not be read to the end. */
    readonly found: string | null;
  };
  readonly root: {
    readonly name: string | null;
    readonly namespace: string | null;
    readonly upperCase: boolean;
    readonly doctype: boolean;
  };
  readonly properties: {
    readonly datasource: string | null;
    readonly type: string | null;
    readonly datetime: string | null;
    readonly target: readonly string[];
  } | null;
  /** What was mended, by kind, with its first lines. */
  readonly repairs: readonly {
    readonly kind: string;
    readonly count: number;
    /** What was done, in words. */
    readonly text: string;
    readonly lines: readonly number[];
  }[];
  /** What is odd but can be read. */
  readonly warnings: readonly { readonly line: number; readonly text: string }[];
  /** Why it could not be read to its end, with the line; null when it was. A load would refuse the file. */
  readonly stopped: string | null;
  readonly counts: RecordCounts;
}

export interface RecordCounts {
  readonly persons: number;
  readonly groups: number;
  readonly memberships: number;
  readonly members: number;
}

export interface RecordsProfile extends RecordCounts {
  /** Records that cannot be used, by kind and reason. */
  readonly skipped: readonly ({ readonly record: string; readonly reason: string } & Finding)[];
}

export interface IdsProfile {
  /** sourcedid/source. */
  readonly sources: Tally;
  /** sourcedid/@sourcedidtype. */
  readonly types: Tally;
  /** Forms of sourcedid/id. */
  readonly forms: Tally;
  /** Records with more than one sourcedid. */
  readonly severalIds: number;
}

export interface PersonsProfile {
  readonly ids: IdsProfile;
  readonly recstatus: Tally;
  /** Where numbers stand (`userid PID`, `sourcedid`, `extension/personnummer`), in which forms, how many are correct. */
  readonly identityNumbers: readonly {
    readonly where: string;
    /** The mapping takes the personnummer from here. */
    readonly isRead: boolean;
    readonly count: number;
    readonly correct: number;
    readonly forms: readonly { readonly form: IdentityForm; readonly count: number }[];
  }[];
  readonly withoutUserid: number;
  /** As a load reads them, from wherever they stand. */
  readonly personnummer: { readonly correct: number; readonly incorrect: number; readonly none: number };
  readonly institutionRoles: Tally;
  /** Which elements of `name` are there. */
  readonly names: Tally;
  readonly email: { readonly present: number; readonly wrongForm: number };
  readonly telephones: Tally;
  readonly withTelephone: number;
  /** With adr, and which elements it has. */
  readonly addresses: Tally;
  /** Persons whose record says that they are protected; `marks`: by which element. */
  readonly protected: { readonly count: number; readonly marks: Tally };
  readonly extensionElements: Tally;
}

export interface DatesProfile {
  readonly both: number;
  readonly beginOnly: number;
  readonly endOnly: number;
  readonly none: number;
  /** ÅÅÅÅ-MM-DD; null when there is none. */
  readonly earliestBegin: string | null;
  readonly latestBegin: string | null;
  readonly earliestEnd: string | null;
  readonly latestEnd: string | null;
  /** How they are written: 9 for a digit, A for a letter. */
  readonly forms: Tally;
  /** Written, but no date, or beyond the half-years of T04 (1970 to 2069). */
  readonly noDate: Finding;
  readonly beginAfterEnd: Finding;
}

export interface GroupsProfile {
  readonly ids: IdsProfile;
  readonly recstatus: Tally;
  readonly kinds: readonly GroupKindProfile[];
  /** Groups of further kinds, when there are too many kinds to tell apart. */
  readonly otherKinds: number;
  readonly dates: DatesProfile;
  /** relationship/@relation. */
  readonly relations: Tally;
  readonly extensionElements: Tally;
}

/** One way in which groups are typed. */
export interface GroupType {
  readonly scheme: string | null;
  readonly typevalue: string | null;
  readonly level: string | null;
}

export interface GroupKindProfile {
  /** All types of such a group, in its order; none: it has no grouptype. */
  readonly types: readonly GroupType[];
  /** What the mapping makes of it; null: not loaded. */
  readonly kind: GroupKind | null;
  readonly groups: number;
  readonly withBegin: number;
  readonly withEnd: number;
  readonly withParent: number;
  readonly withShort: number;
  readonly withLong: number;
  /** description/short looks like a course code. */
  readonly withCourseCode: number;
  /** Groups with an active learner; with a person who has no role or none with a type. */
  readonly withLearners: number;
  readonly withUntypedMembers: number;
  /** Persons as members, by role as written. */
  readonly personsByRole: Tally;
  /** Groups as members, by role as written. */
  readonly groupsByRole: Tally;
  /** Labels of relationships. */
  readonly labels: Tally;
}

export interface MembershipsProfile {
  readonly idtypes: Tally;
  /** role/@roletype as written; absent: members without a role. */
  readonly roles: Tally;
  /** Members with more than one role. */
  readonly severalRoles: number;
  readonly statuses: Tally;
  readonly recstatus: Tally;
  /** Of roles. */
  readonly dates: DatesProfile;
  /** Of roles. */
  readonly extensionElements: Tally;
}

/** Joins over all files, which are one data set. */
export interface ReferencesProfile {
  /** Members whose person, or group (idtype 2), is in no file. */
  readonly unknownPersons: Finding;
  readonly unknownMemberGroups: Finding;
  /** Memberships of a group that is in no file. */
  readonly unknownGroups: Finding;
  /** Groups whose parent is in no file. */
  readonly unknownParents: Finding;
  readonly selfParents: Finding;
  /** Ids that several records have. */
  readonly personsTwice: Finding;
  readonly groupsTwice: Finding;
  /** Members that count as persons, but whose id only a group has: idtype is missing or wrong. */
  readonly personsThatAreGroups: Finding;
  /** Ids that a person and a group share: no harm. */
  readonly sharedIds: number;
}

export interface Proposal {
  /** The setting `mapping`, whole, ready for adresslista.config.json; null: nothing to change. */
  readonly mapping: {
    readonly groupKinds?: readonly GroupKindRule[];
    readonly personnummerUseridTypes?: readonly string[];
  } | null;
  readonly reasons: readonly ProposalReason[];
}

export interface ProposalReason {
  /** The kind of group or useridtype that is spoken of. */
  readonly of: string;
  /** What is proposed: a kind of group, "personnummer", or nothing. */
  readonly proposed: GroupKind | "personnummer" | null;
  readonly reason: string;
}
