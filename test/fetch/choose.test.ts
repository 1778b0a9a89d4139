import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { chooseFiles } from "../../lib/fetch/choose.js";
import type { RemoteFile } from "../../lib/fetch/session.js";
import type { SftpSettings } from "../../lib/fetch/settings.js";

const NOW = new Date("2026-11-24T02:15:00Z");

const SETTINGS: SftpSettings = {
  host: "sftp.example",
  port: 22,
  user: "skolan",
  hostKeys: [],
  path: ".",
  patterns: ["*.xml"],
  files: "newest",
  deliveryMinutes: 60,
  minimumAgeSeconds: 0,
  connectSeconds: 1,
  idleSeconds: 1,
  deadlineMinutes: 1,
  retries: 0,
};

const file = (name: string, modified = "2026-11-24T01:00:00Z"): RemoteFile => ({
  name,
  bytes: 1,
  modified: new Date(modified),
});
const choose = (names: readonly (string | RemoteFile)[], changes: Partial<SftpSettings> = {}) =>
  chooseFiles(
    names.map((name) => (typeof name === "string" ? file(name) : name)),
    { ...SETTINGS, ...changes },
    NOW,
    new Map(),
  );
const names = (...of: Parameters<typeof choose>) => choose(...of).files.map(({ name }) => name);

describe("the choice of files", () => {
  it("goes by the server's time, and of equal ones by name", () => {
    expect(names([file("a.xml", "2026-11-24T01:00:01Z"), "b.xml"])).to.deep.equal(["a.xml"]);
    expect(names(["export-20261123.xml", "export-20261124.xml", "export-2.xml"])).to.deep.equal([
      "export-20261124.xml",
    ]);
  });

  it("takes names in any case, but not those of unfinished files that begin with a dot", () => {
    const patterns = ["alvis?.*"];
    expect(names(["EXPORT.XML", ".z.xml", "export.xml.part"])).to.deep.equal(["EXPORT.XML"]);
    expect(names(["alvis.xml", "Alvis2.xml", "xalvis2.xml"], { patterns })).to.deep.equal(["Alvis2.xml"]);
    expect(names([".dold.xml"], { patterns: [".*.xml"] })).to.deep.equal([".dold.xml"]);
  });

  it("counts names that no file of ours may have, and leaves them", () => {
    const odd = [
      "b/../a.xml",
      "a/b.xml",
      "a\\b.xml",
      "a\nb.xml",
      "a\u001b[2J.xml",
      "a\u202Eb.xml",
      "\uFFFD.xml",
    ];
    const { files, unusable, matching } = choose([...odd, `${"å".repeat(100)}.xml`, "bra.xml"]);
    expect({ names: files.map(({ name }) => name), unusable, matching }).to.deep.equal({
      names: ["bra.xml"],
      unusable: odd.length + 1,
      matching: 1,
    });
  });

  it("takes no marker for an export", () => {
    const markers = [file("klar.xml", "2026-11-24T01:30:00Z"), "a.xml"];
    expect(choose(markers, { marker: "klar.xml" })).to.deep.include({ files: [file("a.xml")] });
    const own = [file("a.xml"), file("a.xml.ok.xml", "2026-11-24T01:30:00Z")];
    expect(choose(own, { marker: "{name}.ok.xml" }).wait).to.equal(undefined);
    expect(names(own, { marker: "{name}.ok.xml" })).to.deep.equal(["a.xml"]);
  });

  it("wants a marker for each file of a delivery, and one alone for all when it has no {name}", () => {
    const both = [file("a.xml"), file("b.xml"), file("a.xml.ok"), file("KLAR")];
    const delivery = { files: "delivery" } as const;
    expect(choose(both, { ...delivery, marker: "{name}.ok" }).wait?.why).to.include("b.xml.ok is not there");
    expect(choose(both, { ...delivery, marker: "KLAR" }).wait).to.equal(undefined);
  });

  it("never gives a name that is a path or cannot be printed", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (any) => {
        const { files } = choose([...any, "x.xml"], { patterns: ["*"], files: "delivery" });
        for (const { name } of files) expect(name).not.to.match(/[/\\\p{Cc}]|^\.\.?$/u);
      }),
    );
  });
});
