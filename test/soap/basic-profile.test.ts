/**
 * WS-I Basic Profile 1.1 (2006-04-10) and Simple SOAP Binding Profile 1.0, which has the rules for serialization that
 * Basic Profile 1.0 had: each rule for messages and for who receives them, against the real service over HTTP.
 *
 * Rules without a test here: for consumers (R1002, R1003, R1016, R1107, R1109, R1123, R1131, R2744, and R2745 but for
 * what the WSDLs say of it), for rpc-literal (R1007, R2214, R2737, R2755), for one-way operations (R1112, R2714, R2727,
 * R2750), for a soap:body whose `parts` is empty (R2213), for more than messages (R1030), and permissions that are not
 * made use of (R1110, R2742, R2743, R5000, R5001). Rules for descriptions: test/clients/ws-i.
 */
import { once } from "node:events";
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { XmlDocument, type XmlElement } from "libxml2-wasm";
import { after, before, describe, it } from "mocha";
import { UTILITY_ENDPOINT } from "../../lib/cli/mounts.js";
import { SAMPLE_EXPORT, SECRET, startTestService, type TestService } from "../support/service.js";
import { TNS, wsdlText } from "../support/soap-requests.js";
import { UTILITY_TNS, utilityWsdl } from "../support/utility.js";
import { expectValidResponse } from "../support/xsd.js";

const SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
const NAMESPACES = { s: SOAP };

const UTF_8 = "text/xml; charset=utf-8";
const UTF_16 = "text/xml; charset=utf-16";

