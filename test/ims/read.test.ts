import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  createAssembler,
  MAX_HELD_ELEMENTS,
  MAX_HELD_LENGTH,
  MAX_TEXT_LENGTH,
} from "../../lib/ims/assemble.js";
import { readImsFile, readImsStream } from "../../lib/ims/read.js";
import {
  createScanner,
  MAX_ATTRIBUTE_LENGTH,
  MAX_ATTRIBUTES_PER_ELEMENT,
  MAX_DEPTH,
  MAX_MARKUP_LENGTH,
  MAX_TAGLESS_LENGTH,
} from "../../lib/ims/scan.js";
import { failureOf, readBytes, readContent, readXml, STRICTLY, WHOLE_EXPORT } from "./reading.js";

const ID = "<sourcedid><source>Alvis</source><id>x1</id></sourcedid>";

describe("reading in pieces", () => {
  it("gives the same records however the bytes are cut", async () => {
    const bytes = Buffer.from(WHOLE_EXPORT);
    const whole = await readBytes([bytes]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), async (sizes) => {
        const chunks: Buffer[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(await readBytes(chunks)).to.deep.equal(whole);
      }),
      { numRuns: 50 },
    );
  });

  it("hashes the bytes as they stand in the file", async () => {
    const bytes = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(WHOLE_EXPORT)]);
    const { summary } = await readBytes([bytes.subarray(0, 100), bytes.subarray(100)]);
    expect(summary.sha256).to.equal(createHash("sha256").update(bytes).digest("hex"));
    expect(summary.bytes).to.equal(bytes.length);
  });

  it("does not care whether the source uses its buffer again", async () => {
    const buffer = Buffer.alloc(50);
    async function* source() {
      const bytes = Buffer.from(WHOLE_EXPORT);
      for (let at = 0; at < bytes.length; at += buffer.length) {
        const length = bytes.copy(buffer, 0, at, at + buffer.length);
        yield buffer.subarray(0, length);
      }
    }
    const names: (string | undefined)[] = [];
    await readImsStream("x", source(), { person: ({ name }) => names.push(name?.fn) });
    expect(names).to.deep.equal(["Åsa Provsson"]);
  });
});

describe("a file that is not well-formed and is not to be mended", () => {
  const CASES: readonly (readonly [what: string, xml: string, failure: string])[] = [
    [
      "a bare & with a ; later on",
      "<enterprise>\n<person>\n<email>R&D</email>\n\n;</person></enterprise>",
      "line 3: not well-formed XML: a reference that XML does not know: a bare & (must be &amp;) or an entity of a DOCTYPE (never read)",
    ],
    [
      "an end tag that does not match",
      "<enterprise>\n<person></group></enterprise>",
      "line 2: not well-formed XML: an end tag that does not match its start tag",
    ],
    [
      "text after the root",
      "<enterprise/>\n\nslut",
      "line 3: not well-formed XML: text before the root element or after its end",
    ],
    [
      "text before the root",
      "x<enterprise/>",
      "line 1: not well-formed XML: text before the root element or after its end",
    ],
    ["a second root", "<enterprise/>\n<enterprise/>", "line 2: an element after the root's end"],
    [
      "a blank line before the declaration",
      '\n<?xml version="1.0"?><enterprise/>',
      "line 2: not well-formed XML: something before the XML declaration, which must come first",
    ],
    [
      "a control character",
      "<enterprise>\n\n\u0001</enterprise>",
      "line 3: not well-formed XML: a character that XML does not allow (a control character)",
    ],
    [
      "an attribute that stands twice",
      "<enterprise><person recstatus='1' recstatus='2'/></enterprise>",
      "line 1: not well-formed XML: an attribute that stands twice in a start tag",
    ],
    [
      "a comment that does not end",
      "<enterprise/><!-- ",
      "line 1: not well-formed XML: truncated: the file ends inside a comment, instruction or tag",
    ],
    ["nothing at all", "", "line 1: no root element: the file is empty or truncated"],
    [
      "only a declaration",
      '<?xml version="1.0"?>\n',
      "line 2: no root element: the file is empty or truncated",
    ],
  ];
  for (const [what, xml, failure] of CASES) {
    it(`is refused with its line: ${what}`, async () => {
      expect(await failureOf(readXml(xml, STRICTLY))).to.equal(`export.xml, ${failure}`);
    });
  }

  it("is refused where the & stands, also when no ; follows in a long file", async () => {
    const rest = `<person>${ID}</person>\n`.repeat(20_000);
    for (const bare of ["R&D", "R& D", "<x y='?a=1&b=2'/>"]) {
      expect(
        await failureOf(readXml(`<enterprise>\n<vendor>\n${bare}</vendor>\n${rest}</enterprise>`, STRICTLY)),
      ).to.match(/^export.xml, line 3: .*a bare &/);
    }
  });

  it("is never quoted, but for element names, which are cut", async () => {
    const secret = "198001019999";
    const broken = [
      `<enterprise><person><email>${secret}&${secret};`,
      `<enterprise><person ${secret}a="${secret}>`,
      `<enterprise><a>${secret}</b></enterprise>`,
      `<enterprise><!DOCTYPE ${secret}>`,
      `<enterprise a${secret}="1" a${secret}="2">`,
      `<?xml version="1.0" encoding="${secret}"?><enterprise/>`,
      `<enterprise></enterprise>${secret}`,
    ];
    for (const xml of broken) expect(await failureOf(readXml(xml, STRICTLY))).not.to.contain(secret);
    expect(await failureOf(readXml(`<${"n".repeat(100)}/>`))).to.contain(`"${"n".repeat(40)}…"`);
  });

  it("and is cut off anywhere is never taken for whole", async () => {
    const bytes = Buffer.from(WHOLE_EXPORT);
    for (let length = 0; length < bytes.length; length++) {
      for (const repair of [true, false]) {
        const message = await failureOf(readBytes([bytes.subarray(0, length)], { repair }));
        expect(message, `after ${length} bytes`).to.match(/^export\.xml, line \d+: /);
      }
    }
  });

  it("says inside which element it was cut off", async () => {
    expect(await failureOf(readXml("<enterprise>\n<person>\n<email>a"))).to.equal(
      'export.xml, line 3: truncated: the file ends inside the element "email"',
    );
  });
});

