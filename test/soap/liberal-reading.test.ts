import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { arg1Of, call, decode, envelope, service, TNS } from "../support/soap-requests.js";

const occasion = { typ: "FFG", Kurskod: "MATMAT02b", Starttermin: "091" };

describe("the gate reads liberally", () => {
  it("a plain call", () => {
    const request = envelope(
      "<n:getKurs><arg0><authinfovo><caller>demo</caller><ticket><authLevel>3</authLevel><ticket>hemlig</ticket>" +
        "</ticket></authinfovo><type>2</type><uid>larare</uid><valid>true</valid></arg0>" +
        "<arg1><Institution>A</Institution><Termin>091</Termin></arg1></n:getKurs>",
    );
    expect(decode(request)).to.deep.equal({
      version: "1.1",
      operation: "getKurs",
      args: {
        arg0: {
          authinfovo: { caller: "demo", ticket: { authLevel: 3, ticket: "hemlig" } },
          type: "2",
          uid: "larare",
          valid: true,
        },
        arg1: { Institution: "A", Termin: "091" },
      },
    });
  });

  it("SOAP 1.2", () => {
    const request = envelope("<n:getKurs><arg1><Termin>091</Termin></arg1></n:getKurs>", { version: "1.2" });
    expect(decode(request, "application/soap+xml")).to.deep.equal({
      version: "1.2",
      operation: "getKurs",
      args: { arg1: { Termin: "091" } },
    });
  });

  for (const [what, operation] of [
    [
      "in the target namespace as default",
      `<getKurs xmlns="${TNS}"><arg1><Termin>091</Termin></arg1></getKurs>`,
    ],
    ["in no namespace", "<getKurs><arg1><Termin>091</Termin></arg1></getKurs>"],
    ["in another namespace", '<x:getKurs xmlns:x="urn:x"><x:arg1><Termin>091</Termin></x:arg1></x:getKurs>'],
    ["qualified below", "<n:getKurs><n:arg1><n:Termin>091</n:Termin></n:arg1></n:getKurs>"],
    ["in another case", "<n:GETKURS><ARG1><termin>091</termin></ARG1></n:GETKURS>"],
  ] as const) {
    it(`an operation ${what}`, () => {
      const read = decode(envelope(operation));
      expect(read.operation).to.equal("getKurs");
      expect(read.args).to.deep.equal({ arg1: { Termin: "091" } });
    });
  }

  it("elements in any order and case, and ignores those it does not know", () => {
    const read = arg1Of(
      "<email>1</email><new><Termin>x</Termin></new><KURSTFVO><STARTTERMIN>091</STARTTERMIN><x/>" +
        "<kurskod>MATMAT02b</kurskod><TYP>FFG</TYP></KURSTFVO><termin>092</termin>",
    );
    expect(read).to.deep.equal({ Email: true, KursTfVO: [occasion], Termin: "092" });
  });

  it("typ under the names that T04's tables give it", () => {
    for (const name of ["KursTFtyp", "kurstftyp", "Typ", "typ"]) {
      expect(arg1Of(`<KursTfVO><${name}>FORT</${name}></KursTfVO>`)).to.deep.equal({
        KursTfVO: [{ typ: "FORT" }],
      });
    }
  });

  it("absent, empty, blank and nil as the same, in objects and lists too", () => {
    expect(
      arg1Of(
        '<Institution/><Termin> \n </Termin><Kurskod xsi:nil="true">A</Kurskod><Email/><FFG xsi:nil="1"/>' +
          '<KursTfVO/><KursTfVO xsi:nil="true"><Kurskod>A</Kurskod></KursTfVO><KursInfoVO><Kurskod/></KursInfoVO>' +
          "<EmailList/>",
      ),
    ).to.equal(undefined);
    expect(decode(envelope('<n:getKurs><arg0 xsi:nil="true"/></n:getKurs>')).args).to.deep.equal({});
    expect(decode(envelope("<n:getKurs/>")).args).to.deep.equal({});
  });

  it("trims blanks, joins CDATA, and passes over comments", () => {
    expect(arg1Of("<Kurskod>\n  MAT<!-- x --><![CDATA[MA<T]]>&#48;2b\t</Kurskod>")).to.deep.equal({
      Kurskod: "MATMA<T02b",
    });
  });

  it("booleans as true, false, 1 and 0, and tells what is none", () => {
    expect(arg1Of("<Email>true</Email><FFG> 1 </FFG><FO>false</FO><OM>0</OM>")).to.deep.equal({
      Email: true,
      FFG: true,
      FO: false,
      OM: false,
    });
    for (const text of ["?", "TRUE", "ja", "2"]) {
      expect(arg1Of(`<Email>${text}</Email>`)).to.deep.equal({ Email: { invalidBoolean: text } });
    }
  });

  it("ints that are ints, others as absent", () => {
    const level = (text: string) =>
      decode(
        envelope(
          `<n:getKurs><arg0><authinfovo><ticket><ticket>x</ticket><authLevel>${text}</authLevel></ticket></authinfovo></arg0></n:getKurs>`,
        ),
      ).args.arg0;
    const read = (authLevel?: number) => ({
      authinfovo: { ticket: { ticket: "x", ...(authLevel === undefined ? {} : { authLevel }) } },
    });
    expect(level("-2147483648")).to.deep.equal(read(-2147483648));
    for (const text of ["?", "2147483648", "1.5", "1e3", ""]) expect(level(text), text).to.deep.equal(read());
  });

  it("the first of an element that says something, where the schema has one", () => {
    expect(arg1Of("<Termin/><Termin>091</Termin><termin>092</termin>")).to.deep.equal({ Termin: "091" });
  });

  it("one element of a list as a list, and several in their order", () => {
    expect(arg1Of("<EmailList>a</EmailList>")).to.deep.equal({ EmailList: ["a"] });
    expect(arg1Of("<EmailList>a</EmailList><Termin>091</Termin><EmailList>b</EmailList>")).to.deep.equal({
      EmailList: ["a", "b"],
      Termin: "091",
    });
  });

  for (const [what, list] of [
    [
      "items called item",
      '<KursTfVO xsi:type="enc:Array" enc:arrayType="n:kursTfVO[2]"><item>A</item><item>B</item></KursTfVO>',
    ],
    ["items after the type", "<KursTfVO><kursTfVO>A</kursTfVO><KursTfVO>B</KursTfVO></KursTfVO>"],
    ["items after the field", "<KursTfVO><KursTfVO>A</KursTfVO><KursTfVO>B</KursTfVO></KursTfVO>"],
    ["items called item, untyped", "<KursTfVO><item>A</item><item>B</item></KursTfVO>"],
    ["items of any name in a typed array", '<KursTfVO xsi:type="enc:Array"><x>A</x><y>B</y></KursTfVO>'],
    ["an array for each", "<KursTfVO><item>A</item></KursTfVO><KursTfVO><item>B</item></KursTfVO>"],
  ] as const) {
    it(`a SOAP-encoded array: ${what}`, () => {
      const filled = list.replace(/>([AB])</g, "><Kurskod>$1</Kurskod><");
      expect(arg1Of(filled)).to.deep.equal({ KursTfVO: [{ Kurskod: "A" }, { Kurskod: "B" }] });
    });
  }

  it("a SOAP-encoded array of strings, and an empty one", () => {
    expect(
      arg1Of(
        '<EmailList xsi:type="enc:Array" enc:arrayType="xsd:string[2]"><item>a</item><string>b</string></EmailList>',
      ),
    ).to.deep.equal({ EmailList: ["a", "b"] });
    expect(arg1Of('<EmailList xsi:type="enc:Array" enc:arrayType="xsd:string[0]"/>')).to.equal(undefined);
  });

  it("Apache's Map, which soap4r and PHP make of a hash when they have no WSDL", () => {
    const map = (entries: Record<string, string>) =>
      Object.entries(entries)
        .map(([key, value]) => `<item><key xsi:type="xsd:string">${key}</key>${value}</item>`)
        .join("");
    const arg1 = map({
      Termin: '<value xsi:type="xsd:string">091</value>',
      KursTfVO:
        `<value xsi:type="enc:Array"><item xsi:type="m:Map">${map({ typ: "<value>FFG</value>", Kurskod: "<value>A</value>" })}</item>` +
        `<item xsi:type="m:Map">${map({ Kurskod: '<value href="#k"/>' })}</item></value>`,
      KursInfoVO: `<value xsi:type="m:Map">${map({ Kurskod: "<value>C</value>", Institution: "<value/>" })}</value>`,
      constructor: "<value>x</value>",
      Email: "<value>1</value>",
      OM: "",
    });
    const request = envelope(
      '<n:getAdrLista xmlns:m="http://xml.apache.org/xml-soap">' +
        `<param0 xsi:type="m:Map">${map({ uid: "<value>larare</value>" })}</param0>` +
        `<param1 xsi:type="m:Map">${arg1}<item/><item><key>Kurskod</key></item>` +
        '<item><key href="#f"/><value>true</value></item></param1></n:getAdrLista>' +
        '<multiRef id="k">B</multiRef><key id="f">FFG</key>',
    );
    expect(decode(request).args).to.deep.equal({
      arg0: { uid: "larare" },
      arg1: {
        Termin: "091",
        KursTfVO: [{ typ: "FFG", Kurskod: "A" }, { Kurskod: "B" }],
        KursInfoVO: [{ Kurskod: "C" }],
        Email: true,
        FFG: true,
      },
    });
  });

  it("text that SOAP::Lite packed as base64, in UTF-8 or ISO-8859-1, and ignores other types", () => {
    const packed = (bytes: Buffer, type = "xsd:base64Binary") =>
      arg1Of(`<Kurskod xsi:type="${type}">${bytes.toString("base64")}</Kurskod>`);
    expect(packed(Buffer.from("GRNSVÅÄÖ", "utf8"))).to.deep.equal({ Kurskod: "GRNSVÅÄÖ" });
    expect(packed(Buffer.from("GRNSVÅÄÖ", "latin1"))).to.deep.equal({ Kurskod: "GRNSVÅÄÖ" });
    expect(packed(Buffer.from("Å", "utf8"), "enc:base64")).to.deep.equal({ Kurskod: "Å" });
    expect(arg1Of('<Kurskod xsi:type="xsd:base64Binary">no base64!</Kurskod>')).to.deep.equal({
      Kurskod: "no base64!",
    });
    // SOAP::Lite's stubs declare only the prefixes of the WSDL, which calls XML Schema otherwise.
    expect(packed(Buffer.from("VÅRVÅR01", "utf8"), "undeclared:base64Binary")).to.deep.equal({
      Kurskod: "VÅRVÅR01",
    });
    for (const type of ["xsd:int", "n:nothing", "unbound:string", "", "base64Binary", "n:base64Binary"]) {
      expect(arg1Of(`<Termin xsi:type="${type}">0911</Termin>`), type).to.deep.equal({ Termin: "0911" });
    }
  });

  it("arguments by type name, or by place, when they have none of ours", () => {
    const expected = { arg0: { uid: "larare" }, arg1: { Termin: "091" } };
    const read = (content: string) => decode(envelope(`<n:getKurs>${content}</n:getKurs>`)).args;
    expect(read("<arg1><Termin>091</Termin></arg1><arg0><uid>larare</uid></arg0>")).to.deep.equal(expected);
    expect(
      read("<adrListVO><Termin>091</Termin></adrListVO><userVO><uid>larare</uid></userVO>"),
    ).to.deep.equal(expected);
    expect(
      read(
        '<c-gensym5 xsi:type="n:AdrListVO"><Termin>091</Termin></c-gensym5><c-gensym3 xsi:type="n:UserVO"><uid>larare</uid></c-gensym3>',
      ),
    ).to.deep.equal(expected);
    expect(
      read("<c-gensym3><uid>larare</uid></c-gensym3><c-gensym5><Termin>091</Termin></c-gensym5>"),
    ).to.deep.equal(expected);
    expect(read("<arg0><uid>larare</uid></arg0><x><Termin>091</Termin></x>")).to.deep.equal({
      arg0: expected.arg0,
    });
  });

  it("Axis' multiRefs beside the operation, before or after it, shared ones too", () => {
    const operation = '<n:getAdrLista enc:root="1"><arg0 href="#id0"/><arg1 href="#id1"/></n:getAdrLista>';
    const targets =
      '<multiRef id="id0" enc:root="0"><uid>larare</uid></multiRef>' +
      '<multiRef id="id1"><KursTfVO xsi:type="enc:Array"><item href="#id2"/><item href="#id3"/></KursTfVO>' +
      '<Email href="#id4"/><OM href="#id4"/></multiRef>' +
      '<multiRef id="id2"><typ>FFG</typ><Kurskod href="#id5"/></multiRef>' +
      '<multiRef id="id3"><typ>FORT</typ><Kurskod href="#id5"/></multiRef>' +
      '<multiRef id="id4" xsi:type="xsd:boolean">true</multiRef><multiRef id="id5">MATMAT02b</multiRef>';
    const expected = {
      arg0: { uid: "larare" },
      arg1: {
        KursTfVO: [
          { typ: "FFG", Kurskod: "MATMAT02b" },
          { typ: "FORT", Kurskod: "MATMAT02b" },
        ],
        Email: true,
        OM: true,
      },
    };
    expect(decode(envelope(operation + targets)).args).to.deep.equal(expected);
    expect(decode(envelope(targets + operation)).args).to.deep.equal(expected);
  });

  it("an array that is itself a multiRef, and an operation that has an id too", () => {
    const request = envelope(
      '<n:getAdrLista id="o"><arg1><EmailList href="#a"/></arg1></n:getAdrLista>' +
        '<multiRef id="a" xsi:type="enc:Array"><item>x</item><item>y</item></multiRef>',
    );
    expect(decode(request).args).to.deep.equal({ arg1: { EmailList: ["x", "y"] } });
  });

  it("SOAP 1.2's enc:ref", () => {
    const request = envelope(
      '<n:getAdrLista xmlns:e="http://www.w3.org/2003/05/soap-encoding"><arg1><Kurskod e:id="k">A</Kurskod>' +
        '<Institution e:ref="k"/></arg1></n:getAdrLista>',
      { version: "1.2" },
    );
    expect(decode(request).args).to.deep.equal({ arg1: { Kurskod: "A", Institution: "A" } });
  });

  it("names that are JavaScript's own, without effect", () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];
    const hostile = names.map((name) => `<${name}><uid>x</uid></${name}>`).join("");
    const request = envelope(
      `<n:getKurs>${hostile}<arg0>${hostile}<uid>larare</uid></arg0><arg1 __proto__="x" constructor="y">${hostile}</arg1></n:getKurs>`,
    );
    const { args } = decode(request);
    expect(args).to.deep.equal({ arg0: { uid: "larare" } });
    expect(Object.getPrototypeOf(args.arg0)).to.equal(Object.prototype);
    expect(({} as { uid?: string }).uid).to.equal(undefined);
  });

  it("SoapUI's untouched sample, with a question mark in every leaf", () => {
    const read = arg1Of(
      "<!--Optional:--><Institution>?</Institution><KursTfVO><typ>?</typ></KursTfVO><OM>?</OM>",
    );
    expect(read).to.deep.equal({ Institution: "?", KursTfVO: [{ typ: "?" }], OM: { invalidBoolean: "?" } });
  });

  it("a WS-Security user name with its password as text", () => {
    const wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    const profile = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";
    const token = (type: string) =>
      decode(
        envelope("<n:getKurs/>", {
          header:
            `<w:Security xmlns:w="${wsse}" s:mustUnderstand="1"><w:UsernameToken><w:Username>demo</w:Username>` +
            `<w:Password${type}>hemlig</w:Password></w:UsernameToken></w:Security>`,
        }),
      ).usernameToken;
    expect(token("")).to.deep.equal({ username: "demo", password: "hemlig" });
    expect(token(` Type="${profile}#PasswordText"`)).to.deep.equal({ username: "demo", password: "hemlig" });
    expect(token(` Type="${profile}#PasswordDigest"`)).to.equal(undefined);
  });

  it("WS-Addressing headers that must be understood, and headers for others", () => {
    const header =
      '<a:Action xmlns:a="http://www.w3.org/2005/08/addressing" s:mustUnderstand="1">x</a:Action>' +
      '<t:T xmlns:t="urn:t" s:mustUnderstand="1" s:actor="http://other.example/"/><t:U xmlns:t="urn:t" s:mustUnderstand="0"/>';
    expect(decode(envelope("<n:getKurs/>", { header })).operation).to.equal("getKurs");
  });

  it("every way of writing a call as the plain one", () => {
    fc.assert(
      fc.property(VALUES, fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), (values, dice) => {
        const plain = decode(call(written(values, []))).args;
        const varied = decode(call(written(values, dice))).args;
        expect(varied).to.deep.equal(plain);
      }),
      { numRuns: 300 },
    );
  });
});

