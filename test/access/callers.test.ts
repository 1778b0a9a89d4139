import { expect } from "chai";
import { describe, it } from "mocha";
import { type Caller, knownCaller, mayAccess } from "../../lib/access/callers.js";

describe("mayAccess", () => {
  it("lets a caller of all institutions see everything", () => {
    expect(mayAccess({ name: "portal", institutions: "*" }, [])).to.equal(true);
  });

  it("lets others see what one of their institutions gives, without regard to case", () => {
    const caller: Caller = { name: "portal", institutions: new Set(["I001", "ÄPP"]) };
    expect(mayAccess(caller, ["I002", "i001"])).to.equal(true);
    expect(mayAccess(caller, ["äpp"])).to.equal(true);
    expect(mayAccess(caller, ["I002"])).to.equal(false);
    expect(mayAccess(caller, [])).to.equal(false);
  });
});

describe("a known caller", () => {
  const record = {
    name: "portal",
    institutions: ["I001", "äpp"],
    addresses: ["192.0.2.0/24", "2001:db8::1"],
    expires: "2027-06-30",
    created: "2026-03-01T00:00:00Z",
    verifier: "hmac",
    hmacSecret: "hemlig",
  } as const;

  it("has its institutions by their keys", () => {
    expect(knownCaller(record).caller).to.deep.equal({
      name: "portal",
      institutions: new Set(["I001", "ÄPP"]),
    });
    expect(knownCaller({ ...record, institutions: "*" }).caller.institutions).to.equal("*");
  });

  it("may call from its addresses and networks only", () => {
    const caller = knownCaller(record);
    expect(caller.mayCall("192.0.2.77", "2026-11-24")).to.equal(true);
    expect(caller.mayCall("2001:db8::1", "2026-11-24")).to.equal(true);
    for (const address of ["192.0.3.1", "2001:db8::2", "::1", ""]) {
      expect(caller.mayCall(address, "2026-11-24"), address).to.equal(false);
    }
    expect(knownCaller({ ...record, addresses: [] }).mayCall("198.51.100.1", "2026-11-24")).to.equal(true);
  });

  it("may call until the end of its last day", () => {
    const caller = knownCaller(record);
    expect(caller.mayCall("192.0.2.1", "2027-06-30")).to.equal(true);
    expect(caller.mayCall("192.0.2.1", "2027-07-01")).to.equal(false);
    expect(knownCaller({ ...record, expires: null }).mayCall("192.0.2.1", "2999-01-01")).to.equal(true);
  });
});
