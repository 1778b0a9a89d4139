import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import { ZipFile } from "yazl";
import { AdresslistaError } from "../../lib/errors.js";
import { openExport } from "../../lib/fetch/open-export.js";

const XML = "<?xml version='1.0'?><enterprise><person/></enterprise>";

describe("opening an export", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "adresslista-open-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, bytes: string | Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const zip = (entries: Readonly<Record<string, string | Buffer>>, compress = true) => {
    const file = new ZipFile();
    for (const [name, content] of Object.entries(entries)) {
      file.addBuffer(Buffer.from(content), name, { compress });
    }
    file.end();
    return buffer(file.outputStream as NodeJS.ReadableStream & AsyncIterable<Buffer>);
  };
  const contents = async (path: string) => {
    const content = await openExport(path);
    try {
      const read: [string, string][] = [];
      for (const part of content.parts) {
        const chunks: Buffer[] = [];
        for await (const chunk of part.chunks()) chunks.push(chunk);
        read.push([part.name, Buffer.concat(chunks).toString()]);
      }
      return read;
    } finally {
      content.close();
    }
  };
  const failure = async (path: string): Promise<string> => {
    try {
      await contents(path);
    } catch (error) {
      expect(error).to.be.instanceOf(AdresslistaError).with.property("code", "export");
      return (error as Error).message;
    }
    throw new Error("it was read");
  };

  it("gives plain XML as its one part, and leaves the hash to its reader", async () => {
    const path = write("export.xml", XML);
    expect(await contents(path)).to.deep.equal([["export.xml", XML]]);
    const { bytes, sha256, parts } = await openExport(path);
    expect({ bytes, sha256, known: parts[0]?.bytes }).to.deep.equal({
      bytes: XML.length,
      sha256: undefined,
      known: XML.length,
    });
  });

  it("gives every .xml of a zip in order of name, and nothing else of it", async () => {
    const packed = await zip({ "b.xml": "<b/>", "läs.txt": "?", "sub/A.XML": "<a/>", "a.xml": XML });
    const path = write("delivery.zip", packed);
    expect(await contents(path)).to.deep.equal([
      ["delivery.zip/a.xml", XML],
      ["delivery.zip/b.xml", "<b/>"],
      ["delivery.zip/sub/A.XML", "<a/>"],
    ]);
    const { sha256, bytes } = await openExport(path);
    expect(sha256).to.equal(createHash("sha256").update(packed).digest("hex"));
    expect(bytes).to.equal(packed.length);
  });

  it("passes over the files that macOS puts beside others in a zip", async () => {
    const packed = await zip({
      "a.xml": XML,
      "__MACOSX/._a.xml": "\0\u0005\u0016\u0007",
      "sub/._a.xml": "?",
    });
    expect(await contents(write("mac.zip", packed))).to.deep.equal([["mac.zip/a.xml", XML]]);
  });

  it("refuses a zip that has one name twice, and shows odd names in one line", async () => {
    const twice = new ZipFile();
    for (const content of [XML, "<other/>"]) twice.addBuffer(Buffer.from(content), "a\u001b\n.xml");
    twice.end();
    const packed = await buffer(twice.outputStream as NodeJS.ReadableStream & AsyncIterable<Buffer>);
    expect(await failure(write("twice.zip", packed))).to.equal(
      "twice.zip/a\uFFFD\uFFFD.xml: is twice in the zip",
    );
  });

  it("takes zeros after a gzip for padding, and refuses anything else there", async () => {
    const padded = Buffer.concat([gzipSync(XML), Buffer.alloc(1000)]);
    expect(await contents(write("padded.gz", padded))).to.deep.equal([["padded", XML]]);
    const followed = Buffer.concat([gzipSync(XML), Buffer.from("<enterprise/>")]);
    expect(await failure(write("more.gz", followed))).to.equal(
      "more.gz: damaged or truncated gzip (Z_DATA_ERROR)",
    );
  });

  it("reads a zip whose files are not compressed", async () => {
    const path = write("stored.zip", await zip({ "a.xml": XML }, false));
    expect(await contents(path)).to.deep.equal([["stored.zip/a.xml", XML]]);
  });

  it("gives what a gzip holds, all its members", async () => {
    const path = write("export.xml.gz", Buffer.concat([gzipSync(XML.slice(0, 9)), gzipSync(XML.slice(9))]));
    expect(await contents(path)).to.deep.equal([["export.xml", XML]]);
  });

  it("goes by the bytes and not by the name", async () => {
    expect(await contents(write("a.zip", XML))).to.deep.equal([["a.zip", XML]]);
    expect(await contents(write("b.xml", gzipSync(XML)))).to.deep.equal([["b.xml", XML]]);
    expect(await contents(write("c.xml", await zip({ "x.xml": XML })))).to.deep.equal([["c.xml/x.xml", XML]]);
  });

  it("gives an empty file as it is: its reader says what is missing", async () => {
    expect(await contents(write("empty.xml", ""))).to.deep.equal([["empty.xml", ""]]);
  });

  it("refuses what cannot be read, with the system's code", async () => {
    expect(await failure(join(folder, "none.xml"))).to.equal("none.xml: cannot be read (ENOENT)");
    expect(await failure(folder)).to.match(/: cannot be read \(EISDIR\)$/);
  });

  it("refuses a truncated gzip and a truncated zip", async () => {
    const gz = write("cut.gz", gzipSync(XML.repeat(50)));
    truncateSync(gz, 40);
    expect(await failure(gz)).to.equal("cut.gz: damaged or truncated gzip (Z_BUF_ERROR)");
    const packed = write("cut.zip", (await zip({ "a.xml": XML.repeat(50) })).subarray(0, 60));
    expect(await failure(packed)).to.equal("cut.zip: damaged or truncated zip");
  });

  it("refuses content that does not fit its checksum", async () => {
    const packed = await zip({ "a.xml": XML }, false);
    packed[packed.indexOf("<enterprise>") + 1] = 0x58;
    expect(await failure(write("bad.zip", packed))).to.equal(
      "bad.zip/a.xml: damaged zip: its checksum is another",
    );
    const gz = gzipSync(XML);
    gz[gz.length - 6] = (gz[gz.length - 6] ?? 0) ^ 1;
    expect(await failure(write("bad.gz", gz))).to.equal("bad.gz: damaged or truncated gzip (Z_DATA_ERROR)");
  });

  it("refuses a zip whose directory lies about a size", async () => {
    const packed = await zip({ "a.xml": XML.repeat(10) });
    const directory = packed.lastIndexOf("PK\u0001\u0002");
    packed.writeUInt32LE(7, directory + 24);
    expect(await failure(write("lies.zip", packed))).to.equal("lies.zip/a.xml: damaged or truncated zip");
  });

  it("refuses an encrypted zip, one packed in an odd way, and one without XML", async () => {
    const encrypted = await zip({ "a.xml": XML });
    const directory = encrypted.lastIndexOf("PK\u0001\u0002");
    encrypted.writeUInt16LE(encrypted.readUInt16LE(directory + 8) | 1, directory + 8);
    expect(await failure(write("locked.zip", encrypted))).to.equal(
      "locked.zip/a.xml: is encrypted: the zip needs a password",
    );
    const odd = await zip({ "a.xml": XML });
    odd.writeUInt16LE(12, odd.lastIndexOf("PK\u0001\u0002") + 10);
    expect(await failure(write("odd.zip", odd))).to.equal(
      "odd.zip/a.xml: is packed by method 12, which is not read",
    );
    expect(await failure(write("none.zip", await zip({ "a.txt": "?" })))).to.equal(
      "none.zip: no .xml file in the zip",
    );
    expect(await failure(write("empty.zip", await zip({})))).to.equal("empty.zip: no .xml file in the zip");
  });

  it("refuses an archive within an archive", async () => {
    expect(await failure(write("a.zip", await zip({ "b.xml": gzipSync(XML) })))).to.equal(
      "a.zip/b.xml: is an archive within an archive",
    );
    expect(
      await failure(write("c.zip", await zip({ "a.xml": XML, "skola2.ZIP": await zip({ "b.xml": XML }) }))),
    ).to.equal("c.zip/skola2.ZIP: is an archive within an archive");
    expect(await failure(write("a.gz", gzipSync(await zip({ "b.xml": XML }))))).to.equal(
      "a.gz: is an archive within an archive",
    );
  });

  it("stops at what inflates beyond all measure, alone or in parts", async () => {
    const half = Buffer.alloc(40 * 1024 ** 2, " ");
    const reason = "inflates to more than 250 times its size: this is no export";
    expect(await failure(write("bomb.gz", gzipSync(Buffer.concat([half, half]))))).to.equal(
      `bomb.gz: ${reason}`,
    );
    expect(await failure(write("bomb.zip", await zip({ "a.xml": half, "b.xml": half })))).to.equal(
      `bomb.zip/b.xml: ${reason}`.replace("/b.xml", ""),
    );
  });

  it("lets go of a file that is not read to its end", async () => {
    const path = write("long.gz", gzipSync(XML.repeat(100_000)));
    const { parts } = await openExport(path);
    for await (const _ of parts[0]?.chunks() ?? []) break;
    rmSync(path);
  });
});
