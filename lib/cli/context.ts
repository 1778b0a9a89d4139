import type { Readable, Writable } from "node:stream";
import type { Command } from "commander";
import type { Overrides, Settings } from "../config.js";
import { registerOf } from "../tenants.js";

/** What a command has of the world: only `lib/main.ts` touches the process itself. */
export interface CliContext {
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Data goes here. */
  readonly stdout: Writable;
  /** All else goes here. */
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  settings(overrides: Overrides): Settings;
  /** Where the status file is, known also when another setting is wrong; undefined when it cannot be known. */
  statusFile(overrides: Overrides, tenant: string | undefined): string | undefined;
  /**
   * Aborted when the program is interrupted. Until this is asked for, an interrupt ends the program at once;
   * afterwards the command ends itself, and only a second interrupt does so.
   */
  interrupted(): AbortSignal;
  /** Has something done each time the program is told to read its files anew (SIGHUP). Until then that ends it. */
  onHangup(reread: () => void): void;
  /** File descriptor of a socket that listens already, handed over by systemd; undefined: none. */
  inheritedSocket(): number | undefined;
  /**
   * What is to be done last, however the program ends (but for kill -9): told the exit code, and the line that was said
   * of what went wrong. It must not wait for anything.
   */
  atExit(lastWords: (code: number, message: string | undefined) => void): void;
  /** The program's exit code when the command has done its work; 0 when not called. */
  exitWith(code: number): void;
}

/** Options that every command has. */
export interface CommonOptions {
  readonly config?: string;
}

/** Options of a command that is about one register. */
export interface RegisterOptions extends CommonOptions {
  /** Undefined: the service's own register. */
  readonly tenant?: string;
}

export function withRegisterOptions(command: Command): Command {
  return withConfigOption(command).option(
    "--tenant <name>",
    "the register of this tenant (setting tenants), instead of the service's own",
  );
}

/** The settings of the register that a command is about. */
export function registerSettings(context: CliContext, { config, tenant }: RegisterOptions): Settings {
  return registerOf(context.settings({ config }), tenant).settings;
}

export function withConfigOption(command: Command): Command {
  return command.option(
    "--config <file>",
    "settings file (else ADRESSLISTA_CONFIG, else ./adresslista.config.json if there is one)",
  );
}

/** Writes data and waits until it is handed on, so that an exit cuts nothing off. */
export function print(context: CliContext, text: string): Promise<void> {
  return written(context.stdout, text);
}

/** Says something that is no data: one line on standard error. */
export function say(context: CliContext, line: string): Promise<void> {
  return written(context.stderr, `${line}\n`);
}

/** A reader that has gone (`| head`) is no reason to stop: the command's work is done all the same. */
function written(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writable) stream.write(text, () => resolve());
    else resolve();
  });
}
