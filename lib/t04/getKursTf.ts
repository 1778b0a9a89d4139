import { refusal } from "../lpw/call.js";
import { kurskeyOf, readTermin } from "../lpw/formats.js";
import { forbiddenCourses, visibleTo } from "../lpw/rights.js";
import type { AdrListAnswer, AdrListCall } from "./call.js";
import { mistakesInGetKursTf } from "./checks.js";
import { kursTfTermregVOs, kursTfVO } from "./encode.js";
import { kursInfoOf } from "./kursinfo.js";

/** T04 3, Visa kurstillfällen: a course's occasions in a half-year, those within programmes too. */
export async function getKursTf(call: AdrListCall): Promise<AdrListAnswer> {
  const { Kurskod } = call.request;

  const refused = await forbiddenCourses(call, [Kurskod]);
  if (refused.length > 0) return refusal(refused);

  const mistakes = await mistakesInGetKursTf(call);
  const termin = readTermin(call.request.Termin);
  if (mistakes.length > 0 || Kurskod === undefined || termin === undefined) return refusal(mistakes);

  const { caller, lookups, settings } = call;
  const kurskey = kurskeyOf(Kurskod, settings);
  const occasions = [
    ...(await lookups.ktill2(kurskey, termin)),
    ...(await lookups.ktfort2(kurskey, termin, undefined)),
  ];
  const inProgrammes = [
    ...(await lookups.progplk(kurskey, termin)),
    ...(await lookups.ktillp(kurskey, termin)),
  ];
  return {
    data: {
      KursInfoVO: await kursInfoOf(call, [Kurskod]),
      KursTfVO: visibleTo(caller, occasions).map((row) => kursTfVO(row, settings)),
      KursTFTermregVO: kursTfTermregVOs(visibleTo(caller, inProgrammes), settings),
    },
    messages: [],
  };
}
