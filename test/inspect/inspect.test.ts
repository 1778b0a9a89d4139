import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { describe, it } from "mocha";
import type { ExportProfile } from "../../lib/inspect/profile.js";
import { formatProfile } from "../../lib/inspect/text.js";
import {
  course,
  escaped,
  exportOf,
  group,
  groupMember,
  learners,
  member,
  membership,
  occasion,
  person,
  role,
  school,
} from "../support/export.js";
import { inspected, inspectedFiles, proposals, tallied } from "./inspecting.js";

const sample = readFileSync(new URL("../../data/sample-export.xml", import.meta.url));

describe("The profile of a file", () => {
  it("says its bytes, hash, encoding, root and properties", async () => {
    const { files } = await inspectedFiles([sample]);
    expect(files[0]).to.deep.include({
      name: "export-1.xml",
      bytes: sample.length,
      sha256: createHash("sha256").update(sample).digest("hex"),
      encoding: { declared: "UTF-8", byteOrderMark: null, found: "utf-8" },
      root: { name: "enterprise", namespace: null, upperCase: false, doctype: false },
      properties: {
        datasource: "Alvis Lingonköping",
        type: "full",
        datetime: "2026-11-24T02:15:00",
        target: ["adresslista"],
      },
      repairs: [],
      warnings: [],
      stopped: null,
    });
  });

  it("says of a root in upper case, a namespace, a DOCTYPE and another encoding", async () => {
    const text =
      '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!-- <other> --><!DOCTYPE ENTERPRISE SYSTEM "http://localhost/x.dtd">\n' +
      '<I:ENTERPRISE xmlns:I="http://tempuri.example/ims"><I:PERSON><I:SOURCEDID><I:ID>å</I:ID></I:SOURCEDID></I:PERSON></I:ENTERPRISE>';
    const { files } = await inspectedFiles([Buffer.from(text, "latin1")]);
    expect(files[0]?.encoding).to.deep.equal({
      declared: "ISO-8859-1",
      byteOrderMark: null,
      found: "windows-1252",
    });
    expect(files[0]?.root).to.deep.equal({
      name: "I:ENTERPRISE",
      namespace: "http://tempuri.example/ims",
      upperCase: true,
      doctype: true,
    });
    expect(files[0]?.counts.persons).to.equal(1);
  });

  it("reads the head of UTF-16 too", async () => {
    const text = '\uFEFF<?xml version="1.0" encoding="UTF-16"?><enterprise xmlns="urn:x"></enterprise>';
    for (const [bytes, mark] of [
      [Buffer.from(text, "utf16le"), "UTF-16LE"],
      [Buffer.from(text, "utf16le").swap16(), "UTF-16BE"],
    ] as const) {
      const { files } = await inspectedFiles([bytes]);
      expect(files[0]?.encoding).to.deep.include({ declared: "UTF-16", byteOrderMark: mark });
      expect(files[0]?.root).to.deep.include({ name: "enterprise", namespace: "urn:x" });
    }
  });

  it("says where the reading of a file stopped, hashes it to its end, and goes on with the next", async () => {
    const cut = `<enterprise>\n${person("E1")}\n${person("E2")}\n<person><sourcedid>`;
    const { files, records } = await inspectedFiles([cut, exportOf([person("E3")])]);
    expect(files[0]?.stopped).to.match(/^export-1\.xml, line 4: /);
    expect(files[0]).to.deep.include({
      bytes: Buffer.byteLength(cut),
      sha256: createHash("sha256").update(cut).digest("hex"),
      counts: { persons: 2, groups: 0, memberships: 0, members: 0 },
    });
    expect(files[1]?.stopped).to.equal(null);
    expect(records.persons).to.equal(3);
  });

  it("hashes what comes after the place where the reading stopped", async () => {
    const { inspectExport } = await import("../../lib/inspect/inspect.js");
    const { defaultMapping } = await import("../../lib/mapping/settings.js");
    const pieces = ["<users>", "<user/>", "</users>"];
    async function* open() {
      for (const piece of pieces) yield Buffer.from(piece);
    }
    const sources = [{ name: "users.xml", open }];
    const { files } = await inspectExport({ sources, mapping: defaultMapping, now: new Date() });
    expect(files[0]?.stopped).to.include('"users"');
    expect(files[0]?.sha256).to.equal(createHash("sha256").update(pieces.join("")).digest("hex"));
  });

  it("says what was mended by kind, with its first lines, and goes on behind it", async () => {
    const people = Array.from({ length: 7 }, (_, index) => person(`E${index}`, { name: "Sten & Ek, Bo" }));
    const text = exportOf(people).replaceAll("&amp;", "&");
    const { files } = await inspectedFiles([`\n${text}\n-- slut`]);
    const [file] = files;
    expect(file).to.deep.include({ stopped: null, warnings: [] });
    expect(file?.counts.persons).to.equal(7);
    expect(file?.repairs.map(({ kind, count, lines }) => [kind, count, lines])).to.have.deep.members([
      ["lateDeclaration", 1, [2]],
      ["bareAmpersand", 7, [5, 6, 7, 8, 9]],
      ["afterRoot", 1, [14]],
    ]);
    expect(formatProfile(await inspectedFiles([text]))).to.include(
      "mended 7 × a bare & was read as &amp; (lines 4, 5, 6, 7, 8, …)",
    );
  });

  it("says of a declaration that lies as what the file was read", async () => {
    const text =
      '<?xml version="1.0" encoding="UTF-8"?>\n<enterprise><person><sourcedid><id>å</id></sourcedid></person></enterprise>';
    const { files } = await inspectedFiles([Buffer.from(text, "latin1")]);
    expect(files[0]?.encoding).to.deep.equal({
      declared: "UTF-8",
      byteOrderMark: null,
      found: "windows-1252",
    });
    expect(files[0]?.warnings.length).to.be.above(0);
  });

  it("tells of what is no XML at all, and of nothing", async () => {
    for (const content of ["", "personnr;namn\n", Buffer.from([0, 1, 2, 3, 255])]) {
      const profile = await inspectedFiles([content]);
      expect(profile.files[0]?.stopped).to.match(/^export-1\.xml, line [12]: /);
      expect(formatProfile(profile)).to.include("NO PERSONS: a load refuses this");
    }
  });

  it("counts skipped records by kind and reason, with their lines", async () => {
    const { records } = await inspected(["<person/>", "<person/>", "<group/>"]);
    expect(records.skipped.map(({ record, count, places }) => [record, count, places])).to.deep.equal([
      [
        "person",
        2,
        [
          { file: "export-1.xml", line: 4 },
          { file: "export-1.xml", line: 5 },
        ],
      ],
      ["group", 1, [{ file: "export-1.xml", line: 6 }]],
    ]);
  });
});

