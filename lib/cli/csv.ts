import { CsvError, parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";

/** CSV as spreadsheets of this country write it: `;`, quotes where they are needed, UTF-8 with or without a byte order mark. */
export interface CsvRow {
  /** Of its first character, from 1. */
  readonly line: number;
  /** Trimmed. */
  readonly fields: readonly string[];
}

const DELIMITER = ";";
const LINE_ENDS = ["\r\n", "\n", "\r"];

/**
 * The rows of a text, empty lines left out; a first row that names the columns is none. `wrong` makes the error for a
 * quote that does not close or stands where none may.
 */
export function readCsv(
  text: string,
  columns: readonly string[],
  wrong: (line: number, reason: string) => Error,
): CsvRow[] {
  const rows = parsedRows(text, wrong);
  const isHeader = rows[0]?.fields.join(DELIMITER).toLowerCase() === columns.join(DELIMITER);
  return isHeader ? rows.slice(1) : rows;
}

function parsedRows(text: string, wrong: (line: number, reason: string) => Error): CsvRow[] {
  try {
    const parsed = parse(text.normalize("NFC"), {
      bom: true,
      delimiter: DELIMITER,
      record_delimiter: LINE_ENDS,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
      info: true,
    }) as unknown as { readonly record: string[]; readonly info: { readonly lines: number } }[];
    return parsed.map(({ record, info }) => ({
      line: info.lines - lineEndsIn(record),
      fields: record.map((field) => field.trim()),
    }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // Its message quotes the text.
    throw wrong(Number(error.lines ?? 1), "a quote that does not close, or stands inside a value");
  }
}

/** The parser counts to the end of a row. */
function lineEndsIn(record: readonly string[]): number {
  return record.reduce((sum, field) => sum + (field.match(/\r\n|\n|\r/g)?.length ?? 0), 0);
}

/** With a header. Reads back the same. */
export function writeCsv(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return stringify([columns, ...rows] as string[][], { delimiter: DELIMITER, record_delimiter: "\n" });
}
