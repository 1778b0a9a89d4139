import type { Caller } from "../access/callers.js";
import type { DecodedObject, Encodable } from "../soap/api.js";
import type { Store } from "../store/queries.js";
import { type Answer, type Call, refusal } from "./call.js";
import type { FormatSettings } from "./formats.js";
import { lookupsIn } from "./lookups.js";
import { authFailed, forbidden, noData } from "./messages.js";
import { readUser, type UserRequest } from "./request.js";

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

/** `args`: arg0 (userVO) and perhaps arg1, as decoded. Gives what stands in `return`. */
export type Operation = (args: DecodedObject, context: CallContext) => Promise<Encodable>;

export interface ServiceDependencies {
  readonly store: Pick<Store, "current">;
  readonly authenticate: Authenticate;
  readonly settings: FormatSettings;
}

/** What is a service's own in one of its operations. */
export interface Method<Request, Data> {
  readonly read: (args: DecodedObject) => Request;
  /** The method's own rights, checks and search. */
  readonly answer: (call: Call<Request>) => Promise<Answer<Data>>;
  /** What stands in `return`. */
  readonly write: (answer: Answer<Data>, request: Request) => Encodable;
}

/** `userVO.type` of an employee; a student (1) has no right to the lists of others. */
const EMPLOYEE = "2";

/**
 * An operation of any LPW service: who calls, from which load it is answered, and then its method (contract sections 1
 * and 3). It throws only what is a fault: all that a caller can do wrong is a message.
 */
export function operationOf<Request, Data>(
  dependencies: ServiceDependencies,
  { read, answer, write }: Method<Request, Data>,
): Operation {
  return async (args, context) => {
    const request = read(args);
    return write(await answerOf(answer, request, readUser(args.arg0), context, dependencies), request);
  };
}

async function answerOf<Request, Data>(
  answer: Method<Request, Data>["answer"],
  request: Request,
  user: UserRequest,
  context: CallContext,
  { store, authenticate, settings }: ServiceDependencies,
): Promise<Answer<Data>> {
  // Without an end user nobody is asked who calls: there is no one the answer would be for.
  if (user.uid === undefined) return refusal([authFailed()]);
  const caller = await authenticate({ uid: user.uid, ...credentialsOf(user, context) });
  if (caller === undefined) return refusal([authFailed()]);
  // After the ticket, so that a stranger does not learn what a user would be let in as.
  if (user.type !== EMPLOYEE) return refusal([forbidden("type")]);

  // Asked once: a load that is swapped in during the call is seen by the next one.
  const generation = await store.current();
  if (generation === undefined) return refusal([noData()]);

  return answer({ request, caller, lookups: lookupsIn(generation), settings });
}

function credentialsOf({ caller, ticket }: UserRequest, { usernameToken, remoteAddress }: CallContext) {
  return {
    remoteAddress,
    ...(caller === undefined ? {} : { caller }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(usernameToken === undefined ? {} : { usernameToken }),
  };
}
