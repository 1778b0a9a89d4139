import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { besideDatabase } from "../../lib/store/open.js";
import { adresslista, newFolder, type RunOptions, start, startService } from "../cli/program.js";
import { databaseIn, removeFolder, tablesThatHold } from "../support/database.js";
import { course, exportOf, learners, occasion, person, school } from "../support/export.js";
import { envelope } from "../support/soap-requests.js";
import { addCaller, answerTo, CALLER, SECRET } from "./calls.js";

/**
 * Canaries: values that stand nowhere but in one person's record, so that wherever one of them is found, it has come from
 * there. Each is a word of its own, in letters and digits that no encoding or escaping changes.
 */
interface Canaries {
  readonly family: string;
  readonly given: string;
  readonly pnr: string;
  readonly email: string;
  readonly voice: string;
  readonly mobile: string;
  readonly careOf: string;
  readonly street: string;
  readonly postcode: string;
  readonly locality: string;
  readonly temporaryStreet: string;
}

/** Numbers of nobody (data/README.md): identity numbers of Skatteverket's test data, telephones that PTS keeps free. */
function canaries(mark: string, pnr: string, digits: string): Canaries {
  return {
    family: `Qvzfamilj${mark}`,
    given: `Qvzgiven${mark}`,
    pnr,
    email: `qvzpost${mark.toLowerCase()}@example.se`,
    voice: `08-465004${digits}`,
    mobile: `070-17406${digits}`,
    careOf: `Qvzhos${mark}`,
    street: `Qvzgatan${mark} 1`,
    postcode: `991${digits}`,
    locality: `Qvzort${mark}`,
    temporaryStreet: `Qvztillfaellig${mark} 2`,
  };
}

const ORDINARY = canaries("Vanlig", "198707012384", "11");
/** Another value in every field: what the next export says of the same person. */
const CHANGED = canaries("Andrad", "198707022383", "12");
const INCORRECT = canaries("Felaktig", "198707032380", "13");
const ID_IS_NUMBER = canaries("Idnummer", "198707042381", "14");
const PROTECTED = canaries("Skyddad", "198707052380", "15");
const PROTECTED_LATER = canaries("Skyddadsenare", "198707062389", "16");
const PROTECTED_BY_FILE = canaries("Skyddadfil", "198707072388", "17");

const ALL_PROTECTED = [PROTECTED, PROTECTED_LATER, PROTECTED_BY_FILE];
const EVERYBODY = [ORDINARY, CHANGED, INCORRECT, ID_IS_NUMBER, ...ALL_PROTECTED];

const SCENARIO_MILLISECONDS = 180_000;

describe("personal data", function () {
  this.timeout(SCENARIO_MILLISECONDS);
  let folder: string;
  let night: Night;

  before(async () => {
    folder = newFolder();
    night = await wholeNight(folder);
  });
  after(() => removeFolder(folder));

  it("stands in nothing that the program says: reports, dry runs, inspect, status, errors, logs", () => {
    const found = night.said.flatMap(({ by, text }) =>
      [...EVERYBODY.flatMap(valuesOf), SECRET]
        .filter((value) => holds(text, value))
        .map((value) => `${value}: ${by}`),
    );
    expect(found).to.deep.equal([]);
    // Otherwise nothing could have been found.
    for (const word of [
      "Load 1",
      "dry run",
      "refused",
      "not well-formed",
      "stale|generation",
      "P-SKYDDAD",
      "identity number",
      "adresslista_calls_total",
      "UtilityFetcher.findNameByPnr .* persons  valid",
      "auth.failed",
    ]) {
      expect(
        night.said.some(({ text }) => new RegExp(word).test(text)),
        word,
      ).to.equal(true);
    }
  });

  it("of a protected person, address, phone and e-mail are in no part of a load, whatever became of it", async () => {
    expect(await placesWith(night.kept, ALL_PROTECTED.flatMap(contactsOf))).to.deep.equal([]);
    expect(await placesWith(night.kept, [PROTECTED.family]), "names are").not.to.deep.equal([]);
    expect(await placesWith(night.kept, contactsOf(ORDINARY)), "others' are").not.to.deep.equal([]);
  });

  it("of a protected person, address, phone and e-mail are in no answer", () => {
    expect(contactsOf(PROTECTED).filter((value) => holds(night.answer, value))).to.deep.equal([]);
    expect(night.answer).to.include(PROTECTED.family).and.to.include(ORDINARY.street);
  });

  it("of a protected person is nowhere at all with the setting protected = exclude", async () => {
    expect(await placesWith(night.excluding, ALL_PROTECTED.flatMap(valuesOf))).to.deep.equal([]);
    expect(await placesWith(night.excluding, [ORDINARY.family])).not.to.deep.equal([]);
  });

  it("is in no temporary file when a load has ended or was killed", () => {
    // tsx, by which tests start programs from their sources, keeps its cache of them there.
    expect(readdirSync(night.temporary).filter((name) => !name.startsWith("tsx-"))).to.deep.equal([]);
  });
});

