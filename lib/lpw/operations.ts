import type { CallFacts } from "../access/audit.js";
import type { Authenticate } from "../access/authenticate.js";
import type { Caller } from "../access/callers.js";
import { certificateSubject as readSubject } from "../access/subject.js";
import type { DecodedObject, Encodable } from "../soap/api.js";
import type { Store } from "../store/queries.js";
import type { Answered, AnswerFacts, AnswerMemory, OperationAnswers } from "./answers.js";
import { type Answer, type Call, refusal, type Subject } from "./call.js";
import type { FormatSettings } from "./formats.js";
import { type Lookups, lookupsIn } from "./lookups.js";
import { authFailed, forbidden, type Message, noData } from "./messages.js";
import { readUser, type UserRequest } from "./request.js";
import { type KnownSubject, knownSubject } from "./subject.js";

/** What is known of a call beside its arguments. */
export interface CallContext {
  readonly remoteAddress: string;
  /** WS-Security UsernameToken of the header, when there is one. */
  readonly usernameToken?: UsernameToken | undefined;
  /** Subject of a TLS client certificate that is trusted. */
  readonly certificateSubject?: string | undefined;
  /** How the call waits for what takes its time, so that others are worked on meanwhile in its place. */
  readonly whileWaiting?: (<T>(wait: () => Promise<T>) => Promise<T>) | undefined;
  /** Told what is known of the call, when it is answered: for the audit log. */
  readonly note?: ((facts: CallFacts) => void) | undefined;
  /** Who calls, when that was found out before: `operationByCaller`. */
  readonly authenticated?: { readonly caller: Caller | undefined };
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
  /** Answers of the served load that are given again; without it each is worked out anew. */
  readonly answers?: AnswerMemory | undefined;
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
  /** The answer depends on nothing but the load, the caller's rights and the request: not on the day, say. */
  readonly isRepeatable?: boolean;
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
  const answers = method.isRepeatable ? dependencies.answers?.ofOperation() : undefined;
  return async (args, context) => {
    const request = method.read(args);
    const user = readUser(args.arg0);
    const { authenticated } = context;
    const caller = authenticated ? authenticated.caller : await callerOf(user, context, dependencies);
    let facts = NOTHING_TOLD;
    try {
      const answered = await answeredOf(method, request, user, caller, answers, dependencies);
      facts = answered.facts;
      return answered.value;
    } finally {
      // Should it fail, it is known at least who has called.
      context.note?.({
        uid: user.uid,
        caller: caller?.name,
        claimedCaller: caller === undefined ? claimedBy(user, context) : undefined,
        tenant: caller?.tenant,
        institutions: facts.institutions,
        kurskoder: facts.kurskoder,
        terminer: facts.terminer,
        persons: facts.persons,
        errors: facts.errors,
      });
    }
  };
}

/**
 * The operation of the register that the caller is of (`Caller.tenant`), for an address that is all registers'. A caller
 * that is not proved is refused by the operation of the service's own.
 */
export function operationByCaller(
  authenticate: Authenticate,
  operationOfRegister: (tenant: string | undefined) => Operation,
): Operation {
  return async (args, context) => {
    const caller = await callerOf(readUser(args.arg0), context, { authenticate });
    return operationOfRegister(caller?.tenant)(args, { ...context, authenticated: { caller } });
  };
}

const NOTHING_TOLD: AnswerFacts = { persons: 0, errors: [] };

/** As it was given before, or worked out. */
async function answeredOf<Request, Data>(
  method: Method<Request, Data>,
  request: Request,
  user: UserRequest,
  caller: Caller | undefined,
  answers: OperationAnswers | undefined,
  { store, settings }: ServiceDependencies,
): Promise<Answered> {
  // Asked once: a load that is swapped in during the call is seen by the next one.
  const generation = caller === undefined ? undefined : await store.current();
  const mayBeAnswered = caller !== undefined && generation !== undefined && user.type === EMPLOYEE;
  const question = mayBeAnswered ? answers?.questionOf(generation, caller, request) : undefined;
  const known = question?.recall();
  if (known !== undefined) return known;

  const lookups = generation === undefined ? undefined : lookupsIn(generation);
  const answer = await answerOf(method, request, user, caller, lookups, settings);
  // Of what a stranger has sent nothing is noted, and of what a caller has sent only what the register knows.
  const subject =
    lookups === undefined ? NO_SUBJECT : await knownSubject(method.about?.(request) ?? {}, lookups, settings);
  const errors = errorKeys(answer.messages);
  const facts: AnswerFacts = {
    institutions: subject.institutions,
    kurskoder: subject.kurskoder,
    terminer: subject.terminer,
    persons: answer.persons ?? 0,
    errors,
  };
  const value = method.write(answer, request);
  return (errors.length === 0 ? question?.keep(value, facts) : undefined) ?? { value, facts };
}

const NO_SUBJECT: KnownSubject = {};

/** Keys of ERROR messages, each once. */
function errorKeys(messages: readonly Message[]): readonly string[] {
  if (messages.length === 0) return NO_ERRORS;
  return [...new Set(messages.flatMap(({ level, key }) => (level === "ERROR" ? [key] : [])))];
}

const NO_ERRORS: readonly string[] = [];

function callerOf(
  user: UserRequest,
  { usernameToken, certificateSubject, remoteAddress, whileWaiting }: CallContext,
  { authenticate }: Pick<ServiceDependencies, "authenticate">,
): Promise<Caller | undefined> | undefined {
  // Without an end user nobody is asked who calls: there is no one the answer would be for.
  if (user.uid === undefined) return undefined;
  const { uid, caller, ticket, timestamp, ticketUid } = user;
  return authenticate({
    uid,
    caller,
    ticket,
    timestamp,
    ticketUid,
    usernameToken,
    certificateSubject: certificateSubject && readSubject(certificateSubject),
    remoteAddress,
    whileWaiting,
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
