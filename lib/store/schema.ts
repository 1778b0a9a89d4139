import type { Knex } from "knex";

/**
 * The tables, as Knex migrations, in two sets: the service's own records (one database that lives for ever) and a
 * generation (one database for each load, never changed once it is served). Names are Ladok's where Ladok has them.
 * A migration of the service's own records that has been released is never edited: a change is a new one. Those of a
 * generation are only ever applied to a new file, so they may be edited: with a higher GENERATION_SCHEMA_VERSION.
 */
interface Migration {
  readonly name: string;
  up(knex: Knex): Promise<void>;
}

/** Version of the generation schema: a generation of another version is not opened, but loaded anew. */
export const GENERATION_SCHEMA_VERSION = 3;

const serviceMigrations: readonly Migration[] = [
  {
    name: "001_callers_loads_codes",
    async up(knex) {
      await knex.schema.createTable("CALLER", (t) => {
        t.text("NAME").primary();
        // "*" or a JSON list of institution codes
        t.text("INSTITUTIONS").notNullable();
        t.text("VERIFIER").notNullable();
        t.text("SECRET_HASH").notNullable();
        t.text("CREATED").notNullable();
      });
      await knex.schema.createTable("LOAD", (t) => {
        t.integer("NUMBER").primary();
        t.text("LOADED_AT").notNullable();
        t.text("FILES").notNullable();
        t.text("EXPORT_DATETIME");
        t.text("COUNTS").notNullable();
        t.integer("WARNINGS").notNullable();
      });
      await knex.schema.createTable("SERVED_LOAD", (t) => {
        // one row: the load that answers calls
        t.integer("ONLY_ROW").primary();
        t.integer("NUMBER").notNullable().references("NUMBER").inTable("LOAD");
      });
      await knex.schema.createTable("INSTITUTION_CODE", (t) => {
        t.text("GROUP_ID").primary();
        t.text("KOD").notNullable();
      });
      await knex.schema.createTable("ANMKOD_CODE", (t) => {
        t.text("OCCASION_ID").notNullable();
        t.text("KURSKOD").notNullable();
        t.text("ANMKOD").notNullable().unique();
        t.primary(["OCCASION_ID", "KURSKOD"]);
      });
    },
  },
  {
    name: "002_guards_rollback",
    async up(knex) {
      await knex.schema.alterTable("LOAD", (t) => {
        // a JSON list: what guards would have refused, and was loaded all the same
        t.text("FORCED").notNullable().defaultTo("[]");
        // hash over everything beside the files that the load depends on; NULL: not known
        t.text("INPUTS");
        // the load report as JSON; NULL when the load is no longer kept
        t.text("REPORT");
        // when another load was gone back to from this one; NULL: never, or it is served again
        t.text("ROLLED_BACK");
      });
      // what was served from when: one row for each load and each rollback
      await knex.schema.createTable("LOAD_SWITCH", (t) => {
        t.integer("ID").primary();
        t.text("AT").notNullable();
        t.integer("FROM_LOAD");
        t.integer("TO_LOAD").notNullable().references("NUMBER").inTable("LOAD");
        // load, rollback
        t.text("KIND").notNullable();
      });
      await knex.schema.createTable("CODE_EDIT", (t) => {
        // one row: how often code registers have been edited by hand
        t.integer("ONLY_ROW").primary();
        t.integer("NUMBER").notNullable();
      });
    },
  },
  {
    name: "003_callers_failed_logins",
    async up(knex) {
      await knex.schema.alterTable("CALLER", (t) => {
        // a JSON list of IP addresses and CIDR ranges; empty: from anywhere
        t.text("ADDRESSES").notNullable().defaultTo("[]");
        // ÅÅÅÅ-MM-DD, the last day; NULL: no end
        t.text("EXPIRES");
        // of the verifiers hmac and certificate; SECRET_HASH is then empty
        t.text("HMAC_SECRET");
        t.text("SUBJECT").unique();
      });
      await knex.schema.createTable("FAILED_LOGIN", (t) => {
        // hash of a caller's name or of an address
        t.text("KEY").primary();
        t.integer("COUNT").notNullable();
        // milliseconds since 1970
        t.integer("LAST").notNullable().index();
      });
    },
  },
];

/**
 * NAMN.ID is the person's place in the list order (surname, first name, number, id), so that an index over registrations
 * that ends in PERSON gives participants in order. Columns that end in KEY are what codes are compared by.
 */
