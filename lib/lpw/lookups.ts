import type { Generation, HeldField, MaybePromise } from "../store/queries.js";

/**
 * One call's view of one generation. Each question is put to the store once: a call may send the same course in
 * hundreds of occasions.
 */
export type Lookups = Omit<Generation, "number" | "close">;

export function lookupsIn(generation: Generation): Lookups {
  return {
    kursOfInstitution: (institutionKey, termin) => generation.kursOfInstitution(institutionKey, termin),
    kursByKod: once((kurskey) => generation.kursByKod(kurskey)),
    ktill2: once((kurskey, starttermin) => generation.ktill2(kurskey, starttermin)),
    ktfort2: once((kurskey, kalendertermin, starttermin) =>
      generation.ktfort2(kurskey, kalendertermin, starttermin),
    ),
    progplk: once((kurskey, starttermin) => generation.progplk(kurskey, starttermin)),
    ktillp: once((kurskey, kalendertermin) => generation.ktillp(kurskey, kalendertermin)),
    participants: (searches, email) => generation.participants(searches, email),
    countRegistrations: (searches, most) => generation.countRegistrations(searches, most),
    joinedPersonVOs: (search, separator, most, email) =>
      generation.joinedPersonVOs(search, separator, most, email),
    institutions: () => generation.institutions(),
    places: () => generation.places(),
    persons: (pnr, sekel) => generation.persons(pnr, sekel),
    holdsValue: once((field: HeldField, value: string) => generation.holdsValue(field, value)),
  };
}

/** No value is empty and XML carries no U+0000, so that joined values tell apart all questions. */
function once<Question extends readonly (string | undefined)[], Answer>(
  ask: (...question: Question) => MaybePromise<Answer>,
): (...question: Question) => MaybePromise<Answer> {
  const answers = new Map<string, MaybePromise<Answer>>();
  return (...question) => {
    const key = question.join("\u0000");
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = ask(...question);
    answers.set(key, answer);
    return answer;
  };
}
