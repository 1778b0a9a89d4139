/**
 * Small IMS Enterprise 1.1 exports as XML text, so terse that a test reads as the rule it is about: each function gives
 * one record, `exportOf` the file. Whatever has no function is written as XML into `inner` or `extension`.
 */
export function exportOf(
  records: readonly string[],
  datetime: string | null = "2009-03-02T18:00:00",
): string {
  const made = datetime === null ? "" : `<datetime>${datetime}</datetime>`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<enterprise>",
    `<properties><datasource>Alvis</datasource>${made}</properties>`,
    ...records,
    "</enterprise>\n",
  ].join("\n");
}

export interface GroupOptions {
  /** Parents' ids, blanks between them. */
  readonly in?: string;
  /** "2009-01-19/2009-06-05"; either side may be empty. */
  readonly dates?: string;
  readonly short?: string;
  readonly long?: string;
  /** Elements of `extension`, name → text. */
  readonly ext?: Fields;
  /** `extension` as XML. */
  readonly extension?: string;
  readonly recstatus?: string;
  /** Further ids that lead to the group. */
  readonly alias?: string;
  /** Further children, as XML. */
  readonly inner?: string;
}

type Fields = Readonly<Record<string, string | number>>;

export function group(id: string, type: string, options: GroupOptions = {}): string {
  const { in: parents = "", dates, short, long, alias, inner = "" } = options;
  const relationships = words(parents).map(
    (parent) => `<relationship relation="1">${sourcedId(parent)}<label/></relationship>`,
  );
  return [
    `<group${attribute("recstatus", options.recstatus)}>${sourcedId(id)}${alias === undefined ? "" : sourcedId(alias)}`,
    `<grouptype><scheme>Alvis</scheme><typevalue level="1">${escaped(type)}</typevalue></grouptype>`,
    `<description>${element("short", short)}${element("long", long)}</description>`,
    timeframe(dates),
    ...relationships,
    extensionOf(options),
    `${inner}</group>`,
  ].join("");
}

export const school = (id: string, options: GroupOptions = {}) => group(id, "Skola", options);
export const course = (id: string, short: string, options: GroupOptions = {}) =>
  group(id, "Kurs", { short, ...options });
/** In spring 2009 when nothing else is said. */
export const occasion = (id: string, options: GroupOptions = {}) =>
  group(id, "Kursgrupp", { dates: SPRING, ...options });
export const klass = (id: string, options: GroupOptions = {}) => group(id, "Klass", options);
export const programme = (id: string, short: string, options: GroupOptions = {}) =>
  group(id, "Program", { short, ...options });

export const SPRING = "2009-01-19/2009-06-05";
export const AUTUMN = "2009-08-17/2009-12-18";
export const SPRING_AND_AUTUMN = "2009-01-19/2009-12-18";

export interface PersonOptions {
  /** "Efternamn, Förnamn" as n/family and n/given. */
  readonly name?: string;
  /** userid with useridtype PID. */
  readonly pnr?: string;
  readonly email?: string;
  /** tel by teltype. */
  readonly tel?: Readonly<Record<string, string>>;
  /** Children of adr, name → text. */
  readonly adr?: Fields;
  /** institutionroletype. */
  readonly institutionrole?: string;
  readonly ext?: Fields;
  readonly extension?: string;
  readonly recstatus?: string;
  readonly alias?: string;
  readonly inner?: string;
}

export function person(id: string, options: PersonOptions = {}): string {
  const { name, pnr, email, tel = {}, adr, institutionrole, alias, inner = "" } = options;
  const [family, given] = name?.split(", ") ?? [];
  return [
    `<person${attribute("recstatus", options.recstatus)}>${sourcedId(id)}${alias === undefined ? "" : sourcedId(alias)}`,
    pnr === undefined ? "" : `<userid useridtype="PID">${escaped(pnr)}</userid>`,
    name === undefined ? "" : `<name><n>${element("family", family)}${element("given", given)}</n></name>`,
    element("email", email),
    ...Object.entries(tel).map(([type, value]) => `<tel teltype="${type}">${escaped(value)}</tel>`),
    adr === undefined ? "" : `<adr>${elements(adr)}</adr>`,
    institutionrole === undefined
      ? ""
      : `<institutionrole primaryrole="Yes" institutionroletype="${escaped(institutionrole)}"/>`,
    extensionOf(options),
    `${inner}</person>`,
  ].join("");
}

/** A membership of one member, idtype 1, with these roles. */
export function member(groupId: string, id: string, ...roles: readonly string[]): string {
  return membership(groupId, id, "1", roles);
}

/** Learners of a group, in one membership: "E1" or, with dates of the role, "E1 2009-01-19/2009-06-05". */
export function learners(groupId: string, ...members: readonly string[]): string {
  const each = members.map((written) => {
    const [id = "", dates] = words(written);
    return memberElement(id, "1", [role({ dates })]);
  });
  return `<membership>${sourcedId(groupId)}${each.join("")}</membership>`;
}

/** A group as the member of another one, idtype 2. */
export function groupMember(groupId: string, id: string, ...roles: readonly string[]): string {
  return membership(groupId, id, "2", roles);
}

/** A membership as it stands in the file: `idtype` undefined leaves the element out. */
export function membership(
  groupId: string,
  id: string,
  idtype: string | undefined,
  roles: readonly string[],
): string {
  return `<membership>${sourcedId(groupId)}${memberElement(id, idtype, roles)}</membership>`;
}

export interface RoleOptions {
  /** roletype; "01" when absent, none when null. */
  readonly type?: string | null;
  readonly dates?: string | undefined;
  readonly status?: string;
  readonly recstatus?: string;
  readonly ext?: Fields;
}

/** An active learner role when nothing else is said. */
export function role(options: RoleOptions = {}): string {
  const { type = "01", dates, status = "1", recstatus } = options;
  const attributes = attribute("recstatus", recstatus) + attribute("roletype", type ?? undefined);
  return `<role${attributes}>${element("status", status)}${timeframe(dates)}${extensionOf(options)}</role>`;
}

export function sourcedId(id: string): string {
  return `<sourcedid><source>Alvis</source><id>${escaped(id)}</id></sourcedid>`;
}

export function element(name: string, text: string | number | undefined): string {
  return text === undefined ? "" : `<${name}>${escaped(String(text))}</${name}>`;
}

export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function memberElement(id: string, idtype: string | undefined, roles: readonly string[]): string {
  return `<member>${sourcedId(id)}${element("idtype", idtype)}${roles.join("")}</member>`;
}

function timeframe(dates: string | undefined): string {
  if (dates === undefined || dates === "") return "";
  const [begin, end] = dates.split("/");
  return `<timeframe><begin restrict="0">${escaped(begin ?? "")}</begin><end restrict="0">${escaped(end ?? "")}</end></timeframe>`;
}

function extensionOf(options: { readonly ext?: Fields; readonly extension?: string }): string {
  const content = elements(options.ext ?? {}) + (options.extension ?? "");
  return content === "" ? "" : `<extension>${content}</extension>`;
}

function elements(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, text]) => element(name, text))
    .join("");
}

function attribute(name: string, value: string | undefined): string {
  return value === undefined ? "" : ` ${name}="${escaped(value)}"`;
}

function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}
