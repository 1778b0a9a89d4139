/**
 * What the day flow asks of the store, for any engine. One `Generation` is one load: it never changes, so that a call
 * that keeps to one generation never mixes two. Codes are compared by their key (`codeKey` of lib/domain/codes).
 */
export type MaybePromise<T> = T | Promise<T>;

export interface KursFound {
  readonly kurskod: string;
  readonly inst: string;
  readonly benamning: string | null;
  readonly engBenamning: string | null;
  readonly poang: string | null;
  readonly nedlagd: string | null;
}

/** A KTILL2 row (typ FFG: calendar term = start term, termordning "1") or a KTFORT2 row (typ FORT) with its KTILL2 row's fields. */
export interface KurstillfalleFound {
  readonly typ: "FFG" | "FORT";
  readonly ktill: number;
  readonly kurskod: string;
  /** ÅÅÅÅT */
  readonly starttermin: string;
  /** ÅÅÅÅT */
  readonly kalendertermin: string;
  readonly termordning: string;
  readonly kurstakt: string | null;
  readonly kurstid: string | null;
  readonly undform: string | null;
  readonly kursomg: string | null;
  readonly kurstyp: string | null;
  readonly poang: string | null;
  readonly anmkod: string;
  readonly begin: string;
  readonly startvecka: string;
  readonly slutvecka: string;
  readonly ort: string | null;
  readonly ortsbenamn: string | null;
  readonly institutions: readonly string[];
}

/** A PROGPLK row (typ FFG) or KTILLP row (typ FORT). */
export interface TermregFound {
  readonly typ: "FFG" | "FORT";
  /** ProgramRow.id: what participants of a programme are found by. */
  readonly programId: number;
  readonly ktill: number;
  readonly kurskod: string;
  readonly starttermin: string;
  readonly kalendertermin: string;
  readonly program: string;
  readonly programinriktning: string | null;
  readonly termordning: string;
  readonly poang: string | null;
  readonly institutions: readonly string[];
}

/** One set of registrations; the answer of `participants` is the union of several, in the order of their kinds. */
export type Search =
  | { readonly typ: "FFG"; readonly ktill: number; readonly programId?: number }
  | { readonly typ: "FO"; readonly ktill: number; readonly termin: string; readonly programId?: number }
  /** All re-registered on a course in a term; `institutions`: only in occasions of these ("*": any). */
  | {
      readonly typ: "OM";
      readonly kurskey: string;
      readonly termin: string;
      readonly institutions: "*" | readonly string[];
    };

/** Persons in list order: one row each, with the first kind of FFG, FO, OM. */
export interface Participant {
  readonly regtyp: "FFG" | "FO" | "OM";
  /** Finished UTF-8 bytes of the PersonVO element. */
  readonly personVO: Buffer;
  /** The personnummer as the INFO message shows it, when it is incorrect (the person then stands in no list); else null. */
  readonly invalidPersonnummer: string | null;
  /** E-mail address for EmailList, when it has the form x@y; else null. Only read with `email`. */
  readonly email: string | null;
  /** Finished text for NoEmailList: `Efternamn, Förnamn (personnummer)`. Only read with `email`. */
  readonly noEmail: string | null;
}

/** What stands of a person in the e-mail lists: see Participant. */
export type Contact = Pick<Participant, "email" | "noEmail">;

/** What stands between two persons' elements, by the kind of the second one. */
export type Separators = Readonly<Record<Participant["regtyp"], string>>;

export interface JoinedPersonVOs {
  /** Bytes, one a character; parts of one text, to be written one after another. None when there are no persons. */
  readonly oneByteTexts: readonly string[];
  /** Kind of the first person. */
  readonly first: Participant["regtyp"];
  readonly persons: number;
}

export interface InstitutionFound {
  readonly kod: string;
  readonly benamning: string | null;
}

export interface OrtFound {
  readonly kod: string;
  readonly benamn: string | null;
}

/** A person with a registration. */
export interface PersonFound {
  /** The person's place in the list order. */
  readonly id: number;
  readonly pnr: string;
  readonly enamn: string | null;
  readonly tnamn: string | null;
  /** Finished UTF-8 bytes of the PersonVO element. */
  readonly personVO: Buffer;
  /** The personnummer as the INFO message shows it, when it is incorrect (the person then stands in no list); else null. */
  readonly invalidPersonnummer: string | null;
  /** Institutions of the occasions that the person is registered in. */
  readonly institutions: readonly string[];
}

