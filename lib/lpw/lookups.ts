import type { Generation, HeldField, MaybePromise } from "../store/queries.js";

/**
 * One call's view of one generation. Each question is put to the store once: a call may send the same course in
 * hundreds of occasions.
 */
export interface Lookups extends Omit<Generation, "number" | "close"> {
  /** Stands for the generation: what is made of nothing else may be kept by it, and goes when it goes. */
  readonly load: object;
}

export function lookupsIn(generation: Generation): Lookups {
  return new CallLookups(generation);
}

/** A class, since every call has one: functions and maps for each question would be made anew for each call. */
class CallLookups implements Lookups {
  readonly #generation: Generation;
  #answers: Map<string, MaybePromise<unknown>> | undefined;

  constructor(generation: Generation) {
    this.#generation = generation;
  }

  get load() {
    return this.#generation;
  }

  kursByKod(kurskey: string) {
    return this.#once(`kurs\u0000${kurskey}`, () => this.#generation.kursByKod(kurskey));
  }

  ktill2(kurskey: string, starttermin: string | undefined) {
    return this.#once(`ktill2\u0000${kurskey}\u0000${starttermin ?? ""}`, () =>
      this.#generation.ktill2(kurskey, starttermin),
    );
  }

  ktfort2(kurskey: string, kalendertermin: string | undefined, starttermin: string | undefined) {
    const question = `ktfort2\u0000${kurskey}\u0000${kalendertermin ?? ""}\u0000${starttermin ?? ""}`;
    return this.#once(question, () => this.#generation.ktfort2(kurskey, kalendertermin, starttermin));
  }

  progplk(kurskey: string, starttermin: string) {
    return this.#once(`progplk\u0000${kurskey}\u0000${starttermin}`, () =>
      this.#generation.progplk(kurskey, starttermin),
    );
  }

  ktillp(kurskey: string, kalendertermin: string) {
    return this.#once(`ktillp\u0000${kurskey}\u0000${kalendertermin}`, () =>
      this.#generation.ktillp(kurskey, kalendertermin),
    );
  }

  holdsValue(field: HeldField, value: string) {
    return this.#once(`held\u0000${field}\u0000${value}`, () => this.#generation.holdsValue(field, value));
  }

  kursOfInstitution(...question: Parameters<Generation["kursOfInstitution"]>) {
    return this.#generation.kursOfInstitution(...question);
  }

  participants(...question: Parameters<Generation["participants"]>) {
    return this.#generation.participants(...question);
  }

  countRegistrations(...question: Parameters<Generation["countRegistrations"]>) {
    return this.#generation.countRegistrations(...question);
  }

  joinedPersonVOs(...question: Parameters<Generation["joinedPersonVOs"]>) {
    return this.#generation.joinedPersonVOs(...question);
  }

  contacts(...question: Parameters<Generation["contacts"]>) {
    return this.#generation.contacts(...question);
  }

  institutions() {
    return this.#generation.institutions();
  }

  places() {
    return this.#generation.places();
  }

  persons(...question: Parameters<Generation["persons"]>) {
    return this.#generation.persons(...question);
  }

  /** No value is empty and XML carries no U+0000, so that joined values tell apart all questions. */
  #once<Answer>(question: string, ask: () => MaybePromise<Answer>): MaybePromise<Answer> {
    this.#answers ??= new Map();
    const known = this.#answers.get(question);
    if (known !== undefined) return known as MaybePromise<Answer>;
    const answer = ask();
    this.#answers.set(question, answer);
    return answer;
  }
}