const generationMigrations: readonly Migration[] = [
  {
    name: "001_ladok",
    async up(knex) {
      const raw = (sql: string) => knex.raw(sql);
      await raw("CREATE TABLE INSTITUTION (KOD TEXT PRIMARY KEY, BENAMNING TEXT) WITHOUT ROWID");
      await raw(`CREATE TABLE KURS (ID INTEGER PRIMARY KEY, KOD TEXT NOT NULL, KURSKEY TEXT NOT NULL, INST TEXT NOT NULL,
        INSTKEY TEXT NOT NULL, BENAMNING TEXT, ENGBENAMNING TEXT, POANG TEXT, NEDLAGD TEXT)`);
      await raw(`CREATE TABLE KURS_TERMIN (INSTKEY TEXT NOT NULL, TERMIN TEXT NOT NULL,
        KURS INTEGER NOT NULL REFERENCES KURS (ID), PRIMARY KEY (INSTKEY, TERMIN, KURS)) WITHOUT ROWID`);
      await raw("CREATE TABLE ORT (KOD TEXT PRIMARY KEY, BENAMN TEXT) WITHOUT ROWID");
      await raw(`CREATE TABLE KTILL2 (ID INTEGER PRIMARY KEY, TILLFALLE TEXT NOT NULL, KURSKOD TEXT NOT NULL,
        KURSKEY TEXT NOT NULL, STARTTER TEXT NOT NULL, KURSTAKT TEXT, KURSTID TEXT, UNDFORM TEXT, KURSOMG TEXT, KURSTYP TEXT,
        POANG TEXT, KOD TEXT NOT NULL, FROMDAT TEXT NOT NULL, TOMDAT TEXT NOT NULL, STARTV TEXT NOT NULL, SLUTV TEXT NOT NULL,
        ORT TEXT, INSTITUTIONS TEXT NOT NULL)`);
      await raw(`CREATE TABLE KTFORT2 (KTILL INTEGER NOT NULL REFERENCES KTILL2 (ID), TERMIN TEXT NOT NULL,
        TERMORDN INTEGER NOT NULL, PRIMARY KEY (KTILL, TERMIN)) WITHOUT ROWID`);
      await raw(
        `CREATE TABLE PROGRAM (ID INTEGER PRIMARY KEY, GRUPP TEXT NOT NULL, PROGR TEXT NOT NULL, PROGINR TEXT)`,
      );
      await raw(`CREATE TABLE PROGPLK (PROGRAM INTEGER NOT NULL REFERENCES PROGRAM (ID),
        KTILL INTEGER NOT NULL REFERENCES KTILL2 (ID), TERMORDN TEXT NOT NULL, PRIMARY KEY (KTILL, PROGRAM, TERMORDN)) WITHOUT ROWID`);
      await raw(`CREATE TABLE KTILLP (PROGRAM INTEGER NOT NULL REFERENCES PROGRAM (ID),
        KTILL INTEGER NOT NULL REFERENCES KTILL2 (ID), TERMIN TEXT NOT NULL, TERMORDN TEXT NOT NULL,
        PRIMARY KEY (KTILL, TERMIN, PROGRAM, TERMORDN)) WITHOUT ROWID`);
      await raw(`CREATE TABLE NAMN (ID INTEGER PRIMARY KEY, REGISTERID TEXT NOT NULL, PNR TEXT, SEKEL TEXT,
        ENAMN TEXT, TNAMN TEXT, SKYDDAD INTEGER NOT NULL)`);
      await raw(
        `CREATE TABLE PERSON_ALIAS (ALIAS TEXT NOT NULL, PERSON INTEGER NOT NULL REFERENCES NAMN (ID))`,
      );
      await raw(`CREATE TABLE ADRESS (PERSON INTEGER NOT NULL REFERENCES NAMN (ID), ADRTYP TEXT NOT NULL, COADR TEXT, GATADR TEXT,
        POSTNR TEXT, ORT TEXT, LAND TEXT, FROMDAT TEXT, TOMDAT TEXT, PRIMARY KEY (PERSON, ADRTYP)) WITHOUT ROWID`);
      await raw(`CREATE TABLE TELEKOM (PERSON INTEGER NOT NULL REFERENCES NAMN (ID), KOMTYP TEXT NOT NULL, KOMADR TEXT NOT NULL,
        PRIMARY KEY (PERSON, KOMTYP)) WITHOUT ROWID`);
      // What an answer writes of a person, finished: bytes of PersonVO, entries of EmailList and NoEmailList, and the number
      // of the INFO message of persons who stand in no list.
      await raw(`CREATE TABLE PERSONVO (ID INTEGER PRIMARY KEY REFERENCES NAMN (ID), PERSONVO BLOB NOT NULL, INVALIDPNR TEXT,
        EMAIL TEXT, NOEMAIL TEXT)`);
      await raw(
        `CREATE TABLE GRUPPMEDLEM (PERSON INTEGER NOT NULL REFERENCES NAMN (ID), GRUPP TEXT NOT NULL)`,
      );
      await raw(`CREATE TABLE FFGKURS (KTILL INTEGER NOT NULL REFERENCES KTILL2 (ID), PERSON INTEGER NOT NULL REFERENCES NAMN (ID),
        KURS TEXT NOT NULL, TERMIN TEXT NOT NULL, PROGR TEXT, PROGINR TEXT, PRIMARY KEY (KTILL, PERSON)) WITHOUT ROWID`);
      await raw(`CREATE TABLE FORTKURS (KTILL INTEGER NOT NULL REFERENCES KTILL2 (ID), TERMIN TEXT NOT NULL,
        PERSON INTEGER NOT NULL REFERENCES NAMN (ID), KURS TEXT NOT NULL, PROGR TEXT, PROGINR TEXT,
        PRIMARY KEY (KTILL, TERMIN, PERSON)) WITHOUT ROWID`);
      await raw(`CREATE TABLE OMKURS (KURSKEY TEXT NOT NULL, TERMIN TEXT NOT NULL, PERSON INTEGER NOT NULL REFERENCES NAMN (ID),
        KTILL INTEGER NOT NULL REFERENCES KTILL2 (ID), KURS TEXT NOT NULL, PROGR TEXT, PROGINR TEXT,
        PRIMARY KEY (KURSKEY, TERMIN, PERSON, KTILL)) WITHOUT ROWID`);
      // A person may read a course through several programmes; FFGKURS and FORTKURS show the first, this has them all.
      await raw(`CREATE TABLE PROGRAMREG (PROGRAM INTEGER NOT NULL REFERENCES PROGRAM (ID),
        KTILL INTEGER NOT NULL REFERENCES KTILL2 (ID), TERMIN TEXT NOT NULL, TYP TEXT NOT NULL,
        PERSON INTEGER NOT NULL REFERENCES NAMN (ID), PRIMARY KEY (PROGRAM, KTILL, TYP, TERMIN, PERSON)) WITHOUT ROWID`);
      // Every value that the service may write in a field of an occasion, for the check that what was written can be sent back.
      await raw(
        "CREATE TABLE HELD_VALUE (FIELD TEXT NOT NULL, VALUEKEY TEXT NOT NULL, PRIMARY KEY (FIELD, VALUEKEY)) WITHOUT ROWID",
      );
      // What the next load may carry over (contract section 5, History). RECORD is a group as JSON; LASTTERMIN and END are
      // those of an occasion.
      await raw(`CREATE TABLE KEPT_GROUP (ID INTEGER PRIMARY KEY, KIND TEXT NOT NULL, RECORD TEXT NOT NULL, LASTTERMIN TEXT,
        END TEXT)`);
      // A course as a member of a programme, as JSON.
      await raw("CREATE TABLE KEPT_MEMBER (RECORD TEXT NOT NULL)");
      // When and how some persons are in an occasion: most share a few. END is the last day. PERIODS and PROGRAMS are JSON:
      // NULL when BEGIN to END is the only period, and when there is no programme.
      await raw(`CREATE TABLE KEPT_PLACE (ID INTEGER PRIMARY KEY, OCCASION INTEGER NOT NULL REFERENCES KEPT_GROUP (ID),
        BEGIN TEXT NOT NULL, END TEXT NOT NULL, PERIODS TEXT, LASTTERMIN TEXT NOT NULL, PROGRAMS TEXT)`);
      // One row for each person: PLACES are numbers of KEPT_PLACE with commas between.
      await raw(
        "CREATE TABLE KEPT_PERSON (ID INTEGER PRIMARY KEY REFERENCES NAMN (ID), PLACES TEXT NOT NULL)",
      );
      // What the guards of the next load compare with: KIND is what is counted, TERMIN the half-year where it has one.
      await raw(
        "CREATE TABLE SCHOOL_COUNT (INST TEXT NOT NULL, KIND TEXT NOT NULL, TERMIN TEXT, COUNT INTEGER NOT NULL)",
      );
    },
  },
];

