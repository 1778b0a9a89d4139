import { expect } from "chai";
import { describe, it } from "mocha";
import type { ImsMember } from "../../lib/ims/records.js";
import { memberRoles } from "../../lib/mapping/members.js";
import { groupMember, member, type RoleFields } from "../support/ims.js";

describe("The roles of a member", () => {
  for (const roletype of ["01", "1", "Learner", "LEARNER"]) {
    it(`list a person with ${roletype}`, () => {
      expect(rolesOf([{ roletype }])).to.deep.equal([{ group: "o", role: "learner" }]);
    });
  }

  for (const roletype of ["02", "2", "Instructor", "Student", "04", "08", "101"]) {
    it(`do not list a person with ${roletype}`, () => {
      expect(rolesOf([{ roletype }])).to.deep.equal([]);
    });
  }

  it("count when active: status other than 0, recstatus other than 3", () => {
    expect(rolesOf([{ roletype: "01", status: "1" }])).to.have.length(1);
    expect(rolesOf([{ roletype: "01", status: "0" }])).to.deep.equal([]);
    expect(rolesOf([{ roletype: "01", recstatus: "3" }])).to.deep.equal([]);
    expect(rolesOf([{ roletype: "01", recstatus: "2" }])).to.have.length(1);
  });

  it("are judged one by one: an active learner role counts beside any others", () => {
    const roles = [
      { roletype: "02" },
      { roletype: "01", status: "0" },
      { roletype: "01", begin: "2009-02-01" },
    ];
    expect(rolesOf(roles)).to.deep.equal([{ group: "o", role: "learner", begin: "2009-02-01" }]);
  });

  it("count without roletype, and when there are none, unless another role says staff", () => {
    expect(rolesOf([])).to.deep.equal([{ group: "o", role: "untyped" }]);
    expect(rolesOf([{ end: "2009-06-05" }])).to.deep.equal([
      { group: "o", role: "untyped", end: "2009-06-05" },
    ]);
    expect(rolesOf([{ status: "0" }])).to.deep.equal([]);
    expect(rolesOf([{}, { roletype: "Instructor" }])).to.deep.equal([]);
    expect(rolesOf([{}, { roletype: "02", status: "0" }])).to.deep.equal([]);
    expect(rolesOf([{}, { roletype: "02", recstatus: "3" }])).to.have.length(1);
  });

  it("keep real dates; others are reported and count as missing", () => {
    const reported: string[] = [];
    const record = member("o", "p", [{ roletype: "01", begin: "2009-02-29", end: "20090605" }]);
    const { roles } = memberRoles(record, (cause, id) => reported.push(`${cause} ${id}`));
    expect(roles).to.deep.equal([{ group: "o", role: "learner", end: "2009-06-05" }]);
    expect(reported).to.deep.equal(["memberDateInvalid p"]);
  });

  it("take a date beyond T04's terms for none, without complaint", () => {
    expect(rolesOf([{ roletype: "01", begin: "1900-01-01", end: "9999-12-31" }])).to.deep.equal([
      { group: "o", role: "learner" },
    ]);
  });

  it("tell groups by idtype 2; a missing idtype is a person", () => {
    const { idtype: _, ...withoutIdtype } = member("o", "p");
    expect(judge(withoutIdtype)).to.include({ kind: "person", active: true });
    expect(judge(groupMember("o", "k"))).to.deep.equal({ kind: "group", active: true, roles: [] });
    expect(judge(groupMember("o", "k", [{ roletype: "02", status: "0" }]))).to.include({ active: false });
    expect(judge(groupMember("o", "k", [{ roletype: "02" }]))).to.include({ active: true });
  });
});

function judge(record: ImsMember) {
  return memberRoles(record, (cause) => expect.fail(`reported ${cause}`));
}

function rolesOf(roles: readonly RoleFields[]) {
  return judge(member("o", "p", roles)).roles;
}
