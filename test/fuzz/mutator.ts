/** Numbers that look like chance and are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, below);
  };
}

/** Changes that are made to one input at most. */
const MAX_CHANGES = 6;
const MAX_COPIED_BYTES = 200;
/** Bytes in which a value is looked for. */
const MAX_LOOKED_AT = 400;

/** One of the corpus, changed a few times. */
export function mutant(
  corpus: readonly Buffer[],
  dictionary: readonly Buffer[],
  random: (below: number) => number,
  maxBytes: number,
): Buffer {
  const pick = (): Buffer => corpus[random(corpus.length)] ?? Buffer.alloc(0);
  let bytes = Buffer.from(pick());
  for (let changes = 1 + random(MAX_CHANGES); changes > 0; changes--) {
    // Every other time in a value: most of a message is names, and a change there is soon refused.
    const [from, to] = random(2) === 0 ? valueIn(bytes, random) : anywhereIn(bytes, random);
    const put = (...middle: readonly Buffer[]) =>
      Buffer.concat([bytes.subarray(0, from), ...middle, bytes.subarray(to)]);
    const insert = (middle: Buffer) => Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(from)]);
    const piece = (of: Buffer) => {
      const start = random(of.length);
      return of.subarray(start, start + 1 + random(MAX_COPIED_BYTES));
    };
    switch (random(10)) {
      case 0:
        if (from < bytes.length) bytes[from] = random(256);
        break;
      case 1:
        if (from < bytes.length) bytes[from] = (bytes[from] ?? 0) ^ (1 << random(8));
        break;
      case 2:
        bytes = put();
        break;
      case 3:
        bytes = insert(bytes.subarray(from, to));
        break;
      case 4:
        bytes = insert(piece(pick()));
        break;
      case 5:
        bytes = put(piece(pick()));
        break;
      case 6:
        bytes = Buffer.concat([bytes.subarray(0, from), pick().subarray(from)]);
        break;
      case 7:
        bytes = insert(elementOf(pick(), random));
        break;
      case 8:
        bytes = put(dictionary[random(dictionary.length)] ?? Buffer.alloc(0));
        break;
      default:
        bytes = insert(dictionary[random(dictionary.length)] ?? Buffer.alloc(0));
    }
  }
  return bytes.subarray(0, maxBytes);
}

function anywhereIn(bytes: Buffer, random: (below: number) => number): readonly [from: number, to: number] {
  const from = random(bytes.length + 1);
  return [from, Math.min(bytes.length, from + 1 + random(random(4) === 0 ? bytes.length : 16))];
}

/** A part of a text or of an attribute's value, the next from anywhere. */
function valueIn(bytes: Buffer, random: (below: number) => number): readonly [from: number, to: number] {
  const start = random(bytes.length);
  const [value = "", before = ""] =
    /([\s\S]*?["'>])(?=[^<>"'\s])[^<>"']+/.exec(bytes.toString("latin1", start, start + MAX_LOOKED_AT)) ?? [];
  if (value === "") return anywhereIn(bytes, random);
  const length = value.length - before.length;
  const from = start + before.length + random(length + 1);
  return [from, Math.min(start + value.length, from + random(length + 1))];
}

/** From a `<` to a later `>`: often a tag, or elements as a whole. */
function elementOf(bytes: Buffer, random: (below: number) => number): Buffer {
  const open = bytes.indexOf("<", random(bytes.length));
  if (open < 0) return Buffer.alloc(0);
  let end = open;
  for (let tags = 1 + random(6); tags > 0; tags--) {
    const next = bytes.indexOf(">", end + 1);
    if (next < 0) break;
    end = next;
  }
  return bytes.subarray(open, end + 1);
}
