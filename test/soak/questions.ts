import { envelope, TNS } from "../support/soap-requests.js";
import type { Caller } from "./callers.js";
import { type PostOptions, post } from "./transport.js";

type Service = "AdresslistaFetcher" | "UtilityFetcher";

/** A call without who makes it. */
export interface Question {
  readonly service: Service;
  readonly operation: string;
  /** Everything after `arg0`. */
  readonly args: string;
  readonly version: "1.1" | "1.2";
  /** userVO.type: 2 is an employee. */
  readonly userType: "1" | "2";
  /** Its answer is large: clients ask it now and then. */
  readonly isLarge?: boolean;
}

const UTILITY_TNS = "http://facadeclient.utility.service.lpw.ladok/";
const CONTENT_TYPES = {
  "1.1": "text/xml; charset=utf-8",
  "1.2": "application/soap+xml; charset=utf-8",
} as const;

const SCHOOLS = ["S000", "S001", "S002"] as const;
const TERM = "262";
/** Courses whose occasions, and occasions whose participants are asked for. */
const COURSES = 12;
const OCCASIONS = 12;
const NUMBERS = 12;
/** Every so manieth question comes as SOAP 1.2. */
const SOAP_12_EVERY = 4;

/** What goes on the wire. Undefined uid: there is none, and nobody can be meant. */
export function messageOf(question: Question, caller: Caller, uid: string | undefined): string {
  const user =
    `${caller.authinfo(uid ?? "")}<type>${question.userType}</type>` +
    (uid === undefined ? "" : `<uid>${uid}</uid>`);
  const body = `<n:${question.operation}><arg0>${user}</arg0>${question.args}</n:${question.operation}>`;
  const header = caller.header?.();
  const text = envelope(body, { version: question.version, ...(header === undefined ? {} : { header }) });
  return question.service === "UtilityFetcher" ? text.replace(TNS, UTILITY_TNS) : text;
}

export function addressOf(url: string, { service }: Pick<Question, "service">): string {
  return `${url}/cxf/${service}`;
}

/** What `post` needs of a question, beside how it is sent. */
export function postOf(
  url: string,
  question: Question,
  caller: Caller,
  uid: string | undefined,
): Pick<PostOptions, "url" | "body" | "contentType"> {
  return {
    url: addressOf(url, question),
    body: messageOf(question, caller, uid),
    contentType: CONTENT_TYPES[question.version],
  };
}

