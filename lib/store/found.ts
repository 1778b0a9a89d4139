/** What the generations of either engine do with what they have found. */
import { codeKey, numberKey } from "../domain/codes.js";
import { compareSwedish } from "../domain/collation.js";
import type { Contact, HeldField, MaybePromise, Participant, Search } from "./queries.js";

/** Answers of one question about courses that a generation keeps: more than a portal asks for, little in memory. */
const MAX_REMEMBERED = 2_000;

/** Above every character of a personnummer in the store. */
export const AFTER_PERSONNUMMER = "~";

/** Fields that compare as numbers (contract section 1, Formats). */
const NUMERIC_FIELDS: ReadonlySet<HeldField> = new Set(["Kurstakt", "Termordning", "termordningkurs"]);

/** What a value of a field is compared by, in the check that it can be sent back. */
export function heldValueKey(field: HeldField, value: string): string {
  return NUMERIC_FIELDS.has(field) ? numberKey(value) : codeKey(value);
}

/** A registration's person as the participants' query gives it: id, bytes, invalid number [, e-mail, no e-mail]. */
export type PersonRow = [number, Buffer, string | null, string | null, string | null];

const KIND_ORDER = { FFG: 0, FO: 1, OM: 2 } as const;

/** In the order in which the kinds of registrations count. */
export function byKind(searches: readonly Search[]): readonly Search[] {
  if (searches.length <= 1) return searches;
  return [...searches].sort((a, b) => KIND_ORDER[a.typ] - KIND_ORDER[b.typ]);
}

/** Each person once, in list order, with the first kind that it was found by. `found`: by kind, as `byKind` orders them. */
export function participantsOf(
  found: readonly { readonly typ: Search["typ"]; readonly rows: readonly PersonRow[] }[],
): readonly Participant[] {
  const [only, second] = found;
  if (!only) return [];
  // One occasion, the usual call: the index has its persons once and in order already.
  if (!second && only.typ !== "OM") return only.rows.map((row) => toParticipant(only.typ, row));
  const byPerson = new Map<number, Participant>();
  for (const { typ, rows } of found) {
    for (const row of rows) if (!byPerson.has(row[0])) byPerson.set(row[0], toParticipant(typ, row));
  }
  return [...byPerson].sort((a, b) => a[0] - b[0]).map(([, participant]) => participant);
}

/** A person's id and contact. */
export type ContactRow = [person: number, email: string | null, noEmail: string | null];

/** Each person's once, in list order. `found`: of each search. */
export function contactsOf(found: readonly (readonly ContactRow[])[]): readonly Contact[] {
  const byPerson = new Map<number, Contact>();
  for (const rows of found) {
    for (const [person, email, noEmail] of rows) byPerson.set(person, { email, noEmail });
  }
  return [...byPerson].sort((a, b) => a[0] - b[0]).map(([, contact]) => contact);
}

function toParticipant(regtyp: Participant["regtyp"], row: PersonRow): Participant {
  return {
    regtyp,
    personVO: row[1],
    invalidPersonnummer: row[2],
    email: row[3] ?? null,
    noEmail: row[4] ?? null,
  };
}

export function byKod<Row extends { readonly kod: string }>(rows: Row[]): Row[] {
  return rows.sort((a, b) => compareSwedish(a.kod, b.kod));
}

/**
 * Courses and occasions are few and asked for in every call, and a generation never changes: so what was found is kept.
 * What was not found is not, since a stranger may ask for anything.
 */
export function remember<Question extends readonly (string | undefined)[], Row>(
  ask: (...question: Question) => MaybePromise<readonly Row[]>,
): (...question: Question) => MaybePromise<readonly Row[]> {
  const answers = new Map<string, readonly Row[]>();
  const keep = (key: string, rows: readonly Row[]): readonly Row[] => {
    if (rows.length > 0) {
      if (answers.size >= MAX_REMEMBERED) answers.clear();
      answers.set(key, rows);
    }
    return rows;
  };
  return (...question) => {
    const key = question.join("\u0000");
    const known = answers.get(key);
    if (known) return known;
    const rows = ask(...question);
    return rows instanceof Promise ? rows.then((found) => keep(key, found)) : keep(key, rows);
  };
}
