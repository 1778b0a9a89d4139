import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { startCluster } from "./cluster.js";

/**
 * `npm run test:postgres [-- SPEC …]`: every test that touches a store, on PostgreSQL; then what only servers of its own can
 * show (restarts, replicas, pgbouncer). Needs Debian's packages postgresql and pgbouncer. Without arguments all of it.
 */
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DATABASE_OF_TESTS = "test/support/database.ts";
/** Specs that start clusters of their own, one after the other: `*.spec.ts`, and `*.faults.ts` of what fails. */
const OWN_CLUSTERS = "test/postgres";

const chosen = process.argv.slice(2);
const specs =
  chosen.length > 0 ? chosen : [...specsOfStore(), ...specsIn(OWN_CLUSTERS, ".spec.ts", ".faults.ts")];
const shared = specs.filter((spec) => !spec.startsWith(OWN_CLUSTERS));
const own = specs.filter((spec) => spec.startsWith(OWN_CLUSTERS));

const results: { readonly what: string; readonly counts: Counts }[] = [];
if (shared.length > 0) {
  // Its collation is Swedish, so that whatever is left to it would show.
  const cluster = await startCluster({ collation: "sv" });
  try {
    const env = { POSTGRES_FOR_TESTS: cluster.primary.url() };
    const counts = await mocha(
      shared,
      ["--parallel", "--jobs", String(Math.min(availableParallelism(), 4))],
      env,
    );
    results.push({ what: `specs of ${shared.length} files on PostgreSQL as on SQLite`, counts });
  } finally {
    await cluster.end();
  }
}
if (own.length > 0) {
  results.push({ what: "specs with servers of their own", counts: await mocha(own, [], {}) });
}
for (const { what, counts } of results) {
  const { passing, pending, failing } = counts;
  console.log(`${what}: ${passing} passed, ${failing} failed, ${pending} did not run`);
}
const isWell = results.every(({ counts }) => counts.code === 0 && counts.failing === 0 && counts.passing > 0);
console.log("Those that did not run are marked (SQLite alone), or say what this machine lacks.");
process.exit(isWell ? 0 : 1);

interface Counts {
  readonly code: number | null;
  readonly passing: number;
  readonly failing: number;
  readonly pending: number;
}

async function mocha(
  files: readonly string[],
  options: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Counts> {
  const child = spawn(
    process.execPath,
    [
      join(ROOT, "node_modules/mocha/bin/mocha.js"),
      "--no-config",
      "--timeout",
      "60000",
      ...options,
      ...files,
    ],
    {
      cwd: ROOT,
      // As modules, as the program itself is: else what it imports when it is needed would be there twice.
      env: { ...process.env, NODE_OPTIONS: "--no-experimental-require-module --import tsx", ...env },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    process.stdout.write(text);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (!/^ +\d+ passing\b/m.test(said)) console.log(`mocha ended with ${signal ?? code}, before its end`);
  const count = (word: string) => Number(new RegExp(`^ +(\\d+) ${word}\\b`, "m").exec(said)?.[1] ?? 0);
  return { code, passing: count("passing"), failing: count("failing"), pending: count("pending") };
}

/** Specs from which the database of tests is reached by imports. */
function specsOfStore(): string[] {
  const reaches = new Map<string, boolean>();
  const reachesDatabase = (file: string): boolean => {
    const known = reaches.get(file);
    if (known !== undefined) return known;
    // Imports in a ring reach nothing by going round.
    reaches.set(file, false);
    const found = file === DATABASE_OF_TESTS || importsOf(file).some(reachesDatabase);
    reaches.set(file, found);
    return found;
  };
  return specsIn("test", ".test.ts").filter(reachesDatabase);
}

/** Files of test that a file imports, static or not, below the root. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(ROOT, file), "utf8");
  return [...source.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)]
    .map(([, path]) => normalize(join(dirname(file), (path ?? "").replace(/\.js$/, ".ts"))))
    .filter((path) => path.startsWith("test/") && existsSync(join(ROOT, path)));
}

function specsIn(folder: string, ...endings: readonly string[]): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .map((name) => join(folder, name))
    .sort();
}
