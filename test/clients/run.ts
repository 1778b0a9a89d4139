import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * `npm run test:clients`: T04's flow with SOAP clients of other makers against a real service with the sample export.
 * Runs those that are installed and says which are missing; with CI=true a missing one is a failure.
 */
interface ForeignClient {
  readonly name: string;
  /** Succeeds when the client is installed. */
  readonly probe: readonly string[];
  readonly command: readonly string[];
  readonly debian: string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const script = (path: string) => join(root, "test/clients", path);

const CLIENTS: readonly ForeignClient[] = [
  {
    name: "Python zeep",
    // Debian's Python, since another one on the path would not have Debian's packages.
    probe: ["/usr/bin/python3", "-c", "import zeep"],
    command: ["/usr/bin/python3", script("zeep/flow.py")],
    debian: "python3-zeep",
  },
  {
    name: "PHP SoapClient",
    probe: ["php", "-r", "exit(class_exists('SoapClient') ? 0 : 1);"],
    command: ["php", script("php/flow.php")],
    debian: "php-cli php-soap",
  },
];

/** An institution and a term of the sample export. */
const INSTITUTION = "LVUX";
const TERMIN = "262";

const folder = mkdtempSync(join(tmpdir(), "adresslista-clients-"));
const port = await freePort();
const environment = {
  ...process.env,
  ADRESSLISTA_DATABASE: join(folder, "clients.sqlite"),
  ADRESSLISTA_PORT: String(port),
};
const main = join(root, "dist/lib/main.js");
let passed = 0;
let failed = 0;
let missing = 0;
let service: ChildProcess | undefined;
try {
  run(
    [process.execPath, main, "reload", "--file", join(root, "data/sample-export.xml")],
    "the load of the sample",
  );
  run([process.execPath, main, "caller", "add", "demo"], "the caller", "demo\n");
  service = spawn(process.execPath, ["--disable-proto=delete", main, "serve"], {
    env: environment,
    stdio: "ignore",
  });
  const url = `http://127.0.0.1:${port}/cxf/AdresslistaFetcher`;
  await answering(url);
  for (const client of CLIENTS) testClient(client, url);
} finally {
  service?.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}
console.log(`clients: ${passed} passed, ${failed} failed, ${missing} skipped`);
process.exitCode = failed > 0 ? 1 : 0;

function testClient(client: ForeignClient, url: string): void {
  const [probe = "", ...probeArguments] = client.probe;
  if (spawnSync(probe, probeArguments).status !== 0) {
    console.log(`${client.name}: not installed (Debian: ${client.debian})`);
    if (process.env.CI) failed += 1;
    else missing += 1;
    return;
  }
  const [command = "", ...args] = client.command;
  const result = spawnSync(command, [...args, url, INSTITUTION, TERMIN], { encoding: "utf8" });
  console.log(
    `${client.name}: ${result.status === 0 ? result.stdout.trim() : `FAILED\n${result.stdout}${result.stderr}`}`,
  );
  if (result.status === 0) passed += 1;
  else failed += 1;
}

function run([command = "", ...args]: readonly string[], what: string, input = ""): void {
  const result = spawnSync(command, args, { env: environment, encoding: "utf8", input });
  if (result.status !== 0) throw new Error(`${what} failed:\n${result.stderr}`);
}

async function answering(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await fetch(`${url}?wsdl`).catch(() => undefined)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the service does not answer");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
