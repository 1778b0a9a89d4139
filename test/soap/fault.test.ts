import { expect } from "chai";
import { XmlDocument } from "libxml2-wasm";
import { describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { encodeFault, faultOf, refusal } from "../../lib/soap/fault.js";

const text = (body: Buffer, path: string): string | undefined => {
  const document = XmlDocument.fromBuffer(body);
  const found = document.get(path, {
    s11: "http://schemas.xmlsoap.org/soap/envelope/",
    s12: "http://www.w3.org/2003/05/soap-envelope",
  })?.content;
  document.dispose();
  return found;
};

describe("a fault", () => {
  it("of SOAP 1.1 has a code, a sentence and no detail, with 500", () => {
    const { status, contentType, body } = encodeFault({ code: "Client", reason: "Less < more." }, "1.1");
    expect(status).to.equal(500);
    expect(contentType).to.equal("text/xml; charset=utf-8");
    expect(text(body, "/s11:Envelope/s11:Body/s11:Fault/faultcode")).to.equal("soap:Client");
    expect(text(body, "/s11:Envelope/s11:Body/s11:Fault/faultstring")).to.equal("Less < more.");
    expect(text(body, "//detail")).to.equal(undefined);
  });

  it("of SOAP 1.2 has that version's codes, and 400 when the sender erred", () => {
    const { status, contentType, body } = encodeFault({ code: "Client", reason: "No." }, "1.2");
    expect(status).to.equal(400);
    expect(contentType).to.equal("application/soap+xml; charset=utf-8");
    expect(text(body, "/s12:Envelope/s12:Body/s12:Fault/s12:Code/s12:Value")).to.equal("soap:Sender");
    expect(text(body, "/s12:Envelope/s12:Body/s12:Fault/s12:Reason/s12:Text[@xml:lang='en']")).to.equal(
      "No.",
    );
    expect(encodeFault({ code: "Server", reason: "No." }, "1.2").status).to.equal(500);
    expect(encodeFault({ code: "Server", reason: "No." }, "1.2").body.toString()).to.include("soap:Receiver");
    for (const code of ["MustUnderstand", "VersionMismatch"] as const) {
      expect(encodeFault({ code, reason: "No." }, "1.2")).to.include({ status: 500 });
      expect(encodeFault({ code, reason: "No." }, "1.2").body.toString()).to.include(`soap:${code}`);
    }
  });

  it("has HTTP's own status where there is one, in both versions", () => {
    for (const version of ["1.1", "1.2"] as const) {
      expect(encodeFault({ code: "Client", reason: "No.", httpStatus: 413 }, version).status).to.equal(413);
    }
  });

  it("of an internal error shows an incident id and nothing of the error", () => {
    const error = new Error("SELECT * FROM NAMN at /srv/secret");
    const fault = faultOf(error, () => "0f1e");
    expect(fault).to.include({ code: "Server", incidentId: "0f1e" });
    const shown = encodeFault(fault, "1.1").body.toString();
    expect(shown)
      .to.include("0f1e")
      .and.not.match(/SELECT|NAMN|secret/);
    expect(faultOf(new AdresslistaError("database", "hidden"), () => "1").reason).not.to.include("hidden");
  });

  it("of a request that is refused has its sentence", () => {
    const fault = { code: "Client", reason: "No.", httpStatus: 415 } as const;
    expect(faultOf(refusal(fault), () => "1")).to.equal(fault);
    const error = new AdresslistaError("request", "Not so.", {
      cause: Object.assign(new Error("x"), { code: "EX" }),
    });
    expect(faultOf(error, () => "1")).to.deep.equal({ code: "Client", reason: "Not so." });
  });
});
