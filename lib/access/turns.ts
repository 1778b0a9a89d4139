import { networkOf } from "../domain/networks.js";
import { AdresslistaError } from "../errors.js";

/** Costly checks at a time; each takes 128 MiB and a thread of node's pool for a third of a second. */
export const MAX_PARALLEL_CHECKS = 2;
/** Logins of one address (or IPv6 network) that are checked, wait for it, or wait for their refusal. */
export const MAX_LOGINS_PER_ADDRESS = 16;
/** The same of all. What each has sent is kept meanwhile: up to some megabytes. */
export const MAX_LOGINS = 128;

export interface LoginTurns {
  /** Runs a login of that address, or throws AdresslistaError "busy" when it, or all together, have too many. */
  admit<T>(address: string, login: () => Promise<T>): Promise<T>;
  /** Runs a costly check when it is its turn: each address has one in turn, whoever has sent more. */
  check<T>(address: string, check: () => Promise<T>): Promise<T>;
}

interface Waiting {
  start(): void;
  refuse(error: AdresslistaError): void;
}

export function loginTurns(): LoginTurns {
  const logins = new Map<string, number>();
  let allLogins = 0;
  /** Addresses in the order of their next turn. */
  const waiting = new Map<string, Waiting[]>();
  let running = 0;

  const count = (address: string, change: 1 | -1) => {
    allLogins += change;
    const now = (logins.get(address) ?? 0) + change;
    if (now === 0) logins.delete(address);
    else logins.set(address, now);
  };

  /** Sends the last of those away who have most in the queue, for one who has fewer. False: nobody has more. */
  const makeRoomFor = (address: string): boolean => {
    const own = logins.get(address) ?? 0;
    let longest: Waiting[] = [];
    for (const queue of waiting.values()) if (queue.length > longest.length) longest = queue;
    if (longest.length <= own + 1) return false;
    longest.pop()?.refuse(busy());
    return true;
  };

  const next = (): Waiting | undefined => {
    const [first] = waiting;
    if (first === undefined) return undefined;
    const [address, queue] = first;
    waiting.delete(address);
    const one = queue.shift();
    if (queue.length > 0) waiting.set(address, queue);
    return one;
  };

  return {
    async admit(from, login) {
      const address = networkOf(from);
      if ((logins.get(address) ?? 0) >= MAX_LOGINS_PER_ADDRESS) throw busy();
      if (allLogins >= MAX_LOGINS && !makeRoomFor(address)) throw busy();
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
        await new Promise<void>((start, refuse) => {
          const queue = waiting.get(address);
          if (queue === undefined) waiting.set(address, [{ start, refuse }]);
          else queue.push({ start, refuse });
        });
      }
      try {
        return await check();
      } finally {
        const one = next();
        if (one === undefined) running--;
        else one.start();
      }
    },
  };
}

function busy(): AdresslistaError {
  return new AdresslistaError("busy", "Too many logins are being checked; try again in some seconds.", {
    expose: true,
  });
}
