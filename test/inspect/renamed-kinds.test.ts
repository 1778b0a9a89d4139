import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { shownValue } from "../../lib/inspect/shown.js";
import type { MappingSettings } from "../../lib/mapping/api.js";
import { defaultMapping } from "../../lib/mapping/settings.js";
import { generateExport } from "../../lib/sample/generate.js";
import { type Loaded, loadedIn } from "../reload/loading.js";
import { inTemporaryFolder } from "../support/database.js";
import { escaped } from "../support/export.js";
import { inspectedFiles } from "./inspecting.js";

const sample = readFileSync(new URL("../../data/sample-export.xml", import.meta.url), "utf8");

/** Two loads and an inspection of a small export cost about a fifth of a second. */
const RUNS = 15;

const TABLES = [
  ...["INSTITUTION", "KURS", "KTILL2", "KTFORT2", "KTILLP", "PROGPLK", "ORT"],
  ...["FFGKURS", "FORTKURS", "OMKURS", "NAMN", "ADRESS", "TELEKOM", "PERSONVO"],
];

describe("An export whose kinds of groups nobody knows", function () {
  this.timeout(120_000);

  it("is given the mapping under which it loads to the same tables, whatever the kinds are called", async () => {
    const sizes = fc.record({
      seed: fc.nat(1000),
      persons: fc.integer({ min: 60, max: 90 }),
      occasions: fc.integer({ min: 6, max: 40 }),
      memberships: fc.integer({ min: 80, max: 200 }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, words(4), async (size, names) => {
        const text = [...generateExport(size)].join("");
        await expectSameTables(text, renamed(text, ["skola", "kurs", "kursgrupp", "kurspaket"], names));
      }),
      { numRuns: RUNS },
    );
  });

  it("so is the sample, with its units, class and collective groups", async () => {
    await fc.assert(
      fc.asyncProperty(words(9), async (names) => {
        const kinds = ["huvudman", "skola", "enhet", "kurs", "kursgrupp", "klass", "kurspaket"];
        await expectSameTables(sample, renamed(sample, [...kinds, "alla elever", "personalgrupp"], names));
      }),
      { numRuns: 3 },
    );
  });
});

/** So many words that no two rules take for the same, and that the default mapping does not know. */
function words(count: number): fc.Arbitrary<string[]> {
  const word = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
    .map((text) => text.normalize("NFC").trim())
    .filter(
      (text) => text !== "" && shownValue(text) === text && !/\p{Z}(?<! )/u.test(text) && !isKnown(text),
    );
  return fc.uniqueArray(word, { minLength: count, maxLength: count, comparator: isSame });
}

function isKnown(text: string): boolean {
  return defaultMapping.groupKinds.some(({ typevalue }) => new RegExp(`^(?:${typevalue})$`, "iu").test(text));
}

function isSame(a: string, b: string): boolean {
  return new RegExp(`^${a.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}$`, "iu").test(b);
}

function renamed(text: string, kinds: readonly string[], names: readonly string[]): string {
  return text.replace(/>([^<]+)<\/typevalue>/g, (_, kind: string) => {
    return `>${escaped(names[kinds.indexOf(kind)] ?? kind)}</typevalue>`;
  });
}

async function expectSameTables(known: string, unknown: string): Promise<void> {
  const { proposal } = await inspectedFiles([unknown]);
  const mapping: MappingSettings = { ...defaultMapping, ...proposal.mapping };
  const [expected, loaded] = await Promise.all([tablesOf(known, defaultMapping), tablesOf(unknown, mapping)]);
  expect(expected.get("FFGKURS")?.length).to.be.above(0);
  for (const table of TABLES) expect(loaded.get(table), table).to.deep.equal(expected.get(table));
}

function tablesOf(text: string, mapping: MappingSettings): Promise<Map<string, string[]>> {
  return inTemporaryFolder(async (folder) => {
    const { rows }: Loaded = await loadedIn(folder, [text], { mapping });
    return new Map(TABLES.map((table) => [table, rows(`* FROM ${table}`)]));
  });
}
