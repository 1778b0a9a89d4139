import { mayAccess } from "../access/callers.js";
import { codeKey } from "../domain/codes.js";
import { type Call, refusal } from "../lpw/call.js";
import { type FormatSettings, kurskeyOf, writeKurskod, writeKurstakt, writeTermin } from "../lpw/formats.js";
import { forbiddenCourses, forbiddenInstitutions, visibleTo } from "../lpw/rights.js";
import type { KursFound, KurstillfalleFound } from "../store/queries.js";
import type { Fields, ListAnswer, ObjectAnswer } from "./call.js";
import { mistakesInText } from "./checks.js";
import type { TextRequest } from "./request.js";

/** The courses of an institution, as T04's getKurs without a term. The register has no tests (prov). */
export async function getKursByInst(call: Call<TextRequest>): Promise<ListAnswer> {
  const { text: institution } = call.request;
  const refused = await forbiddenInstitutions(call, institution);
  if (refused.length > 0) return refusal(refused);
  const mistakes = await mistakesInText(call, "Institution");
  if (mistakes.length > 0 || institution === undefined) return refusal(mistakes);

  const rows = await call.lookups.kursOfInstitution(codeKey(institution), undefined);
  return { data: rows.map((row) => utilityKursVO(row, call.settings)), messages: [] };
}

/** The course as the first institution (by code) that gives it and that the caller may see has it. */
export async function getKursByKod(call: Call<TextRequest>): Promise<ObjectAnswer> {
  return ofCourse(call, async (kurskey) => {
    const rows = await call.lookups.kursByKod(kurskey);
    const row = rows.find(({ inst }) => mayAccess(call.caller, [inst]));
    return row === undefined ? { isValid: true } : utilityKursVO(row, call.settings);
  });
}

/** KTILL2: the course's occasions by the half-years in which they begin, of any time. */
export async function getKursTillFByKod(call: Call<TextRequest>): Promise<ObjectAnswer> {
  return ofCourse(call, async (kurskey) => {
    const rows = visibleTo(call.caller, await call.lookups.ktill2(kurskey, undefined));
    return { ktfl: rows.map((row) => utilityKursTillFVO(row, call.settings)) };
  });
}

/** The register has no tests (prov): none. */
export async function getProvByKurskod(call: Call<TextRequest>): Promise<ObjectAnswer> {
  return ofCourse(call, async () => ({}));
}

/** Rights, then checks, then `find`, as in T04. */
async function ofCourse(
  call: Call<TextRequest>,
  find: (kurskey: string) => Promise<Fields>,
): Promise<ObjectAnswer> {
  const { text: kurskod } = call.request;
  const refused = await forbiddenCourses(call, [kurskod]);
  if (refused.length > 0) return refusal(refused);
  const mistakes = await mistakesInText(call, "Kurskod");
  if (mistakes.length > 0 || kurskod === undefined) return refusal(mistakes);
  return { data: await find(kurskeyOf(kurskod, call.settings)), messages: [] };
}

/** utilityKursVO, and utilityKursProvVO without prov. isValid is what valid is; a Poang that is no number is absent. */
function utilityKursVO(row: KursFound, settings: FormatSettings): Fields {
  return {
    benamne: row.engBenamning,
    benamns: row.benamning,
    inst: row.inst,
    isValid: true,
    kod: writeKurskod(row.kurskod, settings),
    nedlagd: row.nedlagd,
    poang: row.poang,
  };
}

function utilityKursTillFVO(row: KurstillfalleFound, settings: FormatSettings): Fields {
  return {
    ffgpoang: row.poang,
    kod: row.anmkod,
    kurskod: writeKurskod(row.kurskod, settings),
    kursomg: row.kursomg,
    kurstakt: row.kurstakt === null ? null : writeKurstakt(row.kurstakt),
    kurstid: row.kurstid,
    kurstyp: row.kurstyp,
    ort: row.ort,
    slutv: row.slutvecka,
    startter: writeTermin(row.starttermin, settings),
    startv: row.startvecka,
    undform: row.undform,
    valid: true,
  };
}
