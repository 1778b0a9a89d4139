import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { compareSwedish, compareSwedishNames, compareText } from "../../lib/domain/collation.js";

describe("compareSwedish", () => {
  it("has Å, Ä and Ö last, in that order", () => {
    expect([..."öäåzyxa"].sort(compareSwedish).join("")).to.equal("axyzåäö");
  });

  it("has v and w apart", () => {
    const names = ["Wall", "Vinge", "Wiberg", "Vall", "Xander", "Ung"];
    expect(names.sort(compareSwedish)).to.deep.equal(["Ung", "Vall", "Vinge", "Wall", "Wiberg", "Xander"]);
  });

  it("looks at case only when all else is equal", () => {
    expect(["b", "B", "a", "Ab"].sort(compareSwedish)).to.deep.equal(["a", "Ab", "b", "B"]);
  });

  it("has é as e, and after it when all else is equal", () => {
    expect(["Linder", "Lindén", "Linden", "Lindex"].sort(compareSwedish)).to.deep.equal([
      "Linden",
      "Lindén",
      "Linder",
      "Lindex",
    ]);
  });

  it("takes a decomposed å as å", () => {
    expect(compareSwedish("A\u030aberg", "Åberg")).to.equal(0);
    expect(compareSwedish("A\u030aberg", "Zorn")).to.be.above(0);
  });
});

describe("compareSwedishNames", () => {
  it("orders by surname, then first name, a missing one first", () => {
    const inOrder = [
      { fornamn: "Zoe" },
      { efternamn: "Andersson" },
      { efternamn: "Andersson", fornamn: "Bo" },
      { efternamn: "Andersson", fornamn: "Åke" },
      { efternamn: "Öst", fornamn: "Anna" },
    ];
    expect([...inOrder].reverse().sort(compareSwedishNames)).to.deep.equal(inOrder);
  });
});

describe("compareText", () => {
  it("orders as the bytes of UTF-8 do", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareText(a, b))).to.equal(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      {
        examples: [
          ["\uffff", "\u{10000}"],
          ["a", "a\u{1f600}"],
          ["\u{1f600}", "\u{1f601}"],
        ],
      },
    );
  });
});