describe("The profile of persons", () => {
  const userid = (type: string, value: string) => `<userid useridtype="${type}">${value}</userid>`;

  it("counts the forms of identity numbers by where they stand, and how many are correct", async () => {
    const { persons } = await inspected([
      person("E1", { inner: userid("PID", "19800101-9804") }),
      person("E2", { inner: userid("PID", "8001019805") }),
      person("E3", { inner: userid("PID", "900304T102") }),
      person("E4", { inner: userid("PID", "800101-TF01") + userid("login", "anna") }),
      person("E5", { inner: userid("PID", "19800101") }),
      person("198001019804", { ext: { personnummer: "okänt", pnr: "800161-9803" } }),
      person("E7", { inner: "<userid useridtype='PID'/>" }),
    ]);
    const shown = persons.identityNumbers.map(({ where, isRead, count, correct, forms }) =>
      [where, isRead, count, correct, ...forms.map(({ form, count: n }) => `${form} ${n}`)].join(", "),
    );
    expect(shown).to.have.members([
      "sourcedid, true, 7, 1, other 6, 12 digits 1",
      "userid PID, true, 5, 2, 10 digits 1, 12 digits with hyphen 1, TF number 1, date only 1, interim number 1",
      "userid login, false, 1, 0, other 1",
      "extension/personnummer, true, 1, 0, other 1",
      "extension/pnr, false, 1, 0, samordningsnummer 1",
    ]);
    expect(persons.withoutUserid).to.equal(2);
    expect(persons.personnummer).to.deep.equal({ correct: 3, incorrect: 3, none: 1 });
  });

  it("counts roles, names, ways to be reached and marks of protection", async () => {
    const { persons } = await inspected([
      person("E1", {
        name: "Ek, Bo",
        email: "bo@example.org",
        tel: { 1: "08-46500401", Mobile: "070-1740601" },
      }),
      person("E2", { inner: "<name><fn>Bo Ek</fn></name>", email: "bo", institutionrole: "Student" }),
      person("E3", {
        inner: "<name><sort>Ek, Bo</sort></name>",
        adr: { street: "Gatan 1", pcode: "991 11" },
      }),
      person("E4", { ext: { sekretess: "nej" }, institutionrole: "Faculty" }),
      person("E5", { ext: { skyddad: "ja" }, recstatus: "3", alias: "E6" }),
    ]);
    expect(tallied(persons.institutionRoles)).to.equal("Faculty 1, Student 1, absent 3");
    expect(tallied(persons.names)).to.equal("fn 1, n/family + n/given 1, sort 1, absent 2");
    expect(persons.email).to.deep.equal({ present: 2, wrongForm: 1 });
    expect(tallied(persons.telephones)).to.equal("1 1, Mobile 1");
    expect(persons.withTelephone).to.equal(1);
    expect(tallied(persons.addresses)).to.equal("street + pcode 1, absent 4");
    expect(persons.protected.count).to.equal(1);
    expect(tallied(persons.protected.marks)).to.equal("sekretess 1, skyddad 1");
    expect(tallied(persons.extensionElements)).to.equal("sekretess 1, skyddad 1");
    expect(tallied(persons.recstatus)).to.equal("3 1, absent 4");
    expect(persons.ids.severalIds).to.equal(1);
  });

  it("shows nothing of a field in which every person has a value of its own", async () => {
    const people = Array.from({ length: 60 }, (_, index) =>
      person(`E${index}`, { institutionrole: `Anna${String.fromCharCode(97 + (index % 26))}${index}` }),
    );
    const profile = await inspected(people);
    expect(tallied(profile.persons.institutionRoles)).to.equal("others 60");
    expect(formatProfile(profile)).to.include("institutionrole: too many different ones to be words 60");
  });
});

