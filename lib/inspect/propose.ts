import type { GroupKind, GroupKindRule, MappingSettings } from "../mapping/api.js";
import type { UseridType } from "./persons.js";
import type { GroupType, Proposal, ProposalReason } from "./profile.js";
import { shownValue } from "./shown.js";

/** What is known of one kind of groups: the evidence from which its meaning is told. */
export interface KindEvidence {
  readonly types: readonly GroupType[];
  /** What the current mapping makes of it. */
  readonly kind: GroupKind | undefined;
  readonly groups: number;
  /** Groups with a begin or an end of their own. */
  readonly withDates: number;
  readonly withParent: number;
  readonly withCourseCode: number;
  readonly withLearners: number;
  readonly withUntyped: number;
  /** Groups whose learners' roles have dates. */
  readonly withDatedLearners: number;
}

/** `child`, `parent`, `member`, `container`: places in the list of kinds. */
export interface KindRelations {
  readonly below: readonly { readonly child: number; readonly parent: number; readonly groups: number }[];
  readonly inside: readonly {
    readonly member: number;
    readonly container: number;
    readonly groups: number;
  }[];
}

/**
 * Proposes `mapping` for what the current one does not know (contract section 4, inspect): kinds of groups by what
 * stands in and around them, useridtypes by the form of their values. What the mapping knows is left as it is.
 */
export function proposeMapping(
  kinds: readonly KindEvidence[],
  relations: KindRelations,
  useridTypes: readonly UseridType[],
  current: MappingSettings,
): Proposal {
  const judged = judgeKinds(kinds, relations);
  const ruled = judged.map((judgement) => withRule(judgement, judged));
  const rules = mergeRules(ruled.flatMap(({ rule }) => rule ?? []));
  const types = useridTypes.map(judgeUseridType).filter((judgement) => judgement !== undefined);
  const newTypes = types.flatMap(({ proposed, type }) => (proposed === null ? [] : [type]));
  const mapping = {
    ...(rules.length === 0 ? {} : { groupKinds: [...current.groupKinds, ...rules] }),
    ...(newTypes.length === 0
      ? {}
      : { personnummerUseridTypes: [...current.personnummerUseridTypes, ...newTypes] }),
  };
  return {
    mapping: Object.keys(mapping).length === 0 ? null : mapping,
    reasons: [
      ...ruled.map(({ evidence, proposed, reason }) => ({
        of: kindInWords(evidence.types),
        proposed,
        reason,
      })),
      ...types.map(({ of, proposed, reason }) => ({ of, proposed, reason })),
    ],
  };
}

// --- Kinds of groups

interface Judgement {
  readonly evidence: KindEvidence;
  readonly proposed: GroupKind | null;
  readonly reason: string;
}

/** Shares from which on a trait counts as the kind's own, not as an accident of some groups. */
const MOST = 0.5;
/** A group above schools is one itself only when it has at least this share of what schools have. */
const SOME = 0.1;

/** What is judged so far; each step adds to it. */
interface Judging {
  readonly facts: Facts;
  /** By the current mapping, else as judged. */
  kindOf(evidence: KindEvidence): GroupKind | undefined;
  /** Kinds without a meaning so far. */
  open(): readonly KindEvidence[];
  propose(evidence: KindEvidence, proposed: GroupKind, reason: string): void;
  /** Why it is nothing, when no later step knows better. */
  dismiss(evidence: KindEvidence, reason: string): void;
}

/** From the bottom of the tree to its top: who learns, what is a member of what, what stands above what. */
function judgeKinds(kinds: readonly KindEvidence[], relations: KindRelations): Judgement[] {
  const proposals = new Map<KindEvidence, { readonly proposed: GroupKind; readonly reason: string }>();
  const dismissals = new Map<KindEvidence, string>();
  const kindOf = (evidence: KindEvidence) => evidence.kind ?? proposals.get(evidence)?.proposed;
  const judging: Judging = {
    facts: factsOf(kinds, relations),
    kindOf,
    open: () => kinds.filter((evidence) => kindOf(evidence) === undefined),
    propose: (evidence, proposed, reason) => proposals.set(evidence, { proposed, reason }),
    dismiss: (evidence, reason) => dismissals.set(evidence, reason),
  };
  for (const step of [
    findClasses,
    findProgrammesByMembers,
    findOccasions,
    findCourses,
    findProgrammes,
    findSchools,
  ]) {
    step(judging);
  }
  return kinds
    .filter((evidence) => evidence.kind === undefined)
    .map((evidence) => {
      const { proposed, reason } = proposals.get(evidence) ?? {
        proposed: null,
        reason: dismissals.get(evidence) ?? whyNothing(evidence, judging),
      };
      return { evidence, proposed, reason };
    });
}

