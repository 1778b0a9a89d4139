import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { problemsOf } from "./conformance.js";
import { clientsExport } from "./export.js";
import { type Facts, type Portal, readFacts } from "./facts.js";
import { type Exchange, record, shown } from "./recorder.js";

/**
 * `npm run test:clients [-- CLIENT…]`: the flow of T04 with SOAP clients of other makers against a real service.
 * README.md beside this file tells how a client is written. With CI=true a missing one is a failure.
 */
interface ForeignClient {
  readonly folder: string;
  readonly name: string;
  readonly debian: string;
  /** Succeeds when the client is installed. */
  readonly probe: readonly string[];
  readonly command: readonly string[];
  /** False for one that reads the WSDLs alone, and is not expected to go through the flow. */
  readonly calls?: boolean;
}

const PROBE_MS = 60_000;
const CLIENT_MS = 5 * 60_000;

const PORTAL: Portal = { uid: "larare1", caller: "portalen", ticket: "hemlig-biljett" };
const T04 = "/cxf/AdresslistaFetcher";
const UTILITY = "/cxf/UtilityFetcher";

const here = fileURLToPath(new URL(".", import.meta.url));
const main = fileURLToPath(new URL("../../dist/lib/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "adresslista-clients-"));
const surroundings = withoutSettings(process.env);

/** What is running: ended, and the folder removed, with this program, however that ends. */
const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) killGroup(child);
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

process.exitCode = await runAll(process.argv.slice(2));

async function runAll(names: readonly string[]): Promise<number> {
  const clients = discover(names);
  const totals = { passed: 0, failed: 0, missing: 0 };
  const service = await startService();
  try {
    const facts = await readFacts(service.origin + T04, PORTAL);
    const wsdls = new Map<string, string>();
    for (const path of [T04, UTILITY]) wsdls.set(path, await textOf(`${service.origin}${path}?wsdl`));
    for (const client of clients) {
      if (!(await isInstalled(client))) {
        console.log(`${client.name}: not installed (Debian: ${client.debian})`);
        totals.missing += 1;
        continue;
      }
      const began = Date.now();
      const { said, problems } = await testClient(client, service.port, facts, wsdls);
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      if (problems.length === 0) {
        console.log(`${client.name}: ${said} (${seconds} s)`);
        totals.passed += 1;
      } else {
        console.log(`${client.name}: FAILED (${seconds} s)\n${problems.map(indented).join("\n")}`);
        totals.failed += 1;
      }
    }
  } finally {
    await service.stop();
  }
  console.log(`clients: ${totals.passed} passed, ${totals.failed} failed, ${totals.missing} skipped`);
  const mayMiss = process.env.CI !== "true";
  return totals.failed > 0 || (totals.missing > 0 && !mayMiss) ? 1 : 0;
}

/** Every folder beside this file that has a client.json, or those that are named. */
function discover(names: readonly string[]): ForeignClient[] {
  const folders = readdirSync(here).filter((name) => existsSync(join(here, name, "client.json")));
  const unknown = names.filter((name) => !folders.includes(name));
  if (unknown.length > 0)
    throw new Error(`no such client: ${unknown.join(", ")}; there are ${folders.join(", ")}`);
  return folders.filter((name) => names.length === 0 || names.includes(name)).map(readClient);
}

function readClient(name: string): ForeignClient {
  const file = join(here, name, "client.json");
  const written: Partial<ForeignClient> = JSON.parse(readFileSync(file, "utf8"));
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  const isCommand = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isText);
  if (!isText(written.name) || !isText(written.debian)) throw new Error(`${file}: name or debian is missing`);
  if (!isCommand(written.probe) || !isCommand(written.command))
    throw new Error(`${file}: probe or command is no list of words`);
  return { ...(written as ForeignClient), folder: join(here, name) };
}

async function isInstalled({ probe, folder: cwd }: ForeignClient): Promise<boolean> {
  return (await run(probe, { cwd, env: surroundings, ms: PROBE_MS })).status === 0;
}

async function testClient(
  client: ForeignClient,
  servicePort: number,
  facts: Facts,
  wsdls: ReadonlyMap<string, string>,
): Promise<{ said: string; problems: string[] }> {
  const work = mkdtempSync(join(folder, "work-"));
  const recorder = await record(servicePort);
  try {
    const origin = `http://127.0.0.1:${recorder.port}`;
    const env = {
      ...surroundings,
      ...facts,
      LC_ALL: "C.UTF-8",
      // Caches of WSDLs and stubs of an earlier run would be tested in place of the served WSDL.
      HOME: work,
      WORK: work,
      T04_URL: origin + T04,
      UTILITY_URL: origin + UTILITY,
      PORTAL_UID: PORTAL.uid,
      PORTAL_CALLER: PORTAL.caller,
      PORTAL_TICKET: PORTAL.ticket,
    };
    const result = await run(client.command, { cwd: client.folder, env, ms: CLIENT_MS });
    const exchanges = recorder.exchanges();
    keepRecord(client, exchanges);
    const said = /^.*\bok, [1-9]\d* checks\b.*$/m.exec(result.output)?.[0] ?? "";
    const problems = [...new Set(exchanges.flatMap((exchange) => judged(exchange, wsdls)))];
    if (result.status !== 0) problems.unshift(result.output.trim() || `ended with ${result.status}`);
    else if (said === "") problems.unshift(`does not say "ok, N checks": ${result.output.trim()}`);
    else problems.push(...missingIn(exchanges, client.calls ?? true));
    return { said, problems };
  } finally {
    await recorder.close();
  }
}

