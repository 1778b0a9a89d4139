import { createHmac } from "node:crypto";
import { expect } from "chai";
import { describe, it } from "mocha";
import { type HmacTicket, isRightTicket, TICKET_MILLISECONDS } from "../../lib/access/ticket.js";

const SECRET = "nyckel åäö";
const TIMESTAMP = "2026-11-24T10:00:00Z";
const NOW = Date.parse(TIMESTAMP);

describe("a ticket of the verifier hmac", () => {
  it("is what the contract says, computed by hand", () => {
    // openssl: printf 'larare1:2026-11-24T10:00:00Z' | openssl dgst -sha256 -hmac hemlig -binary | base64
    const ticket = "5m27P/ojdRZEQWiHC7aJ83X0Tc7hFE+KjRvYaOlyH8M=";
    expect(isRightTicket("hemlig", { ...sent(), ticket }, NOW)).to.equal(true);
  });

  it("counts for five minutes before and after, to the millisecond", () => {
    for (const [away, isRight] of [
      [TICKET_MILLISECONDS, true],
      [-TICKET_MILLISECONDS, true],
      [TICKET_MILLISECONDS + 1, false],
      [-TICKET_MILLISECONDS - 1, false],
    ] as const) {
      expect(isRightTicket(SECRET, sent(), NOW + away), String(away)).to.equal(isRight);
    }
  });

  for (const timestamp of [
    "2026-11-24T10:00Z",
    "2026-11-24T10:00:00.123Z",
    "2026-11-24T10:00:00,123456789Z",
    "2026-11-24T10:00:00+00:00",
    "2026-11-24T10:00:00-0000",
    "2026-11-24T10:00:00z",
  ]) {
    it(`may say ${timestamp}, signed as it stands`, () => {
      expect(isRightTicket(SECRET, sent({ timestamp }), NOW)).to.equal(true);
      expect(isRightTicket(SECRET, { ...sent(), timestamp }, NOW)).to.equal(false);
    });
  }

  for (const timestamp of [
    undefined,
    "",
    "2026-11-24T12:00:00+02:00",
    "2026-11-24T10:00:00",
    "2026-11-24",
    "2026-11-24 10:00:00Z",
    "2026-11-24T25:00:00Z",
    "2026-13-24T10:00:00Z",
    "20261124T100000Z",
    "1795514400",
    "NaN",
    "2026-11-24T10:00:00Z\n",
    "2026-11-24T10:00:00ZZ",
  ]) {
    it(`may not say ${JSON.stringify(timestamp)}`, () => {
      expect(isRightTicket(SECRET, sent({ timestamp }), NOW)).to.equal(false);
    });
  }

  it("may lack the padding of its base64, and nothing else", () => {
    const { ticket } = sent();
    expect(isRightTicket(SECRET, { ...sent(), ticket: ticket.slice(0, -1) }, NOW)).to.equal(true);
    for (const wrong of [
      "",
      "=",
      ticket.slice(0, -2),
      `${ticket}=`,
      `${ticket}A`,
      ` ${ticket}`,
      `${ticket.slice(0, 10)}\n${ticket.slice(10)}`,
      Buffer.from(ticket, "base64").toString("hex"),
      "A".repeat(43),
      "Å".repeat(43),
      "A".repeat(1_000_000),
    ]) {
      expect(isRightTicket(SECRET, { ...sent(), ticket: wrong }, NOW), wrong.slice(0, 50)).to.equal(false);
    }
  });

  it("is its end user's, and its secret's", () => {
    expect(isRightTicket("annan", sent(), NOW)).to.equal(false);
    expect(isRightTicket(SECRET, { ...sent(), uid: "annan" }, NOW)).to.equal(false);
    expect(isRightTicket(SECRET, { ...sent(), ticketUid: "larare1" }, NOW)).to.equal(true);
    expect(isRightTicket(SECRET, { ...sent(), ticketUid: "annan" }, NOW)).to.equal(false);
    expect(isRightTicket(SECRET, { ...sent(), ticketUid: "Larare1" }, NOW)).to.equal(false);
  });

  it("cannot be moved between end users by where one name ends", () => {
    // What is signed is the same text: the timestamp that is then read is none.
    const signed = sent({ uid: "a:b", timestamp: TIMESTAMP });
    expect(isRightTicket(SECRET, { ...signed, uid: "a", timestamp: `b:${TIMESTAMP}` }, NOW)).to.equal(false);
  });
});

function sent({
  uid = "larare1",
  ...rest
}: {
  uid?: string;
  timestamp?: string | undefined;
} = {}): HmacTicket {
  const timestamp = "timestamp" in rest ? rest.timestamp : TIMESTAMP;
  const ticket = createHmac("sha256", SECRET)
    .update(`${uid}:${timestamp ?? ""}`)
    .digest("base64");
  return { uid, ticket, timestamp, ticketUid: undefined };
}
