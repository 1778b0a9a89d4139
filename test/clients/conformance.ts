/**
 * What holds for every answer, whoever asks: HTTP head, well-formed XML, the schema of the served WSDL, and the rules of
 * WS-I Basic Profile 1.1 that apply to messages (their numbers stand in the sentences).
 */
import { XmlDocument, type XmlElement } from "libxml2-wasm";
import { expectValidResponse } from "../support/xsd.js";
import type { Exchange } from "./recorder.js";

const SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP_12 = "http://www.w3.org/2003/05/soap-envelope";
const SOAP_11_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/";
const NAMESPACES = { s: SOAP_11, s12: SOAP_12 };

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  [SOAP_11]: "text/xml; charset=utf-8",
  [SOAP_12]: "application/soap+xml; charset=utf-8",
};

/** Sentences about what is wrong with an answer to a call; none when all is well. */
export function problemsOf(exchange: Exchange, wsdl: string): string[] {
  const { answer } = exchange;
  const problems: string[] = [];
  const expect = (claim: boolean, problem: string) => {
    if (!claim) problems.push(problem);
  };
  const status = statusOf(exchange);
  const header = (name: string) => answer.headers.get(name);

  expect(answer.start.startsWith("HTTP/1.1 "), "R1141: not HTTP/1.1");
  expect(Number(header("content-length")) === answer.sent, "Content-Length is not the length of the body");
  if (header("content-encoding") === "gzip") {
    expect(
      exchange.request.headers.get("accept-encoding")?.includes("gzip") === true,
      "compressed, which was not asked for",
    );
  }
  const text = answer.body.toString("utf8");
  expect(Buffer.from(text, "utf8").equals(answer.body), "R1012: not UTF-8");
  expect(!/^\uFEFF/.test(text), "a byte order mark");
  expect(!/<!DOCTYPE|<!ENTITY/.test(text), "R1008: a document type declaration");
  expect(!/<\?(?!xml )/.test(text), "R1009: a processing instruction");
  expect(/^<\?xml version="1.0"/.test(text), "R1010: not XML 1.0");

  let document: XmlDocument;
  try {
    document = XmlDocument.fromBuffer(answer.body);
  } catch (error) {
    return [...problems, `not well-formed: ${error instanceof Error ? error.message : error}`];
  }
  try {
    const envelope = document.root;
    const version = envelope.namespaceUri;
    const children = elements(envelope);
    const body = children.at(-1);
    const [content, another] = body === undefined ? [] : elements(body);
    expect(envelope.name === "Envelope" && version in MEDIA_TYPES, "R9980: no envelope of SOAP");
    expect(
      children.length <= 2 && body?.name === "Body",
      "R1011, R9980: the envelope's last child is not its Body",
    );
    expect(another === undefined, "R9981: more than one child of the Body");
    expect(content !== undefined, "an empty Body");
    expect(content?.namespaceUri !== "", "R1014: a child of the Body without a namespace");
    expect(
      header("content-type") === MEDIA_TYPES[version],
      `R1018: Content-Type is ${header("content-type")}`,
    );
    if (version === SOAP_11) {
      expect(
        document.get(`//@*[namespace-uri()='${SOAP_11}' and local-name()='encodingStyle']`) === null,
        "R1005, R1006: an encodingStyle",
      );
      expect(
        document.get("/s:Envelope/@s:* | /s:Envelope/s:Body/@s:*", NAMESPACES) === null,
        "R1032: an attribute of SOAP's on Envelope or Body",
      );
    }
    if (document.get("//s:Fault | //s12:Fault", NAMESPACES) === null) {
      expect(status === 200, `R1124: status ${status} for an answer that is no fault`);
      try {
        expectValidResponse(answer.body, wsdl);
      } catch (error) {
        problems.push(`not as the schema of the WSDL: ${error instanceof Error ? error.message : error}`);
      }
    } else if (version === SOAP_11) {
      expect(status === 500 || status === 413 || status === 415, `R1126: status ${status} for a fault`);
      const fields = elements(content as XmlElement);
      const names = fields.map(({ name, namespaceUri }) => namespaceUri + name);
      expect(names.join() === "faultcode,faultstring", `R1000, R1001: children of the fault are ${names}`);
      const code = fields[0]?.content ?? "";
      const [prefix = "", local = ""] = code.split(":");
      expect(
        content?.namespaceForPrefix(prefix) === SOAP_11 &&
          ["Client", "Server", "MustUnderstand", "VersionMismatch"].includes(local),
        `R1004, R1031: faultcode ${code}`,
      );
    } else {
      expect(status >= 400 && status <= 500, `status ${status} for a fault`);
    }
    expect(!answer.body.includes(SOAP_11_ENCODING), "SOAP encoding in the answer");
    return problems;
  } finally {
    document.dispose();
  }
}

export function statusOf({ answer }: Exchange): number {
  return Number(answer.start.split(" ")[1]);
}

function elements(parent: XmlElement): XmlElement[] {
  return parent.find("*") as XmlElement[];
}
