import { codeKey } from "../../domain/codes.js";
import type { ProgramRow, Registration, Registreringstyp } from "../../mapping/rows.js";
import { bulkInsert } from "./bulk-insert.js";
import type { Connection } from "./files.js";
import { groupPlaces, intList } from "./int-list.js";

/**
 * Registrations come person by person and are written occasion by occasion, in the order of their tables' keys: that takes
 * a third of the time of writing them here and there. Meanwhile they are bare numbers (12 bytes each). Programmes, too, are
 * known only when all persons have been seen.
 */
export interface Registrations {
  /** Persons come in list order. */
  add(person: number, registration: Registration): void;
  /** Writes FFGKURS, FORTKURS, OMKURS and PROGRAMREG; `count` hears how many there are of each occasion and half-year. */
  write(
    connection: Connection,
    programs: readonly ProgramRow[],
    count: (ktill: number, termin: string, registrations: number) => void,
  ): OccasionPersons[];
}

/** The persons of one KTILL2 or KTFORT2 row: their places in the list, ascending. */
export interface OccasionPersons {
  readonly typ: "FFG" | "FO";
  readonly ktill: number;
  readonly termin: string;
  readonly persons: Int32Array;
}

interface Occasion {
  readonly typ: Registreringstyp;
  readonly ktill: number;
  readonly termin: string;
  readonly kurskod: string;
}

/** An occasion read through a programme. */
interface ProgramOccasion {
  readonly program: number;
  readonly occasion: Occasion;
}

/** Above every ÅÅÅÅT. */
const TERMINER = 2 ** 17;
/** Above every number of an occasion here. */
const OCCASIONS = 2 ** 26;
const NO_PROGRAM = 0;
const KINDS: readonly Registreringstyp[] = ["FFG", "FO", "OM"];

export function collectRegistrations(): Registrations {
  const occasions: Occasion[] = [];
  const occasionNumbers = new Map<number, number>();
  const log = { occasion: intList(), person: intList(), program: intList() };
  const programOccasions: ProgramOccasion[] = [];
  const programOccasionNumbers = new Map<number, number>();
  const programLog = { occasion: intList(), person: intList() };

  const occasionNumber = ({ typ, ktill, termin, kurskod }: Registration): number => {
    const key = (ktill * KINDS.length + KINDS.indexOf(typ)) * TERMINER + Number(termin);
    let number = occasionNumbers.get(key);
    if (number === undefined) {
      number = occasions.length;
      occasions.push({ typ, ktill, termin, kurskod });
      occasionNumbers.set(key, number);
    }
    return number;
  };

  const programOccasionNumber = (program: number, occasion: number): number => {
    const key = program * OCCASIONS + occasion;
    let number = programOccasionNumbers.get(key);
    if (number === undefined) {
      number = programOccasions.length;
      programOccasions.push({ program, occasion: occasions[occasion] as Occasion });
      programOccasionNumbers.set(key, number);
    }
    return number;
  };

  return {
    add(person, registration) {
      const occasion = occasionNumber(registration);
      log.occasion.push(occasion);
      log.person.push(person);
      log.program.push(registration.programmes[0] ?? NO_PROGRAM);
      for (const program of registration.programmes) {
        programLog.occasion.push(programOccasionNumber(program, occasion));
        programLog.person.push(person);
      }
    },

    write(connection, programs, count) {
      const { starts, members } = groupPlaces(log.occasion.values(), occasions.length);
      const persons = log.person.values();
      const personsOf = (occasion: number) =>
        members.subarray(starts[occasion], starts[occasion + 1]).map((place) => persons[place] as number);
      const codes = new Map(
        programs.map(({ id, program, programinriktning }) => [
          id,
          { program, inriktning: programinriktning ?? null },
        ]),
      );
      const programOf = (occasion: number, index: number) =>
        codes.get(log.program.at(members[(starts[occasion] as number) + index] as number));
      const inOrder = occasions
        .map((occasion, number) => ({ ...occasion, number }))
        .sort((a, b) => a.ktill - b.ktill || (a.termin < b.termin ? -1 : 1));
      const ffgkurs = bulkInsert(connection, "FFGKURS", "KTILL, PERSON, KURS, TERMIN, PROGR, PROGINR");
      const fortkurs = bulkInsert(connection, "FORTKURS", "KTILL, TERMIN, PERSON, KURS, PROGR, PROGINR");
      const omkurs = bulkInsert(connection, "OMKURS", "KURSKEY, TERMIN, PERSON, KTILL, KURS, PROGR, PROGINR");
      const written: OccasionPersons[] = [];
      for (const { typ, ktill, termin, kurskod, number } of inOrder) {
        const ofOccasion = personsOf(number);
        count(ktill, termin, ofOccasion.length);
        if (typ !== "OM") written.push({ typ, ktill, termin, persons: ofOccasion });
        const kurskey = typ === "OM" ? codeKey(kurskod) : "";
        for (let index = 0; index < ofOccasion.length; index++) {
          const person = ofOccasion[index] as number;
          const program = programOf(number, index);
          const progr = program?.program ?? null;
          const proginr = program?.inriktning ?? null;
          if (typ === "FFG") ffgkurs.add(ktill, person, kurskod, termin, progr, proginr);
          else if (typ === "FO") fortkurs.add(ktill, termin, person, kurskod, progr, proginr);
          else omkurs.add(kurskey, termin, person, ktill, kurskod, progr, proginr);
        }
      }
      for (const insert of [ffgkurs, fortkurs, omkurs]) insert.flush();
      writeProgramRegistrations(connection);
      return written;
    },
  };

  function writeProgramRegistrations(connection: Connection): void {
    const { starts, members } = groupPlaces(programLog.occasion.values(), programOccasions.length);
    const insert = bulkInsert(connection, "PROGRAMREG", "PROGRAM, KTILL, TYP, TERMIN, PERSON");
    const inOrder = programOccasions
      .map((programOccasion, number) => ({ ...programOccasion, number }))
      .sort(
        ({ program, occasion: a }, { program: other, occasion: b }) =>
          program - other ||
          a.ktill - b.ktill ||
          KINDS.indexOf(a.typ) - KINDS.indexOf(b.typ) ||
          (a.termin < b.termin ? -1 : 1),
      );
    for (const { program, occasion, number } of inOrder) {
      for (let at = starts[number] as number; at < (starts[number + 1] as number); at++) {
        const person = programLog.person.at(members[at] as number);
        insert.add(program, occasion.ktill, occasion.typ, occasion.termin, person);
      }
    }
    insert.flush();
  }
}
