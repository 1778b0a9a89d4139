/**
 * Text → elements: saxes, held to what an export may be. Well-formedness, one root that ends, and the limits
 * are judged here; what the elements mean is judged in records' own module (assemble.ts).
 */
import { SaxesParser } from "saxes";
import { shownName, unusableExport } from "./problem.js";

/** Called in document order. Names are as the file writes them, prefix and case included; `line` is 1-based. */
export interface ElementEvents {
  /** A start tag; its attributes follow one by one. */
  open(name: string, line: number): void;
  attribute(name: string, value: string, line: number): void;
  /** Text inside an element, in as many pieces as comments and CDATA sections make of it. */
  text(text: string, line: number): void;
  /** An end tag, also of an empty element. */
  close(line: number): void;
}

export interface ElementParser {
  write(text: string): void;
  /** The file has ended: throws unless its root has. */
  end(): void;
  /** The line that has been reached, 1-based. */
  readonly line: number;
}

/** Elements inside each other. IMS Enterprise itself needs 8. */
export const MAX_DEPTH = 64;
export const MAX_ATTRIBUTES_PER_ELEMENT = 64;
/** Characters of one attribute's value. */
export const MAX_ATTRIBUTE_LENGTH = 64 * 1024;
/** Characters of one text, tag, comment or DOCTYPE: what the parser must hold at once. A picture in an element that is not read must pass. */
export const MAX_MARKUP_LENGTH = 4 * 1024 * 1024;
/** The parser is given no more at a time, so that the limit above is looked at often enough. */
const MAX_PIECE_LENGTH = 256 * 1024;
/** The longest that can stand between & and ; of a reference in a file that is meant so. */
const MAX_REFERENCE_LENGTH = 64;

const BARE_AMPERSAND =
  "a reference that XML does not know: a bare & (must be &amp;) or an entity of a DOCTYPE (never read)";

