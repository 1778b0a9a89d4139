/**
 * Elements → IMS records. The rules below follow the specification's tables (IMS Enterprise 1.1), read
 * liberally: names in any case and namespace, children in any order, elements without a rule ignored with all
 * that is in them. A value that stands twice where IMS has one: the first that is not empty.
 */
import type { Name } from "./names.js";
import { shownName, unusableExport } from "./problem.js";
import type {
  ImsAddress,
  ImsElement,
  ImsGroup,
  ImsHandler,
  ImsMember,
  ImsPerson,
  ImsProperties,
  ImsRole,
  ImsSourcedId,
  ImsTimeframe,
} from "./records.js";
import {
  type ScanEvents,
  WANT_ATTRIBUTES,
  WANT_ELEMENTS,
  WANT_END,
  WANT_NOTHING,
  WANT_TEXT,
} from "./scan.js";
import { cleanPlainText, cleanText, isBlank, ownCopy } from "./text.js";

export interface RecordCounts {
  readonly persons: number;
  readonly groups: number;
  /** Memberships with a sourcedid, those without members too. */
  readonly memberships: number;
  readonly members: number;
}

/** What the root says of the one who wrote the file. */
export interface ImsRoot {
  /** The namespace that the root is in, as written; absent: none. */
  readonly namespace?: string;
  /** `<ENTERPRISE>`, as some systems write all tags. */
  readonly upperCase: boolean;
}

export interface Assembler extends ScanEvents {
  readonly counts: RecordCounts;
  readonly root: ImsRoot;
}

/** Something odd that loses nothing which a record needs. */
export type Warn = (line: number, text: string) => void;

/** Characters of the text of one element that is read. In an extension a longer one (a picture) is left out with a warning; its element stays. */
export const MAX_TEXT_LENGTH = 64 * 1024;
/** Elements that must be held at once: one record, or the members of one membership that stand before its sourcedid. */
export const MAX_HELD_ELEMENTS = 200_000;
/** Characters of text and attributes held at once, as above. */
export const MAX_HELD_LENGTH = 4 * 1024 * 1024;
/** Persons, groups and members of one file. */
export const MAX_RECORDS = 50_000_000;
/** Characters of the root's namespace that are kept. */
const MAX_NAMESPACE_LENGTH = 200;

/**
 * A record beyond one of the limits is skipped, the file goes on: only what makes the whole doubtful, another
 * root or too many records, is an error.
 */
