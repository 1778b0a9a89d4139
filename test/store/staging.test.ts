import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { after, afterEach, describe, it } from "mocha";
import { compareSwedish } from "../../lib/domain/collation.js";
import { mergePersons } from "../../lib/mapping/person.js";
import type { PersonData } from "../../lib/mapping/rows.js";
import { openStaging, type Staging } from "../../lib/store/sqlite/staging.js";

const person = (id: string, more: Partial<PersonData> = {}): PersonData => ({
  id,
  aliases: [id],
  protected: false,
  staff: false,
  ...more,
});

const IN_LIST_ORDER = { compareNames: compareSwedish };

describe("the staging of persons and memberships", () => {
  const folder = mkdtempSync(join(tmpdir(), "adresslista-staging-"));
  let staging: Staging | undefined;
  const reported: string[] = [];
  const open = () => {
    reported.length = 0;
    staging = openStaging({
      path: join(folder, "persons"),
      merge: mergePersons,
      numberKey: (personnummer) => Number(personnummer ?? -1),
      report: {
        duplicate: (id) => reported.push(`duplicate ${id}`),
        conflict: (id, fields) => reported.push(`conflict ${id} ${fields.join()}`),
      },
    });
    return staging;
  };
  const order = (from: Staging) => {
    return [...from.inOrder(IN_LIST_ORDER)].map((staged) => staged.person.id);
  };

  afterEach(() => staging?.close());
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("keeps its persons in a file without a name", () => {
    open().addPerson(person("p1"));
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it("orders persons by surname, first name, number, id", () => {
    const staged = open();
    staged.addPerson(person("å", { efternamn: "Åberg", fornamn: "Ann" }));
    staged.addPerson(person("z", { efternamn: "Zetterberg", fornamn: "Ann" }));
    staged.addPerson(person("b2", { efternamn: "Berg", fornamn: "Bo", personnummer: "2" }));
    staged.addPerson(person("b1", { efternamn: "Berg", fornamn: "Bo", personnummer: "1" }));
    staged.addPerson(person("b0-ü", { efternamn: "Berg", fornamn: "Ünal" }));
    staged.addPerson(person("x2", { efternamn: "Berg", fornamn: "Bo", personnummer: "3" }));
    staged.addPerson(person("x1", { efternamn: "Berg", fornamn: "Bo", personnummer: "3" }));
    staged.addPerson(person("none"));
    expect(order(staged)).to.deep.equal(["none", "b1", "b2", "x1", "x2", "b0-ü", "z", "å"]);
  });

  it("merges records that share an id, and lets every id lead to the person", () => {
    const staged = open();
    staged.addPerson(person("p1", { efternamn: "Berg", email: "a@example.se" }));
    staged.addPerson(
      person("p1", { aliases: ["p1", "old1"], efternamn: "Berg", fornamn: "Bo", email: "b@example.se" }),
    );
    staged.addMembership("old1", { group: "g1", role: "learner", begin: "2026-01-12" }, { active: true });
    staged.addMembership("p1", { group: "g2", role: "untyped" }, { active: true });
    const [only, ...others] = [...staged.inOrder(IN_LIST_ORDER)];
    expect(others).to.deep.equal([]);
    expect(only?.person).to.include({ id: "p1", efternamn: "Berg", fornamn: "Bo", email: "a@example.se" });
    expect(only?.memberships).to.have.deep.members([
      { group: "g1", role: "learner", begin: "2026-01-12" },
      { group: "g2", role: "untyped" },
    ]);
    expect(reported).to.include("duplicate p1");
    expect(reported).to.include("conflict p1 email");
  });

  it("joins two persons that a later record shows to be one", () => {
    const staged = open();
    staged.addPerson(person("p1", { efternamn: "Berg" }));
    staged.addPerson(person("p2", { fornamn: "Bo" }));
    staged.addPerson(person("p3", { aliases: ["p3", "p1", "p2"] }));
    expect(order(staged)).to.deep.equal(["p1"]);
  });

  it("keeps a person protected whichever record says so", () => {
    const staged = open();
    staged.addPerson(person("p1", { email: "a@example.se" }));
    staged.addPerson(person("p1", { protected: true }));
    const [only] = [...staged.inOrder(IN_LIST_ORDER)];
    expect(only?.person.protected).to.equal(true);
    expect(only?.person).to.not.have.property("email");
  });

  it("tells which members no person stands behind", () => {
    const staged = open();
    staged.addPerson(person("p1"));
    for (const id of ["p1", "x2", "x1", "x2"]) {
      staged.addMembership(id, { group: "g", role: "learner" }, { active: true });
    }
    expect([...staged.unknownMembers()]).to.deep.equal(["x1", "x2"]);
  });

  it("gives the earliest begin and latest end of a group's active learners, staff left out", () => {
    const staged = open();
    staged.addPerson(person("p1"));
    staged.addPerson(person("p2"));
    staged.addPerson(person("t1", { staff: true }));
    const member = (id: string, role: "learner" | "untyped", begin: string, end: string, active = true) =>
      staged.addMembership(id, { group: "g", role, begin, end }, { active });
    member("p1", "learner", "2026-02-01", "2026-05-01");
    member("p2", "untyped", "2026-03-01", "2026-06-01");
    member("t1", "untyped", "2025-01-01", "2027-01-01");
    member("p1", "learner", "2024-01-01", "2028-01-01", false);
    expect(staged.learnerDates("g")).to.deep.equal({ begin: "2026-02-01", end: "2026-06-01" });
    expect(staged.learnerDates("unknown")).to.equal(undefined);
  });

  it("numbers persons anew when the day that decides their century has changed", () => {
    const staged = open();
    staged.addPerson(person("p1", { personnummer: "1" }));
    staged.addPerson(person("p2", { personnummer: "2" }));
    const listed = staged.inOrder({ ...IN_LIST_ORDER, numberKey: (number) => -Number(number) });
    expect([...listed].map((each) => each.person.id)).to.deep.equal(["p2", "p1"]);
  });

  it("gives what is carried over to the person who has any of its ids, else to a person of its own", () => {
    const staged = open();
    const kept = (occasion: string) => ({ occasion, periods: [], lastTermin: "20252", programmes: [] });
    staged.addPerson(person("new", { aliases: ["new", "old1", "old2"], efternamn: "Berg" }));
    staged.addMembership("new", { group: "g", role: "learner" }, { active: true });
    staged.addCarried(person("old1", { efternamn: "Alm" }), [kept("o1")]);
    staged.addCarried(person("old2", { efternamn: "Alm" }), [kept("o2"), kept("o3")]);
    staged.addCarried(person("gone", { efternamn: "Dal" }), [kept("o4")]);
    staged.addCarried(person("empty", { efternamn: "Ek" }), []);
    const seen = [...staged.inOrder(IN_LIST_ORDER)].map((each) => [
      each.person.id,
      each.inExport,
      each.groups.join(),
      each.carried.map(({ occasion }) => occasion).join(),
    ]);
    expect(seen).to.deep.equal([
      ["new", true, "g", "o1,o2,o3"],
      ["gone", false, "", "o4"],
      ["empty", false, "", ""],
    ]);
  });
});
