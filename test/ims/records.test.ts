import { expect } from "chai";
import { describe, it } from "mocha";
import { failureOf, readContent, readXml, WHOLE_EXPORT } from "./reading.js";

const ID = "<sourcedid><source>Alvis</source><id>x1</id></sourcedid>";

describe("reading a whole export", () => {
  it("gives every record in order, with the line of its start tag", async () => {
    const { summary, properties, persons, groups, members } = await readXml(WHOLE_EXPORT);
    expect(properties).to.deep.equal([
      { datasource: "Provköping", type: "full", datetime: "2009-01-20T18:00:00", target: ["LPW"] },
    ]);
    expect(persons).to.deep.equal([
      {
        line: 11,
        recstatus: "1",
        sourcedIds: [{ source: "Alvis", id: "p-0001-åäö-long-enough", type: "New" }],
        userIds: [{ type: "PID", value: "198001019999" }],
        name: { fn: "Åsa Provsson", family: "Provsson", given: "Åsa" },
        email: "asa@example.org",
        telephones: [{ type: "Mobile", value: "070-1740605" }],
        address: { streets: ["Provgatan 1 & 2"], pcode: "123 45", locality: "Prövköping" },
        institutionRoles: ["Student"],
        extension: [{ name: "skyddad", attributes: {}, text: "ja", children: [] }],
      },
    ]);
    expect(groups).to.deep.equal([
      {
        line: 21,
        sourcedIds: [{ source: "Alvis", id: "g1" }],
        groupTypes: [{ scheme: "Alvis", values: [{ value: "Kursgrupp", level: "1" }] }],
        description: { short: "MATMAT02b", long: "Matematik 2b" },
        timeframe: { begin: "2009-01-07", end: "2009-06-12" },
        relationships: [{ relation: "1", id: { source: "Alvis", id: "s1" }, label: "skola" }],
        extension: [],
      },
    ]);
    expect(members).to.deep.equal([
      {
        line: 30,
        group: { source: "Alvis", id: "g1" },
        member: { source: "Alvis", id: "p-0001-åäö-long-enough" },
        idtype: "1",
        roles: [{ roletype: "01", status: "1", timeframe: { begin: "2009-01-07" }, extension: [] }],
      },
    ]);
    expect(summary).to.deep.include({
      name: "export.xml",
      bytes: Buffer.byteLength(WHOLE_EXPORT),
      records: { persons: 1, groups: 1, memberships: 1, members: 1 },
      rootEnded: true,
      root: { namespace: "http://www.imsglobal.org/services/enterprise", upperCase: false },
      encoding: "utf-8",
      repairs: [],
      warnings: [
        { line: 2, text: "a DOCTYPE was skipped: nothing that it declares is read, fetched or expanded" },
      ],
    });
  });

  it("reads the same with upper-case tags, other prefixes and other namespaces", async () => {
    const shouted = WHOLE_EXPORT.replace(/^<!DOCTYPE.*$/m, "").replace(
      /<(\/?)([a-z]+)((?: [^<>]*)?)>/g,
      (_tag, slash, name, rest) => `<${slash}Ims:${name.toUpperCase()}${rest}>`,
    );
    expect(shouted).to.contain("<Ims:SOURCEDID>");
    const [whole, other] = await Promise.all([readXml(WHOLE_EXPORT), readXml(shouted)]);
    expect(other.persons[0]?.name).to.deep.equal(whole.persons[0]?.name);
    for (const kind of ["properties", "persons", "groups", "members"] as const) {
      expect(other[kind]).to.deep.equal(whole[kind]);
    }
  });

  it("reads attributes' names in any case, and never a namespace declaration as one", async () => {
    const { persons } = await readContent(
      `<person xmlns:recstatus="urn:x" xmlns="urn:y" RecStatus=" 2 ">${ID}<tel x:TELTYPE="3">1</tel></person>`,
    );
    expect(persons[0]).to.deep.include({ recstatus: "2", telephones: [{ type: "3", value: "1" }] });
  });

  it("ignores unknown elements with all that is in them", async () => {
    const { persons, groups } = await readContent(
      `<person><photo><email>not@example.org</email><person>${ID}</person></photo>${ID}</person>
       <vendor><group>${ID}</group></vendor>`,
    );
    expect(persons).to.have.length(1);
    expect(persons[0]).not.to.have.property("email");
    expect(groups).to.deep.equal([]);
  });

  it("takes an export without records as read: whether that will do is not the reader's to judge", async () => {
    expect((await readXml("<enterprise/>")).summary.records).to.deep.equal({
      persons: 0,
      groups: 0,
      memberships: 0,
      members: 0,
    });
  });

  it("refuses another root", async () => {
    expect(await failureOf(readXml("<html><person/></html>"))).to.equal(
      'export.xml, line 1: the root element is "html", not "enterprise": this is no IMS Enterprise file',
    );
  });
});

