import type { GroupKindRule } from "../mapping/api.js";
import type {
  ArchiveProfile,
  DatesProfile,
  ExportProfile,
  FileProfile,
  Finding,
  GroupKindProfile,
  GroupsProfile,
  IdsProfile,
  MembershipsProfile,
  PersonsProfile,
  Proposal,
  RecordsProfile,
  ReferencesProfile,
  Tally,
} from "./profile.js";
import { kindInWords } from "./propose.js";

/** The profile for people: one thing a line, what is not there left out, the proposal at the end. */
export function formatProfile(profile: ExportProfile): string {
  const lines = [
    ...profile.archives.flatMap(archiveLines),
    ...profile.files.flatMap(fileLines),
    ...recordLines(profile.records),
    ...groupLines(profile.groups),
    ...personLines(profile.persons, profile.records),
    ...membershipLines(profile.memberships),
    ...referenceLines(profile.references),
    ...proposalLines(profile.proposal),
  ];
  return `${lines.join("\n")}\n`;
}

const INDENT = "  ";

/** A heading and its lines, when there are any. */
function section(heading: string, ...lines: readonly (string | readonly string[])[]): string[] {
  const content = lines.flat();
  return content.length === 0 ? [] : ["", heading, ...content.map((line) => INDENT + line)];
}

function archiveLines({ name, bytes, sha256, parts, stopped }: ArchiveProfile): string[] {
  const content =
    stopped === null
      ? `archive of ${parts.length}: ${parts.join(", ")}`
      : `NOT READ, a load refuses it: ${stopped}`;
  return [
    name,
    INDENT + content,
    ...(sha256 === null ? [] : [`${INDENT}${bytes} bytes, sha256 ${sha256}`]),
    "",
  ];
}

function fileLines(file: FileProfile): string[] {
  const { encoding, root, properties, repairs, warnings, stopped, counts } = file;
  const found = [
    encoding.found ?? "not read to the end",
    `declared ${encoding.declared ?? "nothing"}`,
    ...(encoding.byteOrderMark === null ? [] : [`byte order mark of ${encoding.byteOrderMark}`]),
  ];
  const rootWords = [
    root.name ?? "none found",
    root.namespace === null ? "no namespace" : `namespace ${root.namespace}`,
    ...(root.upperCase ? ["upper case"] : []),
    ...(root.doctype ? ["with a DOCTYPE (never fetched, never expanded)"] : []),
  ];
  return [
    file.name,
    ...[
      ...(stopped === null ? [] : [`NOT READ TO ITS END, a load refuses it: ${stopped}`]),
      `${file.bytes} bytes, sha256 ${file.sha256}`,
      `encoding: ${found.join(", ")}`,
      `root: ${rootWords.join(", ")}`,
      properties === null
        ? "properties: none"
        : `properties: ${[
            `datasource ${properties.datasource ?? "none"}`,
            `type ${properties.type ?? "none"}`,
            `datetime ${properties.datetime ?? "none"}`,
            ...(properties.target.length === 0 ? [] : [`target ${properties.target.join(", ")}`]),
          ].join(", ")}`,
      `records: ${counts.persons} persons, ${counts.groups} groups, ${counts.memberships} memberships with ${counts.members} members`,
      ...repairs.map(
        ({ text, count, lines }) =>
          `mended ${count} × ${text}${lines.length === 0 ? "" : ` (${linesInWords(lines, count)})`}`,
      ),
      ...warnings.map(({ line, text }) => `line ${line}: ${text}`),
    ].map((line) => INDENT + line),
    "",
  ];
}

function linesInWords(lines: readonly number[], count: number): string {
  return `${lines.length === 1 ? "line" : "lines"} ${lines.join(", ")}${count > lines.length ? ", …" : ""}`;
}

function recordLines({ persons, groups, memberships, members, skipped }: RecordsProfile): string[] {
  return [
    `All files: ${persons} persons, ${groups} groups, ${memberships} memberships with ${members} members`,
    ...(persons === 0 ? [`${INDENT}NO PERSONS: a load refuses this`] : []),
    ...skipped.map(
      ({ record, reason, ...finding }) =>
        `${INDENT}skipped: ${record}, ${reason}: ${findingInWords(finding)}`,
    ),
  ];
}

