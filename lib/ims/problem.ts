import { AdresslistaError } from "../errors.js";

/** Element names are quoted in errors no longer than this. */
const SHOWN_NAME_LENGTH = 40;

/** The one form of every error of a file: `export.xml, line 12: reason`. `reason` must hold no content of the file but element names. */
export function unusableExport(
  fileName: string,
  line: number,
  reason: string,
  cause?: unknown,
): AdresslistaError {
  return new AdresslistaError("export", `${fileName}, line ${line}: ${reason}`, { cause });
}

/** An element's or attribute's name as an error may show it. */
export function shownName(name: string): string {
  return name.length <= SHOWN_NAME_LENGTH ? `"${name}"` : `"${name.slice(0, SHOWN_NAME_LENGTH)}…"`;
}
