import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

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

/** Starts a server and waits until it answers. */
export async function started(
  command: string,
  args: readonly string[],
  url: string,
  environment = {},
): Promise<ChildProcess> {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, ...environment },
  });
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) break;
    const answer = await fetch(url).catch(() => undefined);
    if (answer) return child;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill();
  throw new Error(`${command} ${args.join(" ")} does not answer at ${url}`);
}

export async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const end = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  await end;
}

export function peakMemory(child: { readonly pid?: number | undefined }): number | undefined {
  try {
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}

/** Processor time that a process has used so far, in seconds; 0 where there is no /proc. */
export function processorSeconds(child: ChildProcess): number {
  try {
    // Fields 14 and 15 of stat, behind the name in parentheses: user and system time in ticks of 10 ms.
    const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
