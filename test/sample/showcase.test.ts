import { readFileSync } from "node:fs";
import { expect } from "chai";
import { describe, it } from "mocha";
import { isKurskod } from "../../lib/domain/codes.js";
import { readPersonnummer } from "../../lib/domain/personnummer.js";
import { SHOWCASE_SEED, showcaseExport } from "../../lib/sample/showcase.js";
import {
  children,
  emailsIn,
  isExampleDomain,
  isPtsNumber,
  isTestNumber,
  parseExport,
  type SampleNode,
  text,
  texts,
} from "./reading.js";

const EXPORT_DAY = "2026-11-24";
const sample = readFileSync(new URL("../../data/sample-export.xml", import.meta.url), "utf8");
const root = parseExport(sample);
const persons = children(root, "person");
const groups = children(root, "group");
const memberships = children(root, "membership");

describe("the sample export in data/", () => {
  it("is what its generator writes: npm run sample", () => {
    expect([...showcaseExport(SHOWCASE_SEED)].join("") === sample).to.equal(true);
  });

  it("is another one with another seed", () => {
    expect([...showcaseExport(SHOWCASE_SEED + 1)].join("") === sample).to.equal(false);
  });

  it("says in its head that all people are invented", () => {
    expect(sample.slice(0, 200)).to.include("All people in this file are invented");
  });

  it("is small enough to look at", () => {
    expect(Buffer.byteLength(sample)).to.be.below(600_000);
  });

  it("has about 400 students, 36 of staff, 3 schools, a unit and some 40 courses", () => {
    const ids = new Set(persons.map(idOf));
    expect([...ids].filter((id) => id.startsWith("E"))).to.have.length(400);
    expect([...ids].filter((id) => id.startsWith("L"))).to.have.length(36);
    expect(groupsOfType("skola").map(idOf)).to.deep.equal(["LVUX", "BLÅ", "skola-hjortron"]);
    expect(groupsOfType("enhet").map(idOf)).to.deep.equal(["LVD"]);
    expect(groupsOfType("kurs")).to.have.length(43);
  });

  describe("keeps away from everyone who lives", () => {
    const deliberatelyWrong = new Map([
      ["E0002", "199008602394"],
      ["E0004", "910412-TF01"],
      ["E0005", "19870203-TF12"],
      ["E0007", "19950817"],
      ["E0009", "AB1234567"],
      ["E0022", "880101-TF07"],
    ]);

    it("by test numbers, correct but for those that are to be wrong", () => {
      for (const { id, number } of identityNumbers()) {
        const { correct } = readPersonnummer(number, EXPORT_DAY);
        if (deliberatelyWrong.has(id)) {
          expect(number, id).to.equal(deliberatelyWrong.get(id));
          expect(correct, id).to.equal(false);
        } else if (id === "E0006") {
          expect(correct, id).to.equal(false);
        } else {
          expect(correct, id).to.equal(true);
          expect(number === "900304T102" || isTestNumber(number), id).to.equal(true);
        }
      }
      expect(identityNumbers()).to.have.length(400 + 36 - 1); // E0008 has none
    });

    it("by numbers that are nobody else's in the sample either", () => {
      const numbers = identityNumbers().map(({ number }) => number.replaceAll(/[-+]/g, "").slice(-10));
      expect(new Set(numbers).size).to.equal(numbers.length);
    });

    it("by e-mail addresses under names reserved for examples", () => {
      const emails = emailsIn(sample);
      expect(emails).to.have.length.above(350);
      expect(emails.filter((email) => !isExampleDomain(email))).to.deep.equal([]);
    });

    it("by telephone numbers reserved for books and films", () => {
      const numbers = persons.flatMap((person) => texts(person, "tel"));
      expect(numbers).to.have.length.above(300);
      expect(numbers.filter((number) => !isPtsNumber(number))).to.deep.equal([]);
    });
  });

  describe("shows people", () => {
    it("with samordningsnummer, interim number, TF numbers and a wrong check digit", () => {
      expect(numberOf("E0001")).to.equal("196602652387");
      expect(numberOf("E0014")).to.equal("199407642397");
      expect(numberOf("E0003")).to.equal("900304T102");
      expect(numberOf("E0004")).to.equal("910412-TF01");
      const wrong = numberOf("E0006");
      const repaired = [..."0123456789"].map((digit) => wrong.slice(0, -1) + digit).filter(isCorrect);
      expect(repaired).to.have.length(1);
      expect(isTestNumber(repaired[0] ?? "")).to.equal(true);
    });

    it("with numbers in every place and form", () => {
      expect(numberOf("E0010")).to.equal("250573+2384");
      expect(numberOf("E0011")).to.match(/^\d{6}-\d{4}$/);
      expect(numberOf("E0012")).to.match(/^\d{8}-\d{4}$/);
      const types = persons.flatMap((person) =>
        children(person, "userid").map((id) => id.attributes.useridtype),
      );
      expect(new Set(types)).to.deep.equal(new Set(["PID", "personnummer", "PNR", "personNIN", "login"]));
      expect(idsOf(personOf("E0015"))).to.have.length(2);
      expect(text(personOf("E0016"), "extension", "personnummer")).to.match(/^\d{12}$/);
      expect(text(personOf("E0008"), "userid")).to.equal("");
    });

    it("without e-mail, and without any way to reach them", () => {
      expect(text(personOf("E0017"), "email")).to.equal(undefined);
      expect(children(personOf("E0018"), "email", "tel", "adr")).to.deep.equal([]);
    });

    it("protected, with data that must not be stored, and marked as not protected", () => {
      expect(text(personOf("E0019"), "extension", "sekretess")).to.equal("true");
      expect(children(personOf("E0019"), "email", "tel", "adr")).to.have.length.above(2);
      expect(text(personOf("E0020"), "extension", "skyddad")).to.equal("");
      expect(text(personOf("E0021"), "extension", "sekretess")).to.equal("nej");
    });

    it("with two addresses, one of them for a time", () => {
      for (const id of ["E0023", "E0024"]) {
        const temporary = descendants(personOf(id), "adr").find(
          ({ attributes }) => attributes.adrtyp === "2",
        );
        expect(temporary, id).not.to.equal(undefined);
        expect(text(temporary as SampleNode, "timeframe", "begin"), id).to.match(/^2026-/);
        expect(children(personOf(id), "adr"), id).to.have.length(1);
      }
    });

    it("who share an e-mail address but for case", () => {
      const [first, second] = ["E0025", "E0026"].map((id) => text(personOf(id), "email"));
      expect(first).not.to.equal(second);
      expect(first?.toLowerCase()).to.equal(second?.toLowerCase());
    });

    it("with names of every kind", () => {
      const named = (id: string) => [
        text(personOf(id), "name", "n", "family"),
        text(personOf(id), "name", "n", "given"),
      ];
      expect(text(personOf("E0027"), "name", "sort")).to.equal("Älvkvist, Märta");
      expect(children(personOf("E0028"), "name").flatMap(({ children }) => children)).to.have.length(1);
      expect(named("E0029").join()).to.not.equal(named("E0029").join().normalize("NFC"));
      expect(named("E0030")).to.deep.equal(["O'Connor", "Zoë-Marie"]);
      expect(named("E0031")[0]).to.include("&");
      expect(named("E0032")).to.deep.equal(["Lindén Åkerström", "Linnéa"]);
      expect(named("E0034")[0]).to.include("ü");
      expect(["E0035", "E0036", "E0037"].map((id) => named(id)[0])).to.deep.equal(Array(3).fill("Andersson"));
      expect([named("E0038")[0], named("E0039")[0]]).to.deep.equal(["Wallin", "Vallin"]);
    });

    it("who were renamed, stand twice, are deleted, or are staff and students", () => {
      expect(children(personOf("E0041"), "sourcedid").map((id) => id.attributes.sourcedidtype)).to.deep.equal(
        ["New", "Old"],
      );
      expect(persons.filter((person) => idOf(person) === "E0042")).to.have.length(2);
      expect(personOf("E0044").attributes.recstatus).to.equal("3");
      const roles = children(personOf("L035"), "institutionrole").map(
        (role) => role.attributes.institutionroletype,
      );
      expect(roles).to.deep.equal(["Faculty", "Student"]);
      expect(memberships.flatMap(membersOf).map(idOf)).to.include("1187").and.not.include("E0043");
    });
  });

  describe("shows groups", () => {
    it("with course codes of Gy11, Gy25 and basic level, with Å, Ä and Ö, and one that is no code", () => {
      const codes = groupsOfType("kurs").map((group) => text(group, "description", "short") ?? "");
      expect(codes).to.include.members([
        "MATMAT02b",
        "MATE1B00X",
        "GRNMAT2",
        "HISHIS01a1",
        "FÖRFÖR1",
        "HÄLHÄL0",
      ]);
      expect(codes.filter((code) => /Å/.test(code))).to.have.length.above(0);
      expect(codes.filter((code) => !isKurskod(code))).to.deep.equal(["SFI-C"]);
      expect(codes.filter((code) => code === "MATMAT02b")).to.have.length(2);
    });

    it("with English names, points with a comma, and a course that is closed", () => {
      expect(extensionValues(groupsOfType("kurs"), "engbenamning")).to.have.length.above(5);
      expect(extensionValues(groupsOfType("kurs"), "poang")).to.include("12,5");
      expect(extensionValues(groupsOfType("kurs"), "nedlagd")).to.deep.equal(["J"]);
    });

    it("in every place, way and pace of study", () => {
      const occasions = groupsOfType("kursgrupp");
      expect(new Set(extensionValues(occasions, "undform"))).to.deep.equal(new Set(["NML", "DST"]));
      expect(new Set(extensionValues(occasions, "kurstid"))).to.deep.equal(new Set(["DAG", "KVÄ"]));
      for (const name of ["kurstakt", "kurstyp", "anmkod", "ort", "poang"]) {
        expect(extensionValues(occasions, name), name).to.have.length.within(1, occasions.length - 1);
      }
      expect(extensionValues(occasions, "kurstakt")).to.include("VAR");
      expect(descendants(root, "ort").every(({ attributes }) => attributes.benamn !== undefined)).to.equal(
        true,
      );
    });

    it("over one, two and three half-years", () => {
      const spans = groupsOfType("kursgrupp").map((group) => {
        const [begin, end] = [text(group, "timeframe", "begin"), text(group, "timeframe", "end")];
        return begin === undefined || end === undefined
          ? 0
          : (Date.parse(end) - Date.parse(begin)) / 86_400_000;
      });
      expect(spans.some((days) => days > 0 && days < 50)).to.equal(true);
      expect(spans.some((days) => days > 270 && days < 370)).to.equal(true);
      expect(spans.some((days) => days > 500)).to.equal(true);
    });

    it("with a samläsning, an occasion without a course, and a course with learners of its own", () => {
      expect(parentsOf("T015")).to.deep.equal(["K06", "K09"]);
      expect(parentsOf("T016")).to.deep.equal(["BLÅ"]);
      expect(membersIn("K36")).to.have.length(10);
    });

    it("with a programme of three half-years, its inriktning and termordning", () => {
      expect(text(groupOf("KP01"), "extension", "inriktning")).to.equal("ÄLDR");
      expect(parentsOf("K23")).to.include("KP01");
      const courses = membersIn("KP01").filter((member) => text(member, "idtype") === "2");
      expect(courses.map(idOf)).to.deep.equal(["K25", "K26"]);
      expect(courses.map((course) => text(course, "role", "extension", "termordning"))).to.deep.equal([
        "2",
        "3",
      ]);
    });

    it("with a class that is a member of occasions", () => {
      expect(membersIn("KLASS1")).to.have.length(18);
      for (const occasion of ["T046", "T047"]) {
        const member = membersIn(occasion).find((member) => idOf(member) === "KLASS1");
        expect(text(member as SampleNode, "idtype"), occasion).to.equal("2");
      }
    });

    it("that a load mends, reports or leaves out", () => {
      expect(children(groupOf("T056"), "timeframe")).to.deep.equal([]);
      const [begin = "", end = ""] = ["begin", "end"].map((name) => text(groupOf("T057"), "timeframe", name));
      expect(begin > end).to.equal(true);
      expect(text(groupOf("T058"), "timeframe", "end")).to.equal(undefined);
      expect(text(groupOf("T059"), "extension", "anmkod")).to.equal(
        text(groupOf("T060"), "extension", "anmkod"),
      );
      expect(groupOf("T061").attributes.recstatus).to.equal("3");
      expect(membersIn("T062")).to.deep.equal([]);
    });
  });

  describe("shows registrations", () => {
    const isIn = (occasion: string, student: string) => membersIn(occasion).map(idOf).includes(student);

    it("again on the same course, and in two of its occasions at once", () => {
      for (const student of ["E0046", "E0055"]) {
        expect([isIn("T003", student), isIn("T004", student)], student).to.deep.equal([true, true]);
      }
      expect([isIn("T007", "E0058"), isIn("T008", "E0058")]).to.deep.equal([true, true]);
    });

    it("that begin in an occasion's second half-year, pause, and are interrupted", () => {
      expect(text(memberOf("T009", "E0060"), "role", "timeframe", "begin")).to.equal("2026-01-12");
      expect(children(memberOf("T010", "E0061"), "role")).to.have.length(2);
      expect(text(memberOf("T014", "E0062"), "role", "status")).to.equal("0");
      expect(descendants(root, "status").filter((status) => status.text === "0")).to.have.length.above(10);
    });

    it("with roles as exporters write them, or leave them out", () => {
      const roletype = (student: string) =>
        children(memberOf("T014", student), "role").map((role) => role.attributes.roletype);
      expect(roletype("E0065")).to.deep.equal([]);
      expect(roletype("E0066")).to.deep.equal([undefined]);
      expect(roletype("E0067")).to.deep.equal(["Learner"]);
      expect(roletype("E0068")).to.deep.equal(["1"]);
      expect(children(memberOf("T014", "E0069"), "idtype")).to.deep.equal([]);
      expect(roletype("E0070")).to.deep.equal(["01", "01"]);
      expect(text(memberOf("T014", "E0113"), "role", "roletype")).to.equal("Learner");
    });

    it("of teachers, in nearly every occasion", () => {
      const taught = memberships.filter((membership) =>
        membersOf(membership).some((member) => children(member, "role")[0]?.attributes.roletype === "02"),
      );
      expect(taught).to.have.length.above(55);
      expect(children(memberOf("T002", "L001"), "role")).to.deep.equal([]);
    });

    it("of people and groups that are not in the file", () => {
      const known = new Set([...persons, ...groups].flatMap(idsOf));
      const unknown = memberships.flatMap((membership) => [
        idOf(membership),
        ...membersOf(membership).map(idOf),
      ]);
      expect(unknown.filter((id) => !known.has(id))).to.have.members(["E9999", "T9999"]);
    });

    it("of each person at most once in a group", () => {
      for (const membership of memberships.filter((one) => !["T046"].includes(idOf(one)))) {
        const members = membersOf(membership).map(idOf);
        expect(new Set(members).size, idOf(membership)).to.equal(members.length);
      }
    });
  });
});