/** What has people and is itself a member of what is dated or known to be an occasion. */
function findClasses({ facts, open, propose }: Judging): void {
  for (const evidence of open()) {
    const hasPeople = evidence.withLearners + evidence.withUntyped >= MOST * evidence.groups;
    if (!hasPeople || facts.isUnderCourse(evidence) || facts.hasCodes(evidence)) continue;
    const container = facts.containersOf(evidence).find((other) => {
      if (other.kind !== undefined) return other.kind === "occasion" || other.kind === "course";
      return facts.isUnderCourse(other) || facts.hasDates(other);
    });
    if (container === undefined) continue;
    propose(
      evidence,
      "class",
      `has learners and is itself a member (idtype 2) of ${kindInWords(container.types)}`,
    );
  }
}

/** Courses, or occasions of courses, as members. A top that lists all its courses so is no programme. */
function findProgrammesByMembers({ facts, open, propose }: Judging): void {
  for (const evidence of open()) {
    const isTop = evidence.withParent === 0 && !facts.hasDates(evidence) && !facts.hasLearners(evidence);
    if (isTop || facts.isUnderCourse(evidence)) continue;
    const courses = facts
      .membersOf(evidence)
      .filter((member) => facts.hasCodes(member) || facts.isUnderCourse(member));
    if (courses.length === 0) continue;
    const names = courses.map(({ types }) => kindInWords(types)).join(", ");
    propose(evidence, "programme", `has courses as members (idtype 2): ${names}`);
  }
}

function findOccasions({ facts, kindOf, open, propose }: Judging): void {
  for (const evidence of open()) {
    const hasClasses = facts.membersOf(evidence).some((member) => kindOf(member) === "class");
    if (!(facts.hasLearners(evidence) || hasClasses) || !facts.hasDates(evidence)) continue;
    const standsAboveSuch = facts
      .childrenOf(evidence)
      .some(({ child }) => child !== evidence && facts.hasLearners(child) && facts.hasDates(child));
    if (standsAboveSuch) continue;
    propose(evidence, "occasion", occasionInWords(evidence, facts));
  }
}

function occasionInWords(evidence: KindEvidence, facts: Facts): string {
  const learners = facts.withLearners(evidence);
  const who = facts.isRoleless ? "members (nobody in the file has a role)" : "learners";
  const people = learners > 0 ? `has ${who} in ${share(learners, evidence)}` : "has classes as members";
  const dates =
    evidence.withDates > 0
      ? `and dates in ${share(evidence.withDates, evidence)}`
      : "whose roles have dates, though the groups have none";
  const caution =
    facts.isUnderCourse(evidence) || facts.hasCodes(evidence)
      ? ""
      : "; no course stands above it, so each becomes a course of its own: if these are classes, write class";
  return `${people}, ${dates}${caution}`;
}

function findCourses({ facts, kindOf, open, propose }: Judging): void {
  const candidates = open().filter(
    (evidence) =>
      facts.hasCodes(evidence) && facts.isAbove(evidence, (below) => kindOf(below) === "occasion"),
  );
  for (const evidence of candidates) {
    const isAboveCourses = facts.isAbove(
      evidence,
      (below) => candidates.includes(below) || kindOf(below) === "course",
    );
    if (isAboveCourses) continue;
    const codes = share(evidence.withCourseCode, evidence);
    propose(
      evidence,
      "course",
      `stands above occasions, and its short name looks like a course code in ${codes}`,
    );
  }
}

function findProgrammes({ facts, kindOf, open, propose }: Judging): void {
  for (const evidence of open()) {
    const isAboveCourses = facts.isAbove(evidence, (below) => kindOf(below) === "course");
    if (!isAboveCourses || evidence.withLearners < MOST * evidence.groups) continue;
    propose(
      evidence,
      "programme",
      `stands above courses and has learners in ${share(evidence.withLearners, evidence)}`,
    );
  }
}

