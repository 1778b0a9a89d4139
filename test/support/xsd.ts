/**
 * Answers against the schema that the WSDL publishes, with libxml2: a validator that shares nothing with ours.
 */
import { readFileSync } from "node:fs";
import { XmlDocument, type XmlElement, XsdValidator } from "libxml2-wasm";

export const WSDL_FILE = new URL("../../wsdl/adresslista.wsdl", import.meta.url);

const FILE_TEXT = readFileSync(WSDL_FILE, "utf8");

const NAMESPACES = {
  wsdl: "http://schemas.xmlsoap.org/wsdl/",
  xs: "http://www.w3.org/2001/XMLSchema",
  soap11: "http://schemas.xmlsoap.org/soap/envelope/",
  soap12: "http://www.w3.org/2003/05/soap-envelope",
};

/**
 * Fails unless `xml` is a SOAP 1.1 or 1.2 envelope with exactly one body element, and that is valid by the schema
 * of the WSDL (by default the file's; give the served one to test that). A fault fails too.
 */
export function expectValidResponse(xml: string | Buffer, wsdlText?: string): void {
  const document = typeof xml === "string" ? XmlDocument.fromString(xml) : XmlDocument.fromBuffer(xml);
  try {
    const content = document.find(
      "/soap11:Envelope/soap11:Body/* | /soap12:Envelope/soap12:Body/*",
      NAMESPACES,
    );
    const [answer, another] = content;
    if (answer === undefined || another !== undefined)
      throw new Error("The envelope has not exactly one answer.");
    validatorOf(wsdlText).validate(answer as XmlElement);
  } finally {
    document.dispose();
  }
}

const validators = new Map<string, XsdValidator>();

function validatorOf(wsdlText = FILE_TEXT): XsdValidator {
  const known = validators.get(wsdlText);
  if (known !== undefined) return known;
  const document = XmlDocument.fromString(schemaOf(wsdlText));
  const validator = XsdValidator.fromDoc(document);
  document.dispose();
  validators.set(wsdlText, validator);
  return validator;
}

/** The inline schema as a document of its own; it declares its prefixes itself, as some stacks need. */
export function schemaOf(wsdlText: string): string {
  const schema = /<xs:schema[\s\S]*<\/xs:schema>/.exec(wsdlText);
  if (schema === null) throw new Error("The WSDL has no inline schema.");
  return schema[0];
}