/** Questions of all operations of both services, about what the register that is served now has. */
export async function questionsAbout(url: string, caller: Caller): Promise<readonly Question[]> {
  const ask = async (question: Question): Promise<string> => {
    const answer = await post({ ...postOf(url, question, caller, "soak-ask"), address: "127.0.0.1" });
    if (typeof answer === "symbol" || answer.status !== 200) throw new Error(`${question.operation} failed`);
    return answer.body.toString("utf8");
  };
  const t04 = (operation: string, arg1: string, more: Partial<Question> = {}): Question => ({
    service: "AdresslistaFetcher",
    operation,
    args: `<arg1>${arg1}</arg1>`,
    version: "1.1",
    userType: "2",
    ...more,
  });
  const t22 = (operation: string, ...args: readonly string[]): Question => ({
    service: "UtilityFetcher",
    operation,
    args: args.map((arg) => `<arg1>${arg}</arg1>`).join(""),
    version: "1.1",
    userType: "2",
  });

  const kurs = SCHOOLS.flatMap((school) =>
    ["", "<Termin>261</Termin>", `<Termin>${TERM}</Termin>`].map((termin) =>
      t04("getKurs", `<Institution>${school}</Institution>${termin}`),
    ),
  );
  const allCodes: string[] = [];
  for (const school of SCHOOLS) {
    const answer = await ask(t04("getKurs", `<Institution>${school}</Institution>`));
    allCodes.push(...elements(answer, "Kurskod"));
  }
  const codes = spread(allCodes, COURSES);
  const kursTf = codes.map((code) => t04("getKursTf", `<Kurskod>${code}</Kurskod><Termin>${TERM}</Termin>`));
  const occasions: string[] = [];
  const programmes: string[] = [];
  for (const question of kursTf) {
    const answer = await ask(question);
    occasions.push(...elements(answer, "KursTfVO"));
    programmes.push(...elements(answer, "KursTFTermregVO"));
  }
  const byOccasion = spread(occasions, OCCASIONS).map((occasion, index) =>
    t04(
      "getAdrLista",
      `<KursTfVO>${occasion}</KursTfVO>${index % 3 === 0 ? "<Email>true</Email>" : ""}${index % 4 === 1 ? "<OM>true</OM>" : ""}`,
    ),
  );
  const byProgramme = spread(programmes, 3).map((programme) =>
    t04("getAdrLista", `<KursTFTermregVO>${programme}</KursTFTermregVO><Email>true</Email>`),
  );
  const free = codes.map((code, index) =>
    t04(
      "getAdrLista",
      `<KursTfVO><Kurskod>${code}</Kurskod><Starttermin>${TERM}</Starttermin></KursTfVO>` +
        `<Email>${index % 2 === 0}</Email><FFG>true</FFG><FO>${index % 3 !== 0}</FO><OM>${index % 4 === 0}</OM>`,
    ),
  );
  const ofAll = allCodes
    .map(
      (code) =>
        `<KursTfVO><typ>FFG</typ><Kurskod>${code}</Kurskod><Starttermin>${TERM}</Starttermin></KursTfVO>`,
    )
    .join("");
  const large = t04("getAdrLista", `${ofAll}<Email>true</Email>`, { isLarge: true });
  const mistakes = [
    t04("getKurs", ""),
    t04("getAdrLista", `<KursTfVO><Kurskod>${codes[0]}</Kurskod></KursTfVO>`),
    t04("getKurs", "<Institution>S000</Institution>", { userType: "1" }),
  ];
  const numbers = spread(elements(await ask(large), "pnr"), NUMBERS);
  const utility = [
    t22("findAllInstitutions"),
    t22("getInstitutionByKod", "S000"),
    t22("getInstitutionByKod", "S001"),
    t22("findInstitutionsByBenamn", "vuxen"),
    t22("findInstitutionsByBenamne", "adult"),
    t22("findInstitutionsByDelkod", "S00"),
    t22("findAllPlaces"),
    t22("findHsk", "<kod>U</kod>"),
    t22("getCurrAndNextSemester"),
    ...SCHOOLS.map((school) => t22("getKursByInst", school)),
    ...codes.slice(0, 4).map((code) => t22("getKursByKod", code)),
    ...codes.slice(0, 6).map((code) => t22("getKursTillFByKod", code)),
    t22("getProvByKurskod", codes[0] as string),
    ...numbers.slice(0, 6).map((number) => t22("findNameByPnr", `<pnr>${number}</pnr>`)),
    ...numbers.slice(0, 3).map((number) => t22("getNameByPartPnr", `<pnr>${number.slice(0, 6)}</pnr>`)),
    t22("fetchAdrInfo", ...numbers),
    t22("fetchAdrInfo", "inget nummer"),
  ];
  const all = [...kurs, ...kursTf, ...byOccasion, ...byProgramme, ...free, large, ...mistakes, ...utility];
  return all.map((question, index) =>
    index % SOAP_12_EVERY === 0 ? { ...question, version: "1.2" } : question,
  );
}

/** What stands in each element of that name. */
export function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, "gs"))].map(
    ([, inside]) => inside as string,
  );
}

/** So many of them, from all over the list, each once. */
function spread(values: readonly string[], count: number): string[] {
  const distinct = [...new Set(values)];
  const step = Math.max(1, Math.floor(distinct.length / count));
  return distinct.filter((_, index) => index % step === 0).slice(0, count);
}
