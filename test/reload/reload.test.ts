import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describe, it } from "mocha";
import { AdresslistaError } from "../../lib/errors.js";
import { formatReport, type LoadReport } from "../../lib/reload/report.js";
import { openStore } from "../../lib/store/open.js";
import type { Store } from "../../lib/store/queries.js";
import { buildingFile } from "../../lib/store/sqlite/files.js";
import {
  contentsOf,
  ENGINE,
  inTemporaryFolder,
  keptIn,
  loadNumbersIn,
  partsThatHold,
} from "../support/database.js";
import {
  course,
  exportOf,
  learners,
  occasion,
  person,
  SPRING_AND_AUTUMN,
  school,
} from "../support/export.js";
import { inventedPersonnummer, testOperations, user } from "../support/t04.js";
import {
  databaseIn,
  generationIn,
  type LoadOptions,
  loadedIn,
  loadFiles,
  loadFilesIn,
  workbenchIn,
  writtenFile,
} from "./loading.js";

const SAMPLE = fileURLToPath(new URL("../../data/sample-export.xml", import.meta.url));
const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
const KILLED_RELOAD = fileURLToPath(new URL("killed-reload.ts", import.meta.url));
/** A process of our own that loads; a slow machine takes its time. */
const PROCESS_MILLISECONDS = 60_000;

const groups = [
  school("skola", { long: "Lingonskolan" }),
  course("K1", "MATMAT02b", { in: "skola", long: "Matematik 2b" }),
  occasion("G1", { in: "K1", dates: SPRING_AND_AUTUMN }),
];
const names = ["Alm", "Berg", "Ceder", "Dal", "Ek", "Fors"];
const persons = names.map((name, index) =>
  person(`E${index + 1}`, {
    name: `${name}, Åsa`,
    pnr: inventedPersonnummer("19800101", index),
    email: `e${index + 1}@example.org`,
  }),
);
const memberships = [learners("G1", ...names.map((_, index) => `E${index + 1}`))];
const GOOD = exportOf([...groups, ...persons, ...memberships]);
/** Another day's export: nothing of it may be seen before it is loaded whole. */
const NEXT = exportOf([...groups, ...persons.slice(1), learners("G1", "E2", "E3")], "2009-03-03T18:00:00");

