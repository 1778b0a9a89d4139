import { codeKey, isInstitution } from "../domain/codes.js";
import type { CodeRegister, MappingSettings } from "./api.js";
import type { Group } from "./groups.js";
import type { InstitutionRow } from "./rows.js";

export interface Institutions {
  /** By code. Schools that share a code are one row, with the first name by group id. */
  readonly rows: readonly InstitutionRow[];
  /** Codes given now, to keep for ever: group id → code. */
  readonly newCodes: ReadonlyMap<string, string>;
  /** The codes of these schools, each once, in their order. */
  codesOf(schools: readonly Group[]): readonly string[];
}

/**
 * Gives each school (in order of id) its code: the one of the settings, else its id when that has the format of an
 * Institution, else the one it was given once, else the next free from I001 (contract section 5, Institutions).
 */
export function assignInstitutions(
  schools: readonly Group[],
  settings: MappingSettings,
  register: CodeRegister["institutions"],
): Institutions {
  const ownCodes = new Map(schools.map((school) => [school, ownCode(school, settings, register)] as const));
  const taken = new Set(
    [...Object.values(settings.institutions), ...register.values(), ...ownCodes.values()].flatMap((code) =>
      code === undefined ? [] : [codeKey(code)],
    ),
  );
  const freeCodes = generatedCodes(taken);
  const newCodes = new Map<string, string>();
  const rows = new Map<string, InstitutionRow>();
  const codes = new Map<Group, string>();
  for (const [school, own] of ownCodes) {
    const code = own ?? freeCodes.next().value;
    if (own === undefined) newCodes.set(school.id, code);
    const row = withName(rows.get(codeKey(code)) ?? { kod: code }, school.long ?? school.short);
    rows.set(codeKey(code), row);
    codes.set(school, row.kod);
  }
  return {
    rows: [...rows.values()].sort((a, b) => (a.kod < b.kod ? -1 : 1)),
    newCodes,
    codesOf: (wanted) => [...new Set(wanted.flatMap((school) => codes.get(school) ?? []))],
  };
}

function ownCode(
  school: Group,
  settings: MappingSettings,
  register: CodeRegister["institutions"],
): string | undefined {
  const ofAnyId = (code: (id: string) => string | undefined) =>
    school.ids.map(code).find((found) => found !== undefined);
  return (
    ofAnyId((id) => (Object.hasOwn(settings.institutions, id) ? settings.institutions[id] : undefined)) ??
    (isInstitution(school.id) ? school.id : undefined) ??
    ofAnyId((id) => register.get(id))
  );
}

function withName(row: InstitutionRow, benamning: string | undefined): InstitutionRow {
  return row.benamning !== undefined || benamning === undefined ? row : { ...row, benamning };
}

/** I001 … I999, then (within C(4)) three letters or digits; a code once handed out is not handed out again. */
function* generatedCodes(taken: ReadonlySet<string>): Generator<string, never> {
  const LAST_DECIMAL = 999;
  for (let number = 1; number <= LAST_DECIMAL; number++) {
    const code = `I${String(number).padStart(3, "0")}`;
    if (!taken.has(code)) yield code;
  }
  for (let number = 1; ; number++) {
    const code = `I${number.toString(36).toUpperCase().padStart(3, "0")}`;
    if (!taken.has(code) && !/^I\d{3}$/.test(code)) yield code;
  }
}
