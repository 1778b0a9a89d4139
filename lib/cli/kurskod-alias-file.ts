import { codeKey, isKurskod } from "../domain/codes.js";
import { AdresslistaError } from "../errors.js";
import type { KurskodAliases } from "../lpw/formats.js";
import { readCsv } from "./csv.js";
import { readText } from "./text-file.js";

export const ALIAS_COLUMNS = ["kurskod", "alias"];

/** A row of the alias file. */
export interface AliasRow {
  /** Where it stands; undefined: of no interest. */
  readonly line: number | undefined;
  readonly kurskod: string;
  readonly alias: string;
}

/** Makes the error for what is wrong with a row. */
export type WrongRow = (line: number | undefined, reason: string) => AdresslistaError;

/**
 * The setting `kurskodAliasFile`: CSV `kurskod;alias`, one pair a line, with or without a header. Each course code has
 * one alias and each alias one course code, and an alias is no other course code of the file: so that what is written
 * always reads back. Throws a settings error with file and line.
 */
export function readKurskodAliases(file: string | undefined): KurskodAliases {
  return file === undefined ? { toAlias: new Map(), toKurskod: new Map() } : readAliasFile(file).aliases;
}

/** The same, with the rows as they stand in the file. */
export function readAliasFile(file: string): {
  readonly rows: readonly AliasRow[];
  readonly aliases: KurskodAliases;
} {
  const wrong: WrongRow = (line, reason) =>
    new AdresslistaError("settings", `kurskodAliasFile: ${file}, line ${line}: ${reason}`);
  const rows = readCsv(readText("kurskodAliasFile", file), ALIAS_COLUMNS, wrong).map(({ line, fields }) => {
    const [kurskod, alias] = fields;
    if (!kurskod || !alias || fields.length > 2) throw wrong(line, "must be kurskod;alias");
    return { line, kurskod, alias };
  });
  return { rows, aliases: checkedAliases(rows, wrong) };
}

/** Of two rows that do not go together the later one is named. */
export function checkedAliases(rows: readonly AliasRow[], wrong: WrongRow): KurskodAliases {
  const toAlias = new Map<string, string>();
  const toKurskod = new Map<string, string>();
  const rowOfKurskod = new Map<string, number>();
  const rowOfAlias = new Map<string, number>();
  for (const [index, { line, kurskod, alias }] of rows.entries()) {
    if (!isKurskod(alias)) throw wrong(line, "the alias must have 1 to 10 letters or digits");
    if (toAlias.has(codeKey(kurskod))) throw wrong(line, "the course code stands there twice");
    if (toKurskod.has(codeKey(alias))) throw wrong(line, "the alias stands there twice");
    toAlias.set(codeKey(kurskod), alias);
    toKurskod.set(codeKey(alias), kurskod);
    rowOfKurskod.set(codeKey(kurskod), index);
    rowOfAlias.set(codeKey(alias), index);
  }
  for (const [alias, aliasIndex] of rowOfAlias) {
    const kurskodIndex = rowOfKurskod.get(alias);
    if (kurskodIndex === undefined || kurskodIndex === aliasIndex) continue;
    throw kurskodIndex > aliasIndex
      ? wrong(rows[kurskodIndex]?.line, "the course code is another one's alias")
      : wrong(rows[aliasIndex]?.line, "the alias is another one's course code");
  }
  return { toAlias, toKurskod };
}
