import { Writable } from "node:stream";
import { expect } from "chai";
import { describe, it } from "mocha";
import type { CliContext } from "../../lib/cli/context.js";
import { outcomeWriter } from "../../lib/cli/reload-output.js";
import type { Difference, Differences } from "../../lib/reload/differences.js";

const NEVER = new AbortController().signal;

describe("the printed differences", () => {
  it("are one JSON object together with what is said afterwards, whether there are any or none", async () => {
    for (const count of [0, 1, 3]) {
      const output = reader();
      const writer = outcomeWriter(output.context, true);
      await writer.differences(differences(count), NEVER);
      await writer.report("dryRun", ["LVUX has fewer"]);
      const printed = JSON.parse(output.text()) as { differences: { entries: Difference[] } };
      expect(printed).to.deep.include({ outcome: "dryRun", refusals: ["LVUX has fewer"] });
      expect(printed.differences.entries).to.deep.equal([...differences(count).entries()]);
    }
  });

  it("are one JSON object too when it was refused before there were any", async () => {
    const output = reader();
    await outcomeWriter(output.context, true).report("refused", ["too old"]);
    expect(JSON.parse(output.text())).to.deep.equal({ outcome: "refused", refusals: ["too old"] });
  });

  it("are lines of text, numbers first", async () => {
    const output = reader();
    await outcomeWriter(output.context, false).differences(differences(1), NEVER);
    expect(output.text()).to.equal(
      [
        "Differences from what is served, by school:",
        "  VUX  registration 1 added, 0 removed, 2 changed",
        "Each of them (ids are the register's):",
        "  + registration VUX P0 G1 MATMAT02b 20262: FFG",
        "",
      ].join("\n"),
    );
    const none = reader();
    await outcomeWriter(none.context, false).differences({ counts: [], entries: () => [] }, NEVER);
    expect(none.text()).to.equal("No differences from what is served.\n");
  });

  it("are made no faster than they are read, and no more once the reader has gone", async () => {
    const output = reader();
    let made = 0;
    let madeAtFirstRead = 0;
    output.onRead = (text) => {
      madeAtFirstRead ||= made;
      if (text.length > 0) output.leave();
    };
    const many = differences(1_000_000, () => made++);
    await outcomeWriter(output.context, true).differences(many, NEVER);
    expect(madeAtFirstRead).to.be.within(1, 2_000);
    expect(made).to.be.below(5_000);
  });

  it("end at once when they are interrupted, though nobody reads", async () => {
    const output = reader();
    output.onRead = () => "never";
    const interruption = new AbortController();
    const printing = outcomeWriter(output.context, false).differences(
      differences(100_000),
      interruption.signal,
    );
    interruption.abort();
    const reason = await printing.catch((error: unknown) => error);
    expect(reason).to.equal(interruption.signal.reason);
  });
});

function differences(count: number, onMade?: () => void): Differences {
  return {
    counts: [{ of: "registration", institution: "VUX", added: count, removed: 0, changed: 2 }],
    *entries() {
      for (let index = 0; index < count; index++) {
        onMade?.();
        const key = [`P${index}`, "G1", "MATMAT02b", "20262"];
        yield { of: "registration", kind: "added", institution: "VUX", key, what: ["FFG"] } as const;
      }
    },
  };
}

/** Standard output and who reads it: what `onRead` calls "never" is not taken. */
function reader() {
  let text = "";
  const stdout = new Writable({
    decodeStrings: false,
    write(chunk: string, _, done) {
      text += chunk;
      setImmediate(() => {
        if (output.onRead(chunk) !== "never") done();
      });
    },
  });
  const output = {
    context: { stdout } as unknown as CliContext,
    text: () => text,
    onRead: (_: string): unknown => undefined,
    leave: () => stdout.destroy(),
  };
  return output;
}
