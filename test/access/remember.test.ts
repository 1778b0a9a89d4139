import { expect } from "chai";
import { describe, it } from "mocha";
import { knownCaller } from "../../lib/access/callers.js";
import { REMEMBER_MILLISECONDS, type RememberedCallers, rememberCallers } from "../../lib/access/remember.js";

describe("the memory of callers", () => {
  const claim = { name: "portal", secret: "hemlig" };
  const caller = knownCaller({
    name: "portal",
    institutions: "*",
    addresses: [],
    expires: null,
    created: "2026-03-01T00:00:00Z",
    verifier: "secret",
    secretHash: "",
  });

  it("holds a caller for five minutes", () => {
    let time = 0;
    const remembered = rememberCallers(() => time);
    learn(remembered, 1);
    time = REMEMBER_MILLISECONDS - 1;
    expect(remembered.recall(1, claim)).to.equal(caller);
    time = REMEMBER_MILLISECONDS;
    expect(remembered.recall(1, claim)).to.equal(undefined);
  });

  it("tells names and secrets apart wherever one ends and the other begins", () => {
    const remembered = rememberCallers();
    learn(remembered, 1);
    expect(remembered.recall(1, { name: "portalh", secret: "emlig" })).to.equal(undefined);
    expect(remembered.recall(1, { name: "portal", secret: "hemlig2" })).to.equal(undefined);
  });

  it("takes nothing that was verified before callers changed", () => {
    const remembered = rememberCallers();
    remembered.recall(1, claim);
    remembered.recall(2, claim);
    remembered.remember(1, claim, caller);
    expect(remembered.recall(2, claim)).to.equal(undefined);
  });

  function learn(remembered: RememberedCallers, version: number): void {
    remembered.recall(version, claim);
    remembered.remember(version, claim, caller);
  }
});
