import { existsSync, renameSync, rmSync } from "node:fs";
import type Sqlite from "better-sqlite3";
import { codeKey } from "../../domain/codes.js";
import { compareSwedish } from "../../domain/collation.js";
import { AdresslistaError } from "../../errors.js";
import type {
  Adress,
  KursRow,
  LadokTables,
  PersonData,
  ProgramRow,
  Registration,
} from "../../mapping/rows.js";
import type { HeldField } from "../queries.js";
import { GENERATION_SCHEMA_VERSION, generationIndexes, generationMigrationSource } from "../schema.js";
import { type BulkInsert, bulkInsert } from "./bulk-insert.js";
import { buildingFile, generationFile, guarded, migrate, openWritable, syncFile } from "./files.js";
import { heldValueKey } from "./generation.js";

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
}

/** Builds one generation in a file of its own; nobody else opens it before `finish`. */
export interface GenerationBuilder {
  readonly number: number;
  /** Persons come in list order: their number is their place in it. */
  addPerson(person: FinishedPerson): void;
  /** Writes the tables, makes indexes, verifies and makes the file durable. Returns rows per table. */
  finish(tables: LadokTables): Record<string, number>;
  /** Leaves nothing behind. */
  discard(): void;
}

/** Rows of each index that ANALYZE looks at: enough to tell a few rows from many. */
const ANALYZED_ROWS = 1000;

const INTEGRITY_ERROR = "the built generation does not hold together";

export async function buildGeneration(database: string, number: number): Promise<GenerationBuilder> {
  const building = buildingFile(database, number);
  const finished = generationFile(database, number);
  for (const file of [building, finished]) if (existsSync(file)) rmSync(file);
  const connection = openWritable(building);
  connection.close();
  await migrate(building, generationMigrationSource);
  return guarded("cannot build the generation", () => builderIn(building, finished, number));
}

function builderIn(building: string, finished: string, number: number): GenerationBuilder {
  const connection = openWritable(building);
  // The file is worthless until it is whole: no journal, and one fsync at the end.
  connection.pragma("journal_mode = OFF");
  connection.pragma("synchronous = OFF");
  connection.pragma("foreign_keys = OFF");
  connection.pragma("cache_size = -65536");
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
  // Programmes are known only when all persons have been seen: their codes are filled in at the end.
  const ffgkurs = into("FFGKURS", "KTILL, PERSON, KURS, TERMIN");
  const fortkurs = into("FORTKURS", "KTILL, TERMIN, PERSON, KURS");
  const registered = { FFG: collectParticipants(), FO: collectParticipants() };
  const omkurs = into("OMKURS", "KURSKEY, TERMIN, PERSON, KTILL, KURS");
  const programreg = into("PROGRAMREG", "PROGRAM, KTILL, TERMIN, TYP, PERSON");

  let persons = 0;
  let open = true;
  connection.exec("BEGIN");

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

  const addRegistration = (person: number, { typ, ktill, kurskod, termin, programmes }: Registration) => {
    if (typ === "OM") omkurs.add(codeKey(kurskod), termin, person, ktill, kurskod);
    else registered[typ].add(person, ktill, termin, kurskod);
    for (const program of programmes) programreg.add(program, ktill, termin, typ, person);
  };

  return {
    number,

    addPerson({ data, pnr, sekel, personVO, invalidPersonnummer, email, noEmail, groups, registrations }) {
      guarded("cannot write a person", () => {
        persons += 1;
        namn.add(
          persons,
          data.id,
          pnr ?? null,
          sekel ?? null,
          data.efternamn ?? null,
          data.fornamn ?? null,
          data.protected ? 1 : 0,
        );
        for (const id of new Set(data.aliases)) alias.add(id, persons);
        if (data.folkbokforing) addAdress(persons, "4", data.folkbokforing);
        if (data.tillfallig) addAdress(persons, "2", data.tillfallig);
        if (data.tel !== undefined) telekom.add(persons, "TEL", data.tel);
        if (data.email !== undefined) telekom.add(persons, "EMAIL", data.email);
        if (data.sms !== undefined) telekom.add(persons, "SMS", data.sms);
        personvo.add(persons, personVO, invalidPersonnummer, email, noEmail);
        for (const group of groups) gruppmedlem.add(persons, group);
        for (const registration of registrations) addRegistration(persons, registration);
      });
    },

    finish(tables) {
      return guarded("cannot write the tables", () => {
        for (const { ktill, termin, kurskod, persons } of registered.FFG.inOrder()) {
          for (const person of persons) ffgkurs.add(ktill, person, kurskod, termin);
        }
        for (const { ktill, termin, kurskod, persons } of registered.FO.inOrder()) {
          for (const person of persons) fortkurs.add(ktill, termin, person, kurskod);
        }
        for (const insert of inserts) insert.flush();
        writeTables(connection, tables);
        fillInProgrammes(connection, tables.programs);
        connection.exec("COMMIT");
        for (const index of generationIndexes) connection.exec(index);
        connection.pragma(`analysis_limit = ${ANALYZED_ROWS}`);
        connection.exec("ANALYZE");
        connection.pragma(`user_version = ${GENERATION_SCHEMA_VERSION}`);
        const counts = verified(connection, persons);
        connection.close();
        open = false;
        syncFile(building);
        renameSync(building, finished);
        syncFile(finished);
        return counts;
      });
    },

    discard() {
      if (open) connection.close();
      open = false;
      for (const file of [building, finished]) rmSync(file, { force: true });
    },
  };
}

