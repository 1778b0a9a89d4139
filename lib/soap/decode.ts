/**
 * Elements → values, compiled once from a WSDL's model. Reads what is asked for and is liberal about how it is
 * written (contract section 1, "Input is read liberally"): any order, any case, qualified or not, unknown elements
 * ignored, SOAP-encoded arrays and references followed.
 */
import { AdresslistaError } from "../errors.js";
import type { Decoded, DecodedObject } from "./api.js";
import { ELEMENT_CHARACTERS, type References } from "./references.js";
import type { FieldModel, FieldType, OperationModel, ServiceModel, SimpleType } from "./wsdl.js";
import { attributeOf, type QName, resolveQName, type XmlElement, XSI_NAMESPACES } from "./xml.js";

/** Other names of a type's elements: type → name on the wire → the schema's name. */
export type Synonyms = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** An operation's element → its arguments by name; absent ones have no key. */
export type ArgumentsDecoder = (operation: XmlElement, references: References) => DecodedObject;

/** `undefined`: nil, empty, or nothing in it that counts: all the same as absent. */
export type Decoder = (element: XmlElement, references: References) => Decoded | undefined;

export function compileArguments(
  model: ServiceModel,
  synonyms: Synonyms = {},
): ReadonlyMap<string, ArgumentsDecoder> {
  const decoders = compileTypes(model, synonyms);
  return new Map(
    model.operations.map((operation) => [operation.name, compileOperation(operation, decoders)] as const),
  );
}

// ── Operations ──────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Which child is which argument: by the arguments' names; else by type name (xsi:type or the element's own name,
 * as SOAP::Lite and NuSOAP write); and when no child has an argument's name, what is left by position
 * (SOAP::Lite's `c-gensym3`).
 */
function compileOperation(operation: OperationModel, decoders: TypeDecoders): ArgumentsDecoder {
  const fields = operation.input.map((field) => compileField(field, decoders));
  const byName = new NameTable(fields.map((field) => [field.name, field] as const));
  const byType = new NameTable(
    fields.flatMap((field) => (field.typeName === undefined ? [] : [[field.typeName, field] as const])),
  );
  return (element, references) => {
    const found: Record<string, Decoded> = {};
    const rest: XmlElement[] = [];
    let named = false;
    for (const child of element.children) {
      const field = byName.get(child.local);
      if (field === undefined) rest.push(child);
      else {
        named = true;
        field.read(child, references, found);
      }
    }
    if (rest.length === 0) return found;
    const unknown: XmlElement[] = [];
    const typed = new Set<CompiledField>();
    for (const child of rest) {
      const field = byType.get(xsiTypeOf(child)?.local ?? "") ?? byType.get(child.local);
      if (field === undefined) unknown.push(child);
      else {
        typed.add(field);
        field.read(child, references, found);
      }
    }
    if (!named)
      readByPosition(
        unknown,
        fields.filter((field) => !typed.has(field)),
        references,
        found,
      );
    return found;
  };
}

function readByPosition(
  elements: readonly XmlElement[],
  fields: readonly CompiledField[],
  references: References,
  found: Record<string, Decoded>,
): void {
  let position = 0;
  for (const element of elements) {
    const field = fields[position];
    if (field === undefined) return;
    field.read(element, references, found);
    if (!field.repeated) position++;
  }
}

// ── Types ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface CompiledType {
  readonly fields: NameTable<CompiledField>;
  readonly decode: Decoder;
}

type TypeDecoders = ReadonlyMap<string, CompiledType>;

interface CompiledField {
  readonly name: string;
  /** Name of a complex type; simple ones are told apart by name and position only. */
  readonly typeName: string | undefined;
  readonly repeated: boolean;
  /** Adds what the element says to `found`. An element that stands twice where the schema has one: the first that says something counts. */
  readonly read: (element: XmlElement, references: References, found: Record<string, Decoded>) => void;
}

function compileTypes(model: ServiceModel, synonyms: Synonyms): TypeDecoders {
  const compiled = new Map<string, CompiledType>();
  // Types may refer to each other in any order, so each gets its table first and its fields after.
  for (const name of model.types.keys()) {
    const fields = new NameTable<CompiledField>([]);
    compiled.set(name, { fields, decode: unlessNil(objectDecoder(fields)) });
  }
  for (const [name, fieldModels] of model.types) {
    const table = compiled.get(name)?.fields;
    for (const field of fieldModels) table?.add(field.name, compileField(field, compiled));
    for (const [other, schemaName] of Object.entries(synonyms[name] ?? {}))
      table?.addSynonym(other, schemaName);
  }
  return compiled;
}

