import Sqlite from "better-sqlite3";
import { bulkInsert } from "./bulk-insert.js";
import { guarded } from "./files.js";

/**
 * Joins of an export that is looked at, over all its files: who is in the data set and who is only referred to. A
 * database without a name, whose file is gone as soon as it is opened: memory does not grow with the export, and
 * nothing of it is left. Kinds of groups, roles and files are numbers of the caller's.
 */
export interface Inspection {
  addPerson(ids: readonly string[], file: number, line: number): void;
  addGroup(group: InspectedGroup, file: number, line: number): void;
  addMember(member: InspectedMember, file: number, line: number): void;
  /** After the last record. */
  joins(): InspectionJoins;
  close(): void;
}

export interface InspectedPlace {
  readonly file: number;
  readonly line: number;
}

export interface InspectedGroup {
  readonly ids: readonly string[];
  readonly kind: number;
  readonly parents: readonly string[];
}

export interface InspectedMember {
  readonly group: string;
  readonly member: string;
  readonly isGroup: boolean;
  /** Number of each of its roles; one that means "none" when it has none. */
  readonly roles: readonly number[];
  readonly isLearner: boolean;
  readonly isUntyped: boolean;
  readonly hasDates: boolean;
}

export interface FoundPlaces {
  readonly count: number;
  readonly places: readonly InspectedPlace[];
}

export interface InspectionJoins {
  readonly unknownPersons: FoundPlaces;
  readonly personsThatAreGroups: FoundPlaces;
  readonly unknownMemberGroups: FoundPlaces;
  readonly unknownGroups: FoundPlaces;
  readonly unknownParents: FoundPlaces;
  readonly selfParents: FoundPlaces;
  readonly personsTwice: FoundPlaces;
  readonly groupsTwice: FoundPlaces;
  readonly sharedIds: number;
  /** Of each kind: groups with an active learner, with an untyped member, with learners or untyped members that have dates. */
  readonly people: readonly {
    readonly kind: number;
    readonly withLearners: number;
    readonly withUntyped: number;
    readonly withDates: number;
  }[];
  /** Members of each kind, by role. */
  readonly roles: readonly {
    readonly kind: number;
    readonly isGroup: boolean;
    readonly role: number;
    readonly count: number;
  }[];
  /** Groups of a kind that have a parent of a kind. */
  readonly below: readonly { readonly child: number; readonly parent: number; readonly groups: number }[];
  /** Groups of a kind that are members (idtype 2) of groups of a kind. */
  readonly inside: readonly {
    readonly member: number;
    readonly container: number;
    readonly groups: number;
  }[];
}

/** What is kept in memory, in KiB; the rest is in SQLite's temporary file. */
const CACHE_KIB = 48 * 1024;
/** Places that are told of each finding. */
const MAX_PLACES = 5;

const TABLES = `
  CREATE TABLE PERSON_ID (ID TEXT NOT NULL, RECORD INTEGER NOT NULL, FILE INTEGER NOT NULL, LINE INTEGER NOT NULL);
  CREATE TABLE GROUP_ID (ID TEXT NOT NULL, RECORD INTEGER NOT NULL, KIND INTEGER NOT NULL, FILE INTEGER NOT NULL,
    LINE INTEGER NOT NULL);
  CREATE TABLE PARENT (CHILD INTEGER NOT NULL, KIND INTEGER NOT NULL, ID TEXT NOT NULL, IS_SELF INTEGER NOT NULL,
    FILE INTEGER NOT NULL, LINE INTEGER NOT NULL);
  -- members of one group that follow each other
  CREATE TABLE BLOCK (NO INTEGER NOT NULL, ID TEXT NOT NULL, MEMBERS INTEGER NOT NULL, LEARNERS INTEGER NOT NULL,
    UNTYPED INTEGER NOT NULL, DATED INTEGER NOT NULL, FILE INTEGER NOT NULL, LINE INTEGER NOT NULL);
  CREATE TABLE ROLE (BLOCK INTEGER NOT NULL, IS_GROUP INTEGER NOT NULL, ROLE INTEGER NOT NULL, N INTEGER NOT NULL);
  CREATE TABLE PERSON_MEMBER (ID TEXT NOT NULL, FILE INTEGER NOT NULL, LINE INTEGER NOT NULL);
  CREATE TABLE GROUP_MEMBER (BLOCK INTEGER NOT NULL, ID TEXT NOT NULL, FILE INTEGER NOT NULL, LINE INTEGER NOT NULL);
`;

