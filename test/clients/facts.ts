/**
 * What the answers must be, for clients that cannot know it: a plain reading of the service's own answers, each held
 * against what the export says, and against what the protocol (README.md) promises to those who write clients.
 */
import { XmlDocument, type XmlElement } from "libxml2-wasm";
import { escaped } from "../support/export.js";
import * as exported from "./export.js";

export interface Portal {
  readonly uid: string;
  readonly caller: string;
  readonly ticket: string;
}

/** FACT_… as a client gets them; lists are joined with "|". */
export type Facts = Readonly<Record<`FACT_${string}`, string>>;

/** @throws Error that says which fact the answers and the export do not agree about. */
export async function readFacts(t04Url: string, portal: Portal): Promise<Facts> {
  const ask = asking(t04Url, portal);
  const kod = exported.INSTITUTION.kod;
  const kurser = await ask("getKurs", element("Institution", kod) + element("Termin", exported.TERMIN));
  const kurs = kurser.find(`KursInfoVO[Kurskod='${exported.KURS.kurskod}']`)[0];
  const tillfallen = await ask("getKursTf", byKurskod(exported.KURS.kurskod));
  const lista = await ask("getAdrLista", firstOccasion(tillfallen) + element("Email", "true"));
  const persons = lista.find("AdrListEntVO/PersonVO");
  const withoutEmail = exported.PARTICIPANTS.flatMap(({ efternamn, fornamn, email }, index) =>
    email === undefined ? [`${efternamn}, ${fornamn} (${exported.personnummer(index)})`] : [],
  );

  const ensam = await ask("getKursTf", byKurskod(exported.ENSAM_KURSKOD));
  const ensamLista = await ask("getAdrLista", firstOccasion(ensam));
  agree("number of the lone course's occasions", [String(ensam.find("KursTfVO").length)], ["1"]);
  agree("number of the lone course's participants", [String(ensamLista.find("AdrListEntVO").length)], ["1"]);
  const tom = await ask(
    "getKurs",
    element("Institution", exported.TOM_INSTITUTION) + element("Termin", exported.TERMIN),
  );
  agree("courses of the institution without courses", texts(tom, "KursInfoVO/Kurskod"), []);
  agree("English name of the course", texts(kurser, "KursInfoVO[EngBenamning]/Kurskod"), ["ENGENG05"]);

  const facts: Facts = {
    FACT_INSTITUTION: kod,
    FACT_INSTITUTION_BENAMN: exported.INSTITUTION.benamn,
    FACT_TERMIN: exported.TERMIN,
    FACT_KURSKODER: agree("FACT_KURSKODER", texts(kurser, "KursInfoVO/Kurskod"), exported.KURSKODER),
    FACT_KURSKOD: exported.KURS.kurskod,
    FACT_BENAMNING: agree("FACT_BENAMNING", texts(kurs, "Benamning"), [exported.KURS.benamning]),
    FACT_TYPER: agree("FACT_TYPER", texts(tillfallen, "KursTfVO/typ"), exported.TYPER),
    FACT_ANMKOD: agree("FACT_ANMKOD", texts(tillfallen, "KursTfVO[1]/Anmkod"), [exported.ANMKOD]),
    FACT_PERSONER: agree("FACT_PERSONER", [String(persons.length)], [String(exported.PARTICIPANTS.length)]),
    FACT_EFTERNAMN: agree(
      "FACT_EFTERNAMN",
      texts(lista, "AdrListEntVO/PersonVO/enamn"),
      exported.PARTICIPANTS.map(({ efternamn }) => efternamn),
    ),
    FACT_FORNAMN: agree(
      "FACT_FORNAMN",
      texts(lista, "AdrListEntVO/PersonVO/tnamn"),
      exported.PARTICIPANTS.map(({ fornamn }) => fornamn),
    ),
    FACT_PERSONNUMMER: agree(
      "FACT_PERSONNUMMER",
      texts(lista, "AdrListEntVO/PersonVO/pnr"),
      exported.PARTICIPANTS.map((_, index) => exported.personnummer(index)),
    ),
    FACT_EMAIL: agree(
      "FACT_EMAIL",
      texts(lista, "EmailList"),
      exported.PARTICIPANTS.flatMap(({ email }) => email ?? []),
    ),
    FACT_NOEMAIL: agree("FACT_NOEMAIL", texts(lista, "NoEmailList"), withoutEmail),
    FACT_OGILTIGA: agree(
      "FACT_OGILTIGA",
      texts(lista, "messages[level='INFO'][key='adresslista.containsinvalidssn']/values"),
      exported.OGILTIGA,
    ),
    FACT_ENSAM_KURSKOD: exported.ENSAM_KURSKOD,
    FACT_ENSAM_EFTERNAMN: agree("FACT_ENSAM_EFTERNAMN", texts(ensamLista, "AdrListEntVO/PersonVO/enamn"), [
      exported.ENSAM_EFTERNAMN,
    ]),
    FACT_TOM_INSTITUTION: exported.TOM_INSTITUTION,
  };
  promise(facts);
  return facts;
}

/** What clients rely on beyond the values. */
function promise(facts: Facts): void {
  for (const [name, value] of Object.entries(facts)) if (value === "") throw new Error(`${name} is empty`);
  for (const name of ["FACT_BENAMNING", "FACT_EFTERNAMN", "FACT_FORNAMN", "FACT_NOEMAIL"] as const) {
    if (!/[åäöÅÄÖ]/.test(facts[name] ?? "")) throw new Error(`${name} has no å, ä or ö`);
  }
  if (!facts.FACT_TYPER?.startsWith("FFG")) throw new Error("FACT_TYPER does not begin with FFG");
}

type Ask = (operation: string, arg1: string) => Promise<XmlElement>;

function asking(url: string, { uid, caller, ticket }: Portal): Ask {
  const arg0 =
    `<arg0><authinfovo>${element("caller", caller)}<ticket>${element("ticket", ticket)}</ticket></authinfovo>` +
    `<type>2</type>${element("uid", uid)}</arg0>`;
  return async (operation, arg1) => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "text/xml; charset=utf-8", SOAPAction: '""' },
      body:
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' +
        `<t:${operation} xmlns:t="http://facadeclient.adresslista.service.lpw.ladok/">${arg0}<arg1>${arg1}</arg1>` +
        `</t:${operation}></s:Body></s:Envelope>`,
    });
    const returned = XmlDocument.fromString(await answer.text()).get("//return") as XmlElement | null;
    if (returned?.get("valid")?.content !== "true") throw new Error(`${operation} gives no valid answer`);
    return returned;
  };
}

function byKurskod(kurskod: string): string {
  return element("Kurskod", kurskod) + element("Termin", exported.TERMIN);
}

/** The first occasion, as it was received. */
function firstOccasion(tillfallen: XmlElement): string {
  const occasion = tillfallen.get("KursTfVO");
  if (occasion === null) throw new Error("getKursTf gives no occasion");
  const fields = occasion.find("*").map((field) => element((field as XmlElement).name, field.content));
  return `<KursTfVO>${fields.join("")}</KursTfVO>`;
}

function element(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

function texts(from: { find(path: string): { content: string }[] } | undefined, path: string): string[] {
  return (from as XmlElement).find(path).map((node) => node.content);
}

function agree(what: string, answered: readonly string[], expected: readonly string[]): string {
  const [answer, wanted] = [answered.join("|"), expected.join("|")];
  if (answer !== wanted) throw new Error(`${what}: the service says ${answer}, the export ${wanted}`);
  return answer;
}
