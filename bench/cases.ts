import { CALLER, type MeasuredOccasion, SECRET } from "./store.js";

/** What is asked of the service: one kind of call, as requests that are sent in turn. */
export interface Case {
  /** Also the name of its files and of its address at the bare server. */
  readonly name: string;
  readonly label: string;
  /** Of getAdrLista; 0 for what lists no persons. */
  readonly participants: number;
  readonly requests: readonly string[];
}

/**
 * The service gives an answer again when the same is asked a second time within two thousand questions. So many requests
 * differ, in a field that getAdrLista does not read, that none is: what is measured is an answer that is worked out.
 */
const DIFFERENT_REQUESTS = 6_000;

export const PARTICIPANTS = [1, 30, 100, 1_000] as const;

/** The call that the peers answer too, and that the goals are about. */
export function usualCase(occasions: readonly MeasuredOccasion[], participants = 100): Case {
  return adrLista(occasions, participants, { email: false, search: "occasion", remembered: false });
}

/** The same, asked again and again. */
export function rememberedCase(occasions: readonly MeasuredOccasion[], participants = 100): Case {
  return adrLista(occasions, participants, { email: false, search: "occasion", remembered: true });
}

function withReRegistered(occasions: readonly MeasuredOccasion[]): Case {
  const keys = occasions.filter(({ participants }) => participants === 100).map(byTerm);
  return {
    name: "getAdrLista-100-free-om",
    label: "getAdrLista, 100, free search, re-registered too",
    participants: 100,
    requests: differentRequests(keys, "<FFG>true</FFG><OM>true</OM>"),
  };
}

/** Occasions that are asked for together. */
const TOGETHER = 5;

function severalOccasions(occasions: readonly MeasuredOccasion[]): Case {
  const keys = occasions.filter(({ participants }) => participants === 30).map(byAnmkod);
  const together = keys.map((_, at) =>
    Array.from({ length: TOGETHER }, (_, next) => keys[(at + next) % keys.length]).join(
      "</KursTfVO><KursTfVO>",
    ),
  );
  return {
    name: "getAdrLista-several-occasions",
    label: `getAdrLista, ${TOGETHER} occasions of 30`,
    participants: TOGETHER * 30,
    requests: differentRequests(together, ""),
  };
}

/** As many persons from every register: so many occasions of 100 that one of 1 000 persons has that many. */
const GROWTH_OCCASIONS = 5;

/** The usual call, to compare registers of different sizes. */
export function growthRequests(occasions: readonly MeasuredOccasion[]): readonly string[] {
  const some = occasions.filter(({ participants }) => participants === 100).slice(0, GROWTH_OCCASIONS);
  return usualCase(some).requests;
}

export function allCases(occasions: readonly MeasuredOccasion[]): readonly Case[] {
  const [some] = occasions;
  if (some === undefined) throw new Error("no occasion is loaded");
  const { institution, termin } = some;
  return [
    {
      name: "getKurs",
      label: "getKurs, a school's courses in a term",
      participants: 0,
      requests: [envelope("getKurs", `<Institution>${institution}</Institution><Termin>${termin}</Termin>`)],
    },
    {
      name: "getKursTf",
      label: "getKursTf",
      participants: 0,
      requests: occasions
        .filter(({ participants }) => participants === some.participants)
        .map(({ kurskod }) =>
          envelope("getKursTf", `<Kurskod>${kurskod}</Kurskod><Termin>${termin}</Termin>`),
        ),
    },
    ...PARTICIPANTS.flatMap((participants) =>
      (["occasion", "free"] as const).flatMap((search) =>
        [false, true].map((email) => adrLista(occasions, participants, { email, search, remembered: false })),
      ),
    ),
    severalOccasions(occasions),
    withReRegistered(occasions),
    ...PARTICIPANTS.map((participants) => rememberedCase(occasions, participants)),
  ];
}

interface AdrListaCall {
  readonly email: boolean;
  readonly search: "occasion" | "free";
  readonly remembered: boolean;
}

function adrLista(
  occasions: readonly MeasuredOccasion[],
  participants: number,
  { email, search, remembered }: AdrListaCall,
): Case {
  const flags = `${email ? "<Email>true</Email>" : ""}${search === "free" ? "<FFG>true</FFG>" : ""}`;
  const keys = occasions
    .filter((occasion) => occasion.participants === participants)
    .map(search === "free" ? byTerm : byAnmkod);
  return {
    name: `getAdrLista-${participants}-${search}${email ? "-email" : ""}${remembered ? "-remembered" : ""}`,
    label:
      `getAdrLista, ${participants}, ${search === "free" ? "free search" : "occasion"}` +
      `${email ? ", e-mail list" : ""}${remembered ? ", remembered" : ""}`,
    participants,
    requests: remembered ? keys.map((key) => asking(key, flags)) : differentRequests(keys, flags),
  };
}

/** A field that getAdrLista does not read: see DIFFERENT_REQUESTS. */
function different(at: number): string {
  return `<Institution>${at.toString(36).padStart(4, "0").toUpperCase()}</Institution>`;
}

function differentRequests(keys: readonly string[], flags: string): readonly string[] {
  return Array.from({ length: DIFFERENT_REQUESTS }, (_, at) =>
    asking(keys[at % keys.length] ?? "", flags, different(at)),
  );
}

function asking(key: string, flags: string, institution = ""): string {
  return envelope("getAdrLista", `${institution}<KursTfVO>${key}</KursTfVO>${flags}`);
}

function byTerm({ kurskod, termin }: MeasuredOccasion): string {
  return `<Kurskod>${kurskod}</Kurskod><Starttermin>${termin}</Starttermin>`;
}

function byAnmkod({ kurskod, termin, anmkod }: MeasuredOccasion): string {
  return `<typ>FFG</typ><Kurskod>${kurskod}</Kurskod><Starttermin>${termin}</Starttermin><Anmkod>${anmkod}</Anmkod>`;
}

function envelope(operation: string, list: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://facadeclient.adresslista.service.lpw.ladok/">
<soapenv:Body><a:${operation}>
<arg0><authinfovo><caller>${CALLER}</caller><ticket><ticket>${SECRET}</ticket></ticket></authinfovo><type>2</type><uid>bench</uid></arg0>
<arg1>${list}</arg1>
</a:${operation}></soapenv:Body></soapenv:Envelope>`;
}
