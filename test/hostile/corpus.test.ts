import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { newFolder } from "../cli/program.js";
import { removeFolder } from "../support/database.js";
import { expectValidResponse } from "../support/xsd.js";
import { httpShapes } from "./corpus/http-shapes.js";
import { inEveryOperation } from "./corpus/javascript-names.js";
import { KINDS } from "./corpus/kinds.js";
import { callOf, type Expected, type HostileMessage, T04, TARGETS, type Target } from "./messages.js";
import { holdsBetas } from "./register.js";
import { type Answer, converse, post } from "./sending.js";
import { type Served, serve } from "./served.js";

describe("What is hostile", function () {
  this.timeout(120_000);
  let folder: string;
  let served: Served;
  const plainAnswers = new Map<Target, string>();

  before(async () => {
    folder = newFolder();
    served = await serve(folder);
    for (const target of TARGETS) {
      const answer = await post({ url: served.url + target.path, body: callOf(target) });
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.text).to.include("<valid>true</valid>").and.include("Alfasson");
      plainAnswers.set(target, answer.text);
    }
  });
  after(async () => {
    await served?.stop();
    await removeFolder(folder);
  });

  /** Each message is followed by a call that must be answered as if nothing had been. */
  async function send(
    target: Target,
    message: Pick<HostileMessage, "contentType" | "headers">,
    body: string | Buffer,
  ) {
    const url = served.url + target.path;
    const answer = await post({ ...message, url, body });
    expect(holdsBetas(answer.text), answer.text).to.equal(false);
    if (answer.status === 200) expectValidResponse(answer.text, target.wsdl);
    await expectPlainAnswer(target);
    return answer;
  }

  async function expectPlainAnswer(target: Target): Promise<void> {
    const { text } = await post({ url: served.url + target.path, body: callOf(target) });
    expect(text).to.equal(plainAnswers.get(target));
  }

  for (const [kind, messages] of Object.entries(KINDS)) {
    describe(kind, () => {
      for (const message of messages) {
        it(message.name, async () => {
          for (const target of message.only === undefined ? TARGETS : [message.only]) {
            const answer = await send(target, message, message.body(target));
            expectAnswer(answer, message.expected, plainAnswers.get(target));
          }
        });
      }
    });
  }

  describe("names that are JavaScript's own, in every operation", () => {
    for (const { name, target, body } of inEveryOperation) {
      it(name, async () => {
        const { status, text } = await send(target, {}, body);
        expect(status, text).to.equal(200);
      });
    }
  });

  describe("as HTTP", () => {
    for (const { name, bytes, statuses, closed, half, afterwards, mayGoUnanswered } of httpShapes) {
      it(name, async () => {
        for (const target of TARGETS) {
          const url = served.url + target.path;
          const options = { answers: statuses.length, closed, half, afterwards };
          const conversation = await converse(url, bytes(target), options);
          const expected = mayGoUnanswered && conversation.statuses.length === 0 ? [] : statuses;
          expect(conversation.statuses, conversation.received.slice(0, 2_000)).to.deep.equal(expected);
          expect(conversation.closed, "closed").to.equal(closed);
          await expectPlainAnswer(target);
        }
      });
    }
  });

  describe("when all is over", () => {
    it("has left nothing in the program's log but what it always says", () => {
      expect(served.errors()).to.deep.equal([]);
    });

    it("has not made the program grow: what is large once more, many times over", async () => {
      const large = Object.values(KINDS)
        .flat()
        .map((message) => ({ message, bytes: Buffer.from(message.body(T04) as Buffer) }))
        .filter(({ bytes }) => bytes.length > LARGE_BYTES);
      const sendAll = async () => {
        for (const { message, bytes } of large) {
          await post({ ...message, url: served.url + T04.path, body: bytes });
        }
      };
      await sendAll();
      const before = served.residentBytes();
      let sent = 0;
      while (sent < SENT_AGAIN_BYTES) {
        await sendAll();
        for (const { bytes } of large) sent += bytes.length;
      }
      expect(served.residentBytes() - before).to.be.below(GROWTH_BYTES);
      await expectPlainAnswer(T04);
    });
  });
});

/** Messages from which the program would grow if it kept them. */
const LARGE_BYTES = 400_000;
/** What is sent to see whether it grows, and by how much less it may: a heap is not tidied after each message. */
const SENT_AGAIN_BYTES = 64 * 1_048_576;
const GROWTH_BYTES = 32 * 1_048_576;

function expectAnswer(answer: Answer, expected: Expected, plain: string | undefined): void {
  const { status, text } = answer;
  if (expected === "the plain call's answer") {
    expect(text).to.equal(plain);
  } else if (expected === "an answer") {
    expect(status, text.slice(0, 1_000)).to.equal(200);
  } else if ("fault" in expected) {
    const { fault, code = "Client", status: expectedStatus = 500 } = expected;
    expect(text).to.include(`<faultcode>soap:${code}</faultcode>`);
    expect(text).to.match(new RegExp(`<faultstring>${quoted(fault)}</faultstring>`));
    expect(status).to.equal(expectedStatus);
  } else {
    expect(status, text).to.equal(200);
    const [, key] = /<key>([^<]*)<\/key>/.exec(text) ?? [];
    expect(text).to.include(`<valid>${expected.valid}</valid>`);
    if (!expected.valid) expect(key).to.equal(expected.key);
  }
  expect(answer.contentType).to.equal("text/xml; charset=utf-8");
}

function quoted(sentence: string): string {
  return sentence
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
}
