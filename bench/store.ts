import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { generateExport } from "../lib/sample/generate.js";
import { FOOT_XML, groupXml, membershipXml } from "../lib/sample/ims-xml.js";
import { main, measured } from "./support.js";

/**
 * Registers to measure in: a generated export of invented people, and in it occasions of exactly so many participants as
 * are asked for, spread over the whole register, each of a course of its own (so that free search finds the same).
 */
export interface RegisterSize {
  readonly persons: number;
  readonly occasions: number;
  readonly memberships: number;
}

export const USUAL: RegisterSize = { persons: 60_000, occasions: 3_000, memberships: 200_000 };

/** As many occasions and memberships for each person as in the usual register. */
export function registerOf(persons: number): RegisterSize {
  const { occasions, memberships, persons: usual } = USUAL;
  const share = (count: number) => Math.round((count * persons) / usual);
  return { persons, occasions: share(occasions), memberships: share(memberships) };
}

export const LARGE = registerOf(1_000_000);

/** Occasions of each number of participants: calls go to them in turn. */
export const OCCASIONS_OF_A_SIZE = 20;

export const CALLER = "bench";
export const SECRET = "bench-secret";
/** Of the generator's: the school that gives the measured courses. */
const SCHOOL = "S000";
const SEED = 7;
const BEGIN_AND_END = { begin: "2026-01-12", end: "2026-06-05" };

export interface MeasuredOccasion {
  readonly kurskod: string;
  readonly participants: number;
  /** ÅÅT */
  readonly termin: string;
  readonly anmkod: string;
  readonly institution: string;
}

export interface BenchStore {
  readonly folder: string;
  /** The setting `database`. */
  readonly database: string;
  readonly exportFile: string;
  /** The served load's own file. */
  readonly generation: string;
  readonly persons: number;
  readonly occasions: readonly MeasuredOccasion[];
}

/** Generates an export, loads it and adds a caller with rights to the measured school and another one. */
export async function makeStore(
  parent: string,
  size: RegisterSize,
  participants: readonly number[],
): Promise<BenchStore> {
  const folder = join(parent, `persons-${size.persons}`);
  await mkdir(folder);
  const exportFile = join(folder, "export.xml");
  const database = join(folder, "bench.sqlite");
  await writeExport(exportFile, size, participants);
  const environment = { ADRESSLISTA_DATABASE: database };
  await measured(process.execPath, [main, "reload", "--force", "--file", exportFile], environment);
  const [name = ""] = (await readdir(folder)).filter((file) => /\.load-\d+\.sqlite$/.test(file));
  const generation = join(folder, name);
  const occasions = occasionsIn(generation);
  const [institution = ""] = occasions.map((occasion) => occasion.institution);
  const add = `echo ${SECRET} | ${process.execPath} ${main} caller add ${CALLER} --institutions ${institution},ZZZZ`;
  await measured("sh", ["-c", add], environment);
  return { folder, database, exportFile, generation, persons: size.persons, occasions };
}

async function writeExport(file: string, size: RegisterSize, participants: readonly number[]): Promise<void> {
  const out = createWriteStream(file);
  const write = async (text: string) => {
    if (!out.write(text)) await once(out, "drain");
  };
  for (const chunk of generateExport({ seed: SEED, ...size })) {
    await write(chunk.endsWith(FOOT_XML) ? chunk.slice(0, -FOOT_XML.length) : chunk);
  }
  const students = size.persons - Math.floor(size.persons / 25);
  for (const count of participants) {
    for (let number = 0; number < OCCASIONS_OF_A_SIZE; number++) {
      const kurskod = `${COURSE_PREFIX}${String(count).padStart(4, "0")}${String(number).padStart(2, "0")}`;
      await write(occasionXml(kurskod, membersOf(count, number, students)));
    }
  }
  await write(FOOT_XML);
  out.end();
  await once(out, "close");
}

const COURSE_PREFIX = "MATT";

function occasionXml(kurskod: string, members: readonly string[]): string {
  const course = `K-${kurskod}`;
  const occasion = `T-${kurskod}`;
  return [
    groupXml({
      id: course,
      typevalue: "kurs",
      level: "3",
      short: kurskod,
      long: `Matematik ${kurskod}`,
      parents: [SCHOOL],
      extension: [{ name: "poang", content: "100" }],
    }),
    groupXml({
      id: occasion,
      typevalue: "kursgrupp",
      level: "4",
      short: `${kurskod} vår`,
      timeframe: BEGIN_AND_END,
      parents: [course],
      extension: [
        { name: "kurstakt", content: "50" },
        { name: "kurstid", content: "DAG" },
      ],
    }),
    membershipXml(
      occasion,
      members.map((id) => ({ id, idtype: "1", roles: [{ roletype: "01", status: "1" }] })),
    ),
  ].join("");
}

/** Students at even distances: the generator numbers them from 1, in no order of names. */
function membersOf(count: number, number: number, students: number): string[] {
  const first = (number * 37) % students;
  return Array.from({ length: count }, (_, place) => {
    const student = (first + Math.floor((place * students) / count)) % students;
    return `P${String(student + 1).padStart(7, "0")}`;
  });
}

function occasionsIn(generation: string): MeasuredOccasion[] {
  const connection = new Sqlite(generation, { readonly: true });
  const rows = connection
    .prepare(
      `SELECT t.KURSKOD AS kurskod, substr(t.STARTTER, 3) AS termin, t.KOD AS anmkod, k.INST AS institution,
         (SELECT count(*) FROM FFGKURS r WHERE r.KTILL = t.ID) AS participants
       FROM KTILL2 t JOIN KURS k ON k.KURSKEY = t.KURSKEY WHERE t.KURSKOD LIKE '${COURSE_PREFIX}______' ORDER BY t.KURSKOD`,
    )
    .all() as MeasuredOccasion[];
  connection.close();
  for (const { kurskod, participants } of rows) {
    if (Number(kurskod.slice(COURSE_PREFIX.length, -2)) !== participants)
      throw new Error(`${kurskod} has ${participants} participants in the store`);
  }
  return rows;
}
