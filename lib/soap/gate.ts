/**
 * The one XML gate: bytes of a request → the call it makes, or a refusal.
 *
 * Refused while reading, at the first thing that is wrong: what is not an envelope, headers that must be understood
 * and are not, several operations (contract section 1, Faults). SOAPAction is not looked at: the body's element
 * says which operation it is.
 */
import { AdresslistaError } from "../errors.js";
import type { SoapCall, SoapVersion } from "./api.js";
import type { ArgumentsDecoder } from "./decode.js";
import { charsetOf, decodeXmlBytes } from "./encoding.js";
import { ENVELOPE_NAMESPACES, type FaultCode, faultOf, refusal, type SoapFault } from "./fault.js";
import { idOf, referencesWithin } from "./references.js";
import { attributeOf, REQUEST_LIMITS, readXml, type XmlElement } from "./xml.js";

/** Bytes of a request's body, as sent and inflated, unless the setting `maxRequestBytes` says otherwise. */
export const DEFAULT_MAX_REQUEST_BYTES = 1_048_576;

export type RequestReader = (
  bytes: Buffer,
  contentType: string | undefined,
  maxRequestBytes?: number,
) => SoapCall;

/**
 * The reader for one service's operations.
 * The returned function throws AdresslistaError "request" with its SoapFault as cause for what is not a valid call.
 */
export function requestReader(operations: ReadonlyMap<string, ArgumentsDecoder>): RequestReader {
  const operationNames = new Map([...operations.keys()].map((name) => [name.toLowerCase(), name] as const));
  const unknownOperation = `The operation is none of ${[...operations.keys()].join(", ")}.`;

  return (bytes, contentType, maxRequestBytes = DEFAULT_MAX_REQUEST_BYTES) => {
    if (bytes.length > maxRequestBytes) throw refusal(tooLarge(maxRequestBytes));
    let version: SoapVersion | undefined;
    try {
      const text = decodeXmlBytes(bytes, charsetOf(contentType));
      const parts: EnvelopeParts = {};
      readXml(text, REQUEST_LIMITS, (element, depth) => {
        if (depth === 1) version = versionOfEnvelope(element);
        else if (depth === 2) noteEnvelopePart(element, parts);
        else if (depth === 3) refuseHeaderOrSecondOperation(element, parts, operationNames, unknownOperation);
      });
      const { body } = parts;
      if (body === undefined || version === undefined) throw client("The envelope has no Body.");
      const element = operationOf(body, operationNames, unknownOperation);
      const operation = operationNames.get(element.local.toLowerCase());
      const decodeArguments = operation === undefined ? undefined : operations.get(operation);
      if (operation === undefined || decodeArguments === undefined) throw client(unknownOperation);
      const args = decodeArguments(element, referencesWithin(body, text.length));
      const usernameToken = usernameTokenOf(parts.header);
      return usernameToken === undefined
        ? { version, operation, args }
        : { version, operation, args, usernameToken };
    } catch (error) {
      throw withVersion(error, version);
    }
  };
}

export function tooLarge(maxRequestBytes: number): SoapFault {
  return {
    code: "Client",
    reason: `The request is larger than ${maxRequestBytes} bytes.`,
    httpStatus: 413,
  };
}

// ── Envelope ────────────────────────────────────────────────────────────────────────────────────────────────────

interface EnvelopeParts {
  header?: XmlElement;
  body?: XmlElement;
  /** A child of Body that nothing can refer to: there may be one, the operation. */
  operation?: XmlElement;
}

function versionOfEnvelope(root: XmlElement): SoapVersion {
  if (root.local !== "Envelope") throw client("The message is not a SOAP envelope.");
  if (root.namespace === ENVELOPE_NAMESPACES["1.1"]) return "1.1";
  if (root.namespace === ENVELOPE_NAMESPACES["1.2"]) return "1.2";
  throw refused("VersionMismatch", "The envelope is neither SOAP 1.1 nor SOAP 1.2.");
}

function noteEnvelopePart(element: XmlElement, parts: EnvelopeParts): void {
  if (element.namespace !== element.parent?.namespace) return;
  if (element.local === "Header") {
    if (parts.header !== undefined || parts.body !== undefined) {
      throw client("The envelope has a Header in the wrong place.");
    }
    parts.header = element;
  } else if (element.local === "Body") {
    if (parts.body !== undefined) throw client("The envelope has several bodies.");
    parts.body = element;
  }
}