describe("texts", () => {
  const fnOf = async (fn: string) =>
    (await readContent(`<person>${ID}<name><fn>${fn}</fn></name></person>`)).persons[0];

  it("are trimmed, no-break spaces too, and line breaks become blanks", async () => {
    expect((await fnOf("\n \u00a0 Åsa  Lena\r\n\tProvsson\u00a0"))?.name?.fn).to.equal("Åsa  Lena  Provsson");
  });

  it("are composed: a and a ring above become å", async () => {
    expect((await fnOf("A\u030asa"))?.name?.fn).to.equal("Åsa");
  });

  it("are one text, whatever comments, CDATA sections and references they are made of", async () => {
    expect((await fnOf("A<!-- x -->n<![CDATA[n]]>a &amp; &#x42;o&#246;"))?.name?.fn).to.equal("Anna & Boö");
  });

  it("that are empty are absent", async () => {
    expect(await fnOf("  <!-- nothing -->\n ")).not.to.have.property("name");
    const { persons } = await readContent(
      `<person recstatus=" ">${ID}<userid/><userid useridtype="PID"> </userid><email></email><tel/><adr/><institutionrole/></person>`,
    );
    expect(persons[0]).to.deep.equal({
      line: 1,
      sourcedIds: [{ source: "Alvis", id: "x1" }],
      userIds: [],
      telephones: [],
      institutionRoles: [],
      extension: [],
    });
  });

  it("keep leading zeros and inner blanks of ids", async () => {
    const { persons } = await readContent("<person><sourcedid><id> 00 12 </id></sourcedid></person>");
    expect(persons[0]?.sourcedIds).to.deep.equal([{ id: "00 12" }]);
  });
});

describe("a person", () => {
  it("has all its sourcedids, userids, phones and roles", async () => {
    const { persons } = await readContent(`<person>
      <institutionrole>Faculty</institutionrole>
      <tel teltype="1">1</tel><tel>2</tel>
      <userid useridtype="PNR">a</userid><userid>b</userid>
      <sourcedid sourcedidtype="Old"><id>1</id></sourcedid><sourcedid><source>S</source></sourcedid><sourcedid><id>2</id></sourcedid>
      <institutionrole institutionroletype="Student">x</institutionrole>
    </person>`);
    expect(persons[0]).to.deep.include({
      sourcedIds: [{ id: "1", type: "Old" }, { id: "2" }],
      userIds: [{ type: "PNR", value: "a" }, { value: "b" }],
      telephones: [{ type: "1", value: "1" }, { value: "2" }],
      institutionRoles: ["Faculty", "Student"],
    });
  });

  it("has the first given name, e-mail and address that are not empty", async () => {
    const { persons } = await readContent(`<person>${ID}
      <name><n><given/><given>Åsa</given><given>Lena</given></n><sort>Provsson, Åsa</sort></name>
      <email/><email>a@example.org</email><email>b@example.org</email>
      <adr><pobox>1</pobox></adr>
      <adr><street>A</street><street>B</street><extadd>c/o C</extadd><country>SE</country></adr>
      <adr><street>X</street></adr>
    </person>`);
    expect(persons[0]).to.deep.include({
      name: { given: "Åsa", sort: "Provsson, Åsa" },
      email: "a@example.org",
      address: { streets: ["A", "B"], extadd: "c/o C", country: "SE" },
    });
  });

  it("without a sourcedid is skipped, and the next one is read", async () => {
    const { persons, skipped, summary } = await readContent(
      `\n<person><sourcedid><id> </id></sourcedid></person>\n<person>${ID}</person><group/>`,
    );
    expect(skipped).to.deep.equal([
      "person line 2: no sourcedid with an id",
      "group line 3: no sourcedid with an id",
    ]);
    expect(persons).to.have.length(1);
    expect(summary.records).to.deep.include({ persons: 1, groups: 0 });
  });
});

