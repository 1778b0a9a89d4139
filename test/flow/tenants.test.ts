import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { auditFolderOf } from "../../lib/cli/audit-recorder.js";
import { openStore } from "../../lib/store/open.js";
import { registerOf } from "../../lib/tenants.js";
import { messageOf, type PortalCall, post } from "../support/calling.js";
import { breakDatabase, removeBroken } from "../support/database.js";
import { addCallers, SECRET } from "../support/service.js";
import { service as adresslista } from "../support/soap-requests.js";
import {
  COMMON_KURSKOD,
  COMMON_PNR,
  ESLOV,
  exportXmlOf,
  type InventedRegister,
  institutionOf,
  kurskodOf,
  LUND,
  NOWHERE,
  OWN,
  placeOf,
  pnrOf,
  programOf,
  startTenantService,
  type TenantService,
  type TenantServiceOptions,
} from "../support/tenants.js";
import { utilityService } from "../support/utility.js";

/** `none`: the register has nothing that this could give. */
interface Question extends Pick<PortalCall, "service" | "method" | "arg1"> {
  readonly none?: true;
}

/** Every operation of both services, by what only that register has: codes, programme, occasions, persons. */
function questionsAbout(register: InventedRegister): readonly Question[] {
  const kurskod = kurskodOf(register);
  const pnr = pnrOf(register);
  const t04 = (method: string, arg1: string): Question => ({ service: "AdresslistaFetcher", method, arg1 });
  const t22 = (method: string, arg1: string): Question => ({ service: "UtilityFetcher", method, arg1 });
  const none = (question: Question): Question => ({ ...question, none: true });
  const course = `<Kurskod>${kurskod}</Kurskod>`;
  return [
    t04("getKurs", `<Institution>${institutionOf(register)}</Institution>`),
    t04("getKurs", `<Institution>${institutionOf(register)}</Institution><Termin>262</Termin>`),
    t04("getKursTf", `${course}<Termin>262</Termin>`),
    t04(
      "getAdrLista",
      `<KursTfVO><typ>FFG</typ>${course}<Starttermin>262</Starttermin></KursTfVO><Email>true</Email>`,
    ),
    t04(
      "getAdrLista",
      `<KursTfVO><typ>FFG</typ>${course}<Starttermin>262</Starttermin><Ortskod>${placeOf(register)}</Ortskod></KursTfVO>`,
    ),
    t04(
      "getAdrLista",
      `<KursTFTermregVO><typ>FFG</typ>${course}<Starttermin>262</Starttermin><program>${programOf(register)}</program></KursTFTermregVO>`,
    ),
    t04(
      "getAdrLista",
      `<KursTfVO>${course}<Starttermin>262</Starttermin></KursTfVO><FFG>true</FFG><FO>true</FO><OM>true</OM>`,
    ),
    t04(
      "getAdrLista",
      `<KursTfVO><typ>FO</typ>${course}<Kalendertermin>262</Kalendertermin></KursTfVO><OM>true</OM>`,
    ),
    t22("getInstitutionByKod", institutionOf(register)),
    t22("findInstitutionsByBenamn", register.word),
    none(t22("findInstitutionsByBenamne", register.word)),
    t22("findInstitutionsByDelkod", register.code),
    none(t22("findHsk", `<benamn>${register.word}</benamn>`)),
    t22("getKursByInst", institutionOf(register)),
    t22("getKursByKod", kurskod),
    t22("getKursTillFByKod", kurskod),
    none(t22("getProvByKurskod", kurskod)),
    t22("findNameByPnr", `<pnr>${pnr}</pnr>`),
    t22("getNameByPartPnr", `<pnr>${pnr.slice(2, 8)}</pnr>`),
    t22("fetchAdrInfo", pnr),
    t22("fetchAdrInfo", `${pnr}</arg1><arg1>${COMMON_PNR}`),
  ];
}

