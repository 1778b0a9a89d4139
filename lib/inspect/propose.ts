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

/**
 * From the bottom of the tree to its top: who has learners, what classes and programmes are by what is a member of what,
 * courses above occasions, schools above courses.
 */
function judgeKinds(kinds: readonly KindEvidence[], relations: KindRelations): Judgement[] {
  const judged = new Map<KindEvidence, { proposed: GroupKind; reason: string }>();
  const kindOf = (evidence: KindEvidence) => evidence.kind ?? judged.get(evidence)?.proposed;
  const propose = (evidence: KindEvidence, proposed: GroupKind, reason: string) => {
    if (evidence.kind === undefined && !judged.has(evidence)) judged.set(evidence, { proposed, reason });
  };
  const facts = factsOf(kinds, relations);
  const open = () => kinds.filter((evidence) => kindOf(evidence) === undefined);

  for (const evidence of kinds.filter((candidate) => candidate.kind === undefined)) {
    const container = facts.containersOf(evidence).find((other) => facts.isClassOf(evidence, other));
    if (container === undefined) continue;
    propose(
      evidence,
      "class",
      `has learners and is itself a member (idtype 2) of ${kindInWords(container.types)}`,
    );
  }
  for (const evidence of open()) {
    const courses = facts.coursesInside(evidence);
    if (courses === undefined) continue;
    propose(evidence, "programme", courses);
  }
  for (const evidence of open()) {
    const learners = facts.learnersAndDates(evidence, (other) => kindOf(other) === "class");
    if (learners === undefined) continue;
    propose(evidence, "occasion", learners);
  }
  const isOccasion = (evidence: KindEvidence) => kindOf(evidence) === "occasion";
  const isAbove = (evidence: KindEvidence, is: (below: KindEvidence) => boolean) =>
    facts.childrenOf(evidence).some(({ child }) => child !== evidence && is(child));
  const courseCandidates = open().filter(
    (evidence) => isAbove(evidence, isOccasion) && evidence.withCourseCode >= MOST * evidence.groups,
  );
  for (const evidence of courseCandidates) {
    const isHigher = isAbove(
      evidence,
      (below) => courseCandidates.includes(below) || kindOf(below) === "course",
    );
    if (isHigher) continue;
    propose(
      evidence,
      "course",
      `stands above occasions, and its short name looks like a course code in ${share(evidence.withCourseCode, evidence)}`,
    );
  }
  const isCourse = (evidence: KindEvidence) => kindOf(evidence) === "course";
  for (const evidence of open()) {
    const hasLearners = evidence.withLearners >= MOST * evidence.groups;
    if (!hasLearners || !isAbove(evidence, isCourse)) continue;
    propose(
      evidence,
      "programme",
      `stands above courses and has learners in ${share(evidence.withLearners, evidence)}`,
    );
  }
  const isTaught = (evidence: KindEvidence) =>
    kindOf(evidence) !== undefined && kindOf(evidence) !== "school";
  const schoolCandidates = open().filter(
    (evidence) => isAbove(evidence, isTaught) && evidence.withLearners === 0,
  );
  const taught = (evidence: KindEvidence) =>
    facts
      .childrenOf(evidence)
      .filter(({ child }) => isTaught(child))
      .reduce((sum, { groups }) => sum + groups, 0);
  const mostTaught = Math.max(
    0,
    ...kinds.filter((evidence) => kindOf(evidence) === "school").map(taught),
    ...schoolCandidates.map(taught),
  );
  const notSchools = new Map<KindEvidence, string>();
  for (const evidence of schoolCandidates) {
    const belowKnownSchool = facts.parentsOf(evidence).some((parent) => parent.kind === "school");
    const hasSchoolsBelow = isAbove(
      evidence,
      (below) => below.kind === "school" || schoolCandidates.includes(below),
    );
    if (belowKnownSchool) {
      notSchools.set(
        evidence,
        "stands between schools and what they give: chains are followed through it. Make it a school if its groups should be institutions of their own",
      );
    } else if (hasSchoolsBelow && taught(evidence) < SOME * mostTaught) {
      notSchools.set(
        evidence,
        "stands above schools and gives next to nothing itself: chains are followed through it",
      );
    } else {
      const below = facts.childrenOf(evidence).filter(({ child }) => isTaught(child));
      const what = [...new Set(below.map(({ child }) => kindOf(child) as string))].sort().join(", ");
      propose(
        evidence,
        "school",
        `has no learners and stands above ${taught(evidence)} groups of these kinds: ${what}`,
      );
    }
  }
  return kinds
    .filter((evidence) => evidence.kind === undefined)
    .map((evidence) => {
      const { proposed, reason } = judged.get(evidence) ?? {
        proposed: null,
        reason: notSchools.get(evidence) ?? facts.whyNothing(evidence, kindOf),
      };
      return { evidence, proposed, reason };
    });
}

