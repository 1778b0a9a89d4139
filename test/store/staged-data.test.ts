import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { after, describe, it } from "mocha";
import type { PersonData } from "../../lib/mapping/rows.js";
import { groupPlaces, intList } from "../../lib/store/sqlite/int-list.js";
import { recordFile } from "../../lib/store/sqlite/record-file.js";
import { packPerson, unpackPerson } from "../../lib/store/sqlite/staged-person.js";
import { textTable } from "../../lib/store/sqlite/text-table.js";

/** Texts as they stand in exports: any characters that XML can hold. */
const xmlText = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
const present = xmlText.filter((text) => text !== "");

describe("a table of texts", () => {
  it("numbers each text once, in order of appearance, and gives it back", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (texts) => {
        const table = textTable();
        const distinct = [...new Set(texts)];
        expect(texts.map((text) => table.numberOf(text))).to.deep.equal(
          texts.map((text) => distinct.indexOf(text)),
        );
        expect(table.size).to.equal(distinct.length);
        expect(distinct.map((_, number) => table.textOf(number))).to.deep.equal(distinct);
      }),
    );
  });

  it("keeps as many as a register has, and texts larger than its pieces", () => {
    const table = textTable();
    for (let number = 0; number < 100_000; number++) expect(table.numberOf(`P${number}`)).to.equal(number);
    const long = "å".repeat(2_000_000);
    expect(table.numberOf(long)).to.equal(100_000);
    expect(table.numberOf(long)).to.equal(100_000);
    expect(table.textOf(100_000)).to.equal(long);
    expect(table.textOf(99_999)).to.equal("P99999");
  });
});

describe("places by number", () => {
  it("are all there, each group's in order, without those that have none", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1, max: 5 })), (numbers) => {
        const list = intList();
        for (const number of numbers) list.push(number);
        const { starts, members } = groupPlaces(list.values(), 6);
        for (let group = 0; group < 6; group++) {
          const expected = numbers.flatMap((number, place) => (number === group ? [place] : []));
          expect([...members.subarray(starts[group], starts[group + 1])]).to.deep.equal(expected);
        }
      }),
    );
  });
});

describe("a packed person", () => {
  const adress = fc.record(
    { gatadr: present, coadr: present, postnr: present, ort: present, land: present },
    { requiredKeys: [] },
  );
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const person: fc.Arbitrary<PersonData> = fc
    .record({
      id: present,
      others: fc.uniqueArray(present, { maxLength: 3 }),
      personnummer: optional(present),
      efternamn: optional(present),
      fornamn: optional(present),
      email: optional(present),
      tel: optional(present),
      sms: optional(present),
      folkbokforing: optional(adress.filter((value) => Object.keys(value).length > 0)),
      tillfallig: optional(
        fc
          .tuple(adress, fc.constant({ fromdat: "2026-01-01", tomdat: "2026-06-01" }))
          .filter(([value]) => Object.keys(value).length > 0)
          .map(([value, dates]) => ({ ...value, ...dates })),
      ),
      protected: fc.boolean(),
      staff: fc.boolean(),
      student: fc.constantFrom(true, undefined),
    })
    .map(({ id, others, ...fields }) => ({
      ...(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Omit<
        PersonData,
        "id" | "aliases"
      >),
      id,
      aliases: [id, ...others.filter((other) => other !== id)],
    }));

  it("is unpacked as it was", () => {
    fc.assert(
      fc.property(person, (data) => {
        expect(unpackPerson(packPerson(data))).to.deep.equal(data);
      }),
    );
  });

  it("is refused rather than read with its fields in each other's places", () => {
    const data = { id: "p1", aliases: ["p1"], efternamn: "Al\0m", protected: false, staff: false };
    expect(() => unpackPerson(packPerson(data))).to.throw("a person has a character that cannot be kept");
  });
});

describe("a file of records", () => {
  const folder = mkdtempSync(join(tmpdir(), "adresslista-records-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("gives records back by number and in any order, larger ones than its buffer and its window too", () => {
    const file = recordFile(join(folder, "records"));
    expect(readdirSync(folder)).to.deep.equal([]);
    const texts = Array.from({ length: 300 }, (_, index) =>
      index % 50 === 7 ? "ö".repeat(700_000 + index) : index % 90 === 3 ? "" : `post ${index} åäö €`,
    );
    for (const [index, text] of texts.entries()) {
      expect(file.append(text)).to.equal(index);
      expect(file.read(index)).to.equal(text);
      if (index > 100) expect(file.read(index - 100)).to.equal(texts[index - 100]);
    }
    const order = Int32Array.from(texts.keys()).map((index) => (index * 7) % 300);
    expect([...file.inOrder(order, 1_000_000)]).to.deep.equal([...order].map((index) => texts[index]));
    expect([...file.inOrder(order)]).to.deep.equal([...order].map((index) => texts[index]));
    file.close();
  });
});
