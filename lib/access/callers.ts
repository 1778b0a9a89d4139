import { createHmac, randomBytes } from "node:crypto";
import { codeKey, composed } from "../domain/codes.js";
import type { CallerRecord, Store } from "../store/queries.js";
import { unmatchableHash, verifySecret } from "./secret.js";

/** A portal that has proved who it is. */
export interface Caller {
  readonly name: string;
  /** All institutions, or the keys (`codeKey`) of those whose courses it may see. */
  readonly institutions: "*" | ReadonlySet<string>;
}

/** What a call says of the portal that makes it (contract section 3); the end user is the operations' matter. */
export interface Credentials {
  /** userVO.authinfovo.caller */
  readonly caller?: string | undefined;
  /** userVO.authinfovo.ticket.ticket */
  readonly ticket?: string | undefined;
  /** WS-Security UsernameToken with PasswordText: counts when `caller` is absent. */
  readonly usernameToken?: { readonly username: string; readonly password: string } | undefined;
}

/** How long a caller whose secret was right is let in without the costly check. */
export const REMEMBER_MILLISECONDS = 5 * 60 * 1000;
/** Checks at a time; each takes 128 MiB and a thread of node's pool for a third of a second. */
export const MAX_PARALLEL_CHECKS = 2;

/**
 * Who calls, or undefined when that is not proved. An unknown caller costs the same as a wrong secret. A secret that
 * was right is remembered for some minutes, and forgotten at once when callers were added or removed; one that was
 * wrong is not.
 */
export async function authenticate(
  store: Pick<Store, "callersVersion" | "findCaller">,
  remembered: RememberedCallers,
  credentials: Credentials,
  defaultCaller: string | undefined,
): Promise<Caller | undefined> {
  const claim = claimOf(credentials, defaultCaller);
  if (claim === undefined) return undefined;
  const version = await store.callersVersion();
  return (
    remembered.recall(version, claim) ??
    inTurn(async () => remembered.recall(version, claim) ?? (await verify(store, remembered, version, claim)))
  );
}

/** May the caller see something that these institutions give? Something of no institution only with rights to all. */
export function mayAccess(caller: Caller, institutions: readonly string[]): boolean {
  const { institutions: allowed } = caller;
  return allowed === "*" || institutions.some((institution) => allowed.has(codeKey(institution)));
}

/** Callers' names are compared as they stand, but for surrounding blanks and how letters are composed. */
export function callerName(name: string): string {
  return composed(name.trim());
}

export interface Claim {
  readonly name: string;
  readonly secret: string;
}

export interface RememberedCallers {
  recall(callersVersion: number, claim: Claim): Caller | undefined;
  remember(callersVersion: number, claim: Claim, caller: Caller): void;
}

/**
 * A memory of verified callers for one process. It holds no secrets, only their hashes under a key of its own, and
 * only right ones: never more entries than there are callers.
 */
export function rememberCallers(now: () => number = () => performance.now()): RememberedCallers {
  const hashKey = randomBytes(32);
  const verified = new Map<string, { readonly caller: Caller; readonly until: number }>();
  let knownVersion: number | undefined;

  const keyOf = ({ name, secret }: Claim) =>
    createHmac("sha256", hashKey)
      .update(JSON.stringify([name, secret]))
      .digest("base64");

  return {
    recall(callersVersion, claim) {
      if (callersVersion !== knownVersion) {
        verified.clear();
        knownVersion = callersVersion;
        return undefined;
      }
      const key = keyOf(claim);
      const entry = verified.get(key);
      if (entry === undefined) return undefined;
      if (now() < entry.until) return entry.caller;
      verified.delete(key);
      return undefined;
    },
    remember(callersVersion, claim, caller) {
      // Verified under callers of before: whoever was removed meanwhile must not come back.
      if (callersVersion !== knownVersion) return;
      verified.set(keyOf(claim), { caller, until: now() + REMEMBER_MILLISECONDS });
    },
  };
}

function claimOf(credentials: Credentials, defaultCaller: string | undefined): Claim | undefined {
  const { caller, ticket, usernameToken } = credentials;
  if (!caller && usernameToken) return claim(usernameToken.username, usernameToken.password);
  return claim(caller || defaultCaller, ticket);
}

function claim(name: string | undefined, secret: string | undefined): Claim | undefined {
  return name && secret ? { name: callerName(name), secret } : undefined;
}

const hashOfNobody = unmatchableHash();

async function verify(
  store: Pick<Store, "findCaller">,
  remembered: RememberedCallers,
  version: number,
  claim: Claim,
): Promise<Caller | undefined> {
  const record = await store.findCaller(claim.name);
  const isRight = await verifySecret(claim.secret, record?.secretHash ?? hashOfNobody);
  if (record === undefined || !isRight) return undefined;
  const caller = callerOf(record);
  remembered.remember(version, claim, caller);
  return caller;
}

function callerOf({ name, institutions }: CallerRecord): Caller {
  return { name, institutions: institutions === "*" ? "*" : new Set(institutions.map(codeKey)) };
}

const waiting: (() => void)[] = [];
let running = 0;

/** Runs at most MAX_PARALLEL_CHECKS at a time, the others in the order they came. */
async function inTurn<T>(check: () => Promise<T>): Promise<T> {
  if (running >= MAX_PARALLEL_CHECKS) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await check();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}