describe("an extension", () => {
  it("is kept as a tree, names folded, whatever it holds", async () => {
    const { persons } = await readContent(`<person>${ID}
      <extension xmlns:v="urn:v"><v:Adr AdrTyp="2" v:adrtyp="x" xmlns="urn:w"><street>A</street><timeframe><begin>2009-01-01</begin></timeframe></v:Adr></extension>
      <extension><constructor __proto__="p">a<b/>c</constructor><tom/></extension></person>`);
    const leaf = { attributes: {}, children: [] };
    expect(persons[0]?.extension).to.deep.equal([
      {
        name: "adr",
        attributes: { adrtyp: "2" },
        children: [
          { name: "street", text: "A", ...leaf },
          { name: "timeframe", attributes: {}, children: [{ name: "begin", text: "2009-01-01", ...leaf }] },
        ],
      },
      {
        name: "constructor",
        attributes: Object.defineProperty({}, "__proto__", { value: "p", enumerable: true }),
        text: "ac",
        children: [{ name: "b", ...leaf }],
      },
      { name: "tom", ...leaf },
    ]);
    expect(persons[0]?.extension[1]?.attributes.constructor).to.equal(undefined);
  });

  it("loses a picture, with a warning, and keeps its other elements", async () => {
    const picture = "A".repeat(70_000);
    const { persons, summary } = await readContent(
      `<person>${ID}<extension><bild>${picture}<![CDATA[B]]></bild>\n<skyddad>ja</skyddad></extension></person>`,
    );
    expect(persons[0]?.extension.map(({ name, text }) => [name, text])).to.deep.equal([
      ["bild", undefined],
      ["skyddad", "ja"],
    ]);
    expect(summary.warnings).to.deep.equal([
      { line: 1, text: "a text of more than 65536 characters in an extension was left out" },
    ]);
  });

  it("does not lend its parts to the record", async () => {
    const { members, groups } = await readContent(`
      <group>${ID}<extension><timeframe><begin>2001-01-01</begin></timeframe></extension></group>
      <membership>${ID}<member>${ID}<role><extension><timeframe><begin>2001-01-01</begin></timeframe><status>0</status></extension></role></member></membership>`);
    expect(groups[0]).not.to.have.property("timeframe");
    expect(members[0]?.roles[0]).to.have.all.keys("extension");
  });
});

describe("a group", () => {
  it("has all its group types, with values of several levels", async () => {
    const { groups } = await readContent(`<group recstatus="3">
      <grouptype><typevalue level="1">A</typevalue><typevalue>B</typevalue><typevalue level="3"/><scheme>S</scheme></grouptype>
      <grouptype/>
      <grouptype><typevalue>C</typevalue></grouptype>
      <description><full>F</full></description>${ID}</group>`);
    expect(groups[0]).to.deep.include({
      recstatus: "3",
      groupTypes: [
        { scheme: "S", values: [{ value: "A", level: "1" }, { value: "B" }] },
        { values: [{ value: "C" }] },
      ],
      description: { full: "F" },
    });
  });

  it("reads the relation from the attribute or an element, and drops a relationship that names no group", async () => {
    const { groups } = await readContent(`<group>${ID}
      <relationship relation="1">${ID}</relationship>
      <relationship><label>L</label>${ID}<relation>2</relation></relationship>
      <relationship relation="1"><label>nobody</label></relationship></group>`);
    const id = { source: "Alvis", id: "x1" };
    expect(groups[0]?.relationships).to.deep.equal([
      { relation: "1", id },
      { relation: "2", id, label: "L" },
    ]);
  });

  it("has no timeframe when both dates are empty, and half a one when one is", async () => {
    const { groups } = await readContent(
      `<group>${ID}<timeframe><begin restrict="1"/><end> </end></timeframe></group>
       <group>${ID}<timeframe><adminperiod>x</adminperiod><end>2009-06-12</end></timeframe></group>`,
    );
    expect(groups[0]).not.to.have.property("timeframe");
    expect(groups[1]?.timeframe).to.deep.equal({ end: "2009-06-12" });
  });
});

