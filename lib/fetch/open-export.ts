import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream";
import { crc32, createGunzip } from "node:zlib";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { compareText } from "../domain/collation.js";
import { AdresslistaError } from "../errors.js";

/** An export as it lies on the disk: XML, or a zip or gzip of it, told by its first bytes and not by its name. */
export interface ExportContent {
  /** Size of the file itself. */
  readonly bytes: number;
  /** Of an archive: the SHA-256 of the file itself. Of plain XML it is left to whoever reads the one part, which is the file. */
  readonly sha256: string | undefined;
  /** The XML files in it, in order of name: at least one. */
  readonly parts: readonly ExportPart[];
  close(): void;
}

export interface ExportPart {
  /** How errors and reports call it: `delivery.zip/persons.xml`. */
  readonly name: string;
  /** Size of the XML, when it is known before it is read. */
  readonly bytes: number | undefined;
  /** The XML's bytes, once. Throws AdresslistaError("export") for what is damaged or beyond a limit. */
  chunks(): AsyncIterable<Buffer>;
}

/** Bytes that all parts of one archive may inflate to. An export of a million persons has 1.5 GB. */
export const MAX_INFLATED_BYTES = 16 * 1024 ** 3;
/** How many times larger than the archive its content may be; XML of a register becomes 10 to 40 times smaller. */
export const MAX_INFLATION = 250;
/** Up to this many bytes the ratio is not judged: little XML that repeats itself packs well. */
const INFLATION_FREE_BYTES = 64 * 1024 ** 2;
export const MAX_ENTRIES = 10_000;
/** Bytes that are read at a time. */
const READ_SIZE = 256 * 1024;

/** Opens a file of an export. Throws AdresslistaError("export") for what cannot be read or is no usable archive. */
export async function openExport(path: string, name = basename(path)): Promise<ExportContent> {
  const { start, bytes } = await lookAt(path, name);
  switch (kindOf(start)) {
    case "zip":
      return openZip(path, name, bytes);
    case "gzip":
      return openGzip(path, name, bytes);
    case "plain":
      return {
        bytes,
        sha256: undefined,
        parts: [{ name, bytes, chunks: () => fileChunks(path, name) }],
        close() {},
      };
  }
}

type Kind = "zip" | "gzip" | "plain";

/** A zip begins with a local file header, an empty one with the end of its directory. */
const ZIP_STARTS = [Buffer.from([0x50, 0x4b, 3, 4]), Buffer.from([0x50, 0x4b, 5, 6])];
const GZIP_START = Buffer.from([0x1f, 0x8b]);

function kindOf(start: Buffer): Kind {
  const startsWith = (magic: Buffer) => start.subarray(0, magic.length).equals(magic);
  if (ZIP_STARTS.some(startsWith)) return "zip";
  return startsWith(GZIP_START) ? "gzip" : "plain";
}

async function lookAt(path: string, name: string): Promise<{ start: Buffer; bytes: number }> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return { start: buffer.subarray(0, bytesRead), bytes: (await file.stat()).size };
  } catch (error) {
    throw unreadable(name, error);
  } finally {
    await file?.close();
  }
}

// --- zip

async function openZip(path: string, name: string, bytes: number): Promise<ExportContent> {
  const sha256 = await hashOf(path, name);
  const budget = inflationBudget(name, bytes);
  const zip = await openPromise(path, {
    lazyEntries: true,
    autoClose: false,
    validateEntrySizes: true,
  }).catch((error: unknown) => {
    throw damaged(name, "zip", error);
  });
  try {
    const entries = await xmlEntries(zip, name);
    const parts = entries.map((entry): ExportPart => {
      const partName = within(name, entry);
      return {
        name: partName,
        bytes: entry.uncompressedSize,
        chunks: () => watched(zipChunks(zip, entry, partName), partName, budget),
      };
    });
    return { bytes, sha256, parts, close: () => zip.close() };
  } catch (error) {
    zip.close();
    throw error;
  }
}

/** Entries whose name ends in .xml, in order of name; others (a readme, folders) are not the export. */
async function xmlEntries(zip: ZipFile, name: string): Promise<readonly Entry[]> {
  if (zip.entryCount > MAX_ENTRIES) throw unusable(name, `more than ${MAX_ENTRIES} files in the zip`);
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      // What is in it would be left out without a word.
      if (ARCHIVE_NAME.test(entry.fileName)) {
        throw unusable(within(name, entry), "is an archive within an archive");
      }
      if (isXmlName(entry.fileName)) entries.push(entry);
    }
  } catch (error) {
    throw damaged(name, "zip", error);
  }
  if (entries.length === 0) throw unusable(name, "no .xml file in the zip");
  entries.sort((a, b) => compareText(a.fileName, b.fileName));
  for (const [index, entry] of entries.entries()) {
    const partName = within(name, entry);
    if (entries[index - 1]?.fileName === entry.fileName) throw unusable(partName, "is twice in the zip");
    if (entry.isEncrypted()) throw unusable(partName, "is encrypted: the zip needs a password");
    if (!entry.canDecodeFileData()) {
      throw unusable(partName, `is packed by method ${entry.compressionMethod}, which is not read`);
    }
  }
  return entries;
}

