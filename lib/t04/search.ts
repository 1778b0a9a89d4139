import { mayAccess } from "../access/callers.js";
import { codeKey, numberKey } from "../domain/codes.js";
import type { Termin } from "../domain/terms.js";
import { kurskeyOf, NO_KURSTYP, readTermin } from "../lpw/formats.js";
import { echoed } from "../lpw/request.js";
import { visibleTo } from "../lpw/rights.js";
import type { KurstillfalleFound, Search, TermregFound } from "../store/queries.js";
import type { AdrListCall } from "./call.js";
import { isFreeSearch } from "./checks.js";
import { readTyp } from "./formats.js";
import type { KursTf, KursTfTermreg } from "./request.js";

/**
 * The sets of registrations that a checked getAdrLista asks for (T04 4.1), each once: of the occasions that match and
 * that the caller may see. The store makes their union, a person once.
 */
export async function searchesOf(call: AdrListCall): Promise<readonly Search[]> {
  const found = distinctSearches();
  const [first] = call.request.KursTfVO;
  if (first !== undefined && isFreeSearch(call.request)) {
    await addFreeSearch(call, first, found);
  } else {
    for (const occasion of call.request.KursTfVO) await addOccasion(call, occasion, found);
    for (const occasion of call.request.KursTFTermregVO) await addTermreg(call, occasion, found);
  }
  return found.all();
}

/** A KursTfVO with `typ`: its first-time or continuing participants, and with OM all re-registered on the course. */
async function addOccasion(call: AdrListCall, occasion: KursTf, found: DistinctSearches): Promise<void> {
  const kurskey = kurskeyOf(occasion.Kurskod ?? "", call.settings);
  const wanted = occasion.Anmkod === undefined ? keyFieldsOf(occasion) : anmkodOf(occasion.Anmkod);
  const starttermin = readTermin(occasion.Starttermin);
  if (readTyp(occasion.typ ?? "") === "FFG") {
    await addFfg(call, kurskey, starttermin, wanted, found);
    await addOmIfAsked(call, kurskey, starttermin, found);
  } else {
    const kalendertermin = readTermin(occasion.Kalendertermin);
    await addFo(call, kurskey, kalendertermin, starttermin, wanted, found);
    await addOmIfAsked(call, kurskey, kalendertermin, found);
  }
}

/** A KursTFTermregVO: those who read the course in a programme. */
async function addTermreg(
  call: AdrListCall,
  occasion: KursTfTermreg,
  found: DistinctSearches,
): Promise<void> {
  const kurskey = kurskeyOf(occasion.Kurskod ?? "", call.settings);
  const isFfg = readTyp(occasion.typ ?? "") === "FFG";
  const starttermin = readTermin(occasion.Starttermin);
  const termin = isFfg ? starttermin : readTermin(occasion.Kalendertermin);
  if (termin === undefined) return;
  await addOmIfAsked(call, kurskey, termin, found);
  const wanted = programFieldsOf(occasion);
  if (!found.isNewQuestion(isFfg ? "PROGPLK" : "KTILLP", kurskey, termin, starttermin, wanted.key)) return;
  const rows = isFfg
    ? await call.lookups.progplk(kurskey, termin)
    : (await call.lookups.ktillp(kurskey, termin)).filter(
        (row) => starttermin === undefined || row.starttermin === starttermin,
      );
  for (const { ktill, programId } of visibleTo(call.caller, rows.filter(wanted.holds))) {
    found.add(isFfg ? { typ: "FFG", ktill, programId } : { typ: "FO", ktill, termin, programId });
  }
}

/** One KursTfVO without `typ`: the flags choose the kinds. Anmkod is not read (T04 1.3). */
async function addFreeSearch(call: AdrListCall, search: KursTf, found: DistinctSearches): Promise<void> {
  const kurskey = kurskeyOf(search.Kurskod ?? "", call.settings);
  const starttermin = readTermin(search.Starttermin);
  const kalendertermin = readTermin(search.Kalendertermin);
  const wanted = keyFieldsOf(search);
  if (echoed(call.request.FFG)) await addFfg(call, kurskey, starttermin ?? kalendertermin, wanted, found);
  if (echoed(call.request.FO)) await addFo(call, kurskey, kalendertermin, starttermin, wanted, found);
  await addOmIfAsked(call, kurskey, kalendertermin ?? starttermin, found);
}

async function addFfg(
  call: AdrListCall,
  kurskey: string,
  starttermin: Termin | undefined,
  wanted: Wanted<KurstillfalleFound>,
  found: DistinctSearches,
): Promise<void> {
  if (!found.isNewQuestion("FFG", kurskey, starttermin, wanted.key)) return;
  const rows = await call.lookups.ktill2(kurskey, starttermin);
  for (const { ktill } of visibleTo(call.caller, rows.filter(wanted.holds))) found.add({ typ: "FFG", ktill });
}

