import { type CodeEdit, codeEdit, type Entry, REGISTERS, type Register } from "../code-registers.js";
import type { CodeChanges, CodeRegisterName, CodeRows } from "../queries.js";
import { type Connection, guarded } from "./files.js";

/** A register's rows, in order of their keys. */
export function codeRows<R extends CodeRegisterName>(connection: Connection, name: R): CodeRows[R][] {
  const register = REGISTERS[name];
  return entriesOf(connection, register).map(({ key, code }) => register.row(key, code));
}

/** See `Store.editCodes`; `others`: what becomes of rows that are not given. */
export function editCodes<R extends CodeRegisterName>(
  connection: Connection,
  name: R,
  rows: readonly CodeRows[R][],
  removals: readonly CodeRows[R][],
  others: "keep" | "remove",
): CodeChanges {
  const register: Register<CodeRows[R]> = REGISTERS[name];
  return guarded("cannot edit the codes", () =>
    connection
      .transaction(() => {
        const edit = codeEdit(register, entriesOf(connection, register), rows, removals, others);
        write(connection, register, edit);
        return edit.changes;
      })
      .immediate(),
  );
}

function entriesOf<Row>(connection: Connection, { table, keyColumns, codeColumn }: Register<Row>): Entry[] {
  const columns = [...keyColumns, codeColumn].join(", ");
  const rows = connection.prepare(`SELECT ${columns} FROM ${table} ORDER BY ${columns}`).raw().all();
  return (rows as string[][]).map((row) => ({ key: row.slice(0, -1), code: row.at(-1) ?? "" }));
}

function write<Row>(
  connection: Connection,
  { table, keyColumns, codeColumn }: Register<Row>,
  { gone, come }: CodeEdit,
): void {
  const where = keyColumns.map((column) => `${column} = ?`).join(" AND ");
  const remove = connection.prepare(`DELETE FROM ${table} WHERE ${where}`);
  for (const { key } of gone) remove.run(...key);
  const columns = [...keyColumns, codeColumn];
  const insert = connection.prepare(
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
  );
  for (const { key, code } of come) insert.run(...key, code);
  if (gone.length + come.length > 0) countEdit(connection);
}

function countEdit(connection: Connection): void {
  connection
    .prepare(
      "INSERT INTO CODE_EDIT (ONLY_ROW, NUMBER) VALUES (1, 1) ON CONFLICT (ONLY_ROW) DO UPDATE SET NUMBER = NUMBER + 1",
    )
    .run();
}

/** How often the registers have been edited: what a load depends on beside its files. */
export function codeEdits(connection: Connection): number {
  const number = connection.prepare("SELECT NUMBER FROM CODE_EDIT WHERE ONLY_ROW = 1").pluck().get();
  return (number as number | undefined) ?? 0;
}
