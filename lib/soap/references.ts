/**
 * SOAP-encoded references within one request: `href="#id"` (SOAP 1.1) and `enc:ref="id"` (SOAP 1.2) to elements
 * with that id, mostly `multiRef`s beside the operation.
 */
import type { Decoded } from "./api.js";
import type { Decoder } from "./decode.js";
import { refusal } from "./fault.js";
import { attributeOf, type XmlElement } from "./xml.js";

export interface References {
  /** What `decode` makes of the element, or of the one that it refers to. */
  readonly follow: (element: XmlElement, decode: Decoder) => Decoded | undefined;
  /** Decoders tell what they read, in characters, so that what references multiply stays bounded. */
  readonly weigh: (characters: number) => void;
}

/** References within referred elements. */
export const MAX_REFERENCE_NESTING = 32;
/** Characters that a request may come to, by references, beyond what it has itself: clients share little. */
export const MAX_REFERENCED_CHARACTERS = 262_144;
/** What an element weighs beside its text, in characters: no tag is shorter. */
export const ELEMENT_CHARACTERS = "<a/>".length;

const SOAP_12_ENCODING = "http://www.w3.org/2003/05/soap-encoding";

/** The id by which others refer to the element. */
export function idOf(element: XmlElement): string | undefined {
  if (element.attributes.length === 0) return undefined;
  return attributeOf(element, "", "id") ?? attributeOf(element, SOAP_12_ENCODING, "id");
}

/**
 * Each target is decoded once per type and then shared: values are read-only. A reference that leads nowhere, to
 * several elements, or back to itself, and too many of them, are refused (contract section 1, Faults).
 */
export function referencesWithin(body: XmlElement, bodyCharacters: number): References {
  let targets: Map<string, XmlElement | "several"> | undefined;
  const decoded = new Map<XmlElement, Map<Decoder, { value: Decoded | undefined; weight: number }>>();
  const open = new Set<XmlElement>();
  let weight = 0;

  const weigh = (characters: number): void => {
    weight += characters;
    if (weight > bodyCharacters + MAX_REFERENCED_CHARACTERS) throw refusal(BEYOND_BOUNDS);
  };

  const follow = (element: XmlElement, decode: Decoder): Decoded | undefined => {
    if (element.attributes.length === 0) return decode(element, references);
    const id = referenceOf(element);
    if (id === undefined) return decode(element, references);
    targets ??= collectTargets(body);
    const target = targets.get(id);
    if (target === undefined || target === "several") throw refusal(DANGLING);
    const known = decoded.get(target)?.get(decode);
    if (known !== undefined) {
      weigh(known.weight + 1);
      return known.value;
    }
    if (open.has(target)) throw refusal(CYCLIC);
    if (open.size >= MAX_REFERENCE_NESTING) throw refusal(BEYOND_BOUNDS);
    open.add(target);
    const before = weight;
    const value = follow(target, decode);
    open.delete(target);
    const byDecoder = decoded.get(target) ?? new Map();
    decoded.set(target, byDecoder.set(decode, { value, weight: weight - before }));
    return value;
  };

  const references: References = { follow, weigh };
  return references;
}

const DANGLING = {
  code: "Client",
  reason: "A reference in the message leads to no element, or to several.",
} as const;
const CYCLIC = { code: "Client", reason: "A reference in the message leads back to itself." } as const;
const BEYOND_BOUNDS = { code: "Client", reason: "The message has too many references." } as const;

function referenceOf(element: XmlElement): string | undefined {
  const href = attributeOf(element, "", "href");
  // Anything but a fragment (cid:, http:) is an id that no element has.
  if (href !== undefined) return href.startsWith("#") ? href.slice(1) : href;
  const ref = attributeOf(element, SOAP_12_ENCODING, "ref");
  return ref?.startsWith("#") ? ref.slice(1) : ref;
}

function collectTargets(body: XmlElement): Map<string, XmlElement | "several"> {
  const targets = new Map<string, XmlElement | "several">();
  const visit = (element: XmlElement): void => {
    const id = idOf(element);
    if (id !== undefined) targets.set(id, targets.has(id) ? "several" : element);
    for (const child of element.children) visit(child);
  };
  for (const child of body.children) visit(child);
  return targets;
}
