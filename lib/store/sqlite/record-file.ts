import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";

/**
 * Texts that wait outside memory: appended one by one, read back one by one or in any order that is known beforehand.
 * Its file has no name: it is gone when the process ends, however that ends.
 */
export interface RecordFile {
  /** Number of the new record, from 0. */
  append(text: string): number;
  read(record: number): string;
  /**
   * These records, in this order. They are fetched as many at a time as a window of memory holds, in one pass through
   * the file for each window: reading them one by one from here and there would take five times as long.
   */
  inOrder(records: Int32Array, windowBytes?: number): IterableIterator<string>;
  close(): void;
}

/** Bytes that are written and read at a time. */
const BUFFER_BYTES = 1024 * 1024;
/** Bytes of records that `inOrder` has in memory. */
const WINDOW_BYTES = 12 * 1024 * 1024;
const PRIVATE_FILE = 0o600;

/** `path`: where the file stands for the moment that it has a name. */
export function recordFile(path: string): RecordFile {
  const file = openNameless(path);
  /** Where each record begins, and where the last one ends. */
  let starts = new Float64Array(1024);
  let count = 0;
  let buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  let written = 0;
  let waiting = 0;

  const flush = () => {
    writeWhole(file, buffer.subarray(0, waiting));
    written += waiting;
    waiting = 0;
  };
  const lengthOf = (record: number) => (starts[record + 1] as number) - (starts[record] as number);

  return {
    append(text) {
      // no character takes more than three bytes for each of its code units
      if (waiting + text.length * 3 > buffer.length) {
        flush();
        if (text.length * 3 > buffer.length) buffer = Buffer.allocUnsafeSlow(text.length * 3);
      }
      waiting += buffer.write(text, waiting, "utf8");
      if (count + 2 > starts.length) {
        const larger = new Float64Array(starts.length * 2);
        larger.set(starts);
        starts = larger;
      }
      starts[count + 1] = written + waiting;
      return count++;
    },

    read(record) {
      const start = starts[record] as number;
      const length = lengthOf(record);
      if (start >= written) return buffer.toString("utf8", start - written, start - written + length);
      const bytes = Buffer.allocUnsafe(length);
      readWhole(file, bytes, start);
      return bytes.toString("utf8");
    },

    *inOrder(records, windowBytes = WINDOW_BYTES) {
      flush();
      const place = new Int32Array(count);
      for (let from = 0; from < records.length; ) {
        let to = from;
        let size = 0;
        // at least one, however large it is
        while (
          to < records.length &&
          (to === from || size + lengthOf(records[to] as number) <= windowBytes)
        ) {
          size += lengthOf(records[to++] as number);
        }
        const window = Buffer.allocUnsafeSlow(size);
        fetchInto(window, records.subarray(from, to), place);
        let at = 0;
        for (; from < to; from++) {
          const end = at + lengthOf(records[from] as number);
          yield window.toString("utf8", at, end);
          at = end;
        }
      }
    },

    close: () => closeSync(file),
  };

  /** `place`: room for a number for each record of the file. */
  function fetchInto(window: Buffer, records: Int32Array, place: Int32Array): void {
    place.fill(-1);
    let at = 0;
    for (const record of records) {
      place[record] = at;
      at += lengthOf(record);
    }
    let loaded = 0;
    let loadedEnd = 0;
    for (let record = 0; record < count; record++) {
      const to = place[record] as number;
      if (to < 0) continue;
      const start = starts[record] as number;
      const end = starts[record + 1] as number;
      if (end > loadedEnd) {
        loaded = start;
        loadedEnd = Math.max(end, Math.min(written, start + buffer.length));
        readWhole(file, buffer.subarray(0, loadedEnd - loaded), loaded);
      }
      buffer.copy(window, to, start - loaded, end - loaded);
    }
  }
}

function openNameless(path: string): number {
  rmSync(path, { force: true });
  const file = openSync(path, "wx+", PRIVATE_FILE);
  rmSync(path);
  return file;
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

function readWhole(file: number, bytes: Buffer, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(file, bytes, at, bytes.length - at, position + at);
    if (read === 0) throw Object.assign(new Error("a temporary file ends too early"), { code: "EIO" });
    at += read;
  }
}
