import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { faultOf, type SoapFault } from "../../lib/soap/fault.js";
import { MAX_REFERENCED_CHARACTERS } from "../../lib/soap/references.js";
import { REQUEST_LIMITS } from "../../lib/soap/xml.js";
import { call, decode, envelope, service } from "../support/soap-requests.js";

const GOOD = call("<Termin>091</Termin>");

/** The fault that a request gets; the next call must be answered all the same. */
function faultFor(request: string | Buffer, contentType = "text/xml; charset=utf-8"): SoapFault {
  const fault = attempt(request, contentType);
  expect(decode(GOOD).args.arg1).to.deep.equal({ Termin: "091" });
  if (fault === undefined) throw new Error("The request was taken.");
  return fault;
}

function attempt(request: string | Buffer, contentType: string): SoapFault | undefined {
  try {
    service.decodeRequest(Buffer.from(request as Buffer), contentType);
    return undefined;
  } catch (error) {
    expect(error).to.be.instanceOf(AdresslistaError);
    return faultOf(error, () => "an incident");
  }
}

describe("the gate refuses", () => {
  for (const [what, request, reason] of [
    ["nothing at all", "", "The message is not well-formed XML"],
    ["text", "hello", "The message is not well-formed XML"],
    ["JSON", '{"getKurs":{}}', "The message is not well-formed XML"],
    ["an envelope that is cut short", GOOD.slice(0, -20), "The message is not well-formed XML"],
    ["text after the envelope", `${GOOD}x`, "The message is not well-formed XML"],
    ["two roots", `${GOOD}<a/>`, "The message is not well-formed XML"],
    ["an undeclared prefix", "<x:Envelope/>", "The message is not well-formed XML"],
    ["an attribute twice", call('<Termin a="1" a="2"/>'), "The message is not well-formed XML"],
    ["an unknown entity", call("<Termin>&auml;</Termin>"), "The message is not well-formed XML"],
    [
      "JavaScript's own names as entities",
      call("<Termin>&constructor;</Termin>"),
      "The message is not well-formed XML",
    ],
    ["a control character", call("<Termin>\u0001</Termin>"), "The message is not well-formed XML"],
    [
      "a reference to a control character",
      call("<Termin>&#0;</Termin>"),
      "The message is not well-formed XML",
    ],
    [
      "a reference to a lone surrogate",
      call("<Termin>&#xD800;</Termin>"),
      "The message is not well-formed XML",
    ],
    ["a DOCTYPE", `<!DOCTYPE x>${GOOD}`, "A DOCTYPE is not allowed."],
    [
      "a DOCTYPE with entities",
      `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${call("<Termin>&b;</Termin>")}`,
      "A DOCTYPE is not allowed.",
    ],
    [
      "a DOCTYPE with something external",
      `<!DOCTYPE x SYSTEM "file:///etc/passwd">${GOOD}`,
      "A DOCTYPE is not allowed.",
    ],
    ["a processing instruction", `<?php x?>${GOOD}`, "Processing instructions are not allowed."],
    ["one within", call("<Termin><?x y?></Termin>"), "Processing instructions are not allowed."],
    ["one at the end", `${GOOD}<?x y?>`, "Processing instructions are not allowed."],
    ["what is no envelope", "<html/>", "The message is not a SOAP envelope."],
    [
      "an envelope without a body",
      '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>',
      "The envelope has no Body.",
    ],
    ["an empty body", envelope(""), "The body is empty."],
    [
      "an unknown operation",
      envelope("<n:getPersons/>"),
      "The operation is none of getKurs, getKursTf, getAdrLista.",
    ],
    [
      "an answer",
      envelope("<n:getKursResponse/>"),
      "The operation is none of getKurs, getKursTf, getAdrLista.",
    ],
    ["JavaScript's own names as operations", envelope("<constructor/>"), "The operation is none of"],
    ["__proto__ as an operation", envelope("<__proto__/>"), "The operation is none of"],
    ["two operations", envelope("<n:getKurs/><n:getKurs/>"), "The body has more than one operation."],
    [
      "two operations with ids",
      envelope('<n:getKurs id="a"/><n:getKurs id="b"/>'),
      "The body has more than one operation.",
    ],
    ["only targets", envelope('<multiRef id="a"/>'), "The operation is none of"],
    ["two bodies", GOOD.replace("</s:Body>", "</s:Body><s:Body/>"), "The envelope has several bodies."],
    [
      "a header after the body",
      GOOD.replace("</s:Body>", "</s:Body><s:Header/>"),
      "a Header in the wrong place",
    ],
    ["a reference to nothing", call('<Termin href="#x"/>'), "leads to no element, or to several"],
    ["a reference outside", call('<Termin href="http://127.0.0.1/"/>'), "leads to no element, or to several"],
    [
      "a reference to two",
      envelope('<n:getKurs><arg1 href="#a"/></n:getKurs><m id="a"/><m id="a"/>'),
      "leads to no element, or to several",
    ],
    [
      "a reference to itself",
      envelope('<n:getKurs><arg1 href="#a"/></n:getKurs><m id="a" href="#a"/>'),
      "leads back to itself",
    ],
    [
      "references in a circle",
      envelope(
        '<n:getKurs><arg1 href="#a"/></n:getKurs><m id="a"><KursTfVO href="#b"/></m><m id="b"><Kurskod href="#a"/></m>',
      ),
      "leads back to itself",
    ],
  ] as const) {
    it(what, () => {
      const fault = faultFor(request);
      expect(fault.code).to.equal("Client");
      expect(fault.reason).to.include(reason);
    });
  }

  it("an envelope of an unknown namespace as a wrong version", () => {
    for (const namespace of ["http://www.w3.org/2002/12/soap-envelope", ""]) {
      const request = `<Envelope xmlns="${namespace}"><Body><getKurs/></Body></Envelope>`;
      expect(faultFor(request).code).to.equal("VersionMismatch");
    }
  });

  it("headers that must be understood and are not", () => {
    const next = "http://schemas.xmlsoap.org/soap/actor/next";
    for (const header of [
      '<t:T xmlns:t="urn:t" s:mustUnderstand="1"/>',
      `<t:T xmlns:t="urn:t" s:mustUnderstand=" 1 " s:actor="${next}"/>`,
      '<Security s:mustUnderstand="1"/>',
    ]) {
      expect(faultFor(envelope("<n:getKurs/>", { header })).code).to.equal("MustUnderstand");
    }
    const header = '<t:T xmlns:t="urn:t" s:mustUnderstand="true"/>';
    const fault = faultFor(envelope("<n:getKurs/>", { header, version: "1.2" }));
    expect(fault).to.include({ code: "MustUnderstand", version: "1.2" });
  });

  it("in the request's version as soon as that is known", () => {
    expect(faultFor(envelope("<x/>", { version: "1.2" })).version).to.equal("1.2");
    expect(faultFor(`${envelope("", { version: "1.2" })}<`).version).to.equal("1.2");
    expect(faultFor(envelope("<x/>")).version).to.equal("1.1");
    expect(faultFor("<").version).to.equal(undefined);
  });

  it("what is too large, with 413", () => {
    const request = Buffer.from(GOOD);
    expect(() => service.decodeRequest(request, "text/xml", request.length)).not.to.throw();
    try {
      service.decodeRequest(request, "text/xml", request.length - 1);
      expect.fail("taken");
    } catch (error) {
      expect(faultOf(error, () => "")).to.include({ code: "Client", httpStatus: 413 });
    }
  });

  const { depth, elements, attributesPerElement, namespacesPerElement, nameLength } = REQUEST_LIMITS;
  // Envelope, Body, operation, arg1 stand around what `call` is given.
  for (const [what, within, beyond] of [
    ["nesting", nested(depth - 4), nested(depth - 3)],
    ["elements", "<x/>".repeat(elements - 7), "<x/>".repeat(elements)],
    ["attributes", attributes(attributesPerElement), attributes(attributesPerElement + 1)],
    ["namespaces", namespaces(namespacesPerElement), namespaces(namespacesPerElement + 1)],
    ["long element names", `<${"x".repeat(nameLength)}/>`, `<${"x".repeat(nameLength + 1)}/>`],
    ["long attribute names", `<x ${"x".repeat(nameLength)}=""/>`, `<x ${"x".repeat(nameLength + 1)}=""/>`],
  ] as const) {
    it(`too much ${what}`, () => {
      expect(decode(call(`${within}<Termin>091</Termin>`)).args.arg1).to.deep.equal({ Termin: "091" });
      const fault = faultFor(call(beyond));
      expect(fault.code).to.equal("Client");
      expect(fault.reason).to.match(/too (deeply|many|long)/);
    });
  }

  it("references that multiply what was sent", () => {
    const text = "x".repeat(10_000);
    const times = Math.ceil(MAX_REFERENCED_CHARACTERS / text.length) + 5;
    const references = '<EmailList href="#a"/>'.repeat(times);
    const request = envelope(`<n:getKurs><arg1>${references}</arg1></n:getKurs><m id="a">${text}</m>`);
    expect(faultFor(request).reason).to.include("too many references");
  });

  it("references that multiply lists", () => {
    const items = "<item>x</item>".repeat(5_000);
    const references = '<EmailList href="#a"/>'.repeat(5_000);
    const request = envelope(
      `<n:getKurs><arg1>${references}</arg1></n:getKurs><m id="a" xsi:type="enc:Array">${items}</m>`,
    );
    expect(faultFor(request).reason).to.include("too many references");
  });

  it("references that multiply small elements", () => {
    // 26 kB that would come to 90 000 occasions, and those to an answer of 40 MB.
    const items = "<item><typ>x</typ></item>".repeat(900);
    const references = '<KursTfVO href="#a"/>'.repeat(100);
    const request = envelope(
      `<n:getAdrLista><arg1>${references}</arg1></n:getAdrLista><m id="a" xsi:type="enc:Array">${items}</m>`,
    );
    expect(faultFor(request).reason).to.include("too many references");
  });

  it("references behind references without end", () => {
    const chain = Array.from({ length: 1_000 }, (_, at) => `<m id="a${at}" href="#a${at + 1}"/>`).join("");
    expect(faultFor(envelope(`<n:getKurs><arg1 href="#a0"/></n:getKurs>${chain}`)).reason).to.include(
      "references",
    );
  });

  it("nothing of the request is quoted in the reason", () => {
    for (const request of [
      call("<hemlig&></hemlig>"),
      envelope("<n:hemlig/>"),
      "<hemlig/>",
      `<!DOCTYPE hemlig>${GOOD}`,
    ]) {
      expect(faultFor(request).reason).not.to.include("hemlig");
    }
  });

  it("or takes any mutation of a request, and then answers the next", () => {
    const bytes = Buffer.from(GOOD);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(40), (at, byte, cut) => {
        const mutated = Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at + cut)]);
        const fault = attempt(mutated, "text/xml");
        expect(fault?.code).to.be.oneOf([undefined, "Client", "VersionMismatch"]);
      }),
      { numRuns: 1_000 },
    );
    expect(decode(GOOD).args.arg1).to.deep.equal({ Termin: "091" });
  });
});

