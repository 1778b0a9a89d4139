import { expect } from "chai";
import { answer as answerOf, wsdlText } from "../support/soap-requests.js";
import { problemsOf } from "./conformance.js";
import type { Exchange } from "./recorder.js";

const XML = '<?xml version="1.0" encoding="UTF-8"?>';
const SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/";
const RIGHT = answerOf({ valid: true, Email: false, FFG: false, FO: false, OM: false });
const FAULT = fault("<faultcode>s:Client</faultcode><faultstring>Nej.</faultstring>");

describe("what is judged of answers to foreign clients", () => {
  it("nothing is wrong with an answer and a fault of the service", () => {
    expect(problemsOf(exchange(RIGHT), wsdlText)).to.deep.equal([]);
    expect(problemsOf(exchange(FAULT, { status: "500 Internal Server Error" }), wsdlText)).to.deep.equal([]);
  });

  const wrong: Readonly<Record<string, { exchange: Exchange; says: string }>> = {
    "an element that the schema lacks": {
      exchange: exchange(RIGHT.replace("<valid>", "<extra/><valid>")),
      says: "not as the schema",
    },
    "XML that is not well-formed": {
      exchange: exchange(RIGHT.replace("</valid>", "")),
      says: "not well-formed",
    },
    "another Content-Type": { exchange: exchange(RIGHT, { contentType: "text/xml" }), says: "R1018" },
    "another Content-Length": { exchange: exchange(RIGHT, { length: "7" }), says: "Content-Length" },
    "a byte order mark": { exchange: exchange(`\uFEFF${RIGHT}`), says: "byte order mark" },
    "a document type": { exchange: exchange(RIGHT.replace(XML, `${XML}<!DOCTYPE x>`)), says: "R1008" },
    "a processing instruction": { exchange: exchange(RIGHT.replace(XML, `${XML}<?x y?>`)), says: "R1009" },
    "status 500 for an answer": { exchange: exchange(RIGHT, { status: "500 Error" }), says: "R1124" },
    "status 200 for a fault": { exchange: exchange(FAULT), says: "R1126" },
    "a fault with a detail": {
      exchange: exchange(fault("<faultcode>s:Client</faultcode><faultstring>Nej.</faultstring><detail/>"), {
        status: "500 Error",
      }),
      says: "R1000",
    },
    "a faultcode without namespace": {
      exchange: exchange(fault("<faultcode>Client</faultcode><faultstring>Nej.</faultstring>"), {
        status: "500 Error",
      }),
      says: "R1004",
    },
    "an encodingStyle": {
      exchange: exchange(
        RIGHT.replace("Body>", 'Body soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">'),
      ),
      says: "R1005",
    },
    "compression that was not asked for": {
      exchange: exchange(RIGHT, { encoding: "gzip" }),
      says: "compressed",
    },
    "two answers in one": {
      exchange: exchange(RIGHT.replace("</soap:Body>", '<x xmlns="urn:x"/></soap:Body>')),
      says: "R9981",
    },
  };
  for (const [what, { exchange: judged, says }] of Object.entries(wrong)) {
    it(`${what} is found`, () => {
      expect(problemsOf(judged, wsdlText).join("\n")).to.include(says);
    });
  }
});

interface Head {
  readonly status?: string;
  readonly contentType?: string;
  readonly length?: string;
  readonly encoding?: string;
}

function exchange(text: string, head: Head = {}): Exchange {
  const body = Buffer.from(text, "utf8");
  const { status = "200 OK", contentType = "text/xml; charset=utf-8", length, encoding } = head;
  const headers = new Map([
    ["content-type", contentType],
    ["content-length", length ?? String(body.length)],
    ...(encoding === undefined ? [] : [["content-encoding", encoding] as const]),
  ]);
  return {
    request: { start: "POST / HTTP/1.1", headers: new Map(), body: Buffer.alloc(0), sent: 0 },
    answer: { start: `HTTP/1.1 ${status}`, headers, body, sent: body.length },
  };
}

function fault(fields: string): string {
  return `${XML}<s:Envelope xmlns:s="${SOAP_11}"><s:Body><s:Fault>${fields}</s:Fault></s:Body></s:Envelope>`;
}
