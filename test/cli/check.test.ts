import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { type FakeServer, PASSWORD, served, startSshServer, USER } from "../fetch/ssh-server.js";
import { contentsOf, damageLoad, databaseExists, databaseIn, itOnSqlite } from "../support/database.js";
import { adresslista, inFolder, PROCESSES_MILLISECONDS, SAMPLE } from "./program.js";

describe("adresslista check", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("says of each thing that it is well, which file would be fetched, and changes nothing", () =>
    withServer(async (folder, server) => {
      writeFileSync(join(folder, "skyddade"), "E0001\n");
      writeFileSync(join(folder, "alias.csv"), "MATMAT02b;MA2B\n");
      settings(folder, server, { protectedFile: "skyddade", kurskodAliasFile: "alias.csv" });
      const { code, stdout, stderr } = await adresslista(["check"], { folder });
      expect(code, stdout + stderr).to.equal(0);
      const lines = stdout.trimEnd().split("\n");
      for (const line of lines) expect(line).to.match(/^ok {5}/);
      expect(stdout)
        .to.match(/^ok {5}protected persons: 1 ids in .*skyddade$/m)
        .and.to.match(/^ok {5}alias file: 1 aliases in .*alias\.csv$/m)
        .and.to.match(/^ok {5}database: .*(?:is not|nothing is) there yet; the first reload makes it$/m)
        .and.to.include(
          `${USER} is let in at 127.0.0.1:${server.port}, host key ssh-ed25519 ${server.fingerprints[0]}`,
        )
        .and.to.include("would be fetched: export.xml (485161 bytes, 2026-11-24T01:00:00.000Z)");
      expect(stdout + stderr).not.to.include(PASSWORD);
      expect(existsSync(join(folder, "data"))).to.equal(false);
      expect(await databaseExists(databaseIn(folder))).to.equal(false);
    }));

  it("looks at the database as it is, and leaves it so", () =>
    inFolder(async (folder) => {
      await adresslista(["reload", "--file", SAMPLE], { folder });
      const before = await contentsOf(databaseIn(folder));
      const { code, stdout } = await adresslista(["check"], { folder });
      expect(code, stdout).to.equal(0);
      expect(stdout)
        .to.match(/^ok {5}database: .*, load 1 is served(?:, \d+ MB free)?$/m)
        .and.to.match(/^ok {5}sftp: sftpHost is not set, so that reload needs --file PATH$/m);
      expect(await contentsOf(databaseIn(folder))).to.deep.equal(before);
    }));

  itOnSqlite("ends with the code of the first that is wrong, and goes on to tell of the others", () =>
    withServer(async (folder, server) => {
      mkdirSync(join(folder, "data/adresslista.sqlite"), { recursive: true });
      settings(folder, server, { sftpHostKey: [`SHA256:${"A".repeat(43)}`], protectedFile: "saknas" });
      const { code, stdout } = await adresslista(["check"], { folder });
      expect(code).to.equal(3);
      expect(stdout)
        .to.match(/^WRONG {2}protected persons: .*saknas \(ENOENT\)$/m)
        .and.to.match(/^WRONG {2}database: .*adresslista\.sqlite/m)
        .and.to.match(/^WRONG {2}sftp: .*SHA256:/m);
    }),
  );

  for (const [what, expected, change] of [
    ["settings that are wrong", 3, { port: "åtta" }],
    ["a password file that is not there", 3, { sftpPassword: null, sftpPasswordFile: "saknas" }],
    ["a database that is none", 8, { database: "anteckningar.txt" }],
    ["a host key that is not pinned", 5, { sftpHostKey: [`SHA256:${"A".repeat(43)}`] }],
    ["a login that is refused", 4, { sftpPassword: "fel lösen" }],
    ["nothing that could be fetched", 4, { sftpPattern: ["*.gz"] }],
  ] as const) {
    const spec = "database" in change ? itOnSqlite : it;
    spec(`ends with ${expected} for ${what}`, () =>
      withServer(async (folder, server) => {
        writeFileSync(join(folder, "anteckningar.txt"), "Något helt annat än en databas.\n");
        settings(folder, server, change);
        const { code, stdout, stderr } = await adresslista(["check"], { folder });
        expect(code, stdout + stderr).to.equal(expected);
        expect(stdout.match(/^WRONG/gm)).to.have.length(1);
        expect(stdout + stderr).not.to.include("fel lösen");
        expect(readdirSync(folder).sort()).to.deep.equal(["adresslista.config.json", "anteckningar.txt"]);
      }),
    );
  }

  it("ends with 8 when a load is gone or damaged", () =>
    inFolder(async (folder) => {
      await adresslista(["reload", "--file", SAMPLE], { folder });
      await damageLoad(databaseIn(folder), 1);
      const { code, stdout } = await adresslista(["check"], { folder });
      expect(code).to.equal(8);
      expect(stdout).to.match(/^WRONG {2}database: .*load 1/m);
    }));

  itOnSqlite("says what this user may not write", function () {
    if (process.getuid?.() === 0) this.skip();
    return inFolder(async (folder) => {
      mkdirSync(join(folder, "data"));
      chmodSync(join(folder, "data"), 0o500);
      const { code, stdout } = await adresslista(["check"], { folder });
      expect(code).to.equal(3);
      expect(stdout).to.match(/^WRONG {2}database: .*may not write .*data/m);
    });
  });
});

async function withServer(use: (folder: string, server: FakeServer) => Promise<void>): Promise<void> {
  const server = await startSshServer({ files: [served("export.xml", readFileSync(SAMPLE))] });
  try {
    await inFolder(async (folder) => {
      settings(folder, server);
      await use(folder, server);
    });
  } finally {
    await server.close();
  }
}

function settings(folder: string, server: FakeServer, changes: object = {}): void {
  const all = {
    sftpHost: "127.0.0.1",
    sftpPort: server.port,
    sftpUser: USER,
    sftpPassword: PASSWORD,
    sftpHostKey: server.fingerprints,
    sftpPath: "/export",
    sftpMinimumAgeSeconds: 0,
    sftpRetries: 0,
    ...changes,
  };
  writeFileSync(join(folder, "adresslista.config.json"), JSON.stringify(all));
}
