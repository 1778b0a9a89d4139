import { codeKey, composed } from "../domain/codes.js";
import { within } from "../domain/networks.js";
import type { CallerRecord } from "../store/queries.js";

/** A portal that has proved who it is. */
export interface Caller {
  readonly name: string;
  /** All institutions, or the keys (`codeKey`) of those whose courses it may see. */
  readonly institutions: "*" | ReadonlySet<string>;
  /** Whose register has it, where callers of several are told apart by their names; absent: the service's own. */
  readonly tenant?: string;
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

/** A registered caller, ready to be asked about each of its calls. */
export interface KnownCaller {
  readonly caller: Caller;
  readonly record: CallerRecord;
  /** From this address and on this day (in Sweden, ÅÅÅÅ-MM-DD)? */
  mayCall(address: string, today: string): boolean;
}

export function knownCaller(record: CallerRecord & { readonly tenant?: string | undefined }): KnownCaller {
  const { name, institutions, addresses, expires, tenant } = record;
  const isItsAddress = addresses.length === 0 ? () => true : within(addresses);
  return {
    caller: {
      name,
      institutions: institutions === "*" ? "*" : new Set(institutions.map(codeKey)),
      ...(tenant === undefined ? {} : { tenant }),
    },
    record,
    mayCall: (address, today) => isItsAddress(address) && (expires === null || today <= expires),
  };
}
