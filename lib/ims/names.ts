/**
 * Names of elements and attributes, each made once: a file has a few dozen, spelled millions of times.
 */
import { foldName } from "./text.js";

export interface Name {
  /** As the file writes it, prefix and case included. */
  readonly spelled: string;
  /** Without prefix, in lower case. */
  readonly folded: string;
  /** `xmlns` or `xmlns:…`, which in attributes are no data. */
  readonly declaresNamespace: boolean;
  /** The spelling in UTF-8. */
  readonly bytes: Uint8Array;
  /** Of `bytes`. */
  readonly length: number;
  /** `bytes` and the > of a tag without attributes, as little-endian words of four bytes: compared so, they cost a third. */
  readonly words: Int32Array;
  /** The bits of the last word that count. */
  readonly mask: number;
  readonly hash: number;
  /** Small and dense, to be an index; -1: a name that is not remembered. */
  readonly id: number;
  /** The element's name that followed this one when it was last met: most files repeat themselves. */
  next: Name | undefined;
}

export interface Names {
  /** The name that stands in `bytes`, with the hash of its bytes (see nextHash); undefined: it is not an XML name. */
  find(bytes: Buffer, from: number, to: number, hash: number): Name | undefined;
}

/** Names that are remembered: a file of ever new names must not fill the memory. */
export const MAX_REMEMBERED_NAMES = 1000;
/** Slots of the table, a power of two, several times the names so that most are found at once. */
const SLOTS = 4096;
/** Slots looked at for one name: names chosen to collide must not make each look-up long. */
const MAX_PROBES = 16;

/** The hash of a name is made of its bytes one by one, from 0, while they are looked at anyway. */
export function nextHash(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

/** Stands for the name of what is no element. */
export const noElement = (): Name => ({
  spelled: "",
  folded: "",
  declaresNamespace: false,
  bytes: new Uint8Array(0),
  length: 0,
  ...wordsOf(new Uint8Array(0)),
  hash: 0,
  id: -1,
  next: undefined,
});

export function createNames(): Names {
  const slots: (Name | undefined)[] = new Array(SLOTS).fill(undefined);
  let remembered = 0;

  return {
    find(bytes, from, to, hash) {
      let slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
      for (let probe = 0; probe < MAX_PROBES; probe++) {
        const known = slots[slot];
        if (known === undefined) {
          const name = newName(bytes, from, to, hash, remembered < MAX_REMEMBERED_NAMES ? remembered : -1);
          if (name !== undefined && name.id >= 0) {
            slots[slot] = name;
            remembered++;
          }
          return name;
        }
        if (known.hash === hash && standsAt(known.bytes, bytes, from, to)) return known;
        slot = (slot + 1) & (SLOTS - 1);
      }
      return newName(bytes, from, to, hash, -1);
    },
  };
}

function standsAt(name: Uint8Array, bytes: Buffer, from: number, to: number): boolean {
  if (name.length !== to - from) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[from + i]) return false;
  return true;
}

function newName(bytes: Buffer, from: number, to: number, hash: number, id: number): Name | undefined {
  const spelled = bytes.toString("utf8", from, to);
  if (!XML_NAME.test(spelled)) return undefined;
  const own = Uint8Array.from(bytes.subarray(from, to));
  return {
    spelled,
    folded: foldName(spelled),
    declaresNamespace: spelled === "xmlns" || spelled.startsWith("xmlns:"),
    bytes: own,
    length: own.length,
    ...wordsOf(own),
    hash,
    id,
    next: undefined,
  };
}

function wordsOf(name: Uint8Array): { readonly words: Int32Array; readonly mask: number } {
  const padded = Buffer.alloc(4 * (Math.floor(name.length / 4) + 1));
  padded.set(name);
  padded[name.length] = 0x3e;
  const words = Int32Array.from({ length: padded.length / 4 }, (_, i) => padded.readInt32LE(4 * i));
  return { words, mask: name.length % 4 === 3 ? -1 : (1 << (8 * ((name.length % 4) + 1))) - 1 };
}

// XML 1.0, fifth edition, productions 4 and 4a.
const NAME_START =
  ":A-Z_a-z\\u{c0}-\\u{d6}\\u{d8}-\\u{f6}\\u{f8}-\\u{2ff}\\u{370}-\\u{37d}\\u{37f}-\\u{1fff}\\u{200c}\\u{200d}\\u{2070}-\\u{218f}\\u{2c00}-\\u{2fef}\\u{3001}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{fffd}\\u{10000}-\\u{effff}";
const XML_NAME = new RegExp(
  `^[${NAME_START}][${NAME_START}\\-.0-9\\u{b7}\\u{300}-\\u{36f}\\u{203f}\\u{2040}]*$`,
  "u",
);
