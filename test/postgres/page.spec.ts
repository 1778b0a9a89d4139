import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { adresslista, inFolder, ROOT, startService, writeExport } from "../cli/program.js";
import { binary, type Cluster, startCluster } from "./cluster.js";

const PAGE = readFileSync(join(ROOT, "docs/postgresql.md"), "utf8");

/** The cluster stands for the page's hosts, without TLS; everything else is tried as it is written. */
describe("docs/postgresql.md", function () {
  this.timeout(120_000);
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster.end());

  it("makes a database and settings that check, reload and serve take; moves to it, and restores it from a dump", () =>
    inFolder(async (folder) => {
      const [sql = ""] = blocks("sql");
      // The cluster has a role and a database of these names already.
      for (const statement of sql
        .replaceAll("adresslista", "ny_tjanst")
        .split(";")
        .filter((text) => text.trim() !== "")) {
        await cluster.primary.query(statement.trim());
      }
      const address = adapted(addressOf(blocks("json")[0] ?? ""), "ny_tjanst");
      const settings = {
        ...JSON.parse(adapted(blocks("json")[0] ?? "", "ny_tjanst")),
        // However old the export of the test is; files of this machine stand where those of SQLite do.
        maxAgeHours: 100_000,
        workFolder: join(folder, "data"),
      };
      writeFileSync(join(folder, "postgres.json"), JSON.stringify(settings));
      const inPostgres = ["--config", "postgres.json"];

      // The register as it was: an SQLite file.
      const exported = writeExport(join(folder, "1.xml"), 31, { datetime: "2026-11-01T02:15:00" });
      await done(["reload", "--file", exported], folder);
      await done(["caller", "add", "portalen"], folder, "hemligt\n");

      const check = await done(["check", ...inPostgres], folder);
      expect(check).to.include("nothing is there yet").and.not.include("WRONG");

      const [move = "", dump = ""] = blocks("sh");
      expect(move).to.match(/^adresslista migrate --to - < \S+\n$/);
      expect(await done(["migrate", "--to", "-"], folder, `${address}\n`)).to.match(
        /1 loads and 1 callers are in .*all the same/,
      );
      expect(await done(["status", ...inPostgres], folder)).to.match(/^generation 1, /);
      const service = await startService(["serve", "--port", "0", ...inPostgres], { folder });
      try {
        const wsdl = await fetch(`${service.url}/cxf/AdresslistaFetcher?wsdl`);
        expect(wsdl.status).to.equal(200);
      } finally {
        await service.stop();
      }

      mkdirSync(join(folder, "dump"));
      const script = dump.replaceAll("adresslista", "ny_tjanst");
      execFileSync("sh", ["-e", "-c", script], {
        cwd: join(folder, "dump"),
        env: {
          PATH: `${binary("pg_dump").replace(/\/pg_dump$/, "")}:${process.env.PATH}`,
          DATABASE: address,
          ...superuser(),
        },
        stdio: ["ignore", "ignore", "inherit"],
      });
      const restored = { ...settings, database: `${address}_restored` };
      writeFileSync(join(folder, "restored.json"), JSON.stringify(restored));
      expect(await done(["status", "--config", "restored.json"], folder)).to.match(/^generation 1, /);
      expect(await done(["caller", "list", "--config", "restored.json"], folder)).to.include("portalen");
      const next = writeExport(join(folder, "2.xml"), 32, { datetime: "2026-11-02T02:15:00" });
      await done(["reload", "--file", next, "--config", "restored.json"], folder);
      expect(await done(["status", "--config", "restored.json"], folder)).to.match(/^generation 2, /);
    }));

  it("lets two releases answer while loads are made anew for the new one", () =>
    inFolder(async (folder) => {
      const old = {
        ADRESSLISTA_DATABASE: cluster.primary.url("gammal"),
        ADRESSLISTA_WORK_FOLDER: join(folder, "work"),
        // However old the export of the test is.
        ADRESSLISTA_MAX_AGE_HOURS: "100000",
      };
      const exported = writeExport(join(folder, "1.xml"), 31, { datetime: "2026-11-01T02:15:00" });
      await done(["reload", "--file", exported], folder, "", old);
      await done(["caller", "add", "portalen"], folder, "hemligt\n", old);
      // As the new release finds what the old one has made.
      await cluster.primary.query("UPDATE gammal.generation SET version = version - 1");
      const fresh = { ...old, ADRESSLISTA_DATABASE: cluster.primary.url("ny") };
      await done(["migrate", "--to", fresh.ADRESSLISTA_DATABASE], folder, "", old);
      await done(["reload", "--force", "--file", exported], folder, "", fresh);
      expect(await done(["status"], folder, "", fresh)).to.match(/^generation 2, /);
      expect(await done(["caller", "list"], folder, "", fresh)).to.include("portalen");
      // The old one is as it was.
      await cluster.primary.query("UPDATE gammal.generation SET version = version + 1");
      expect(await done(["status"], folder, "", old)).to.match(/^generation 1, /);
    }));

  /** Blocks of code in this language, in their order. */
  function blocks(language: string): string[] {
    return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(
      ([, code = ""]) => code,
    );
  }

  function addressOf(settings: string): string {
    return (JSON.parse(settings) as { database: string }).database;
  }

  /** The page's database as one of the cluster. */
  function adapted(text: string, database: string): string {
    return text
      .replace("//adresslista:", `//${database}:`)
      .replace("db1.example:5432,db2.example:5432/adresslista", `${cluster.primary.at}/${database}`)
      .replace(/\?sslmode=[^"]*/, "");
  }

  /** As whoever runs the cluster, for the tools of PostgreSQL. */
  function superuser() {
    const { hostname, port, password } = new URL(cluster.primary.url("any"));
    return { PGHOST: hostname, PGPORT: port, PGUSER: "owner", PGPASSWORD: password };
  }
});

/** What a command that must succeed prints. */
async function done(
  args: readonly string[],
  folder: string,
  input = "",
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await adresslista(args, { folder, input, env });
  expect(code, `${args.join(" ")}: ${stderr}`).to.equal(0);
  return stdout;
}
