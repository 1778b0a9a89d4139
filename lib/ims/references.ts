/**
 * References and characters that XML does not allow, in texts that have such.
 */
import type { Mend } from "./repairs.js";

/** The longest reference that is one, & and ; included. */
export const MAX_REFERENCE_LENGTH = 68;

/**
 * The characters of a text or attribute, references resolved, what XML does not allow left out. `line` is where it
 * begins. An & that begins no reference of XML's own stays as it is written: no entity is ever expanded.
 */
export function resolveReferences(value: string, line: number, mend: Mend): string {
  return resolved(value, line, mend, LOOKED_AT);
}

/** The same for a CDATA section, where & is a character like others. */
export function withoutForbidden(value: string, line: number, mend: Mend): string {
  return resolved(value, line, mend, FORBIDDEN_IN_CDATA);
}

function resolved(value: string, line: number, mend: Mend, lookedAt: RegExp): string {
  let result = "";
  let done = 0;
  let lineHere = line;
  lookedAt.lastIndex = 0;
  for (let found = lookedAt.exec(value); found !== null; found = lookedAt.exec(value)) {
    const { index } = found;
    const character = found[0];
    if (character === "\n") lineHere++;
    else if (character === "&") {
      const { replacement, length: replaced } = referenceAt(value, index, lineHere, mend);
      if (replacement === undefined) continue;
      result += value.slice(done, index) + replacement;
      done = index + replaced;
      lookedAt.lastIndex = done;
    } else {
      mend("forbiddenCharacter", lineHere);
      result += value.slice(done, index);
      done = index + 1;
    }
  }
  return done === 0 ? value : result + value.slice(done);
}

/** Without a replacement the & stays as it is written. */
function referenceAt(
  value: string,
  index: number,
  at: number,
  mend: Mend,
): { replacement?: string; length: number } {
  REFERENCE.lastIndex = index;
  const found = REFERENCE.exec(value);
  if (found === null) {
    mend("bareAmpersand", at);
    return { length: 1 };
  }
  const [{ length }, hexadecimal, decimal, name = ""] = found;
  if (hexadecimal === undefined && decimal === undefined) {
    const replacement = PREDEFINED.get(name);
    if (replacement !== undefined) return { replacement, length };
    mend("unknownEntity", at);
    return { length: 1 };
  }
  const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  if (isXmlCharacter(code)) return { replacement: String.fromCodePoint(code), length };
  mend("forbiddenCharacter", at, "not well-formed XML: a character reference that stands for no character");
  return { replacement: "", length };
}

/** What must be looked at one by one; line feeds to count them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const LOOKED_AT = /[\n&\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const FORBIDDEN_IN_CDATA = /[\n\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const REFERENCE = /&(?:#x([0-9a-fA-F]{1,32})|#([0-9]{1,32})|([A-Za-z_:][\w:.-]{0,63}));/y;
const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

/** XML 1.0, production 2. */
function isXmlCharacter(code: number): boolean {
  return (
    code === 0x09 ||
    code === 0x0a ||
    code === 0x0d ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  );
}