describe("character encodings", () => {
  const text = call("<Kurskod>GRNSVÅÄÖ</Kurskod>");
  const declared = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?>${text}`;
  const read = (bytes: Buffer, contentType?: string) => service.decodeRequest(bytes, contentType).args.arg1;
  const utf16 = (source: string, order: "LE" | "BE") => {
    const bytes = Buffer.from(source, "utf16le");
    return order === "LE" ? bytes : bytes.swap16();
  };

  for (const [what, bytes, contentType] of [
    ["UTF-8 unsaid", Buffer.from(text), "text/xml"],
    ["UTF-8 without a Content-Type", Buffer.from(text), undefined],
    ["UTF-8 with a byte order mark", Buffer.from(`\ufeff${declared("utf-8")}`), "text/xml; charset=utf-8"],
    ["UTF-8 whose declaration says UTF-16", Buffer.from(declared("utf-16")), "text/xml"],
    ["UTF-16 LE with a mark", utf16(`\ufeff${text}`, "LE"), "text/xml"],
    ["UTF-16 BE with a mark", utf16(`\ufeff${declared("UTF-16")}`, "BE"), "text/xml; charset=utf-16"],
    ["UTF-16 LE without a mark", utf16(text, "LE"), "text/xml; charset=utf-16"],
    ["UTF-16 BE without a mark or a word", utf16(declared("utf-16"), "BE"), "text/xml"],
    ["UTF-16 LE by its label", utf16(text, "LE"), "application/soap+xml; charset=UTF-16LE"],
    ["ISO-8859-1 by charset", Buffer.from(text, "latin1"), 'text/xml; charset="ISO-8859-1"'],
    ["ISO-8859-1 by declaration", Buffer.from(declared("ISO-8859-1"), "latin1"), "text/xml"],
    ["windows-1252", Buffer.from(declared("windows-1252"), "latin1"), "application/xml"],
    [
      "a charset that overrules the declaration",
      Buffer.from(declared("iso-8859-1")),
      "text/xml;charset=utf-8",
    ],
  ] as const) {
    it(`read: ${what}`, () => {
      expect(read(bytes, contentType)).to.deep.equal({ Kurskod: "GRNSVÅÄÖ" });
    });
  }

  it("read: the characters that windows-1252 has and ISO-8859-1 has not", () => {
    const bytes = Buffer.from(declared("ISO-8859-1").replace("GRNSVÅÄÖ", "A\u0096B"), "latin1");
    expect(read(bytes, "text/xml")).to.deep.equal({ Kurskod: "A–B" });
  });

  for (const [what, bytes, contentType] of [
    ["ISO-8859-1 that says it is UTF-8", Buffer.from(text, "latin1"), "text/xml; charset=utf-8"],
    [
      "UTF-8 with an encoded surrogate",
      Buffer.concat([Buffer.from(text), Buffer.from([0xed, 0xa0, 0x80])]),
      "text/xml",
    ],
    ["UTF-16 with half a character", utf16(`\ufeff${text}`, "LE").subarray(0, -1), "text/xml"],
    ["UTF-7", Buffer.from(declared("utf-7")), "text/xml"],
    ["UTF-32", Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), Buffer.from(text)]), "text/xml"],
    ["a charset nobody knows", Buffer.from(text), "text/xml; charset=constructor"],
  ] as const) {
    it(`refused: ${what}`, () => {
      expect(faultFor(bytes, contentType).code).to.equal("Client");
    });
  }
});

function nested(levels: number): string {
  return "<x>".repeat(levels) + "</x>".repeat(levels);
}

function attributes(count: number): string {
  return `<x ${Array.from({ length: count }, (_, at) => `a${at}=""`).join(" ")}/>`;
}

function namespaces(count: number): string {
  return `<x ${Array.from({ length: count }, (_, at) => `xmlns:a${at}="urn:a"`).join(" ")}/>`;
}
