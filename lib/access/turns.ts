import { networkOf } from "../domain/networks.js";
import { AdresslistaError } from "../errors.js";

/** Costly checks at a time; each takes 128 MiB and a thread of node's pool for a third of a second. */
export const MAX_PARALLEL_CHECKS = 2;
/** Logins of one address (or IPv6 network) that are checked, wait for it, or wait for their refusal. */
export const MAX_LOGINS_PER_ADDRESS = 16;
/** The same of all. */
export const MAX_LOGINS = 512;

export interface LoginTurns {
  /** Runs a login of that address, or throws AdresslistaError "busy" when it, or all together, have too many. */
  admit<T>(address: string, login: () => Promise<T>): Promise<T>;
  /** Runs a costly check when it is its turn: each address has one in turn, whoever has sent more. */
  check<T>(address: string, check: () => Promise<T>): Promise<T>;
}

export function loginTurns(): LoginTurns {
  const logins = new Map<string, number>();
  let allLogins = 0;
  /** Addresses in the order of their next turn. */
  const waiting = new Map<string, (() => void)[]>();
  let running = 0;

  const count = (address: string, change: 1 | -1) => {
    allLogins += change;
    const now = (logins.get(address) ?? 0) + change;
    if (now === 0) logins.delete(address);
    else logins.set(address, now);
  };

  const next = (): (() => void) | undefined => {
    const [first] = waiting;
    if (first === undefined) return undefined;
    const [address, queue] = first;
    waiting.delete(address);
    const start = queue.shift();
    if (queue.length > 0) waiting.set(address, queue);
    return start;
  };

  return {
    async admit(from, login) {
      const address = networkOf(from);
      if (allLogins >= MAX_LOGINS || (logins.get(address) ?? 0) >= MAX_LOGINS_PER_ADDRESS) {
        throw new AdresslistaError("busy", "Too many logins are being checked; try again in some seconds.", {
          expose: true,
        });
      }
      count(address, 1);
      try {
        return await login();
      } finally {
        count(address, -1);
      }
    },

    async check(from, check) {
      if (running < MAX_PARALLEL_CHECKS) running++;
      else {
        const address = networkOf(from);
        await new Promise<void>((start) => {
          const queue = waiting.get(address);
          if (queue === undefined) waiting.set(address, [start]);
          else queue.push(start);
        });
      }
      try {
        return await check();
      } finally {
        const start = next();
        if (start === undefined) running--;
        else start();
      }
    },
  };
}
