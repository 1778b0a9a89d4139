/**
 * Elements → IMS records. The rules below follow the specification's tables (IMS Enterprise 1.1), read
 * liberally: names in any case and namespace, children in any order, elements without a rule ignored with all
 * that is in them. A value that stands twice where IMS has one: the first that is not empty.
 */
import type { ElementEvents } from "./parse.js";
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
import { cleanText, foldName, isBlank, ownCopy } from "./text.js";

export interface RecordCounts {
  readonly persons: number;
  readonly groups: number;
  /** Memberships with a sourcedid, those without members too. */
  readonly memberships: number;
  readonly members: number;
}

export interface Assembler extends ElementEvents {
  readonly counts: RecordCounts;
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
/** Names that are remembered with what they fold to; a file of ever new names must not fill the memory. */
const MAX_REMEMBERED_NAMES = 1000;
/** Spellings of children's names that are remembered of one element. */
const MAX_SPELLINGS = 16;

export function createAssembler(fileName: string, handler: ImsHandler, warn: Warn): Assembler {
  const held: Held = { elements: 0, length: 0 };
  const counts = { persons: 0, groups: 0, memberships: 0, members: 0 };
  const document = compile({ children: { enterprise: enterpriseRule(handler, counts, held) } });
  const foldedNames = new Map<string, string>();

  // The path of open elements: the rule of each, and its text so far.
  const path: CompiledRule[] = [document];
  const texts: string[] = [""];
  let depth = 0;

  function fail(line: number, reason: string): never {
    throw unusableExport(fileName, line, reason);
  }

  function folded(rawName: string): string {
    const known = foldedNames.get(rawName);
    if (known !== undefined) return known;
    const name = foldName(rawName);
    if (foldedNames.size < MAX_REMEMBERED_NAMES) foldedNames.set(ownCopy(rawName), name);
    return name;
  }

  function ruleOf(parent: CompiledRule, rawName: string, line: number): CompiledRule {
    const { spellings } = parent;
    for (let i = 0; i < spellings.length; i++) {
      if (spellings[i] === rawName) return parent.spelled[i] as CompiledRule;
    }
    const name = folded(rawName);
    const rule = parent.children.get(name) ?? parent.others ?? IGNORED;
    if (parent === document && rule === IGNORED) {
      fail(line, `the root element is ${shownName(name)}, not "enterprise": this is no IMS Enterprise file`);
    }
    if (spellings.length < MAX_SPELLINGS) {
      spellings.push(ownCopy(rawName));
      parent.spelled.push(rule);
    }
    return rule;
  }

  function hold(elements: number, length: number, line: number): void {
    held.elements += elements;
    held.length += length;
    if (held.elements > MAX_HELD_ELEMENTS)
      fail(line, `more than ${MAX_HELD_ELEMENTS} elements in one record`);
    if (held.length > MAX_HELD_LENGTH) fail(line, `more than ${MAX_HELD_LENGTH} characters in one record`);
  }

  return {
    counts,
    open(rawName, line) {
      const parent = path[depth] as CompiledRule;
      const rule = parent === IGNORED ? IGNORED : ruleOf(parent, rawName, line);
      depth++;
      path[depth] = rule;
      if (rule === IGNORED) return;
      hold(1, 0, line);
      texts[depth] = "";
      if (rule.start !== undefined) rule.start(line, rule.isTree ? folded(rawName) : "");
    },
    attribute(rawName, value, line) {
      const { attribute } = path[depth] as CompiledRule;
      if (attribute === undefined || rawName === "xmlns" || rawName.startsWith("xmlns:")) return;
      hold(0, value.length, line);
      const clean = cleanText(value);
      if (clean !== undefined) attribute(folded(rawName), clean);
    },
    text(piece, line) {
      const rule = path[depth] as CompiledRule;
      if (rule.text === undefined) return;
      const before = texts[depth] as string;
      if (before === "" ? isBlank(piece) : before === LEFT_OUT) return;
      if (before.length + piece.length > MAX_TEXT_LENGTH) {
        if (!rule.isTree) fail(line, `a text of more than ${MAX_TEXT_LENGTH} characters in one element`);
        warn(line, `a text of more than ${MAX_TEXT_LENGTH} characters in an extension was left out`);
        texts[depth] = LEFT_OUT;
        return;
      }
      hold(0, piece.length, line);
      texts[depth] = before === "" ? piece : before + piece;
    },
    close() {
      const rule = path[depth] as CompiledRule;
      const raw = texts[depth];
      depth--;
      if (rule === IGNORED) return;
      if (rule.text !== undefined && raw !== undefined && raw !== "" && raw !== LEFT_OUT) {
        const clean = cleanText(raw);
        if (clean !== undefined) rule.text(clean);
      }
      if (rule.end !== undefined) rule.end();
    },
  };
}

/** Stands for a text that is too long; no XML text can have this character. */
const LEFT_OUT = "\u0000";

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
}

