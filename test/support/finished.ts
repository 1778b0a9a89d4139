import type { FinishedElements } from "../../lib/soap/api.js";

/** Finished elements as the text that the answer has of them. */
export function textOf({ chunks }: FinishedElements): string {
  const bytes = chunks.map((chunk) => (Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.text, "latin1")));
  return Buffer.concat(bytes).toString("utf8");
}
