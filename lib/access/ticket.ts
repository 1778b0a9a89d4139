import { createHmac, timingSafeEqual } from "node:crypto";

/** A ticket of the verifier `hmac` (contract section 3), as ticketVO has it. */
export interface HmacTicket {
  /** userVO.uid */
  readonly uid: string;
  /** base64(HMAC-SHA256(secret, uid + ":" + timestamp)) */
  readonly ticket: string;
  /** ticketVO.timestamp: ISO 8601 UTC, as it was sent, since it is part of what is signed. */
  readonly timestamp: string | undefined;
  /** ticketVO.uid, when it is there. */
  readonly ticketUid: string | undefined;
}

/** How far the portal's clock may be from ours, and how long a ticket can be used. */
export const TICKET_MILLISECONDS = 5 * 60 * 1000;

/** @param now milliseconds since 1970 */
export function isRightTicket(secret: string, sent: HmacTicket, now: number): boolean {
  const { uid, ticket, timestamp = "", ticketUid } = sent;
  const expected = createHmac("sha256", secret).update(`${uid}:${timestamp}`, "utf8").digest();
  const presented = Buffer.alloc(expected.length);
  const isWhole = BASE64_OF_32_BYTES.test(ticket) && presented.write(ticket, "base64") === expected.length;
  const isEqual = timingSafeEqual(expected, presented);
  return isWhole && isEqual && (ticketUid ?? uid) === uid && isRecent(timestamp, now);
}

const BASE64_OF_32_BYTES = /^[A-Za-z0-9+/]{43}=?$/;
const UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]00:?00)$/i;

function isRecent(timestamp: string, now: number): boolean {
  if (!UTC.test(timestamp)) return false;
  const sent = Date.parse(timestamp.replace(",", ".").replace(/[+-]00:?00$|z$/i, "Z"));
  return Math.abs(now - sent) <= TICKET_MILLISECONDS;
}
