/**
 * What an export looks like, from one pass over its files: shapes and counts (profile.ts), and the `mapping` that it
 * seems to need (propose.ts). What a load would refuse is told, with its line, and the rest is looked at all the same.
 */

import { createHash } from "node:crypto";
import { swedishDay } from "../domain/swedish-day.js";
import { AdresslistaError } from "../errors.js";
import { type ImsSummary, readImsStream } from "../ims/read.js";
import type { ImsHandler, ImsProperties } from "../ims/records.js";
import type { MappingSettings } from "../mapping/api.js";
import { registerDate } from "../mapping/dates.js";
import { isDeleted } from "../mapping/members.js";
import { isParent } from "../mapping/relationships.js";
import {
  type FoundPlaces,
  type InspectedPlace,
  type Inspection,
  type InspectionJoins,
  openInspection,
} from "../store/sqlite/inspection.js";
import { createFinding, type FindingCounter } from "./findings.js";
import { countGroups, type GroupsCounter } from "./groups.js";
import { HEAD_BYTES, readHead } from "./head.js";
import { countMemberships, type MembershipsCounter } from "./memberships.js";
import { countPersons, type PersonsCounter } from "./persons.js";
import type {
  ArchiveProfile,
  ExportProfile,
  FileProfile,
  Finding,
  GroupKindProfile,
  RecordCounts,
  RecordsProfile,
  ReferencesProfile,
} from "./profile.js";
import { type KindEvidence, proposeMapping } from "./propose.js";
import { shownValue } from "./shown.js";
import { createCounter } from "./tally.js";

/** One XML file of the export, or one that is in an archive. */
export interface InspectedSource {
  readonly name: string;
  open(): AsyncIterable<Buffer>;
}

export interface InspectOptions {
  /** What is told of the archives that the sources are in. */
  readonly archives?: readonly ArchiveProfile[];
  readonly sources: readonly InspectedSource[];
  readonly mapping: MappingSettings;
  readonly now: Date;
  /** Bytes read of all sources. */
  readonly onProgress?: (bytes: number) => void;
}

/** Throws AdresslistaError("database") when there is no room for the temporary database. */
export async function inspectExport(options: InspectOptions): Promise<ExportProfile> {
  const joins = openInspection();
  try {
    const counters = countersOf(options, joins);
    const files: FileProfile[] = [];
    for (const [number, source] of options.sources.entries()) {
      const bytesBefore = files.reduce((sum, { bytes }) => sum + bytes, 0);
      files.push(await inspectFile(source, number, counters, bytesBefore, options));
    }
    return profileOf(files, counters, joins.joins(), options);
  } finally {
    joins.close();
  }
}

interface Counters {
  readonly joins: Inspection;
  readonly persons: PersonsCounter;
  readonly groups: GroupsCounter;
  readonly memberships: MembershipsCounter;
  readonly skipped: Map<
    string,
    { readonly record: string; readonly reason: string; readonly found: FindingCounter }
  >;
  dateExport(datetime: string | undefined): void;
}

function countersOf({ mapping, now }: InspectOptions, joins: Inspection): Counters {
  let today = swedishDay(now);
  return {
    joins,
    persons: countPersons(mapping, () => today),
    groups: countGroups(mapping),
    memberships: countMemberships(),
    skipped: new Map(),
    dateExport(datetime) {
      today = registerDate(datetime) ?? today;
    },
  };
}

// --- One file

async function inspectFile(
  source: InspectedSource,
  number: number,
  counters: Counters,
  bytesBefore: number,
  { onProgress }: InspectOptions,
): Promise<FileProfile> {
  const bytes = watchBytes(source.open(), (read) => onProgress?.(bytesBefore + read));
  const counts = { persons: 0, groups: 0, memberships: 0, members: 0 };
  let properties: ImsProperties | undefined;
  const handler = handlerOf(source.name, number, counters, counts, (read) => (properties ??= read));
  let summary: ImsSummary | undefined;
  let stopped: string | null = null;
  try {
    // Mended whatever the setting says: what a strict reading refuses is to be seen, and what stands behind it too.
    summary = await readImsStream(source.name, bytes.chunks, handler, { repair: true });
  } catch (error) {
    if (!(error instanceof AdresslistaError) || error.code !== "export") throw error;
    stopped = error.message;
  }
  const head = readHead(bytes.head());
  return {
    name: source.name,
    bytes: bytes.count(),
    sha256: bytes.sha256(),
    encoding: {
      declared: head.declaredEncoding ?? null,
      byteOrderMark: head.byteOrderMark ?? null,
      found: summary?.encoding ?? null,
    },
    root: {
      name: head.root === undefined ? null : shownValue(head.root),
      namespace: head.namespace === undefined ? null : shownValue(head.namespace),
      upperCase: head.root !== undefined && head.root === head.root.toUpperCase(),
      doctype: head.doctype,
    },
    properties: properties === undefined ? null : shownProperties(properties),
    ...mendedAndOdd(summary),
    stopped,
    counts: summary?.records ?? counts,
  };
}

