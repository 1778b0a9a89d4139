import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { failureOf, type ReadExport, readBytes, STRICTLY } from "./reading.js";

const FOLDER = join(import.meta.dirname, "../fixtures/ims");

/** What reading a fixture gives, beside the records of the small export that most of them hold. */
interface Expected {
  readonly encoding?: string;
  readonly root?: ReadExport["summary"]["root"];
  /** Kind and count of each kind of repair, in order. */
  readonly repairs?: readonly (readonly [kind: string, count: number])[];
  /** Line and text of each warning. */
  readonly warnings?: readonly (readonly [line: number, text: string])[];
  /** What makes it an error when nothing is mended. */
  readonly strictly?: string;
  /** What is special of its records; without it they are those of the small export. */
  readonly records?: (read: ReadExport) => void;
}

const BARE_AMPERSAND = "a bare & was read as &amp;";
const UNKNOWN_ENTITY = "a reference to an entity that XML does not know was kept as it is written";
const BARE_LESS_THAN = "a < that begins no tag was read as &lt;";
const FORBIDDEN = "a character that XML does not allow was left out";
const LATE_DECLARATION = "something before the XML declaration, which must come first, was left out";
const DOCTYPE = "a DOCTYPE was skipped: nothing that it declares is read, fetched or expanded";
const NOT_UTF8 =
  "read as windows-1252 from here on: this byte is not valid utf-8, and no character before it shows that the file is";

