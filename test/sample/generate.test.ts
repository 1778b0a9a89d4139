import { createHash } from "node:crypto";
import { expect } from "chai";
import { describe, it } from "mocha";
import { isKurskod } from "../../lib/domain/codes.js";
import { readPersonnummer } from "../../lib/domain/personnummer.js";
import { type ExportOptions, generateExport } from "../../lib/sample/generate.js";
import {
  children,
  emailsIn,
  isExampleDomain,
  isPtsNumber,
  isTestNumber,
  parseExport,
  text,
  texts,
} from "./reading.js";

const SMALL: ExportOptions = { seed: 7, persons: 500, occasions: 41, memberships: 1_777 };

describe("generateExport", () => {
  const xml = written(SMALL);
  const root = parseExport(xml);

  it("writes the same bytes for the same seed and sizes", () => {
    expect(written(SMALL) === xml).to.equal(true);
  });

  it("writes the same bytes on every machine and in every version", () => {
    const sha256 = createHash("sha256")
      .update(written({ seed: 1, persons: 60, occasions: 6, memberships: 120 }))
      .digest("hex");
    expect(sha256).to.equal("1e28e75d291473974f6a17560a4d377f4d718176a1e78e88327d4f25d1751551");
  });

  it("writes other people for another seed", () => {
    expect(written({ ...SMALL, seed: 8 }) === xml).to.equal(false);
  });

  it("has as many persons, occasions and memberships as asked for", () => {
    expect(children(root, "person")).to.have.length(500);
    const occasions = children(root, "group").filter(
      (group) => text(group, "grouptype", "typevalue") === "kursgrupp",
    );
    expect(occasions).to.have.length(41);
    const learners = children(root, "membership")
      .flatMap((membership) => children(membership, "member"))
      .filter(
        (member) =>
          text(member, "idtype") === "1" && children(member, "role")[0]?.attributes.roletype === "01",
      );
    expect(learners).to.have.length(1_777);
  });

  it("has each member once in an occasion, and nobody and nothing that is not in the file", () => {
    const known = new Set(
      [...children(root, "person"), ...children(root, "group")].map((record) =>
        text(record, "sourcedid", "id"),
      ),
    );
    for (const membership of children(root, "membership")) {
      const members = children(membership, "member").map((member) => text(member, "sourcedid", "id"));
      expect(new Set(members).size).to.equal(members.length);
      expect([text(membership, "sourcedid", "id"), ...members].filter((id) => !known.has(id))).to.deep.equal(
        [],
      );
    }
  });

  it("has test numbers, example addresses and numbers for fiction only", () => {
    for (const person of children(root, "person")) {
      const number = text(person, "userid") ?? "";
      expect(readPersonnummer(number, "2026-11-24").correct, number).to.equal(true);
      expect(isTestNumber(number), number).to.equal(true);
      for (const tel of texts(person, "tel")) expect(isPtsNumber(tel), tel).to.equal(true);
    }
    expect(emailsIn(xml)).to.have.length.above(400);
    expect(emailsIn(xml).filter((email) => !isExampleDomain(email))).to.deep.equal([]);
  });

  it("has course codes of Kurskod's format, each once", () => {
    const many = parseExport(written({ seed: 1, persons: 30, occasions: 3_000, memberships: 0 }));
    const codes = children(many, "group")
      .filter((group) => text(group, "grouptype", "typevalue") === "kurs")
      .map((group) => text(group, "description", "short") ?? "");
    expect(codes).to.have.length(500);
    expect(new Set(codes).size).to.equal(500);
    expect(codes.filter((code) => !isKurskod(code))).to.deep.equal([]);
  });

  it("takes sizes down to nothing and one", () => {
    const nothing = parseExport(written({ seed: 0, persons: 0, occasions: 0, memberships: 0 }));
    expect(children(nothing, "person", "membership")).to.deep.equal([]);
    const one = written({ seed: 0, persons: 1, occasions: 1, memberships: 1 });
    expect(one.split("<id>P0000001</id>")).to.have.length(1 + 2); // the person and the member
  });

  it("refuses sizes that cannot be, before it writes anything", () => {
    expect(() => generateExport({ ...SMALL, persons: 1.5 })).to.throw(RangeError, "persons");
    expect(() => generateExport({ ...SMALL, memberships: -1 })).to.throw(RangeError, "memberships");
    expect(() => generateExport({ ...SMALL, persons: 20 })).to.throw(RangeError, "memberships");
    expect(() => generateExport({ ...SMALL, occasions: 0 })).to.throw(RangeError, "memberships");
  });

  it("makes a million persons as they are asked for", () => {
    const chunks = generateExport({ seed: 1, persons: 1_000_000, occasions: 50_000, memberships: 3_000_000 });
    const [first] = chunks;
    expect(first).to.have.length.below(100_000);
  });
});

function written(options: ExportOptions): string {
  return [...generateExport(options)].join("");
}
