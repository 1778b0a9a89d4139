import { readFileSync } from "node:fs";
import { AdresslistaError } from "../errors.js";

/** A file that a setting names, in NFC. Throws a settings error when it cannot be read or is not UTF-8. */
export function readText(setting: string, file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new AdresslistaError("settings", `${setting}: cannot read ${file}`, { cause });
  }
  const text = utf8Text(bytes);
  if (text === undefined) throw new AdresslistaError("settings", `${setting}: ${file} is not UTF-8`);
  return text.normalize("NFC");
}

/** The same, as lines. */
export function readLines(setting: string, file: string): string[] {
  return readText(setting, file).split(/\r\n|\n|\r/);
}

/** Without its byte order mark; undefined when it is not UTF-8. */
export function utf8Text(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
