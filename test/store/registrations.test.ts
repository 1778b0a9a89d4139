import { expect } from "chai";
import { describe, it } from "mocha";
import type { Registration } from "../../lib/mapping/rows.js";
import { collectRegistrations, type RegistrationBatch } from "../../lib/store/sqlite/registrations.js";

const registration = (more: Partial<Registration> = {}): Registration => ({
  typ: "FFG",
  ktill: 1,
  kurskod: "MATMAT01a",
  termin: "20261",
  programmes: [],
  ...more,
});

const PROGRAMS = [
  { id: 1, groupId: "p1", program: "VARD" },
  { id: 2, groupId: "p2", program: "BARN" },
];

/** The rows of batches: occasion, person, and the programme that is shown (or that the row is of). */
const rowsOf = (batches: Iterable<RegistrationBatch>) => {
  const rows: string[] = [];
  const programreg: string[] = [];
  for (const batch of batches) {
    let at = 0;
    for (const [index, occasion] of batch.occasions.entries()) {
      const { typ, ktill, termin } = occasion;
      for (; at < (batch.ends[index] as number); at++) {
        const row = `${typ} ${ktill} ${termin} ${batch.persons[at]}`;
        if (batch.programOf !== undefined) rows.push(`${row} ${batch.programOf[at]}`);
        else programreg.push(`${(occasion as { program?: number }).program} ${row}`);
      }
    }
    expect(at).to.equal(batch.persons.length);
  }
  return { rows, programreg };
};

describe("registrations that wait to be written", () => {
  it("come person by person and are given out occasion by occasion, with the first programme of each", () => {
    const collected = collectRegistrations();
    collected.add(1, registration({ ktill: 2 }));
    collected.add(1, registration({ typ: "FO", ktill: 1, termin: "20262", programmes: [2] }));
    collected.add(3, registration({ ktill: 1, programmes: [1, 2] }));
    collected.add(4, registration({ ktill: 1 }));
    collected.add(4, registration({ typ: "OM", ktill: 2, termin: "20262" }));
    collected.add(5, registration({ ktill: 1, programmes: [2] }));
    const { occasions, persons, batches } = collected.grouped();
    const shown = occasions.map(
      ({ typ, ktill, termin, from, to }) => `${typ} ${ktill} ${termin} ${persons.subarray(from, to).join()}`,
    );
    expect(shown).to.deep.equal(["FFG 1 20261 3,4,5", "FO 1 20262 1", "FFG 2 20261 1", "OM 2 20262 4"]);
    expect(rowsOf(batches(PROGRAMS))).to.deep.equal({
      rows: [
        "FFG 1 20261 3 1",
        "FFG 1 20261 4 0",
        "FFG 1 20261 5 2",
        "FO 1 20262 1 2",
        "FFG 2 20261 1 0",
        "OM 2 20262 4 0",
      ],
      programreg: ["1 FFG 1 20261 3", "2 FFG 1 20261 3", "2 FFG 1 20261 5", "2 FO 1 20262 1"],
    });
  });

  it("stand in several batches when there are many, each once, and the programmes only in the first", () => {
    const PERSONS = 50_000;
    const collected = collectRegistrations();
    for (let person = 1; person <= PERSONS; person++) {
      collected.add(person, registration({ ktill: 1 + (person % 7 === 0 ? 1 : 0), programmes: [1] }));
    }
    const batches = [...collected.grouped().batches(PROGRAMS)];
    const programs = batches.map((batch) =>
      batch.programOf === undefined ? undefined : batch.newPrograms.length,
    );
    expect(programs.filter((count) => count !== undefined)).to.deep.equal([2, 0, 0, 0]);
    const { rows, programreg } = rowsOf(batches);
    expect(rows).to.have.length(PERSONS);
    expect(new Set(rows).size).to.equal(PERSONS);
    expect(programreg).to.have.length(PERSONS);
    expect(rows.slice(0, 2)).to.deep.equal(["FFG 1 20261 1 1", "FFG 1 20261 2 1"]);
    expect(rows.at(-1)).to.equal(`FFG 2 20261 ${PERSONS - (PERSONS % 7)} 1`);
  });

  it("are none of nobody", () => {
    const { occasions, batches } = collectRegistrations().grouped();
    expect(occasions).to.deep.equal([]);
    expect([...batches([])]).to.deep.equal([]);
  });
});