export function createAssembler(
  fileName: string,
  handler: ImsHandler,
  warn: Warn,
  maxRecords = MAX_RECORDS,
): Assembler {
  const held: Held = { elements: 0, length: 0 };
  const counts = { persons: 0, groups: 0, memberships: 0, members: 0 };
  const root: Draft<ImsRoot> = { upperCase: false };
  let rootPrefix = "";
  let line = 1;

  const countRecord = (kind: "persons" | "groups" | "members") => {
    counts[kind]++;
    if (counts.persons + counts.groups + counts.members > maxRecords) {
      fail(line, `more than ${maxRecords} persons, groups and members`);
    }
  };
  const document = compile({
    children: { enterprise: enterpriseRule(handler, counts, countRecord, held, warn) },
  });

  // The path of open elements: the rule of each, and its text so far.
  const path: CompiledRule[] = [document];
  const texts: string[] = [""];
  const isPlain: boolean[] = [true];
  let depth = 0;

  function fail(at: number, reason: string): never {
    throw unusableExport(fileName, at, reason);
  }

  function ruleOf(parent: CompiledRule, name: Name): CompiledRule {
    const rule = parent.children.get(name.folded) ?? parent.others ?? IGNORED;
    if (name.id >= 0) parent.known[name.id] = rule;
    return rule;
  }

  function openRoot(name: Name, at: number): void {
    if (name.folded !== "enterprise") {
      fail(
        at,
        `the root element is ${shownName(name.folded)}, not "enterprise": this is no IMS Enterprise file`,
      );
    }
    const local = name.spelled.slice(name.spelled.lastIndexOf(":") + 1);
    root.upperCase = local === local.toUpperCase();
    rootPrefix = name.spelled.slice(0, name.spelled.length - local.length).replace(":", "");
  }

  function hold(elements: number, length: number): void {
    held.elements += elements;
    held.length += length;
    if (held.elements > MAX_HELD_ELEMENTS)
      lose(`more than ${MAX_HELD_ELEMENTS} elements in one record`, true);
    if (held.length > MAX_HELD_LENGTH) lose(`more than ${MAX_HELD_LENGTH} characters in one record`, true);
  }

  /** Skips the record that is open, with all that is still to come of it. */
  function lose(reason: string, isHeld: boolean): void {
    if (isHeld) {
      held.elements = 0;
      held.length = 0;
    }
    for (let at = depth; at > 0; at--) {
      const rule = path[at] as CompiledRule;
      path[at] = IGNORED;
      texts[at] = "";
      if (rule.lose?.(reason, isHeld) === true) return;
      // The root stays: what follows in it is sound.
      if (at === 1) {
        path[at] = rule;
        warn(line, `${reason}: left out`);
      }
    }
  }

  return {
    counts,
    root,
    warn,
    open(name, at) {
      line = at;
      if (depth === 0) openRoot(name, at);
      const parent = path[depth] as CompiledRule;
      const rule = parent.known[name.id] ?? (parent === IGNORED ? IGNORED : ruleOf(parent, name));
      if (rule === IGNORED) return WANT_NOTHING;
      depth++;
      path[depth] = rule;
      texts[depth] = "";
      hold(1, 0);
      if (path[depth] === rule && rule.start !== undefined) rule.start(at, rule.isTree ? name.folded : "");
      return rule.wants;
    },
    attribute(name, value, at, plain) {
      line = at;
      const { attribute } = path[depth] as CompiledRule;
      if (attribute === undefined) return;
      if (name.declaresNamespace) {
        if (depth === 1 && name.spelled === (rootPrefix === "" ? "xmlns" : `xmlns:${rootPrefix}`)) {
          const namespace = cleanText(value.slice(0, MAX_NAMESPACE_LENGTH));
          if (namespace !== undefined) root.namespace = namespace;
        }
        return;
      }
      hold(0, value.length);
      const clean = plain && value !== "" ? cleanPlainText(value) : cleanText(value);
      if (clean !== undefined && (path[depth] as CompiledRule).attribute === attribute) {
        attribute(name.folded, plain ? ownCopy(clean) : clean);
      }
    },
    text(piece, at, plain) {
      line = at;
      const rule = path[depth] as CompiledRule;
      if (rule.text === undefined) return;
      const before = texts[depth] as string;
      if (before === "" ? isBlank(piece) : before === LEFT_OUT) return;
      if (before.length + piece.length > MAX_TEXT_LENGTH) {
        if (!rule.isTree) {
          lose(`a text of more than ${MAX_TEXT_LENGTH} characters in one element`, false);
          return;
        }
        warn(at, `a text of more than ${MAX_TEXT_LENGTH} characters in an extension was left out`);
        texts[depth] = LEFT_OUT;
        return;
      }
      hold(0, piece.length);
      if (path[depth] !== rule) return;
      isPlain[depth] = plain && (before === "" || (isPlain[depth] as boolean));
      texts[depth] = before === "" ? piece : before + piece;
    },
    close() {
      const rule = path[depth] as CompiledRule;
      const raw = texts[depth] as string;
      const plain = isPlain[depth] as boolean;
      depth--;
      if (rule.text !== undefined && raw !== "" && raw !== LEFT_OUT) {
        const clean = plain ? cleanPlainText(raw) : cleanText(raw);
        if (clean !== undefined) rule.text(plain ? lastOrOwn(rule, clean) : clean);
      }
      if (rule.end !== undefined) rule.end();
    },
    oversized(at, reason) {
      line = at;
      lose(reason, false);
    },
  };
}

/** Stands for a text that is too long; no XML text can have this character. */
const LEFT_OUT = "\u0000";

/** Values are often those of the element's last one (a source, a date): one string then, which all records share. */
function lastOrOwn(rule: CompiledRule, text: string): string {
  if (rule.lastText === text) return rule.lastText;
  const own = ownCopy(text);
  rule.lastText = own;
  return own;
}

/** What has been read since the last record was handed out. */
interface Held {
  elements: number;
  length: number;
}

// --- Rules

/** What an element means. Texts and attribute values come clean (cleanText), empty ones not at all. */
interface Rule {
  readonly children?: Readonly<Record<string, Rule>>;
  /** The rule of all children that are not named; without it they are ignored. */
  readonly others?: CompiledRule;
  /** Kept as an ImsElement: `start` gets its name. */
  readonly isTree?: boolean;
  readonly start?: (line: number, name: string) => void;
  readonly attributes?: Readonly<Record<string, (value: string) => void>>;
  readonly anyAttribute?: (name: string, value: string) => void;
  /** The element's own text, whole, before `end`. */
  readonly text?: (text: string) => void;
  readonly end?: () => void;
  /**
   * On records: skips this one, beyond a limit, and answers whether that is all that is lost; false: it is the
   * record that this one stands in which is too large. `isHeld`: it is all that is held that is too large.
   */
  readonly lose?: (reason: string, isHeld: boolean) => boolean;
}

