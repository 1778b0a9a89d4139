import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import { generateExport } from "../../lib/sample/generate.js";
import { showcaseExport } from "../../lib/sample/showcase.js";
import { writeSample } from "../../lib/sample/write-sample.js";

describe("npm run sample", () => {
  let folder: string;
  let out: string;
  let said: string[];
  const { error } = console;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "adresslista-sample-"));
    out = join(folder, "export.xml");
    said = [];
    console.error = (text: string) => said.push(text);
  });

  afterEach(() => {
    console.error = error;
    rmSync(folder, { recursive: true });
  });

  it("writes the sample export, and says where", async () => {
    expect(await writeSample(["--out", out])).to.equal(0);
    expect(readFileSync(out, "utf8") === [...showcaseExport()].join("")).to.equal(true);
    expect(said.join()).to.include(out);
  });

  it("writes an export of any size", async () => {
    const sizes = ["--persons", "50", "--occasions", "4", "--memberships", "60", "--seed", "3"];
    expect(await writeSample([...sizes, "--out", out])).to.equal(0);
    const expected = [...generateExport({ seed: 3, persons: 50, occasions: 4, memberships: 60 })].join("");
    expect(readFileSync(out, "utf8") === expected).to.equal(true);
  });

  for (const { what, args } of [
    { what: "a size without the others", args: ["--persons", "50"] },
    {
      what: "a size that is no number",
      args: ["--persons", "many", "--occasions", "4", "--memberships", "60"],
    },
    {
      what: "more members than students",
      args: ["--persons", "50", "--occasions", "1", "--memberships", "60"],
    },
    { what: "an unknown option", args: ["--people", "50"] },
  ]) {
    it(`answers ${what} with its usage and 2, and touches no file`, async () => {
      expect(await writeSample([...args, "--out", out])).to.equal(2);
      expect(said.join()).to.include("Usage:");
      expect(existsSync(out)).to.equal(false);
    });
  }

  it("never writes an export of another size over the sample", async () => {
    expect(await writeSample(["--persons", "50", "--occasions", "4", "--memberships", "60"])).to.equal(2);
  });

  it("answers a file that cannot be written with 1", async () => {
    expect(await writeSample(["--out", join(folder, "missing", "export.xml")])).to.equal(1);
  });
});
