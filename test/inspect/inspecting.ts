import { inspectExport } from "../../lib/inspect/inspect.js";
import type { ExportProfile, Tally } from "../../lib/inspect/profile.js";
import type { MappingSettings } from "../../lib/mapping/api.js";
import { defaultMapping } from "../../lib/mapping/settings.js";
import { exportOf } from "../support/export.js";

/** The profile of files that are one data set: `export-1.xml`, `export-2.xml`, … */
export function inspectedFiles(
  files: readonly (string | Buffer)[],
  mapping: MappingSettings = defaultMapping,
): Promise<ExportProfile> {
  const sources = files.map((content, index) => ({
    name: `export-${index + 1}.xml`,
    async *open() {
      yield Buffer.from(content);
    },
  }));
  return inspectExport({ sources, mapping, now: new Date("2009-03-03T01:00:00Z") });
}

/** The profile of one export with these records. */
export function inspected(
  records: readonly string[],
  mapping: MappingSettings = defaultMapping,
): Promise<ExportProfile> {
  return inspectedFiles([exportOf(records)], mapping);
}

/** `value count`, and what is absent or not shown. */
export function tallied({ values, absent, others }: Tally): string {
  return [
    ...values.map(({ value, count }) => `${value} ${count}`),
    ...(absent === 0 ? [] : [`absent ${absent}`]),
    ...(others === 0 ? [] : [`others ${others}`]),
  ].join(", ");
}

/** `typevalue: proposed`, in the order of the file. */
export function proposals({ proposal }: ExportProfile): string[] {
  return proposal.reasons.map(({ of, proposed }) => `${of.replace(/ \(.*| \+.*/, "")}: ${proposed ?? "-"}`);
}
