import { type FormatSettings, NO_KURSTYP, writeKurskod, writeKurstakt, writeTermin } from "../lpw/formats.js";
import { type Encodable, FinishedElements, OneByteText } from "../soap/api.js";
import type { Contact, KursFound, KurstillfalleFound, Participant, TermregFound } from "../store/queries.js";

/** Rows of the store as the schema's types, under its names. What is null is absent on the wire. */
type SchemaValue = { readonly [element: string]: Encodable };

export function kursInfoVO(row: KursFound, settings: FormatSettings): SchemaValue {
  return {
    Kurskod: writeKurskod(row.kurskod, settings),
    Benamning: row.benamning,
    EngBenamning: row.engBenamning,
    Institution: row.inst,
    Poang: row.poang,
    Nedlagd: row.nedlagd,
  };
}

export function kursTfVO(row: KurstillfalleFound, settings: FormatSettings): SchemaValue {
  return {
    typ: row.typ,
    Kurskod: writeKurskod(row.kurskod, settings),
    Starttermin: writeTermin(row.starttermin, settings),
    Kurstakt: row.kurstakt === null ? null : writeKurstakt(row.kurstakt),
    Kurstid: row.kurstid,
    Undform: row.undform,
    Kursomgang: row.kursomg,
    Kurstyp: row.kurstyp ?? NO_KURSTYP,
    Termordning: row.termordning,
    Poang: row.poang,
    Anmkod: row.anmkod,
    Kalendertermin: writeTermin(row.kalendertermin, settings),
    Startvecka: row.startvecka,
    Slutvecka: row.slutvecka,
    Ortskod: row.ort,
    Ortsbenamn: row.ortsbenamn,
  };
}

/**
 * Occasions of courses in programmes, equal ones once: several programmes or occasions may look the same on the wire.
 * Poang is absent where equal ones differ in it. The rows' order is kept.
 */
export function kursTfTermregVOs(rows: readonly TermregFound[], settings: FormatSettings): SchemaValue[] {
  const written = new Map<string, { readonly row: TermregFound; poang: string | null }>();
  for (const row of rows) {
    const known = written.get(equalityKey(row));
    if (known === undefined) written.set(equalityKey(row), { row, poang: row.poang });
    else if (known.poang !== row.poang) known.poang = null;
  }
  return [...written.values()].map(({ row, poang }) => ({
    typ: row.typ,
    Kurskod: writeKurskod(row.kurskod, settings),
    Starttermin: writeTermin(row.starttermin, settings),
    program: row.program,
    programinriktning: row.programinriktning,
    termordningkurs: row.termordning,
    Poang: poang,
    Kalendertermin: writeTermin(row.kalendertermin, settings),
  }));
}

function equalityKey(row: TermregFound): string {
  const { typ, kurskod, starttermin, kalendertermin, program, programinriktning, termordning } = row;
  return [typ, kurskod, starttermin, kalendertermin, program, programinriktning, termordning].join("\u0000");
}

const ENTRY_START = { FFG: entryStart("FFG"), FO: entryStart("FO"), OM: entryStart("OM") } as const;
const ENTRY_END = Buffer.from("</AdrListEntVO>");

const BETWEEN_ENTRIES = {
  FFG: `${ENTRY_END}${ENTRY_START.FFG}`,
  FO: `${ENTRY_END}${ENTRY_START.FO}`,
  OM: `${ENTRY_END}${ENTRY_START.OM}`,
} as const;

function entryStart(regtyp: Participant["regtyp"]): Buffer {
  return Buffer.from(`<AdrListEntVO><Regtyp>${regtyp}</Regtyp>`);
}

/** What stands between the PersonVO elements of two entries of the same kind. */
export function betweenEntries(regtyp: Participant["regtyp"]): string {
  return BETWEEN_ENTRIES[regtyp];
}

/** AdrListEntVO[] of one kind, from PersonVO elements that the store has joined with `betweenEntries`. */
export function joinedAdrListEntVOs(
  regtyp: Participant["regtyp"],
  oneByteTexts: readonly string[],
): FinishedElements {
  if (oneByteTexts.length === 0) return new FinishedElements([]);
  const texts = oneByteTexts.map((text) => new OneByteText(text));
  return new FinishedElements([ENTRY_START[regtyp], ...texts, ENTRY_END]);
}

/** AdrListEntVO[] from bytes that were finished when the export was loaded. */
export function adrListEntVOs(participants: readonly Participant[]): FinishedElements {
  const chunks: Buffer[] = [];
  for (const { regtyp, personVO } of participants) chunks.push(ENTRY_START[regtyp], personVO, ENTRY_END);
  return new FinishedElements(chunks);
}

/** Addresses in list order, each once without regard to case, as it was spelled first. */
export function emailList(persons: readonly Contact[]): string[] {
  const spelledFirst = new Map<string, string>();
  for (const { email } of persons) {
    if (email === null) continue;
    const key = email.toLowerCase();
    if (!spelledFirst.has(key)) spelledFirst.set(key, email);
  }
  return [...spelledFirst.values()];
}

/** Persons without an address, as finished when the export was loaded: `Efternamn, Förnamn (personnummer)`. */
export function noEmailList(persons: readonly Contact[]): string[] {
  return persons.flatMap(({ email, noEmail }) => (email === null && noEmail !== null ? [noEmail] : []));
}
