import { existsSync } from "node:fs";
import { codeKey } from "../../domain/codes.js";
import { compareText } from "../../domain/collation.js";
import { shownId } from "../../domain/shown-id.js";
import type { GenerationDifference, GenerationDifferenceCount, GenerationDifferences } from "../queries.js";
import { type Connection, guarded, openReadable } from "./files.js";

export interface OpenDifferences extends GenerationDifferences {
  /** Fills in `counts`, which of a large register takes a minute, and lets other work (signals) have its turn meanwhile. */
  countInTurns(takeTurn: () => Promise<void>): Promise<void>;
  close(): void;
}

/** A school's courses, a half-year of each, that are compared before other work gets its turn. */
const PLACES_PER_TURN = 20;

/** Pages that are kept of each generation while they are compared, in KiB (SQLite's negative cache_size). */
const CACHE_KIB = 32 * 1024;

/** Name under which the served generation's tables are reached. */
const SERVED = "served";
const NEXT = "main";
type Side = typeof NEXT | typeof SERVED;

/**
 * Compares the file of a new generation with that of the served one (undefined, or no longer there: everything is added).
 * Nothing is written. Schools, courses and occasions are compared in memory, where a load has had them too; registrations,
 * which may be millions, by SQLite, a school's course and half-year at a time.
 * Throws AdresslistaError("database") when a file is no generation.
 */
export function compareGenerations(next: string, served: string | undefined): OpenDifferences {
  const connection = openReadable(next);
  try {
    return guarded("cannot compare with the served load", () => {
      const hasServed = served !== undefined && existsSync(served);
      connection.pragma(`cache_size = -${CACHE_KIB}`);
      if (hasServed) {
        connection.prepare(`ATTACH ? AS ${SERVED}`).run(served);
        connection.pragma(`${SERVED}.cache_size = -${CACHE_KIB}`);
      }
      return comparison(connection, hasServed);
    });
  } catch (error) {
    connection.close();
    throw error;
  }
}

function comparison(connection: Connection, hasServed: boolean): OpenDifferences {
  const schools = items(connection, hasServed, schoolsOf);
  const courses = items(connection, hasServed, coursesOf);
  const occasions = items(connection, hasServed, occasionsOf);
  const registrations = registrationsIn(connection, hasServed);
  /** In portions: one for each place where there may be registrations, empty when there is no difference. */
  function* portions(): Generator<readonly GenerationDifference[]> {
    yield [...compareItems("school", schools)];
    yield [...compareItems("course", courses)];
    yield [...compareItems("occasion", occasions)];
    yield* registrations();
  }
  function* entries(): Generator<GenerationDifference> {
    for (const portion of portions()) yield* portion;
  }
  let counts: readonly GenerationDifferenceCount[] | undefined;
  return {
    get counts() {
      if (counts === undefined) {
        const counter = differenceCounter();
        for (const portion of portions()) counter.add(portion);
        counts = counter.counts();
      }
      return counts;
    },
    async countInTurns(takeTurn) {
      const counter = differenceCounter();
      let done = 0;
      for (const portion of portions()) {
        counter.add(portion);
        if (++done % PLACES_PER_TURN === 0) await takeTurn();
      }
      counts = counter.counts();
    },
    entries,
    close: () => connection.close(),
  };
}

function differenceCounter() {
  const counts = new Map<
    string,
    { -readonly [K in keyof GenerationDifferenceCount]: GenerationDifferenceCount[K] }
  >();
  return {
    add(differences: readonly GenerationDifference[]): void {
      for (const { of, institution, kind } of differences) {
        const key = `${of} ${institution}`;
        let found = counts.get(key);
        if (!found) {
          found = { of, institution, added: 0, removed: 0, changed: 0 };
          counts.set(key, found);
        }
        found[kind] += 1;
      }
    },
    counts: (): readonly GenerationDifferenceCount[] => [...counts.values()],
  };
}

// --- Schools, courses, occasions

/** One of them as a school has it: what tells it from others in both loads, and the columns that are compared. */
interface Item {
  /** The same in both loads: codes by their key, ids as they stand, never numbers of rows. Orders them, too. */
  readonly identity: readonly string[];
  readonly institution: string;
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, unknown>>;
}

interface Items {
  readonly [NEXT]: ReadonlyMap<string, Item>;
  readonly [SERVED]: ReadonlyMap<string, Item>;
}

function items(
  connection: Connection,
  hasServed: boolean,
  read: (connection: Connection, side: Side) => readonly Item[],
): Items {
  return {
    [NEXT]: byIdentity(read(connection, NEXT)),
    [SERVED]: byIdentity(hasServed ? read(connection, SERVED) : []),
  };
}

function byIdentity(all: readonly Item[]): ReadonlyMap<string, Item> {
  const found = new Map<string, Item>();
  for (const item of all) {
    const identity = item.identity.join("\u0000");
    // What the register has twice stands twice.
    let place = 1;
    while (found.has(`${identity}\u0000${place}`)) place += 1;
    found.set(`${identity}\u0000${place}`, item);
  }
  return found;
}

