import Sqlite from "better-sqlite3";
import type { PersonMembership } from "../../mapping/api.js";
import type { PersonData } from "../../mapping/rows.js";
import { bulkInsert } from "./bulk-insert.js";
import { guarded } from "./files.js";

/**
 * Where persons and memberships wait between reading and mapping, so that a load's memory does not grow with the file.
 * A database without a name: SQLite keeps it in a file that is deleted as it is opened, so that nothing of it outlives
 * the process, however that ends.
 */
export interface Staging {
  /** Adds a person, or merges it into the one that shares an id with it. */
  addPerson(person: PersonData): void;
  addMembership(personId: string, membership: PersonMembership, member: StagedMember): void;
  personCount(): number;
  /** After the last record: indexes, and the members that no person stands behind. */
  seal(): void;
  /** Ids of members that no person has, once each, in order of id. */
  unknownMembers(): IterableIterator<string>;
  /** Groups that persons are members of. */
  groupsOfMembers(): IterableIterator<string>;
  learnerDates(
    group: string,
  ): { readonly begin: string | undefined; readonly end: string | undefined } | undefined;
  /** All persons in list order, each with its memberships. */
  inOrder(compareNames: CompareNames): IterableIterator<StagedPerson>;
  close(): void;
}

export interface StagedMember {
  /** false: the person is in the group, but is no learner there. */
  readonly active: boolean;
}

export interface StagedPerson {
  readonly person: PersonData;
  readonly memberships: readonly PersonMembership[];
  /** Ids of all groups that the person is in, whatever the role. */
  readonly groups: readonly string[];
}

/** Order of surnames, and of first names, in lists. */
export type CompareNames = (a: string, b: string) => number;

/** Century and personnummer: what decides between equal names. */
export type NumberKey = (person: PersonData) => string;

export type MergePersons = (
  first: PersonData,
  second: PersonData,
) => { readonly merged: PersonData; readonly conflicts: readonly string[] };

export interface StagingReport {
  duplicate(id: string): void;
  conflict(id: string, fields: readonly string[]): void;
}

/** What the staging keeps in memory, in KiB (SQLite's negative cache_size); the rest is in its file. */
const CACHE_KIB = 48 * 1024;

/** Role of a staged membership: what `PersonMembership.role` says, and "none" for a member that is no active learner. */
const ROLES = { learner: 1, untyped: 2, none: 0 } as const;

export function openStaging(merge: MergePersons, numberKey: NumberKey, report: StagingReport): Staging {
  return guarded("cannot make the temporary database", () =>
    stagingIn(new Sqlite(""), merge, numberKey, report),
  );
}