const READABLE: Readonly<Record<string, Expected>> = {
  // Not well-formed
  "bare-ampersand": {
    repairs: [["bareAmpersand", 3]],
    warnings: [
      [7, BARE_AMPERSAND],
      [7, BARE_AMPERSAND],
      [8, BARE_AMPERSAND],
    ],
    strictly: "line 7: not well-formed XML: a reference that XML does not know",
    records({ persons: [person] }) {
      expect(person?.address).to.deep.equal({ streets: ["Prov & Son AB"], locality: "A&B" });
      expect(person?.extension[0]?.text).to.equal("https://example.org/?a=1&b=2");
    },
  },
  "html-entities": {
    repairs: [["unknownEntity", 3]],
    warnings: [
      [6, UNKNOWN_ENTITY],
      [6, UNKNOWN_ENTITY],
      [7, UNKNOWN_ENTITY],
    ],
    strictly: "line 6: not well-formed XML: a reference that XML does not know",
    records({ persons: [person] }) {
      expect(person?.name?.given).to.equal("&Aring;sa");
      expect(person?.address?.streets).to.deep.equal(["Provgatan&nbsp;1"]);
    },
  },
  "bare-less-than": {
    repairs: [["bareLessThan", 3]],
    warnings: [
      [7, BARE_LESS_THAN],
      [7, BARE_LESS_THAN],
      [7, BARE_LESS_THAN],
    ],
    strictly: "line 7: not well-formed XML: a < that begins no tag",
    records({ persons: [person] }) {
      expect(person?.extension[0]?.text).to.equal("a < b, x <= y och 1<2");
    },
  },
  "control-characters": {
    repairs: [["forbiddenCharacter", 4]],
    warnings: [
      [6, FORBIDDEN],
      [6, FORBIDDEN],
      [7, FORBIDDEN],
      [7, FORBIDDEN],
    ],
    strictly: "line 6: not well-formed XML: a character that XML does not allow",
    records({ persons: [person] }) {
      expect(person?.name?.fn).to.equal("Åsa Provsson");
      expect(person?.address?.streets).to.deep.equal(["Provgatan 1"]);
    },
  },
  "text-after-root": {
    repairs: [["afterRoot", 1]],
    warnings: [[32, "what follows the root's end was left out"]],
    strictly: "line 32: not well-formed XML: text before the root element or after its end",
  },
  "blank-line-before-declaration": {
    repairs: [["lateDeclaration", 1]],
    warnings: [[2, LATE_DECLARATION]],
    strictly: "line 2: not well-formed XML: something before the XML declaration",
  },
  "text-before-declaration": {
    repairs: [
      ["beforeRoot", 1],
      ["lateDeclaration", 1],
    ],
    warnings: [
      [1, "text before the root element was left out"],
      [2, LATE_DECLARATION],
    ],
    strictly: "line 1: not well-formed XML: text before the root element",
  },
  // Well-formed, but not as the schema has it
  "order-broken-unknown-elements": {
    records({ persons, groups, members, properties }) {
      expect(persons).to.have.length(1);
      expect(persons[0]).to.deep.include({
        recstatus: "2",
        sourcedIds: [{ source: "Alvis", id: "p1" }],
        userIds: [],
        name: { fn: "Åsa Provsson", given: "Åsa", family: "Provsson" },
        extension: [
          {
            name: "kod",
            attributes: Object.assign(Object.create(null), { typ: "x" }),
            text: "7",
            children: [],
          },
        ],
      });
      expect(groups.map(({ sourcedIds: [id] }) => id?.id)).to.deep.equal(["g1", "k1", "s1"]);
      expect(members.map(({ idtype }) => idtype)).to.deep.equal(["1"]);
      expect(properties[0]?.type).to.equal("full");
    },
  },
  "namespace-tempuri": { root: { namespace: "http://tempuri.org/enterprise.xsd", upperCase: false } },
  "namespace-imsglobal-prefixed": {
    root: { namespace: "http://www.imsglobal.org/services/enterprise", upperCase: false },
  },
  "namespace-pifu": {
    root: { namespace: "http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas-1.1", upperCase: false },
  },
  "tags-upper-case": { root: { upperCase: true } },
  "doctype-dead-dtd": { warnings: [[2, DOCTYPE]] },
  "doctype-entity-bomb": {
    repairs: [["unknownEntity", 1]],
    warnings: [
      [2, DOCTYPE],
      [13, UNKNOWN_ENTITY],
    ],
    strictly: "line 13: not well-formed XML: a reference that XML does not know",
    records({ persons: [person] }) {
      expect(person?.address?.streets).to.deep.equal(["&b;"]);
    },
  },
  "comments-and-instructions": {},
  // Encodings
  "iso-8859-1-really-windows-1252": {
    encoding: "windows-1252",
    records({ groups }) {
      expect(groups[2]?.description.long).to.equal("Matematik 2b – höst “26”");
    },
  },
  "windows-1252-declared-utf-8": {
    encoding: "windows-1252",
    warnings: [[3, NOT_UTF8]],
    strictly: "line 3: byte 99 is not valid utf-8",
  },
  "windows-1252-undeclared": {
    encoding: "windows-1252",
    warnings: [[2, NOT_UTF8]],
    strictly: "line 2: byte 60 is not valid utf-8",
  },
  "utf-8-declared-iso-8859-1": {
    warnings: [[3, "declared as windows-1252, but read as utf-8: its bytes are"]],
  },
  "utf-8-with-one-wrong-byte": {
    repairs: [["wrongByte", 1]],
    warnings: [[22, "a byte that is not valid utf-8 was read as windows-1252"]],
    strictly: "line 22: byte 1186 is not valid utf-8",
  },
  "utf-8-bom": {},
  "utf-16le-bom": { encoding: "utf-16le" },
  "utf-16be-undeclared": { encoding: "utf-16be" },
  "declared-utf-16-but-is-utf-8": {
    warnings: [[1, "declared as utf-16le, but read as utf-8: it has one byte per letter"]],
  },
  "decomposed-letters": {},
  crlf: {},
  // Ids
  "same-id-other-source": {
    records({ members }) {
      expect(members[0]).to.deep.include({
        group: { source: "AlvisSkola", id: "g1" },
        member: { source: "AlvisSkola", id: "p1" },
      });
    },
  },
  "person-and-group-share-id": {
    records({ persons, groups }) {
      expect(persons[0]?.sourcedIds[0]?.id).to.equal("1");
      expect(groups[2]?.sourcedIds[0]?.id).to.equal("1");
    },
  },
  "sourcedids-old-new-duplicate": {
    records({ persons }) {
      expect(persons[0]?.sourcedIds.map(({ id, type }) => `${type} ${id}`)).to.deep.equal([
        "Old p1-old",
        "New p1",
        "Duplicate p1-again",
      ]);
    },
  },
  "padded-ids": {
    records({ persons, members }) {
      expect(persons[0]?.sourcedIds[0]?.id).to.equal("007");
      expect(members[0]?.member.id).to.equal("007");
    },
  },
  // Groups
  relations: {
    records({ groups }) {
      const parents = groups.map(
        ({ sourcedIds: [id], relationships }) =>
          `${id?.id}: ${relationships.map(({ relation, id, label }) => [relation, id.id, label].join(" ").trim()).join(", ")}`,
      );
      expect(parents).to.deep.equal([
        "s1: 1 s1",
        "k1: 1 s1",
        "g1: 1 k1 kurs, 1 s1 skola",
        "g2: 2 s1",
        "c1: 1 c2",
        "c2: 1 c1",
      ]);
    },
  },
  "levels-by-scheme": {
    records({ groups }) {
      expect(groups[0]?.groupTypes).to.deep.equal([
        {
          scheme: "Alvis",
          values: [
            { value: "Skola", level: "1" },
            { value: "Kursgrupp", level: "2" },
          ],
        },
        { scheme: "SCB", values: [{ value: "Komvux", level: "1" }] },
      ]);
    },
  },
  "recstatus-delete": {
    records({ persons, members }) {
      expect(persons.map(({ recstatus }) => recstatus)).to.deep.equal([undefined, "3"]);
      expect(members.map(({ roles: [role] }) => role?.recstatus)).to.deep.equal([undefined, "3"]);
    },
  },
  // Members
  "roletype-forms": {
    records({ members }) {
      expect(members.map(({ roles }) => roles.map(({ roletype }) => roletype))).to.deep.equal([
        ["1"],
        ["01"],
        ["Learner"],
        [undefined],
        ["01"],
        ["02", "01"],
        [],
        ["01"],
      ]);
      expect(members[7]?.roles[0]?.status).to.equal("0");
    },
  },
  "idtype-forms": {
    records({ members }) {
      expect(members.map(({ idtype }) => idtype)).to.deep.equal(["1", "1", undefined]);
    },
  },
  "collective-group-without-roles": {
    records({ members, groups }) {
      expect(groups[1]?.groupTypes[0]?.values[0]?.value).to.equal("Alla elever");
      expect(members[0]?.roles).to.deep.equal([]);
    },
  },
  "unknown-members-and-groups": {
    records({ members }) {
      expect(members.map(({ group, member }) => `${group.id} ${member.id}`)).to.deep.equal([
        "g1 p1",
        "g1 p404",
        "g404 p1",
      ]);
    },
  },
  "membership-empty": {
    records({ summary }) {
      expect(summary.records).to.deep.include({ memberships: 1, members: 0 });
    },
  },
  "memberships-in-blocks": {
    records({ members }) {
      expect(members.map(({ member }) => member.id)).to.deep.equal(["p1", "p2", "p1"]);
    },
  },
  "persons-twice": {
    records({ persons }) {
      expect(persons.map(({ email, telephones: [tel] }) => [email, tel?.value])).to.deep.equal([
        [undefined, "031-3900620"],
        ["asa@example.org", "031-3900621"],
      ]);
    },
  },
  "dates-odd": {
    records({ members }) {
      expect(members.map(({ roles: [role] }) => role?.timeframe)).to.deep.equal([
        { begin: "2026-12-18", end: "2026-08-17" },
        undefined,
        { end: "2026-10-01" },
        undefined,
      ]);
    },
  },
  // Several files, and what they say of themselves
  "persons-only": {
    records({ summary }) {
      expect(summary.records).to.deep.equal({ persons: 1, groups: 0, memberships: 0, members: 0 });
    },
  },
  "groups-and-memberships-only": {
    records({ summary }) {
      expect(summary.records).to.deep.equal({ persons: 0, groups: 3, memberships: 1, members: 1 });
    },
  },
  "type-full-that-is-none": {
    records({ summary, properties }) {
      expect(properties[0]?.type).to.equal("full");
      expect(summary.records).to.deep.equal({ persons: 0, groups: 0, memberships: 1, members: 1 });
    },
  },
};