/** All properties are always there: the engine then treats all rules alike, which this hot path feels. */
interface CompiledRule {
  readonly children: ReadonlyMap<string, CompiledRule>;
  /** Names of children as this file writes them, as they are met: comparing a few costs a fifth of a look-up by hash. */
  readonly spellings: string[];
  /** The children's rules, in the order of `spellings`. */
  readonly spelled: CompiledRule[];
  others: CompiledRule | undefined;
  readonly isTree: boolean;
  readonly start: ((line: number, name: string) => void) | undefined;
  readonly attribute: ((name: string, value: string) => void) | undefined;
  readonly text: ((text: string) => void) | undefined;
  readonly end: (() => void) | undefined;
}

const IGNORED: CompiledRule = compile({});

function compile(rule: Rule): CompiledRule {
  const { attributes } = rule;
  const setters = attributes === undefined ? undefined : new Map(Object.entries(attributes));
  return {
    children: new Map(Object.entries(rule.children ?? {}).map(([name, child]) => [name, compile(child)])),
    spellings: [],
    spelled: [],
    others: rule.others,
    isTree: rule.isTree ?? false,
    start: rule.start,
    attribute: setters === undefined ? rule.anyAttribute : (name, value) => setters.get(name)?.(value),
    text: rule.text,
    end: rule.end,
  };
}

function enterpriseRule(handler: ImsHandler, counts: Draft<RecordCounts>, held: Held): Rule {
  const beginRecord = () => {
    held.elements = 0;
    held.length = 0;
  };
  return {
    children: {
      properties: propertiesRule(beginRecord, (properties) => handler.properties?.(properties)),
      person: personRule(
        beginRecord,
        (person) => {
          counts.persons++;
          handler.person?.(person);
        },
        (line) => handler.skipped?.("person", line, NO_SOURCEDID),
      ),
      group: groupRule(
        beginRecord,
        (group) => {
          counts.groups++;
          handler.group?.(group);
        },
        (line) => handler.skipped?.("group", line, NO_SOURCEDID),
      ),
      membership: membershipRule(beginRecord, {
        membership: () => {
          counts.memberships++;
        },
        member: (member) => {
          counts.members++;
          handler.member?.(member);
        },
        skippedMembership: (line) => handler.skipped?.("membership", line, NO_SOURCEDID),
        skippedMember: (line) => handler.skipped?.("member", line, NO_SOURCEDID),
      }),
    },
  };
}

const NO_SOURCEDID = "no sourcedid with an id";

function propertiesRule(begin: () => void, use: (properties: ImsProperties) => void): Rule {
  let properties: Draft<ImsProperties> & { readonly target: string[] } = { target: [] };
  return {
    start() {
      begin();
      properties = { target: [] };
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

function personRule(begin: () => void, use: (person: ImsPerson) => void, skip: (line: number) => void): Rule {
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
      else skip(person.line);
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

function groupRule(begin: () => void, use: (group: ImsGroup) => void, skip: (line: number) => void): Rule {
  const newGroup = (line: number): GroupDraft => {
    return { line, sourcedIds: [], groupTypes: [], description: {}, relationships: [], extension: [] };
  };
  let group = newGroup(0);
  return {
    start(line) {
      begin();
      group = newGroup(line);
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
      else skip(group.line);
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
  skippedMembership(line: number): void;
  skippedMember(line: number): void;
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
        use.skippedMember(line);
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
      if (group === undefined) use.skippedMembership(membershipLine);
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
