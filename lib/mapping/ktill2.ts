import { codeKey, numberKey } from "../domain/codes.js";
import { compareText } from "../domain/collation.js";
import { isoWeekOf, type Termin, terminNumber } from "../domain/terms.js";
import { assignAnmkoder } from "./anmkod.js";
import type { CodeRegister, Report } from "./api.js";
import type { Kurstillfalle } from "./courses.js";
import { extensionText } from "./extension.js";
import { computedKurstakt, type OccasionFields, occasionFields, type Timetable } from "./occasions.js";
import type { Ktfort2Row, Ktill2Row, OrtRow, Registration } from "./rows.js";
import { isWider } from "./widths.js";

/** A row of KTILL2 that is needed, before its fields are known. */
export interface Ktill {
  readonly id: number;
  readonly kurstillfalle: Kurstillfalle;
  readonly starttermin: Termin;
  readonly timetable: Timetable;
  /** Half-years in which FORT registrations with this start term stand. */
  fortTerminer: readonly Termin[];
  /** Programmes (ProgramRow.id) of registrations that are carried over. */
  carriedProgrammes: readonly number[];
  /** What whoever is there in that half-year only, and reads no more of the course and through no programme, has. */
  alone: readonly Registration[] | undefined;
}

/** With one more, when it is not among them: there are few, mostly none. */
export function including<T>(all: readonly T[], one: T): readonly T[] {
  return all.includes(one) ? all : [...all, one];
}

const nothing: readonly never[] = [];

/** Hands out the numbers of KTILL2 rows at first need. */
export interface KtillRegister {
  rowOf(kurstillfalle: Kurstillfalle, timetable: Timetable, starttermin: Termin): Ktill;
  /** By id. */
  readonly rows: readonly Ktill[];
}

export function ktillRegister(): KtillRegister {
  const rows: Ktill[] = [];
  const rowsOf = new Map<Kurstillfalle, readonly Ktill[]>();
  return {
    rows,
    rowOf: (kurstillfalle, timetable, starttermin) => {
      const all = rowsOf.get(kurstillfalle) ?? nothing;
      for (const row of all) if (row.starttermin === starttermin) return row;
      const row: Ktill = {
        id: rows.length + 1,
        kurstillfalle,
        starttermin,
        timetable,
        fortTerminer: nothing,
        carriedProgrammes: nothing,
        alone: undefined,
      };
      rows.push(row);
      rowsOf.set(kurstillfalle, all.concat([row]));
      return row;
    },
  };
}

export interface OccasionTables {
  /** By id. */
  readonly ktill2: readonly Ktill2Row[];
  readonly ktfort2: readonly Ktfort2Row[];
  readonly ort: readonly OrtRow[];
  readonly newAnmkoder: ReadonlyMap<string, string>;
}

/** KTILL2, KTFORT2 and ORT of all rows that were needed (contract section 5). */
export function occasionTables(
  ktillar: readonly Ktill[],
  institutionsOf: (kurstillfalle: Kurstillfalle) => readonly string[],
  register: CodeRegister["anmkod"],
  report: Report,
): OccasionTables {
  const described = descriptionsOf(ktillar, report);
  const { anmkodOf, newCodes } = assignAnmkoder([...described.values()], register, report);
  const orter = placesOf(described.values());
  const rows = ktillar.flatMap((ktill): Writable<Ktill2Row>[] => {
    const description = described.get(ktill.kurstillfalle);
    const anmkod = description && anmkodOf.get(description);
    if (description === undefined || anmkod === undefined) return [];
    const { begin, end } = ktill.timetable.period;
    const { kurstakt, kurstid, undform, kurstyp, poang, ort } = description.fields;
    const row: Writable<Ktill2Row> = {
      id: ktill.id,
      occasionId: description.occasionId,
      kurskod: description.kurskod,
      starttermin: ktill.starttermin,
      anmkod,
      begin,
      end,
      startvecka: isoWeekOf(begin),
      slutvecka: isoWeekOf(end),
      institutions: institutionsOf(ktill.kurstillfalle),
    };
    // One by one: objects that are spread out of others each take half a kilobyte more, and there are many.
    if (kurstakt !== undefined) row.kurstakt = kurstakt;
    if (kurstid !== undefined) row.kurstid = kurstid;
    if (undform !== undefined) row.undform = undform;
    if (kurstyp !== undefined) row.kurstyp = kurstyp;
    if (poang !== undefined) row.poang = poang;
    if (ort !== undefined) row.ort = orter.get(codeKey(ort))?.kod ?? ort;
    return [row];
  });
  return {
    ktill2: withKursomgangar(rows, report),
    ktfort2: ktillar.flatMap(ktfort2Of),
    ort: [...orter.values()].sort((a, b) => compareText(a.kod, b.kod)),
    newAnmkoder: newCodes,
  };
}

