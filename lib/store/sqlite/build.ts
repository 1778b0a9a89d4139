import { existsSync, renameSync, rmSync } from "node:fs";
import type { Knex } from "knex";
import { codeKey } from "../../domain/codes.js";
import { compareSwedish } from "../../domain/collation.js";
import { AdresslistaError } from "../../errors.js";
import type { GroupsToKeep, KeptMembership } from "../../mapping/api.js";
import type { KursRow, LadokTables, Registration } from "../../mapping/rows.js";
import { heldValueKey } from "../found.js";
import type { HeldField, SchoolCount } from "../queries.js";
import { GENERATION_SCHEMA_VERSION, generationIndexes, generationMigrationSource } from "../schema.js";
import { bulkInsert } from "./bulk-insert.js";
import { buildingFile, databaseError, generationFile, guarded, syncFile } from "./files.js";
import { collectGroupMembers } from "./group-members.js";
import { keptWriter } from "./kept.js";
import { collectPersons, type PersonRows } from "./person-rows.js";
import { collectRegistrations, type RegisteredPersons } from "./registrations.js";
import { schoolCounter, writeSchoolCounts } from "./school-counts.js";
import { type Writer, writerHere, writerThread } from "./writer.js";

/** What the night flow has computed of a person beside its rows: everything that an answer will need. */
export interface FinishedPerson extends PersonRows {
  readonly groups: readonly string[];
  readonly registrations: readonly Registration[];
  /** What the next load may carry over. */
  readonly kept: readonly KeptMembership[];
  /**
   * Codes of the institutions whose schools the person is tied to; undefined for a person who is carried over from the
   * previous load.
   */
  readonly institutions: readonly string[] | undefined;
}

/** What is known when all persons have been seen. */
export interface FinishedRegister {
  readonly tables: LadokTables;
  readonly kept: GroupsToKeep;
}

