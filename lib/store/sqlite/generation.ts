import { AdresslistaError } from "../../errors.js";
import {
  AFTER_PERSONNUMMER,
  byKind,
  byKod,
  type ContactRow,
  contactsOf,
  heldValueKey,
  type PersonRow,
  participantsOf,
  remember,
} from "../found.js";
import type {
  Generation,
  InstitutionFound,
  KursFound,
  KurstillfalleFound,
  OrtFound,
  PersonFound,
  Search,
  TermregFound,
} from "../queries.js";
import { GENERATION_SCHEMA_VERSION } from "../schema.js";
import { type Connection, openReadable } from "./files.js";
import { joinedPersonsIn } from "./joined-persons.js";
import { questionOf, type RegistrationStatements, registrations } from "./registration-queries.js";

/** Pages that each process keeps of a generation, in KiB (SQLite's negative cache_size). */
const CACHE_KIB = 8 * 1024;

const KURS_COLUMNS = `k.KOD AS kurskod, k.INST AS inst, k.BENAMNING AS benamning, k.ENGBENAMNING AS engBenamning,
  k.POANG AS poang, k.NEDLAGD AS nedlagd`;

const KTILL2_COLUMNS = `t.ID AS ktill, t.KURSKOD AS kurskod, t.STARTTER AS starttermin, t.KURSTAKT AS kurstakt,
  t.KURSTID AS kurstid, t.UNDFORM AS undform, t.KURSOMG AS kursomg, t.KURSTYP AS kurstyp, t.POANG AS poang, t.KOD AS anmkod,
  t.FROMDAT AS begin, t.STARTV AS startvecka, t.SLUTV AS slutvecka, t.ORT AS ort, o.BENAMN AS ortsbenamn,
  t.INSTITUTIONS AS institutions`;

const FFG_COLUMNS = `'FFG' AS typ, t.STARTTER AS kalendertermin, '1' AS termordning, ${KTILL2_COLUMNS}`;
const FORT_COLUMNS = `'FORT' AS typ, f.TERMIN AS kalendertermin, CAST(f.TERMORDN AS TEXT) AS termordning, ${KTILL2_COLUMNS}`;
const IN_ORDER = "ORDER BY t.STARTTER, t.FROMDAT, t.KOD";

const TERMREG_COLUMNS = `p.ID AS programId, t.ID AS ktill, t.KURSKOD AS kurskod, t.STARTTER AS starttermin,
  p.PROGR AS program, p.PROGINR AS programinriktning, r.TERMORDN AS termordning, t.POANG AS poang,
  t.INSTITUTIONS AS institutions`;
const TERMREG_ORDER =
  "ORDER BY p.PROGR, coalesce(p.PROGINR, ''), CAST(r.TERMORDN AS REAL), r.TERMORDN, t.STARTTER, t.KOD, p.ID";