interface Answer {
  readonly status: number;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

/** Callers: one that may all, and one whose check fails inside the service. */
const CALLERS = {
  portal: { institutions: "*" },
  trasig: { institutions: "*", secretHash: "skräp" },
} as const;

const arg0 = (caller = "portal", ticket = SECRET) =>
  `<arg0><authinfovo><caller>${caller}</caller><ticket><ticket>${ticket}</ticket></ticket></authinfovo><type>2</type><uid>larare</uid></arg0>`;
const call = (operation: string, rest: string, user = arg0(), namespace = TNS) =>
  `<n:${operation} xmlns:n="${namespace}">${user}${rest}</n:${operation}>`;
const envelope = (body: string, header = "") =>
  `<s:Envelope xmlns:s="${SOAP}">${header === "" ? "" : `<s:Header>${header}</s:Header>`}<s:Body>${body}</s:Body></s:Envelope>`;

const KURS = call("getKurs", "<arg1><Institution>LVUX</Institution><Termin>262</Termin></arg1>");
const GET_KURS = envelope(KURS);
const MUST_UNDERSTAND = '<p:policy xmlns:p="urn:example" s:mustUnderstand="1"/>';

/** By what they show. */
const CALLS: Readonly<Record<string, string>> = {
  courses: GET_KURS,
  occasions: envelope(call("getKursTf", "<arg1><Kurskod>ENGENG05</Kurskod><Termin>262</Termin></arg1>")),
  participants: envelope(
    call(
      "getAdrLista",
      "<arg1><KursTfVO><Kurskod>ENGENG05</Kurskod><Starttermin>262</Starttermin></KursTfVO><Email>true</Email><FFG>true</FFG></arg1>",
    ),
  ),
  "a missing parameter": envelope(call("getKurs", "<arg1/>")),
  "a wrong ticket": envelope(call("getKurs", "<arg1/>", arg0("portal", "fel"))),
};

const UTILITY_CALLS: Readonly<Record<string, string>> = {
  "all institutions": envelope(call("findAllInstitutions", "", arg0(), UTILITY_TNS)),
  "a course": envelope(call("getKursByKod", "<arg1>ENGENG05</arg1>", arg0(), UTILITY_TNS)),
  semesters: envelope(call("getCurrAndNextSemester", "", arg0(), UTILITY_TNS)),
};

interface Refused {
  readonly body: string | Buffer;
  readonly headers?: OutgoingHttpHeaders;
  readonly method?: string;
  readonly code: string;
  /** Where HTTP has a status of its own, and contract.md wants that instead of R1126's. */
  readonly status?: number;
}

/** Everything that gets a fault. */
const REFUSED: Readonly<Record<string, Refused>> = {
  text: { body: "hej", code: "Client" },
  nothing: { body: "", code: "Client" },
  "half an envelope": { body: GET_KURS.slice(0, -20), code: "Client" },
  "an element that is no envelope": { body: KURS, code: "Client" },
  "an envelope of another SOAP": {
    body: GET_KURS.replace(SOAP, "http://www.w3.org/2001/12/soap-envelope"),
    code: "VersionMismatch",
  },
  "a header that is not understood": { body: envelope(KURS, MUST_UNDERSTAND), code: "MustUnderstand" },
  "an operation that is not there": { body: envelope(call("getNothing", "")), code: "Client" },
  "a fault": { body: envelope("<s:Fault><faultcode>s:Server</faultcode></s:Fault>"), code: "Client" },
  "two operations": { body: envelope(KURS + KURS), code: "Client" },
  "no operation": { body: envelope(""), code: "Client" },
  "a document type": { body: `<!DOCTYPE s:Envelope>${GET_KURS}`, code: "Client" },
  "a processing instruction": { body: GET_KURS.replace("<s:Body>", "<?hej?><s:Body>"), code: "Client" },
  "corrupt compression": {
    body: gzipSync(GET_KURS).subarray(0, 40),
    headers: { "Content-Encoding": "gzip" },
    code: "Client",
  },
  "what fails inside": { body: envelope(call("getKurs", "<arg1/>", arg0("trasig"))), code: "Server" },
  "two megabytes": { body: GET_KURS + " ".repeat(2 * 1_048_576), code: "Client", status: 413 },
  JSON: { body: "{}", headers: { "Content-Type": "application/json" }, code: "Client", status: 415 },
  PUT: { body: GET_KURS, method: "PUT", code: "Client", status: 405 },
};

describe("WS-I Basic Profile 1.1", () => {
  let service: TestService;
  let utilityUrl: string;
  /** Real answers that are no faults, each with the WSDL that describes it. */
  const answers = new Map<string, { answer: Answer; wsdl: string }>();
  const faults = new Map<string, Answer>();

  before(async () => {
    service = await startTestService({ exportFile: SAMPLE_EXPORT, callers: CALLERS });
    utilityUrl = new URL(UTILITY_ENDPOINT, service.url).href;
    for (const [name, body] of Object.entries(CALLS))
      answers.set(name, { answer: await post(body), wsdl: wsdlText });
    for (const [name, body] of Object.entries(UTILITY_CALLS))
      answers.set(name, { answer: await post(body, {}, { url: utilityUrl }), wsdl: utilityWsdl });
    for (const [name, { body, headers = {}, method = "POST" }] of Object.entries(REFUSED))
      faults.set(name, await post(body, headers, { method }));
  });
  after(() => service.close());

  function post(
    body: string | Buffer,
    headers: OutgoingHttpHeaders = {},
    { url = service.url, method = "POST" } = {},
  ): Promise<Answer> {
    const sent: OutgoingHttpHeaders = { "Content-Type": UTF_8, SOAPAction: '""', ...headers };
    if (sent.SOAPAction === undefined) delete sent.SOAPAction;
    return new Promise((resolve, reject) => {
      request(url, { method, headers: sent, agent: false }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const bytes = Buffer.concat(chunks);
        const { statusCode: status = 0, httpVersion, headers: got } = response;
        resolve({ status, httpVersion, headers: got, bytes, text: bytes.toString("utf8") });
      })
        .on("error", reject)
        .end(body);
    });
  }

  /** Status line and all else that comes back for bytes that no HTTP client would send. */
  async function raw(sent: string): Promise<string> {
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.write(sent);
    await once(socket, "close");
    return Buffer.concat(chunks).toString("utf8");
  }

  /** For each answer, faults among them, and its parsed envelope. */
  function eachEnvelope(check: (root: XmlElement, name: string, answer: Answer) => void): void {
    expect(answers.size + faults.size).to.be.above(20);
    for (const [name, answer] of [
      ...[...answers].map(([key, { answer }]) => [key, answer] as const),
      ...faults,
    ]) {
      const document = XmlDocument.fromBuffer(answer.bytes);
      check(document.root, name, answer);
      document.dispose();
    }
  }

  function eachFault(check: (fault: XmlElement, name: string, answer: Answer) => void): void {
    for (const [name, answer] of faults) {
      const document = XmlDocument.fromBuffer(answer.bytes);
      const fault = document.get("/s:Envelope/s:Body/s:Fault", NAMESPACES);
      expect(fault, name).to.not.equal(null);
      check(fault as XmlElement, name, answer);
      document.dispose();
    }
  }

  async function expectCourses(answer: Answer | Promise<Answer>, what?: string): Promise<void> {
    const { status, bytes, text } = await answer;
    expect(status, `${what}: ${text}`).to.equal(200);
    expectValidResponse(bytes);
    expect(text, what).to.include("<Kurskod>ENGENG05</Kurskod>");
  }

  async function expectFault(answer: Answer | Promise<Answer>, code: string, what?: string): Promise<void> {
    const { text, status } = await answer;
    expect(text, what).to.include(`<faultcode>soap:${code}</faultcode>`);
    expect(status, what).to.equal(500);
  }

  it("is tried on answers that say something", () => {
    expect(answers.get("courses")?.answer.text).to.include("<KursInfoVO>");
    expect(answers.get("occasions")?.answer.text).to.include("<KursTfVO>");
    expect(answers.get("participants")?.answer.text).to.match(/<AdrListEntVO>.*<EmailList>/);
    expect(answers.get("a missing parameter")?.answer.text).to.include("<valid>false</valid>");
    expect(answers.get("all institutions")?.answer.text.match(/<return>/g)).to.have.length.above(1);
    expect(answers.get("a course")?.answer.text).to.include("<poang>");
  });

  describe("3.1 SOAP envelope", () => {
    it("R9980: an answer is an Envelope of SOAP 1.1 with a Body, as it defines them", () => {
      eachEnvelope((root, name) => {
        expect([root.namespaceUri, root.name], name).to.deep.equal([SOAP, "Envelope"]);
        const parts = elements(root).map((part) => `${part.namespaceUri} ${part.name}`);
        expect(parts, name).to.deep.equal([`${SOAP} Body`]);
      });
    });

    it("R9981: an answer's Body has one child; a request with two is refused", async () => {
      eachEnvelope((root, name) => expect(root.find("s:Body/*", NAMESPACES), name).to.have.length(1));
      await expectFault(post(envelope(KURS + KURS)), "Client");
    });

    it("R1014: the child of an answer's Body has a namespace; one without it in a request is read, by contract", async () => {
      eachEnvelope((root, name) => {
        const child = root.get("s:Body/*", NAMESPACES) as XmlElement;
        expect(child.namespaceUri, name).to.not.equal("");
      });
      await expectCourses(
        post(GET_KURS.replace(`<n:getKurs xmlns:n="${TNS}">`, "<getKurs>").replace("</n:", "</")),
      );
    });

    it("R1015: a document whose element is no soap:Envelope gets a fault", async () => {
      await expectFault(post(KURS), "Client");
      await expectFault(post(GET_KURS.replaceAll("Envelope", "envelope")), "Client");
      await expectFault(post(GET_KURS.replace(SOAP, "urn:other")), "VersionMismatch");
    });

    it("R1008: no answer has a document type; a request with one gets a fault", async () => {
      eachEnvelope((_root, name, { text }) => expect(text, name).to.not.include("<!"));
      await expectFault(post(`<!DOCTYPE s:Envelope [<!ENTITY e "x">]>${GET_KURS}`), "Client");
    });

    it("R1009: no answer has a processing instruction; a request with one gets a fault", async () => {
      eachEnvelope((root, name, { text }) => {
        expect(root.find("//processing-instruction()"), name).to.have.length(0);
        expect(text.match(/<\?/g), name).to.have.length(1);
      });
      await expectFault(post(`<?xml-stylesheet href="a"?>${GET_KURS}`), "Client");
    });

    it("R1033, R9704: no answer declares the prefix xml; a request that does is read", async () => {
      eachEnvelope((_root, name, { text }) => expect(text, name).to.not.include("xmlns:xml="));
      const declaring = GET_KURS.replace(
        "<s:Body",
        '<s:Body xmlns:xml="http://www.w3.org/XML/1998/namespace"',
      );
      await expectCourses(post(declaring));
    });

    it("R1032: no answer has SOAP's attributes on Envelope or Body; in a request they are passed over", async () => {
      eachEnvelope((root, name) =>
        expect(root.find("self::*/@s:* | s:Header/@s:* | s:Body/@s:*", NAMESPACES), name).to.have.length(0),
      );
      await expectCourses(post(GET_KURS.replace("<s:Body", '<s:Body s:encodingStyle=""')));
    });

    it("R1011: nothing follows the Body in an answer; what does in a request is passed over", async () => {
      eachEnvelope((root, name) => expect(elements(root).at(-1)?.name, name).to.equal("Body"));
      await expectCourses(post(GET_KURS.replace("</s:Body>", '</s:Body><x:y xmlns:x="urn:x"/>')));
    });

    it("R1005, R1006: no answer has an encodingStyle; a request with one is read, by contract", async () => {
      eachEnvelope((root, name) =>
        expect(root.find("//@s:encodingStyle", NAMESPACES), name).to.have.length(0),
      );
      const encoded = KURS.replace(">", ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">');
      await expectCourses(post(envelope(encoded)));
    });

    it("R1013: mustUnderstand is 1 or 0, no answer has it, and true is read like 1", async () => {
      eachEnvelope((root, name) =>
        expect(root.find("//@s:mustUnderstand", NAMESPACES), name).to.have.length(0),
      );
      for (const [written, code] of [
        ["1", "MustUnderstand"],
        ["0", undefined],
        ["true", "MustUnderstand"],
      ] as const) {
        const answer = await post(envelope(KURS, MUST_UNDERSTAND.replace('"1"', `"${written}"`)));
        if (code === undefined) await expectCourses(answer, written);
        else await expectFault(answer, code, written);
      }
    });

    it("R1017: no request needs an xsi:type, and one that has it is read too", async () => {
      await expectCourses(post(GET_KURS));
      const xsi = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"';
      await expectCourses(post(GET_KURS.replace("<arg1>", `<arg1 ${xsi} i:type="n:adrListVO">`)));
    });
  });

  describe("3.2 SOAP processing model", () => {
    it("R1025: all headers are looked at before anything of the body", async () => {
      const last = `<a:b xmlns:a="urn:a"/>${MUST_UNDERSTAND}`;
      for (const body of [KURS, call("getNothing", ""), KURS + KURS, ""])
        await expectFault(post(envelope(body, last)), "MustUnderstand", body);
    });

    it("R1027: a header that must be understood, is for us and is not understood gets MustUnderstand", async () => {
      const next = "http://schemas.xmlsoap.org/soap/actor/next";
      for (const [actor, isOurs] of [
        ["", true],
        [next, true],
        ["urn:somebody-else", false],
      ] as const) {
        const answer = await post(envelope(KURS, MUST_UNDERSTAND.replace("/>", ` s:actor="${actor}"/>`)));
        if (isOurs) await expectFault(answer, "MustUnderstand", actor);
        else await expectCourses(answer, actor);
      }
    });

    it("R1027: WS-Security and WS-Addressing, which .NET always marks so, are understood by contract", async () => {
      for (const [namespace, name] of [
        ["http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd", "Security"],
        ["http://www.w3.org/2005/08/addressing", "To"],
        ["http://schemas.xmlsoap.org/ws/2004/08/addressing", "Action"],
      ])
        await expectCourses(
          post(envelope(KURS, `<h:${name} xmlns:h="${namespace}" s:mustUnderstand="1"/>`)),
          name,
        );
    });

    it("R1028, R1029: a fault stands in place of the answer, and nothing of the answer beside it", async () => {
      eachFault((fault, name, { text }) => {
        expect(fault.parent?.find("*"), name).to.have.length(1);
        expect(text, name).to.not.match(/Response|<return>|<KursInfoVO>/);
      });
    });

    it("R2739: headers that no WSDL describes are passed over, several of a kind too", async () => {
      const trace = '<t:trace xmlns:t="urn:example">1</t:trace>';
      await expectCourses(post(envelope(KURS, trace + trace)));
    });
  });

  describe("3.3 SOAP faults", () => {
    it("R1000: a fault has no other children than faultcode and faultstring", () => {
      eachFault((fault, name) =>
        expect(
          elements(fault).map((child) => child.name),
          name,
        ).to.deep.equal(["faultcode", "faultstring"]),
      );
    });

    it("R1001: the children of a fault have no namespace", () => {
      eachFault((fault, name) =>
        expect(
          elements(fault).map((child) => child.namespaceUri),
          name,
        ).to.deep.equal(["", ""]),
      );
    });

    it("R1004: a fault's code is one of SOAP 1.1, as a QName whose prefix is declared", () => {
      eachFault((fault, name) => {
        const [prefix = "", local] = codeOf(fault).split(":");
        expect(fault.namespaceForPrefix(prefix), name).to.equal(SOAP);
        expect(local, name).to.equal(REFUSED[name]?.code);
      });
    });

    it("R1031: a fault's code has no dot", () => {
      eachFault((fault, name) => expect(codeOf(fault), name).to.not.include("."));
    });
  });

  describe("3.4 SOAP in HTTP", () => {
    it("R1140, R1141: answers are HTTP/1.1, to HTTP/1.0 too", async () => {
      eachEnvelope((_root, name, { httpVersion }) => expect(httpVersion, name).to.equal("1.1"));
      const length = Buffer.byteLength(GET_KURS);
      const { pathname } = new URL(service.url);
      const head = `POST ${pathname} HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: ${length}\r\n\r\n`;
      expect(await raw(head + GET_KURS))
        .to.match(/^HTTP\/1\.1 200 OK\r\n/)
        .and.include("getKursResponse");
    });

    it("R1132, R1114: another method than POST calls nothing, and gets 405 with what is allowed", async () => {
      for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS"]) {
        const answer = await post(GET_KURS, {}, { method });
        expect([answer.status, answer.headers.allow], method).to.deep.equal([405, "GET, POST"]);
        expect(answer.text, method).to.not.include("getKursResponse");
      }
      expect((await post(GET_KURS, {}, { method: "GET" })).text).to.not.include("getKursResponse");
    });

    it("R1108, R1125: M-POST of the HTTP Extension Framework gets a 4xx", async () => {
      const { pathname } = new URL(service.url);
      expect(await raw(`M-POST ${pathname} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`)).to.match(
        /^HTTP\/1\.1 4\d\d /,
      );
    });

    it("R1127: no value of SOAPAction changes what is called; R1119: one without quotes is no fault", async () => {
      for (const action of ['""', "", '"getKursTf"', "getKurs", '"urn:other#getAdrLista"', "*"])
        await expectCourses(post(GET_KURS, { SOAPAction: action }), action);
      await expectCourses(post(GET_KURS, { SOAPAction: undefined }), "none");
    });

    it("R2745: the WSDLs have the empty soapAction for which requests send the empty string in quotes", () => {
      for (const wsdl of [wsdlText, utilityWsdl])
        expect(new Set(wsdl.match(/soapAction="[^"]*"/g))).to.deep.equal(new Set(['soapAction=""']));
    });

    it("R1124, R1111: an answer that is no fault has 200, valid=false among them", () => {
      for (const [name, { answer }] of answers) expect(answer.status, name).to.equal(200);
    });

    it("R1126: a fault has 500; by contract not what is too large, of another method or another media type", () => {
      const others: string[] = [];
      eachFault((_fault, name, { status }) => {
        expect(status, name).to.equal(REFUSED[name]?.status ?? 500);
        if (status !== 500) others.push(name);
      });
      expect(others).to.deep.equal(["two megabytes", "JSON", "PUT"]);
    });

    it("R1113, R1125: a request that is no HTTP gets 400; one that is no XML gets a fault, and so R1126's 500", async () => {
      for (const malformed of ["hej\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"])
        expect(await raw(malformed), malformed).to.match(/^HTTP\/1\.1 400 /);
      await expectFault(post("<s:Envelope"), "Client");
    });

    it("R1115: a media type that the WSDL does not permit gets 415; by contract some that are near it do not", async () => {
      for (const type of [
        "application/json",
        "text/plain",
        "multipart/related",
        "application/x-www-form-urlencoded",
      ])
        expect((await post(GET_KURS, { "Content-Type": type })).status, type).to.equal(415);
      for (const type of ["text/xml", "application/xml", "application/soap+xml"])
        await expectCourses(post(GET_KURS, { "Content-Type": type }), type);
    });

    it("R1130: nothing is redirected", async () => {
      for (const path of [
        "/",
        "/cxf",
        "/cxf/AdresslistaFetcher/",
        "/cxf/adresslistafetcher",
        "//cxf/AdresslistaFetcher",
      ]) {
        const { status } = await post(GET_KURS, {}, { url: new URL(service.url).origin + path });
        expect(status, path).to.equal(404);
      }
    });

    it("R1121, R1122: no cookie is set, and one that is sent changes nothing", async () => {
      eachEnvelope((_root, name, { headers }) =>
        expect(headers, name).to.not.have.any.keys("set-cookie", "set-cookie2"),
      );
      await expectCourses(post(GET_KURS, { Cookie: "JSESSIONID=1" }));
    });
  });

  describe("4 what the WSDL says of messages", () => {
    it("R2712: an answer's Body has the element that the WSDL's message refers to, valid by its schema", () => {
      for (const [name, { answer, wsdl }] of answers) {
        expectValidResponse(answer.bytes, wsdl);
        const [, local = ""] = /<soap:Body><ns2:(\w+) /.exec(answer.text) ?? [];
        expect(wsdl, name).to.include(`<wsdl:part name="parameters" element="tns:${local}"/>`);
      }
    });

    it("R2212, R2301: an answer has the one part that its message has", () => {
      for (const wsdl of [wsdlText, utilityWsdl])
        expect(wsdl)
          .to.match(/<wsdl:message /)
          .and.not.match(/<\/?wsdl:part[^>]*>\s*<wsdl:part/);
      eachEnvelope((root, name) => expect(root.find("s:Body/*", NAMESPACES), name).to.have.length(1));
    });

    it("R2729, R2735: an answer's element is called after its operation, and what is in it has no namespace", () => {
      for (const [name, { answer }] of answers) {
        const document = XmlDocument.fromBuffer(answer.bytes);
        const wrapper = document.get("/s:Envelope/s:Body/*", NAMESPACES) as XmlElement;
        expect(wrapper.name, name).to.match(/^(get|find)\w+Response$/);
        const below = wrapper.find("descendant::*") as XmlElement[];
        expect(
          below.filter((element) => element.namespaceUri !== ""),
          name,
        ).to.deep.equal([]);
        document.dispose();
      }
    });

    it("R2211: nothing in an answer is nil; what is nil in a request is absent", async () => {
      eachEnvelope((_root, name, { text }) => expect(text, name).to.not.match(/\bnil=|XMLSchema-instance/));
      const nil = '<Kurskod xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>';
      await expectCourses(post(GET_KURS.replace("<arg1>", `<arg1>${nil}`)));
    });

    it("R2738: no answer has a header, as no WSDL has a soap:header", () => {
      eachEnvelope((root, name) => expect(root.find("s:Header", NAMESPACES), name).to.have.length(0));
      expect(wsdlText + utilityWsdl).to.not.include("soap:header");
    });

    it("R2724: an envelope that is not as the WSDL has it gets a Client fault, where reading liberally ends", async () => {
      for (const body of [call("getNothing", ""), "", KURS + KURS, "hej"])
        await expectFault(post(envelope(body)), "Client", body);
    });

    it("R2724: by contract what can be read for certain is: order, case, unknown elements, other namespaces", async () => {
      const [institution, termin] = ["<Institution>LVUX</Institution>", "<Termin>262</Termin>"];
      for (const arg1 of [
        termin + institution,
        `<x/>${institution}<y>1</y>${termin}`,
        (institution + termin).toUpperCase(),
      ])
        await expectCourses(post(envelope(call("getKurs", `<arg1>${arg1}</arg1>`))), arg1);
      await expectCourses(post(GET_KURS.replace(TNS, "urn:other")));
    });

    it("R2725: VersionMismatch is looked for first, then MustUnderstand, then Client", async () => {
      const everything = envelope(call("getNothing", "") + KURS, MUST_UNDERSTAND);
      await expectFault(post(everything.replace(SOAP, "urn:soap")), "VersionMismatch");
      await expectFault(post(everything), "MustUnderstand");
      await expectFault(post(everything.replace('mustUnderstand="1"', 'mustUnderstand="0"')), "Client");
    });
  });

  describe("Simple SOAP Binding Profile 1.0", () => {
    it("R9700, R9702, R9703: an answer is text/xml, and the envelope alone is its body", () => {
      eachEnvelope((_root, name, { headers, text, bytes }) => {
        expect(headers["content-type"], name).to.match(/^text\/xml;/);
        expect(headers["content-length"], name).to.equal(String(bytes.length));
        expect(text, name).to.match(/^<\?xml .*<\/soap:Envelope>$/s);
      });
    });

    it("R9701, R1012, R1018: an answer is XML 1.0 in UTF-8, as its Content-Type says", () => {
      eachEnvelope((_root, name, { headers, text, bytes }) => {
        expect(text, name).to.match(/^<\?xml version="1\.0" encoding="UTF-8"\?>/);
        expect(headers["content-type"], name).to.equal(UTF_8);
        expect(Buffer.from(text, "utf8").equals(bytes), name).to.equal(true);
      });
      expect(answers.get("courses")?.answer.text).to.match(/[åäö]/);
    });

    it("R1012: requests are read in UTF-8 and UTF-16", async () => {
      await expectFound(post(SWEDISH), "UTF-8");
      const utf16 = Buffer.from(`\ufeff${SWEDISH}`, "utf16le");
      await expectFound(post(utf16, { "Content-Type": UTF_16 }), "UTF-16");
    });

    it("R4001: a byte order mark is read", async () => {
      await expectFound(post(`\ufeff${SWEDISH}`), "UTF-8 with a mark");
      await expectFound(
        post(Buffer.from(`\ufeff${SWEDISH}`, "utf16le").swap16(), { "Content-Type": UTF_16 }),
        "UTF-16BE with a mark",
      );
    });

    it("R1010: an XML declaration is read, and not needed", async () => {
      await expectFound(post(SWEDISH), "none");
      await expectFound(post(`<?xml version="1.0"?>${SWEDISH}`), "with a version");
      await expectFound(post(`<?xml version="1.0" encoding="utf-8"?>\n${SWEDISH}`), "with an encoding");
    });

    it("R1019: the declaration's encoding is passed over where the Content-Type says one; alone it is believed, by contract", async () => {
      const declared = `<?xml version="1.0" encoding="ISO-8859-1"?>${SWEDISH}`;
      await expectFound(post(declared), "charset=utf-8");
      await expectFound(post(Buffer.from(declared, "latin1"), { "Content-Type": "text/xml" }), "no charset");
    });
  });

  /** The course is found only where its Ö is read as it was meant. */
  const SWEDISH = envelope(call("getKursTf", "<arg1><Kurskod>FÖRFÖR1</Kurskod><Termin>262</Termin></arg1>"));

  async function expectFound(answer: Promise<Answer>, what: string): Promise<void> {
    const { status, text } = await answer;
    expect(status, `${what}: ${text}`).to.equal(200);
    expect(text, what).to.include("<Kurskod>FÖRFÖR1</Kurskod>").and.include("<valid>true</valid>");
  }
});

function elements(parent: XmlElement): XmlElement[] {
  return parent.find("*") as XmlElement[];
}

function codeOf(fault: XmlElement): string {
  return fault.get("faultcode")?.content ?? "";
}
