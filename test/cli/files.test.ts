import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import { readKurskodAliases } from "../../lib/cli/kurskod-alias-file.js";
import { readProtectedIds } from "../../lib/cli/protected-file.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "adresslista-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the alias file", () => {
  it("gives each course code one alias, both compared without regard to case", () => {
    const aliases = aliasesOf('Kurskod;Alias\r\nMATMAT02b;MA2B\r\n\r\n"grnåäö2" ; gå2\r\n');
    expect([...aliases.toAlias]).to.deep.equal([
      ["MATMAT02B", "MA2B"],
      ["GRNÅÄÖ2", "gå2"],
    ]);
    expect([...aliases.toKurskod]).to.deep.equal([
      ["MA2B", "MATMAT02b"],
      ["GÅ2", "grnåäö2"],
    ]);
  });

  it("needs no header, may begin with a byte order mark, and composes å", () => {
    expect([...aliasesOf("\uFEFFHA\u030aLL1;HA\u030a1").toAlias]).to.deep.equal([["HÅLL1", "HÅ1"]]);
  });

  it("may name a code as its own alias", () => {
    expect([...aliasesOf("MA2;ma2").toAlias]).to.deep.equal([["MA2", "ma2"]]);
  });

  it("is empty when the setting is not given", () => {
    expect(readKurskodAliases(undefined).toAlias.size).to.equal(0);
  });

  for (const [what, content, line, reason] of [
    ["one column", "MATMAT02b", 1, "must be kurskod;alias"],
    ["three columns", "A;B;C", 1, "must be kurskod;alias"],
    ["no alias", "kurskod;alias\nMATMAT02b;", 2, "must be kurskod;alias"],
    ["an alias that is no code", "MATMAT02b;MA-2", 1, "the alias must have"],
    ["a code twice", "A1;B1\n\na1;C1", 3, "the course code stands there twice"],
    ["an alias twice", "A1;B1\nC1;b1", 2, "the alias stands there twice"],
    ["a code that is another's alias", "A1;B1\nb1;C1", 2, "the course code is another one's alias"],
    [
      "a header further down",
      "A1;B1\nkurskod;alias\nalias;kurs",
      3,
      "the course code is another one's alias",
    ],
  ] as const) {
    it(`is refused with its line for ${what}`, () => {
      expect(() => aliasesOf(content)).to.throw(`line ${line}: ${reason}`);
    });
  }

  it("is refused when it is not UTF-8 or not there", () => {
    const file = join(folder, "latin1.csv");
    writeFileSync(file, Buffer.from("HÅLL1;HÅ1", "latin1"));
    expect(() => readKurskodAliases(file)).to.throw(`kurskodAliasFile: ${file} is not UTF-8`);
    expect(() => readKurskodAliases(join(folder, "saknas"))).to.throw("kurskodAliasFile: cannot read");
  });

  function aliasesOf(content: string) {
    const file = join(folder, "alias.csv");
    writeFileSync(file, content);
    return readKurskodAliases(file);
  }
});

describe("the file of protected persons", () => {
  it("has an id on each line, comments and empty lines aside", () => {
    const file = join(folder, "skyddade");
    writeFileSync(file, "# hämtas från rektor\n E0001 \r\n\n  # slut\nE#2\n");
    expect([...readProtectedIds(file)]).to.deep.equal(["E0001", "E#2"]);
  });

  it("protects nobody when the setting is not given", () => {
    expect(readProtectedIds(undefined).size).to.equal(0);
  });
});
