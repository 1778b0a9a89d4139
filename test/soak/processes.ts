import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What Linux tells of the service's processes. */
export interface Sample {
  readonly at: number;
  readonly rssMegabytes: number;
  readonly handles: number;
}

const PAGE_BYTES = 4096;
const MEGABYTE = 1024 * 1024;

export function sampleOf(pid: number): Sample | undefined {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    const handles = readdirSync(`/proc/${pid}/fd`).length;
    // One that has just ended has no memory.
    if (pages === 0) return undefined;
    return { at: performance.now(), rssMegabytes: (pages * PAGE_BYTES) / MEGABYTE, handles };
  } catch {
    return undefined;
  }
}

/** The serving processes, oldest first. */
export function workersOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .split(" ")
      .filter((child) => child !== "")
      .map(Number)
      .filter((child) => statOf(child) !== undefined)
      .sort((a, b) => (statOf(a)?.started ?? 0) - (statOf(b)?.started ?? 0));
  } catch {
    return [];
  }
}

/** `state`: R, S, T (stopped), Z … */
export function statOf(pid: number): { readonly state: string; readonly started: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop()?.split(" ") ?? [];
    return { state: fields[0] ?? "", started: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

/** What its descriptors lead to, for a report. */
export function handlesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** Clients' ends, `address:port`, of the TCP connections that a process holds. */
export function connectionsOf(pid: number): Set<string> {
  const inodes = new Set(handlesOf(pid).flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
  const lines = readFileSync("/proc/net/tcp", "utf8").trim().split("\n").slice(1);
  const connections = new Set<string>();
  for (const line of lines) {
    const fields = line.trim().split(/\s+/);
    if (inodes.has(fields[9] ?? "")) connections.add(addressOf(fields[2] ?? ""));
  }
  return connections;
}

/** 0100007F:1F90 → 127.0.0.1:8080 */
function addressOf(hex: string): string {
  const [address = "", port = ""] = hex.split(":");
  const bytes = address.match(/../g) ?? [];
  return `${bytes
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join(".")}:${Number.parseInt(port, 16)}`;
}

/** The growth of what is always held: the lower quarter of the last third beside that of the first third. */
export interface Trend {
  readonly first: number;
  readonly last: number;
  readonly most: number;
  readonly samples: number;
}

/** Undefined when there are too few samples to say anything. */
export function trendOf(samples: readonly Sample[], value: (sample: Sample) => number): Trend | undefined {
  const third = Math.floor(samples.length / 3);
  if (third < MIN_SAMPLES) return undefined;
  const values = samples.map(value);
  return {
    first: lowerQuarter(values.slice(0, third)),
    last: lowerQuarter(values.slice(-third)),
    most: Math.max(...values),
    samples: values.length,
  };
}

const MIN_SAMPLES = 8;

function lowerQuarter(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 4)] ?? Number.NaN;
}
