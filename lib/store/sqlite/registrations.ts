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
  grouped(programs: readonly ProgramRow[]): GroupedRegistrations;
}

/** Rows of FFGKURS, FORTKURS, OMKURS and PROGRAMREG, as numbers: they are handed from thread to thread. */
export interface GroupedRegistrations {
  /** In order of KTILL and half-year. */
  readonly occasions: readonly RegisteredOccasion[];
  /** Places in the list, ascending within each occasion. */
  readonly persons: Int32Array;
  /** Beside each of `persons` the programme that is shown of it; 0: none. */
  readonly programOf: Int32Array;
  readonly programs: readonly ProgramRow[];
  /** In order of PROGRAM, KTILL, TYP, TERMIN. */
  readonly programOccasions: readonly (RegisteredOccasion & { readonly program: number })[];
  readonly programPersons: Int32Array;
}

/** `persons.subarray(from, to)` are its persons. */
export interface RegisteredOccasion extends Occasion {
  readonly from: number;
  readonly to: number;
}

interface Occasion {
  readonly typ: Registreringstyp;
  readonly ktill: number;
  readonly termin: string;
  readonly kurskod: string;
}

/** Above every number of an occasion here. */
const OCCASIONS = 2 ** 26;
const NO_PROGRAM = 0;
const NONE = -1;
const KINDS: readonly Registreringstyp[] = ["FFG", "FO", "OM"];

export function collectRegistrations(): Registrations {
  const occasions: Occasion[] = [];
  // The occasions of a KTILL2 row as chains of bare numbers: they are looked for once for each registration.
  const first = intList();
  const next = intList();
  const kinds = intList();
  const log = { occasion: intList(), person: intList(), program: intList() };
  const programOccasions: (Occasion & { readonly program: number })[] = [];
  const programOccasionNumbers = new Map<number, number>();
  const programLog = { occasion: intList(), person: intList() };

  const occasionNumber = ({ typ, ktill, termin, kurskod }: Registration): number => {
    while (first.length <= ktill) first.push(NONE);
    const kind = Number(termin) * KINDS.length + KINDS.indexOf(typ);
    for (let number = first.at(ktill); number !== NONE; number = next.at(number)) {
      if (kinds.at(number) === kind) return number;
    }
    const number = occasions.length;
    occasions.push({ typ, ktill, termin, kurskod });
    kinds.push(kind);
    next.push(first.at(ktill));
    first.set(ktill, number);
    return number;
  };

  const programOccasionNumber = (program: number, occasion: number): number => {
    const key = program * OCCASIONS + occasion;
    let number = programOccasionNumbers.get(key);
    if (number === undefined) {
      number = programOccasions.length;
      programOccasions.push({ ...(occasions[occasion] as Occasion), program });
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

    grouped(programs) {
      const byOccasion = groupPlaces(log.occasion.values(), occasions.length);
      const byProgramOccasion = groupPlaces(programLog.occasion.values(), programOccasions.length);
      return {
        occasions: withPlaces(occasions, byOccasion.starts).sort(
          (a, b) => a.ktill - b.ktill || compareTerminer(a, b),
        ),
        persons: byOccasion.members.map((place) => log.person.at(place)),
        programOf: byOccasion.members.map((place) => log.program.at(place)),
        programs,
        programOccasions: withPlaces(programOccasions, byProgramOccasion.starts).sort(
          (a, b) =>
            a.program - b.program ||
            a.ktill - b.ktill ||
            KINDS.indexOf(a.typ) - KINDS.indexOf(b.typ) ||
            compareTerminer(a, b),
        ),
        programPersons: byProgramOccasion.members.map((place) => programLog.person.at(place)),
      };
    },
  };
}

export function writeRegistrations(connection: Connection, registrations: GroupedRegistrations): void {
  const { occasions, persons, programOf, programOccasions, programPersons } = registrations;
  const programs = new Map(registrations.programs.map((row) => [row.id, row]));
  const ffgkurs = bulkInsert(connection, "FFGKURS", "KTILL, PERSON, KURS, TERMIN, PROGR, PROGINR");
  const fortkurs = bulkInsert(connection, "FORTKURS", "KTILL, TERMIN, PERSON, KURS, PROGR, PROGINR");
  const omkurs = bulkInsert(connection, "OMKURS", "KURSKEY, TERMIN, PERSON, KTILL, KURS, PROGR, PROGINR");
  for (const { typ, ktill, termin, kurskod, from, to } of occasions) {
    const kurskey = typ === "OM" ? codeKey(kurskod) : "";
    for (let at = from; at < to; at++) {
      const person = persons[at] as number;
      const program = programs.get(programOf[at] as number);
      const progr = program?.program ?? null;
      const proginr = program?.programinriktning ?? null;
      if (typ === "FFG") ffgkurs.add(ktill, person, kurskod, termin, progr, proginr);
      else if (typ === "FO") fortkurs.add(ktill, termin, person, kurskod, progr, proginr);
      else omkurs.add(kurskey, termin, person, ktill, kurskod, progr, proginr);
    }
  }
  const programreg = bulkInsert(connection, "PROGRAMREG", "PROGRAM, KTILL, TYP, TERMIN, PERSON");
  for (const { program, ktill, typ, termin, from, to } of programOccasions) {
    for (let at = from; at < to; at++)
      programreg.add(program, ktill, typ, termin, programPersons[at] as number);
  }
  for (const insert of [ffgkurs, fortkurs, omkurs, programreg]) insert.flush();
}

function withPlaces<T>(
  occasions: readonly T[],
  starts: Int32Array,
): (T & { readonly from: number; readonly to: number })[] {
  return occasions.map((occasion, number) => ({
    ...occasion,
    from: starts[number] as number,
    to: starts[number + 1] as number,
  }));
}

function compareTerminer(a: Occasion, b: Occasion): number {
  return a.termin < b.termin ? -1 : a.termin > b.termin ? 1 : 0;
}
