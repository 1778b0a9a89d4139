import { codeKey } from "../domain/codes.js";
import { compareSwedishNames } from "../domain/collation.js";
import { AdresslistaError } from "../errors.js";
import type { LadokTables } from "../mapping/rows.js";
import type { Generation, Search } from "../store/queries.js";
import type { WrittenGeneration } from "../store/sqlite/build.js";
import { listedPersons } from "../store/sqlite/check.js";
import { openGeneration } from "../store/sqlite/generation.js";
import type { RegisteredPersons } from "../store/sqlite/registrations.js";

/** Occasions whose answers are looked at: the largest ones, and some from here and there. */
const LARGEST_SAMPLES = 5;
const SPREAD_SAMPLES = 20;

/** A PersonVO element as it stands in an answer. */
const PERSON_VO_START = Buffer.from("<PersonVO>");
const PERSON_VO_END = Buffer.from("</PersonVO>");
const SEPARATOR = "\n";
const SEPARATORS = { FFG: SEPARATOR, FO: SEPARATOR, OM: SEPARATOR };

/**
 * What a generation must stand before it is served, besides foreign keys and whole pages: a course for every occasion, and
 * answers to sample calls that have exactly the persons who were registered, in list order. Throws AdresslistaError
 * "internal" when it does not. `courses`: see `coursesOf`. `turn` is waited for between the checks.
 */
export async function verifyGeneration(
  { file, registrations }: WrittenGeneration,
  number: number,
  courses: ReadonlySet<string>,
  turn: () => Promise<void>,
): Promise<void> {
  await turn();
  const generation = openGeneration(file, number);
  try {
    for (const code of courses) {
      if ((await generation.kursByKod(code)).length === 0) throw wrong("an occasion's course is not found");
    }
    for (const occasion of samples(registrations)) {
      await turn();
      await checkAnswer(generation, file, occasion);
    }
  } finally {
    generation.close();
  }
}

/**
 * Codes of the courses that must be found: those of all occasions, but a course that belongs to no school has no row in KURS,
 * and no institution sees its occasions.
 */
export function coursesOf({ ktill2 }: Pick<LadokTables, "ktill2">): ReadonlySet<string> {
  const codes = new Set<string>();
  for (const row of ktill2) if (row.institutions.length > 0) codes.add(codeKey(row.kurskod));
  return codes;
}

/** An occasion with the persons who were registered on it: their places in the list, ascending. */
interface Sample {
  readonly search: Search;
  readonly persons: Int32Array;
}

/** The same ones of the same load. */
function samples({ occasions, persons }: RegisteredPersons): Sample[] {
  const size = ({ from, to }: (typeof occasions)[number]) => to - from;
  const ofLists = occasions.filter(({ typ }) => typ !== "OM");
  const largest = [...ofLists].sort((a, b) => size(b) - size(a)).slice(0, LARGEST_SAMPLES);
  const step = Math.max(1, Math.floor(ofLists.length / SPREAD_SAMPLES));
  const spread = ofLists.filter((_, index) => index % step === 0).slice(0, SPREAD_SAMPLES);
  return [...new Set([...largest, ...spread])].map(({ typ, ktill, termin, from, to }) => ({
    search: typ === "FFG" ? { typ, ktill } : { typ: "FO", ktill, termin },
    persons: persons.subarray(from, to),
  }));
}

async function checkAnswer(generation: Generation, file: string, { search, persons }: Sample): Promise<void> {
  const expected = listedPersons(file, persons);
  const found = await generation.participants([search], false);
  if (expected.length !== persons.length || found.length !== expected.length) {
    throw wrong("an occasion has not the persons who are registered");
  }
  for (const [index, { personVO, efternamn, fornamn }] of expected.entries()) {
    if (!isPersonVO(personVO)) throw wrong("a person has no PersonVO element");
    if (!found[index]?.personVO.equals(personVO)) throw wrong("persons of an occasion are in another order");
    const before = expected[index - 1];
    const after = { efternamn: efternamn ?? undefined, fornamn: fornamn ?? undefined };
    if (
      before !== undefined &&
      compareSwedishNames(
        { efternamn: before.efternamn ?? undefined, fornamn: before.fornamn ?? undefined },
        after,
      ) > 0
    ) {
      throw wrong("persons of an occasion are not in list order");
    }
  }
  // Undefined when someone has an incorrect personnummer: the answer then is what `participants` gave.
  const joined = await generation.joinedPersonVOs([search], SEPARATORS, found.length);
  const incorrect = found.some(({ invalidPersonnummer }) => invalidPersonnummer !== null);
  const whole = incorrect ? undefined : joinedWith(SEPARATOR, expected);
  if (
    whole === undefined
      ? joined !== undefined
      : joined === undefined || joined.oneByteTexts.join("") !== whole.toString("latin1")
  ) {
    throw wrong("an occasion's finished answer differs from its persons");
  }
}

function isPersonVO(bytes: Buffer): boolean {
  return (
    bytes.subarray(0, PERSON_VO_START.length).equals(PERSON_VO_START) &&
    bytes.subarray(-PERSON_VO_END.length).equals(PERSON_VO_END)
  );
}

function joinedWith(separator: string, persons: readonly { readonly personVO: Buffer }[]): Buffer {
  const between = Buffer.from(separator);
  return Buffer.concat(
    persons.flatMap(({ personVO }, index) => (index === 0 ? [personVO] : [between, personVO])),
  );
}

function wrong(what: string): AdresslistaError {
  return new AdresslistaError("internal", `the built generation does not answer as it should: ${what}`);
}
