import type { ImsGroup } from "../ims/records.js";

/** IMS Enterprise 1.1: relationship/@relation 1 names the parent (2 a child, 3 an alias). */
const PARENT = /^(?:0?1|parent)$/i;

export function isParent(relationship: ImsGroup["relationships"][number]): boolean {
  return relationship.relation !== undefined && PARENT.test(relationship.relation);
}
