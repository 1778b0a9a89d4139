/**
 * The one fault writer (contract section 1, Faults). A fault is for what is not a valid call; everything else is a
 * message in an answer.
 */
import { AdresslistaError } from "../errors.js";
import type { SoapVersion } from "./api.js";
import { escapeText } from "./xml.js";

export type FaultCode = "Client" | "Server" | "MustUnderstand" | "VersionMismatch";

export interface SoapFault {
  readonly code: FaultCode;
  /** One plain English sentence that quotes nothing of the request. */
  readonly reason: string;
  /** Only where HTTP has a status of its own for it: 405, 413, 415, 503. */
  readonly httpStatus?: number;
  /** Server faults: the number under which the log has the cause. */
  readonly incidentId?: string;
  /** The version of the envelope, when the fault was found after it. */
  readonly version?: SoapVersion;
}

export interface EncodedFault {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

export const CONTENT_TYPES: Readonly<Record<SoapVersion, string>> = {
  "1.1": "text/xml; charset=utf-8",
  "1.2": "application/soap+xml; charset=utf-8",
};

export const ENVELOPE_NAMESPACES: Readonly<Record<SoapVersion, string>> = {
  "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
  "1.2": "http://www.w3.org/2003/05/soap-envelope",
};

/** The error to throw for a request that is refused; `faultOf` finds the fault in it again. */
export function refusal(fault: SoapFault): AdresslistaError {
  return new AdresslistaError("request", fault.reason, { expose: true, cause: fault });
}

/**
 * The fault that a thrown error becomes: a "request" error is the client's, with its own sentence; anything else is
 * ours, and only the incident id leaves the house.
 */
export function faultOf(error: unknown, makeIncidentId: () => string): SoapFault {
  if (error instanceof AdresslistaError && error.code === "request") {
    return isSoapFault(error.cause) ? error.cause : { code: "Client", reason: error.message };
  }
  // Nothing is wrong on either side: the same call will be answered later.
  if (error instanceof AdresslistaError && error.code === "busy" && error.expose) {
    return { code: "Server", reason: error.message, httpStatus: 503 };
  }
  return {
    code: "Server",
    reason: "The service could not answer because of an internal error.",
    incidentId: makeIncidentId(),
  };
}

export function encodeFault(fault: SoapFault, version: SoapVersion): EncodedFault {
  const reason = escapeText(
    fault.incidentId === undefined ? fault.reason : `${fault.reason} Incident: ${fault.incidentId}`,
  );
  const content = version === "1.1" ? fault11(fault.code, reason) : fault12(fault.code, reason);
  return {
    status: fault.httpStatus ?? (version === "1.2" && fault.code === "Client" ? 400 : 500),
    contentType: CONTENT_TYPES[version],
    body: Buffer.from(
      `<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="${ENVELOPE_NAMESPACES[version]}">` +
        `<soap:Body><soap:Fault>${content}</soap:Fault></soap:Body></soap:Envelope>`,
    ),
  };
}

// No detail element: two client stacks cannot read it (contract section 1).
function fault11(code: FaultCode, reason: string): string {
  return `<faultcode>soap:${code}</faultcode><faultstring>${reason}</faultstring>`;
}

const CODES_12: Readonly<Record<FaultCode, string>> = {
  Client: "Sender",
  Server: "Receiver",
  MustUnderstand: "MustUnderstand",
  VersionMismatch: "VersionMismatch",
};

function fault12(code: FaultCode, reason: string): string {
  return (
    `<soap:Code><soap:Value>soap:${CODES_12[code]}</soap:Value></soap:Code>` +
    `<soap:Reason><soap:Text xml:lang="en">${reason}</soap:Text></soap:Reason>`
  );
}

const FAULT_CODES: ReadonlySet<unknown> = new Set<FaultCode>([
  "Client",
  "Server",
  "MustUnderstand",
  "VersionMismatch",
]);

function isSoapFault(cause: unknown): cause is SoapFault {
  return typeof cause === "object" && cause !== null && FAULT_CODES.has((cause as { code?: unknown }).code);
}
