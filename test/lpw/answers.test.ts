import { expect } from "chai";
import { describe, it } from "mocha";
import type { Caller } from "../../lib/access/callers.js";
import { type Answered, type AnswerFacts, type Question, rememberAnswers } from "../../lib/lpw/answers.js";
import { type Encodable, RepeatedAnswer } from "../../lib/soap/api.js";
import type { Generation } from "../../lib/store/queries.js";

const ALL: Caller = { name: "portal", institutions: "*" };
const FACTS: AnswerFacts = { persons: 1, errors: [] };

/** Asked twice, as everything is that is kept. */
function kept(question: Question | undefined, value: Encodable): Answered | undefined {
  question?.keep(value, FACTS);
  return question?.keep(value, FACTS);
}
const generation = (number: number) => ({ number }) as Generation;

describe("the memory of answers", () => {
  const first = generation(1);

  it("gives an answer again to the same question, whoever of the same rights asks", () => {
    const answers = rememberAnswers().ofOperation();
    const given = kept(answers.questionOf(first, ALL, { Kurskod: "A" }), { valid: true });
    const again = answers.questionOf(first, { ...ALL, name: "annan" }, { Kurskod: "A" })?.recall();
    expect(again).to.equal(given);
    expect(again?.value).to.be.instanceOf(RepeatedAnswer);
  });

  it("gives none to another question, operation, or caller of other rights", () => {
    const memory = rememberAnswers();
    const answers = memory.ofOperation();
    kept(answers.questionOf(first, ALL, { Kurskod: "A" }), { valid: true });
    const some = (...keys: string[]): Caller => ({ name: "portal", institutions: new Set(keys) });
    kept(answers.questionOf(first, some("A", "B"), { Kurskod: "A" }), { valid: true });
    expect(answers.questionOf(first, ALL, { Kurskod: "B" })?.recall()).to.equal(undefined);
    expect(memory.ofOperation().questionOf(first, ALL, { Kurskod: "A" })?.recall()).to.equal(undefined);
    for (const caller of [some(), some("A"), some("A", "B", "C"), some("AB")]) {
      expect(answers.questionOf(first, caller, { Kurskod: "A" })?.recall()).to.equal(undefined);
    }
    expect(answers.questionOf(first, some("B", "A"), { Kurskod: "A" })?.recall()).not.to.equal(undefined);
  });

  it("forgets everything when another load is served, and keeps nothing that was worked out before", () => {
    const answers = rememberAnswers().ofOperation();
    const slow = answers.questionOf(first, ALL, "långsam");
    kept(answers.questionOf(first, ALL, "snabb"), {});
    slow?.keep({}, FACTS);
    const second = generation(2);
    expect(answers.questionOf(second, ALL, "snabb")?.recall()).to.equal(undefined);
    expect(slow?.keep({ of: "the load before" }, FACTS).value).to.deep.equal({ of: "the load before" });
    expect(answers.questionOf(second, ALL, "långsam")?.recall()).to.equal(undefined);
  });

  it("keeps so many bytes: what has not been asked for the longest goes first", () => {
    const answers = rememberAnswers(100_000).ofOperation();
    const ask = (name: string) => answers.questionOf(first, ALL, name);
    for (let at = 0; at < 10; at++) {
      const value = kept(ask(`fråga ${at}`), {})?.value as RepeatedAnswer;
      value.onBytes(10_000);
      ask("fråga 0")?.recall();
    }
    const left = Array.from({ length: 10 }, (_, at) => ask(`fråga ${at}`)?.recall() !== undefined);
    expect(left.filter(Boolean)).to.have.length(4);
    expect([left[0], left[9], left[1]]).to.deep.equal([true, true, false]);
  });

  it("keeps what is asked for a second time, and nothing that is asked for once", () => {
    const answers = rememberAnswers().ofOperation();
    for (let at = 0; at < 5_000; at++) answers.questionOf(first, ALL, at)?.keep({}, FACTS);
    for (const at of [0, 4_999]) expect(answers.questionOf(first, ALL, at)?.recall()).to.equal(undefined);
    answers.questionOf(first, ALL, 4_999)?.keep({}, FACTS);
    expect(answers.questionOf(first, ALL, 4_999)?.recall()).not.to.equal(undefined);
    // It was asked for so long ago that nobody knows.
    answers.questionOf(first, ALL, 0)?.keep({}, FACTS);
    expect(answers.questionOf(first, ALL, 0)?.recall()).to.equal(undefined);
  });

  it("takes no question of more than some lines", () => {
    expect(rememberAnswers().ofOperation().questionOf(first, ALL, "x".repeat(2_000))).to.equal(undefined);
  });
});
