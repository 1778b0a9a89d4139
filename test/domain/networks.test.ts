import { expect } from "chai";
import { describe, it } from "mocha";
import { isAddressOrNetwork, networkOf, within } from "../../lib/domain/networks.js";

describe("an address or network", () => {
  for (const right of [
    "192.0.2.1",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "192.0.2.1/32",
    "2001:db8::1",
    "2001:db8::/32",
    "::/0",
    "::1/128",
    "::ffff:192.0.2.1",
  ]) {
    it(`is ${right}`, () => expect(isAddressOrNetwork(right)).to.equal(true));
  }

  for (const wrong of [
    "",
    "portal.example.se",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.1/33",
    "192.0.2.1/",
    "192.0.2.1/-1",
    "192.0.2.1/8.0",
    "192.0.2.1/ 8",
    "192.0.2.0/24/24",
    "2001:db8::/129",
    "2001:db8:::1",
    "192.0.2.*",
    "*",
  ]) {
    it(`is not ${JSON.stringify(wrong)}`, () => expect(isAddressOrNetwork(wrong)).to.equal(false));
  }
});

describe("within networks", () => {
  const isWithin = within(["192.0.2.1", "10.1.0.0/16", "2001:db8::/32", "::1"]);

  for (const inside of ["192.0.2.1", "10.1.0.0", "10.1.255.255", "2001:db8:ffff::1", "::1"]) {
    it(`is ${inside}`, () => expect(isWithin(inside)).to.equal(true));
  }

  for (const outside of [
    "192.0.2.2",
    "10.2.0.0",
    "10.0.255.255",
    "2001:db9::",
    "::2",
    "::",
    "",
    "10.1.0",
    "x",
  ]) {
    it(`is not ${JSON.stringify(outside)}`, () => expect(isWithin(outside)).to.equal(false));
  }

  it("of all addresses is each, of its own family", () => {
    expect(within(["0.0.0.0/0"])("203.0.113.9")).to.equal(true);
    expect(within(["0.0.0.0/0"])("2001:db8::1")).to.equal(false);
    expect(within(["::/0"])("2001:db8::1")).to.equal(true);
  });

  it("of none is nothing", () => {
    for (const address of ["192.0.2.1", "::1", ""]) expect(within([])(address)).to.equal(false);
  });
});

describe("what one stranger has of addresses", () => {
  for (const [address, network] of [
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:0db8:0001:0002::1", "2001:db8:1:2"],
    ["2001:DB8:1:2::", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["2001:db8:1::2:3", "2001:db8:1:0"],
    ["2001:db8::1:2:3:4:5", "2001:db8:0:1"],
    ["::1", "0:0:0:0"],
    ["::", "0:0:0:0"],
    ["1::", "1:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["::ffff:192.0.2.1", "0:0:0:0"],
    ["1:2:3:4:5:6:192.0.2.1", "1:2:3:4"],
    ["::2:3:4:5:6:192.0.2.1", "0:2:3:4"],
    ["portal", "portal"],
    ["", ""],
  ] as const) {
    it(`is ${network || "nothing"} of ${address || "nothing"}`, () => {
      expect(networkOf(address)).to.equal(network);
    });
  }

  it("is the same in all ways of writing an address", () => {
    const ways = ["2001:db8:0:1::", "2001:db8::1:0:0:0:0", "2001:DB8:0:1:0:0:0:0", "2001:0db8::0001:0:0:0:9"];
    expect(new Set(ways.map(networkOf)).size).to.equal(1);
  });
});