function findSchools({ facts, kindOf, open, propose, dismiss }: Judging): void {
  const isTaught = (evidence: KindEvidence) => ![undefined, "school"].includes(kindOf(evidence));
  const taughtBelow = (evidence: KindEvidence) =>
    facts.childrenOf(evidence).filter(({ child }) => child !== evidence && isTaught(child));
  const taughtGroups = (evidence: KindEvidence) =>
    taughtBelow(evidence).reduce((sum, { groups }) => sum + groups, 0);
  const candidates = open().filter(
    (evidence) => evidence.withLearners === 0 && taughtBelow(evidence).length > 0,
  );
  const isSchool = (evidence: KindEvidence) => evidence.kind === "school" || candidates.includes(evidence);
  const most = Math.max(0, ...facts.kinds.filter(isSchool).map(taughtGroups));
  for (const evidence of candidates) {
    if (facts.parentsOf(evidence).some(({ kind }) => kind === "school")) {
      const advice = "make it a school if its groups should be institutions of their own";
      dismiss(
        evidence,
        `stands between schools and what they give: chains are followed through it (${advice})`,
      );
    } else if (facts.isAbove(evidence, isSchool) && taughtGroups(evidence) < SOME * most) {
      dismiss(
        evidence,
        "stands above schools and gives next to nothing itself: chains are followed through it",
      );
    } else {
      const names = taughtBelow(evidence).map(({ child }) => kindInWords(child.types));
      const below = `${taughtGroups(evidence)} groups: ${names.join(", ")}`;
      propose(evidence, "school", `has no learners and stands above ${below}`);
    }
  }
}

function whyNothing(evidence: KindEvidence, { facts, kindOf }: Judging): string {
  if (evidence.types.every(({ typevalue }) => typevalue === null)) {
    return "has no typevalue that a rule could name";
  }
  if (facts.isAbove(evidence, (below) => kindOf(below) === "school")) {
    return "stands above schools and gives nothing itself: chains are followed through it";
  }
  if (evidence.withUntyped > 0 && evidence.withLearners === 0) {
    return "its members have no learner role: a collective group, no occasion";
  }
  if (evidence.withLearners > 0) {
    return facts.hasDates(evidence)
      ? "few of its groups have learners"
      : "has learners, but no dates, and is no member of occasions";
  }
  return "nothing tells what it is";
}

type Facts = ReturnType<typeof factsOf>;

function factsOf(kinds: readonly KindEvidence[], { below, inside }: KindRelations) {
  const parentage = below.flatMap(({ child, parent, groups }) => {
    const [lower, upper] = [kinds[child], kinds[parent]];
    return lower === undefined || upper === undefined ? [] : [{ child: lower, parent: upper, groups }];
  });
  const membership = inside.flatMap(({ member, container }) => {
    const [inner, outer] = [kinds[member], kinds[container]];
    return inner === undefined || outer === undefined || inner === outer
      ? []
      : [{ member: inner, container: outer }];
  });
  const isRoleless = kinds.every(({ withLearners }) => withLearners === 0);
  /** Active learners with a role; in a file in which nobody has one, every member who is no staff. */
  const withLearners = (evidence: KindEvidence) =>
    isRoleless ? evidence.withUntyped : evidence.withLearners;
  const hasCodes = (evidence: KindEvidence) =>
    evidence.kind === "course" || evidence.withCourseCode >= MOST * evidence.groups;
  const childrenOf = (evidence: KindEvidence) => parentage.filter(({ parent }) => parent === evidence);
  const parentsOf = (evidence: KindEvidence) =>
    parentage.filter(({ child }) => child === evidence).map(({ parent }) => parent);
  return {
    kinds,
    isRoleless,
    childrenOf,
    parentsOf,
    containersOf: (evidence: KindEvidence) =>
      membership.filter(({ member }) => member === evidence).map(({ container }) => container),
    membersOf: (evidence: KindEvidence) =>
      membership.filter(({ container }) => container === evidence).map(({ member }) => member),
    isAbove: (evidence: KindEvidence, is: (below: KindEvidence) => boolean) =>
      childrenOf(evidence).some(({ child }) => child !== evidence && is(child)),
    withLearners,
    hasLearners: (evidence: KindEvidence) => withLearners(evidence) >= MOST * evidence.groups,
    hasDates: (evidence: KindEvidence) =>
      Math.max(evidence.withDates, evidence.withDatedLearners) >= MOST * evidence.groups,
    hasCodes,
    /** A course stands above it: what is then a member of something is an occasion of a programme, and no class. */
    isUnderCourse: (evidence: KindEvidence) =>
      evidence.kind === "occasion" ||
      parentsOf(evidence).some((parent) => parent !== evidence && hasCodes(parent)),
  };
}

