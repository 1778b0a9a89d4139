import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { SaxesParser } from "saxes";
import { createRepairs, type ImsRepairKind } from "../../lib/ims/repairs.js";
import { createScanner, WANT_ALL } from "../../lib/ims/scan.js";
import { failureOf, readBytes } from "./reading.js";

describe("scanning, beside saxes on the same file", () => {
  it("gives the same elements, attributes, texts and lines for any well-formed file, cut anywhere, with nothing to mend", () => {
    fc.assert(
      fc.property(wellFormed(), chunkSizes(), (xml, sizes) => {
        const expected = bySaxes(xml);
        expect(expected.error, "the generator makes well-formed files").to.equal(undefined);
        for (const repair of [true, false]) {
          const scanned = byScanner(Buffer.from(xml), sizes, repair);
          expect(scanned.mended).to.deep.equal([]);
          expect(scanned.root).to.deep.equal(expected.root);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it("gives the same for a file cut at every byte", () => {
    fc.assert(
      fc.property(wellFormed(), (xml) => {
        const bytes = Buffer.from(xml);
        const { root } = bySaxes(xml);
        for (let at = 1; at < Math.min(bytes.length, 400); at++) {
          expect(byScanner(bytes, [at, bytes.length], true).root).to.deep.equal(root);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("takes a changed file as saxes takes it, when saxes does, and refuses or mends what saxes refuses", () => {
    let bothRefused = 0;
    fc.assert(
      fc.property(changed(plainlyWellFormed()), chunkSizes(), (xml, sizes) => {
        const expected = bySaxes(xml);
        const strict = attempt(() => byScanner(Buffer.from(xml), sizes, false));
        const mending = attempt(() => byScanner(Buffer.from(xml), sizes, true));
        if (expected.error === undefined) {
          expect(strict.error).to.equal(undefined);
          expect(withoutLines(strict.result?.root)).to.deep.equal(withoutLines(expected.root));
          expect(mending.result).to.deep.equal(strict.result);
          return;
        }
        expect(strict.error, `saxes: ${expected.error}`).not.to.equal(undefined);
        if (mending.error === undefined) expect(mending.result?.mended).not.to.deep.equal([]);
        else bothRefused++;
      }),
      { numRuns: 3000 },
    );
    expect(bothRefused).to.be.above(100);
  });
});

describe("scanning a hostile file", () => {
  const MEGABYTE = 1024 * 1024;
  const HOSTILE: readonly (readonly [what: string, start: string, repeated: string])[] = [
    ["megabytes of <", "<enterprise>", "<"],
    ["megabytes of < in a text that is read", "<enterprise><person><email>", "<"],
    ["megabytes of <!", "<enterprise>", "<!"],
    ["megabytes of <?", "<enterprise>", "<?"],
    ["megabytes of </", "<enterprise>", "</"],
    ["megabytes of &", "<enterprise>", "&"],
    ["megabytes of & in a text that is read", "<enterprise><person><email>", "&"],
    ["megabytes of & in an attribute", '<enterprise><person recstatus="', "&"],
    ["megabytes of &# in an attribute", '<enterprise><person recstatus="', "&#x0;"],
    ["megabytes of long references", "<enterprise><person><email>", `&${"a".repeat(63)}`],
    ["megabytes of control characters", "<enterprise><person><email>", "\u0001"],
    ["megabytes of ]]>", "<enterprise><person><email>", "]]>"],
    ["megabytes of carriage returns", "<enterprise><person><email>", "\r"],
    ["a comment that never ends", "<enterprise><!--", " -- "],
    ["a comment of dashes", "<enterprise><!--", "-"],
    ["comments without end", "<enterprise>", "<!---->"],
    ["a CDATA section that never ends", "<enterprise><person><email><![CDATA[", "]]"],
    ["CDATA sections without end", "<enterprise><person><email>", "<![CDATA[]]>"],
    ["an attribute that never ends", '<enterprise a="', "\n"],
    ["attributes without end", "<enterprise", ' a="1"'],
    ["a very long name", "<", "n"],
    ["a tag of blanks", "<enterprise", " "],
    ["elements inside each other without end", "", "<enterprise>"],
    ["quotes in a DOCTYPE", "<!DOCTYPE enterprise [", "\"'"],
    ["comments in a DOCTYPE", "<!DOCTYPE enterprise [", "<!-- "],
    ["nothing but zeros after the first tag", "<enterprise>", "\u0000"],
    ["bytes that are no UTF-8", "<enterprise>å", "\u0000"],
  ];
  for (const [what, start, repeated] of HOSTILE) {
    it(`ends at once, without holding it: ${what}`, async () => {
      const wrongBytes = what.startsWith("bytes");
      const piece = wrongBytes ? Buffer.alloc(MEGABYTE, 0xff) : Buffer.alloc(MEGABYTE, repeated);
      const before = process.memoryUsage().rss;
      for (const repair of [true, false]) {
        // Small pieces: what is looked at again with each would be looked at very often.
        for (const size of [MEGABYTE, 1000]) {
          const chunks = [Buffer.from(start)];
          for (let i = 0; i < 8; i++) {
            for (let at = 0; at < MEGABYTE; at += size) chunks.push(piece.subarray(at, at + size));
          }
          expect(await failureOf(readBytes(chunks, { repair }))).to.match(/^export\.xml, line \d+: /);
        }
      }
      expect(process.memoryUsage().rss - before).to.be.below(150 * MEGABYTE);
    });
  }

  it("does not slow down with its length: many distinct names, attributes and mends", async () => {
    const names = Array.from({ length: 200_000 }, (_, i) => `<n${i} a${i}="&${i}"/>`).join("\n");
    const { summary } = await readBytes([Buffer.from(`<enterprise>${names}</enterprise>`)]);
    expect(summary.repairs).to.deep.equal([
      { kind: "bareAmpersand", count: 200_000, text: "a bare & was read as &amp;" },
    ]);
    expect(summary.warnings).to.have.length(20);
  });

  it("cannot make the names' table slow: names whose hashes are equal are found as others", async () => {
    // Aa and BB have the same hash, so have all words made of them.
    const equal = Array.from({ length: 1 << 12 }, (_, i) =>
      Array.from({ length: 12 }, (_, bit) => ((i >> bit) & 1 ? "Aa" : "BB")).join(""),
    );
    const xml = `<enterprise><person><sourcedid><id>1</id></sourcedid><extension>${equal.map((name) => `<${name} ${name}="x">${name}</${name}>`).join("")}</extension></person></enterprise>`;
    const { persons } = await readBytes([Buffer.from(xml)]);
    expect(persons[0]?.extension.map(({ text }) => text)).to.deep.equal(equal);
    expect(persons[0]?.extension.every(({ name, text }) => name === text?.toLowerCase())).to.equal(true);
  });
});

describe("long texts that come in pieces", () => {
  it("are cut so that no character, reference, line break or ending is lost", () => {
    for (const part of ["å", "€", "𝄞", "&amp;", "&#x10FFFF;", "\r\n", "]]", "--", "a\r"]) {
      for (const shift of ["", "x", "xx", "xxx"]) {
        const content = shift + part.repeat(Math.ceil(300_000 / part.length));
        const xml = `<a>${content}</a>`;
        const expected = bySaxes(xml);
        expect(expected.error).to.equal(undefined);
        const scanned = byScanner(Buffer.from(xml), [65_536], false);
        expect(scanned.root?.text === expected.root?.text, part).to.equal(true);
        const commented = `<a><!--${content.replaceAll("-", "+")}-->\n<b/></a>`;
        expect(byScanner(Buffer.from(commented), [65_536], false).root).to.deep.equal(
          bySaxes(commented).root,
        );
        if (part.startsWith("]")) continue;
        const section = `<a><![CDATA[${content}]]>\n<b/></a>`;
        expect(byScanner(Buffer.from(section), [65_536], false).root).to.deep.equal(bySaxes(section).root);
      }
    }
  });
});

// --- The two ways of reading

interface Element {
  readonly name: string;
  readonly line: number;
  readonly attributes: [name: string, value: string][];
  text: string;
  readonly children: Element[];
}

/** Elements as a tree, each with its own text; blanks at its start do not count, the scanner leaves them out. */
function treeBuilder() {
  const open: Element[] = [];
  let root: Element | undefined;
  return {
    open(name: string, line: number) {
      const element: Element = { name, line, attributes: [], text: "", children: [] };
      open.at(-1)?.children.push(element);
      root ??= element;
      open.push(element);
    },
    attribute(name: string, value: string) {
      open.at(-1)?.attributes.push([name, value]);
    },
    text(text: string) {
      const element = open.at(-1);
      if (element !== undefined) element.text = (element.text + text).replace(/^[ \t\r\n]+/, "");
    },
    close() {
      open.pop();
    },
    get root() {
      return root;
    },
  };
}

function withoutLines(element: Element | undefined): unknown {
  return element && { ...element, line: 0, children: element.children.map(withoutLines) };
}

function bySaxes(xml: string): { readonly root: Element | undefined; readonly error?: string } {
  const tree = treeBuilder();
  const parser = new SaxesParser({ xmlns: false, position: false });
  parser.on("opentagstart", ({ name }) => tree.open(name, parser.line));
  parser.on("attribute", ({ name, value }) => tree.attribute(name, value));
  parser.on("text", tree.text);
  parser.on("cdata", tree.text);
  parser.on("closetag", tree.close);
  parser.on("error", (error) => {
    throw error;
  });
  try {
    parser.write(xml).close();
    return { root: tree.root };
  } catch (error) {
    return { root: undefined, error: (error as Error).message };
  }
}

function byScanner(
  bytes: Buffer,
  sizes: readonly number[],
  repair: boolean,
): { readonly root: Element | undefined; readonly mended: ImsRepairKind[] } {
  const tree = treeBuilder();
  const repairs = createRepairs("export.xml", repair, () => {});
  const scanner = createScanner(
    "export.xml",
    {
      open(name, line) {
        tree.open(name.spelled, line);
        return WANT_ALL;
      },
      attribute: ({ spelled }, value) => tree.attribute(spelled, value),
      text: tree.text,
      close: tree.close,
      oversized() {},
      warn() {},
    },
    repairs.mend,
  );
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    scanner.write(bytes.subarray(at, at + size));
    at += size;
  }
  scanner.end();
  return { root: tree.root, mended: repairs.list().map(({ kind }) => kind) };
}

function attempt<T>(read: () => T): { readonly result?: T; readonly error?: string } {
  try {
    return { result: read() };
  } catch (error) {
    expect(error).to.have.property("code", "export");
    expect((error as Error).message).to.match(/^export\.xml, line \d+: /);
    return { error: (error as Error).message };
  }
}

// --- Files

function chunkSizes() {
  return fc.oneof(
    fc.constant([1_000_000]),
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
  );
}

const NAMES = [
  "id",
  "source",
  "sourcedid",
  "a",
  "A",
  "ns:id",
  "_x.y-z",
  "åäö",
  "n2",
  "seven77",
  "xmlns",
  "constructor",
];
const blanks = fc.constantFrom("", " ", "\n", "\t", "\r\n", "\r", " \n ");
const someBlanks = fc.constantFrom(" ", "\n", "\t", "\r\n", "  ");
const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(..."abc019 .,;:'\"/=>-]?!#\n\t") },
  fc.constantFrom("å", "ö", "€", "𝄞", "\u007f", "\u0085", "\u2028", "\ufeff", "\r", "\r\n", "\ufffd"),
  fc.constantFrom(
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&apos;",
    "&#65;",
    "&#x42;",
    "&#xe5;",
    "&#10;",
    "&#13;",
    "&#x1F600;",
    "&#0065;",
  ),
);
const textOf = fc
  .array(character, { maxLength: 12 })
  .map((parts) => parts.join("").replaceAll("]]>", "]] >"));
const attributeOf = fc
  .tuple(fc.constantFrom(...NAMES), blanks, blanks, fc.constantFrom("'", '"'), textOf)
  .map(([name, before, after, quote, value]) => {
    return { name, text: `${name}${before}=${after}${quote}${value.replaceAll(quote, "")}${quote}` };
  });
const attributesOf = fc
  .tuple(
    fc.uniqueArray(attributeOf, { maxLength: 3, selector: ({ name }) => name }),
    fc.array(someBlanks, { minLength: 3, maxLength: 3 }),
    blanks,
  )
  .map(([attributes, gaps, last]) =>
    // saxes counts a line break directly after the name to the tag's line.
    (attributes.map(({ text }, i) => `${gaps[i] ?? " "}${text}`).join("") + last).replace(/^[\r\n]/, " $&"),
  );
const comment = textOf.map((text) => `<!--${text.replace(/-+/g, "+")}-->`);
const instruction = textOf.map((text) => `<?pi ${text.replaceAll("?>", "")}?>`);
const cdata = textOf.map((text) => `<![CDATA[${text.replaceAll("]]>", "")}<&]]>`);

function elements(others: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.letrec<{ element: string; content: string }>((tie) => ({
    content: fc
      .array(fc.oneof({ depthSize: "small" }, textOf, blanks, ...others, tie("element")), { maxLength: 5 })
      .map((parts) =>
        parts.join("").replaceAll("]]>", (end, at, whole) => (isEnd(whole, at) ? end : "] ]>")),
      ),
    element: fc
      .tuple(fc.constantFrom(...NAMES), attributesOf, blanks, tie("content"), fc.boolean())
      .map(([name, attributes, blank, content, isEmpty]) => {
        return isEmpty ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}${blank}>`;
      }),
  })).element;
}

/** Whether the ]]> at this place ends a CDATA section, and does not come of two texts put together. */
function isEnd(whole: string, at: number): boolean {
  return whole.lastIndexOf("<![CDATA[", at) > whole.lastIndexOf("]]>", at - 1);
}

function wellFormed(): fc.Arbitrary<string> {
  const declaration = fc.constantFrom(
    "",
    '<?xml version="1.0"?>',
    "<?xml version='1.0' encoding='UTF-8'?>\r\n",
  );
  const doctype = fc.constantFrom(
    "",
    "<!DOCTYPE a>",
    '<!DOCTYPE a SYSTEM "x>y.dtd">\n',
    "<!DOCTYPE a [<!ELEMENT a ANY>\n<!-- ' ]> --><?p \" ]> ?><!ENTITY e ']>'>]>",
  );
  const around = fc
    .array(fc.oneof(someBlanks, comment, instruction), { maxLength: 3 })
    .map((all) => all.join(""));
  const element = elements([comment, instruction, cdata]);
  return fc
    .tuple(declaration, around, doctype, around, element, around)
    .map(([start, before, dtd, between, root, after]) => start + before + dtd + between + root + after);
}

/** Without what neither is judged by: the insides of instructions, comments and DOCTYPE. */
function plainlyWellFormed(): fc.Arbitrary<string> {
  return elements([cdata]);
}

function changed(files: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.tuple(
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom(
      "",
      "<",
      ">",
      "&",
      "/",
      '"',
      "'",
      "=",
      ";",
      " ",
      "a",
      "1",
      "]",
      "\u0001",
      "å",
      "\ufffe",
      "×",
      "]]>",
      "</",
      "<b>",
    ),
  );
  return fc.tuple(files, fc.array(change, { minLength: 1, maxLength: 3 })).map(([xml, changes]) =>
    changes.reduce((text, [place, removed, added]) => {
      const at = place % (text.length + 1);
      // Not between the halves of a character beyond 16 bits.
      const isHalf = (index: number) => /[\udc00-\udfff]/.test(text.charAt(index));
      return isHalf(at) || isHalf(at + removed) ? text : text.slice(0, at) + added + text.slice(at + removed);
    }, xml),
  );
}
