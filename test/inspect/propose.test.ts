import { expect } from "chai";
import { describe, it } from "mocha";
import type { GroupKind } from "../../lib/mapping/api.js";
import { defaultMapping } from "../../lib/mapping/settings.js";
import {
  course,
  group,
  groupMember,
  klass,
  learners,
  member,
  membership,
  occasion,
  person,
  role,
  school,
} from "../support/export.js";
import { inspected, proposals } from "./inspecting.js";

/** Everything of a small register, whose groups are typed with these words. */
function register(words: {
  readonly school?: string;
  readonly course?: string;
  readonly occasion?: string;
}): string[] {
  const { school: s = "Skola", course: k = "Kurs", occasion: t = "Kursgrupp" } = words;
  return [
    person("E1", {}),
    person("E2", {}),
    group("S1", s, { short: "VUX" }),
    group("K1", k, { short: "MATMAT02b", in: "S1" }),
    group("K2", k, { short: "ENGENG05", in: "S1" }),
    group("T1", t, { in: "K1", dates: "2009-01-19/2009-06-05" }),
    group("T2", t, { in: "K2", dates: "2009-01-19/2009-06-05" }),
    learners("T1", "E1", "E2"),
    learners("T2", "E1"),
  ];
}

describe("The proposal for kinds of groups that the mapping does not know", () => {
  it("is none when everything is known", async () => {
    const { proposal } = await inspected(register({}));
    expect(proposal).to.deep.equal({ mapping: null, reasons: [] });
  });

  it("takes groups with learners and dates as occasions, and adds a rule to the current ones", async () => {
    const { proposal } = await inspected(register({ occasion: "Studiegrupp" }));
    expect(proposal.mapping).to.deep.equal({
      groupKinds: [...defaultMapping.groupKinds, { kind: "occasion", typevalue: "Studiegrupp" }],
    });
    expect(proposal.reasons).to.deep.equal([
      {
        of: '"Studiegrupp" (scheme Alvis, level 1)',
        proposed: "occasion",
        reason: "has learners in 2 of 2, and dates in 2 of 2",
      },
    ]);
  });

  it("takes what stands above occasions with a course code as short name as courses", async () => {
    const profile = await inspected(register({ course: "Moment" }));
    expect(proposals(profile)).to.deep.equal(['"Moment": course']);
    expect(profile.proposal.reasons[0]?.reason).to.include("course code in 2 of 2");
  });

  it("takes what has no learners and stands above courses as schools", async () => {
    expect(proposals(await inspected(register({ school: "Utbildningsenhet" })))).to.deep.equal([
      '"Utbildningsenhet": school',
    ]);
  });

  it("tells all kinds at once, from the bottom of the tree", async () => {
    const words = { school: "Anordnare", course: "Moment", occasion: "Studiegrupp" };
    expect(proposals(await inspected(register(words)))).to.deep.equal([
      '"Anordnare": school',
      '"Moment": course',
      '"Studiegrupp": occasion',
    ]);
  });

  it("takes dates of roles as well as those of groups", async () => {
    const records = [
      ...register({ occasion: "Kursgrupp" }),
      group("T3", "Studiegrupp", { in: "K1" }),
      learners("T3", "E1 2009-01-19/2009-06-05"),
    ];
    expect(proposals(await inspected(records))).to.deep.equal(['"Studiegrupp": occasion']);
  });

  it("says of occasions without a course above that they may be classes", async () => {
    const records = [
      ...register({}),
      group("T3", "Studiegrupp", { in: "S1", short: "NA1", dates: "2009-01-19/2009-06-05" }),
      learners("T3", "E1"),
    ];
    const { proposal } = await inspected(records);
    expect(proposal.reasons[0]?.proposed).to.equal("occasion");
    expect(proposal.reasons[0]?.reason).to.include("if these are classes, write class");
  });

  it("takes groups with learners that are members of occasions as classes", async () => {
    for (const kind of ["Kursgrupp", "Studiegrupp"]) {
      const records = [
        ...register({ occasion: kind }),
        group("C1", "Studieklass", { in: "S1", dates: "2009-01-19/2009-06-05" }),
        learners("C1", "E1", "E2"),
        groupMember("T1", "C1", role()),
      ];
      expect(proposals(await inspected(records))).to.include('"Studieklass": class');
    }
  });

  it("takes occasions whose learners all come through a class as occasions", async () => {
    const records = [
      person("E1", {}),
      school("S1"),
      course("K1", "MATMAT02b", { in: "S1" }),
      klass("C1", { in: "S1" }),
      learners("C1", "E1"),
      group("T1", "Studiegrupp", { in: "K1", dates: "2009-01-19/2009-06-05" }),
      groupMember("T1", "C1", role()),
    ];
    expect(proposals(await inspected(records))).to.deep.equal(['"Studiegrupp": occasion']);
  });

  it("takes groups that have courses as members as programmes, with learners and dates or not", async () => {
    for (const dates of ["", "2009-01-19/2009-06-05"]) {
      const records = [
        ...register({}),
        group("P1", "Paket", { in: "S1", short: "VOBAS", dates }),
        groupMember("P1", "K1", role()),
        learners("P1", "E1"),
      ];
      expect(proposals(await inspected(records))).to.deep.equal(['"Paket": programme']);
    }
  });

  it("takes groups with learners above courses as programmes", async () => {
    const records = [
      ...register({}),
      group("P1", "Paket", { in: "S1", short: "VOBAS" }),
      course("K3", "SVESVE01", { in: "P1" }),
      learners("P1", "E1"),
    ];
    expect(proposals(await inspected(records))).to.deep.equal(['"Paket": programme']);
  });

  it("proposes nothing for collective groups, whose members have no role", async () => {
    const records = [
      ...register({ occasion: "Studiegrupp" }),
      group("A1", "Alla elever", { in: "S1", dates: "2009-01-19/2009-06-05" }),
      member("A1", "E1"),
      member("A1", "E2"),
    ];
    const { proposal } = await inspected(records);
    expect(proposal.reasons.map(({ proposed }) => proposed)).to.deep.equal(["occasion", null]);
    expect(proposal.reasons[1]?.reason).to.equal(
      "its members have no learner role: a collective group, no occasion",
    );
    expect(proposal.mapping?.groupKinds?.at(-1)).to.deep.equal({
      kind: "occasion",
      typevalue: "Studiegrupp",
    });
  });

  it("goes by members without roles when the whole file has no role", async () => {
    const records = [
      ...register({ occasion: "Studiegrupp" }).filter((record) => !record.startsWith("<membership")),
      membership("T1", "E1", "1", []),
      membership("T2", "E2", "1", []),
      group("A1", "Alla elever", { in: "S1" }),
      member("A1", "E1"),
    ];
    expect(proposals(await inspected(records))).to.deep.equal([
      '"Studiegrupp": occasion',
      '"Alla elever": -',
    ]);
  });

  it("proposes nothing for what stands above schools, or between a school and its courses", async () => {
    const records = [
      group("H1", "Huvudman", {}),
      group("S2", "Skola", { in: "H1" }),
      group("Å1", "Ämnesområde", { in: "S2" }),
      course("K3", "SVESVE01", { in: "Å1" }),
      ...register({}),
    ];
    const { proposal } = await inspected(records);
    expect(proposal.mapping).to.equal(null);
    expect(proposal.reasons.map(({ reason }) => reason.replace(/:.*/, ""))).to.deep.equal([
      "stands above schools and gives nothing itself",
      "stands between schools and what they give",
    ]);
  });

  it("proposes nothing when nothing tells, and says so", async () => {
    const { proposal } = await inspected([...register({}), group("X1", "Sal", { in: "S1" })]);
    expect(proposal).to.deep.equal({
      mapping: null,
      reasons: [{ of: '"Sal" (scheme Alvis, level 1)', proposed: null, reason: "nothing tells what it is" }],
    });
  });

  it("names the level, or the scheme, where the typevalue alone would take other groups too", async () => {
    const typed = (scheme: string, level: string) =>
      `<grouptype><scheme>${scheme}</scheme><typevalue level="${level}">Enhet 2</typevalue></grouptype>`;
    const withType = (record: string, type: string) => record.replace(/<grouptype>.*<\/grouptype>/, type);
    const ruleFor = async (other: string, kind: GroupKind) => {
      const [student1, student2, ...rest] = register({ school: "x", occasion: "x" });
      const records = rest.map((record) => {
        if (record.startsWith("<group") && record.includes("<id>S1</id>") && record.includes("VUX")) {
          return withType(record, typed("A", "1"));
        }
        return record.includes("<begin") ? withType(record, other) : record;
      });
      const { proposal } = await inspected([student1 ?? "", student2 ?? "", ...records]);
      return proposal.mapping?.groupKinds?.filter(
        (rule) => !defaultMapping.groupKinds.includes(rule) && rule.kind === kind,
      );
    };
    expect(await ruleFor(typed("A", "2"), "occasion")).to.deep.equal([
      { kind: "occasion", typevalue: "Enhet 2", level: "2" },
    ]);
    expect(await ruleFor(typed("B", "1"), "occasion")).to.deep.equal([
      { kind: "occasion", scheme: "B", typevalue: "Enhet 2", level: "1" },
    ]);
  });

  it("proposes no rule that would take groups of another kind", async () => {
    const both = (own: string) =>
      `<grouptype><scheme>A</scheme><typevalue level="1">Avdelning</typevalue>${own}</grouptype>`;
    const records = register({ school: "x", occasion: "x" }).map((record) => {
      const own = record.includes("<begin") ? "" : '<typevalue level="2">Anordnare</typevalue>';
      return record.includes(">x<") ? record.replace(/<grouptype>.*<\/grouptype>/, both(own)) : record;
    });
    const { proposal } = await inspected(records);
    expect(proposal.reasons.map(({ proposed }) => proposed)).to.deep.equal(["school", null]);
    expect(proposal.reasons[1]?.reason).to.include("no rule tells it from other kinds");
  });

  it("writes words as they are, and what a pattern would take for itself escaped", async () => {
    const { proposal } = await inspected(register({ occasion: "Grupp (kurs) *+?|\\" }));
    expect(proposal.mapping?.groupKinds?.at(-1)).to.deep.equal({
      kind: "occasion",
      typevalue: "Grupp \\(kurs\\) \\*\\+\\?\\|\\\\",
    });
  });

  it("makes one rule of several words for one kind", async () => {
    const records = [
      ...register({ occasion: "Studiegrupp" }),
      group("T3", "Distansgrupp", { in: "K1", dates: "2009-01-19/2009-06-05" }),
      learners("T3", "E1"),
    ];
    const { proposal } = await inspected(records);
    expect(proposal.mapping?.groupKinds?.slice(defaultMapping.groupKinds.length)).to.deep.equal([
      { kind: "occasion", typevalue: "Studiegrupp|Distansgrupp" },
    ]);
  });

  it("goes by what most groups of a kind have, not by a few of them", async () => {
    const records = [
      ...register({}),
      ...["X1", "X2", "X3"].map((id) => group(id, "Projekt", { in: "S1", dates: "2009-01-19/2009-06-05" })),
      learners("X1", "E1"),
    ];
    const { proposal } = await inspected(records);
    expect(proposal.reasons[0]).to.deep.include({
      proposed: null,
      reason: "few of its groups have learners",
    });
  });

  it("keeps the rules that the settings have, and knows what they know", async () => {
    const mapping = {
      ...defaultMapping,
      groupKinds: [{ kind: "occasion", typevalue: "studiegrupp" } as const],
    };
    const profile = await inspected(register({ occasion: "Studiegrupp" }), mapping);
    expect(proposals(profile)).to.deep.equal(['"Skola": school', '"Kurs": course']);
    expect(profile.proposal.mapping?.groupKinds?.[0]).to.equal(mapping.groupKinds[0]);
  });

  it("shows nothing of a typevalue that has a number, and proposes no rule with it", async () => {
    const { proposal } = await inspected(register({ occasion: "Grupp 800101-9804" }));
    expect(JSON.stringify(proposal)).not.to.include("9804");
    expect(proposal).to.deep.include({ mapping: null });
  });
});

