/**
 * Numbers texts from 0 in order of their first appearance. A Map of a million ids takes a hundred megabytes and long
 * pauses of the garbage collector; here a text takes its characters (one byte each, as most are) and about 20 bytes.
 */
export interface TextTable {
  readonly size: number;
  /** The text's number; a new text gets the next one. */
  numberOf(text: string): number;
  textOf(number: number): string;
}

const CHUNK_BYTES = 1024 * 1024;
/** Stands before a character of two bytes (low one first): all beyond Latin-1, and the one that this is. */
const WIDE = 0xff;
const FIRST_SLOTS = 1024;

export function textTable(): TextTable {
  const chunks: Buffer[] = [];
  let chunk = Buffer.alloc(0);
  let used = 0;
  // Per text: chunk, its bytes there, hash. Per slot: number of a text + 1, 0 when free.
  let capacity = FIRST_SLOTS / 2;
  let chunkOf = new Int32Array(capacity);
  let startOf = new Int32Array(capacity);
  let endOf = new Int32Array(capacity);
  let hashOf = new Int32Array(capacity);
  let slots = new Int32Array(FIRST_SLOTS);
  let size = 0;

  const grow = () => {
    const larger = (values: Int32Array<ArrayBuffer>) => {
      const grown = new Int32Array(capacity * 2);
      grown.set(values);
      return grown;
    };
    chunkOf = larger(chunkOf);
    startOf = larger(startOf);
    endOf = larger(endOf);
    hashOf = larger(hashOf);
    capacity *= 2;
    slots = new Int32Array(capacity * 2);
    const mask = slots.length - 1;
    for (let number = 0; number < size; number++) {
      let slot = (hashOf[number] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
  };

  const add = (text: string, hash: number): number => {
    const number = size++;
    const room = text.length * 3;
    if (chunks.length === 0 || used + room > chunk.length) {
      chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, room));
      chunks.push(chunk);
      used = 0;
    }
    chunkOf[number] = chunks.length - 1;
    startOf[number] = used;
    used = writeText(chunk, used, text);
    endOf[number] = used;
    hashOf[number] = hash;
    return number;
  };

  return {
    get size() {
      return size;
    },

    numberOf(text) {
      const hash = hashOfText(text);
      const mask = slots.length - 1;
      let slot = hash & mask;
      for (let found = slots[slot]; found !== 0; found = slots[slot]) {
        const number = (found as number) - 1;
        if (hashOf[number] === hash) {
          const bytes = chunks[chunkOf[number] as number] as Buffer;
          if (isText(bytes, startOf[number] as number, endOf[number] as number, text)) return number;
        }
        slot = (slot + 1) & mask;
      }
      slots[slot] = size + 1;
      const number = add(text, hash);
      if (size === capacity) grow();
      return number;
    },

    textOf(number) {
      const bytes = (chunks[chunkOf[number] as number] as Buffer).subarray(startOf[number], endOf[number]);
      return bytes.includes(WIDE) ? wideText(bytes) : bytes.toString("latin1");
    },
  };
}

/** FNV-1a over UTF-16 code units. */
function hashOfText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}

function writeText(bytes: Buffer, start: number, text: string): number {
  let at = start;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < WIDE) bytes[at++] = unit;
    else {
      bytes[at++] = WIDE;
      bytes[at++] = unit & 0xff;
      bytes[at++] = unit >>> 8;
    }
  }
  return at;
}

function isText(bytes: Buffer, start: number, end: number, text: string): boolean {
  let at = start;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (at >= end) return false;
    if (unit < WIDE) {
      if (bytes[at++] !== unit) return false;
    } else {
      if (bytes[at] !== WIDE || bytes[at + 1] !== (unit & 0xff) || bytes[at + 2] !== unit >>> 8) return false;
      at += 3;
    }
  }
  return at === end;
}

function wideText(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte !== WIDE) text += String.fromCharCode(byte);
    else {
      text += String.fromCharCode((bytes[at + 1] as number) | ((bytes[at + 2] as number) << 8));
      at += 2;
    }
  }
  return text;
}
