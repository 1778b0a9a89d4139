import { existsSync } from "node:fs";
import { codeKey } from "../../domain/codes.js";
import { compareText } from "../../domain/collation.js";
import { shownId } from "../../domain/shown-id.js";
import type { GenerationDifference, GenerationDifferenceCount, GenerationDifferences } from "../queries.js";
import { type Connection, guarded, openReadable } from "./files.js";

export interface OpenDifferences extends GenerationDifferences {
  close(): void;
}

/** Pages that are kept of each generation while they are compared, in KiB (SQLite's negative cache_size). */
const CACHE_KIB = 32 * 1024;

/** Name under which the served generation's tables are reached. */
const SERVED = "served";
const NEXT = "main";
type Side = typeof NEXT | typeof SERVED;

/**
 * Compares the file of a new generation with that of the served one (undefined, or no longer there: everything is added).
 * Nothing is written. Schools, courses and occasions are compared in memory, where a load has had them too; registrations,
 * which may be millions, course by course and half-year by half-year, by SQLite.
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
  const registrations = registrationsIn(connection, hasServed, occasions);
  function* entries(): Generator<GenerationDifference> {
    yield* compareItems("school", schools);
    yield* compareItems("course", courses);
    yield* compareItems("occasion", occasions);
    yield* registrations();
  }
  let counts: readonly GenerationDifferenceCount[] | undefined;
  return {
    get counts() {
      counts ??= count(entries());
      return counts;
    },
    entries,
    close: () => connection.close(),
  };
}

function count(differences: Iterable<GenerationDifference>): readonly GenerationDifferenceCount[] {
  const counts = new Map<
    string,
    { -readonly [K in keyof GenerationDifferenceCount]: GenerationDifferenceCount[K] }
  >();
  for (const { of, institution, kind } of differences) {
    const key = `${of} ${institution}`;
    let found = counts.get(key);
    if (!found) {
      found = { of, institution, added: 0, removed: 0, changed: 0 };
      counts.set(key, found);
    }
    found[kind] += 1;
  }
  return [...counts.values()];
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

/** A school's registrations on a course in a half-year: what is compared at a time. */
interface Place {
  /** As each side writes it. */
  readonly institution: { readonly [S in Side]?: string };
  readonly kurskey: string;
  readonly kurskod: string;
  readonly termin: string;
}

/** Person, kind, occasion and start term of a registration that only one side has: 1 the new one, -1 the served one. */
type OneSided = [person: string, typ: string, occasion: string, starttermin: string, side: 1 | -1];

function registrationsIn(
  connection: Connection,
  hasServed: boolean,
  occasions: Items,
): () => Generator<GenerationDifference> {
  const sides = [`SELECT *, 1 AS SIDE FROM (${registrationsOf(NEXT)})`];
  if (hasServed) sides.push(`SELECT *, -1 FROM (${registrationsOf(SERVED)})`);
  const oneSided = connection
    .prepare(
      `SELECT PERSON, TYP, TILLFALLE, STARTTER, sum(SIDE) FROM (${sides.join(" UNION ALL ")})
       GROUP BY PERSON, TYP, TILLFALLE, STARTTER HAVING sum(SIDE) <> 0 ORDER BY PERSON, TYP, TILLFALLE, STARTTER`,
    )
    .raw();
  const places = placesOf(connection, hasServed, occasions);
  return function* () {
    for (const { institution, kurskey, kurskod, termin } of places) {
      const rows = oneSided.all({
        kurskey,
        termin,
        [NEXT]: institution[NEXT] ?? null,
        [SERVED]: institution[SERVED] ?? null,
      }) as OneSided[];
      const shown = institution[NEXT] ?? institution[SERVED] ?? "";
      for (const ofPerson of byPerson(rows)) yield* compareRegistrations(ofPerson, shown, kurskod, termin);
    }
  };
}

/** `@main` and `@served`: the school as that side writes it, empty for occasions of none. CROSS JOIN keeps the order of tables. */
function registrationsOf(side: Side): string {
  const columns = (typ: string) => `n.REGISTERID AS PERSON, '${typ}' AS TYP, t.TILLFALLE, t.STARTTER`;
  const ofSchool = `(CASE WHEN @${side} = '' THEN t.INSTITUTIONS = '[]'
    ELSE EXISTS (SELECT 1 FROM json_each(t.INSTITUTIONS) WHERE value = @${side}) END)`;
  const person = `CROSS JOIN ${side}.NAMN n ON n.ID = r.PERSON`;
  return `SELECT ${columns("FFG")} FROM ${side}.KTILL2 t CROSS JOIN ${side}.FFGKURS r ON r.KTILL = t.ID ${person}
      WHERE t.KURSKEY = @kurskey AND t.STARTTER = @termin AND ${ofSchool}
    UNION ALL
    SELECT ${columns("FO")} FROM ${side}.KTILL2 t CROSS JOIN ${side}.FORTKURS r ON r.KTILL = t.ID AND r.TERMIN = @termin ${person}
      WHERE t.KURSKEY = @kurskey AND ${ofSchool}
    UNION ALL
    SELECT ${columns("OM")} FROM ${side}.OMKURS r CROSS JOIN ${side}.KTILL2 t ON t.ID = r.KTILL ${person}
      WHERE r.KURSKEY = @kurskey AND r.TERMIN = @termin AND ${ofSchool}`;
}

/** Where there may be registrations: the half-years of occasions, and those of re-registrations, which may lie outside. */
function placesOf(connection: Connection, hasServed: boolean, occasions: Items): readonly Place[] {
  const places = new Map<string, Place>();
  const note = (side: Side, institution: string, kurskod: string, termin: string) => {
    const identity = [codeKey(institution), codeKey(kurskod), termin].join("\u0000");
    const known = places.get(identity);
    if (known?.institution[side] !== undefined) return;
    places.set(identity, {
      institution: { ...known?.institution, [side]: institution },
      kurskey: codeKey(kurskod),
      kurskod: known?.kurskod ?? kurskod,
      termin,
    });
  };
  for (const side of hasServed ? ([NEXT, SERVED] as const) : ([NEXT] as const)) {
    for (const { institution, key, columns } of occasions[side].values()) {
      const [, kurskod = "", starttermin = ""] = key;
      const later = columns.KTFORT2 as string | null;
      for (const termin of [starttermin, ...(later?.split(" ") ?? [])])
        note(side, institution, kurskod, termin);
    }
    const reregistrations = connection
      .prepare(
        `SELECT DISTINCT t.INSTITUTIONS, t.KURSKOD, r.TERMIN FROM (SELECT DISTINCT KTILL, TERMIN FROM ${side}.OMKURS) r
         CROSS JOIN ${side}.KTILL2 t ON t.ID = r.KTILL`,
      )
      .raw()
      .all() as [string, string, string][];
    for (const [institutions, kurskod, termin] of reregistrations) {
      for (const institution of institutionsIn(institutions)) note(side, institution, kurskod, termin);
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
