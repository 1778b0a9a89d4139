import { basename } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { compareSwedish, compareText } from "../domain/collation.js";
import { readPersonnummer } from "../domain/personnummer.js";
import { AdresslistaError } from "../errors.js";
import { type ImsSummary, readImsFile } from "../ims/read.js";
import type { ImsGroup, ImsHandler, ImsMember } from "../ims/records.js";
import type { MappingSettings, RegisterPlan } from "../mapping/api.js";
import { registerDate } from "../mapping/dates.js";
import { isDeleted, memberRoles } from "../mapping/members.js";
import { mergePersons, personData, withoutContacts } from "../mapping/person.js";
import { linkGroups } from "../mapping/plan.js";
import { isWiderPerson } from "../mapping/widths.js";
import type { Encodable } from "../soap/api.js";
import { buildGeneration, type GenerationBuilder } from "../store/sqlite/build.js";
import { databaseError, isStorageFailure } from "../store/sqlite/files.js";
import { takeReloadLock } from "../store/sqlite/reload-lock.js";
import { openStaging, type Staging } from "../store/sqlite/staging.js";
import { openSqliteStore, type SqliteStore } from "../store/sqlite/store.js";
import { finishPerson } from "./finish-person.js";
import { collectReport, type LoadReport, type ReportCollector } from "./report.js";

export interface ReloadOptions {
  /** The setting `database`: path of the service's SQLite file. */
  readonly database: string;
  /** Files of one delivery: one data set. */
  readonly files: readonly string[];
  readonly mapping: MappingSettings;
  /** What becomes of protected persons: without contact data, or not loaded at all. */
  readonly protected: "strip" | "exclude";
  /** Register ids of persons who are protected whatever the export says (setting `protectedFile`). */
  readonly protectedIds: ReadonlySet<string>;
  readonly keepGenerations: number;
  /** Writes a PersonVO element: `encodeElement("PersonVO", "personVO", …)` of the service's codec. */
  encodePersonVO(personVO: { readonly [element: string]: Encodable }): Buffer;
  readonly now: Date;
  readonly signal?: AbortSignal;
  /** Called when a step begins, and while it goes on; `total` is undefined when it is not known. */
  progress?(step: ReloadStep, done: number, total: number | undefined): void;
}

export type ReloadStep = "read" | "link" | "write" | "verify" | "publish";

/** How many persons are written before other work (signals, progress) gets its turn. */
const PERSONS_PER_TURN = 500;

/**
 * The night flow: reads the files, maps them to Ladok's tables in a new generation, verifies it and has it served.
 * Whatever fails, the generation that is served stays served, and nothing of the failed one is left.
 * Throws AdresslistaError: "export" (the files are unusable), "busy" (another reload runs), "database".
 */
export async function reload(options: ReloadOptions): Promise<LoadReport> {
  const store = await openSqliteStore(options.database);
  try {
    const release = takeReloadLock(store.database);
    try {
      store.sweep();
      const report = await reloadInto(store, options);
      store.prune(options.keepGenerations);
      return report;
    } finally {
      release();
    }
  } catch (error) {
    throw isStorageFailure(error) ? databaseError("the load cannot be stored", error) : error;
  } finally {
    store.close();
  }
}

