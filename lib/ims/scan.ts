/**
 * UTF-8 bytes → elements: a scanner for files whose structure is ASCII and whose values are short. It looks at each
 * byte once, makes strings only of what is wanted, and holds no more than the tag it is in. Well-formedness is
 * judged in full where records could come out wrong; what files of the field get wrong is mended (repairs.ts).
 * No entity is ever expanded and no DTD read.
 */
import {
  AMPERSAND,
  APOSTROPHE,
  BRACKET,
  BREAK,
  CARRIAGE_RETURN,
  CDATA_KINDS,
  CDATA_START,
  CLOSING_BRACKET,
  DASH,
  EQUALS,
  EXCLAMATION,
  FEED,
  FORBIDDEN,
  GREATER_THAN,
  HIGH,
  KINDS,
  KINDS_OF_BLANK,
  LESS_THAN,
  LINE_FEED,
  MARKUP,
  MAY_NEED_MENDING,
  NAME_START,
  NAMES,
  NO_NAME,
  NOT_PLAIN,
  OPENING_BRACKET,
  QUESTION,
  QUOTE,
  RETURN,
  SLASH,
  SOLID,
  UNUSUAL,
} from "./characters.js";
import { createNames, type Name, nextHash, noElement } from "./names.js";
import { shownName, unusableExport } from "./problem.js";
import { MAX_REFERENCE_LENGTH, resolveReferences, withoutForbidden } from "./references.js";
import type { Mend } from "./repairs.js";

/** Called in document order; `line` is 1-based. */
export interface ScanEvents {
  /** A start tag; its attributes follow one by one. Answers what is wanted of the element (Wants). */
  open(name: Name, line: number): number;
  /** `plain`: the value has nothing but printable ASCII. */
  attribute(name: Name, value: string, line: number, plain: boolean): void;
  /** A piece of the element's own text, blanks at its start left out; `plain` as above. */
  text(text: string, line: number, plain: boolean): void;
  /** The end of an element of which anything was wanted, also of an empty one. */
  close(): void;
  /** Something of the element that is open is beyond a limit and was not read. */
  oversized(line: number, reason: string): void;
  /** Odd, but no defect. */
  warn(line: number, text: string): void;
}

/** What is wanted of an element, as bits. Of an element of which nothing is wanted nothing more is told, of those in it neither. */
export const WANT_NOTHING = 0;
export const WANT_END = 1;
export const WANT_ELEMENTS = 2;
export const WANT_TEXT = 4;
export const WANT_ATTRIBUTES = 8;
export const WANT_ALL = 15;

export interface Scanner {
  /** The next bytes, cut anywhere; they are not kept. */
  write(bytes: Buffer): void;
  /** The file has ended: throws unless its root has. */
  end(): void;
  /** The root has ended and nothing that follows is looked at. */
  readonly isCut: boolean;
  /** The line that `bytes` end in when they follow what has been written, 1-based. */
  lineAfter(bytes: Buffer): number;
}

/** Elements inside each other. IMS Enterprise itself needs 8. */
export const MAX_DEPTH = 64;
/** Attributes of one element that are read. */
export const MAX_ATTRIBUTES_PER_ELEMENT = 64;
/** Characters of one attribute's value. */
export const MAX_ATTRIBUTE_LENGTH = 64 * 1024;
/** Bytes of an element's or attribute's name. */
export const MAX_NAME_LENGTH = 1024;
/** Bytes of one tag, processing instruction or DOCTYPE: what must be held at once. */
export const MAX_MARKUP_LENGTH = 4 * 1024 * 1024;
/** Bytes without any tag: text, comments. A scanned document in an element that is not read must pass. */
export const MAX_TAGLESS_LENGTH = 64 * 1024 * 1024;
/** Bytes of text that are handed on before its end is seen: longer than any that is read. */
const LONG_TEXT = 128 * 1024;
/** Bytes looked at in one go: little enough to stay in the processor's cache, and for strings of it to be short-lived. */
const PIECE_LENGTH = 64 * 1024;
/** Bytes of room after what is held: for a sentinel, and for looking at four bytes at its end. */
const SLACK = 8;

