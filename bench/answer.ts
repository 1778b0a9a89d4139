import { SaxesParser } from "saxes";

/** What an answer to getAdrLista says, whatever stack has written it: by local names, without regard to prefixes. */
export interface ReadAnswer {
  /** Of each person in order: kind and every element with its text, sorted by name. */
  readonly persons: readonly string[];
  readonly valid: string | undefined;
  /** Envelope, Body, getAdrListaResponse, and the namespace of the envelope. */
  readonly frame: readonly string[];
}

/** Throws when the answer is not well-formed. */
export function readAnswer(xml: string): ReadAnswer {
  const persons: string[] = [];
  const frame: string[] = [];
  let valid: string | undefined;
  let path: string[] = [];
  let text = "";
  let regtyp = "";
  let person: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  parser.on("opentag", ({ local, uri, isSelfClosing }) => {
    if (path.length < 3) frame.push(path.length === 1 ? local : `${local} ${uri}`);
    path = [...path, local];
    text = "";
    if (local === "PersonVO") person = [];
    if (isSelfClosing) text = "";
  });
  parser.on("text", (chunk) => {
    text += chunk;
  });
  parser.on("closetag", ({ local }) => {
    path = path.slice(0, -1);
    const parent = path.at(-1);
    if (local === "valid" && parent === "return") valid = text;
    else if (local === "Regtyp") regtyp = text;
    else if (parent === "PersonVO") person.push(`${local}=${text}`);
    else if (local === "PersonVO") persons.push([regtyp, ...person.sort()].join("|"));
    text = "";
  });
  parser.write(xml).close();
  return { persons, valid, frame };
}

/** What is told of a person or a frame that differs would be personal data, were it not invented. */
export function differenceBetween(expected: ReadAnswer, got: ReadAnswer): string | undefined {
  if (got.frame.join() !== expected.frame.join())
    return `${got.frame.join(", ")} instead of ${expected.frame.join(", ")}`;
  if (got.valid !== expected.valid) return `valid is ${got.valid}`;
  if (got.persons.length !== expected.persons.length) {
    return `${got.persons.length} persons instead of ${expected.persons.length}`;
  }
  const place = got.persons.findIndex((person, index) => person !== expected.persons[index]);
  if (place < 0) return undefined;
  return `person ${place + 1} is ${got.persons[place]} instead of ${expected.persons[place]}`;
}
