import type { Connection } from "./files.js";

/** Rows of one statement: beyond about fifty nothing is gained, and SQLite takes at most 32 766 parameters. */
const ROWS_PER_STATEMENT = 50;

export type SqlValue = string | number | Uint8Array | null;

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

/** What takes rows and writes them elsewhere. */
export interface RowSink {
  insert(table: string, columns: string): BulkInsert;
}

export function bulkInsert(target: Connection | RowSink, table: string, columns: string): BulkInsert {
  if ("insert" in target) return target.insert(table, columns);
  const width = columns.split(",").length;
  const insert = flatInsert(target, table, columns);
  return batches(table, width, width * ROWS_PER_STATEMENT, insert);
}

/** Collects rows until there are `limit` values, and hands them on: as a view of an array that is used again. */
export function batches(
  table: string,
  width: number,
  limit: number,
  write: (values: readonly SqlValue[]) => void,
): BulkInsert {
  const waiting: SqlValue[] = new Array(limit).fill(null);
  let count = 0;
  return {
    add(...values) {
      if (values.length !== width)
        throw new RangeError(`${table}: ${values.length} values for ${width} columns`);
      for (let column = 0; column < width; column++) waiting[count++] = values[column] as SqlValue;
      if (count < limit) return;
      write(waiting);
      count = 0;
    },
    flush() {
      if (count > 0) write(waiting.slice(0, count));
      count = 0;
    },
  };
}

/** Inserts whole rows whose values stand one after another. */
export function flatInsert(
  connection: Connection,
  table: string,
  columns: string,
): (values: readonly SqlValue[]) => void {
  const width = columns.split(",").length;
  const row = `(${Array(width).fill("?").join(", ")})`;
  const statement = (rows: number) =>
    connection.prepare(
      `INSERT OR FAIL INTO ${table} (${columns}) VALUES ${Array(rows).fill(row).join(", ")}`,
    );
  const many = statement(ROWS_PER_STATEMENT);
  const one = statement(1);
  const batch = width * ROWS_PER_STATEMENT;
  return (values) => {
    if (values.length === batch) {
      many.run(values);
      return;
    }
    let start = 0;
    for (; start + batch <= values.length; start += batch) many.run(values.slice(start, start + batch));
    for (; start < values.length; start += width) one.run(values.slice(start, start + width));
  };
}
