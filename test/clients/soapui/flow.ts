/**
 * The client is in Java (Flow.java). The project's test cases are about the demonstration, which is started here beside
 * the service that all clients talk to; the curl lines of docs/clients/soapui.md are run against it too.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DEMONSTRATION, PROJECT_FILE, startDemonstration } from "../../soapui/build.js";
import { curlLines } from "../../soapui/page.js";

const output = promisify(execFile);
const { WORK: work } = process.env;
if (work === undefined) throw new Error("WORK is not set: run by test/clients/run.ts");
const { stdout: classpath } = await output("sh", ["compile.sh", join(work, "classes")]);
const demonstration = await startDemonstration();
try {
  const { origin } = new URL(demonstration.url);
  await pasteCurlLines(origin);
  const env = { ...process.env, DEMONSTRATION: origin, PROJECT: fileURLToPath(PROJECT_FILE) };
  const client = spawn("java", ["-cp", classpath.trim(), "Flow"], {
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = await once(client, "exit");
  process.exitCode = typeof code === "number" ? code : 1;
} finally {
  await demonstration.close();
}

async function pasteCurlLines(origin: string): Promise<void> {
  const cwd = fileURLToPath(new URL("../../..", import.meta.url));
  for (const { line, sample } of curlLines()) {
    const pasted = line.replace(DEMONSTRATION.endpoint ?? "", origin);
    const { stdout: answer } = await output("sh", ["-c", pasted], { cwd });
    const operation = sample.replace(/[-.].*$/, "");
    if (!answer.includes(`:${operation}Response `) || answer.includes("<valid>false"))
      throw new Error(`${pasted}\ngives ${answer}`);
  }
}
