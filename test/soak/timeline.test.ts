import { expect } from "chai";
import { describe, it } from "mocha";
import { Timeline } from "./timeline.js";

describe("soak: what was in force when", () => {
  it("is the old or the new from the start of a change to its end, and the new alone after it", () => {
    const { timeline, at } = starting("old");
    at(10, () => timeline.changing("new"));
    at(20, () => timeline.settled("new"));
    expect(statesOf(timeline, 0, 9)).to.deep.equal(["old"]);
    expect(statesOf(timeline, 5, 15)).to.deep.equal(["old", "new"]);
    expect(statesOf(timeline, 15, 30)).to.deep.equal(["old", "new"]);
    expect(statesOf(timeline, 21, 30)).to.deep.equal(["new"]);
  });

  it("stays the old when nothing came of a change", () => {
    const { timeline, at } = starting("old");
    at(10, () => timeline.changing("new"));
    at(20, () => timeline.settled(undefined));
    expect(statesOf(timeline, 5, 30)).to.deep.equal(["old"]);
  });

  it("is the new alone for whoever asks after an answer has shown it", () => {
    const { timeline, at } = starting("old");
    at(10, () => timeline.changing("new"));
    at(15, () => timeline.seen(timeline.between(14, 15).filter(({ state }) => state === "new")));
    expect(statesOf(timeline, 14, 18)).to.deep.equal(["old", "new"]);
    expect(statesOf(timeline, 16, 18)).to.deep.equal(["new"]);
  });

  it("cannot be told by an answer that the old gives too", () => {
    const { timeline, at } = starting("old");
    at(10, () => timeline.changing("new"));
    at(15, () => timeline.seen(timeline.between(14, 15)));
    expect(statesOf(timeline, 16, 18)).to.deep.equal(["old", "new"]);
  });

  it("is never what an answer has shown, and the command says has not happened", () => {
    const { timeline, at } = starting("old");
    at(10, () => timeline.changing("new"));
    at(15, () => timeline.seen(timeline.between(14, 15).filter(({ state }) => state === "new")));
    expect(() => timeline.settled(undefined)).to.throw("never in force");
  });
});

function starting(state: string) {
  let now = 0;
  const timeline = new Timeline<string>(state, () => now);
  return {
    timeline,
    at(time: number, change: () => void) {
      now = time;
      change();
    },
  };
}

function statesOf(timeline: Timeline<string>, sent: number, answered: number): string[] {
  return timeline.between(sent, answered).map(({ state }) => state);
}
