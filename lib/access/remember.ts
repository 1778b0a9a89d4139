import { hash, randomBytes } from "node:crypto";
import type { KnownCaller } from "./callers.js";

/** How long a caller whose secret was right is let in without the costly check. */
export const REMEMBER_MILLISECONDS = 5 * 60 * 1000;

/** What a caller with the verifier `secret` says. */
export interface Claim {
  readonly name: string;
  readonly secret: string;
}

export interface RememberedCallers {
  recall(callersVersion: number, claim: Claim): KnownCaller | undefined;
  remember(callersVersion: number, claim: Claim, caller: KnownCaller): void;
  /** The same for the same claim, and nothing that tells what it is. */
  keyOf(claim: Claim): string;
}

/**
 * A memory of verified callers for one process. It holds no secrets, only their hashes under a key of its own, and
 * only right ones: never more entries than there are callers.
 */
export function rememberCallers(now: () => number = () => performance.now()): RememberedCallers {
  const hashKey = randomBytes(32).toString("base64");
  const verified = new Map<string, { readonly caller: KnownCaller; readonly until: number }>();
  let knownVersion: number | undefined;

  const keyOf = ({ name, secret }: Claim) =>
    hash("sha256", hashKey + JSON.stringify([name, secret]), "base64");

  return {
    keyOf,
    recall(callersVersion, claim) {
      // A check that began before callers changed is no reason to forget those after.
      if (knownVersion !== undefined && callersVersion < knownVersion) return undefined;
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
