import type { ImsMember } from "../ims/records.js";
import type { Report } from "./api.js";
import { byId, type Group, type GroupGraph } from "./groups.js";
import { activeRoles, roleDates } from "./members.js";

/** An active membership of one group in another (idtype 2). */
export interface GroupMembership {
  readonly container: Group;
  readonly member: Group;
  /** Its active roles. */
  readonly roles: readonly {
    readonly begin?: string;
    readonly end?: string;
    readonly extension: ImsMember["roles"][number]["extension"];
  }[];
}

/** The active ones of the members with idtype 2; unknown groups are reported. */
export function groupMemberships(
  members: readonly ImsMember[],
  graph: GroupGraph,
  report: Report,
): readonly GroupMembership[] {
  return members.flatMap((record) => {
    const container = graph.find(record.group.id);
    const member = graph.find(record.member.id);
    // to the export what is carried over is as unknown as any group that it does not have
    if (container === undefined || container.kept) report("memberUnknownGroup", record.group.id);
    if (member === undefined || member.kept) report("memberUnknownGroup", record.member.id);
    if (container === undefined || member === undefined || container === member) return [];
    const roles = activeRoles(record).map((role) => ({
      extension: role.extension,
      ...roleDates(role, record, report),
    }));
    return roles.length === 0 ? [] : [{ container, member, roles }];
  });
}

/** A period for which a class is a member of an occasion or course: a missing date is the occasion's. */
export interface ClassPeriod {
  /** The class that is the member: the learner's own or one that it is nested in. */
  readonly member: Group;
  readonly occasion: Group;
  readonly begin?: string;
  readonly end?: string;
}

export interface Classes {
  /** The occasions and courses that a learner of the class is a member of through it. */
  periodsOf(group: Group): readonly ClassPeriod[];
}

/**
 * Classes as members of occasions and courses (contract section 5, Classes). A class is nested in another by being a
 * member of it or by having it above.
 */
export function linkClasses(memberships: readonly GroupMembership[]): Classes {
  const containers = new Map<Group, Set<Group>>();
  const periods = new Map<Group, ClassPeriod[]>();
  for (const { container, member, roles } of memberships) {
    if (member.kind !== "class") continue;
    if (container.kind === "class") {
      containers.set(member, (containers.get(member) ?? new Set<Group>()).add(container));
    } else if (container.kind === "occasion" || container.kind === "course") {
      const own = periods.get(member) ?? [];
      for (const { extension: _, ...dates } of roles) own.push({ member, occasion: container, ...dates });
      periods.set(member, own);
    }
  }
  const known = new Map<Group, readonly ClassPeriod[]>();
  return {
    periodsOf: (group) => {
      const remembered = known.get(group);
      if (remembered !== undefined) return remembered;
      const found = [...classesAround(group, containers)].flatMap((around) => periods.get(around) ?? []);
      // Of other groups it is asked once.
      if (group.kind === "class") known.set(group, found);
      return found;
    },
  };
}

/** The class and all that it is nested in, in any number of steps; what is mutually nested is one class to learners. */
function classesAround(group: Group, containers: ReadonlyMap<Group, ReadonlySet<Group>>): Iterable<Group> {
  const reached = new Set([group]);
  for (const around of reached) {
    for (const next of containers.get(around) ?? []) reached.add(next);
    for (const parent of around.parents) reached.add(parent);
  }
  return [...reached].filter(({ kind }) => kind === "class").sort(byId);
}
