import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { defaultMapping } from "../../lib/mapping/settings.js";
import { inTemporaryFolder } from "../support/database.js";
import { exportOf, group, membership, person, role, sourcedId } from "../support/export.js";
import { type Loaded, loadedIn } from "./loading.js";

/** Shared by persons and groups, padded, alike but for case, odd in every way that XML allows. */
const oddIds = [
  ...[
    "g1",
    "p1",
    "G1",
    " g1 ",
    "I001",
    "VUX",
    "vux",
    "8001019804",
    "__proto__",
    "constructor",
    "å",
    "A\u030A",
  ],
  ...["a,b;c", "a\u00A0b", "'\"&<>", "\u{1F600}", "\u2028", "%s", "x".repeat(5_000), "null", "0", "-1"],
];
/** Few usual ones, so that they meet. */
const idOf = (usual: string) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...usual.split(" ")) },
    { weight: 1, arbitrary: fc.constantFrom(...oddIds) },
  );
const groupId = idOf("g1 g2 g3 g4 g5 g6 g7 g8");
const personId = idOf("p1 p2 p3");
const rarely = <T>(usual: T, unusual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: unusual });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const date = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .date({ min: new Date("2008-11-01"), max: new Date("2010-07-31"), noInvalidDate: true })
      .map((day) => day.toISOString().slice(0, 10)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      "igår",
      "2009-02-30",
      "0001-01-01",
      "9999-12-31",
      "20090119",
      "2069-12-31",
    ),
  },
);
const dates = fc.tuple(date, date).map((both) => both.sort().join("/"));
const anyDates = fc.oneof(
  { weight: 4, arbitrary: dates },
  { weight: 1, arbitrary: fc.tuple(date, date).map((both) => both.join("/")) },
);

const code = fc.constantFrom(
  "A1",
  "a1",
  "B1",
  "Å1",
  "MATMAT02b",
  "med blank",
  "x".repeat(300),
  "ß",
  "İ",
  " ",
);
const fields = fc.record(
  {
    anmkod: fc.constantFrom("A0001", "a0001", "x1", "X1", "bred anmkod"),
    kurstakt: fc.constantFrom("50", "050", "flex", "50,5", "1e9", "9".repeat(400)),
    poang: fc.constantFrom("100", "0", "1,5", "många", "9".repeat(400)),
    termordning: fc.constantFrom("1", "02", "två"),
    inriktning: fc.constantFrom("USK", "bred inriktning"),
    ort: fc.constantFrom("LING", "ling", "bred ort"),
    kurstyp: fc.constantFrom("_", "FRI"),
  },
  { requiredKeys: [] },
);

const recstatus = fc.oneof(
  { weight: 9, arbitrary: fc.constant("1") },
  { weight: 1, arbitrary: fc.constantFrom("2", "3", "9") },
);
const anyGroup = fc
  .record({
    id: groupId,
    type: fc.constantFrom("skola", "kurs", "kurs", "grupp", "grupp", "grupp", "klass", "program", "okänd"),
    parents: fc.array(groupId, { maxLength: 3 }),
    dates: anyDates,
    short: fc.option(code, { nil: undefined, freq: 8 }),
    alias: fc.option(groupId, { nil: undefined, freq: 30 }),
    recstatus,
    ext: fields,
  })
  .map(({ id, type, parents, dates, short, alias, recstatus, ext }) => {
    const relationships = parents.map(
      (parent) => `<relationship relation="1">${sourcedId(parent)}</relationship>`,
    );
    const options = { dates, recstatus, ext, inner: relationships.join("") };
    return group(id, type, {
      ...options,
      ...(short === undefined ? {} : { short }),
      ...(alias === undefined ? {} : { alias }),
    });
  });