function objectDecoder(fields: NameTable<CompiledField>): Decoder {
  return (element, references) => {
    references.weigh(ELEMENT_CHARACTERS * (1 + element.children.length));
    // Keys come from the schema only, so no name of the request ever becomes a property.
    const found: Record<string, Decoded> = {};
    let empty = true;
    for (const child of isMap(element) ? entriesOf(element, references) : element.children) {
      const field = fields.get(child.local);
      if (field === undefined) continue;
      field.read(child, references, found);
      empty = empty && found[field.name] === undefined;
    }
    return empty ? undefined : found;
  };
}

/** A Map's values as elements that are called after their keys. */
function entriesOf(map: XmlElement, references: References): XmlElement[] {
  return map.children.flatMap(({ children }) => {
    const key = children.find(({ local }) => local === "key");
    const value = children.find(({ local }) => local === "value");
    if (key === undefined || value === undefined) return [];
    // soap4r sends a key that stands several times as a reference.
    const name = references.follow(key, SIMPLE_DECODERS.string);
    return typeof name === "string" ? [{ ...value, local: name }] : [];
  });
}

function compileField(field: FieldModel, types: TypeDecoders): CompiledField {
  const { name, type, repeated } = field;
  const typeName = "complex" in type ? type.complex : undefined;
  const decode = decoderOf(type, types);
  if (!repeated) {
    return {
      name,
      typeName,
      repeated,
      read(element, references, found) {
        if (found[name] !== undefined) return;
        const value = references.follow(element, decode);
        if (value !== undefined) found[name] = value;
      },
    };
  }
  const decodeItems = unlessNil(itemsDecoder(field, types, decode));
  return {
    name,
    typeName,
    repeated,
    read(element, references, found) {
      const items = references.follow(element, decodeItems) as readonly Decoded[] | undefined;
      if (items === undefined) return;
      const before = found[name] as Decoded[] | undefined;
      if (before === undefined) found[name] = items.slice();
      else for (const item of items) before.push(item);
    },
  };
}

/**
 * A repeated element is one item, or a SOAP-encoded array of them: said by its xsi:type or arrayType, or seen by
 * its children, all called `item`, after the type or after the field.
 */
function itemsDecoder(field: FieldModel, types: TypeDecoders, decodeItem: Decoder): Decoder {
  const typeName = "complex" in field.type ? field.type.complex : field.type.simple;
  const ownFields = types.get(typeName)?.fields;
  const itemNames = new Set(["item", typeName.toLowerCase(), field.name.toLowerCase()]);
  const isItem = (child: XmlElement): boolean =>
    itemNames.has(child.local.toLowerCase()) && ownFields?.get(child.local) === undefined;
  return (element, references) => {
    const isArray =
      element.children.length > 0 &&
      (element.children.every(isItem) || isEncodedArray(element)) &&
      !isMap(element);
    if (!isArray) {
      const item = decodeItem(element, references);
      return item === undefined ? undefined : [item];
    }
    references.weigh(element.children.length);
    const items: Decoded[] = [];
    for (const child of element.children) {
      const item = references.follow(child, decodeItem);
      if (item !== undefined) items.push(item);
    }
    return items.length === 0 ? undefined : items;
  };
}

/** One decoder per type, whatever field it stands in: references share what it read. */
function decoderOf(type: FieldType, types: TypeDecoders): Decoder {
  if ("simple" in type) return SIMPLE_DECODERS[type.simple];
  const known = types.get(type.complex);
  if (known === undefined) throw new AdresslistaError("internal", `The WSDL has no type ${type.complex}.`);
  return known.decode;
}

function unlessNil(decode: Decoder): Decoder {
  return (element, references) =>
    element.attributes.length > 0 && isNil(element) ? undefined : decode(element, references);
}

// ── Scalars ─────────────────────────────────────────────────────────────────────────────────────────────────────

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;

const SIMPLE_DECODERS: Readonly<Record<SimpleType, Decoder>> = {
  string: unlessNil((element, references) => {
    const text = isBase64(element) ? decodeBase64(element.text).trim() : element.text.trim();
    references.weigh(text.length + 1);
    return text === "" ? undefined : text;
  }),
  boolean: unlessNil((element, references) => {
    const text = element.text.trim();
    references.weigh(text.length + 1);
    switch (text) {
      case "":
        return undefined;
      case "true":
      case "1":
        return true;
      case "false":
      case "0":
        return false;
      default:
        return { invalidBoolean: text };
    }
  }),
  /** No operation reads an int of the request; what is none (SoapUI's `?`) is absent. */
  int: unlessNil((element) => {
    const text = element.text.trim();
    if (!/^[+-]?\d{1,10}$/.test(text)) return undefined;
    const value = Number(text);
    return value >= INT_MIN && value <= INT_MAX ? value : undefined;
  }),
  /** As text, so that no digit is lost. */
  decimal: unlessNil((element, references) => {
    const text = element.text.trim();
    references.weigh(text.length + 1);
    return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(text) ? text : undefined;
  }),
};

