import type { Call } from "../lpw/call.js";
import { isWellFormed, missing, notBoolean } from "../lpw/checks.js";
import { MAX_ASKED } from "../lpw/limits.js";
import { invalidFormat, type Message, tooMany } from "../lpw/messages.js";
import type { NamnRequest, NumbersRequest, PlainRequest, TextRequest } from "./request.js";

/**
 * As T04's checks, all in one answer: what is missing, then format errors in schema order, one message per occurrence.
 * The name of a plain argument is `arg1`, as the schema has it.
 */
export function mistakesInPlain({ request }: Call<PlainRequest>): readonly Message[] {
  return request.notBooleans.map(notBoolean);
}

/** `field`: whose format arg1 has; undefined: any text. */
export async function mistakesInText(
  call: Call<TextRequest>,
  field: "Institution" | "Kurskod" | undefined,
): Promise<readonly Message[]> {
  const { text, notBooleans } = call.request;
  const messages = [...missing({ arg1: text }, ["arg1"], ["arg1"]), ...notBooleans.map(notBoolean)];
  if (text === undefined || field === undefined || (await isWellFormed(call, field, text))) return messages;
  return [...messages, invalidFormat("arg1", text)];
}

/** `hasFormat`: of a number, or of a part of one. */
export function mistakesInNamn(
  { request: { pnr, notBooleans, notBooleansAfterPnr } }: Call<NamnRequest>,
  hasFormat: (pnr: string) => boolean,
): readonly Message[] {
  return [
    ...missing({ pnr }, ["pnr"], ["pnr"]),
    ...notBooleans.map(notBoolean),
    ...(pnr === undefined || hasFormat(pnr) ? [] : [invalidFormat("pnr", pnr)]),
    ...notBooleansAfterPnr.map(notBoolean),
  ];
}

export function mistakesInNumbers(
  { request: { numbers, notBooleans } }: Call<NumbersRequest>,
  hasFormat: (pnr: string) => boolean,
): readonly Message[] {
  // Not a message for each of them.
  if (numbers.length > MAX_ASKED) return [tooMany("arg1", MAX_ASKED)];
  return [
    ...missing({ arg1: numbers[0] }, ["arg1"], ["arg1"]),
    ...notBooleans.map(notBoolean),
    ...numbers.filter((pnr) => !hasFormat(pnr)).map((pnr) => invalidFormat("arg1", pnr)),
  ];
}
