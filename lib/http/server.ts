/**
 * The HTTP server: SOAP messages by the short way, everything else by express.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { trustProxies } from "./addresses.js";
import { UnfinishedAnswers } from "./bad-bytes.js";
import { refusesUnread } from "./body.js";
import { type ServiceMount, soapEndpoint } from "./endpoint.js";
import { buildPages } from "./pages.js";

export interface HttpServerOptions {
  readonly services: readonly ServiceMount[];
  /** What the WSDL's soap:address begins with; without it, the address that the caller used. */
  readonly publicUrl?: string | undefined;
  /** IP addresses and CIDR ranges whose X-Forwarded-* headers are believed. */
  readonly trustedProxies: readonly string[];
  /** Bytes of a request's body, as sent and inflated. */
  readonly maxRequestBytes: number;
  /** Told of each internal error, with the incident id that the caller got. Never of a refused request. */
  readonly onError: (error: unknown, incidentId: string) => void;
}

/** Bytes of a request line and its headers together. */
export const MAX_HEADER_BYTES = 16_384;
/** Milliseconds for the headers of a request to come. */
export const HEADERS_TIMEOUT_MS = 15_000;
/** Milliseconds for a whole request to come. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** Milliseconds that an idle connection is kept; longer than the minute that proxies in front of it keep theirs. */
export const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** Milliseconds without a byte in either direction after which a connection is closed. */
export const SOCKET_TIMEOUT_MS = 120_000;
/** Milliseconds between looks for requests that are late. */
const TIMEOUT_CHECK_INTERVAL_MS = 5_000;

/**
 * A server that is not listening yet. A further service needs a mount (its WSDL's codecs and its operations) and
 * nothing else.
 * @throws AdresslistaError "settings" for a wrong proxy address, "internal" for a mount without all its operations.
 */
export function buildHttpServer(options: HttpServerOptions): Server {
  const isTrustedProxy = trustProxies(options.trustedProxies);
  const endpoints = new Map(
    options.services.map(
      (mount) => [mount.path, soapEndpoint(mount, { ...options, isTrustedProxy })] as const,
    ),
  );
  const pages = buildPages({ ...options, isTrustedProxy });

  const unfinished = new UnfinishedAnswers();

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    unfinished.add(response);
    // After close(): the connection that this request came on is not kept for another.
    if (!server.listening) response.setHeader("Connection", "close");
    request.url = originForm(request.url ?? "");
    const endpoint = request.method === "POST" ? endpoints.get(pathOf(request.url)) : undefined;
    // Through express a message would cost a third more than it needs: docs/decisions/soap-server.md.
    if (endpoint === undefined) pages(request, response);
    else endpoint(request, response).catch(() => response.destroy());
  };

  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    },
    handle,
  );
  server.timeout = SOCKET_TIMEOUT_MS;
  noteConnections(server);
  // Expect: 100-continue (.NET): no body is asked for that would be refused by its length alone.
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (!refusesUnread(request, options.maxRequestBytes)) response.writeContinue();
    handle(request, response);
  });
  server.on("clientError", (error, socket) => unfinished.refuseRest(error, socket as Socket));
  return server;
}

/** Milliseconds between looks for connections that have become idle while closing. */
const CLOSE_POLL_MS = 50;

/**
 * Stops accepting, lets calls in flight finish, and cuts what is left at the deadline.
 * Resolves when the last connection is closed.
 */
export function closeHttpServer(server: Server, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const closeIdle = (): void => {
      server.closeIdleConnections();
      for (const socket of connections.get(server) ?? []) if (socket.bytesRead === 0) socket.destroy();
    };
    const poll = setInterval(closeIdle, CLOSE_POLL_MS);
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
    server.close(() => {
      clearInterval(poll);
      clearTimeout(deadline);
      resolve();
    });
    closeIdle();
  });
}

/** To find connections without a request yet (load balancers open them ahead): node does not count them as idle. */
const connections = new WeakMap<Server, Set<Socket>>();

function noteConnections(server: Server): void {
  const sockets = new Set<Socket>();
  connections.set(server, sockets);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
}

/** A request target as path and query: a proxy may send scheme and host in front, and a stranger anything for a host. */
function originForm(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, "");
  return path.startsWith("/") ? path : `/${path}`;
}

function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}
