import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { XmlDocument, type XmlElement } from "libxml2-wasm";
import { describe, it } from "mocha";
import { createClientAsync } from "soap";
import { loadService } from "../../lib/soap/codec.js";
import { readWsdl } from "../../lib/soap/wsdl.js";
import { service, TNS, wsdlText } from "../support/soap-requests.js";
import { WSDL_FILE } from "../support/xsd.js";

/** Contract section 1, Types, and lpw-wire.md, Shared types: `[]` repeated; b boolean, i int, else string. */
const TYPES: Readonly<Record<string, string>> = {
  userVO:
    "authinfovo:authInfoVO bksinfovo:bksInfoVO errorObject:errorObject[] numberOfErrors:i personvo:personVO type uid valid:b",
  authInfoVO: "authRole authServer authType caller ticket:ticketVO",
  ticketVO: "authLevel:i ticket timestamp uid",
  bksInfoVO: "bksRole bksServer bksSublevel",
  errorObject: "code layer:i level:i method number_of_error:i origin",
  message: "key level log values[]",
  personVO:
    "annanid avliden emailadr enamn facknr fcoadr fgatadr fland fort fpostnr fromdat gallrad:b gallradDatum konto " +
    "pnr sekel sms tcoadr telnr tgatadr tland tnamn tomdat tort tpostnr",
  adrListVO:
    "Institution Termin Kurskod KursInfoVO:kursInfoVO[] KursTfVO:kursTfVO[] KursTFTermregVO:kursTFTermregVO[] " +
    "Email:b FFG:b FO:b OM:b AdrListEntVO:adrListEntVO[] EmailList[] NoEmailList[] valid:b messages:message[]",
  kursInfoVO: "Kurskod Benamning EngBenamning Institution Poang Nedlagd",
  kursTfVO:
    "typ Kurskod Starttermin Kurstakt Kurstid Undform Kursomgang Kurstyp Termordning Poang Anmkod Kalendertermin " +
    "Startvecka Slutvecka Ortskod Ortsbenamn",
  kursTFTermregVO: "typ Kurskod Starttermin program programinriktning termordningkurs Poang Kalendertermin",
  adrListEntVO: "Regtyp PersonVO:personVO[]",
};

/** Contract section 1: the documented width of each string, in schema order. */
const WIDTHS: Readonly<Record<string, string>> = {
  kursInfoVO: "6 58 58 4 6 1",
  kursTfVO: "4 6 3 3 3 3 1 3 2 5 5 3 6 6 5 20",
  kursTFTermregVO: "4 6 3 5 4 2 5 3",
};

const NAMESPACES = {
  wsdl: "http://schemas.xmlsoap.org/wsdl/",
  soap: "http://schemas.xmlsoap.org/wsdl/soap/",
  xs: "http://www.w3.org/2001/XMLSchema",
};

const document = XmlDocument.fromString(wsdlText);
const find = (xpath: string): XmlElement[] => document.find(xpath, NAMESPACES) as XmlElement[];
const attribute = (element: XmlElement, name: string): string | undefined => element.attr(name)?.value;
const localElements = find("//xs:sequence/xs:element");

