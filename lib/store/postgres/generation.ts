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
import type { Connections, Value } from "./connections.js";
import { joinedPersonsFrom, PERSONVO, type Registrations } from "./joined-persons.js";

const KURS_COLUMNS = `k.kod AS "kurskod", k.inst AS "inst", k.benamning AS "benamning", k.engbenamning AS "engBenamning",
  k.poang AS "poang", k.nedlagd AS "nedlagd"`;

const KTILL2_COLUMNS = `t.id AS "ktill", t.kurskod AS "kurskod", t.startter AS "starttermin", t.kurstakt AS "kurstakt",
  t.kurstid AS "kurstid", t.undform AS "undform", t.kursomg AS "kursomg", t.kurstyp AS "kurstyp", t.poang AS "poang",
  t.kod AS "anmkod", t.fromdat AS "begin", t.startv AS "startvecka", t.slutv AS "slutvecka", t.ort AS "ort",
  o.benamn AS "ortsbenamn", t.institutions AS "institutions"`;

const FFG_COLUMNS = `'FFG' AS "typ", t.startter AS "kalendertermin", '1' AS "termordning", ${KTILL2_COLUMNS}`;
const FORT_COLUMNS = `'FORT' AS "typ", f.termin AS "kalendertermin", f.termordn::text AS "termordning", ${KTILL2_COLUMNS}`;
const IN_ORDER = "ORDER BY t.startter, t.fromdat, t.kod";

const TERMREG_COLUMNS = `p.id AS "programId", t.id AS "ktill", t.kurskod AS "kurskod", t.startter AS "starttermin",
  p.progr AS "program", p.proginr AS "programinriktning", r.termordn AS "termordning", t.poang AS "poang",
  t.institutions AS "institutions"`;
/** A number as far as the text begins with one, as SQLite reads it. */
const TERMORDNING_AS_NUMBER = String.raw`coalesce(substring(r.termordn FROM '^\s*[+-]?\d+(?:\.\d+)?')::float8, 0)`;
const TERMREG_ORDER = `ORDER BY p.progr, coalesce(p.proginr, ''), ${TERMORDNING_AS_NUMBER}, r.termordn, t.startter, t.kod, p.id`;

const WHAT = "cannot read the served load";

/**
 * One finished load in its schema. Nothing in it ever changes, so that questions of one call may be asked of different
 * connections, and of the replica as well as of the primary.
 */