/** What every register can be asked, and answers with its own. */
const COMMON_QUESTIONS: readonly Question[] = [
  {
    service: "AdresslistaFetcher",
    method: "getKursTf",
    arg1: `<Kurskod>${COMMON_KURSKOD}</Kurskod><Termin>262</Termin>`,
  },
  {
    service: "AdresslistaFetcher",
    method: "getAdrLista",
    arg1: `<KursTfVO><typ>FFG</typ><Kurskod>${COMMON_KURSKOD}</Kurskod><Starttermin>262</Starttermin></KursTfVO><Email>true</Email>`,
  },
  { service: "UtilityFetcher", method: "findAllInstitutions" },
  { service: "UtilityFetcher", method: "findAllPlaces" },
  { service: "UtilityFetcher", method: "getKursByKod", arg1: COMMON_KURSKOD },
  { service: "UtilityFetcher", method: "getKursTillFByKod", arg1: COMMON_KURSKOD },
  { service: "UtilityFetcher", method: "findNameByPnr", arg1: `<pnr>${COMMON_PNR}</pnr>` },
  { service: "UtilityFetcher", method: "getNameByPartPnr", arg1: `<pnr>${COMMON_PNR.slice(2, 8)}</pnr>` },
  { service: "UtilityFetcher", method: "fetchAdrInfo", arg1: COMMON_PNR },
  { service: "UtilityFetcher", method: "getCurrAndNextSemester", none: true },
];

interface Asker {
  readonly tenant: string | undefined;
  readonly caller: string;
  readonly register: InventedRegister;
}

const ASKERS: readonly Asker[] = [
  { tenant: undefined, caller: "portal-egen", register: OWN },
  { tenant: "lund", caller: "portal-lund", register: LUND },
  { tenant: "eslov", caller: "portal-eslov", register: ESLOV },
];
const [, ...TENANTS] = ASKERS;

/** Registers whose names or places are in it. */
const wordsIn = (answer: string) =>
  [OWN, LUND, ESLOV].flatMap((register) =>
    [register.word, placeOf(register)].some((mark) => answer.toLowerCase().includes(mark.toLowerCase()))
      ? [register.word]
      : [],
  );

const REFUSED = /<key>auth\.failed<\/key>/;