export function createElementParser(fileName: string, events: ElementEvents): ElementParser {
  // Namespaces off: they mean nothing here, and saxes' handling of them is quadratic. Positions off: only lines are used.
  const parser = new SaxesParser({ xmlns: false, position: false });
  const openNames: string[] = [];
  let depth = 0;
  let rootEnded = false;
  let attributes = 0;
  /** Line of the last tag that was read: where a text that goes wrong begins. */
  let lastTagLine = 1;
  let tags = 0;
  /** Characters since the last tag, counted by pieces. */
  let sinceTag = 0;

  parser.on("opentagstart", (tag) => {
    const line = parser.line;
    lastTagLine = line;
    tags++;
    attributes = 0;
    if (rootEnded) throw unusableExport(fileName, line, "an element after the root's end");
    if (depth === MAX_DEPTH) {
      throw unusableExport(fileName, line, `more than ${MAX_DEPTH} elements inside each other`);
    }
    openNames[depth++] = tag.name;
    events.open(tag.name, line);
  });
  parser.on("attribute", ({ name, value }) => {
    attributes++;
    if (attributes > MAX_ATTRIBUTES_PER_ELEMENT) {
      throw unusableExport(
        fileName,
        parser.line,
        `more than ${MAX_ATTRIBUTES_PER_ELEMENT} attributes in one element`,
      );
    }
    if (value.length > MAX_ATTRIBUTE_LENGTH) {
      throw unusableExport(
        fileName,
        parser.line,
        `an attribute of more than ${MAX_ATTRIBUTE_LENGTH} characters`,
      );
    }
    events.attribute(name, value, parser.line);
  });
  const onText = (text: string) => {
    if (depth > 0) events.text(text, parser.line);
  };
  parser.on("text", onText);
  parser.on("cdata", onText);
  parser.on("closetag", () => {
    const line = parser.line;
    lastTagLine = line;
    tags++;
    depth--;
    rootEnded = depth === 0;
    events.close(line);
  });
  parser.on("error", ({ message }) => {
    throw unusableExport(
      fileName,
      isAboutReference(message) ? lastTagLine : parser.line,
      plainReason(message),
    );
  });

  /** An & without a ; swallows the file up to the next ;, and would end as "too long" or "truncated" far from its place. */
  function refuseBareAmpersand(): void {
    const { entity } = parser as unknown as { readonly entity?: unknown };
    if (typeof entity === "string" && (entity.length > MAX_REFERENCE_LENGTH || /[^\w#.:-]/.test(entity))) {
      throw unusableExport(fileName, lastTagLine, BARE_AMPERSAND);
    }
  }

  function writePiece(piece: string): void {
    const tagsBefore = tags;
    parser.write(piece);
    refuseBareAmpersand();
    sinceTag = tags === tagsBefore ? sinceTag + piece.length : 0;
    if (sinceTag > MAX_MARKUP_LENGTH) {
      throw unusableExport(
        fileName,
        lastTagLine,
        `a text, comment or tag of more than ${MAX_MARKUP_LENGTH} characters`,
      );
    }
  }

  return {
    write(text) {
      if (text.length <= MAX_PIECE_LENGTH) {
        if (text.length > 0) writePiece(text);
        return;
      }
      for (let i = 0; i < text.length; i += MAX_PIECE_LENGTH) writePiece(text.slice(i, i + MAX_PIECE_LENGTH));
    },
    end() {
      const { line } = parser;
      const inside = depth > 0 ? openNames[depth - 1] : undefined;
      if (inside !== undefined) {
        throw unusableExport(
          fileName,
          line,
          `truncated: the file ends inside the element ${shownName(inside)}`,
        );
      }
      if (!rootEnded) throw unusableExport(fileName, line, "no root element: the file is empty or truncated");
      parser.close();
    },
    get line() {
      return parser.line;
    },
  };
}

/**
 * saxes' messages in words for the one who gets the file from a register. Some of saxes' own quote the file,
 * so only those listed are passed on.
 */
const REASONS: readonly (readonly [start: string, reason: string])[] = [
  ["undefined entity", BARE_AMPERSAND],
  ["disallowed character in entity name", BARE_AMPERSAND],
  ["empty entity name", BARE_AMPERSAND],
  ["malformed character entity", "a character reference that stands for no character"],
  ["disallowed character in tag name", "a < that begins no tag (must be &lt;)"],
  ["disallowed character in closing tag", "an end tag with something else than a name in it"],
  ["disallowed character in attribute name", "something in a start tag that is no attribute"],
  ["disallowed character", "a character that XML does not allow (a control character, or < in an attribute)"],
  ["unexpected close tag", "an end tag that does not match its start tag"],
  ["unmatched closing tag", "an end tag without a start tag"],
  ["duplicate attribute", "an attribute that stands twice in one element"],
  ["attribute without value", "an attribute without a value"],
  ["unquoted attribute value", "an attribute's value without quotes"],
  ["no whitespace between attributes", "no blank between two attributes"],
  ["text data outside of root node", "text before the root element or after its end"],
  ["an XML declaration must be at the start", "something before the XML declaration, which must come first"],
  [
    "the XML declaration must appear at the start",
    "something before the XML declaration, which must come first",
  ],
  ["inappropriately located doctype", "a DOCTYPE in a wrong place"],
  ["documents may contain only one root", "an element after the root's end"],
  ["malformed comment", "a comment with -- in it"],
  ['the string "]]>"', "]]> in a text"],
  ["unexpected end", "truncated: the file ends inside a comment, instruction or tag"],
];

function plainReason(message: string): string {
  const known = REASONS.find(([start]) => message.startsWith(start));
  return `not well-formed XML: ${known === undefined ? "wrong syntax" : known[1]}`;
}

function isAboutReference(message: string): boolean {
  return plainReason(message).endsWith(BARE_AMPERSAND);
}
