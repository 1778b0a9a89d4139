#!/usr/bin/env node
import cluster from "node:cluster";
import { Command } from "commander";
import { type CliContext, say } from "./cli/context.js";
import { EXIT_OK, endingOf, SIGNALS } from "./cli/exit.js";
import { packageVersion } from "./cli/package.js";
import { statusFileOf } from "./cli/status-file.js";
import { inheritedSocket, loadSettings, statusFileSettings } from "./config.js";

type AddCommand = (program: Command, context: CliContext) => void;

/** argv → command → exit code: the program `adresslista` (contract section 4). Each is loaded when it is called. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  serve: async () => (await import("./cli/serve.js")).addServeCommand,
  reload: async () => (await import("./cli/reload.js")).addReloadCommand,
  status: async () => (await import("./cli/status.js")).addStatusCommand,
  inspect: async () => (await import("./cli/inspect.js")).addInspectCommand,
  rollback: async () => (await import("./cli/rollback.js")).addRollbackCommand,
  migrate: async () => (await import("./cli/migrate.js")).addMigrateCommand,
  check: async () => (await import("./cli/check.js")).addCheckCommand,
  caller: async () => (await import("./cli/caller.js")).addCallerCommands,
  audit: async () => (await import("./cli/audit.js")).addAuditCommand,
  codes: async () => (await import("./cli/codes.js")).addCodesCommands,
  demo: async () => (await import("./cli/demo.js")).addDemoCommand,
};

const INTERRUPTED = "adresslista: interrupted";

let exitCode: number = EXIT_OK;
let interruptCode: number | undefined;
let endsItself = false;
/** What was said of an error, for those who write it down. */
let saidLast: string | undefined;
const interruption = new AbortController();

const context: CliContext = {
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  settings: (overrides) => loadSettings(process.env, overrides, process.cwd()),
  statusFile(overrides, tenant) {
    const settings = statusFileSettings(process.env, overrides, process.cwd(), tenant);
    return settings === undefined ? undefined : statusFileOf(settings);
  },
  interrupted() {
    endsItself = true;
    return interruption.signal;
  },
  onHangup(reread) {
    process.on("SIGHUP", reread);
  },
  inheritedSocket: () => inheritedSocket(process.env, cluster.isWorker ? process.ppid : process.pid),
  atExit(lastWords) {
    process.on("exit", (code) => lastWords(code, saidLast));
  },
  exitWith(code) {
    exitCode = code;
  },
};

const program = new Command("adresslista")
  .description("T04, adresslista and emaillista, over SOAP from the register export of adult education")
  .version(packageVersion())
  .exitOverride()
  .showHelpAfterError("(--help says more)");

for (const [signal, code] of Object.entries(SIGNALS)) process.on(signal, () => interrupt(code));
// Node would print the message of what nobody caught: that may hold values of the register.
process.on("uncaughtException", (error) => void end(error));
process.stdout.on("error", ignoreGoneReader);
// A log that cannot be written stops nothing.
process.stderr.on("error", () => {});

await run();

async function run(): Promise<void> {
  try {
    await addCommands(process.argv[2] ?? "");
    await program.parseAsync(process.argv);
    process.exit(interruptCode ?? exitCode);
  } catch (error) {
    await end(error);
  }
}

/** The one that is called; all of them where none is, for the help. */
async function addCommands(called: string): Promise<void> {
  const wanted = Object.hasOwn(COMMANDS, called) ? [called] : Object.keys(COMMANDS);
  for (const name of wanted) (await COMMANDS[name]?.())?.(program, context);
}

async function end(error: unknown): Promise<never> {
  const { code, text } =
    interruptCode === undefined ? endingOf(error) : { code: interruptCode, text: INTERRUPTED };
  saidLast = text;
  if (text !== undefined) await say(context, text);
  process.exit(code);
}

/**
 * The first one asks a command that can end itself to do so; otherwise, and the second time, the program ends. A worker
 * is told twice when its whole process group is (Ctrl-C, systemd), and waits for the process that started it to lose
 * patience.
 */
function interrupt(code: number): void {
  if (endsItself && interruptCode !== undefined && cluster.isWorker) return;
  if (!endsItself || interruptCode !== undefined) {
    saidLast = INTERRUPTED;
    process.exit(code);
  }
  interruptCode = code;
  interruption.abort();
}

/** Whoever read our output has gone: writing stops, the work goes on. */
function ignoreGoneReader(error: NodeJS.ErrnoException): void {
  if (!["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"].includes(error.code ?? "")) throw error;
}
