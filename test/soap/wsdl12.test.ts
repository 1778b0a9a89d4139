import { request } from "node:http";
import { promisify } from "node:util";
import { expect } from "chai";
import { XmlDocument, type XmlElement } from "libxml2-wasm";
import { after, before, describe, it } from "mocha";
import { type Client, createClientAsync, type IOptions } from "soap";
import { UTILITY_ENDPOINT } from "../../lib/cli/mounts.js";
import { readWsdl } from "../../lib/soap/wsdl.js";
import { withSoap12 } from "../../lib/soap/wsdl12.js";
import {
  SAMPLE_EXPORT,
  SECRET,
  startTestService,
  type TestService,
  withService,
} from "../support/service.js";
import { wsdlText } from "../support/soap-requests.js";
import { utilityWsdl } from "../support/utility.js";
import { expectValidResponse } from "../support/xsd.js";

const NAMESPACES = {
  wsdl: "http://schemas.xmlsoap.org/wsdl/",
  soap: "http://schemas.xmlsoap.org/wsdl/soap/",
  soap12: "http://schemas.xmlsoap.org/wsdl/soap12/",
};

/** What the attribute says on each element that the XPath finds. */
function attributes(wsdl: string, xpath: string, name: string): (string | undefined)[] {
  const document = XmlDocument.fromString(wsdl);
  try {
    return document.find(xpath, NAMESPACES).map((element) => (element as XmlElement).attr(name)?.value);
  } finally {
    document.dispose();
  }
}

const WSDLS = { AdresslistaFacadeClient: wsdlText, UtilityFacadeClient: utilityWsdl } as const;

describe("the WSDL with SOAP 1.2", () => {
  for (const [name, wsdl] of Object.entries(WSDLS)) {
    describe(`of ${name}Service`, () => {
      const derived = withSoap12(wsdl);
      const operations = readWsdl(wsdl).operations.map((operation) => operation.name);

      it("is the WSDL without, letter for letter, and something added in two places", () => {
        const lines = derived.split("\n");
        const removed = ["binding", "port"].map((element) => {
          const start = lines.findIndex(
            (line) => line.includes(`<wsdl:${element} `) && line.includes("xmlns:soap12"),
          );
          const end = lines.findIndex((line, at) => at > start && line.includes(`</wsdl:${element}>`));
          return lines.splice(start, end - start + 1).join("\n");
        });
        expect(lines.join("\n")).to.equal(wsdl);
        expect(removed.join("").match(/soap12:/g)).to.have.length(2 + 3 * operations.length);
      });

      it("has the port's name with 12 behind, after the port of SOAP 1.1, at the same address", () => {
        expect(attributes(derived, "//wsdl:service", "name")).to.deep.equal([`${name}Service`]);
        expect(attributes(derived, "//wsdl:port", "name")).to.deep.equal([`${name}Port`, `${name}Port12`]);
        const [address11] = attributes(derived, "//wsdl:port[1]/soap:address", "location");
        expect(attributes(derived, "//wsdl:port[2]/soap12:address", "location")).to.deep.equal([address11]);
        expect(readWsdl(derived).addresses).to.deep.equal([address11, address11]);
      });

      it("binds each operation of the same portType, document/literal, with an empty action", () => {
        const binding = "//wsdl:binding[soap12:binding]";
        const [port12Binding] = attributes(derived, "//wsdl:port[soap12:address]", "binding");
        expect(attributes(derived, binding, "name").map((local) => `tns:${local}`)).to.deep.equal([
          port12Binding,
        ]);
        expect(attributes(derived, binding, "type")).to.deep.equal(
          attributes(derived, "//wsdl:binding[soap:binding]", "type"),
        );
        expect(attributes(derived, `${binding}/soap12:binding`, "style")).to.deep.equal(["document"]);
        // W3C's "WSDL 1.1 Binding Extension for SOAP 1.2" keeps the URI that SOAP 1.1 has for HTTP.
        expect(attributes(derived, `${binding}/soap12:binding`, "transport")).to.deep.equal([
          "http://schemas.xmlsoap.org/soap/http",
        ]);
        expect(attributes(derived, `${binding}/wsdl:operation`, "name")).to.deep.equal(operations);
        expect(new Set(attributes(derived, `${binding}/*/soap12:operation`, "soapAction"))).to.deep.equal(
          new Set([""]),
        );
        expect(attributes(derived, `${binding}/*/*/soap12:body`, "use")).to.deep.equal(
          Array(2 * operations.length).fill("literal"),
        );
        expect(attributes(derived, `${binding}//soap:*`, "use")).to.deep.equal([]);
      });
    });
  }

  it("is derived from a WSDL that is written with other prefixes as well", () => {
    const derived = withSoap12(
      wsdlText
        .replaceAll("wsdl:", "")
        .replaceAll(":wsdl=", "=")
        .replaceAll("soap:", "s:")
        .replace("xmlns:soap=", "xmlns:s="),
    );
    expect(attributes(derived, "//wsdl:port", "name")).to.have.length(2);
    expect(attributes(derived, "//wsdl:binding/*/*/soap12:body", "use")).to.have.length(6);
    expect(derived).to.include("<binding name=").and.not.include("wsdl:");
  });

  it("is refused at start for what it would leave out", () => {
    const spoilt = (from: string, to: string) => () => withSoap12(wsdlText.replace(from, to));
    const refused = "The WSDL is not supported: ";
    expect(spoilt("<soap:binding ", "<soap:other ")).to.throw(`${refused}a binding that is not SOAP 1.1`);
    expect(() => withSoap12(withSoap12(wsdlText))).to.throw(
      `${refused}definitions with none or several binding`,
    );
    expect(spoilt("</wsdl:binding>", '</wsdl:binding><wsdl:binding name="b"/>')).to.throw("several binding");
    expect(spoilt("</wsdl:port>", '</wsdl:port><wsdl:port name="b"/>')).to.throw("several port");
    expect(
      spoilt("<wsdl:service ", '<!-- <wsdl:service name="old"></wsdl:service> --><wsdl:service '),
    ).to.throw("in an unusual way");
    expect(spoilt('<soap:body use="literal"/>', '<soap:body use="literal"/><tns:policy/>')).to.throw(
      `${refused}policy in the binding or port`,
    );
    expect(spoilt('<soap:body use="literal"', '<soap:body use="literal" tns:a="1"')).to.throw(
      `${refused}attribute a in the binding or port`,
    );
    expect(spoilt('<soap:body use="literal"', '<soap:body use="literal" xmlns:p="urn:p"')).to.throw(
      `${refused}prefixes that are declared in the binding or port`,
    );
  });
});

