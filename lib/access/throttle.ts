import { createHash } from "node:crypto";
import { networkOf } from "../domain/networks.js";
import type { Store } from "../store/queries.js";

/** So many wrong logins in a row are a mistake; from the next one on each is answered later than the one before. */
export const FREE_FAILURES = 5;
const FIRST_PAUSE_MILLISECONDS = 250;
export const LONGEST_PAUSE_MILLISECONDS = 8_000;
/** Failures are forgotten when there have been none for so long. */
export const FORGET_FAILURES_MILLISECONDS = 15 * 60 * 1000;

/** How long the refusal waits after so many failures in a row. A right login never waits: nobody can lock another out. */
export function pauseAfter(failures: number): number {
  if (failures <= FREE_FAILURES) return 0;
  return Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** (failures - FREE_FAILURES - 1), LONGEST_PAUSE_MILLISECONDS);
}

/**
 * Notes a wrong login, for all processes of the service, and gives the milliseconds that its refusal is to wait: by
 * what has failed before from its address, or for its name, known or not.
 */
export async function noteFailure(
  store: Pick<Store, "failedLogins" | "noteFailedLogin">,
  name: string,
  address: string,
  now: number,
): Promise<number> {
  const keys = [keyOf("address", networkOf(address)), keyOf("caller", name)];
  const after = now - FORGET_FAILURES_MILLISECONDS;
  await store.noteFailedLogin(keys, now, after);
  const counts = (await store.failedLogins(keys, after)).map((failed) => failed?.count ?? 0);
  return pauseAfter(Math.max(...counts));
}

/** Of a hash so little that what somebody typed as a name, perhaps a number or a secret, cannot be found from it. */
const KEY_CHARACTERS = 4;

function keyOf(kind: "address" | "caller", text: string): string {
  const hash = createHash("sha256").update(text).digest("hex");
  return `${kind}:${kind === "address" ? hash : hash.slice(0, KEY_CHARACTERS)}`;
}
