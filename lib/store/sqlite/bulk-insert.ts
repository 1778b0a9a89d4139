import type { Connection } from "./files.js";

/** Rows of one statement: beyond about fifty nothing is gained, and SQLite takes at most 32 766 parameters. */
const ROWS_PER_STATEMENT = 50;

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
  const waiting: SqlValue[] = new Array(width * ROWS_PER_STATEMENT).fill(null);
  let count = 0;
  return {
    add(...values) {
      if (values.length !== width)
        throw new RangeError(`${table}: ${values.length} values for ${width} columns`);
      for (let column = 0; column < width; column++) waiting[count++] = values[column] as SqlValue;
      if (count < waiting.length) return;
      many.run(waiting);
      count = 0;
    },
    flush() {
      for (let start = 0; start < count; start += width) one.run(waiting.slice(start, start + width));
      count = 0;
    },
  };
}
