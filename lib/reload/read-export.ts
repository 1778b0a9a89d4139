import { AdresslistaError } from "../errors.js";
import { openExport } from "../fetch/open-export.js";
import { type ImsSummary, readImsStream } from "../ims/read.js";
import type { ImsGroup, ImsHandler, ImsMember } from "../ims/records.js";
import type { Report } from "../mapping/api.js";
import { isDeleted, memberRoles } from "../mapping/members.js";
import { personData } from "../mapping/person.js";
import { sharedGroups } from "../mapping/share-equal.js";
import type { Staging } from "../store/sqlite/staging.js";
import type { ExportFile, ReloadOptions } from "./api.js";
import type { ExportDay } from "./export-day.js";

export interface ExportRead {
  /** Records of groups, and members with idtype 2: once, so that they can be let go. */
  takeGroups(): { readonly records: readonly ImsGroup[]; readonly members: readonly ImsMember[] };
  /** In the order of the files. */
  readonly files: readonly FileRead[];
  /** Ids of protected persons: what the settings list, and those whose deleted record says so. */
  readonly protectedIds: ReadonlySet<string>;
}

/** A file as it lies on the disk, and what was read of it. */
export interface FileRead {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly parts: readonly ImsSummary[];
}

export interface ReadInto {
  readonly staging: Staging;
  readonly day: ExportDay;
  report: Report;
}

/** Persons and their memberships go to the staging as they come; groups, which are few, stay in memory. */
export async function readExport(options: ReloadOptions, into: ReadInto): Promise<ExportRead> {
  const groups = collectGroups();
  const protectedIds = new Set(options.protectedIds);
  const { staging, day, report } = into;
  const handler: ImsHandler = {
    person(record) {
      const person = personData(record, options.mapping, options.protectedIds);
      if (!isDeleted(record)) {
        staging.addPerson(person);
        return;
      }
      report("recordDeleted", person.id);
      // What a record says of protection holds even when the record itself is gone (contract section 5).
      if (person.protected) for (const id of person.aliases) protectedIds.add(id);
    },
    group(group) {
      groups.add(group);
    },
    member(member) {
      const judged = memberRoles(member, report);
      if (judged.kind === "group") groups.addMember(member);
      else stageMember(staging, member, judged.roles);
    },
    skipped: (kind, line) => report("recordSkipped", `${kind} at line ${line}`),
  };
  const files: FileRead[] = [];
  for (const file of options.files) {
    options.progress?.("read", 0, undefined);
    files.push(await readFile(file, options, handler, day));
  }
  if (staging.personCount() === 0) {
    const names = options.files.map(({ name }) => name).join(", ");
    throw new AdresslistaError("export", `${names}: no persons in the export`);
  }
  return { takeGroups: groups.take, files, protectedIds };
}

function collectGroups() {
  const nothing = () => ({ shared: sharedGroups(), records: [] as ImsGroup[], members: [] as ImsMember[] });
  let collected = nothing();
  return {
    add(group: ImsGroup): void {
      collected.records.push(collected.shared(group));
    },
    addMember(member: ImsMember): void {
      collected.members.push(member);
    },
    take() {
      const { records, members } = collected;
      collected = nothing();
      return { records, members };
    },
  };
}

function stageMember(
  staging: Staging,
  member: ImsMember,
  roles: ReturnType<typeof memberRoles>["roles"],
): void {
  for (const role of roles) staging.addMembership(member.member.id, role, { active: true });
  // Who is in a group without being a learner there is still tied to its school.
  if (roles.length === 0) {
    staging.addMembership(member.member.id, { group: member.group.id, role: "learner" }, { active: false });
  }
}

/** Characters of a foreign datasource that an error quotes. */
const QUOTED_CHARACTERS = 80;

function checkDatasource(name: string, datasource: string | undefined, wanted: string | undefined): void {
  if (wanted === undefined || datasource === wanted) return;
  const found = datasource === undefined ? "not given" : `"${datasource.slice(0, QUOTED_CHARACTERS)}"`;
  throw new AdresslistaError("export", `${name}: the datasource is ${found}, not "${wanted}"`);
}

/** The XML files of one file: itself, or those in it. */
async function readFile(
  file: ExportFile,
  options: ReloadOptions,
  handler: ImsHandler,
  day: ExportDay,
): Promise<FileRead> {
  const content = await openExport(file.path, file.name);
  try {
    const parts: ImsSummary[] = [];
    for (const part of content.parts) {
      let datasource: string | undefined;
      const onPart: ImsHandler = {
        ...handler,
        properties(properties) {
          datasource = properties.datasource;
          day.add(properties.datetime);
        },
      };
      const summary = await readImsStream(part.name, part.chunks(), onPart, {
        repair: options.repair,
        ...(options.signal ? { signal: options.signal } : {}),
        onProgress: (done) => options.progress?.("read", done, part.bytes),
      });
      checkDatasource(part.name, datasource, options.datasource);
      parts.push(summary);
    }
    const [only] = parts;
    return { name: file.name, bytes: content.bytes, sha256: content.sha256 ?? only?.sha256 ?? "", parts };
  } finally {
    content.close();
  }
}
