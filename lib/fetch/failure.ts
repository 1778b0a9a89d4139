import { AdresslistaError } from "../errors.js";

/** What is kept of an error underneath: its code, never its text; and whether a new try may go better. */
interface FailureCause {
  readonly code?: string;
  readonly retry: boolean;
}

/** Network trouble, or a file that changed while it was read: the next try may go well. */
export function passingFailure(message: string, code?: string): AdresslistaError {
  return failure(message, { retry: true, ...(code === undefined ? {} : { code }) });
}

/** What a new try would not mend, or must not be tried again: a refused login, a missing file. */
export function lastingFailure(message: string, code?: string): AdresslistaError {
  return failure(message, { retry: false, ...(code === undefined ? {} : { code }) });
}

export function mayPass(error: unknown): error is AdresslistaError {
  return error instanceof AdresslistaError && (error.cause as FailureCause | undefined)?.retry === true;
}

function failure(message: string, cause: FailureCause): AdresslistaError {
  return new AdresslistaError("fetch", message, { cause });
}