describe("A reload", () => {
  describe("that fails", () => {
    const cases: Readonly<Record<string, { text: string | Buffer; message: RegExp }>> = {
      "is not well-formed": {
        text: NEXT.replace("</person>", "</Person>"),
        message: /trasig\.xml, line 7: not well-formed XML/,
      },
      "has a bare &": {
        text: NEXT.replace("Berg", "Berg & Dal"),
        message: /trasig\.xml, line 7: .*a bare &/,
      },
      "has another root": {
        text: "<html>\n<body/></html>",
        message: /trasig\.xml, line 1: the root element is "html", not "enterprise"/,
      },
      "is empty": { text: "", message: /trasig\.xml, line 1: no root element/ },
      "has no persons": {
        text: exportOf([...groups, person("E1", { recstatus: "3" })]),
        message: /^trasig\.xml: no persons in the export$/,
      },
    };
    for (const [what, { text, message }] of Object.entries(cases)) {
      it(`because the export ${what} says so and changes nothing`, () =>
        nothingChanges(async (folder) => {
          const file = writtenFile(folder, "trasig.xml", text);
          const error = await failureOf(loadFiles(folder, [file], { repair: false }));
          expect(error.message).to.match(message);
        }));
    }

    it("because a file is another system's says which, or that it does not say, and changes nothing", () =>
      nothingChanges(async (folder) => {
        const from = (datasource: string) =>
          NEXT.replace(
            "<datasource>Alvis</datasource>",
            datasource && `<datasource>${datasource}</datasource>`,
          );
        const load = (text: string) =>
          failureOf(
            loadFiles(folder, [writtenFile(folder, "annan.xml", text)], { datasource: "Alvis Lingonköping" }),
          );
        expect((await load(from("Annat system"))).message).to.equal(
          'annan.xml: the datasource is "Annat system", not "Alvis Lingonköping"',
        );
        expect((await load(from("x".repeat(200)))).message).to.include(`"${"x".repeat(80)}"`);
        expect((await load(from(""))).message).to.include("annan.xml: the datasource is not given");
      }));

    it("because the export is cut off, wherever that is, says so and changes nothing", () =>
      nothingChanges(async (folder) => {
        const end = NEXT.lastIndexOf(">");
        const cuts = [
          NEXT.indexOf("<enterprise>"),
          NEXT.indexOf("<person>") + 20,
          NEXT.indexOf("</member>"),
          end - 3,
          end,
        ];
        for (const cut of cuts) {
          const file = writtenFile(folder, "trasig.xml", NEXT.slice(0, cut));
          const error = await failureOf(loadFiles(folder, [file]));
          expect(error.message, `cut at ${cut}`).to.match(/trasig\.xml, line \d+: .*(truncated|ends inside)/);
        }
      }));

    it("because one of several files is broken, or missing, or no file, changes nothing", () =>
      nothingChanges(async (folder) => {
        const whole = writtenFile(folder, "hel.xml", NEXT);
        const broken = writtenFile(folder, "trasig.xml", NEXT.slice(0, -20));
        expect((await failureOf(loadFiles(folder, [whole, broken]))).message).to.match(/trasig\.xml, line/);
        const missing = join(folder, "saknas.xml");
        expect((await failureOf(loadFiles(folder, [whole, missing]))).message).to.match(
          /saknas\.xml: .*ENOENT/,
        );
        expect((await failureOf(loadFiles(folder, [folder]))).message).to.match(/cannot be read \(EISDIR\)/);
      }));

    it("because SQLite or the disk does, says which code it gave, and changes nothing", () =>
      nothingChanges(async (folder) => {
        const file = writtenFile(folder, "nästa.xml", NEXT);
        for (const code of ["SQLITE_FULL", "ENOSPC"]) {
          const failing: LoadOptions["progress"] = (step) => {
            if (step === "link") throw Object.assign(new Error("no room for Alm"), { code });
          };
          const error = await failureOf(loadFiles(folder, [file], { progress: failing }), "database");
          expect(error.message).to.equal(`the load cannot be stored (${code})`);
        }
        const inTheWay = buildingFile(await workbenchIn(folder), 2);
        mkdirSync(inTheWay);
        await failureOf(loadFiles(folder, [file]), "database");
        rmdirSync(inTheWay);
      }));

    it("leaves a database without a load when it was the first", () =>
      inTemporaryFolder(async (folder) => {
        await failureOf(loadFiles(folder, [writtenFile(folder, "trasig.xml", "<enterprise>")]));
        expect(loadFilesIn(folder)).to.deep.equal([]);
        expect(await loadNumbersIn(databaseIn(folder))).to.deep.equal([]);
        expect((await loadedIn(folder, [GOOD])).report.load).to.equal(1);
      }));
  });

  describe("that is killed", function () {
    this.timeout(PROCESS_MILLISECONDS);

    const left: Readonly<Record<string, readonly string[]>> = {
      read: [],
      link: [],
      write: [".load-2.sqlite.building"],
      verify: [".load-2.sqlite.building"],
      publish: [".load-2.sqlite"],
    };
    for (const [step, leftovers] of Object.entries(left)) {
      it(`in the step "${step}" leaves the old load served; the next one succeeds and sweeps`, () =>
        inTemporaryFolder(async (folder) => {
          const first = await loadedIn(folder, [GOOD]);
          const file = writtenFile(folder, "nästa.xml", NEXT);
          await withService(folder, async (store) => {
            const before = await answers(store);
            expect(await killed(folder, file, step)).to.equal("SIGKILL");
            expect(loadFilesIn(folder)).to.include.members([...leftovers]);
            expect(await answers(store)).to.equal(before);
            expect((await generationIn(folder, first.report)).bytes.equals(first.bytes)).to.equal(true);
            const next = await loadFiles(folder, [file]);
            expect(await answers(store)).not.to.equal(before);
            expect(await loadNumbersIn(databaseIn(folder))).to.deep.equal([1, next.load]);
            expect(loadFilesIn(folder)).to.deep.equal(
              ENGINE === "SQLite" ? [".load-1.sqlite", `.load-${next.load}.sqlite`] : [],
            );
          });
        }));
    }

    it("lets the next one begin although it never gave the lock back", () =>
      inTemporaryFolder(async (folder) => {
        await killed(folder, writtenFile(folder, "nästa.xml", NEXT), "read");
        expect((await loadedIn(folder, [GOOD])).report.load).to.equal(1);
      }));
  });

  describe("that is interrupted", () => {
    for (const step of ["read", "link", "write", "verify"] as const) {
      it(`in the step "${step}" gives the signal's reason, leaves the old load served and nothing of its own`, () =>
        nothingChanges(async (folder) => {
          const stopping = new AbortController();
          const reason = new Error("stopped");
          const progress: LoadOptions["progress"] = (begun) => {
            if (begun === step) stopping.abort(reason);
          };
          // enough persons for a turn of other work while they are written
          const many = Array.from({ length: 600 }, (_, index) => person(`M${index}`));
          const file = writtenFile(folder, "nästa.xml", exportOf([...groups, ...many]));
          const error = await loadFiles(folder, [file], { signal: stopping.signal, progress }).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          expect(error).to.equal(reason);
        }));
    }
  });

  it("gives the same store from the same export, whenever that is loaded", () =>
    inTemporaryFolder(async (folder) => {
      const first = await loadFiles(folder, [SAMPLE]);
      const second = await loadFiles(folder, [SAMPLE], { now: new Date("2031-07-01T03:00:00Z") });
      const tables = await tablesOf(folder, second);
      expect(tables).to.deep.equal(await tablesOf(folder, first));
      for (const table of [
        "NAMN",
        "KTILL2",
        "KTFORT2",
        "FFGKURS",
        "FORTKURS",
        "OMKURS",
        "PROGPLK",
        "ADRESS",
      ]) {
        expect(tables[table], table).not.to.have.length(0);
      }
      expect(second.counts).to.deep.equal(first.counts);
      expect(second.causes).to.deep.equal(first.causes);
    }));

  it("reads all its files as one data set, in whatever order they come", () =>
    inTemporaryFolder(async (folder) => {
      const whole = await loadedIn(folder, [GOOD]);
      const apart = await loadedIn(folder, [exportOf(memberships), exportOf(persons), exportOf(groups)]);
      expect(await tablesOf(folder, apart.report)).to.deep.equal(await tablesOf(folder, whole.report));
      expect(apart.rows("count(*) FROM FFGKURS")).to.deep.equal(["6"]);
      expect(
        apart.report.files.map(({ persons, groups, members }) => [persons, groups, members]),
      ).to.deep.equal([
        [0, 0, 6],
        [6, 0, 0],
        [0, 3, 0],
      ]);
    }));

  it("keeps codes for ever, also those of a school or an occasion that vanishes and returns", () =>
    inTemporaryFolder(async (folder) => {
      const withGroups = (...own: readonly string[]) => exportOf([...own, person("E1")]);
      const ks = (id: string) => course(`kurs-${id}`, `KURS${id}`, { in: `skola-${id}` });
      const b = [school("skola-b"), ks("b"), occasion("tillfälle-b", { in: "kurs-b" })];
      const c = [school("skola-c"), ks("c"), occasion("tillfälle-c", { in: "kurs-c" })];
      // before the others in order of id and of begin
      const a = [
        school("skola-a"),
        ks("a"),
        occasion("tillfälle-a", { in: "kurs-a", dates: "2009-01-12/2009-06-05" }),
      ];
      const codes = async (text: string) => {
        const { rows } = await loadedIn(folder, [text]);
        return rows(
          "KOD || ' ' || json_extract(INSTITUTIONS, '$[0]'), TILLFALLE FROM KTILL2 ORDER BY TILLFALLE",
        );
      };
      expect(await codes(withGroups(...b, ...c))).to.deep.equal([
        "A0001 I001 tillfälle-b",
        "A0002 I002 tillfälle-c",
      ]);
      expect(await codes(withGroups(...c, ...a))).to.deep.equal([
        "A0003 I003 tillfälle-a",
        "A0002 I002 tillfälle-c",
      ]);
      expect(await codes(withGroups(...a, ...b, ...c))).to.deep.equal([
        "A0003 I003 tillfälle-a",
        "A0001 I001 tillfälle-b",
        "A0002 I002 tillfälle-c",
      ]);
    }));

  it("is refused as busy while another one runs, which ends well", () =>
    inTemporaryFolder(async (folder) => {
      const file = writtenFile(folder, "export.xml", GOOD);
      await withService(folder, async (store) => {
        const outcomes = await Promise.allSettled([1, 2, 3].map(() => loadFiles(folder, [file])));
        const refused = outcomes.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
        expect(refused.map(({ reason }) => (reason as AdresslistaError).code)).to.deep.equal([
          "busy",
          "busy",
        ]);
        expect(await answers(store)).to.include("Alm");
      });
      expect(await loadNumbersIn(databaseIn(folder))).to.deep.equal([1]);
    }));

  it("keeps so many generations as the settings say, the served one among them", () =>
    inTemporaryFolder(async (folder) => {
      const keep = async (keepGenerations: number) => {
        await loadedIn(folder, [GOOD], { keepGenerations });
        return keptIn(databaseIn(folder));
      };
      expect(await keep(2)).to.deep.equal([1]);
      expect(await keep(2)).to.deep.equal([1, 2]);
      expect(await keep(2)).to.deep.equal([2, 3]);
      expect(await keep(3)).to.deep.equal([2, 3, 4]);
      expect(await keep(1)).to.deep.equal([5]);
    }));

  it("takes the day of the export from its datetime, and its own day when that is no likely one", () =>
    inTemporaryFolder(async (folder) => {
      const born = person("E1", { pnr: "290101-1234" });
      for (const [datetime, sekel] of [
        ["2035-01-01T00:00:00", "20"],
        ["2009-01-01T00:00:00", "19"],
        // what .NET writes for no date
        ["0001-01-01T00:00:00", "19"],
        ["igår", "19"],
        [null, "19"],
      ] as const) {
        const { rows } = await loadedIn(folder, [exportOf([born], datetime)]);
        expect(rows("SEKEL FROM NAMN"), String(datetime)).to.deep.equal([sekel]);
      }
      const { report } = await loadedIn(folder, [
        exportOf([born], "igår"),
        exportOf([born], "2008-01-01T00:00:00"),
      ]);
      expect(report.exportDatetime).to.equal("2008-01-01T00:00:00");
    }));
});

