/**
 * POST of a SOAP message to a service: bytes → call → operation → bytes, and whatever goes wrong → one fault.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { AdresslistaError } from "../errors.js";
import type { DecodedObject, Encodable, SoapCall, SoapVersion } from "../soap/api.js";
import type { SoapService } from "../soap/codec.js";
import { CONTENT_TYPES, encodeFault, faultOf, refusal } from "../soap/fault.js";
import { type IsTrustedProxy, remoteAddressOf } from "./addresses.js";
import type { AnswerBuffers, LentBuffer } from "./answer-buffers.js";
import { ABORTED, discardBody, readBody } from "./body.js";
import { type Answer, send } from "./send.js";

export interface CallContext {
  /** The client's IP address, behind configured proxies too. */
  readonly remoteAddress: string;
  readonly usernameToken?: SoapCall["usernameToken"] | undefined;
  /** Subject of the client's TLS certificate, when a configured authority has signed it: lines `NAME=value`. */
  readonly certificateSubject?: string | undefined;
  /** Gives the call's place to others while it waits for something that is bounded by itself. */
  readonly whileWaiting?: WhileWaiting;
  /** Whatever an operation has to say of its call: `onCall` is told it. */
  readonly note?: (facts: object) => void;
}

export type WhileWaiting = <T>(wait: () => Promise<T>) => Promise<T>;

/** One call and how it was answered. */
export interface AnsweredCall {
  /** portType of the service. */
  readonly service: string;
  /** Of the address that was called; absent: it has none. */
  readonly tenant?: string | undefined;
  /** Undefined: the message was no call of one. */
  readonly operation: string | undefined;
  readonly remoteAddress: string;
  /** What the operation has noted. */
  readonly facts: object | undefined;
  /** The fault that is the answer; undefined: it is none. */
  readonly fault:
    | { readonly code: string; readonly httpStatus: number; readonly incidentId?: string }
    | undefined;
  /** From its first byte to its finished answer. */
  readonly milliseconds: number;
  readonly answerBytes: number;
}

/**
 * One of a service's operations. What it throws becomes a fault: AdresslistaError "request" the client's, with its
 * message; anything else a Server fault without a word of it.
 */
export type Operation = (args: DecodedObject, context: CallContext) => Promise<Encodable> | Encodable;

export interface ServiceMount {
  /** `/cxf/AdresslistaFetcher`, or with a tenant in it */
  readonly path: string;
  readonly tenant?: string | undefined;
  readonly service: SoapService;
  readonly operations: { readonly [operation: string]: Operation };
}

export interface EndpointOptions {
  readonly isTrustedProxy: IsTrustedProxy;
  readonly maxRequestBytes: number;
  /** Told of each internal error, with the incident id that the caller got. */
  readonly onError: (error: unknown, incidentId: string) => void;
  /** Told of each call before its answer leaves: when it throws, a Server fault is the answer. */
  readonly onCall?: ((call: AnsweredCall) => void | Promise<void>) | undefined;
  /** Calls of all services that are worked on at a time. */
  readonly slots: CallSlots;
  /** What their answers are written in. */
  readonly buffers: AnswerBuffers;
}

/** How many calls are worked on, from their whole request to the last byte of their answer. */
export interface CallSlots {
  /** False: there are too many. */
  take(): boolean;
  giveBack(): void;
  /** For a call that has lent its place: it goes on, also when there are too many now. */
  takeAgain(): void;
}

