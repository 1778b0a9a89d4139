import type { Command } from "commander";
import { inspectExport } from "../inspect/inspect.js";
import { openForInspection } from "../inspect/open.js";
import { formatProfile } from "../inspect/text.js";
import {
  type CliContext,
  print,
  type RegisterOptions,
  registerSettings,
  withRegisterOptions,
} from "./context.js";
import { showProgress } from "./progress.js";

/** `adresslista inspect`: what an unknown export looks like, and the `mapping` that it seems to need. Changes nothing. */
export function addInspectCommand(program: Command, context: CliContext): void {
  withRegisterOptions(program.command("inspect"))
    .description(
      "say what an export looks like, in shapes and counts, and propose a mapping for what is not known",
    )
    .argument("<path...>", "the export: one file, or several that are one data set (.xml, .zip, .gz)")
    .option(
      "--json",
      "as JSON: archives, files, records, persons, groups, memberships, references, proposal (mapping, reasons)",
    )
    .addHelpText(
      "after",
      "\nNever a person's value: no name, number, address or e-mail, and no id of anyone; findings are told by line." +
        "\nA file that a load would refuse is looked at as far as it goes. Exit code 6 only when a file cannot be read.",
    )
    .action((paths: readonly string[], options: InspectCommandOptions) => inspect(context, paths, options));
}

interface InspectCommandOptions extends RegisterOptions {
  readonly json?: boolean;
}

async function inspect(
  context: CliContext,
  paths: readonly string[],
  options: InspectCommandOptions,
): Promise<void> {
  const { mapping } = registerSettings(context, options);
  const { archives, sources, totalBytes, close } = await openForInspection(paths);
  const progress = showProgress(context);
  try {
    const profile = await inspectExport({
      archives,
      sources,
      mapping,
      now: new Date(),
      onProgress: (bytes) => progress.show("read", bytes, totalBytes),
    }).finally(() => progress.end());
    await print(
      context,
      options.json ? `${JSON.stringify(profile, undefined, 2)}\n` : formatProfile(profile),
    );
  } finally {
    close();
  }
}
