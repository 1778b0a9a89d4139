import { expect } from "chai";
import { describe, it } from "mocha";
import { decodeWindows1252 } from "../../lib/domain/windows1252.js";

describe("windows-1252", () => {
  it("has its own characters where ISO-8859-1 has controls", () => {
    expect(decodeWindows1252(Buffer.from([0x80, 0x8a, 0x96, 0x92, 0x9f]))).to.equal("€Š–’Ÿ");
  });

  it("is ISO-8859-1 in all else", () => {
    const others = Buffer.from(
      Array.from({ length: 256 }, (_, byte) => byte).filter((b) => b < 0x80 || b > 0x9f),
    );
    expect(decodeWindows1252(others)).to.equal(others.toString("latin1"));
  });

  it("has no wrong bytes: each gives one character", () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    expect(decodeWindows1252(all)).to.have.length(256);
  });
});
