import { previousTermin, terminOfDate } from "../../lib/domain/terms.js";
import type { ImsElement, ImsGroup, ImsMember, ImsPerson, ImsRole } from "../../lib/ims/records.js";
import type {
  CodeRegister,
  History,
  KeptGroups,
  KeptMembership,
  MappingSettings,
  PersonMembership,
  ReportCause,
} from "../../lib/mapping/api.js";
import { memberRoles } from "../../lib/mapping/members.js";
import { linkGroups } from "../../lib/mapping/plan.js";
import type { LadokTables, Registration } from "../../lib/mapping/rows.js";
import { defaultMapping } from "../../lib/mapping/settings.js";

/** Builders of IMS records with what a test is about, and of the mapping of a whole small register. */
export interface GroupFields {
  readonly ids?: readonly string[];
  readonly type?: string;
  readonly short?: string;
  readonly long?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly parents?: readonly string[];
  readonly extension?: readonly ImsElement[];
  readonly recstatus?: string;
}

export function group(id: string, fields: GroupFields = {}): ImsGroup {
  const { type, short, long, begin, end, parents = [], extension = [], recstatus } = fields;
  return {
    line: 1,
    ...(recstatus === undefined ? {} : { recstatus }),
    sourcedIds: (fields.ids ?? [id]).map((sourcedId) => ({ id: sourcedId })),
    groupTypes: type === undefined ? [] : [{ values: [{ value: type }] }],
    description: { ...(short === undefined ? {} : { short }), ...(long === undefined ? {} : { long }) },
    timeframe: { ...(begin === undefined ? {} : { begin }), ...(end === undefined ? {} : { end }) },
    relationships: parents.map((parent) => ({ relation: "1", id: { id: parent } })),
    extension,
  };
}

export const school = (id: string, fields: GroupFields = {}) => group(id, { type: "skola", ...fields });
export const course = (id: string, short: string, fields: GroupFields = {}) =>
  group(id, { type: "kurs", short, ...fields });
export const occasion = (id: string, fields: GroupFields = {}) =>
  group(id, { type: "kursgrupp", begin: "2009-01-19", end: "2009-06-05", ...fields });
export const klass = (id: string, fields: GroupFields = {}) => group(id, { type: "klass", ...fields });
export const programme = (id: string, short: string, fields: GroupFields = {}) =>
  group(id, { type: "program", short, ...fields });

/** An extension's element with a text. */
export function element(name: string, text?: string, attributes: Record<string, string> = {}): ImsElement {
  return { name, attributes, ...(text === undefined ? {} : { text }), children: [] };
}

export function extension(fields: Readonly<Record<string, string>>): readonly ImsElement[] {
  return Object.entries(fields).map(([name, text]) => element(name, text));
}

export interface RoleFields {
  readonly roletype?: string;
  readonly status?: string;
  readonly recstatus?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly extension?: readonly ImsElement[];
}

export function role(fields: RoleFields = {}): ImsRole {
  const { begin, end, extension: own = [], ...others } = fields;
  return {
    ...others,
    timeframe: { ...(begin === undefined ? {} : { begin }), ...(end === undefined ? {} : { end }) },
    extension: own,
  };
}

export function member(
  groupId: string,
  id: string,
  roles: readonly RoleFields[] = [{ roletype: "01" }],
): ImsMember {
  return { line: 1, group: { id: groupId }, member: { id }, idtype: "1", roles: roles.map(role) };
}

export function groupMember(container: string, id: string, roles: readonly RoleFields[] = []): ImsMember {
  return { ...member(container, id, roles), idtype: "2" };
}

export function person(id: string, fields: Partial<ImsPerson> = {}): ImsPerson {
  return {
    line: 1,
    sourcedIds: [{ id }],
    userIds: [],
    telephones: [],
    institutionRoles: [],
    extension: [],
    ...fields,
  };
}

export interface MappedRegister {
  readonly tied: boolean;
  readonly tables: LadokTables;
  readonly registrations: ReadonlyMap<string, readonly Registration[]>;
  /** `cause id`, sorted, each as often as it was reported. */
  readonly reported: readonly string[];
  readonly newCodes: {
    readonly institutions: ReadonlyMap<string, string>;
    readonly anmkod: ReadonlyMap<string, string>;
  };
  /** For the next load. */
  readonly kept: KeptGroups;
  readonly keptMemberships: ReadonlyMap<string, readonly KeptMembership[]>;
  readonly carried: { readonly occasions: number; readonly registrations: number };
  /** All codes so far. */
  readonly codes: CodeRegister;
}

/** The load before, and the day of this export. */
export interface Past {
  readonly previous: MappedRegister;
  readonly day: string;
  /** Passed half-years that are carried over; 4 when absent. */
  readonly terms?: number;
}

