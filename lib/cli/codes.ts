import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { Argument, type Command } from "commander";
import type { Settings } from "../config.js";
import { codeKey } from "../domain/codes.js";
import { AdresslistaError } from "../errors.js";
import { editCodeRegister } from "../reload/rollback.js";
import { databaseExists, openStore } from "../store/open.js";
import type { CodeChanges, CodeRegisterName, CodeRows, Store } from "../store/queries.js";
import {
  type CliContext,
  print,
  type RegisterOptions,
  registerSettings,
  say,
  withRegisterOptions,
} from "./context.js";
import { type CsvRow, readCsv, writeCsv } from "./csv.js";
import { ALIAS_COLUMNS, type AliasRow, checkedAliases, readAliasFile } from "./kurskod-alias-file.js";
import { utf8Text } from "./text-file.js";

/** `adresslista codes export|import`: the codes that survive every load, as CSV for a spreadsheet (issue "The night load", 6). */
export function addCodesCommands(program: Command, context: CliContext): void {
  const codes = program
    .command("codes")
    .description("export and edit the codes that survive every load, as CSV: institutions, Anmkod, aliases");
  withRegisterOptions(codes.command("export"))
    .description("print a register as CSV")
    .addArgument(registerArgument())
    .addHelpText("after", FORMAT_HELP)
    .action((register: RegisterName, options: RegisterOptions) => exportCodes(context, register, options));
  withRegisterOptions(codes.command("import"))
    .description("add, change and remove rows of a register; rows that are not given stay as they are")
    .addArgument(registerArgument())
    .option("--file <path>", "the CSV file; else standard input")
    .addHelpText("after", `${FORMAT_HELP}\n${IMPORT_HELP}`)
    .action((register: RegisterName, options: ImportOptions) => importCodes(context, register, options));
}

interface ImportOptions extends RegisterOptions {
  readonly file?: string;
}

type RegisterName = CodeRegisterName | "aliases";

const COLUMNS: { readonly [R in RegisterName]: readonly string[] } = {
  institutions: ["grupp", "institution"],
  anmkod: ["kurstillfalle", "kurskod", "anmkod"],
  aliases: ALIAS_COLUMNS,
};

const FORMAT_HELP = `
CSV in UTF-8 with ; between the columns and a header:
  institutions  grupp;institution              a school's group id and its code, 1 to 4 letters or digits
  anmkod        kurstillfalle;kurskod;anmkod   an occasion's group id and course code, and its Anmkod
  aliases       kurskod;alias                  the file that the setting kurskodAliasFile names`;
const IMPORT_HELP = `A row without a code is removed. One wrong row, and nothing is changed: exit code 2, with its line. Exit code 9 while a
reload is running. Codes count from the next load on (a load that finds the same export again is made nevertheless); aliases
when the service is started anew.`;

function registerArgument(): Argument {
  return new Argument("<register>", "which register").choices(Object.keys(COLUMNS));
}

// --- Export

async function exportCodes(
  context: CliContext,
  register: RegisterName,
  options: RegisterOptions,
): Promise<void> {
  const settings = registerSettings(context, options);
  const rows =
    register === "aliases"
      ? currentAliases(aliasFile(settings)).map(({ kurskod, alias }) => [kurskod, alias])
      : await registerRows(settings.database, register);
  await print(context, writeCsv(COLUMNS[register], rows));
}

/** Looking makes no database. */
async function registerRows(database: string, register: CodeRegisterName): Promise<readonly string[][]> {
  if (!(await databaseExists(database))) return [];
  const store = await openStore(database, { readOnly: true });
  try {
    return await rowsOf(store, register);
  } finally {
    await store.close();
  }
}

async function rowsOf(store: Store, register: CodeRegisterName): Promise<readonly string[][]> {
  return register === "institutions"
    ? (await store.codeRows(register)).map(({ groupId, kod }) => [groupId, kod])
    : (await store.codeRows(register)).map(({ occasionId, kurskod, anmkod }) => [
        occasionId,
        kurskod,
        anmkod,
      ]);
}

