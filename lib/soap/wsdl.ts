/**
 * A WSDL → the small model that the codecs are compiled from: operations, types, and the order of their elements.
 *
 * Read with the layer's own XML reader and not with `soap`'s WSDL class: that one is finished only after a
 * callback, takes what it does not know without a word, keeps neither documentation nor which namespace a type
 * name stood in, and would load a second XML parser into every worker. A test compares this model with what
 * `soap` makes of the same file.
 *
 * Accepted is what LPW's services have (lpw-wire.md, Conventions): one inline schema, document/literal wrapped,
 * `xs:sequence` of unqualified local elements, xs:string, xs:boolean, xs:int and xs:decimal. Anything else is an
 * error at start, so that no part of a published interface is silently not served.
 */
import { AdresslistaError } from "../errors.js";
import {
  attributeOf,
  escapeAttribute,
  readXml,
  resolveQName,
  type XmlElement,
  type XmlLimits,
} from "./xml.js";

export type SimpleType = "string" | "boolean" | "int" | "decimal";

export type FieldType = { readonly simple: SimpleType } | { readonly complex: string };

export interface FieldModel {
  readonly name: string;
  readonly type: FieldType;
  /** maxOccurs is unbounded: a list, written as repeated elements in place. */
  readonly repeated: boolean;
}

export interface OperationModel {
  readonly name: string;
  /** Local name of the answer's wrapper element. */
  readonly responseName: string;
  readonly input: readonly FieldModel[];
  readonly output: readonly FieldModel[];
}

export interface ServiceModel {
  readonly targetNamespace: string;
  readonly portType: string;
  readonly operations: readonly OperationModel[];
  /** Elements of each complex type, in the schema's order. */
  readonly types: ReadonlyMap<string, readonly FieldModel[]>;
  /** What the file says in `soap:address`; replaced when served. */
  readonly addresses: readonly string[];
}

/** @throws AdresslistaError "internal" that says what of the WSDL is not supported. */
export function readWsdl(wsdlText: string): ServiceModel {
  const definitions = readXml(wsdlText, WSDL_LIMITS);
  if (definitions.local !== "definitions" || definitions.namespace !== WSDL)
    unsupported("no wsdl:definitions");
  const schema = readSchema(definitions);
  const portType = onlyChild(definitions, WSDL, "portType");
  return {
    targetNamespace: schema.targetNamespace,
    portType: required(portType, "name"),
    operations: childrenOf(portType, WSDL, "operation").map((operation) =>
      readOperation(operation, definitions, schema),
    ),
    types: schema.types,
    addresses: readAddresses(definitions),
  };
}

/** The WSDL as it is served: every `soap:address` shows `address`. */
export function wsdlWriter(wsdlText: string, model: ServiceModel): (address: string) => string {
  const written = [...new Set(model.addresses)];
  const [location] = written;
  if (location === undefined || written.length > 1) unsupported("ports with none or different addresses");
  const parts = wsdlText.split(`location="${escapeAttribute(location)}"`);
  if (parts.length !== model.addresses.length + 1) unsupported("soap:address written in an unusual way");
  return (address) => parts.join(`location="${escapeAttribute(address)}"`);
}

export const WSDL = "http://schemas.xmlsoap.org/wsdl/";
export const SOAP_BINDING = "http://schemas.xmlsoap.org/wsdl/soap/";
export const SOAP12_BINDING = "http://schemas.xmlsoap.org/wsdl/soap12/";
const WSDL_SOAP: ReadonlySet<string> = new Set([SOAP_BINDING, SOAP12_BINDING]);
const XSD = "http://www.w3.org/2001/XMLSchema";

/** For our own files: only against mistakes. */
export const WSDL_LIMITS: XmlLimits = {
  depth: 32,
  elements: 100_000,
  attributesPerElement: 64,
  namespacesPerElement: 64,
  nameLength: 1_000,
};

interface Schema {
  readonly targetNamespace: string;
  readonly types: ReadonlyMap<string, readonly FieldModel[]>;
  /** Global elements: the wrappers. */
  readonly elements: ReadonlyMap<string, readonly FieldModel[]>;
}

function readSchema(definitions: XmlElement): Schema {
  const schema = onlyChild(onlyChild(definitions, WSDL, "types"), XSD, "schema");
  const targetNamespace = required(schema, "targetNamespace");
  if (attributeOf(schema, "", "elementFormDefault") === "qualified") unsupported("qualified local elements");
  const types = new Map<string, readonly FieldModel[]>();
  const wrappers = new Map<string, XmlElement>();
  for (const child of schema.children) {
    if (child.local === "complexType")
      types.set(required(child, "name"), readSequence(child, targetNamespace));
    else if (child.local === "element") wrappers.set(required(child, "name"), child);
    else if (child.local !== "annotation") unsupported(`xs:${child.local} in the schema`);
  }
  for (const [name, fields] of types) checkReferences(name, fields, types);
  const elements = new Map<string, readonly FieldModel[]>();
  for (const [name, element] of wrappers) {
    const fields = readWrapper(element, targetNamespace, types);
    checkReferences(name, fields, types);
    elements.set(name, fields);
  }
  return { targetNamespace, types, elements };
}

