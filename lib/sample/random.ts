/**
 * A small seeded generator of pseudo-random numbers: the same seed gives the same numbers on every machine and
 * every version of Node (`Math.random` promises neither). Marsaglia's xorshift on 32 bits; made for sample data,
 * never for secrets.
 */
export interface Random {
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  /** True in about `percent` of 100 calls. */
  chance(percent: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** A new array with the same items in another order. */
  shuffle<T>(items: readonly T[]): T[];
}

const UINT32 = 0x1_0000_0000;

/** `stream` numbers independent sequences of one seed, so that any record can be made without those before it. */
export function createRandom(seed: number, stream = 0): Random {
  let state = scramble(scramble(seed >>> 0) + (stream >>> 0)) || 1; // xorshift stands still at 0

  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const below = (limit: number): number => Math.floor((next() / UINT32) * limit);

  return {
    below,
    chance: (percent) => below(100) < percent,
    pick: <T>(choices: readonly T[]): T => {
      if (choices.length === 0) throw new RangeError("nothing to pick from");
      return choices[below(choices.length)] as T;
    },
    shuffle: <T>(items: readonly T[]): T[] => {
      const shuffled = [...items];
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = below(last + 1);
        [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
      }
      return shuffled;
    },
  };
}

/** Spreads neighbouring seeds over all 32 bits, since xorshift starts alike from like states. */
function scramble(value: number): number {
  let bits = (value + 0x9e3779b9) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 13), 0x297a2d39);
  return (bits ^ (bits >>> 16)) >>> 0;
}
