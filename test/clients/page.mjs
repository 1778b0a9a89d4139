/**
 * `node page.mjs PAGE SECTION`: the lines of a section of docs/clients/PAGE, tried. Each block of code under a comment with a
 * command is written to the file that the command ends with, and the command is run; what is called `participants` must
 * print those of the page's course, a line for each. The runner's address, portal and codes stand in for the page's.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BLOCK = /^<!-- (?<command>[^\n]+) -->\n```\w+\n(?<code>.*?)^```$/gms;

const [page, section] = process.argv.slice(2);
const { env } = process;
const text = readFileSync(new URL(`../../docs/clients/${page}`, import.meta.url), "utf8");
const blocks = [...sectionOf(text).matchAll(BLOCK)].map(({ groups }) => groups);
const folder = mkdtempSync(join(env.WORK, "page-"));
// Where npm's packages are found, and no WSDL that a stack kept of another service.
symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
const surroundings = { ...env, TMPDIR: folder };
const surnames = env.FACT_EFTERNAMN.split("|");
const participants = env.FACT_FORNAMN.split("|").map((fornamn, index) => `${surnames[index]}, ${fornamn}\n`);

let printed = 0;
for (const { command, code } of blocks) {
  const [program, ...args] = command.split(" ");
  const file = args.at(-1);
  writeFileSync(join(folder, file), adapted(code));
  const result = spawnSync(program, args, { cwd: folder, env: surroundings, encoding: "utf8" });
  const output = `${result.stdout}${result.stderr}${result.error ?? ""}`;
  if (result.status !== 0) fail(`${command} ends with ${result.status}`, output);
  if (!file.startsWith("participants.")) continue;
  if (result.stdout !== participants.join("")) fail(`${command} prints other participants`, output);
  printed += 1;
}
if (printed === 0) fail("no block prints the participants", "");
console.log(`${page}, ${section}: ${printed} tried`);

function sectionOf(all) {
  const found = all.split(/^## /m).find((one) => one.startsWith(`${section}\n`));
  if (found === undefined) fail("no such section", "");
  return found;
}

function adapted(code) {
  return code
    .replaceAll("http://127.0.0.1:8080", new URL(env.T04_URL).origin)
    .replaceAll(/(caller\W+)demo\b/g, `$1${env.PORTAL_CALLER}`)
    .replaceAll(/(ticket\W+)demo\b/g, `$1${env.PORTAL_TICKET}`)
    .replaceAll("ENGENG05", env.FACT_KURSKOD)
    .replaceAll(/(["'])262\1/g, `$1${env.FACT_TERMIN}$1`);
}

function fail(what, output) {
  console.log(`docs/clients/${page}, ${section}: ${what}\n${output}`);
  process.exit(1);
}
