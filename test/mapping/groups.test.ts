import { expect } from "chai";
import { describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import type { ImsGroup } from "../../lib/ims/records.js";
import type { MappingSettings, ReportCause } from "../../lib/mapping/api.js";
import { linkGraph } from "../../lib/mapping/groups.js";
import { defaultMapping } from "../../lib/mapping/settings.js";
import { course, group, occasion, school } from "../support/ims.js";

describe("Groups of the export", () => {
  describe("their kinds", () => {
    for (const [kind, typevalues] of [
      ["school", ["skola", "Enhet", "SCHOOL", "site"]],
      ["course", ["kurs", "Course", "ämne", "ÄMNE"]],
      [
        "occasion",
        ["kursgrupp", "undervisningsgrupp", "Grupp", "section", "CourseSection", "Teaching Group"],
      ],
      ["class", ["klass", "basgrupp", "mentorsgrupp", "class"]],
      ["programme", ["program", "kurspaket", "utbildning", "programme"]],
    ] as const) {
      it(`takes ${typevalues.join(", ")} for ${kind}`, () => {
        for (const type of typevalues) expect(kindOf(group("g", { type }))).to.equal(kind);
      });
    }

    it("looks at the whole trimmed text only, and counts what is not loaded", () => {
      expect(kindOf(group("g", { type: "  kurs " }))).to.equal("course");
      for (const type of ["kurser", "förskola", "kurs 2", "personalgrupp"]) {
        expect(link([group("g", { type })]).reported).to.deep.equal(["groupKindUnknown g"]);
      }
      expect(link([group("g")]).reported).to.deep.equal(["groupKindUnknown g"]);
    });

    it("lets the first rule that matches win, whatever the order of the typevalues", () => {
      const both = { ...group("g"), groupTypes: [{ values: [{ value: "kurs" }, { value: "skola" }] }] };
      expect(kindOf(both)).to.equal("school");
    });

    it("may tell kinds apart by scheme, level and the label of the parent", () => {
      const settings: MappingSettings = {
        ...defaultMapping,
        groupKinds: [
          { kind: "school", scheme: "enhetstyp", level: "1" },
          { kind: "programme", label: "paket|program" },
          { kind: "occasion", typevalue: "grupp", scheme: "undervisning" },
        ],
      };
      const typed = (scheme: string, value: string, level: string): ImsGroup => ({
        ...group("g"),
        groupTypes: [{ scheme, values: [{ value, level }] }],
      });
      expect(kindOf(typed("Enhetstyp", "x", "1"), settings)).to.equal("school");
      expect(kindOf(typed("enhetstyp", "x", "2"), settings)).to.equal(undefined);
      expect(kindOf(typed("undervisning", "grupp", "2"), settings)).to.equal("occasion");
      expect(kindOf(typed("annat", "grupp", "2"), settings)).to.equal(undefined);
      const labelled: ImsGroup = {
        ...group("g"),
        relationships: [{ relation: "1", id: { id: "parent" }, label: "Paket" }],
      };
      expect(kindOf(labelled, settings)).to.equal("programme");
    });

    it("refuses a rule that is no regular expression as a wrong setting", () => {
      const settings = { ...defaultMapping, groupKinds: [{ kind: "course" as const, typevalue: "(kurs" }] };
      expect(() => link([], settings))
        .to.throw(AdresslistaError, "mapping.groupKinds")
        .with.property("code", "settings");
    });
  });

  describe("their records", () => {
    it("are joined by id, the first value of each field winning, and reported", () => {
      const { find, reported } = link([
        course("c", "MATMAT01a", { parents: ["s"] }),
        course("c", "OTHER", { long: "Matematik 1a", begin: "2009-01-19", parents: ["t"] }),
        school("s"),
        school("t"),
      ]);
      expect(find("c")).to.include({ short: "MATMAT01a", long: "Matematik 1a", begin: "2009-01-19" });
      expect(find("c")?.parents.map(({ id }) => id)).to.deep.equal(["s", "t"]);
      expect(reported).to.deep.equal(["groupDuplicate c"]);
    });

    it("are found by every sourcedid, also when a later record shows that two are one", () => {
      const { groups, find } = link([
        course("new", "MATMAT01a", { ids: ["new", "older"] }),
        course("old", "X", { long: "Matematik" }),
        course("new", "Y", { ids: ["new", "old"] }),
      ]);
      expect(groups.map(({ id }) => id)).to.deep.equal(["new"]);
      for (const id of ["new", "older", "old"]) {
        expect(find(id)).to.include({ id: "new", short: "MATMAT01a", long: "Matematik" });
      }
    });

    it("with recstatus 3 are not in the data set", () => {
      const { find, reported } = link([
        school("s", { recstatus: "3" }),
        course("c", "A", { parents: ["s"] }),
      ]);
      expect(find("s")).to.equal(undefined);
      expect(reported).to.deep.equal(["parentUnknown c", "recordDeleted s"]);
    });

    it("without sourcedid are reported by their line", () => {
      expect(link([group("", { ids: [] })]).reported).to.deep.equal(["groupNoId line 1"]);
    });

    it("have no date where the register has none that T04's terms can hold", () => {
      const { find } = link([
        occasion("a", { begin: "2009-02-30", end: "9999-12-31" }),
        occasion("b", { begin: "20090119", end: "2009-06-05T00:00:00" }),
      ]);
      expect(find("a")).to.not.have.any.keys("begin", "end");
      expect(find("b")).to.include({ begin: "2009-01-19", end: "2009-06-05" });
    });
  });

  describe("their parents", () => {
    it("are named by relation 1 alone", () => {
      const records = ["1", "2", "3"].map((relation) => ({
        ...course(`c${relation}`, "A"),
        relationships: [{ relation, id: { id: "s" } }],
      }));
      const { groups } = link([...records, school("s")]);
      expect(groups.filter(({ parents }) => parents.length > 0).map(({ id }) => id)).to.deep.equal(["c1"]);
    });

    it("are not themselves", () => {
      const { find, reported } = link([school("s", { parents: ["s"] })]);
      expect(find("s")?.parents).to.deep.equal([]);
      expect(reported).to.deep.equal(["groupSelfParent s"]);
    });

    it("form no cycle: the parent that stands too low is dropped and reported, whatever the order", () => {
      const records = [
        occasion("o", { parents: ["c"] }),
        course("c", "A", { parents: ["s"] }),
        school("s", { parents: ["o"] }),
      ];
      for (const inAnyOrder of [records, [...records].reverse()]) {
        const { find, reported } = link(inAnyOrder);
        expect(find("o")?.schoolsAbove.map(({ id }) => id)).to.deep.equal(["s"]);
        expect(find("s")?.parents).to.deep.equal([]);
        expect(reported).to.deep.equal(["groupCycle s"]);
      }
    });

    it("may be as many steps up as there are groups", () => {
      const steps = 20_000;
      const chain = Array.from({ length: steps }, (_, step) =>
        group(`g${step}`, { type: "nivå", parents: [step + 1 < steps ? `g${step + 1}` : "s"] }),
      );
      expect(
        link([...chain, school("s")])
          .find("g0")
          ?.schoolsAbove.map(({ id }) => id),
      ).to.deep.equal(["s"]);
    });
  });

  describe("the schools above them", () => {
    const above = (records: readonly ImsGroup[], id: string) =>
      link(records)
        .find(id)
        ?.schoolsAbove.map((found) => found.id);

    it("are the nearest ones, through groups of every kind", () => {
      const records = [
        school("kommun"),
        school("s", { parents: ["kommun"] }),
        group("unknown", { type: "nivå", parents: ["s"] }),
        course("c", "A", { parents: ["unknown"] }),
      ];
      expect(above(records, "c")).to.deep.equal(["s"]);
      expect(above(records, "s")).to.deep.equal(["kommun"]);
      expect(above(records, "kommun")).to.deep.equal([]);
    });

    it("are all that are equally near", () => {
      const records = [
        school("s"),
        school("t"),
        school("far"),
        course("c", "A", { parents: ["t"] }),
        group("g", { type: "nivå", parents: ["far"] }),
        group("a", { type: "nivå", parents: ["g"] }),
        occasion("o", { parents: ["a", "c", "u"] }),
        group("u", { type: "nivå", parents: ["s"] }),
      ];
      expect(above(records, "o")).to.deep.equal(["s", "t"]);
    });
  });
});

function link(records: readonly ImsGroup[], settings: MappingSettings = defaultMapping) {
  const reported: string[] = [];
  const report = (cause: ReportCause, id: string) => {
    reported.push(`${cause} ${id}`);
  };
  const graph = linkGraph(records, settings, report);
  return { ...graph, reported: reported.sort() };
}

function kindOf(record: ImsGroup, settings?: MappingSettings) {
  return link([record], settings).find("g")?.kind;
}
