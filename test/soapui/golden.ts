/** The golden pairs of test/wire as the project's cases: which of them it takes, and their requests on the sample's data. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { XmlDocument } from "libxml2-wasm";
import { property } from "./properties.js";
import { CHANGES, NO_COUNTERPART, OTHER_NAMES, VALUES, type Values } from "./sample-values.js";

const WIRE = fileURLToPath(new URL("../wire/", import.meta.url));

/** What a request of test/wire has as credentials, and the project property that stands there instead. */
const CREDENTIALS: Values = {
  portalen: property("caller"),
  "hemlig-biljett": property("ticket"),
  larare1: property("uid"),
};

export type ServiceName = "AdresslistaFetcher" | "UtilityFetcher";

export interface GoldenCase {
  /** Folder and rule, as in test/wire. */
  readonly id: string;
  readonly service: ServiceName;
  /** Of the operations that the service has, the one that the case is about. */
  readonly operation: string;
  /** What it shows. */
  readonly name: string;
  /** With project properties for the credentials, and the sample's values. */
  readonly request: string;
  /** What test/wire has as the answer, on its own data. */
  readonly answer: string;
}

export interface LeftOut {
  readonly id: string;
  readonly why: string;
}

/** `operations`: names by service. Each pair of test/wire is a case or left out for a reason. */
export function goldenCases(operations: Readonly<Record<ServiceName, readonly string[]>>): {
  readonly cases: readonly GoldenCase[];
  readonly leftOut: readonly LeftOut[];
} {
  const cases: GoldenCase[] = [];
  const leftOut: LeftOut[] = [];
  for (const file of readdirSync(WIRE, { recursive: true, encoding: "utf8" }).sort()) {
    if (!file.endsWith(".request.xml")) continue;
    const id = file.replace(/\.request\.xml$/, "");
    const request = readFileSync(join(WIRE, file), "utf8");
    const why = reasonToLeaveOut(id, request);
    if (why !== undefined) {
      leftOut.push({ id, why });
      continue;
    }
    const service = id.startsWith("UtilityFetcher/") ? "UtilityFetcher" : "AdresslistaFetcher";
    cases.push({
      id,
      service,
      operation: operationOf(id, request, operations[service]),
      name: nameOf(id),
      request: onSample(id, request),
      answer: readFileSync(join(WIRE, `${id}.response.xml`), "utf8"),
    });
  }
  return { cases, leftOut };
}

function reasonToLeaveOut(id: string, request: string): string | undefined {
  if (Object.hasOwn(NO_COUNTERPART, id)) return NO_COUNTERPART[id];
  const metaFile = join(WIRE, `${id}.meta.json`);
  const meta = existsSync(metaFile) ? (JSON.parse(readFileSync(metaFile, "utf8")) as object) : {};
  if ("service" in meta) return "the demonstration has other settings";
  if ("request" in meta) return "SoapUI sends another method, Content-Type, SOAPAction or encoding";
  if (/<caller>\s*(vuxportalen|skadad)\s*</.test(request)) return "the demonstration has one caller";
  if (!isNamespaceWellFormed(request)) return "SoapUI takes no request that is not well-formed";
  if (request.includes("http://www.w3.org/2003/05/soap-envelope")) return "the interfaces are SOAP 1.1";
  return undefined;
}

function isNamespaceWellFormed(xml: string): boolean {
  try {
    XmlDocument.fromString(xml).dispose();
    return true;
  } catch {
    return false;
  }
}

/** Of a folder that is called after an operation, that; else the one that the body calls; else the service's first. */
function operationOf(id: string, request: string, operations: readonly string[]): string {
  const folder = id.split("/").at(-2);
  const called = /<(?:[\w.-]+:)?(\w+)/i.exec(request.replace(/^[\s\S]*?Body[^>]*>/, ""))?.[1] ?? "";
  const found = operations.find(
    (operation) => operation === folder || operation.toLowerCase() === called.toLowerCase(),
  );
  return found ?? (operations[0] as string);
}

/** The folders that are no operations say in what group of rules a case is. */
function nameOf(id: string): string {
  const other = OTHER_NAMES[id];
  if (other !== undefined) return other;
  const [folder = "", rule = ""] = id.split("/").slice(-2);
  const shown = rule.replaceAll("-", " ");
  return ["caller", "faults", "reading"].includes(folder) ? `${folder}: ${shown}` : shown;
}

/** `request` with project properties and the sample's values, without the XML declaration that SoapUI adds itself. */
function onSample(id: string, request: string): string {
  const values = valuesOf(id);
  return request
    .replace(/^<\?xml[^>]*\?>\s*/, "")
    .trimEnd()
    .replace(TEXT, (whole, tag: string, name: string, before: string, text: string, after: string) => {
      const value = values[`${name}=${text}`] ?? values[text];
      return value === undefined ? whole : `${tag}${before}${value}${after}<`;
    });
}

/** A start tag with its local name, and the text after it with its blanks. */
const TEXT = /(<(?:[\p{L}\d_.-]+:)?([\p{L}\d_.-]+)[^<>]*>)(\s*)([^<>\s](?:[^<>]*[^<>\s])?)(\s*)</gu;

/** Of all patterns that fit: a later one goes before an earlier one. */
function valuesOf(id: string): Values {
  const changes = CHANGES.filter(({ cases }) => cases.test(id)).map(({ values }) => values);
  return Object.assign({}, CREDENTIALS, VALUES, ...changes);
}