async function reloadInto(store: SqliteStore, options: ReloadOptions): Promise<LoadReport> {
  const report = collectReport();
  const day = exportDay(options.now);
  const staging = openStaging(mergePersons, (person) => numberKey(person.personnummer, day.today()), {
    duplicate: (id) => report.add("personDuplicate", id),
    conflict: (id) => report.add("personConflict", id),
  });
  try {
    const read = await readFiles(options, staging, report, day);
    const codes = store.codeRegister();
    options.progress?.("link", 0, undefined);
    const plan = linkGroups(read.groups, read.groupMembers, options.mapping, codes, report.add);
    settleLearnerDates(plan, staging);
    reportUnknownMembers(plan, staging, report);
    const builder = await buildGeneration(store.database, store.nextLoadNumber());
    try {
      await writePersons(plan, staging, builder, report, day.today(), read.protectedIds, options);
      const { tables, newCodes } = plan.finish();
      options.progress?.("verify", 0, undefined);
      const counts = builder.finish(tables);
      options.signal?.throwIfAborted();
      const causes = report.causes();
      const exportDatetime = day.exportDatetime();
      const result: LoadReport = {
        load: builder.number,
        loadedAt: options.now.toISOString(),
        exportDatetime,
        files: read.summaries.map(fileOfReport),
        counts,
        causes,
        warnings: read.summaries.flatMap(({ name, warnings }) =>
          warnings.map((warning) => ({ file: name, ...warning })),
        ),
      };
      options.progress?.("publish", 0, undefined);
      const warnings = causes.reduce((sum, { count }) => sum + count, 0) + result.warnings.length;
      const { load: number, loadedAt } = result;
      const files = result.files.map(({ name, sha256, bytes }) => ({ name, sha256, bytes }));
      store.publish({ record: { number, loadedAt, files, exportDatetime, counts, warnings }, ...newCodes });
      return result;
    } catch (error) {
      builder.discard();
      throw error;
    }
  } finally {
    staging.close();
  }
}

interface ReadFiles {
  readonly groups: ImsGroup[];
  readonly groupMembers: ImsMember[];
  readonly summaries: ImsSummary[];
  /** Ids of persons whose deleted record says that they are protected: another record of theirs may be loaded. */
  readonly protectedIds: Set<string>;
}

/** Persons and their memberships go to the staging as they come; groups, which are few, stay in memory. */
async function readFiles(
  options: ReloadOptions,
  staging: Staging,
  report: ReportCollector,
  day: ExportDay,
): Promise<ReadFiles> {
  const read: ReadFiles = { groups: [], groupMembers: [], summaries: [], protectedIds: new Set() };
  const handler: ImsHandler = {
    properties: ({ datetime }) => day.add(datetime),
    person: (record) => {
      const person = personData(record, options.mapping, options.protectedIds);
      if (!isDeleted(record)) {
        staging.addPerson(person);
        return;
      }
      report.add("recordDeleted", person.id);
      // What a record says of protection holds even when the record itself is gone (contract section 5).
      if (person.protected) for (const id of person.aliases) read.protectedIds.add(id);
    },
    group: (group) => {
      read.groups.push(group);
    },
    member: (member) => {
      const judged = memberRoles(member, report.add);
      if (judged.kind === "group") read.groupMembers.push(member);
      else stageMember(staging, member, judged.roles);
    },
    skipped: (kind, line) => report.add("recordSkipped", `${kind} at line ${line}`),
  };
  for (const file of options.files) {
    options.progress?.("read", 0, undefined);
    const onProgress = (done: number, total: number | undefined) => options.progress?.("read", done, total);
    read.summaries.push(
      await readImsFile(file, handler, { ...(options.signal ? { signal: options.signal } : {}), onProgress }),
    );
  }
  staging.seal();
  if (staging.personCount() === 0) {
    throw new AdresslistaError(
      "export",
      `${options.files.map((file) => basename(file)).join(", ")}: no persons in the export`,
    );
  }
  return read;
}

function stageMember(
  staging: Staging,
  member: ImsMember,
  roles: ReturnType<typeof memberRoles>["roles"],
): void {
  for (const role of roles) staging.addMembership(member.member.id, role, { active: true });
  // Who is in a group without being a learner there is still tied to its school.
  if (roles.length === 0) {
    staging.addMembership(member.member.id, { group: member.group.id, role: "learner" }, { active: false });
  }
}

