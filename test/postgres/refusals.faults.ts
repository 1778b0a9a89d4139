import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { type Cluster, startCluster } from "./cluster.js";
import { type Exports, exportsIn, type Machine, machine } from "./scenario.js";

const PASSWORD = "hemligt-losen";

/** What is wrong with a database, and what its line must say. */
const WRONGS: readonly {
  readonly what: string;
  readonly says: RegExp;
  /** `check` and `status` have nothing against it. */
  readonly only?: readonly string[];
  /** Makes it, and gives its address. */
  make(cluster: Cluster): Promise<string>;
}[] = [
  {
    what: "is newer than the program",
    says: /is newer than this program/,
    async make({ primary }) {
      const database = primary.url("newer");
      const made = machine(database);
      await made.done("caller", "add", "somebody");
      made.remove();
      await primary.query(
        "INSERT INTO newer.knex_migrations (name, batch, migration_time) VALUES ('999_later', 2, now())",
      );
      return database;
    },
  },
  ...["SQL_ASCII", "LATIN1"].map((encoding) => ({
    what: `has the encoding ${encoding}`,
    says: new RegExp(`has the encoding ${encoding}: UTF8 is needed`),
    async make({ primary }: Cluster) {
      const name = encoding.toLowerCase();
      await primary.query(
        `CREATE DATABASE ${name} OWNER adresslista ENCODING '${encoding}' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`,
      );
      return primary.url("encoded").replace("/adresslista?", `/${name}?`);
    },
  })),
  {
    what: "has another password",
    says: /28P01: wrong password/,
    make: async ({ primary }) => primary.url("wrong").replace(/:[^:@]*@/, `:${PASSWORD}@`),
  },
  {
    what: "is not there",
    says: /3D000: there is no such database/,
    make: async ({ primary }) => primary.url("missing").replace("/adresslista?", "/elsewhere?"),
  },
  {
    what: "lets this role make no schemas",
    says: /42501: this user may not do that|may make no schemas there/,
    only: ["serve", "reload", "check"],
    async make({ primary }) {
      await primary.query(`CREATE ROLE guest LOGIN PASSWORD '${PASSWORD}'`);
      return primary.url("guest").replace(/\/\/[^@]*@/, `//guest:${PASSWORD}@`);
    },
  },
  {
    what: "is on a server that does not answer",
    says: /ECONNREFUSED/,
    make: async () => `postgres://adresslista:${PASSWORD}@127.0.0.1:1/adresslista`,
  },
];

const COMMANDS: Readonly<Record<string, (exports: Exports) => readonly string[]>> = {
  serve: () => ["serve", "--port", "0"],
  reload: (exports) => ["reload", "--file", exports.old],
  check: () => ["check"],
  status: () => ["status"],
};

describe("a database that cannot be used", () => {
  let cluster: Cluster;
  let elsewhere: Machine;
  let exports: Exports;

  before(async () => {
    cluster = await startCluster();
    elsewhere = machine("unused");
    exports = await exportsIn(elsewhere.folder, { persons: 20, occasions: 4, memberships: 40 });
  });
  after(async () => {
    elsewhere?.remove();
    await cluster?.end();
  });

  for (const { what, says, make, only = Object.keys(COMMANDS) } of WRONGS) {
    it(`is told of in one clear line without the password, and by exit code 8: it ${what}`, async () => {
      const database = await make(cluster);
      const password = new URL(database).password;
      expect(password).not.to.equal("");
      for (const command of only) {
        const here = machine(database);
        try {
          const { code, stdout, stderr } = await here.run(...(COMMANDS[command]?.(exports) ?? []));
          const all = stdout + stderr;
          expect(all, command).not.to.include(password);
          expect(code, `${command}: ${all}`).to.equal(8);
          const lines = all.split("\n").filter((line) => says.test(line));
          // `check` has a line for each thing that it looks at.
          expect(lines, `${command}: ${all}`).to.have.length(1);
          if (command !== "check") {
            expect(stdout, command).to.equal("");
            expect(stderr, command).to.match(/^adresslista: [^\n]*\n$/);
          }
          expect(here.leftovers()).to.deep.equal([]);
        } finally {
          here.remove();
        }
      }
    });
  }
});
