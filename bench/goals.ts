/** What is to be reached, as ratios within one run. */
export interface Goal {
  readonly what: string;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit?: string;
}

export const GOALS = {
  bare100: {
    what: "getAdrLista, 100 participants, not remembered: calls/s beside bare node:http, concurrency 8",
    bound: { atLeast: 0.2 },
  },
  bare100Remembered: { what: "the same, remembered", bound: { atLeast: 0.45 } },
  bare1000: {
    what: "getAdrLista, 1 000 participants, not remembered: calls/s beside bare node:http, concurrency 8",
    bound: { atLeast: 0.2 },
  },
  bare1000Remembered: { what: "the same, remembered", bound: { atLeast: 0.6 } },
  gsoap: { what: "calls per second of processor time beside gSOAP, 100 participants", bound: { atLeast: 4 } },
  "c-sqlite": { what: "the same beside C with the join in SQLite", bound: { atLeast: 2 } },
  "soap-listen": { what: "the same beside soap.listen", bound: { atLeast: 20 } },
  workers: { what: "--workers 2: calls/s beside one worker, concurrency 32", bound: { atLeast: 1.7 } },
  p99: { what: "p99 beside p50 at concurrency 32, 100 participants", bound: { atMost: 5 } },
  reload: {
    what: "calls/s during a reload of 60 000 persons beside the usual, concurrency 8",
    bound: { atLeast: 0.6 },
  },
  memory: { what: "resident memory with 1 000 000 persons", bound: { atMost: 200 }, unit: " MB" },
  start: { what: "start to first answer with 1 000 000 persons", bound: { atMost: 1 }, unit: " s" },
  postgresLoad: {
    what: "load of 60 000 persons into PostgreSQL beside a bare COPY of its rows",
    bound: { atMost: 4 },
    unit: " times",
  },
  growth: {
    what: "processor time of a call, 1 000 to 1 000 000 persons: largest beside smallest",
    bound: { atMost: 1.2 },
  },
} as const satisfies Readonly<Record<string, Goal>>;

export type GoalName = keyof typeof GOALS;

export function isMet({ bound }: Goal, value: number): boolean {
  return "atLeast" in bound ? value >= bound.atLeast : value <= bound.atMost;
}

/**
 * Lines of a Markdown table; `unmeasured` says why a goal has no value in this run, `remarks` what is to be known of one
 * that has.
 */
export function goalTable(
  values: ReadonlyMap<GoalName, number>,
  remarks: ReadonlyMap<GoalName, string>,
  unmeasured: (goal: GoalName) => string,
): readonly string[] {
  const remarkOf = (name: GoalName) => (remarks.has(name) ? `: ${remarks.get(name)}` : "");
  return [
    "| goal | bound | measured | |",
    "|---|---|---|---|",
    ...(Object.entries(GOALS) as [GoalName, Goal][]).map(([name, goal]) => {
      const { what, bound, unit = "" } = goal;
      const value = values.get(name);
      const shown = "atLeast" in bound ? `≥ ${bound.atLeast}` : `≤ ${bound.atMost}`;
      const told =
        value === undefined
          ? ["–", unmeasured(name)]
          : [`${rounded(value)}${unit}`, `${isMet(goal, value) ? "met" : "**not met**"}${remarkOf(name)}`];
      return `| ${what} | ${shown}${unit} | ${told.join(" | ")} |`;
    }),
  ];
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
