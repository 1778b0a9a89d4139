/**
 * Reads an IMS Enterprise 1.1 file in one pass: bytes → UTF-8 (decode.ts) → elements (scan.ts), mended where files of
 * the field are broken (repairs.ts) → records (assemble.ts), handed out one by one and then dropped, so that memory does not grow with the file.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { setImmediate as letOthersRun } from "node:timers/promises";
import { AdresslistaError } from "../errors.js";
import { createAssembler, type ImsRoot, type RecordCounts } from "./assemble.js";
import { createDecoder } from "./decode.js";
import { unusableExport } from "./problem.js";
import type { ImsHandler } from "./records.js";
import { createRepairs, type ImsRepairs } from "./repairs.js";
import { createScanner } from "./scan.js";

export interface ImsSummary {
  /** The file as it was named to the reader. */
  readonly name: string;
  readonly bytes: number;
  /** Of the bytes as they stand in the file, hexadecimal. */
  readonly sha256: string;
  readonly records: RecordCounts;
  /** The root's end was read: always so, a file without it is an error. */
  readonly rootEnded: true;
  readonly root: ImsRoot;
  /** WHATWG name, for instance "utf-8" or "windows-1252"; what the file really is, whatever it says. */
  readonly encoding: string;
  /** What was mended, counted in the whole file; empty for a well-formed one. */
  readonly repairs: readonly ImsRepairs[];
  /** What was odd but readable, without content of the file, by line; at most 100, and at most 20 of each kind of repair. */
  readonly warnings: readonly ImsWarning[];
}

export interface ImsWarning {
  readonly line: number;
  readonly text: string;
}

export interface ImsReadOptions {
  /** Whether a file that is not well-formed is mended where its meaning is beyond doubt, each mend with a warning (true); otherwise its first defect is an error. */
  readonly repair?: boolean;
  /** Stops the reading; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** After each piece of the file. `totalBytes` is undefined when the size is not known beforehand. */
  readonly onProgress?: (bytesRead: number, totalBytes: number | undefined) => void;
}

/** Bytes that are read from a file at a time. */
const FILE_READ_SIZE = 256 * 1024;
/** Bytes that are decoded and scanned at a time. */
const PIECE_SIZE = 64 * 1024;
/** After so many bytes timers and other work get a turn, however fast the source is. */
const BYTES_BETWEEN_PAUSES = 1024 * 1024;
const MAX_WARNINGS = 100;

/** Reads a file; see readImsStream. Throws AdresslistaError("export") also when it cannot be opened or read. */
export async function readImsFile(
  path: string,
  handler: ImsHandler,
  options: ImsReadOptions = {},
): Promise<ImsSummary> {
  options.signal?.throwIfAborted();
  const file = await open(path).catch((error: unknown) => {
    throw unreadableFile(path, error);
  });
  try {
    const { size } = await file.stat();
    return await readChunks(path, bytesOf(file, path), handler, options, size);
  } finally {
    await file.close();
  }
}

/**
 * Reads the bytes of one file, `name` in errors. Records go to the handler in document order while the file is
 * read: what they lead to is valid only when the promise is fulfilled, for the file may be broken further on.
 *
 * Throws AdresslistaError("export") as `name, line N: reason` for a file that is not well-formed XML in its
 * encoding and cannot be mended (or shall not, `repair: false`), whose root is not `enterprise` or has no end (a truncated transfer), or that is beyond a limit.
 * What the handler throws, the source throws, or the signal gives as its reason comes through as it is.
 */
export function readImsStream(
  name: string,
  chunks: AsyncIterable<Buffer>,
  handler: ImsHandler,
  options: ImsReadOptions = {},
): Promise<ImsSummary> {
  return readChunks(name, chunks, handler, options, undefined);
}

async function readChunks(
  name: string,
  chunks: AsyncIterable<Buffer>,
  handler: ImsHandler,
  options: ImsReadOptions,
  totalBytes: number | undefined,
): Promise<ImsSummary> {
  const { signal, onProgress } = options;
  const warnings: ImsWarning[] = [];
  const warn = (line: number, text: string) => {
    if (warnings.length < MAX_WARNINGS) warnings.push({ line, text });
  };
  const hash = createHash("sha256");
  const repair = options.repair ?? true;
  const repairs = createRepairs(name, repair, warn);
  const assembler = createAssembler(name, handler, warn);
  const scanner = createScanner(name, assembler, repairs.mend);
  const decoder = createDecoder({
    repair,
    warn: (text, before) => warn(scanner.lineAfter(before), text),
    wrongByte: (before) => {
      const line = repairs.isWarned("wrongByte") ? scanner.lineAfter(before()) : 0;
      repairs.mend("wrongByte", line);
    },
  });
  const scan = (utf8: Buffer) => {
    scanner.write(utf8);
    // What stands before the bad bytes has been scanned by now: what is wrong there comes first.
    if (decoder.failure !== undefined) {
      throw unusableExport(name, scanner.lineAfter(NOTHING), decoder.failure.reason);
    }
  };

  let bytes = 0;
  let bytesAtPause = 0;
  for await (const chunk of untilAborted(chunks, signal)) {
    hash.update(chunk);
    for (let i = 0; i < chunk.length && !scanner.isCut; i += PIECE_SIZE) {
      scan(decoder.write(chunk.subarray(i, i + PIECE_SIZE)));
    }
    bytes += chunk.length;
    onProgress?.(bytes, totalBytes);
    if (bytes - bytesAtPause >= BYTES_BETWEEN_PAUSES) {
      bytesAtPause = bytes;
      await letOthersRun();
    }
  }
  signal?.throwIfAborted();
  if (!scanner.isCut) scan(decoder.end());
  scanner.end();

  return {
    name,
    bytes,
    sha256: hash.digest("hex"),
    records: { ...assembler.counts },
    rootEnded: true,
    root: { ...assembler.root },
    encoding: decoder.encoding ?? "utf-8",
    repairs: repairs.list(),
    warnings: warnings.sort((one, other) => one.line - other.line),
  };
}

const NOTHING = Buffer.alloc(0);

/** The chunks until the signal: also a source that gives nothing more is left at once. */
async function* untilAborted(
  chunks: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  if (signal === undefined) {
    yield* chunks;
    return;
  }
  const source = chunks[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await nextUnlessAborted(source, signal);
      ended = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // Not waited for: a source that hangs would hang here too.
    if (!ended) source.return?.().catch(() => {});
  }
}

function nextUnlessAborted(
  source: AsyncIterator<Buffer>,
  signal: AbortSignal,
): Promise<IteratorResult<Buffer>> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    source.next().then(
      (next) => {
        signal.removeEventListener("abort", onAbort);
        resolve(next);
      },
      (error: unknown) => {
        signal.removeEventListener("abort", onAbort);
        reject(error);
      },
    );
  });
}

/** One buffer for all pieces: each is done with before the next is asked for. */
async function* bytesOf(file: FileHandle, path: string): AsyncGenerator<Buffer, void, undefined> {
  const buffer = Buffer.allocUnsafeSlow(FILE_READ_SIZE);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length).catch((error: unknown) => {
      throw unreadableFile(path, error);
    });
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

function unreadableFile(path: string, error: unknown): AdresslistaError {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
  return new AdresslistaError("export", `${path}: cannot be read (${code})`, { cause: error });
}
