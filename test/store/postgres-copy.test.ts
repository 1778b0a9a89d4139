import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { copyLine, readCopyLine } from "../../lib/store/postgres/copy.js";

describe("a row in the text form of PostgreSQL's COPY", () => {
  it("is written as the manual says", () => {
    expect(copyLine(["Åsa", null, 7, "", "a\tb\nc\rd\\e", Buffer.from("<é>")])).to.equal(
      "Åsa\t\\N\t7\t\ta\\tb\\nc\\rd\\\\e\t\\\\x3cc3a93e\n",
    );
  });

  it("is read as it was written, whatever is in it", () => {
    const value = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: "binary-ascii" }),
      fc.constantFrom("\\N", "\\", "\\\\N", "\t", "\n\r", "\\x41", ""),
    );
    const columns = ["TEXT", "TEXT", "INTEGER", "BLOB"].map((type, at) => ({
      name: `c${at}`,
      type,
      isNeeded: false,
    }));
    fc.assert(
      fc.property(
        fc.option(value),
        value,
        fc.option(fc.integer()),
        fc.option(fc.uint8Array()),
        (first, second, third, fourth) => {
          const bytes = fourth === null ? null : Buffer.from(fourth);
          const line = copyLine([first, second, third, bytes]);
          expect(line.indexOf("\n")).to.equal(line.length - 1);
          expect(readCopyLine(line.slice(0, -1), columns)).to.deep.equal([first, second, third, bytes]);
        },
      ),
    );
  });
});
