import type { Participant } from "../store/queries.js";
import { type Answer, type Call, refusal } from "./call.js";
import { mistakesInGetAdrLista } from "./checks.js";
import { adrListEntVOs, emailList, noEmailList } from "./encode.js";
import { kursInfoOf } from "./kursinfo.js";
import { containsInvalidSsn, type Message } from "./messages.js";
import { type AdrListRequest, echoed } from "./request.js";
import { forbiddenCourses } from "./rights.js";
import { searchesOf } from "./search.js";

/** T04 4, Sök registrerade deltagare på kurs: by occasions or by free search. */
export async function getAdrLista(call: Call): Promise<Answer> {
  const refused = await forbiddenCourses(call, kurskoderOf(call.request));
  if (refused.length > 0) return refusal(refused);

  const mistakes = await mistakesInGetAdrLista(call);
  if (mistakes.length > 0) return refusal(mistakes);

  const email = echoed(call.request.Email);
  const found = await call.lookups.participants(await searchesOf(call), email);
  const { listed, messages } = withoutInvalidNumbers(found);
  return {
    data: {
      KursInfoVO: await kursInfoOf(call, kurskoderOf(call.request)),
      AdrListEntVO: adrListEntVOs(listed),
      ...(email ? { EmailList: emailList(listed), NoEmailList: noEmailList(listed) } : {}),
    },
    messages,
  };
}

function* kurskoderOf({ KursTfVO, KursTFTermregVO }: AdrListRequest): Iterable<string | undefined> {
  for (const { Kurskod } of KursTfVO) yield Kurskod;
  for (const { Kurskod } of KursTFTermregVO) yield Kurskod;
}

/** Persons with an incorrect personnummer stand in no list; each gives a message, in the order of the persons (T04 4.5.1). */
function withoutInvalidNumbers(found: readonly Participant[]): {
  readonly listed: readonly Participant[];
  readonly messages: readonly Message[];
} {
  const messages: Message[] = [];
  const listed = found.filter(({ invalidPersonnummer }) => {
    if (invalidPersonnummer !== null) messages.push(containsInvalidSsn(invalidPersonnummer));
    return invalidPersonnummer === null;
  });
  return { listed, messages };
}
