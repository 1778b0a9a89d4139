import { codeKey } from "../domain/codes.js";
import { hasPersonnummerForm } from "../domain/personnummer.js";
import { readDate } from "../domain/terms.js";
import type { ImsElement, ImsPerson } from "../ims/records.js";
import type { MappingSettings } from "./api.js";
import { present } from "./collections.js";
import { extensionElements, extensionText } from "./extension.js";
import type { Adress, PersonData } from "./rows.js";

/**
 * NAMN, ADRESS and TELEKOM of one person record (contract section 5). Of a protected person address, phone and e-mail
 * are not even read. `protectedIds`: what `protectedFile` lists.
 */
export function personData(
  record: ImsPerson,
  settings: MappingSettings,
  protectedIds: ReadonlySet<string>,
): PersonData {
  const aliases = aliasesOf(record);
  const { staff, student } = institutionRoleOf(record);
  const person: Writable<PersonData> = {
    id: aliases[0] ?? "",
    aliases,
    protected: saysProtected(record) || aliases.some((id) => protectedIds.has(id)),
    staff,
    student,
  };
  // Field by field, not spread: this is done for every person of the register.
  const personnummer = personnummerOf(record, settings);
  const { efternamn, fornamn } = nameOf(record);
  if (personnummer !== undefined) person.personnummer = personnummer;
  if (efternamn !== undefined) person.efternamn = efternamn;
  if (fornamn !== undefined) person.fornamn = fornamn;
  if (person.protected) return person;
  const { email, tel, sms, folkbokforing, tillfallig } = contactsOf(record);
  if (email !== undefined) person.email = email;
  if (tel !== undefined) person.tel = tel;
  if (sms !== undefined) person.sms = sms;
  if (folkbokforing !== undefined) person.folkbokforing = folkbokforing;
  if (tillfallig !== undefined) person.tillfallig = tillfallig;
  return person;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function aliasesOf({ sourcedIds }: ImsPerson): readonly string[] {
  const [only] = sourcedIds;
  if (only !== undefined && sourcedIds.length === 1) return [only.id];
  return [...new Set(sourcedIds.map(({ id }) => id))];
}

/** Fields of a person of which the first record's value wins. An address is one field: halves of two are nobody's. */
const mergedFields = [
  "personnummer",
  "efternamn",
  "fornamn",
  "email",
  "tel",
  "sms",
  "folkbokforing",
  "tillfallig",
] as const satisfies readonly (keyof PersonData)[];

type MergedField = (typeof mergedFields)[number];

/**
 * Two records of one person as one: the first value per field wins, every id of both leads to the person, protected
 * if either is (and then without address, phone and e-mail). `conflicts` names the fields whose values differ.
 */
export function mergePersons(
  first: PersonData,
  second: PersonData,
): { merged: PersonData; conflicts: readonly MergedField[] } {
  const student = first.student === true || second.student === true;
  const merged: PersonData = {
    ...second,
    ...first,
    aliases: [...new Set([...first.aliases, ...second.aliases])],
    protected: first.protected || second.protected,
    staff: (first.staff || second.staff) && !student,
    student,
  };
  const conflicts = mergedFields.filter((field) => differ(field, first[field], second[field]));
  return { merged: merged.protected ? withoutContacts(merged) : merged, conflicts };
}

/** What is kept of a protected person; named field by field, so that a field to come is not kept by mistake. */
export function withoutContacts(person: PersonData): PersonData {
  const { id, aliases, personnummer, efternamn, fornamn, staff, student } = person;
  return { id, aliases, ...present({ personnummer, efternamn, fornamn, student }), protected: true, staff };
}

function differ(
  field: MergedField,
  first: PersonData[MergedField],
  second: PersonData[MergedField],
): boolean {
  if (first === undefined || second === undefined) return false;
  if (typeof first !== "string" || typeof second !== "string") return !isSameAddress(first, second);
  if (field === "personnummer") return comparablePersonnummer(first) !== comparablePersonnummer(second);
  return field === "email" ? codeKey(first) !== codeKey(second) : first !== second;
}

function isSameAddress(first: PersonData[MergedField], second: PersonData[MergedField]): boolean {
  const inOrder = (value: PersonData[MergedField]) => JSON.stringify(Object.entries(value ?? {}).sort());
  return inOrder(first) === inOrder(second);
}

/** With and without century or separator a number is the same. */
function comparablePersonnummer(received: string): string {
  return hasPersonnummerForm(received) ? codeKey(received).replace(/[-+]/, "").slice(-10) : codeKey(received);
}

function personnummerOf(record: ImsPerson, settings: MappingSettings): string | undefined {
  const carriesPersonnummer = (type: string | undefined) =>
    settings.personnummerUseridTypes.some((carrying) => carrying.toLowerCase() === type?.toLowerCase());
  return (
    record.userIds.find(({ type }) => carriesPersonnummer(type))?.value ??
    record.sourcedIds.find(({ id }) => hasPersonnummerForm(id))?.id ??
    extensionText(record.extension, "personnummer")
  );
}

type Name = Pick<PersonData, "efternamn" | "fornamn">;

/** n/family and n/given; what is missing from sort, "Efternamn, Förnamn", else from fn, whose last word is the surname. */
function nameOf(record: ImsPerson): Optional<Name> {
  const { fn, sort, family, given } = record.name ?? {};
  if (family !== undefined && given !== undefined) return { efternamn: family, fornamn: given };
  const sorted = sort === undefined ? {} : nameOfSort(sort);
  const formatted = fn === undefined ? {} : nameOfFn(fn);
  return {
    efternamn: family ?? sorted.efternamn ?? formatted.efternamn,
    fornamn: given ?? sorted.fornamn ?? formatted.fornamn,
  };
}

function nameOfSort(sort: string): Optional<Name> {
  const comma = sort.indexOf(",");
  if (comma < 0) return {};
  return { efternamn: text(sort.slice(0, comma)), fornamn: text(sort.slice(comma + 1)) };
}

function nameOfFn(fn: string): Optional<Name> {
  const words = fn.split(/\s+/);
  return { efternamn: text(words.at(-1)), fornamn: text(words.slice(0, -1).join(" ")) };
}

type Contacts = Pick<PersonData, "email" | "tel" | "sms" | "folkbokforing" | "tillfallig">;

/** IMS Enterprise 1.1, tel/@teltype; a telephone of no type is taken for an ordinary one. */
const VOICE = /^(?:0?1|voice)$/i;
const MOBILE = /^(?:0?3|mobile)$/i;

function contactsOf(record: ImsPerson): Optional<Contacts> {
  const telephone = (type: RegExp) => record.telephones.find((tel) => type.test(tel.type ?? "voice"))?.value;
  return {
    email: record.email,
    tel: telephone(VOICE),
    sms: telephone(MOBILE),
    folkbokforing: record.address === undefined ? undefined : adressOf(record.address),
    tillfallig: temporaryAdressOf(record.extension),
  };
}

function adressOf(address: NonNullable<ImsPerson["address"]>): Adress | undefined {
  const adress: Adress = present({
    gatadr: text(address.streets.join(", ")),
    coadr: address.extadd,
    postnr: address.pcode,
    ort: address.locality,
    land: address.country,
  });
  return Object.keys(adress).length > 0 ? adress : undefined;
}

/** extension/adr with adrtyp 2 (T04: Tidsbegränsad adress), its timeframe within it. */
function temporaryAdressOf(extension: readonly ImsElement[]): PersonData["tillfallig"] | undefined {
  const TEMPORARY = "2";
  for (const adr of extensionElements(extension, "adr")) {
    if (adr.attributes.adrtyp !== TEMPORARY) continue;
    const child = (name: string) => extensionText(adr.children, name);
    const adress = adressOf({
      streets: [...extensionElements(adr.children, "street")].flatMap((street) => street.text ?? []),
      ...present({
        extadd: child("extadd"),
        pcode: child("pcode"),
        locality: child("locality"),
        country: child("country"),
      }),
    });
    if (adress === undefined) continue;
    const date = (name: string) => {
      const written = child(name);
      return written === undefined ? undefined : readDate(written);
    };
    return { ...adress, ...present({ fromdat: date("begin"), tomdat: date("end") }) };
  }
  return undefined;
}

/** What says that a person is not protected; anything else, an empty element too, says the opposite. */
const NOT_PROTECTED = new Set(["FALSE", "0", "NEJ", "N", "NO"]);

function saysProtected(record: ImsPerson): boolean {
  if (record.extension.length === 0) return false;
  return ["sekretess", "skyddad"].some((name) =>
    [...extensionElements(record.extension, name)].some(
      (element) => !NOT_PROTECTED.has(codeKey(element.text ?? "")),
    ),
  );
}

/** IMS Enterprise 1.1, institutionroletype, and how Swedish registers write the same. */
const STAFF_ROLE =
  /^(?:faculty|staff|administrator|instructor|mentor|teacher|manager|teaching ?assistant|content ?developer|lärare|personal|rektor|administratör)$/iu;
const STUDENT_ROLE = /^(?:student|learner|prospective ?student|elev|studerande)$/iu;

function institutionRoleOf(record: ImsPerson): { readonly staff: boolean; readonly student: boolean } {
  const student = record.institutionRoles.some((role) => STUDENT_ROLE.test(role));
  return { staff: !student && record.institutionRoles.some((role) => STAFF_ROLE.test(role)), student };
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

function text(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === "" ? undefined : trimmed;
}
