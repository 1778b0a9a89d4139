import { shownId } from "../domain/shown-id.js";
import type { ReportCause } from "../mapping/api.js";
import { ALL_INSTITUTIONS, type BeforeAfter, type SchoolChange } from "./guards.js";

/**
 * What a load found, written for the one who must mend it in Alvis: causes with the register's ids, never a person's
 * name, number or address. As an object it is the documented JSON of `adresslista reload --json`, and what `status --json`
 * says of the load that is served.
 */
export interface LoadReport {
  /** Number of the load: of one that was refused or a dry run the one it would have had. */
  readonly load: number;
  /** ISO 8601 UTC. */
  readonly loadedAt: string;
  /** The latest properties/datetime of the files, as written. */
  readonly exportDatetime: string | null;
  readonly files: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly encoding: string;
    readonly persons: number;
    readonly groups: number;
    readonly members: number;
  }[];
  /** Rows per table of the new generation. */
  readonly counts: Readonly<Record<string, number>>;
  /** The load that was served, with which this one is compared; null: none was. */
  readonly previous: number | null;
  /** All schools together (`*`), then school by school: what there was and is. */
  readonly changes: readonly SchoolChange[];
  /** Carried over from the previous load, since the export no longer holds it (setting `historyTerms`). */
  readonly history: CarriedOver;
  /** What was mended in files that are not well-formed (setting `repair`), by kind; each with its line is in `warnings`. */
  readonly repairs: readonly Repair[];
  /** What guards would have refused, and `--force` loaded all the same. */
  readonly overridden: readonly string[];
  readonly causes: readonly LoadCause[];
  readonly warnings: readonly { readonly file: string; readonly line: number; readonly text: string }[];
}

export interface CarriedOver {
  readonly occasions: number;
  readonly registrations: number;
  /** Persons who are no longer in the export. */
  readonly persons: number;
}

export const NOTHING_CARRIED_OVER: CarriedOver = { occasions: 0, registrations: 0, persons: 0 };

export interface Repair {
  readonly kind: string;
  /** What was done, in words. */
  readonly text: string;
  readonly count: number;
}

/** error: something is missing in lists. warning: loaded, but not for certain as it was meant. info: so it should be. */
export type Severity = "error" | "warning" | "info";

export interface LoadCause {
  readonly cause: ReportCause;
  readonly severity: Severity;
  /** One plain sentence: what is so, and what became of it. */
  readonly text: string;
  /** What to do about it, and where; null when there is nothing to do. */
  readonly mend: string | null;
  readonly count: number;
  /**
   * The first of the register's ids, in order of appearance. One that is, or has in it, an identity number is not told:
   * `(identity number)` stands in its place.
   */
  readonly ids: readonly string[];
}

/** Ids kept for each cause: enough to begin mending, few enough for memory and for a reader. */
export const IDS_PER_CAUSE = 100;

type Finding = Pick<LoadCause, "severity" | "text" | "mend">;