function* compareItems(of: GenerationDifference["of"], items: Items): Generator<GenerationDifference> {
  const identities = [...new Set([...items[NEXT].keys(), ...items[SERVED].keys()])].sort(compareText);
  for (const identity of identities) {
    const next = items[NEXT].get(identity);
    const served = items[SERVED].get(identity);
    const { institution, key } = (next ?? served) as Item;
    const shown = { of, institution, key: key.map(shownId) };
    if (!served) yield { ...shown, kind: "added" };
    else if (!next) yield { ...shown, kind: "removed" };
    else {
      const what = Object.keys(next.columns).filter(
        (column) => next.columns[column] !== served.columns[column],
      );
      if (what.length > 0) yield { ...shown, kind: "changed", what };
    }
  }
}

type Row = Readonly<Record<string, string | null>>;

function schoolsOf(connection: Connection, side: Side): Item[] {
  const rows = connection.prepare(`SELECT KOD, BENAMNING FROM ${side}.INSTITUTION`).all() as Row[];
  return rows.map((columns) => {
    const institution = columns.KOD ?? "";
    return { identity: [codeKey(institution)], institution, key: [institution], columns };
  });
}

function coursesOf(connection: Connection, side: Side): Item[] {
  const rows = connection
    .prepare(`SELECT INST, KOD, BENAMNING, ENGBENAMNING, POANG, NEDLAGD FROM ${side}.KURS ORDER BY ID`)
    .all() as Row[];
  return rows.map(({ INST, ...columns }) => {
    const [institution, kurskod] = [INST ?? "", columns.KOD ?? ""];
    const identity = [codeKey(institution), codeKey(kurskod)];
    return { identity, institution, key: [kurskod], columns };
  });
}

/** An occasion of several schools once for each. */
function occasionsOf(connection: Connection, side: Side): Item[] {
  const rows = connection
    .prepare(
      `SELECT TILLFALLE, KURSKOD, STARTTER, KURSTAKT, KURSTID, UNDFORM, KURSOMG, KURSTYP, POANG, KOD, FROMDAT, TOMDAT, STARTV,
         SLUTV, ORT, INSTITUTIONS,
         (SELECT group_concat(TERMIN, ' ' ORDER BY TERMIN) FROM ${side}.KTFORT2 f WHERE f.KTILL = t.ID) AS KTFORT2
       FROM ${side}.KTILL2 t ORDER BY ID`,
    )
    .all() as Row[];
  return rows.flatMap((row) => {
    const { TILLFALLE, STARTTER, ...columns } = row;
    const [id, kurskod, starttermin] = [TILLFALLE ?? "", columns.KURSKOD ?? "", STARTTER ?? ""];
    return institutionsIn(columns.INSTITUTIONS).map((institution) => ({
      identity: [codeKey(institution), id, codeKey(kurskod), starttermin],
      institution,
      key: [id, kurskod, starttermin],
      columns,
    }));
  });
}

function institutionsIn(json: string | null | undefined): readonly string[] {
  const institutions = JSON.parse(json ?? "[]") as readonly string[];
  return institutions.length === 0 ? [""] : institutions;
}

// --- Registrations

const KINDS = ["FFG", "FO", "OM"] as const;
type Kind = (typeof KINDS)[number];

/** A school's registrations on a course in a half-year: what is compared at a time. */
interface Place {
  readonly institution: string;
  readonly kurskey: string;
  readonly kurskod: string;
  readonly termin: string;
  /** Numbers of the KTILL2 rows that have registrations of a kind there, by side and kind. */
  readonly ktill: Map<`${Side}${Kind}`, number[]>;
}

/** Person, kind, occasion and start term of a registration that only one side has: 1 the new one, -1 the served one. */
type OneSided = [person: string, typ: string, occasion: string, starttermin: string, side: 1 | -1];

function registrationsIn(
  connection: Connection,
  hasServed: boolean,
): () => Generator<readonly GenerationDifference[]> {
  const sides = hasServed ? ([NEXT, SERVED] as const) : ([NEXT] as const);
  const ofBoth = sides.map(
    (side) => `SELECT *, ${side === NEXT ? 1 : -1} AS SIDE FROM (${registrationsOf(side)})`,
  );
  const oneSided = connection
    .prepare(
      `SELECT PERSON, TYP, TILLFALLE, STARTTER, sum(SIDE) FROM (${ofBoth.join(" UNION ALL ")})
       GROUP BY PERSON, TYP, TILLFALLE, STARTTER HAVING sum(SIDE) <> 0 ORDER BY PERSON, TYP, TILLFALLE, STARTTER`,
    )
    .raw();
  const places = placesOf(connection, sides);
  // Most are the same every night: who counts first need not read them again for the entries.
  const same = new Set<Place>();
  return function* () {
    for (const place of places) {
      if (same.has(place)) continue;
      const { institution, kurskey, kurskod, termin, ktill } = place;
      const numbers = sides.flatMap((side) =>
        KINDS.map((kind) => [side + kind, JSON.stringify(ktill.get(`${side}${kind}`) ?? [])] as const),
      );
      const rows = oneSided.all({ kurskey, termin, ...Object.fromEntries(numbers) }) as OneSided[];
      if (rows.length === 0) same.add(place);
      yield [...byPerson(rows)].flatMap((ofPerson) => [
        ...compareRegistrations(ofPerson, institution, kurskod, termin),
      ]);
    }
  };
}

