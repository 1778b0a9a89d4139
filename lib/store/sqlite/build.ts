import { existsSync, renameSync, rmSync } from "node:fs";
import type { Knex } from "knex";
import { codeKey } from "../../domain/codes.js";
import { compareSwedish } from "../../domain/collation.js";
import { AdresslistaError } from "../../errors.js";
import type { KeptGroups, KeptMembership } from "../../mapping/api.js";
import type { Adress, KursRow, LadokTables, PersonData, Registration } from "../../mapping/rows.js";
import type { HeldField, SchoolCount } from "../queries.js";
import { GENERATION_SCHEMA_VERSION, generationIndexes, generationMigrationSource } from "../schema.js";
import { type BulkInsert, bulkInsert } from "./bulk-insert.js";
import { buildingFile, type Connection, generationFile, guarded, openWritable, syncFile } from "./files.js";
import { heldValueKey } from "./generation.js";
import { keptWriter } from "./kept.js";
import { collectRegistrations, type OccasionPersons } from "./registrations.js";
import { schoolCounter, writeSchoolCounts } from "./school-counts.js";

/** What the night flow has computed of a person beside its rows: everything that an answer will need. */
export interface FinishedPerson {
  readonly data: PersonData;
  readonly pnr: string | undefined;
  readonly sekel: string | undefined;
  readonly personVO: Buffer;
  readonly invalidPersonnummer: string | null;
  readonly email: string | null;
  readonly noEmail: string | null;
  readonly groups: readonly string[];
  readonly registrations: readonly Registration[];
  /** What the next load may carry over. */
  readonly kept: readonly KeptMembership[];
  /** Ids of the schools that the person is tied to; undefined for a person who is carried over from the previous load. */
  readonly schools: readonly string[] | undefined;
}

/** What is known when all persons have been seen. */
export interface FinishedRegister {
  readonly tables: LadokTables;
  readonly kept: KeptGroups;
  /** Code of a school's institution, by the school's id. */
  institutionOf(school: string): string | undefined;
}

/** Builds one generation in a file of its own; nobody else opens it before it is whole. */
export interface GenerationBuilder {
  readonly number: number;
  /** Persons come in list order: their number is their place in it. */
  addPerson(person: FinishedPerson): void;
  /**
   * Writes the tables and makes indexes. Nothing can be added afterwards; the file can be opened for reading. `turn` is
   * waited for between pieces of the work, so that a signal is heard: when it throws, nothing more is written.
   */
  write(register: FinishedRegister, turn: () => Promise<void>): Promise<WrittenGeneration>;
  /** Makes the file durable, under its own name. */
  complete(): void;
  /** Leaves nothing behind. */
  discard(): void;
}

export interface WrittenGeneration {
  readonly file: string;
  /** Rows per table. */
  readonly counts: Readonly<Record<string, number>>;
  readonly schoolCounts: readonly SchoolCount[];
  /** The persons of FFGKURS and FORTKURS as they were to be written: what a check of the file compares with. */
  readonly occasions: readonly OccasionPersons[];
}

/** Rows of each index that ANALYZE looks at: enough to tell a few rows from many. */
const ANALYZED_ROWS = 1000;

/** What the building of a generation keeps in memory, in KiB (SQLite's negative cache_size). */
const CACHE_KIB = 48 * 1024;

export async function buildGeneration(database: string, number: number): Promise<GenerationBuilder> {
  const building = buildingFile(database, number);
  const finished = generationFile(database, number);
  for (const file of [building, finished]) if (existsSync(file)) rmSync(file);
  const connection = openWritable(building);
  try {
    // The file is worthless until it is whole: no journal, and one fsync at the end.
    connection.pragma("journal_mode = OFF");
    connection.pragma("synchronous = OFF");
    connection.pragma("foreign_keys = OFF");
    connection.pragma("locking_mode = EXCLUSIVE");
    connection.pragma(`cache_size = -${CACHE_KIB}`);
    connection.exec("BEGIN");
    await createTables(connection);
    return guarded("cannot build the generation", () => builderIn(connection, building, finished, number));
  } catch (error) {
    connection.close();
    rmSync(building, { force: true });
    throw error;
  }
}

/**
 * The tables of a generation by its migrations, but without Knex, which takes longer to load than a small export: a file
 * that is made anew needs no record of what has been done to it.
 */
