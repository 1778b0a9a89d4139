/** Runs a SoapUI project: sends each test step's request, as SoapUI would, and evaluates its assertions for real. */
import { XmlDocument, XmlElement, type XmlNode } from "libxml2-wasm";
import { expectValidResponse } from "../support/xsd.js";
import { call } from "./call.js";
import { expanded } from "./properties.js";

const NAMESPACES = {
  con: "http://eviware.com/soapui/config",
  soap: "http://schemas.xmlsoap.org/soap/envelope/",
};

export interface Step {
  readonly suite: string;
  readonly testCase: string;
  readonly interface: string;
  readonly operation: string;
  readonly endpoint: string;
  readonly request: string;
  readonly assertions: readonly {
    readonly type: string;
    readonly name: string;
    readonly path: string;
    readonly content: string;
  }[];
}

export interface ReadProject {
  readonly properties: Readonly<Record<string, string>>;
  readonly interfaces: readonly {
    readonly name: string;
    readonly bindingName: string;
    readonly definition: string;
    readonly cached: string;
    readonly endpoint: string;
    readonly operations: readonly { readonly name: string; readonly sample: string }[];
  }[];
  readonly steps: readonly Step[];
}

export function readProject(xml: string): ReadProject {
  const document = XmlDocument.fromString(xml);
  try {
    const { root } = document;
    return {
      properties: Object.fromEntries(
        elements(root, "con:properties/con:property").map((at) => [
          text(at, "con:name"),
          text(at, "con:value"),
        ]),
      ),
      interfaces: elements(root, "con:interface").map((at) => ({
        name: attribute(at, "name"),
        bindingName: attribute(at, "bindingName"),
        definition: attribute(at, "definition"),
        cached: text(
          at,
          `con:definitionCache/con:part[con:url='${attribute(at, "definition")}']/con:content`,
        ),
        endpoint: text(at, "con:endpoints/con:endpoint"),
        operations: elements(at, "con:operation").map((operation) => ({
          name: attribute(operation, "name"),
          sample: text(operation, "con:call/con:request"),
        })),
      })),
      steps: elements(root, "con:testSuite/con:testCase/con:testStep[@type='request']/con:config").map(
        stepOf,
      ),
    };
  } finally {
    document.dispose();
  }
}

function stepOf(config: XmlElement): Step {
  return {
    suite: text(config, "../../../@name"),
    testCase: text(config, "../../@name"),
    interface: text(config, "con:interface"),
    operation: text(config, "con:operation"),
    endpoint: text(config, "con:request/con:endpoint"),
    request: text(config, "con:request/con:request"),
    assertions: elements(config, "con:request/con:assertion").map((at) => ({
      type: attribute(at, "type"),
      name: attribute(at, "name"),
      path: at.get("con:configuration/path", NAMESPACES)?.content ?? "",
      content: at.get("con:configuration/content", NAMESPACES)?.content ?? "",
    })),
  };
}

/** The answer to a step's request. */
export function send(
  { endpoint, request }: Step,
  properties: Readonly<Record<string, string>>,
): Promise<string> {
  return call(expanded(endpoint, properties), expanded(request, properties));
}

/** Sentences about which of a step's assertions do not hold of an answer. `wsdl` is what the service serves. */
export function problemsOf(step: Step, answer: string, wsdl: string): string[] {
  const document = XmlDocument.fromString(answer);
  try {
    return step.assertions.flatMap((assertion) => {
      const evaluate = EVALUATE[assertion.type];
      if (evaluate === undefined) return [`${assertion.type} is no assertion of SoapUI's`];
      const problem = evaluate(document, assertion, { step, answer, wsdl });
      return problem === undefined ? [] : [`${assertion.name}: ${problem}`];
    });
  } finally {
    document.dispose();
  }
}

type Evaluate = (
  document: XmlDocument,
  assertion: Step["assertions"][number],
  said: { readonly step: Step; readonly answer: string; readonly wsdl: string },
) => string | undefined;

/** By the type that SoapUI saves: two of them are called the opposite of what they assert. */
const EVALUATE: Readonly<Record<string, Evaluate>> = {
  "SOAP Response": (document) =>
    document.find("/soap:Envelope/soap:Body/*", NAMESPACES).length === 1 ? undefined : "no SOAP message",
  "Schema Compliance": (document, _assertion, { step, answer, wsdl }) => {
    const wrapper = document.get("/soap:Envelope/soap:Body/*", NAMESPACES);
    if (!(wrapper instanceof XmlElement) || wrapper.name !== `${step.operation}Response`)
      return "the answer of another operation";
    try {
      expectValidResponse(answer, wsdl);
      return undefined;
    } catch (error) {
      return String(error);
    }
  },
  "SOAP Fault Assertion": (document) => (isFault(document) ? "a fault" : undefined),
  "Not SOAP Fault Assertion": (document) => (isFault(document) ? undefined : "no fault"),
  "XPath Match": (document, { path, content }) => {
    const found = document.eval(path);
    // Like SoapUI: one of the nodes that are found has to match.
    const values = Array.isArray(found) ? found.map((node: XmlNode) => node.content) : [String(found)];
    return values.includes(content) ? undefined : `${path} gives ${JSON.stringify(values)}, not ${content}`;
  },
};

function isFault(document: XmlDocument): boolean {
  return document.get("/soap:Envelope/soap:Body/soap:Fault", NAMESPACES) !== null;
}

function elements(at: XmlElement, path: string): XmlElement[] {
  return at.find(path, NAMESPACES).filter((node): node is XmlElement => node instanceof XmlElement);
}

function text(at: XmlElement, path: string): string {
  const found = at.get(path, NAMESPACES);
  if (found === null) throw new Error(`the project has no ${path} in ${at.name}`);
  return found.content;
}

function attribute(at: XmlElement, name: string): string {
  return text(at, `@${name}`);
}