/** What is wrong with an answer, after the request it belongs to. */
function judged(exchange: Exchange, wsdls: ReadonlyMap<string, string>): string[] {
  const [method, target = ""] = exchange.request.start.split(" ");
  const wsdl = wsdls.get(new URL(target, "http://localhost").pathname);
  if (method !== "POST" || wsdl === undefined) return [];
  const problems = problemsOf(exchange, wsdl);
  return problems.length === 0 ? [] : [`${problems.join("\n")}\nin\n${shown(exchange)}`];
}

/** A client that says "ok" has also shown it: these stand in what it sent and got. */
function missingIn(exchanges: readonly Exchange[], calls: boolean): string[] {
  const asked = exchanges.map(({ request }) => `${request.start}\n${request.body}`);
  const answered = exchanges.map(({ answer }) => answer.body.toString("utf8"));
  const shownBy = (texts: readonly string[], pattern: RegExp) => texts.some((text) => pattern.test(text));
  const reads = { what: "reads the served WSDL", is: shownBy(asked, /^GET \S*AdresslistaFetcher\?wsdl/i) };
  const flow = [
    { what: "gets courses", is: shownBy(answered, /getKursResponse.*<KursInfoVO>/s) },
    { what: "gets occasions", is: shownBy(answered, /getKursTfResponse.*<KursTfVO>/s) },
    {
      what: "gets participants and who has no e-mail",
      is: shownBy(answered, /<AdrListEntVO>.*<NoEmailList>/s),
    },
    { what: "gets an INFO message", is: shownBy(answered, /<level>INFO<\/level>/) },
    { what: "gets an empty list", is: shownBy(answered, /getKursResponse(?!.*<KursInfoVO>).*<valid>true/s) },
    { what: "gets valid=false for a missing parameter", is: shownBy(answered, /general\.missingparameter/) },
    { what: "gets valid=false for a wrong ticket", is: shownBy(answered, /auth\.failed/) },
    { what: "gets a fault", is: shownBy(answered, /[:<]Fault[ >]/) },
  ];
  return [reads, ...(calls ? flow : [])].flatMap(({ what, is }) =>
    is ? [] : [`the client says ok, yet it is not seen that it ${what}`],
  );
}

/** With CLIENTS_RECORD=FOLDER all that was said is left there, a file for each client. */
function keepRecord(client: ForeignClient, exchanges: readonly Exchange[]): void {
  const target = process.env.CLIENTS_RECORD;
  if (!target) return;
  mkdirSync(target, { recursive: true });
  writeFileSync(
    join(target, `${client.name.replaceAll(/\W+/g, "-")}.txt`),
    exchanges.map(shown).join("\n----\n"),
  );
}

async function startService(): Promise<{ port: number; origin: string; stop(): Promise<void> }> {
  const exportFile = join(folder, "export.xml");
  writeFileSync(exportFile, clientsExport());
  const port = await freePort();
  const env = {
    ...surroundings,
    ADRESSLISTA_DATABASE: join(folder, "clients.sqlite"),
    ADRESSLISTA_HOST: "127.0.0.1",
    ADRESSLISTA_PORT: String(port),
  };
  const command = async (args: readonly string[], input = "") => {
    const result = await run([process.execPath, main, ...args], { cwd: folder, env, input, ms: PROBE_MS });
    if (result.status !== 0) throw new Error(`adresslista ${args[0]} failed:\n${result.output}`);
  };
  await command(["reload", "--file", exportFile]);
  await command(["caller", "add", PORTAL.caller, "--institutions", "*"], `${PORTAL.ticket}\n`);
  const log = createWriteStream(join(folder, "service.log"));
  await once(log, "open");
  const service = spawn(process.execPath, ["--disable-proto=delete", main, "serve"], {
    cwd: folder,
    env,
    detached: true,
    stdio: ["ignore", log, log],
  });
  children.add(service);
  service.on("exit", () => children.delete(service));
  const origin = `http://127.0.0.1:${port}`;
  const stop = async () => {
    if (service.exitCode !== null || service.signalCode !== null) return;
    service.kill("SIGTERM");
    await once(service, "exit");
  };
  try {
    await answering(service, origin + T04);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, origin, stop };
}

async function answering(service: ChildProcess, url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (service.exitCode !== null) break;
    if (await fetch(`${url}?wsdl`).catch(() => undefined)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the service does not answer:\n${readFileSync(join(folder, "service.log"), "utf8")}`);
}

interface RunOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly ms: number;
  readonly input?: string;
}

interface RunResult {
  /** A code, or a word that says why there is none. */
  readonly status: number | string;
  readonly output: string;
}

/** Runs a command; when its time is up, it and all that it has started are ended. */
async function run([command = "", ...args]: readonly string[], options: RunOptions): Promise<RunResult> {
  const { cwd, env, ms, input = "" } = options;
  const child = spawn(command, args, { cwd, env, detached: true });
  children.add(child);
  const output: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => output.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => output.push(bytes));
  // A command that does not read its input is no error.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    killGroup(child);
  }, ms);
  return new Promise((resolve) => {
    const end = (status: number | string) => {
      clearTimeout(timer);
      children.delete(child);
      const late = isLate ? `\nnot done after ${ms / 1000} s` : "";
      resolve({ status, output: Buffer.concat(output).toString("utf8") + late });
    };
    child.on("error", (error) => end(error.message));
    child.on("close", (code, signal) => end(code ?? signal ?? "nothing"));
  });
}

/** Ends a child and all that it has started; no error when that is gone already. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The environment without settings of ours and without proxies, which have no way to this machine's loopback. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^ADRESSLISTA_|^(https?|all)_proxy$/i.test(name)),
  );
}

async function textOf(url: string): Promise<string> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: status ${answer.status}`);
  return answer.text();
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