// --- Import

async function importCodes(
  context: CliContext,
  register: RegisterName,
  options: ImportOptions,
): Promise<void> {
  const settings = registerSettings(context, options);
  const rows = completeRows(register, await givenText(context, options.file));
  const changes =
    register === "aliases"
      ? editAliases(ownAliasFile(context, options), rows)
      : await editRegister(settings.database, register, rows);
  const { added, changed, removed } = changes;
  await print(context, `${register}: ${added} added, ${changed} changed, ${removed} removed\n`);
  if (added + changed + removed === 0) return;
  await say(
    context,
    register === "aliases"
      ? "takes effect when the service is started anew"
      : "takes effect at the next load; what is served stays as it is until then",
  );
}

/** What an import may have, in bytes: far more than any register has. */
const MAX_IMPORT_BYTES = 64 * 1024 * 1024;

async function givenText(context: CliContext, file: string | undefined): Promise<string> {
  const bytes = file === undefined ? await readAll(context.stdin) : readGivenFile(resolve(context.cwd, file));
  const text = utf8Text(bytes);
  if (text === undefined) throw usage(`${file ?? "standard input"} is not UTF-8`);
  return text;
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk as Buffer));
    length += (chunk as Buffer).length;
    if (length > MAX_IMPORT_BYTES) throw usage(`standard input has more than ${MAX_IMPORT_BYTES} bytes`);
  }
  return Buffer.concat(chunks);
}

function readGivenFile(file: string): Buffer {
  try {
    if (statSync(file).size > MAX_IMPORT_BYTES)
      throw usage(`${file} has more than ${MAX_IMPORT_BYTES} bytes`);
    return readFileSync(file);
  } catch (cause) {
    if (cause instanceof AdresslistaError) throw cause;
    throw new AdresslistaError("usage", `cannot read ${file}`, { cause });
  }
}

/** Each row with all its columns, the last of which, the code, may be empty, and no key twice. */
function completeRows(register: RegisterName, text: string): CsvRow[] {
  const columns = COLUMNS[register];
  const lines = new Map<string, number>();
  const rows = readCsv(text, columns, wrongLine).filter(({ fields }) => fields.some((field) => field !== ""));
  for (const { line, fields } of rows) {
    if (fields.length !== columns.length) throw wrongLine(line, `must be ${columns.join(";")}`);
    const empty = columns.slice(0, -1).find((_, column) => fields[column] === "");
    if (empty !== undefined) throw wrongLine(line, `${empty} is missing`);
    const key = keyOf(register, fields);
    const before = lines.get(key);
    if (before !== undefined) throw wrongLine(line, `stands in line ${before} already`);
    lines.set(key, line);
  }
  return rows;
}

/** Ids of groups are compared as they are, course codes without regard to case. */
function keyOf(register: RegisterName, [first = "", second = ""]: readonly string[]): string {
  if (register === "institutions") return first;
  return register === "aliases" ? codeKey(first) : `${first}\u0000${codeKey(second)}`;
}

function isRemoval({ fields }: CsvRow): boolean {
  return fields.at(-1) === "";
}

async function editRegister(
  database: string,
  register: CodeRegisterName,
  rows: readonly CsvRow[],
): Promise<CodeChanges> {
  const kept = rows.filter((row) => !isRemoval(row));
  const removals = rows.filter(isRemoval);
  const edit = <R extends CodeRegisterName>(name: R, read: (row: CsvRow) => CodeRows[R]) =>
    editCodeRegister(database, name, { rows: kept.map(read), removals: removals.map(read) });
  try {
    return register === "institutions"
      ? await edit(register, ({ fields: [groupId = "", kod = ""] }) => ({ groupId, kod }))
      : await edit(register, ({ fields: [occasionId = "", kurskod = "", anmkod = ""] }) => ({
          occasionId,
          kurskod,
          anmkod,
        }));
  } catch (error) {
    throw withLine(error, kept);
  }
}