interface Night {
  /** All that commands have said, and the status file after each. */
  readonly said: readonly { readonly by: string; readonly text: string }[];
  readonly answer: string;
  /** Where loads keep and leave data. */
  readonly kept: Places;
  readonly excluding: Places;
  readonly temporary: string;
}

interface Places {
  readonly folders: readonly string[];
  readonly database: string;
}

/** Everything that may happen to an export in a night, in one database after the other. */
async function wholeNight(folder: string): Promise<Night> {
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  const said: { by: string; text: string }[] = [];
  const databaseOf = (data: string) => databaseIn(folder, `${data}/a.sqlite`);
  const optionsIn = (data: string, env: Readonly<Record<string, string>> = {}): RunOptions => ({
    folder,
    env: {
      ADRESSLISTA_DATABASE: databaseOf(data),
      ADRESSLISTA_WORK_FOLDER: data,
      ADRESSLISTA_PROTECTED_FILE: writtenIn(folder, "skyddade.txt", "P-FIL\n"),
      TMPDIR: temporary,
      SQLITE_TMPDIR: temporary,
      ...env,
    },
  });
  const options = optionsIn("data");
  const hear = async (expected: number, args: readonly string[], env?: Readonly<Record<string, string>>) => {
    const { code, stdout, stderr } = await adresslista(args, env ? optionsIn("data", env) : options);
    const by = args.join(" ");
    expect(code, `${by}: ${stderr}`).to.equal(expected);
    said.push({ by, text: stdout }, { by, text: stderr });
    said.push({
      by: `status file after ${by}`,
      text: readFileSync(besideDatabase(databaseOf("data"), join(folder, "data"), ".status.json"), "utf8"),
    });
  };

  const first = writtenIn(folder, "first.xml", exportXml(1, ORDINARY));
  const next = writtenIn(folder, "next.xml", exportXml(2, CHANGED));
  const few = writtenIn(folder, "few.xml", exportXml(3, CHANGED, 1));

  await hear(0, ["reload", "--file", first]);
  await addCaller(options);
  const service = await startService(
    ["serve", "--port", "0"],
    optionsIn("data", { ADRESSLISTA_ADMIN_PORT: "0" }),
  );
  const answer = await answerTo(service.url, {
    operation: "getAdrLista",
    arg1: "<KursTfVO><typ>FFG</typ><Kurskod>MATMAT02b</Kurskod><Starttermin>262</Starttermin></KursTfVO><Email>true</Email>",
  });
  await hear(0, ["reload", "--json", "--force", "--file", first]);
  await hear(0, ["reload", "--file", first]);
  await hear(0, ["reload", "--dry-run", "--file", next]);
  await hear(0, ["reload", "--dry-run", "--json", "--file", next]);
  await hear(7, ["reload", "--file", few]);
  await hear(7, ["reload", "--dry-run", "--json", "--file", few]);
  await hear(7, ["reload", "--file", next], { ADRESSLISTA_REQUIRE_EMAIL: "true" });
  for (const file of brokenExports(folder)) {
    await hear(6, ["reload", "--file", file], {
      ADRESSLISTA_REPAIR: "false",
      ADRESSLISTA_DATASOURCE: "Alvis",
    });
    await hear(6, ["reload", "--dry-run", "--json", "--file", file], {
      ADRESSLISTA_REPAIR: "false",
      ADRESSLISTA_DATASOURCE: "Alvis",
    });
    for (const json of [[], ["--json"]]) {
      const { stdout, stderr } = await adresslista(["inspect", ...json, file], options);
      said.push({ by: `inspect ${json} ${file}`, text: stdout + stderr });
    }
  }
  await killedWhileWriting(["reload", "--file", next], options);
  await hear(0, ["reload", "--file", next]);
  for (const json of [[], ["--json"]]) {
    await hear(0, ["inspect", ...json, first, next]);
    await hear(0, ["status", ...json], { ADRESSLISTA_MAX_AGE_HOURS: "87600" });
  }
  await hear(0, ["check"]);
  await hear(0, ["rollback"]);
  await askEverything(service.url);
  const admin = /admin: (http:\S+)/.exec(service.stderr())?.[1];
  for (const path of ["/metrics", "/ready"]) {
    said.push({ by: path, text: await (await fetch(`${admin}${path}`)).text() });
  }
  await hear(0, ["audit"]);
  await hear(0, ["audit", "--json"]);
  await service.stop();
  said.push({ by: "serve", text: service.stdout() + service.stderr() });

  const excluding = optionsIn("excluding", { ADRESSLISTA_PROTECTED: "exclude" });
  expect((await adresslista(["reload", "--file", first], excluding)).code).to.equal(0);
  return {
    said,
    answer,
    kept: { folders: [join(folder, "data"), temporary], database: databaseOf("data") },
    excluding: { folders: [join(folder, "excluding")], database: databaseOf("excluding") },
    temporary,
  };
}