export function createScanner(fileName: string, events: ScanEvents, mend: Mend): Scanner {
  const names = createNames();
  /** What has been written and not yet passed, and room for a sentinel after it. */
  let bytes = Buffer.allocUnsafeSlow(2 * PIECE_LENGTH);
  /** The same, to look at four bytes at a time. */
  let view = new DataView(bytes.buffer);
  let length = 0;
  /** The same as one character per byte: strings are cut from it. Only while scanning. */
  let latin1 = "";
  /** Not looked at again before there are so many: a tag that comes byte by byte must not be scanned for each byte. */
  let enough = 1;
  let line = 1;

  // Open elements, the root at 1.
  let depth = 0;
  const nothing = noElement();
  const openNames: Name[] = [nothing];
  /** The name of the last start tag. */
  let previous = nothing;
  const wants = new Uint8Array(MAX_DEPTH + 1);
  const hasText = new Uint8Array(MAX_DEPTH + 1);
  wants[0] = WANT_ELEMENTS;

  /** Anything at all has been passed: the XML declaration can no more come. */
  let isBegun = false;
  let hasDoctype = false;
  let rootEnded = false;
  let isCut = false;
  /** In the middle of a long comment or CDATA section. */
  let inside: "" | "comment" | "cdata" = "";
  let tagless = 0;

  // The attributes of the tag that is looked at: told only when the whole tag is there.
  const attributeNames: Name[] = [];
  const valueFrom = new Int32Array(MAX_ATTRIBUTES_PER_ELEMENT);
  const valueTo = new Int32Array(MAX_ATTRIBUTES_PER_ELEMENT);
  const valueSeen = new Uint8Array(MAX_ATTRIBUTES_PER_ELEMENT);
  let attributes = 0;
  let isEmptyElement = false;
  let nameHash = 0;

  function fail(at: number, reason: string): never {
    throw unusableExport(fileName, at, reason);
  }

  function malformed(at: number, reason: string): never {
    fail(at, `not well-formed XML: ${reason}`);
  }

  /** Looks at what is held; what is not yet whole stays held. */
  function scanHeld(last: boolean): void {
    latin1 = bytes.toString("latin1", 0, length);
    bytes[length] = LESS_THAN;
    const passed = isCut ? length : scan(last);
    latin1 = "";
    if (isCut) {
      length = 0;
      return;
    }
    if (passed > 0) {
      isBegun = true;
      bytes.copyWithin(0, passed, length);
      length -= passed;
    }
    if (!last && length > MAX_MARKUP_LENGTH) {
      fail(line, `a tag, instruction or DOCTYPE of more than ${MAX_MARKUP_LENGTH} bytes`);
    }
    enough = Math.min(2 * length, MAX_MARKUP_LENGTH) + 1;
  }

  /** One thing after the other; answers how many bytes have been passed for good. */
  function scan(last: boolean): number {
    let i = inside === "" ? 0 : afterSection(0, inside, last);
    if (inside !== "") return i;

    // What nearly every text and tag needs is done in this one loop, with local variables: calls would double its time.
    // All else is left to functions, which know the same through `depth` and `line`.
    const held = bytes;
    const fours = view;
    const end = length;
    const kinds = KINDS;
    let at = depth;
    for (;;) {
      // Text up to the next markup.
      const from = i;
      let seen = 0;
      let feeds = 0;
      for (;;) {
        const kind = kinds[held[i] as number] as number;
        if (kind === MARKUP) break;
        seen |= kind;
        feeds += kind & FEED;
        i++;
      }
      if (i === end) return textAtEnd(from, seen, feeds, last);
      if ((seen & (SOLID | RETURN)) !== 0 || (i > from && hasText[at] !== 0)) {
        if ((seen & UNUSUAL) === 0 && at > 0) {
          if (((wants[at] as number) & WANT_TEXT) !== 0) {
            hasText[at] = 1;
            events.text(latin1.slice(from, i), line, (seen & NOT_PLAIN) === 0);
          }
        } else {
          text(from, i, seen, line);
          if (isCut) return end;
          if ((seen & RETURN) !== 0) line += loneReturns(from, i);
        }
      }
      if (feeds > 0) line += feeds;

      // Markup.
      const start = i;
      const next = held[start + 1] as number;
      if (next === SLASH) {
        // Nearly always the open element's name and nothing else. The sentinel ends every comparison in time.
        const { words, mask, length: nameLength } = openNames[at] as Name;
        const lastWord = words.length - 1;
        let k = 0;
        while (k < lastWord && fours.getInt32(start + 2 + 4 * k, true) === words[k]) k++;
        if (
          k === lastWord &&
          (fours.getInt32(start + 2 + 4 * k, true) & mask) === (words[k] as number) &&
          at > 1
        ) {
          if (wants[at] !== WANT_NOTHING) {
            depth = at - 1;
            events.close();
          }
          at--;
          depth = at;
          tagless = 0;
          i = start + 3 + nameLength;
          continue;
        }
        i = endTag(start, last);
      } else if ((NAMES[next] as number) === NAME_START) {
        // Nearly always the name that followed the last start tag before, too.
        const expected = previous.next;
        if (expected !== undefined && at > 0 && at < MAX_DEPTH) {
          const { words, mask, length: nameLength } = expected;
          const lastWord = words.length - 1;
          let k = 0;
          while (k < lastWord && fours.getInt32(start + 1 + 4 * k, true) === words[k]) k++;
          if (k === lastWord && (fours.getInt32(start + 1 + 4 * k, true) & mask) === (words[k] as number)) {
            previous = expected;
            const want =
              ((wants[at] as number) & WANT_ELEMENTS) === 0 ? WANT_NOTHING : events.open(expected, line);
            at++;
            depth = at;
            openNames[at] = expected;
            wants[at] = want;
            hasText[at] = 0;
            tagless = 0;
            i = start + 2 + nameLength;
            continue;
          }
        }
        i = startTag(start, last);
      } else i = otherMarkup(start, start + 1 < end ? next : 0, last);
      at = depth;
      if (isCut) return end;
      if (inside !== "") return i;
      if (i === start) {
        if (last) truncatedMarkup();
        return start;
      }
    }
  }

  /** No markup follows what is held: a text waits for its end, unless it is too long for that or the file has ended. */
  function textAtEnd(from: number, seen: number, feeds: number, last: boolean): number {
    if (last) {
      if (length > from) text(from, length, seen, line);
      line += feeds + ((seen & RETURN) === 0 ? 0 : loneReturns(from, length));
      return length;
    }
    if (length - from < LONG_TEXT) return from;
    const cut = goodCut(from, length);
    text(from, cut, seen, line);
    line += lineBreaks(from, cut);
    passTagless(cut - from);
    return cut;
  }

  // --- Tags

  /** The place after an end tag; `start` when it is not yet whole. */
  function endTag(start: number, last: boolean): number {
    if (depth === 0) return strayTag(start, "not well-formed XML: an end tag without a start tag");
    const name = (openNames[depth] as Name).bytes;
    const held = bytes;
    const nameEnd = start + 2 + name.length;
    for (let k = 0, at = start + 2; k < name.length; k++, at++) {
      if (held[at] !== name[k]) {
        if (at < length) wrongEndTag(start);
        break;
      }
    }
    if (nameEnd >= length) {
      if (last) truncatedMarkup();
      return start;
    }
    let at = nameEnd;
    while (held[at] !== GREATER_THAN) {
      if (at === length) return start;
      if (KINDS_OF_BLANK[held[at] as number] === 0) wrongEndTag(start);
      at++;
    }
    if (at > nameEnd) line += lineBreaks(nameEnd, at);
    closeElement();
    return at + 1;
  }

  function wrongEndTag(start: number): never {
    const first = NAMES[bytes[start + 2] as number] as number;
    return malformed(
      line,
      first === NAME_START
        ? "an end tag that does not match its start tag"
        : "an end tag with something else than a name in it",
    );
  }

  /** The place after a start tag; `start` when it is not yet whole. */
  function startTag(start: number, last: boolean): number {
    let at = start + 1;
    let name = nameIfIs(previous.next, at);
    if (name !== undefined) at += name.length;
    else {
      at = nameEnd(at);
      if (at - start > MAX_NAME_LENGTH) fail(line, `a name of more than ${MAX_NAME_LENGTH} bytes`);
      if (at >= length) {
        if (last) truncatedMarkup();
        return start;
      }
      name = names.find(bytes, start + 1, at, nameHash);
    }
    if (name === undefined) malformed(line, "an element's name with a character that no name may have");
    previous.next = name;
    previous = name;
    if (bytes[at] === GREATER_THAN) {
      if (depth === 0 && rootEnded) return secondRoot(start, name);
      openElement(name);
      return at + 1;
    }

    const end = attributesOf(at);
    if (end < 0) {
      if (last) truncatedMarkup();
      return start;
    }
    if (depth === 0 && rootEnded) return secondRoot(start, name);
    const tagLine = line;
    const want = openElement(name);
    tellAttributes(want, tagLine);
    line = tagLine + lineBreaks(at, end);
    if (isEmptyElement) closeElement();
    return end;
  }

  /** The name that is expected here, when it is it. */
  function nameIfIs(expected: Name | undefined, from: number): Name | undefined {
    if (expected === undefined) return undefined;
    const held = bytes;
    const own = expected.bytes;
    for (let k = 0; k < own.length; k++) if (held[from + k] !== own[k]) return undefined;
    const to = from + own.length;
    return to < length && NAMES[held[to] as number] === NO_NAME ? expected : undefined;
  }

  /** The end of the name that begins here; leaves its hash in `nameHash`. */
  function nameEnd(from: number): number {
    const held = bytes;
    let at = from;
    let hash = 0;
    for (;;) {
      const byte = held[at] as number;
      if ((NAMES[byte] as number) === NO_NAME) break;
      hash = nextHash(hash, byte);
      at++;
    }
    nameHash = hash;
    return at;
  }

  function openElement(name: Name): number {
    if (depth === MAX_DEPTH) fail(line, `more than ${MAX_DEPTH} elements inside each other`);
    const want = ((wants[depth] as number) & WANT_ELEMENTS) === 0 ? WANT_NOTHING : events.open(name, line);
    depth++;
    openNames[depth] = name;
    wants[depth] = want;
    hasText[depth] = 0;
    tagless = 0;
    return want;
  }

  function closeElement(): void {
    const want = wants[depth] as number;
    depth--;
    tagless = 0;
    if (want !== WANT_NOTHING) events.close();
    if (depth === 0) rootEnded = true;
  }

  /** Reads the attributes from the end of the name; the place after the tag, -1 when it is not yet whole. */
  function attributesOf(nameEnd: number): number {
    attributes = 0;
    let at = nameEnd;
    for (;;) {
      const blanksFrom = at;
      while (KINDS_OF_BLANK[bytes[at] as number] === 1) at++;
      if (at >= length) return -1;
      const byte = bytes[at] as number;
      if (byte === GREATER_THAN) {
        isEmptyElement = false;
        return at + 1;
      }
      if (byte === SLASH) {
        if (at + 1 >= length) return -1;
        if (bytes[at + 1] !== GREATER_THAN) malformedTag(nameEnd, at, "a / that does not end it");
        isEmptyElement = true;
        return at + 2;
      }
      if (NAMES[byte] !== NAME_START) malformedTag(nameEnd, at, "something that is no attribute");
      if (at === blanksFrom) malformedTag(nameEnd, at, "no blank between two attributes");
      at = attributeFrom(nameEnd, at);
      if (at < 0) return -1;
    }
  }

  /** Reads one attribute; the place after its closing quote, -1 when it is not yet whole. */
  function attributeFrom(tagFrom: number, from: number): number {
    const held = bytes;
    // Nearly always the name that stood in its place in the last tag with so many attributes.
    let name = nameIfIs(attributeNames[attributes], from);
    const nameTo = name === undefined ? nameEnd(from) : from + name.length;
    const hash = nameHash;
    if (nameTo - from > MAX_NAME_LENGTH) {
      fail(line + lineBreaks(tagFrom, from), `a name of more than ${MAX_NAME_LENGTH} bytes`);
    }
    let at = nameTo;
    while (KINDS_OF_BLANK[held[at] as number] === 1) at++;
    if (at >= length) return -1;
    if (held[at] !== EQUALS) malformedTag(tagFrom, at, "an attribute without a value");
    at++;
    while (KINDS_OF_BLANK[held[at] as number] === 1) at++;
    if (at >= length) return -1;
    const quote = held[at];
    if (quote !== QUOTE && quote !== APOSTROPHE)
      malformedTag(tagFrom, at, "an attribute's value without quotes");
    const valueStart = ++at;
    let seen = 0;
    for (;;) {
      const byte = held[at] as number;
      if (byte === quote) break;
      const kind = KINDS[byte] as number;
      if (kind === MARKUP) {
        if (at >= length) return -1;
        malformedTag(tagFrom, at, "a < in an attribute's value, or no closing quote");
      }
      seen |= kind;
      at++;
    }
    if (attributes < MAX_ATTRIBUTES_PER_ELEMENT) {
      name ??= names.find(bytes, from, nameTo, hash);
      if (name === undefined)
        malformedTag(tagFrom, at, "an attribute's name with a character that no name may have");
      for (let k = 0; k < attributes; k++) {
        const other = attributeNames[k] as Name;
        if (other === name || (other.id < 0 && other.spelled === name.spelled)) {
          malformedTag(tagFrom, at, "an attribute that stands twice");
        }
      }
      attributeNames[attributes] = name;
      valueFrom[attributes] = valueStart;
      valueTo[attributes] = at;
      valueSeen[attributes] = seen;
    }
    attributes++;
    return at + 1;
  }

  function malformedTag(from: number, at: number, what: string): never {
    return malformed(line + lineBreaks(from, at), `${what} in a start tag`);
  }

  function tellAttributes(want: number, at: number): void {
    const read = Math.min(attributes, MAX_ATTRIBUTES_PER_ELEMENT);
    for (let k = 0; k < read; k++) {
      const from = valueFrom[k] as number;
      const to = valueTo[k] as number;
      const seen = valueSeen[k] as number;
      const isWanted = (want & WANT_ATTRIBUTES) !== 0;
      if (to - from > MAX_ATTRIBUTE_LENGTH) {
        if (isWanted) events.oversized(at, `an attribute of more than ${MAX_ATTRIBUTE_LENGTH} characters`);
      } else if (isWanted) {
        const value = attributeValue(from, to, seen, at);
        events.attribute(attributeNames[k] as Name, value, at, (seen & NOT_PLAIN) === 0);
      } else if ((seen & MAY_NEED_MENDING) !== 0) attributeValue(from, to, seen, at);
    }
    if (attributes > MAX_ATTRIBUTES_PER_ELEMENT && want !== WANT_NOTHING) {
      events.oversized(at, `more than ${MAX_ATTRIBUTES_PER_ELEMENT} attributes in one element`);
    }
  }

  /** Something after the root's end: one more export is no rubbish to cut off. */
  function secondRoot(start: number, name: Name): number {
    if (name.folded === (openNames[1] as Name).folded) fail(line, "an element after the root's end");
    return strayTag(start, "an element after the root's end");
  }

  /** A tag that stands in no root. */
  function strayTag(start: number, refusal: string): number {
    if (!rootEnded) fail(line, refusal);
    cutHere(refusal);
    return start;
  }

  function cutHere(refusal: string): void {
    mend("afterRoot", line, refusal);
    isCut = true;
  }

  /** The file has ended inside a tag, comment or the like. */
  function truncatedMarkup(): never | undefined {
    if (depth > 0) truncatedElement();
    const reason = "not well-formed XML: truncated: the file ends inside a comment, instruction or tag";
    if (!rootEnded) fail(line, reason);
    cutHere(reason);
    return undefined;
  }

  function truncatedElement(): never {
    const { spelled } = openNames[depth] as Name;
    return fail(line, `truncated: the file ends inside the element ${shownName(spelled)}`);
  }

  // --- Comments, CDATA sections, instructions, DOCTYPE, and a < that is none of it

  /** The place after it; `start` when it is not yet whole. */
  function otherMarkup(start: number, next: number, last: boolean): number {
    if (next === EXCLAMATION) {
      if (length - start < CDATA_START.length && !last) return start;
      if (latin1.startsWith("<!--", start)) return afterSection(start, "comment", last);
      if (latin1.startsWith(CDATA_START, start)) return afterSection(start, "cdata", last);
      if (latin1.startsWith("<!DOCTYPE", start)) return doctype(start);
      if (length - start < CDATA_START.length) return start;
      return malformed(line, "a <! that begins neither comment nor CDATA section nor DOCTYPE");
    }
    if (next === QUESTION) return instruction(start);
    if (start + 1 >= length) return start;
    if (depth === 0) {
      text(start, start + 1, SOLID, line);
      return start + 1;
    }
    mend("bareLessThan", line);
    if (((wants[depth] as number) & WANT_TEXT) !== 0) {
      hasText[depth] = 1;
      events.text("<", line, true);
    }
    return start + 1;
  }

  /** A comment or CDATA section from its start, or from the middle of a long one. */
  function afterSection(start: number, kind: "comment" | "cdata", last: boolean): number {
    const isBeginning = inside === "";
    const from = !isBeginning ? start : start + (kind === "comment" ? 4 : CDATA_START.length);
    const end = latin1.indexOf(kind === "comment" ? "-->" : "]]>", from);
    if (end < 0 && last) {
      truncatedMarkup();
      return length;
    }
    if (end < 0 && length - start < LONG_TEXT) return start;
    const to = end >= 0 ? end : goodCut(from, length);
    if (kind === "comment") {
      const dashes = latin1.indexOf("--", from);
      if (dashes >= 0 && dashes < to) mend("dashesInComment", line);
    } else cdata(from, to, end >= 0 && isBeginning);
    line += lineBreaks(from, to);
    if (end >= 0) {
      inside = "";
      return end + 3;
    }
    inside = kind;
    passTagless(to - start);
    return to;
  }

  function cdata(from: number, to: number, isWhole: boolean): void {
    if (depth === 0) {
      outsideRoot(line);
      return;
    }
    let seen = 0;
    for (let i = from; i < to; i++) seen |= CDATA_KINDS[bytes[i] as number] as number;
    const isWanted = ((wants[depth] as number) & WANT_TEXT) !== 0;
    if (!isWanted && (seen & FORBIDDEN) === 0) return;
    const value = characters(from, to, seen & ~FORBIDDEN, line);
    const allowed = (seen & FORBIDDEN) === 0 ? value : withoutForbidden(value, line, mend);
    if (!isWanted || (isWhole && allowed === "")) return;
    hasText[depth] = 1;
    events.text(allowed, line, (seen & NOT_PLAIN) === 0);
  }

  function instruction(start: number): number {
    const end = latin1.indexOf("?>", start + 2);
    if (end < 0) return start;
    if (/^<\?xml[\s?]/i.test(latin1.slice(start, start + 6)) && (isBegun || start > 0)) {
      mend("lateDeclaration", line);
    }
    line += lineBreaks(start, end);
    return end + 2;
  }

  /** Skipped whole, the internal subset too: its quotes, comments and instructions may hold any > and ]. */
  function doctype(start: number): number {
    if (rootEnded) {
      cutHere("not well-formed XML: a DOCTYPE in a wrong place");
      return start;
    }
    if (depth > 0 || hasDoctype) malformed(line, "a DOCTYPE in a wrong place");
    const end = doctypeEnd(start + CDATA_START.length);
    if (end < 0) return start;
    hasDoctype = true;
    events.warn(line, "a DOCTYPE was skipped: nothing that it declares is read, fetched or expanded");
    line += lineBreaks(start, end);
    return end;
  }

  function doctypeEnd(from: number): number {
    let isSubset = false;
    for (let at = from; at < length; at++) {
      const byte = bytes[at];
      if (byte === QUOTE || byte === APOSTROPHE) {
        at = latin1.indexOf(byte === QUOTE ? '"' : "'", at + 1);
        if (at < 0) return -1;
      } else if (byte === OPENING_BRACKET) isSubset = true;
      else if (byte === CLOSING_BRACKET) isSubset = false;
      else if (byte === GREATER_THAN && !isSubset) return at + 1;
      else if (byte === LESS_THAN && isSubset) {
        const closing = latin1.startsWith("<!--", at) ? "-->" : latin1.startsWith("<?", at) ? "?>" : "";
        if (closing === "") continue;
        at = latin1.indexOf(closing, at + (closing === "-->" ? 4 : 2));
        if (at < 0) return -1;
        at += closing.length - 1;
      }
    }
    return -1;
  }

  // --- Text

  /** Text between two tags, or a part of a long one. */
  function text(from: number, to: number, seen: number, at: number): void {
    if (depth === 0) {
      if ((seen & SOLID) !== 0) outsideRoot(at + lineBreaks(from, firstSolid(from, to)));
      return;
    }
    if ((seen & SOLID) === 0 && hasText[depth] === 0) return;
    if (((wants[depth] as number) & WANT_TEXT) === 0) {
      if ((seen & MAY_NEED_MENDING) !== 0) textValue(from, to, seen, at);
      return;
    }
    hasText[depth] = 1;
    if ((seen & NOT_PLAIN) === 0) {
      // `]` is plain, and alone in being so and yet to be looked at.
      if ((seen & BRACKET) !== 0) judgeCdataEnd(from, to, at);
      events.text(latin1.slice(from, to), at, true);
    } else events.text(textValue(from, to, seen, at), at, false);
  }

  function outsideRoot(at: number): void {
    if (!rootEnded) mend("beforeRoot", at);
    else {
      mend("afterRoot", at);
      isCut = true;
    }
  }

  function firstSolid(from: number, to: number): number {
    let at = from;
    while (at < to && KINDS_OF_BLANK[bytes[at] as number] === 1) at++;
    return at;
  }

  function textValue(from: number, to: number, seen: number, at: number): string {
    if ((seen & BRACKET) !== 0) judgeCdataEnd(from, to, at);
    return characters(from, to, seen, at);
  }

  function judgeCdataEnd(from: number, to: number, at: number): void {
    let counted = from;
    let endLine = at;
    let end = latin1.indexOf("]]>", from);
    while (end >= 0 && end < to) {
      endLine += lineBreaks(counted, end);
      counted = end;
      mend("cdataEnd", endLine);
      end = latin1.indexOf("]]>", end + 3);
    }
  }

  /** The characters of these bytes, references resolved and what XML does not allow left out. */
  function characters(from: number, to: number, seen: number, at: number): string {
    let value = (seen & HIGH) === 0 ? latin1.slice(from, to) : bytes.toString("utf8", from, to);
    if ((seen & RETURN) !== 0) value = value.replace(/\r\n?/g, "\n");
    return (seen & (AMPERSAND | FORBIDDEN)) === 0 ? value : resolveReferences(value, at, mend);
  }

  function attributeValue(from: number, to: number, seen: number, at: number): string {
    let value = (seen & HIGH) === 0 ? latin1.slice(from, to) : bytes.toString("utf8", from, to);
    if ((seen & BREAK) !== 0) value = value.replace(/\r\n|[\t\n\r]/g, " ");
    return (seen & (AMPERSAND | FORBIDDEN)) === 0 ? value : resolveReferences(value, at, mend);
  }

  // --- Places and lines

  /** Where a long text can be cut: not in a character, line break, reference or ending. */
  function goodCut(from: number, to: number): number {
    let at = to;
    const amp = latin1.lastIndexOf("&", to - 1);
    if (amp >= from && to - amp < MAX_REFERENCE_LENGTH) at = amp;
    else {
      for (let back = 0; back < 2; back++) {
        const byte = bytes[at - 1];
        if (byte === CLOSING_BRACKET || byte === DASH || byte === CARRIAGE_RETURN) at--;
      }
    }
    while (at > from && ((bytes[at - 1] as number) & 0xc0) === 0x80) at--;
    return at > from && (bytes[at - 1] as number) >= 0x80 ? at - 1 : at;
  }

  function passTagless(count: number): void {
    tagless += count;
    if (tagless > MAX_TAGLESS_LENGTH) fail(line, `more than ${MAX_TAGLESS_LENGTH} bytes without a tag`);
  }

  /** Line breaks as XML counts them: a line feed, a carriage return, or both together. */
  function lineBreaks(from: number, to: number): number {
    const held = bytes;
    let count = 0;
    for (let i = from; i < to; i++) {
      const byte = held[i];
      if (byte === LINE_FEED || (byte === CARRIAGE_RETURN && held[i + 1] !== LINE_FEED)) count++;
    }
    return count;
  }

  function loneReturns(from: number, to: number): number {
    let count = 0;
    for (let i = from; i < to; i++) {
      if (bytes[i] === CARRIAGE_RETURN && bytes[i + 1] !== LINE_FEED) count++;
    }
    return count;
  }

  /** Holds these too, with room for the sentinel. */
  function hold(more: Buffer): void {
    if (length + more.length + SLACK > bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (length + more.length + SLACK));
      bytes.copy(larger, 0, 0, length);
      bytes = larger;
      view = new DataView(bytes.buffer);
    }
    more.copy(bytes, length);
    length += more.length;
  }

  return {
    write(more) {
      for (let from = 0; from < more.length && !isCut; from += PIECE_LENGTH) {
        hold(more.subarray(from, from + PIECE_LENGTH));
        if (length >= enough) scanHeld(false);
      }
    },
    end() {
      if (!isCut) scanHeld(true);
      if (depth > 0) truncatedElement();
      if (!rootEnded) fail(line, "no root element: the file is empty or truncated");
    },
    get isCut() {
      return isCut;
    },
    lineAfter(more) {
      const all = Buffer.concat([bytes.subarray(0, length), more]);
      let breaks = 0;
      for (let i = 0; i < all.length; i++) {
        if (all[i] === LINE_FEED || (all[i] === CARRIAGE_RETURN && all[i + 1] !== LINE_FEED)) breaks++;
      }
      return line + breaks;
    },
  };
}