const INDEXES = `
  CREATE INDEX PERSON_ID_ID ON PERSON_ID (ID, RECORD);
  CREATE INDEX GROUP_ID_ID ON GROUP_ID (ID, RECORD, KIND);
  CREATE UNIQUE INDEX BLOCK_NO ON BLOCK (NO, ID);
`;

/** Throws AdresslistaError("database") when the temporary database cannot be made. */
export function openInspection(): Inspection {
  return guarded("cannot make the temporary database", () => inspectionIn(new Sqlite("")));
}

interface Block {
  readonly no: number;
  readonly id: string;
  readonly file: number;
  readonly line: number;
  members: number;
  learners: number;
  untyped: number;
  dated: number;
  /** Counts of roles of persons, then of groups, by role number. */
  readonly roles: readonly [Map<number, number>, Map<number, number>];
}

function inspectionIn(connection: Sqlite.Database): Inspection {
  connection.pragma("journal_mode = OFF");
  connection.pragma("synchronous = OFF");
  connection.pragma(`cache_size = -${CACHE_KIB}`);
  connection.exec(TABLES);
  const personIds = bulkInsert(connection, "PERSON_ID", "ID, RECORD, FILE, LINE");
  const groupIds = bulkInsert(connection, "GROUP_ID", "ID, RECORD, KIND, FILE, LINE");
  const parents = bulkInsert(connection, "PARENT", "CHILD, KIND, ID, IS_SELF, FILE, LINE");
  const blocks = bulkInsert(connection, "BLOCK", "NO, ID, MEMBERS, LEARNERS, UNTYPED, DATED, FILE, LINE");
  const roles = bulkInsert(connection, "ROLE", "BLOCK, IS_GROUP, ROLE, N");
  const personMembers = bulkInsert(connection, "PERSON_MEMBER", "ID, FILE, LINE");
  const groupMembers = bulkInsert(connection, "GROUP_MEMBER", "BLOCK, ID, FILE, LINE");
  connection.exec("BEGIN");

  let persons = 0;
  let groups = 0;
  let block: Block | undefined;
  let nextBlock = 0;

  const endBlock = () => {
    if (block === undefined) return;
    const { no, id, members, learners, untyped, dated, file, line } = block;
    blocks.add(no, id, members, learners, untyped, dated, file, line);
    for (const [isGroup, counts] of block.roles.entries()) {
      for (const [role, count] of counts) roles.add(no, isGroup, role, count);
    }
    block = undefined;
  };

  const blockOf = (id: string, file: number, line: number): Block => {
    if (block !== undefined && block.id === id && block.file === file) return block;
    endBlock();
    block = {
      no: nextBlock++,
      id,
      file,
      line,
      members: 0,
      learners: 0,
      untyped: 0,
      dated: 0,
      roles: [new Map(), new Map()],
    };
    return block;
  };

  return {
    addPerson(ids, file, line) {
      persons += 1;
      for (const id of distinct(ids)) personIds.add(id, persons, file, line);
    },

    addGroup({ ids, kind, parents: above }, file, line) {
      groups += 1;
      for (const id of new Set(ids)) groupIds.add(id, groups, kind, file, line);
      for (const parent of new Set(above)) {
        parents.add(groups, kind, parent, ids.includes(parent) ? 1 : 0, file, line);
      }
    },

    addMember(member, file, line) {
      const into = blockOf(member.group, file, line);
      into.members += 1;
      if (member.isLearner) into.learners += 1;
      if (member.isUntyped) into.untyped += 1;
      if (member.hasDates && (member.isLearner || member.isUntyped)) into.dated += 1;
      const counts = into.roles[member.isGroup ? 1 : 0];
      for (const role of member.roles) counts.set(role, (counts.get(role) ?? 0) + 1);
      if (member.isGroup) groupMembers.add(into.no, member.member, file, line);
      else personMembers.add(member.member, file, line);
    },

    joins: () =>
      guarded("cannot join the records of the export", () => {
        endBlock();
        for (const table of [personIds, groupIds, parents, blocks, roles, personMembers, groupMembers])
          table.flush();
        connection.exec(INDEXES);
        return joinsOf(connection);
      }),

    close: () => connection.close(),
  };
}

