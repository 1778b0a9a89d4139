import { callOf, type HostileMessage, T04, T22 } from "../messages.js";

const many = (count: number, make: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => make(at)).join("");

const occasion = (kurskod: string, rest = "") =>
  `<KursTfVO><typ>FFG</typ><Kurskod>${kurskod}</Kurskod><Starttermin>091</Starttermin>${rest}</KursTfVO>`;

const lists = (arg1: string) => () => callOf(T04, { operation: "getAdrLista", arg1: `<arg1>${arg1}</arg1>` });

/** Calls within all limits that ask for as much as one can: they are answered, whatever the answer says. */
export const largeCalls: readonly HostileMessage[] = [
  {
    name: "10 000 occasions of courses that there are not",
    only: T04,
    body: lists(many(10_000, (at) => occasion(`A${at}`))),
    expected: "an answer",
  },
  {
    name: "10 000 times one occasion",
    only: T04,
    body: lists(many(10_000, () => occasion("ALFAKURS1"))),
    expected: "an answer",
  },
  {
    name: "8 000 ways to narrow one occasion",
    only: T04,
    body: lists(many(8_000, (at) => occasion("ALFAKURS1", `<Ortskod>${at}</Ortskod>`))),
    expected: "an answer",
  },
  {
    name: "10 000 times a forbidden occasion",
    only: T04,
    body: lists(many(10_000, () => occasion("BETAKURS1"))),
    expected: { valid: false, key: "auth.forbidden" },
  },
  {
    name: "15 000 occasions of which each is wrong in two ways",
    only: T04,
    body: lists(many(15_000, (at) => `<KursTfVO><typ>FFG</typ><Kurskod>-${at}</Kurskod></KursTfVO>`)),
    expected: "an answer",
  },
  {
    name: "40 000 personnummer",
    only: T22,
    body: () => callOf(T22, { arg1: many(40_000, (at) => `<arg1>${8_001_010_000 + at}</arg1>`) }),
    expected: "an answer",
  },
  {
    name: "an answer asked for in gzip, deflate and all else",
    body: (target) => callOf(target),
    headers: { "Accept-Encoding": `gzip;q=0, ${"deflate, ".repeat(1_000)}*;q=0.1, __proto__` },
    expected: "the plain call's answer",
  },
];