export interface Register {
  readonly groups: readonly ImsGroup[];
  readonly members?: readonly ImsMember[];
  readonly settings?: Partial<MappingSettings>;
  readonly codes?: Partial<CodeRegister>;
  readonly staff?: readonly string[];
  /** Group ids to ask about: is a person of these tied to a school? */
  readonly tied?: readonly string[];
  /** Codes are then those of the previous load. */
  readonly past?: Past;
}

/** Maps a register as a load does: groups, dates from learners, each person (by id), the end. */
export function mapRegister(register: Register): MappedRegister {
  const { groups, members = [], settings = {}, staff = [], past } = register;
  const codes = { institutions: new Map(), anmkod: new Map(), ...past?.previous.codes, ...register.codes };
  const history = past && historyOf(past);
  const reported: string[] = [];
  const report = (cause: ReportCause, id: string) => {
    reported.push(`${cause} ${id}`);
  };
  const plan = linkGroups(
    groups,
    members.filter(({ idtype }) => idtype === "2"),
    { ...defaultMapping, ...settings },
    codes,
    report,
    history,
  );
  const byPerson = new Map<string, PersonMembership[]>();
  const groupsOf = new Map<string, string[]>();
  for (const record of members) {
    const judged = memberRoles(record, report);
    if (judged.kind !== "person") continue;
    byPerson.set(record.member.id, [...(byPerson.get(record.member.id) ?? []), ...judged.roles]);
    groupsOf.set(record.member.id, [...(groupsOf.get(record.member.id) ?? []), record.group.id]);
  }
  const learners = [...byPerson].flatMap(([id, memberships]) =>
    memberships.filter((membership) => membership.role === "learner" || !staff.includes(id)),
  );
  for (const groupId of plan.groupsWithoutDates) {
    const dates = plan.learnerSources(groupId).flatMap((source) => {
      const ofSource = learners.filter((membership) => membership.group === source.group);
      const isItself = source.group === groupId;
      return ofSource.map(({ begin, end }) => (isItself ? { begin, end } : source));
    });
    const begins = dates.flatMap(({ begin }) => begin ?? []).sort();
    const ends = dates.flatMap(({ end }) => end ?? []).sort();
    if (dates.length > 0) plan.setLearnerDates(groupId, begins[0], ends.at(-1));
  }
  const inWindow = (id: string) => (history && past?.previous.keptMemberships.get(id))?.filter(isIn(history));
  const persons = new Set([...byPerson.keys(), ...(past?.previous.keptMemberships.keys() ?? [])]);
  const registrations = new Map<string, readonly Registration[]>();
  const keptMemberships = new Map<string, readonly KeptMembership[]>();
  for (const id of [...persons].sort()) {
    const carriedHere = inWindow(id);
    if (!byPerson.has(id) && !carriedHere?.length) continue;
    const person = { id, staff: staff.includes(id), groups: groupsOf.get(id) ?? [] };
    const mapped = plan.registrationsOf(byPerson.get(id) ?? [], person, carriedHere);
    registrations.set(id, mapped.registrations);
    keptMemberships.set(id, mapped.kept);
  }
  const tied = plan.schoolsOf(register.tied ?? []).length > 0;
  const { tables, newCodes, kept: toKeep, carried } = plan.finish();
  const kept = { groups: [...toKeep.groups], members: [...toKeep.members] };
  return {
    tables,
    registrations,
    reported: reported.sort(),
    newCodes,
    tied,
    kept,
    keptMemberships,
    carried,
    codes: {
      institutions: new Map([...codes.institutions, ...newCodes.institutions]),
      anmkod: new Map([...codes.anmkod, ...newCodes.anmkod]),
    },
  };
}

/** What a load of an export of that day gets from the one before. */
function historyOf({ previous, day, terms = 4 }: Past): History | undefined {
  if (terms === 0) return undefined;
  const current = terminOfDate(day);
  let oldest = current;
  for (let passed = 0; passed < terms; passed++) oldest = previousTermin(oldest);
  const window = { day, current, oldest };
  const inWindow = [...previous.keptMemberships.values()].flat().filter(isIn(window));
  return {
    ...window,
    kept: previous.kept,
    occasionsWithMemberships: new Set(inWindow.map(({ occasion }) => occasion)),
  };
}

const isIn = (window: Omit<History, "kept" | "occasionsWithMemberships">) => (membership: KeptMembership) =>
  membership.periods.every(({ end }) => end < window.day) &&
  membership.lastTermin < window.current &&
  membership.lastTermin >= window.oldest;

/** A person's registrations in words: kind, occasion, start term of its KTILL2 row, course, term. */
export function registrationsOf(mapped: MappedRegister, id: string): string[] {
  return (mapped.registrations.get(id) ?? []).map(({ typ, ktill, kurskod, termin }) => {
    const row = mapped.tables.ktill2.find((candidate) => candidate.id === ktill);
    return `${typ} ${row?.occasionId} ${row?.starttermin} ${kurskod} ${termin}`;
  });
}