function identityNumbers(): { readonly id: string; readonly number: string }[] {
  const numbers = new Map<string, string>();
  for (const person of persons) {
    const found =
      texts(person, "userid").find((value) => /\d/.test(value) && !value.startsWith("e0")) ??
      text(person, "extension", "personnummer") ??
      idsOf(person).find((id) => /^\d{12}$/.test(id));
    if (found !== undefined) numbers.set(idOf(person), found);
  }
  return [...numbers].map(([id, number]) => ({ id, number }));
}

function isCorrect(number: string): boolean {
  return readPersonnummer(number, EXPORT_DAY).correct;
}

function personOf(id: string): SampleNode {
  return found(persons, id);
}

function groupOf(id: string): SampleNode {
  return found(groups, id);
}

function membersIn(group: string): readonly SampleNode[] {
  return membersOf(found(memberships, group));
}

function memberOf(group: string, id: string): SampleNode {
  return found(membersIn(group), id);
}

function found(nodes: readonly SampleNode[], id: string): SampleNode {
  const node = nodes.find((candidate) => idOf(candidate) === id);
  if (node === undefined) throw new Error(`${id} is not there`);
  return node;
}

function numberOf(person: string): string {
  return text(personOf(person), "userid") ?? "";
}

function membersOf(membership: SampleNode): readonly SampleNode[] {
  return children(membership, "member");
}

function groupsOfType(typevalue: string): readonly SampleNode[] {
  return groups.filter((group) => text(group, "grouptype", "typevalue") === typevalue);
}

function parentsOf(group: string): readonly (string | undefined)[] {
  return children(groupOf(group), "relationship").map((relationship) =>
    text(relationship, "sourcedid", "id"),
  );
}

function extensionValues(of: readonly SampleNode[], name: string): string[] {
  return of.flatMap((group) => children(group, "extension")).flatMap((extension) => texts(extension, name));
}

function idOf(node: SampleNode): string {
  return idsOf(node)[0] ?? "";
}

function idsOf(node: SampleNode): string[] {
  return children(node, "sourcedid").flatMap((sourcedid) => texts(sourcedid, "id"));
}

function descendants(node: SampleNode, name: string): SampleNode[] {
  return node.children.flatMap((child) => [
    ...(child.name === name ? [child] : []),
    ...descendants(child, name),
  ]);
}
