import { readFileSync } from "node:fs";
import { expect } from "chai";
import { describe, it } from "mocha";
import { SETTINGS } from "../lib/config.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const scripts = (
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { scripts: object }
).scripts;

describe("the README", () => {
  it("lists every setting with its variable and default, and no other", () => {
    const rows = [...readme.matchAll(/^\| `(\w+)` \| `(ADRESSLISTA_\w+)` \| (?:`([^`]+)`|[^|]+) \|/gm)];
    const listed = rows.map(([, name, variable, value]) => ({ name, variable, value }));
    const expected = SETTINGS.map(({ name, variable, default: value }) => ({
      name,
      variable,
      value: typeof value === "string" || typeof value === "number" ? String(value) : undefined,
    }));
    expect(listed).to.deep.equal(expected);
  });

  it("names only npm scripts that there are", () => {
    const named = [...readme.matchAll(/npm (?:run ([\w:]+)|(start|test)\b)/g)].map(
      ([, run, short]) => run ?? short ?? "",
    );
    expect(named).to.include.members(["start", "test"]);
    expect(named.filter((name) => !(name in scripts))).to.deep.equal([]);
  });
});
