import { setImmediate as otherCalls } from "node:timers/promises";
import { type Call, refusal } from "../lpw/call.js";
import { MAX_PERSONS } from "../lpw/limits.js";
import { containsInvalidSsn, type Message, tooMany } from "../lpw/messages.js";
import { visibleTo } from "../lpw/rights.js";
import { FinishedElements } from "../soap/api.js";
import type { PersonFound } from "../store/queries.js";
import type { Fields, ObjectAnswer } from "./call.js";
import { mistakesInNamn, mistakesInNumbers } from "./checks.js";
import { hasNumberFormat, readPart, readSentNumber } from "./numbers.js";
import type { NamnRequest, NumbersRequest } from "./request.js";

/**
 * Persons by personnummer: those who have a registration in an occasion that the caller may see. Whom it may not see
 * looks as one who does not exist. With an incorrect number nobody stands in an answer (T04 4.5.1): a message tells.
 */
export async function findNameByPnr(call: Call<NamnRequest>, today: string): Promise<ObjectAnswer> {
  const mistakes = mistakesInNamn(call, hasNumberFormat);
  const { pnr } = call.request;
  if (mistakes.length > 0 || pnr === undefined) return refusal(mistakes);

  const { search, shown } = readSentNumber(pnr, today);
  if (search === undefined) return { data: {}, messages: [containsInvalidSsn(shown)] };
  const { listed, messages } = listable(call, await call.lookups.persons(search.pnr, search.sekel));
  const [person] = listed;
  return {
    data: person === undefined ? { pnr: search.pnr } : utilityNamnVO(person),
    messages,
    persons: (person === undefined ? 0 : 1) + messages.length,
  };
}

/** In list order: surname, first name. */
export async function getNameByPartPnr(call: Call<NamnRequest>): Promise<ObjectAnswer> {
  const mistakes = mistakesInNamn(call, (part) => readPart(part).length > 0);
  const { pnr } = call.request;
  if (mistakes.length > 0 || pnr === undefined) return refusal(mistakes);

  const found: PersonFound[] = [];
  for (const { pnr: beginning, sekel } of readPart(pnr)) {
    found.push(...(await call.lookups.persons(beginning, sekel)));
  }
  if (found.length > MAX_PERSONS) return refusal([tooMany("names", MAX_PERSONS)]);
  const { listed, messages } = listable(
    call,
    found.sort((a, b) => a.id - b.id),
  );
  return {
    data: { names: listed.map((person) => ({ ...utilityNamnVO(person), valid: true })) },
    messages,
    persons: listed.length + messages.length,
  };
}

/** So many numbers are looked for before other calls have their turn. */
const NUMBERS_AT_A_TIME = 50;

/** In the order of the numbers, each once; persons who share a number in list order. */
export async function fetchAdrInfo(call: Call<NumbersRequest>, today: string): Promise<ObjectAnswer> {
  const mistakes = mistakesInNumbers(call, hasNumberFormat);
  if (mistakes.length > 0) return refusal(mistakes);

  const persons: Buffer[] = [];
  let told = 0;
  const messages: Message[] = [];
  const asked = new Set<string>();
  const found = new Set<number>();
  for (const number of call.request.numbers) {
    const { search, shown } = readSentNumber(number, today);
    const question = `${search?.sekel ?? ""} ${shown}`;
    if (asked.has(question)) continue;
    asked.add(question);
    if (asked.size % NUMBERS_AT_A_TIME === 0) await otherCalls();
    if (search === undefined) {
      messages.push(containsInvalidSsn(shown));
      continue;
    }
    const ofNumber = await call.lookups.persons(search.pnr, search.sekel);
    // With and without its century the same number may have been sent twice.
    const { listed, messages: ofFound } = listable(
      call,
      ofNumber.filter(({ id }) => !found.has(id)),
    );
    for (const { id } of ofNumber) found.add(id);
    for (const { personVO } of listed) persons.push(...personsElement(personVO));
    messages.push(...ofFound);
    told += listed.length + ofFound.length;
    if (told > MAX_PERSONS) return refusal([tooMany("persons", MAX_PERSONS)]);
  }
  return { data: { persons: new FinishedElements(persons) }, messages, persons: told };
}

/** Those of the persons that the caller may see: listed, or told of in a message. */
function listable(
  { caller }: Call,
  persons: readonly PersonFound[],
): { readonly listed: readonly PersonFound[]; readonly messages: readonly Message[] } {
  const visible = visibleTo(caller, persons);
  return {
    listed: visible.filter(({ invalidPersonnummer }) => invalidPersonnummer === null),
    messages: visible.flatMap(({ invalidPersonnummer }) =>
      invalidPersonnummer === null ? [] : [containsInvalidSsn(invalidPersonnummer)],
    ),
  };
}

/** The booleans that the register does not have are false. */
function utilityNamnVO({ enamn, pnr, tnamn }: PersonFound): Fields {
  return { enamn, inladok: true, pnr, tnamn };
}

const FINISHED_START = "<PersonVO>";
const FINISHED_END = "</PersonVO>";
const START = Buffer.from("<persons>");
const END = Buffer.from("</persons>");

/** personVO is one type in all services: what a load finished for T04's answers stands here under another name. */
function personsElement(personVO: Buffer): readonly Buffer[] {
  return [START, personVO.subarray(FINISHED_START.length, personVO.length - FINISHED_END.length), END];
}
