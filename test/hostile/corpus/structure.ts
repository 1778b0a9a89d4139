import { ENVELOPE_NAMESPACES } from "../../../lib/soap/fault.js";
import { REQUEST_LIMITS } from "../../../lib/soap/xml.js";
import { callOf, courseCall, type HostileMessage, NOT_WELL_FORMED, type Target } from "../messages.js";

const NO_XML = { fault: NOT_WELL_FORMED } as const;
const TOO_DEEP = { fault: "The message is nested too deeply." } as const;
const TOO_MANY_ATTRIBUTES = {
  fault: "The message has too many attributes or namespaces on an element.",
} as const;
const TOO_LONG_A_NAME = { fault: "The message has too long a name." } as const;
const PLAIN = "the plain call's answer";

/** The plain call with this beside its arguments: nothing that an operation reads. */
const beside =
  (xml: string) =>
  (target: Target): string =>
    callOf(target, { arg1: target.plain.arg1 + xml });

const many = (count: number, make: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => make(at)).join("");

export const structure: readonly HostileMessage[] = [
  // Nothing, or no envelope.
  { name: "nothing", body: () => "", expected: NO_XML },
  { name: "blanks", body: () => " \r\n\t ", expected: NO_XML },
  { name: "a byte order mark and nothing else", body: () => "\ufeff", expected: NO_XML },
  { name: "an XML declaration and nothing else", body: () => '<?xml version="1.0"?>', expected: NO_XML },
  { name: "text", body: () => "getKurs", expected: NO_XML },
  { name: "JSON", body: () => '{"getKurs":{"__proto__":{"valid":true}}}', expected: NO_XML },
  { name: "a form", body: () => "operation=getKurs&arg1=a", expected: NO_XML },
  { name: "a million of <", body: () => "<".repeat(1_000_000), expected: NO_XML },
  { name: "a million of </", body: () => "</".repeat(500_000), expected: NO_XML },
  {
    name: "HTML",
    body: () => "<html><body/></html>",
    expected: { fault: "The message is not a SOAP envelope." },
  },
  {
    name: "XML-RPC",
    body: () => "<methodCall><methodName>getKurs</methodName></methodCall>",
    expected: { fault: "The message is not a SOAP envelope." },
  },
  {
    name: "the WSDL",
    body: (target) =>
      `<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" name="${target.name}"/>`,
    expected: { fault: "The message is not a SOAP envelope." },
  },
  {
    name: "an envelope of no namespace",
    body: () => "<Envelope><Body><getKurs/></Body></Envelope>",
    expected: { fault: "The envelope is neither SOAP 1.1 nor SOAP 1.2.", code: "VersionMismatch" },
  },
  {
    name: "an envelope of an older SOAP",
    body: (target) => callOf(target).replace(ENVELOPE_NAMESPACES["1.1"], "urn:schemas-xmlsoap-org:soap.v1"),
    expected: { fault: "The envelope is neither SOAP 1.1 nor SOAP 1.2.", code: "VersionMismatch" },
  },
  {
    name: "an envelope within an envelope",
    body: (target) => callOf(target, { before: callOf(target) }),
    expected: { fault: "The operation is none of …." },
  },
  {
    name: "a body of the other version's namespace",
    body: (target) =>
      callOf(target).replace(
        /<s:Body>(.*)<\/s:Body>/,
        `<t:Body xmlns:t="${ENVELOPE_NAMESPACES["1.2"]}">$1</t:Body>`,
      ),
    expected: { fault: "The envelope has no Body." },
  },
  {
    name: "an empty body",
    body: () => `<s:Envelope xmlns:s="${ENVELOPE_NAMESPACES["1.1"]}"><s:Body> text </s:Body></s:Envelope>`,
    expected: { fault: "The body is empty." },
  },
  {
    name: "a fault as a request",
    body: () =>
      `<s:Envelope xmlns:s="${ENVELOPE_NAMESPACES["1.1"]}"><s:Body><s:Fault><faultcode>s:Server</faultcode></s:Fault></s:Body></s:Envelope>`,
    expected: { fault: "The operation is none of …." },
  },

  // Two of what there is one of.
  { name: "two roots", body: (target) => callOf(target).repeat(2), expected: NO_XML },
  { name: "text after the root", body: (target) => `${callOf(target)}text`, expected: NO_XML },
  { name: "text before the root", body: (target) => `text${callOf(target)}`, expected: NO_XML },
  { name: "a zero after the root", body: (target) => `${callOf(target)}\0`, expected: NO_XML },
  {
    name: "two bodies",
    body: (target) => callOf(target).replace(/<s:Body>.*<\/s:Body>/, "$&$&"),
    expected: { fault: "The envelope has several bodies." },
  },
  {
    name: "two headers",
    body: (target) => callOf(target, { header: "" }).replace("<s:Header>", "<s:Header/><s:Header>"),
    expected: { fault: "The envelope has a Header in the wrong place." },
  },
  {
    name: "two operations",
    body: (target) => callOf(target, { after: `<n:${target.plain.operation}/>` }),
    expected: { fault: "The body has more than one operation." },
  },
  {
    name: "two XML declarations",
    body: (target) => `${'<?xml version="1.0"?>'.repeat(2)}${callOf(target)}`,
    expected: NO_XML,
  },
  {
    name: "XML 1.1",
    // Its line ends and control characters are not read as such: the message is judged as XML 1.0.
    body: (target) => `<?xml version="1.1"?>${callOf(target, { before: "&#1;" })}`,
    expected: NO_XML,
  },
  {
    name: "XML 9.9",
    body: (target) => `<?xml version="9.9"?>${callOf(target)}`,
    expected: NO_XML,
  },
  {
    name: "an XML declaration after a blank",
    body: (target) => ` <?xml version="1.0"?>${callOf(target)}`,
    // Templates that messages are filled into have some.
    expected: PLAIN,
  },

  // Processing instructions.
  ...[
    ["before the envelope", (target: Target) => `<?php echo 1 ?>${callOf(target)}`],
    [
      "of a style sheet",
      (target: Target) => `<?xml-stylesheet href="http://127.0.0.1:9/"?>${callOf(target)}`,
    ],
    ["within a value", (target: Target) => courseCall(target, "ALFA<?a b?>KURS1")],
    ["after the envelope", (target: Target) => `${callOf(target)}<?a b?>`],
    ["called as what objects inherit", (target: Target) => callOf(target, { before: "<?__proto__ a?>" })],
  ].map(
    ([where, body]) =>
      ({
        name: `a processing instruction ${where}`,
        body,
        expected: { fault: "Processing instructions are not allowed." },
      }) as HostileMessage,
  ),

  // Depth.
  { name: "elements just too deep", body: beside(nested(REQUEST_LIMITS.depth - 2)), expected: TOO_DEEP },
  { name: "elements as deep as allowed", body: beside(nested(REQUEST_LIMITS.depth - 3)), expected: PLAIN },
  { name: "70 000 elements in each other", body: beside(nested(70_000)), expected: TOO_DEEP },
  { name: "200 000 start tags without an end", body: beside("<a>".repeat(200_000)), expected: TOO_DEEP },
  {
    name: "deep elements in the header",
    body: (target) => callOf(target, { header: nested(10_000) }),
    expected: TOO_DEEP,
  },
  {
    name: "deep elements in an argument",
    body: (target) => courseCall(target, nested(1_000)),
    expected: TOO_DEEP,
  },

  // How much of everything.
  {
    name: "more elements than allowed",
    body: beside("<a/>".repeat(REQUEST_LIMITS.elements)),
    expected: { fault: "The message has too many elements." },
  },
  {
    name: "as many arguments as fit",
    body: beside("<a/>".repeat(REQUEST_LIMITS.elements - 50)),
    expected: PLAIN,
  },
  {
    name: "more attributes than allowed",
    body: beside(`<a ${many(REQUEST_LIMITS.attributesPerElement + 1, (at) => ` a${at}=""`)}/>`),
    expected: TOO_MANY_ATTRIBUTES,
  },
  {
    name: "50 000 attributes",
    body: beside(`<a ${many(50_000, (at) => ` a${at}=""`)}/>`),
    expected: TOO_MANY_ATTRIBUTES,
  },
  {
    name: "thousands of namespaces on an element",
    body: beside(`<a ${many(5_000, (at) => ` xmlns:a${at}="urn:a${at}"`)}/>`),
    expected: TOO_MANY_ATTRIBUTES,
  },
  {
    name: "namespaces on each of thousands of elements",
    body: beside(many(1_000, (at) => `<a ${many(32, (n) => ` xmlns:a${n}="urn:${at}"`)}/>`)),
    expected: PLAIN,
  },
  {
    name: "namespaces on elements in each other",
    body: beside(many(40, (at) => `<a ${many(32, (n) => ` xmlns:a${n}="urn:${at}"`)}>`) + "</a>".repeat(40)),
    expected: PLAIN,
  },
  {
    name: "a namespace of 900 000 characters",
    body: beside(`<a xmlns:a="urn:${"a".repeat(900_000)}" a:b=""/>`),
    expected: PLAIN,
  },
  {
    name: "an attribute of 900 000 characters",
    body: beside(`<a b="${"b".repeat(900_000)}"/>`),
    expected: PLAIN,
  },
  {
    name: "an attribute of 200 000 references",
    body: beside(`<a b="${"&lt;".repeat(200_000)}"/>`),
    expected: PLAIN,
  },
  { name: "an attribute without an end", body: beside(`<a b="${"b".repeat(900_000)}`), expected: NO_XML },
  {
    name: "a name of 900 000 characters",
    body: beside(`<${"a".repeat(900_000)}/>`),
    expected: TOO_LONG_A_NAME,
  },
  {
    name: "a prefix of 900 000 characters",
    body: beside(`<${"a".repeat(900_000)}:b/>`),
    expected: TOO_LONG_A_NAME,
  },
  {
    name: "an attribute's name of 900 000 characters",
    body: beside(`<a ${"b".repeat(900_000)}=""/>`),
    expected: TOO_LONG_A_NAME,
  },
  {
    name: "an end tag of 900 000 characters",
    body: beside(`<a></${"a".repeat(900_000)}>`),
    expected: NO_XML,
  },
  {
    name: "a value of 900 000 characters",
    body: (target) => courseCall(target, "A".repeat(900_000)),
    expected: { valid: false, key: "general.invalidformat" },
  },
  {
    name: "a value of 900 000 blanks around a course",
    body: (target) => courseCall(target, `${" ".repeat(450_000)}ALFAKURS1${"\n".repeat(450_000)}`),
    expected: { valid: true },
  },
  {
    name: "a value in 100 000 pieces",
    body: (target) => courseCall(target, "A<!---->".repeat(100_000)),
    expected: { valid: false, key: "general.invalidformat" },
  },
  {
    name: "a value in 50 000 CDATA sections",
    body: (target) => courseCall(target, "<![CDATA[A]]>".repeat(50_000)),
    expected: { valid: false, key: "general.invalidformat" },
  },
  {
    name: "a comment of 900 000 characters",
    body: beside(`<!--${"- ".repeat(450_000)}-->`),
    expected: PLAIN,
  },
  { name: "a comment without an end", body: beside(`<!--${"- ".repeat(450_000)}`), expected: NO_XML },
  {
    name: "a CDATA section without an end",
    body: beside(`<![CDATA[${"]".repeat(900_000)}`),
    expected: NO_XML,
  },
  {
    name: "a value of ] alone",
    body: (target) => courseCall(target, "]".repeat(900_000)),
    expected: { valid: false, key: "general.invalidformat" },
  },
  {
    name: "a message beyond the limit",
    body: beside(`<!--${"a".repeat(1_048_576)}-->`),
    expected: { fault: "The request is larger than 1048576 bytes.", status: 413 },
  },

  // Attributes twice.
  { name: "an attribute twice", body: beside('<a b="1" b="2"/>'), expected: NO_XML },
  {
    name: "an attribute twice by two prefixes of one namespace",
    body: beside('<a xmlns:x="urn:a" xmlns:y="urn:a" x:b="1" y:b="2"/>'),
    expected: NO_XML,
  },
  {
    name: "a namespace declared twice on an element",
    body: beside('<a xmlns:x="urn:a" xmlns:x="urn:b"/>'),
    expected: NO_XML,
  },
  {
    name: "a default namespace declared twice",
    body: beside('<a xmlns="urn:a" xmlns="urn:b"/>'),
    expected: NO_XML,
  },

  // Prefixes.
  { name: "a prefix that is not declared", body: beside("<a:b/>"), expected: NO_XML },
  { name: "a prefix that is taken away again", body: beside('<a xmlns:n=""/>'), expected: NO_XML },
  { name: "xml as another namespace", body: beside('<a xmlns:xml="urn:a"/>'), expected: NO_XML },
  { name: "xmlns as a prefix of one's own", body: beside('<a xmlns:xmlns="urn:a"/>'), expected: NO_XML },
  { name: "two colons in a name", body: beside("<n:a:b/>"), expected: NO_XML },
  { name: "a colon alone", body: beside("<:/>"), expected: NO_XML },

  // Tags that are none.
  { name: "an end tag that does not match", body: beside("<a></b>"), expected: NO_XML },
  { name: "elements that cross", body: beside("<a><b></a></b>"), expected: NO_XML },
  { name: "an attribute without quotes", body: beside("<a b=c/>"), expected: NO_XML },
  { name: "an attribute without a value", body: beside("<a b/>"), expected: NO_XML },
  { name: "attributes without a blank between them", body: beside('<a b="1"c="2"/>'), expected: NO_XML },
  { name: "a < in an attribute", body: beside('<a b="<"/>'), expected: NO_XML },
  { name: "a name that begins with a digit", body: beside("<1/>"), expected: NO_XML },
  { name: "a comment with -- in it", body: beside("<!-- -- -->"), expected: NO_XML },
  { name: "a ]]> in text", body: beside("<a>]]></a>"), expected: NO_XML },
  { name: "an envelope that is cut short", body: (target) => callOf(target).slice(0, -12), expected: NO_XML },

  // CDATA that looks like XML.
  {
    name: "CDATA that looks like elements",
    body: (target) => courseCall(target, "<![CDATA[<Kurskod>BETAKURS1</Kurskod>]]>"),
    expected: { valid: false, key: "general.invalidformat" },
  },
  {
    name: "CDATA that looks like the end of the call",
    body: (target) => courseCall(target, "<![CDATA[</Kurskod></arg1></s:Body></s:Envelope>]]>"),
    expected: { valid: false, key: "general.invalidformat" },
  },
  {
    name: "CDATA that is cut in two, as ]]> has to be",
    body: (target) => courseCall(target, "<![CDATA[]]]]><![CDATA[>]]>"),
    expected: { valid: false, key: "general.invalidformat" },
  },
  {
    name: "CDATA outside the root",
    body: (target) => `<![CDATA[a]]>${callOf(target)}`,
    expected: NO_XML,
  },
  {
    name: "a comment that looks like another call",
    body: (target) => callOf(target, { before: "<!--<n:getPersons/>-->" }),
    expected: PLAIN,
  },
  {
    name: "a header block that must be understood",
    body: (target) => callOf(target, { header: '<t:T xmlns:t="urn:t" s:mustUnderstand="1"/>' }),
    expected: { fault: "A header that must be understood is not supported.", code: "MustUnderstand" },
  },
  {
    name: "thousands of header blocks",
    body: (target) => callOf(target, { header: '<t:T xmlns:t="urn:t"/>'.repeat(20_000) }),
    expected: PLAIN,
  },
];

function nested(levels: number): string {
  return "<x>".repeat(levels) + "</x>".repeat(levels);
}
