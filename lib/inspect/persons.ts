import { compareText } from "../domain/collation.js";
import type { ImsPerson } from "../ims/records.js";
import type { MappingSettings } from "../mapping/api.js";
import { extensionElements } from "../mapping/extension.js";
import { personData } from "../mapping/person.js";
import { type IdentityForm, identityForm, isCorrectNumber, isNumberForm } from "./identity.js";
import { countElements, countIds, textElements } from "./parts.js";
import type { PersonsProfile } from "./profile.js";
import { shownValue } from "./shown.js";
import { createCounter, createVocabularyCounter } from "./tally.js";

/** A useridtype, with what its values look like: evidence for `mapping.personnummerUseridTypes`. */
export interface UseridType {
  readonly type: string | undefined;
  readonly isRead: boolean;
  readonly count: number;
  /** Values with the form of an identity number. */
  readonly numbers: number;
}

export interface PersonsCounter {
  add(person: ImsPerson): void;
  profile(): PersonsProfile;
  useridTypes(): readonly UseridType[];
}

/** Places of identity numbers that are told apart. */
const MAX_PLACES_OF_NUMBERS = 50;
const MARKS_OF_PROTECTED = ["sekretess", "skyddad"];
/** As the service judges an address (contract section 1, Behaviour 4). */
const EMAIL_FORM = /^[^\s@]+@[^\s@]+$/;

/** `today`: ÅÅÅÅ-MM-DD, by which ten digits get their century. */
export function countPersons(mapping: MappingSettings, today: () => string): PersonsCounter {
  const ids = countIds();
  const recstatus = createVocabularyCounter();
  const numbers = countNumbers(today);
  const institutionRoles = createVocabularyCounter();
  const names = createCounter();
  const telephones = createVocabularyCounter();
  const addresses = createCounter((parts) => parts);
  const marks = createCounter();
  const extension = createCounter();
  const personnummer = { correct: 0, incorrect: 0, none: 0 };
  const email = { present: 0, wrongForm: 0 };
  let withoutUserid = 0;
  let withTelephone = 0;
  let isProtected = 0;

  const nobody = new Set<string>();
  const readTypes = new Set(mapping.personnummerUseridTypes.map((type) => type.toLowerCase()));
  const isReadType = (type: string | undefined) => type !== undefined && readTypes.has(type.toLowerCase());

  return {
    add(person) {
      ids.add(person.sourcedIds);
      recstatus.add(person.recstatus);
      for (const { id } of person.sourcedIds) numbers.add("sourcedid", undefined, id);
      for (const { type, value } of person.userIds) numbers.add("userid", type, value);
      for (const { name, text } of textElements(person.extension)) {
        if (isNumberForm(identityForm(text)) || name === "personnummer") numbers.add("extension", name, text);
      }
      if (person.userIds.length === 0) withoutUserid += 1;
      countOrNone(institutionRoles, person.institutionRoles);
      names.add(nameParts(person));
      if (person.email !== undefined) {
        email.present += 1;
        if (!EMAIL_FORM.test(person.email)) email.wrongForm += 1;
      }
      if (person.telephones.length > 0) withTelephone += 1;
      for (const { type } of person.telephones) telephones.add(type);
      addresses.add(addressParts(person));
      for (const mark of MARKS_OF_PROTECTED) {
        if (!extensionElements(person.extension, mark).next().done) marks.add(mark);
      }
      countElements(extension, person.extension);
      const data = personData(person, mapping, nobody);
      if (data.protected) isProtected += 1;
      if (data.personnummer === undefined) personnummer.none += 1;
      else personnummer[isCorrectNumber(data.personnummer, today()) ? "correct" : "incorrect"] += 1;
    },
    useridTypes: () => numbers.useridTypes(isReadType),
    profile: () => ({
      ids: ids.profile(),
      recstatus: recstatus.tally(),
      identityNumbers: numbers.profile(isReadType),
      withoutUserid,
      personnummer,
      institutionRoles: institutionRoles.tally(),
      names: names.tally(),
      email,
      telephones: telephones.tally(),
      withTelephone,
      addresses: addresses.tally(),
      protected: { count: isProtected, marks: marks.tally() },
      extensionElements: extension.tally(),
    }),
  };
}

function countOrNone(counter: { add(value: string | undefined): void }, values: readonly string[]): void {
  if (values.length === 0) counter.add(undefined);
  for (const value of values) counter.add(value);
}

function nameParts({ name }: ImsPerson): string | undefined {
  if (name === undefined) return undefined;
  const { family, given, sort, fn } = name;
  return partsInWords(["n/family", "n/given", "sort", "fn"], family, given, sort, fn);
}

function addressParts({ address }: ImsPerson): string | undefined {
  if (address === undefined) return undefined;
  const { streets, extadd, pcode, locality, country } = address;
  const names = ["street", "extadd", "pcode", "locality", "country"];
  return partsInWords(names, streets[0], extadd, pcode, locality, country);
}

/** Which of the parts are there: `fn`, `sort + fn`. */
function partsInWords(
  names: readonly string[],
  ...parts: readonly (string | undefined)[]
): string | undefined {
  let words = "";
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] !== undefined) words += words === "" ? names[i] : ` + ${names[i]}`;
  }
  return words === "" ? undefined : words;
}

type Where = "userid" | "sourcedid" | "extension";

interface Numbers {
  readonly where: Where;
  readonly name: string | undefined;
  count: number;
  correct: number;
  readonly forms: Map<IdentityForm, number>;
}

function countNumbers(today: () => string) {
  const found = new Map<string, Numbers>();
  return {
    add(where: Where, name: string | undefined, value: string): void {
      const key = `${where} ${name?.toLowerCase() ?? ""}`;
      let numbers = found.get(key);
      if (numbers === undefined) {
        if (found.size === MAX_PLACES_OF_NUMBERS) return;
        numbers = { where, name, count: 0, correct: 0, forms: new Map() };
        found.set(key, numbers);
      }
      const form = identityForm(value);
      numbers.count += 1;
      numbers.forms.set(form, (numbers.forms.get(form) ?? 0) + 1);
      if (isNumberForm(form) && isCorrectNumber(value, today())) numbers.correct += 1;
    },
    useridTypes: (isReadType: (type: string | undefined) => boolean): UseridType[] =>
      [...found.values()]
        .filter(({ where }) => where === "userid")
        .map(({ name, count, forms }) => ({
          type: name,
          isRead: isReadType(name),
          count,
          numbers: [...forms].reduce((sum, [form, n]) => sum + (isNumberForm(form) ? n : 0), 0),
        })),
    profile: (isReadType: (type: string | undefined) => boolean): PersonsProfile["identityNumbers"] =>
      [...found.values()].map(({ where, name, count, correct, forms }) => ({
        where: placeInWords(where, name),
        isRead:
          where === "userid"
            ? isReadType(name)
            : where === "sourcedid" || name?.toLowerCase() === "personnummer",
        count,
        correct,
        forms: [...forms]
          .map(([form, number]) => ({ form, count: number }))
          .sort((a, b) => b.count - a.count || compareText(a.form, b.form)),
      })),
  };
}

function placeInWords(where: Where, name: string | undefined): string {
  if (where === "sourcedid") return where;
  if (where === "extension") return `extension/${shownValue(name ?? "")}`;
  return name === undefined ? "userid without useridtype" : `userid ${shownValue(name)}`;
}