/** Builds one generation in a file of its own; nobody else opens it before it is whole. */
export interface GenerationBuilder {
  readonly number: number;
  /** Persons come in list order: their number is their place in it. */
  addPerson(person: FinishedPerson): void;
  /** Waits until there is not much left to be written: between batches of persons. */
  room(): Promise<void>;
  /** Writes the tables. Nothing can be added afterwards. */
  write(register: FinishedRegister): Promise<void>;
  /** Makes the indexes, after `write`: they take memory, which what was written no longer needs. */
  index(): Promise<WrittenGeneration>;
  /**
   * Looks at every foreign key and every page; the file can be opened for reading afterwards. Throws AdresslistaError:
   * "internal" when a row points nowhere, "database" when the file is damaged.
   */
  check(): Promise<void>;
  /** Makes the file durable, under its own name. */
  complete(): void;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

export interface WrittenGeneration {
  readonly file: string;
  /** Rows per table. */
  readonly counts: Readonly<Record<string, number>>;
  readonly schoolCounts: readonly SchoolCount[];
  /** As they were to be written: what a check of the file compares with. */
  readonly registrations: RegisteredPersons;
}

/** Rows of each index that ANALYZE looks at: enough to tell a few rows from many. */
const ANALYZED_ROWS = 1000;

/** Persons from which on a thread of its own writes the file beside this one: below, starting it costs more than it saves. */
const PERSONS_WORTH_A_THREAD = 5_000;

/** Persons, and rows of GRUPPMEDLEM, that wait to be written together. */
const PERSONS_AT_A_TIME = 250;
const GROUP_MEMBERS_AT_A_TIME = 10_000;

/** `persons`: about how many there will be. */
export async function buildGeneration(
  database: string,
  number: number,
  persons = 0,
): Promise<GenerationBuilder> {
  const building = buildingFile(database, number);
  const finished = generationFile(database, number);
  for (const file of [building, finished]) if (existsSync(file)) rmSync(file);
  const open = persons < PERSONS_WORTH_A_THREAD ? writerHere : writerThread;
  const writer = guarded("cannot build the generation", () => open(building));
  try {
    await createTables(writer);
    return guarded("cannot build the generation", () => builderIn(writer, building, finished, number));
  } catch (error) {
    await writer.stop();
    rmSync(building, { force: true });
    throw error;
  }
}

/**
 * The tables of a generation by its migrations, but without Knex, which takes longer to load than a small export: a file
 * that is made anew needs no record of what has been done to it.
 */
async function createTables(writer: Writer): Promise<void> {
  const knex = { raw: async (sql: string) => writer.exec(sql) } as unknown as Knex;
  for (const migration of await generationMigrationSource.getMigrations([])) {
    const { up } = await generationMigrationSource.getMigration(migration);
    await up(knex);
  }
}

function builderIn(writer: Writer, building: string, finished: string, number: number): GenerationBuilder {
  const persons = collectPersons();
  const groupMembers = collectGroupMembers();
  const registrations = collectRegistrations();
  const kept = keptWriter(writer);
  const schools = schoolCounter();
  let schoolCounts: readonly SchoolCount[] = [];
  let registered: RegisteredPersons = { occasions: [], persons: new Int32Array() };
  const step = (action: () => void) => {
    guarded("cannot write the tables", action);
    return waited("cannot write the tables", writer.room());
  };

  return {
    number,

    addPerson(person) {
      const place = persons.add(person);
      if (persons.waiting >= PERSONS_AT_A_TIME) writer.persons(persons.take());
      groupMembers.add(place, person.groups);
      if (groupMembers.length >= GROUP_MEMBERS_AT_A_TIME) writer.groupMembers(groupMembers.take());
      for (const registration of person.registrations) registrations.add(place, registration);
      kept.add(place, person.kept);
      if (person.institutions !== undefined) schools.addPerson(person.institutions);
    },

    room: () => waited("cannot write the persons", writer.room()),

    async write({ tables, kept: keptGroups }) {
      const { occasions, persons: numbers, batches } = registrations.grouped();
      registered = { occasions, persons: numbers };
      for (const { ktill, termin, from, to } of occasions) {
        schools.addRegistrations(ktill, termin, to - from);
      }
      schoolCounts = schools.counts(tables);
      await step(() => writer.persons(persons.take()));
      await step(() => writer.groupMembers(groupMembers.take()));
      for (const batch of batches(tables.programs)) await step(() => writer.registrations(batch));
      await waited("cannot write the tables", writeTables(writer, tables));
      await waited("cannot write the tables", kept.finish(keptGroups, writer.room));
      await step(() => writeSchoolCounts(writer, schoolCounts));
    },

    async index() {
      for (const sql of [
        // In one statement for all: most persons have one id.
        "INSERT INTO PERSON_ALIAS (ALIAS, PERSON) SELECT REGISTERID, ID FROM NAMN",
        ...generationIndexes,
        `PRAGMA analysis_limit = ${ANALYZED_ROWS}`,
        "ANALYZE",
        `PRAGMA user_version = ${GENERATION_SCHEMA_VERSION}`,
      ]) {
        await step(() => writer.exec(sql));
      }
      const counts = await waited("cannot write the tables", writer.commit(COUNTED_TABLES));
      if (counts.NAMN !== persons.count) throw new AdresslistaError("internal", "a person was not written");
      return { file: building, counts, schoolCounts, registrations: registered };
    },

    check: () => waited("cannot check the generation", writer.check()),

    complete() {
      guarded("cannot make the generation durable", () => {
        syncFile(building);
        renameSync(building, finished);
        syncFile(finished);
      });
    },

    async discard() {
      await writer.stop();
      for (const file of [building, finished]) rmSync(file, { force: true });
    },
  };
}

/** `guarded` for what is waited for. */
async function waited<T>(what: string, promise: Promise<T>): Promise<T> {
  return promise.catch((cause: unknown) => {
    throw cause instanceof AdresslistaError ? cause : databaseError(what, cause);
  });
}

/** Rows that are written before what has not yet been written is waited for. */
const ROWS_AT_A_TIME = 1_000;

async function writeTables(writer: Writer, tables: LadokTables): Promise<void> {
  for (const { table, columns, rows } of rowsOfTables(tables)) {
    const insert = bulkInsert(writer, table, columns);
    let count = 0;
    for (const row of rows) {
      insert.add(...row.map((value) => value ?? null));
      if (++count % ROWS_AT_A_TIME === 0) await writer.room();
    }
    insert.flush();
    await writer.room();
  }
}

interface TableRows {
  readonly table: string;
  readonly columns: string;
  /** Made one by one. */
  readonly rows: Iterable<readonly (string | number | undefined)[]>;
}

function* rowsOfTables(tables: LadokTables): Generator<TableRows> {
  yield {
    table: "INSTITUTION",
    columns: "KOD, BENAMNING",
    rows: each(tables.institutions, (row) => [row.kod, row.benamning]),
  };
  const kurs = [...tables.kurs].sort(
    (a, b) => compareSwedish(a.kurskod, b.kurskod) || compareSwedish(a.inst, b.inst),
  );
  yield {
    table: "KURS",
    columns: "ID, KOD, KURSKEY, INST, INSTKEY, BENAMNING, ENGBENAMNING, POANG, NEDLAGD",
    rows: each(kurs, (row, index) => [
      index + 1,
      row.kurskod,
      codeKey(row.kurskod),
      row.inst,
      codeKey(row.inst),
      row.benamning,
      row.engBenamning,
      row.poang,
      row.nedlagd,
    ]),
  };
  yield {
    table: "ORT",
    columns: "KOD, BENAMN",
    rows: each(tables.ort, (row) => [row.kod, row.benamn]),
  };
  yield {
    table: "KTILL2",
    columns: `ID, TILLFALLE, KURSKOD, KURSKEY, STARTTER, KURSTAKT, KURSTID, UNDFORM, KURSOMG, KURSTYP, POANG, KOD, FROMDAT,
      TOMDAT, STARTV, SLUTV, ORT, INSTITUTIONS`,
    rows: each(tables.ktill2, (row) => [
      row.id,
      row.occasionId,
      row.kurskod,
      codeKey(row.kurskod),
      row.starttermin,
      row.kurstakt,
      row.kurstid,
      row.undform,
      row.kursomg,
      row.kurstyp,
      row.poang,
      row.anmkod,
      row.begin,
      row.end,
      row.startvecka,
      row.slutvecka,
      row.ort,
      JSON.stringify(row.institutions),
    ]),
  };
  yield {
    table: "KTFORT2",
    columns: "KTILL, TERMIN, TERMORDN",
    rows: each(tables.ktfort2, (row) => [row.ktill, row.termin, row.termordn]),
  };
  yield {
    table: "PROGRAM",
    columns: "ID, GRUPP, PROGR, PROGINR",
    rows: each(tables.programs, (row) => [row.id, row.groupId, row.program, row.programinriktning]),
  };
  yield {
    table: "PROGPLK",
    columns: "PROGRAM, KTILL, TERMORDN",
    rows: each(tables.progplk, (row) => [row.program, row.ktill, row.termordn]),
  };
  yield {
    table: "KTILLP",
    columns: "PROGRAM, KTILL, TERMIN, TERMORDN",
    rows: each(tables.ktillp, (row) => [row.program, row.ktill, row.termin, row.termordn]),
  };
  yield { table: "KURS_TERMIN", columns: "INSTKEY, TERMIN, KURS", rows: kursTermin(kurs, tables) };
  yield { table: "HELD_VALUE", columns: "FIELD, VALUEKEY", rows: heldValues(tables) };
}

function* each<T, R>(rows: readonly T[], valuesOf: (row: T, index: number) => R): Generator<R> {
  for (const [index, row] of rows.entries()) yield valuesOf(row, index);
}

/** getKurs with a term: which courses of an institution have a row that term, computed once (T04 2.1). */
function* kursTermin(
  kurs: readonly KursRow[],
  tables: LadokTables,
): Generator<[instkey: string, termin: string, kurs: number]> {
  const numbersOfKurs = new Map<string, number[]>();
  const kursKey = (institution: string, kurskod: string) =>
    `${codeKey(institution)}\u0000${codeKey(kurskod)}`;
  for (const [index, row] of kurs.entries()) {
    const key = kursKey(row.inst, row.kurskod);
    numbersOfKurs.set(key, [...(numbersOfKurs.get(key) ?? []), index + 1]);
  }
  const added = new Set<string>();
  const ktillById = new Map(tables.ktill2.map((row) => [row.id, row]));
  // PROGPLK and KTILLP only have terms that KTILL2 and KTFORT2 have for the same course and institution.
  const terminer = function* () {
    for (const row of tables.ktill2) yield { row, termin: row.starttermin };
    for (const { ktill, termin } of tables.ktfort2) yield { row: ktillById.get(ktill), termin };
  };
  for (const { row, termin } of terminer()) {
    for (const institution of row?.institutions ?? []) {
      for (const number of numbersOfKurs.get(kursKey(institution, row?.kurskod ?? "")) ?? []) {
        const key = `${codeKey(institution)}\u0000${termin}\u0000${number}`;
        if (added.has(key)) continue;
        added.add(key);
        yield [codeKey(institution), termin, number];
      }
    }
  }
}

function* heldValues(tables: LadokTables): Generator<[field: HeldField, valuekey: string]> {
  const held = new Map<HeldField, Set<string>>();
  const hold = (field: HeldField, value: string | undefined) => {
    if (value === undefined) return;
    const keys = held.get(field);
    if (keys) keys.add(heldValueKey(field, value));
    else held.set(field, new Set([heldValueKey(field, value)]));
  };
  for (const row of tables.institutions) hold("Institution", row.kod);
  for (const row of tables.kurs) hold("Kurskod", row.kurskod);
  for (const row of tables.ktill2) {
    hold("Kurskod", row.kurskod);
    hold("Kurstakt", row.kurstakt);
    hold("Kurstid", row.kurstid);
    hold("Undform", row.undform);
    hold("Kursomgang", row.kursomg);
    hold("Kurstyp", row.kurstyp);
    hold("Anmkod", row.anmkod);
    hold("Ortskod", row.ort);
  }
  hold("Termordning", "1");
  for (const row of tables.ktfort2) hold("Termordning", String(row.termordn));
  for (const row of tables.programs) {
    hold("program", row.program);
    hold("programinriktning", row.programinriktning);
  }
  for (const row of tables.progplk) hold("termordningkurs", row.termordn);
  for (const row of tables.ktillp) hold("termordningkurs", row.termordn);
  for (const [field, keys] of held) for (const key of keys) yield [field, key];
}

const COUNTED_TABLES = [
  "INSTITUTION",
  "KURS",
  "KTILL2",
  "KTFORT2",
  "PROGPLK",
  "KTILLP",
  "ORT",
  "NAMN",
  "ADRESS",
  "TELEKOM",
  "FFGKURS",
  "FORTKURS",
  "OMKURS",
] as const;
