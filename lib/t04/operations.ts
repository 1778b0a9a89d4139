import type { Caller } from "../access/callers.js";
import type { DecodedObject, Encodable } from "../soap/api.js";
import type { Store } from "../store/queries.js";
import { type Answer, type Call, refusal } from "./call.js";
import type { FormatSettings } from "./formats.js";
import { getAdrLista } from "./getAdrLista.js";
import { getKurs } from "./getKurs.js";
import { getKursTf } from "./getKursTf.js";
import { lookupsIn } from "./lookups.js";
import { authFailed, forbidden, type Message, noData } from "./messages.js";
import { type AdrListRequest, echoed, readAdrList, readUser, type UserRequest } from "./request.js";

/** What is known of a call beside its arguments. */
export interface CallContext {
  readonly remoteAddress: string;
  /** WS-Security UsernameToken of the header, when there is one. */
  readonly usernameToken?: UsernameToken | undefined;
}

export interface UsernameToken {
  readonly username: string;
  readonly password: string;
}

/** Undefined: the caller is unknown, or is not who it says. */
export type Authenticate = (credentials: {
  readonly caller?: string;
  readonly ticket?: string;
  readonly usernameToken?: UsernameToken;
  readonly uid: string;
  readonly remoteAddress: string;
}) => Promise<Caller | undefined>;

/** `args`: arg0 (userVO) and arg1 (adrListVO) as decoded. Gives the adrListVO of `return`. */
export type Operation = (args: DecodedObject, context: CallContext) => Promise<Encodable>;

/** T04's three methods (contract section 1). They throw only what is a fault: all that a caller can do wrong is a message. */
export interface T04Operations {
  readonly getKurs: Operation;
  readonly getKursTf: Operation;
  readonly getAdrLista: Operation;
}

export interface T04Dependencies {
  readonly store: Pick<Store, "current">;
  readonly authenticate: Authenticate;
  readonly settings: FormatSettings;
}

/** `userVO.type` of an employee; a student (1) has no right to the lists of others. */
const EMPLOYEE = "2";

export function t04Operations(dependencies: T04Dependencies): T04Operations {
  const operation =
    (method: (call: Call) => Promise<Answer>): Operation =>
    async (args, context) => {
      const request = readAdrList(args.arg0, args.arg1);
      return adrListVO(request, await answerOf(method, request, readUser(args.arg0), context, dependencies));
    };
  return {
    getKurs: operation(getKurs),
    getKursTf: operation(getKursTf),
    getAdrLista: operation(getAdrLista),
  };
}

/** Who calls, from which load it is answered, and then the method's own rights, checks and search. */
async function answerOf(
  method: (call: Call) => Promise<Answer>,
  request: AdrListRequest,
  user: UserRequest,
  context: CallContext,
  { store, authenticate, settings }: T04Dependencies,
): Promise<Answer> {
  // Without an end user nobody is asked who calls: there is no one the answer would be for.
  if (user.uid === undefined) return refusal([authFailed()]);
  const caller = await authenticate({ uid: user.uid, ...credentialsOf(user, context) });
  if (caller === undefined) return refusal([authFailed()]);
  // After the ticket, so that a stranger does not learn what a user would be let in as.
  if (user.type !== EMPLOYEE) return refusal([forbidden("type")]);

  // Asked once: a load that is swapped in during the call is seen by the next one.
  const generation = await store.current();
  if (generation === undefined) return refusal([noData()]);

  return method({ request, caller, lookups: lookupsIn(generation), settings });
}

function credentialsOf({ caller, ticket }: UserRequest, { usernameToken, remoteAddress }: CallContext) {
  return {
    remoteAddress,
    ...(caller === undefined ? {} : { caller }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(usernameToken === undefined ? {} : { usernameToken }),
  };
}

/** The booleans are returned as sent; Institution, Termin, Kurskod and the request's occasions are not. */
function adrListVO(request: AdrListRequest, { data, messages }: Answer): Encodable {
  return {
    ...data,
    Email: echoed(request.Email),
    FFG: echoed(request.FFG),
    FO: echoed(request.FO),
    OM: echoed(request.OM),
    valid: messages.every(({ level }) => level !== "ERROR"),
    messages: messages.map(messageVO),
  };
}

function messageVO({ key, level, log, values }: Message): Encodable {
  return { key, level, log, values };
}
