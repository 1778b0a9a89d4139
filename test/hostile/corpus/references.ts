import { callOf, type HostileMessage, T04, type Target } from "../messages.js";

const DANGLING = { fault: "A reference in the message leads to no element, or to several." } as const;
const CYCLIC = { fault: "A reference in the message leads back to itself." } as const;
const TOO_MANY = { fault: "The message has too many references." } as const;

const many = (count: number, make: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => make(at)).join("");

/** What is in the plain call's arguments; several are a list. */
function referred({ plain }: Target): string {
  const contents = [...plain.arg1.matchAll(/<arg1>(.*?)<\/arg1>/g)].map(([, content]) => content);
  return contents.length === 1 ? contents.join("") : contents.map((item) => `<item>${item}</item>`).join("");
}

/** SOAP-encoding's references: to nothing, to several, in circles, and so that they multiply what was sent. */
export const references: readonly HostileMessage[] = [
  {
    name: "a reference to nothing",
    body: (target) => callOf(target, { arg1: '<arg1 href="#a"/>' }),
    expected: DANGLING,
  },
  {
    name: "a reference to another machine",
    body: (target) => callOf(target, { arg1: '<arg1 href="http://127.0.0.1:9/a"/>' }),
    expected: DANGLING,
  },
  {
    name: "a reference to a file",
    body: (target) => callOf(target, { arg1: '<arg1 href="file:///etc/passwd#a"/>', after: '<m id="a"/>' }),
    expected: DANGLING,
  },
  {
    name: "a reference to an attachment",
    body: (target) => callOf(target, { arg1: '<arg1 href="cid:a"/>', after: '<m id="a"/>' }),
    expected: DANGLING,
  },
  {
    name: "an empty reference",
    body: (target) => callOf(target, { arg1: '<arg1 href=""/>' }),
    expected: DANGLING,
  },
  {
    name: "a reference to two",
    body: (target) => callOf(target, { arg1: '<arg1 href="#a"/>', after: '<m id="a"/><m id="a"/>' }),
    expected: DANGLING,
  },
  {
    name: "a reference into the header",
    body: (target) => callOf(target, { arg1: '<arg1 href="#a"/>', header: '<m id="a"/>' }),
    expected: DANGLING,
  },
  {
    name: "a reference to the operation that it stands in",
    body: (target) => callOf(target, { attributes: ' id="a"', arg0: '<arg0 href="#a"/>' }),
    // The user that the operation is read as has no uid.
    expected: { valid: false, key: "auth.failed" },
  },
  {
    name: "a reference to itself",
    body: (target) => callOf(target, { arg1: '<arg1 href="#a"/>', after: '<m id="a" href="#a"/>' }),
    expected: CYCLIC,
  },
  {
    name: "references in a circle",
    body: (target) =>
      callOf(target, {
        arg0: '<arg0 href="#a"/>',
        after: '<m id="a"><authinfovo href="#b"/></m><m id="b"><caller href="#c"/></m><m id="c" href="#a"/>',
      }),
    expected: CYCLIC,
  },
  {
    name: "a long circle",
    body: (target) =>
      callOf(target, {
        arg0: '<arg0 href="#a0"/>',
        after: many(1_000, (at) => `<m id="a${at}" href="#a${(at + 1) % 1_000}"/>`),
      }),
    expected: TOO_MANY,
  },
  {
    name: "references behind each other without end",
    body: (target) =>
      callOf(target, {
        arg0: '<arg0 href="#a0"/>',
        after: `${many(20_000, (at) => `<m id="a${at}" href="#a${at + 1}"/>`)}<m id="a20000"/>`,
      }),
    expected: TOO_MANY,
  },
  {
    name: "a long value that many refer to",
    body: (target) =>
      callOf(target, {
        arg1: listOf(target, 10_000, '<Kurskod href="#a"/>', '<arg1 href="#a"/>'),
        after: `<m id="a">${"A".repeat(500_000)}</m>`,
      }),
    expected: TOO_MANY,
  },
  {
    name: "a list that many refer to",
    body: (target) =>
      callOf(target, {
        arg1: listOf(target, 5_000, "", '<arg1 href="#l"/>').replaceAll(
          "<KursTfVO/>",
          '<KursTfVO href="#l"/>',
        ),
        after: `<m id="l" enc:arrayType="xsd:string[]">${"<item>ALFAKURS1</item>".repeat(5_000)}</m>`,
      }),
    expected: TOO_MANY,
  },
  {
    name: "lists that refer to lists, each ten times the one before",
    body: (target) =>
      callOf(target, {
        arg1: target === T04 ? '<arg1><KursTfVO href="#a0"/></arg1>' : '<arg1 href="#a0"/>',
        after: `${many(
          9,
          (at) =>
            `<m id="a${at}" enc:arrayType="xsd:anyType[]">${`<item href="#a${at + 1}"/>`.repeat(10)}</m>`,
        )}<m id="a9"><Kurskod>ALFAKURS1</Kurskod>ALFAKURS1</m>`,
      }),
    // An item is an item: what it refers to is not read as a list again.
    expected: { valid: false, key: "general.missingparameter" },
  },
  {
    name: "an id that everything has",
    body: (target) =>
      callOf(target, {
        arg1: target.plain.arg1.replaceAll(/<(\w+)>/g, '<$1 id="a">'),
        after: '<m id="a"/>'.repeat(20_000),
      }),
    expected: "the plain call's answer",
  },
  {
    name: "20 000 ids that nothing refers to",
    body: (target) =>
      callOf(target, {
        arg1: '<arg1 href="#a19999"/>',
        after: many(20_000, (at) => `<m id="a${at}">${at === 19_999 ? referred(target) : ""}</m>`),
      }),
    expected: "the plain call's answer",
  },
];

/** T04's list of occasions with so many, each with this in it; of T22 so many arguments. */
function listOf(target: Target, count: number, inEach: string, argument: string): string {
  if (target !== T04) return argument.repeat(count);
  const occasion = inEach === "" ? "<KursTfVO/>" : `<KursTfVO>${inEach}</KursTfVO>`;
  return `<arg1>${occasion.repeat(count)}</arg1>`;
}
