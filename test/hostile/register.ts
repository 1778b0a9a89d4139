import { course, exportOf, learners, occasion, person, school } from "../support/export.js";
import { inventedPersonnummer } from "../support/t04.js";

/**
 * Two schools that must not see each other's students: ALFA and BETA, each with a course of its own, and one course
 * that both give. All that is said of BETA's students and of its own course has the word "kanarie" in it.
 */
export const REGISTER = exportOf([
  school("A", { long: "Alfaskolan" }),
  school("B", { long: "Betaskolan" }),
  course("KA", "ALFAKURS1", { in: "A", long: "Alfas egen kurs" }),
  course("KB", "BETAKURS1", { in: "B", long: "Kanariekurs" }),
  course("KSA", "GEMENSAM1", { in: "A", long: "Gemensam kurs" }),
  course("KSB", "GEMENSAM1", { in: "B", long: "Gemensam kanariekurs" }),
  occasion("TA", { in: "KA" }),
  occasion("TB", { in: "KB" }),
  occasion("TSA", { in: "KSA" }),
  occasion("TSB", { in: "KSB" }),
  ...[1, 2, 3].map((serial) => student("alfa", serial)),
  ...[1, 2, 3].map((serial) => student("betakanarie", serial)),
  learners("TA", "alfa1", "alfa2"),
  learners("TSA", "alfa2", "alfa3"),
  learners("TB", "betakanarie1", "betakanarie2"),
  learners("TSB", "betakanarie2", "betakanarie3"),
]);

/** Codes of the schools, by their ids in the export. */
export const INSTITUTIONS = { A: "ALFA", B: "BETA" } as const;

/** Personnummer of ten digits. */
export const ALFAS_NUMBERS = [1, 2, 3].map((serial) => numberOf("alfa", serial).slice(2));
export const BETAS_NUMBERS = [1, 2, 3].map((serial) => numberOf("betakanarie", serial).slice(2));

/** What no answer to ALFA's portal may ever hold. */
export function holdsBetas(text: string): boolean {
  return /kanarie/i.test(text) || BETAS_NUMBERS.some((number) => text.includes(number));
}

/** May see ALFA, and nothing of BETA. */
export const ALFAS_PORTAL = "alfaportal";
/** May see everything: no change of a few bytes makes its name out of another's. */
export const ALL_SEEING_PORTAL = "portal-som-ser-allt-5d1f";
export const SECRET = "hemlig-biljett";

function student(name: string, serial: number): string {
  return person(`${name}${serial}`, {
    name: `${capitalised(name)}sson, ${capitalised(name)}ina`,
    pnr: numberOf(name, serial),
    email: `${name}${serial}@example.org`,
    adr: { street: `${capitalised(name)}gatan ${serial}`, pcode: "12345", locality: "Provköping" },
  });
}

function numberOf(name: string, serial: number): string {
  return inventedPersonnummer(name === "alfa" ? `1980010${serial}` : `1991020${serial}`, serial);
}

function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
