/**
 * POST of a SOAP message to a service: bytes → call → operation → bytes, and whatever goes wrong → one fault.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AdresslistaError } from "../errors.js";
import type { DecodedObject, Encodable, SoapCall, SoapVersion } from "../soap/api.js";
import type { SoapService } from "../soap/codec.js";
import { CONTENT_TYPES, encodeFault, faultOf, refusal } from "../soap/fault.js";
import { type IsTrustedProxy, remoteAddressOf } from "./addresses.js";
import { ABORTED, discardBody, readBody } from "./body.js";
import { type Answer, send } from "./send.js";

export interface CallContext {
  /** The client's IP address, behind configured proxies too. */
  readonly remoteAddress: string;
  readonly usernameToken?: SoapCall["usernameToken"];
}

/**
 * One of a service's operations. What it throws becomes a fault: AdresslistaError "request" the client's, with its
 * message; anything else a Server fault without a word of it.
 */
export type Operation = (args: DecodedObject, context: CallContext) => Promise<Encodable> | Encodable;

export interface ServiceMount {
  /** `/cxf/AdresslistaFetcher` */
  readonly path: string;
  readonly service: SoapService;
  readonly operations: { readonly [operation: string]: Operation };
}

export interface EndpointOptions {
  readonly isTrustedProxy: IsTrustedProxy;
  readonly maxRequestBytes: number;
  /** Told of each internal error, with the incident id that the caller got. */
  readonly onError: (error: unknown, incidentId: string) => void;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** @throws AdresslistaError "internal" when an operation of the WSDL has no function. */
export function soapEndpoint(mount: ServiceMount, options: EndpointOptions): RequestHandler {
  const { service } = mount;
  const operations = new Map(
    service.operations.map((name) => {
      const operation = Object.hasOwn(mount.operations, name) ? mount.operations[name] : undefined;
      if (operation === undefined)
        throw new AdresslistaError("internal", `${service.name} lacks operation ${name}.`);
      return [name, operation] as const;
    }),
  );

  return async (request, response) => {
    const contentType = request.headers["content-type"];
    let version: SoapVersion = mediaTypeOf(contentType) === SOAP_12_MEDIA_TYPE ? "1.2" : "1.1";
    let answer: Answer;
    try {
      refuseMediaType(contentType);
      const body = await readBody(request, options.maxRequestBytes);
      if (body === ABORTED) return;
      const call = service.decodeRequest(body, contentType, options.maxRequestBytes);
      version = call.version;
      const value = await operations.get(call.operation)?.(call.args, contextOf(request, call, options));
      answer = {
        status: 200,
        contentType: CONTENT_TYPES[version],
        body: service.encodeResponse(call.operation, version, value),
        headers: NOT_STORED,
      };
    } catch (error) {
      const fault = faultOf(error, randomUUID);
      if (fault.incidentId !== undefined) tell(options, error, fault.incidentId);
      answer = { ...encodeFault(fault, fault.version ?? version), headers: NOT_STORED };
      await discardBody(request);
    }
    await send(request, response, answer);
  };
}

/** Answers hold personal data: no proxy or client is to keep them. */
const NOT_STORED = { "Cache-Control": "no-store" } as const;

const SOAP_12_MEDIA_TYPE = "application/soap+xml";
const MEDIA_TYPES: ReadonlySet<string> = new Set(["", "text/xml", "application/xml", SOAP_12_MEDIA_TYPE]);

function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function refuseMediaType(contentType: string | undefined): void {
  if (MEDIA_TYPES.has(mediaTypeOf(contentType))) return;
  throw refusal({
    code: "Client",
    reason: "The media type is not supported; use text/xml or application/soap+xml.",
    httpStatus: 415,
  });
}

function contextOf(request: IncomingMessage, call: SoapCall, options: EndpointOptions): CallContext {
  const remoteAddress = remoteAddressOf(request, options.isTrustedProxy);
  return call.usernameToken === undefined
    ? { remoteAddress }
    : { remoteAddress, usernameToken: call.usernameToken };
}

function tell(options: EndpointOptions, error: unknown, incidentId: string): void {
  try {
    options.onError(error, incidentId);
  } catch {
    // A log that fails must not take the answer with it.
  }
}