interface Description {
  readonly occasionId: string;
  readonly occasionIds: readonly string[];
  readonly kurskod: string;
  readonly begin: string;
  readonly starttermer: Termin[];
  readonly explicit?: string;
  readonly isCarried: boolean;
  readonly fields: OccasionFields;
}

/** What all rows of one kurstillfälle share. */
function descriptionsOf(ktillar: readonly Ktill[], report: Report): ReadonlyMap<Kurstillfalle, Description> {
  const described = new Map<Kurstillfalle, Description>();
  for (const { kurstillfalle, timetable, starttermin } of ktillar) {
    const known = described.get(kurstillfalle);
    if (known !== undefined) {
      known.starttermer.push(starttermin);
      continue;
    }
    const { group } = kurstillfalle.occasion;
    const fields = fieldsOf(kurstillfalle, timetable);
    if (isWider(fields)) report("widthExceeded", group.id);
    described.set(kurstillfalle, {
      occasionId: group.id,
      occasionIds: group.ids,
      kurskod: kurstillfalle.kurskod,
      begin: timetable.period.begin,
      starttermer: [starttermin],
      ...(fields.anmkod === undefined ? {} : { explicit: fields.anmkod }),
      isCarried: group.kept !== undefined,
      fields,
    });
  }
  return described;
}

function fieldsOf({ occasion, courseGroup }: Kurstillfalle, timetable: Timetable): OccasionFields {
  const fields = occasionFields(occasion.group);
  const poang = fields.poang ?? extensionText(courseGroup.extension, "poang");
  const kurstakt = fields.kurstakt ?? computedKurstakt(poang, timetable.period);
  return {
    ...fields,
    ...(poang === undefined ? {} : { poang }),
    ...(kurstakt === undefined ? {} : { kurstakt }),
  };
}

/** One row per place code, with the first name by occasion id, the export's before those carried over. */
function placesOf(descriptions: Iterable<Description>): ReadonlyMap<string, OrtRow> {
  const places = new Map<string, OrtRow>();
  const inOrder = [...descriptions].sort(
    (a, b) => Number(a.isCarried) - Number(b.isCarried) || compareText(a.occasionId, b.occasionId),
  );
  for (const { fields } of inOrder) {
    if (fields.ort === undefined) continue;
    const place = places.get(codeKey(fields.ort)) ?? { kod: fields.ort };
    const benamn = place.benamn ?? fields.ortsbenamn;
    places.set(codeKey(fields.ort), { ...place, ...(benamn === undefined ? {} : { benamn }) });
  }
  return places;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const KURSOMGANGAR = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** KURSOMG tells apart what is equal in all other key fields, by begin then id; beyond Z it is blank and reported. */
function withKursomgangar(rows: readonly Writable<Ktill2Row>[], report: Report): readonly Ktill2Row[] {
  const inOrder = [...rows].sort(
    (a, b) => compareText(a.begin, b.begin) || compareText(a.occasionId, b.occasionId),
  );
  const counts = new Map<string, number>();
  for (const row of inOrder) {
    const key = JSON.stringify([
      row.starttermin,
      row.kurstakt === undefined ? "" : numberKey(row.kurstakt),
      ...[row.kurskod, row.kurstid, row.undform, row.ort, row.kurstyp].map((code) => codeKey(code ?? "")),
    ]);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    const kursomg = KURSOMGANGAR[count];
    if (kursomg === undefined) report("kursomgExhausted", row.occasionId);
    else row.kursomg = kursomg;
  }
  return rows;
}

/** Later half-years in which the occasion runs 14 days or more, or a FORT registration with that start term stands. */
function ktfort2Of({ id, starttermin, timetable, fortTerminer }: Ktill): readonly Ktfort2Row[] {
  return [...new Set([...timetable.runsIn, ...fortTerminer])]
    .filter((termin) => termin > starttermin)
    .sort()
    .map((termin) => ({ ktill: id, termin, termordn: terminNumber(starttermin, termin) }));
}