/** The store counts the rows it is given; who reads the error has a file with lines. */
function withLine(error: unknown, rows: readonly CsvRow[]): unknown {
  if (!(error instanceof AdresslistaError) || error.code !== "usage") return error;
  const [, row, rest] = /^row (\d+) (.*)$/s.exec(error.message) ?? [];
  const line = rows[Number(row) - 1]?.line;
  return line === undefined ? error : usage(`line ${line} ${rest}`);
}

function wrongLine(line: number | undefined, reason: string): AdresslistaError {
  return usage(`line ${line}: ${reason}`);
}

function usage(message: string): AdresslistaError {
  return new AdresslistaError("usage", message);
}

// --- The alias file

function aliasFile({ kurskodAliasFile }: Settings): string {
  if (kurskodAliasFile !== undefined) return kurskodAliasFile;
  throw new AdresslistaError(
    "settings",
    "kurskodAliasFile is not set: it names the file that has the aliases",
  );
}

/** A tenant that names no file has the service's, which is not for one tenant to change. */
function ownAliasFile(context: CliContext, options: RegisterOptions): string {
  const file = aliasFile(registerSettings(context, options));
  if (options.tenant === undefined || file !== context.settings({ config: options.config }).kurskodAliasFile)
    return file;
  throw new AdresslistaError(
    "settings",
    `kurskodAliasFile: tenant ${options.tenant} has that of the service: change it without --tenant, or name one for the tenant`,
  );
}

function currentAliases(file: string): readonly AliasRow[] {
  return existsSync(file) ? readAliasFile(file).rows : [];
}

/** Rows that are there already come first, so that it is a given line which is named when two do not go together. */
function editAliases(file: string, given: readonly CsvRow[]): CodeChanges {
  const key = ({ kurskod }: AliasRow) => codeKey(kurskod);
  const before = new Map(currentAliases(file).map((row) => [key(row), { ...row, line: undefined }]));
  const edits = given.map((row): AliasRow => {
    const [kurskod = "", alias = ""] = row.fields;
    return { line: row.line, kurskod, alias };
  });
  const edited = new Set(edits.map(key));
  const untouched = [...before.values()].filter((row) => !edited.has(key(row)));
  const kept = edits.filter(({ alias }) => alias !== "");
  const after = [...untouched, ...kept];
  checkedAliases(after, wrongLine);
  const isSame = (row: AliasRow) => {
    const old = before.get(key(row));
    return old?.alias === row.alias && old.kurskod === row.kurskod;
  };
  const changes = {
    added: kept.filter((row) => !before.has(key(row))).length,
    changed: kept.filter((row) => before.has(key(row)) && !isSame(row)).length,
    removed: edits.filter((row) => row.alias === "" && before.has(key(row))).length,
  };
  if (changes.added + changes.changed + changes.removed > 0) {
    // In the order of the file, new ones at its end.
    const rest = new Map(after.map((row) => [key(row), row]));
    const inPlace = [...before.keys()].flatMap((place) => rest.get(place) ?? []);
    const added = kept.filter((row) => !before.has(key(row)));
    const rows = [...inPlace, ...added].map(({ kurskod, alias }) => [kurskod, alias]);
    replaceFile(file, writeCsv(ALIAS_COLUMNS, rows));
  }
  return changes;
}

const USUAL_MODE = 0o644;

/** A reader finds the old file or the new one, whole. */
function replaceFile(file: string, text: string): void {
  try {
    const target = existsSync(file) ? realpathSync(file) : file;
    const mode = existsSync(target) ? statSync(target).mode & 0o777 : USUAL_MODE;
    const aside = `${target}.${process.pid}.new`;
    try {
      writeFileSync(aside, text, { mode, flag: "wx" });
      const descriptor = openSync(aside, "r");
      fsyncSync(descriptor);
      closeSync(descriptor);
      renameSync(aside, target);
    } catch (error) {
      rmSync(aside, { force: true });
      throw error;
    }
  } catch (cause) {
    throw new AdresslistaError("settings", `kurskodAliasFile: cannot write ${file}`, { cause });
  }
}
