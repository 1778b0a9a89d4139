import { mayAccess } from "../access/callers.js";
import { kurskeyOf } from "../lpw/formats.js";
import type { Encodable } from "../soap/api.js";
import type { AdrListCall } from "./call.js";
import { kursInfoVO } from "./encode.js";

/**
 * KursInfoVO of getKursTf and getAdrLista (T04 3.5, 4.5): what was sent, unchanged; when nothing was, the courses' own,
 * in the order of the request, each with a row for every institution that gives it and that the caller may see.
 */
export async function kursInfoOf(
  call: AdrListCall,
  kurskoder: Iterable<string | undefined>,
): Promise<Encodable> {
  if (call.request.KursInfoVO.length > 0) return call.request.KursInfoVO;
  const kurskeys = new Set<string>();
  for (const kurskod of kurskoder) {
    if (kurskod !== undefined) kurskeys.add(kurskeyOf(kurskod, call.settings));
  }
  const written: Encodable[] = [];
  for (const kurskey of kurskeys) {
    for (const row of await call.lookups.kursByKod(kurskey)) {
      if (mayAccess(call.caller, [row.inst])) written.push(kursInfoVO(row, call.settings));
    }
  }
  return written;
}