describe("a service with tenants", function () {
  this.timeout(120_000);
  let service: TenantService;

  before(async () => {
    service = await startTenantService({
      tenants: { lund: { defaultCaller: "portal-lund" }, eslov: { defaultCaller: "portal-eslov" } },
      callers: { "": ["portal-egen"], lund: ["portal-lund"], eslov: ["portal-eslov"] },
    });
    for (const { tenant, register } of ASKERS) await service.load(tenant, exportXmlOf(register));
  });

  after(() => service.close());

  /** The answer as it is on the wire. `at`: the tenant in the path; null: none. */
  async function ask(question: Question, at: string | null, caller: string | undefined, ticket = SECRET) {
    const path = `${at === null ? "" : `/${at}`}/${question.service}`;
    const { status, body } = await post(
      `${service.url}/cxf${path}`,
      messageOf({ ...question, ...(caller === undefined ? {} : { caller }), ticket }),
    );
    expect(status, body).to.equal(200);
    return body;
  }

  const pathsOf = ({ tenant }: Asker) => (tenant === undefined ? [null] : [null, tenant]);

  it("is asked by these tests with every operation of both services", () => {
    const asked = [...questionsAbout(LUND), ...COMMON_QUESTIONS];
    for (const [name, { operations }] of [
      ["AdresslistaFetcher", adresslista],
      ["UtilityFetcher", utilityService],
    ] as const) {
      const methods = asked.flatMap(({ service: its, method }) => (its === name ? [method] : []));
      expect([...new Set(methods)].sort()).to.deep.equal([...operations].sort());
    }
  });

  for (const asker of ASKERS) {
    const { caller, register } = asker;

    it(`gives ${caller} all of its own register, at each of its paths the same bytes`, async () => {
      for (const question of [...questionsAbout(register), ...COMMON_QUESTIONS]) {
        const what = `${question.method} ${question.arg1}`;
        const answers = new Set<string>();
        for (const path of pathsOf(asker)) answers.add(await ask(question, path, caller));
        expect([...answers], what).to.have.length(1);
        const [answer = ""] = answers;
        expect(answer, what).not.to.match(REFUSED);
        expect(wordsIn(answer), what).to.deep.equal(question.none ? [] : [register.word]);
      }
    });

    it(`answers ${caller}, who asks for what only another register has, as for what is nowhere`, async () => {
      const nowhere = questionsAbout(NOWHERE);
      for (const other of ASKERS.filter((one) => one !== asker)) {
        for (const [at, question] of questionsAbout(other.register).entries()) {
          const what = `${question.method} ${question.arg1}`;
          for (const path of pathsOf(asker)) {
            const answer = await ask(question, path, caller);
            // The one question that has a person of every register is answered with the asker's own.
            const own = question.arg1?.includes(COMMON_PNR) ? [register.word] : [];
            expect(wordsIn(answer), what).to.deep.equal(own);
            // A number that nobody has is said again.
            const [number, nobodys] = [other.register, NOWHERE].map((one) => pnrOf(one).slice(2)) as [
              string,
              string,
            ];
            const expected = await ask(nowhere[at] ?? question, path, caller);
            expect(answer.replaceAll(number, nobodys), what).to.equal(expected);
          }
        }
      }
    });

    it(`lets ${caller} in at no other tenant's path, whatever it asks for`, async () => {
      for (const other of TENANTS.filter((one) => one !== asker)) {
        // At the same time: one login is then checked for all.
        const questions = [...questionsAbout(other.register), ...COMMON_QUESTIONS];
        const answers = await Promise.all(
          questions.map((question) => ask(question, other.tenant ?? null, caller)),
        );
        for (const [at, answer] of answers.entries()) {
          expect(answer, questions[at]?.method).to.match(REFUSED);
          expect(wordsIn(answer), questions[at]?.method).to.deep.equal([]);
        }
      }
    });
  }

  it("refuses who is unknown, or whose secret is wrong, at each path with the same bytes", async () => {
    const answers = new Map<string | undefined, Set<string>>();
    for (const path of [null, "lund", "eslov"]) {
      for (const [caller, ticket] of [
        ["portal-okänd", SECRET],
        ["portal-lund", "fel"],
      ] as const) {
        await Promise.all(
          COMMON_QUESTIONS.map(async (question) => {
            const answer = await ask(question, path, caller, ticket);
            expect(answer, question.method).to.match(REFUSED);
            answers.set(question.method, (answers.get(question.method) ?? new Set()).add(answer));
          }),
        );
      }
    }
    expect([...answers.values()].map(({ size }) => size)).to.deep.equal(COMMON_QUESTIONS.map(() => 1));
  });

  it("gives no tenant what was remembered for another that had asked with the same bytes", async () => {
    for (const question of COMMON_QUESTIONS.filter(({ none }) => none === undefined)) {
      // Without a caller: the bytes are the same, and whose default caller is meant is the path's.
      for (let time = 0; time < 4; time++) {
        for (const { tenant = "", register } of TENANTS) {
          expect(wordsIn(await ask(question, tenant, undefined)), question.method).to.deep.equal([
            register.word,
          ]);
        }
      }
    }
  });

  it("has a default caller of its own for each path, and none where none is set", async () => {
    const [question] = COMMON_QUESTIONS;
    if (question === undefined) throw new Error("there is no question");
    expect(await ask(question, null, undefined)).to.match(REFUSED);
    expect(await ask(question, "lund", undefined)).not.to.match(REFUSED);
  });

  it("goes on with one tenant's load while another one gets a new one", async () => {
    const answersOf = async ({ tenant, caller, register }: Asker) => {
      const answers: string[] = [];
      for (const question of [...questionsAbout(register), ...COMMON_QUESTIONS]) {
        answers.push(await ask(question, null, caller));
        if (tenant !== undefined) answers.push(await ask(question, tenant, caller));
      }
      return answers;
    };
    const [own, lund, eslov] = ASKERS as [Asker, Asker, Asker];
    const before = [await answersOf(own), await answersOf(eslov)];
    const old = await answersOf(lund);
    await service.load("lund", exportXmlOf(LUND, "Ny"));
    expect([await answersOf(own), await answersOf(eslov)]).to.deep.equal(before);
    for (const [at, answer] of (await answersOf(lund)).entries()) {
      const isNamed = /lundaby/i.test(old[at] ?? "");
      expect(/NyLundaby/i.test(answer), old[at]).to.equal(isNamed);
      expect(/(?<!ny)lundaby/i.test(answer), answer).to.equal(false);
    }
    await service.load("lund", exportXmlOf(LUND));
  });

  it("has each tenant's WSDL at its paths, with its address, and a page and 405 as elsewhere", async () => {
    for (const name of ["AdresslistaFetcher", "UtilityFetcher"]) {
      const url = `${service.url}/cxf/lund/${name}`;
      for (const query of ["?wsdl", "?WSDL"]) {
        const wsdl = await (await fetch(url + query)).text();
        expect(wsdl).to.include(`location="${url}"`);
        const plain = await (await fetch(`${service.url}/cxf/${name}${query}`)).text();
        expect(wsdl.replaceAll("/cxf/lund/", "/cxf/")).to.equal(plain);
      }
      expect(await (await fetch(`${url}?wsdl=1.2`)).text()).to.include(`location="${url}"`);
      expect((await fetch(url)).status).to.equal(200);
      expect((await fetch(url, { method: "PUT", body: "x" })).status).to.equal(405);
    }
  });

  it("answers a tenant that there is not, or a path that is none, as any unknown path", async () => {
    for (const path of [
      "/cxf/malmo/AdresslistaFetcher",
      "/cxf/Lund/AdresslistaFetcher",
      "/cxf/lund/adresslistafetcher",
      "/cxf/lund/AdresslistaFetcher/",
      "/cxf/lund//AdresslistaFetcher",
      "/cxf/lund/eslov/AdresslistaFetcher",
      "/cxf/constructor/AdresslistaFetcher",
      "/cxf/__proto__/AdresslistaFetcher",
      "/cxf/lund/../eslov/AdresslistaFetcher/x",
      "/cxf/lund",
      "/lund/cxf/AdresslistaFetcher",
    ]) {
      const message = messageOf({ caller: "portal-lund", ticket: SECRET });
      const { status, body } = await post(service.url + path, message);
      expect([status, body], path).to.deep.equal([404, "Not found\n"]);
    }
  });
});

