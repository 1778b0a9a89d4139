/**
 * Memory that answers are written in, used again when they have been sent: a new buffer for each would be memory that has
 * to be mapped, met for the first time, and collected, which costs more than writing the answer.
 */
export interface AnswerBuffers {
  /** For one call. */
  lend(): LentBuffer;
}

export interface LentBuffer {
  /** Room for so many bytes, with whatever stood there before. */
  take(bytes: number): Buffer;
  /** Only when nothing reads any more what `take` has given: it is somebody else's from now on. */
  giveBack(): void;
}

/** Node cuts what is smaller from larger pieces by itself. */
const SMALLEST_BYTES = 4 * 1024;
/** An answer that is larger is rare. */
const LARGEST_BYTES = 1024 * 1024;
/** What waits to be used again: as much as long answers to many callers at a time take. */
const MAX_IDLE_BYTES = 16 * 1024 * 1024;
/** What nobody has needed for so long is let go. */
const MAX_IDLE_MILLISECONDS = 10_000;

interface BuffersOfSize {
  readonly size: number;
  /** The last to come back, which the processor still has at hand, goes first. */
  readonly idle: Buffer[];
  /** When the last one was asked for, as a number that grows. */
  lastTake: number;
}

export function answerBuffers(
  maxIdleBytes = MAX_IDLE_BYTES,
  maxIdleMilliseconds = MAX_IDLE_MILLISECONDS,
): AnswerBuffers {
  /** Sizes are powers of two: there are few. */
  const sizes = new Map<number, BuffersOfSize>();
  let idleBytes = 0;
  let takes = 0;
  let cleaning: NodeJS.Timeout | undefined;
  let takesAtCleaning = 0;

  const ofSize = (size: number): BuffersOfSize => {
    const known = sizes.get(size);
    if (known !== undefined) return known;
    const made = { size, idle: [], lastTake: 0 };
    sizes.set(size, made);
    return made;
  };

  const take = (size: number): Buffer => {
    const buffers = ofSize(size);
    takes += 1;
    buffers.lastTake = takes;
    const known = buffers.idle.pop();
    if (known === undefined) return Buffer.allocUnsafeSlow(size);
    idleBytes -= size;
    return known;
  };

  const letGo = (buffers: BuffersOfSize): void => {
    buffers.idle.pop();
    idleBytes -= buffers.size;
  };

  /** Of the sizes that have idle ones, but for this one, that which was needed the longest ago. */
  const leastNeeded = (but: BuffersOfSize): BuffersOfSize | undefined => {
    let found: BuffersOfSize | undefined;
    for (const buffers of sizes.values()) {
      if (buffers === but || buffers.idle.length === 0) continue;
      if (found === undefined || buffers.lastTake < found.lastTake) found = buffers;
    }
    return found;
  };

  const clean = (): void => {
    for (const buffers of sizes.values()) {
      while (buffers.lastTake <= takesAtCleaning && buffers.idle.length > 0) letGo(buffers);
    }
    cleaning = undefined;
    if (idleBytes > 0) cleanLater();
  };

  const cleanLater = (): void => {
    takesAtCleaning = takes;
    cleaning = setTimeout(clean, maxIdleMilliseconds);
    cleaning.unref();
  };

  const giveBack = (buffer: Buffer): void => {
    const size = buffer.length;
    const buffers = ofSize(size);
    while (idleBytes + size > maxIdleBytes) {
      // Else what was needed once would be in the way of what is needed now.
      const other = leastNeeded(buffers);
      if (other === undefined) return;
      letGo(other);
    }
    idleBytes += size;
    buffers.idle.push(buffer);
    if (cleaning === undefined) cleanLater();
  };

  return {
    lend() {
      let whole: Buffer | undefined;
      return {
        take(bytes) {
          if (bytes <= SMALLEST_BYTES || bytes > LARGEST_BYTES || whole !== undefined)
            return Buffer.allocUnsafe(bytes);
          whole = take(powerOfTwo(bytes));
          return whole.subarray(0, bytes);
        },
        giveBack() {
          if (whole !== undefined) giveBack(whole);
          whole = undefined;
        },
      };
    },
  };
}

function powerOfTwo(atLeast: number): number {
  return 2 ** (32 - Math.clz32(atLeast - 1));
}