export function callSlots(most: number): CallSlots {
  let taken = 0;
  return {
    take() {
      if (taken >= most) return false;
      taken += 1;
      return true;
    },
    giveBack() {
      taken -= 1;
    },
    takeAgain() {
      taken += 1;
    },
  };
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** @throws AdresslistaError "internal" when an operation of the WSDL has no function. */
export function soapEndpoint(mount: ServiceMount, options: EndpointOptions): RequestHandler {
  const { service, tenant } = mount;
  const ofTenant = tenant === undefined ? {} : { tenant };
  const operations = new Map(
    service.operations.map((name) => {
      const operation = Object.hasOwn(mount.operations, name) ? mount.operations[name] : undefined;
      if (operation === undefined)
        throw new AdresslistaError("internal", `${service.name} lacks operation ${name}.`);
      return [name, operation] as const;
    }),
  );

  const { onCall = () => {} } = options;

  /** In a function of its own, so that what the bytes are made of is garbage before the answer waits to be sent. */
  const bytesOfAnswer = async (call: SoapCall, context: CallContext, room: LentBuffer["take"]) => {
    const operation = operations.get(call.operation);
    return service.encodeResponse(call.operation, call.version, await operation?.(call.args, context), room);
  };

  return async (request, response) => {
    const began = performance.now();
    const contentType = request.headers["content-type"];
    const remoteAddress = remoteAddressOf(request, options.isTrustedProxy);
    let version: SoapVersion = mediaTypeOf(contentType) === SOAP_12_MEDIA_TYPE ? "1.2" : "1.1";
    let operation: string | undefined;
    let facts: object | undefined;
    let answer: Answer;
    const { take, giveBack } = options.buffers.lend();
    const described = (fault: AnsweredCall["fault"], answerBytes: number): AnsweredCall => ({
      service: service.name,
      ...ofTenant,
      operation,
      remoteAddress,
      facts,
      fault,
      milliseconds: performance.now() - began,
      answerBytes,
    });
    try {
      refuseMediaType(contentType);
      const body = await readBody(request, options.maxRequestBytes);
      if (body === ABORTED) return;
      const whileWaiting = takeSlot(options.slots, response);
      const call = service.decodeRequest(body, contentType, options.maxRequestBytes);
      version = call.version;
      operation = call.operation;
      const context: CallContext = {
        remoteAddress,
        usernameToken: call.usernameToken,
        certificateSubject: certificateSubjectOf(request.socket),
        whileWaiting,
        note: (noted) => {
          facts = noted;
        },
      };
      answer = {
        status: 200,
        contentType: CONTENT_TYPES[version],
        body: await bytesOfAnswer(call, context, take),
        headers: NOT_STORED,
      };
      await onCall(described(undefined, answer.body.length));
    } catch (error) {
      const fault = faultOf(error, randomUUID);
      if (fault.incidentId !== undefined) tell(options, error, fault.incidentId);
      const encoded = encodeFault(fault, fault.version ?? version);
      answer = { ...encoded, headers: encoded.status === 503 ? [...NOT_STORED, ...LATER] : NOT_STORED };
      const { code, incidentId } = fault;
      const told = { code, httpStatus: encoded.status, ...(incidentId === undefined ? {} : { incidentId }) };
      // A fault says nothing of anybody: it leaves even when nobody could be told of it.
      try {
        await onCall(described(told, encoded.body.length));
      } catch (failure) {
        if (incidentId === undefined) tell(options, failure, randomUUID());
      }
      await discardBody(request);
    }
    await send(request, response, answer, giveBack);
  };
}

/** When a service is busy, in seconds (RFC 9110, 10.2.3). */
const LATER = ["Retry-After", "1"] as const;

/** @throws AdresslistaError "busy" */
function takeSlot(slots: CallSlots, response: ServerResponse): WhileWaiting {
  if (!slots.take()) {
    throw new AdresslistaError("busy", "The service is busy; try again in a second.", { expose: true });
  }
  let isHeld = true;
  const giveBack = () => {
    if (isHeld) slots.giveBack();
    isHeld = false;
  };
  if (response.destroyed) giveBack();
  else response.once("close", giveBack);
  return async (wait) => {
    giveBack();
    try {
      return await wait();
    } finally {
      if (!response.destroyed) {
        slots.takeAgain();
        isHeld = true;
      }
    }
  };
}

/** Answers hold personal data: no proxy or client is to keep them. */
const NOT_STORED = ["Cache-Control", "no-store"] as const;

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

function certificateSubjectOf(socket: Socket | TLSSocket): string | undefined {
  // A certificate that no configured authority has signed is as good as none.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return socket.getPeerX509Certificate()?.subject;
}

function tell(options: EndpointOptions, error: unknown, incidentId: string): void {
  try {
    options.onError(error, incidentId);
  } catch {
    // A log that fails must not take the answer with it.
  }
}
