import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { envelope } from "../support/soap-requests.js";
import type { Answer, PostOptions } from "./transport.js";

/** A message of somebody who means no good, or knows no better, and how it must be met. */
export interface Hostile {
  readonly name: string;
  readonly message: Pick<PostOptions, "body" | "contentType" | "headers">;
  readonly status: number;
}

const XML = "text/xml; charset=utf-8";
const MEGABYTE = 1_048_576;
const entityBomb = [...Array(20).keys()].map((n) => `<!ENTITY e${n + 1} "&e${n};&e${n};&e${n};">`).join("");
const gzipped = { "Content-Encoding": "gzip" };

/** Each is met with a fault, and stands as `fault Client` in the audit log. */
export const HOSTILE: readonly Hostile[] = [
  { name: "no XML", message: { body: "hej", contentType: XML }, status: 500 },
  {
    name: "entity bomb",
    message: {
      body: `<!DOCTYPE x [<!ENTITY e0 "ha">${entityBomb}]>${envelope("<n:getKurs>&e20;</n:getKurs>")}`,
      contentType: XML,
    },
    status: 500,
  },
  {
    name: "deep nesting",
    message: {
      body: envelope(`<n:getKurs>${"<a>".repeat(20_000)}${"</a>".repeat(20_000)}</n:getKurs>`),
      contentType: XML,
    },
    status: 500,
  },
  {
    name: "thousands of attributes",
    message: {
      body: envelope(`<n:getKurs ${[...Array(20_000).keys()].map((n) => `a${n}="1"`).join(" ")}/>`),
      contentType: XML,
    },
    status: 500,
  },
  {
    name: "unknown operation",
    message: { body: envelope("<n:constructor/>"), contentType: XML },
    status: 500,
  },
  { name: "too large", message: { body: "x".repeat(2 * MEGABYTE), contentType: XML }, status: 413 },
  { name: "JSON", message: { body: "{}", contentType: "application/json" }, status: 415 },
  {
    name: "corrupt gzip",
    message: { body: "x".repeat(99), contentType: XML, headers: gzipped },
    status: 500,
  },
  {
    name: "gzip bomb",
    message: { body: gzipSync(Buffer.alloc(40 * MEGABYTE)), contentType: XML, headers: gzipped },
    status: 413,
  },
];

export function isMet({ status }: Hostile, answer: Answer): boolean {
  return answer.status === status && answer.body.includes("Fault") && answer.body.length < 2000;
}

/** Bytes that are no request; who sends them waits a moment, and goes. */
export const NO_HTTP: readonly Buffer[] = [
  Buffer.from("\u0016\u0003\u0001\u0002\u0000\u0001\u0000", "latin1"),
  Buffer.from("POST /cxf/AdresslistaFetcher HTTP/1.1\r\nHost: x\r\nContent-Le"),
  Buffer.from("GET / HTTP/1.1\r\n\r\nGET / HTTP/9.9\r\n\r\n"),
  Buffer.from(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(40_000)}\r\n\r\n`),
  Buffer.from("POST /cxf/UtilityFetcher HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
];

const PATIENCE_MILLISECONDS = 1_000;

export async function sendNoHttp(url: string, bytes: Buffer, address: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress: address });
  socket.on("error", () => {});
  socket.on("data", () => {});
  socket.write(bytes);
  await Promise.race([once(socket, "close"), delay(PATIENCE_MILLISECONDS)]);
  socket.destroy();
}