/** Occasions without dates of their own have those of their learners (contract section 5, KTILL2). */
function settleLearnerDates(plan: RegisterPlan, staging: Staging): void {
  for (const group of plan.groupsWithoutDates) {
    const begins: string[] = [];
    const ends: string[] = [];
    for (const source of plan.learnerSources(group)) {
      const dates = staging.learnerDates(source.group);
      if (!dates) continue;
      // A class's learners are in the occasion for as long as the class is; their time in the class does not count.
      const { begin, end } = source.group === group ? dates : source;
      if (begin !== undefined) begins.push(begin);
      if (end !== undefined) ends.push(end);
    }
    plan.setLearnerDates(group, begins.sort()[0], ends.sort().at(-1));
  }
}

function reportUnknownMembers(plan: RegisterPlan, staging: Staging, report: ReportCollector): void {
  for (const id of staging.unknownMembers()) report.add("memberUnknownPerson", id);
  for (const group of staging.groupsOfMembers()) {
    if (!plan.hasGroup(group)) report.add("memberUnknownGroup", group);
  }
}

async function writePersons(
  plan: RegisterPlan,
  staging: Staging,
  builder: GenerationBuilder,
  report: ReportCollector,
  today: string,
  protectedIds: ReadonlySet<string>,
  options: ReloadOptions,
): Promise<void> {
  const total = staging.personCount();
  const finisher = { encodePersonVO: options.encodePersonVO, today };
  let done = 0;
  for (const { person: staged, memberships, groups } of staging.inOrder(compareSwedish)) {
    const person = staged.aliases.some((id) => protectedIds.has(id)) ? withoutContacts(staged) : staged;
    done += 1;
    if (done % PERSONS_PER_TURN === 0) {
      options.progress?.("write", done, total);
      await nextTurn();
      options.signal?.throwIfAborted();
    }
    if (person.protected) report.add("personProtected", person.id);
    if (person.protected && options.protected === "exclude") continue;
    const { registrations } = plan.registrationsOf(memberships, { ...person, groups });
    const finished = finishPerson(person, groups, registrations, finisher);
    if (plan.schoolsOf(groups).length === 0) report.add("personNoSchool", person.id);
    if (finished.email === null && !person.protected) report.add("personNoEmail", person.id);
    if (finished.invalidPersonnummer !== null) report.add("personInvalidPersonnummer", person.id);
    if (isWiderPerson(finished.data)) report.add("widthExceeded", person.id);
    builder.addPerson(finished);
  }
}

function fileOfReport({ name, bytes, sha256, encoding, records }: ImsSummary): LoadReport["files"][number] {
  return {
    name,
    bytes,
    sha256,
    encoding,
    persons: records.persons,
    groups: records.groups,
    members: records.members,
  };
}

/**
 * The day of the export, as far as it has been read: what decides the century of numbers with ten digits, so that the
 * same export gives the same store whenever it is loaded. An export that does not say counts as made now.
 */
interface ExportDay {
  add(datetime: string | undefined): void;
  /** The latest datetime of the files, as written. */
  exportDatetime(): string | null;
  today(): string;
}

function exportDay(now: Date): ExportDay {
  // Alvis' days are Swedish days.
  let today = now.toLocaleDateString("sv-SE", { timeZone: "Europe/Stockholm" });
  let latest: { readonly date: string; readonly written: string } | undefined;
  return {
    add(datetime) {
      if (datetime === undefined) return;
      // "0001-01-01" is what .NET writes for no date: a day that no export is made on says nothing.
      const read = { date: registerDate(datetime) ?? "", written: datetime };
      if (
        latest !== undefined &&
        (compareText(read.date, latest.date) || compareText(read.written, latest.written)) <= 0
      )
        return;
      latest = read;
      if (read.date !== "") today = read.date;
    },
    exportDatetime: () => latest?.written ?? null,
    today: () => today,
  };
}

/** Century and number: what decides the order of persons with equal names. */
function numberKey(personnummer: string | undefined, today: string): string {
  const { sekel, pnr } = readPersonnummer(personnummer, today);
  return `${sekel ?? ""}${pnr ?? ""}`;
}