describe("Personal data in a reload", () => {
  const reachable = {
    email: "kanarie-epost@example.org",
    tel: { Voice: "kanarie-telefon", Mobile: "kanarie-mobil" },
    adr: {
      extadd: "kanarie-co",
      street: "kanarie-gata",
      pcode: "kanarie-pnr",
      locality: "kanarie-ort",
      country: "kanarie-land",
    },
    extension: '<adr adrtyp="2"><street>kanarie-tillfällig</street></adr>',
  };
  const hidden = { ext: { sekretess: "true" } };

  it("of a protected person: address, phone and e-mail stand nowhere in the store or the report", () =>
    inTemporaryFolder(async (folder) => {
      const { report } = await loadedIn(
        folder,
        [
          exportOf([
            ...groups,
            person("E1", { ...reachable, ...hidden, name: "Alm, Åsa" }),
            person("E2", { ...reachable, name: "Berg, Åsa" }),
            person("E3", { ...reachable, name: "Ceder, Åsa", alias: "E3-gammalt" }),
            person("E4", { ...reachable, name: "Dal, Annorlunda" }),
            person("E5", reachable),
            learners("G1", "E1", "E2", "E3", "E4", "E5"),
          ]),
          exportOf([
            person("E2", { ...hidden, name: "Berg, Eva", email: "kanarie-andra@example.org" }),
            person("E4", { ...hidden, recstatus: "3" }),
            // shows that E5 and the protected E6 are one
            person("E6", hidden),
            person("E5", { alias: "E6" }),
          ]),
        ],
        { protectedIds: new Set(["E3-gammalt"]) },
      );
      expect(await partsThatHold(folder, "Annorlunda")).not.to.deep.equal([]);
      expect(await partsThatHold(folder, "kanarie")).to.deep.equal([]);
      expect(JSON.stringify(report) + formatReport(report)).not.to.include("kanarie");
      expect(report.counts).to.include({ NAMN: 5, FFGKURS: 5, ADRESS: 0, TELEKOM: 0 });
    }));

  it("stands in no report and no error: those have the register's ids alone", () =>
    inTemporaryFolder(async (folder) => {
      const wide = `kanarie${"x".repeat(90)}`;
      const odd = [
        person("E1", { ...reachable, name: "kanarie-efternamn, kanarie-förnamn", pnr: "19kanarie" }),
        person("E1", {
          ...reachable,
          name: "kanarie-annat, kanarie",
          email: "kanarie2@example.org",
          pnr: "kanarie",
        }),
        person("E2", { name: `${wide}, ${wide}`, email: wide, ...hidden }),
        person("E3", { name: "kanarie, kanarie", recstatus: "3" }),
        `<person><name><fn>kanarie</fn></name><extension><bild>${"kanarie".repeat(12_000)}</bild></extension></person>`,
        learners("G1", "E1 2009-06-05/2009-01-19", "E2 kanarie/kanarie", "E9"),
      ];
      const { report } = await loadedIn(folder, [exportOf([...groups, ...odd])]);
      expect(report.causes.map(({ cause }) => cause)).to.include.members(
        [
          "personDuplicate",
          "personConflict",
          "personInvalidPersonnummer",
          "personNoEmail",
          "personProtected",
          "widthExceeded",
          "memberBeginAfterEnd",
          "memberDateInvalid",
          "memberUnknownPerson",
          "recordDeleted",
          "recordSkipped",
        ].filter((cause) => cause !== "personNoEmail"),
      );
      expect(report.warnings).to.have.length(1);
      expect(JSON.stringify(report)).not.to.include("kanarie");
      expect(formatReport(report)).not.to.include("kanarie");
      for (const broken of ["&kanarie;", "&#xkanarie;", "kanarie < kanarie", "<kanarie", "]]>kanarie"]) {
        const text = exportOf([...groups, ...odd]).replace("kanarie-efternamn", broken);
        const file = writtenFile(folder, "trasig.xml", text);
        const error = await failureOf(loadFiles(folder, [file], { repair: false }));
        expect(error.message, broken).not.to.include("kanarie-");
        const mended = await loadFiles(folder, [file]).catch((thrown: Error) => thrown.message);
        expect(JSON.stringify(mended), broken).not.to.include("kanarie-");
      }
    }));
});

