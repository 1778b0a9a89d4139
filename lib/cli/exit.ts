import { CommanderError } from "commander";
import { AdresslistaError, type ErrorCode } from "../errors.js";

/** Exit codes (contract section 4). */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  internal: 1,
  usage: 2,
  settings: 3,
  fetch: 4,
  hostKey: 5,
  export: 6,
  guard: 7,
  database: 8,
  busy: 9,
  request: 1,
};

export const EXIT_OK = 0;
export const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** How a command that threw ends: the exit code, and what is said of it on standard error (nothing: it was said). */
export interface Ending {
  readonly code: number;
  readonly text?: string;
}

export function endingOf(error: unknown): Ending {
  // commander has said what is wrong, or printed the help or version that was asked for.
  if (error instanceof CommanderError) {
    return { code: error.exitCode === EXIT_OK ? EXIT_OK : EXIT_CODES.usage };
  }
  if (error instanceof AdresslistaError) {
    return { code: EXIT_CODES[error.code], text: `adresslista: ${error.message}${causeOf(error)}` };
  }
  return { code: EXIT_CODES.internal, text: `adresslista: internal error: ${traceOf(error)}` };
}

/** Of a cause only its code (ENOENT, SQLITE_BUSY): messages of libraries may quote values. */
function causeOf({ message, cause }: AdresslistaError): string {
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && !message.includes(code) ? ` (${code})` : "";
}

/** Class and place of an error, never its message: that may hold values of the register. */
export function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = (error as { code?: unknown }).code;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [`${error.name}${typeof code === "string" ? ` ${code}` : ""}`, ...frames].join("\n");
}
