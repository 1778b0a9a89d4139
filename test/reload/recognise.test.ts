import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { defaultMapping } from "../../lib/mapping/settings.js";
import {
  inputsOf,
  instantOf,
  isOlder,
  isUnchanged,
  type LoadInputs,
  recognised,
  sameFiles,
} from "../../lib/reload/recognise.js";
import type { LoadRecord } from "../../lib/store/queries.js";
import { inTemporaryFolder } from "../support/database.js";

const INPUTS: LoadInputs = {
  mapping: defaultMapping,
  protected: "strip",
  protectedIds: new Set(["E1", "E2"]),
  repair: true,
  datasource: undefined,
  historyTerms: 4,
  requireEmail: false,
  now: new Date("2026-11-24T01:00:00Z"),
  codeEdits: 0,
  exportDatetime: "2026-11-23T18:00:00",
};

const load = (number: number, more: Partial<LoadRecord> = {}): LoadRecord => ({
  number,
  loadedAt: "2026-11-24T01:00:00.000Z",
  files: [{ name: "export.xml", sha256: `hash-${number}`, bytes: 100 }],
  exportDatetime: INPUTS.exportDatetime,
  counts: {},
  warnings: 0,
  forced: [],
  inputs: inputsOf({ ...INPUTS, ...(more.exportDatetime === undefined ? {} : more) } as LoadInputs),
  rolledBack: null,
  ...more,
});

describe("the same export again", () => {
  const served = load(7);

  it("is recognised by its files' bytes and all else that a load depends on", () => {
    expect(isUnchanged(["hash-7"], served, INPUTS)).to.equal(true);
    expect(isUnchanged(["hash-8"], served, INPUTS)).to.equal(false);
    expect(isUnchanged(["hash-7", "hash-8"], served, INPUTS)).to.equal(false);
    expect(isUnchanged(["hash-7"], undefined, INPUTS)).to.equal(false);
  });

  it("is loaded anew when the load that is served does not say what it depended on", () =>
    expect(isUnchanged(["hash-7"], load(7, { inputs: null }), INPUTS)).to.equal(false));

  const changed: Readonly<Record<string, Partial<LoadInputs>>> = {
    "the mapping": { mapping: { ...defaultMapping, institutions: { skola: "VUX" } } },
    "what becomes of protected persons": { protected: "exclude" },
    "the list of protected persons": { protectedIds: new Set(["E1"]) },
    "the repair of files": { repair: false },
    "the datasource": { datasource: "Alvis" },
    "how long history is kept": { historyTerms: 2 },
    "whether an e-mail address is obligatory": { requireEmail: true },
    "a code register": { codeEdits: 1 },
  };
  for (const [what, change] of Object.entries(changed)) {
    it(`is loaded anew when ${what} has changed`, () =>
      expect(isUnchanged(["hash-7"], served, { ...INPUTS, ...change })).to.equal(false));
  }

  it("is the same when protected persons are listed in another order", () =>
    expect(isUnchanged(["hash-7"], served, { ...INPUTS, protectedIds: new Set(["E2", "E1"]) })).to.equal(
      true,
    ));

  it("is the same on another day when it says its own", () =>
    expect(isUnchanged(["hash-7"], served, { ...INPUTS, now: new Date("2026-12-24T01:00:00Z") })).to.equal(
      true,
    ));

  for (const exportDatetime of [null, "0001-01-01T00:00:00", "i går"]) {
    it(`has its dates judged anew on another Swedish day when it says none: ${exportDatetime}`, () => {
      const undated = load(7, { exportDatetime });
      const at = (now: string) => ({ ...INPUTS, now: new Date(now) });
      expect(isUnchanged(["hash-7"], undated, at("2026-11-24T22:59:59Z"))).to.equal(true);
      expect(isUnchanged(["hash-7"], undated, at("2026-11-24T23:00:00Z"))).to.equal(false);
    });
  }
});

describe("an export", () => {
  const of = (hash: string, exportDatetime: string | null) => ({ hashes: [hash], exportDatetime });
  const served = load(7);

  it("that is newer than the served one is taken", () =>
    expect(recognised(of("hash-8", "2026-11-24T18:00:00"), served, [served])).to.deep.equal([]));

  it("that is older is refused, with both datetimes and the load", () =>
    expect(recognised(of("hash-6", "2026-11-22T18:00:00"), served, [served])).to.deep.equal([
      "the export was made 2026-11-22T18:00:00, before the one that is served (load 7: 2026-11-23T18:00:00)",
    ]));

  it("that does not say when it was made is taken", () => {
    expect(recognised(of("hash-8", null), served, [served])).to.deep.equal([]);
    expect(recognised(of("hash-8", "2020-01-01"), load(7, { exportDatetime: null }), [])).to.deep.equal([]);
    expect(recognised(of("hash-8", "2020-01-01"), undefined, [])).to.deep.equal([]);
  });

  it("that was gone back from is refused, so that a nightly load does not undo it", () => {
    const loads = [load(8, { rolledBack: "2026-11-24T08:00:00.000Z" }), served];
    expect(recognised(of("hash-8", "2026-11-24T18:00:00"), served, loads)).to.deep.equal([
      "the same export was loaded before (load 8) and gone back from at 2026-11-24T08:00:00.000Z: loading it would undo that",
    ]);
  });

  it("is known again when its files come in another order", () => {
    const file = (name: string) => ({ name, sha256: name, bytes: 1 });
    const back = load(8, { files: [file("a"), file("b")], rolledBack: "2026-11-24T08:00:00.000Z" });
    expect(recognised({ hashes: ["b", "a"], exportDatetime: null }, served, [back, served])).to.have.length(
      1,
    );
    expect(recognised({ hashes: ["a"], exportDatetime: null }, served, [back, served])).to.deep.equal([]);
  });

  it("that was gone back from and loaded again by force is taken", () => {
    const again = load(9, { files: load(8).files });
    const loads = [again, load(8, { rolledBack: "2026-11-24T08:00:00.000Z" }), served];
    expect(recognised(of("hash-8", "2026-11-23T18:00:00"), again, loads)).to.deep.equal([]);
  });

  it("puts nothing but one line into a sentence, whatever its datetime is", () => {
    const datetime = `2026-11-22 \n\u001b[31m${"x".repeat(500)}`;
    const [sentence] = recognised(of("hash-6", datetime), served, []);
    expect(sentence?.length).to.be.below(200);
    expect(sentence).not.to.match(/\p{Cc}/u);
  });
});