export function postgresGeneration(
  number: number,
  schema: string,
  connections: Pick<Connections, "ask">,
): Generation {
  const ask = <Row>(text: string, ...values: Value[]) => connections.ask<Row>(WHAT, { text, values });
  const askRows = <Row>(text: string, values: readonly Value[]) =>
    connections.ask<Row>(WHAT, { text, values, asArrays: true });
  const of = (table: string) => `${schema}.${table}`;

  const occasions = `${of("ktill2")} t LEFT JOIN ${of("ort")} o ON o.kod = t.ort`;
  const laterOccasions = `${of("ktill2")} t JOIN ${of("ktfort2")} f ON f.ktill = t.id LEFT JOIN ${of("ort")} o ON o.kod = t.ort`;
  const termreg = (table: string) =>
    `${of("ktill2")} t JOIN ${of(table)} r ON r.ktill = t.id JOIN ${of("program")} p ON p.id = r.program`;

  const registrationsOf = (search: Search): Registrations => {
    switch (search.typ) {
      case "FFG":
        return search.programId === undefined
          ? { table: of("ffgkurs"), condition: "r.ktill = $1", values: [search.ktill] }
          : {
              table: of("programreg"),
              condition: "r.program = $1 AND r.ktill = $2 AND r.typ = 'FFG'",
              values: [search.programId, search.ktill],
            };
      case "FO":
        return search.programId === undefined
          ? {
              table: of("fortkurs"),
              condition: "r.ktill = $1 AND r.termin = $2",
              values: [search.ktill, search.termin],
            }
          : {
              table: of("programreg"),
              condition: "r.program = $1 AND r.ktill = $2 AND r.typ = 'FO' AND r.termin = $3",
              values: [search.programId, search.ktill, search.termin],
            };
      case "OM":
        return search.institutions === "*"
          ? {
              table: of("omkurs"),
              condition: "r.kurskey = $1 AND r.termin = $2",
              values: [search.kurskey, search.termin],
            }
          : {
              table: of("omkurs"),
              condition: `r.kurskey = $1 AND r.termin = $2 AND EXISTS (
                SELECT 1 FROM ${of("ktill2")} t, json_array_elements_text(t.institutions::json) i
                WHERE t.id = r.ktill AND i = ANY($3::text[]))`,
              values: [search.kurskey, search.termin, search.institutions],
            };
    }
  };

  // A call may name thousands of courses that there are not, or odd values: each would be a question of its own.
  const keysOfCourses = keys((table) => ask(`SELECT DISTINCT kurskey AS key FROM ${of(table)}`));
  const isGiven = async (kurskey: string) => (await keysOfCourses("ktill2")).has(kurskey);
  const keysHeld = keys((field) =>
    ask(`SELECT valuekey AS key FROM ${of("held_value")} WHERE field = $1`, field),
  );

  const personsOf = <Row>(search: Search, columns: string): Promise<Row[]> => {
    const { table, condition, values } = registrationsOf(search);
    return askRows<Row>(
      `SELECT ${columns} FROM ${table} r JOIN ${of("personvo")} v ON v.id = r.person
       WHERE ${condition} ORDER BY r.person`,
      values,
    );
  };

  const rowsOf = async (search: Search, email: boolean): Promise<PersonRow[]> => {
    const rows = await personsOf<[number, string, string | null, string | null, string | null]>(
      search,
      `r.person, ${PERSONVO}, v.invalidpnr${email ? ", v.email, v.noemail" : ""}`,
    );
    return rows.map(([id, element, ...more]) => [id, Buffer.from(element), ...more]);
  };

  return {
    number,

    kursOfInstitution: remember((institutionKey: string, termin: string | undefined) =>
      termin === undefined
        ? ask<KursFound>(
            `SELECT ${KURS_COLUMNS} FROM ${of("kurs")} k WHERE k.instkey = $1 ORDER BY k.id`,
            institutionKey,
          )
        : ask<KursFound>(
            `SELECT ${KURS_COLUMNS} FROM ${of("kurs_termin")} kt JOIN ${of("kurs")} k ON k.id = kt.kurs
             WHERE kt.instkey = $1 AND kt.termin = $2 ORDER BY kt.kurs`,
            institutionKey,
            termin,
          ),
    ),

    kursByKod: remember(async (kurskey: string) =>
      (await keysOfCourses("kurs")).has(kurskey)
        ? ask<KursFound>(
            `SELECT ${KURS_COLUMNS} FROM ${of("kurs")} k WHERE k.kurskey = $1 ORDER BY k.id`,
            kurskey,
          )
        : [],
    ),

    ktill2: remember(async (kurskey: string, starttermin: string | undefined) => {
      if (!(await isGiven(kurskey))) return [];
      const { condition, values } = conditions(["t.kurskey", kurskey], ["t.startter", starttermin]);
      return withInstitutions(
        await ask<KurstillfalleFound>(
          `SELECT ${FFG_COLUMNS} FROM ${occasions} WHERE ${condition} ${IN_ORDER}`,
          ...values,
        ),
      );
    }),

    ktfort2: remember(
      async (kurskey: string, kalendertermin: string | undefined, starttermin: string | undefined) => {
        if (!(await isGiven(kurskey))) return [];
        const { condition, values } = conditions(
          ["t.kurskey", kurskey],
          ["f.termin", kalendertermin],
          ["t.startter", starttermin],
        );
        return withInstitutions(
          await ask<KurstillfalleFound>(
            `SELECT ${FORT_COLUMNS} FROM ${laterOccasions} WHERE ${condition} ${IN_ORDER}`,
            ...values,
          ),
        );
      },
    ),

    progplk: remember(async (kurskey: string, starttermin: string) =>
      withInstitutions(
        await ask<TermregFound>(
          `SELECT 'FFG' AS "typ", t.startter AS "kalendertermin", ${TERMREG_COLUMNS} FROM ${termreg("progplk")}
           WHERE t.kurskey = $1 AND t.startter = $2 ${TERMREG_ORDER}`,
          kurskey,
          starttermin,
        ),
      ),
    ),

    ktillp: remember(async (kurskey: string, kalendertermin: string) =>
      withInstitutions(
        await ask<TermregFound>(
          `SELECT 'FORT' AS "typ", r.termin AS "kalendertermin", ${TERMREG_COLUMNS} FROM ${termreg("ktillp")}
           WHERE t.kurskey = $1 AND r.termin = $2 ${TERMREG_ORDER}`,
          kurskey,
          kalendertermin,
        ),
      ),
    ),

    async participants(searches, email) {
      const found = [];
      for (const search of byKind(searches))
        found.push({ typ: search.typ, rows: await rowsOf(search, email) });
      return participantsOf(found);
    },

    async countRegistrations(searches, most) {
      let sum = 0;
      for (const search of searches) {
        const { table, condition, values } = registrationsOf(search);
        const [row] = await ask<{ count: number }>(
          `SELECT count(*) AS count FROM (SELECT 1 FROM ${table} r WHERE ${condition} LIMIT ${Math.floor(most)}) found`,
          ...values,
        );
        sum += row?.count ?? 0;
      }
      return sum;
    },

    joinedPersonVOs: joinedPersonsFrom(askRows, of, registrationsOf),

    async contacts(searches) {
      const found: ContactRow[][] = [];
      for (const search of searches) {
        found.push(await personsOf<ContactRow>(search, "r.person, v.email, v.noemail"));
      }
      return contactsOf(found);
    },

    institutions: remember(async () =>
      byKod(await ask<InstitutionFound>(`SELECT kod, benamning FROM ${of("institution")}`)),
    ),
    places: remember(async () => byKod(await ask<OrtFound>(`SELECT kod, benamn FROM ${of("ort")}`))),

    async persons(pnr, sekel) {
      const rows = await askRows<PersonRowByNumber>(
        `SELECT n.id, n.pnr, n.enamn, n.tnamn, ${PERSONVO}, v.invalidpnr,
           (SELECT json_agg(DISTINCT i)::text FROM (
              SELECT ktill FROM ${of("ffgkurs")} WHERE person = n.id
              UNION ALL SELECT ktill FROM ${of("fortkurs")} WHERE person = n.id
              UNION ALL SELECT ktill FROM ${of("omkurs")} WHERE person = n.id) r
            JOIN ${of("ktill2")} t ON t.id = r.ktill
            CROSS JOIN json_array_elements_text(t.institutions::json) i),
           EXISTS (SELECT 1 FROM ${of("ffgkurs")} WHERE person = n.id
             UNION ALL SELECT 1 FROM ${of("fortkurs")} WHERE person = n.id
             UNION ALL SELECT 1 FROM ${of("omkurs")} WHERE person = n.id)
         FROM ${of("namn")} n JOIN ${of("personvo")} v ON v.id = n.id
         WHERE n.pnr >= $1 AND n.pnr < $2 AND ($3::text IS NULL OR n.sekel = $3) ORDER BY n.id`,
        [pnr, pnr + AFTER_PERSONNUMMER, sekel ?? null],
      );
      const found: PersonFound[] = [];
      for (const [
        id,
        number_,
        enamn,
        tnamn,
        personVO,
        invalidPersonnummer,
        institutions,
        isRegistered,
      ] of rows) {
        if (!isRegistered) continue;
        found.push({
          id,
          pnr: number_,
          enamn,
          tnamn,
          personVO: Buffer.from(personVO),
          invalidPersonnummer,
          institutions: institutions === null ? [] : (JSON.parse(institutions) as string[]),
        });
      }
      return found;
    },

    async holdsValue(field, value) {
      return (await keysHeld(field)).has(heldValueKey(field, value));
    },

    close() {},
  };
}

