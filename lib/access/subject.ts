import { isUtf8 } from "node:buffer";

/**
 * The subject of a TLS client certificate in one form, whoever wrote it: node gives a line for each part, openssl commas or
 * slashes, quotes or escapes, and either order, an administrator what they copied. Parts are `NAME=value`, sorted, joined
 * with commas.
 */
export function certificateSubject(text: string): string | undefined {
  const parts = partsOf(text)?.flatMap((part) => {
    const written = part.trim();
    return written === "" ? [] : [partOf(written)];
  });
  if (parts === undefined || parts.length === 0 || parts.includes(undefined)) return undefined;
  return parts.sort().join(",");
}

/** Where the next part begins: several may be one (`CN=a + OU=b`). */
const NEXT = String.raw`(?=\s*[A-Za-z0-9.-]+\s*=)`;
const SLASH = new RegExp(`/${NEXT}`);
const AFTER_PLUS = new RegExp(`^${NEXT}`);

/** Undefined: a quote that does not end. */
function partsOf(text: string): readonly string[] | undefined {
  if (text.startsWith("/")) return text.split(SLASH);
  const separator = text.includes("\n") ? "\n" : ",";
  const parts = [""];
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    const isEnd = character === separator || (character === "+" && AFTER_PLUS.test(text.slice(at + 1)));
    if (isEnd && !isQuoted) {
      parts.push("");
      continue;
    }
    if (character === '"') isQuoted = !isQuoted;
    const length = character === "\\" ? 2 : 1;
    parts.push(parts.pop() + text.slice(at, at + length));
    at += length - 1;
  }
  return isQuoted ? undefined : parts;
}

const PART = /^([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)\s*=\s*(.+)$/s;

function partOf(text: string): string | undefined {
  const [, name, value] = PART.exec(text) ?? [];
  if (name === undefined || value === undefined) return undefined;
  const meant = unescaped(/^".*"$/s.test(value) ? value.slice(1, -1) : value).trim();
  return `${name.toUpperCase()}=${meant.replace(/[\\",+]/g, "\\$&")}`;
}

/** RFC 4514: `\,` is the character, `\C3\96` bytes of UTF-8; some of openssl's forms have Latin-1 there. */
function unescaped(text: string): string {
  return text.replace(/((?:\\[0-9A-Fa-f]{2})+)|\\(.)/gs, (_, bytes: string | undefined, character: string) =>
    bytes === undefined ? character : decoded(Buffer.from(bytes.replaceAll("\\", ""), "hex")),
  );
}

function decoded(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString("utf8") : bytes.toString("latin1");
}
