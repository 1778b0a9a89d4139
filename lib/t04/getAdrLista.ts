import { refusal } from "../lpw/call.js";
import { MAX_PERSONS } from "../lpw/limits.js";
import { containsInvalidSsn, type Message, tooMany } from "../lpw/messages.js";
import { echoed } from "../lpw/request.js";
import { forbiddenCourses } from "../lpw/rights.js";
import type { FinishedElements } from "../soap/api.js";
import type { Participant, Search } from "../store/queries.js";
import type { AdrListAnswer, AdrListCall } from "./call.js";
import { mistakesInGetAdrLista } from "./checks.js";
import { emailListsOf } from "./email-lists.js";
import {
  adrListEntVOs,
  BETWEEN_ENTRIES,
  type EmailLists,
  emailLists,
  joinedAdrListEntVOs,
} from "./encode.js";
import { kursInfoOf } from "./kursinfo.js";
import type { AdrListRequest } from "./request.js";
import { searchesOf } from "./search.js";

/** T04 4, Sök registrerade deltagare på kurs: by occasions or by free search. */
export async function getAdrLista(call: AdrListCall): Promise<AdrListAnswer> {
  const refused = await forbiddenCourses(call, kurskoderOf(call.request));
  if (refused.length > 0) return refusal(refused);

  const mistakes = await mistakesInGetAdrLista(call);
  if (mistakes.length > 0) return refusal(mistakes);

  const lists = await listsOf(call, await searchesOf(call));
  if (lists === undefined) return refusal([tooMany("AdrListEntVO", MAX_PERSONS)]);
  const { AdrListEntVO, email, messages, persons } = lists;
  const KursInfoVO = await kursInfoOf(call, kurskoderOf(call.request));
  const data = { KursInfoVO, AdrListEntVO, EmailList: email?.EmailList, NoEmailList: email?.NoEmailList };
  return { data, messages, persons };
}

interface Lists {
  readonly AdrListEntVO: FinishedElements;
  /** Undefined: they are not asked for. */
  readonly email: EmailLists | undefined;
  readonly messages: readonly Message[];
  /** Listed, or told of in messages. */
  readonly persons: number;
}

const NONE: readonly Message[] = [];

/** Undefined: there are too many. */
async function listsOf(call: AdrListCall, searches: readonly Search[]): Promise<Lists | undefined> {
  const email = echoed(call.request.Email);
  // Without looking at each person: undefined when one of them stands in no list.
  const joined = await call.lookups.joinedPersonVOs(searches, BETWEEN_ENTRIES, MAX_PERSONS);
  if (joined !== undefined) {
    return {
      AdrListEntVO: joinedAdrListEntVOs(joined),
      email: email ? await emailListsOf(call.lookups, searches) : undefined,
      messages: NONE,
      persons: joined.persons,
    };
  }
  if ((await call.lookups.countRegistrations(searches, MAX_PERSONS + 1)) > MAX_PERSONS) return undefined;
  const participants = await call.lookups.participants(searches, email);
  const { listed, messages } = withoutInvalidNumbers(participants);
  return {
    AdrListEntVO: adrListEntVOs(listed),
    email: email ? emailLists(listed) : undefined,
    messages,
    persons: participants.length,
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
