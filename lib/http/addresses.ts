/**
 * Who calls and by what address they reached us, also through proxies: `X-Forwarded-*` count only when the
 * connection comes from a configured proxy (contract section 1).
 */
import type { IncomingMessage } from "node:http";
import { isIP, isIPv4 } from "node:net";
import type { TLSSocket } from "node:tls";
import { type IsWithin, isAddressOrNetwork, within } from "../domain/networks.js";
import { AdresslistaError } from "../errors.js";

export type IsTrustedProxy = IsWithin;

/**
 * @param addresses IP addresses and CIDR ranges.
 * @throws AdresslistaError "settings" that names the entry that is neither.
 */
export function trustProxies(addresses: readonly string[]): IsTrustedProxy {
  const networks = addresses.map((address) => address.trim());
  const wrong = networks.find((network) => !isAddressOrNetwork(network));
  if (wrong !== undefined) {
    throw new AdresslistaError(
      "settings",
      `trustedProxies: ${wrong} is neither an IP address nor a CIDR range`,
    );
  }
  return within(networks);
}

/** The client's IP address: the last in the chain that is not one of our proxies. */
export function remoteAddressOf(request: IncomingMessage, isTrusted: IsTrustedProxy): string {
  let address = plainAddress(request.socket.remoteAddress ?? "");
  if (!isTrusted(address)) return address;
  const forwarded = headerValues(request, "x-forwarded-for");
  while (isTrusted(address)) {
    const before = forwarded.pop();
    const previous = before === undefined ? "" : plainAddress(withoutPort(before));
    if (isIP(previous) === 0) break;
    address = previous;
  }
  return address;
}

/** Scheme, host and port that the caller used, such as `https://lpw.example.se`; undefined when its Host is none. */
export function originOf(request: IncomingMessage, isTrusted: IsTrustedProxy): string | undefined {
  const viaProxy = isTrusted(plainAddress(request.socket.remoteAddress ?? ""));
  // Proxies append: the last value is our own proxy's, earlier ones may be the client's invention.
  const forwarded = (name: string): string | undefined =>
    viaProxy ? headerValues(request, name).pop() : undefined;
  const forwardedScheme = forwarded("x-forwarded-proto")?.toLowerCase();
  const ownScheme = (request.socket as Partial<TLSSocket>).encrypted === true ? "https" : "http";
  const scheme = forwardedScheme === "http" || forwardedScheme === "https" ? forwardedScheme : ownScheme;
  const host = forwarded("x-forwarded-host") ?? request.headers.host ?? localHost(request);
  if (!isHost(host)) return undefined;
  const port = forwarded("x-forwarded-port");
  return `${scheme}://${port === undefined ? host : withPort(host, port, scheme)}`;
}

/** Characters of a Host header; DNS names have at most 253. */
const MAX_HOST_LENGTH = 262;
const MAX_PORT = 65_535;
const HOST = /^(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/i;

function isHost(text: string): boolean {
  if (text.length > MAX_HOST_LENGTH) return false;
  const match = HOST.exec(text);
  return match !== null && Number(match[1] ?? 1) >= 1 && Number(match[1] ?? 1) <= MAX_PORT;
}

function withPort(host: string, port: string, scheme: string): string {
  if (/:\d+$/.test(host.replace(/^\[.*\]/, "")) || !/^\d{1,5}$/.test(port) || Number(port) > MAX_PORT)
    return host;
  const isDefault = (scheme === "http" && port === "80") || (scheme === "https" && port === "443");
  return isDefault ? host : `${host}:${port}`;
}

/** For HTTP/1.0, which needs no Host. */
function localHost(request: IncomingMessage): string {
  const address = plainAddress(request.socket.localAddress ?? "");
  return `${isIP(address) === 6 ? `[${address}]` : address}:${request.socket.localPort ?? ""}`;
}

function headerValues(request: IncomingMessage, name: string): string[] {
  const header = request.headers[name];
  const text = Array.isArray(header) ? header.join(",") : (header ?? "");
  return text.split(",").flatMap((value) => (value.trim() === "" ? [] : [value.trim()]));
}

/** IPv4 as itself also where a dual-stack socket shows it as IPv6; without a zone. */
export function plainAddress(address: string): string {
  const unzoned = address.replace(/%.*$/, "");
  const mapped = unzoned.toLowerCase().startsWith("::ffff:") ? unzoned.slice("::ffff:".length) : "";
  return isIPv4(mapped) ? mapped : unzoned;
}

function withoutPort(address: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(address);
  if (bracketed?.[1] !== undefined) return bracketed[1];
  return /^[\d.]+:\d+$/.test(address) ? address.slice(0, address.indexOf(":")) : address;
}
