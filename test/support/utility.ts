import { readFileSync } from "node:fs";
import type { DecodedObject, FinishedElements } from "../../lib/soap/api.js";
import { loadService } from "../../lib/soap/codec.js";
import type { Store } from "../../lib/store/queries.js";
import { type T22Operations, t22Operations } from "../../lib/t22/operations.js";
import { textOf } from "./finished.js";
import { T04_SETTINGS, type TestMessage, user } from "./t04.js";

export const UTILITY_TNS = "http://facadeclient.utility.service.lpw.ladok/";

export const UTILITY_WSDL_FILE = new URL("../../wsdl/utility.wsdl", import.meta.url);

export const utilityWsdl = readFileSync(UTILITY_WSDL_FILE, "utf8");

export const utilityService = loadService(utilityWsdl);

const CALLERS: Readonly<Record<string, "*" | ReadonlySet<string>>> = {
  portal: "*",
  vux: new Set(["VUX1"]),
  sfi: new Set(["SFI"]),
  kvn: new Set(["KVN"]),
  ingen: new Set<string>(),
};

/** T22's operations for the callers of `testOperations` (support/t04), on a day of one's own. */
export function utilityOperations(store: Pick<Store, "current">, today = "2009-06-01"): T22Operations {
  return t22Operations({
    store,
    settings: { ...T04_SETTINGS, terminFormat: "YYYYT" },
    today: () => today,
    authenticate: async ({ caller = "", ticket }) => {
      const institutions = CALLERS[caller];
      return institutions === undefined || ticket !== "rätt" ? undefined : { name: caller, institutions };
    },
  });
}

/** A value object as tests read it. */
export interface UtilityAnswer {
  readonly valid: boolean;
  readonly messages: readonly TestMessage[];
  readonly names?: readonly { readonly [element: string]: unknown }[];
  readonly [element: string]: unknown;
}

export async function askUtility(
  operations: T22Operations,
  method: keyof T22Operations,
  arg1?: DecodedObject[string],
  caller = "portal",
): Promise<UtilityAnswer> {
  const args: DecodedObject = { arg0: user(caller), arg1 };
  return (await operations[method](args, { remoteAddress: "127.0.0.1" })) as unknown as UtilityAnswer;
}

/** Surnames in the finished persons of fetchAdrInfo. */
export function surnames({ persons }: UtilityAnswer): (string | undefined)[] {
  const xml = textOf(persons as FinishedElements);
  return [...xml.matchAll(/<persons>.*?<enamn>([^<]*)<\/enamn>.*?<\/persons>/g)].map(([, enamn]) => enamn);
}
