/** Bytes 80–9F of windows-1252; the five that it leaves open are control characters (WHATWG Encoding). */
const FROM_80_TO_9F = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/**
 * The text of bytes that call themselves ISO-8859-1, which in the field are windows-1252: no byte is wrong.
 * Not by TextDecoder: Node 20.18.3 to 24 decode bytes 80–9F as control characters unless streaming (nodejs/node issue
 * 56542), and streaming is twenty times as slow as this.
 */
export function decodeWindows1252(bytes: Buffer): string {
  return bytes
    .toString("latin1")
    .replace(/[\x80-\x9f]/g, (c) => FROM_80_TO_9F.charAt(c.charCodeAt(0) - 0x80));
}
