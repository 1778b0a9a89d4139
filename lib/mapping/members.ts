import { readDate } from "../domain/terms.js";
import type { ImsMember, ImsRole } from "../ims/records.js";
import type { PersonMembership, Report } from "./api.js";
import { registerDate } from "./dates.js";

/** What a member is and which of its roles count. */
export interface MemberRoles {
  /** By idtype: 2 is a group, 1 and a missing one a person. */
  readonly kind: "person" | "group";
  /** Has any active role, of whatever type, or no role at all. */
  readonly active: boolean;
  /** Of a person: the roles by which it may be a learner; empty for a group. */
  readonly roles: readonly PersonMembership[];
}

const GROUP_IDTYPE = /^(?:0?2|group)$/i;
/** IMS Enterprise 1.1, role/@roletype 01. */
const LEARNER = /^(?:0?1|learner)$/i;
/** 02 Instructor, 03 Content Developer, 05 Manager, 06 Mentor, 07 Administrator, 08 Teaching Assistant; 04 is a plain member. */
const STAFF =
  /^(?:0?[235678]|instructor|content ?developer|manager|mentor|administrator|teaching ?assistant|faculty|staff|teacher|lärare|personal)$/iu;

const DELETED = "3";
const INACTIVE_STATUS = "0";

/**
 * Judges the roles of a member one by one (contract section 5, Registrations): an active learner role counts whatever
 * other roles there are; one without roletype, or no role at all, counts unless another role of the member says staff
 * (whether the person's institutionrole does is judged later). Dates that are no dates are reported with the member's
 * id and count as missing.
 */
export function memberRoles(member: ImsMember, report: Report): MemberRoles {
  const active = activeRoles(member);
  if (isGroupMember(member)) return { kind: "group", active: active.length > 0, roles: [] };
  const roles: PersonMembership[] = [];
  for (const role of active) {
    const isUntyped = role.roletype === undefined;
    if (isUntyped ? saysStaff(member) : !LEARNER.test(role.roletype)) continue;
    const dates = roleDates(role, member, report);
    roles.push({ group: member.group.id, role: isUntyped ? "untyped" : "learner", ...dates });
  }
  return { kind: "person", active: active.length > 0, roles };
}

function saysStaff(member: ImsMember): boolean {
  return member.roles.some((role) => !isDeleted(role) && STAFF.test(role.roletype ?? ""));
}

export function isGroupMember(member: ImsMember): boolean {
  return GROUP_IDTYPE.test(member.idtype ?? "");
}

const noRole: ImsRole = { extension: [] };

/** The roles with status other than 0 and recstatus other than 3; a member without any role has one that says nothing. */
export function activeRoles(member: ImsMember): readonly ImsRole[] {
  if (member.roles.length === 0) return [noRole];
  return member.roles.filter((role) => role.status !== INACTIVE_STATUS && !isDeleted(role));
}

/** recstatus 3: the record says that what it names is gone. */
export function isDeleted(record: { readonly recstatus?: string }): boolean {
  return record.recstatus === DELETED;
}

/** The dates of a role's timeframe; one that is no date is reported with the member's id and absent. */
export function roleDates(
  role: ImsRole,
  member: ImsMember,
  report: Report,
): { readonly begin?: string; readonly end?: string } {
  if (role.timeframe === undefined) return noDates;
  const begin = memberDate(role.timeframe.begin, member, report);
  const end = memberDate(role.timeframe.end, member, report);
  // spelt out: this is done for every membership of the register
  if (begin === undefined) return end === undefined ? noDates : { end };
  return end === undefined ? { begin } : { begin, end };
}

const noDates = {};

function memberDate(text: string | undefined, member: ImsMember, report: Report): string | undefined {
  const date = registerDate(text);
  if (date === undefined && text !== undefined && readDate(text) === undefined) {
    report("memberDateInvalid", member.member.id);
  }
  return date;
}