const ARCHIVE_NAME = /\.(?:zip|gz|tgz|7z|rar|xz|bz2|zst|tar)$/i;

/** macOS puts a file of its own beside each one: `__MACOSX/._export.xml`. */
function isXmlName(path: string): boolean {
  return /\.xml$/i.test(path) && !/(?:^|\/)\.[^/]*$/.test(path) && !path.startsWith("__MACOSX/");
}

/** How errors and reports call an entry: in one line, whatever its name is. */
function within(name: string, { fileName }: Entry): string {
  return `${name}/${fileName.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\uFFFD")}`;
}

/** yauzl checks the sizes of an entry; its checksum is checked here. */
async function* zipChunks(zip: ZipFile, entry: Entry, name: string): AsyncGenerator<Buffer, void, undefined> {
  let checksum = 0;
  try {
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      checksum = crc32(chunk as Buffer, checksum);
      yield chunk as Buffer;
    }
  } catch (error) {
    throw damaged(name, "zip", error);
  }
  if (checksum !== entry.crc32) throw unusable(name, "damaged zip: its checksum is another");
}

// --- gzip

async function openGzip(path: string, name: string, bytes: number): Promise<ExportContent> {
  const partName = name.replace(/\.gz$/i, "");
  const budget = inflationBudget(name, bytes);
  return {
    bytes,
    sha256: await hashOf(path, name),
    parts: [
      {
        name: partName,
        bytes: undefined,
        chunks: () => watched(gzipChunks(path, name), name, budget),
      },
    ],
    close() {},
  };
}

async function* gzipChunks(path: string, name: string): AsyncGenerator<Buffer, void, undefined> {
  const file = createReadStream(path, { highWaterMark: READ_SIZE });
  const gunzip = createGunzip({ chunkSize: READ_SIZE });
  // The errors of both come out of the second, which is read.
  pipeline(file, gunzip, () => {});
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    throw damaged(name, "gzip", error);
  } finally {
    file.destroy();
  }
}

// --- what may come out of an archive

interface Budget {
  /** Throws when all parts together have become too large. */
  spend(bytes: number): void;
}

function inflationBudget(name: string, archiveBytes: number): Budget {
  let inflated = 0;
  const most = Math.min(MAX_INFLATED_BYTES, Math.max(INFLATION_FREE_BYTES, archiveBytes * MAX_INFLATION));
  return {
    spend(bytes) {
      inflated += bytes;
      if (inflated <= most) return;
      throw unusable(
        name,
        inflated > MAX_INFLATED_BYTES
          ? `inflates to more than ${MAX_INFLATED_BYTES} bytes`
          : `inflates to more than ${MAX_INFLATION} times its size: this is no export`,
      );
    },
  };
}

/** The chunks of a part, as far as the budget goes; an archive within an archive is refused. */
async function* watched(
  chunks: AsyncIterable<Buffer>,
  name: string,
  budget: Budget,
): AsyncGenerator<Buffer, void, undefined> {
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst && kindOf(chunk) !== "plain") throw unusable(name, "is an archive within an archive");
    isFirst = false;
    budget.spend(chunk.length);
    yield chunk;
  }
}

// --- bytes of a file

async function* fileChunks(path: string, name: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* createReadStream(path, { highWaterMark: READ_SIZE });
  } catch (error) {
    throw unreadable(name, error);
  }
}

async function hashOf(path: string, name: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of fileChunks(path, name)) hash.update(chunk);
  return hash.digest("hex");
}

function unusable(name: string, reason: string): AdresslistaError {
  return new AdresslistaError("export", `${name}: ${reason}`);
}

function unreadable(name: string, error: unknown): AdresslistaError {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
  return new AdresslistaError("export", `${name}: cannot be read (${code})`, { cause: error });
}

/** Of a library's error only its code: its text may quote the file. */
function damaged(name: string, kind: "zip" | "gzip", error: unknown): AdresslistaError {
  if (error instanceof AdresslistaError) return error;
  const { code } = error as { code?: unknown };
  return new AdresslistaError(
    "export",
    `${name}: damaged or truncated ${kind}${typeof code === "string" ? ` (${code})` : ""}`,
    { cause: error },
  );
}
