/**
 * What is mended in a file that is not well-formed XML, when its meaning is beyond doubt (domain.md, "What real
 * files do"). Each mend is a warning with its line; with `repair: false` it is the error of the file instead.
 */
import { unusableExport } from "./problem.js";

export type ImsRepairKind =
  | "bareAmpersand"
  | "unknownEntity"
  | "bareLessThan"
  | "cdataEnd"
  | "forbiddenCharacter"
  | "wrongByte"
  | "dashesInComment"
  | "beforeRoot"
  | "lateDeclaration"
  | "afterRoot";

export interface ImsRepairs {
  readonly kind: ImsRepairKind;
  /** How often in the whole file. */
  readonly count: number;
  /** What was done, in words; the text of each one's warning. */
  readonly text: string;
}

/** Mends one thing: counts and warns, or throws AdresslistaError("export") when nothing is to be mended. `refusal` says more exactly what is wrong. */
export type Mend = (kind: ImsRepairKind, line: number, refusal?: string) => void;

export interface Repairs {
  readonly mend: Mend;
  /** Whether one more of this kind gets a warning: its line need not be found otherwise. */
  isWarned(kind: ImsRepairKind): boolean;
  /** All that was mended, in the order of the first of each kind. */
  list(): ImsRepairs[];
}

/** Warnings of one kind: the first places tell where to look, the count how much it is. */
const MAX_WARNINGS_PER_KIND = 20;

export function createRepairs(
  fileName: string,
  repair: boolean,
  warn: (line: number, text: string) => void,
): Repairs {
  const counts = new Map<ImsRepairKind, number>();
  return {
    mend(kind, line, refusal) {
      if (!repair) {
        throw unusableExport(fileName, line, refusal ?? `not well-formed XML: ${WORDS[kind].refused}`);
      }
      const before = counts.get(kind) ?? 0;
      counts.set(kind, before + 1);
      if (before < MAX_WARNINGS_PER_KIND) warn(line, WORDS[kind].mended);
    },
    isWarned: (kind) => (counts.get(kind) ?? 0) < MAX_WARNINGS_PER_KIND,
    list: () => [...counts].map(([kind, count]) => ({ kind, count, text: WORDS[kind].mended })),
  };
}

const UNKNOWN_REFERENCE =
  "a reference that XML does not know: a bare & (must be &amp;) or an entity of a DOCTYPE (never read)";

const WORDS: Readonly<Record<ImsRepairKind, { readonly mended: string; readonly refused: string }>> = {
  bareAmpersand: { mended: "a bare & was read as &amp;", refused: UNKNOWN_REFERENCE },
  unknownEntity: {
    mended: "a reference to an entity that XML does not know was kept as it is written",
    refused: UNKNOWN_REFERENCE,
  },
  bareLessThan: {
    mended: "a < that begins no tag was read as &lt;",
    refused: "a < that begins no tag (must be &lt;)",
  },
  cdataEnd: { mended: "]]> in a text was kept as it is written", refused: "]]> in a text" },
  forbiddenCharacter: {
    mended: "a character that XML does not allow was left out",
    refused: "a character that XML does not allow (a control character)",
  },
  wrongByte: {
    mended: "a byte that is not valid utf-8 was read as windows-1252",
    refused: "a byte that is not valid utf-8",
  },
  dashesInComment: { mended: "a comment with -- in it was left out", refused: "a comment with -- in it" },
  beforeRoot: {
    mended: "text before the root element was left out",
    refused: "text before the root element or after its end",
  },
  lateDeclaration: {
    mended: "something before the XML declaration, which must come first, was left out",
    refused: "something before the XML declaration, which must come first",
  },
  afterRoot: {
    mended: "what follows the root's end was left out",
    refused: "text before the root element or after its end",
  },
};
