import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../config.js";
import type { Encodable } from "../soap/api.js";
import { loadService, type SoapService } from "../soap/codec.js";
import { packageRoot } from "./package.js";

/** The interface that is served and by which the night load writes persons: its WSDL, its codecs, where it stands. */
export const ENDPOINT = "/cxf/AdresslistaFetcher";

/** Where a tenant's register is served: `/cxf/lund/AdresslistaFetcher`. */
export function pathOf(endpoint: string, tenant: string | undefined): string {
  return tenant === undefined ? endpoint : endpoint.replace(/^\/cxf\//, `/cxf/${tenant}/`);
}

/** T04 calls one field by three names (3.5, 4.4). */
const SYNONYMS = { kursTfVO: { KursTFtyp: "typ" }, kursTFTermregVO: { KursTFtyp: "typ" } };

/** The codecs of the WSDL. */
export function adresslistaService(): SoapService {
  return loadService(wsdlText("adresslista.wsdl"), { synonyms: SYNONYMS });
}

export function wsdlText(file: string): string {
  return readFileSync(join(packageRoot(), "wsdl", file), "utf8");
}

/**
 * Writes PersonVO elements as the published schema has them: a load stores finished bytes. The WSDL is read when the first
 * person is written, after the export: a parser of the same library that has been used in another way before reads the
 * export at half the speed.
 */
export function personVOEncoder(): (personVO: { readonly [element: string]: Encodable }) => Buffer {
  let service: SoapService | undefined;
  return (personVO) => {
    service ??= adresslistaService();
    return service.encodeElement("PersonVO", "personVO", personVO);
  };
}

export function serviceUrls(
  settings: Settings,
  { host, port }: { readonly host: string; readonly port: number },
  tenant?: string,
) {
  const scheme = settings.tlsCertificateFile === undefined ? "http" : "https";
  const listening = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const endpoint = (settings.publicUrl ?? listening) + pathOf(ENDPOINT, tenant);
  return { listening, endpoint, wsdl: `${endpoint}?wsdl` };
}