async function addFo(
  call: AdrListCall,
  kurskey: string,
  kalendertermin: Termin | undefined,
  starttermin: Termin | undefined,
  wanted: Wanted<KurstillfalleFound>,
  found: DistinctSearches,
): Promise<void> {
  if (!found.isNewQuestion("FO", kurskey, kalendertermin, starttermin, wanted.key)) return;
  const rows = await call.lookups.ktfort2(kurskey, kalendertermin, starttermin);
  for (const row of visibleTo(call.caller, rows.filter(wanted.holds))) {
    found.add({ typ: "FO", ktill: row.ktill, termin: row.kalendertermin });
  }
}

/**
 * OMKURS knows no occasions, so that all of the course in that term are meant; for a caller with listed institutions
 * those of the course's institutions that are the caller's, as the register writes them.
 */
async function addOmIfAsked(
  call: AdrListCall,
  kurskey: string,
  termin: Termin | undefined,
  found: DistinctSearches,
): Promise<void> {
  if (!echoed(call.request.OM) || termin === undefined) return;
  if (call.caller.institutions === "*") {
    found.add({ typ: "OM", kurskey, termin, institutions: "*" });
    return;
  }
  const courses = await call.lookups.kursByKod(kurskey);
  const institutions = courses.map(({ inst }) => inst).filter((inst) => mayAccess(call.caller, [inst]));
  if (institutions.length > 0) found.add({ typ: "OM", kurskey, termin, institutions });
}

/** Which of a course's rows are wanted. */
interface Wanted<Row> {
  readonly holds: (row: Row) => boolean;
  /** The same for conditions that mean the same. */
  readonly key: string;
}

function anmkodOf(anmkod: string): Wanted<KurstillfalleFound> {
  const key = codeKey(anmkod);
  return { holds: (row) => codeKey(row.anmkod) === key, key: joined(["Anmkod", key]) };
}

/** A key field that is given must be equal, an absent one does not restrict. */
function keyFieldsOf(wanted: KursTf): Wanted<KurstillfalleFound> {
  const conditions: ((row: KurstillfalleFound) => boolean)[] = [];
  const keys: string[] = [];
  const require = (
    value: string | undefined,
    keyOf: (text: string) => string,
    read: (row: KurstillfalleFound) => string | null,
  ) => {
    const key = value === undefined ? "" : keyOf(value);
    keys.push(key);
    if (value === undefined) return;
    conditions.push((row) => {
      const held = read(row);
      return held !== null && keyOf(held) === key;
    });
  };
  require(wanted.Kurstakt, numberKey, (row) => row.kurstakt);
  require(wanted.Kurstid, codeKey, (row) => row.kurstid);
  require(wanted.Undform, codeKey, (row) => row.undform);
  require(wanted.Kursomgang, codeKey, (row) => row.kursomg);
  require(wanted.Kurstyp, codeKey, (row) => row.kurstyp ?? NO_KURSTYP);
  require(wanted.Termordning, numberKey, (row) => row.termordning);
  require(wanted.Ortskod, codeKey, (row) => row.ort);
  return { holds: (row) => conditions.every((holds) => holds(row)), key: joined(keys) };
}

function programFieldsOf(wanted: KursTfTermreg): Wanted<TermregFound> {
  const program = codeKey(wanted.program ?? "");
  const inriktning = wanted.programinriktning === undefined ? undefined : codeKey(wanted.programinriktning);
  const termordning = wanted.termordningkurs === undefined ? undefined : numberKey(wanted.termordningkurs);
  return {
    holds: (row) =>
      codeKey(row.program) === program &&
      (inriktning === undefined || codeKey(row.programinriktning ?? "") === inriktning) &&
      (termordning === undefined || numberKey(row.termordning) === termordning),
    key: joined([program, inriktning, termordning]),
  };
}

interface DistinctSearches {
  /** False when the same was asked before: a request may hold one occasion ten thousand times. */
  isNewQuestion(...question: readonly (string | undefined)[]): boolean;
  add(search: Search): void;
  all(): readonly Search[];
}

/** Two occasions of a request may match the same rows. */
function distinctSearches(): DistinctSearches {
  const searches = new Map<string, Search>();
  const questions = new Set<string>();
  return {
    isNewQuestion(...question) {
      const before = questions.size;
      return questions.add(joined(question)).size > before;
    },
    add(search) {
      searches.set(joined(Object.values(search)), search);
    },
    all: () => [...searches.values()],
  };
}

/** No code is empty and XML carries no U+0000, so that different parts never join to the same. */
function joined(parts: readonly unknown[]): string {
  return parts.join("\u0000");
}
