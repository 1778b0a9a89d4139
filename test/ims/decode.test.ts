import { expect } from "chai";
import { describe, it } from "mocha";
import { failureOf, readBytes, readXml, STRICTLY, WHOLE_EXPORT } from "./reading.js";

const UTF8_BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const declared = (encoding: string) => WHOLE_EXPORT.replace('encoding="UTF-8"', `encoding="${encoding}"`);
const undeclared = WHOLE_EXPORT.replace(/^<\?xml.*\n/, "\n");
const bigEndian = (text: string) => Buffer.from(text, "utf16le").swap16();

const SAME_EXPORT: readonly (readonly [what: string, encoding: string, bytes: Buffer])[] = [
  ["UTF-8 with a byte order mark", "utf-8", Buffer.concat([UTF8_BOM, Buffer.from(WHOLE_EXPORT)])],
  ["UTF-8 without a declaration", "utf-8", Buffer.from(undeclared)],
  [
    "UTF-16, little-endian, with a byte order mark",
    "utf-16le",
    Buffer.from(`\ufeff${declared("UTF-16")}`, "utf16le"),
  ],
  ["UTF-16, big-endian, with a byte order mark", "utf-16be", bigEndian(`\ufeff${declared("UTF-16")}`)],
  [
    "UTF-16, little-endian, without a byte order mark",
    "utf-16le",
    Buffer.from(declared("utf-16le"), "utf16le"),
  ],
  ["UTF-16, big-endian, without a mark or a declaration", "utf-16be", bigEndian(undeclared)],
  ["ISO-8859-1", "windows-1252", Buffer.from(declared("ISO-8859-1"), "latin1")],
  [
    "windows-1252 in other quotes and case",
    "windows-1252",
    Buffer.from(declared("x").replace('"x"', "'CP1252'"), "latin1"),
  ],
  ["ISO-8859-15", "iso-8859-15", Buffer.from(declared("ISO-8859-15"), "latin1")],
];

describe("the encoding of an export", () => {
  for (const [what, encoding, bytes] of SAME_EXPORT) {
    it(`may be ${what}: the same records`, async () => {
      const expected = await readXml(WHOLE_EXPORT);
      for (const size of [bytes.length, 1, 7, 1000]) {
        const read = await readBytes(chunksOf(bytes, size));
        expect(read.summary.encoding).to.equal(encoding);
        expect(read.summary.warnings).to.deep.equal(expected.summary.warnings);
        expect(read.persons).to.deep.equal(expected.persons);
        expect(read.members).to.deep.equal(expected.members);
      }
    });
  }

  it("declared as ISO-8859-1 is windows-1252, as such files are: € and – are no control characters", async () => {
    const xml = `<?xml version="1.0" encoding="ISO-8859-1"?><enterprise><person><sourcedid><id>1</id></sourcedid><name><fn>@@ å</fn></name></person></enterprise>`;
    const bytes = Buffer.from(xml, "latin1");
    bytes.set([0x80, 0x96], bytes.indexOf("@@"));
    for (const size of [bytes.length, 1]) {
      expect((await readBytes(chunksOf(bytes, size))).persons[0]?.name?.fn).to.equal("€– å");
    }
  });

  it("wins over a declaration that the bytes contradict, with a warning", async () => {
    const marked = await readBytes([UTF8_BOM, Buffer.from(declared("ISO-8859-1"))]);
    expect(marked.persons[0]?.name?.given).to.equal("Åsa");
    expect(marked.summary.warnings.map(({ text }) => text).slice(0, 1)).to.deep.equal([
      "declared as another encoding, but read as utf-8: it has UTF-8's byte order mark",
    ]);
    const narrow = await readXml(declared("UTF-16"));
    expect(narrow.persons[0]?.name?.given).to.equal("Åsa");
    expect(narrow.summary.warnings.map(({ text }) => text).slice(0, 1)).to.deep.equal([
      "declared as utf-16le, but read as utf-8: it has one byte per letter",
    ]);
  });

  it("that is unknown, or UTF-32, is an error", async () => {
    expect(await failureOf(readXml(declared("EBCDIC-SE")))).to.equal(
      "export.xml, line 1: the encoding that the XML declaration names is unknown",
    );
    for (const start of [
      [0xff, 0xfe, 0, 0, 0x3c, 0, 0, 0],
      [0, 0, 0xfe, 0xff],
      [0x3c, 0, 0, 0],
      [0, 0, 0, 0x3c],
    ]) {
      expect(await failureOf(readBytes([Buffer.from(start)]))).to.match(/line 1: UTF-32 is not read/);
    }
  });
});

describe("bytes that are not in the encoding, when nothing is to be mended", () => {
  const latin1 = Buffer.from(WHOLE_EXPORT, "latin1");
  const firstBad = latin1.indexOf("Påhittad", 0, "latin1") + 1;

  it("stop the reading with line and byte, in any chunks", async () => {
    for (const size of [latin1.length, 1, 3, firstBad, firstBad + 1, firstBad + 2]) {
      expect(await failureOf(readBytes(chunksOf(latin1, size), STRICTLY))).to.equal(
        `export.xml, line 4: byte ${firstBad} is not valid utf-8`,
      );
    }
  });

  it("are told by their own place, also far into a file and after a byte order mark", async () => {
    const before = Buffer.from(`<enterprise>\n<comments>${"å".repeat(100_000)}</comments>\n`);
    const bytes = Buffer.concat([UTF8_BOM, before, Buffer.from([0xc3, 0x28]), Buffer.from("</enterprise>")]);
    expect(await failureOf(readBytes([bytes], STRICTLY))).to.equal(
      `export.xml, line 3: byte ${3 + before.length} is not valid utf-8`,
    );
  });

  it("are overlong forms, surrogates and a character that the end cuts off too", async () => {
    for (const bad of [
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf0, 0x80, 0x80, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0x80],
    ]) {
      const bytes = Buffer.concat([
        Buffer.from("<enterprise>"),
        Buffer.from(bad),
        Buffer.from("</enterprise>"),
      ]);
      expect(await failureOf(readBytes([bytes], STRICTLY))).to.equal(
        "export.xml, line 1: byte 12 is not valid utf-8",
      );
    }
    expect(
      await failureOf(readBytes([Buffer.from("<enterprise/>"), Buffer.from([0xe2, 0x82])], STRICTLY)),
    ).to.equal("export.xml, line 1: byte 13 is not valid utf-8");
  });

  it("come after what is wrong in the text before them", async () => {
    const bytes = Buffer.concat([Buffer.from("<enterprise></person>"), Buffer.from([0xff])]);
    expect(await failureOf(readBytes([bytes], STRICTLY))).to.match(
      /an end tag that does not match its start tag/,
    );
  });

  it("are half a character at the end of UTF-16, and a lone surrogate", async () => {
    const xml = Buffer.from("\ufeff<enterprise/>", "utf16le");
    expect(await failureOf(readBytes([xml, Buffer.from([0x20])]))).to.match(/is not valid utf-16le/);
    const lone = Buffer.concat([
      Buffer.from("\ufeff<enterprise>", "utf16le"),
      Buffer.from([0x00, 0xd8, 0x20, 0x00]),
    ]);
    expect(await failureOf(readBytes([lone]))).to.match(/is not valid utf-16le/);
  });
});

function chunksOf(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.subarray(i, i + size));
  return chunks;
}
