import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import { auditFolderOf } from "../lib/cli/audit-recorder.js";
import { statusFileOf } from "../lib/cli/status-file.js";
import { type Environment, loadSettings, SETTINGS, statusFileSettings } from "../lib/config.js";
import { AdresslistaError } from "../lib/errors.js";
import { defaultMapping } from "../lib/mapping/settings.js";
import { registerOf, registersOf, TENANT_SETTINGS } from "../lib/tenants.js";

const FINGERPRINTS = ["A", "B"].map((letter) => `SHA256:${letter.repeat(43)}`);
const POSTGRES = "postgres://u:hemligt@db1,db2:5433/lista";

describe("the setting tenants", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "adresslista-tenants-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("gives each tenant a database, a status file and a folder of its own, and one audit log to all", () => {
    const settings = load({ tenants: { lund: {}, "vastra-gotaland": {} } });
    const places = registersOf(settings).map(({ tenant, settings: its }) => ({
      tenant,
      database: its.database,
      statusFile: statusFileOf(its),
      fetched: its.fetchedFolder,
      audit: auditFolderOf(its),
    }));
    const audit = join(folder, "data/adresslista.audit");
    const at = (name: string) => ({
      database: join(folder, `data/adresslista${name}.sqlite`),
      statusFile: join(folder, `data/adresslista${name}.status.json`),
      audit,
    });
    expect(places).to.deep.equal([
      { tenant: undefined, ...at(""), fetched: join(folder, "data/fetched") },
      { tenant: "lund", ...at("-lund"), fetched: join(folder, "data/fetched/lund") },
      {
        tenant: "vastra-gotaland",
        ...at("-vastra-gotaland"),
        fetched: join(folder, "data/fetched/vastra-gotaland"),
      },
    ]);
  });

  it("gives each tenant a schema of its own in PostgreSQL, and on its replica", () => {
    const settings = load({
      database: POSTGRES,
      databaseRead: "postgres://u@replik/lista",
      tenants: { "vastra-gotaland": {}, lund: { database: "postgres://u@annan/lund" } },
    });
    const gotaland = registerOf(settings, "vastra-gotaland").settings;
    expect(gotaland.database).to.equal(`${POSTGRES}?schema=adresslista_t_vastra__gotaland`);
    expect(gotaland.databaseRead).to.equal("postgres://u@replik/lista?schema=adresslista_t_vastra__gotaland");
    // Whoever has another database has not the service's replica of it.
    const { settings: lund } = registerOf(settings, "lund");
    expect(lund.databaseRead).to.equal(undefined);
    // The schema has the same name there, and the files of this machine have not.
    expect([settings, gotaland, lund].map(statusFileOf)).to.deep.equal(
      [
        "data/adresslista.status.json",
        "data/vastra-gotaland/adresslista_t_vastra__gotaland.status.json",
        "data/lund/adresslista.status.json",
      ].map((path) => join(folder, path)),
    );
  });

  it("takes what a tenant does not say from the service's, wherever that is from", () => {
    const settings = load(
      {
        ...{
          maxAgeHours: 12,
          historyTerms: 2,
          kurskodMaxLength: 6,
          terminFormat: "YYYYT",
          datasource: "Alvis",
        },
        ...{ kurskodAliasFile: "alias.csv", protectedFile: "skyddade", workers: 3 },
        tenants: { lund: { historyTerms: 8, datasource: null, mapping: { institutions: { s: "LU" } } } },
      },
      { ADRESSLISTA_MAX_AGE_HOURS: "24" },
    );
    const { settings: lund } = registerOf(settings, "lund");
    expect(lund).to.include({ maxAgeHours: 24, historyTerms: 8, kurskodMaxLength: 6, terminFormat: "YYYYT" });
    expect(lund).to.include({ workers: 3, datasource: undefined });
    expect(lund.kurskodAliasFile).to.equal(join(folder, "alias.csv"));
    // One who is protected too much is better than one too little.
    expect(lund.protectedFile).to.equal(join(folder, "skyddade"));
    expect(lund.mapping).to.deep.equal({ ...defaultMapping, institutions: { s: "LU" } });
    expect(lund.tenants.size).to.equal(0);
    expect(settings.mapping).to.deep.equal(defaultMapping);
  });

  it("gives no tenant what is the service's own register's alone", () => {
    const settings = load({ defaultCaller: "portal", statusFile: "s.json", tenants: { lund: {} } });
    const { settings: lund } = registerOf(settings, "lund");
    expect(lund.defaultCaller).to.equal(undefined);
    expect(lund.statusFile).to.equal(undefined);
  });

  it("gives a tenant the service's login and host key as a whole, or none of it", () => {
    const service = {
      ...{ sftpHost: "sftp.example", sftpUser: "alla", sftpPasswordFile: "lösenord" },
      ...{ sftpHostKey: [FINGERPRINTS[0]], sftpKnownHostsFile: "known_hosts" },
    };
    const settings = load({
      ...service,
      tenants: {
        lund: { sftpPath: "lund" },
        eslov: { sftpUser: "eslov", sftpPrivateKeyFile: "nyckel", sftpHostKey: [FINGERPRINTS[1]] },
      },
    });
    const { settings: lund } = registerOf(settings, "lund");
    expect(lund).to.include({ sftpUser: "alla", sftpPasswordFile: join(folder, "lösenord") });
    expect(lund.sftpKnownHostsFile).to.equal(join(folder, "known_hosts"));
    const { settings: eslov } = registerOf(settings, "eslov");
    expect(eslov).to.include({ sftpPasswordFile: undefined, sftpPrivateKeyFile: join(folder, "nyckel") });
    expect(eslov).to.include({ sftpHost: "sftp.example", sftpKnownHostsFile: undefined });
    expect(eslov.sftpHostKey).to.deep.equal([FINGERPRINTS[1]]);
  });

  it("is JSON in the environment, with paths from the working directory", () => {
    const settings = load(
      { tenants: { eslov: {} } },
      { ADRESSLISTA_TENANTS: '{"lund":{"database":"lund.sqlite"}}' },
    );
    expect([...settings.tenants.keys()]).to.deep.equal(["lund"]);
    expect(registerOf(settings, "lund").settings.database).to.equal(join(folder, "lund.sqlite"));
  });

  it("leaves it known where a tenant's status file is when another setting is wrong, and never takes another's", () => {
    write({ prot: 1, port: "åtta", tenants: { lund: {}, eslov: { statusFile: "e.json" } } });
    const known = (tenant?: string) => {
      const its = statusFileSettings({}, {}, folder, tenant);
      return its === undefined ? undefined : statusFileOf(its);
    };
    expect(known()).to.equal(join(folder, "data/adresslista.status.json"));
    expect(known("lund")).to.equal(join(folder, "data/adresslista-lund.status.json"));
    expect(known("eslov")).to.equal(join(folder, "e.json"));
    expect(known("malmo")).to.equal(undefined);
    write({ tenants: { lund: { maxAgeHours: "fyra" } } });
    expect(known("lund")).to.equal(undefined);
  });

  it("says of every setting whose it is", () => {
    const services = [
      ...["host", "port", "workers", "workFolder", "publicUrl", "trustedProxies", "maxRequestBytes"],
      ...[
        "maxConnections",
        "maxConcurrentCalls",
        "tlsCertificateFile",
        "tlsKeyFile",
        "tlsClientAuthoritiesFile",
      ],
      ...["insecureListen", "adminHost", "adminPort", "auditFolder", "auditKeepDays", "logLevel", "tenants"],
    ];
    expect([...services, ...TENANT_SETTINGS].sort()).to.deep.equal(SETTINGS.map(({ name }) => name).sort());
    for (const name of services) {
      const line = refusal({ tenants: { lund: { [name]: "hemligt" } } });
      expect(line).to.include(`lund.${name} is no tenant's own: it is said once, for the whole service`);
    }
  });

  describe("refuses, with one line that names the tenant,", () => {
    for (const [what, tenants, line] of [
      ["a list", [], "tenants must be an object: names of tenants to objects with settings of theirs"],
      ["a name with a capital", { Lund: {} }, "Lund must be a name of 1 to 20 of a-z, 0-9 and -"],
      ["an empty name", { "": {} }, '"" must be a name'],
      ["a name with a digit first", { "1a": {} }, "1a must be a name"],
      ["a name of 21 characters", { ["a".repeat(21)]: {} }, "must be a name"],
      ["a name with a slash", { "a/b": {} }, "a/b must be a name"],
      ["a name of JavaScript's own", JSON.parse('{"__proto__": {}}'), "__proto__ must be a name"],
      ["a service's name", { utilityfetcher: {} }, "utilityfetcher is the name of a service"],
      ["settings of no object", { lund: "hemligt" }, "lund must be an object with settings"],
      ["an unknown setting", { lund: { prot: 1 } }, "lund has an unknown setting prot"],
      [
        "a name of JavaScript's own as a setting",
        { lund: { constructor: 1 } },
        "unknown setting constructor",
      ],
      ["a wrong value", { lund: { maxAgeHours: "hemligt" } }, "lund.maxAgeHours must be a whole number"],
      ["a wrong mapping", { lund: { mapping: { kinds: [] } } }, "lund.mapping has an unknown field kinds"],
      ["tenants of a tenant", { lund: { tenants: {} } }, "lund.tenants is no tenant's own"],
    ] as const) {
      it(what, () => {
        expect(refusal({ tenants })).to.include(line).and.not.include("hemligt");
      });
    }

    it("what is no JSON in the environment", () => {
      expect(refusal({}, { ADRESSLISTA_TENANTS: "hemligt" })).to.equal(
        "tenants must be a JSON object (in ADRESSLISTA_TENANTS)",
      );
    });

    it("a database, a status file or a folder that two would share, by whatever name", () => {
      mkdirSync(join(folder, "data"));
      symlinkSync(join(folder, "data"), join(folder, "länk"));
      const shared: readonly [string, object, RegExp][] = [
        ["the service's", { database: "data/adresslista.sqlite" }, /tenant lund: database .* own register/],
        ["by a link", { database: "länk/adresslista.sqlite" }, /tenant lund: database .* own register/],
        [
          "with another ending",
          { database: "data/adresslista.db" },
          /tenant lund: the files beside database/,
        ],
        ["another's", { database: "data/adresslista-eslov.sqlite" }, /tenant lund: database .* tenant eslov/],
        [
          "a status file",
          { statusFile: "länk/adresslista-eslov.status.json" },
          /tenant lund: statusFile .* eslov/,
        ],
        ["fetched exports", { fetchedFolder: "data/fetched" }, /tenant lund: fetchedFolder .* own register/],
      ];
      for (const [what, lund, line] of shared)
        expect(refusal({ tenants: { eslov: {}, lund } }), what).to.match(line);
    });

    it("a schema that two would share, on any of their hosts", () => {
      const shared = (lund: string) =>
        refusal({ database: POSTGRES, tenants: { eslov: {}, lund: { database: lund } } });
      for (const lund of [
        "postgres://annan@db2:5433/lista",
        "postgres://u@db1/lista",
        "postgres://u@db9,db1/lista?schema=adresslista_t_eslov",
      ]) {
        expect(shared(lund), lund)
          .to.match(/tenant lund: database is that of/)
          .and.not.include("hemligt");
      }
      expect(() =>
        load({ database: POSTGRES, tenants: { lund: { database: "postgres://u@db9/lista" } } }),
      ).not.to.throw();
    });

    it("a schema that would be too long", () => {
      const database = `${POSTGRES}?schema=${"s".repeat(46)}`;
      expect(refusal({ database, tenants: { lund: {} } })).to.match(
        /tenant lund: the database, made from the service's, has a schema other than/,
      );
    });

    it("an export that would be loaded into two registers", () => {
      const service = { sftpHost: "sftp.example", sftpUser: "alla" };
      expect(refusal({ ...service, tenants: { lund: {} } })).to.match(
        /tenant lund: the export .* own register/,
      );
      expect(
        refusal({ ...service, tenants: { lund: { sftpPath: "x" }, eslov: { sftpPath: "x" } } }),
      ).to.match(/tenant eslov: the export .* tenant lund/);
      const named = { lund: { sftpPattern: ["lund-*.xml"] }, eslov: { sftpUser: "eslov" } };
      expect(() => load({ ...service, tenants: named })).not.to.throw();
    });
  });

  it("names the tenants that there are to whoever asks for another", () => {
    const settings = load({ tenants: { lund: {}, eslov: {} } });
    for (const name of ["malmo", "constructor", "__proto__", ""]) {
      expect(() => registerOf(settings, name), name).to.throw(AdresslistaError, "there are lund, eslov");
    }
    expect(() => registerOf(load({}), "lund")).to.throw(AdresslistaError, "the setting tenants names none");
  });

  function load(content: object, env: Environment = {}) {
    write(content);
    return loadSettings(env, {}, folder);
  }

  function write(content: object): void {
    writeFileSync(join(folder, "adresslista.config.json"), JSON.stringify(content));
  }

  function refusal(content: object, env: Environment = {}): string {
    try {
      load(content, env);
    } catch (error) {
      expect(error).to.be.instanceOf(AdresslistaError).with.property("code", "settings");
      expect((error as AdresslistaError).message).not.to.include("\n");
      return (error as AdresslistaError).message;
    }
    throw new Error("the settings were taken");
  }
});
