/** Which loads can be gone back to, and which are no longer kept: the same for every engine. */
import { AdresslistaError } from "../errors.js";
import type { Rollback } from "./loads.js";
import type { KeptLoad, LoadRecord } from "./queries.js";

/** `loads`: newest first. Throws AdresslistaError("usage") that says which there are. */
export function rollbackTarget(
  target: number | undefined,
  served: number | undefined,
  loads: readonly KeptLoad[],
): Rollback {
  if (served === undefined) throw cannotRollBack("nothing is loaded", []);
  const possible = loads.filter(({ kept, number }) => kept && number !== served);
  const numbers = possible.map(({ number }) => number);
  if (target === served) throw cannotRollBack(`load ${target} is the one that is served`, numbers);
  if (target !== undefined) {
    if (numbers.includes(target)) return { from: served, to: target };
    throw cannotRollBack(`load ${target} is not kept`, numbers);
  }
  const previous = possible.find(({ number, rolledBack }) => number < served && rolledBack === null);
  if (!previous) throw cannotRollBack(`no older load than ${served} is kept`, numbers);
  return { from: served, to: previous.number };
}

function cannotRollBack(reason: string, possible: readonly number[]): AdresslistaError {
  const others = possible.length === 0 ? "there is none to go back to" : `there are ${possible.join(", ")}`;
  return new AdresslistaError("usage", `${reason}: ${others}`);
}

/** Of the generations that are there (lowest first) those that `keep` leaves no room for: the served one is always left. */
export function removable(
  there: readonly number[],
  served: number,
  keep: number,
  loads: readonly LoadRecord[],
): readonly number[] {
  const rolledBack = new Set(loads.filter((load) => load.rolledBack !== null).map(({ number }) => number));
  const others = there.filter((number) => number !== served);
  const mostExpendableFirst = [
    ...others.filter((number) => rolledBack.has(number)),
    ...others.filter((number) => !rolledBack.has(number)),
  ];
  return mostExpendableFirst.slice(0, Math.max(0, others.length - (keep - 1)));
}
