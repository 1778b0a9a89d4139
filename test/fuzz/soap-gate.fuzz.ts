import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ParseOption, XmlDocument } from "libxml2-wasm";
import { AdresslistaError } from "../../lib/errors.js";
import type { Decoded, DecodedObject, Encodable } from "../../lib/soap/api.js";
import type { SoapService } from "../../lib/soap/codec.js";
import { decodeXmlBytes } from "../../lib/soap/encoding.js";
import { faultOf } from "../../lib/soap/fault.js";
import { MAX_REFERENCED_CHARACTERS } from "../../lib/soap/references.js";
import { KINDS } from "../hostile/corpus/kinds.js";
import { T04 } from "../hostile/messages.js";
import { service, wsdlText } from "../support/soap-requests.js";
import { utilityService, utilityWsdl } from "../support/utility.js";
import { expectValidResponse } from "../support/xsd.js";
import type { FuzzTarget } from "./target.js";

const MAX_BYTES = 4_096;
const WIRE = join(import.meta.dirname, "../wire");

/** The bytes of a request, by the XML gate and the decoders of both services, and back by the encoder. */
export const soapGate: FuzzTarget = {
  name: "soap-gate",
  covered: /\/lib\/soap\/|\/saxes\//,
  maxBytes: MAX_BYTES,
  seeds: () => {
    const requests = readdirSync(WIRE, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".request.xml"))
      .sort()
      .map((file) => readFileSync(join(WIRE, file)));
    const hostile = Object.values(KINDS)
      .flat()
      .map(({ body }) => Buffer.from(body(T04) as Buffer))
      .filter(({ length }) => length < MAX_BYTES);
    return [...requests, ...requests.slice(0, 1).flatMap(inOtherEncodings), ...hostile];
  },
  dictionary: [
    ...["<a>", "</a>", "<a/>", "<n:getKurs>", "<arg0>", "<arg1>", "<item>", "<KursTfVO>", "<multiRef>"],
    ...[
      "<!DOCTYPE a>",
      "<![CDATA[",
      "]]>",
      "<!--",
      "-->",
      "<?a b?>",
      '<?xml version="1.0"?>',
      "&lt;",
      "&#65;",
      "&#xD800;",
    ],
    ...[
      ' href="#a"',
      ' id="a"',
      ' xsi:nil="1"',
      ' xsi:type="xsd:base64Binary"',
      ' xsi:type="enc:Array"',
      ' xmlns:m="http://xml.apache.org/xml-soap" xsi:type="m:Map"',
    ],
    ...[
      ' enc:arrayType="xsd:string[2]"',
      ' xmlns:a="urn:a"',
      ' xmlns=""',
      " s:mustUnderstand='1'",
      "<s:Header>",
      "<s:Body>",
    ],
    ...["__proto__", "constructor", "true", "0", "\ufeff", "\ud7ff", "\0", "\u0085"],
  ],
  judge(bytes) {
    return [...judgedBy(service, wsdlText, bytes), ...judgedBy(utilityService, utilityWsdl, bytes)];
  },
};

/** Every sentence that a request may be refused with: none quotes anything of it. */
const SENTENCES: readonly RegExp[] = [
  /^The message is not well-formed XML \((?:line \d+, column \d+|it is empty)\)\.$/,
  /^The message (?:is nested too deeply|has too many elements|has too long a name|has too many references)\.$/,
  /^The message has too many attributes or namespaces on an element\.$/,
  /^A DOCTYPE is not allowed\.$/,
  /^Processing instructions are not allowed\.$/,
  /^The character encoding is not supported; use UTF-8, UTF-16 or ISO-8859-1\.$/,
  /^The message holds bytes that its character encoding does not have\.$/,
  /^The message is not a SOAP envelope\.$/,
  /^The envelope (?:is neither SOAP 1\.1 nor SOAP 1\.2|has no Body|has several bodies|has a Header in the wrong place)\.$/,
  /^The body (?:is empty|has more than one operation)\.$/,
  /^The operation is none of [A-Za-z, ]+\.$/,
  /^A header that must be understood is not supported\.$/,
  /^A reference in the message leads (?:to no element, or to several|back to itself)\.$/,
];

