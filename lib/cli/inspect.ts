import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Command } from "commander";
import { AdresslistaError } from "../errors.js";
import { type InspectedSource, inspectExport } from "../inspect/inspect.js";
import { formatProfile } from "../inspect/text.js";
import { type CliContext, type CommonOptions, print, withConfigOption } from "./context.js";
import { showProgress } from "./progress.js";

/** `adresslista inspect`: what an unknown export looks like, and the `mapping` that it seems to need. Changes nothing. */
export function addInspectCommand(program: Command, context: CliContext): void {
  withConfigOption(program.command("inspect"))
    .description(
      "say what an export looks like, in shapes and counts, and propose a mapping for what is not known",
    )
    .argument("<path...>", "the export: one file, or several that are one data set (.xml, .zip, .gz)")
    .option(
      "--json",
      "as JSON: files, records, persons, groups, memberships, references, proposal (mapping, reasons)",
    )
    .addHelpText(
      "after",
      "\nNever a person's value: no name, number, address or e-mail, and no id of anyone; findings are told by line." +
        "\nA file that a load would refuse is looked at as far as it goes. Exit code 6 only when a file cannot be read.",
    )
    .action((paths: readonly string[], options: InspectCommandOptions) => inspect(context, paths, options));
}

interface InspectCommandOptions extends CommonOptions {
  readonly json?: boolean;
}

async function inspect(
  context: CliContext,
  paths: readonly string[],
  options: InspectCommandOptions,
): Promise<void> {
  const { mapping } = context.settings({ config: options.config });
  const sources: InspectedSource[] = [];
  for (const path of paths) sources.push(...(await sourcesOf(path)));
  const progress = showProgress(context);
  let before = 0;
  let last = "";
  let bytesOfLast = 0;
  const profile = await inspectExport({
    sources,
    mapping,
    now: new Date(),
    onProgress(name, bytes) {
      if (name !== last) before += bytesOfLast;
      last = name;
      bytesOfLast = bytes;
      progress.show("read", before + bytes, undefined);
    },
  }).finally(() => progress.end());
  await print(context, options.json ? `${JSON.stringify(profile, undefined, 2)}\n` : formatProfile(profile));
}

async function sourcesOf(path: string): Promise<readonly InspectedSource[]> {
  await assertReadable(path);
  return [{ name: path, open: () => createReadStream(path) }];
}

async function assertReadable(path: string): Promise<void> {
  try {
    const file = await open(path);
    try {
      await file.read(Buffer.alloc(1), 0, 1, 0);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw new AdresslistaError("export", `${path}: cannot be read (${code})`, { cause });
  }
}
