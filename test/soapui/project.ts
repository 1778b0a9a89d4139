/**
 * Writes a SoapUI project as SoapUI 5 saves it: elements and attributes of http://eviware.com/soapui/config, in the order
 * of its schema (soapui-project.xsd in this folder has the part of it that is used here).
 */
import { createHash } from "node:crypto";
import type { Assertion } from "./assertions.js";

export interface Project {
  readonly name: string;
  readonly description: string;
  readonly properties: readonly {
    readonly name: string;
    readonly value: string;
    readonly description: string;
  }[];
  readonly interfaces: readonly Interface[];
  readonly suites: readonly Suite[];
}

/** A binding of a WSDL. */
export interface Interface {
  readonly name: string;
  readonly namespace: string;
  /** Where its WSDL stands, and what it says. */
  readonly definition: string;
  readonly wsdl: string;
  /** With the properties that stand in it. */
  readonly endpoint: string;
  readonly operations: readonly { readonly name: string; readonly sample: string }[];
}

/** The test suite of an operation. */
export interface Suite {
  readonly interface: Interface;
  readonly operation: string;
  readonly cases: readonly {
    readonly name: string;
    readonly description: string;
    readonly request: string;
    readonly assertions: readonly Assertion[];
  }[];
}

/** SoapUI saves both of these assertions under names that say the opposite of what it shows. */
const SAVED_TYPE = {
  "Not SOAP Fault": "SOAP Fault Assertion",
  "SOAP Fault": "Not SOAP Fault Assertion",
} as const;

export function writeProject(project: Project): string {
  const { name, description, properties, interfaces, suites } = project;
  const attributes = {
    id: idOf(name),
    activeEnvironment: "Default",
    name,
    resourceRoot: "",
    "soapui-version": "5.7.2",
    abortOnError: "false",
    runType: "SEQUENTIAL",
    "xmlns:con": "http://eviware.com/soapui/config",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
  };
  const root = con("soapui-project", attributes, [
    leaf("description", description),
    con("settings"),
    ...interfaces.map(interfaceXml),
    ...suites.map(suiteXml),
    con(
      "properties",
      {},
      properties.map((property) =>
        con("property", {}, [
          leaf("name", property.name),
          leaf("value", property.value),
          leaf("description", property.description),
        ]),
      ),
    ),
    con("wssContainer"),
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root.join("\n")}\n`;
}

function interfaceXml(of: Interface): Lines {
  const attributes = {
    "xsi:type": "con:WsdlInterface",
    id: idOf("interface", of.name),
    wsaVersion: "NONE",
    name: of.name,
    type: "wsdl",
    bindingName: `{${of.namespace}}${of.name}`,
    soapVersion: "1_1",
    anonymous: "optional",
    definition: of.definition,
  };
  return con("interface", attributes, [
    con("settings"),
    con("definitionCache", { type: "TEXT", rootPart: of.definition }, [
      con("part", {}, [
        leaf("url", of.definition),
        cdata("content", of.wsdl),
        leaf("type", "http://schemas.xmlsoap.org/wsdl/"),
      ]),
    ]),
    con("endpoints", {}, [leaf("endpoint", of.endpoint)]),
    ...of.operations.map(({ name, sample }) => {
      const operation = {
        id: idOf("operation", of.name, name),
        isOneWay: "false",
        action: "",
        name,
        bindingOperationName: name,
        type: "Request-Response",
        inputName: name,
        receivesAttachments: "false",
        sendsAttachments: "false",
        anonymous: "optional",
      };
      const call = { id: idOf("call", of.name, name), name: "Request 1" };
      return con("operation", operation, [
        con("settings"),
        con("call", call, [con("settings"), ...requestXml(of.endpoint, sample, [])]),
      ]);
    }),
  ]);
}

function suiteXml({ interface: of, operation, cases }: Suite): Lines {
  return con("testSuite", { id: idOf("suite", of.name, operation), name: operation }, [
    con("settings"),
    leaf("runType", "SEQUENTIAL"),
    ...cases.map(({ name, description, request, assertions }) => {
      const key = [of.name, operation, name];
      const testCase = {
        id: idOf("case", ...key),
        failOnError: "true",
        failTestCaseOnErrors: "true",
        keepSession: "false",
        maxResults: "0",
        name,
        searchProperties: "true",
      };
      return con("testCase", testCase, [
        leaf("description", description),
        con("settings"),
        con("testStep", { type: "request", id: idOf("step", ...key), name }, [
          con("settings"),
          con("config", { "xsi:type": "con:RequestStep" }, [
            leaf("interface", of.name),
            leaf("operation", operation),
            con("request", { id: idOf("request", ...key), name }, [
              con("settings"),
              ...requestXml(
                of.endpoint,
                request,
                assertions.map((assertion) => assertionXml(assertion, key)),
              ),
            ]),
          ]),
        ]),
        con("properties"),
      ]);
    }),
    con("properties"),
  ]);
}

/** What a request of an operation and one of a test step have in common. */
function requestXml(endpoint: string, request: string, assertions: readonly Lines[]): readonly Lines[] {
  return [
    leaf("encoding", "UTF-8"),
    leaf("endpoint", endpoint),
    cdata("request", request),
    ...assertions,
    con("credentials", {}, [leaf("authType", "No Authorization")]),
    con("jmsConfig", { JMSDeliveryMode: "PERSISTENT" }),
    con("jmsPropertyConfig"),
    con("wsaConfig", { mustUnderstand: "NONE", version: "200508", action: "" }),
    con("wsrmConfig", { version: "1.2" }),
  ];
}

function assertionXml(assertion: Assertion, key: readonly string[]): Lines {
  const name = assertion.type === "XPath Match" ? assertion.name : assertion.type;
  const type =
    assertion.type in SAVED_TYPE ? SAVED_TYPE[assertion.type as keyof typeof SAVED_TYPE] : assertion.type;
  const attributes = { type, id: idOf("assertion", ...key, name), name };
  if (assertion.type !== "XPath Match") return con("assertion", attributes, [con("configuration")]);
  // What an assertion is configured with is in no namespace.
  return con("assertion", attributes, [
    con("configuration", {}, [
      [element("path", {}, escaped(assertion.path))],
      [element("content", {}, escaped(assertion.content))],
    ]),
  ]);
}

// ── XML ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Lines = readonly string[];
type Attributes = Readonly<Record<string, string>>;

/** An element of SoapUI's namespace with elements, each on lines of its own, indented. */
function con(name: string, attributes: Attributes = {}, children: readonly Lines[] = []): Lines {
  if (children.length === 0) return [element(`con:${name}`, attributes)];
  const [start, end] = element(`con:${name}`, attributes, "\n").split("\n") as [string, string];
  return [start, ...children.flat().map((line) => ` ${line}`), end];
}

function leaf(name: string, text: string): Lines {
  return [element(`con:${name}`, {}, escaped(text))];
}

/** As one "line", since what is in it must not be indented. */
function cdata(name: string, text: string): Lines {
  return [element(`con:${name}`, {}, `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`)];
}

function element(name: string, attributes: Attributes, content?: string): string {
  const start = `<${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(value)}"`)
    .join("")}`;
  return content === undefined ? `${start}/>` : `${start}>${content}</${name}>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A UUID that is the same each time the project is written. */
function idOf(...key: readonly string[]): string {
  const hash = createHash("sha256").update(key.join("\n")).digest("hex");
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `5${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join("-");
}
