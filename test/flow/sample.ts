import { readFileSync } from "node:fs";
import { children, parseExport, type SampleNode, text } from "../sample/reading.js";
import { SAMPLE_EXPORT } from "../support/service.js";

/**
 * The sample export read by itself, without the mapping: what the flow's answers are held against. It reads no more
 * than those parts that say plainly who somebody is and what they learn; the rest is documented in data/README.md.
 */
export interface Sample {
  /** The register's id of the person with that number (10 characters, as `pnr`). */
  idOf(pnr: string): string | undefined;
  surname(id: string): string;
  firstName(id: string): string;
  pnr(id: string): string;
  email(id: string): string | undefined;
  /** Active learners of a group: role 01 with status 1, renamed persons under their new id. */
  learners(group: string): string[];
}

export function readSample(): Sample {
  const root = parseExport(readFileSync(SAMPLE_EXPORT, "utf8"));
  const records = children(root, "person");
  const persons = new Map(records.map((person) => [firstId(person), person] as const));
  const renamed = new Map(
    records.flatMap((person) => idsOf(person).map((id) => [id, firstId(person)] as const)),
  );
  const byPnr = new Map([...persons.keys()].map((id) => [pnrOf(persons, id), id] as const));
  return {
    idOf: (pnr) => byPnr.get(pnr),
    surname: (id) => namesOf(personOf(persons, id))[0],
    firstName: (id) => namesOf(personOf(persons, id))[1],
    pnr: (id) => pnrOf(persons, id),
    email: (id) => text(personOf(persons, id), "email"),
    learners: (group) => learnersOf(root, group).map((id) => renamed.get(id) ?? id),
  };
}

/** E0001, E0002 … of the sample, both ends included. */
export function studentIds(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, at) => `E${String(first + at).padStart(4, "0")}`);
}

function learnersOf(root: SampleNode, group: string): string[] {
  return children(root, "membership")
    .filter((membership) => text(membership, "sourcedid", "id") === group)
    .flatMap((membership) => children(membership, "member"))
    .filter((member) => children(member, "role").some(isActiveLearner))
    .map(firstId);
}

function isActiveLearner(role: SampleNode): boolean {
  return role.attributes.roletype === "01" && text(role, "status") === "1";
}

function personOf(persons: ReadonlyMap<string, SampleNode>, id: string): SampleNode {
  const person = persons.get(id);
  if (person === undefined) throw new Error(`the sample has no person ${id}`);
  return person;
}

/** Surname and first name; E0027 has them only in `sort`, E0028 only in `fn`. */
function namesOf(person: SampleNode): [surname: string, firstName: string] {
  const family = text(person, "name", "n", "family");
  if (family !== undefined) return [family, text(person, "name", "n", "given") ?? ""];
  const [surname, firstName = ""] = (text(person, "name", "sort") ?? "").split(", ");
  if (surname) return [surname, firstName];
  const words = (text(person, "name", "fn") ?? "").split(" ");
  return [words.at(-1) ?? "", words.slice(0, -1).join(" ")];
}

/** A number's last ten characters, where the sample keeps it: userid, a second sourcedid (E0015), extension (E0016). */
function pnrOf(persons: ReadonlyMap<string, SampleNode>, id: string): string {
  const person = personOf(persons, id);
  const places = [
    ...children(person, "userid").flatMap(({ attributes, text: number }) =>
      attributes.useridtype === "login" ? [] : [number],
    ),
    ...idsOf(person).filter((other) => /^\d{8}-?\d{4}$/.test(other)),
    text(person, "extension", "personnummer") ?? "",
  ];
  return (places.find((place) => place !== "") ?? "").replaceAll(/[-+]/g, "").slice(-10);
}

function idsOf(record: SampleNode): string[] {
  return children(record, "sourcedid").map((sourcedid) => text(sourcedid, "id") ?? "");
}

function firstId(record: SampleNode): string {
  return idsOf(record)[0] ?? "";
}
