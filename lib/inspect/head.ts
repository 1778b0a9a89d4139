/** What the first bytes of a file say of it, also when the rest cannot be read. */
export interface FileHead {
  /** encoding of the XML declaration, as written. */
  readonly declaredEncoding?: string;
  readonly byteOrderMark?: "UTF-8" | "UTF-16LE" | "UTF-16BE";
  /** The root element as written. */
  readonly root?: string;
  /** Namespace of the root element. */
  readonly namespace?: string;
  readonly doctype: boolean;
}

/** Bytes of a file that are looked at. */
export const HEAD_BYTES = 16 * 1024;

const DECLARATION = /^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']\s*([\w.:-]+)\s*["']/;
const DOCTYPE = /<!DOCTYPE/i;
/** Comments, processing instructions and declarations; an internal subset of a DOCTYPE has no start tags. */
const BEFORE_ROOT = /<!--[\s\S]*?(?:-->|$)|<\?[\s\S]*?(?:\?>|$)|<!DOCTYPE[^[>]*(?:\[[\s\S]*?\]\s*)?>/gi;
const START_TAG = /<([\p{L}_][\p{L}\d_.:-]*)((?:[^>"']|"[^"]*"|'[^']*')*)>?/u;

export function readHead(bytes: Buffer): FileHead {
  const head = bytes.subarray(0, HEAD_BYTES);
  const { text, byteOrderMark } = headText(head);
  const declaredEncoding = DECLARATION.exec(text)?.[1];
  const [, root, attributes = ""] = START_TAG.exec(text.replace(BEFORE_ROOT, "")) ?? [];
  const namespace = root === undefined ? undefined : namespaceOf(root, attributes);
  return {
    ...(declaredEncoding === undefined ? {} : { declaredEncoding }),
    ...(byteOrderMark === undefined ? {} : { byteOrderMark }),
    ...(root === undefined ? {} : { root }),
    ...(namespace === undefined ? {} : { namespace }),
    doctype: DOCTYPE.test(text.replace(/<!--[\s\S]*?(?:-->|$)/g, "")),
  };
}

/** Markup is ASCII: whatever the encoding of the words in between, this reads it. */
function headText(head: Buffer): { text: string; byteOrderMark?: NonNullable<FileHead["byteOrderMark"]> } {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) {
    return { text: head.subarray(3).toString("utf8"), byteOrderMark: "UTF-8" };
  }
  if (head[0] === 0xff && head[1] === 0xfe) {
    return { text: head.subarray(2).toString("utf16le"), byteOrderMark: "UTF-16LE" };
  }
  if (head[0] === 0xfe && head[1] === 0xff) {
    return { text: swapped(head.subarray(2)).toString("utf16le"), byteOrderMark: "UTF-16BE" };
  }
  if (head[1] === 0) return { text: head.toString("utf16le") };
  if (head[0] === 0) return { text: swapped(head).toString("utf16le") };
  return { text: head.toString("latin1") };
}

function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2))).swap16();
}

function namespaceOf(root: string, attributes: string): string | undefined {
  const colon = root.indexOf(":");
  const name = colon < 0 ? "xmlns" : `xmlns:${root.slice(0, colon)}`;
  for (const [, attribute, quoted = ""] of attributes.matchAll(/([^\s=]+)\s*=\s*("[^"]*"|'[^']*')/g)) {
    if (attribute === name) return quoted.slice(1, -1);
  }
  return undefined;
}
