import { nextTermin, terminOfDate } from "../domain/terms.js";
import { type Call, refusal } from "../lpw/call.js";
import { writeTermin } from "../lpw/formats.js";
import type { ListAnswer, ObjectAnswer } from "./call.js";
import { mistakesInPlain } from "./checks.js";
import type { PlainRequest } from "./request.js";

/** ORT: a register of codes, the same for every caller. */
export async function findAllPlaces(call: Call<PlainRequest>): Promise<ListAnswer> {
  const mistakes = mistakesInPlain(call);
  if (mistakes.length > 0) return refusal(mistakes);
  const places = await call.lookups.places();
  return { data: places.map(({ kod, benamn }) => ({ benamn, kod })), messages: [] };
}

/** The register has no universities: none. */
export async function findHsk(call: Call<PlainRequest>): Promise<ListAnswer> {
  const mistakes = mistakesInPlain(call);
  return mistakes.length > 0 ? refusal(mistakes) : { data: [], messages: [] };
}

/** The half-year of `today` (ÅÅÅÅ-MM-DD) by its ISO week, as everywhere, and the one after. */
export async function getCurrAndNextSemester(call: Call<PlainRequest>, today: string): Promise<ObjectAnswer> {
  const mistakes = mistakesInPlain(call);
  if (mistakes.length > 0) return refusal(mistakes);
  const current = terminOfDate(today);
  const data = {
    currentSemester: writeTermin(current, call.settings),
    nextSemester: writeTermin(nextTermin(current), call.settings),
  };
  return { data, messages: [] };
}