/** Calls that hold what nobody is to find again: numbers, names, tickets, in every place that a call has for a text. */
async function askEverything(url: string): Promise<void> {
  const { family, pnr, email } = ORDINARY;
  const adrList = (value: string) =>
    `<Institution>${value}</Institution><Termin>${value}</Termin><Kurskod>${value}</Kurskod>` +
    `<KursTfVO><typ>FFG</typ><Kurskod>${value}</Kurskod><Starttermin>262</Starttermin></KursTfVO>`;
  for (const value of [family, pnr, email]) {
    for (const operation of ["getKurs", "getKursTf", "getAdrLista"]) {
      await ask(url, "AdresslistaFetcher", operation, adrList(value));
    }
    for (const operation of ["findNameByPnr", "getNameByPartPnr"]) {
      await ask(url, "UtilityFetcher", operation, `<pnr>${value}</pnr>`);
    }
    for (const operation of ["fetchAdrInfo", "getKursByKod", "getKursByInst"]) {
      await ask(url, "UtilityFetcher", operation, value);
    }
    for (const wrong of [{ ticket: value }, { caller: value }, { uid: value, ticket: value }]) {
      await ask(url, "AdresslistaFetcher", "getKurs", adrList(value), wrong);
    }
    await fetch(`${url}/cxf/AdresslistaFetcher`, { method: "POST", body: `<${value}` });
  }
}

async function ask(
  url: string,
  service: string,
  operation: string,
  arg1: string,
  { caller = CALLER, ticket = SECRET, uid = "larare1" } = {},
): Promise<void> {
  const user =
    `<authinfovo><caller>${caller}</caller><ticket><ticket>${ticket}</ticket></ticket></authinfovo>` +
    `<type>2</type><uid>${uid}</uid>`;
  const answer = await fetch(`${url}/cxf/${service}`, {
    method: "POST",
    headers: { "Content-Type": "text/xml; charset=utf-8" },
    body: envelope(`<n:${operation}><arg0>${user}</arg0><arg1>${arg1}</arg1></n:${operation}>`),
  });
  expect(answer.status, operation).to.equal(200);
  await answer.text();
}

/** Enough others that a guard sees it when they are gone. */
const OTHERS = 60;

/** The export of a day. `somebody` is the same person every day; problems that are reported are made on purpose. */
function exportXml(day: number, somebody: Canaries, others = OTHERS): string {
  const ids = Array.from({ length: others }, (_, index) => `M${index}`);
  const records = [
    school("VUX", { long: "Vuxenskolan" }),
    course("K1", "MATMAT02b", { in: "VUX", long: "Matematik" }),
    occasion("G1", { in: "K1", dates: "2026-08-17/2026-12-18" }),
    ...ids.map((id) => person(id, { name: "Exempel, Åsa", email: `${id.toLowerCase()}@example.se` })),
    // What the setting requireEmail refuses.
    person("M-UTAN", { name: "Exempel, Örjan" }),
    personOf("P1", somebody),
    // Twice, with other values: a conflict that is reported.
    personOf("P1", CHANGED),
    // In no group and of an incorrect number.
    personOf("P-FEL", { ...INCORRECT, pnr: `${INCORRECT.pnr.slice(0, -1)}1` }),
    // The register's id is the number, in no group: reported by id.
    personOf(ID_IS_NUMBER.pnr, ID_IS_NUMBER),
    personOf("P-SKYDDAD", PROTECTED, { sekretess: "true" }),
    // Its first record does not say so, its last one does.
    personOf("P-SENARE", PROTECTED_LATER),
    personOf("P-SENARE", PROTECTED_LATER, { skyddad: "" }),
    personOf("P-FIL", PROTECTED_BY_FILE),
    learners("G1", ...ids, "M-UTAN", "P1 2026-12-18/2026-08-17", "P-SKYDDAD", "P-SENARE", "P-FIL", "P-OKAND"),
    learners("G-OKAND", "P1"),
  ];
  return exportOf(records, `2026-11-0${day}T02:00:00`);
}

