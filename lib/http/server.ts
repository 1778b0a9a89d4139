/**
 * The HTTP server: SOAP messages by the short way, everything else by express.
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import { type Socket, Server as TcpServer } from "node:net";
import { networkOf } from "../domain/networks.js";
import { type IsTrustedProxy, plainAddress, trustProxies } from "./addresses.js";
import { answerBuffers } from "./answer-buffers.js";
import { UnfinishedAnswers } from "./bad-bytes.js";
import { refusesUnread } from "./body.js";
import { type AnsweredCall, callSlots, type ServiceMount, soapEndpoint } from "./endpoint.js";

export interface HttpServerOptions {
  readonly services: readonly ServiceMount[];
  /** What the WSDL's soap:address begins with; without it, the address that the caller used. */
  readonly publicUrl?: string | undefined;
  /** IP addresses and CIDR ranges whose X-Forwarded-* headers are believed. */
  readonly trustedProxies: readonly string[];
  /** Bytes of a request's body, as sent and inflated. */
  readonly maxRequestBytes: number;
  /** Connections at a time; further ones are closed at once. */
  readonly maxConnections?: number;
  /** Calls that are worked on at a time; further ones get a fault with HTTP 503 at once. */
  readonly maxConcurrentCalls?: number;
  /** With these the server speaks TLS. */
  readonly tls?: TlsFiles | undefined;
  /** Told of each internal error, with the incident id that the caller got. Never of a refused request. */
  readonly onError: (error: unknown, incidentId: string) => void;
  /** Told of each call before its answer leaves: when it throws, a Server fault is the answer. */
  readonly onCall?: ((call: AnsweredCall) => void | Promise<void>) | undefined;
}

/** Contents of PEM files. */
export interface TlsFiles {
  /** The server's certificate and those above it. */
  readonly certificate: string;
  readonly key: string;
  /** Authorities whose client certificates are believed; without them none is asked for. */
  readonly clientAuthorities?: string | undefined;
}

/** Oldest TLS that is spoken; Windows and Java of 2012 have it. */
export const MIN_TLS_VERSION = "TLSv1.2";

/** How many connections, and calls at a time, when nothing else is said. */
export const DEFAULT_MAX_CONNECTIONS = 1_000;
export const DEFAULT_MAX_CONCURRENT_CALLS = 64;

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
  const slots = callSlots(options.maxConcurrentCalls ?? DEFAULT_MAX_CONCURRENT_CALLS);
  const buffers = answerBuffers();
  const endpoints = new Map(
    options.services.map(
      (mount) => [mount.path, soapEndpoint(mount, { ...options, isTrustedProxy, slots, buffers })] as const,
    ),
  );
  // Express takes longer to load than all that answers calls: a service that starts has those to answer first.
  let pages: Promise<RequestListener> | undefined;
  const showPage = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    pages ??= import("./pages.js").then(({ buildPages }) => buildPages({ ...options, isTrustedProxy }));
    (await pages)(request, response);
  };

  const unfinished = new UnfinishedAnswers();

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    noteRequest(connections.get(server), request, response);
    unfinished.add(response);
    // After close(): the connection that this request came on is not kept for another.
    if (!server.listening) response.setHeader("Connection", "close");
    request.url = originForm(request.url ?? "");
    const endpoint = request.method === "POST" ? endpoints.get(pathOf(request.url)) : undefined;
    // Through express a message would cost a third more than it needs: docs/decisions/soap-server.md.
    (endpoint ?? showPage)(request, response).catch(() => response.destroy());
  };

  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
  };
  const server: Server =
    options.tls === undefined
      ? createServer(limits, handle)
      : createTlsServer(
          { ...limits, ...secureContext(options.tls), handshakeTimeout: HEADERS_TIMEOUT_MS },
          handle,
        );
  server.maxConnections = options.maxConnections ?? DEFAULT_MAX_CONNECTIONS;
  server.timeout = SOCKET_TIMEOUT_MS;
  noteConnections(server, Math.ceil(server.maxConnections / ADDRESS_SHARE), isTrustedProxy);
  // Expect: 100-continue (.NET): no body is asked for that would be refused by its length alone.
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (!refusesUnread(request, options.maxRequestBytes)) response.writeContinue();
    handle(request, response);
  });
  server.on("clientError", (error, socket) => unfinished.refuseRest(error, socket as Socket));
  return server;
}

