import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { readPlainXml } from "../../lib/soap/plain-xml.js";
import { REQUEST_LIMITS, readStrictly, type XmlElement } from "../../lib/soap/xml.js";

const wire = fileURLToPath(new URL("../wire", import.meta.url));
const REQUESTS = readdirSync(wire, { recursive: true, encoding: "utf8" })
  .filter((file) => /request.*\.xml$/.test(file))
  .map((file) => readFileSync(join(wire, file), "utf8"));

describe("plain XML", () => {
  it("is what nearly all golden requests are, and is read as the strict parser reads it", () => {
    const plain = REQUESTS.filter((request) => readPlainXml(request, REQUEST_LIMITS) !== undefined);
    expect(REQUESTS.length).to.be.greaterThan(100);
    expect(plain.length).to.be.greaterThan(REQUESTS.length * 0.7);
    for (const request of plain) expectSame(request);
  });

  it("has prefixes, defaults, their ends, attributes in either quotes, references, blanks and line ends of any kind", () => {
    for (const xml of [
      '<a xmlns="urn:a"><b xmlns=""><c/></b><d xmlns:p="urn:p" p:x="1" x=\'2"\'><p:e>å &amp; &lt;&gt;&quot;&apos;</p:e></d></a>',
      '<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>\r\n<p:a xmlns:p = "urn:1"\n><p:b xmlns:p="urn:2"/>\rtext\r\n<p:c ></p:c\n></p:a>\n\n',
      '<a xmlns:p="urn:same" xmlns:q="urn:other" p:x="1" q:x="2" x="3"/>',
      "<a> blanks <b/> around <c></c> and between </a>",
    ]) {
      expect(readPlainXml(xml, REQUEST_LIMITS), xml).not.to.equal(undefined);
      expectSame(xml);
    }
  });

  for (const [what, xml] of Object.entries({
    "a comment": "<a><!-- --></a>",
    CDATA: "<a><![CDATA[x]]></a>",
    "a DOCTYPE": "<!DOCTYPE a><a/>",
    "a processing instruction": "<a><?p?></a>",
    "a numeric reference": "<a>&#65;</a>",
    "another entity": "<a>&nbsp;</a>",
    "a bare ampersand": "<a>a & b</a>",
    "a reference in an attribute": '<a x="&lt;"/>',
    "a line end in an attribute": '<a x="1\n2"/>',
    "the end of CDATA in text": "<a>]]></a>",
    "a prefix that nothing declares": "<p:a/>",
    "an attribute's prefix that nothing declares": '<a p:x="1"/>',
    "a prefix that is declared away": '<a xmlns:p="urn:p"><b xmlns:p=""/></a>',
    "the reserved prefix xml": '<a xml:lang="sv"/>',
    "a reserved namespace": '<a xmlns:p="http://www.w3.org/2000/xmlns/"/>',
    "an attribute twice": '<a x="1" x="2"/>',
    "an attribute twice by two prefixes": '<a xmlns:p="urn:p" xmlns:q="urn:p" p:x="1" q:x="2"/>',
    "two roots": "<a/><b/>",
    "text beside the root": "<a/>x",
    "no end": "<a><b></b>",
    "another end": "<a><b></a></b>",
    "an end too many": "<a/></a>",
    nothing: "",
    "a control character": "<a>\u0001</a>",
    "a lone surrogate": "<a>\ud800</a>",
    "a character of two units": "<a>😀</a>",
    "a name beyond ASCII": "<å/>",
    "a name with two colons": '<a:b:c xmlns:a="urn:a"/>',
    "no blank between attributes": '<a x="1"y="2"/>',
    "another version": '<?xml version="1.1"?><a/>',
    "a declaration in the wrong place": ' <?xml version="1.0"?><a/>',
    "too deep": "<a>".repeat(49) + "</a>".repeat(49),
    "too many attributes": `<a ${Array.from({ length: 65 }, (_, at) => `x${at}=""`).join(" ")}/>`,
    "too many namespaces": `<a ${Array.from({ length: 33 }, (_, at) => `xmlns:x${at}="urn:x"`).join(" ")}/>`,
    "too long a name": `<${"a".repeat(257)}/>`,
  })) {
    it(`is not: ${what}`, () => {
      expect(readPlainXml(xml, REQUEST_LIMITS)).to.equal(undefined);
    });
  }

  it("never is what the strict parser refuses or reads otherwise, whatever is done to a request", () => {
    const requests = REQUESTS.filter(({ length }) => length < 4_000);
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...requests),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(6), SPLICED), { maxLength: 3 }),
        (request, changes) => {
          let xml = request;
          for (const [where, removed, added] of changes) {
            const at = Math.floor(where * xml.length);
            xml = xml.slice(0, at) + added + xml.slice(at + removed);
          }
          if (readPlainXml(xml, REQUEST_LIMITS) === undefined) return;
          accepted += 1;
          expectSame(xml);
        },
      ),
      { numRuns: 3_000 },
    );
    expect(accepted).to.be.greaterThan(300);
  });
});

/** What may break a document, or change what it means. */
const SPLICED = fc.oneof(
  fc.constantFrom(
    ...[
      "<",
      ">",
      "/",
      "</",
      "/>",
      "&",
      "&amp;",
      "&lt;",
      ";",
      "]]>",
      "<!--",
      "-->",
      "<![CDATA[",
      "<?",
      "?>",
      '"',
      "'",
      "=",
    ],
    ...[
      " ",
      "\n",
      "\r",
      "\t",
      ":",
      "xmlns=",
      'xmlns:p="urn:p" ',
      "<p:x>",
      "<x/>",
      "<x>",
      "</x>",
      ' x="1"',
      "\u0085",
      "\u00a0",
    ],
    ...["å", "\ufeff", "\u0000", "__proto__", "xml", "xmlns"],
  ),
  fc.string({ maxLength: 4 }),
);

function expectSame(xml: string): void {
  const told: string[] = [];
  const strict = readStrictly(xml, REQUEST_LIMITS, ({ local }, depth) => told.push(`${depth} ${local}`));
  const plain = readPlainXml(xml, REQUEST_LIMITS);
  expect(plain && shapeOf(plain)).to.deep.equal(shapeOf(strict));
}

function shapeOf({ local, namespace, attributes, declared, children, text }: XmlElement): unknown {
  return { local, namespace, attributes, declared: { ...declared }, text, children: children.map(shapeOf) };
}
