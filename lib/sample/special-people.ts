/**
 * The students E0001 to E0045 of the showcase: each shows one thing that a register's person can be.
 * `data/README.md` has them as a table.
 */
import {
  type Gender,
  PUBLISHED_SAMORDNINGSNUMMER,
  SAMORDNINGSNUMMER_OVER_100,
  SAMORDNINGSNUMMER_WITHOUT_DAY,
  withWrongCheckDigit,
} from "./identity.js";
import { addressElements, type SampleElement, type SamplePerson } from "./ims-xml.js";
import type { Name } from "./people.js";

export interface SpecialPerson {
  readonly gender?: Gender;
  readonly name?: Name;
  /** Makes the special person of a complete invented one. */
  readonly change?: (invented: SamplePerson) => SamplePerson;
}

/** Numbers of students that the rest of the showcase has to know. */
export const RENAMED = 41;
export const RENAMED_OLD_ID = "1187";
export const REGISTERED_TWICE = 42;
/** Up to here all are members of the occasion that shows them; the next one, E0043, is in no group at all. */
export const LAST_SHOWN = 42;
export const DELETED = 44;

export function specialPerson(number: number): SpecialPerson | undefined {
  return SPECIAL_PEOPLE[number - 1];
}

/** In order of their numbers, from E0001. */
const SPECIAL_PEOPLE: readonly SpecialPerson[] = [
  // 1–16: identity numbers
  { gender: "female", change: (person) => withNumber(person, PUBLISHED_SAMORDNINGSNUMMER.female) },
  { gender: "male", change: (person) => withNumber(person, SAMORDNINGSNUMMER_WITHOUT_DAY) },
  { change: (person) => withNumber(person, "900304T102") },
  { change: (person) => withNumber(person, "910412-TF01") },
  { change: (person) => withNumber(person, "19870203-TF12") },
  { change: (person) => withNumber(person, withWrongCheckDigit(numberOf(person))) },
  { change: (person) => withNumber(person, "19950817") },
  { change: (person) => withNumber(person, "") },
  { change: (person) => withNumber(person, "AB1234567") },
  { gender: "female", change: (person) => withNumber(person, centenarian(SAMORDNINGSNUMMER_OVER_100)) },
  { change: (person) => withNumber(person, hyphened(numberOf(person)).slice(2)) },
  { change: (person) => withNumber(person, hyphened(numberOf(person)), "personnummer") },
  { change: (person) => withNumber(person, numberOf(person), "PNR") },
  { gender: "male", change: (person) => withNumber(person, PUBLISHED_SAMORDNINGSNUMMER.male, "personNIN") },
  {
    change: (person) => ({
      ...person,
      ids: [...person.ids, { id: numberOf(person), source: "Skatteverket" }],
      userids: [{ type: "login", value: "e0015" }],
    }),
  },
  {
    change: (person) => ({
      ...person,
      userids: [],
      extension: [{ name: "personnummer", content: numberOf(person) }],
    }),
  },
  // 17–22: what is missing or must not be shown
  { change: ({ email: _, ...person }) => person },
  { change: ({ email: _, address: __, ...person }) => ({ ...person, telephones: [] }) },
  { change: (person) => ({ ...person, extension: [{ name: "sekretess", content: "true" }] }) },
  { change: (person) => ({ ...person, extension: [{ name: "skyddad" }] }) },
  { change: (person) => ({ ...person, extension: [{ name: "sekretess", content: "nej" }] }) },
  {
    name: { given: "Kim", family: "Skyddad" },
    change: ({ address: _, ...person }) => ({
      ...withNumber(person, "880101-TF07"),
      telephones: [],
      extension: [{ name: "sekretess", content: "J" }],
    }),
  },
  // 23–26: addresses and e-mail
  { change: (person) => ({ ...person, extension: [temporaryAddress("2026-08-17", "2027-01-15")] }) },
  {
    change: (person) => ({
      ...person,
      address: {
        extadd: "c/o Ek & Son",
        streets: ["Storgata 12", "Oppgang B"],
        locality: "Bringebærvik",
        pcode: "9990",
        country: "Norge",
      },
      extension: [temporaryAddress("2026-10-01")],
    }),
  },
  { change: (person) => ({ ...person, email: "Familjen.Tranlund@example.se" }) },
  { change: (person) => ({ ...person, email: "familjen.tranlund@EXAMPLE.se" }) },
  // 27–40: names
  {
    gender: "female",
    name: { given: "Märta", family: "Älvkvist" },
    change: ({ family: _, given: __, ...person }) => ({ ...person, sort: "Älvkvist, Märta" }),
  },
  {
    gender: "male",
    name: { given: "Carl Gustav", family: "Tallmark" },
    change: ({ family: _, given: __, ...person }) => person,
  },
  // The ring as a character of its own: what some systems export.
  { gender: "male", name: { given: "Pa\u030ar", family: "A\u030akerlind" } },
  { gender: "female", name: { given: "Zoë-Marie", family: "O'Connor" } },
  { gender: "male", name: { given: "Sixten", family: "Sten & Ek" } },
  { gender: "female", name: { given: "Linnéa", family: "Lindén Åkerström" } },
  { gender: "male", name: { given: "José", family: "García Núñez" } },
  { gender: "female", name: { given: "Jürgina", family: "Müller-Ödberg" } },
  { gender: "male", name: { given: "Örjan", family: "Andersson" } },
  { gender: "female", name: { given: "Anna", family: "Andersson" } },
  { gender: "male", name: { given: "Åke", family: "Andersson" } },
  { gender: "female", name: { given: "Vera", family: "Wallin" } },
  { gender: "female", name: { given: "Vera", family: "Vallin" } },
  {
    gender: "female",
    name: { given: "Anna-Karin Elisabeth Margareta", family: "Blåbärslund von Hjortronstierna" },
    change: (person) => ({
      ...person,
      address: {
        streets: ["Gamla Blåbärsskogens koloniområde 117, övre gårdshuset"],
        locality: "Tranbärsby",
        pcode: "993 17",
      },
    }),
  },
  // 41–45: records
  {
    change: (person) => ({
      ...person,
      ids: [
        ...person.ids.map((id) => ({ ...id, type: "New" as const })),
        { id: RENAMED_OLD_ID, type: "Old" as const },
      ],
    }),
  },
  {},
  {},
  { change: (person) => ({ ...person, recstatus: "3" }) },
  { change: (person) => ({ ...person, institutionRoles: ["Student", "Staff"] }) },
];

function numberOf(person: SamplePerson): string {
  return person.userids[0]?.value ?? "";
}

function withNumber(person: SamplePerson, value: string, type = "PID"): SamplePerson {
  return { ...person, userids: [{ type, value }] };
}

function hyphened(twelveDigits: string): string {
  return `${twelveDigits.slice(0, 8)}-${twelveDigits.slice(8)}`;
}

/** Ten digits: from 100 years of age there is a plus sign for the hyphen. */
function centenarian(twelveDigits: string): string {
  return `${twelveDigits.slice(2, 8)}+${twelveDigits.slice(8)}`;
}

function temporaryAddress(begin: string, end?: string): SampleElement {
  const address = {
    extadd: "c/o Hjortronhemmet",
    streets: ["Odonstigen 3"],
    locality: "Odonvik",
    pcode: "992 40",
  };
  const dates = [
    { name: "begin", content: begin },
    ...(end === undefined ? [] : [{ name: "end", content: end }]),
  ];
  return {
    name: "adr",
    attributes: { adrtyp: "2" },
    content: [...addressElements(address), { name: "timeframe", content: dates }],
  };
}
