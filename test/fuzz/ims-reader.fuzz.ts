import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { AdresslistaError } from "../../lib/errors.js";
import { FILE_NAME, type ReadExport, readBytes, WHOLE_EXPORT } from "../ims/reading.js";
import type { FuzzTarget } from "./target.js";

const FIXTURES = join(import.meta.dirname, "../fixtures/ims");

/** The bytes of an export, read mending and strictly, whole and in pieces. */
export const imsReader: FuzzTarget = {
  name: "ims-reader",
  covered: /\/lib\/ims\//,
  maxBytes: 4_096,
  seeds: () => [
    Buffer.from(WHOLE_EXPORT),
    ...readdirSync(FIXTURES)
      .filter((file) => file.endsWith(".xml"))
      .sort()
      .map((file) => readFileSync(join(FIXTURES, file))),
  ],
  dictionary: [
    ..."enterprise properties person group membership member sourcedid source id userid name fn n family given email tel adr"
      .split(" ")
      .flatMap((name) => [`<${name}>`, `</${name}>`, `<${name}/>`]),
    ...[
      "<!DOCTYPE a>",
      "<!DOCTYPE a [",
      "]>",
      "<![CDATA[",
      "]]>",
      "<!--",
      "-->",
      "<?a b?>",
      '<?xml version="1.0"?>',
    ],
    ...[
      'encoding="utf-16"',
      'encoding="windows-1252"',
      "&amp;",
      "&#65;",
      "&#xD800;",
      "&a;",
      "&",
      "<",
      "\r\n",
      "\u0085",
    ],
    ...[
      ' recstatus="3"',
      ' roletype="01"',
      ' xmlns="urn:a"',
      "__proto__",
      "a:",
      "\ufeff",
      "\0",
      "\ud7ff",
      "å",
      "A\u030a",
    ],
  ],
  judge: judgeExport,
};

type Outcome =
  | { readonly read: ReadExport; readonly error?: undefined }
  | { readonly read?: undefined; readonly error: string };

/** @throws when the reader does what it must not. */
export async function judgeExport(bytes: Buffer): Promise<readonly string[]> {
  const mending = await outcomeOf([bytes], true);
  const inPieces = await outcomeOf(piecesOf(bytes), true);
  if (!isSame(mending, inPieces)) {
    throw new Error(`other records in pieces: ${shown(mending)} — ${shown(inPieces)}`);
  }
  const strict = await outcomeOf([bytes], false);
  if (strict.read !== undefined) {
    if (strict.read.summary.repairs.length > 0) throw new Error("mended, though nothing is to be mended");
    if (!isDeepStrictEqual(strict, mending)) {
      throw new Error(`other records of a whole file: ${shown(strict)} — ${shown(mending)}`);
    }
  }
  return [...outcomesOf(mending), ...outcomesOf(strict)];
}

async function outcomeOf(chunks: readonly Buffer[], repair: boolean): Promise<Outcome> {
  try {
    const read = await readBytes(chunks, { repair });
    const { records } = read.summary;
    const handed = [read.persons.length, read.groups.length, read.members.length];
    const counted = [records.persons, records.groups, records.members];
    if (!isDeepStrictEqual(handed, counted)) throw new Error(`counted ${counted}, but gave ${handed}`);
    return { read };
  } catch (error) {
    if (!(error instanceof AdresslistaError) || error.code !== "export") throw error;
    if (!error.message.startsWith(`${FILE_NAME}, line `))
      throw new Error(`an error without a line: ${error.message}`);
    return { error: error.message };
  }
}

/** Sizes that the bytes themselves choose, so that the same input is always cut in the same way. */
function piecesOf(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, next = 1; at < bytes.length; at += next) {
    next = 1 + (((bytes[at] ?? 0) * 31 + at) % 40);
    pieces.push(bytes.subarray(at, at + next));
  }
  return pieces;
}

/**
 * The same, but for what depends on where the file is cut: which of two defects of a UTF-16 file comes first (wrong bytes
 * are told at most a piece too early), in which order it is told what was mended,
 * and what is told of bytes that are left out.
 */
function isSame(one: Outcome, other: Outcome): boolean {
  if (one.error !== undefined && other.error !== undefined) {
    return (
      one.error === other.error || [one, other].some(({ error }) => / is not valid utf-16/.test(error ?? ""))
    );
  }
  return isDeepStrictEqual(inOneOrder(one), inOneOrder(other));
}

function inOneOrder({ read, error }: Outcome): unknown {
  if (read === undefined) return error;
  const warnings = read.summary.warnings.map(({ line, text }) => `${line} ${text}`).sort();
  const repairs = read.summary.repairs.map(({ kind, count, text }) => `${kind} ${count} ${text}`).sort();
  // What is left out behind the root's end is decoded as far as its piece goes.
  const isCut = read.summary.repairs.some(({ kind }) => kind === "afterRoot");
  return { ...read, summary: isCut ? undefined : { ...read.summary, warnings, repairs } };
}

function outcomesOf({ read, error }: Outcome): readonly string[] {
  if (error !== undefined) return [withoutContent(error)];
  const { summary, skipped } = read;
  return [
    summary.encoding,
    ...summary.repairs.map(({ kind }) => kind),
    ...summary.warnings.map(({ text }) => withoutContent(text)),
    ...skipped.map(withoutContent),
    `persons ${read.persons.length > 0}, groups ${read.groups.length > 0}, members ${read.members.length > 0}`,
  ];
}

function withoutContent(text: string): string {
  return text.replace(/"[^"]*"|\d+/g, "");
}

function shown({ read, error }: Outcome): string {
  return error ?? JSON.stringify(read).slice(0, 2_000);
}
