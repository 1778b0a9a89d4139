import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describe, it } from "mocha";

const lib = fileURLToPath(new URL("../lib", import.meta.url));

/** What each folder of lib may import from the others: dependencies point one way. `lib/errors.ts` is open to all. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  ims: ["domain"],
  mapping: ["ims", "domain"],
  store: ["mapping", "domain"],
  soap: ["domain"],
  access: ["store", "domain"],
  lpw: ["soap", "access", "store", "domain"],
  t04: ["lpw", "soap", "access", "store", "domain"],
  t22: ["lpw", "soap", "access", "store", "domain"],
  fetch: ["domain"],
  reload: ["fetch", "ims", "mapping", "store", "soap", "domain"],
  inspect: ["fetch", "ims", "mapping", "store", "domain"],
  sample: ["domain"],
  http: ["soap", "domain"],
  cli: [
    ...[
      "http",
      "soap",
      "lpw",
      "t04",
      "t22",
      "access",
      "inspect",
      "reload",
      "fetch",
      "ims",
      "mapping",
      "store",
    ],
    "domain",
  ],
};

/** Modules that only these may use. */
const ONLY_IN: readonly { readonly what: string; readonly pattern: RegExp; readonly where: RegExp }[] = [
  { what: "the environment and argv", pattern: /process\.(env|argv)\b/, where: /^(main|config)\.ts$/ },
  { what: "process.exit", pattern: /process\.(exit\(|exitCode)/, where: /^(main|config)\.ts$/ },
  { what: "SQL drivers", pattern: /from "(better-sqlite3|knex|pg)"/, where: /^store\// },
  { what: "the XML parser of requests", pattern: /from "saxes"/, where: /^soap\/xml\.ts$/ },
];

/** Tests of what one engine has alone. */
const ABOUT_ONE_ENGINE = ["store/loads.test.ts", "store/prepared-queries.ts"];

const files = readdirSync(lib, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

describe("the architecture", () => {
  it("has dependencies that point one way", () => {
    const wrong: string[] = [];
    for (const file of files) {
      const [folder, ...rest] = file.split("/");
      if (folder === undefined || rest.length === 0) continue;
      for (const target of importsOf(file)) {
        const [targetFolder, ...targetRest] = target.split("/");
        const isTopLevel = targetRest.length === 0;
        const allowed = isTopLevel
          ? target === "errors.js" || (folder === "cli" && ["config.js", "tenants.js"].includes(target))
          : targetFolder === folder || (ALLOWED[folder] ?? []).includes(targetFolder ?? "");
        if (!allowed) wrong.push(`${file} imports ${target}`);
      }
    }
    expect(wrong).to.deep.equal([]);
  });

  it("knows every folder of lib", () => {
    const folders = new Set(files.filter((file) => file.includes("/")).map((file) => file.split("/")[0]));
    expect([...folders].sort()).to.deep.equal(Object.keys(ALLOWED).sort());
  });

  for (const { what, pattern, where } of ONLY_IN) {
    it(`keeps ${what} in one place`, () => {
      const users = files.filter((file) => pattern.test(readFileSync(join(lib, file), "utf8")));
      expect(users.filter((file) => !where.test(file))).to.deep.equal([]);
    });
  }

  it("is tested on either engine: specs open stores by lib/store/open.ts, in the database that test/support/database.ts gives", () => {
    const ofOneEngine = /from "[./]*lib\/store\/(?:sqlite\/(?:store|reload-lock)|postgres\/store)\.js"/;
    const tests = fileURLToPath(new URL(".", import.meta.url));
    const users = readdirSync(tests, { recursive: true, encoding: "utf8" }).filter(
      (file) => file.endsWith(".ts") && ofOneEngine.test(readFileSync(join(tests, file), "utf8")),
    );
    expect(users.sort()).to.deep.equal(ABOUT_ONE_ENGINE);
  });

  it("loads nothing for a service that starts but what answers calls: the rest comes when it is asked for", () => {
    // A command's module is imported by `main.ts`, the service's by `serve.ts`, SQLite's store by `open.ts`.
    const { files: loaded, packages } = loadedWith(["main.ts", "cli/serve.ts", "cli/service.ts"]);
    expect([...loaded]).to.include.members(["soap/gate.ts", "store/sqlite/store.ts", "http/server.ts"]);
    expect([...loaded].filter((file) => /^(ims|inspect|fetch)\//.test(file))).to.deep.equal([]);
    expect([...packages]).to.include.members(["commander", "better-sqlite3", "pino", "saxes"]);
    const costly = ["express", "prom-client", "knex", "pg", "ssh2-sftp-client", "yauzl", "cli-progress"];
    expect([...packages].filter((name) => costly.includes(name))).to.deep.equal([]);
  });

  it("finds the imports that it judges", () => {
    expect(importsOf("reload/reload.ts")).to.include("store/sqlite/staging.js");
    expect([...loadedWith(["http/pages.ts"]).packages]).to.include("express");
    expect([...loadedWith(["cli/reload.ts"]).files]).to.include("store/sqlite/store.ts");
  });
});

/** Paths below lib of all relative imports, static and dynamic. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(lib, file), "utf8");
  return [...source.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, path]) =>
    relative(lib, normalize(join(lib, dirname(file), path ?? ""))),
  );
}

/** Files below lib and packages that these files load as they are loaded: types and dynamic imports are not. */
function loadedWith(first: readonly string[]): {
  readonly files: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
} {
  const loaded = new Set(first);
  const packages = new Set<string>();
  for (const file of loaded) {
    const source = readFileSync(join(lib, file), "utf8");
    for (const [, names = "", path = ""] of source.matchAll(
      /^(?:import|export)\s+(?!type\b)(?:([^;"]*?)\s*from\s*)?"([^"]+)"/gm,
    )) {
      const isOnlyTypes = /^\{[^}]*\}$/.test(names) && names.slice(1, -1).split(",").every(isTypeOrNothing);
      if (isOnlyTypes) continue;
      if (!path.startsWith(".")) packages.add(path);
      else loaded.add(relative(lib, normalize(join(lib, dirname(file), path))).replace(/\.js$/, ".ts"));
    }
  }
  return { files: loaded, packages };
}

function isTypeOrNothing(name: string): boolean {
  return /^\s*(type\s.*)?$/s.test(name);
}