describe("The proposal for useridtypes", () => {
  const numbered = (type: string | undefined, ...values: readonly string[]) =>
    values.map((value, index) =>
      person(`E${index}`, {
        inner: `<userid${type === undefined ? "" : ` useridtype="${type}"`}>${value}</userid>`,
      }),
    );

  it("takes an unknown type whose values have the form of identity numbers, besides the current ones", async () => {
    const { proposal } = await inspected(numbered("persnr", "19800101-9804", "800101-TF01", "login7"));
    expect(proposal.mapping).to.deep.equal({
      personnummerUseridTypes: [...defaultMapping.personnummerUseridTypes, "persnr"],
    });
    expect(proposal.reasons[0]).to.deep.equal({
      of: "useridtype persnr",
      proposed: "personnummer",
      reason: "2 of 3 values have the form of an identity number",
    });
  });

  it("leaves out types with other values, and known types in any case", async () => {
    expect((await inspected(numbered("login", "anna01", "bo02", "8001019804"))).proposal.mapping).to.equal(
      null,
    );
    expect((await inspected(numbered("pid", "8001019804"))).proposal.mapping).to.equal(null);
  });

  it("says that numbers without a type cannot be named", async () => {
    const { proposal } = await inspected(numbered(undefined, "8001019804"));
    expect(proposal.mapping).to.equal(null);
    expect(proposal.reasons[0]?.reason).to.include("without a useridtype the mapping cannot name them");
  });
});

describe("Occasions whose kind is known", () => {
  it("are never proposed anew", async () => {
    const { proposal } = await inspected([person("E1", {}), occasion("T1"), learners("T1", "E1")]);
    expect(proposal.reasons).to.deep.equal([]);
  });
});
