import {
  addNotBoolean,
  asList,
  asObject,
  asText,
  type NotBoolean,
  notBooleansOfUser,
} from "../lpw/request.js";
import type { DecodedObject } from "../soap/api.js";

/** What T22's operations read of their arguments. `notBooleans`: booleans that are none, in schema order. */
export interface PlainRequest {
  readonly notBooleans: readonly NotBoolean[];
}

/** arg1 is a text: a code, or a part of a code or name. */
export interface TextRequest extends PlainRequest {
  readonly text: string | undefined;
}

/** arg1 is a list of personnummer. */
export interface NumbersRequest extends PlainRequest {
  readonly numbers: readonly string[];
}

/** arg1 is a utilityNamnVO: only its pnr is searched by. */
export interface NamnRequest extends PlainRequest {
  readonly pnr: string | undefined;
  /** Those that stand after pnr; `notBooleans` has the others. */
  readonly notBooleansAfterPnr: readonly NotBoolean[];
}

const NAMN_BOOLEANS_BEFORE_PNR = ["avliden", "gallrad", "hasnewpnr", "igallrad", "inladok"];

export function readPlain({ arg0 }: DecodedObject): PlainRequest {
  return { notBooleans: notBooleansOfUser(arg0) };
}

export function readText({ arg0, arg1 }: DecodedObject): TextRequest {
  return { text: asText(arg1), notBooleans: notBooleansOfUser(arg0) };
}

export function readNumbers({ arg0, arg1 }: DecodedObject): NumbersRequest {
  const numbers = asList(arg1).flatMap((item) => asText(item) ?? []);
  return { numbers, notBooleans: notBooleansOfUser(arg0) };
}

export function readNamn({ arg0, arg1 }: DecodedObject): NamnRequest {
  return {
    pnr: asText(asObject(arg1).pnr),
    notBooleans: [...notBooleansOfUser(arg0), ...notBooleansIn(asObject(arg1), NAMN_BOOLEANS_BEFORE_PNR)],
    notBooleansAfterPnr: notBooleansIn(asObject(arg1), ["valid"]),
  };
}

/** utilityHskVO: there is nothing to find, so that nothing but its form is read. */
export function readHsk({ arg0, arg1 }: DecodedObject): PlainRequest {
  return { notBooleans: [...notBooleansOfUser(arg0), ...notBooleansIn(asObject(arg1), ["valid"])] };
}

function notBooleansIn(object: DecodedObject, elements: readonly string[]): NotBoolean[] {
  const found: NotBoolean[] = [];
  for (const element of elements) addNotBoolean(found, object, element);
  return found;
}