/** `@mainFFG` and the like: JSON lists of the KTILL2 rows. CROSS JOIN keeps the order of the tables. */
function registrationsOf(side: Side): string {
  const columns = (kind: Kind) => `n.REGISTERID AS PERSON, '${kind}' AS TYP, t.TILLFALLE, t.STARTTER`;
  const occasions = (kind: Kind) =>
    `json_each(@${side}${kind}) k CROSS JOIN ${side}.KTILL2 t ON t.ID = k.value`;
  const person = `CROSS JOIN ${side}.NAMN n ON n.ID = r.PERSON`;
  return `SELECT ${columns("FFG")} FROM ${occasions("FFG")} CROSS JOIN ${side}.FFGKURS r ON r.KTILL = t.ID ${person}
    UNION ALL
    SELECT ${columns("FO")} FROM ${occasions("FO")}
      CROSS JOIN ${side}.FORTKURS r ON r.KTILL = t.ID AND r.TERMIN = @termin ${person}
    UNION ALL
    SELECT ${columns("OM")} FROM ${side}.OMKURS r CROSS JOIN ${side}.KTILL2 t ON t.ID = r.KTILL ${person}
      WHERE r.KURSKEY = @kurskey AND r.TERMIN = @termin AND r.KTILL IN (SELECT value FROM json_each(@${side}OM))`;
}

/** Where there may be registrations: OM in any half-year, also in one that its occasion does not reach. */
function placesOf(connection: Connection, sides: readonly Side[]): readonly Place[] {
  const places = new Map<string, Place>();
  for (const side of sides) {
    const rows = connection
      .prepare(
        `SELECT 'FFG', ID, STARTTER, KURSKOD, INSTITUTIONS FROM ${side}.KTILL2
         UNION ALL SELECT 'FO', ID, TERMIN, KURSKOD, INSTITUTIONS FROM ${side}.KTFORT2 JOIN ${side}.KTILL2 ON ID = KTILL
         UNION ALL SELECT 'OM', ID, TERMIN, KURSKOD, INSTITUTIONS
           FROM (SELECT DISTINCT KTILL, TERMIN FROM ${side}.OMKURS) JOIN ${side}.KTILL2 ON ID = KTILL`,
      )
      .raw()
      .all() as [Kind, number, string, string, string][];
    for (const [kind, number, termin, kurskod, institutions] of rows) {
      for (const institution of institutionsIn(institutions)) {
        const kurskey = codeKey(kurskod);
        const identity = [codeKey(institution), kurskey, termin].join("\u0000");
        const place = places.get(identity) ?? { institution, kurskey, kurskod, termin, ktill: new Map() };
        const numbers = place.ktill.get(`${side}${kind}`) ?? [];
        numbers.push(number);
        place.ktill.set(`${side}${kind}`, numbers);
        places.set(identity, place);
      }
    }
  }
  return [...places].sort(([a], [b]) => compareText(a, b)).map(([, place]) => place);
}

/** The rows come in order of person. */
function* byPerson(rows: readonly OneSided[]): Generator<readonly OneSided[]> {
  let start = 0;
  for (let end = 1; end <= rows.length; end++) {
    if (end < rows.length && rows[end]?.[0] === rows[start]?.[0]) continue;
    yield rows.slice(start, end);
    start = end;
  }
}

/** What one person had and has in a course and half-year: a pair of both has changed. */
function* compareRegistrations(
  rows: readonly OneSided[],
  institution: string,
  kurskod: string,
  termin: string,
): Generator<GenerationDifference> {
  const added = rows.filter(([, , , , side]) => side > 0);
  const removed = rows.filter(([, , , , side]) => side < 0);
  const shown = ([person, , occasion]: OneSided) => ({
    of: "registration" as const,
    institution,
    key: [person, occasion, kurskod, termin].map(shownId),
  });
  for (let place = 0; place < Math.max(added.length, removed.length); place++) {
    const [now, before] = [added[place], removed[place]];
    if (now && before) yield { ...shown(now), kind: "changed", what: changed(before, now) };
    else if (now) yield { ...shown(now), kind: "added", what: [now[1]] };
    else if (before) yield { ...shown(before), kind: "removed", what: [before[1]] };
  }
}

/** Kind, occasion and start term, as far as they differ. */
function changed(before: OneSided, now: OneSided): readonly string[] {
  return [1, 2, 3].flatMap((field) =>
    before[field] === now[field]
      ? []
      : [`${shownId(String(before[field]))} → ${shownId(String(now[field]))}`],
  );
}
