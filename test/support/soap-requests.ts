import { readFileSync } from "node:fs";
import type { Encodable, SoapVersion } from "../../lib/soap/api.js";
import { loadService } from "../../lib/soap/codec.js";
import { ENVELOPE_NAMESPACES } from "../../lib/soap/fault.js";
import { WSDL_FILE } from "./xsd.js";

export const TNS = "http://facadeclient.adresslista.service.lpw.ladok/";

export const wsdlText = readFileSync(WSDL_FILE, "utf8");

export const service = loadService(wsdlText, {
  synonyms: { kursTfVO: { KursTFtyp: "typ" }, kursTFTermregVO: { KursTFtyp: "typ" } },
});

/** A request envelope; its prefixes are `s`, `n` (the service), `xsi`, `xsd` and `enc` (SOAP 1.1 encoding). */
export function envelope(body: string, options: { version?: SoapVersion; header?: string } = {}): string {
  const { version = "1.1", header } = options;
  return (
    `<s:Envelope xmlns:s="${ENVELOPE_NAMESPACES[version]}" xmlns:n="${TNS}"` +
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"' +
    ' xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/">' +
    (header === undefined ? "" : `<s:Header>${header}</s:Header>`) +
    `<s:Body>${body}</s:Body></s:Envelope>`
  );
}

/** A call of getAdrLista with this inside its `arg1`. */
export function call(arg1: string): string {
  return envelope(`<n:getAdrLista><arg0><uid>larare</uid></arg0><arg1>${arg1}</arg1></n:getAdrLista>`);
}

export const decode = (xml: string, contentType = "text/xml; charset=utf-8") =>
  service.decodeRequest(Buffer.from(xml), contentType);

/** What a call with this inside its `arg1` says in it. */
export function arg1Of(arg1: string): unknown {
  return decode(call(arg1)).args.arg1;
}

export function answer(value: Encodable, operation = "getAdrLista", version: SoapVersion = "1.1"): string {
  return service.encodeResponse(operation, version, value).toString("utf8");
}
