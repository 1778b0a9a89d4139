import { type FormatSettings, NO_KURSTYP, writeKurskod, writeKurstakt, writeTermin } from "../lpw/formats.js";
import { type Encodable, FinishedElements, OneByteText } from "../soap/api.js";
import { escapeText } from "../soap/xml.js";
import type {
  Contact,
  JoinedPersonVOs,
  KursFound,
  KurstillfalleFound,
  Participant,
  Separators,
  TermregFound,
} from "../store/queries.js";

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

/** What stands between the PersonVO elements of two entries, by the kind of the second one. */
export const BETWEEN_ENTRIES: Separators = {
  FFG: `${ENTRY_END}${ENTRY_START.FFG}`,
  FO: `${ENTRY_END}${ENTRY_START.FO}`,
  OM: `${ENTRY_END}${ENTRY_START.OM}`,
};

function entryStart(regtyp: Participant["regtyp"]): Buffer {
  return Buffer.from(`<AdrListEntVO><Regtyp>${regtyp}</Regtyp>`);
}

/** AdrListEntVO[] from PersonVO elements that the store has joined with BETWEEN_ENTRIES. */
export function joinedAdrListEntVOs({ first, oneByteTexts }: JoinedPersonVOs): FinishedElements {
  if (oneByteTexts.length === 0) return new FinishedElements([]);
  const texts = oneByteTexts.map((text) => new OneByteText(text));
  return new FinishedElements([ENTRY_START[first], ...texts, ENTRY_END]);
}

/** AdrListEntVO[] from bytes that were finished when the export was loaded. */
export function adrListEntVOs(participants: readonly Participant[]): FinishedElements {
  const chunks: Buffer[] = [];
  for (const { regtyp, personVO } of participants) chunks.push(ENTRY_START[regtyp], personVO, ENTRY_END);
  return new FinishedElements(chunks);
}

export interface EmailLists {
  readonly EmailList: FinishedElements;
  readonly NoEmailList: FinishedElements;
  /** Of both. */
  readonly bytes: number;
}

/**
 * Addresses in list order, each once without regard to case, as it was spelled first; and persons without one, as finished
 * when the export was loaded: `Efternamn, Förnamn (personnummer)`.
 */
export function emailLists(persons: readonly Contact[]): EmailLists {
  let addresses = "";
  let others = "";
  const written = new Set<string>();
  for (const { email, noEmail } of persons) {
    if (email === null) {
      if (noEmail !== null) others += `<NoEmailList>${escapeText(noEmail)}</NoEmailList>`;
      continue;
    }
    const key = email.toLowerCase();
    if (written.has(key)) continue;
    written.add(key);
    addresses += `<EmailList>${escapeText(email)}</EmailList>`;
  }
  // In memory of their own, not in a part of what node cuts small buffers from: they may be kept.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(addresses) + Buffer.byteLength(others));
  const end = bytes.write(addresses);
  bytes.write(others, end);
  return {
    EmailList: finished(bytes.subarray(0, end)),
    NoEmailList: finished(bytes.subarray(end)),
    bytes: bytes.length,
  };
}

function finished(bytes: Buffer): FinishedElements {
  return new FinishedElements(bytes.length === 0 ? [] : [bytes]);
}
