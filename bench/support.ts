import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
/** The build: what is measured. */
export const main = join(root, "dist/lib/main.js");
/** For what is written in TypeScript beside it. */
export const tsx = ["--import", "tsx"] as const;

/** How often a child's peak memory is read, in milliseconds. */
const MEMORY_POLL_MS = 50;

export interface Measured {
  readonly seconds: number;
  /** Highest resident memory (VmHWM) in MB; undefined where there is no /proc. */
  readonly peakMegabytes: number | undefined;
  readonly stdout: string;
}

/** Runs a command to its end. Throws when it fails. */
export async function measured(
  command: string,
  args: readonly string[],
  environment = {},
): Promise<Measured> {
  const started = performance.now();
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  let peak: number | undefined;
  const poll = setInterval(() => {
    peak = peakMemory(child) ?? peak;
  }, MEMORY_POLL_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  clearInterval(poll);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${stderr}`);
  return { seconds, peakMegabytes: peak, stdout };
}

/** A process that runs. */
export interface Running {
  readonly pid?: number | undefined;
}

const START_MILLISECONDS = 30_000;
const START_POLL_MILLISECONDS = 5;

/** Starts a server and waits until it listens on its port of this machine. */
export async function started(
  command: string,
  args: readonly string[],
  port: number,
  environment: object = {},
): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...environment },
  });
  let said = "";
  child.stderr.on("data", (data) => {
    // What a server says when each call is logged is much.
    if (said.length < 10_000) said += data;
  });
  const ended = new Promise<void>((resolve) => {
    child.on("error", () => resolve());
    child.on("exit", () => resolve());
  });
  const until = performance.now() + START_MILLISECONDS;
  while (performance.now() < until && child.exitCode === null && child.pid !== undefined) {
    if (await isListening(port)) return child as ChildProcess & { readonly pid: number };
    await Promise.race([ended, delay(START_POLL_MILLISECONDS)]);
  }
  child.kill();
  throw new Error(`${command} ${args.join(" ")} does not listen on ${port}:\n${said}`);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

export async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const end = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  await end;
}

/** Highest resident memory so far in MB; undefined where there is no /proc. */
export function peakMemory(process: Running): number | undefined {
  return memory(process, "VmHWM");
}

/** Resident memory in MB, of the process and those that it has started. */
export function residentMemory(process: Running): number | undefined {
  return sumOf(family(process).map((pid) => memory({ pid }, "VmRSS")));
}

function memory({ pid }: Running, line: "VmHWM" | "VmRSS"): number | undefined {
  const kilobytes = new RegExp(`${line}:\\s+(\\d+) kB`).exec(readProc(`${pid}/status`))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
}

/** Processor time that a process and those that it has started have used so far, in seconds; 0 where there is no /proc. */
export function processorSeconds(process: Running): number {
  return sumOf(
    family(process).map((pid) => {
      // Fields 14 and 15 of stat, behind the name in parentheses: user and system time in ticks of 10 ms.
      const fields = readProc(`${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
      return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
    }),
  );
}

function family({ pid }: Running): number[] {
  if (pid === undefined) return [];
  const children = readProc(`${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap((child) => family({ pid: child }))];
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return "";
  }
}

function sumOf(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