const FINDINGS: Readonly<Record<ReportCause, Finding>> = {
  groupKindUnknown: {
    severity: "warning",
    text: "group of a kind that the mapping does not know: not loaded",
    mend: "if it has courses, classes or schools, name its kind in the setting mapping.groupKinds; `adresslista inspect` proposes how",
  },
  groupDuplicate: {
    severity: "warning",
    text: "group that stands more than once: the first value of each field counts",
    mend: "in Alvis, keep one of the groups that share this id and end the others",
  },
  groupSelfParent: {
    severity: "info",
    text: "group that names itself as its parent: ignored",
    mend: null,
  },
  groupCycle: {
    severity: "warning",
    text: "group that is its own ancestor: the parent that closes the circle is ignored",
    mend: "in Alvis, place the group under one parent that does not lie below it",
  },
  groupNoId: {
    severity: "error",
    text: "group without an id: not loaded",
    mend: "ask the supplier of the export: every group must have a sourcedid",
  },
  parentUnknown: {
    severity: "warning",
    text: "group whose parent is not in the export",
    mend: "in Alvis, include the parent (course, school or unit) in the export, or place the group under one that is",
  },
  courseWithoutCode: {
    severity: "error",
    text: "course without a code: not loaded",
    mend: "in Alvis, give the course its course code",
  },
  kurskodFormat: {
    severity: "warning",
    text: "course code that is not 1 to 10 letters or digits: loaded as it is",
    mend: "in Alvis, correct the course code: portals may not be able to ask for this one",
  },
  courseDuplicate: {
    severity: "warning",
    text: "course code that two course groups have at one institution: the first by id counts",
    mend: "in Alvis, give the two courses one group, or codes of their own",
  },
  courseWithoutSchool: {
    severity: "error",
    text: "course that belongs to no school: no institution lists it",
    mend: "in Alvis, tie the course or its course groups to a school or unit (enhet)",
  },
  occasionWithoutDates: {
    severity: "error",
    text: "occasion without dates, of its own or of its learners: not loaded",
    mend: "in Alvis, give the course group a start and an end date, or its students theirs",
  },
  occasionDateMissing: {
    severity: "warning",
    text: "occasion with a missing date: taken from its learners",
    mend: "in Alvis, give the course group both its start and its end date",
  },
  occasionBeginAfterEnd: {
    severity: "error",
    text: "occasion that begins after it ends: not loaded",
    mend: "in Alvis, correct the course group's start and end dates",
  },
  occasionWithoutCourse: {
    severity: "error",
    text: "occasion without a course above it and without a code of its own: not loaded",
    mend: "in Alvis, connect the course group with its course",
  },
  memberUnknownGroup: {
    severity: "error",
    text: "membership of a group that is not in the export: ignored",
    mend: "in Alvis, include the group in the export: its unit or its dates may leave it out",
  },
  memberUnknownPerson: {
    severity: "error",
    text: "member who is not in the export: ignored",
    mend: "in Alvis, tie the person to a unit (enhet): persons tied to none are left out of the export",
  },
  memberBeginAfterEnd: {
    severity: "warning",
    text: "membership that begins after it ends: the occasion's dates count",
    mend: "in Alvis, correct the start and end dates of the student's place in the course group",
  },
  memberDateInvalid: {
    severity: "warning",
    text: "membership with a date that is none: treated as missing",
    mend: "in Alvis, correct the start and end dates of the student's place in the course group",
  },
  anmkodDuplicate: {
    severity: "warning",
    text: "occasion whose anmkod another one has in the same term: a new one is given",
    mend: "in Alvis, give each course group of a half-year an application code (anmälningskod) of its own",
  },
  kursomgExhausted: {
    severity: "info",
    text: "occasion beyond the 35th alike: no kursomgång",
    mend: null,
  },
  widthExceeded: {
    severity: "warning",
    text: "value wider than T04's field: kept and written whole",
    mend: "in Alvis, shorten the value if a portal cannot show it",
  },
  programmeWithoutCode: {
    severity: "error",
    text: "programme without a code: not loaded",
    mend: "in Alvis, give the programme (or course package, kurspaket) its code",
  },
  personNoId: {
    severity: "error",
    text: "person without an id: not loaded",
    mend: "ask the supplier of the export: every person must have a sourcedid",
  },
  personDuplicate: {
    severity: "warning",
    text: "person that stands more than once: merged",
    mend: "in Alvis, see whether the person is registered twice; once for each school is as it should be",
  },
  personConflict: {
    severity: "warning",
    text: "person whose records say different things: the first value counts",
    mend: "in Alvis, make the person's records at the different schools say the same",
  },
  personNoSchool: {
    severity: "warning",
    text: "person tied to no school",
    mend: "in Alvis, tie the person to a unit (enhet)",
  },
  personNoEmail: {
    severity: "warning",
    text: "person without an e-mail address",
    mend: "in Alvis, fill in the person's e-mail address: without one no e-mail list reaches them",
  },
  personInvalidPersonnummer: {
    severity: "error",
    text: "person with an incorrect personnummer: stands in no list",
    mend: "in Alvis, correct the personnummer; who has only a TF number stands in no list until there is a real or an interim one",
  },
  personProtected: {
    severity: "info",
    text: "protected person: address, phone and e-mail are not stored",
    mend: null,
  },
  recordDeleted: {
    severity: "info",
    text: "record with recstatus 3 (delete): not loaded",
    mend: null,
  },
  recordSkipped: {
    severity: "error",
    text: "record that could not be used",
    mend: "look at the line in the file, and ask the supplier of the export",
  },
};

export interface ReportCollector {
  add(cause: ReportCause, id: string): void;
  causes(): LoadCause[];
}

export function collectReport(): ReportCollector {
  const found = new Map<ReportCause, { count: number; ids: string[] }>();
  return {
    add(cause, id) {
      let entry = found.get(cause);
      if (!entry) {
        entry = { count: 0, ids: [] };
        found.set(cause, entry);
      }
      entry.count += 1;
      if (entry.ids.length < IDS_PER_CAUSE) entry.ids.push(shownId(id));
    },
    causes: () =>
      (Object.keys(FINDINGS) as ReportCause[]).flatMap((cause) => {
        const entry = found.get(cause);
        return entry ? [{ cause, ...FINDINGS[cause], count: entry.count, ids: entry.ids }] : [];
      }),
  };
}

