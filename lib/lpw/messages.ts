import type { Encodable } from "../soap/api.js";

/**
 * Messages of an answer: T04 4.5.1's own, and those that T04 leaves to "Message.doc" as the contract's section 1 has
 * them. `log` is for the portal's developers; a portal that speaks to its users goes by `key` and `values`.
 */
export interface Message {
  readonly key: string;
  readonly level: "ERROR" | "INFO";
  readonly log: string;
  readonly values: readonly string[];
}

const KINDS = {
  "general.missingparameter": { level: "ERROR", log: "Obligatorisk uppgift saknas, {0}" },
  "general.invalidformat": { level: "ERROR", log: "Felaktigt format, {0}: {1}" },
  "general.invalidcall": { level: "ERROR", log: "Felaktigt anrop, {0}" },
  "auth.failed": { level: "ERROR", log: "Felaktig inloggning" },
  "auth.forbidden": { level: "ERROR", log: "Behörighet saknas, {0}" },
  "general.toomany": { level: "ERROR", log: "För många, {0}: högst {1}" },
  "general.nodata": { level: "ERROR", log: "Inget underlag är inläst" },
  "adresslista.containsinvalidssn": { level: "INFO", log: "Felaktigt personnummer, {0}" },
} as const;

/** A caller's wrong value is written back up to this many characters. */
const MAX_SHOWN_CHARACTERS = 40;

/** `element`: the schema's name of the field that is obligatory and absent. */
export const missingParameter = (element: string) => message("general.missingparameter", element);

export const invalidFormat = (element: string, value: string) =>
  message("general.invalidformat", element, cut(value));

/** `element`: the schema's name of what does not go together with the rest of the call. */
export const invalidCall = (element: string) => message("general.invalidcall", element);

export const authFailed = () => message("auth.failed");

/** `what`: the course or institution as the caller wrote it, or `type` when the user is no employee. */
export const forbidden = (what: string) => message("auth.forbidden", cut(what));

/** `element`: the schema's name of what may stand at most `most` times, in the call or in its answer. */
export const tooMany = (element: string, most: number) => message("general.toomany", element, String(most));

export const noData = () => message("general.nodata");

/** `personnummer`: as the register has it (T04 4.5.1); empty when it has none. */
export const containsInvalidSsn = (personnummer: string) =>
  message("adresslista.containsinvalidssn", personnummer);

function message(key: keyof typeof KINDS, ...values: readonly string[]): Message {
  const { level, log } = KINDS[key];
  return { key, level, log: log.replace(/\{(\d)\}/g, (_, place) => values[Number(place)] ?? ""), values };
}

/** INFO leaves an answer valid. */
export function isValid(messages: readonly Message[]): boolean {
  return messages.every(({ level }) => level !== "ERROR");
}

/** `message[]` of an answer. */
export function messageVOs(messages: readonly Message[]): Encodable {
  return messages.map(({ key, level, log, values }) => ({ key, level, log, values }));
}

/** Counts whole characters, so that none is cut in two. */
function cut(value: string): string {
  if (value.length <= MAX_SHOWN_CHARACTERS) return value;
  // A character takes at most two units: a short piece is enough to count in, however long the value is.
  return [...value.slice(0, 2 * MAX_SHOWN_CHARACTERS)].slice(0, MAX_SHOWN_CHARACTERS).join("");
}
