import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { commandOf, environmentOf, type RunOptions } from "./program.js";

/** What systemd is to a socket unit: it listens, and hands the socket to services that it starts one after the other. */
export interface SocketHolder {
  readonly port: number;
  /** Starts a service, and waits until it serves. Throws when it ends instead. */
  start(args: readonly string[], env?: RunOptions["env"]): Promise<HeldService>;
  /** Runs a command until it ends by itself. */
  run(
    args: readonly string[],
    env?: RunOptions["env"],
  ): Promise<{ readonly code: number; readonly said: string }>;
  end(): Promise<void>;
}

export interface HeldService {
  /** Its exit code. */
  stop(): Promise<number>;
  said(): string;
}

/** A service that has not started or ended by then has not. */
const PATIENCE_MILLISECONDS = 60_000;

/** Becomes a shell whose descriptor 3 is the listening socket, as sd_listen_fds(3) has it. */
const LISTEN = `
  use Socket; use Fcntl; use POSIX ();
  socket(my $socket, PF_INET, SOCK_STREAM, 0) or die;
  bind($socket, sockaddr_in(0, inet_aton($ARGV[0]))) or die;
  listen($socket, 4096) or die;
  my ($port) = sockaddr_in(getsockname($socket));
  $| = 1; print "$port\\n";
  $^F = 3;
  if (fileno($socket) == 3) { fcntl($socket, F_SETFD, 0) or die }
  else { POSIX::dup2(fileno($socket), 3) or die; close($socket) }
  exec("sh") or die;
`;

export async function holdSocket(folder: string, address = "127.0.0.1"): Promise<SocketHolder> {
  const shell = spawn("perl", ["-e", LISTEN, address], {
    cwd: folder,
    env: environmentOf(folder, { LISTEN_FDS: "1" }),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = linesOf(shell);
  const port = Number(await lines.next());
  const pids: number[] = [];

  const spawned = async (args: readonly string[], env: RunOptions["env"] = {}) => {
    const log = join(folder, `held-${pids.length}.log`);
    const exitFile = join(folder, `held-${pids.length}.exit`);
    const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const program = ["env", ...settings, ...commandOf(args)].map(quoted).join(" ");
    // LISTEN_PID is of the process that systemd starts.
    const started = `sh -c 'export LISTEN_PID=$$; echo $$; exec "$@" >"$0" 2>&1' ${quoted(log)} ${program}`;
    shell.stdin?.write(`( ${started}; echo $? >${quoted(exitFile)} ) &\n`);
    const pid = Number(await lines.next());
    pids.push(pid);
    const said = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
    const code = () => {
      const written = existsSync(exitFile) ? readFileSync(exitFile, "utf8") : "";
      return written.endsWith("\n") ? Number(written) : undefined;
    };
    const ended = async () => {
      await eventually(() => code() !== undefined, said);
      return code() as number;
    };
    return { pid, said, code, ended };
  };

  return {
    port,
    async start(args, env) {
      const { pid, said, code, ended } = await spawned(args, env);
      await eventually(() => said().includes("WSDL:") || code() !== undefined, said);
      if (code() !== undefined) throw new Error(`the service ended with ${code()}:\n${said()}`);
      return {
        said,
        async stop() {
          process.kill(pid, "SIGTERM");
          return ended();
        },
      };
    },
    async run(args, env) {
      const { said, ended } = await spawned(args, env);
      return { code: await ended(), said: said() };
    },
    async end() {
      for (const pid of pids) killIfThere(pid);
      shell.stdin?.end();
      shell.kill("SIGKILL");
      if (shell.exitCode === null && shell.signalCode === null) await once(shell, "exit");
    },
  };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function linesOf(child: ChildProcess): { next(): Promise<string> } {
  let written = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    written += text;
  });
  return {
    async next() {
      await eventually(() => written.includes("\n"));
      const [line = ""] = written.split("\n", 1);
      written = written.slice(line.length + 1);
      return line;
    },
  };
}

/** `told`: what there is to say when it does not come to that. */
async function eventually(holds: () => boolean, told: () => string = () => ""): Promise<void> {
  for (const began = performance.now(); !holds(); await delay(20)) {
    if (performance.now() - began > PATIENCE_MILLISECONDS)
      throw new Error(`it has not come to that: ${told()}`);
  }
}
