/**
 * A WSDL → the same with a SOAP 1.2 port beside the SOAP 1.1 one, for `?wsdl=1.2` (contract section 1).
 *
 * Derived and not a file of its own, so that the two cannot come to say different things and a further service needs
 * no second WSDL. What the file says stays as it is written: a binding and a port are added to the text.
 */
import {
  childrenOf,
  onlyChild,
  SOAP_BINDING,
  SOAP12_BINDING,
  unsupported,
  WSDL,
  WSDL_LIMITS,
} from "./wsdl.js";
import { escapeAttribute, escapeText, readXml, type XmlElement } from "./xml.js";

/** @throws AdresslistaError "internal" that says what of the WSDL is not supported. */
export function withSoap12(wsdlText: string): string {
  const definitions = readXml(wsdlText, WSDL_LIMITS);
  const binding = onlyChild(definitions, WSDL, "binding");
  if (childrenOf(binding, SOAP_BINDING, "binding").length === 0)
    unsupported("a binding that is not SOAP 1.1");
  const port = onlyChild(onlyChild(definitions, WSDL, "service"), WSDL, "port");

  const [service, another] = [...wsdlText.matchAll(SERVICE)];
  if (service === undefined || another !== undefined) unsupported("the service written in an unusual way");
  const [written, prefix = "", content = ""] = service;
  return (
    wsdlText.slice(0, service.index) +
    `${copyFor12(binding, prefix, "  ").trimStart()}\n  ` +
    `${written.slice(0, written.length - content.length)}${copyFor12(port, prefix, "    ")}\n${content}` +
    wsdlText.slice(service.index + written.length)
  );
}

/** Prefix, and what stands from the last line on: the end tag. */
const SERVICE = /<((?:[\w.-]+:)?)service\s(?:(?!<\1service\s)[\s\S])*?([ \t]*<\/\1service\s*>)/g;

/** Names that tell the added binding and port from their models. */
const NAMES: ReadonlySet<string> = new Set(["binding/name", "port/name", "port/binding"]);
const SUFFIX = "12";

/** An element of the SOAP 1.1 binding as it is for SOAP 1.2: in W3C's extension for it everything has the same name. */
function copyFor12(element: XmlElement, prefix: string, indent: string, declaration = DECLARATION): string {
  const isWsdl = element.namespace === WSDL;
  if (!isWsdl && element.namespace !== SOAP_BINDING) unsupported(`${element.local} in the binding or port`);
  if (element.declared !== undefined) unsupported("prefixes that are declared in the binding or port");
  const tag = isWsdl ? prefix + element.local : `soap12:${element.local}`;
  const attributes = element.attributes.map(({ local, namespace, value }) => {
    if (namespace !== "") unsupported(`attribute ${local} in the binding or port`);
    const suffix = isWsdl && NAMES.has(`${element.local}/${local}`) ? SUFFIX : "";
    return ` ${local}="${escapeAttribute(value)}${suffix}"`;
  });
  const start = `${indent}<${tag}${attributes.join("")}${declaration}`;
  if (element.children.length > 0) {
    const children = element.children.map((child) => copyFor12(child, prefix, `${indent}  `, ""));
    return `${start}>\n${children.join("\n")}\n${indent}</${tag}>`;
  }
  const text = element.text.trim();
  return text === "" ? `${start}/>` : `${start}>${escapeText(text)}</${tag}>`;
}

const DECLARATION = ` xmlns:soap12="${SOAP12_BINDING}"`;
