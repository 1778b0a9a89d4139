import type { Caller } from "../access/callers.js";
import type { FormatSettings } from "./formats.js";
import type { Lookups } from "./lookups.js";
import type { Message } from "./messages.js";

/** An authenticated call: all that a service's method goes by. `request`: what it reads of its arguments. */
export interface Call<Request = unknown> {
  readonly request: Request;
  readonly caller: Caller;
  /** The one generation that this call is answered from. */
  readonly lookups: Lookups;
  readonly settings: FormatSettings;
}

/** What a method found, under the schema's names, and messages. */
export interface Answer<Data> {
  /** Undefined: the call is refused. */
  readonly data: Data | undefined;
  readonly messages: readonly Message[];
  /** How many persons the answer tells of, listed or in messages; undefined: it tells of none. */
  readonly persons?: number;
}

/** What a request is about, for the audit log: values as they were sent. */
export interface Subject {
  readonly institutions?: readonly (string | undefined)[];
  readonly kurskoder?: readonly (string | undefined)[];
  readonly terminer?: readonly (string | undefined)[];
}

/** An answer that only says what is wrong: no data, and nothing of the request either. */
export function refusal(messages: readonly Message[]): Answer<never> {
  return { data: undefined, messages };
}
