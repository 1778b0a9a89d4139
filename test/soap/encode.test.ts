import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type Encodable, FinishedElements } from "../../lib/soap/api.js";
import { loadService } from "../../lib/soap/codec.js";
import { answer, call, decode, service } from "../support/soap-requests.js";
import { expectValidResponse } from "../support/xsd.js";

const content = (xml: string): string => /<return>(.*)<\/return>/s.exec(xml)?.[1] ?? "";

describe("the encoder", () => {
  it("writes the schema's order, whatever order the value has", () => {
    const xml = answer({
      valid: true,
      KursInfoVO: [{ Nedlagd: "N", Kurskod: "MATMAT02b", Benamning: "Matematik 2b" }],
      Institution: "A",
    });
    expectValidResponse(xml);
    expect(content(xml)).to.equal(
      "<Institution>A</Institution><KursInfoVO><Kurskod>MATMAT02b</Kurskod><Benamning>Matematik 2b</Benamning>" +
        "<Nedlagd>N</Nedlagd></KursInfoVO><Email>false</Email><FFG>false</FFG><FO>false</FO><OM>false</OM>" +
        "<valid>true</valid>",
    );
  });

  it("writes an envelope of the version asked for, in UTF-8 without a byte order mark", () => {
    const bytes = service.encodeResponse("getKurs", "1.2", { valid: true, Kurskod: "GRNSVÅ" });
    expectValidResponse(bytes);
    expect(bytes.toString("utf8")).to.match(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<soap:Envelope xmlns:soap="http:\/\/www\.w3\.org\/2003\/05\/soap-envelope">/,
    );
    expect(bytes.includes(Buffer.from("GRNSVÅ", "utf8"))).to.equal(true);
  });

  it("leaves absent values and empty strings out, and writes booleans and ints always", () => {
    const xml = answer({ Institution: "", Termin: undefined, Kurskod: null, KursTfVO: [], messages: [{}] });
    expectValidResponse(xml);
    expect(content(xml)).to.equal(
      "<Email>false</Email><FFG>false</FFG><FO>false</FO><OM>false</OM><valid>false</valid><messages></messages>",
    );
    const user = service
      .encodeElement("arg0", "userVO", { authinfovo: { ticket: { ticket: "x" } } })
      .toString();
    expect(user).to.equal(
      "<arg0><authinfovo><ticket><authLevel>0</authLevel><ticket>x</ticket></ticket></authinfovo>" +
        "<numberOfErrors>0</numberOfErrors><valid>false</valid></arg0>",
    );
  });

  it("keeps an empty string in a list, where its place counts", () => {
    const xml = answer({ valid: true, messages: [{ key: "k", values: ["", "b"] }] });
    expectValidResponse(xml);
    expect(xml).to.include("<values></values><values>b</values>");
  });

  it("ignores what the schema does not have, and never writes what it does not allow", () => {
    const wrong: Encodable = {
      unknown: "x",
      valid: "yes",
      Institution: { nested: "x" },
      Kurskod: ["A", "B"],
      KursTfVO: "no object",
      EmailList: "one@example.se",
      Email: { invalidBoolean: "?" },
    };
    const xml = answer(wrong);
    expectValidResponse(xml);
    expect(content(xml)).to.equal(
      "<Kurskod>A</Kurskod><Email>false</Email><FFG>false</FFG><FO>false</FO><OM>false</OM>" +
        "<EmailList>one@example.se</EmailList><valid>false</valid>",
    );
  });

  it("writes finished elements in place, untouched", () => {
    const person = service.encodeElement("PersonVO", "personVO", {
      enamn: "Ödberg",
      tnamn: "Åke & Bo",
      pnr: "1",
    });
    const finished = new FinishedElements([person]);
    const xml = answer({
      valid: true,
      AdrListEntVO: [
        { Regtyp: "FFG", PersonVO: finished },
        { Regtyp: "OM", PersonVO: [finished] },
      ],
      EmailList: ["å@example.se"],
    });
    expectValidResponse(xml);
    expect(xml.split(person.toString()).length - 1).to.equal(2);
    expect(xml).to.equal(
      answer({
        valid: true,
        AdrListEntVO: ["FFG", "OM"].map((Regtyp) => ({
          Regtyp,
          PersonVO: [{ enamn: "Ödberg", tnamn: "Åke & Bo", pnr: "1" }],
        })),
        EmailList: ["å@example.se"],
      }),
    );
  });

  it("writes finished elements in place of a whole list", () => {
    const one = service.encodeElement("KursInfoVO", "kursInfoVO", { Kurskod: "A" });
    const xml = answer({ valid: true, KursInfoVO: new FinishedElements([one, one]) });
    expectValidResponse(xml);
    expect(xml).to.include(`${one}${one}<Email>`);
    expectValidResponse(answer({ valid: true, KursInfoVO: new FinishedElements([]) }));
  });

  it("brings every string through, or replaces in it what XML cannot carry", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.oneof(fc.string({ unit: "binary" }), LONE_AND_CONTROL) }), (text) => {
        const xml = answer({ valid: true, Institution: text });
        expectValidResponse(xml);
        const written = /<Institution>(.*)<\/Institution>/s.exec(xml)?.[1] ?? "";
        const read = decode(call(`<Institution>${written}</Institution>`)).args.arg1;
        const expected = replaced(text).trim();
        expect(read).to.deep.equal(expected === "" ? undefined : { Institution: expected });
      }),
      { numRuns: 500 },
    );
  });

  it("writes lists, simple values and decimals for services that have them", () => {
    const wide = loadService(WIDE_WSDL);
    const list = wide.encodeResponse("findAll", "1.1", [
      { poang: "7,5", kod: "A" },
      { poang: 1e-7, kod: "B" },
      { poang: 15, kod: "C" },
    ]);
    expectValidResponse(list, WIDE_WSDL);
    expect(list.toString()).to.include(
      "<return><kod>A</kod><poang>7.5</poang></return><return><kod>B</kod></return>" +
        "<return><kod>C</kod><poang>15</poang></return>",
    );
    const poang = ["7.", ",5", "+7", "-0,50", " 100 ", ".", "", "1 000", "1e3", "100 p", "1.2.3"];
    const odd = wide.encodeResponse(
      "findAll",
      "1.1",
      poang.map((value) => ({ poang: value })),
    );
    expectValidResponse(odd, WIDE_WSDL);
    expect([...odd.toString().matchAll(/<poang>([^<]*)/g)].map(([, text]) => text)).to.deep.equal([
      "7",
      "0.5",
      "7",
      "-0.50",
      "100",
    ]);
    const none = wide.encodeResponse("findAll", "1.1", []);
    expectValidResponse(none, WIDE_WSDL);
    const text = wide.encodeResponse("getName", "1.1", "Å");
    expectValidResponse(text, WIDE_WSDL);
    expect(text.toString()).to.include("<return>Å</return>");
  });

  it("reads operations with one argument, simple arguments and lists of them", () => {
    const wide = loadService(WIDE_WSDL);
    const read = (body: string) =>
      wide.decodeRequest(
        Buffer.from(
          `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`,
        ),
        "text/xml",
      ).args;
    expect(read("<findAll><arg0><kod>A</kod><poang>7.50</poang></arg0></findAll>")).to.deep.equal({
      arg0: { kod: "A", poang: "7.50" },
    });
    expect(read("<findAll/>")).to.deep.equal({});
    expect(read("<getName><arg0><kod>A</kod></arg0><arg1>x</arg1><arg1>y</arg1></getName>")).to.deep.equal({
      arg0: { kod: "A" },
      arg1: ["x", "y"],
    });
    expect(read("<getName><p><kod>A</kod></p><p>x</p><p>y</p></getName>")).to.deep.equal({
      arg0: { kod: "A" },
      arg1: ["x", "y"],
    });
    expect(read("<getName><arg1><item>x</item><item>y</item></arg1></getName>")).to.deep.equal({
      arg1: ["x", "y"],
    });
  });
});

