import type { Decoded, DecodedObject, InvalidBoolean } from "../soap/api.js";

/**
 * What every service reads of `userVO`, and how decoded values are read. Values are as the caller wrote them, trimmed,
 * never empty: what is empty is absent (contract section 1, "Input is read liberally").
 */
export interface UserRequest {
  readonly uid: string | undefined;
  readonly type: string | undefined;
  readonly caller: string | undefined;
  readonly ticket: string | undefined;
  /** Of the ticket: when it was made, and for whom. */
  readonly timestamp: string | undefined;
  readonly ticketUid: string | undefined;
}

/** "invalid": sent, but neither true, false, 1 nor 0. It counts as false, and is a format error of its own. */
export type RequestBoolean = boolean | "invalid";

export interface NotBoolean {
  readonly element: string;
  readonly value: string;
}

const NOTHING: DecodedObject = {};

export function readUser(arg0: Decoded | undefined): UserRequest {
  const user = asObject(arg0);
  const authinfo = asObject(user.authinfovo);
  const ticket = asObject(authinfo.ticket);
  return {
    uid: asText(user.uid),
    type: asText(user.type),
    caller: asText(authinfo.caller),
    ticket: asText(ticket.ticket),
    timestamp: asText(ticket.timestamp),
    ticketUid: asText(ticket.uid),
  };
}

/** The boolean as the answer has it: absent and invalid are false. */
export function echoed(value: RequestBoolean): boolean {
  return value === true;
}

/** userVO has two: personvo/gallrad and valid. */
export function notBooleansOfUser(arg0: Decoded | undefined): NotBoolean[] {
  const user = asObject(arg0);
  const found: NotBoolean[] = [];
  addNotBoolean(found, asObject(user.personvo), "gallrad");
  addNotBoolean(found, user, "valid");
  return found;
}

/** Adds the element to `found` when it was sent as a boolean that is none. */
export function addNotBoolean(found: NotBoolean[], object: DecodedObject, element: string): void {
  const value = object[element];
  if (isInvalidBoolean(value)) found.push({ element, value: value.invalidBoolean });
}

export function asBoolean(value: Decoded | undefined): RequestBoolean {
  return isInvalidBoolean(value) ? "invalid" : value === true;
}

export function isInvalidBoolean(value: Decoded | undefined): value is InvalidBoolean {
  return typeof value === "object" && "invalidBoolean" in value;
}

export function asText(value: Decoded | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function asObject(value: Decoded | undefined): DecodedObject {
  return typeof value === "object" && !Array.isArray(value) ? (value as DecodedObject) : NOTHING;
}

export function asList(value: Decoded | undefined): readonly Decoded[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Decoded[]) : [value];
}