/** Opens one finished load. Every statement is prepared once, here. */
export function openGeneration(file: string, number: number): Generation {
  const connection = openReadable(file);
  const version = connection.pragma("user_version", { simple: true });
  if (version !== GENERATION_SCHEMA_VERSION) {
    connection.close();
    throw new AdresslistaError(
      "database",
      `load ${number} was made by another version of this program: reload the export`,
    );
  }
  connection.pragma(`cache_size = -${CACHE_KIB}`);
  connection.pragma("query_only = ON");
  // One transaction for as long as it is open, since nobody writes to it: a lock for each question costs as much as a short one.
  connection.exec("BEGIN");

  const kursOfInstitution = connection.prepare(
    `SELECT ${KURS_COLUMNS} FROM KURS k WHERE k.INSTKEY = ? ORDER BY k.ID`,
  );
  const kursOfInstitutionAndTermin = connection.prepare(
    `SELECT ${KURS_COLUMNS} FROM KURS_TERMIN kt JOIN KURS k ON k.ID = kt.KURS WHERE kt.INSTKEY = ? AND kt.TERMIN = ? ORDER BY kt.KURS`,
  );
  const kursByKod = connection.prepare(
    `SELECT ${KURS_COLUMNS} FROM KURS k WHERE k.KURSKEY = ? ORDER BY k.ID`,
  );
  const ktill2 = connection.prepare(
    `SELECT ${FFG_COLUMNS} FROM KTILL2 t LEFT JOIN ORT o ON o.KOD = t.ORT WHERE t.KURSKEY = ? ${IN_ORDER}`,
  );
  const ktill2ByStart = connection.prepare(
    `SELECT ${FFG_COLUMNS} FROM KTILL2 t LEFT JOIN ORT o ON o.KOD = t.ORT WHERE t.KURSKEY = ? AND t.STARTTER = ? ${IN_ORDER}`,
  );
  const fort = (condition: string) =>
    connection.prepare(
      `SELECT ${FORT_COLUMNS} FROM KTILL2 t CROSS JOIN KTFORT2 f ON f.KTILL = t.ID LEFT JOIN ORT o ON o.KOD = t.ORT
       WHERE t.KURSKEY = ? ${condition} ${IN_ORDER}`,
    );
  const ktfort2ByCalendar = fort("AND f.TERMIN = ?");
  const ktfort2ByStart = fort("AND t.STARTTER = ?");
  const ktfort2ByBoth = fort("AND f.TERMIN = ? AND t.STARTTER = ?");
  const ktfort2 = fort("");
  const progplk = connection.prepare(
    `SELECT 'FFG' AS typ, t.STARTTER AS kalendertermin, ${TERMREG_COLUMNS} FROM KTILL2 t
     CROSS JOIN PROGPLK r ON r.KTILL = t.ID CROSS JOIN PROGRAM p ON p.ID = r.PROGRAM
     WHERE t.KURSKEY = ? AND t.STARTTER = ? ${TERMREG_ORDER}`,
  );
  const ktillp = connection.prepare(
    `SELECT 'FORT' AS typ, r.TERMIN AS kalendertermin, ${TERMREG_COLUMNS} FROM KTILL2 t
     CROSS JOIN KTILLP r ON r.KTILL = t.ID CROSS JOIN PROGRAM p ON p.ID = r.PROGRAM
     WHERE t.KURSKEY = ? AND r.TERMIN = ? ${TERMREG_ORDER}`,
  );
  const institutions = connection.prepare("SELECT KOD AS kod, BENAMNING AS benamning FROM INSTITUTION");
  const places = connection.prepare("SELECT KOD AS kod, BENAMN AS benamn FROM ORT");
  const findPersons = personsIn(connection);
  const held = connection.prepare("SELECT 1 FROM HELD_VALUE WHERE FIELD = ? AND VALUEKEY = ?").pluck();
  const persons = (columns: string) => {
    const join = "CROSS JOIN PERSONVO v ON v.ID = r.PERSON";
    return registrations((table, condition) =>
      connection
        .prepare(`SELECT ${columns} FROM ${table} r ${join} WHERE ${condition} ORDER BY r.PERSON`)
        .raw(),
    );
  };
  const counts = registrations((table, condition) =>
    connection.prepare(`SELECT count(*) FROM (SELECT 1 FROM ${table} r WHERE ${condition} LIMIT ?)`).pluck(),
  );
  const withoutEmail = persons("r.PERSON, v.PERSONVO, v.INVALIDPNR");
  const withEmail = persons("r.PERSON, v.PERSONVO, v.INVALIDPNR, v.EMAIL, v.NOEMAIL");
  const contacts = persons("r.PERSON, v.EMAIL, v.NOEMAIL");

  const rowsOf = <Row>(search: Search, statements: RegistrationStatements): Row[] => {
    const { statement, parameters } = questionOf(search, statements);
    return statement.all(...parameters) as Row[];
  };
  const rowCount = (search: Search, most: number): unknown => {
    const { statement, parameters } = questionOf(search, counts);
    return statement.get(...parameters, most);
  };

  const ktfort2Rows = (
    kurskey: string,
    kalendertermin: string | undefined,
    starttermin: string | undefined,
  ): unknown[] => {
    if (kalendertermin === undefined) {
      return starttermin === undefined ? ktfort2.all(kurskey) : ktfort2ByStart.all(kurskey, starttermin);
    }
    return starttermin === undefined
      ? ktfort2ByCalendar.all(kurskey, kalendertermin)
      : ktfort2ByBoth.all(kurskey, kalendertermin, starttermin);
  };

  return {
    number,
    kursOfInstitution: remember(
      (institutionKey: string, termin: string | undefined) =>
        (termin === undefined
          ? kursOfInstitution.all(institutionKey)
          : kursOfInstitutionAndTermin.all(institutionKey, termin)) as KursFound[],
    ),
    kursByKod: remember((kurskey: string) => kursByKod.all(kurskey) as KursFound[]),
    ktill2: remember((kurskey: string, starttermin: string | undefined) =>
      withInstitutions<KurstillfalleFound>(
        starttermin === undefined ? ktill2.all(kurskey) : ktill2ByStart.all(kurskey, starttermin),
      ),
    ),
    ktfort2: remember(
      (kurskey: string, kalendertermin: string | undefined, starttermin: string | undefined) =>
        withInstitutions<KurstillfalleFound>(ktfort2Rows(kurskey, kalendertermin, starttermin)),
    ),
    progplk: remember((kurskey: string, starttermin: string) =>
      withInstitutions<TermregFound>(progplk.all(kurskey, starttermin)),
    ),
    ktillp: remember((kurskey: string, kalendertermin: string) =>
      withInstitutions<TermregFound>(ktillp.all(kurskey, kalendertermin)),
    ),

    participants(searches, email) {
      const statements = email ? withEmail : withoutEmail;
      return participantsOf(
        byKind(searches).map((search) => ({ typ: search.typ, rows: rowsOf<PersonRow>(search, statements) })),
      );
    },

    countRegistrations: (searches, most) =>
      searches.reduce((sum, search) => sum + (rowCount(search, most) as number), 0),

    joinedPersonVOs: joinedPersonsIn(connection),
    contacts: (searches) => contactsOf(searches.map((search) => rowsOf<ContactRow>(search, contacts))),

    institutions: remember(() => byKod(institutions.all() as InstitutionFound[])),
    places: remember(() => byKod(places.all() as OrtFound[])),
    persons: findPersons,

    holdsValue: (field, value) => held.get(field, heldValueKey(field, value)) !== undefined,
    close: () => connection.close(),
  };
}

