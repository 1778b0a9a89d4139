import { expect } from "chai";
import type { Caller } from "../../lib/access/callers.js";
import { compareSwedishNames } from "../../lib/domain/collation.js";
import type { FormatSettings } from "../../lib/lpw/formats.js";
import type { Ktill2Row, KursRow, LadokTables, PersonData, Registration } from "../../lib/mapping/rows.js";
import { finishPerson } from "../../lib/reload/finish-person.js";
import type { Decoded, DecodedObject, Encodable, FinishedElements } from "../../lib/soap/api.js";
import type { LoadStore } from "../../lib/store/loads.js";
import type { Store } from "../../lib/store/queries.js";
import { buildGeneration } from "../../lib/store/sqlite/build.js";
import { type T04Operations, t04Operations } from "../../lib/t04/operations.js";
import { removeFolder, temporaryFolder } from "./database.js";
import { textOf } from "./finished.js";
import { openStoreIn, registerOf } from "./generation.js";

/**
 * A small register of invented people, in a real store: what tests of T04's methods ask.
 * Institutions VUX1 and SFI give courses together and alone; `kvn` is written in lower case.
 */
export interface TestPerson {
  readonly id: string;
  readonly efternamn?: string;
  readonly fornamn?: string;
  readonly personnummer?: string;
  readonly email?: string;
  readonly registrations: readonly Registration[];
}

const TODAY = "2009-06-01";

/** Register of a load: Ladok's tables and the persons, in any order. */
export interface TestRegister {
  readonly tables: LadokTables;
  readonly persons: readonly TestPerson[];
}

export interface TestStore {
  readonly store: LoadStore;
  /** Loads another register: the next call is answered from it. */
  load(register: TestRegister): Promise<void>;
  close(): Promise<void>;
}

export async function emptyStore(): Promise<TestStore> {
  const folder = temporaryFolder("t04");
  const store = await openStoreIn(folder);
  return {
    store,
    load: (register) => publish(store, register),
    async close() {
      await store.close();
      await removeFolder(folder);
    },
  };
}

export async function storeWith(register: TestRegister): Promise<TestStore> {
  const opened = await emptyStore();
  await opened.load(register);
  return opened;
}

async function publish(store: LoadStore, { tables, persons }: TestRegister): Promise<void> {
  const number = await store.nextLoadNumber();
  const builder = await buildGeneration(store.workbench, number);
  const inOrder = [...persons].sort(
    (a, b) => compareSwedishNames(a, b) || (a.personnummer ?? "").localeCompare(b.personnummer ?? "", "en"),
  );
  for (const person of inOrder) {
    const { registrations, ...data } = person;
    const personData: PersonData = { ...data, aliases: [person.id], protected: false, staff: false };
    builder.addPerson(
      finishPerson(
        personData,
        { groups: [], registrations, kept: [], institutions: undefined },
        { encodePersonVO, today: TODAY },
      ),
    );
  }
  await builder.write(registerOf(tables));
  const { counts } = await builder.index();
  await builder.check();
  builder.complete();
  const record = {
    number,
    loadedAt: "2009-06-01T02:00:00Z",
    files: [],
    exportDatetime: null,
    counts,
    warnings: 0,
  };
  await store.takeOver(number);
  await store.publish({ record, institutions: new Map(), anmkod: new Map() });
  await store.prune(2);
}

/** Enough of a PersonVO to tell persons apart; the wire's own is tested with the codec. */
function encodePersonVO(personVO: { readonly [element: string]: Encodable }): Buffer {
  return Buffer.from(
    `<PersonVO><enamn>${personVO.enamn ?? ""}</enamn><tnamn>${personVO.tnamn ?? ""}</tnamn></PersonVO>`,
  );
}

