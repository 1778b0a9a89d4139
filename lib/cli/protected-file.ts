import { readLines } from "./text-file.js";

/** The setting `protectedFile`: one register id a line; empty lines and lines that begin with # are skipped. */
export function readProtectedIds(file: string | undefined): ReadonlySet<string> {
  if (file === undefined) return new Set();
  const ids = readLines("protectedFile", file).map((line) => line.trim());
  return new Set(ids.filter((id) => id !== "" && !id.startsWith("#")));
}
