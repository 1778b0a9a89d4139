/** What an answer says, read with libxml2: for assertions, and to compare one of the sample with a golden one. */
import { XmlDocument, XmlElement, type XmlNode } from "libxml2-wasm";

export interface Fault {
  readonly code: string;
  readonly text: string;
}

/** An element: its text when it has no elements, else these. */
export interface Item {
  readonly name: string;
  readonly text: string;
  readonly children: readonly Item[];
}

/** Of a fault, `fault`; else the answer's wrapper and its `return`s. */
export interface ReadAnswer {
  readonly fault: Fault | undefined;
  readonly wrapper: string;
  readonly returns: readonly Item[];
}

const NAMESPACES = { soap: "http://schemas.xmlsoap.org/soap/envelope/" };

export function readAnswer(xml: string): ReadAnswer {
  const document = XmlDocument.fromString(xml.replace(/>\s+</g, "><"));
  try {
    const content = document.get("/soap:Envelope/soap:Body/*", NAMESPACES);
    if (!(content instanceof XmlElement)) throw new Error("the answer is no SOAP 1.1 message");
    const item = itemOf(content);
    const isFault = content.name === "Fault";
    const [code, text] = item.children.map((child) => child.text);
    return {
      fault: isFault ? { code: code ?? "", text: text ?? "" } : undefined,
      wrapper: content.name,
      returns: isFault ? [] : item.children,
    };
  } finally {
    document.dispose();
  }
}

function itemOf(element: XmlElement): Item {
  const children: Item[] = [];
  for (let node: XmlNode | null = element.firstChild; node !== null; node = nextOf(node)) {
    if (node instanceof XmlElement) children.push(itemOf(node));
  }
  return { name: element.name, text: children.length === 0 ? element.content : "", children };
}

function nextOf(node: XmlNode): XmlNode | null {
  return "next" in node ? (node.next as XmlNode | null) : null;
}

export function childrenOf(item: Item, name: string): readonly Item[] {
  return item.children.filter((child) => child.name === name);
}

/** Text of the element at the end of a path of names, where there is one. */
export function textOf(item: Item, ...path: readonly string[]): string | undefined {
  const found = path.reduce<Item | undefined>(
    (at, name) => at?.children.find((child) => child.name === name),
    item,
  );
  return found?.text;
}

/**
 * What an answer shows, whatever the data: is it a fault and which, what its messages say, what it has any of, and of
 * which kinds its occasions and participants are. Whether somebody's number is incorrect is data, unless the case is about
 * that.
 */
export function kindOf(xml: string, isAboutIncorrectNumbers: boolean): readonly string[] {
  const { fault, wrapper, returns } = readAnswer(xml);
  if (fault !== undefined) return [`fault ${fault.code}: ${fault.text}`];
  const kinds = returns.flatMap(({ children }) => children.flatMap(kindsOfChild));
  const shown = kinds.filter((kind) => isAboutIncorrectNumbers || !kind.startsWith("INFO"));
  return [...new Set([`${wrapper}${returns.length === 0 ? ": empty" : ""}`, ...shown])].sort();
}

function kindsOfChild(child: Item): readonly string[] {
  const { name, text, children } = child;
  if (name === "messages") return [kindOfMessage(child)];
  if (TOLD.has(name)) return [`${name} ${text}`];
  if (OF_DATA.has(name)) return [];
  const kinds = children.filter(({ name }) => KINDS.has(name)).map(({ text }) => `${name} ${text}`);
  return kinds.length > 0 ? kinds : [name];
}

/** Booleans that a call sends and the answer returns, and what says whether anything was found. */
const TOLD = new Set(["Email", "FFG", "FO", "OM", "isValid", "inladok", "valid"]);
const KINDS = new Set(["typ", "Regtyp"]);
/** What one course or person has and another has not. */
const OF_DATA = new Set(["benamne"]);

/** With the element that it names; an incorrect number is data. */
function kindOfMessage(message: Item): string {
  const key = textOf(message, "key");
  const element = key?.startsWith("general.") ? ` ${textOf(message, "values")}` : "";
  return `${textOf(message, "level")} ${key}${element}`;
}
