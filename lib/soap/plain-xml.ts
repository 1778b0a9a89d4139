/**
 * The short way through documents that have nothing unusual in them, as nearly all requests: a fifth of the time that the
 * strict parser takes. Whatever is not plainly right (a comment, CDATA, a numeric reference, a name beyond ASCII, a prefix
 * that nothing declares, anything that is not well-formed, anything beyond a limit) is not judged here: the strict parser
 * reads it from its beginning. So this one may only accept what that one accepts, and must make the same of it.
 */
import type { XmlAttribute, XmlElement, XmlLimits } from "./xml.js";

/** The root, or undefined: not plain. */
export function readPlainXml(document: string, limits: XmlLimits): XmlElement | undefined {
  if (UNUSUAL_CHARACTER.test(document)) return undefined;
  const text = document.includes("\r") ? document.replace(/\r\n?/g, "\n") : document;
  let at = endOfDeclaration(text);
  if (at === undefined) return undefined;

  let root: XmlElement | undefined;
  let current: XmlElement | undefined;
  let depth = 0;
  let elements = 0;
  /** Names as written of the elements that are open. */
  const open: string[] = [];

  for (;;) {
    const tag = text.indexOf("<", at);
    const run = tag < 0 ? text.slice(at) : text.slice(at, tag);
    if (run !== "") {
      if (current === undefined) {
        if (!BLANKS.test(run)) return undefined;
      } else {
        const written = plainText(run);
        if (written === undefined) return undefined;
        current.text += written;
      }
    }
    if (tag < 0) return current === undefined ? root : undefined;

    if (text.charCodeAt(tag + 1) === SLASH) {
      if (current === undefined) return undefined;
      const end = endOfEndTag(text, tag, open[--depth] as string);
      if (end === undefined) return undefined;
      current = current.parent;
      at = end;
      continue;
    }

    const nameEnd = endOfName(text, tag + 1);
    if (nameEnd === undefined || (current === undefined && root !== undefined)) return undefined;
    const name = text.slice(tag + 1, nameEnd);
    if (++elements > limits.elements || depth >= limits.depth || name.length > limits.nameLength)
      return undefined;
    const attributes =
      text.charCodeAt(nameEnd) === GREATER
        ? { written: NONE, isEmptyElement: false, end: nameEnd + 1 }
        : attributesFrom(text, nameEnd, limits);
    if (attributes === undefined) return undefined;
    const element = elementOf(name, attributes, current, limits);
    if (element === undefined) return undefined;
    if (current === undefined) root = element;
    else current.children.push(element);
    at = attributes.end;
    if (!attributes.isEmptyElement) {
      current = element;
      open[depth++] = name;
    }
  }
}

/** Line ends aside, what XML 1.0 does not have, and everything that takes two units. */
const UNUSUAL_CHARACTER =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/;
const SLASH = "/".charCodeAt(0);
const BLANKS = /^[ \t\n]*$/;
const DECLARATION =
  /^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*["']1\.0["'](?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*'))?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>/;
const GREATER = ">".charCodeAt(0);
const COLON = ":".charCodeAt(0);
const AFTER_END_TAG = /[ \t\n]*>/y;
const ATTRIBUTE =
  /[ \t\n]+([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)[ \t\n]*=[ \t\n]*(?:"([^"<&\t\n]*)"|'([^'<&\t\n]*)')/y;
const TAG_END = /[ \t\n]*(\/?)>/y;

const STARTS_NAME = 1;
const CONTINUES_NAME = 2;
/** What each character of ASCII may be in a name. A name is some ten characters: looking at each is sooner done than a match. */
const NAME_CHARACTERS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[A-Za-z_]/.test(character)) return STARTS_NAME | CONTINUES_NAME;
  return /[\w.-]/.test(character) ? CONTINUES_NAME : 0;
});

/** Of a name with at most one prefix; undefined: there is none. What follows it is for others to judge. */
function endOfName(text: string, from: number): number | undefined {
  let at = from;
  let mayHaveColon = true;
  if (!isNameCharacter(text, at, STARTS_NAME)) return undefined;
  for (;;) {
    at += 1;
    if (isNameCharacter(text, at, CONTINUES_NAME)) continue;
    if (text.charCodeAt(at) !== COLON || !mayHaveColon) return at;
    at += 1;
    if (!isNameCharacter(text, at, STARTS_NAME)) return undefined;
    mayHaveColon = false;
  }
}

function isNameCharacter(text: string, at: number, what: number): boolean {
  const code = text.charCodeAt(at);
  // At the end of the text it is no number.
  return code < NAME_CHARACTERS.length && ((NAME_CHARACTERS[code] as number) & what) !== 0;
}

/** Undefined: it is not that of the element which is open. */
function endOfEndTag(text: string, tag: number, name: string): number | undefined {
  if (!text.startsWith(name, tag + 2)) return undefined;
  const nameEnd = tag + 2 + name.length;
  if (text.charCodeAt(nameEnd) === GREATER) return nameEnd + 1;
  AFTER_END_TAG.lastIndex = nameEnd;
  return AFTER_END_TAG.test(text) ? AFTER_END_TAG.lastIndex : undefined;
}

