import { mayAccess } from "../access/callers.js";
import { codeKey, composed } from "../domain/codes.js";
import { type Call, refusal } from "../lpw/call.js";
import { forbiddenInstitutions } from "../lpw/rights.js";
import type { InstitutionFound } from "../store/queries.js";
import type { Fields, ListAnswer, ObjectAnswer } from "./call.js";
import { mistakesInPlain, mistakesInText } from "./checks.js";
import type { PlainRequest, TextRequest } from "./request.js";

/** The institutions that the caller may see. */
export async function findAllInstitutions(call: Call<PlainRequest>): Promise<ListAnswer> {
  const mistakes = mistakesInPlain(call);
  if (mistakes.length > 0) return refusal(mistakes);
  return institutionsThat(call, () => true);
}

/** An institution that the caller does not have is forbidden, whether it exists or not; to a caller with all: nothing. */
export async function getInstitutionByKod(call: Call<TextRequest>): Promise<ObjectAnswer> {
  const { text: kod } = call.request;
  const refused = await forbiddenInstitutions(call, kod);
  if (refused.length > 0) return refusal(refused);
  const mistakes = await mistakesInText(call, "Institution");
  if (mistakes.length > 0 || kod === undefined) return refusal(mistakes);

  const key = codeKey(kod);
  const { data } = await institutionsThat(call, (institution) => codeKey(institution.kod) === key);
  return { data: data?.[0] ?? {}, messages: [] };
}

/** Those whose name contains the text. */
export async function findInstitutionsByBenamn(call: Call<TextRequest>): Promise<ListAnswer> {
  const { text } = call.request;
  const mistakes = await mistakesInText(call, undefined);
  if (mistakes.length > 0 || text === undefined) return refusal(mistakes);

  const part = nameKey(text);
  return institutionsThat(call, ({ benamning }) => benamning !== null && nameKey(benamning).includes(part));
}

/** The register has no English names: none. */
export async function findInstitutionsByBenamne(call: Call<TextRequest>): Promise<ListAnswer> {
  const mistakes = await mistakesInText(call, undefined);
  if (mistakes.length > 0) return refusal(mistakes);
  return { data: [], messages: [] };
}

/** Those whose code contains the text. */
export async function findInstitutionsByDelkod(call: Call<TextRequest>): Promise<ListAnswer> {
  const { text } = call.request;
  const mistakes = await mistakesInText(call, "Institution");
  if (mistakes.length > 0 || text === undefined) return refusal(mistakes);

  const part = codeKey(text);
  return institutionsThat(call, ({ kod }) => codeKey(kod).includes(part));
}

async function institutionsThat(
  { caller, lookups }: Call,
  match: (institution: InstitutionFound) => boolean,
): Promise<ListAnswer> {
  const institutions = await lookups.institutions();
  const visible = institutions.filter(
    (institution) => mayAccess(caller, [institution.kod]) && match(institution),
  );
  return { data: visible.map(utilityInstitutionVO), messages: [] };
}

function utilityInstitutionVO({ kod, benamning }: InstitutionFound): Fields {
  return { benamn: benamning, kod };
}

/** Names are compared without regard to case or how Å is composed; Å, Ä and Ö are letters of their own. */
function nameKey(name: string): string {
  return composed(name).toLowerCase();
}
