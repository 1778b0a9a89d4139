import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Findings } from "./findings.js";
import { type Sample, sampleOf, trendOf, workersOf } from "./processes.js";

/** Share of the time that memory needs to come to rest, and the most of it. */
const WARM_UP_SHARE = 0.25;
const LONGEST_WARM_UP_MILLISECONDS = 300_000;
/** What memory may grow by after that: the larger of both. A check of a secret takes 128 MB for a moment. */
const MEMORY_GROWTH = { megabytes: 40, share: 0.15 };
/** In a shorter time it cannot be told from what a process takes until it has come to rest. */
const SHORTEST_JUDGED_MILLISECONDS = 150_000;

/** Memory and handles of the processes, and sizes of files, all along. */
export class Watch {
  readonly #began = performance.now();
  readonly #series = new Map<string, Sample[]>([
    ["primary", []],
    ["oldest worker", []],
    ["younger workers", []],
  ]);
  #largestWal = 0;
  #mostFiles = 0;

  constructor(
    private readonly primary: number,
    private readonly steadyWorker: number,
    private readonly folders: { readonly data: string; readonly temporary: string },
    private readonly findings: Findings,
  ) {}

  sample(): void {
    this.#add("primary", this.primary);
    for (const worker of workersOf(this.primary)) {
      this.#add(worker === this.steadyWorker ? "oldest worker" : "younger workers", worker);
    }
    const wal = join(this.folders.data, "a.sqlite-wal");
    if (existsSync(wal)) this.#largestWal = Math.max(this.#largestWal, statSync(wal).size);
    this.#mostFiles = Math.max(
      this.#mostFiles,
      Object.values(this.folders).reduce((count, folder) => count + readdirSync(folder).length, 0),
    );
  }

  #add(name: string, pid: number): void {
    const sample = sampleOf(pid);
    if (sample !== undefined) this.#series.get(name)?.push(sample);
  }

  now(): string {
    return [...this.#series]
      .map(
        ([name, samples]) =>
          `${name} ${samples.at(-1)?.rssMegabytes.toFixed(0)} MB ${samples.at(-1)?.handles} handles`,
      )
      .join(", ");
  }

  /** Of those who were there all the time. */
  judge(): void {
    for (const name of ["primary", "oldest worker"]) {
      const trend = this.#trend(name);
      if (trend === undefined) {
        continue;
      }
      const allowed = Math.max(MEMORY_GROWTH.megabytes, trend.first * MEMORY_GROWTH.share);
      if (trend.last - trend.first > allowed) {
        this.findings.add(
          "memory grows",
          `${name}: from ${trend.first.toFixed(0)} to ${trend.last.toFixed(0)} MB`,
        );
      }
    }
  }

  #trend(name: string) {
    const samples = this.#series.get(name) ?? [];
    const end = samples.at(-1)?.at ?? 0;
    const warm = Math.min(LONGEST_WARM_UP_MILLISECONDS, (end - this.#began) * WARM_UP_SHARE);
    if (end - this.#began - warm < SHORTEST_JUDGED_MILLISECONDS) return undefined;
    return trendOf(
      samples.filter(({ at }) => at - this.#began >= warm),
      ({ rssMegabytes }) => rssMegabytes,
    );
  }

  rows(): (readonly [string, string])[] {
    const rows = [...this.#series].flatMap(([name, samples]) => {
      const of = (value: (sample: Sample) => number) => {
        const numbers = samples.map(value);
        const shown = [numbers[0] ?? 0, numbers.at(-1) ?? 0, numbers.reduce((a, b) => Math.max(a, b), 0)];
        return `start ${shown[0]?.toFixed(0)}, end ${shown[1]?.toFixed(0)}, most ${shown[2]?.toFixed(0)}`;
      };
      const trend = this.#trend(name);
      const base =
        name === "younger workers"
          ? ""
          : trend === undefined
            ? "; too short a time to judge its growth"
            : `; base after warm-up ${trend.first.toFixed(0)}, at the end ${trend.last.toFixed(0)}`;
      return [
        [`${name}: memory, MB`, `${of(({ rssMegabytes }) => rssMegabytes)}${base}`],
        [`${name}: handles`, of(({ handles }) => handles)],
      ] as const;
    });
    return [
      ...rows,
      ["files in the data and temporary folder", `at most ${this.#mostFiles}`],
      ["write-ahead log, MB", `at most ${(this.#largestWal / 1_048_576).toFixed(1)}`],
    ];
  }
}
