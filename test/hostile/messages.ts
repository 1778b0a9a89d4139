import type { SoapVersion } from "../../lib/soap/api.js";
import { ENVELOPE_NAMESPACES } from "../../lib/soap/fault.js";
import { service, wsdlText } from "../support/soap-requests.js";
import { utilityService, utilityWsdl } from "../support/utility.js";
import { ALFAS_NUMBERS, ALFAS_PORTAL, SECRET } from "./register.js";

/** One of the served services, and a call of it that the corpus varies. */
export interface Target {
  readonly name: string;
  readonly path: string;
  readonly namespace: string;
  readonly operations: readonly string[];
  readonly wsdl: string;
  /** A call that ALFA's portal may make, and that has data in its answer. */
  readonly plain: { readonly operation: string; readonly arg1: string };
  /** `arg1` with this value where the plain call has a course. */
  readonly withKurskod: (kurskod: string) => { readonly operation: string; readonly arg1: string };
}

export const T04: Target = {
  name: "AdresslistaFetcher",
  path: "/cxf/AdresslistaFetcher",
  namespace: service.targetNamespace,
  operations: service.operations,
  wsdl: wsdlText,
  plain: {
    operation: "getAdrLista",
    arg1: "<arg1><KursTfVO><typ>FFG</typ><Kurskod>ALFAKURS1</Kurskod><Starttermin>091</Starttermin></KursTfVO></arg1>",
  },
  withKurskod: (kurskod) => ({
    operation: "getKursTf",
    arg1: `<arg1><Kurskod>${kurskod}</Kurskod><Termin>091</Termin></arg1>`,
  }),
};

export const T22: Target = {
  name: "UtilityFetcher",
  path: "/cxf/UtilityFetcher",
  namespace: utilityService.targetNamespace,
  operations: utilityService.operations,
  wsdl: utilityWsdl,
  plain: {
    operation: "fetchAdrInfo",
    arg1: ALFAS_NUMBERS.map((number) => `<arg1>${number}</arg1>`).join(""),
  },
  withKurskod: (kurskod) => ({ operation: "getKursTillFByKod", arg1: `<arg1>${kurskod}</arg1>` }),
};

export const TARGETS: readonly Target[] = [T04, T22];

export interface CallParts {
  readonly version?: SoapVersion;
  /** Whole `arg0`, `arg1` elements. */
  readonly arg0?: string;
  readonly arg1?: string;
  readonly operation?: string;
  /** Attributes of the operation's element. */
  readonly attributes?: string;
  /** Children of Header. */
  readonly header?: string;
  /** Further children of Body, before and after the operation. */
  readonly before?: string;
  readonly after?: string;
}

/** Who calls: ALFA's portal for an employee. */
export const ARG0 =
  `<arg0><authinfovo><caller>${ALFAS_PORTAL}</caller><ticket><ticket>${SECRET}</ticket></ticket></authinfovo>` +
  "<type>2</type><uid>larare1</uid></arg0>";

/** A call without an XML declaration; its prefixes are `s`, `n` (the service), `xsi`, `xsd` and `enc` (SOAP 1.1 encoding). */
export function callOf(target: Target, parts: CallParts = {}): string {
  const {
    version = "1.1",
    arg0 = ARG0,
    arg1 = target.plain.arg1,
    operation = target.plain.operation,
  } = parts;
  const { attributes = "", header, before = "", after = "" } = parts;
  return (
    `<s:Envelope xmlns:s="${ENVELOPE_NAMESPACES[version]}" xmlns:n="${target.namespace}"` +
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"' +
    ' xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/">' +
    (header === undefined ? "" : `<s:Header>${header}</s:Header>`) +
    `<s:Body>${before}<n:${operation}${attributes}>${arg0}${arg1}</n:${operation}>${after}</s:Body></s:Envelope>`
  );
}

/** The plain call with this as the course that is asked for. */
export const courseCall = (target: Target, kurskod: string): string =>
  callOf(target, target.withKurskod(kurskod));

/** What a message of the corpus must lead to. */
export type Expected =
  /** `sentence`: of the fault, "…" standing for anything. `code`: Client when absent; `status`: 500 when absent. */
  | { readonly fault: string; readonly code?: string; readonly status?: number }
  /** The very bytes that the plain call is answered with. */
  | "the plain call's answer"
  /** No fault. Or more closely: with this `valid`, and the key of its first message. */
  | "an answer"
  | { readonly valid: true }
  | { readonly valid: false; readonly key: string };

export interface HostileMessage {
  readonly name: string;
  readonly body: (target: Target) => string | Buffer;
  /** Of one service only. */
  readonly only?: Target;
  /** `text/xml; charset=utf-8` when absent, none when null. */
  readonly contentType?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expected: Expected;
}

export const NOT_WELL_FORMED = "The message is not well-formed XML (…).";