describe("The profile of groups and members", () => {
  it("counts groups by how they are typed, with what they have", async () => {
    const { groups } = await inspected([
      school("S1", { short: "VUX", long: "Skolan" }),
      course("K1", "MATMAT02b", { in: "S1" }),
      occasion("T1", {
        in: "K1",
        inner:
          '<relationship relation="2"><sourcedid><id>T2</id></sourcedid><label>del</label></relationship>',
      }),
      occasion("T2", { in: "K1", dates: "2009-01-19/" }),
      group("X1", "Sal", {}),
      learners("T1", "E1", "E2"),
      member("T1", "E3", role({ type: "02" }), role({ type: "Lärare" })),
      membership("T2", "E4", "1", []),
      groupMember("T2", "X1", role({ type: null })),
    ]);
    const [occasions] = groups.kinds;
    expect(occasions).to.deep.include({
      types: [{ scheme: "Alvis", typevalue: "Kursgrupp", level: "1" }],
      kind: "occasion",
      groups: 2,
      withBegin: 2,
      withEnd: 1,
      withParent: 2,
      withShort: 0,
      withLong: 0,
      withLearners: 1,
      withUntypedMembers: 1,
    });
    expect(occasions && tallied(occasions.personsByRole)).to.equal("01 2, 02 1, Lärare 1, no role 1");
    expect(occasions && tallied(occasions.groupsByRole)).to.equal("role without roletype 1");
    expect(occasions && tallied(occasions.labels)).to.equal("del 1");
    expect(groups.kinds.map(({ kind, groups: count }) => `${kind} ${count}`)).to.have.members([
      "occasion 2",
      "school 1",
      "course 1",
      "null 1",
    ]);
    expect(tallied(groups.relations)).to.equal("1 3, 2 1");
  });

  it("counts roles, statuses and dates as they are written", async () => {
    const { memberships } = await inspected([
      occasion("T1"),
      member("T1", "E1", role({ dates: "2009-01-19/2009-06-05" }), role({ type: "Learner", status: "0" })),
      member("T1", "E2", role({ dates: "2009-06-05/2009-01-19", recstatus: "3" })),
      member("T1", "E3", role({ type: null, dates: "igår/20090605" })),
      membership("T1", "E4", undefined, []),
    ]);
    expect(tallied(memberships.idtypes)).to.equal("1 3, absent 1");
    expect(tallied(memberships.roles)).to.equal("01 2, Learner 1, role without roletype 1, absent 1");
    expect(memberships.severalRoles).to.equal(1);
    expect(tallied(memberships.statuses)).to.equal("1 3, 0 1");
    expect(tallied(memberships.recstatus)).to.equal("3 1, absent 3");
    expect(memberships.dates).to.deep.include({ both: 3, none: 1, beginOnly: 0, endOnly: 0 });
    expect(memberships.dates).to.deep.include({ earliestBegin: "2009-01-19", latestEnd: "2009-06-05" });
    expect(tallied(memberships.dates.forms)).to.equal("9999-99-99 4, 99999999 1, AAAA 1");
    expect(memberships.dates.noDate).to.deep.equal({ count: 1, places: [{ file: "export-1.xml", line: 7 }] });
    expect(memberships.dates.beginAfterEnd).to.deep.equal({
      count: 1,
      places: [{ file: "export-1.xml", line: 6 }],
    });
  });

  it("keeps no more kinds than it can tell apart", async () => {
    const { groups } = await inspected(
      Array.from({ length: 300 }, (_, index) => group(`G${index}`, `Grupp nr ${index}`)),
    );
    expect(groups.kinds.length).to.equal(200);
    expect(groups.otherKinds).to.equal(100);
  });
});