/** All properties are always there: the engine then treats all rules alike, which this hot path feels. */
interface CompiledRule {
  readonly children: ReadonlyMap<string, CompiledRule>;
  /** The children's rules by the ids of their names, as they are met. */
  readonly known: (CompiledRule | undefined)[];
  others: CompiledRule | undefined;
  readonly isTree: boolean;
  /** What the scanner is to tell of the element. */
  wants: number;
  readonly start: ((line: number, name: string) => void) | undefined;
  readonly attribute: ((name: string, value: string) => void) | undefined;
  readonly text: ((text: string) => void) | undefined;
  readonly end: (() => void) | undefined;
  readonly lose: ((reason: string, isHeld: boolean) => boolean) | undefined;
  lastText: string;
}

const IGNORED: CompiledRule = compile({});

function compile(rule: Rule): CompiledRule {
  const { attributes } = rule;
  const setters = attributes === undefined ? undefined : new Map(Object.entries(attributes));
  const children = new Map(
    Object.entries(rule.children ?? {}).map(([name, child]) => [name, compile(child)]),
  );
  const attribute =
    setters === undefined ? rule.anyAttribute : (name: string, value: string) => setters.get(name)?.(value);
  return {
    children,
    known: [],
    others: rule.others,
    isTree: rule.isTree ?? false,
    wants:
      WANT_END |
      (children.size > 0 || rule.others !== undefined || rule.isTree ? WANT_ELEMENTS : 0) |
      (rule.text === undefined ? 0 : WANT_TEXT) |
      (attribute === undefined ? 0 : WANT_ATTRIBUTES),
    start: rule.start,
    attribute,
    text: rule.text,
    end: rule.end,
    lose: rule.lose,
    lastText: "",
  };
}

function enterpriseRule(
  handler: ImsHandler,
  counts: Draft<RecordCounts>,
  countRecord: (kind: "persons" | "groups" | "members") => void,
  held: Held,
  warn: Warn,
): Rule {
  const beginRecord = () => {
    held.elements = 0;
    held.length = 0;
  };
  const skip = (kind: "person" | "group" | "membership" | "member") => (line: number, reason: string) =>
    handler.skipped?.(kind, line, reason);
  return {
    // The root's own attributes tell its namespace, nothing else.
    anyAttribute: () => {},
    children: {
      properties: propertiesRule(beginRecord, warn, (properties) => handler.properties?.(properties)),
      person: personRule(
        beginRecord,
        (person) => {
          countRecord("persons");
          handler.person?.(person);
        },
        skip("person"),
      ),
      group: groupRule(
        beginRecord,
        (group) => {
          countRecord("groups");
          handler.group?.(group);
        },
        skip("group"),
      ),
      membership: membershipRule(beginRecord, {
        membership: () => {
          counts.memberships++;
        },
        member: (member) => {
          countRecord("members");
          handler.member?.(member);
        },
        skippedMembership: skip("membership"),
        skippedMember: skip("member"),
      }),
    },
  };
}

type Skip = (line: number, reason: string) => void;

const NO_SOURCEDID = "no sourcedid with an id";

function propertiesRule(begin: () => void, warn: Warn, use: (properties: ImsProperties) => void): Rule {
  let properties: Draft<ImsProperties> & { readonly target: string[] } = { target: [] };
  let startLine = 0;
  return {
    start(line) {
      begin();
      startLine = line;
      properties = { target: [] };
    },
    lose(reason) {
      warn(startLine, `the properties were left out: ${reason}`);
      return true;
    },
    children: {
      datasource: { text: (text) => (properties.datasource ??= text) },
      type: { text: (text) => (properties.type ??= text) },
      datetime: { text: (text) => (properties.datetime ??= text) },
      target: { text: (text) => properties.target.push(text) },
    },
    end: () => use(properties),
  };
}

interface PersonDraft extends Draft<ImsPerson> {
  readonly sourcedIds: ImsSourcedId[];
  readonly userIds: { type?: string; value: string }[];
  name?: Draft<NonNullable<ImsPerson["name"]>>;
  readonly telephones: { type?: string; value: string }[];
  readonly institutionRoles: string[];
  readonly extension: ImsElement[];
}

