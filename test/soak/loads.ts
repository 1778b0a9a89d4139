import { readdirSync } from "node:fs";
import type { Random } from "../../lib/sample/random.js";
import { type Exports, VARIANTS, type Variant } from "./exports.js";
import type { Findings } from "./findings.js";
import type { Outcome, Program } from "./program.js";
import type { Timeline } from "./timeline.js";

/** What is done to the service's data, over and over: each of it between loads that succeed. */
const STEPS = [
  "load",
  "refused: fewer",
  "load",
  "rollback",
  "load",
  "broken",
  "load",
  "killed",
  "load",
  "refused: older",
  "load",
  "unchanged",
  "load",
  "two at once",
  "load",
  "killed",
] as const;
export type Step = (typeof STEPS)[number];

/** The setting keepGenerations, as it comes. */
const KEEP_GENERATIONS = 3;

const EXIT = { ok: 0, export: 6, guard: 7, busy: 9 } as const;

/** Loads exports, and what else a night may bring, one thing at a time. */
export class Loads {
  readonly counts = new Map<Step, number>();
  /** Which export a load is of. */
  readonly #variants = new Map<number, Variant>();
  #steps = 0;
  #loadMilliseconds = 1_000;

  constructor(
    private readonly program: Program,
    private readonly exports: Exports,
    private readonly served: Timeline<Variant>,
    private readonly findings: Findings,
    private readonly dataFolder: string,
    private readonly random: Random,
  ) {}

  async next(): Promise<void> {
    await this.step(STEPS[this.#steps++ % STEPS.length] as Step);
  }

  async step(step: Step): Promise<void> {
    this.counts.set(step, (this.counts.get(step) ?? 0) + 1);
    try {
      await this.#do(step);
    } catch (error) {
      this.findings.add("a step of the soak failed", `${step}: ${(error as Error).message}`);
    }
    this.#lookAtFiles(step);
  }

  async #do(step: Step): Promise<void> {
    const { served, exports } = this;
    switch (step) {
      case "load":
        await this.#load(this.#other());
        return;
      case "refused: fewer":
        return this.#expect(step, await this.#reload(exports.withFewer(), GUARDING), EXIT.guard);
      case "refused: older":
        return this.#expect(step, await this.#reload(exports.old(this.#other())), EXIT.guard);
      case "broken":
        return this.#expect(step, await this.#reload(exports.broken(this.#other())), EXIT.export);
      case "unchanged": {
        const file = await this.#load(this.#other());
        this.#expect(step, await this.#reload(file), EXIT.ok);
        return;
      }
      case "two at once": {
        const variant = this.#other();
        const file = exports.next(variant);
        served.changing(variant);
        const outcomes = await Promise.all([this.#reload(file), this.#reload(file)]);
        this.#noteLoad(variant, ...outcomes);
        served.settled(variant);
        const codes = outcomes.map(({ code }) => code).sort();
        // The second finds the first one running, or done.
        if (codes[0] !== EXIT.ok || (codes[1] !== EXIT.busy && codes[1] !== EXIT.ok)) {
          this.findings.add("a reload ended otherwise", `${step}: ${codes}`);
        }
        return;
      }
      case "killed":
        return this.#killed(this.#other());
      case "rollback":
        return this.#rollback();
    }
  }

  async #load(variant: Variant): Promise<string> {
    const file = this.exports.next(variant);
    this.served.changing(variant);
    const began = performance.now();
    const outcome = await this.#reload(file);
    this.#loadMilliseconds = performance.now() - began;
    this.#noteLoad(variant, outcome);
    this.served.settled(outcome.code === EXIT.ok ? variant : undefined);
    this.#expect("load", outcome, EXIT.ok);
    return file;
  }

  async #killed(variant: Variant): Promise<void> {
    const before = (await this.#status()).generation;
    const file = this.exports.next(variant);
    this.served.changing(variant);
    const killAfter = this.random.below(Math.ceil(this.#loadMilliseconds));
    await this.program.run(["reload", "--file", file], { killAfter });
    const { generation } = await this.#status();
    if (generation !== before) this.#variants.set(generation, variant);
    this.served.settled(generation === before ? undefined : variant);
  }

  async #rollback(): Promise<void> {
    const { kept } = await this.#status();
    const known = kept.filter(({ load }) => this.#variants.has(load));
    const target = known.find(({ load }) => this.#variants.get(load) !== this.served.state) ?? known[0];
    if (target === undefined) return;
    const variant = this.#variants.get(target.load) as Variant;
    this.served.changing(variant);
    const outcome = await this.program.run(["rollback", String(target.load)]);
    this.served.settled(outcome.code === EXIT.ok ? variant : undefined);
    this.#expect("rollback", outcome, EXIT.ok);
  }

  #reload(file: string, settings: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    return this.program.run(["reload", "--json", "--file", file], { settings });
  }

  async #status(): Promise<{ generation: number; kept: readonly { load: number }[] }> {
    return JSON.parse((await this.program.done(["status", "--json"])).stdout);
  }

  #noteLoad(variant: Variant, ...outcomes: readonly Outcome[]): void {
    for (const { code, stdout } of outcomes) {
      if (code !== EXIT.ok) continue;
      const { report } = JSON.parse(stdout) as { report?: { load: number } };
      if (report !== undefined) this.#variants.set(report.load, variant);
    }
  }

  #expect(step: Step, { code, stderr }: Outcome, expected: number): void {
    if (code !== expected) {
      this.findings.add(
        "a reload ended otherwise",
        `${step}: ${code} instead of ${expected}: ${stderr.slice(-300)}`,
      );
    }
  }

  /** Another export than the one that is served. */
  #other(): Variant {
    return this.random.pick(VARIANTS.filter((variant) => variant !== this.served.state));
  }

  /** What a killed load has left is there until the next one. */
  #lookAtFiles(step: Step): void {
    const names = readdirSync(this.dataFolder);
    const generations = names.filter((name) => /\.load-\d+\.sqlite$/.test(name));
    if (generations.length > KEEP_GENERATIONS + (step === "killed" ? 1 : 0)) {
      this.findings.add(
        "more generations are kept than there should be",
        `after ${step}: ${generations.join(" ")}`,
      );
    }
    const strange = names.filter((name) => !USUAL_FILE.test(name));
    if (step === "load" && strange.length > 0) {
      this.findings.add("files are left in the data folder", `after ${step}: ${strange.join(" ")}`);
    }
  }
}

const GUARDING = { ADRESSLISTA_GUARD_FEWER_PERCENT: "20" };
export const USUAL_FILE = /^a\.(?:sqlite(?:-wal|-shm|\.reload-lock)?|status\.json|audit|load-\d+\.sqlite)$/;