async function createTables(connection: Connection): Promise<void> {
  const knex = {
    raw: async (sql: string) => {
      connection.exec(sql);
    },
  } as unknown as Knex;
  for (const migration of await generationMigrationSource.getMigrations([])) {
    const { up } = await generationMigrationSource.getMigration(migration);
    await up(knex);
  }
}

function builderIn(
  connection: Connection,
  building: string,
  finished: string,
  number: number,
): GenerationBuilder {
  const inserts: BulkInsert[] = [];
  const into = (table: string, columns: string) => {
    const insert = bulkInsert(connection, table, columns);
    inserts.push(insert);
    return insert;
  };
  const namn = into("NAMN", "ID, REGISTERID, PNR, SEKEL, ENAMN, TNAMN, SKYDDAD");
  const alias = into("PERSON_ALIAS", "ALIAS, PERSON");
  const adress = into("ADRESS", "PERSON, ADRTYP, COADR, GATADR, POSTNR, ORT, LAND, FROMDAT, TOMDAT");
  const telekom = into("TELEKOM", "PERSON, KOMTYP, KOMADR");
  const personvo = into("PERSONVO", "ID, PERSONVO, INVALIDPNR, EMAIL, NOEMAIL");
  const gruppmedlem = into("GRUPPMEDLEM", "PERSON, GRUPP");
  const registrations = collectRegistrations();
  const kept = keptWriter(connection);
  const schools = schoolCounter();

  let persons = 0;
  let open = true;

  const addAdress = (person: number, adrtyp: string, from: Adress & { fromdat?: string; tomdat?: string }) =>
    adress.add(
      person,
      adrtyp,
      from.coadr ?? null,
      from.gatadr ?? null,
      from.postnr ?? null,
      from.ort ?? null,
      from.land ?? null,
      from.fromdat ?? null,
      from.tomdat ?? null,
    );

  return {
    number,

    addPerson(person) {
      const { data } = person;
      persons += 1;
      namn.add(
        persons,
        data.id,
        person.pnr ?? null,
        person.sekel ?? null,
        data.efternamn ?? null,
        data.fornamn ?? null,
        data.protected ? 1 : 0,
      );
      if (data.aliases.length === 1) alias.add(data.aliases[0] as string, persons);
      else for (const id of new Set(data.aliases)) alias.add(id, persons);
      // In order of their tables' keys: what is written at the end of a table costs least.
      if (data.tillfallig) addAdress(persons, "2", data.tillfallig);
      if (data.folkbokforing) addAdress(persons, "4", data.folkbokforing);
      if (data.email !== undefined) telekom.add(persons, "EMAIL", data.email);
      if (data.sms !== undefined) telekom.add(persons, "SMS", data.sms);
      if (data.tel !== undefined) telekom.add(persons, "TEL", data.tel);
      personvo.add(persons, person.personVO, person.invalidPersonnummer, person.email, person.noEmail);
      for (const group of person.groups) gruppmedlem.add(persons, group);
      for (const registration of person.registrations) registrations.add(persons, registration);
      kept.add(persons, person.kept);
      if (person.schools !== undefined) schools.addPerson(person.schools);
    },

    async write({ tables, kept: keptGroups, institutionOf }, turn) {
      const step = async <T>(action: () => T): Promise<T> => {
        await turn();
        return guarded("cannot write the tables", action);
      };
      await step(() => {
        for (const insert of inserts) insert.flush();
      });
      const occasions = await step(() =>
        registrations.write(connection, tables.programs, schools.addRegistrations),
      );
      await step(() => writeTables(connection, tables));
      await step(() => kept.finish(keptGroups));
      const schoolCounts = schools.counts(tables, institutionOf);
      await step(() => writeSchoolCounts(connection, schoolCounts));
      for (const index of generationIndexes) await step(() => connection.exec(index));
      return step(() => {
        connection.pragma(`analysis_limit = ${ANALYZED_ROWS}`);
        connection.exec("ANALYZE");
        connection.pragma(`user_version = ${GENERATION_SCHEMA_VERSION}`);
        connection.exec("COMMIT");
        const counts = countRows(connection);
        connection.close();
        open = false;
        if (counts.NAMN !== persons) throw new AdresslistaError("internal", "a person was not written");
        return { file: building, counts, schoolCounts, occasions };
      });
    },

    complete() {
      guarded("cannot make the generation durable", () => {
        syncFile(building);
        renameSync(building, finished);
        syncFile(finished);
      });
    },

    discard() {
      if (open) connection.close();
      open = false;
      for (const file of [building, finished]) rmSync(file, { force: true });
    },
  };
}