function distinct(ids: readonly string[]): Iterable<string> {
  return ids.length < 2 ? ids : new Set(ids);
}

const IS_PERSON = "EXISTS (SELECT 1 FROM PERSON_ID p WHERE p.ID = m.ID)";
const IS_GROUP = "EXISTS (SELECT 1 FROM GROUP_ID g WHERE g.ID = m.ID)";

function joinsOf(connection: Sqlite.Database): InspectionJoins {
  const all = <Row>(sql: string) => connection.prepare(sql).all() as Row[];
  const found = (from: string): FoundPlaces => ({
    count: connection.prepare(`SELECT count(*) FROM ${from}`).pluck().get() as number,
    places: all<InspectedPlace>(
      `SELECT m.FILE AS file, m.LINE AS line FROM ${from} ORDER BY m.FILE, m.LINE LIMIT ${MAX_PLACES}`,
    ),
  });
  // Of an id that several records have, the second record is shown.
  const twice = (table: string) =>
    found(`(SELECT ID, min(FILE) AS FILE, min(LINE) AS LINE FROM (
        SELECT a.ID, a.FILE, a.LINE FROM ${table} a
        WHERE EXISTS (SELECT 1 FROM ${table} b WHERE b.ID = a.ID AND b.RECORD < a.RECORD)
      ) GROUP BY ID) m`);
  connection.exec(
    `CREATE TABLE LOST AS SELECT m.ID, m.FILE, m.LINE FROM PERSON_MEMBER m WHERE NOT ${IS_PERSON}`,
  );
  return {
    unknownPersons: found(`LOST m WHERE NOT ${IS_GROUP}`),
    personsThatAreGroups: found(`LOST m WHERE ${IS_GROUP}`),
    unknownMemberGroups: found(`GROUP_MEMBER m WHERE NOT ${IS_GROUP}`),
    unknownGroups: found(`BLOCK m WHERE NOT ${IS_GROUP}`),
    unknownParents: found(`PARENT m WHERE NOT ${IS_GROUP}`),
    selfParents: found("PARENT m WHERE m.IS_SELF = 1"),
    personsTwice: twice("PERSON_ID"),
    groupsTwice: twice("GROUP_ID"),
    sharedIds: connection
      .prepare(`SELECT count(DISTINCT m.ID) FROM GROUP_ID m WHERE ${IS_PERSON}`)
      .pluck()
      .get() as number,
    people: all(`SELECT g.KIND AS kind,
        count(DISTINCT CASE WHEN b.LEARNERS > 0 THEN g.RECORD END) AS withLearners,
        count(DISTINCT CASE WHEN b.UNTYPED > 0 THEN g.RECORD END) AS withUntyped,
        count(DISTINCT CASE WHEN b.DATED > 0 THEN g.RECORD END) AS withDates
      FROM BLOCK b JOIN GROUP_ID g ON g.ID = b.ID GROUP BY g.KIND`),
    roles: all<{ kind: number; isGroup: number; role: number; count: number }>(
      `SELECT g.KIND AS kind, r.IS_GROUP AS isGroup, r.ROLE AS role, sum(r.N) AS count
      FROM ROLE r JOIN BLOCK b ON b.NO = r.BLOCK JOIN (SELECT DISTINCT ID, KIND FROM GROUP_ID) g ON g.ID = b.ID
      GROUP BY 1, 2, 3`,
    ).map((row) => ({ ...row, isGroup: row.isGroup === 1 })),
    below: all(`SELECT m.KIND AS child, g.KIND AS parent, count(DISTINCT m.CHILD) AS groups
      FROM PARENT m JOIN GROUP_ID g ON g.ID = m.ID WHERE m.IS_SELF = 0 GROUP BY 1, 2`),
    inside: all(`SELECT g.KIND AS member, c.KIND AS container, count(DISTINCT g.RECORD) AS groups
      FROM GROUP_MEMBER m JOIN GROUP_ID g ON g.ID = m.ID JOIN BLOCK b ON b.NO = m.BLOCK JOIN GROUP_ID c ON c.ID = b.ID
      GROUP BY 1, 2`),
  };
}
