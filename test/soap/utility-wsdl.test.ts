import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { XmlDocument, type XmlElement } from "libxml2-wasm";
import { describe, it } from "mocha";
import { createClientAsync } from "soap";
import { readWsdl } from "../../lib/soap/wsdl.js";
import { wsdlText } from "../support/soap-requests.js";
import { UTILITY_TNS, UTILITY_WSDL_FILE, utilityService, utilityWsdl } from "../support/utility.js";
import { expectValidResponse } from "../support/xsd.js";

const KURS_BEFORE_PROV =
  "benamne benamns bskala djup ectsp:d ekurs examin friv ianv idatum inst isValid:b kagrpscb knivauha kod konvert lkurs " +
  "messages:message[] nedlagd poang:d";
const KURS_AFTER_PROV = "urspoang:d utbniva valid:b valuta";

/** lpw-wire.md, UtilityFetcher: `[]` repeated; b boolean, d decimal, else string or the type. */
const TYPES: Readonly<Record<string, string>> = {
  utilityInstitutionVO: "benamn benamne gatadr kod messages:message[] ort postnr telefon valid:b",
  utilityOrtVO: "benamn kod messages:message[] valid:b",
  utilityHskVO: "benamn benamne kod messages:message[] valid:b",
  utilitySemesterVO: "currentSemester messages:message[] nextSemester valid:b",
  utilityKursVO: `${KURS_BEFORE_PROV} ${KURS_AFTER_PROV}`,
  utilityKursProvVO: `${KURS_BEFORE_PROV} prov:provVO[] ${KURS_AFTER_PROV}`,
  provVO:
    "benamn benamne bskala ectsp:d endaprov ianv idatum inst konverterad:b kurs poang:d projarb prov urspoang:d",
  utilityProvVO: "messages:message[] prov:provVO[] valid:b",
  utilityKursTillFListVO: "ktfl:utilityKursTillFVO[] messages:message[] valid:b",
  utilityKursTillFVO:
    "antalord antalres dep1 dep2 ffgpoang:d kod konvert kurskod kursomg kurstakt kurstid kurstyp lok1 lok2 " +
    "messages:message[] ort plantal slutv startter startv undform valid:b valuta",
  utilityNamnVO:
    "avliden:b enamn gallrad:b gallraddatum hasnewpnr:b igallrad:b igallraddatum inladok:b messages:message[] pnr tnamn " +
    "valid:b",
  utilityNamnListVO: "messages:message[] names:utilityNamnVO[] valid:b",
  utilityPersonsVO: "messages:message[] persons:personVO[] valid:b",
};

/** Argument beside arg0, and result. */
const OPERATIONS: Readonly<Record<string, string>> = {
  findAllInstitutions: "→ return:utilityInstitutionVO[]",
  getInstitutionByKod: "arg1 → return:utilityInstitutionVO",
  findInstitutionsByBenamn: "arg1 → return:utilityInstitutionVO[]",
  findInstitutionsByBenamne: "arg1 → return:utilityInstitutionVO[]",
  findInstitutionsByDelkod: "arg1 → return:utilityInstitutionVO[]",
  findAllPlaces: "→ return:utilityOrtVO[]",
  findHsk: "arg1:utilityHskVO → return:utilityHskVO[]",
  getCurrAndNextSemester: "→ return:utilitySemesterVO",
  getKursByInst: "arg1 → return:utilityKursProvVO[]",
  getKursByKod: "arg1 → return:utilityKursVO",
  getKursTillFByKod: "arg1 → return:utilityKursTillFListVO",
  getProvByKurskod: "arg1 → return:utilityProvVO",
  findNameByPnr: "arg1:utilityNamnVO → return:utilityNamnVO",
  getNameByPartPnr: "arg1:utilityNamnVO → return:utilityNamnListVO",
  fetchAdrInfo: "arg1[] → return:utilityPersonsVO",
};

type Fields = ReturnType<typeof readWsdl>["operations"][number]["input"];
const SHORT_TYPES = { string: "", boolean: ":b", int: ":i", decimal: ":d" } as const;
const briefly = (fields: Fields) =>
  fields
    .map(({ name, type, repeated }) => {
      const written = "complex" in type ? `:${type.complex}` : SHORT_TYPES[type.simple];
      return `${name}${written}${repeated ? "[]" : ""}`;
    })
    .join(" ");

