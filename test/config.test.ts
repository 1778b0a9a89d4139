import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { afterEach, beforeEach, describe, it } from "mocha";
import {
  type Environment,
  loadSettings,
  type Overrides,
  SETTINGS,
  statusFileSettings,
} from "../lib/config.js";
import { AdresslistaError } from "../lib/errors.js";
import { defaultMapping } from "../lib/mapping/settings.js";

const FINGERPRINT = `SHA256:${"aB3/".repeat(10)}+cd`;

describe("settings", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "adresslista-config-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("have defaults", () => {
    expect(load()).to.deep.equal({
      host: "127.0.0.1",
      port: 8080,
      workers: 1,
      database: join(folder, "data/adresslista.sqlite"),
      databaseRead: undefined,
      workFolder: join(folder, "data"),
      publicUrl: undefined,
      trustedProxies: [],
      maxRequestBytes: 1_048_576,
      maxConnections: 1_000,
      maxConcurrentCalls: 64,
      tlsCertificateFile: undefined,
      tlsKeyFile: undefined,
      tlsClientAuthoritiesFile: undefined,
      insecureListen: false,
      adminHost: "127.0.0.1",
      adminPort: undefined,
      auditFolder: undefined,
      auditKeepDays: 730,
      terminFormat: "YYT",
      utilityTerminFormat: "YYYYT",
      kurskodMaxLength: 10,
      kurskodAliasFile: undefined,
      defaultCaller: undefined,
      keepGenerations: 3,
      protected: "strip",
      protectedFile: undefined,
      mapping: defaultMapping,
      repair: true,
      datasource: undefined,
      requireEmail: false,
      historyTerms: 4,
      guardFewerPercent: 20,
      guardFewerCount: 20,
      guardMorePercent: undefined,
      guardMoreCount: 20,
      maxAgeHours: 96,
      statusFile: undefined,
      sftpHost: undefined,
      sftpPort: 22,
      sftpUser: undefined,
      sftpPassword: undefined,
      sftpPasswordFile: undefined,
      sftpPrivateKey: undefined,
      sftpPrivateKeyFile: undefined,
      sftpPassphrase: undefined,
      sftpPassphraseFile: undefined,
      sftpHostKey: [],
      sftpKnownHostsFile: undefined,
      sftpPath: ".",
      sftpPattern: ["*.xml", "*.zip", "*.gz"],
      sftpFiles: "newest",
      sftpDeliveryMinutes: 60,
      sftpMinimumAgeSeconds: 60,
      sftpMarker: undefined,
      sftpConnectSeconds: 30,
      sftpIdleSeconds: 60,
      sftpDeadlineMinutes: 60,
      sftpRetries: 3,
      fetchedFolder: join(folder, "data/fetched"),
      keepFetchedDays: 1,
      logLevel: "info",
      tenants: new Map(),
    });
  });

  it("come from the file, over it the environment, over that the command line", () => {
    write("adresslista.config.json", { host: "file", port: 1, workers: 4 });
    const env = { ADRESSLISTA_HOST: "env", ADRESSLISTA_PORT: "2" };
    expect(load(env, { host: "option" })).to.include({ host: "option", port: 2, workers: 4 });
  });

  it("come from the file that --config names, else ADRESSLISTA_CONFIG, else the one in the working directory", () => {
    write("adresslista.config.json", { port: 1 });
    write("variable.json", { port: 2 });
    write("option.json", { port: 3 });
    expect(load().port).to.equal(1);
    expect(load({ ADRESSLISTA_CONFIG: "variable.json" }).port).to.equal(2);
    expect(load({ ADRESSLISTA_CONFIG: "variable.json" }, { config: "option.json" }).port).to.equal(3);
  });

  it("may each stand in the environment", () => {
    const settings = load({
      ADRESSLISTA_HOST: "::1",
      ADRESSLISTA_PORT: "0",
      ADRESSLISTA_WORKERS: "2",
      ADRESSLISTA_DATABASE: "a.sqlite",
      ADRESSLISTA_DATABASE_READ: "postgres://u@h/d",
      ADRESSLISTA_WORK_FOLDER: "work",
      ADRESSLISTA_PUBLIC_URL: "https://lista.example/lpw/",
      ADRESSLISTA_TRUSTED_PROXIES: "10.0.0.0/8, 192.0.2.1,::1",
      ADRESSLISTA_MAX_REQUEST_BYTES: "2048",
      ADRESSLISTA_MAX_CONNECTIONS: "50",
      ADRESSLISTA_MAX_CONCURRENT_CALLS: "8",
      ADRESSLISTA_TLS_CERTIFICATE_FILE: "tls/cert.pem",
      ADRESSLISTA_TLS_KEY_FILE: "tls/key.pem",
      ADRESSLISTA_TLS_CLIENT_AUTHORITIES_FILE: "/etc/ca.pem",
      ADRESSLISTA_INSECURE_LISTEN: "true",
      ADRESSLISTA_ADMIN_HOST: "::1",
      ADRESSLISTA_ADMIN_PORT: "8081",
      ADRESSLISTA_AUDIT_FOLDER: "audit",
      ADRESSLISTA_AUDIT_KEEP_DAYS: "90",
      ADRESSLISTA_TERMIN_FORMAT: "YYYYT",
      ADRESSLISTA_UTILITY_TERMIN_FORMAT: "YYT",
      ADRESSLISTA_KURSKOD_MAX_LENGTH: "6",
      ADRESSLISTA_KURSKOD_ALIAS_FILE: "alias.csv",
      ADRESSLISTA_DEFAULT_CALLER: "portal",
      ADRESSLISTA_KEEP_GENERATIONS: "1",
      ADRESSLISTA_PROTECTED: "exclude",
      ADRESSLISTA_PROTECTED_FILE: "/etc/skyddade",
      ADRESSLISTA_MAPPING: '{"institutions":{"skola-1":"I001"}}',
      ADRESSLISTA_REPAIR: "false",
      ADRESSLISTA_DATASOURCE: "Alvis Lingonköping",
      ADRESSLISTA_REQUIRE_EMAIL: "true",
      ADRESSLISTA_HISTORY_TERMS: "0",
      ADRESSLISTA_GUARD_FEWER_PERCENT: "10",
      ADRESSLISTA_GUARD_FEWER_COUNT: "5",
      ADRESSLISTA_GUARD_MORE_PERCENT: "200",
      ADRESSLISTA_GUARD_MORE_COUNT: "50",
      ADRESSLISTA_MAX_AGE_HOURS: "36",
      ADRESSLISTA_STATUS_FILE: "status.json",
      ADRESSLISTA_SFTP_HOST: "sftp.example",
      ADRESSLISTA_SFTP_PORT: "2222",
      ADRESSLISTA_SFTP_USER: "vux",
      ADRESSLISTA_SFTP_PASSWORD: " with blanks ",
      ADRESSLISTA_SFTP_PASSWORD_FILE: "password",
      ADRESSLISTA_SFTP_PRIVATE_KEY: "-----BEGIN\nkey\n",
      ADRESSLISTA_SFTP_PRIVATE_KEY_FILE: "key",
      ADRESSLISTA_SFTP_PASSPHRASE: "phrase",
      ADRESSLISTA_SFTP_PASSPHRASE_FILE: "/run/phrase",
      ADRESSLISTA_SFTP_HOST_KEY: `${FINGERPRINT}, ${FINGERPRINT}`,
      ADRESSLISTA_SFTP_KNOWN_HOSTS_FILE: "known_hosts",
      ADRESSLISTA_SFTP_PATH: "/ut",
      ADRESSLISTA_SFTP_PATTERN: "alvis-*.xml,alvis-*.zip",
      ADRESSLISTA_SFTP_FILES: "delivery",
      ADRESSLISTA_SFTP_DELIVERY_MINUTES: "5",
      ADRESSLISTA_SFTP_MINIMUM_AGE_SECONDS: "0",
      ADRESSLISTA_SFTP_MARKER: "{name}.klar",
      ADRESSLISTA_SFTP_CONNECT_SECONDS: "1",
      ADRESSLISTA_SFTP_IDLE_SECONDS: "2",
      ADRESSLISTA_SFTP_DEADLINE_MINUTES: "3",
      ADRESSLISTA_SFTP_RETRIES: "0",
      ADRESSLISTA_FETCHED_FOLDER: "fetched",
      ADRESSLISTA_KEEP_FETCHED_DAYS: "7",
      ADRESSLISTA_LOG_LEVEL: "silent",
      ADRESSLISTA_TENANTS: '{"lund":{"database":"lund.sqlite","sftpPath":"/lund"}}',
    });
    expect(settings).to.deep.equal({
      host: "::1",
      port: 0,
      workers: 2,
      database: join(folder, "a.sqlite"),
      databaseRead: "postgres://u@h/d",
      workFolder: join(folder, "work"),
      publicUrl: "https://lista.example/lpw",
      trustedProxies: ["10.0.0.0/8", "192.0.2.1", "::1"],
      maxRequestBytes: 2048,
      maxConnections: 50,
      maxConcurrentCalls: 8,
      tlsCertificateFile: join(folder, "tls/cert.pem"),
      tlsKeyFile: join(folder, "tls/key.pem"),
      tlsClientAuthoritiesFile: "/etc/ca.pem",
      insecureListen: true,
      adminHost: "::1",
      adminPort: 8081,
      auditFolder: join(folder, "audit"),
      auditKeepDays: 90,
      terminFormat: "YYYYT",
      utilityTerminFormat: "YYT",
      kurskodMaxLength: 6,
      kurskodAliasFile: join(folder, "alias.csv"),
      defaultCaller: "portal",
      keepGenerations: 1,
      protected: "exclude",
      protectedFile: "/etc/skyddade",
      mapping: { ...defaultMapping, institutions: { "skola-1": "I001" } },
      repair: false,
      datasource: "Alvis Lingonköping",
      requireEmail: true,
      historyTerms: 0,
      guardFewerPercent: 10,
      guardFewerCount: 5,
      guardMorePercent: 200,
      guardMoreCount: 50,
      maxAgeHours: 36,
      statusFile: join(folder, "status.json"),
      sftpHost: "sftp.example",
      sftpPort: 2222,
      sftpUser: "vux",
      sftpPassword: " with blanks ",
      sftpPasswordFile: join(folder, "password"),
      sftpPrivateKey: "-----BEGIN\nkey\n",
      sftpPrivateKeyFile: join(folder, "key"),
      sftpPassphrase: "phrase",
      sftpPassphraseFile: "/run/phrase",
      sftpHostKey: [FINGERPRINT, FINGERPRINT],
      sftpKnownHostsFile: join(folder, "known_hosts"),
      sftpPath: "/ut",
      sftpPattern: ["alvis-*.xml", "alvis-*.zip"],
      sftpFiles: "delivery",
      sftpDeliveryMinutes: 5,
      sftpMinimumAgeSeconds: 0,
      sftpMarker: "{name}.klar",
      sftpConnectSeconds: 1,
      sftpIdleSeconds: 2,
      sftpDeadlineMinutes: 3,
      sftpRetries: 0,
      fetchedFolder: join(folder, "fetched"),
      keepFetchedDays: 7,
      logLevel: "silent",
      tenants: new Map([["lund", { database: join(folder, "lund.sqlite"), sftpPath: "/lund" }]]),
    });
  });

  it("name paths from the file's folder in the file, and from the working directory elsewhere", () => {
    mkdirSync(join(folder, "etc"));
    write("etc/config.json", { database: "x.sqlite", protectedFile: "../skyddade" });
    const settings = load({ ADRESSLISTA_KURSKOD_ALIAS_FILE: "alias.csv" }, { config: "etc/config.json" });
    expect(settings.database).to.equal(join(folder, "etc/x.sqlite"));
    expect(settings.protectedFile).to.equal(join(folder, "skyddade"));
    expect(settings.kurskodAliasFile).to.equal(join(folder, "alias.csv"));
  });

  it("take an empty variable as none, and null in the file as none where there need be none", () => {
    write("adresslista.config.json", { defaultCaller: null });
    expect(load({ ADRESSLISTA_PORT: "" })).to.include({ port: 8080, defaultCaller: undefined });
  });

  it("replace only those parts of the mapping that are given", () => {
    const groupKinds = [{ kind: "course", typevalue: "moment", level: "3" }];
    write("adresslista.config.json", { mapping: { groupKinds } });
    expect(load().mapping).to.deep.equal({ ...defaultMapping, groupKinds });
  });

  it("are read from a file with a byte order mark", () => {
    writeFileSync(join(folder, "adresslista.config.json"), '\uFEFF{"port": 1}');
    expect(load().port).to.equal(1);
  });

  describe("that are wrong", () => {
    const wrongInFile: readonly [string, object, string][] = [
      ["an unknown setting", { prot: 80 }, "unknown setting prot"],
      ["a name of JavaScript's own", JSON.parse('{"__proto__": 1}') as object, "unknown setting __proto__"],
      ["a number as text", { port: "80" }, "port must be a whole number from 0 to 65535"],
      ["a number out of range", { port: 65_536 }, "port must be"],
      ["a broken number", { workers: 1.5 }, "workers must be"],
      ["no workers", { workers: 0 }, "workers must be"],
      ["an empty text", { host: " " }, "host must be a text"],
      ["null where there must be one", { host: null }, "host must be a text"],
      ["another choice", { terminFormat: "yyt" }, "terminFormat must be one of YYT, YYYYT"],
      [
        "an address of PostgreSQL without a database",
        { database: "postgres://u:hemligt@h" },
        "database must have the form postgres://user@host:port/database",
      ],
      [
        "a schema that needs quotes",
        { database: "postgres://u:hemligt@h/d?schema=Hemligt" },
        "database has a schema other than",
      ],
      [
        "a replica that is a file",
        { databaseRead: "hemligt.sqlite" },
        "databaseRead must be the postgres:// address",
      ],
      ["no web address", { publicUrl: "ftp://hemligt" }, "publicUrl must be"],
      ["a proxy that is no address", { trustedProxies: ["hemligt"] }, "trustedProxies must be a list"],
      ["too wide a network", { trustedProxies: ["10.0.0.0/33"] }, "trustedProxies must be a list"],
      ["a mapping of no object", { mapping: [] }, "mapping must be an object"],
      ["an unknown part of the mapping", { mapping: { kinds: [] } }, "mapping has an unknown field kinds"],
      [
        "an unknown kind",
        { mapping: { groupKinds: [{ kind: "kurs", typevalue: "x" }] } },
        "groupKinds[0] must have a kind",
      ],
      [
        "a rule for everything",
        { mapping: { groupKinds: [{ kind: "course" }] } },
        "groupKinds[0] must have one of",
      ],
      [
        "a broken pattern",
        { mapping: { groupKinds: [{ kind: "course", typevalue: "(" }] } },
        "regular expression",
      ],
      ["too long a code", { mapping: { institutions: { s: "I0001" } } }, "institutions must have a code"],
    ];
    for (const [what, content, line] of wrongInFile) {
      it(`are named with the file they stand in: ${what}`, () => {
        write("adresslista.config.json", content);
        expect(refusal()).to.include(line).and.to.include(join(folder, "adresslista.config.json"));
        expect(refusal()).not.to.include("hemligt");
      });
    }

    it("are named with their variable", () => {
      expect(refusal({ ADRESSLISTA_PORT: "hemligt" })).to.equal(
        "port must be a whole number from 0 to 65535 (in ADRESSLISTA_PORT)",
      );
      expect(refusal({ ADRESSLISTA_MAPPING: "hemligt" })).to.equal(
        "mapping must be a JSON object (in ADRESSLISTA_MAPPING)",
      );
      expect(refusal({ ADRESSLISTA_PROT: "1" })).to.equal(
        "unknown setting ADRESSLISTA_PROT (in the environment)",
      );
    });

    it("are named with their option", () => {
      expect(refusal({}, { port: "0x50" })).to.equal(
        "port must be a whole number from 0 to 65535 (in option --port)",
      );
    });

    it("stand in a file that is missing, no JSON or no object", () => {
      expect(refusal({}, { config: "saknas.json" })).to.match(/saknas\.json: ENOENT \(named by --config\)$/);
      expect(refusal({ ADRESSLISTA_CONFIG: "saknas.json" })).to.match(/named by ADRESSLISTA_CONFIG/);
      expect(refusal({ ADRESSLISTA_CONFIG: "." })).to.match(/EISDIR/);
      writeFileSync(join(folder, "adresslista.config.json"), '{\n  "defaultCaller": hemligt\n}');
      expect(refusal()).to.include("is not valid JSON").and.not.to.include("hemligt");
      writeFileSync(
        join(folder, "adresslista.config.json"),
        '{\n  "defaultCaller": "hemligt"\n  "port": 1\n}',
      );
      expect(refusal()).to.match(/is not valid JSON, see line 3$/);
      write("adresslista.config.json", []);
      expect(refusal()).to.include("must hold one JSON object");
    });

    it("take one line, whatever their names", () => {
      write("adresslista.config.json", { "rad\nbrott\u001b[31m": 1 });
      expect(refusal()).to.include("unknown setting rad\\nbrott\\u001b[31m");
    });

    it("leave it known where the status file is, unless that is what is wrong", () => {
      const database = join(folder, "data/adresslista.sqlite");
      expect(known({ ADRESSLISTA_PORT: "åtta", ADRESSLISTA_STATUS_FILE: "s.json" })).to.deep.equal({
        database,
        workFolder: join(folder, "data"),
        statusFile: join(folder, "s.json"),
      });
      expect(known({ ADRESSLISTA_DATABASE: "postgres://u@h" })).to.equal(undefined);
      write("adresslista.config.json", { prot: 80, database: "a.sqlite" });
      expect(known()).to.deep.equal({
        database: join(folder, "a.sqlite"),
        workFolder: join(folder, "data"),
        statusFile: undefined,
      });
      writeFileSync(join(folder, "adresslista.config.json"), "{");
      expect(known()).to.equal(undefined);
    });

    function known(env: Environment = {}) {
      return statusFileSettings(env, {}, folder);
    }

    function refusal(env: Environment = {}, overrides: Overrides = {}): string {
      try {
        load(env, overrides);
      } catch (error) {
        expect(error).to.be.instanceOf(AdresslistaError);
        expect((error as AdresslistaError).code).to.equal("settings");
        expect((error as AdresslistaError).message).not.to.include("\n");
        return (error as AdresslistaError).message;
      }
      throw new Error("the settings were taken");
    }
  });

  function load(env: Environment = {}, overrides: Overrides = {}) {
    return loadSettings(env, overrides, folder);
  }

  function write(name: string, content: unknown): void {
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
});

describe("the table of settings", () => {
  it("describes each with its variable, values and purpose", () => {
    for (const { name, variable, values, help } of SETTINGS) {
      expect(variable, name).to.match(/^ADRESSLISTA_[A-Z_]+$/);
      expect(values, name).not.to.equal("");
      expect(help, name).not.to.equal("");
    }
    expect(SETTINGS.find(({ name }) => name === "maxRequestBytes")?.variable).to.equal(
      "ADRESSLISTA_MAX_REQUEST_BYTES",
    );
  });
});