describe("the path that is all tenants'", function () {
  this.timeout(60_000);

  it("lets nobody in whose name several registers have, and each tenant's own path does", () =>
    withTenants(
      {
        tenants: { lund: {}, eslov: {} },
        callers: { lund: ["portalen", "lund"], eslov: ["portalen"] },
      },
      async (service) => {
        await service.load("lund", exportXmlOf(LUND));
        await service.load("eslov", exportXmlOf(ESLOV));
        expect(await courseFor(service, "portalen", "")).to.match(REFUSED);
        expect(await courseFor(service, "lund", "")).to.include("Lundaby");
        expect(await courseFor(service, "portalen", "/lund")).to.include("Lundaby");
        expect(await courseFor(service, "portalen", "/eslov")).to.include("Eslovby");
        // That it is one of ours is no secret to us; whose call it was, nobody knows.
        const [line] = auditLines(service);
        expect(line).to.include({ caller: "portalen", verified: false }).and.not.have.property("tenant");
        const store = await openStore(registerOf(service.settings, "eslov").settings.database);
        await store.removeCaller("portalen");
        await store.close();
        expect(await courseFor(service, "portalen", "")).to.include("Lundaby");
        expect(await courseFor(service, "portalen", "/eslov")).to.match(REFUSED);
      },
    ));

  it("leaves whose register it was in the audit log, as a tenant's own path does", () =>
    withTenants(
      {
        tenants: { lund: {}, eslov: {} },
        callers: { "": ["egen"], lund: ["lund"], eslov: ["eslov"] },
      },
      async (service) => {
        await service.load("lund", exportXmlOf(LUND));
        await courseFor(service, "egen", "");
        await courseFor(service, "lund", "");
        await courseFor(service, "lund", "/lund");
        await courseFor(service, "eslov", "/eslov");
        await courseFor(service, "lund", "/eslov");
        await courseFor(service, "lund", "", "fel");
        await courseFor(service, "okänd", "");
        await post(`${service.url}/cxf/lund/AdresslistaFetcher`, "<nothing/>");
        const told = auditLines(service).map(({ tenant, caller, verified, outcome }) => ({
          ...{ tenant, caller, verified, outcome },
        }));
        const valid = { verified: true, outcome: "valid" };
        const empty = { verified: true, outcome: "general.nodata" };
        const refused = { verified: false, outcome: "auth.failed" };
        expect(told).to.deep.equal([
          { tenant: undefined, caller: "egen", ...empty },
          { tenant: "lund", caller: "lund", ...valid },
          { tenant: "lund", caller: "lund", ...valid },
          { tenant: "eslov", caller: "eslov", ...empty },
          { tenant: "eslov", caller: undefined, ...refused },
          { tenant: "lund", caller: "lund", ...refused },
          { tenant: undefined, caller: undefined, ...refused },
          { tenant: "lund", caller: undefined, verified: false, outcome: "fault Client" },
        ]);
      },
    ));

  it("counts failed logins together, whichever path they come by", () =>
    withTenants({ tenants: { lund: {}, eslov: {} }, callers: { lund: ["lund"] } }, async (service) => {
      for (const path of ["", "/lund", "/eslov"]) await courseFor(service, "lund", path, "fel");
      const store = await openStore(service.settings.database);
      const [counted] = await store.failedLogins([addressKey("127.0.0.1")], 0);
      await store.close();
      expect(counted?.count).to.equal(3);
    }));
});