const NAMESPACES = {
  wsdl: "http://schemas.xmlsoap.org/wsdl/",
  soap: "http://schemas.xmlsoap.org/wsdl/soap/",
  xs: "http://www.w3.org/2001/XMLSchema",
};
const document = XmlDocument.fromString(utilityWsdl);
const find = (xpath: string): XmlElement[] => document.find(xpath, NAMESPACES) as XmlElement[];
const attribute = (element: XmlElement, name: string): string | undefined => element.attr(name)?.value;
const localElements = find("//xs:sequence/xs:element");
const documentationOf = (element: XmlElement) =>
  (element.get("xs:annotation/xs:documentation", NAMESPACES)?.content ?? "").trim();

describe("UtilityFetcher's WSDL", () => {
  const model = readWsdl(utilityWsdl);

  it("has LPW's types with their elements in order, the shared ones as T04's WSDL has them", () => {
    const shared = [...readWsdl(wsdlText).types].filter(
      ([name]) => !["adrListVO", "kursInfoVO", "kursTfVO", "kursTFTermregVO", "adrListEntVO"].includes(name),
    );
    expect(shared.map(([name]) => name)).to.have.length(7);
    const types = Object.fromEntries([...model.types].map(([name, fields]) => [name, briefly(fields)]));
    expect(types).to.deep.equal({
      ...Object.fromEntries(shared.map(([name, fields]) => [name, briefly(fields)])),
      ...TYPES,
    });
  });

  it("has LPW's operations, each of a user and perhaps something more", () => {
    const operations = Object.fromEntries(
      model.operations.map(({ name, input: [arg0, ...more], output }) => {
        expect(arg0).to.deep.equal({ name: "arg0", type: { complex: "userVO" }, repeated: false });
        return [name, `${briefly(more)} → ${briefly(output)}`.trim()];
      }),
    );
    expect(operations).to.deep.equal(OPERATIONS);
    for (const { name, responseName } of model.operations) expect(responseName).to.equal(`${name}Response`);
    expect(utilityService.targetNamespace).to.equal(UTILITY_TNS);
    expect(utilityService.name).to.equal("UtilityFetcher");
  });

  it("lets every element be absent, none nil, and lists be of any length", () => {
    for (const element of localElements) {
      const name = attribute(element, "name");
      expect(attribute(element, "minOccurs"), `minOccurs of ${name}`).to.equal("0");
      expect(attribute(element, "nillable"), `nillable of ${name}`).to.equal(undefined);
      expect(attribute(element, "maxOccurs") ?? "unbounded", `maxOccurs of ${name}`).to.equal("unbounded");
    }
    expect(
      find("//xs:element[@form] | //xs:simpleType | //xs:attribute | //xs:import | //xs:include"),
    ).to.have.length(0);
    expect(find("//xs:schema").map((schema) => attribute(schema, "elementFormDefault"))).to.deep.equal([
      "unqualified",
    ]);
  });

  it("documents every element, type and operation; booleans as Boolsk, decimals as Decimaltal", () => {
    const undocumented = [...localElements, ...find("//xs:complexType[@name]")].filter(
      (element) => documentationOf(element) === "",
    );
    expect(undocumented.map((element) => attribute(element, "name"))).to.deep.equal([]);
    expect(find("//wsdl:portType/wsdl:operation/wsdl:documentation")).to.have.length(15);
    for (const element of localElements) {
      if (attribute(element, "type") === "xs:boolean") expect(documentationOf(element)).to.include("Boolsk");
      if (attribute(element, "type") === "xs:decimal")
        expect(documentationOf(element)).to.include("Decimaltal");
    }
  });

  it("binds document/literal over SOAP 1.1 with an empty SOAPAction, one port alone", () => {
    expect(find("//wsdl:portType").map((e) => attribute(e, "name"))).to.deep.equal(["UtilityFetcher"]);
    expect(find("//wsdl:service").map((e) => attribute(e, "name"))).to.deep.equal([
      "UtilityFacadeClientService",
    ]);
    expect(find("//wsdl:port").map((e) => attribute(e, "name"))).to.deep.equal(["UtilityFacadeClientPort"]);
    expect(find("//soap:binding").map((e) => attribute(e, "style"))).to.deep.equal(["document"]);
    expect(new Set(find("//soap:operation").map((e) => attribute(e, "soapAction")))).to.deep.equal(
      new Set([""]),
    );
    expect(find("//soap:body").map((e) => attribute(e, "use"))).to.deep.equal(Array(30).fill("literal"));
    expect(find("//wsdl:fault")).to.have.length(0);
  });

  it("is read by the soap library as by us", async () => {
    const client = await createClientAsync(fileURLToPath(UTILITY_WSDL_FILE));
    const described = client.describe().UtilityFacadeClientService.UtilityFacadeClientPort;
    expect(Object.keys(described)).to.deep.equal(utilityService.operations);
    const names = Object.keys(described.getKursByKod.output.return).filter(
      (name) => !name.startsWith("target"),
    );
    expect(names.map((name) => name.replace("[]", ""))).to.deep.equal(
      TYPES.utilityKursVO?.split(" ").map((field) => field.replace(/:.*$/, "")),
    );
  });
});

