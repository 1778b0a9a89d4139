import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";

const here = new URL(".", import.meta.url);
const clients = readdirSync(here, { recursive: true, encoding: "utf8" }).filter((path) =>
  path.endsWith("/client.json"),
);
const installed = new Set(readFileSync(new URL("../../.ci/run", here), "utf8").split(/\s+/));

describe("foreign clients", () => {
  for (const path of clients) {
    it(`CI installs what ${path.replace("/client.json", "")} names`, () => {
      const { debian } = JSON.parse(readFileSync(new URL(path, here), "utf8")) as { debian: string };
      // "none: …" says where it comes from instead.
      const packages = debian.startsWith("none:") ? [] : debian.split(" ");
      expect(packages.filter((name) => !installed.has(name))).to.deep.equal([]);
    });
  }
});
