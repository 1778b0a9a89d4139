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
  readonly hash: number;
  /** Small and dense, to be an index; -1: a name that is not remembered. */
  readonly id: number;
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
  return {
    spelled,
    folded: foldName(spelled),
    declaresNamespace: spelled === "xmlns" || spelled.startsWith("xmlns:"),
    bytes: Uint8Array.from(bytes.subarray(from, to)),
    hash,
    id,
  };
}

// XML 1.0, fifth edition, productions 4 and 4a.
const NAME_START =
  ":A-Z_a-z\\u{c0}-\\u{d6}\\u{d8}-\\u{f6}\\u{f8}-\\u{2ff}\\u{370}-\\u{37d}\\u{37f}-\\u{1fff}\\u{200c}\\u{200d}\\u{2070}-\\u{218f}\\u{2c00}-\\u{2fef}\\u{3001}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{fffd}\\u{10000}-\\u{effff}";
const XML_NAME = new RegExp(
  `^[${NAME_START}][${NAME_START}\\-.0-9\\u{b7}\\u{300}-\\u{36f}\\u{203f}\\u{2040}]*$`,
  "u",
);
