import { type DestinationStream, type Logger, pino } from "pino";
import type { LogLevel } from "../config.js";
import { AdresslistaError } from "../errors.js";
import { traceOf } from "./exit.js";

/**
 * The operational log: JSON lines on standard error. No line has anything of a person or a request, and of errors only
 * their class, code and place.
 */
export function operationalLog(level: LogLevel, destination: DestinationStream): Logger {
  return pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** An internal error as the log has it: what a fault's incident id leads to. */
export function errorFields(error: unknown): ErrorFields {
  const cause = error instanceof Error ? error.cause : undefined;
  return {
    // What has become of the database is what an administrator needs first, and says nothing of a person.
    ...(error instanceof AdresslistaError && error.code === "database" ? { reason: error.message } : {}),
    error: traceOf(error),
    ...(cause === undefined ? {} : { cause: traceOf(cause) }),
  };
}

interface ErrorFields {
  readonly reason?: string;
  readonly error: string;
  readonly cause?: string;
}