function secureContext({ certificate, key, clientAuthorities }: TlsFiles) {
  return {
    cert: certificate,
    key,
    minVersion: MIN_TLS_VERSION,
    ...(clientAuthorities === undefined
      ? {}
      : // Those without a certificate may still come with a ticket.
        { ca: clientAuthorities, requestCert: true, rejectUnauthorized: false }),
  } as const;
}

/**
 * New connections are met with these certificates. Throws, and changes nothing, when they cannot be used.
 * @param server one that was built with `tls`
 */
export function renewTls(server: Server, files: TlsFiles): void {
  (server as TlsServer).setSecureContext(secureContext(files));
}

/** Milliseconds between looks for connections that have become idle while closing. */
const CLOSE_POLL_MS = 50;
/**
 * Milliseconds that a connection which waits for its next request is kept open while closing: a request that is under way
 * to us is answered, with `Connection: close`, and not met with a reset.
 */
export const CLOSE_GRACE_MS = 1_000;

/**
 * Stops accepting, lets calls in flight finish, and cuts what is left at the deadline.
 * Resolves when the last connection is closed.
 */
export function closeHttpServer(server: Server, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const { waiting, all } = connections.get(server) ?? newConnections();
    const began = performance.now();
    const closeIdle = (): void => {
      const now = performance.now();
      for (const [socket, { openRequests, since }] of waiting) {
        if (openRequests === 0 && now - Math.max(since, began) >= CLOSE_GRACE_MS) socket.destroy();
      }
    };
    const poll = setInterval(closeIdle, CLOSE_POLL_MS);
    const deadline = setTimeout(() => {
      for (const socket of all) socket.destroy();
    }, deadlineMs);
    // An HTTP server's own close() resets connections that wait for a request at once.
    TcpServer.prototype.close.call(server, () => {
      clearInterval(poll);
      clearTimeout(deadline);
      // Ends the looks for late requests.
      server.close();
      resolve();
    });
  });
}

interface Connections {
  /** What each connection waits for: also those that load balancers open ahead, which node does not count as idle. */
  readonly waiting: Map<Socket, ConnectionState>;
  /** Plain halves of TLS connections and those that have not agreed yet besides. */
  readonly all: Set<Socket>;
}

interface ConnectionState {
  openRequests: number;
  /** When the last request was answered, or the connection was made. */
  since: number;
}

const connections = new WeakMap<Server, Connections>();

function newConnections(): Connections {
  return { waiting: new Map(), all: new Set() };
}

/** One address (or IPv6 network), a proxy of ours aside, has at most this part of all connections. */
const ADDRESS_SHARE = 4;

function noteConnections(server: Server, mostOfAddress: number, isTrustedProxy: IsTrustedProxy): void {
  const { waiting, all } = newConnections();
  connections.set(server, { waiting, all });
  const ofAddress = new Map<string, number>();
  const count = (network: string, change: 1 | -1): number => {
    const now = (ofAddress.get(network) ?? 0) + change;
    if (now === 0) ofAddress.delete(network);
    else ofAddress.set(network, now);
    return now;
  };
  server.on("connection", (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress ?? "");
    const network = networkOf(address);
    all.add(socket);
    const isTooMany = count(network, 1) > mostOfAddress && !isTrustedProxy(address);
    socket.once("close", () => {
      all.delete(socket);
      count(network, -1);
    });
    if (isTooMany) socket.destroy();
  });
  server.on(server instanceof TlsServer ? "secureConnection" : "connection", (socket: Socket) => {
    waiting.set(socket, { openRequests: 0, since: performance.now() });
    socket.once("close", () => waiting.delete(socket));
  });
}

function noteRequest(
  noted: Connections | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const state = noted?.waiting.get(request.socket);
  if (state === undefined) return;
  state.openRequests += 1;
  response.once("close", () => {
    state.openRequests -= 1;
    state.since = performance.now();
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
