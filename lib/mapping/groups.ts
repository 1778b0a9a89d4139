import { compareText } from "../domain/collation.js";
import type { ImsElement, ImsGroup } from "../ims/records.js";
import type { GroupKind, History, KeptGroup, MappingSettings, Report } from "./api.js";
import { groupsToCarry, idsOf, keptByAnyId } from "./carry.js";
import { present } from "./collections.js";
import { registerDate } from "./dates.js";
import { groupKindOf } from "./kinds.js";
import { isDeleted } from "./members.js";
import { isParent } from "./relationships.js";

/** One group of the data set, of any kind, joined from all its records and tied to its parents. */
export interface Group {
  /** The first sourcedid of its first record: the key. */
  readonly id: string;
  /** Every sourcedid/id that leads to the group, `id` first. */
  readonly ids: readonly string[];
  /** Absent: a kind that is not loaded. */
  readonly kind?: GroupKind;
  readonly short?: string;
  readonly long?: string;
  /** ÅÅÅÅ-MM-DD; absent when missing or no date. */
  readonly begin?: string;
  readonly end?: string;
  readonly extension: readonly ImsElement[];
  /** By id, without cycles. */
  readonly parents: readonly Group[];
  /** By id. */
  readonly children: readonly Group[];
  /** The schools fewest steps above it, through groups of every kind, by id. */
  readonly schoolsAbove: readonly Group[];
  /** What it is carried over from, when the export does not have it (contract section 5, History). */
  readonly kept?: KeptGroup;
}

export interface GroupGraph {
  /** By id, those carried over among them. */
  readonly groups: readonly Group[];
  find(id: string): Group | undefined;
  /** What a group of the previous load is now, by any id that it had or has. */
  findKept(id: string): Group | undefined;
}

/**
 * Joins the records of each group and links parents, free of cycles (contract section 5, Kinds of groups and Parents).
 * What is carried over is added as it was kept; the export's own groups are linked to each other alone.
 */
export function linkGraph(
  records: readonly ImsGroup[],
  settings: MappingSettings,
  report: Report,
  history?: History,
): GroupGraph {
  const kindOf = groupKindOf(settings.groupKinds);
  const joined = joinRecords(records, report).map((draft) => ({
    record: draft.record,
    node: nodeOf(draft, kindOf(draft.record)),
  }));
  const inExport = byAnyId(joined);
  for (const { record, node } of joined) {
    if (node.kind === undefined) report("groupKindUnknown", node.id);
    linkParents(node, record, (id) => inExport.get(id), report);
  }
  const keptOf = keptByAnyId(history?.kept ?? nothingKept);
  const carried = history === undefined ? [] : groupsToCarry(history, keptOf, (id) => inExport.has(id));
  const added = carried.map((kept) => ({ record: kept.record, node: nodeOfKept(kept) }));
  const nodes = added.length === 0 ? inExport : new Map([...byAnyId(added), ...inExport]);
  const find = (id: string) => nodes.get(id);
  const findKept = (id: string) => {
    const kept = keptOf.get(id);
    return [id, ...(kept === undefined ? [] : idsOf(kept))].map(find).find((node) => node !== undefined);
  };
  for (const { record, node } of added) linkParents(node, record, findKept, () => {});
  const groups = [...joined, ...added].map(({ node }) => node).sort(byId);
  for (const group of parentsFirst(groups, report)) {
    linkSchools(group);
    for (const parent of group.parents) parent.children.push(group);
  }
  for (const group of groups) group.children.sort(byId);
  return { groups, find, findKept };
}

const nothingKept = { groups: [], members: [] };

function byAnyId(joined: readonly { readonly node: Node }[]): ReadonlyMap<string, Node> {
  return new Map(joined.flatMap(({ node }) => node.ids.map((id) => [id, node] as const)));
}

export function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return compareText(a.id, b.id);
}

/** All records of one group as one: the first value of each field wins, relationships and extensions are added up. */
interface Draft {
  readonly firstRecord: number;
  readonly id: string;
  readonly ids: readonly string[];
  readonly record: ImsGroup;
}

interface Node extends Group {
  parents: Node[];
  readonly children: Node[];
  schoolsAbove: readonly Group[];
  stepsToSchool: number;
}

