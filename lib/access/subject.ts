/**
 * The subject of a TLS client certificate in one form, whoever wrote it: node gives a line for each part, openssl commas or
 * slashes and either order, an administrator what they copied. Parts are `NAME=value`, sorted, joined with commas.
 */
export function certificateSubject(text: string): string | undefined {
  const separator = text.includes("\n")
    ? /\n/
    : text.startsWith("/")
      ? /\/(?=[A-Za-z0-9.]+=)/
      : UNESCAPED_COMMA;
  const parts = text.split(separator).flatMap((part) => {
    const written = part.trim();
    return written === "" ? [] : [partOf(written)];
  });
  if (parts.length === 0 || parts.includes(undefined)) return undefined;
  return parts.sort().join(",");
}

const UNESCAPED_COMMA = /(?<!\\),/;
const PART = /^([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)\s*=\s*(.+)$/s;

function partOf(text: string): string | undefined {
  const [, name, value] = PART.exec(text) ?? [];
  if (name === undefined || value === undefined) return undefined;
  return `${name.toUpperCase()}=${value.replace(/\\(.)/g, "$1").trim().replaceAll(",", "\\,")}`;
}