function groupLines(groups: GroupsProfile): string[] {
  return [
    ...section(
      "Kinds of groups (what the mapping makes of them → evidence)",
      groups.kinds.flatMap(kindLines),
      groups.otherKinds === 0 ? [] : [`${groups.otherKinds} groups of further kinds, too many to tell apart`],
    ),
    ...section(
      "Groups",
      idLines(groups.ids),
      tallyLine("recstatus", groups.recstatus),
      dateLines(groups.dates),
      tallyLine("relationships", groups.relations),
      tallyLine("extension", groups.extensionElements),
    ),
  ];
}

function kindLines(kind: GroupKindProfile): string[] {
  const { groups } = kind;
  const has = [
    [kind.withBegin, "a begin"],
    [kind.withEnd, "an end"],
    [kind.withParent, "a parent"],
    [kind.withShort, "short"],
    [kind.withLong, "long"],
    [kind.withCourseCode, "a course code as short"],
    [kind.withLearners, "learners"],
    [kind.withUntypedMembers, "members without a type of role"],
  ] as const;
  const counts = has
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count === groups ? "all" : count} with ${what}`);
  return [
    `${groups} × ${kindInWords(kind.types)} → ${kind.kind ?? "NOT LOADED"}`,
    ...[
      counts.length === 0 ? [] : [counts.join(", ")],
      tallyLine("persons by role", kind.personsByRole),
      tallyLine("groups as members by role", kind.groupsByRole),
      tallyLine("labels", kind.labels),
    ]
      .flat()
      .map((line) => INDENT + INDENT + line),
  ];
}

function personLines(persons: PersonsProfile, records: RecordsProfile): string[] {
  if (records.persons === 0) return [];
  const share = (count: number) => `${count} of ${records.persons}`;
  const { personnummer, email } = persons;
  return section(
    "Persons",
    idLines(persons.ids),
    tallyLine("recstatus", persons.recstatus),
    `personnummer as a load reads it: ${personnummer.correct} correct, ${personnummer.incorrect} incorrect, ${personnummer.none} none`,
    persons.identityNumbers.map(({ where, isRead, count, correct, forms }) => {
      const shown = forms.map(({ form, count: number }) => `${form} ${number}`).join(", ");
      return `${INDENT}${where} (${isRead ? "read" : "not read"}): ${count}, ${correct} correct: ${shown}`;
    }),
    persons.withoutUserid === 0
      ? []
      : [`without userid, or with an empty one: ${share(persons.withoutUserid)}`],
    tallyLine("institutionrole", persons.institutionRoles),
    tallyLine("name", persons.names),
    `e-mail: ${share(email.present)}${email.wrongForm === 0 ? "" : `, ${email.wrongForm} not of the form x@y`}`,
    `telephone: ${share(persons.withTelephone)}`,
    tallyLine(`${INDENT}types`, persons.telephones),
    tallyLine("address", persons.addresses),
    `protected: ${share(persons.protected.count)}`,
    tallyLine(`${INDENT}marks`, { ...persons.protected.marks, absent: 0 }),
    tallyLine("extension", persons.extensionElements),
  );
}

function membershipLines(memberships: MembershipsProfile): string[] {
  return section(
    "Members",
    tallyLine("idtype", memberships.idtypes),
    tallyLine("roles", memberships.roles, "without a role"),
    memberships.severalRoles === 0 ? [] : [`with several roles: ${memberships.severalRoles}`],
    tallyLine("status of roles", memberships.statuses),
    tallyLine("recstatus of roles", memberships.recstatus),
    dateLines(memberships.dates),
    tallyLine("extension", memberships.extensionElements),
  );
}

function idLines({ sources, types, forms, severalIds }: IdsProfile): string[] {
  return [
    ...tallyLine("ids", forms),
    ...tallyLine("source of ids", sources),
    ...tallyLine("sourcedidtype", types),
    ...(severalIds === 0 ? [] : [`with several ids: ${severalIds}`]),
  ];
}

function dateLines(dates: DatesProfile): string[] {
  const { both, beginOnly, endOnly, none, noDate, beginAfterEnd } = dates;
  const range = (first: string | null, last: string | null) =>
    first === null ? "none" : `${first} to ${last}`;
  return [
    `dates: ${both} both, ${beginOnly} begin only, ${endOnly} end only, ${none} none`,
    ...(both + beginOnly === 0 ? [] : [`${INDENT}begin ${range(dates.earliestBegin, dates.latestBegin)}`]),
    ...(both + endOnly === 0 ? [] : [`${INDENT}end ${range(dates.earliestEnd, dates.latestEnd)}`]),
    ...tallyLine(`${INDENT}written`, dates.forms),
    ...(noDate.count === 0 ? [] : [`${INDENT}no dates, or outside 1970 to 2069: ${findingInWords(noDate)}`]),
    ...(beginAfterEnd.count === 0 ? [] : [`${INDENT}begin after end: ${findingInWords(beginAfterEnd)}`]),
  ];
}

function referenceLines(references: ReferencesProfile): string[] {
  const findings: readonly (readonly [string, Finding])[] = [
    ["members whose person is in none of the files", references.unknownPersons],
    ["members taken as persons, though only a group has that id", references.personsThatAreGroups],
    ["groups as members that are in none of the files", references.unknownMemberGroups],
    ["memberships of groups that are in none of the files", references.unknownGroups],
    ["parents that are in none of the files", references.unknownParents],
    ["groups that name themselves as their parent", references.selfParents],
    ["ids that several person records have", references.personsTwice],
    ["ids that several group records have", references.groupsTwice],
  ];
  return section(
    "References",
    findings.flatMap(([what, finding]) =>
      finding.count === 0 ? [] : [`${what}: ${findingInWords(finding)}`],
    ),
    references.sharedIds === 0
      ? []
      : [`ids that a person and a group share (no harm): ${references.sharedIds}`],
  );
}

function proposalLines({ mapping, reasons }: Proposal): string[] {
  const reasonLines = reasons.map(
    ({ of, proposed, reason }) => `${of} → ${proposed ?? "no proposal"}: ${reason}`,
  );
  return [
    ...section("What the mapping does not know", reasonLines),
    "",
    ...(mapping === null
      ? ["No change of the mapping is proposed."]
      : [
          "Proposed for adresslista.config.json (look at the reasons first; lists replace the default's, so they are whole):",
          mappingJson(mapping),
        ]),
  ];
}

/** One rule a line, as a person would write it. */
function mappingJson({ groupKinds, personnummerUseridTypes }: NonNullable<Proposal["mapping"]>): string {
  const rule = (written: GroupKindRule) =>
    `{ ${Object.entries(written)
      .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(", ")} }`;
  const fields = [
    ...(groupKinds === undefined
      ? []
      : [`    "groupKinds": [\n${groupKinds.map((each) => `      ${rule(each)}`).join(",\n")}\n    ]`]),
    ...(personnummerUseridTypes === undefined
      ? []
      : [
          `    "personnummerUseridTypes": [${personnummerUseridTypes.map((type) => JSON.stringify(type)).join(", ")}]`,
        ]),
  ];
  return `{\n  "mapping": {\n${fields.join(",\n")}\n  }\n}`;
}

function tallyLine(what: string, { values, absent, others }: Tally, none = "none"): string[] {
  if (values.length === 0 && others === 0) return [];
  const shown = [
    ...values.map(({ value, count }) => `${value} ${count}`),
    ...(others === 0
      ? []
      : [`${values.length === 0 ? "too many different ones to be words" : "others"} ${others}`]),
    ...(absent === 0 ? [] : [`(${none} ${absent})`]),
  ];
  return [`${what}: ${shown.join(", ")}`];
}

function findingInWords({ count, places }: Finding): string {
  const files = [...new Set(places.map(({ file }) => file))];
  const where = files.map((file) => {
    const lines = places.filter((place) => place.file === file).map(({ line }) => line);
    return `${file} line ${lines.join(", ")}`;
  });
  return `${count} (${where.join("; ")}${count > places.length ? ", …" : ""})`;
}
