import type { ReportCause } from "../mapping/api.js";

/**
 * What a load found, written for the one who must mend it in Alvis: causes with the register's ids, never a person's
 * name, number or address. As an object it is the documented JSON of `adresslista reload --json`.
 */
export interface LoadReport {
  readonly load: number;
  /** ISO 8601 UTC. */
  readonly loadedAt: string;
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
  readonly causes: readonly LoadCause[];
  readonly warnings: readonly { readonly file: string; readonly line: number; readonly text: string }[];
}

export interface LoadCause {
  readonly cause: ReportCause;
  /** One plain sentence. */
  readonly text: string;
  readonly count: number;
  /** The first of the register's ids, in order of appearance. */
  readonly ids: readonly string[];
}

/** Ids kept for each cause: enough to begin mending, few enough for memory and for a reader. */
export const IDS_PER_CAUSE = 100;

const SENTENCES: Readonly<Record<ReportCause, string>> = {
  groupKindUnknown: "group of a kind that the mapping does not know: not loaded",
  groupDuplicate: "group that stands more than once: the first value of each field counts",
  groupSelfParent: "group that names itself as its parent: ignored",
  groupCycle: "group that is its own ancestor: the parent that closes the circle is ignored",
  groupNoId: "group without an id: not loaded",
  parentUnknown: "group whose parent is not in the export",
  courseWithoutCode: "course without a code: not loaded",
  kurskodFormat: "course code that is not 1 to 10 letters or digits: loaded as it is",
  courseDuplicate: "course code that two course groups have at one institution: the first by id counts",
  courseWithoutSchool: "course that belongs to no school: no institution lists it",
  occasionWithoutDates: "occasion without dates, of its own or of its learners: not loaded",
  occasionDateMissing: "occasion with a missing date: taken from its learners",
  occasionBeginAfterEnd: "occasion that begins after it ends: not loaded",
  occasionWithoutCourse: "occasion without a course above it and without a code of its own: not loaded",
  memberUnknownGroup: "membership of a group that is not in the export: ignored",
  memberUnknownPerson: "member who is not in the export: ignored",
  memberBeginAfterEnd: "membership that begins after it ends: the occasion's dates count",
  memberDateInvalid: "membership with a date that is none: treated as missing",
  anmkodDuplicate: "occasion whose anmkod another one has in the same term: a new one is given",
  kursomgExhausted: "occasion beyond the 35th alike: no kursomgång",
  widthExceeded: "value wider than T04's field: kept and written whole",
  programmeWithoutCode: "programme without a code: not loaded",
  personNoId: "person without an id: not loaded",
  personDuplicate: "person that stands more than once: merged",
  personConflict: "person whose records say different things: the first value counts",
  personNoSchool: "person tied to no school",
  personNoEmail: "person without an e-mail address",
  personInvalidPersonnummer: "person with an incorrect personnummer: stands in no list",
  personProtected: "protected person: address, phone and e-mail are not stored",
  recordDeleted: "record with recstatus 3 (delete): not loaded",
  recordSkipped: "record that could not be used",
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
      if (entry.ids.length < IDS_PER_CAUSE) entry.ids.push(id);
    },
    causes: () =>
      (Object.keys(SENTENCES) as ReportCause[]).flatMap((cause) => {
        const entry = found.get(cause);
        return entry ? [{ cause, text: SENTENCES[cause], count: entry.count, ids: entry.ids }] : [];
      }),
  };
}

/** Ids printed for each cause in the text report; the JSON has more. */
const IDS_IN_TEXT = 10;

export function formatReport(report: LoadReport): string {
  const lines = [
    `Load ${report.load}, ${report.loadedAt}`,
    ...report.files.map(
      (file) =>
        `  ${file.name}: ${file.bytes} bytes, ${file.encoding}, ${file.persons} persons, ${file.groups} groups, ${file.members} members, sha256 ${file.sha256}`,
    ),
    `  export made: ${report.exportDatetime ?? "not said in the file"}`,
    "Rows:",
    ...Object.entries(report.counts).map(
      ([table, count]) => `  ${table.padEnd(12)} ${String(count).padStart(9)}`,
    ),
  ];
  if (report.warnings.length > 0) {
    lines.push(
      "Warnings:",
      ...report.warnings.map(({ file, line, text }) => `  ${file}, line ${line}: ${text}`),
    );
  }
  lines.push(report.causes.length > 0 ? "To look at (ids are the register's):" : "Nothing to look at.");
  for (const { text, count, ids } of report.causes) {
    const shown = ids.slice(0, IDS_IN_TEXT).join(", ");
    lines.push(`  ${count} × ${text}`, `      ${shown}${count > IDS_IN_TEXT ? ", …" : ""}`);
  }
  return `${lines.join("\n")}\n`;
}
