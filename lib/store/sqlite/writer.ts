import { Worker } from "node:worker_threads";
import { batches, bulkInsert, flatInsert, type RowSink, type SqlValue } from "./bulk-insert.js";
import { checkGeneration, type Finding, throwFinding } from "./check.js";
import { type Connection, openWritable } from "./files.js";
import { type GroupMembers, groupMemberWriter } from "./group-members.js";
import { type PersonBatch, personWriter } from "./person-rows.js";
import { type RegistrationBatch, registrationWriter } from "./registrations.js";

/**
 * Who writes the file of a new generation: this thread, or one of its own beside it, for loads that are large enough to be
 * worth it. What is asked for is done in the order in which it was asked.
 */
export interface Writer extends RowSink {
  exec(sql: string): void;
  persons(batch: PersonBatch): void;
  registrations(batch: RegistrationBatch): void;
  groupMembers(members: GroupMembers): void;
  /** Waits until there is not much left to be written. Throws what has gone wrong so far, as SQLite's code. */
  room(): Promise<void>;
  /** Waits until everything is written. Returns the rows of each of these tables. */
  commit(tables: readonly string[]): Promise<Record<string, number>>;
  /** Foreign keys and pages, while the file is still in memory; closes the file. Throws AdresslistaError as `checkFile`. */
  check(): Promise<void>;
  /** Stops at once, whatever waits. */
  stop(): Promise<void>;
}

export type Command =
  | { readonly do: "define"; readonly insert: number; readonly table: string; readonly columns: string }
  | { readonly do: "rows"; readonly insert: number; readonly values: readonly SqlValue[] }
  | { readonly do: "exec"; readonly sql: string }
  | { readonly do: "persons"; readonly batch: PersonBatch }
  | { readonly do: "registrations"; readonly batch: RegistrationBatch }
  | { readonly do: "groupMembers"; readonly members: GroupMembers }
  | { readonly do: "commit"; readonly tables: readonly string[] }
  | { readonly do: "check" };

/** One for each command, in their order. */
export interface Reply {
  /** Of the error that it ended with. */
  readonly code?: string;
  readonly counts?: Record<string, number>;
  readonly found?: Finding | undefined;
}

/**
 * Pages that the building of a generation keeps in memory, in KiB (SQLite's negative cache_size); indexes are sorted in as
 * much again. Rows come in the order of their tables, so that more would gain nothing.
 */
const CACHE_KIB = 8 * 1024;

export function openForBuilding(file: string): Connection {
  const connection = openWritable(file);
  // The file is worthless until it is whole: no journal on the disk (OFF is not allowed by the driver), one fsync at the end.
  connection.pragma("journal_mode = MEMORY");
  connection.pragma("synchronous = OFF");
  connection.pragma("foreign_keys = OFF");
  connection.pragma("locking_mode = EXCLUSIVE");
  connection.pragma(`cache_size = -${CACHE_KIB}`);
  connection.exec("BEGIN");
  return connection;
}

export function writerHere(file: string): Writer {
  const connection = openForBuilding(file);
  let writePersons: ReturnType<typeof personWriter> | undefined;
  let writeGroupMembers: ReturnType<typeof groupMemberWriter> | undefined;
  let writeRegistrations: ReturnType<typeof registrationWriter> | undefined;
  return {
    insert: (table, columns) => bulkInsert(connection, table, columns),
    exec: (sql) => connection.exec(sql),
    persons: (batch) => {
      writePersons ??= personWriter(connection);
      writePersons(batch);
    },
    registrations: (batch) => {
      writeRegistrations ??= registrationWriter(connection);
      writeRegistrations(batch);
    },
    groupMembers: (members) => {
      writeGroupMembers ??= groupMemberWriter(connection);
      writeGroupMembers(members);
    },
    room: async () => {},
    commit: async (tables) => commit(connection, tables),
    check: async () => throwFinding(check(connection)),
    stop: async () => {
      connection.close();
    },
  };
}

