import { codeKey } from "../../domain/codes.js";
import type { ProgramRow, Registration, Registreringstyp } from "../../mapping/rows.js";
import { bulkInsert } from "./bulk-insert.js";
import type { Connection } from "./files.js";
import { groupPlaces, intList } from "./int-list.js";

/**
 * Registrations come person by person and are written occasion by occasion, in the order of their tables' keys: that takes
 * a third of the time of writing them here and there. Meanwhile they are bare numbers (4 bytes each). Programmes, too, are
 * known only when all persons have been seen.
 */
export interface Registrations {
  /** Persons come in list order. */
  add(person: number, registration: Registration): void;
  /** After the last of them, once: what has been added is let go. */
  grouped(): GroupedRegistrations;
}

/** Rows of FFGKURS, FORTKURS, OMKURS and PROGRAMREG. */
export interface GroupedRegistrations extends RegisteredPersons {
  /** The rows of all tables, a few at a time, once. */
  batches(programs: readonly ProgramRow[]): Generator<RegistrationBatch>;
}

export interface RegisteredPersons {
  /** In order of KTILL and half-year. */
  readonly occasions: readonly RegisteredOccasion[];
  /** Places in the list, ascending within each occasion. */
  readonly persons: Int32Array;
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

interface ProgramOccasion extends Occasion {
  readonly program: number;
}

/** Rows as numbers: they are handed from thread to thread. Batches come in order, and an occasion may stand in several. */
export type RegistrationBatch = {
  readonly persons: Int32Array<ArrayBuffer>;
  /** Of each occasion where its persons end. */
  readonly ends: readonly number[];
} & (
  | {
      /** FFGKURS, FORTKURS, OMKURS. */
      readonly occasions: readonly Occasion[];
      /** Beside each of `persons` the programme that is shown of it; 0: none. */
      readonly programOf: Int32Array<ArrayBuffer>;
      /** Those that no earlier batch had. */
      readonly newPrograms: readonly ProgramRow[];
    }
  /** PROGRAMREG. */
  | { readonly occasions: readonly ProgramOccasion[]; readonly programOf?: never }
);

/** Rows of a batch. */
const BATCH_ROWS = 16 * 1024;
/** Above every number of an occasion here. */
const OCCASIONS = 2 ** 26;
const NO_PROGRAM = 0;
const NONE = -1;
const KINDS: readonly Registreringstyp[] = ["FFG", "FO", "OM"];

export function collectRegistrations(): Registrations {
  const occasions: Occasion[] = [];
  // A registration is the number of its slot: an occasion with the programme that is shown. The slots of a KTILL2 row are
  // chains of bare numbers: they are looked for once for each registration.
  const first = intList();
  const slots = { next: intList(), kind: intList(), occasion: intList(), program: intList() };
  let log = { slot: intList(), firstOfPerson: intList() };
  const programOccasions: ProgramOccasion[] = [];
  const programOccasionNumbers = new Map<number, number>();
  let programLog = { occasion: intList(), person: intList() };

  const slotNumber = ({ typ, ktill, termin, kurskod }: Registration, program: number): number => {
    while (first.length <= ktill) first.push(NONE);
    const kind = Number(termin) * KINDS.length + KINDS.indexOf(typ);
    let occasion = NONE;
    for (let slot = first.at(ktill); slot !== NONE; slot = slots.next.at(slot)) {
      if (slots.kind.at(slot) !== kind) continue;
      if (slots.program.at(slot) === program) return slot;
      occasion = slots.occasion.at(slot);
    }
    const slot = slots.kind.length;
    slots.kind.push(kind);
    slots.program.push(program);
    slots.next.push(first.at(ktill));
    first.set(ktill, slot);
    if (occasion === NONE) occasion = occasions.push({ typ, ktill, termin, kurskod }) - 1;
    slots.occasion.push(occasion);
    return slot;
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

  /** Persons and their programmes, occasion after occasion; and where each occasion begins. */
  const byOccasion = () => {
    const { slot: slotOf, firstOfPerson } = log;
    const starts = new Int32Array(occasions.length + 1);
    for (const slot of slotOf.values()) {
      const occasion = slots.occasion.at(slot);
      starts[occasion + 1] = (starts[occasion + 1] as number) + 1;
    }
    for (let occasion = 0; occasion < occasions.length; occasion++) {
      starts[occasion + 1] = (starts[occasion + 1] as number) + (starts[occasion] as number);
    }
    const next = starts.slice(0, occasions.length);
    const persons = new Int32Array(slotOf.length);
    const programOf = new Int32Array(slotOf.length);
    firstOfPerson.push(slotOf.length);
    for (let person = 0; person + 1 < firstOfPerson.length; person++) {
      for (let place = firstOfPerson.at(person); place < firstOfPerson.at(person + 1); place++) {
        const slot = slotOf.at(place);
        const occasion = slots.occasion.at(slot);
        const at = next[occasion] as number;
        next[occasion] = at + 1;
        persons[at] = person;
        programOf[at] = slots.program.at(slot);
      }
    }
    return { starts, persons, programOf };
  };

  return {
    add(person, registration) {
      const { programmes } = registration;
      const slot = slotNumber(registration, programmes[0] ?? NO_PROGRAM);
      while (log.firstOfPerson.length <= person) log.firstOfPerson.push(log.slot.length);
      log.slot.push(slot);
      for (const program of programmes) {
        programLog.occasion.push(programOccasionNumber(program, slots.occasion.at(slot)));
        programLog.person.push(person);
      }
    },

    grouped() {
      const { starts, persons, programOf } = byOccasion();
      log = { slot: intList(), firstOfPerson: intList() };
      const inOrder = withPlaces(occasions, starts).sort(
        (a, b) => a.ktill - b.ktill || compareTerminer(a, b),
      );
      return {
        occasions: inOrder,
        persons,
        *batches(programs) {
          let newPrograms = programs;
          for (const { pieces, rows, ends } of batchesOf(inOrder)) {
            yield {
              occasions: pieces.map(({ typ, ktill, termin, kurskod }) => ({ typ, ktill, termin, kurskod })),
              ends,
              persons: taken(persons, pieces, rows),
              programOf: taken(programOf, pieces, rows),
              newPrograms,
            };
            newPrograms = [];
          }
          yield* programBatches();
        },
      };
    },
  };

  function* programBatches(): Generator<RegistrationBatch> {
    const { starts, members } = groupPlaces(programLog.occasion.values(), programOccasions.length);
    const persons = members.map((place) => programLog.person.at(place));
    programLog = { occasion: intList(), person: intList() };
    const inOrder = withPlaces(programOccasions, starts).sort(
      (a, b) =>
        a.program - b.program ||
        a.ktill - b.ktill ||
        KINDS.indexOf(a.typ) - KINDS.indexOf(b.typ) ||
        compareTerminer(a, b),
    );
    for (const { pieces, rows, ends } of batchesOf(inOrder)) {
      yield { occasions: pieces, ends, persons: taken(persons, pieces, rows) };
    }
  }
}

interface Batch<T> {
  /** Occasions, or parts of them. */
  readonly pieces: readonly (T & Placed)[];
  readonly ends: readonly number[];
  readonly rows: number;
}

interface Placed {
  readonly from: number;
  readonly to: number;
}

function* batchesOf<T>(occasions: readonly (T & Placed)[]): Generator<Batch<T>> {
  let pieces: (T & Placed)[] = [];
  let ends: number[] = [];
  let rows = 0;
  for (const occasion of occasions) {
    for (let from = occasion.from; from < occasion.to; ) {
      const to = Math.min(occasion.to, from + BATCH_ROWS - rows);
      pieces.push({ ...occasion, from, to });
      rows += to - from;
      ends.push(rows);
      from = to;
      if (rows < BATCH_ROWS) continue;
      yield { pieces, ends, rows };
      pieces = [];
      ends = [];
      rows = 0;
    }
  }
  if (rows > 0) yield { pieces, ends, rows };
}

/** What stands in these places, one after another. */
function taken(values: Int32Array, places: readonly Placed[], length: number): Int32Array<ArrayBuffer> {
  const found = new Int32Array(length);
  let at = 0;
  for (const { from, to } of places) {
    found.set(values.subarray(from, to), at);
    at += to - from;
  }
  return found;
}

/** Writes batches in the order in which they were given out. */
export function registrationWriter(connection: Connection): (batch: RegistrationBatch) => void {
  const programs = new Map<number, ProgramRow>();
  const ffgkurs = bulkInsert(connection, "FFGKURS", "KTILL, PERSON, KURS, TERMIN, PROGR, PROGINR");
  const fortkurs = bulkInsert(connection, "FORTKURS", "KTILL, TERMIN, PERSON, KURS, PROGR, PROGINR");
  const omkurs = bulkInsert(connection, "OMKURS", "KURSKEY, TERMIN, PERSON, KTILL, KURS, PROGR, PROGINR");
  const programreg = bulkInsert(connection, "PROGRAMREG", "PROGRAM, KTILL, TYP, TERMIN, PERSON");
  return (batch) => {
    const { persons, ends } = batch;
    let at = 0;
    if (batch.programOf === undefined) {
      for (const [index, { program, ktill, typ, termin }] of batch.occasions.entries()) {
        for (const end = ends[index] as number; at < end; at++)
          programreg.add(program, ktill, typ, termin, persons[at] as number);
      }
    } else {
      for (const row of batch.newPrograms) programs.set(row.id, row);
      for (const [index, { typ, ktill, termin, kurskod }] of batch.occasions.entries()) {
        const kurskey = typ === "OM" ? codeKey(kurskod) : "";
        for (const end = ends[index] as number; at < end; at++) {
          const person = persons[at] as number;
          const program = programs.get(batch.programOf[at] as number);
          const progr = program?.program ?? null;
          const proginr = program?.programinriktning ?? null;
          if (typ === "FFG") ffgkurs.add(ktill, person, kurskod, termin, progr, proginr);
          else if (typ === "FO") fortkurs.add(ktill, termin, person, kurskod, progr, proginr);
          else omkurs.add(kurskey, termin, person, ktill, kurskod, progr, proginr);
        }
      }
    }
    for (const insert of [ffgkurs, fortkurs, omkurs, programreg]) insert.flush();
  };
}

function withPlaces<T>(occasions: readonly T[], starts: Int32Array): (T & Placed)[] {
  return occasions.map((occasion, number) => ({
    ...occasion,
    from: starts[number] as number,
    to: starts[number + 1] as number,
  }));
}

function compareTerminer(a: Occasion, b: Occasion): number {
  return a.termin < b.termin ? -1 : a.termin > b.termin ? 1 : 0;
}