export interface Generation {
  readonly number: number;
  /** Courses of an institution; with `termin` those with a row of that institution that term in KTILL2, KTFORT2, PROGPLK or KTILLP. By Kurskod (sv), then Institution. */
  kursOfInstitution(institutionKey: string, termin: string | undefined): MaybePromise<readonly KursFound[]>;
  /** The rows of KURS with that code key, by Kurskod, Institution: none when the course is unknown. */
  kursByKod(kurskey: string): MaybePromise<readonly KursFound[]>;
  /** KTILL2 rows of a course (any term when none is given) in order: Starttermin, begin, Anmkod. */
  ktill2(kurskey: string, starttermin: string | undefined): MaybePromise<readonly KurstillfalleFound[]>;
  /** KTFORT2 rows of a course that match the given terms (calendar, start), in order: Starttermin, begin, Anmkod. */
  ktfort2(
    kurskey: string,
    kalendertermin: string | undefined,
    starttermin: string | undefined,
  ): MaybePromise<readonly KurstillfalleFound[]>;
  /** PROGPLK rows with that start term, in order: program, programinriktning, termordning. */
  progplk(kurskey: string, starttermin: string): MaybePromise<readonly TermregFound[]>;
  /** KTILLP rows with that calendar term, in the same order. */
  ktillp(kurskey: string, kalendertermin: string): MaybePromise<readonly TermregFound[]>;
  /** Participants of all searches, one row per person, in list order. */
  participants(searches: readonly Search[], email: boolean): MaybePromise<readonly Participant[]>;
  /** Registrations that the searches find together (a person may have several), counted no further than `most` of each. */
  countRegistrations(searches: readonly Search[], most: number): MaybePromise<number>;
  /**
   * The usual answer at once: the finished PersonVO bytes of the searches' persons as `participants` gives them, joined.
   * Undefined when a person has an incorrect personnummer (`participants` then tells whose), or the searches find more than
   * `most` registrations together.
   */
  joinedPersonVOs(
    searches: readonly Search[],
    separators: Separators,
    most: number,
  ): MaybePromise<JoinedPersonVOs | undefined>;
  /** Of all of the searches' persons, each once, in list order. Not kept: whoever asks keeps what it makes of them. */
  contacts(searches: readonly Search[]): MaybePromise<readonly Contact[]>;
  /** By code, in Swedish order. */
  institutions(): MaybePromise<readonly InstitutionFound[]>;
  /** ORT, by code, in Swedish order. */
  places(): MaybePromise<readonly OrtFound[]>;
  /**
   * Persons with a registration whose ten-character number begins with `pnr` (digits and capital letters), of that
   * century when one is given, in list order.
   */
  persons(pnr: string, sekel: string | undefined): MaybePromise<readonly PersonFound[]>;
  /** Does any row hold this value in that field? For values wider or odder than their format, which the service itself wrote. */
  holdsValue(field: HeldField, value: string): MaybePromise<boolean>;
  close(): void;
}

/** Fields whose written values can always be sent back. Compared as the search compares them. */
export type HeldField =
  | "Institution"
  | "Kurskod"
  | "Kurstakt"
  | "Kurstid"
  | "Undform"
  | "Kursomgang"
  | "Kurstyp"
  | "Termordning"
  | "Anmkod"
  | "Ortskod"
  | "program"
  | "programinriktning"
  | "termordningkurs";

/** A portal that may call (contract section 3). */
export type CallerRecord = CallerRights & CallerProof;

export interface CallerRights {
  readonly name: string;
  /** "*" or codes of institutions. */
  readonly institutions: "*" | readonly string[];
  /** IP addresses and CIDR ranges that it calls from; none: from anywhere. */
  readonly addresses: readonly string[];
  /** Its last day in Sweden, ÅÅÅÅ-MM-DD; null: no end. */
  readonly expires: string | null;
  /** ISO 8601 UTC. */
  readonly created: string;
}

/** How a caller proves who it is. */
export type CallerProof =
  /** `secretHash`: scrypt hash as `lib/access/secret.ts` writes it. */
  | { readonly verifier: "secret"; readonly secretHash: string }
  /** `hmacSecret`: readable, since tickets are computed from it. */
  | { readonly verifier: "hmac"; readonly hmacSecret: string }
  /** `subject`: of a TLS client certificate, as `lib/access/subject.ts` writes it. One caller has it. */
  | { readonly verifier: "certificate"; readonly subject: string };

/** How often logins under a key (a caller's name, an address) have failed in a row, and when last. */
export interface FailedLogins {
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly last: number;
}

export interface LoadRecord {
  readonly number: number;
  readonly loadedAt: string;
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly bytes: number }[];
  /** properties/datetime of the export, as written. */
  readonly exportDatetime: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly warnings: number;
  /** What guards would have refused, and was loaded all the same (`--force`): one sentence each. */
  readonly forced: readonly string[];
  /** Hash over everything beside the files that the load depends on; null for loads of the first version. */
  readonly inputs: string | null;
  /** When another load was gone back to from this one, ISO 8601 UTC; null: never, or it is served again. */
  readonly rolledBack: string | null;
}

/** `kept`: its file is there and of this program's version, so that it can be gone back to. */
export interface KeptLoad extends LoadRecord {
  readonly kept: boolean;
}

export type CountKind = "persons" | "occasions" | "registrations";

/** How many of a kind a load has of an institution: what guards compare from load to load. */
export interface SchoolCount {
  /** Code of the institution; `*`: all, each once. */
  readonly institution: string;
  readonly kind: CountKind;
  /** ÅÅÅÅT: of occasions and registrations. Persons have none. */
  readonly termin: string | null;
  readonly count: number;
}