describe("References", () => {
  it("are joined over all files, which are one data set", async () => {
    const groups = exportOf([school("S1"), occasion("T1", { in: "S1" }), learners("T1", "E1")]);
    const alone = await inspectedFiles([groups]);
    expect(alone.references.unknownPersons).to.deep.equal({
      count: 1,
      places: [{ file: "export-1.xml", line: 6 }],
    });
    const together = await inspectedFiles([groups, exportOf([person("E1")])]);
    expect(together.references.unknownPersons.count).to.equal(0);
  });

  it("that lead nowhere are counted, with the first lines", async () => {
    const { references } = await inspected([
      occasion("T1", { in: "K9" }),
      group("G1", "klass", { in: "G1" }),
      learners("T1", "E1", "E2"),
      learners("T9", "E1"),
      groupMember("T1", "G9"),
      member("T1", "G1"),
    ]);
    const counts = Object.entries(references).map(([name, found]) => [
      name,
      typeof found === "number" ? found : found.count,
    ]);
    expect(Object.fromEntries(counts)).to.deep.equal({
      unknownPersons: 3,
      unknownMemberGroups: 1,
      unknownGroups: 1,
      unknownParents: 1,
      selfParents: 1,
      personsTwice: 0,
      groupsTwice: 0,
      personsThatAreGroups: 1,
      sharedIds: 0,
    });
    expect(references.unknownParents.places).to.deep.equal([{ file: "export-1.xml", line: 4 }]);
  });

  it("tell of persons and groups that stand twice, and of deleted ones as not there", async () => {
    const { references } = await inspected([
      person("E1"),
      person("E2", { alias: "E1" }),
      person("E3", { recstatus: "3" }),
      occasion("T1"),
      occasion("T1"),
      person("T1"),
      learners("T1", "E3"),
    ]);
    expect(references.personsTwice).to.deep.equal({ count: 1, places: [{ file: "export-1.xml", line: 5 }] });
    expect(references.groupsTwice.count).to.equal(1);
    expect(references.sharedIds).to.equal(1);
    expect(references.unknownPersons.count).to.equal(1);
  });
});

describe("The sample export", () => {
  it("needs no other mapping: what is unknown is said to be nothing that is loaded", async () => {
    const profile = await inspectedFiles([sample]);
    expect(profile.proposal.mapping).to.equal(null);
    expect(proposals(profile)).to.deep.equal(['"huvudman": -', '"alla elever": -', '"personalgrupp": -']);
  });

  it("shows no name, number, address, e-mail or id of anyone, as text or JSON", async () => {
    const profile = await inspectedFiles([sample]);
    expectNothingOf(personalValues(sample.toString("utf8")), profile);
  });

  it("shows none either when the values stand where words should", async () => {
    const misplaced = sample
      .toString("utf8")
      .replace(/<userid useridtype="PID">(\d+)<\/userid>/g, '<userid useridtype="$1">$1</userid>')
      .replace(/<idtype>1<\/idtype>/g, "<idtype>19660265-2387</idtype>")
      .replace(/<typevalue level="3">klass</, '<typevalue level="3">lea.bokmark@elev.lingonkoping.example<')
      .replace(/<status>1<\/status>/g, "<status>070-1740630</status>");
    const profile = await inspectedFiles([misplaced]);
    expectNothingOf(personalValues(sample.toString("utf8")), profile);
  });
});

/** Every value of a person in the file; words that stand elsewhere too (names of the town's schools) are left out. */
function personalValues(text: string): string[] {
  const people = text.slice(0, text.indexOf("<group>"));
  const values = [
    ...people.matchAll(/<(?:family|given|fn|sort|email|street|pcode|userid[^>]*|tel[^>]*|id)>([^<]+)</g),
  ].map(([, value]) => value ?? "");
  return [...new Set(values)].filter((value) => value.length > 3);
}

function expectNothingOf(values: readonly string[], profile: ExportProfile): void {
  expect(values.length).to.be.above(1000);
  const printed = [formatProfile(profile), JSON.stringify(profile)].join("\n").replace(/[0-9a-f]{64}/g, "");
  for (const value of values) {
    const found = new RegExp(`(?<![\\p{L}\\d])${escapedPattern(value)}(?![\\p{L}\\d])`, "u").test(printed);
    expect(found, escaped(value)).to.equal(false);
  }
}

function escapedPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