/** Runs the action beside a running service with a load: what is served and stored stays byte for byte. */
function nothingChanges(action: (folder: string) => Promise<void>): Promise<void> {
  return inTemporaryFolder(async (folder) => {
    await loadedIn(folder, [GOOD]);
    await withService(folder, async (store) => {
      const before = { answers: await answers(store), stored: await contentsOf(databaseIn(folder)) };
      expect(before.answers).to.include("Alm");
      await action(folder);
      expect(await answers(store)).to.equal(before.answers);
      expect(await contentsOf(databaseIn(folder))).to.deep.equal(before.stored);
    });
    await withService(folder, async (reopened) => expect(await answers(reopened)).to.include("Alm"));
    expect((await loadedIn(folder, [NEXT])).rows("count(*) FROM NAMN")).to.deep.equal(["5"]);
  });
}

async function withService<T>(folder: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(databaseIn(folder));
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** What a service answers to T04's three methods, all bytes of it. */
async function answers(store: Store): Promise<string> {
  const { getKurs, getKursTf, getAdrLista } = testOperations(store);
  const context = { remoteAddress: "127.0.0.1" };
  const ask = (operation: typeof getKurs, arg1: Parameters<typeof getKurs>[0]) =>
    operation({ arg0: user(), arg1 }, context);
  return JSON.stringify(
    await Promise.all([
      ask(getKurs, { Institution: "I001" }),
      ask(getKursTf, { Kurskod: "MATMAT02b", Termin: "091" }),
      ask(getAdrLista, {
        Kurskod: "MATMAT02b",
        KursTfVO: [{ typ: "FFG", Kurskod: "MATMAT02b", Starttermin: "091" }],
      }),
      ask(getAdrLista, {
        KursTfVO: [{ typ: "FO", Kurskod: "MATMAT02b", Kalendertermin: "092" }],
        Email: true,
      }),
    ]),
    (_, value: unknown) =>
      typeof value === "object" && value !== null && (value as { type?: unknown }).type === "Buffer"
        ? Buffer.from(value as Parameters<typeof Buffer.from>[0]).toString("utf8")
        : value,
  );
}

/** Rows of every table of a load. */
async function tablesOf(
  folder: string,
  report: LoadReport,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const { rows } = await generationIn(folder, report);
  const tables = rows(
    "name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'knex_%'",
  );
  return Object.fromEntries(tables.map((table) => [table, rows(`* FROM ${table}`)]));
}

async function failureOf(
  load: Promise<unknown>,
  code: AdresslistaError["code"] = "export",
): Promise<AdresslistaError> {
  const error = await load.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(AdresslistaError);
  expect((error as AdresslistaError).code).to.equal(code);
  return error as AdresslistaError;
}

async function killed(folder: string, file: string, step: string): Promise<string | null> {
  const child = spawn(process.execPath, ["--import", "tsx", KILLED_RELOAD, folder, file, step], {
    cwd: CHECKOUT,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  return signal;
}
