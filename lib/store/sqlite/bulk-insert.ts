import type { Connection } from "./files.js";

/**
 * Rows of one statement: beyond about twenty nothing is gained, and SQLite takes at most 32 766 parameters.
 */
const ROWS_PER_STATEMENT = 20;

export type SqlValue = string | number | Buffer | null;

/**
 * Inserts rows many at a time. OR FAIL: a failed statement is not undone, so that SQLite need not note what it changes;
 * whoever inserts so must throw the whole database away on an error.
 */
export interface BulkInsert {
  /** As many values as there are columns, in their order. */
  add(...values: SqlValue[]): void;
  /** Writes the rows that still wait. */
  flush(): void;
}

export function bulkInsert(connection: Connection, table: string, columns: string): BulkInsert {
  const width = columns.split(",").length;
  const row = `(${Array(width).fill("?").join(", ")})`;
  const statement = (rows: number) =>
    connection.prepare(
      `INSERT OR FAIL INTO ${table} (${columns}) VALUES ${Array(rows).fill(row).join(", ")}`,
    );
  const many = statement(ROWS_PER_STATEMENT);
  const one = statement(1);
  let waiting: SqlValue[] = [];
  return {
    add(...values) {
      if (values.length !== width)
        throw new RangeError(`${table}: ${values.length} values for ${width} columns`);
      waiting.push(...values);
      if (waiting.length < width * ROWS_PER_STATEMENT) return;
      many.run(waiting);
      waiting = [];
    },
    flush() {
      for (let start = 0; start < waiting.length; start += width)
        one.run(waiting.slice(start, start + width));
      waiting = [];
    },
  };
}
