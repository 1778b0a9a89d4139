import { codeKey } from "../domain/codes.js";
import { type Answer, type Call, refusal } from "./call.js";
import { mistakesInGetKurs } from "./checks.js";
import { kursInfoVO } from "./encode.js";
import { readTermin } from "./formats.js";
import { forbiddenInstitutions } from "./rights.js";

/** T04 2, Visa kurser: the courses of an institution, with `Termin` those that are given in that half-year. */
export async function getKurs(call: Call): Promise<Answer> {
  const { Institution, Termin } = call.request;

  const refused = await forbiddenInstitutions(call, Institution);
  if (refused.length > 0) return refusal(refused);

  const mistakes = await mistakesInGetKurs(call);
  if (mistakes.length > 0 || Institution === undefined) return refusal(mistakes);

  const rows = await call.lookups.kursOfInstitution(codeKey(Institution), readTermin(Termin));
  return { data: { KursInfoVO: rows.map((row) => kursInfoVO(row, call.settings)) }, messages: [] };
}
