import { codeKey, isKurskod } from "../domain/codes.js";
import { AdresslistaError } from "../errors.js";
import type { KurskodAliases } from "../t04/formats.js";
import { readLines } from "./text-file.js";

/** The first line may say what the columns are. */
const HEADER = /^kurskod;alias$/i;

/**
 * The setting `kurskodAliasFile`: CSV `kurskod;alias`, one pair a line, with or without a header. Each course code has
 * one alias and each alias one course code, and an alias is no other course code of the file: so that what is written
 * always reads back. Throws a settings error with file and line.
 */
export function readKurskodAliases(file: string | undefined): KurskodAliases {
  const toAlias = new Map<string, string>();
  const toKurskod = new Map<string, string>();
  if (file === undefined) return { toAlias, toKurskod };
  const lineOfKurskod = new Map<string, number>();
  for (const [index, line] of readLines("kurskodAliasFile", file).entries()) {
    if (line.trim() === "" || (index === 0 && HEADER.test(line.trim()))) continue;
    const wrong = (reason: string) => wrongLine(file, index + 1, reason);
    const fields = line.split(";").map((field) => field.trim().replace(/^"(.*)"$/, "$1"));
    const [kurskod, alias] = fields;
    if (!kurskod || !alias || fields.length > 2) throw wrong("must be kurskod;alias");
    if (!isKurskod(alias)) throw wrong("the alias must have 1 to 10 letters or digits");
    if (toAlias.has(codeKey(kurskod))) throw wrong("the course code stands there twice");
    if (toKurskod.has(codeKey(alias))) throw wrong("the alias stands there twice");
    toAlias.set(codeKey(kurskod), alias);
    toKurskod.set(codeKey(alias), kurskod);
    lineOfKurskod.set(codeKey(kurskod), index + 1);
  }
  for (const [alias, kurskod] of toKurskod) {
    const line = lineOfKurskod.get(alias);
    if (line !== undefined && codeKey(kurskod) !== alias) {
      throw wrongLine(file, line, "the course code is another one's alias");
    }
  }
  return { toAlias, toKurskod };
}

function wrongLine(file: string, line: number, reason: string): AdresslistaError {
  return new AdresslistaError("settings", `kurskodAliasFile: ${file}, line ${line}: ${reason}`);
}