function personRule(begin: () => void, use: (person: ImsPerson) => void, skip: Skip): Rule {
  const newPerson = (line: number): PersonDraft => {
    return { line, sourcedIds: [], userIds: [], telephones: [], institutionRoles: [], extension: [] };
  };
  let person = newPerson(0);
  const name = () => (person.name ??= {});
  return {
    start(line) {
      begin();
      person = newPerson(line);
    },
    lose(reason) {
      skip(person.line, reason);
      return true;
    },
    attributes: { recstatus: (value) => (person.recstatus ??= value) },
    children: {
      sourcedid: sourcedIdRule((id) => person.sourcedIds.push(id)),
      userid: typedValueRule("useridtype", (userId) => person.userIds.push(userId)),
      name: {
        children: {
          fn: { text: (text) => (name().fn ??= text) },
          sort: { text: (text) => (name().sort ??= text) },
          n: {
            children: {
              family: { text: (text) => (name().family ??= text) },
              given: { text: (text) => (name().given ??= text) },
            },
          },
        },
      },
      email: { text: (text) => (person.email ??= text) },
      tel: typedValueRule("teltype", (telephone) => person.telephones.push(telephone)),
      adr: addressRule((address) => (person.address ??= address)),
      institutionrole: attributeOrTextRule("institutionroletype", (role) =>
        person.institutionRoles.push(role),
      ),
      extension: extensionRule((element) => person.extension.push(element)),
    },
    end() {
      if (person.sourcedIds.length > 0) use(person);
      else skip(person.line, NO_SOURCEDID);
    },
  };
}

interface GroupDraft extends Draft<ImsGroup> {
  readonly sourcedIds: ImsSourcedId[];
  readonly groupTypes: GroupTypeDraft[];
  readonly description: Draft<ImsGroup["description"]>;
  readonly relationships: RelationshipDraft[];
  readonly extension: ImsElement[];
}

interface GroupTypeDraft {
  scheme?: string;
  readonly values: { value: string; level?: string }[];
}

interface RelationshipDraft {
  relation?: string;
  readonly id: ImsSourcedId;
  label?: string;
}

function groupRule(begin: () => void, use: (group: ImsGroup) => void, skip: Skip): Rule {
  const newGroup = (line: number): GroupDraft => {
    return { line, sourcedIds: [], groupTypes: [], description: {}, relationships: [], extension: [] };
  };
  let group = newGroup(0);
  return {
    start(line) {
      begin();
      group = newGroup(line);
    },
    lose(reason) {
      skip(group.line, reason);
      return true;
    },
    attributes: { recstatus: (value) => (group.recstatus ??= value) },
    children: {
      sourcedid: sourcedIdRule((id) => group.sourcedIds.push(id)),
      grouptype: groupTypeRule((groupType) => group.groupTypes.push(groupType)),
      description: {
        children: {
          short: { text: (text) => (group.description.short ??= text) },
          long: { text: (text) => (group.description.long ??= text) },
          full: { text: (text) => (group.description.full ??= text) },
        },
      },
      timeframe: timeframeRule((timeframe) => (group.timeframe ??= timeframe)),
      relationship: relationshipRule((relationship) => group.relationships.push(relationship)),
      extension: extensionRule((element) => group.extension.push(element)),
    },
    end() {
      if (group.sourcedIds.length > 0) use(group);
      else skip(group.line, NO_SOURCEDID);
    },
  };
}

function groupTypeRule(use: (groupType: GroupTypeDraft) => void): Rule {
  let groupType: GroupTypeDraft = { values: [] };
  let level: string | undefined;
  return {
    start() {
      groupType = { values: [] };
    },
    children: {
      scheme: { text: (text) => (groupType.scheme ??= text) },
      typevalue: {
        start() {
          level = undefined;
        },
        attributes: { level: (value) => (level ??= value) },
        text: (value) => groupType.values.push(level === undefined ? { value } : { value, level }),
      },
    },
    end() {
      if (groupType.scheme !== undefined || groupType.values.length > 0) use(groupType);
    },
  };
}