/** Persons by number: by indexes alone, NAMN's and those of the registrations' persons. */
function personsIn(connection: Connection): Generation["persons"] {
  const byPnr = connection.prepare(
    `SELECT n.ID AS id, n.PNR AS pnr, n.ENAMN AS enamn, n.TNAMN AS tnamn, v.PERSONVO AS personVO,
       v.INVALIDPNR AS invalidPersonnummer
     FROM NAMN n CROSS JOIN PERSONVO v ON v.ID = n.ID
     WHERE n.PNR >= :pnr AND n.PNR < :end AND (:sekel IS NULL OR n.SEKEL = :sekel) ORDER BY n.ID`,
  );
  const institutionsOf = connection
    .prepare(
      `SELECT DISTINCT t.INSTITUTIONS FROM (
         SELECT KTILL FROM FFGKURS WHERE PERSON = :person UNION ALL SELECT KTILL FROM FORTKURS WHERE PERSON = :person
         UNION ALL SELECT KTILL FROM OMKURS WHERE PERSON = :person) r CROSS JOIN KTILL2 t ON t.ID = r.KTILL`,
    )
    .pluck();
  return (pnr, sekel) => {
    const found: PersonFound[] = [];
    const rows = byPnr.all({ pnr, end: pnr + AFTER_PERSONNUMMER, sekel: sekel ?? null });
    for (const person of rows as Omit<PersonFound, "institutions">[]) {
      const registeredAt = institutionsOf.all({ person: person.id }) as string[];
      if (registeredAt.length === 0) continue;
      found.push({ ...person, institutions: registeredAt.flatMap((codes) => JSON.parse(codes) as string[]) });
    }
    return found;
  };
}

function withInstitutions<T>(rows: unknown[]): T[] {
  for (const row of rows as { institutions: unknown }[])
    row.institutions = JSON.parse(row.institutions as string);
  return rows as T[];
}
