import { bombard, type Load, type Round, type Target } from "./bombard.js";
import { median } from "./support.js";

export interface Rounds {
  readonly rounds: number;
  readonly seconds: number;
}

/** Until code is compiled and pages are read. */
const WARMING_SECONDS = 1;

export async function warm(target: Target, load: Pick<Load, "requestsFile" | "concurrency">): Promise<void> {
  await bombard(target, { ...load, seconds: WARMING_SECONDS });
}

/** Several rounds, the targets in turn in each, so that what else the machine does meets them alike. Medians. */
export async function compare<Name extends string>(
  targets: Readonly<Record<Name, Target>>,
  load: Pick<Load, "requestsFile" | "concurrency">,
  { rounds, seconds }: Rounds,
): Promise<Readonly<Record<Name, Round>>> {
  const names = Object.keys(targets) as Name[];
  const measured = new Map<Name, Round[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) measured.get(name)?.push(await bombard(targets[name], { ...load, seconds }));
  }
  const medians = names.map((name) => [name, middle(measured.get(name) ?? [])] as const);
  return Object.fromEntries(medians) as Record<Name, Round>;
}

export function middle(rounds: readonly Round[]): Round {
  const of = (figure: keyof Round) => median(rounds.map((round) => round[figure]));
  return {
    callsPerSecond: of("callsPerSecond"),
    processorMilliseconds: of("processorMilliseconds"),
    callingMilliseconds: of("callingMilliseconds"),
    p50: of("p50"),
    p99: of("p99"),
  };
}
