import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_DATETIME, generateExport } from "../../lib/sample/generate.js";

const REGISTER = { persons: 4000, occasions: 240, memberships: 12_000 } as const;
/** Other people under the same ids, in the same courses. */
const SEEDS = [11, 12, 13] as const;
/** An export that has lost most of its people. */
const FEWER = { persons: 400, occasions: 24, memberships: 1200, seed: 14 } as const;

/** Which of the exports: its place in SEEDS. */
export type Variant = number;
export const VARIANTS: readonly Variant[] = SEEDS.map((_, variant) => variant);

/** Exports that follow each other: each is made later than the one before, whatever is in it. */
export class Exports {
  readonly #texts = SEEDS.map((seed) => textOf({ ...REGISTER, seed }));
  readonly #fewer = textOf(FEWER);
  #made = 0;

  constructor(private readonly folder: string) {}

  next(variant: Variant): string {
    return this.#write(this.#texts[variant] as string);
  }

  /** A guard refuses it, when the settings are those that the service comes with. */
  withFewer(): string {
    return this.#write(this.#fewer);
  }

  /** It ends in the middle. */
  broken(variant: Variant): string {
    const text = this.#texts[variant] as string;
    return this.#write(text.slice(0, Math.floor(text.length * 0.7)));
  }

  /** Made before everything that was loaded. */
  old(variant: Variant): string {
    return this.#write(this.#texts[variant] as string, "2026-09-01T02:15:00");
  }

  #write(text: string, datetime = this.#nextDatetime()): string {
    const file = join(this.folder, "export.xml");
    writeFileSync(file, text.replace(DEFAULT_DATETIME, datetime));
    return file;
  }

  /** By minutes, so that all are of the same half-year. */
  #nextDatetime(): string {
    this.#made += 1;
    return new Date(Date.parse(`${DEFAULT_DATETIME}Z`) + this.#made * 60_000).toISOString().slice(0, 19);
  }
}

function textOf(options: Parameters<typeof generateExport>[0]): string {
  return [...generateExport(options)].join("");
}
