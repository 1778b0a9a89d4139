import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const MAIN = "dist/lib/main.js";
const START_MILLISECONDS = 60_000;
const START_POLL_MILLISECONDS = 50;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningService {
  readonly pid: number;
  /** http://127.0.0.1:PORT */
  readonly url: string;
  readonly adminUrl: string;
  stderr(): string;
  hasEnded(): boolean;
  /** Ends it with SIGTERM, and gives its exit code. */
  stop(): Promise<number | null>;
}

/** The built program of a checkout, always with the same working directory and settings. */
export class Program {
  constructor(
    private readonly root: string,
    private readonly folder: string,
    private readonly settings: Readonly<Record<string, string>>,
  ) {}

  start(args: readonly string[], settings: Readonly<Record<string, string>> = {}): ChildProcess {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("ADRESSLISTA_"));
    // As package.json's script `start` does.
    const node = ["--disable-proto=delete", join(this.root, MAIN)];
    return spawn(process.execPath, [...node, ...args], {
      cwd: this.folder,
      env: { ...Object.fromEntries(inherited), NODE_OPTIONS: "", ...this.settings, ...settings },
    });
  }

  /** Runs a command to its end. `kill`: it is killed then, at once. */
  async run(
    args: readonly string[],
    more: {
      readonly settings?: Readonly<Record<string, string>>;
      readonly input?: string;
      readonly killAfter?: number;
    } = {},
  ): Promise<Outcome> {
    const child = this.start(args, more.settings);
    const output = collected(child);
    child.stdin?.on("error", () => {});
    child.stdin?.end(more.input ?? "");
    const timer =
      more.killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), more.killAfter);
    const [code] = (await once(child, "close")) as [number | null];
    clearTimeout(timer);
    return { code, stdout: output.stdout(), stderr: output.stderr() };
  }

  /** Throws when the exit code is another one. */
  async done(args: readonly string[], input?: string): Promise<Outcome> {
    const outcome = await this.run(args, input === undefined ? {} : { input });
    if (outcome.code !== 0)
      throw new Error(`${args.join(" ")} ended with ${outcome.code}:\n${outcome.stderr}`);
    return outcome;
  }

  async serve(workers: number): Promise<RunningService> {
    const child = this.start(["serve", "--port", "0", "--workers", String(workers)]);
    const { stdout, stderr } = collected(child);
    const ended = once(child, "close") as Promise<[number | null]>;
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
    });
    for (const began = performance.now(); ; await delay(START_POLL_MILLISECONDS)) {
      const [, url] = /WSDL:\s+(http:\/\/\S+)\/cxf\//.exec(stdout() + stderr()) ?? [];
      const [, adminUrl] = /admin:\s+(http:\/\/\S+)/.exec(stdout() + stderr()) ?? [];
      if (url !== undefined && adminUrl !== undefined) {
        return {
          pid: child.pid as number,
          url,
          adminUrl,
          stderr,
          hasEnded: () => hasEnded,
          async stop() {
            child.kill("SIGTERM");
            return (await ended)[0];
          },
        };
      }
      if (hasEnded || performance.now() - began > START_MILLISECONDS) {
        child.kill("SIGKILL");
        throw new Error(`the service did not start:\n${stderr()}`);
      }
    }
  }
}

function collected(child: ChildProcess): { stdout(): string; stderr(): string } {
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
    });
  }
  return { stdout: () => written.stdout, stderr: () => written.stderr };
}