const LONE_AND_CONTROL = fc.constantFrom(
  "\ud800",
  "\udfff",
  "\u0000",
  "\u001f",
  "\ufffe",
  "\uffff",
  "\r",
  "\r\n",
  "]]>",
  "&",
  "<",
);

function replaced(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu, "\ufffd");
}

const WIDE_WSDL = `<wsdl:definitions targetNamespace="urn:wide" xmlns:tns="urn:wide"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/">
  <wsdl:types>
    <xs:schema targetNamespace="urn:wide" xmlns:tns="urn:wide" xmlns:xs="http://www.w3.org/2001/XMLSchema">
      <xs:element name="findAll" type="tns:findAll"/>
      <xs:element name="findAllResponse" type="tns:findAllResponse"/>
      <xs:element name="getName" type="tns:getName"/>
      <xs:element name="getNameResponse" type="tns:getNameResponse"/>
      <xs:complexType name="findAll"><xs:sequence>
        <xs:element name="arg0" type="tns:kursVO" minOccurs="0"/>
      </xs:sequence></xs:complexType>
      <xs:complexType name="findAllResponse"><xs:sequence>
        <xs:element name="return" type="tns:kursVO" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence></xs:complexType>
      <xs:complexType name="getName"><xs:sequence>
        <xs:element name="arg0" type="tns:kursVO" minOccurs="0"/>
        <xs:element name="arg1" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence></xs:complexType>
      <xs:complexType name="getNameResponse"><xs:sequence>
        <xs:element name="return" type="xs:string" minOccurs="0"/>
      </xs:sequence></xs:complexType>
      <xs:complexType name="kursVO"><xs:sequence>
        <xs:element name="kod" type="xs:string" minOccurs="0"/>
        <xs:element name="poang" type="xs:decimal" minOccurs="0"/>
      </xs:sequence></xs:complexType>
    </xs:schema>
  </wsdl:types>
  <wsdl:message name="findAll"><wsdl:part name="parameters" element="tns:findAll"/></wsdl:message>
  <wsdl:message name="findAllResponse"><wsdl:part name="parameters" element="tns:findAllResponse"/></wsdl:message>
  <wsdl:message name="getName"><wsdl:part name="parameters" element="tns:getName"/></wsdl:message>
  <wsdl:message name="getNameResponse"><wsdl:part name="parameters" element="tns:getNameResponse"/></wsdl:message>
  <wsdl:portType name="WideFetcher">
    <wsdl:operation name="findAll">
      <wsdl:input message="tns:findAll"/><wsdl:output message="tns:findAllResponse"/>
    </wsdl:operation>
    <wsdl:operation name="getName">
      <wsdl:input message="tns:getName"/><wsdl:output message="tns:getNameResponse"/>
    </wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="WideBinding" type="tns:WideFetcher">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="findAll">
      <soap:operation soapAction=""/>
      <wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
    <wsdl:operation name="getName">
      <soap:operation soapAction=""/>
      <wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="WideService">
    <wsdl:port name="WidePort" binding="tns:WideBinding">
      <soap:address location="http://127.0.0.1/cxf/WideFetcher"/>
    </wsdl:port>
  </wsdl:service>
</wsdl:definitions>`;
