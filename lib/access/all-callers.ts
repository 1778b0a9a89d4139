import type { CallerRecord, MaybePromise, Store } from "../store/queries.js";
import { type Authenticate, type AuthenticationSettings, authenticator } from "./authenticate.js";

/** A caller with the tenant whose register has it; absent: the service's own. */
export type TenantCaller = CallerRecord & { readonly tenant?: string | undefined };

type Callers = Pick<Store, "callersVersion" | "findCaller" | "findCallerBySubject">;
type FailedLoginStore = Pick<Store, "failedLogins" | "noteFailedLogin">;

/** A register's callers. */
export interface RegisterCallers {
  /** Undefined: the service's own. */
  readonly tenant: string | undefined;
  readonly callers: Callers;
}

/** Callers of all registers of a service, where the caller tells whose register is meant. */
export interface AllCallers {
  /**
   * With the name of a caller that has been found, its own register is asked; the others once in a while, since all they can
   * do is to add one of the same name.
   */
  callersVersion(name?: string): Promise<number>;
  /** The caller that exactly one register has: one that is in several is none. */
  findCaller(name: string): Promise<TenantCaller | undefined>;
  findCallerBySubject(subject: string): Promise<TenantCaller | undefined>;
  /** The same, and without a tenant also one that is in several. */
  findRegistered(name: string): Promise<TenantCaller | undefined>;
  /** Why a register cannot be asked; undefined: each can. */
  failure(): unknown;
}

/** A register that could not be asked is tried again so long after, by itself: no call waits for it. */
const TRY_AGAIN_MILLISECONDS = 1_000;

/** How often all registers are asked whether their callers have changed, while those who call are known. */
const ASK_ALL_MILLISECONDS = 1_000;

/**
 * One register that cannot be asked is left out, and hinders nobody of the others.
 * @param now milliseconds
 */
export function callersOfAll(
  registers: readonly RegisterCallers[],
  now: () => number = () => performance.now(),
): AllCallers {
  const all = registers.map((register) => asking(register, now));
  /** Found under these versions: what is not found costs the same as ever. */
  let known: { readonly version: number; readonly callers: Map<string, TenantCaller> } | undefined;

  let allAsked = Number.NEGATIVE_INFINITY;

  const callersVersion = async (name?: string): Promise<number> => {
    const owner = name === undefined ? undefined : known?.callers.get(name);
    const register = all[registers.findIndex(({ tenant }) => tenant === owner?.tenant)];
    if (owner !== undefined && register !== undefined && now() - allAsked < ASK_ALL_MILLISECONDS) {
      await register.askVersion();
    } else {
      const asked = now();
      await Promise.all(all.map((each) => each.askVersion()));
      allAsked = asked;
    }
    // Of each as it was last told: so it never goes back.
    return all.reduce((sum, each) => sum + each.version, 0);
  };

  const found = async (
    question: (callers: Callers) => MaybePromise<CallerRecord | undefined>,
  ): Promise<readonly TenantCaller[]> => {
    const answers = await Promise.all(all.map((register) => register.ask(question)));
    return answers.flatMap((record, at) => {
      const tenant = registers[at]?.tenant;
      if (record === undefined) return [];
      return [tenant === undefined ? record : { ...record, tenant }];
    });
  };

  const findCaller = async (name: string) => {
    const version = await callersVersion(name);
    if (known?.version !== version) known = { version, callers: new Map() };
    const before = known.callers.get(name);
    if (before !== undefined) return before;
    const [caller, ...others] = await found((callers) => callers.findCaller(name));
    if (caller === undefined || others.length > 0) return undefined;
    // One that could not be asked may have it too.
    if (known.version === version && failureOf(all) === undefined) known.callers.set(name, caller);
    return caller;
  };

  return {
    callersVersion,
    findCaller,

    async findCallerBySubject(subject) {
      const [caller, ...others] = await found((callers) => callers.findCallerBySubject(subject));
      if (caller === undefined || others.length > 0) return undefined;
      const named = await findCaller(caller.name);
      return named !== undefined && named.tenant === caller.tenant ? caller : undefined;
    },

    async findRegistered(name) {
      const [caller, ...others] = await found((callers) => callers.findCaller(name));
      return caller === undefined || others.length === 0 ? caller : { ...caller, tenant: undefined };
    },

    failure: () => failureOf(all),
  };
}

/**
 * Who calls, of all registers: `Caller.tenant` says whose it is. While a register cannot be asked nobody knows whose caller
 * fails to prove itself: then that is thrown, whoever it is, so that the answer tells nothing of who there is.
 */
export function authenticatorOfAll(
  callers: AllCallers,
  failedLogins: FailedLoginStore,
  settings: AuthenticationSettings,
): Authenticate {
  const { callersVersion, findCaller, findCallerBySubject } = callers;
  const authenticate = authenticator(
    {
      ...{ callersVersion, findCaller, findCallerBySubject },
      failedLogins: (keys, after) => failedLogins.failedLogins(keys, after),
      noteFailedLogin: (keys, time, after) => failedLogins.noteFailedLogin(keys, time, after),
    },
    settings,
  );
  return async (credentials) => {
    const caller = await authenticate(credentials);
    const failure = caller === undefined ? callers.failure() : undefined;
    if (failure !== undefined) throw failure;
    return caller;
  };
}

interface Asking {
  askVersion(): Promise<void>;
  /** As it was last told. */
  readonly version: number;
  /** Undefined also when the register cannot be asked. */
  ask<T>(question: (callers: Callers) => MaybePromise<T | undefined>): Promise<T | undefined>;
  readonly failure: unknown;
}

function failureOf(all: readonly Asking[]): unknown {
  return all.find(({ failure }) => failure !== undefined)?.failure;
}

function asking({ callers }: RegisterCallers, now: () => number): Asking {
  let version = 0;
  let failure: unknown;
  let isTrying = false;
  let nextTry = 0;

  const tryAgain = async () => {
    if (isTrying || now() < nextTry) return;
    isTrying = true;
    try {
      version = await callers.callersVersion();
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    nextTry = now() + TRY_AGAIN_MILLISECONDS;
    isTrying = false;
  };

  const ask: Asking["ask"] = async (question) => {
    if (failure !== undefined) {
      void tryAgain();
      return undefined;
    }
    try {
      return await question(callers);
    } catch (error) {
      failure = error ?? new Error("no reason was given");
      nextTry = now() + TRY_AGAIN_MILLISECONDS;
      return undefined;
    }
  };

  return {
    ask,
    async askVersion() {
      version = (await ask((asked) => asked.callersVersion())) ?? version;
    },
    get version() {
      return version;
    },
    get failure() {
      return failure;
    },
  };
}
