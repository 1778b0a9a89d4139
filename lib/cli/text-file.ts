import { readFileSync } from "node:fs";
import { AdresslistaError } from "../errors.js";

/** Lines of a file that a setting names, in NFC. Throws a settings error when it cannot be read or is not UTF-8. */
export function readLines(setting: string, file: string): string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new AdresslistaError("settings", `${setting}: cannot read ${file}`, { cause });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true })
      .decode(bytes)
      .normalize("NFC")
      .split(/\r\n|\n|\r/);
  } catch (cause) {
    throw new AdresslistaError("settings", `${setting}: ${file} is not UTF-8`, { cause });
  }
}
