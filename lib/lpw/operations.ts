import type { CallFacts } from "../access/audit.js";
import type { Authenticate } from "../access/authenticate.js";
import type { Caller } from "../access/callers.js";
import { certificateSubject as readSubject } from "../access/subject.js";
import type { DecodedObject, Encodable } from "../soap/api.js";
import type { Store } from "../store/queries.js";
import { type Answer, type Call, refusal, type Subject } from "./call.js";
import type { FormatSettings } from "./formats.js";
import { type Lookups, lookupsIn } from "./lookups.js";
import { authFailed, forbidden, noData } from "./messages.js";
import { readUser, type UserRequest } from "./request.js";
import { knownSubject } from "./subject.js";

/** What is known of a call beside its arguments. */
export interface CallContext {
  readonly remoteAddress: string;
  /** WS-Security UsernameToken of the header, when there is one. */
  readonly usernameToken?: UsernameToken | undefined;
  /** Subject of a TLS client certificate that is trusted. */
  readonly certificateSubject?: string | undefined;
  /** Told what is known of the call, when it is answered: for the audit log. */
  readonly note?: ((facts: CallFacts) => void) | undefined;
}

export interface UsernameToken {
  readonly username: string;
  readonly password: string;
}

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
  /** What a request is about; undefined: of nothing that the audit log has. */
  readonly about?: (request: Request) => Subject;
}

/** `userVO.type` of an employee; a student (1) has no right to the lists of others. */
const EMPLOYEE = "2";

/**
 * An operation of any LPW service: who calls, from which load it is answered, and then its method (contract sections 1
 * and 3). It throws only what is a fault: all that a caller can do wrong is a message.
 */
export function operationOf<Request, Data>(
  dependencies: ServiceDependencies,
  method: Method<Request, Data>,
): Operation {
  return async (args, context) => {
    const request = method.read(args);
    const user = readUser(args.arg0);
    const caller = await callerOf(user, context, dependencies);
    const whose = {
      uid: user.uid,
      ...(caller === undefined ? { claimedCaller: claimedBy(user, context) } : { caller: caller.name }),
    };
    // Should the rest fail, it is known at least who has called.
    context.note?.({ ...whose, persons: 0, errors: [] });
    const generation = caller === undefined ? undefined : await dependencies.store.current();
    // Asked once: a load that is swapped in during the call is seen by the next one.
    const lookups = generation === undefined ? undefined : lookupsIn(generation);
    const answer = await answerOf(method, request, user, caller, lookups, dependencies.settings);
    if (context.note !== undefined) {
      context.note({
        ...whose,
        // Of what a stranger has sent nothing is noted, and of what a caller has sent only what the register knows.
        ...(caller === undefined || lookups === undefined
          ? {}
          : await knownSubject(method.about?.(request) ?? {}, lookups, dependencies.settings)),
        persons: answer.persons ?? 0,
        errors: answer.messages.flatMap(({ level, key }) => (level === "ERROR" ? [key] : [])),
      });
    }
    return method.write(answer, request);
  };
}

function callerOf(
  user: UserRequest,
  { usernameToken, certificateSubject, remoteAddress }: CallContext,
  { authenticate }: ServiceDependencies,
): Promise<Caller | undefined> | undefined {
  // Without an end user nobody is asked who calls: there is no one the answer would be for.
  if (user.uid === undefined) return undefined;
  const { uid, caller, ticket, timestamp, ticketUid } = user;
  return authenticate({
    uid,
    remoteAddress,
    ...present({
      ...{ caller, ticket, timestamp, ticketUid, usernameToken },
      certificateSubject: certificateSubject && readSubject(certificateSubject),
    }),
  });
}

async function answerOf<Request, Data>(
  { answer }: Pick<Method<Request, Data>, "answer">,
  request: Request,
  user: UserRequest,
  caller: Caller | undefined,
  lookups: Lookups | undefined,
  settings: FormatSettings,
): Promise<Answer<Data>> {
  if (caller === undefined) return refusal([authFailed()]);
  // After the ticket, so that a stranger does not learn what a user would be let in as.
  if (user.type !== EMPLOYEE) return refusal([forbidden("type")]);
  if (lookups === undefined) return refusal([noData()]);
  return answer({ request, caller, lookups, settings });
}

function claimedBy({ caller }: UserRequest, { usernameToken }: CallContext): string | undefined {
  return caller ?? usernameToken?.username;
}

function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