function factsOf(kinds: readonly KindEvidence[], { below, inside }: KindRelations) {
  const at = (place: number) => kinds[place] as KindEvidence;
  const isKnownPlace = (...places: readonly number[]) => places.every((place) => kinds[place] !== undefined);
  const children = below.filter(({ child, parent }) => isKnownPlace(child, parent));
  const members = inside.filter(({ member, container }) => isKnownPlace(member, container));
  const isRoleless = kinds.every(({ withLearners }) => withLearners === 0);

  const childrenOf = (evidence: KindEvidence) =>
    children
      .filter(({ parent }) => at(parent) === evidence)
      .map(({ child, groups }) => ({ child: at(child), groups }));
  const parentsOf = (evidence: KindEvidence) =>
    children.filter(({ child }) => at(child) === evidence).map(({ parent }) => at(parent));
  const containersOf = (evidence: KindEvidence) =>
    members
      .filter(({ member, container }) => at(member) === evidence && at(container) !== evidence)
      .map(({ container }) => at(container));
  const membersOf = (evidence: KindEvidence) =>
    members
      .filter(({ member, container }) => at(container) === evidence && at(member) !== evidence)
      .map(({ member }) => at(member));

  /** Active learners with a role; in a file in which nobody has one, every member who is no staff. */
  const withLearners = (evidence: KindEvidence) =>
    isRoleless ? evidence.withUntyped : evidence.withLearners;
  const hasLearners = (evidence: KindEvidence) => withLearners(evidence) >= MOST * evidence.groups;
  const hasCodes = (evidence: KindEvidence) =>
    evidence.kind === "course" || (evidence.withCourseCode >= MOST * evidence.groups && evidence.groups > 0);
  const withDates = (evidence: KindEvidence) => Math.max(evidence.withDates, evidence.withDatedLearners);
  const hasDates = (evidence: KindEvidence) => withDates(evidence) >= MOST * evidence.groups;
  /** A course stands above: what is a member of something is then an occasion of a programme, not a class. */
  const isUnderCourse = (evidence: KindEvidence) =>
    evidence.kind === "occasion" ||
    parentsOf(evidence).some((parent) => parent !== evidence && hasCodes(parent));

  return {
    childrenOf,
    parentsOf,
    containersOf,

    isClassOf(evidence: KindEvidence, container: KindEvidence): boolean {
      const hasPeople = evidence.withLearners + evidence.withUntyped >= MOST * evidence.groups;
      if (!hasPeople || isUnderCourse(evidence) || hasCodes(evidence)) return false;
      if (container.kind !== undefined) return container.kind === "occasion" || container.kind === "course";
      return isUnderCourse(container) || hasDates(container);
    },

    coursesInside(evidence: KindEvidence): string | undefined {
      const courses = membersOf(evidence).filter((member) => hasCodes(member) || isUnderCourse(member));
      const isTop = evidence.withParent === 0 && !hasDates(evidence) && !hasLearners(evidence);
      if (courses.length > 0 && !isTop && !isUnderCourse(evidence)) {
        return `has courses as members (idtype 2): ${courses.map(({ types }) => kindInWords(types)).join(", ")}`;
      }
      return undefined;
    },

    learnersAndDates(evidence: KindEvidence, isClass: (other: KindEvidence) => boolean): string | undefined {
      const classes = membersOf(evidence).filter(isClass);
      if (!hasLearners(evidence) && classes.length === 0) return undefined;
      if (!hasDates(evidence)) return undefined;
      if (
        childrenOf(evidence).some(({ child }) => child !== evidence && hasLearners(child) && hasDates(child))
      ) {
        return undefined;
      }
      const who =
        withLearners(evidence) > 0
          ? `has ${isRoleless ? "members (nobody in the file has a role)" : "learners"} in ${share(withLearners(evidence), evidence)}`
          : "has classes as members";
      const dates =
        evidence.withDates > 0
          ? `and dates in ${share(evidence.withDates, evidence)}`
          : "whose roles have dates, though the groups have none";
      const caution =
        isUnderCourse(evidence) || hasCodes(evidence)
          ? ""
          : "; no course stands above it, so each becomes a course of its own: if these are classes, write class";
      return `${who}, ${dates}${caution}`;
    },

    whyNothing(evidence: KindEvidence, kindOf: (other: KindEvidence) => GroupKind | undefined): string {
      if (evidence.types.every(({ typevalue }) => typevalue === null)) {
        return "has no typevalue that a rule could name";
      }
      if (childrenOf(evidence).some(({ child }) => kindOf(child) === "school")) {
        return "stands above schools and gives nothing itself: chains are followed through it";
      }
      if (evidence.withUntyped > 0 && evidence.withLearners === 0) {
        return "its members have no learner role: a collective group, no occasion";
      }
      if (evidence.withLearners > 0) {
        return hasDates(evidence)
          ? "few of its groups have learners"
          : "has learners, but no dates, and is no member of occasions";
      }
      return "nothing tells what it is";
    },
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