/** Warnings of one kind that tell where. */
const MAX_LINES = 5;

/** The reader warns of each mend: here they stand by kind, and the other warnings apart. */
function mendedAndOdd(summary: ImsSummary | undefined): Pick<FileProfile, "repairs" | "warnings"> {
  const warnings = summary?.warnings ?? [];
  const repairs = (summary?.repairs ?? []).map(({ kind, count, text }) => {
    const lines = warnings.filter((warning) => warning.text === text).map(({ line }) => line);
    return { kind, count, text, lines: lines.slice(0, MAX_LINES) };
  });
  const isMend = (text: string) => repairs.some((repair) => repair.text === text);
  return { repairs, warnings: warnings.filter(({ text }) => !isMend(text)) };
}

function shownProperties({ datasource, type, datetime, target }: ImsProperties) {
  const shown = (text: string | undefined) => (text === undefined ? null : shownValue(text));
  return {
    datasource: shown(datasource),
    type: shown(type),
    // A date is what it is: it belongs to the file.
    datetime: datetime === undefined || registerDate(datetime) === undefined ? shown(datetime) : datetime,
    target: target.map(shownValue),
  };
}

function handlerOf(
  name: string,
  file: number,
  counters: Counters,
  counts: { -readonly [Key in keyof RecordCounts]: number },
  useProperties: (properties: ImsProperties) => void,
): ImsHandler {
  const { joins, persons, groups, memberships, skipped } = counters;
  return {
    properties(properties) {
      useProperties(properties);
      counters.dateExport(properties.datetime);
    },
    person(person) {
      counts.persons += 1;
      persons.add(person);
      if (isDeleted(person)) return;
      const ids = person.sourcedIds.map(({ id }) => id);
      joins.addPerson(ids, file, person.line);
    },
    group(group) {
      counts.groups += 1;
      if (isDeleted(group)) {
        groups.addDeleted(group);
        return;
      }
      const kind = groups.add(group, name);
      const ids = group.sourcedIds.map(({ id }) => id);
      const parents = group.relationships.filter(isParent).map(({ id }) => id.id);
      joins.addGroup({ ids, kind, parents }, file, group.line);
    },
    member(member) {
      counts.members += 1;
      joins.addMember(memberships.add(member, name), file, member.line);
    },
    skipped(record, line, reason) {
      const key = `${record} ${reason}`;
      const entry = skipped.get(key) ?? { record, reason, found: createFinding() };
      skipped.set(key, entry);
      entry.found.add(name, line);
    },
  };
}

/** The bytes on their way to the reader: counted and hashed to the file's end, also when the reader stops before it. */
function watchBytes(source: AsyncIterable<Buffer>, onBytes: (count: number) => void) {
  const hash = createHash("sha256");
  const heads: Buffer[] = [];
  let headLength = 0;
  let count = 0;
  const see = (chunk: Buffer) => {
    hash.update(chunk);
    count += chunk.length;
    if (headLength < HEAD_BYTES) {
      // A copy: a source may use its buffer again.
      const head = Buffer.from(chunk.subarray(0, HEAD_BYTES - headLength));
      heads.push(head);
      headLength += head.length;
    }
    onBytes(count);
  };
  async function* chunks(): AsyncGenerator<Buffer, void, undefined> {
    const iterator = source[Symbol.asyncIterator]();
    let isWhole = false;
    const next = async () => {
      const { done, value } = await iterator.next();
      isWhole = done === true;
      if (!isWhole) see(value);
      return isWhole ? undefined : (value as Buffer);
    };
    try {
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk;
    } finally {
      while (!isWhole) await next();
    }
  }
  return {
    chunks: chunks(),
    count: () => count,
    sha256: () => hash.digest("hex"),
    head: () => Buffer.concat(heads),
  };
}