const name = fc.constantFrom("Alm, Åsa", "alm, åsa", "Öberg, ", ", ", "\u{1F600}, é", "x".repeat(300));
const anyPerson = fc
  .record({
    id: personId,
    alias: fc.option(personId, { nil: undefined, freq: 10 }),
    recstatus,
    name,
    pnr: fc.constantFrom("8001019804", "19800101-9804", "800101-TF12", "00000000-0000", "x".repeat(300)),
    email: fc.constantFrom("a@example.org", "@", "a b", "<&>"),
    ext: fc.constantFrom({}, {}, {}, {}, { sekretess: "nej" }, { skyddad: "ja" }),
    institutionrole: fc.constantFrom("Student", "Faculty", "Guest"),
  })
  .map(({ alias, ...options }) =>
    person(options.id, { ...options, ...(alias === undefined ? {} : { alias }) }),
  );

const anyRole = fc
  .record({
    type: rarely<string | null>("01", fc.constantFrom("02", "Learner", "7", null)),
    dates: optional(anyDates),
    status: rarely("1", fc.constantFrom("0", "x")),
    recstatus,
    ext: fields,
  })
  .map((options) => role(options));
const anyMembership = fc
  .oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(
        groupId,
        personId,
        rarely<string | undefined>("1", fc.constantFrom(undefined, "x")),
      ),
    },
    { weight: 1, arbitrary: fc.tuple(groupId, groupId, fc.constant("2")) },
  )
  .chain((ids) => fc.tuple(fc.constant(ids), fc.array(anyRole, { maxLength: 2 })))
  .map(([[container, member, idtype], roles]) => membership(container, member, idtype, roles));

/** What usually is there: a school, its course and programme, a class, occasions at any time, all with the usual ids. */
const usualGroups = fc
  .array(dates, { minLength: 4, maxLength: 4 })
  .map((periods) => [
    group("g1", "skola", {}),
    group("g2", "kurs", { in: "g1 g8", short: "A1" }),
    ...periods.map((period, index) => group(`g${index + 3}`, "grupp", { in: "g2", dates: period })),
    group("g7", "klass", {}),
    group("g8", "program", { short: "P1" }),
  ]);

const anyExport = fc
  .record({
    usual: usualGroups,
    usualFirst: fc.boolean(),
    odd: fc.array(anyGroup, { maxLength: 6, size: "max" }),
    persons: fc.array(anyPerson, { maxLength: 6, size: "max" }),
    memberships: fc.array(anyMembership, { maxLength: 40, size: "max" }),
    datetime: rarely<string | null>("2009-03-02T18:00:00", fc.constantFrom(null, "igår", "9999-12-31")),
    order: fc.nat(2),
  })
  .map(({ usual, usualFirst, odd, persons, memberships, datetime, order }) => {
    const groups = usualFirst ? [...usual, ...odd] : [...odd, ...usual];
    const parts = [groups, persons, memberships];
    return exportOf([...parts.slice(order), ...parts.slice(0, order)].flat(), datetime);
  });

const settings = fc.record({
  protected: fc.constantFrom("strip" as const, "exclude" as const),
  protectedIds: fc.constantFrom(new Set<string>(), new Set(["p1"])),
  mapping: fc.constantFrom(defaultMapping, {
    ...defaultMapping,
    institutions: { g1: "I001", g2: "VUX", g3: "vux" },
  }),
});

/** Two loads on one database cost about a tenth of a second. */
const RUNS = 30;

describe("Any export", function () {
  this.timeout(120_000);

  it("is loaded or refused as unusable, and what is loaded holds together", async () => {
    let withRegistrations = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyExport, { minLength: 1, maxLength: 2 }),
        anyExport,
        settings,
        (first, second, options) =>
          inTemporaryFolder(async (folder) => {
            for (const exports of [first, [second]]) {
              const load = await loadedIn(folder, exports, options).catch(refusedAsUnusable);
              if (load === undefined) continue;
              expectHoldsTogether(load);
              if (load.report.counts.FFGKURS !== 0) withRegistrations += 1;
            }
          }),
      ),
      { numRuns: RUNS },
    );
    expect(withRegistrations, "loads with registrations").to.be.above(RUNS / 4);
  });
});