describe("UtilityFetcher's golden answers", () => {
  /** As lpw-wire.md says that the real one is: booleans and ints obligatory, but for isValid; lists of objects nillable. */
  const real = utilityWsdl
    .replace(/(?<!name="isValid" )(type="xs:(?:boolean|int)") minOccurs="0"/g, "$1")
    .replace(/(type="tns:\w+" minOccurs="0" maxOccurs="unbounded")/g, '$1 nillable="true"');

  it("are valid by the real service's schema too, so that its clients can read them", () => {
    expect(real.match(/ type="xs:boolean">/g)).to.have.length(20);
    const folder = fileURLToPath(new URL("../wire/UtilityFetcher/", import.meta.url));
    const answers = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".response.xml"))
      .map((file) => readFileSync(join(folder, file), "utf8"))
      .filter((answer) => !answer.includes("<soap:Fault>"));
    expect(answers).to.have.length.above(80);
    for (const answer of answers) expectValidResponse(answer, real);
  });
});

describe("a request to UtilityFetcher", () => {
  /** `beside`: what stands beside the operation, for references. */
  const read = (operation: string, inside: string, beside = "") =>
    utilityService.decodeRequest(
      Buffer.from(
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' +
          `xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:n="${UTILITY_TNS}" xmlns:xsd="http://www.w3.org/2001/XMLSchema">` +
          `<s:Body><n:${operation}>${inside}</n:${operation}>${beside}</s:Body></s:Envelope>`,
      ),
      "text/xml; charset=utf-8",
    ).args;

  it("has its text however it is written", () => {
    const arg0 = "<arg0><uid>larare</uid></arg0>";
    const expected = { arg0: { uid: "larare" }, arg1: "VUX1" };
    for (const inside of [
      `${arg0}<arg1>VUX1</arg1>`,
      `<arg1> VUX1 </arg1>${arg0}`,
      `<n:arg0><n:uid>larare</n:uid></n:arg0><n:arg1>VUX1</n:arg1>`,
      `<ARG0><UID>larare</UID></ARG0><Arg1 xsi:type="xsd:string">VUX1</Arg1>`,
      // SOAP::Lite without names
      `<c-gensym3><uid>larare</uid></c-gensym3><c-gensym4 xsi:type="xsd:string">VUX1</c-gensym4>`,
    ]) {
      expect(read("getInstitutionByKod", inside), inside).to.deep.equal(expected);
    }
    expect(read("getInstitutionByKod", `${arg0}<arg1 xsi:nil="true"/>`)).to.deep.equal({
      arg0: expected.arg0,
    });
    expect(read("findAllInstitutions", `${arg0}<arg1>VUX1</arg1>`)).to.deep.equal({ arg0: expected.arg0 });
  });

  it("has its list however it is written: one, several, none", () => {
    for (const [inside, arg1] of [
      ["<arg1>A</arg1><arg1>B</arg1>", ["A", "B"]],
      ["<arg1>A</arg1>", ["A"]],
      ["<arg1/>", undefined],
      ["<arg1><string>A</string><string>B</string></arg1>", ["A", "B"]],
      ['<arg1 enc:arrayType="xsd:string[2]"><item>A</item><item>B</item></arg1>', ["A", "B"]],
    ] as const) {
      expect(read("fetchAdrInfo", inside).arg1, inside).to.deep.equal(arg1);
    }
    // Axis
    const { arg1 } = read(
      "fetchAdrInfo",
      '<arg1>A</arg1><arg1 href="#i1"/>',
      '<multiRef id="i1">B</multiRef>',
    );
    expect(arg1).to.deep.equal(["A", "B"]);
  });
});