function share(count: number, { groups }: KindEvidence): string {
  return `${count} of ${groups}`;
}

// --- Rules

interface RuledJudgement extends Judgement {
  readonly rule?: GroupKindRule;
}

/** The rule that takes these groups and no others that are judged otherwise; without one there is no proposal. */
function withRule(judgement: Judgement, all: readonly Judgement[]): RuledJudgement {
  if (judgement.proposed === null) return judgement;
  const others = all
    .filter(({ proposed }) => proposed !== judgement.proposed)
    .map(({ evidence }) => evidence);
  const rule = ruleFor(judgement.evidence, judgement.proposed, others);
  if (rule !== undefined) return { ...judgement, rule };
  const reason = `${judgement.reason}; but no rule tells it from other kinds that are typed alike`;
  return { ...judgement, proposed: null, reason };
}

function ruleFor(
  evidence: KindEvidence,
  kind: GroupKind,
  others: readonly KindEvidence[],
): GroupKindRule | undefined {
  // The last type is the most special one where a group has several.
  for (const type of [...evidence.types].reverse()) {
    if (type.typevalue === null || !isShown(type)) continue;
    for (const fields of [["typevalue"], ["typevalue", "level"], ["scheme", "typevalue", "level"]] as const) {
      const named = fields.filter((field) => type[field] !== null);
      const isTaken = others.some((other) =>
        other.types.some((otherType) => named.every((field) => isSame(type[field], otherType[field]))),
      );
      if (isTaken) continue;
      const patterns = named.map((field) => [field, escapedPattern(type[field] as string)]);
      return { kind, ...Object.fromEntries(patterns) };
    }
  }
  return undefined;
}

/** What may not be printed cannot be proposed either. */
function isShown({ scheme, typevalue, level }: GroupType): boolean {
  return [scheme, typevalue, level].every((text) => text === null || shownValue(text) === text);
}

/** As rules compare: without regard to case. */
function isSame(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return false;
  return new RegExp(`^(?:${escapedPattern(a)})$`, "iu").test(b);
}

function escapedPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** Rules of one kind that name nothing but a typevalue are written as one, as the default's are. */
function mergeRules(rules: readonly GroupKindRule[]): GroupKindRule[] {
  const isPlain = (rule: GroupKindRule) => rule.scheme === undefined && rule.level === undefined;
  const kinds = [...new Set(rules.filter(isPlain).map(({ kind }) => kind))];
  const plain = kinds.map((kind) => {
    const values = rules
      .filter((rule) => isPlain(rule) && rule.kind === kind)
      .map(({ typevalue }) => typevalue);
    return { kind, typevalue: [...new Set(values)].join("|") };
  });
  return [...plain, ...rules.filter((rule) => !isPlain(rule))];
}

export function kindInWords(types: readonly GroupType[]): string {
  if (types.length === 0) return "groups without grouptype";
  return types
    .map(({ scheme, typevalue, level }) => {
      const value = typevalue === null ? "no typevalue" : `"${shownValue(typevalue)}"`;
      const from = [
        scheme === null ? [] : [`scheme ${shownValue(scheme)}`],
        level === null ? [] : [`level ${shownValue(level)}`],
      ].flat();
      return from.length === 0 ? value : `${value} (${from.join(", ")})`;
    })
    .join(" + ");
}

// --- Useridtypes

function judgeUseridType({
  type,
  isRead,
  count,
  numbers,
}: UseridType): (ProposalReason & { readonly type: string }) | undefined {
  if (isRead || numbers === 0 || numbers < MOST * count) return undefined;
  const evidence = `${numbers} of ${count} values have the form of an identity number`;
  if (type === undefined) {
    const reason = `${evidence}, but without a useridtype the mapping cannot name them`;
    return { of: "userid without useridtype", proposed: null, reason, type: "" };
  }
  const of = `useridtype ${shownValue(type)}`;
  return shownValue(type) === type
    ? { of, proposed: "personnummer", reason: evidence, type }
    : { of, proposed: null, reason: evidence, type };
}