describe("datetimes of exports", () => {
  for (const [earlier, later] of [
    ["2026-11-23T18:00:00", "2026-11-23T18:00:01"],
    ["2026-11-23T18:00", "2026-11-23T18:00:00.500"],
    ["2026-11-23 18:00:00", "2026-11-23T18:30:00"],
    ["20261123T180000", "2026-11-23T18:00:01"],
    // Swedish time without a zone: 17:00 UTC in winter, 16:00 in summer
    ["2026-11-23T18:00:00", "2026-11-23T17:00:01Z"],
    ["2026-11-23T16:59:59Z", "2026-11-23T18:00:00"],
    ["2026-06-23T18:00:00", "2026-06-23T16:00:01Z"],
    ["2026-11-23T18:00:00+02:00", "2026-11-23T18:00:00+01:00"],
    ["2026-11-23T18:00:00+0100", "2026-11-23T18:00:00-01"],
    // a day against a datetime
    ["2026-11-22", "2026-11-23T00:00:00"],
    ["2026-11-22T23:59:59", "2026-11-23"],
    ["20261122", "2026-11-23"],
  ] as const) {
    it(`${earlier} is before ${later}`, () => {
      expect(isOlder(earlier, later)).to.equal(true);
      expect(isOlder(later, earlier)).to.equal(false);
    });
  }

  for (const [a, b] of [
    ["2026-11-23", "2026-11-23T18:00:00"],
    ["2026-11-23T18:00:00", "2026-11-23T17:00:00Z"],
    // neither can be read: it says nothing
    ["23/11/2026", "01/12/2026"],
    ["i går", "2026-11-23"],
    ["0001-01-01T00:00:00", "2026-11-23"],
  ] as const) {
    it(`${a} and ${b} are neither before the other`, () => {
      expect(isOlder(a, b)).to.equal(false);
      expect(isOlder(b, a)).to.equal(false);
    });
  }

  it("are read as JavaScript reads them when they have a zone", () => {
    const date = fc.date({ min: new Date("1990-01-01"), max: new Date("2060-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(date, (written) => {
        expect(instantOf(written.toISOString())).to.equal(written.getTime());
      }),
    );
  });
});

describe("files that were loaded before", () => {
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const loadOf = (number: number, ...texts: readonly string[]) =>
    load(number, {
      files: texts.map((text) => ({
        name: "any.xml",
        sha256: sha256(text),
        bytes: Buffer.byteLength(text),
      })),
    });

  it("are found by size and bytes, the newest load first, whatever they are called", () =>
    inTemporaryFolder(async (folder) => {
      const written = (name: string, text: string) => {
        writeFileSync(join(folder, name), text);
        return { path: join(folder, name), name };
      };
      const [one, two] = [written("a.xml", "first"), written("b.xml", "second")];
      const loads = [
        loadOf(4, "first"),
        loadOf(3, "first", "second"),
        loadOf(2, "first"),
        loadOf(1, "fifth"),
      ];
      expect((await sameFiles([one], loads))?.number).to.equal(4);
      expect((await sameFiles([one, two], loads))?.number).to.equal(3);
      expect(await sameFiles([two, one], loads)).to.equal(undefined);
      expect(await sameFiles([written("c.xml", "third")], loads)).to.equal(undefined);
    }));

  it("are none when a file cannot be read: whoever reads it says so", () =>
    inTemporaryFolder(async (folder) => {
      const missing = { path: join(folder, "saknas.xml"), name: "saknas.xml" };
      expect(await sameFiles([missing], [loadOf(1, "x")])).to.equal(undefined);
      expect(await sameFiles([{ path: folder, name: "folder" }], [loadOf(1, "x")])).to.equal(undefined);
    }));

  it("are not looked for any longer when the load is interrupted", () =>
    inTemporaryFolder(async (folder) => {
      writeFileSync(join(folder, "a.xml"), "first");
      const reason = new Error("stopped");
      const failure = await sameFiles(
        [{ path: join(folder, "a.xml"), name: "a.xml" }],
        [loadOf(1, "first")],
        AbortSignal.abort(reason),
      ).catch((error: unknown) => error);
      expect(failure).to.equal(reason);
    }));
});