function joinRecords(records: readonly ImsGroup[], report: Report): readonly Draft[] {
  const drafts = new Set<Draft>();
  const draftByAnyId = new Map<string, Draft>();
  for (const [index, record] of records.entries()) {
    const ids = record.sourcedIds.map((sourcedId) => sourcedId.id);
    const [id] = ids;
    if (id === undefined) {
      report("groupNoId", `line ${record.line}`);
      continue;
    }
    if (isDeleted(record)) {
      report("recordDeleted", id);
      continue;
    }
    // several: records that stood apart turn out to be one group by this one's ids
    const known = [...new Set(ids.flatMap((alias) => draftByAnyId.get(alias) ?? []))];
    known.sort((a, b) => a.firstRecord - b.firstRecord);
    const draft: Draft = {
      firstRecord: known[0]?.firstRecord ?? index,
      id: known[0]?.id ?? id,
      ids: [...new Set([...known.flatMap((other) => other.ids), ...ids])],
      record: [...known.map((other) => other.record), record].reduce(mergeRecords),
    };
    if (known.length > 0) report("groupDuplicate", draft.id);
    for (const other of known) drafts.delete(other);
    drafts.add(draft);
    for (const alias of draft.ids) draftByAnyId.set(alias, draft);
  }
  return [...drafts];
}

function mergeRecords(first: ImsGroup, second: ImsGroup): ImsGroup {
  return {
    ...first,
    groupTypes: first.groupTypes.length > 0 ? first.groupTypes : second.groupTypes,
    description: { ...second.description, ...first.description },
    timeframe: { ...second.timeframe, ...first.timeframe },
    relationships: [...first.relationships, ...second.relationships],
    extension: [...first.extension, ...second.extension],
  };
}

function nodeOfKept(kept: KeptGroup): Node {
  const ids = idsOf(kept);
  return { ...nodeOf({ id: ids[0] ?? "", ids, record: kept.record }, kept.kind), kept };
}

function nodeOf(draft: Omit<Draft, "firstRecord">, kind: GroupKind | undefined): Node {
  const { description, timeframe, extension } = draft.record;
  return {
    id: draft.id,
    ids: draft.ids,
    ...present({
      kind,
      short: description.short,
      long: description.long,
      begin: registerDate(timeframe?.begin),
      end: registerDate(timeframe?.end),
    }),
    extension,
    parents: [],
    children: [],
    schoolsAbove: [],
    stepsToSchool: Number.POSITIVE_INFINITY,
  };
}

function linkParents(
  node: Node,
  record: ImsGroup,
  find: (id: string) => Node | undefined,
  report: Report,
): void {
  const parents = new Set<Node>();
  for (const relationship of record.relationships.filter(isParent)) {
    const parent = find(relationship.id.id);
    if (parent === undefined) report("parentUnknown", node.id);
    else if (parent === node) report("groupSelfParent", node.id);
    else parents.add(parent);
  }
  node.parents = [...parents].sort(byId);
}

/** Cycles are broken where a group that should stand high names one below it as its parent. */
const lowestKindFirst: readonly (GroupKind | undefined)[] = [
  "occasion",
  "class",
  "course",
  "programme",
  undefined,
  "school",
];

/**
 * The groups so that every parent comes before its children. A parent that would close a cycle is dropped from its
 * group and reported; which one depends on kinds and ids, not on the order of the file.
 */
function parentsFirst(groups: readonly Node[], report: Report): readonly Node[] {
  const finished = new Set<Node>();
  const onPath = new Set<Node>();
  // a stack of its own: chains may be as long as there are groups
  const visit = (start: Node) => {
    const path = [{ group: start, parents: [...start.parents] }];
    onPath.add(start);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const parent = step.parents.shift();
      if (parent === undefined) {
        path.pop();
        onPath.delete(step.group);
        finished.add(step.group);
      } else if (onPath.has(parent)) {
        step.group.parents = step.group.parents.filter((kept) => kept !== parent);
        report("groupCycle", step.group.id);
      } else if (!finished.has(parent)) {
        path.push({ group: parent, parents: [...parent.parents] });
        onPath.add(parent);
      }
    }
  };
  for (const kind of lowestKindFirst) {
    for (const group of groups) {
      if (group.kind === kind && !finished.has(group)) visit(group);
    }
  }
  return [...finished];
}

function linkSchools(group: Node): void {
  const nearest = new Set<Group>();
  for (const parent of group.parents) {
    // what is carried over names its schools itself, and belongs to no other
    if (group.kept && parent.kind !== "school") continue;
    const steps = parent.kind === "school" ? 1 : parent.stepsToSchool + 1;
    if (steps > group.stepsToSchool || steps === Number.POSITIVE_INFINITY) continue;
    if (steps < group.stepsToSchool) nearest.clear();
    group.stepsToSchool = steps;
    for (const school of parent.kind === "school" ? [parent] : parent.schoolsAbove) nearest.add(school);
  }
  group.schoolsAbove = [...nearest].sort(byId);
}
