import { codeKey } from "../domain/codes.js";
import { AdresslistaError } from "../errors.js";
import type { Generation, Search } from "../store/queries.js";

/** Registrations of a search; a whole number of 32 bits. */
const MORE_THAN_THERE_ARE = 1_000_000_000;
const SEPARATORS = { FFG: "\n", FO: "\n", OM: "\n" };

/**
 * Asks two generations everything that calls can ask of them about courses, occasions and participants, and compares the
 * answers, bytes of persons included. Returns how many answers there were. Throws AdresslistaError("internal") that says what
 * differs, by codes only. `turn` is waited for between courses.
 */
export async function compareAnswers(
  one: Generation,
  other: Generation,
  turn: () => Promise<void>,
): Promise<number> {
  let compared = 0;
  const same = async <Answer>(
    what: string,
    ask: (generation: Generation) => Answer,
  ): Promise<Awaited<Answer>> => {
    const [first, second] = await Promise.all([ask(one), ask(other)]);
    compared += 1;
    if (textOf(first) !== textOf(second)) {
      throw new AdresslistaError(
        "internal",
        `the two databases answer differently: ${what} of load ${one.number}`,
      );
    }
    return first;
  };

  const compareParticipants = async (search: Search, what: string): Promise<void> => {
    await same(what, (generation) => generation.participants([search], true));
    await same(what, (generation) => joinedOf(generation, search));
    await same(what, (generation) => generation.contacts([search]));
    await same(what, (generation) => generation.countRegistrations([search], MORE_THAN_THERE_ARE));
  };

  const compareCourse = async (kurskod: string): Promise<void> => {
    const key = codeKey(kurskod);
    await same(`course ${kurskod}`, (generation) => generation.kursByKod(key));
    const first = await same(`occasions of ${kurskod}`, (generation) => generation.ktill2(key, undefined));
    const later = await same(`later half-years of ${kurskod}`, (generation) =>
      generation.ktfort2(key, undefined, undefined),
    );
    for (const { ktill } of first)
      await compareParticipants({ typ: "FFG", ktill }, `participants of ${kurskod}`);
    for (const { ktill, kalendertermin } of later) {
      await compareParticipants({ typ: "FO", ktill, termin: kalendertermin }, `participants of ${kurskod}`);
    }
    const starts = new Set(first.map(({ starttermin }) => starttermin));
    for (const starttermin of starts) {
      const programmes = await same(`programmes of ${kurskod}`, (generation) =>
        generation.progplk(key, starttermin),
      );
      for (const { programId, ktill } of programmes) {
        await compareParticipants(
          { typ: "FFG", ktill, programId },
          `participants of a programme in ${kurskod}`,
        );
      }
    }
    for (const termin of new Set([...starts, ...later.map(({ kalendertermin }) => kalendertermin)])) {
      const programmes = await same(`programmes of ${kurskod}`, (generation) =>
        generation.ktillp(key, termin),
      );
      for (const { programId, ktill } of programmes) {
        await compareParticipants(
          { typ: "FO", ktill, termin, programId },
          `participants of a programme in ${kurskod}`,
        );
      }
      await compareParticipants(
        { typ: "OM", kurskey: key, termin, institutions: "*" },
        `the re-registered of ${kurskod}`,
      );
    }
  };

  const institutions = await same("institutions", (generation) => generation.institutions());
  await same("places", (generation) => generation.places());
  const courses = new Set<string>();
  for (const { kod } of institutions) {
    const kurser = await same(`courses of ${kod}`, (generation) =>
      generation.kursOfInstitution(codeKey(kod), undefined),
    );
    for (const { kurskod } of kurser) courses.add(kurskod);
  }
  for (const kurskod of courses) {
    await turn();
    await compareCourse(kurskod);
  }
  for (const begins of DIGITS) {
    await turn();
    for (const sekel of CENTURIES) {
      await same("persons by number", async (generation) =>
        (await generation.persons(begins, sekel)).map((person) => ({
          ...person,
          // In which order is nobody's business.
          institutions: [...new Set(person.institutions)].sort(),
        })),
      );
    }
  }
  return compared;
}

const CENTURIES = ["19", "20", undefined] as const;

/** In how many parts a text comes is each engine's own. */
async function joinedOf(generation: Generation, search: Search) {
  const joined = await generation.joinedPersonVOs([search], SEPARATORS, MORE_THAN_THERE_ARE);
  return joined && { ...joined, oneByteTexts: joined.oneByteTexts.join("") };
}

/** Two digits of a year of birth: every person, in portions. */
const DIGITS = Array.from({ length: 100 }, (_, year) => String(year).padStart(2, "0"));

/** Fields in one order, since engines give them in different ones; bytes as they are. */
function textOf(answer: unknown): string {
  return JSON.stringify(answer, (_, value: unknown) => {
    if (isBytes(value)) return Buffer.from(value.data).toString("latin1");
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** As a Buffer writes itself to JSON, before it is asked here. */
function isBytes(value: unknown): value is { readonly data: readonly number[] } {
  return typeof value === "object" && value !== null && (value as { type?: unknown }).type === "Buffer";
}
