import { refusal } from "../lpw/call.js";
import { containsInvalidSsn, type Message } from "../lpw/messages.js";
import { echoed } from "../lpw/request.js";
import { forbiddenCourses } from "../lpw/rights.js";
import type { FinishedElements } from "../soap/api.js";
import type { OccasionSearch, Participant, Search } from "../store/queries.js";
import type { AdrListAnswer, AdrListCall } from "./call.js";
import { mistakesInGetAdrLista } from "./checks.js";
import { adrListEntVOs, betweenEntries, emailList, joinedAdrListEntVOs, noEmailList } from "./encode.js";
import { kursInfoOf } from "./kursinfo.js";
import type { AdrListRequest } from "./request.js";
import { searchesOf } from "./search.js";

/** T04 4, Sök registrerade deltagare på kurs: by occasions or by free search. */
export async function getAdrLista(call: AdrListCall): Promise<AdrListAnswer> {
  const refused = await forbiddenCourses(call, kurskoderOf(call.request));
  if (refused.length > 0) return refusal(refused);

  const mistakes = await mistakesInGetAdrLista(call);
  if (mistakes.length > 0) return refusal(mistakes);

  const { messages, ...lists } = await listsOf(call, await searchesOf(call));
  return { data: { KursInfoVO: await kursInfoOf(call, kurskoderOf(call.request)), ...lists }, messages };
}

interface Lists {
  readonly AdrListEntVO: FinishedElements;
  readonly EmailList?: readonly string[];
  readonly NoEmailList?: readonly string[];
  readonly messages: readonly Message[];
}

async function listsOf(call: AdrListCall, searches: readonly Search[]): Promise<Lists> {
  const email = echoed(call.request.Email);
  const occasion = email ? undefined : onlyOccasion(searches);
  if (occasion !== undefined) {
    // The usual call, without looking at each person: undefined when one of them stands in no list.
    const personVOs = await call.lookups.joinedPersonVOs(occasion, betweenEntries(occasion.typ));
    if (personVOs !== undefined) {
      return { AdrListEntVO: joinedAdrListEntVOs(occasion.typ, personVOs), messages: [] };
    }
  }
  const { listed, messages } = withoutInvalidNumbers(await call.lookups.participants(searches, email));
  return {
    AdrListEntVO: adrListEntVOs(listed),
    ...(email ? { EmailList: emailList(listed), NoEmailList: noEmailList(listed) } : {}),
    messages,
  };
}

/** One occasion has each person once, and of one kind. */
function onlyOccasion([only, ...others]: readonly Search[]): OccasionSearch | undefined {
  if (only === undefined || others.length > 0 || only.typ === "OM") return undefined;
  return only.programId === undefined ? only : undefined;
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
