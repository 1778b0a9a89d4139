import { tmpdir } from "node:os";
import { expect } from "chai";
import { describe, it } from "mocha";
import { adresslista, PROCESSES_MILLISECONDS } from "./program.js";

const folder = tmpdir();

describe("adresslista", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  for (const args of [
    [],
    ["finns-ej"],
    ["--finns-ej"],
    ["serve", "--finns-ej"],
    ["serve", "extra"],
    ["caller"],
    ["caller", "add"],
    ["caller", "add", "portal", "--verifier", "kerberos"],
    ["caller", "change"],
    ["audit", "--since", "igår"],
    ["reload", "--file"],
  ]) {
    it(`ends with 2 and says how it is used on standard error: ${["adresslista", ...args].join(" ")}`, async () => {
      const { code, stdout, stderr } = await adresslista(args, { folder });
      expect(code).to.equal(2);
      expect(stdout).to.equal("");
      expect(stderr).to.match(/--help/);
    });
  }

  for (const command of [
    "serve",
    "reload",
    "status",
    "rollback",
    "check",
    "inspect",
    "codes export",
    "codes import",
    "caller add",
    "caller change",
    "caller list",
    "caller remove",
    "audit",
    "demo",
  ]) {
    it(`explains ${command} on standard output, --config among its options`, async () => {
      const { code, stdout, stderr } = await adresslista([...command.split(" "), "--help"], { folder });
      expect(code).to.equal(0);
      expect(stdout).to.include(`Usage: adresslista ${command}`).and.to.include("--config <file>");
      expect(stderr).to.equal("");
    });
  }

  it("says its version", async () => {
    const { code, stdout } = await adresslista(["--version"], { folder });
    expect(code).to.equal(0);
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });
});