/** A relationship that names no group says nothing and is left out. */
function relationshipRule(use: (relationship: RelationshipDraft) => void): Rule {
  let relation: string | undefined;
  let relationElement: string | undefined;
  let id: ImsSourcedId | undefined;
  let label: string | undefined;
  return {
    start() {
      relation = undefined;
      relationElement = undefined;
      id = undefined;
      label = undefined;
    },
    attributes: { relation: (value) => (relation ??= value) },
    children: {
      relation: { text: (text) => (relationElement ??= text) },
      sourcedid: sourcedIdRule((sourcedId) => (id ??= sourcedId)),
      label: { text: (text) => (label ??= text) },
    },
    end() {
      if (id === undefined) return;
      const relationship: RelationshipDraft = { id };
      const relationGiven = relation ?? relationElement;
      if (relationGiven !== undefined) relationship.relation = relationGiven;
      if (label !== undefined) relationship.label = label;
      use(relationship);
    },
  };
}

interface MembershipUse {
  membership(): void;
  member(member: ImsMember): void;
  readonly skippedMembership: Skip;
  readonly skippedMember: Skip;
}

/** The group's sourcedid comes first in IMS; members that stand before it wait for it. */
function membershipRule(begin: () => void, use: MembershipUse): Rule {
  let membershipLine = 0;
  let group: ImsSourcedId | undefined;
  let waiting: Omit<ImsMember, "group">[] = [];

  let line = 0;
  let id: ImsSourcedId | undefined;
  let idtype: string | undefined;
  let idtypeAttribute: string | undefined;
  let roles: ImsRole[] = [];

  const handOut = (member: Omit<ImsMember, "group">, to: ImsSourcedId) => {
    const { line, member: id, idtype, roles } = member;
    use.member(
      idtype === undefined
        ? { line, group: to, member: id, roles }
        : { line, group: to, member: id, idtype, roles },
    );
  };

  const memberRule: Rule = {
    start(startLine) {
      if (waiting.length === 0) begin();
      line = startLine;
      id = undefined;
      idtype = undefined;
      idtypeAttribute = undefined;
      roles = [];
    },
    lose(reason, isHeld) {
      // With members that wait for their group it is they, together, that are too many.
      if (isHeld && waiting.length > 0) return false;
      use.skippedMember(line, reason);
      return true;
    },
    children: {
      sourcedid: sourcedIdRule((sourcedId) => (id ??= sourcedId)),
      idtype: {
        attributes: { idtype: (value) => (idtypeAttribute ??= value) },
        text: (text) => (idtype ??= text),
      },
      role: roleRule((role) => roles.push(role)),
    },
    end() {
      if (id === undefined) {
        use.skippedMember(line, NO_SOURCEDID);
        return;
      }
      const type = idtype ?? idtypeAttribute;
      const member =
        type === undefined ? { line, member: id, roles } : { line, member: id, idtype: type, roles };
      if (group === undefined) waiting.push(member);
      else handOut(member, group);
    },
  };

  return {
    start(startLine) {
      begin();
      membershipLine = startLine;
      group = undefined;
      waiting = [];
    },
    lose(reason) {
      waiting = [];
      use.skippedMembership(membershipLine, reason);
      return true;
    },
    children: {
      sourcedid: sourcedIdRule((sourcedId) => {
        if (group !== undefined) return;
        group = sourcedId;
        const ready = waiting;
        waiting = [];
        for (const member of ready) handOut(member, sourcedId);
      }),
      member: memberRule,
    },
    end() {
      waiting = [];
      if (group === undefined) use.skippedMembership(membershipLine, NO_SOURCEDID);
      else use.membership();
    },
  };
}

/** roletype: the attribute as in IMS, else an element, else the role's own text; status: its text, else an attribute. */
function roleRule(use: (role: ImsRole) => void): Rule {
  let role: Draft<ImsRole> & { readonly extension: ImsElement[] } = { extension: [] };
  let roletypeElement: string | undefined;
  let ownText: string | undefined;
  let statusAttribute: string | undefined;
  return {
    start() {
      role = { extension: [] };
      roletypeElement = undefined;
      ownText = undefined;
      statusAttribute = undefined;
    },
    attributes: {
      roletype: (value) => (role.roletype ??= value),
      recstatus: (value) => (role.recstatus ??= value),
      status: (value) => (statusAttribute ??= value),
    },
    text: (text) => (ownText = text),
    children: {
      roletype: attributeOrTextRule("roletype", (type) => (roletypeElement ??= type)),
      status: {
        attributes: { status: (value) => (statusAttribute ??= value) },
        text: (text) => (role.status ??= text),
      },
      timeframe: timeframeRule((timeframe) => (role.timeframe ??= timeframe)),
      extension: extensionRule((element) => role.extension.push(element)),
    },
    end() {
      const roletype = role.roletype ?? roletypeElement ?? ownText;
      if (roletype !== undefined) role.roletype = roletype;
      const status = role.status ?? statusAttribute;
      if (status !== undefined) role.status = status;
      use(role);
    },
  };
}