describe("a hostile file", () => {
  it("gets no entity of its own expanded", async () => {
    const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join(
      "\n",
    );
    const doctype = `<!DOCTYPE enterprise [\n<!ENTITY l0 "ha">\n${laughs}\n]>\n`;
    const xml = `${doctype}<enterprise><person>${ID}<email>&l9;</email></person></enterprise>`;
    expect(await failureOf(readXml(xml, STRICTLY))).to.match(
      /^export.xml, line 13: not well-formed XML: .* an entity of a DOCTYPE \(never read\)$/,
    );
    expect((await readXml(xml)).persons[0]?.email).to.equal("&l9;");
    expect((await readXml(`${doctype}<enterprise/>`, STRICTLY)).summary.rootEnded).to.equal(true);
  });

  it("gets no external entity or DTD read", async () => {
    const doctype = `<!DOCTYPE enterprise SYSTEM "file:///dev/zero" [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://192.0.2.1/"> %p;]>`;
    expect(await failureOf(readXml(`${doctype}<enterprise>&x;</enterprise>`, STRICTLY))).to.match(
      /never read/,
    );
    expect(await failureOf(readXml(`${doctype}<enterprise a="&x;"/>`, STRICTLY))).to.match(/never read/);
    const { persons } = await readXml(
      `${doctype}<enterprise><person recstatus="&x;">${ID}<email>&x;</email></person></enterprise>`,
    );
    expect(persons[0]).to.deep.include({ recstatus: "&x;", email: "&x;" });
  });

  it("gets the DOCTYPE's own quotes, comments and instructions skipped with it", async () => {
    const { summary } = await readXml(
      `<!DOCTYPE enterprise [\n<!-- ]> ' -->\n<?pi ]>"?>\n<!ENTITY a "]>">\n<!ENTITY b ']>'>\n] >\n<enterprise/>`,
    );
    expect(summary.warnings).to.deep.equal([
      { line: 1, text: "a DOCTYPE was skipped: nothing that it declares is read, fetched or expanded" },
    ]);
    expect(await failureOf(readXml("<enterprise><!DOCTYPE x></enterprise>"))).to.match(/in a wrong place/);
    expect(await failureOf(readXml("<!DOCTYPE x><!DOCTYPE x><enterprise/>"))).to.match(/in a wrong place/);
  });

  it("cannot redefine amp, or reach what objects inherit", async () => {
    const { persons } = await readXml(
      `<!DOCTYPE enterprise [<!ENTITY amp "x">]><enterprise><person>${ID}<email>&amp;</email></person></enterprise>`,
    );
    expect(persons[0]?.email).to.equal("&");
    expect(await failureOf(readContent("&constructor;", STRICTLY))).to.match(/never read/);
    const { skipped } = await readContent(
      "<__proto__><id>1</id></__proto__><constructor/><person><toString/></person>",
    );
    expect(skipped).to.have.length(1);
  });

  it("is refused when elements nest too deep", async () => {
    const nested = (depth: number) =>
      `<enterprise>${"<a>".repeat(depth - 1)}${"</a>".repeat(depth - 1)}</enterprise>`;
    expect((await readXml(nested(MAX_DEPTH))).summary.rootEnded).to.equal(true);
    expect(await failureOf(readXml(nested(MAX_DEPTH + 1)))).to.match(
      /line 1: more than 64 elements inside each other/,
    );
    expect(await failureOf(readXml("<enterprise>".repeat(1_000_000)))).to.match(/more than 64 elements/);
  });

  it("loses only the record that has too many attributes, or too long ones", async () => {
    const attributes = (count: number) => Array.from({ length: count }, (_, i) => `a${i}="1"`).join(" ");
    const long = "1".repeat(MAX_ATTRIBUTE_LENGTH + 1);
    const { persons, groups, members, skipped, summary } = await readContent(`
      <person ${attributes(MAX_ATTRIBUTES_PER_ELEMENT)}>${ID}</person>
      <person ${attributes(MAX_ATTRIBUTES_PER_ELEMENT + 1)}>${ID}</person>
      <group><x ${attributes(1000)} y="${long}"/>${ID}</group>
      <group recstatus="${long}">${ID}</group>
      <membership>${ID}<member>${ID}<role><extension><x y="${long}"/></extension></role></member><member>${ID}</member></membership>`);
    expect(skipped).to.deep.equal([
      "person line 3: more than 64 attributes in one element",
      "group line 5: an attribute of more than 65536 characters",
      "member line 6: an attribute of more than 65536 characters",
    ]);
    expect([persons, groups, members].map(({ length }) => length)).to.deep.equal([1, 1, 1]);
    expect(summary.records).to.deep.equal({ persons: 1, groups: 1, memberships: 1, members: 1 });
    expect((await readXml(`<enterprise a="${long}">${ID}</enterprise>`)).summary.warnings).to.deep.equal([
      { line: 1, text: "an attribute of more than 65536 characters: left out" },
    ]);
  });

  it("loses only the record whose text is too long, in one piece or many", async () => {
    const email = (text: string) =>
      readContent(`<person>${ID}<email>${text}</email></person>\n<person>${ID}</person>`);
    expect((await email("a".repeat(MAX_TEXT_LENGTH))).persons[0]?.email).to.have.length(MAX_TEXT_LENGTH);
    for (const text of [
      "a".repeat(MAX_TEXT_LENGTH + 1),
      "a".repeat(20 * MAX_TEXT_LENGTH),
      "<![CDATA[a]]>".repeat(MAX_TEXT_LENGTH + 1),
      `<![CDATA[${"å".repeat(5 * MAX_TEXT_LENGTH)}]]>`,
      "<".repeat(MAX_TEXT_LENGTH + 2),
    ]) {
      const { persons, skipped } = await email(text);
      expect(skipped).to.deep.equal(["person line 1: a text of more than 65536 characters in one element"]);
      expect(persons.map(({ line }) => line)).to.deep.equal([2]);
    }
  });

  it("loses only the record that is too large", async () => {
    const long = `<street>${"a".repeat(MAX_TEXT_LENGTH)}</street>`;
    const many = "<email/>".repeat(MAX_HELD_ELEMENTS + 1);
    const { persons, skipped } = await readContent(
      `<person><adr>${long.repeat(MAX_HELD_LENGTH / MAX_TEXT_LENGTH + 1)}</adr>${ID}</person>
       <person>${many}${ID}</person><person>${ID}</person>`,
    );
    expect(skipped).to.deep.equal([
      "person line 1: more than 4194304 characters in one record",
      "person line 2: more than 200000 elements in one record",
    ]);
    expect(persons).to.have.length(1);
  });

  it("loses a membership whose members before its sourcedid are too many, never one whose sourcedid comes first", async () => {
    const member = `<member>${ID}</member>`;
    const tooMany = member.repeat(MAX_HELD_ELEMENTS / 4 + 1);
    const { members, skipped, summary } = await readContent(
      `<membership>${tooMany}${ID}${member}</membership><membership>${ID}${tooMany}</membership>`,
    );
    expect(skipped).to.deep.equal(["membership line 1: more than 200000 elements in one record"]);
    expect(members).to.have.length(MAX_HELD_ELEMENTS / 4 + 1);
    expect(summary.records.memberships).to.equal(1);
  });

  it("is refused with too many records", () => {
    const assembler = createAssembler("export.xml", {}, () => {}, 2);
    const scanner = createScanner("export.xml", assembler, () => {});
    const person = `<person>${ID}</person>\n`;
    expect(() => scanner.write(Buffer.from(`<enterprise>${person.repeat(3)}`))).to.throw(
      "export.xml, line 3: more than 2 persons, groups and members",
    );
  });

  it("is refused when a tag, instruction or DOCTYPE has no end: it would have to be held", async () => {
    for (const start of ["<enterprise><", "<enterprise a='", "<enterprise ", "<!DOCTYPE ", "<?x "]) {
      const { source, given } = endless(start);
      expect(await failureOf(readImsStream("x.xml", source(), {})), start).to.match(
        /^x\.xml, line 1: (?:a tag, instruction or DOCTYPE of more than 4194304 bytes|a name of more than 1024 bytes|not well-formed)/,
      );
      expect(given()).to.be.below(2 * MAX_MARKUP_LENGTH);
    }
  });

  it("is refused when a text or comment never ends, without holding it", async function () {
    // a quarter of a gigabyte is read
    this.timeout(120_000);
    for (const start of [
      "<enterprise>",
      "<enterprise><!-- ",
      "<enterprise><![CDATA[",
      "<enterprise><person><email>",
    ]) {
      const { source, given } = endless(start);
      const before = process.memoryUsage().rss;
      expect(await failureOf(readImsStream("x.xml", source(), {})), start).to.equal(
        "x.xml, line 1: more than 67108864 bytes without a tag",
      );
      expect(given()).to.be.below(2 * MAX_TAGLESS_LENGTH);
      expect(process.memoryUsage().rss - before).to.be.below(100 * 1024 * 1024);
    }
  });

  it("may have a picture where nothing is read", async () => {
    const { persons } = await readContent(`<person><photo>${"A".repeat(1_000_000)}</photo>${ID}</person>`);
    expect(persons).to.have.length(1);
  });

  it("of arbitrary bytes is an error or a whole export, never anything else", async () => {
    const bytes = Buffer.from(WHOLE_EXPORT);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 5,
        }),
        async (changes) => {
          const changed = Buffer.from(bytes);
          for (const [at, byte] of changes) changed[at] = byte;
          for (const repair of [true, false]) {
            try {
              expect((await readBytes([changed], { repair })).summary.rootEnded).to.equal(true);
            } catch (error) {
              expect(error).to.have.property("code", "export");
              expect((error as Error).message).to.match(/^export\.xml, line \d+: /);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

function endless(start: string) {
  let given = 0;
  return {
    given: () => given,
    async *source() {
      yield Buffer.from(start);
      for (;;) {
        given += 64 * 1024;
        yield Buffer.alloc(64 * 1024, "a");
      }
    },
  };
}

describe("while a file is read", () => {
  const person = `<person>${ID}<email>a@example.org</email></person>\n`;

  it("what the handler throws comes through as it is, and the source is closed", async () => {
    let closed = false;
    async function* source() {
      try {
        for (;;) yield Buffer.from(`<enterprise>${person}`);
      } finally {
        closed = true;
      }
    }
    const mine = new TypeError("mine");
    const reading = readImsStream("x", source(), {
      person() {
        throw mine;
      },
    });
    expect(await reading.catch((error: unknown) => error)).to.equal(mine);
    expect(closed).to.equal(true);
  });

  it("what the source throws comes through as it is", async () => {
    const mine = new TypeError("mine");
    async function* source() {
      yield Buffer.from("<enterprise>");
      throw mine;
    }
    expect(await readImsStream("x", source(), {}).catch((error: unknown) => error)).to.equal(mine);
  });

  it("an abort stops it at once: before it begins, between pieces, and when the source hangs", async () => {
    const reason = new Error("stop");
    const before = AbortSignal.abort(reason);
    expect(
      await readBytes([Buffer.from(WHOLE_EXPORT)], { signal: before }).catch((error: unknown) => error),
    ).to.equal(reason);
    expect(await readImsFile("/nowhere", {}, { signal: before }).catch((error: unknown) => error)).to.equal(
      reason,
    );

    async function* endless() {
      yield Buffer.from("<enterprise>");
      for (;;) yield Buffer.from(person.repeat(100));
    }
    async function* hanging() {
      yield Buffer.from("<enterprise>");
      await new Promise(() => {});
    }
    for (const source of [endless, hanging]) {
      const controller = new AbortController();
      const reading = readImsStream("x", source(), {}, { signal: controller.signal });
      await after(20);
      controller.abort(reason);
      expect(await reading.catch((error: unknown) => error)).to.equal(reason);
    }
  });

  it("progress is told in bytes, of the file's size when it is known", async () => {
    const folder = await mkdtemp(join(tmpdir(), "adresslista-ims-"));
    try {
      const path = join(folder, "export.xml");
      const bytes = Buffer.from(`<enterprise>${person.repeat(3000)}</enterprise>`);
      await writeFile(path, bytes);
      const progress: [number, number | undefined][] = [];
      const summary = await readImsFile(
        path,
        {},
        { onProgress: (read, total) => progress.push([read, total]) },
      );
      expect(summary).to.deep.include({ name: path, bytes: bytes.length });
      expect(progress.length).to.be.above(1);
      expect(progress.at(-1)).to.deep.equal([bytes.length, bytes.length]);
      expect(progress.every(([read], i) => read > (progress[i - 1]?.[0] ?? 0))).to.equal(true);
      expect(await failureOf(readImsFile(folder, {}))).to.equal(`${folder}: cannot be read (EISDIR)`);
      expect(await failureOf(readImsFile(join(folder, "none.xml"), {}))).to.match(
        /none\.xml: cannot be read \(ENOENT\)$/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("memory", () => {
  const MEGABYTE = 1024 * 1024;
  const uuid = (i: number) => `b3e0c2aa-1f2e-4c7d-9a10-${String(i).padStart(12, "0")}`;
  const personOf = (i: number) =>
    ` <person>\n  <sourcedid>\n   <source>Alvis</source>\n   <id>${uuid(i)}</id>\n  </sourcedid>\n  <name>\n   <fn>Åsa Provsson</fn>\n  </name>\n  <email>${uuid(i)}@example.org</email>\n  <adr>\n   <street>${"Provgatan ".repeat(20)}</street>\n  </adr>\n </person>\n`;

  async function* exportOf(bytes: number) {
    yield Buffer.from("<enterprise>\n");
    for (let given = 0, i = 0; given < bytes; ) {
      let text = "";
      while (text.length < 64 * 1024) text += personOf(i++);
      given += text.length;
      yield Buffer.from(text);
    }
    yield Buffer.from("</enterprise>");
  }

  it("does not grow with the file", async () => {
    const held: number[] = [];
    let persons = 0;
    const summary = await readImsStream("x", exportOf(100 * MEGABYTE), {
      person() {
        if (++persons % 50_000 === 0) held.push(heapInUse());
      },
    });
    expect(summary.bytes).to.be.above(100 * MEGABYTE);
    expect(held.length).to.be.above(3);
    expect(Math.max(...held) - Math.min(...held)).to.be.below(10 * MEGABYTE);
  });

  it("of kept texts is theirs alone: an id does not keep the piece of the file that it came in", async () => {
    const kept: string[] = [];
    let persons = 0;
    const before = heapInUse();
    await readImsStream("x", exportOf(50 * MEGABYTE), {
      person({ sourcedIds: [sourcedId] }) {
        // About one of each piece: were they views, all 50 MB would stay.
        if (++persons % 100 === 0 && sourcedId !== undefined) kept.push(sourcedId.id);
      },
    });
    expect(kept.length).to.be.above(1000);
    expect(heapInUse() - before).to.be.below(10 * MEGABYTE);
    expect(new Set(kept).size).to.equal(kept.length);
  });

  function heapInUse(): number {
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")();
    return process.memoryUsage().heapUsed;
  }
});