/** What one generation has other than another: the register's ids only, never a person's data. */
export interface GenerationDifferences {
  /** How many there are, by what they are of and school; those that are none are left out. */
  readonly counts: readonly GenerationDifferenceCount[];
  /** Every one, in order of what it is of, school and key; read from the two generations as it is asked for. */
  entries(): Iterable<GenerationDifference>;
}

export interface GenerationDifferenceCount {
  readonly of: GenerationDifference["of"];
  readonly institution: string;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
}

export interface GenerationDifference {
  readonly of: "school" | "course" | "occasion" | "registration";
  readonly kind: "added" | "removed" | "changed";
  /** Code; empty: of no school. What belongs to several schools stands once for each. */
  readonly institution: string;
  /** school: code. course: Kurskod. occasion: its id, Kurskod, start term. registration: ids of person and occasion, Kurskod, half-year. */
  readonly key: readonly string[];
  /**
   * Of what has changed the columns that differ (`KTFORT2`: its later half-years); of a registration its kind, or what it was
   * and is (`FFG → OM`, or ids of occasions).
   */
  readonly what?: readonly string[];
}

/** Codes that survive every load, as they are exported and edited. */
export interface CodeRows {
  /** Code of a school's institution, by the school's group id. Several schools may share one. */
  readonly institutions: { readonly groupId: string; readonly kod: string };
  /** Generated Anmkod of an occasion's course. */
  readonly anmkod: { readonly occasionId: string; readonly kurskod: string; readonly anmkod: string };
}

export type CodeRegisterName = keyof CodeRows;

/** What editing a code register changed. */
export interface CodeChanges {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

/** Callers and failed logins, of all that a store holds. */
export type CallerStore = Pick<
  Store,
  | "callersVersion"
  | "findCaller"
  | "findCallerBySubject"
  | "listCallers"
  | "addCaller"
  | "changeCaller"
  | "removeCaller"
  | "failedLogins"
  | "noteFailedLogin"
>;

/** The service's own records beside the generations: callers, loads, code registers. */
export interface Store {
  /** The generation to answer from now, or undefined when nothing is loaded. Cheap: asked once per call. A new load is seen at the next call. */
  current(): MaybePromise<Generation | undefined>;
  /** Changes whenever a caller was added, changed or removed, here or in another process. Cheap: asked once per call. */
  callersVersion(): MaybePromise<number>;
  findCaller(name: string): MaybePromise<CallerRecord | undefined>;
  /** The caller with the verifier `certificate` and this subject. */
  findCallerBySubject(subject: string): MaybePromise<CallerRecord | undefined>;
  listCallers(): MaybePromise<readonly CallerRecord[]>;
  /** Throws AdresslistaError("usage") when the name or the certificate's subject is taken. */
  addCaller(caller: CallerRecord): MaybePromise<void>;
  /** Replaces the record with that name. Throws AdresslistaError("usage") when there is none, or its subject is taken. */
  changeCaller(caller: CallerRecord): MaybePromise<void>;
  /** False when there is none. */
  removeCaller(name: string): MaybePromise<boolean>;
  /** Under each of these keys, in their order; undefined: none since `after` (milliseconds since 1970). */
  failedLogins(keys: readonly string[], after: number): MaybePromise<readonly (FailedLogins | undefined)[]>;
  /** Adds one under each of these keys. Those that are older than `after` are forgotten. */
  noteFailedLogin(keys: readonly string[], now: number, after: number): MaybePromise<void>;
  /** Newest first. */
  loads(): MaybePromise<readonly LoadRecord[]>;
  /** All loads, newest first, with those that can be gone back to marked. */
  keptLoads(): MaybePromise<readonly KeptLoad[]>;
  /** The load that answers calls, whether its file can be opened or not; undefined when nothing is loaded. */
  served(): MaybePromise<LoadRecord | undefined>;
  /** The report of a load that is kept, as `reload --json` printed it; undefined when there is none any more. */
  report(load: number): MaybePromise<Readonly<Record<string, unknown>> | undefined>;
  /** A code register's rows, in order of their keys. */
  codeRows<R extends CodeRegisterName>(register: R): MaybePromise<readonly CodeRows[R][]>;
  /**
   * Adds these rows to a code register, or changes those with the same key; removes `removals` (their keys count). All or
   * nothing; the next load uses it. Throws AdresslistaError("usage") that names the row which is wrong, counted from 1.
   * Only while holding the reload lock: `editCodeRegister` of lib/reload takes it.
   */
  editCodes<R extends CodeRegisterName>(
    register: R,
    rows: readonly CodeRows[R][],
    removals?: readonly CodeRows[R][],
  ): MaybePromise<CodeChanges>;
  /** The same, with these rows as the whole register: those that they lack are removed. */
  replaceCodes<R extends CodeRegisterName>(
    register: R,
    rows: readonly CodeRows[R][],
  ): MaybePromise<CodeChanges>;
  close(): MaybePromise<void>;
}