const SOAP_ENCODINGS: ReadonlySet<string> = new Set([
  "http://schemas.xmlsoap.org/soap/encoding/",
  "http://www.w3.org/2003/05/soap-encoding",
]);
const XML_SCHEMA = "http://www.w3.org/2001/XMLSchema";
const XSD_NAMESPACES: ReadonlySet<string> = new Set([
  XML_SCHEMA,
  "http://www.w3.org/2000/10/XMLSchema",
  "http://www.w3.org/1999/XMLSchema",
]);

function isNil(element: XmlElement): boolean {
  for (const { local, namespace, value } of element.attributes) {
    // `null` is what it was called in the 1999 draft that old Perl and Apache SOAP write.
    if ((local !== "nil" && local !== "null") || !XSI_NAMESPACES.has(namespace)) continue;
    const text = value.trim();
    if (text === "true" || text === "1") return true;
  }
  return false;
}

/**
 * A prefix that nothing declares is taken for XML Schema's: SOAP::Lite's stubs write `xsd:` but declare only the
 * prefixes of the WSDL.
 */
function xsiTypeOf(element: XmlElement): QName | undefined {
  for (const { local, namespace, value } of element.attributes) {
    if (local !== "type" || !XSI_NAMESPACES.has(namespace)) continue;
    return (
      resolveQName(element, value) ?? {
        namespace: XML_SCHEMA,
        local: value.slice(value.indexOf(":") + 1).trim(),
      }
    );
  }
  return undefined;
}

function isEncodedArray(element: XmlElement): boolean {
  if (element.attributes.length === 0) return false;
  const type = xsiTypeOf(element);
  if (type?.local === "Array" && SOAP_ENCODINGS.has(type.namespace)) return true;
  for (const namespace of SOAP_ENCODINGS) {
    if (attributeOf(element, namespace, "arrayType") !== undefined) return true;
    if (attributeOf(element, namespace, "itemType") !== undefined) return true;
  }
  return false;
}

/** Apache's Map, `item`s of `key` and `value`: what soap4r, PHP and Axis make of a hash whose type they do not know. */
function isMap(element: XmlElement): boolean {
  if (element.attributes.length === 0) return false;
  const type = xsiTypeOf(element);
  return type?.local === "Map" && type.namespace === "http://xml.apache.org/xml-soap";
}

/** SOAP::Lite sends text beyond ASCII as base64, typed in XML Schema's or SOAP's own namespace. */
function isBase64(element: XmlElement): boolean {
  if (element.attributes.length === 0) return false;
  const type = xsiTypeOf(element);
  if (type === undefined) return false;
  return (
    (type.local === "base64Binary" && XSD_NAMESPACES.has(type.namespace)) ||
    ((type.local === "base64" || type.local === "base64Binary") && SOAP_ENCODINGS.has(type.namespace))
  );
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true });

/** UTF-8 in base64; a Perl string that was never made UTF-8 holds ISO-8859-1. What is no base64 is taken as it stands. */
function decodeBase64(text: string): string {
  const packed = text.replace(/\s+/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return text;
  const bytes = Buffer.from(packed, "base64");
  try {
    return UTF_8.decode(bytes);
  } catch {
    return bytes.toString("latin1");
  }
}

// ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Values by element name: exactly, else without regard to case. */
class NameTable<Value> {
  readonly #exact = new Map<string, Value>();
  readonly #folded = new Map<string, Value>();

  constructor(entries: readonly (readonly [string, Value])[]) {
    for (const [name, value] of entries) this.add(name, value);
  }

  add(name: string, value: Value): void {
    this.#exact.set(name, value);
    const folded = name.toLowerCase();
    if (!this.#folded.has(folded)) this.#folded.set(folded, value);
  }

  /** `other` also leads to what `name` has, unless the schema uses it itself. */
  addSynonym(other: string, name: string): void {
    const value = this.#exact.get(name);
    if (value !== undefined && !this.#folded.has(other.toLowerCase())) this.add(other, value);
  }

  get(name: string): Value | undefined {
    return this.#exact.get(name) ?? this.#folded.get(name.toLowerCase());
  }
}
