/**
 * Texts and names as records hold them (lib/ims/records.ts). All of it runs once per element of a file of
 * gigabytes, so what is common is looked at first: short, ASCII, already trimmed.
 */

/** V8 makes a substring of this length or more a view that keeps its whole chunk alive; shorter ones are copies. */
const SHORTEST_VIEW = 13;

const SPACE = 0x20;
const DELETE = 0x7f;

/** Trimmed (no-break space and byte order mark too), line breaks and tabs inside made blanks, NFC; nothing left: absent. */
export function cleanText(raw: string): string | undefined {
  let text = raw.trim();
  if (!isPrintableAscii(text)) text = text.replace(/[\t\n\r]/g, " ").normalize("NFC");
  return text.length === 0 ? undefined : ownCopy(text);
}

/** cleanText of nothing but printable ASCII, not copied. */
export function cleanPlainText(raw: string): string | undefined {
  const { length } = raw;
  if (raw.charCodeAt(0) !== SPACE && raw.charCodeAt(length - 1) !== SPACE) return raw;
  const text = raw.trim();
  return text.length === 0 ? undefined : text;
}

/** A loop, not a regular expression: on short texts that costs five times as much. */
function isPrintableAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < SPACE || code >= DELETE) return false;
  }
  return true;
}

/** The same text in memory of its own: a kept text must not keep the chunk of the file that it was cut from. */
export function ownCopy(text: string): string {
  // A concatenation is written out as a new string before it can be cut, so the result shares nothing with `text`.
  // A third of the time of a way through a Buffer; the memory test watches that V8 still does it.
  return text.length < SHORTEST_VIEW ? text : ` ${text}`.slice(1);
}

/** An element's or attribute's name without its prefix, in lower case. */
export function foldName(name: string): string {
  return ownCopy(name.slice(name.lastIndexOf(":") + 1).toLowerCase());
}

/** Whether a text has nothing but XML's white space. */
export function isBlank(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== SPACE && code !== 0x0a && code !== 0x09 && code !== 0x0d) return false;
  }
  return true;
}
