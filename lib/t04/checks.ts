import { isWellFormed, missing, notBoolean } from "../lpw/checks.js";
import { MAX_ASKED } from "../lpw/limits.js";
import { invalidCall, invalidFormat, type Message, missingParameter, tooMany } from "../lpw/messages.js";
import type { AdrListCall } from "./call.js";
import { type CheckedField, fitsFormat, readTyp } from "./formats.js";
import {
  type AdrListRequest,
  KURS_TF_FIELDS,
  type KursTf,
  type KursTfTermreg,
  TERMREG_FIELDS,
} from "./request.js";

/**
 * T04's checks (2.4.1, 3.4.1, 4.4.1), all in one answer: first what makes the call as a whole invalid, then all missing
 * obligatory fields, then all format errors; each in schema order, one message per occurrence. A value is checked only
 * where the method uses it.
 */
export async function mistakesInGetKurs(call: AdrListCall): Promise<readonly Message[]> {
  const { Institution, Termin } = call.request;
  return [
    ...missing({ Institution }, ["Institution"], ["Institution"]),
    ...(await formatErrors(call, [
      ["Institution", Institution],
      ["Termin", Termin],
    ])),
  ];
}

export async function mistakesInGetKursTf(call: AdrListCall): Promise<readonly Message[]> {
  const { Termin, Kurskod } = call.request;
  return [
    ...missing({ Termin, Kurskod }, ["Termin", "Kurskod"], ["Termin", "Kurskod"]),
    ...(await formatErrors(call, [
      ["Termin", Termin],
      ["Kurskod", Kurskod],
    ])),
  ];
}

export async function mistakesInGetAdrLista(call: AdrListCall): Promise<readonly Message[]> {
  const { request } = call;
  const tooLong = tooLongLists(request);
  // Not a message for each of them.
  if (tooLong.length > 0) return tooLong;
  return [
    ...invalidCalls(request),
    ...missingInGetAdrLista(request),
    ...(await formatErrors(call, fieldsOfGetAdrLista(request))),
  ];
}

/** Free search is one KursTfVO without `typ`; all else is a search by occasions (T04 4.1). */
export function isFreeSearch({ KursTfVO: [first, ...others] }: AdrListRequest): boolean {
  return first !== undefined && first.typ === undefined && others.length === 0;
}

function tooLongLists({ KursTfVO, KursTFTermregVO }: AdrListRequest): Message[] {
  const messages: Message[] = [];
  if (KursTfVO.length > MAX_ASKED) messages.push(tooMany("KursTfVO", MAX_ASKED));
  if (KursTFTermregVO.length > MAX_ASKED) messages.push(tooMany("KursTFTermregVO", MAX_ASKED));
  return messages;
}

function invalidCalls(request: AdrListRequest): Message[] {
  if (!isFreeSearch(request)) {
    return request.KursTfVO.some(({ typ }) => typ === undefined) ? [invalidCall("typ")] : [];
  }
  const messages: Message[] = [];
  if (request.KursTFTermregVO.length > 0) messages.push(invalidCall("KursTFTermregVO"));
  // A flag that is no boolean was given, only wrongly: that is said as a format error.
  const flags = [request.FFG, request.FO, request.OM];
  if (flags.every((flag) => flag === false)) messages.push(invalidCall("FFG"));
  return messages;
}

function missingInGetAdrLista({ KursTfVO, KursTFTermregVO }: AdrListRequest): Message[] {
  if (KursTfVO.length === 0 && KursTFTermregVO.length === 0) return [missingParameter("KursTfVO")];
  return [
    ...KursTfVO.flatMap((occasion) =>
      missing(occasion, KURS_TF_FIELDS, ["Kurskod", obligatoryTerm(occasion)]),
    ),
    ...KursTFTermregVO.flatMap((occasion) =>
      missing(occasion, TERMREG_FIELDS, ["typ", "Kurskod", "program", obligatoryTerm(occasion)]),
    ),
  ];
}

/**
 * FFG needs Starttermin, FO Kalendertermin. Where `typ` does not tell (free search; a missing or wrong typ) one of them
 * is enough, and the name is Starttermin (T04 4.4.1, check 3).
 */
function obligatoryTerm(occasion: KursTf | KursTfTermreg): "Starttermin" | "Kalendertermin" {
  const typ = occasion.typ === undefined ? undefined : readTyp(occasion.typ);
  const eitherIsEnough = typ === undefined && occasion.Kalendertermin !== undefined;
  return typ === "FO" || eitherIsEnough ? "Kalendertermin" : "Starttermin";
}

type GivenField = readonly [field: CheckedField, value: string | undefined];

function* fieldsOfGetAdrLista(request: AdrListRequest): Iterable<GivenField> {
  const free = isFreeSearch(request);
  for (const occasion of request.KursTfVO) {
    for (const field of KURS_TF_FIELDS) {
      if (!isUnused(field, occasion.typ, free)) yield [field, occasion[field]];
    }
  }
  for (const occasion of request.KursTFTermregVO) {
    for (const field of TERMREG_FIELDS) {
      if (!isUnused(field, occasion.typ, false)) yield [field, occasion[field]];
    }
  }
}

/** Free search does not read Anmkod, and a search for first-time registrations by occasion not Kalendertermin. */
function isUnused(field: CheckedField, typ: string | undefined, free: boolean): boolean {
  if (field === "Anmkod") return free;
  return field === "Kalendertermin" && typ !== undefined && readTyp(typ) === "FFG";
}

/** arg0 stands before arg1; adrListVO's booleans stand after the fields that are searched by. */
async function formatErrors(call: AdrListCall, fields: Iterable<GivenField>): Promise<Message[]> {
  const { user, list } = call.request.invalidBooleans;
  const messages = user.map(notBoolean);
  for (const [field, value] of fields) {
    // Without a wait where there is nothing to ask the store: a call may have tens of thousands of values.
    if (value === undefined || fitsFormat(field, value, call.settings)) continue;
    if (field === "typ" || !(await isWellFormed(call, field, value)))
      messages.push(invalidFormat(field, value));
  }
  return [...messages, ...list.map(notBoolean)];
}
