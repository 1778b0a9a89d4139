import { numberKey } from "../domain/codes.js";
import { type Period, type Termin, weeksInclusive } from "../domain/terms.js";
import type { Report } from "./api.js";
import { getOrAdd, present } from "./collections.js";
import type { Occasion } from "./courses.js";
import { extensionField, extensionText } from "./extension.js";
import type { Group } from "./groups.js";
import { fullTerminer, type Span } from "./spans.js";

/** When an occasion is. */
export interface Timetable {
  readonly period: Period;
  readonly span: Span;
  /** All half-years in which it runs 14 days or more, in order. */
  readonly runsIn: readonly Termin[];
}

export interface Timetables {
  /**
   * Fills what the group's own timeframe lacks; called several times, the earliest begin and latest end. Before the
   * first `of` for that group.
   */
  setLearnerDates(group: Group, begin: string | undefined, end: string | undefined): void;
  /** Undefined for an occasion that cannot be loaded: without dates, or begin after end (reported). */
  of(occasion: Occasion): Timetable | undefined;
  /** The same, without a report. */
  find(occasion: Occasion): Timetable | undefined;
}

/** Dates of occasions (contract section 5, KTILL2). */
export function timetables(spanOf: (periods: readonly Period[]) => Span, report: Report): Timetables {
  const learnerDates = new Map<Group, { begin: string | undefined; end: string | undefined }>();
  const known = new Map<Occasion, Timetable | undefined>();
  // Occasions of one half-year share a few periods.
  const ofPeriod = new Map<string, Timetable>();
  const timetableOf = ({ group }: Occasion, report: Report): Timetable | undefined => {
    const begin = group.begin ?? learnerDates.get(group)?.begin;
    const end = group.end ?? learnerDates.get(group)?.end;
    if (begin === undefined || end === undefined) {
      report("occasionWithoutDates", group.id);
      return undefined;
    }
    if (begin > end) {
      report("occasionBeginAfterEnd", group.id);
      return undefined;
    }
    if (group.begin === undefined || group.end === undefined) report("occasionDateMissing", group.id);
    return getOrAdd(ofPeriod, begin + end, () => {
      const period = { begin, end };
      return { period, span: spanOf([period]), runsIn: fullTerminer([period]) };
    });
  };
  return {
    setLearnerDates: (group, begin, end) => {
      const known = learnerDates.get(group);
      learnerDates.set(group, {
        begin: [begin, known?.begin].filter((date) => date !== undefined).sort()[0],
        end: [end, known?.end]
          .filter((date) => date !== undefined)
          .sort()
          .at(-1),
      });
    },
    of: (occasion) => {
      const timetable = known.get(occasion);
      if (timetable !== undefined || known.has(occasion)) return timetable;
      const settled = timetableOf(occasion, report);
      known.set(occasion, settled);
      return settled;
    },
    find: (occasion) => known.get(occasion) ?? timetableOf(occasion, () => {}),
  };
}

/** What the register says of an occasion in its extension (contract section 5, KTILL2). */
export interface OccasionFields {
  readonly kurstakt?: string;
  readonly kurstid?: string;
  readonly undform?: string;
  readonly kurstyp?: string;
  readonly anmkod?: string;
  readonly ort?: string;
  readonly ortsbenamn?: string;
  readonly poang?: string;
}

export function occasionFields(group: Group): OccasionFields {
  const text = (name: string) => extensionText(group.extension, name);
  const kurstakt = text("kurstakt");
  const kurstyp = text("kurstyp");
  const ort = extensionField(group.extension, "ort");
  return present({
    kurstakt: kurstakt === undefined ? undefined : threeDigits(kurstakt),
    kurstid: text("kurstid"),
    undform: text("undform"),
    kurstyp: kurstyp === NO_KURSTYP ? undefined : kurstyp,
    anmkod: text("anmkod"),
    ort: ort?.text,
    ortsbenamn: ort?.attributes.benamn,
    poang: text("poang"),
  });
}

/** T04: a KursTfVO without course type says so with this. */
const NO_KURSTYP = "_";
const DECIMAL = /^\d+(?:[.,]\d+)?$/;

/** Kurstakt as it is written: three digits; what is no number, or none that can be a percentage, is kept as it stands. */
function threeDigits(kurstakt: string): string {
  const percent = DECIMAL.test(kurstakt) ? Math.round(decimal(kurstakt)) : Number.NaN;
  return Number.isSafeInteger(percent) ? String(percent).padStart(3, "0") : kurstakt;
}

/** Points that one week of full-time study gives in adult education. */
const POINTS_PER_WEEK = 20;
const KURSTAKTER = [25, 50, 75, 100] as const;

/** Kurstakt from points and dates, when the register has none; undefined without points. */
export function computedKurstakt(poang: string | undefined, period: Period): string | undefined {
  if (poang === undefined || !DECIMAL.test(poang) || numberKey(poang) === "0") return undefined;
  const percent = (decimal(poang) / (POINTS_PER_WEEK * weeksInclusive(period.begin, period.end))) * 100;
  const nearest = KURSTAKTER.reduce((best, takt) =>
    // ties upwards
    Math.abs(takt - percent) <= Math.abs(best - percent) ? takt : best,
  );
  return threeDigits(String(nearest));
}

function decimal(text: string): number {
  return Number(text.replace(",", "."));
}