describe("a tenant whose register cannot be used", function () {
  this.timeout(60_000);

  it("gets a Server fault, hinders no other, and is answered by itself when it can be", () =>
    withTenants(
      {
        tenants: { lund: {}, eslov: {} },
        callers: { "": ["egen"], lund: ["lund"] },
        prepare(_, settings) {
          return breakDatabase(registerOf(settings, "eslov").settings.database);
        },
      },
      async (service) => {
        await service.load("lund", exportXmlOf(LUND));
        for (let time = 0; time < 2; time++) {
          expect(await courseFor(service, "eslov", "/eslov")).to.match(SERVER_FAULT);
          expect(await courseFor(service, "lund", "/lund")).to.include("Lundaby");
          expect(await courseFor(service, "lund", "")).to.include("Lundaby");
          expect(await courseFor(service, "egen", "")).to.include("general.nodata");
          // Nobody knows whose these are: what is answered does not depend on who there is.
          for (const [caller, ticket] of [
            ["eslov", SECRET],
            ["okänd", SECRET],
            ["lund", "fel"],
            ["egen", "fel"],
          ] as const) {
            expect(await courseFor(service, caller, "", ticket), caller).to.match(SERVER_FAULT);
          }
          expect(await courseFor(service, "okänd", "/lund")).to.match(REFUSED);
        }
        const { settings } = registerOf(service.settings, "eslov");
        await removeBroken(settings.database);
        await addCallers(settings.database, { eslov: { institutions: "*" } });
        await service.load("eslov", exportXmlOf(ESLOV));
        for (const path of ["/eslov", ""]) {
          await eventually(async () => (await courseFor(service, "eslov", path)).includes("Eslovby"));
        }
        expect(await courseFor(service, "okänd", "")).to.match(REFUSED);
      },
    ));

  it("may be one whose server is not there", () =>
    withTenants(
      {
        tenants: { lund: {}, eslov: { database: "postgres://nobody@127.0.0.1:1/nothing" } },
        callers: { lund: ["lund"] },
      },
      async (service) => {
        await service.load("lund", exportXmlOf(LUND));
        for (let time = 0; time < 3; time++) {
          expect(await courseFor(service, "eslov", "/eslov")).to.match(SERVER_FAULT);
          expect(await courseFor(service, "eslov", "")).to.match(SERVER_FAULT);
          expect(await courseFor(service, "lund", "/lund")).to.include("Lundaby");
          expect(await courseFor(service, "lund", "")).to.include("Lundaby");
        }
      },
    ));

  it("may be one whose alias file is wrong: it is read anew when it is mended", () =>
    withTenants(
      {
        tenants: { lund: {}, eslov: { kurskodAliasFile: "alias.csv" } },
        callers: { lund: ["lund"], eslov: ["eslov"] },
        prepare: (folder) => writeFileSync(join(folder, "alias.csv"), `${COMMON_KURSKOD};för långt alias`),
      },
      async (service) => {
        await service.load("lund", exportXmlOf(LUND));
        await service.load("eslov", exportXmlOf(ESLOV));
        expect(await courseFor(service, "eslov", "/eslov")).to.match(SERVER_FAULT);
        expect(await courseFor(service, "lund", "")).to.include("Lundaby");
        writeFileSync(join(service.folder, "alias.csv"), `${COMMON_KURSKOD};MA1`);
        await eventually(async () => {
          return (await courseFor(service, "eslov", "/eslov")).includes("MA1");
        });
        // Of one tenant alone.
        expect(await courseFor(service, "lund", ""))
          .to.include(COMMON_KURSKOD)
          .and.not.include("MA1");
      },
    ));

  it("is told so when nothing is loaded, and others are answered", () =>
    withTenants(
      { tenants: { lund: {}, eslov: {} }, callers: { lund: ["lund"], eslov: ["eslov"] } },
      async (service) => {
        await service.load("lund", exportXmlOf(LUND));
        for (const path of ["", "/eslov"])
          expect(await courseFor(service, "eslov", path)).to.include("<key>general.nodata</key>");
        expect(await courseFor(service, "lund", "")).to.include("Lundaby");
      },
    ));
});

