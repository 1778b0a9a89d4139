/**
 * The register that foreign clients ask about: small, of invented people, with all that a client can stumble over
 * (README.md has the list). What it says is written down once, here; `facts.ts` holds the service's answers against it.
 */
import { identityNumber, withWrongCheckDigit } from "../../lib/sample/identity.js";
import {
  AUTUMN,
  course,
  exportOf,
  learners,
  type PersonOptions,
  person,
  programme,
  SPRING,
  school,
  occasion as spring,
} from "../support/export.js";

export const TERMIN = "091";
export const INSTITUTION = { kod: "LVUX", benamn: "Lingonköpings vuxenutbildning" };
/** Its only course is given in autumn. */
export const TOM_INSTITUTION = "BLÅ";

/** The courses of the institution in the half-year, in the order of getKurs. */
export const KURSKODER: readonly string[] = ["ENGENG05", "SFISFI0D", "VÅRVÅR01"];

export const KURS = { kurskod: "VÅRVÅR01", benamning: "Hälsa, vård & omsorg på Österlen" };
export const ENSAM_KURSKOD = "SFISFI0D";
export const ENSAM_EFTERNAMN = "Ödman";

/** Occasions of the course in the order of getKursTf; the last one began in the half-year before. */
export const TYPER: readonly string[] = ["FFG", "FFG", "FORT"];
export const ANMKOD = "LV001";

interface Participant {
  readonly efternamn: string;
  readonly fornamn: string;
  readonly email?: string;
}

/** Participants of the first occasion, in the order of getAdrLista. */
export const PARTICIPANTS: readonly Participant[] = [
  { efternamn: "Andersson", fornamn: "Zäta", email: "zata.andersson@exempel.example" },
  { efternamn: "Müller-Ödberg", fornamn: "José" },
  { efternamn: "O'Connor", fornamn: "Siobhán", email: "siobhan@exempel.example" },
  { efternamn: "Sten & Ek", fornamn: "Bo", email: "bo+sten@exempel.example" },
  { efternamn: "Åberg", fornamn: "Örjan", email: "Orjan.Aberg@exempel.example" },
  { efternamn: "Ängström", fornamn: "Åsa" },
  { efternamn: "Öst", fornamn: "Änne", email: "anne.ost@exempel.example" },
];

/** Numbers of participants of the same occasion that are incorrect, as the register has them, in order of the names. */
const INCORRECT = ["910412-TF01", withWrongCheckDigit(identityNumber(90).number)];
/** The same as the service shows them: the century left out where the number has the form of one. */
export const OGILTIGA: readonly string[] = INCORRECT.map((number) => number.replace(/^\d\d(?=\d{10}$)/, ""));

/** With ten digits. */
export const personnummer = (index: number): string => identityNumber(index).number.slice(-10);

export function clientsExport(): string {
  const participants = PARTICIPANTS.map(({ efternamn, fornamn, email }, index) =>
    student(`E${index + 1}`, index, { name: `${efternamn}, ${fornamn}`, ...(email && { email }) }),
  );
  const incorrect = INCORRECT.map((pnr, index) =>
    person(`F${index + 1}`, { name: `Felsson, ${"AB"[index]}`, pnr, email: "felsson@exempel.example" }),
  );
  const listed = [...PARTICIPANTS.keys()].reverse().map((index) => `E${index + 1}`);
  return exportOf([
    school(INSTITUTION.kod, { long: INSTITUTION.benamn }),
    school(TOM_INSTITUTION, { long: "Blåbärsskolan" }),
    course("K1", KURS.kurskod, { in: "LVUX", long: KURS.benamning, ext: { poang: "150,5" } }),
    course("K2", ENSAM_KURSKOD, { in: "LVUX", long: "Svenska för invandrare, kurs D" }),
    course("K3", "ENGENG05", { in: "LVUX", long: "Engelska 5", ext: { engbenamning: "English 5" } }),
    course("K4", "MATMAT02b", { in: TOM_INSTITUTION, long: "Matematik 2b" }),
    spring("T1", {
      in: "K1",
      ext: { anmkod: ANMKOD, kurstakt: 50, kurstid: "DAG", undform: "NML", kurstyp: "FRI" },
      extension: '<ort benamn="Ängelholm">ÄNG</ort>',
    }),
    spring("T2", { in: "K1", dates: "2009-02-02/2009-06-05", ext: { anmkod: "LV002", kurstid: "KVÄ" } }),
    spring("T3", { in: "K1", dates: "2008-08-18/2009-06-05", ext: { anmkod: "LV003" } }),
    spring("T4", { in: "K2", ext: { anmkod: "LV004" } }),
    spring("T5", { in: "K3", ext: { anmkod: "LV005" } }),
    spring("T6", { in: "K4", dates: AUTUMN, ext: { anmkod: "BL001" } }),
    programme("P1", "VOPRG", { in: "LVUX", dates: SPRING, ext: { inriktning: "ÄLDR" } }),
    `<membership><sourcedid><source>Alvis</source><id>P1</id></sourcedid><member><sourcedid><source>Alvis</source><id>K1</id></sourcedid><idtype>2</idtype><role roletype="01"><status>1</status></role></member></membership>`,
    ...participants,
    ...incorrect,
    student("E20", 20, { name: `${ENSAM_EFTERNAMN}, Åke` }),
    student("E21", 21, { name: "Vik, Vera", email: "vera.vik@exempel.example" }),
    student("E22", 22, { name: "Wik, Vera", email: "vera.wik@exempel.example" }),
    learners("T1", ...listed, "F1", "F2"),
    learners("T2", "E21"),
    learners("T3", "E22"),
    learners("T4", "E20"),
    learners("T5", "E1", "E21"),
    learners("T6", "E22"),
  ]);
}

function student(id: string, index: number, options: PersonOptions): string {
  return person(id, {
    pnr: identityNumber(index).number,
    tel: { Voice: "08-46500401", Mobile: "070-1740605" },
    adr: {
      street: `Blåbärsstigen ${index + 1}`,
      locality: "Lingonköping",
      pcode: "991 10",
      country: "Sverige",
    },
    ...options,
  });
}