describe("the WSDL", () => {
  it("has T04's and LPW's types with their elements in order", () => {
    const types = Object.fromEntries(
      [...readWsdl(wsdlText).types].map(([name, fields]) => [
        name,
        fields
          .map((field) => {
            const type = "complex" in field.type ? `:${field.type.complex}` : SHORT_TYPES[field.type.simple];
            return `${field.name}${type}${field.repeated ? "[]" : ""}`;
          })
          .join(" "),
      ]),
    );
    expect(types).to.deep.equal(TYPES);
  });

  it("has three operations, each of a user and a list that give a list", () => {
    for (const operation of readWsdl(wsdlText).operations) {
      expect(operation.responseName).to.equal(`${operation.name}Response`);
      expect(operation.input).to.deep.equal([
        { name: "arg0", type: { complex: "userVO" }, repeated: false },
        { name: "arg1", type: { complex: "adrListVO" }, repeated: false },
      ]);
      expect(operation.output).to.deep.equal([
        { name: "return", type: { complex: "adrListVO" }, repeated: false },
      ]);
    }
    expect(service.operations).to.deep.equal(["getKurs", "getKursTf", "getAdrLista"]);
    expect(service.targetNamespace).to.equal(TNS);
    expect(service.name).to.equal("AdresslistaFetcher");
  });

  it("lets every element be absent, none nil, and lists be of any length", () => {
    for (const element of localElements) {
      const name = attribute(element, "name");
      expect(attribute(element, "minOccurs"), `minOccurs of ${name}`).to.equal("0");
      expect(attribute(element, "nillable"), `nillable of ${name}`).to.equal(undefined);
      expect(attribute(element, "maxOccurs") ?? "unbounded", `maxOccurs of ${name}`).to.equal("unbounded");
    }
  });

  it("has unqualified local elements, one schema, no facets and no attributes", () => {
    const schemas = find("//xs:schema");
    expect(schemas.map((schema) => attribute(schema, "elementFormDefault"))).to.deep.equal(["unqualified"]);
    expect(
      find("//xs:element[@form] | //xs:simpleType | //xs:attribute | //xs:import | //xs:include"),
    ).to.have.length(0);
  });

  it("documents every local element and every operation", () => {
    const undocumented = localElements.filter(
      (element) => (element.get("xs:annotation/xs:documentation", NAMESPACES)?.content ?? "").trim() === "",
    );
    expect(undocumented.map((element) => attribute(element, "name"))).to.deep.equal([]);
    expect(localElements.length).to.be.greaterThan(100);
    expect(find("//wsdl:portType/wsdl:operation/wsdl:documentation")).to.have.length(3);
  });

  it("documents booleans as Boolsk and T04's strings with their widths", () => {
    for (const element of localElements) {
      const documentation = element.get("xs:annotation/xs:documentation", NAMESPACES)?.content ?? "";
      if (attribute(element, "type") === "xs:boolean") expect(documentation).to.include("Boolsk");
    }
    for (const [type, widths] of Object.entries(WIDTHS)) {
      const documented = find(`//xs:complexType[@name="${type}"]/xs:sequence/xs:element`).map(
        (element) =>
          /C\((\d+)\)/.exec(element.get("xs:annotation/xs:documentation", NAMESPACES)?.content ?? "")?.[1],
      );
      expect(documented.join(" "), type).to.equal(widths);
    }
  });

  it("binds document/literal over SOAP 1.1 with an empty SOAPAction, one port alone", () => {
    expect(find("//wsdl:portType").map((e) => attribute(e, "name"))).to.deep.equal(["AdresslistaFetcher"]);
    expect(find("//wsdl:service").map((e) => attribute(e, "name"))).to.deep.equal([
      "AdresslistaFacadeClientService",
    ]);
    expect(find("//wsdl:port").map((e) => attribute(e, "name"))).to.deep.equal([
      "AdresslistaFacadeClientPort",
    ]);
    expect(find("//soap:binding").map((e) => attribute(e, "style"))).to.deep.equal(["document"]);
    expect(find("//soap:operation").map((e) => attribute(e, "soapAction"))).to.deep.equal(["", "", ""]);
    expect(find("//soap:body").map((e) => attribute(e, "use"))).to.deep.equal(Array(6).fill("literal"));
  });

  it("is read by the soap library as by us", async () => {
    const client = await createClientAsync(fileURLToPath(WSDL_FILE));
    const described = client.describe().AdresslistaFacadeClientService.AdresslistaFacadeClientPort;
    expect(Object.keys(described)).to.deep.equal(service.operations);
    const adrListVO = described.getAdrLista.input.arg1;
    const names = Object.keys(adrListVO).filter((name) => !name.startsWith("target"));
    expect(names).to.deep.equal(
      TYPES.adrListVO?.split(" ").map((field) => field.replace(/:\w+(?=\[|$)/, "").trim()),
    );
  });

  it("shows the address it is asked at, and nothing else changed", () => {
    const served = service.wsdl("https://lpw.example.se/cxf/AdresslistaFetcher?a=1&b=2");
    expect(served).to.include(
      '<soap:address location="https://lpw.example.se/cxf/AdresslistaFetcher?a=1&amp;b=2"/>',
    );
    expect(served.replace(/location="[^"]*"/, "")).to.equal(wsdlText.replace(/location="[^"]*"/, ""));
  });

  it("is refused at start when it has what the codecs do not know", () => {
    const spoilt = (from: string, to: string) => () => loadService(wsdlText.replace(from, to));
    expect(spoilt('"xs:boolean"', '"xs:dateTime"')).to.throw("The WSDL is not supported: type of element");
    expect(spoilt('"tns:kursTfVO"', '"tns:nothing"')).to.throw("of unknown type nothing");
    expect(spoilt('elementFormDefault="unqualified"', 'elementFormDefault="qualified"')).to.throw(
      "qualified",
    );
    expect(spoilt("</wsdl:definitions>", "")).to.throw("The WSDL cannot be read");
  });
});

const SHORT_TYPES: Readonly<Record<string, string>> = { string: "", boolean: ":b", int: ":i", decimal: ":d" };