/** Where the content begins; undefined: a declaration of another kind. */
function endOfDeclaration(text: string): number | undefined {
  if (!text.startsWith("<?")) return 0;
  return DECLARATION.exec(text)?.[0].length;
}

const REFERENCES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
};

function plainText(run: string): string | undefined {
  if (run.includes("]]>")) return undefined;
  if (!run.includes("&")) return run;
  let isPlain = true;
  const text = run.replace(/&[^;&]{0,4};?/g, (reference) => {
    const character = Object.hasOwn(REFERENCES, reference) ? REFERENCES[reference] : undefined;
    if (character === undefined) isPlain = false;
    return character ?? "";
  });
  return isPlain ? text : undefined;
}

interface PlainAttributes {
  /** Pairs of name and value as written. */
  readonly written: readonly (readonly [name: string, value: string])[];
  readonly isEmptyElement: boolean;
  /** Where what follows the tag begins. */
  readonly end: number;
}

const NONE: PlainAttributes["written"] = [];

function attributesFrom(text: string, from: number, limits: XmlLimits): PlainAttributes | undefined {
  let at = from;
  let written: (readonly [string, string])[] | undefined;
  for (;;) {
    TAG_END.lastIndex = at;
    const end = TAG_END.exec(text);
    if (end !== null) {
      return { written: written ?? NONE, isEmptyElement: end[1] === "/", end: TAG_END.lastIndex };
    }
    ATTRIBUTE.lastIndex = at;
    const attribute = ATTRIBUTE.exec(text);
    const name = attribute?.[1];
    const value = attribute?.[2] ?? attribute?.[3];
    if (name === undefined || value === undefined || name.length > limits.nameLength) return undefined;
    written ??= [];
    if (written.length === limits.attributesPerElement) return undefined;
    for (const [other] of written) if (other === name) return undefined;
    written.push([name, value]);
    at = ATTRIBUTE.lastIndex;
  }
}

const NO_ATTRIBUTES: readonly XmlAttribute[] = [];

function elementOf(
  name: string,
  { written }: PlainAttributes,
  parent: XmlElement | undefined,
  limits: XmlLimits,
): XmlElement | undefined {
  let declared: Record<string, string> | undefined;
  let namespaces = 0;
  if (written.length > 0) {
    for (const [attribute, value] of written) {
      if (attribute !== "xmlns" && !attribute.startsWith("xmlns:")) continue;
      const prefix = attribute === "xmlns" ? "" : attribute.slice("xmlns:".length);
      if (++namespaces > limits.namespacesPerElement || !mayDeclare(prefix, value)) return undefined;
      declared ??= Object.create(null) as Record<string, string>;
      declared[prefix] = value;
    }
  }
  const colon = name.indexOf(":");
  const namespace = namespaceOf(colon < 0 ? "" : name.slice(0, colon), declared, parent);
  if (namespace === undefined) return undefined;
  let attributes = NO_ATTRIBUTES;
  if (written.length > 0) {
    const own = ownAttributes(written, declared, parent);
    if (own === undefined) return undefined;
    attributes = own;
  }
  return {
    local: colon < 0 ? name : name.slice(colon + 1),
    namespace,
    parent,
    attributes,
    declared,
    children: [],
    text: "",
  };
}

/** Namespaces in XML 1.0 reserves some, and a prefix cannot be declared away. */
function mayDeclare(prefix: string, value: string): boolean {
  if (prefix === "xml" || prefix === "xmlns" || value.trim() !== value) return false;
  if (value.startsWith("http://www.w3.org/XML/") || value.startsWith("http://www.w3.org/2000/xmlns"))
    return false;
  return prefix === "" || value !== "";
}

function namespaceOf(
  prefix: string,
  declared: Readonly<Record<string, string>> | undefined,
  parent: XmlElement | undefined,
): string | undefined {
  const own = declared?.[prefix];
  if (own !== undefined) return own;
  for (let at = parent; at !== undefined; at = at.parent) {
    const namespace = at.declared?.[prefix];
    if (namespace !== undefined) return namespace;
  }
  return prefix === "" ? "" : undefined;
}

/** Without the declarations; undefined when one has no namespace, or two are the same. */
function ownAttributes(
  written: PlainAttributes["written"],
  declared: Readonly<Record<string, string>> | undefined,
  parent: XmlElement | undefined,
): readonly XmlAttribute[] | undefined {
  let own: XmlAttribute[] | undefined;
  for (const [name, value] of written) {
    if (name === "xmlns" || name.startsWith("xmlns:")) continue;
    const colon = name.indexOf(":");
    const local = colon < 0 ? name : name.slice(colon + 1);
    // An attribute without a prefix is in no namespace, whatever the default is.
    const namespace = colon < 0 ? "" : namespaceOf(name.slice(0, colon), declared, parent);
    if (namespace === undefined) return undefined;
    own ??= [];
    for (const other of own) if (other.local === local && other.namespace === namespace) return undefined;
    own.push({ local, namespace, value });
  }
  return own ?? NO_ATTRIBUTES;
}
