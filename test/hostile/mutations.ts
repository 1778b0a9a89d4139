import fc from "fast-check";

/** A change of bytes: the same for the same bytes. */
export type Change = (bytes: Buffer) => Buffer;

/** One to four changes: bytes and elements changed, cut, doubled, moved, and parts of `others` put in. */
export function mutated(others: readonly Buffer[]): fc.Arbitrary<Change> {
  return fc
    .array(
      fc.record({
        kind: fc.constantFrom<Kind>(...KINDS),
        at: PLACE,
        to: PLACE,
        byte: fc.nat(255),
        other: fc.nat(others.length - 1),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((steps) => (bytes) => {
      let changed = bytes;
      for (const { kind, at, to, byte, other } of steps) {
        const place = Math.floor(at * changed.length);
        const end = Math.min(changed.length, place + Math.ceil(to * to * changed.length));
        changed = CHANGES[kind](changed, place, end, byte, others[other] ?? changed);
      }
      return changed;
    });
}

/** Of the length of what is changed. */
const PLACE = fc.nat(9_999).map((value) => value / 10_000);

type Kind = "byte" | "cut" | "remove" | "double" | "splice" | "insert" | "tag" | "element" | "word";

const KINDS: readonly Kind[] = [
  "byte",
  "cut",
  "remove",
  "double",
  "splice",
  "insert",
  "tag",
  "element",
  "word",
];

const WORDS: readonly string[] = [
  "BETA",
  "BETAKURS1",
  "GEMENSAM1",
  "*",
  "true",
  "<arg1>",
  "</arg1>",
  ' href="#l"',
  ' id="l"',
  ' xsi:nil="true"',
  "<OM>true</OM>",
  "<Institution>BETA</Institution>",
  "%",
  "'",
  "\u0000",
  "<![CDATA[",
  "]]>",
];

const CHANGES: Readonly<
  Record<Kind, (bytes: Buffer, from: number, to: number, byte: number, other: Buffer) => Buffer>
> = {
  byte(bytes, from, _, byte) {
    const changed = Buffer.from(bytes);
    if (from < changed.length) changed[from] = byte;
    return changed;
  },
  cut: (bytes, from) => bytes.subarray(0, from),
  remove: (bytes, from, to) => Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]),
  double: (bytes, from, to) => Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]),
  splice: (bytes, from, _, __, other) => Buffer.concat([bytes.subarray(0, from), other.subarray(from)]),
  insert: (bytes, from, to, _, other) =>
    Buffer.concat([bytes.subarray(0, from), other.subarray(from, to), bytes.subarray(from)]),
  // At tags, so that what comes out is well-formed more often than not.
  tag(bytes, from, _, byte) {
    const text = bytes.toString("latin1");
    const names = [...text.matchAll(/<(\w+)>/g)].map(([, name = ""]) => name);
    const name = names[byte % Math.max(1, names.length)] ?? "a";
    const open = text.indexOf("<", from);
    const [whole, old] = /^<(\w+)>/.exec(text.slice(open)) ?? [];
    if (whole === undefined || old === undefined) return bytes;
    const close = text.indexOf(`</${old}>`, open);
    if (close < 0) return bytes;
    return Buffer.from(
      `${text.slice(0, open)}<${name}>${text.slice(open + whole.length, close)}</${name}>${text.slice(close + old.length + 3)}`,
      "latin1",
    );
  },
  element(bytes, from, _, byte, other) {
    const elements = [...other.toString("latin1").matchAll(/<(\w+)>.*?<\/\1>/g)].map(([element]) => element);
    const element = elements[byte % Math.max(1, elements.length)] ?? "";
    const text = bytes.toString("latin1");
    const open = text.indexOf("<", from);
    return open < 0 ? bytes : Buffer.from(text.slice(0, open) + element + text.slice(open), "latin1");
  },
  word(bytes, from, _, byte) {
    const text = bytes.toString("latin1");
    const word = WORDS[byte % WORDS.length] ?? "";
    const [value] = /(?<=>)[^<>]+(?=<)/.exec(text.slice(from)) ?? [];
    if (value === undefined || byte % 3 === 0)
      return Buffer.from(text.slice(0, from) + word + text.slice(from), "latin1");
    const at = text.indexOf(value, from);
    return Buffer.from(text.slice(0, at) + word + text.slice(at + value.length), "latin1");
  },
};