function readWrapper(
  element: XmlElement,
  targetNamespace: string,
  types: ReadonlyMap<string, readonly FieldModel[]>,
): readonly FieldModel[] {
  const type = attributeOf(element, "", "type");
  if (type === undefined) return readSequence(onlyChild(element, XSD, "complexType"), targetNamespace);
  const named = types.get(resolveQName(element, type)?.local ?? "");
  return named ?? unsupported(`wrapper ${required(element, "name")} without a complex type`);
}

function readSequence(complexType: XmlElement, targetNamespace: string): readonly FieldModel[] {
  const fields: FieldModel[] = [];
  for (const child of complexType.children) {
    if (child.local === "annotation") continue;
    if (child.local !== "sequence") unsupported(`xs:${child.local} in a complex type`);
    for (const element of child.children) {
      if (element.local === "annotation") continue;
      if (element.local !== "element") unsupported(`xs:${element.local} in a sequence`);
      fields.push(readField(element, targetNamespace));
    }
  }
  return fields;
}

function readField(element: XmlElement, targetNamespace: string): FieldModel {
  const name = required(element, "name");
  const type = resolveQName(element, required(element, "type"));
  const maxOccurs = attributeOf(element, "", "maxOccurs") ?? "1";
  if (maxOccurs !== "1" && maxOccurs !== "unbounded") unsupported(`maxOccurs ${maxOccurs} of ${name}`);
  if (attributeOf(element, "", "form") === "qualified") unsupported(`qualified element ${name}`);
  return { name, type: fieldType(name, type, targetNamespace), repeated: maxOccurs === "unbounded" };
}

function fieldType(name: string, type: ReturnType<typeof resolveQName>, targetNamespace: string): FieldType {
  if (type?.namespace === targetNamespace) return { complex: type.local };
  if (type?.namespace === XSD) {
    switch (type.local) {
      case "string":
      case "boolean":
      case "int":
      case "decimal":
        return { simple: type.local };
    }
  }
  return unsupported(`type of element ${name}`);
}

function checkReferences(
  owner: string,
  fields: readonly FieldModel[],
  types: ReadonlyMap<string, readonly FieldModel[]>,
): void {
  for (const field of fields) {
    if ("complex" in field.type && !types.has(field.type.complex)) {
      unsupported(`${owner}/${field.name} of unknown type ${field.type.complex}`);
    }
  }
}

function readOperation(operation: XmlElement, definitions: XmlElement, schema: Schema): OperationModel {
  const name = required(operation, "name");
  const input = wrapperOf(onlyChild(operation, WSDL, "input"), definitions);
  const output = wrapperOf(onlyChild(operation, WSDL, "output"), definitions);
  if (input !== name) unsupported(`operation ${name} whose wrapper has another name`);
  return {
    name,
    responseName: output,
    input: schema.elements.get(input) ?? unsupported(`operation ${name} without its element`),
    output: schema.elements.get(output) ?? unsupported(`operation ${name} without its answer's element`),
  };
}

/** Local name of the element that an operation's input or output message consists of. */
function wrapperOf(use: XmlElement, definitions: XmlElement): string {
  const messageName = resolveQName(use, required(use, "message"))?.local;
  for (const message of childrenOf(definitions, WSDL, "message")) {
    if (attributeOf(message, "", "name") !== messageName) continue;
    const part = onlyChild(message, WSDL, "part");
    return resolveQName(part, required(part, "element"))?.local ?? unsupported(`message ${messageName}`);
  }
  return unsupported(`message ${messageName}, which is missing`);
}

function readAddresses(definitions: XmlElement): readonly string[] {
  const addresses: string[] = [];
  for (const service of childrenOf(definitions, WSDL, "service")) {
    for (const port of childrenOf(service, WSDL, "port")) {
      for (const child of port.children) {
        if (child.local === "address" && WSDL_SOAP.has(child.namespace))
          addresses.push(required(child, "location"));
      }
    }
  }
  return addresses;
}

export function childrenOf(element: XmlElement, namespace: string, local: string): XmlElement[] {
  return element.children.filter((child) => child.local === local && child.namespace === namespace);
}

export function onlyChild(element: XmlElement, namespace: string, local: string): XmlElement {
  const [child, another] = childrenOf(element, namespace, local);
  if (child === undefined || another !== undefined)
    unsupported(`${element.local} with none or several ${local}`);
  return child;
}

function required(element: XmlElement, attribute: string): string {
  return attributeOf(element, "", attribute) ?? unsupported(`${element.local} without ${attribute}`);
}

export function unsupported(what: string): never {
  throw new AdresslistaError("internal", `The WSDL is not supported: ${what}.`);
}