const SERVER_FAULT = /<faultcode>soap:Server<\/faultcode>/;

async function withTenants(
  options: TenantServiceOptions,
  action: (service: TenantService) => Promise<void>,
): Promise<void> {
  const service = await startTenantService(options);
  try {
    await action(service);
  } finally {
    await service.close();
  }
}

/** A question that every register answers with names of its own. `path`: `/lund`, or empty for the common one. */
async function courseFor(service: TenantService, caller: string, path: string, ticket = SECRET) {
  const arg1 = `<Kurskod>${COMMON_KURSKOD}</Kurskod><Termin>262</Termin>`;
  const message = messageOf({ method: "getKursTf", arg1, caller, ticket });
  return (await post(`${service.url}/cxf${path}/AdresslistaFetcher`, message)).body;
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > 30_000) throw new Error("it has not come to that");
    await delay(200);
  }
}

/** What failed logins of an address are counted under. */
function addressKey(address: string): string {
  return `address:${createHash("sha256").update(address).digest("hex")}`;
}

/** Of today and, at midnight, yesterday. */
function auditLines({ settings }: TenantService): readonly Record<string, unknown>[] {
  const folder = auditFolderOf(settings);
  expect(auditFolderOf(registerOf(settings, "lund").settings)).to.equal(folder);
  return readdirSync(folder)
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
