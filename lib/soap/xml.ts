/**
 * Text ↔ XML for the SOAP layer: the one reader (saxes, strict, with limits of our own) that requests and WSDLs
 * come through, and the one place that escapes what is written.
 */
import { type SaxesAttributeNS, SaxesParser } from "saxes";
import { AdresslistaError } from "../errors.js";
import { readPlainXml } from "./plain-xml.js";

export const XSI_NAMESPACES: ReadonlySet<string> = new Set([
  "http://www.w3.org/2001/XMLSchema-instance",
  "http://www.w3.org/2000/10/XMLSchema-instance",
  "http://www.w3.org/1999/XMLSchema-instance",
]);

/** Bounds on one document; what goes beyond is refused while it is read. */
export interface XmlLimits {
  /** Elements within each other. Also bounds saxes, whose look-up of prefixes is quadratic in nested elements. */
  readonly depth: number;
  readonly elements: number;
  /** Namespace declarations count as attributes too. */
  readonly attributesPerElement: number;
  readonly namespacesPerElement: number;
  /** Characters of an element's or attribute's name, prefix included. */
  readonly nameLength: number;
}

/** Ample for every known SOAP stack: WS-Security headers reach depth 15, Axis writes 3 declarations on each multiRef. */
export const REQUEST_LIMITS: XmlLimits = {
  depth: 48,
  elements: 50_000,
  attributesPerElement: 64,
  namespacesPerElement: 32,
  nameLength: 256,
};

export interface XmlElement {
  readonly local: string;
  readonly namespace: string;
  readonly parent: XmlElement | undefined;
  /** Without the namespace declarations. */
  readonly attributes: readonly XmlAttribute[];
  /** Prefixes declared on this very element. */
  readonly declared: Readonly<Record<string, string>> | undefined;
  readonly children: XmlElement[];
  /** The element's own text and CDATA, joined. */
  text: string;
}

export interface XmlAttribute {
  readonly local: string;
  readonly namespace: string;
  readonly value: string;
}

export interface QName {
  readonly namespace: string;
  readonly local: string;
}

/**
 * Reads a whole document into a tree. `onOpen` is told each element as its start tag ends (parents linked, no
 * content yet) and may throw to stop the reading there.
 * @throws AdresslistaError "request", with a sentence for the caller that quotes nothing of the text, when it is not well-formed, has a DOCTYPE or a processing instruction, or is beyond the limits.
 */
export function readXml(
  text: string,
  limits: XmlLimits,
  onOpen?: (element: XmlElement, depth: number) => void,
): XmlElement {
  const plain = readPlainXml(text, limits);
  if (plain === undefined) return readStrictly(text, limits, onOpen);
  // It is right to its end: so what is told first is what would have been.
  if (onOpen !== undefined) tellEach(plain, 1, onOpen);
  return plain;
}

function tellEach(
  element: XmlElement,
  depth: number,
  onOpen: (element: XmlElement, depth: number) => void,
): void {
  onOpen(element, depth);
  for (const child of element.children) tellEach(child, depth + 1, onOpen);
}