function personOf(id: string, of: Canaries, ext?: Readonly<Record<string, string>>): string {
  const temporary =
    `<adr adrtyp="2"><street>${of.temporaryStreet}</street><locality>${of.locality}</locality>` +
    "<timeframe><begin>2026-08-01</begin></timeframe></adr>";
  return person(id, {
    name: `${of.family}, ${of.given}`,
    pnr: of.pnr,
    email: of.email,
    tel: { Voice: of.voice, Mobile: of.mobile },
    adr: { extadd: of.careOf, street: of.street, pcode: of.postcode, locality: of.locality },
    extension: temporary,
    ...(ext ? { ext } : {}),
  });
}

/** Exports that are refused at a place where a person's values stand. */
function brokenExports(folder: string): string[] {
  const whole = exportXml(4, ORDINARY);
  const cutAfter = (value: string) => whole.slice(0, whole.indexOf(value) + value.length - 2);
  const broken = {
    "cut-in-name.xml": cutAfter(ORDINARY.family),
    "cut-in-number.xml": cutAfter(ORDINARY.pnr),
    "cut-in-email.xml": cutAfter(PROTECTED.email),
    "ampersand.xml": whole.replaceAll(ORDINARY.family, `${ORDINARY.family}& `),
    "unclosed.xml": whole.replace(`${ORDINARY.given}</given>`, `${ORDINARY.given}</givet>`),
    "entity.xml": whole.replace(ORDINARY.street, `&${ORDINARY.careOf};`),
    "element-name.xml": whole.replace(`<family>${ORDINARY.family}<`, `<${ORDINARY.family}><`),
    "attribute.xml": whole.replace('useridtype="PID"', `useridtype=${ORDINARY.family}`),
    "control.xml": whole.replace(ORDINARY.locality, `${ORDINARY.locality}\u0001`),
    "datasource.xml": whole.replace("<datasource>Alvis<", "<datasource>Procapita<"),
    "no-end.xml": whole.replace("</enterprise>", ""),
  };
  return Object.entries(broken).map(([name, text]) => writtenIn(folder, name, text));
}

/** Half a generation is left on the disk then. */
async function killedWhileWriting(args: readonly string[], options: RunOptions): Promise<void> {
  const child = start(args, options);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (/verifying|switching/.test(text)) child.kill("SIGKILL");
  });
  await once(child, "exit");
}

function writtenIn(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function contactsOf({ family, given, pnr, ...contacts }: Canaries): string[] {
  return Object.values(contacts).flatMap(forms);
}

function valuesOf(of: Canaries): string[] {
  return [of.family, of.given, ...forms(of.pnr), of.pnr.slice(2), ...contactsOf(of)];
}

/** Numbers as they stand, and as bare digits. A postcode alone is a number like any other: too short to be looked for. */
function forms(value: string): string[] {
  if (/^\d{5}$/.test(value)) return [];
  return /^[\d-]+$/.test(value) ? [value, value.replaceAll("-", "")] : [value];
}

function holds(text: string, value: string): boolean {
  return text.toLowerCase().includes(value.toLowerCase());
}

/** `value: file` for each file below the folders in whose bytes a value stands, and for each table. */
async function placesWith({ folders, database }: Places, values: readonly string[]): Promise<string[]> {
  const tables: string[] = [];
  for (const value of values) {
    tables.push(...(await tablesThatHold(database, value)).map((name) => `${value}: ${name}`));
  }
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .flatMap((entry) => {
        const bytes = readFileSync(join(entry.parentPath, entry.name), "latin1");
        return values.filter((value) => holds(bytes, value)).map((value) => `${value}: ${entry.name}`);
      }),
  );
  return [...files, ...tables];
}
