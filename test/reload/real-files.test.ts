import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { inTemporaryFolder, loadNumbersIn } from "../support/database.js";
import { databaseIn, generationIn, type Loaded, loadFilesIn, reloadFiles } from "./loading.js";

/** Each thing that real exports do (test/fixtures/ims), through the whole load: what is listed, what is said, or why not. */
const FIXTURES = fileURLToPath(new URL("../fixtures/ims/", import.meta.url));
const NOW = new Date("2026-11-24T02:15:00Z");

const EXPECTED: Readonly<Record<string, string>> = {
  "bare-ampersand.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; mended: bareAmpersand 3; warning in line 7; warning in line 8",
  "bare-less-than.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; mended: bareLessThan 3; warning in line 7",
  "blank-line-before-declaration.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; mended: lateDeclaration 1; warning in line 2",
  "collective-group-without-roles.xml":
    "Provsson Åsa; groupKindUnknown 1; personNoEmail 1; personInvalidPersonnummer 1",
  "comments-and-instructions.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "control-characters.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; mended: forbiddenCharacter 4; warning in line 6; warning in line 7",
  "crlf.xml": "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "cut-between-records.xml":
    'export: cut-between-records.xml, line 26: truncated: the file ends inside the element "enterprise"',
  "dates-odd.xml":
    "Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262; memberBeginAfterEnd 1; personNoEmail 4; personInvalidPersonnummer 4",
  "declared-utf-16-but-is-utf-8.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; warning in line 1",
  "decomposed-letters.xml": "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "doctype-dead-dtd.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; warning in line 2",
  "doctype-entity-bomb.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; mended: unknownEntity 1; warning in line 2; warning in line 13",
  "empty.xml": "export: empty.xml, line 1: no root element: the file is empty or truncated",
  "end-tag-missing.xml":
    "export: end-tag-missing.xml, line 30: not well-formed XML: an end tag that does not match its start tag",
  "groups-and-memberships-only.xml": "export: groups-and-memberships-only.xml: no persons in the export",
  "html-entities.xml":
    "Provsson &Aring;sa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; mended: unknownEntity 3; warning in line 6; warning in line 7",
  "idtype-forms.xml":
    "Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262; personNoEmail 3; personInvalidPersonnummer 3",
  "iso-8859-1-really-windows-1252.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "levels-by-scheme.xml": "export: levels-by-scheme.xml: no persons in the export",
  "membership-empty.xml": "Provsson Åsa; personNoSchool 1; personNoEmail 1; personInvalidPersonnummer 1",
  "memberships-in-blocks.xml":
    "Provsson Bo FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262; personNoEmail 2; personInvalidPersonnummer 2",
  "namespace-imsglobal-prefixed.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "namespace-pifu.xml": "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "namespace-tempuri.xml": "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "no-enterprise.xml":
    'export: no-enterprise.xml, line 2: the root element is "html", not "enterprise": this is no IMS Enterprise file',
  "order-broken-unknown-elements.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "padded-ids.xml": "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "person-and-group-share-id.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "persons-only.xml": "Provsson Åsa; personNoSchool 1; personNoEmail 1; personInvalidPersonnummer 1",
  "persons-twice.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personDuplicate 1; personConflict 1; personInvalidPersonnummer 1",
  "recstatus-delete.xml":
    "Provsson Åsa FFG MATMAT02b 20262; memberUnknownPerson 1; personNoEmail 1; personInvalidPersonnummer 1; recordDeleted 1",
  "relations.xml":
    "Provsson Åsa FFG MATMAT02b 20262; groupKindUnknown 2; groupSelfParent 1; groupCycle 1; courseWithoutSchool 1; personNoEmail 1; personInvalidPersonnummer 1",
  "roletype-forms.xml":
    "Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa FFG MATMAT02b 20262 + Provsson Åsa; personNoEmail 8; personInvalidPersonnummer 8",
  "same-id-other-source.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "sourcedids-old-new-duplicate.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "tags-upper-case.xml": "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "text-after-root.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; mended: afterRoot 1; warning in line 32",
  "text-before-declaration.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; mended: beforeRoot 1; mended: lateDeclaration 1; warning in line 1; warning in line 2",
  "truncated.xml": 'export: truncated.xml, line 28: truncated: the file ends inside the element "role"',
  "two-exports-in-one.xml": "export: two-exports-in-one.xml, line 32: an element after the root's end",
  "type-full-that-is-none.xml": "export: type-full-that-is-none.xml: no persons in the export",
  "unknown-members-and-groups.xml":
    "Provsson Åsa FFG MATMAT02b 20262; memberUnknownGroup 1; memberUnknownPerson 1; personNoEmail 1; personInvalidPersonnummer 1",
  "utf-16be-undeclared.xml": "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "utf-16le-bom.xml": "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "utf-8-bom.xml": "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1",
  "utf-8-declared-iso-8859-1.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; warning in line 3",
  "utf-8-with-one-wrong-byte.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; mended: wrongByte 1; warning in line 22",
  "windows-1252-declared-utf-8.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; warning in line 3",
  "windows-1252-undeclared.xml":
    "Provsson Åsa FFG MATMAT02b 20262; personNoEmail 1; personInvalidPersonnummer 1; warning in line 2",
};

describe("what real files do, through the whole load:", () => {
  const names = readdirSync(FIXTURES).filter((name) => name.endsWith(".xml"));

  for (const name of names) {
    it(name.replace(/\.xml$/, "").replaceAll("-", " "), () =>
      inTemporaryFolder(async (folder) => {
        expect(await outcomeOf(folder, name)).to.equal(EXPECTED[name]);
      }),
    );
  }

  it("(no fixture is left out, and none is missing)", () => {
    expect(Object.keys(EXPECTED).sort()).to.deep.equal([...names].sort());
  });
});

/** Persons with their registrations; causes of the report, what was mended; or the error. */
async function outcomeOf(folder: string, name: string): Promise<string> {
  try {
    const outcome = await reloadFiles(folder, [join(FIXTURES, name)], { now: NOW, force: true });
    if (outcome.kind !== "loaded") return outcome.kind;
    const { causes, repairs, warnings } = outcome.report;
    return [
      listed(await generationIn(folder, outcome.report)),
      ...causes.map(({ cause, count }) => `${cause} ${count}`),
      ...repairs.map(({ kind, count }) => `mended: ${kind} ${count}`),
      ...new Set(warnings.map(({ line }) => `warning in line ${line}`)),
    ].join("; ");
  } catch (error) {
    if (!(error instanceof AdresslistaError)) throw error;
    expect(loadFilesIn(folder)).to.deep.equal([]);
    expect(await loadNumbersIn(databaseIn(folder))).to.deep.equal([]);
    return `${error.code}: ${error.message}`;
  }
}

function listed({ rows }: Loaded): string {
  const persons = rows(
    `coalesce(n.ENAMN, '?') || ' ' || coalesce(n.TNAMN, '?')
       || coalesce((SELECT ' FFG ' || group_concat(f.KURS || ' ' || f.TERMIN, ', ') FROM FFGKURS f WHERE f.PERSON = n.ID), '')
       || coalesce((SELECT ' OM ' || group_concat(o.KURS || ' ' || o.TERMIN, ', ') FROM OMKURS o WHERE o.PERSON = n.ID), '')
     FROM NAMN n ORDER BY n.ID`,
  );
  return persons.join(" + ");
}