// --- The whole

function profileOf(
  files: readonly FileProfile[],
  { persons, groups, memberships, skipped }: Counters,
  joins: InspectionJoins,
  { mapping, sources, archives = [] }: InspectOptions,
): ExportProfile {
  const sum = (of: keyof RecordCounts) => files.reduce((total, { counts }) => total + counts[of], 0);
  const records: RecordsProfile = {
    persons: sum("persons"),
    groups: sum("groups"),
    memberships: sum("memberships"),
    members: sum("members"),
    skipped: [...skipped.values()].map(({ record, reason, found }) => ({
      record,
      reason,
      ...found.finding(),
    })),
  };
  const evidence = evidenceOf(groups, joins);
  return {
    archives,
    files,
    records,
    persons: persons.profile(),
    groups: { ...groups.profile(), kinds: kindsOf(groups, memberships, evidence, joins) },
    memberships: memberships.profile(),
    references: referencesOf(joins, sources),
    proposal: proposeMapping(evidence, joins, persons.useridTypes(), mapping),
  };
}

function evidenceOf(groups: GroupsCounter, joins: InspectionJoins): KindEvidence[] {
  const people = new Map(joins.people.map((row) => [row.kind, row]));
  return groups.kinds.map((counts, number) => ({
    types: counts.types,
    kind: counts.kind,
    groups: counts.groups,
    withDates: Math.max(counts.withBegin, counts.withEnd),
    withParent: counts.withParent,
    withCourseCode: counts.withCourseCode,
    withLearners: people.get(number)?.withLearners ?? 0,
    withUntyped: people.get(number)?.withUntyped ?? 0,
    withDatedLearners: people.get(number)?.withDates ?? 0,
  }));
}

function kindsOf(
  groups: GroupsCounter,
  memberships: MembershipsCounter,
  evidence: readonly KindEvidence[],
  joins: InspectionJoins,
): GroupKindProfile[] {
  const byRole = (kind: number, isGroup: boolean) => {
    const counter = createCounter((role) => role);
    for (const row of joins.roles) {
      if (row.kind === kind && row.isGroup === isGroup)
        counter.add(memberships.roleName(row.role), row.count);
    }
    return counter.tally();
  };
  return groups.kinds
    .map((counts, number) => ({
      types: counts.types.map(({ scheme, typevalue, level }) => ({
        scheme: scheme === null ? null : shownValue(scheme),
        typevalue: typevalue === null ? null : shownValue(typevalue),
        level: level === null ? null : shownValue(level),
      })),
      kind: counts.kind ?? null,
      groups: counts.groups,
      withBegin: counts.withBegin,
      withEnd: counts.withEnd,
      withParent: counts.withParent,
      withShort: counts.withShort,
      withLong: counts.withLong,
      withCourseCode: counts.withCourseCode,
      withLearners: evidence[number]?.withLearners ?? 0,
      withUntypedMembers: evidence[number]?.withUntyped ?? 0,
      personsByRole: byRole(number, false),
      groupsByRole: byRole(number, true),
      labels: counts.labels.tally(),
    }))
    .sort((a, b) => b.groups - a.groups);
}

function referencesOf(joins: InspectionJoins, sources: readonly InspectedSource[]): ReferencesProfile {
  const placeOf = ({ file, line }: InspectedPlace) => ({ file: sources[file]?.name ?? "", line });
  const finding = ({ count, places }: FoundPlaces): Finding => ({ count, places: places.map(placeOf) });
  return {
    unknownPersons: finding(joins.unknownPersons),
    unknownMemberGroups: finding(joins.unknownMemberGroups),
    unknownGroups: finding(joins.unknownGroups),
    unknownParents: finding(joins.unknownParents),
    selfParents: finding(joins.selfParents),
    personsTwice: finding(joins.personsTwice),
    groupsTwice: finding(joins.groupsTwice),
    personsThatAreGroups: finding(joins.personsThatAreGroups),
    sharedIds: joins.sharedIds,
  };
}
