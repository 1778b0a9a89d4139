import type { Subject } from "../lpw/call.js";
import { isValid, messageVOs } from "../lpw/messages.js";
import { type Operation, operationOf, type ServiceDependencies } from "../lpw/operations.js";
import { echoed } from "../lpw/request.js";
import type { Encodable } from "../soap/api.js";
import type { AdrListAnswer, AdrListCall } from "./call.js";
import { getAdrLista } from "./getAdrLista.js";
import { getKurs } from "./getKurs.js";
import { getKursTf } from "./getKursTf.js";
import { type AdrListRequest, readAdrList } from "./request.js";

/** T04's three methods (contract section 1), each from a userVO and an adrListVO to an adrListVO. */
export interface T04Operations {
  readonly getKurs: Operation;
  readonly getKursTf: Operation;
  readonly getAdrLista: Operation;
}

export function t04Operations(dependencies: ServiceDependencies): T04Operations {
  const operation = (answer: (call: AdrListCall) => Promise<AdrListAnswer>): Operation =>
    operationOf(dependencies, { read: readAdrList, answer, write: adrListVO, about, isRepeatable: true });
  return {
    getKurs: operation(getKurs),
    getKursTf: operation(getKursTf),
    getAdrLista: operation(getAdrLista),
  };
}

/**
 * The booleans are returned as sent; Institution, Termin, Kurskod and the request's occasions are not. Named one by one:
 * objects of one shape are made and written in a fraction of the time that copying what there is takes.
 */
function adrListVO({ data, messages }: AdrListAnswer, request: AdrListRequest): Encodable {
  return {
    KursInfoVO: data?.KursInfoVO,
    KursTfVO: data?.KursTfVO,
    KursTFTermregVO: data?.KursTFTermregVO,
    AdrListEntVO: data?.AdrListEntVO,
    EmailList: data?.EmailList,
    NoEmailList: data?.NoEmailList,
    Email: echoed(request.Email),
    FFG: echoed(request.FFG),
    FO: echoed(request.FO),
    OM: echoed(request.OM),
    valid: isValid(messages),
    messages: messageVOs(messages),
  };
}

function about({ Institution, Termin, Kurskod, KursTfVO, KursTFTermregVO }: AdrListRequest): Subject {
  const kurskoder = [Kurskod];
  const terminer = [Termin];
  for (const occasions of [KursTfVO, KursTFTermregVO]) {
    for (const occasion of occasions) {
      kurskoder.push(occasion.Kurskod);
      terminer.push(occasion.Starttermin, occasion.Kalendertermin);
    }
  }
  return { institutions: [Institution], kurskoder, terminer };
}