/** What was mended in all files, kind by kind. */
export function mergeRepairs(files: readonly (readonly Repair[])[]): readonly Repair[] {
  const merged = new Map<string, Repair>();
  for (const { kind, text, count } of files.flat()) {
    merged.set(kind, { kind, text, count: count + (merged.get(kind)?.count ?? 0) });
  }
  return [...merged.values()];
}

/** The number that `status` shows: what somebody should look at. */
export function countWarnings({ causes, warnings }: Pick<LoadReport, "causes" | "warnings">): number {
  return causes.reduce(
    (sum, { severity, count }) => sum + (severity === "info" ? 0 : count),
    warnings.length,
  );
}

/** Ids printed for each cause in the text report; the JSON has more. */
const IDS_IN_TEXT = 10;

/** Warnings printed in the text report; the JSON has all that were kept. */
const WARNINGS_IN_TEXT = 20;

/** The report for an administrator, in plain text. */
export function formatReport(report: LoadReport): string {
  const compared = report.previous === null ? "" : `, compared with load ${report.previous}`;
  const lines = [
    `Load ${report.load}, ${report.loadedAt}${compared}`,
    ...report.files.map(
      (file) =>
        `  ${file.name}: ${file.bytes} bytes, ${file.encoding}, ${file.persons} persons, ${file.groups} groups, ${file.members} members, sha256 ${file.sha256}`,
    ),
    `  export made: ${report.exportDatetime ?? "not said in the file"}`,
    ...formatChanges(report.changes),
    ...formatHistory(report),
    ...section("Would have been refused, and was loaded by force:", report.overridden),
    "Rows:",
    ...Object.entries(report.counts).map(
      ([table, count]) => `  ${table.padEnd(12)} ${String(count).padStart(9)}`,
    ),
    ...section(
      "Mended in the files:",
      report.repairs.map(({ count, text }) => `${count} × ${text}`),
    ),
    ...formatWarnings(report.warnings),
    ...formatCauses(report.causes),
  ];
  return `${lines.join("\n")}\n`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

const CHANGE_COLUMNS = ["persons", "occasions", "registrations"] as const;

/** One line for each school: `VUX  1200 (-15)  …`. */
function formatChanges(changes: readonly SchoolChange[]): readonly string[] {
  if (changes.length === 0) return [];
  const rows = [
    ["School", ...CHANGE_COLUMNS],
    ...changes.map((change) => [
      change.institution === ALL_INSTITUTIONS ? "all" : change.institution,
      ...CHANGE_COLUMNS.map((column) => shownChange(change[column])),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map(([school = "", ...cells]) =>
    [
      school.padEnd(widths[0] ?? 0),
      ...cells.map((cell, index) => cell.padStart(widths[index + 1] ?? 0)),
    ].join("  "),
  );
}

function shownChange({ before, after }: BeforeAfter): string {
  if (before === null || before === after) return String(after);
  return `${after} (${after > before ? "+" : "-"}${Math.abs(after - before)})`;
}

function formatHistory({ previous, history }: LoadReport): readonly string[] {
  const { occasions, registrations, persons } = history;
  if (previous === null || occasions + registrations + persons === 0) return [];
  return [
    `Carried over from load ${previous}: ${occasions} occasions, ${registrations} registrations, ${persons} persons who are no longer in the export`,
  ];
}

function formatWarnings(warnings: LoadReport["warnings"]): readonly string[] {
  const lines = warnings
    .slice(0, WARNINGS_IN_TEXT)
    .map(({ file, line, text }) => `${file}, line ${line}: ${text}`);
  const untold = warnings.length - WARNINGS_IN_TEXT;
  return section("Warnings:", untold > 0 ? [...lines, `and ${untold} more`] : lines);
}

const SEVERITY_TITLES: readonly (readonly [Severity, string])[] = [
  ["error", "To mend, since something is missing in lists (ids are the register's):"],
  ["warning", "To look at (ids are the register's):"],
  ["info", "For information (ids are the register's):"],
];

function formatCauses(causes: readonly LoadCause[]): readonly string[] {
  if (causes.length === 0) return ["Nothing to look at."];
  return SEVERITY_TITLES.flatMap(([wanted, title]) =>
    section(title, causes.filter(({ severity }) => severity === wanted).flatMap(formatCause)),
  );
}

function formatCause({ text, mend, count, ids }: LoadCause): readonly string[] {
  const shown = ids.slice(0, IDS_IN_TEXT).join(", ");
  return [
    `${count} × ${text}`,
    ...(mend === null ? [] : [`    ${mend}`]),
    `    ${shown}${count > IDS_IN_TEXT ? ", …" : ""}`,
  ];
}
