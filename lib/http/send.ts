import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  /** Names and values in turn. */
  readonly headers?: readonly string[];
}

/** Bytes of a body from which compressing it is worth the time: below, it fits one packet anyway. */
export const MIN_COMPRESSED_BYTES = 1_400;

/**
 * Sends a whole answer with its length, compressed only for a client that asks for it. `onSent`: told when nothing reads
 * the body any more; never, when the client has gone away before.
 */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  onSent?: () => void,
): Promise<void> {
  const compress =
    answer.body.length >= MIN_COMPRESSED_BYTES && asksForGzip(request.headers["accept-encoding"]);
  const body = compress ? await gzipBytes(answer.body, { level: constants.Z_BEST_SPEED }) : answer.body;
  if (response.destroyed || response.headersSent) return;
  const headers = ["Content-Type", answer.contentType, "Content-Length", String(body.length)];
  if (answer.headers !== undefined) headers.push(...answer.headers);
  if (compress) headers.push("Content-Encoding", "gzip");
  // A body that was not read to its end cannot be followed by another request.
  if (!request.complete && hasBody(request)) headers.push("Connection", "close");
  response.writeHead(answer.status, headers);
  response.end(body, onSent);
}

/** A request without one is not complete either where it is answered as soon as its headers are there. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

const gzipBytes = promisify<Buffer, { level: number }, Buffer>(gzip);

function asksForGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  return acceptEncoding.split(",").some((offer) => {
    const [coding = "", ...parameters] = offer.split(";").map((part) => part.trim().toLowerCase());
    if (coding !== "gzip" && coding !== "x-gzip") return false;
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    return quality === undefined || Number(quality.slice(2)) > 0;
  });
}