function refuseHeaderOrSecondOperation(
  element: XmlElement,
  parts: EnvelopeParts,
  operationNames: ReadonlyMap<string, string>,
  unknownOperation: string,
): void {
  if (element.parent === parts.header) refuseUnknownMustUnderstand(element);
  if (element.parent !== parts.body || idOf(element) !== undefined) return;
  if (parts.operation !== undefined) throw client(SEVERAL_OPERATIONS);
  if (!operationNames.has(element.local.toLowerCase())) throw client(unknownOperation);
  parts.operation = element;
}

const SEVERAL_OPERATIONS = "The body has more than one operation.";

/** The operation is the one child that has no id; when all have, the one that is called like an operation. */
function operationOf(
  body: XmlElement,
  operationNames: ReadonlyMap<string, string>,
  unknownOperation: string,
): XmlElement {
  if (body.children.length === 0) throw client("The body is empty.");
  const withoutId = body.children.filter((child) => idOf(child) === undefined);
  const candidates =
    withoutId.length > 0
      ? withoutId
      : body.children.filter((child) => operationNames.has(child.local.toLowerCase()));
  const [operation, another] = candidates;
  if (another !== undefined) throw client(SEVERAL_OPERATIONS);
  if (operation === undefined) throw client(unknownOperation);
  return operation;
}

// ── Header ──────────────────────────────────────────────────────────────────────────────────────────────────────

const WS_SECURITY: ReadonlySet<string> = new Set([
  "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
  "http://schemas.xmlsoap.org/ws/2003/06/secext",
  "http://schemas.xmlsoap.org/ws/2002/12/secext",
  "http://schemas.xmlsoap.org/ws/2002/07/secext",
  "http://schemas.xmlsoap.org/ws/2002/04/secext",
]);

/** .NET always marks these as to be understood; the answer to the one who asks is what they ask for. */
const WS_ADDRESSING: ReadonlySet<string> = new Set([
  "http://www.w3.org/2005/08/addressing",
  "http://schemas.xmlsoap.org/ws/2004/08/addressing",
  "http://schemas.xmlsoap.org/ws/2004/03/addressing",
  "http://schemas.xmlsoap.org/ws/2003/03/addressing",
]);

/** SOAP 1.1 `actor` and SOAP 1.2 `role` values that mean this service; other headers are for others. */
const ROLES_OF_OURS: ReadonlySet<string> = new Set([
  "",
  "http://schemas.xmlsoap.org/soap/actor/next",
  "http://www.w3.org/2003/05/soap-envelope/role/next",
  "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
]);

function refuseUnknownMustUnderstand(block: XmlElement): void {
  const envelope = block.parent?.namespace ?? "";
  const must = attributeOf(block, envelope, "mustUnderstand")?.trim();
  if (must !== "1" && must !== "true") return;
  const role = attributeOf(block, envelope, "actor") ?? attributeOf(block, envelope, "role") ?? "";
  if (!ROLES_OF_OURS.has(role.trim())) return;
  if (WS_ADDRESSING.has(block.namespace)) return;
  if (WS_SECURITY.has(block.namespace) && block.local === "Security") return;
  throw refused("MustUnderstand", "A header that must be understood is not supported.");
}

/** PasswordText only: a digest cannot be checked against a hashed secret. */
function usernameTokenOf(header: XmlElement | undefined): SoapCall["usernameToken"] {
  for (const security of header?.children ?? []) {
    if (security.local !== "Security" || !WS_SECURITY.has(security.namespace)) continue;
    for (const token of security.children) {
      if (token.local !== "UsernameToken" || token.namespace !== security.namespace) continue;
      const username = token.children.find((child) => child.local === "Username");
      const password = token.children.find((child) => child.local === "Password");
      if (username === undefined || password === undefined) continue;
      const type = attributeOf(password, "", "Type")?.trim();
      if (type !== undefined && !type.endsWith("PasswordText")) continue;
      return { username: username.text.trim(), password: password.text.trim() };
    }
  }
  return undefined;
}

// ── Refusals ────────────────────────────────────────────────────────────────────────────────────────────────────

function client(reason: string): AdresslistaError {
  return refused("Client", reason);
}

function refused(code: FaultCode, reason: string): AdresslistaError {
  return refusal({ code, reason });
}

/** The answer has the request's version as soon as that is known. */
function withVersion(error: unknown, version: SoapVersion | undefined): unknown {
  if (version === undefined || !(error instanceof AdresslistaError) || error.code !== "request") return error;
  return refusal({ ...faultOf(error, () => ""), version });
}
