import type { Answer } from "../lpw/call.js";
import type { Encodable } from "../soap/api.js";

/** A value object without its `valid` and `messages`, which every one has. */
export type Fields = { readonly [element: string]: Encodable };

/** Of an operation whose result is one value object. */
export type ObjectAnswer = Answer<Fields>;

/** Of an operation whose result is a list of them. */
export type ListAnswer = Answer<readonly Fields[]>;
