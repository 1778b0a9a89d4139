import { codeKey } from "../domain/codes.js";
import { compareText } from "../domain/collation.js";
import type { Termin } from "../domain/terms.js";
import { AdresslistaError } from "../errors.js";
import type { CodeRegister, Report } from "./api.js";

/** What an Anmkod is given to: one occasion of one course. */
export interface AnmkodBearer {
  readonly occasionId: string;
  /** Every id that leads to the occasion. */
  readonly occasionIds: readonly string[];
  readonly kurskod: string;
  readonly begin: string;
  /** Start terms of its KTILL2 rows. */
  readonly starttermer: readonly Termin[];
  /** What the register says. */
  readonly explicit?: string;
  /** Carried over from an earlier load: a code that it was given then goes before what the register said. */
  readonly isCarried: boolean;
}

/**
 * Gives each bearer its Anmkod (contract section 5, KTILL2). An explicit one that would stand twice in a start term
 * stays with the first by occasion id, then Kurskod; the others are reported and get a generated one like those without.
 * Generated ones are handed out in order of begin, then id, are kept in the register for ever, and are unique over all
 * terms and courses: no explicit one may be the same.
 */
export function assignAnmkoder<B extends AnmkodBearer>(
  bearers: readonly B[],
  register: CodeRegister["anmkod"],
  report: Report,
): { readonly anmkodOf: ReadonlyMap<B, string>; readonly newCodes: ReadonlyMap<string, string> } {
  const kept = keptCodes(register);
  const anmkodOf = new Map<B, string>();
  const explicitByTermin = new Set<string>();
  for (const bearer of [...bearers].sort(byIdAndKurskod)) {
    if (bearer.explicit === undefined || (bearer.isCarried && kept.of(bearer) !== undefined)) continue;
    const places = bearer.starttermer.map((termin) => termin + codeKey(bearer.explicit ?? ""));
    if (places.some((place) => explicitByTermin.has(place)) || kept.isOfAnother(bearer.explicit, bearer)) {
      report("anmkodDuplicate", bearer.occasionId);
      continue;
    }
    for (const place of places) explicitByTermin.add(place);
    anmkodOf.set(bearer, bearer.explicit);
  }
  const everExplicit = new Set(bearers.map(({ explicit }) => codeKey(explicit ?? "")));
  const freeCodes = generatedCodes((code) => everExplicit.has(code) || kept.has(code));
  const newCodes = new Map<string, string>();
  for (const bearer of [...bearers].sort(byBegin)) {
    if (anmkodOf.has(bearer)) continue;
    const keptCode = kept.of(bearer);
    const code = keptCode ?? freeCodes.next().value;
    if (keptCode === undefined) newCodes.set(`${bearer.occasionId}\u0000${bearer.kurskod}`, code);
    anmkodOf.set(bearer, code);
  }
  return { anmkodOf, newCodes };
}

function byIdAndKurskod(a: AnmkodBearer, b: AnmkodBearer): number {
  return compareText(a.occasionId, b.occasionId) || compareText(codeKey(a.kurskod), codeKey(b.kurskod));
}

function byBegin(a: AnmkodBearer, b: AnmkodBearer): number {
  return compareText(a.begin, b.begin) || byIdAndKurskod(a, b);
}

/** The register by keys that neither the case of a Kurskod nor a renamed occasion changes. */
function keptCodes(register: CodeRegister["anmkod"]) {
  const byBearer = new Map<string, string>();
  const bearerOf = new Map<string, string>();
  for (const [key, code] of register) {
    const separator = key.indexOf("\u0000");
    const bearer = bearerKey(key.slice(0, separator), key.slice(separator + 1));
    byBearer.set(bearer, code);
    bearerOf.set(codeKey(code), bearer);
  }
  const keysOf = ({ occasionIds, kurskod }: AnmkodBearer) => occasionIds.map((id) => bearerKey(id, kurskod));
  return {
    has: (code: string) => bearerOf.has(codeKey(code)),
    of: (bearer: AnmkodBearer) =>
      keysOf(bearer)
        .map((key) => byBearer.get(key))
        .find((code) => code !== undefined),
    isOfAnother: (code: string, bearer: AnmkodBearer) => {
      const owner = bearerOf.get(codeKey(code));
      return owner !== undefined && !keysOf(bearer).includes(owner);
    },
  };
}

function bearerKey(occasionId: string, kurskod: string): string {
  return `${occasionId}\u0000${codeKey(kurskod)}`;
}

/** A0001, A0002 … AZZZZ: base 36 after the A, within T04's C(5). */
function* generatedCodes(isTaken: (code: string) => boolean): Generator<string, never> {
  const DIGITS = 4;
  const BASE = 36;
  for (let number = 1; number < BASE ** DIGITS; number++) {
    const code = `A${number.toString(BASE).toUpperCase().padStart(DIGITS, "0")}`;
    if (!isTaken(code)) yield code;
  }
  throw new AdresslistaError("export", "No Anmkod is left to give: all from A0001 to AZZZZ are taken");
}