function countRows(connection: Connection): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const table of COUNTED_TABLES) {
    counts[table] = connection.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
  }
  return counts;
}

function writeTables(connection: Connection, tables: LadokTables): void {
  const rows = (
    table: string,
    columns: string,
    values: readonly (readonly (string | number | undefined)[])[],
  ) => {
    const insert = bulkInsert(connection, table, columns);
    for (const row of values) insert.add(...row.map((value) => value ?? null));
    insert.flush();
  };
  rows(
    "INSTITUTION",
    "KOD, BENAMNING",
    tables.institutions.map((row) => [row.kod, row.benamning]),
  );
  const kurs = [...tables.kurs].sort(
    (a, b) => compareSwedish(a.kurskod, b.kurskod) || compareSwedish(a.inst, b.inst),
  );
  rows(
    "KURS",
    "ID, KOD, KURSKEY, INST, INSTKEY, BENAMNING, ENGBENAMNING, POANG, NEDLAGD",
    kurs.map((row, index) => [
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
  );
  rows(
    "ORT",
    "KOD, BENAMN",
    tables.ort.map((row) => [row.kod, row.benamn]),
  );
  rows(
    "KTILL2",
    `ID, TILLFALLE, KURSKOD, KURSKEY, STARTTER, KURSTAKT, KURSTID, UNDFORM, KURSOMG, KURSTYP, POANG, KOD, FROMDAT, TOMDAT,
     STARTV, SLUTV, ORT, INSTITUTIONS`,
    tables.ktill2.map((row) => [
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
  );
  rows(
    "KTFORT2",
    "KTILL, TERMIN, TERMORDN",
    tables.ktfort2.map((row) => [row.ktill, row.termin, row.termordn]),
  );
  rows(
    "PROGRAM",
    "ID, GRUPP, PROGR, PROGINR",
    tables.programs.map((row) => [row.id, row.groupId, row.program, row.programinriktning]),
  );
  rows(
    "PROGPLK",
    "PROGRAM, KTILL, TERMORDN",
    tables.progplk.map((row) => [row.program, row.ktill, row.termordn]),
  );
  rows(
    "KTILLP",
    "PROGRAM, KTILL, TERMIN, TERMORDN",
    tables.ktillp.map((row) => [row.program, row.ktill, row.termin, row.termordn]),
  );
  writeKursTermin(connection, kurs, tables);
  writeHeldValues(connection, tables);
}

/** getKurs with a term: which courses of an institution have a row that term, computed once (T04 2.1). */
function writeKursTermin(connection: Connection, kurs: readonly KursRow[], tables: LadokTables): void {
  const numbersOfKurs = new Map<string, number[]>();
  const kursKey = (institution: string, kurskod: string) =>
    `${codeKey(institution)}\u0000${codeKey(kurskod)}`;
  for (const [index, row] of kurs.entries()) {
    const key = kursKey(row.inst, row.kurskod);
    numbersOfKurs.set(key, [...(numbersOfKurs.get(key) ?? []), index + 1]);
  }
  const insert = connection.prepare(
    "INSERT INTO KURS_TERMIN (INSTKEY, TERMIN, KURS) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const ktillById = new Map(tables.ktill2.map((row) => [row.id, row]));
  // PROGPLK and KTILLP only have terms that KTILL2 and KTFORT2 have for the same course and institution.
  const add = (ktill: number, termin: string) => {
    const row = ktillById.get(ktill);
    for (const institution of row?.institutions ?? []) {
      for (const number of numbersOfKurs.get(kursKey(institution, row?.kurskod ?? "")) ?? []) {
        insert.run(codeKey(institution), termin, number);
      }
    }
  };
  for (const row of tables.ktill2) add(row.id, row.starttermin);
  for (const row of tables.ktfort2) add(row.ktill, row.termin);
}

function writeHeldValues(connection: Connection, tables: LadokTables): void {
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
  const insert = bulkInsert(connection, "HELD_VALUE", "FIELD, VALUEKEY");
  for (const [field, keys] of held) for (const key of keys) insert.add(field, key);
  insert.flush();
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