// --- Rules of parts that several records have

/** sourcedid: one without an id says nothing and is left out. */
function sourcedIdRule(use: (sourcedId: ImsSourcedId) => void): Rule {
  let source: string | undefined;
  let id: string | undefined;
  let type: string | undefined;
  return {
    start() {
      source = undefined;
      id = undefined;
      type = undefined;
    },
    attributes: { sourcedidtype: (value) => (type ??= value) },
    children: {
      source: { text: (text) => (source ??= text) },
      id: { text: (text) => (id ??= text) },
    },
    end() {
      if (id === undefined) return;
      const sourcedId: Draft<ImsSourcedId> = { id };
      if (source !== undefined) sourcedId.source = source;
      if (type !== undefined) sourcedId.type = type;
      use(sourcedId);
    },
  };
}

/** timeframe: one without any date is left out. */
function timeframeRule(use: (timeframe: ImsTimeframe) => void): Rule {
  let timeframe: Draft<ImsTimeframe> = {};
  return {
    start() {
      timeframe = {};
    },
    children: {
      begin: { text: (text) => (timeframe.begin ??= text) },
      end: { text: (text) => (timeframe.end ??= text) },
    },
    end() {
      if (timeframe.begin !== undefined || timeframe.end !== undefined) use(timeframe);
    },
  };
}

/** adr: one without anything that is read (a pobox alone) is left out. */
function addressRule(use: (address: ImsAddress) => void): Rule {
  let address: Draft<ImsAddress> & { readonly streets: string[] } = { streets: [] };
  return {
    start() {
      address = { streets: [] };
    },
    children: {
      street: { text: (text) => address.streets.push(text) },
      extadd: { text: (text) => (address.extadd ??= text) },
      pcode: { text: (text) => (address.pcode ??= text) },
      locality: { text: (text) => (address.locality ??= text) },
      country: { text: (text) => (address.country ??= text) },
    },
    end() {
      const { streets, extadd, pcode, locality, country } = address;
      if (streets.length > 0 || (extadd ?? pcode ?? locality ?? country) !== undefined) use(address);
    },
  };
}

/** userid, tel: a text of a type; without a text nothing. */
function typedValueRule(typeName: string, use: (typed: { type?: string; value: string }) => void): Rule {
  let type: string | undefined;
  return {
    start() {
      type = undefined;
    },
    attributes: { [typeName]: (value) => (type ??= value) },
    text: (value) => use(type === undefined ? { value } : { type, value }),
  };
}

/** A value that IMS has in an attribute and some files in the element's text. */
function attributeOrTextRule(attributeName: string, use: (value: string) => void): Rule {
  let value: string | undefined;
  return {
    start() {
      value = undefined;
    },
    attributes: { [attributeName]: (text) => (value ??= text) },
    text: (text) => (value ??= text),
    end() {
      if (value !== undefined) use(value);
    },
  };
}

interface ElementDraft extends Draft<ImsElement> {
  readonly children: ElementDraft[];
}

/** extension: each element in it as a tree, whatever it is. */
function extensionRule(use: (element: ImsElement) => void): Rule {
  let open: ElementDraft[] = [];
  const element = compile({
    isTree: true,
    start(_line, name) {
      open.push({ name, attributes: NO_ATTRIBUTES, children: [] });
    },
    anyAttribute(name, value) {
      const draft = open.at(-1) as ElementDraft;
      draft.attributes = withAttribute(draft.attributes, name, value);
    },
    text(text) {
      (open.at(-1) as ElementDraft).text = text;
    },
    end() {
      const ended = open.pop() as ElementDraft;
      const parent = open.at(-1);
      if (parent === undefined) use(ended);
      else parent.children.push(ended);
    },
  });
  element.others = element;
  return {
    start() {
      open = [];
    },
    others: element,
  };
}

/** Without a prototype: attributes are looked up by names, and none may be found that the file does not have. */
const NO_ATTRIBUTES: ImsElement["attributes"] = Object.freeze(Object.create(null));

function withAttribute(
  attributes: ImsElement["attributes"],
  name: string,
  value: string,
): ImsElement["attributes"] {
  const own: Record<string, string> = attributes === NO_ATTRIBUTES ? Object.create(null) : attributes;
  own[name] ??= value;
  return own;
}

type Draft<T> = { -readonly [Key in keyof T]: T[Key] };
