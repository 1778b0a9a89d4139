/**
 * Ladok's tables as rows (contract section 2): what the mapping gives and the store keeps.
 * Half-years are `ÅÅÅÅT` strings ("20091"), weeks ISO `ÅÅÅÅVV`, dates `ÅÅÅÅ-MM-DD`; codes are strings, never numbers.
 */
export type Registreringstyp = "FFG" | "FO" | "OM";

/** A school of the export as an institution. Several schools may share a code: one row then, the first name. */
export interface InstitutionRow {
  readonly kod: string;
  readonly benamning?: string;
}

/** KURS: one row per course code and institution. */
export interface KursRow {
  readonly kurskod: string;
  readonly inst: string;
  readonly benamning?: string;
  readonly engBenamning?: string;
  readonly poang?: string;
  readonly nedlagd?: string;
}

/** KTILL2: an occasion of a course with the half-year in which it (or an FFG registration in it) begins. */
export interface Ktill2Row {
  /** Number within the generation, from 1: what registrations point at. */
  readonly id: number;
  /** The register's id of the occasion group. */
  readonly occasionId: string;
  readonly kurskod: string;
  readonly starttermin: string;
  readonly kurstakt?: string;
  readonly kurstid?: string;
  readonly undform?: string;
  readonly kursomg?: string;
  readonly kurstyp?: string;
  readonly poang?: string;
  readonly anmkod: string;
  readonly begin: string;
  readonly end: string;
  readonly startvecka: string;
  readonly slutvecka: string;
  readonly ort?: string;
  /** Codes of the institutions that give the occasion: those whose callers may see it. */
  readonly institutions: readonly string[];
}

/** KTFORT2: a later half-year in which a KTILL2 row runs. */
export interface Ktfort2Row {
  readonly ktill: number;
  readonly termin: string;
  /** 2, 3, … counted from the start term. */
  readonly termordn: number;
}

export interface OrtRow {
  readonly kod: string;
  readonly benamn?: string;
}

/** A programme group: the program and programinriktning of PROGPLK, KTILLP and registrations. */
export interface ProgramRow {
  readonly id: number;
  readonly groupId: string;
  readonly program: string;
  readonly programinriktning?: string;
}

/** PROGPLK: a course of a programme in the half-year of a KTILL2 row (FFG). */
export interface ProgplkRow {
  readonly program: number;
  readonly ktill: number;
  /** termordningkurs, "1" when the export says nothing. */
  readonly termordn: string;
}

/** KTILLP: the same for a KTFORT2 row (FORT). */
export interface KtillpRow extends ProgplkRow {
  readonly termin: string;
}

/** One row of FFGKURS, FORTKURS or OMKURS for one person. */
export interface Registration {
  readonly typ: Registreringstyp;
  /** The occasion row: for FFG and FO the KTILL2 row with the registration's start term; for OM a KTILL2 row of the occasion. */
  readonly ktill: number;
  readonly kurskod: string;
  /** FFG: start term. FO: calendar term. OM: the term of the re-registration. */
  readonly termin: string;
  /** Programmes (ProgramRow.id) through which the person reads the course, lowest id first. */
  readonly programmes: readonly number[];
}

/** NAMN, ADRESS and TELEKOM of one person, before encoding. */
export interface PersonData {
  /** The register's own id (the first sourcedid): the key. */
  readonly id: string;
  /** Every sourcedid/id that leads to the person, `id` among them. */
  readonly aliases: readonly string[];
  /** Identity number as received, trimmed; absent when the register has none. */
  readonly personnummer?: string;
  readonly efternamn?: string;
  readonly fornamn?: string;
  readonly email?: string;
  readonly tel?: string;
  readonly sms?: string;
  readonly folkbokforing?: Adress;
  readonly tillfallig?: Adress & { readonly fromdat?: string; readonly tomdat?: string };
  readonly protected: boolean;
  /** The institutionrole says staff (Faculty, Staff, Administrator, Instructor, Mentor…) and none says student. */
  readonly staff: boolean;
  /** Some institutionrole says student: outweighs staff when the person's records are merged. Not stored. */
  readonly student?: boolean;
}

export interface Adress {
  readonly gatadr?: string;
  readonly coadr?: string;
  readonly postnr?: string;
  readonly ort?: string;
  readonly land?: string;
}

export interface LadokTables {
  readonly institutions: readonly InstitutionRow[];
  readonly kurs: readonly KursRow[];
  readonly ktill2: readonly Ktill2Row[];
  readonly ktfort2: readonly Ktfort2Row[];
  readonly ort: readonly OrtRow[];
  readonly programs: readonly ProgramRow[];
  readonly progplk: readonly ProgplkRow[];
  readonly ktillp: readonly KtillpRow[];
}
