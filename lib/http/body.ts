/**
 * A request's body as bytes, within limits: raw and inflated alike (contract section 1, maxRequestBytes).
 */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, inflate, inflateRaw } from "node:zlib";
import { refusal } from "../soap/fault.js";
import { tooLarge } from "../soap/gate.js";

/**
 * Bytes beyond the limit that are still read and thrown away before a refusal: most clients look for an answer only
 * when they have sent everything, and lose it when the connection is reset before.
 */
export const MAX_DISCARDED_BYTES = 8 * 1_048_576;

/** The client went away before its request was complete: there is nobody to answer. */
export const ABORTED = Symbol("aborted");

/** @throws AdresslistaError "request" with its fault: too large, corrupt, or a content encoding that is not known. */
export async function readBody(
  request: IncomingMessage,
  maxRequestBytes: number,
): Promise<Buffer | typeof ABORTED> {
  const decompress = decompressorOf(request.headers["content-encoding"]);
  const body = await collect(request, maxRequestBytes);
  if (body === ABORTED) return ABORTED;
  if (body === TOO_LARGE) throw refusal(tooLarge(maxRequestBytes));
  return decompress === undefined ? body : inflated(body, decompress, maxRequestBytes);
}

/** Reads what there still is of a refused request, up to a limit; the answer may be sent when it resolves. */
export async function discardBody(request: IncomingMessage): Promise<void> {
  // Paused: the limit is reached already.
  if (request.complete || request.destroyed || request.isPaused() || refusesUnread(request, 0)) return;
  await collect(request, 0);
}

/** Whether a body is refused without reading any of it: so large that it is not even thrown away. */
export function refusesUnread(request: IncomingMessage, maxRequestBytes: number): boolean {
  const length = Number(request.headers["content-length"] ?? 0);
  const waits = request.headers.expect !== undefined;
  return length > maxRequestBytes + (waits ? 0 : MAX_DISCARDED_BYTES);
}

const TOO_LARGE = Symbol("too large");

function collect(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Buffer | typeof ABORTED | typeof TOO_LARGE> {
  if (refusesUnread(request, maxBytes)) return Promise.resolve(TOO_LARGE);
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let length = 0;
    const done = (result: Buffer | typeof ABORTED | typeof TOO_LARGE): void => {
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else {
        chunks = [];
        if (length > maxBytes + MAX_DISCARDED_BYTES) {
          request.pause();
          done(TOO_LARGE);
        }
      }
    };
    const onEnd = (): void => {
      const [only] = chunks;
      if (length > maxBytes) done(TOO_LARGE);
      else done(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    };
    const onClose = (): void => done(ABORTED);
    request.on("data", onData).on("end", onEnd).on("close", onClose);
    // "close" follows and tells; without a listener an aborted upload would end the process.
    request.on("error", () => {});
  });
}

type Decompressor = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const gunzipBytes: Decompressor = promisify(gunzip);
const inflateBytes: Decompressor = promisify(inflate);
const inflateRawBytes: Decompressor = promisify(inflateRaw);

function decompressorOf(contentEncoding: string | undefined): Decompressor | undefined {
  switch (contentEncoding?.trim().toLowerCase() ?? "") {
    case "":
    case "identity":
      return undefined;
    case "gzip":
    case "x-gzip":
      return gunzipBytes;
    case "deflate":
      return (bytes, options) =>
        hasZlibHeader(bytes) ? inflateBytes(bytes, options) : inflateRawBytes(bytes, options);
    default:
      throw refusal({
        code: "Client",
        reason: "The content encoding is not supported; use gzip, deflate or none.",
        httpStatus: 415,
      });
  }
}

/** HTTP's deflate is zlib's format, but old clients send it bare (RFC 9110, 8.4.1.2). */
function hasZlibHeader(bytes: Buffer): boolean {
  const [method, flags] = bytes;
  return (
    method !== undefined && flags !== undefined && (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0
  );
}

async function inflated(bytes: Buffer, decompress: Decompressor, maxRequestBytes: number): Promise<Buffer> {
  try {
    return await decompress(bytes, { maxOutputLength: maxRequestBytes });
  } catch (error) {
    const isTooLarge =
      error instanceof RangeError || (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    throw refusal(
      isTooLarge
        ? tooLarge(maxRequestBytes)
        : { code: "Client", reason: "The compressed request is corrupt." },
    );
  }
}
