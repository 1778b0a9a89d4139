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

export const PARTICIPANTS = [1, 30, 100, 1_000] as const;

/** The call that the peers answer too, and that the goals are about. */
export function usualCase(occasions: readonly MeasuredOccasion[], participants = 100): Case {
  return adrLista(occasions, participants, { email: false, search: "occasion" });
}

/** As many persons from every register: so many occasions of 100 that one of 1 000 persons has that many. */
const GROWTH_OCCASIONS = 5;

/** The usual call, to compare registers of different sizes. */
export function growthRequests(occasions: readonly MeasuredOccasion[]): readonly string[] {
  return usualCase(occasions).requests.slice(0, GROWTH_OCCASIONS);
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
        [false, true].map((email) => adrLista(occasions, participants, { email, search })),
      ),
    ),
  ];
}

function adrLista(
  occasions: readonly MeasuredOccasion[],
  participants: number,
  { email, search }: { readonly email: boolean; readonly search: "occasion" | "free" },
): Case {
  const flags = `${email ? "<Email>true</Email>" : ""}${search === "free" ? "<FFG>true</FFG>" : ""}`;
  return {
    name: `getAdrLista-${participants}-${search}${email ? "-email" : ""}`,
    label: `getAdrLista, ${participants}, ${search === "free" ? "free search" : "occasion"}${email ? ", e-mail list" : ""}`,
    participants,
    requests: occasions
      .filter((occasion) => occasion.participants === participants)
      .map(({ kurskod, termin, anmkod }) => {
        const key =
          search === "free"
            ? `<Kurskod>${kurskod}</Kurskod><Starttermin>${termin}</Starttermin>`
            : `<typ>FFG</typ><Kurskod>${kurskod}</Kurskod><Starttermin>${termin}</Starttermin><Anmkod>${anmkod}</Anmkod>`;
        return envelope("getAdrLista", `<KursTfVO>${key}</KursTfVO>${flags}`);
      }),
  };
}

function envelope(operation: string, list: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://facadeclient.adresslista.service.lpw.ladok/">
<soapenv:Body><a:${operation}>
<arg0><authinfovo><caller>${CALLER}</caller><ticket><ticket>${SECRET}</ticket></ticket></authinfovo><type>2</type><uid>bench</uid></arg0>
<arg1>${list}</arg1>
</a:${operation}></soapenv:Body></soapenv:Envelope>`;
}