function stagingIn(
  connection: Sqlite.Database,
  merge: MergePersons,
  personNumberKey: NumberKey,
  report: StagingReport,
): Staging {
  connection.pragma("journal_mode = OFF");
  connection.pragma("synchronous = OFF");
  connection.pragma(`cache_size = -${CACHE_KIB}`);
  connection.exec(`
    CREATE TABLE PERSON (NO INTEGER PRIMARY KEY, ID TEXT NOT NULL, SURNAME TEXT NOT NULL, GIVEN TEXT NOT NULL,
      NUMBERKEY TEXT NOT NULL, STAFF INTEGER NOT NULL, DATA TEXT NOT NULL);
    CREATE TABLE ALIAS (ALIAS TEXT PRIMARY KEY, PERSON INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE MEMBER (ALIAS TEXT NOT NULL, GRUPP INTEGER NOT NULL, ROLE INTEGER NOT NULL, BEGIN TEXT, END TEXT);
  `);
  const personOfAlias = connection.prepare("SELECT PERSON FROM ALIAS WHERE ALIAS = ?").pluck();
  const addAlias = connection.prepare(
    "INSERT INTO ALIAS (ALIAS, PERSON) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const dataOfPerson = connection.prepare("SELECT DATA FROM PERSON WHERE NO = ?").pluck();
  const insertPerson = connection.prepare(
    "INSERT INTO PERSON (ID, SURNAME, GIVEN, NUMBERKEY, STAFF, DATA, NO) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const updatePerson = connection.prepare(
    "UPDATE PERSON SET ID = ?, SURNAME = ?, GIVEN = ?, NUMBERKEY = ?, STAFF = ?, DATA = ? WHERE NO = ?",
  );
  const moveAliases = connection.prepare("UPDATE ALIAS SET PERSON = ? WHERE PERSON = ?");
  const deletePerson = connection.prepare("DELETE FROM PERSON WHERE NO = ?");
  const members = bulkInsert(connection, "MEMBER", "ALIAS, GRUPP, ROLE, BEGIN, END");

  const groupIds: string[] = [];
  const groupNumbers = new Map<string, number>();
  const groupNumber = (id: string): number => {
    let number = groupNumbers.get(id);
    if (number === undefined) {
      number = groupIds.length;
      groupIds.push(id);
      groupNumbers.set(id, number);
    }
    return number;
  };

  let nextPerson = 1;
  connection.exec("BEGIN");

  const columns = (person: PersonData, no: number) => [
    person.id,
    person.efternamn ?? "",
    person.fornamn ?? "",
    personNumberKey(person),
    person.staff ? 1 : 0,
    JSON.stringify(person),
    no,
  ];

  return {
    addPerson(person) {
      const known = new Set<number>();
      for (const alias of person.aliases) {
        const no = personOfAlias.get(alias) as number | undefined;
        if (no !== undefined) known.add(no);
      }
      const [keep, ...others] = [...known].sort((a, b) => a - b);
      if (keep === undefined) {
        const no = nextPerson++;
        insertPerson.run(columns(person, no));
        for (const alias of person.aliases) addAlias.run(alias, no);
        return;
      }
      let merged = JSON.parse(dataOfPerson.get(keep) as string) as PersonData;
      const join = (other: PersonData) => {
        report.duplicate(merged.id);
        const result = merge(merged, other);
        if (result.conflicts.length > 0) report.conflict(merged.id, result.conflicts);
        merged = result.merged;
      };
      // An id of this record may show that two persons so far are one.
      for (const other of others) {
        join(JSON.parse(dataOfPerson.get(other) as string) as PersonData);
        moveAliases.run(keep, other);
        deletePerson.run(other);
      }
      join(person);
      updatePerson.run(columns(merged, keep));
      for (const alias of person.aliases) addAlias.run(alias, keep);
    },

    addMembership(personId, membership, { active }) {
      const role = active ? ROLES[membership.role] : ROLES.none;
      members.add(
        personId,
        groupNumber(membership.group),
        role,
        membership.begin ?? null,
        membership.end ?? null,
      );
    },

    personCount: () => connection.prepare("SELECT count(*) FROM PERSON").pluck().get() as number,

    seal() {
      members.flush();
      connection.exec(
        "COMMIT; CREATE INDEX MEMBER_BY_ALIAS ON MEMBER (ALIAS, GRUPP, ROLE, BEGIN, END); CREATE INDEX ALIAS_BY_PERSON ON ALIAS (PERSON)",
      );
    },

    unknownMembers: () =>
      connection
        .prepare(
          "SELECT DISTINCT ALIAS FROM MEMBER WHERE ALIAS NOT IN (SELECT ALIAS FROM ALIAS) ORDER BY ALIAS",
        )
        .pluck()
        .iterate() as IterableIterator<string>,

    groupsOfMembers: () => groupIds.values(),

    learnerDates(group) {
      const number = groupNumbers.get(group);
      if (number === undefined) return undefined;
      connection.exec("CREATE INDEX IF NOT EXISTS MEMBER_BY_GROUP ON MEMBER (GRUPP)");
      const row = connection
        .prepare(
          `SELECT count(*) AS learners, min(m.BEGIN) AS begin, max(m.END) AS end FROM MEMBER m
           JOIN ALIAS a ON a.ALIAS = m.ALIAS JOIN PERSON p ON p.NO = a.PERSON
           WHERE m.GRUPP = ? AND (m.ROLE = ${ROLES.learner} OR (m.ROLE = ${ROLES.untyped} AND p.STAFF = 0))`,
        )
        .get(number) as { learners: number; begin: string | null; end: string | null };
      if (row.learners === 0) return undefined;
      return { begin: row.begin ?? undefined, end: row.end ?? undefined };
    },

    *inOrder(compareNames) {
      const rankOf = (column: "SURNAME" | "GIVEN") => {
        const names = connection.prepare(`SELECT DISTINCT ${column} FROM PERSON`).pluck().all() as string[];
        return ranks(names, compareNames);
      };
      // Only distinct names are compared by the collator; SQLite sorts persons by the numbers that come of it.
      const surnameRank = rankOf("SURNAME");
      const givenRank = rankOf("GIVEN");
      connection.function(
        "surname_rank",
        { deterministic: true },
        (name) => surnameRank.get(name as string) ?? -1,
      );
      connection.function(
        "given_rank",
        { deterministic: true },
        (name) => givenRank.get(name as string) ?? -1,
      );
      connection.exec(`
        CREATE TABLE LISTED (PLACE INTEGER PRIMARY KEY, PERSON INTEGER NOT NULL);
        INSERT INTO LISTED (PERSON) SELECT NO FROM PERSON
          ORDER BY surname_rank(SURNAME), given_rank(GIVEN), NUMBERKEY, ID;
      `);
      // One row for each person, its memberships as one text: a query for each would take longer than all else here.
      const persons = connection
        .prepare(
          `SELECT p.DATA, (
             SELECT group_concat(m.GRUPP || ',' || m.ROLE || ',' || coalesce(m.BEGIN, '') || ',' || coalesce(m.END, ''), ';')
             FROM ALIAS a CROSS JOIN MEMBER m ON m.ALIAS = a.ALIAS WHERE a.PERSON = p.NO
           ) FROM LISTED l CROSS JOIN PERSON p ON p.NO = l.PERSON ORDER BY l.PLACE`,
        )
        .raw();
      for (const [data, members] of persons.iterate() as IterableIterator<[string, string | null]>) {
        yield { person: JSON.parse(data) as PersonData, ...memberships(members, groupIds) };
      }
    },

    close: () => connection.close(),
  };
}

function memberships(
  text: string | null,
  groupIds: readonly string[],
): Pick<StagedPerson, "memberships" | "groups"> {
  if (text === null) return { memberships: [], groups: [] };
  const memberships: PersonMembership[] = [];
  const groups = new Set<string>();
  for (const member of text.split(";")) {
    const [number, role, begin, end] = member.split(",");
    const group = groupIds[Number(number)] as string;
    groups.add(group);
    if (Number(role) === ROLES.none) continue;
    memberships.push({
      group,
      role: Number(role) === ROLES.learner ? "learner" : "untyped",
      ...(begin ? { begin } : {}),
      ...(end ? { end } : {}),
    });
  }
  return { memberships, groups: [...groups] };
}

/** The place of each name in the collator's order; names that it holds equal share one. */
function ranks(names: string[], compare: CompareNames): Map<string, number> {
  names.sort(compare);
  const rank = new Map<string, number>();
  let place = 0;
  for (const [index, name] of names.entries()) {
    const before = names[index - 1];
    if (before !== undefined && compare(before, name) !== 0) place += 1;
    rank.set(name, place);
  }
  return rank;
}