/** The persons of one KTILL2 or KTFORT2 row, in list order. */
interface Participants {
  readonly ktill: number;
  readonly termin: string;
  readonly kurskod: string;
  readonly persons: number[];
}

/**
 * Registrations come person by person and are kept occasion by occasion: collected as bare numbers (8 bytes each) until
 * they can be written in the order of their table, which takes a third of the time of writing them here and there.
 */
function collectParticipants() {
  const byOccasion = new Map<string, Participants>();
  return {
    add(person: number, ktill: number, termin: string, kurskod: string): void {
      const key = `${ktill} ${termin}`;
      const known = byOccasion.get(key);
      if (known) known.persons.push(person);
      else byOccasion.set(key, { ktill, termin, kurskod, persons: [person] });
    },
    inOrder: (): Participants[] =>
      [...byOccasion.values()].sort((a, b) => a.ktill - b.ktill || (a.termin < b.termin ? -1 : 1)),
  };
}

function writeTables(connection: Sqlite.Database, tables: LadokTables): void {
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
function writeKursTermin(connection: Sqlite.Database, kurs: readonly KursRow[], tables: LadokTables): void {
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

function writeHeldValues(connection: Sqlite.Database, tables: LadokTables): void {
  const insert = connection.prepare(
    "INSERT INTO HELD_VALUE (FIELD, VALUEKEY) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const hold = (field: HeldField, value: string | undefined) => {
    if (value !== undefined) insert.run(field, heldValueKey(field, value));
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
  for (const row of [...tables.progplk, ...tables.ktillp]) hold("termordningkurs", row.termordn);
}

/** PROGR and PROGINR of a registration: the first programme through which the person reads the course. */
function fillInProgrammes(connection: Sqlite.Database, programs: readonly ProgramRow[]): void {
  if (programs.length === 0) return;
  const first = (typ: string, termin: string) =>
    `SELECT min(r.PROGRAM) FROM PROGRAMREG r WHERE r.KTILL = x.KTILL AND r.TYP = '${typ}' AND r.TERMIN = ${termin} AND r.PERSON = x.PERSON`;
  connection.exec("CREATE INDEX temp_programreg ON PROGRAMREG (PERSON, KTILL, TYP, TERMIN)");
  for (const [table, typ] of [
    ["FFGKURS", "FFG"],
    ["FORTKURS", "FO"],
    ["OMKURS", "OM"],
  ] as const) {
    connection.exec(
      `UPDATE ${table} AS x SET (PROGR, PROGINR) = (SELECT PROGR, PROGINR FROM PROGRAM WHERE ID = (${first(typ, "x.TERMIN")}))
       WHERE x.PERSON IN (SELECT PERSON FROM PROGRAMREG)`,
    );
  }
  connection.exec("DROP INDEX temp_programreg");
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

/** Nothing is served that does not hold together: foreign keys, pages, and a person for each number. */
function verified(connection: Sqlite.Database, persons: number): Record<string, number> {
  const dangling = connection.pragma("foreign_key_check") as { table: string }[];
  if (dangling[0])
    throw new AdresslistaError(
      "internal",
      `${INTEGRITY_ERROR}: a row of ${dangling[0].table} points nowhere`,
    );
  const quickCheck = connection.pragma("quick_check", { simple: true });
  if (quickCheck !== "ok") throw new AdresslistaError("database", `${INTEGRITY_ERROR}: the file is damaged`);
  const counts: Record<string, number> = {};
  for (const table of COUNTED_TABLES) {
    counts[table] = connection.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
  }
  if (counts.NAMN !== persons)
    throw new AdresslistaError("internal", `${INTEGRITY_ERROR}: a person is missing`);
  return counts;
}