describe("what was read", () => {
  it("can be written again as it was", () => {
    fc.assert(
      fc.property(VALUES, (values) => {
        const { arg1 = {} } = decode(call(written(values, []))).args;
        const echoed = service.encodeElement("arg1", "adrListVO", arg1 as never).toString();
        const again = decode(envelope(`<n:getKurs>${echoed}</n:getKurs>`)).args.arg1;
        const booleans = { Email: false, FFG: false, FO: false, OM: false, valid: false };
        expect(again).to.deep.equal({ ...booleans, ...(arg1 as object) });
      }),
      { numRuns: 200 },
    );
  });
});

const TEXT = fc.stringMatching(/^[A-Za-zÅÄÖåäö0-9?_]{1,12}$/);
const VALUES = fc.record(
  {
    Institution: TEXT,
    Kurskod: TEXT,
    Email: fc.boolean(),
    OM: fc.boolean(),
    EmailList: fc.array(TEXT, { maxLength: 3 }),
    KursTfVO: fc.array(
      fc.record({ Kurskod: TEXT, Starttermin: TEXT, Anmkod: TEXT }, { requiredKeys: ["Kurskod"] }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);

type Value = string | boolean | readonly Value[] | { readonly [name: string]: Value };

/** The object's elements; each throw of the dice decides order, case, prefix, blanks, a form, or a stranger between. */
function written(value: { readonly [name: string]: Value }, dice: number[]): string {
  const thrown = [...dice];
  const next = (sides: number): number => (thrown.shift() ?? 0) % sides;
  const element = (name: string, one: Value): string => {
    const tag =
      ["", "n:", "", ""][next(4)] + ([name, name.toUpperCase(), name.toLowerCase()][next(3)] ?? name);
    const attributes = next(5) === 4 ? ' xsi:type="n:whatever"' : "";
    return `<${tag}${attributes}>${content(one)}</${tag}>`;
  };
  const content = (one: Value): string => {
    if (typeof one === "boolean") return next(2) === 0 ? String(one) : ` ${one ? 1 : 0}\n`;
    if (typeof one === "string") return ["", "\n  ", " "][next(3)] + one + (["", "\t"][next(2)] ?? "");
    return fields(one as { readonly [name: string]: Value });
  };
  const fields = (object: { readonly [name: string]: Value }): string => {
    const parts = Object.entries(object).map(([name, one]) => {
      if (!Array.isArray(one)) return element(name, one);
      if (one.length > 0 && next(3) === 2) {
        return `<${name}>${(one as Value[]).map((item) => `<item>${content(item)}</item>`).join("")}</${name}>`;
      }
      return (one as Value[]).map((item) => element(name, item)).join("");
    });
    if (next(3) === 2) parts.push("<okand><Kurskod>fel</Kurskod></okand>");
    for (let at = parts.length - 1; at > 0; at--) {
      const other = dice.length === 0 ? at : next(at + 1);
      [parts[at], parts[other]] = [parts[other] ?? "", parts[at] ?? ""];
    }
    return parts.join("");
  };
  return fields(value);
}