/** Commands → what they do, for the thread. */
export function executor(connection: Connection): (command: Command) => Reply {
  const inserts: ((values: readonly SqlValue[]) => void)[] = [];
  let writePersons: ReturnType<typeof personWriter> | undefined;
  let writeGroupMembers: ReturnType<typeof groupMemberWriter> | undefined;
  let writeRegistrations: ReturnType<typeof registrationWriter> | undefined;
  return (command) => {
    switch (command.do) {
      case "define":
        inserts[command.insert] = flatInsert(connection, command.table, command.columns);
        return {};
      case "rows":
        inserts[command.insert]?.(command.values);
        return {};
      case "exec":
        connection.exec(command.sql);
        return {};
      case "persons":
        writePersons ??= personWriter(connection);
        writePersons(command.batch);
        return {};
      case "registrations":
        writeRegistrations ??= registrationWriter(connection);
        writeRegistrations(command.batch);
        return {};
      case "groupMembers":
        writeGroupMembers ??= groupMemberWriter(connection);
        writeGroupMembers(command.members);
        return {};
      case "commit":
        return { counts: commit(connection, command.tables) };
      case "check":
        return { found: check(connection) };
    }
  };
}

function commit(connection: Connection, tables: readonly string[]): Record<string, number> {
  connection.exec("COMMIT");
  const counts: Record<string, number> = {};
  for (const table of tables) {
    counts[table] = connection.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
  }
  return counts;
}

function check(connection: Connection): Finding | undefined {
  const found = checkGeneration(connection);
  connection.close();
  return found;
}

/** Values that are sent at a time: enough for the sending not to count, few enough for memory. */
const VALUES_PER_COMMAND = 1_000;
/** Commands that may wait before `room` waits for them: a few megabytes. */
const MAX_WAITING = 12;

/** What the thread is sent is soon garbage: it needs no more room for it before the garbage collector looks at it. */
const YOUNG_GENERATION_MB = 6;

/** Threads begin with a file of JavaScript: when the program runs from its sources in TypeScript, there are none. */
const THREAD = new URL("./writer-thread.js", import.meta.url);
const hasThreads = import.meta.url.endsWith(".js");

export function writerThread(file: string): Writer {
  if (!hasThreads) return writerHere(file);
  const worker = new Worker(THREAD, {
    workerData: file,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  let inserts = 0;
  let waiting = 0;
  let failure: Error | undefined;
  let last: Reply = {};
  let awaited: { readonly most: number; wake(): void } | undefined;

  const wake = () => {
    if (awaited === undefined || (failure === undefined && waiting > awaited.most)) return;
    awaited.wake();
    awaited = undefined;
  };
  const fail = (error: Error) => {
    failure ??= error;
    wake();
  };
  worker.on("message", (reply: Reply) => {
    waiting -= 1;
    if (reply.code !== undefined) fail(Object.assign(new Error("a statement failed"), { code: reply.code }));
    last = reply;
    wake();
  });
  worker.on("error", fail);
  worker.on("exit", () => fail(new Error("the writing thread has ended")));

  const send = (command: Command, transferred: readonly ArrayBuffer[] = []) => {
    waiting += 1;
    worker.postMessage(command, transferred);
  };
  const until = async (most: number) => {
    if (failure === undefined && waiting > most) {
      await new Promise<void>((resolve) => {
        awaited = { most, wake: resolve };
      });
    }
    if (failure !== undefined) throw failure;
  };

  /** Sends a command and waits for its own reply, the last one then. */
  const ask = async (command: Command): Promise<Reply> => {
    send(command);
    await until(0);
    return last;
  };

  return {
    insert(table, columns) {
      const width = columns.split(",").length;
      const insert = inserts++;
      send({ do: "define", insert, table, columns });
      const limit = width * Math.ceil(VALUES_PER_COMMAND / width / 50) * 50;
      return batches(table, width, limit, (values) => send({ do: "rows", insert, values }));
    },
    exec: (sql) => send({ do: "exec", sql }),
    persons: (batch) => send({ do: "persons", batch }, [batch.personVOs.buffer, batch.ends.buffer]),
    registrations: (batch) =>
      send(
        { do: "registrations", batch },
        batch.programOf === undefined
          ? [batch.persons.buffer]
          : [batch.persons.buffer, batch.programOf.buffer],
      ),
    groupMembers: (members) => send({ do: "groupMembers", members }),
    room: () => until(MAX_WAITING),
    commit: async (tables) => (await ask({ do: "commit", tables })).counts ?? {},
    async check() {
      const { found } = await ask({ do: "check" });
      await worker.terminate();
      throwFinding(found);
    },
    async stop() {
      await worker.terminate();
    },
  };
}
