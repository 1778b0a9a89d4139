import { expect } from "chai";
import fc from "fast-check";
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

describe("bytes that are not what the file says", () => {
  const PERSON = (fn: string) =>
    `<person><sourcedid><id>1</id></sourcedid><name><fn>${fn}</fn></name></person>\n`;
  const latin1 = (xml: string) => Buffer.from(xml, "latin1");
  const fns = (read: { persons: readonly { name?: { fn?: string } }[] }) =>
    read.persons.map(({ name }) => name?.fn);

  it("make a file without other evidence windows-1252 from the first on, whatever pieces it comes in", async () => {
    const bytes = latin1(
      `<enterprise>\n${PERSON("Bo")}${PERSON("Åsa ÅÄÖ \x80")}${PERSON("é Ã¥")}</enterprise>`,
    );
    for (const size of [bytes.length, 1, 2, 3, 64]) {
      const read = await readBytes(chunksOf(bytes, size));
      expect(fns(read)).to.deep.equal(["Bo", "Åsa ÅÄÖ €", "é Ã¥"]);
      expect(read.summary.encoding).to.equal("windows-1252");
      expect(read.summary.repairs).to.deep.equal([]);
      expect(read.summary.warnings.map(({ line }) => line)).to.deep.equal([3]);
    }
  });

  it("are mended one by one, with their lines, in a file that has shown itself to be UTF-8", async () => {
    const good = Buffer.from(`<enterprise>\n${PERSON("Åsa")}`);
    const bytes = Buffer.concat([good, latin1(`${PERSON("Örjan")}${PERSON("å \x93ä\x94")}</enterprise>`)]);
    for (const size of [bytes.length, 1, 2, 3, 64]) {
      const read = await readBytes(chunksOf(bytes, size));
      expect(fns(read)).to.deep.equal(["Åsa", "Örjan", "å “ä”"]);
      expect(read.summary.encoding).to.equal("utf-8");
      expect(read.summary.repairs.map(({ kind, count }) => [kind, count])).to.deep.equal([["wrongByte", 5]]);
      expect(read.summary.warnings.map(({ line }) => line)).to.deep.equal([3, 4, 4, 4, 4]);
    }
  });

  it("are mended one by one after a byte order mark, too", async () => {
    const bytes = Buffer.concat([UTF8_BOM, latin1(`<enterprise>${PERSON("Åsa")}</enterprise>`)]);
    const read = await readBytes([bytes]);
    expect(fns(read)).to.deep.equal(["Åsa"]);
    expect(read.summary.repairs.map(({ kind }) => kind)).to.deep.equal(["wrongByte"]);
  });

  it("make a file that calls itself ISO-8859-1 or ISO-8859-15 UTF-8, when all that are judged are UTF-8", async () => {
    for (const label of ["ISO-8859-1", "windows-1252", "ISO-8859-15"]) {
      const start = `<?xml version="1.0" encoding="${label}"?>\n<enterprise>\n`;
      const bytes = Buffer.from(`${start}${PERSON("Bo")}${PERSON("Åsa €")}</enterprise>`);
      for (const size of [bytes.length, 1, 7]) {
        const read = await readBytes(chunksOf(bytes, size));
        expect(fns(read)).to.deep.equal(["Bo", "Åsa €"]);
        expect(read.summary.encoding).to.equal("utf-8");
        expect(read.summary.warnings).to.have.length(1);
        expect(read.summary.warnings[0]).to.deep.include({ line: 4 });
        expect(read.summary.warnings[0]?.text).to.match(/^declared as .*, but read as utf-8: its bytes are$/);
      }
    }
  });

  it("are judged together: one that is no UTF-8 among many that are makes the file what it says", async () => {
    const start = '<?xml version="1.0" encoding="ISO-8859-1"?><enterprise>';
    const bytes = latin1(`${start}${PERSON("Ã¥ Ã¤ å")}</enterprise>`);
    const read = await readBytes([bytes]);
    expect(fns(read)).to.deep.equal(["Ã¥ Ã¤ å"]);
    expect(read.summary.encoding).to.equal("windows-1252");
  });

  // Letters alone: in windows-1252 a capital and € or ” after it are two bytes that are UTF-8's, too.
  it("come out as characters for any letters, in any pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(..."aå Äöéß"), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom("utf-8", "ISO-8859-1", "windows-1252"),
        async (letters, size, label) => {
          const name = `x${letters.join("")}ÅÅx`;
          const xml = `<?xml version="1.0" encoding="${label}"?><enterprise>${PERSON(name)}</enterprise>`;
          const windows1252 = latin1(xml);
          for (const bytes of [Buffer.from(xml), windows1252]) {
            expect(fns(await readBytes(chunksOf(bytes, size)))).to.deep.equal([name.normalize("NFC")]);
          }
        },
      ),
      { numRuns: 200 },
    );
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
