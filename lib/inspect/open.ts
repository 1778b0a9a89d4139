import { open } from "node:fs/promises";
import { AdresslistaError } from "../errors.js";
import { type ExportContent, openExport } from "../fetch/open-export.js";
import type { InspectedSource } from "./inspect.js";
import type { ArchiveProfile } from "./profile.js";

export interface OpenedExport {
  readonly archives: readonly ArchiveProfile[];
  readonly sources: readonly InspectedSource[];
  /** Of all sources; undefined when an archive does not say. */
  readonly totalBytes: number | undefined;
  close(): void;
}

/**
 * Opens files of one export: XML, or archives of it. An archive that is damaged or has no XML is told in `archives`; only
 * a file that cannot be read is an error (AdresslistaError("export")), before anything else is done.
 */
export async function openForInspection(paths: readonly string[]): Promise<OpenedExport> {
  for (const path of paths) await assertReadable(path);
  const contents: ExportContent[] = [];
  const archives: ArchiveProfile[] = [];
  for (const path of paths) {
    const { content, archive } = await openOne(path);
    if (content !== undefined) contents.push(content);
    if (archive !== undefined) archives.push(archive);
  }
  const parts = contents.flatMap((content) => content.parts);
  return {
    archives,
    sources: parts.map(({ name, chunks }) => ({ name, open: chunks })),
    totalBytes: parts.reduce<number | undefined>(
      (sum, { bytes }) => (sum === undefined || bytes === undefined ? undefined : sum + bytes),
      0,
    ),
    close() {
      for (const content of contents) content.close();
    },
  };
}

async function openOne(path: string): Promise<{ content?: ExportContent; archive?: ArchiveProfile }> {
  try {
    const content = await openExport(path, path);
    const { sha256, bytes, parts } = content;
    if (sha256 === undefined) return { content };
    const archive = { name: path, bytes, sha256, parts: parts.map(({ name }) => name), stopped: null };
    return { content, archive };
  } catch (error) {
    if (!(error instanceof AdresslistaError) || error.code !== "export") throw error;
    return { archive: { name: path, bytes: null, sha256: null, parts: [], stopped: error.message } };
  }
}

async function assertReadable(path: string): Promise<void> {
  try {
    const file = await open(path);
    try {
      // A folder can be opened, but not read.
      await file.read(Buffer.alloc(1), 0, 1, 0);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw new AdresslistaError("export", `${path}: cannot be read (${code})`, { cause });
  }
}
