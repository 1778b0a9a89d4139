import type { Caller } from "../access/callers.js";
import type { Encodable } from "../soap/api.js";
import type { FormatSettings } from "./formats.js";
import type { Lookups } from "./lookups.js";
import type { Message } from "./messages.js";
import type { AdrListRequest } from "./request.js";

/** An authenticated call: all that one of the three methods goes by. */
export interface Call {
  readonly request: AdrListRequest;
  readonly caller: Caller;
  /** The one generation that this call is answered from. */
  readonly lookups: Lookups;
  readonly settings: FormatSettings;
}

/** What a method adds to the echoed booleans: `data` under the names of adrListVO, and messages. */
export interface Answer {
  readonly data: { readonly [element: string]: Encodable };
  readonly messages: readonly Message[];
}

/** An answer that only says what is wrong: no data, and so no KursInfoVO of the request either. */
export function refusal(messages: readonly Message[]): Answer {
  return { data: {}, messages };
}
