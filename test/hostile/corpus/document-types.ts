import { callOf, courseCall, type HostileMessage, type Target } from "../messages.js";

/**
 * DOCTYPEs in all places, and what they could bring: entities that grow, that are read from elsewhere, or that define
 * others. None is read: the DOCTYPE itself is refused, or where none may stand it is no XML.
 */
const REFUSED = { fault: "A DOCTYPE is not allowed." } as const;
const NO_XML = { fault: "The message is not well-formed XML (…)." } as const;

const before = (doctype: string, call: (target: Target) => string = (target) => callOf(target)) =>
  ({ body: (target) => doctype + call(target), expected: REFUSED }) satisfies Partial<HostileMessage>;
const withEntity = (name: string) => (target: Target) => courseCall(target, `&${name};`);

export const documentTypes: readonly HostileMessage[] = [
  { name: "a DOCTYPE and nothing else", body: () => "<!DOCTYPE x>", expected: REFUSED },
  { name: "an empty DOCTYPE", ...before("<!DOCTYPE Envelope>") },
  { name: "a DOCTYPE in lower case", ...before("<!doctype Envelope>"), expected: NO_XML },
  { name: "HTML's DOCTYPE", ...before("<!DOCTYPE html>") },
  {
    name: "a DOCTYPE after the XML declaration",
    ...before('<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE s:Envelope []>'),
  },
  { name: "a DOCTYPE after a comment", ...before("<!-- a --><!DOCTYPE s:Envelope [ ]>") },
  { name: "a DOCTYPE without an end", ...before("<!DOCTYPE s:Envelope ["), expected: NO_XML },
  { name: "two DOCTYPEs", ...before("<!DOCTYPE a><!DOCTYPE b>") },
  {
    name: "a DOCTYPE after the envelope",
    body: (target) => `${callOf(target)}<!DOCTYPE s:Envelope>`,
    expected: NO_XML,
  },
  {
    name: "a DOCTYPE within the body",
    body: (target) => callOf(target, { before: "<!DOCTYPE x>" }),
    expected: NO_XML,
  },
  {
    name: "a DOCTYPE within a value",
    body: (target) => courseCall(target, "<!DOCTYPE x>ALFAKURS1"),
    expected: NO_XML,
  },
  {
    name: "an entity bomb of nested entities",
    ...before(`<!DOCTYPE x [${nestedEntities(12, 10)}]>`, withEntity("e11")),
  },
  {
    name: "an entity bomb of one long entity, often used",
    body: (target) =>
      `<!DOCTYPE x [<!ENTITY a "${"a".repeat(100_000)}">]>${courseCall(target, "&a;".repeat(100_000))}`,
    expected: REFUSED,
  },
  {
    name: "an entity that is its own",
    ...before('<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]>', withEntity("a")),
  },
  {
    name: "an external entity of a file",
    ...before('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', withEntity("a")),
  },
  {
    name: "an external entity over HTTP",
    ...before('<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/a">]>', withEntity("a")),
  },
  {
    name: "an external entity of a never ending device",
    ...before('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///dev/zero">]>', withEntity("a")),
  },
  {
    name: "an external DTD",
    ...before('<!DOCTYPE x SYSTEM "http://127.0.0.1:9/a.dtd">', withEntity("a")),
  },
  {
    name: "a public DTD",
    ...before('<!DOCTYPE x PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:9/a.dtd">'),
  },
  {
    name: "parameter entities",
    ...before(`<!DOCTYPE x [<!ENTITY % a "<!ENTITY b 'ALFAKURS1'>">%a;]>`, withEntity("b")),
  },
  {
    name: "an external parameter entity that carries a file away",
    ...before(
      `<!DOCTYPE x [<!ENTITY % f SYSTEM "file:///etc/hostname"><!ENTITY % d SYSTEM "http://127.0.0.1:9/a.dtd">%d;]>`,
      withEntity("a"),
    ),
  },
  {
    name: "a DTD that gives elements attributes",
    ...before('<!DOCTYPE x [<!ATTLIST arg1 href CDATA "#a">]>'),
  },
  {
    name: "an entity in an attribute",
    ...before('<!DOCTYPE x [<!ENTITY a "b">]>', (target) => callOf(target, { attributes: ' b="&a;"' })),
  },
  {
    name: "an entity that is not declared",
    body: (target) => courseCall(target, "&alfa;"),
    expected: NO_XML,
  },
  {
    name: "HTML's entities",
    body: (target) => courseCall(target, "&aring;"),
    expected: NO_XML,
  },
  {
    name: "entities called as what objects inherit",
    body: (target) => courseCall(target, "&constructor;&__proto__;&toString;"),
    expected: NO_XML,
  },
];

/** e0, and each further one ten times the one before. */
function nestedEntities(levels: number, times: number): string {
  const entities = ['<!ENTITY e0 "bomb">'];
  for (let level = 1; level < levels; level++) {
    entities.push(`<!ENTITY e${level} "${`&e${level - 1};`.repeat(times)}">`);
  }
  return entities.join("");
}