/** @throws when the gate does what it must not. Gives what is to be told apart of what it did. */
function judgedBy(judged: SoapService, wsdl: string, bytes: Buffer): readonly string[] {
  let call: ReturnType<SoapService["decodeRequest"]>;
  try {
    call = judged.decodeRequest(bytes, "text/xml");
  } catch (error) {
    if (!(error instanceof AdresslistaError) || error.code !== "request") throw error;
    const { code, reason } = faultOf(error, () => "");
    if (code === "Server") throw new Error("a refusal is a Server fault");
    const sentence = SENTENCES.findIndex((pattern) => pattern.test(reason));
    if (sentence < 0) throw new Error(`an unknown sentence: ${reason}`);
    return [`${code} ${sentence}`];
  }
  const names = namesOf(wsdl);
  const seen = walk(call.args, names);
  const text = decodeXmlBytes(bytes, undefined);
  const { length } = text;
  expectWellFormed(text);
  if (seen.characters > length + MAX_REFERENCED_CHARACTERS) throw new Error("a call of more than was sent");
  expectValidResponse(judged.encodeResponse(call.operation, call.version, call.args.arg1 as Encodable), wsdl);
  const { operation, version, usernameToken } = call;
  return [
    `${operation} ${version}`,
    `token ${usernameToken !== undefined}`,
    ...[...seen.keys].map((key) => `${operation} ${key}`),
  ];
}

/** What is taken as a call is XML to others too, such as a proxy that looks into it. */
function expectWellFormed(text: string): void {
  // It says nothing of its encoding any more, and whatever version it names, it is read as XML 1.0.
  const xml = text.replace(/^\ufeff/, "").replace(/^<\?xml[^>]*\?>/, "");
  try {
    XmlDocument.fromString(xml, { option: ParseOption.XML_PARSE_NONET }).dispose();
  } catch (error) {
    // A namespace may be any text: that it is a URI is another standard's matter.
    const complaints = (error as Error).message.trim().split("\n");
    if (!complaints.every((line) => /^xmlns.* is not (?:a valid URI|absolute)$/.test(line))) throw error;
  }
}

/** Only the schema's names are keys, only what XML can carry is in a text, and none is empty or has blanks around it. */
function walk(args: DecodedObject, names: ReadonlySet<string>): { characters: number; keys: Set<string> } {
  const keys = new Set<string>();
  let characters = 0;
  const visit = (value: Decoded | undefined): void => {
    if (typeof value === "string") {
      characters += value.length;
      if (value === "" || value !== value.trim()) throw new Error("a text that is not trimmed");
      if (NOT_CARRIED.test(value)) throw new Error("a text that XML cannot carry");
    } else if (Array.isArray(value)) {
      if (value.length === 0) throw new Error("an empty list");
      for (const item of value as readonly Decoded[]) visit(item);
    } else if (typeof value === "object") {
      if (Object.getPrototypeOf(value) !== Object.prototype) throw new Error("an object of another kind");
      for (const [key, item] of Object.entries(value)) {
        if (key === "invalidBoolean") continue;
        if (!names.has(key)) throw new Error("a key that is not the schema's");
        keys.add(key);
        visit(item as Decoded);
      }
    }
  };
  visit(args);
  return { characters, keys };
}

// With the u flag a surrogate in the class matches only where it stands alone. Base64 may bring control characters:
// they become U+FFFD when they are written.
const NOT_CARRIED = /[\ud800-\udfff]/u;

const knownNames = new Map<string, ReadonlySet<string>>();

function namesOf(wsdl: string): ReadonlySet<string> {
  const known =
    knownNames.get(wsdl) ??
    new Set([...wsdl.matchAll(/<xs:element name="([^"]+)"/g)].map(([, name = ""]) => name));
  knownNames.set(wsdl, known);
  return known;
}

function inOtherEncodings(bytes: Buffer): Buffer[] {
  const text = bytes.toString("utf8");
  const utf16 = () => Buffer.from(`\ufeff${text}`, "utf16le");
  return [utf16(), utf16().swap16(), Buffer.from(text.replace("UTF-8", "ISO-8859-1"), "latin1")];
}
