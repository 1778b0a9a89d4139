import { PassThrough } from "node:stream";
import { expect } from "chai";
import { describe, it } from "mocha";
import type { CliContext } from "../../lib/cli/context.js";
import { type BarState, barLine, showProgress } from "../../lib/cli/progress.js";

describe("progress", () => {
  describe("elsewhere than on a terminal", () => {
    it("is one line for each step, however often a step says how far it is", () => {
      const { context, written } = stream();
      const progress = showProgress(context);
      for (const done of [0, 1, 2]) progress.show("read", done, 2);
      progress.show("link", 0, undefined);
      progress.show("compare", 0, undefined);
      progress.end();
      expect(written()).to.equal("reading the export\nlinking groups\ncomparing with what is served\n");
    });
  });

  describe("on a terminal", () => {
    it("is a bar for each step, and leaves the line empty and the terminal as it was", () => {
      const { context, written } = stream({ isTTY: true, columns: 80 });
      const progress = showProgress(context);
      progress.show("read", 0, 100);
      progress.show("link", 0, undefined);
      progress.end();
      expect(written()).to.match(/reading the export {2}\[-{24}\] {4}0 %/);
      expect(written()).to.include("linking groups  0 s");
      expect(lastLine(written())).to.equal("");
      // The cursor hidden or wrapping turned off would outlive a program that is killed.
      expect(written()).not.to.match(/\[\?(25|7)l/);
    });

    it("begins anew for the next file, and after something else was said", () => {
      const { context, written } = stream({ isTTY: true, columns: 80 });
      const progress = showProgress(context);
      progress.show("read", 50, 100);
      progress.show("read", 0, 200);
      progress.end();
      progress.show("read", 150, 200);
      progress.end();
      expect([...written().matchAll(/(\d+) %/g)].map(([, share]) => share)).to.include.members([
        "50",
        "0",
        "75",
      ]);
      expect(lastLine(written())).to.equal("");
    });

    it("is no wider than the terminal", () => {
      const { context, written } = stream({ isTTY: true, columns: 30 });
      const progress = showProgress(context);
      progress.show("read", 0, 100);
      progress.end();
      for (const line of visible(written()).split("\n")) expect(line.length).to.be.at.most(30);
    });

    it("may be ended twice, or before it began", () => {
      const { context, written } = stream({ isTTY: true, columns: 80 });
      const progress = showProgress(context);
      progress.end();
      expect(written()).to.equal("");
      progress.show("read", 0, 100);
      progress.end();
      const once = written();
      progress.end();
      expect(written()).to.equal(once);
    });
  });

  describe("a bar", () => {
    it("says share, rate and time left", () => {
      const half = state({ value: 60_000_000, total: 120_000_000, eta: 6, now: 6_000 });
      expect(barLine("read", half)).to.equal(
        "reading the export  [############------------]   50 %  10.0 MB/s  6 s left",
      );
      const persons = state({ value: 3_000, total: 30_000, eta: 27, now: 3_000 });
      expect(barLine("write", persons)).to.equal(
        "writing persons  [##----------------------]   10 %  1000 persons/s  27 s left",
      );
    });

    it("counts from where it began, and says minutes and hours", () => {
      const state_ = state({ first: 50, value: 150, total: 200, eta: 3_725, now: 100_000 });
      expect(barLine("write", state_)).to.match(/75 % {2}1 persons\/s {2}1 h 2 min left$/);
      expect(barLine("write", { ...state_, eta: 65 })).to.match(/1 min 5 s left$/);
    });

    it("says neither rate nor time left before it can know them", () => {
      expect(barLine("read", state({ value: 1, total: 100, eta: "NULL", now: 5_000 }))).not.to.include(
        "left",
      );
      expect(barLine("read", state({ value: 1, total: 100, eta: 5, now: 10 }))).to.match(/1 %$/);
    });

    it("without a total says how much, and for how long", () => {
      expect(barLine("fetch", state({ value: 5_000_000, now: 10_000 }))).to.equal(
        "fetching the export  5.0 MB  0.5 MB/s  10 s",
      );
      expect(barLine("verify", state({ now: 61_000 }))).to.equal("verifying  1 min 1 s");
    });

    it("is full, and no more, when more was done than was expected", () => {
      expect(barLine("verify", state({ value: 120, total: 100, eta: 0, now: 5_000 }))).to.include(
        `[${"#".repeat(24)}]  100 %`,
      );
    });
  });
});

function state(given: Partial<BarState>): BarState {
  return { first: 0, value: 0, total: undefined, eta: 0, startTime: 0, now: 0, ...given };
}

function stream(terminal: { isTTY?: boolean; columns?: number } = {}) {
  const stderr = Object.assign(new PassThrough(), terminal);
  let text = "";
  stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const written = () => {
    text += (stderr.read() as string | null) ?? "";
    return text;
  };
  return { context: { stderr } as unknown as CliContext, written };
}

function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's own
  return text.replace(/\u001b(?:\[[0-9?]*[A-Za-z]|[78])/g, (code) => (/[GK]$/.test(code) ? "\n" : ""));
}

/** What stands on the line after the last time that it was cleared. */
function lastLine(text: string): string {
  return visible(text.slice(text.lastIndexOf("\u001b[2K") + "\u001b[2K".length));
}
