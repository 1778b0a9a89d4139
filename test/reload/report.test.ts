import { expect } from "chai";
import { describe, it } from "mocha";
import type { ReportCause } from "../../lib/mapping/api.js";
import {
  collectReport,
  countWarnings,
  formatReport,
  IDS_PER_CAUSE,
  type LoadReport,
  mergeRepairs,
  NOTHING_CARRIED_OVER,
} from "../../lib/reload/report.js";

const REPORT: LoadReport = {
  load: 7,
  loadedAt: "2026-11-24T01:00:00.000Z",
  exportDatetime: "2026-11-23T18:00:00",
  files: [
    {
      name: "export.xml",
      bytes: 1234,
      sha256: "abc",
      encoding: "utf-8",
      persons: 12,
      groups: 3,
      members: 14,
    },
  ],
  counts: { NAMN: 12 },
  previous: 6,
  changes: [
    {
      institution: "*",
      persons: { before: 15, after: 12 },
      occasions: { before: 3, after: 3 },
      registrations: { before: 9, after: 14 },
    },
    {
      institution: "VUX",
      persons: { before: 0, after: 12 },
      occasions: { before: 3, after: 3 },
      registrations: { before: 9, after: 14 },
    },
  ],
  history: { occasions: 2, registrations: 30, persons: 4 },
  repairs: [{ kind: "bareAmpersand", text: "a bare & was read as &amp;", count: 3 }],
  overridden: ["school VUX: 0 persons instead of 90"],
  causes: [],
  warnings: [],
};

const collected = (...found: readonly (readonly [ReportCause, string])[]) => {
  const report = collectReport();
  for (const [cause, id] of found) report.add(cause, id);
  return report.causes();
};

describe("the causes of a load report", () => {
  it("say what is so, what to do about it in Alvis, how often, and where", () => {
    const [cause] = collected(["occasionWithoutDates", "G1"], ["occasionWithoutDates", "G2"]);
    expect(cause).to.deep.equal({
      cause: "occasionWithoutDates",
      severity: "error",
      text: "occasion without dates, of its own or of its learners: not loaded",
      mend: "in Alvis, give the course group a start and an end date, or its students theirs",
      count: 2,
      ids: ["G1", "G2"],
    });
  });

  it("have nothing to mend where all is as it should be", () => {
    const [cause] = collected(["personProtected", "E1"]);
    expect(cause).to.include({ severity: "info", mend: null });
  });

  it("count all, and keep the first ids", () => {
    const ids = Array.from({ length: IDS_PER_CAUSE + 5 }, (_, index) => `E${index}`);
    const [cause] = collected(...ids.map((id) => ["personNoEmail", id] as const));
    expect(cause?.count).to.equal(IDS_PER_CAUSE + 5);
    expect(cause?.ids).to.deep.equal(ids.slice(0, IDS_PER_CAUSE));
  });

  it("do not tell an id that is an identity number", () => {
    const [cause] = collected(["personNoEmail", "19800101-9808"], ["personNoEmail", "800101-TF12"]);
    expect(cause?.ids).to.deep.equal(["(identity number)", "(identity number)"]);
  });

  it("count as warnings, those for information aside, with the reader's", () => {
    const causes = collected(["personProtected", "E1"], ["personNoEmail", "E2"], ["recordSkipped", "E3"]);
    const warnings = [{ file: "export.xml", line: 3, text: "odd" }];
    expect(countWarnings({ causes, warnings })).to.equal(3);
  });
});

describe("repairs of several files", () => {
  it("are one list, by kind", () => {
    const repair = (kind: string, count: number) => ({ kind, text: `mended ${kind}`, count });
    expect(mergeRepairs([[repair("a", 1), repair("b", 2)], [], [repair("a", 3)]])).to.deep.equal([
      repair("a", 4),
      repair("b", 2),
    ]);
  });
});

describe("the report as text", () => {
  it("says which load it is, from which file, and what has changed by school", () => {
    expect(formatReport(REPORT)).to.equal(`Load 7, 2026-11-24T01:00:00.000Z, compared with load 6
  export.xml: 1234 bytes, utf-8, 12 persons, 3 groups, 14 members, sha256 abc
  export made: 2026-11-23T18:00:00
School   persons  occasions  registrations
all      12 (-3)          3        14 (+5)
VUX     12 (+12)          3        14 (+5)
Carried over from load 6: 2 occasions, 30 registrations, 4 persons who are no longer in the export
Would have been refused, and was loaded by force:
  school VUX: 0 persons instead of 90
Rows:
  NAMN                12
Mended in the files:
  3 × a bare & was read as &amp;
Nothing to look at.
`);
  });

  it("of a first load compares with nothing", () => {
    const text = formatReport({
      ...REPORT,
      previous: null,
      changes: [
        {
          institution: "*",
          persons: { before: null, after: 12 },
          occasions: { before: null, after: 3 },
          registrations: { before: null, after: 14 },
        },
      ],
      history: NOTHING_CARRIED_OVER,
      repairs: [],
      overridden: [],
    });
    expect(text)
      .to.match(/^Load 7, 2026-11-24T01:00:00.000Z\n/)
      .and.to.match(/\nall +12 +3 +14\n/)
      .and.not.to.match(/Carried over|by force|Mended/);
  });

  it("has what is missing in lists first, then what to look at, then what is as it should be", () => {
    const text = formatReport({
      ...REPORT,
      causes: collected(
        ["personProtected", "E9"],
        ["personNoEmail", "E2"],
        ["occasionWithoutDates", "G1"],
        ["occasionWithoutDates", "G2"],
      ),
    });
    expect(text.slice(text.indexOf("To mend"))).to.equal(
      `To mend, since something is missing in lists (ids are the register's):
  2 × occasion without dates, of its own or of its learners: not loaded
      in Alvis, give the course group a start and an end date, or its students theirs
      G1, G2
To look at (ids are the register's):
  1 × person without an e-mail address
      in Alvis, fill in the person's e-mail address: without one no e-mail list reaches them
      E2
For information (ids are the register's):
  1 × protected person: address, phone and e-mail are not stored
      E9
`,
    );
  });

  it("shows ten ids of a cause and twenty warnings; the JSON has more", () => {
    const text = formatReport({
      ...REPORT,
      causes: collected(...Array.from({ length: 12 }, (_, index) => ["personNoEmail", `E${index}`] as const)),
      warnings: Array.from({ length: 25 }, (_, index) => ({ file: "a.xml", line: index + 1, text: "odd" })),
    });
    expect(text).to.include("E8, E9, …\n").and.not.to.include("E10");
    expect(text).to.include("  a.xml, line 20: odd\n  and 5 more\n");
  });
});