function refusedAsUnusable(error: unknown): undefined {
  if (error instanceof AdresslistaError && error.code === "export") return undefined;
  throw error;
}

function expectHoldsTogether({ rows, report }: Loaded): void {
  const none = (what: string, select: string) => expect(rows(select), what).to.deep.equal([]);
  // upper() of SQLite knows only ASCII: the key is the table's own
  const registrations = `SELECT PERSON, KURSKEY, STARTTER AS TERMIN, 'FFG' AS KIND FROM FFGKURS JOIN KTILL2 t ON t.ID = KTILL
    UNION SELECT PERSON, KURSKEY, r.TERMIN, 'FO' FROM FORTKURS r JOIN KTILL2 t ON t.ID = KTILL
    UNION SELECT PERSON, KURSKEY, TERMIN, 'OM' FROM OMKURS`;
  none(
    "several kinds for a person, course and term",
    `* FROM (${registrations}) GROUP BY PERSON, KURSKEY, TERMIN HAVING count(*) > 1`,
  );
  none(
    "several first terms of a person on a course",
    `* FROM (${registrations}) WHERE KIND = 'FFG' GROUP BY PERSON, KURSKEY HAVING count(*) > 1`,
  );
  none(
    "FORT without a KTFORT2 row",
    "* FROM FORTKURS r WHERE NOT EXISTS (SELECT 1 FROM KTFORT2 f WHERE f.KTILL = r.KTILL AND f.TERMIN = r.TERMIN)",
  );
  none(
    "FFG outside its start term",
    "* FROM FFGKURS r JOIN KTILL2 t ON t.ID = r.KTILL WHERE r.TERMIN <> t.STARTTER",
  );
  none(
    "KTFORT2 not later than its start",
    "* FROM KTFORT2 f JOIN KTILL2 t ON t.ID = f.KTILL WHERE f.TERMIN <= t.STARTTER OR TERMORDN < 2",
  );
  none(
    "an Anmkod that two have in a start term",
    "* FROM KTILL2 GROUP BY STARTTER, lower(KOD) HAVING count(DISTINCT TILLFALLE || ' ' || KURSKEY) > 1",
  );
  none(
    "an occasion with several Anmkoder",
    "* FROM KTILL2 GROUP BY TILLFALLE, KURSKEY HAVING count(DISTINCT KOD) > 1",
  );
  none("an occasion that begins after its end", "* FROM KTILL2 WHERE FROMDAT > TOMDAT");
  none(
    "an occasion of an unknown institution",
    "* FROM KTILL2 t, json_each(t.INSTITUTIONS) i WHERE i.value NOT IN (SELECT KOD FROM INSTITUTION)",
  );
  none(
    "an occasion of an institution that does not have the course",
    `* FROM KTILL2 t, json_each(t.INSTITUTIONS) i WHERE NOT EXISTS
    (SELECT 1 FROM KURS k WHERE k.KURSKEY = t.KURSKEY AND k.INST = i.value)`,
  );
  none("a course twice at an institution", "* FROM KURS GROUP BY KURSKEY, INSTKEY HAVING count(*) > 1");
  none(
    "PROGPLK and KTFORT2 without KTILLP",
    `* FROM PROGPLK p JOIN KTFORT2 f ON f.KTILL = p.KTILL WHERE NOT EXISTS
    (SELECT 1 FROM KTILLP x WHERE x.KTILL = f.KTILL AND x.TERMIN = f.TERMIN AND x.PROGRAM = p.PROGRAM)`,
  );
  none(
    "contact data of the protected",
    `* FROM NAMN WHERE SKYDDAD = 1 AND (ID IN (SELECT PERSON FROM TELEKOM)
    OR ID IN (SELECT PERSON FROM ADRESS) OR ID IN (SELECT ID FROM PERSONVO WHERE EMAIL IS NOT NULL))`,
  );
  expect(JSON.stringify(report)).not.to.include("example.org");
}
