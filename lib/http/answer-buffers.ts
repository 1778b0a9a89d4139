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
/** What waits to be used again. */
const MAX_IDLE_BYTES = 4 * 1024 * 1024;

export function answerBuffers(maxIdleBytes = MAX_IDLE_BYTES): AnswerBuffers {
  /** By size, which are powers of two; the last to come back, which the processor still has at hand, goes first. */
  const idle = new Map<number, Buffer[]>();
  let idleBytes = 0;

  const take = (size: number): Buffer => {
    const known = idle.get(size)?.pop();
    if (known === undefined) return Buffer.allocUnsafeSlow(size);
    idleBytes -= size;
    return known;
  };

  const giveBack = (buffer: Buffer): void => {
    const size = buffer.length;
    if (idleBytes + size > maxIdleBytes) return;
    idleBytes += size;
    const ofSize = idle.get(size);
    if (ofSize === undefined) idle.set(size, [buffer]);
    else ofSize.push(buffer);
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