describe("?wsdl=1.2 of the service", () => {
  let service: TestService;
  before(async () => {
    service = await startTestService({
      exportFile: SAMPLE_EXPORT,
      callers: { portal: { institutions: "*" } },
    });
  });
  after(() => service.close());

  const endpoints = () => [
    { url: service.url, port: "AdresslistaFacadeClientPort" },
    { url: new URL(UTILITY_ENDPOINT, service.url).href, port: "UtilityFacadeClientPort" },
  ];

  it("adds the port to the WSDL of each service, and nothing else does", async () => {
    for (const { url, port } of endpoints()) {
      for (const query of [
        "wsdl=1.2",
        "WSDL=1.2",
        "Wsdl=%31.2",
        "wsdl=1.2&x=1",
        "wsdl=+1.2",
        "wsdl&wsdl=1.2",
      ]) {
        const { headers, text } = await fetched(`${url}?${query}`);
        expect(attributes(text, "//wsdl:port", "name"), query).to.deep.equal([port, `${port}12`]);
        expect(headers.get("content-type"), query).to.equal("text/xml; charset=utf-8");
      }
      const plain = (await fetched(`${url}?wsdl`)).text;
      expect(plain).to.not.match(/soap12|Port12/);
      for (const query of [
        "WSDL",
        "wsdl=",
        "wsdl=1.1",
        "wsdl=1",
        "wsdl=2.0",
        "wsdl=1.20",
        "wsdl=x.wsdl",
        "x=1.2&wsdl",
      ]) {
        expect((await fetched(`${url}?${query}`)).text, query).to.equal(plain);
      }
      for (const query of ["1.2", "soap=1.2", "xwsdl=1.2"]) {
        const { headers } = await fetched(`${url}?${query}`);
        expect(headers.get("content-type"), query).to.equal("text/plain; charset=utf-8");
      }
    }
  });

  it("shows the address that the caller used at both ports", async () => {
    for (const { url } of endpoints()) {
      for (const headers of [
        { Host: "lpw.example.se:8443" },
        { Host: "lpw.example.se:8443", "X-Forwarded-Host": "a.example" },
      ]) {
        const served = await withHeaders(`${url}?wsdl=1.2`, headers);
        const expected = `http://lpw.example.se:8443${new URL(url).pathname}`;
        expect(attributes(served, "//soap:address | //soap12:address", "location")).to.deep.equal([
          expected,
          expected,
        ]);
      }
    }
  });

  it("shows publicUrl at both ports when that is set, and what a configured proxy says", async () => {
    for (const [settings, headers, expected] of [
      [{ publicUrl: "https://lpw.example.se/ladok" }, { Host: "inner" }, "https://lpw.example.se/ladok"],
      [
        { trustedProxies: ["127.0.0.1"] },
        { Host: "inner", "X-Forwarded-Host": "lpw.example.se", "X-Forwarded-Proto": "https" },
        "https://lpw.example.se",
      ],
    ] as const) {
      await withService({ settings }, async ({ url }) => {
        const served = await withHeaders(`${url}?wsdl=1.2`, headers);
        const address = expected + new URL(url).pathname;
        expect(attributes(served, "//soap:address | //soap12:address", "location")).to.deep.equal([
          address,
          address,
        ]);
      });
    }
  });

  it("is described beside ?wsdl on the endpoint's page", async () => {
    for (const { url } of endpoints()) {
      const { text } = await fetched(url);
      const { pathname } = new URL(url);
      expect(text).to.include(`${pathname}?wsdl\n`).and.include(`${pathname}?wsdl=1.2\n`);
    }
  });

  it("publishes the schema that answers in SOAP 1.2 follow", async () => {
    const { text } = await fetched(`${service.url}?wsdl=1.2`);
    const client = await clientOf(service.url, "?wsdl=1.2", { forceSoap12Headers: true });
    const { getKurs } = client.AdresslistaFacadeClientService.AdresslistaFacadeClientPort12;
    await promisify(getKurs)({
      arg0: USER,
      arg1: { Institution: "LVUX" },
    });
    expectValidResponse(String(client.lastResponse), text);
  });

  it("is read by the soap library, whose calls through the port are answered in SOAP 1.2", async () => {
    const client = await clientOf(service.url, "?wsdl=1.2", { forceSoap12Headers: true });
    const { getKurs } = client.AdresslistaFacadeClientService.AdresslistaFacadeClientPort12;
    const { return: answer } = await promisify(getKurs)({
      arg0: USER,
      arg1: { Institution: "LVUX", Termin: "262" },
    });
    expect(answer.valid).to.equal(true);
    expect(answer.KursInfoVO.map((kurs: { Kurskod: string }) => kurs.Kurskod)).to.include("ENGENG05");
    expectSoap12(client);
  });

  it("is read for the other service too", async () => {
    const url = new URL(UTILITY_ENDPOINT, service.url).href;
    const client = await clientOf(url, "?wsdl=1.2", { forceSoap12Headers: true });
    const { getInstitutionByKod } = client.UtilityFacadeClientService.UtilityFacadeClientPort12;
    const { return: answer } = await promisify(getInstitutionByKod)({ arg0: USER, arg1: "LVUX" });
    expect(answer).to.include({ kod: "LVUX", valid: true });
    expectSoap12(client);
  });

  it("gives the soap library faults of SOAP 1.2", async () => {
    const client = await clientOf(service.url, "?wsdl=1.2", { forceSoap12Headers: true });
    client.addSoapHeader({ unknown: { attributes: { "soap:mustUnderstand": "1" } } });
    const { getKurs } = client.AdresslistaFacadeClientService.AdresslistaFacadeClientPort12;
    const error = await promisify(getKurs)({ arg0: USER }).then(
      () => undefined,
      (thrown: { root?: { Envelope?: { Body?: { Fault?: unknown } } } }) => thrown,
    );
    const fault = error?.root?.Envelope?.Body?.Fault as { Code: { Value: string }; Reason: unknown };
    expect(fault.Code.Value).to.equal("soap:MustUnderstand");
    expect(JSON.stringify(fault.Reason)).to.include("A header that must be understood is not supported.");
    expectSoap12(client);
  });

  it("still serves a client that knows SOAP 1.1 alone, at the port of that", async () => {
    const client = await clientOf(service.url, "?wsdl=1.2");
    const { getKurs } = client.AdresslistaFacadeClientService.AdresslistaFacadeClientPort;
    const { return: answer } = await promisify(getKurs)({ arg0: USER, arg1: { Institution: "LVUX" } });
    expect(answer.valid).to.equal(true);
    expect(String(client.lastResponse)).to.include('"http://schemas.xmlsoap.org/soap/envelope/"');
  });
});

const USER = { uid: "larare", type: "2", authinfovo: { caller: "portal", ticket: { ticket: SECRET } } };

function clientOf(url: string, query: string, options: IOptions = {}): Promise<Client> {
  return createClientAsync(url + query, { ...options, disableCache: true });
}

function expectSoap12(client: Client): void {
  const namespace = '"http://www.w3.org/2003/05/soap-envelope"';
  expect(client.lastRequest).to.include(namespace);
  expect(String(client.lastResponse)).to.include(namespace);
  expect(client.lastResponseHeaders?.["content-type"]).to.equal("application/soap+xml; charset=utf-8");
}

async function fetched(url: string): Promise<{ headers: Headers; text: string }> {
  const answer = await fetch(url);
  expect(answer.status, url).to.equal(200);
  return { headers: answer.headers, text: await answer.text() };
}

/** With a Host of one's own, which fetch does not let through. */
function withHeaders(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve(Buffer.concat(chunks).toString("utf8"));
    })
      .on("error", reject)
      .end();
  });
}
