import type { ImsMember } from "../ims/records.js";
import type { Report } from "../mapping/api.js";
import { isGroupMember, memberRoles } from "../mapping/members.js";
import { countDates } from "./dates.js";
import { countElements } from "./parts.js";
import type { MembershipsProfile } from "./profile.js";
import { shownValue } from "./shown.js";
import { createCounter, createVocabularyCounter } from "./tally.js";

/** How a load would take a member. */
export interface JudgedMember {
  /** Ids. */
  readonly group: string;
  readonly member: string;
  readonly isGroup: boolean;
  /** Numbers of its roles as `roleName` knows them. */
  readonly roles: readonly number[];
  readonly isLearner: boolean;
  readonly isUntyped: boolean;
  readonly hasDates: boolean;
}

export interface MembershipsCounter {
  add(member: ImsMember, file: string): JudgedMember;
  /** What the role of a number is called. */
  roleName(number: number): string;
  profile(): MembershipsProfile;
}

/** Roles that are told apart within kinds of groups. */
const MAX_ROLES = 40;
const NO_ROLE = "no role";
const NO_ROLETYPE = "role without roletype";
const OTHER_ROLES = "other roles";

export function countMemberships(): MembershipsCounter {
  const idtypes = createVocabularyCounter();
  const roletypes = createVocabularyCounter();
  const statuses = createVocabularyCounter();
  const recstatus = createVocabularyCounter();
  const dates = countDates();
  const extension = createCounter();
  let severalRoles = 0;
  const roleNames: string[] = [OTHER_ROLES, NO_ROLE];
  const roleNumbers = new Map<string, number>();

  const roleNumber = (roletype: string | undefined): number => {
    const name = roletype ?? NO_ROLETYPE;
    const known = roleNumbers.get(name);
    if (known !== undefined) return known;
    if (roleNumbers.size === MAX_ROLES) return roleNames.indexOf(OTHER_ROLES);
    const number = roleNames.push(shownValue(name)) - 1;
    roleNumbers.set(name, number);
    return number;
  };

  return {
    add(member, file) {
      idtypes.add(member.idtype);
      if (member.roles.length > 1) severalRoles += 1;
      if (member.roles.length === 0) roletypes.add(undefined);
      for (const role of member.roles) {
        roletypes.add(role.roletype ?? NO_ROLETYPE);
        statuses.add(role.status);
        recstatus.add(role.recstatus);
        dates.add(role.timeframe, file, member.line);
        countElements(extension, role.extension);
      }
      const { roles } = memberRoles(member, unreported);
      return {
        group: member.group.id,
        member: member.member.id,
        isGroup: isGroupMember(member),
        roles:
          member.roles.length === 0
            ? [roleNames.indexOf(NO_ROLE)]
            : member.roles.map(({ roletype }) => roleNumber(roletype)),
        isLearner: roles.some(({ role }) => role === "learner"),
        isUntyped: roles.some(({ role }) => role === "untyped"),
        hasDates: roles.some(({ begin, end }) => begin !== undefined || end !== undefined),
      };
    },
    roleName: (number) => roleNames[number] ?? OTHER_ROLES,
    profile: () => ({
      idtypes: idtypes.tally(),
      roles: roletypes.tally(),
      severalRoles,
      statuses: statuses.tally(),
      recstatus: recstatus.tally(),
      dates: dates.profile(),
      extensionElements: extension.tally(),
    }),
  };
}

const unreported: Report = () => {};