/** id, number, surname, first name, element, invalid number, institutions as JSON, has a registration */
type PersonRowByNumber = [
  number,
  string,
  string | null,
  string | null,
  string,
  string | null,
  string | null,
  boolean,
];

/** Keys that there are, by what they are of: asked for once, as soon as one is looked for. */
function keys(
  ask: (of: string) => Promise<readonly { readonly key: string }[]>,
): (of: string) => Promise<ReadonlySet<string>> {
  const known = new Map<string, Promise<ReadonlySet<string>>>();
  return (of) => {
    const found =
      known.get(of) ??
      ask(of).then(
        (rows) => new Set(rows.map(({ key }) => key)),
        (error) => {
          known.delete(of);
          throw error;
        },
      );
    known.set(of, found);
    return found;
  };
}

/** Those that are given, as a condition with its parameters. */
function conditions(...columns: readonly (readonly [column: string, value: string | undefined])[]): {
  condition: string;
  values: string[];
} {
  const values: string[] = [];
  const parts: string[] = [];
  for (const [column, value] of columns) {
    if (value === undefined) continue;
    values.push(value);
    parts.push(`${column} = $${values.length}`);
  }
  return { condition: parts.join(" AND "), values };
}

function withInstitutions<Row extends { readonly institutions: readonly string[] }>(rows: Row[]): Row[] {
  return rows.map((row) => ({
    ...row,
    institutions: JSON.parse(row.institutions as unknown as string) as string[],
  }));
}
