import { codeKey } from "../domain/codes.js";
import { refusal } from "../lpw/call.js";
import { readTermin } from "../lpw/formats.js";
import { forbiddenInstitutions } from "../lpw/rights.js";
import type { AdrListAnswer, AdrListCall } from "./call.js";
import { mistakesInGetKurs } from "./checks.js";
import { kursInfoVO } from "./encode.js";

/** T04 2, Visa kurser: the courses of an institution, with `Termin` those that are given in that half-year. */
export async function getKurs(call: AdrListCall): Promise<AdrListAnswer> {
  const { Institution, Termin } = call.request;

  const refused = await forbiddenInstitutions(call, Institution);
  if (refused.length > 0) return refusal(refused);

  const mistakes = await mistakesInGetKurs(call);
  if (mistakes.length > 0 || Institution === undefined) return refusal(mistakes);

  const rows = await call.lookups.kursOfInstitution(codeKey(Institution), readTermin(Termin));
  return { data: { KursInfoVO: rows.map((row) => kursInfoVO(row, call.settings)) }, messages: [] };
}