/** Made after the rows: nearly halves the time of a load. */
export const generationIndexes: readonly string[] = [
  "CREATE INDEX KURS_BY_KURSKEY ON KURS (KURSKEY)",
  "CREATE INDEX KURS_BY_INSTKEY ON KURS (INSTKEY)",
  "CREATE INDEX KTILL2_BY_KURSKEY ON KTILL2 (KURSKEY, STARTTER, FROMDAT, KOD)",
  "CREATE UNIQUE INDEX PERSON_ALIAS_BY_ALIAS ON PERSON_ALIAS (ALIAS)",
  "CREATE INDEX GRUPPMEDLEM_BY_PERSON ON GRUPPMEDLEM (PERSON)",
  "CREATE INDEX NAMN_BY_PNR ON NAMN (PNR)",
  "CREATE INDEX FFGKURS_BY_PERSON ON FFGKURS (PERSON)",
  "CREATE INDEX FORTKURS_BY_PERSON ON FORTKURS (PERSON)",
  "CREATE INDEX OMKURS_BY_PERSON ON OMKURS (PERSON)",
];

const source = (migrations: readonly Migration[]): Knex.MigrationSource<Migration> => ({
  getMigrations: async () => [...migrations],
  getMigrationName: (migration) => migration.name,
  getMigration: async (migration) => ({ up: migration.up, down: async () => {} }),
});

/** In the order in which they are done. */
export const serviceMigrationNames = serviceMigrations.map(({ name }) => name);

export const serviceMigrationSource = source(serviceMigrations);
export const generationMigrationSource = source(generationMigrations);
