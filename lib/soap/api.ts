/**
 * Values between the SOAP layer and the operations. The layer knows WSDLs and bytes, nothing of courses.
 */

/** A boolean of the request that is neither true, false, 1 nor 0: the operation answers with a format error. */
export interface InvalidBoolean {
  readonly invalidBoolean: string;
}

/** A decoded value by its schema type: string (trimmed, never empty), boolean, int, object or array; absent keys for what was absent. Repeated elements are always arrays, absent when empty. Keys are the schema's element names. */
export type Decoded = string | number | boolean | InvalidBoolean | DecodedObject | readonly Decoded[];
export interface DecodedObject {
  readonly [element: string]: Decoded | undefined;
}

/** Bytes as a string that has one byte a character: what is joined of many is made fastest so. */
export class OneByteText {
  constructor(readonly text: string) {}
}

/** Bytes of finished elements to be written in place of a repeated element's values. */
export class FinishedElements {
  constructor(readonly chunks: readonly (Buffer | OneByteText)[]) {}
}

/** An answer that may be given again: what it was encoded to is kept with it. Only the whole of an answer may be one. */
export class RepeatedAnswer {
  readonly bytes: { [version in SoapVersion]?: Buffer } = {};
  /** `onBytes`: told how many bytes are kept from now on. */
  constructor(
    readonly value: Encodable,
    readonly onBytes: (bytes: number) => void,
  ) {}
}

export type Encodable =
  | string
  | number
  | boolean
  | null
  | undefined
  | FinishedElements
  | RepeatedAnswer
  | readonly Encodable[]
  | { readonly [element: string]: Encodable };

export type SoapVersion = "1.1" | "1.2";

export interface SoapCall {
  readonly version: SoapVersion;
  /** Local name of the operation, as the WSDL spells it. */
  readonly operation: string;
  /** arg0, arg1 … by their names. */
  readonly args: DecodedObject;
  /** WS-Security UsernameToken with PasswordText of the header, when there is one. */
  readonly usernameToken?: { readonly username: string; readonly password: string } | undefined;
}
