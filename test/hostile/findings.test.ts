import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { TARGETS } from "../fuzz/targets.js";

const FINDINGS = join(import.meta.dirname, "findings");

describe("What fuzzing begins with, and what it once found", function () {
  this.timeout(120_000);
  for (const { name, seeds, judge } of TARGETS) {
    it(`is judged as nothing wrong: ${seeds().length} inputs of ${name}`, async () => {
      for (const bytes of seeds()) await judge(bytes);
    });

    const folder = join(FINDINGS, name);
    for (const file of existsSync(folder) ? readdirSync(folder) : []) {
      it(`is judged as nothing wrong: ${name}/${file}`, async () => {
        await judge(readFileSync(join(folder, file)));
      });
    }
  }
});
