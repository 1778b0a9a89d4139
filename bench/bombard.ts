import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { measured, processorSeconds, root } from "./support.js";

/** One round of calls at an address, from a process of its own, so that the load takes no time of a measured process. */
export interface Round {
  readonly callsPerSecond: number;
  /** Of the answering process and those that it has started, for each call. */
  readonly processorMilliseconds: number;
  /** The same of the process that calls: what the answering one cannot have. */
  readonly callingMilliseconds: number;
  readonly p50: number;
  readonly p99: number;
}

/** p50 / p99, as tables have it. */
export function latency({ p50, p99 }: Round): string {
  return `${p50.toFixed(1)} / ${p99.toFixed(1)}`;
}

export interface Target {
  readonly url: string;
  /** The server's process. */
  readonly pid: number;
  /** When what it is asked differs from what the others are: see Load. */
  readonly requestsFile?: string;
}

export interface Load {
  /** As `writeRequests` has written it; a target may have its own instead. */
  readonly requestsFile?: string;
  readonly concurrency: number;
  readonly seconds: number;
}

/** wrk (Debian) takes a tenth of the processor time that autocannon takes, which the server then has. */
export const generator = spawnSync("wrk", ["--version"]).error === undefined ? "wrk" : "autocannon";

/** Between requests in a file of several: see wrk.lua. */
const SEPARATOR = "\n%%\n";

export async function writeRequests(file: string, requests: readonly string[]): Promise<string> {
  await writeFile(file, requests.join(SEPARATOR));
  return file;
}

/** Throws when a call was not answered with HTTP 200. */
export async function bombard(target: Target, { requestsFile, ...how }: Load): Promise<Round> {
  const load = { ...how, requestsFile: target.requestsFile ?? requestsFile ?? "" };
  const before = processorSeconds(target);
  const told = await (generator === "wrk" ? byWrk(target.url, load) : byAutocannon(target.url, load));
  if (told.errors > 0 || told.calls === 0) {
    throw new Error(`${target.url}: ${told.errors} errors in ${told.calls} calls`);
  }
  return {
    callsPerSecond: told.calls / told.seconds,
    processorMilliseconds: ((processorSeconds(target) - before) * 1000) / told.calls,
    callingMilliseconds: (told.processorSeconds * 1000) / told.calls,
    p50: told.p50,
    p99: told.p99,
  };
}

interface Told {
  readonly calls: number;
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly errors: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

async function byWrk(url: string, { requestsFile = "", concurrency, seconds }: Load): Promise<Told> {
  const options = ["--threads", "1", "--connections", String(concurrency), "--duration", `${seconds}s`];
  const script = join(root, "bench/wrk.lua");
  const { stdout } = await measured("wrk", [...options, "--script", script, url], {
    BENCH_REQUESTS: requestsFile,
  });
  const json = stdout.trimEnd().split("\n").at(-1) ?? "";
  return JSON.parse(json) as Told;
}

async function byAutocannon(url: string, { requestsFile = "", concurrency, seconds }: Load): Promise<Told> {
  const script = join(root, "bench/autocannon.ts");
  const args = [url, requestsFile, String(concurrency), String(seconds), SEPARATOR];
  const { stdout } = await measured(process.execPath, ["--import", "tsx", script, ...args]);
  return JSON.parse(stdout) as Told;
}