const UNREADABLE: Readonly<Record<string, string>> = {
  truncated: 'line 28: truncated: the file ends inside the element "role"',
  "cut-between-records": 'line 26: truncated: the file ends inside the element "enterprise"',
  "end-tag-missing": "line 30: not well-formed XML: an end tag that does not match its start tag",
  "two-exports-in-one": "line 32: an element after the root's end",
  "no-enterprise": 'line 2: the root element is "html", not "enterprise": this is no IMS Enterprise file',
  empty: "line 1: no root element: the file is empty or truncated",
};

describe("an export as it is in the field", () => {
  for (const [name, expected] of Object.entries(READABLE)) {
    it(`is read: ${name}`, async () => {
      for (const size of [1_000_000, 1]) {
        const read = await readBytes(chunksOf(bytesOf(name), size));
        const { summary } = read;
        expect(summary.encoding).to.equal(expected.encoding ?? "utf-8");
        expect(summary.root).to.deep.equal(expected.root ?? { upperCase: false });
        expect(summary.repairs.map(({ kind, count }) => [kind, count])).to.deep.equal(expected.repairs ?? []);
        expect(summary.warnings.map(({ line, text }) => [line, text])).to.deep.equal(expected.warnings ?? []);
        expect(read.skipped).to.deep.equal([]);
        (expected.records ?? isSmallExport)(read);
      }
      if (expected.strictly === undefined) await readBytes([bytesOf(name)], STRICTLY);
      else {
        expect(await failureOf(readBytes([bytesOf(name)], STRICTLY))).to.contain(
          `export.xml, ${expected.strictly}`,
        );
      }
    });
  }

  for (const [name, failure] of Object.entries(UNREADABLE)) {
    it(`is refused, mended or not: ${name}`, async () => {
      expect(await failureOf(readBytes([bytesOf(name)]))).to.equal(`export.xml, ${failure}`);
      expect(await failureOf(readBytes([bytesOf(name)], STRICTLY))).to.match(/^export\.xml, line \d+: /);
    });
  }

  it("has a fixture for each of these, and each fixture is read here", () => {
    const fixtures = readdirSync(FOLDER).filter((file) => file.endsWith(".xml"));
    const named = [...Object.keys(READABLE), ...Object.keys(UNREADABLE)].map((name) => `${name}.xml`);
    expect(fixtures.toSorted()).to.deep.equal(named.toSorted());
  });
});

function isSmallExport({ properties, persons, groups, members }: ReadExport): void {
  expect(properties).to.deep.equal([
    { datasource: "Alvis Provköping", type: "full", datetime: "2026-11-24T02:15:00", target: [] },
  ]);
  expect(persons.map(({ name }) => name)).to.deep.equal([
    { fn: "Åsa Provsson", family: "Provsson", given: "Åsa" },
  ]);
  expect(groups.map(({ sourcedIds, description }) => [sourcedIds[0]?.id, description.long])).to.deep.equal([
    ["s1", "Provskolan"],
    ["k1", "Matematik 2b"],
    ["g1", "Matematik 2b, höst"],
  ]);
  expect(members.map(({ line: _, ...member }) => member)).to.deep.equal([
    {
      group: { source: "Alvis", id: "g1" },
      member: { source: "Alvis", id: "p1" },
      idtype: "1",
      roles: [{ roletype: "01", status: "1", extension: [] }],
    },
  ]);
}

function bytesOf(name: string): Buffer {
  return readFileSync(join(FOLDER, `${name}.xml`));
}

function chunksOf(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}