describe("a membership", () => {
  const member = (id: string, rest = "") => `<member><sourcedid><id>${id}</id></sourcedid>${rest}</member>`;

  it("hands out its members with their group, also when the group's sourcedid comes after them", async () => {
    const { members } = await readContent(`
      <membership>${member("a")}${member("b")}<sourcedid><id>g</id></sourcedid>${member("c")}</membership>
      <membership><sourcedid><id>h</id></sourcedid>${member("d")}<sourcedid><id>i</id></sourcedid>${member("e")}</membership>`);
    expect(members.map(({ group, member: { id } }) => `${group.id}:${id}`)).to.deep.equal([
      "g:a",
      "g:b",
      "g:c",
      "h:d",
      "h:e",
    ]);
  });

  it("without members gives nothing, but is counted", async () => {
    const { summary, members } = await readContent(`<membership>${ID}</membership>`);
    expect(members).to.deep.equal([]);
    expect(summary.records).to.deep.include({ memberships: 1, members: 0 });
  });

  it("without a sourcedid is skipped with its members, and a member without one alone", async () => {
    const { skipped, members, summary } = await readContent(
      `<membership>${member("a")}</membership>\n<membership>${ID}\n<member><idtype>1</idtype></member>${member("b")}</membership>`,
    );
    expect(skipped).to.deep.equal([
      "membership line 1: no sourcedid with an id",
      "member line 3: no sourcedid with an id",
    ]);
    expect(members.map((one) => one.member.id)).to.deep.equal(["b"]);
    expect(summary.records).to.deep.include({ memberships: 1, members: 1 });
  });

  it("reads idtype from the text or the attribute, and leaves it out when it is missing", async () => {
    const { members } = await readContent(
      `<membership>${ID}${member("a", "<idtype>2</idtype>")}${member("b", '<idtype idtype="1"/>')}${member("c")}</membership>`,
    );
    expect(members.map(({ idtype }) => idtype)).to.deep.equal(["2", "1", undefined]);
    expect(members[2]).not.to.have.property("idtype");
  });

  it("reads roletype and status in every way that files write them", async () => {
    const { members } = await readContent(
      `<membership>${ID}${member(
        "a",
        `<role roletype="Learner" recstatus="3"><status>0</status></role>
       <role><roletype>01</roletype><status status="1"/></role>
       <role><roletype roletype="02"/></role>
       <role status="0">Learner</role>
       <role><timeframe><end>2009-06-12</end></timeframe></role>
       <role/>`,
      )}</membership>`,
    );
    expect(members[0]?.roles.map(({ extension: _, ...role }) => role)).to.deep.equal([
      { roletype: "Learner", recstatus: "3", status: "0" },
      { roletype: "01", status: "1" },
      { roletype: "02" },
      { roletype: "Learner", status: "0" },
      { timeframe: { end: "2009-06-12" } },
      {},
    ]);
  });

  it("keeps a role's extension", async () => {
    const { members } = await readContent(
      `<membership>${ID}${member("a", "<role><extension><termordning>2</termordning></extension></role>")}</membership>`,
    );
    expect(members[0]?.roles[0]?.extension[0]).to.deep.include({ name: "termordning", text: "2" });
  });
});