/** A number with a right check digit, from the serials that Skatteverket leaves to invented people. */
export function inventedPersonnummer(birth: string, serial: number): string {
  const digits = `${birth.slice(2)}${980 + serial}`;
  let sum = 0;
  for (const [index, digit] of [...digits].entries()) {
    const weighted = Number(digit) * (index % 2 === 0 ? 2 : 1);
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return `${birth}${980 + serial}${(10 - (sum % 10)) % 10}`;
}

export function ktill2(
  row: Partial<Ktill2Row> & Pick<Ktill2Row, "id" | "kurskod" | "starttermin">,
): Ktill2Row {
  return {
    occasionId: `tillfälle-${row.id}`,
    anmkod: `A000${row.id}`,
    begin: "2009-01-12",
    end: "2009-06-05",
    startvecka: "200903",
    slutvecka: "200923",
    institutions: ["VUX1"],
    ...row,
  };
}

const kurs = (kurskod: string, inst: string, benamning?: string): KursRow => ({
  kurskod,
  inst,
  ...(benamning === undefined ? {} : { benamning }),
});

const ffg = (ktill: number, kurskod: string, termin: string, ...programmes: number[]): Registration => ({
  typ: "FFG",
  ktill,
  kurskod,
  termin,
  programmes,
});
const fo = (...rest: Parameters<typeof ffg>): Registration => ({ ...ffg(...rest), typ: "FO" });
const om = (...rest: Parameters<typeof ffg>): Registration => ({ ...ffg(...rest), typ: "OM" });

export const registrations = { ffg, fo, om };

const tables: LadokTables = {
  institutions: [{ kod: "VUX1" }, { kod: "SFI" }, { kod: "kvn" }],
  kurs: [
    {
      kurskod: "MATMAT02b",
      inst: "VUX1",
      benamning: "Matematik 2b",
      engBenamning: "Mathematics 2b",
      poang: "100",
      nedlagd: "N",
    },
    kurs("MATMAT02b", "SFI", "Matematik 2b"),
    kurs("SVESVE01", "VUX1", "Svenska 1"),
    kurs("ÄLDÄLD01", "VUX1", "Äldres hälsa"),
    kurs("ÅKEÅKE0", "VUX1", "Åkerbruk"),
    kurs("ZOOZOO01", "VUX1", "Zoologi"),
    kurs("ENGENG05", "kvn", "Engelska 5"),
    kurs("LOKAL KURS-12345", "VUX1", "Lokal kurs"),
  ],
  ktill2: [
    ktill2({
      id: 1,
      kurskod: "MATMAT02b",
      starttermin: "20091",
      kurstakt: "50",
      kurstid: "DAG",
      undform: "NML",
      kursomg: "1",
      poang: "100",
      ort: "STHLM",
    }),
    ktill2({
      id: 2,
      kurskod: "MATMAT02b",
      starttermin: "20091",
      kurstakt: "100",
      kurstid: "KVÄ",
      undform: "DST",
      kurstyp: "UPP",
      poang: "50",
      ort: "UPPSA",
      begin: "2009-01-19",
      institutions: ["SFI"],
    }),
    ktill2({
      id: 3,
      kurskod: "MATMAT02b",
      starttermin: "20082",
      kurstakt: "25",
      kurstid: "DAG",
      begin: "2008-09-01",
      end: "2009-12-18",
      startvecka: "200836",
      slutvecka: "200951",
    }),
    ktill2({ id: 4, kurskod: "SVESVE01", starttermin: "20091", kurstid: "DAG" }),
    ktill2({ id: 5, kurskod: "ENGENG05", starttermin: "20091", institutions: ["kvn"] }),
    ktill2({
      id: 6,
      kurskod: "LOKAL KURS-12345",
      starttermin: "20091",
      kurstakt: "50,5",
      kurstid: "kv/helg",
      anmkod: "X-000001",
    }),
  ],
  ktfort2: [
    { ktill: 3, termin: "20091", termordn: 2 },
    { ktill: 3, termin: "20092", termordn: 3 },
  ],
  ort: [{ kod: "STHLM", benamn: "Stockholm" }, { kod: "UPPSA" }],
  programs: [
    { id: 1, groupId: "ekonomi-a", program: "EKVUX", programinriktning: "EKO" },
    { id: 2, groupId: "ekonomi-b", program: "EKVUX", programinriktning: "EKO" },
    { id: 3, groupId: "bas", program: "BASÅR" },
  ],
  progplk: [
    { program: 1, ktill: 1, termordn: "1" },
    { program: 2, ktill: 2, termordn: "1" },
    { program: 3, ktill: 1, termordn: "2" },
  ],
  ktillp: [{ program: 1, ktill: 3, termordn: "1", termin: "20091" }],
};

/** Kinds of registration on MATMAT02b, spring 2009, in names that show the Swedish order. */
const persons: readonly TestPerson[] = [
  {
    id: "p-åberg",
    efternamn: "Åberg",
    fornamn: "Östen",
    personnummer: inventedPersonnummer("19800101", 1),
    email: "Kurs@Exempel.se",
    registrations: [ffg(1, "MATMAT02b", "20091", 1)],
  },
  {
    id: "p-andersson",
    efternamn: "Andersson",
    fornamn: "Zäta",
    personnummer: inventedPersonnummer("19800202", 2),
    email: "kurs@exempel.se",
    registrations: [ffg(1, "MATMAT02b", "20091", 3)],
  },
  {
    id: "p-wiik",
    efternamn: "Wiik",
    fornamn: "Vera",
    personnummer: inventedPersonnummer("19800303", 3),
    registrations: [ffg(2, "MATMAT02b", "20091", 2)],
  },
  {
    id: "p-vik",
    efternamn: "Viker",
    personnummer: inventedPersonnummer("19800404", 4),
    registrations: [fo(3, "MATMAT02b", "20091", 1), fo(3, "MATMAT02b", "20092")],
  },
  {
    id: "p-tf",
    efternamn: "Berg",
    fornamn: "Ada",
    personnummer: "800505-TF01",
    email: "ada@exempel.se",
    registrations: [ffg(1, "MATMAT02b", "20091")],
  },
  {
    id: "p-fel",
    efternamn: "Ahl",
    fornamn: "Bo",
    personnummer: "19800606-0000",
    registrations: [ffg(1, "MATMAT02b", "20091")],
  },
  { id: "p-utan", efternamn: "Öst", fornamn: "Cid", registrations: [ffg(1, "MATMAT02b", "20091")] },
  {
    id: "p-om-vux",
    efternamn: "Ceder",
    fornamn: "Om",
    personnummer: inventedPersonnummer("19800707", 5),
    email: "om@exempel.se",
    registrations: [om(1, "MATMAT02b", "20091")],
  },
  {
    id: "p-om-sfi",
    efternamn: "Dahl",
    fornamn: "Om",
    personnummer: inventedPersonnummer("19800808", 6),
    registrations: [om(2, "MATMAT02b", "20091")],
  },
  {
    id: "p-om-kvn",
    efternamn: "Ek",
    fornamn: "Om",
    personnummer: inventedPersonnummer("19800909", 7),
    registrations: [om(5, "ENGENG05", "20091")],
  },
  {
    id: "p-lokal",
    efternamn: "Lo",
    fornamn: "Kal",
    personnummer: inventedPersonnummer("19801010", 8),
    registrations: [ffg(6, "LOKAL KURS-12345", "20091")],
  },
  {
    id: "p-sve",
    efternamn: "Sand",
    fornamn: "Eva",
    personnummer: inventedPersonnummer("19801111", 9),
    registrations: [ffg(4, "SVESVE01", "20091")],
  },
];

export const testRegister: TestRegister = { tables, persons };

/** Callers that `testOperations` lets in with the ticket "rätt". */
const CALLERS: Readonly<Record<string, Caller["institutions"]>> = {
  portal: "*",
  vux: new Set(["VUX1"]),
  sfi: new Set(["SFI"]),
  kvn: new Set(["KVN"]),
  ingen: new Set<string>(),
};

export const T04_SETTINGS: FormatSettings = {
  terminFormat: "YYT",
  kurskodMaxLength: 10,
  aliases: { toAlias: new Map(), toKurskod: new Map() },
};

export function testOperations(
  store: Pick<Store, "current">,
  settings: Partial<FormatSettings> = {},
): T04Operations {
  return t04Operations({
    store,
    settings: { ...T04_SETTINGS, ...settings },
    authenticate: async ({ caller, ticket }) => {
      const institutions = CALLERS[caller ?? ""];
      return institutions === undefined || ticket !== "rätt"
        ? undefined
        : { name: caller ?? "", institutions };
    },
  });
}

/** A userVO of an employee who calls through a portal. */
export function user(caller = "portal", rest: DecodedObject = {}): DecodedObject {
  return { uid: "larare", type: "2", authinfovo: { caller, ticket: { ticket: "rätt" } }, ...rest };
}

export interface TestMessage {
  readonly key: string;
  readonly level: string;
  readonly log: string;
  readonly values: readonly string[];
}

/** An answer as tests read it: participants as `Regtyp Efternamn`, all else as the operation gave it. */
export interface TestAnswer {
  readonly valid: boolean;
  readonly messages: readonly TestMessage[];
  readonly persons: readonly string[];
  readonly KursInfoVO?: readonly { readonly [element: string]: string | null }[];
  readonly KursTfVO?: readonly { readonly [element: string]: string | null }[];
  readonly KursTFTermregVO?: readonly { readonly [element: string]: string | null }[];
  readonly EmailList?: readonly string[];
  readonly NoEmailList?: readonly string[];
  readonly [element: string]: unknown;
}

export async function ask(
  operations: T04Operations,
  method: keyof T04Operations,
  arg1: DecodedObject | undefined,
  arg0: Decoded | undefined = user(),
): Promise<TestAnswer> {
  const args: DecodedObject = { arg0, arg1 };
  const answer = (await operations[method](args, { remoteAddress: "127.0.0.1" })) as Record<string, unknown>;
  const entries = answer.AdrListEntVO as FinishedElements | undefined;
  // As on the wire, where what is undefined is absent.
  const present = Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== undefined));
  for (const list of ["EmailList", "NoEmailList"]) {
    const { [list]: elements } = present;
    if (elements !== undefined) present[list] = textsIn(elements as FinishedElements, list);
  }
  return { ...(present as unknown as TestAnswer), persons: entries === undefined ? [] : personsIn(entries) };
}

/** Contents of elements that hold nothing but text, as they stand there. */
function textsIn(elements: FinishedElements, name: string): string[] {
  const xml = textOf(elements);
  const element = new RegExp(`<${name}>([^<]*)</${name}>`, "g");
  expect(xml.replace(element, "")).to.equal("");
  return [...xml.matchAll(element)].map(([, text = ""]) => text);
}

function personsIn(entries: FinishedElements): string[] {
  const xml = textOf(entries);
  const entry =
    /<AdrListEntVO><Regtyp>(FFG|FO|OM)<\/Regtyp><PersonVO><enamn>([^<]*)<\/enamn><tnamn>[^<]*<\/tnamn><\/PersonVO><\/AdrListEntVO>/g;
  expect(xml.replace(entry, "")).to.equal("");
  return [...xml.matchAll(entry)].map(([, regtyp, enamn]) => `${regtyp} ${enamn}`);
}

/** `key values[0]` of each message: enough to see which and in what order. */
export function briefly({ messages }: TestAnswer): string[] {
  return messages.map(({ key, values }) => [key, ...values.slice(0, 1)].join(" "));
}
