/** Details that are kept of each kind of what is wrong. */
const SHOWN = 8;
/** From so many on nothing new is learnt by going on. */
export const TOO_MANY = 500;

/** What is wrong, by kind. */
export class Findings {
  readonly #kinds = new Map<string, { count: number; details: string[] }>();

  add(kind: string, detail: string): void {
    const found = this.#kinds.get(kind) ?? { count: 0, details: [] };
    this.#kinds.set(kind, found);
    found.count += 1;
    if (found.details.length < SHOWN) found.details.push(detail);
  }

  get count(): number {
    return [...this.#kinds.values()].reduce((sum, { count }) => sum + count, 0);
  }

  lines(): string[] {
    return [...this.#kinds].flatMap(([kind, { count, details }]) => [
      `WRONG: ${kind} (${count})`,
      ...details.map((detail) => `  ${detail}`),
      ...(count > details.length ? [`  and ${count - details.length} more`] : []),
    ]);
  }
}