/** `readXml` for all that is well-formed, and for what is not. */
export function readStrictly(
  text: string,
  limits: XmlLimits,
  onOpen?: (element: XmlElement, depth: number) => void,
): XmlElement {
  const parser = new SaxesParser({ xmlns: true, forceXMLVersion: true, defaultXMLVersion: "1.0" });
  let root: XmlElement | undefined;
  let current: XmlElement | undefined;
  let depth = 0;
  let elements = 0;
  let attributes = 0;
  let namespaces = 0;

  parser.on("doctype", () => {
    throw refused("A DOCTYPE is not allowed.");
  });
  parser.on("processinginstruction", () => {
    throw refused("Processing instructions are not allowed.");
  });
  parser.on("opentagstart", (tag) => {
    depth++;
    elements++;
    attributes = 0;
    namespaces = 0;
    if (depth > limits.depth) throw refused("The message is nested too deeply.");
    if (elements > limits.elements) throw refused("The message has too many elements.");
    if (tag.name.length > limits.nameLength) throw refused("The message has too long a name.");
  });
  parser.on("attribute", (attribute) => {
    attributes++;
    if (attribute.prefix === "xmlns" || attribute.name === "xmlns") namespaces++;
    if (attributes > limits.attributesPerElement || namespaces > limits.namespacesPerElement) {
      throw refused("The message has too many attributes or namespaces on an element.");
    }
    if (attribute.name.length > limits.nameLength) throw refused("The message has too long a name.");
  });
  parser.on("opentag", (tag) => {
    const element: XmlElement = {
      local: tag.local,
      namespace: tag.uri,
      parent: current,
      attributes: attributes === namespaces ? NO_ATTRIBUTES : ownAttributes(tag.attributes),
      declared: namespaces === 0 ? undefined : tag.ns,
      children: [],
      text: "",
    };
    if (current === undefined) root = element;
    else current.children.push(element);
    current = element;
    onOpen?.(element, depth);
  });
  const addText = (added: string): void => {
    if (current !== undefined) current.text += added;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    depth--;
    current = current?.parent;
  });
  parser.on("error", () => {
    throw refused(`The message is not well-formed XML (line ${parser.line}, column ${parser.column}).`);
  });

  parser.write(text).close();
  if (root === undefined) throw refused("The message is not well-formed XML (it is empty).");
  return root;
}

/** The namespace and local name that a QName in content or an attribute value means where `element` stands. */
export function resolveQName(element: XmlElement, text: string): QName | undefined {
  const trimmed = text.trim();
  const colon = trimmed.indexOf(":");
  const prefix = colon < 0 ? "" : trimmed.slice(0, colon);
  const local = trimmed.slice(colon + 1);
  for (let at: XmlElement | undefined = element; at !== undefined; at = at.parent) {
    const namespace = at.declared?.[prefix];
    if (namespace !== undefined) return { namespace, local };
  }
  return prefix === "" ? { namespace: "", local } : undefined;
}

export function attributeOf(element: XmlElement, namespace: string, local: string): string | undefined {
  for (const attribute of element.attributes) {
    if (attribute.local === local && attribute.namespace === namespace) return attribute.value;
  }
  return undefined;
}

/**
 * What a character of text becomes in XML 1.0: markup escaped, carriage return as a reference (a reader would make
 * it a line feed), and what XML cannot carry (control characters, lone surrogates, U+FFFE, U+FFFF) as U+FFFD.
 */
export function escapeText(text: string): string {
  return NEEDS_ESCAPING.test(text) ? text.replace(TO_ESCAPE, escapeCharacter) : text;
}

/** As `escapeText`, for a value in double quotes. */
export function escapeAttribute(text: string): string {
  return escapeText(text).replaceAll('"', "&quot;").replaceAll("\n", "&#10;").replaceAll("\t", "&#9;");
}

function refused(sentence: string): AdresslistaError {
  return new AdresslistaError("request", sentence, { expose: true });
}

const NO_ATTRIBUTES: readonly XmlAttribute[] = [];

function ownAttributes(attributes: Readonly<Record<string, SaxesAttributeNS>>): readonly XmlAttribute[] {
  const own: XmlAttribute[] = [];
  for (const name in attributes) {
    const attribute = attributes[name];
    if (attribute === undefined || attribute.prefix === "xmlns" || name === "xmlns") continue;
    own.push({ local: attribute.local, namespace: attribute.uri, value: attribute.value });
  }
  return own;
}

// With the u flag a surrogate in the class matches only where it stands alone.
const NEEDS_ESCAPING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[&<>\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/u;
const TO_ESCAPE = new RegExp(NEEDS_ESCAPING.source, "gu");

function escapeCharacter(character: string): string {
  switch (character) {
    case "&":
      return "&amp;";
    case "<":
      return "&lt;";
    case ">":
      return "&gt;";
    case "\r":
      return "&#13;";
    default:
      return "\ufffd";
  }
}
