import { setTimeout as delay } from "node:timers/promises";
import { swedishDay } from "../domain/swedish-day.js";
import type { CallerRecord, MaybePromise, Store } from "../store/queries.js";
import { type Caller, callerName, type KnownCaller, knownCaller } from "./callers.js";
import { type Claim, type RememberedCallers, rememberCallers } from "./remember.js";
import { unmatchableHash, verifySecret } from "./secret.js";
import { noteFailure } from "./throttle.js";
import { isRightTicket } from "./ticket.js";
import { type LoginTurns, loginTurns } from "./turns.js";

/** What a call says of the portal that makes it (contract section 3), and where it comes from. */
export interface Credentials {
  /** userVO.uid, the end user: part of a ticket of the verifier `hmac`. */
  readonly uid: string;
  /** userVO.authinfovo.caller */
  readonly caller?: string | undefined;
  /** userVO.authinfovo.ticket: `ticket`, `timestamp` and `uid`. */
  readonly ticket?: string | undefined;
  readonly timestamp?: string | undefined;
  readonly ticketUid?: string | undefined;
  /** WS-Security UsernameToken with PasswordText: counts when `caller` is absent. */
  readonly usernameToken?: { readonly username: string; readonly password: string } | undefined;
  /** Subject of the TLS client certificate, when it is one that we trust, as `certificateSubject` writes it. */
  readonly certificateSubject?: string | undefined;
  /** IP address of the client. */
  readonly remoteAddress: string;
  /** How the call waits for a login that takes its time, should others be worked on meanwhile in its place. */
  readonly whileWaiting?: (<T>(wait: () => Promise<T>) => Promise<T>) | undefined;
}

/** Who calls, or undefined when that is not proved. Throws AdresslistaError "busy" when too much is to be checked. */
export type Authenticate = (credentials: Credentials) => Promise<Caller | undefined>;

type CallerStore = Pick<Store, "findCaller" | "findCallerBySubject" | "failedLogins" | "noteFailedLogin"> & {
  /** See `Store.callersVersion`. `name`: who calls, where not all callers are kept in one place. */
  callersVersion(name?: string): MaybePromise<number>;
};

export interface AuthenticationSettings {
  /** Caller of portals that send none. */
  readonly defaultCaller: string | undefined;
  /** Told when a failed login could not be noted: it is refused all the same, and without a pause. */
  readonly onUnnoted?: (error: unknown) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly pause?: (milliseconds: number) => Promise<unknown>;
  /** Turns that are shared with other ways in: what is checked at a time is bounded for the process. */
  readonly turns?: LoginTurns;
}

const MINUTE_MILLISECONDS = 60_000;

/** The day in Sweden, ÅÅÅÅ-MM-DD, worked out once a minute. */
function swedishDays(): (time: number) => string {
  let minute = Number.NaN;
  let day = "";
  return (time) => {
    const thisMinute = Math.floor(time / MINUTE_MILLISECONDS);
    if (thisMinute !== minute) {
      day = swedishDay(time);
      minute = thisMinute;
    }
    return day;
  };
}

/**
 * A way to tell callers by what they send, with a memory of those who were right.
 *
 * Who fails learns nothing of why: unknown, a wrong secret, a ticket that is too old, another address, expired or removed
 * cost the same check and get the same answer after the same pause. A right secret is remembered for some minutes, and
 * forgotten at once when callers change.
 */
export function authenticator(store: CallerStore, settings: AuthenticationSettings): Authenticate {
  const {
    defaultCaller,
    now = Date.now,
    pause = delay,
    onUnnoted = () => {},
    turns = loginTurns(),
  } = settings;
  const remembered = rememberCallers();
  const dayOf = swedishDays();
  const underWay = new Map<string, Promise<KnownCaller | undefined>>();

  return async (credentials) => {
    const { remoteAddress, certificateSubject, whileWaiting = (wait) => wait() } = credentials;
    const time = now();
    const today = dayOf(time);
    if (certificateSubject !== undefined) {
      const record = await store.findCallerBySubject(certificateSubject);
      if (record !== undefined && isMeant(record, credentials)) {
        const known = knownCaller(record);
        if (known.mayCall(remoteAddress, today)) return known.caller;
      }
    }

    const claim = claimOf(credentials, defaultCaller);
    if (claim === undefined) return undefined;
    const version = await store.callersVersion(claim.name);
    const quick = remembered.recall(version, claim) ?? (await byTicket(store, claim, credentials, time));
    if (quick?.mayCall(remoteAddress, today)) return quick.caller;

    // With the version: what is being found out of callers as they were before is no answer to this call.
    const key = `${version} ${remoteAddress} ${remembered.keyOf(claim)}`;
    const check = () =>
      turns.admit(remoteAddress, async () => {
        const found = await bySecret(store, turns, remembered, version, claim, remoteAddress, today);
        if (found?.mayCall(remoteAddress, today)) return found;
        const milliseconds = await noteFailure(store, claim.name, remoteAddress, time).catch((error) => {
          onUnnoted(error);
          return 0;
        });
        if (milliseconds > 0) await pause(milliseconds);
        return undefined;
      });
    const checked = await whileWaiting(() => once(underWay, key, check));
    return checked?.caller;
  };
}

/** A certificate stands for its caller; a call that names another one is that one's, and has to prove it. */
function isMeant({ name }: CallerRecord, { caller, usernameToken }: Credentials): boolean {
  const named = caller || usernameToken?.username;
  return named === undefined || callerName(named) === name;
}

function claimOf(credentials: Credentials, defaultCaller: string | undefined): Claim | undefined {
  const { caller, ticket, usernameToken } = credentials;
  if (!caller && usernameToken) return claim(usernameToken.username, usernameToken.password);
  return claim(caller || defaultCaller, ticket);
}

function claim(name: string | undefined, secret: string | undefined): Claim | undefined {
  return name && secret ? { name: callerName(name), secret } : undefined;
}

async function byTicket(
  store: Pick<Store, "findCaller">,
  { name, secret }: Claim,
  { uid, timestamp, ticketUid }: Credentials,
  now: number,
): Promise<KnownCaller | undefined> {
  // Only `hmac` has timestamps: others need not be looked for.
  if (timestamp === undefined) return undefined;
  const record = await store.findCaller(name);
  if (record?.verifier !== "hmac") return undefined;
  const isRight = isRightTicket(record.hmacSecret, { uid, ticket: secret, timestamp, ticketUid }, now);
  return isRight ? knownCaller(record) : undefined;
}

const hashOfNobody = unmatchableHash();

async function bySecret(
  store: Pick<Store, "findCaller">,
  turns: LoginTurns,
  remembered: RememberedCallers,
  version: number,
  claim: Claim,
  address: string,
  today: string,
): Promise<KnownCaller | undefined> {
  return turns.check(address, async () => {
    // While it waited for its turn the same may have come from another address, and been right.
    const meanwhile = remembered.recall(version, claim);
    if (meanwhile?.mayCall(address, today)) return meanwhile;
    const record = await store.findCaller(claim.name);
    const isSecret = record?.verifier === "secret";
    const isRight = await verifySecret(claim.secret, isSecret ? record.secretHash : hashOfNobody);
    if (record === undefined || !isRight) return undefined;
    const known = knownCaller(record);
    remembered.remember(version, claim, known);
    return known;
  });
}

/** Calls that ask the same at the same time wait for one answer. */
async function once<T>(underWay: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const asked = underWay.get(key);
  if (asked !== undefined) return asked;
  const answer = ask().finally(() => underWay.delete(key));
  underWay.set(key, answer);
  return answer;
}
