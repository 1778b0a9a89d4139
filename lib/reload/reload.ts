import { existsSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { compareSwedish } from "../domain/collation.js";
import { readPersonnummer } from "../domain/personnummer.js";
import type { History, HistoryWindow, RegisterPlan } from "../mapping/api.js";
import { mergePersons, withoutContacts } from "../mapping/person.js";
import { linkGroups } from "../mapping/plan.js";
import { isWiderPerson } from "../mapping/widths.js";
import type { LoadStore } from "../store/loads.js";
import { openLoadStore } from "../store/open.js";
import type { LoadRecord } from "../store/queries.js";
import { buildGeneration, type GenerationBuilder, type WrittenGeneration } from "../store/sqlite/build.js";
import { compareGenerations } from "../store/sqlite/differences.js";
import { buildingFile, databaseError, isStorageFailure } from "../store/sqlite/files.js";
import { openPreviousLoad } from "../store/sqlite/kept.js";
import { openStaging, type StagedPerson, type Staging } from "../store/sqlite/staging.js";
import type { ReloadOptions, ReloadOutcome } from "./api.js";
import { type ExportDay, exportDay, historyWindow } from "./export-day.js";
import { finishPerson } from "./finish-person.js";
import { changesOf, refusedBy, refusedWithoutEmail } from "./guards.js";
import { collectGarbage, keepHeapSmall } from "./heap.js";
import { type ExportRead, type FileRead, readExport } from "./read-export.js";
import { inputsOf, isUnchanged, recognised, sameFiles } from "./recognise.js";
import {
  collectReport,
  countWarnings,
  type LoadReport,
  mergeRepairs,
  type ReportCollector,
} from "./report.js";
import { coursesOf, verifyGeneration } from "./verify.js";

/** How many persons are written before other work (signals, progress) gets its turn. */
const PERSONS_PER_TURN = 500;

/** Persons from which on what is let go is more than what looking for it costs. */
const PERSONS_WORTH_COLLECTING = 100_000;

/**
 * The night flow: reads the files, maps them to Ladok's tables in a new generation, verifies it, lets the guards judge it
 * and has it served. Whatever fails or is refused, the generation that is served stays served, and nothing of the new one is
 * left. Throws AdresslistaError: "export" (the files are unusable), "busy" (another reload runs), "database", "internal";
 * and what the signal gives as its reason.
 */
export async function reload(options: ReloadOptions): Promise<ReloadOutcome> {
  const store = await openLoadStore(options.database, options.workFolder);
  try {
    const lock = await store.takeReloadLock();
    const letHeapGrow = keepHeapSmall();
    try {
      await store.sweep();
      const unchanged = await servedAlready(store, options);
      if (unchanged !== undefined) return { kind: "unchanged", load: unchanged };
      const outcome = await loadInto(store, options);
      if (outcome.kind === "loaded") await store.prune(options.keepGenerations);
      return outcome;
    } finally {
      letHeapGrow();
      await lock.release();
    }
  } catch (error) {
    throw isStorageFailure(error) ? databaseError("the load cannot be stored", error) : error;
  } finally {
    await store.close();
  }
}

/** What a load begins with: what is served, and what the load will be. */
interface Load {
  readonly store: LoadStore;
  readonly options: ReloadOptions;
  readonly number: number;
  readonly served: LoadRecord | undefined;
  readonly report: ReportCollector;
  readonly day: ExportDay;
}

async function loadInto(store: LoadStore, options: ReloadOptions): Promise<ReloadOutcome> {
  const load: Load = {
    store,
    options,
    number: await store.nextLoadNumber(),
    served: await store.served(),
    report: collectReport(),
    day: exportDay(options.now),
  };
  const numbers = personNumbers(load.day);
  const staging = openStaging({
    path: `${buildingFile(store.workbench, load.number)}-persons`,
    merge: mergePersons,
    numberKey: numbers.key,
    report: {
      duplicate: (id) => load.report.add("personDuplicate", id),
      conflict: (id) => load.report.add("personConflict", id),
    },
  });
  try {
    const read = await readExport(options, { staging, day: load.day, report: load.report.add });
    const refusals = await refusedAsRead(load, read);
    if (refusals.length > 0 && !goesOnWhenRefused(options)) return { kind: "refused", refusals };
    const window = historyWindow(load.day.today(), options.historyTerms);
    const builder = await buildGeneration(store.workbench, load.number, staging.personCount());
    try {
      const rows = await writeRows(load, read, { staging, numbers, window }, builder);
      // Neither the plan nor the tables are held any more.
      if (rows.persons >= PERSONS_WORTH_COLLECTING) collectGarbage();
      const written = await builder.index();
      return await judge(load, read, builder, { ...rows, written, window, refusals });
    } catch (error) {
      await builder.discard();
      throw error;
    }
  } finally {
    staging.close();
  }
}

/** The number of the load that is served, when it was made of the same files and nothing else has changed either. */
async function servedAlready(store: LoadStore, options: ReloadOptions): Promise<number | undefined> {
  const served = await store.served();
  if (goesOnWhenRefused(options) || served === undefined) return undefined;
  const same = await sameFiles(options.files, [served], options.signal);
  if (same === undefined) return undefined;
  const hashes = same.files.map(({ sha256 }) => sha256);
  return isUnchanged(hashes, served, { ...options, codeEdits: await store.codeEdits() })
    ? served.number
    : undefined;
}

function goesOnWhenRefused({ force, dryRun }: ReloadOptions): boolean {
  return force || dryRun !== undefined;
}

async function refusedAsRead(
  { store, served, day }: Load,
  { files }: ExportRead,
): Promise<readonly string[]> {
  const hashes = files.map(({ sha256 }) => sha256);
  return recognised({ hashes, exportDatetime: day.exportDatetime() }, served, await store.loads());
}

/** What waits to be written. */
interface Waiting {
  readonly staging: Staging;
  readonly numbers: PersonNumbers;
  readonly window: HistoryWindow;
}

/** What is known of a load when its rows are written. */
interface Rows {
  readonly persons: number;
  readonly courses: ReadonlySet<string>;
  readonly history: LoadReport["history"];
  readonly newCodes: ReturnType<RegisterPlan["finish"]>["newCodes"];
}

/** Links groups, and writes persons and tables. */
async function writeRows(
  load: Load,
  read: ExportRead,
  { staging, numbers, window }: Waiting,
  builder: GenerationBuilder,
): Promise<Rows> {
  const plan = await planOf(load, read, staging, window);
  const total = staging.personCount();
  const isLarge = total >= PERSONS_WORTH_COLLECTING;
  // The iterator is not held here: when all persons have been gone through, what they waited in is let go.
  const inOrder = () => personsInOrder(staging, numbers);
  const carriedPersons = await writePersons(load, read, plan, inOrder(), total, builder);
  if (isLarge) collectGarbage();
  const { tables, kept, carried, newCodes } = plan.finish();
  await builder.write({ tables, kept });
  return {
    persons: total,
    courses: coursesOf(tables),
    history: { ...carried, persons: carriedPersons },
    newCodes,
  };
}

async function planOf(
  load: Load,
  read: ExportRead,
  staging: Staging,
  window: HistoryWindow,
): Promise<RegisterPlan> {
  const { store, options, report } = load;
  const history = await carryOver(load, staging, window);
  options.progress?.("link", 0, undefined);
  const { records, members } = read.takeGroups();
  const plan = linkGroups(records, members, options.mapping, await store.codeRegister(), report.add, history);
  settleLearnerDates(plan, staging);
  reportUnknownMembers(plan, staging, report);
  return plan;
}

/** Hands the persons of the previous load that still count to the staging. */
async function carryOver(load: Load, staging: Staging, window: HistoryWindow): Promise<History | undefined> {
  if (window.oldest === window.current) return undefined;
  const file = await load.store.servedFile();
  if (file === undefined || !existsSync(file)) return undefined;
  const previous = openPreviousLoad(file);
  if (previous === undefined) return undefined;
  try {
    let done = 0;
    for (const { person, memberships } of previous.persons(window)) {
      staging.addCarried(person, memberships);
      if (++done % PERSONS_PER_TURN === 0) await takeTurn(load.options);
    }
    const occasionsWithMemberships = previous.occasionsWithMemberships(window);
    return { ...window, kept: previous.kept, occasionsWithMemberships };
  } finally {
    previous.close();
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

function personsInOrder(staging: Staging, numbers: PersonNumbers): IterableIterator<StagedPerson> {
  return staging.inOrder({
    compareNames: compareSwedish,
    numberKey: numbers.areSettled() ? undefined : numbers.key,
  });
}

/** Returns how many of the persons are carried over: they are no longer in the export. */
async function writePersons(
  { options, report, day }: Load,
  { protectedIds }: ExportRead,
  plan: RegisterPlan,
  persons: Iterable<StagedPerson>,
  total: number,
  builder: GenerationBuilder,
): Promise<number> {
  const finisher = { encodePersonVO: options.encodePersonVO, today: day.today() };
  let done = 0;
  let carriedPersons = 0;
  for (const { person: staged, inExport, memberships, groups, carried } of persons) {
    const isProtected = protectedIds.size > 0 && staged.aliases.some((id) => protectedIds.has(id));
    const person = isProtected ? withoutContacts(staged) : staged;
    if (++done % PERSONS_PER_TURN === 0) {
      options.progress?.("write", done, total);
      await takeTurn(options);
      await builder.room();
    }
    if (person.protected && inExport) report.add("personProtected", person.id);
    if (person.protected && options.protected === "exclude") continue;
    const { id, staff } = person;
    const { registrations, kept } = plan.registrationsOf(memberships, { id, staff, groups }, carried);
    // Nothing else refers to the person any more (contract section 5: gallring).
    if (!inExport && registrations.length === 0) continue;
    const schools = inExport ? plan.schoolsOf(groups) : undefined;
    const institutions = schools?.flatMap((school) => plan.institutionOf(school) ?? []);
    const finished = finishPerson(person, { groups, registrations, kept, institutions }, finisher);
    if (inExport) {
      if (schools?.length === 0) report.add("personNoSchool", person.id);
      if (finished.email === null && !person.protected) report.add("personNoEmail", person.id);
      if (finished.invalidPersonnummer !== null) report.add("personInvalidPersonnummer", person.id);
      if (isWiderPerson(finished.data)) report.add("widthExceeded", person.id);
    } else {
      carriedPersons += 1;
    }
    builder.addPerson(finished);
  }
  return carriedPersons;
}

/** What is known of a load when all is written. */
interface Findings extends Rows {
  readonly written: WrittenGeneration;
  readonly window: HistoryWindow;
  /** Of recognition. */
  readonly refusals: readonly string[];
}

/** Verifies the generation, and has it served unless it is refused or a dry run. */
async function judge(
  load: Load,
  read: ExportRead,
  builder: GenerationBuilder,
  { written, courses, history, newCodes, window, refusals: recognisedRefusals }: Findings,
): Promise<ReloadOutcome> {
  const { store, options, day, number, served } = load;
  const turn = () => takeTurn(options);
  options.progress?.("verify", 0, undefined);
  await turn();
  await builder.check();
  await verifyGeneration(written, number, courses, turn);

  const previous = await store.servedCounts();
  const causes = load.report.causes();
  const refusals = [
    ...recognisedRefusals,
    ...refusedBy(previous, written.schoolCounts, options.guards, window),
    ...(options.requireEmail ? refusedWithoutEmail(causes) : []),
  ];
  const overridden = options.force ? refusals : [];
  const report: LoadReport = {
    load: number,
    loadedAt: options.now.toISOString(),
    exportDatetime: day.exportDatetime(),
    files: read.files.map(fileOfReport),
    counts: written.counts,
    previous: served?.number ?? null,
    changes: changesOf(previous, written.schoolCounts, window.oldest),
    history,
    repairs: mergeRepairs(read.files.flatMap(({ parts }) => parts.map(({ repairs }) => repairs))),
    overridden,
    causes,
    warnings: read.files.flatMap(({ parts }) =>
      parts.flatMap(({ name, warnings }) => warnings.map((warning) => ({ file: name, ...warning }))),
    ),
  };
  if (options.dryRun !== undefined) {
    await compare(options.dryRun, written.file, load);
    await builder.discard();
    return { kind: "dryRun", refusals, report };
  }
  if (refusals.length > 0 && !options.force) {
    await builder.discard();
    return { kind: "refused", refusals, report };
  }
  await turn();
  builder.complete();
  options.progress?.("publish", 0, undefined);
  await store.takeOver(number, {
    signal: options.signal,
    progress: (done, total) => options.progress?.("publish", done, total),
  });
  await publish(load, report, newCodes);
  return { kind: "loaded", report, overridden };
}

/** Lets the caller see what would change, while both generations are there. */
async function compare(
  dryRun: NonNullable<ReloadOptions["dryRun"]>,
  file: string,
  { store, options }: Load,
): Promise<void> {
  options.progress?.("compare", 0, undefined);
  const differences = compareGenerations(file, await store.servedFile());
  try {
    await differences.countInTurns(() => takeTurn(options));
    await dryRun(differences);
  } finally {
    differences.close();
  }
}

async function publish(
  { store, options }: Load,
  report: LoadReport,
  newCodes: ReturnType<RegisterPlan["finish"]>["newCodes"],
): Promise<void> {
  const { load: number, loadedAt, exportDatetime, counts, overridden } = report;
  await store.publish({
    record: {
      number,
      loadedAt,
      files: report.files.map(({ name, sha256, bytes }) => ({ name, sha256, bytes })),
      exportDatetime,
      counts,
      warnings: countWarnings(report),
      forced: overridden,
      inputs: inputsOf({ ...options, codeEdits: await store.codeEdits(), exportDatetime }),
    },
    report,
    ...newCodes,
  });
}

function fileOfReport({ name, bytes, sha256, parts }: FileRead): LoadReport["files"][number] {
  const sum = (records: "persons" | "groups" | "members") =>
    parts.reduce((total, part) => total + part.records[records], 0);
  return {
    name,
    bytes,
    sha256,
    encoding: [...new Set(parts.map(({ encoding }) => encoding))].join(", "),
    persons: sum("persons"),
    groups: sum("groups"),
    members: sum("members"),
  };
}

/** Lets other work (timers, signals) have its turn. */
async function takeTurn({ signal }: Pick<ReloadOptions, "signal">): Promise<void> {
  await nextTurn();
  signal?.throwIfAborted();
}

/** Century and number of persons, which decide between equal names, as numbers that sort as they do. */
interface PersonNumbers {
  readonly key: (personnummer: string | undefined) => number;
  /** false: the day of the export has changed since a key was made. */
  areSettled(): boolean;
}

function personNumbers(day: ExportDay): PersonNumbers {
  const daysUsed = new Set<string>();
  return {
    key(personnummer) {
      const today = day.today();
      daysUsed.add(today);
      const { sekel, pnr } = readPersonnummer(personnummer, today);
      if (sekel === undefined || pnr === undefined) return NO_NUMBER;
      const serial = Number.parseInt(pnr.charAt(DATE_DIGITS), LETTERS_AND_DIGITS);
      const date = Number(sekel + pnr.slice(0, DATE_DIGITS));
      return (date * LETTERS_AND_DIGITS + serial) * 1000 + Number(pnr.slice(DATE_DIGITS + 1));
    },
    areSettled: () => [...daysUsed].every((used) => used === day.today()),
  };
}

const NO_NUMBER = -1;
const DATE_DIGITS = 6;
/** The place behind the date may have a letter (interim numbers), which comes after digits. */
const LETTERS_AND_DIGITS = 36;
