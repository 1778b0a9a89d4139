import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Attempt } from "../../lib/cli/status-file.js";
import { besideDatabaseIn, databaseIn, ENGINE, removeFolder, temporaryFolder } from "../support/database.js";
import { course, exportOf, learners, occasion, person, school } from "../support/export.js";

/** The checkout. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const SAMPLE = join(ROOT, "data/sample-export.xml");
const TSX = import.meta.resolve("tsx");
/** The program below its root: the build when it is newer than every source, since it starts three times as fast. */
export const PROGRAM = isBuildFresh() ? "dist/lib/main.js" : "lib/main.ts";

/** How long a test may take that starts processes, on a machine with other things to do. */
export const PROCESSES_MILLISECONDS = 60_000;
/** How long a started service is waited for, in milliseconds. */
const START_MILLISECONDS = 30_000;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Working directory: settings and database are looked for there. */
  readonly folder: string;
  /** Standard input; nothing when absent. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The checkout whose program is run. */
  readonly root?: string;
  /** A command that runs the program, such as `nsenter …`. */
  readonly prefix?: readonly string[];
}

/** Runs the real program until it ends. */
export async function adresslista(args: readonly string[], options: RunOptions): Promise<Outcome> {
  const child = start(args, options);
  const output = collect(child);
  child.stdin?.end(options.input ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: output.stdout(), stderr: output.stderr() };
}

export interface Service {
  readonly child: ChildProcess;
  /** http://127.0.0.1:PORT, or https with TLS */
  readonly url: string;
  stdout(): string;
  stderr(): string;
  /** Sends the signal and waits for the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a command that serves, and waits until it says where. */
export async function startService(args: readonly string[], options: RunOptions): Promise<Service> {
  const child = start(args, options);
  const { stdout, stderr } = collect(child);
  const ended = once(child, "close") as Promise<[number | null]>;
  const said = async () => {
    for (const began = performance.now(); performance.now() - began < START_MILLISECONDS; ) {
      const [, url] = /WSDL:\s+(https?:\/\/\S+)\/cxf\//.exec(stdout() + stderr()) ?? [];
      if (url !== undefined) return url;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the service did not start:\n${stderr()}`);
  };
  const failed = ended.then(([code]) => {
    throw new Error(`the service ended with ${code}:\n${stderr()}`);
  });
  const url = await Promise.race([said(), failed]);
  failed.catch(() => {});
  return {
    child,
    url,
    stdout,
    stderr,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

/** The process itself, for tests that interrupt it or close its pipes. */
export function start(
  args: readonly string[],
  { folder, env, root = ROOT, prefix = [] }: RunOptions,
): ChildProcess {
  const [command = "", ...rest] = [...prefix, ...commandOf(args, root)];
  return spawn(command, rest, { cwd: folder, env: environmentOf(folder, env) });
}

/** What runs the program. */
export function commandOf(args: readonly string[], root = ROOT): readonly string[] {
  const tsx = PROGRAM.endsWith(".ts") ? ["--import", TSX] : [];
  return [process.execPath, ...tsx, join(root, PROGRAM), ...args];
}

/** The environment of a program: none of the settings of whoever runs the tests, and the database of its folder. */
export function environmentOf(folder: string, env: RunOptions["env"] = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("ADRESSLISTA_"));
  return { ...Object.fromEntries(inherited), NODE_OPTIONS: "", ...databaseSetting(folder), ...env };
}

/** Nothing where the folder's database has its place by default. */
export function databaseSetting(folder: string): Readonly<Record<string, string>> {
  return ENGINE === "SQLite" ? {} : { ADRESSLISTA_DATABASE: databaseIn(folder) };
}

function isBuildFresh(): boolean {
  const build = join(ROOT, "dist/lib/main.js");
  if (!existsSync(build)) return false;
  const built = statSync(build).mtimeMs;
  const sources = readdirSync(join(ROOT, "lib"), { recursive: true, encoding: "utf8" });
  return sources.every((file) => statSync(join(ROOT, "lib", file)).mtimeMs < built);
}

function collect(child: ChildProcess): { stdout(): string; stderr(): string } {
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
    });
  }
  return { stdout: () => written.stdout, stderr: () => written.stderr };
}

/** Calls `use` with a new folder; it and its database are removed afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = newFolder();
  try {
    return await use(folder);
  } finally {
    await removeFolder(folder);
  }
}

export function newFolder(): string {
  return temporaryFolder("cli");
}

/** The status file of the folder's own database. */
export function statusFile(folder: string): Attempt {
  return JSON.parse(readFileSync(besideDatabaseIn(folder, ".status.json"), "utf8")) as Attempt;
}

/** An export of one school, one course and one occasion with so many learners. */
export function writeExport(
  file: string,
  persons: number,
  { datetime = "2026-11-24T02:15:00", first = 1, kurskod = "MATMAT02b" } = {},
): string {
  const ids = Array.from({ length: persons }, (_, index) => `P${first + index}`);
  const records = [
    school("VUX", { long: "Vuxenskolan" }),
    course("K1", kurskod, { in: "VUX", long: "Matematik" }),
    occasion("G1", { in: "K1", dates: "2026-08-17/2026-12-18" }),
    ...ids.map((id) => person(id, { name: "Exempel, Åsa", email: `${id.toLowerCase()}@example.se` })),
    learners("G1", ...ids),
  ];
  writeFileSync(file, exportOf(records, datetime));
  return file;
}

/** Loads so many exports, each of a day of its own; returns their files. */
export async function loads(folder: string, count: number): Promise<string[]> {
  const exports: string[] = [];
  for (let day = 1; day <= count; day++) {
    const file = writeExport(join(folder, `${day}.xml`), 30 + day, { datetime: `2026-11-0${day}T02:15:00` });
    const { code, stderr } = await adresslista(["reload", "--file", file], { folder });
    expect(code, stderr).to.equal(0);
    exports.push(file);
  }
  return exports;
}
