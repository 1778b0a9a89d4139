/**
 * The client is in Java (Flow.java). The project's test cases are about the demonstration, which is started here beside
 * the service that all clients talk to.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PROJECT_FILE, startDemonstration } from "../../soapui/build.js";

const { WORK: work } = process.env;
if (work === undefined) throw new Error("WORK is not set: run by test/clients/run.ts");
const classpath = execFileSync("sh", ["compile.sh", join(work, "classes")], { encoding: "utf8" }).trim();
const demonstration = await startDemonstration();
try {
  const env = {
    ...process.env,
    DEMONSTRATION: new URL(demonstration.url).origin,
    PROJECT: fileURLToPath(PROJECT_FILE),
  };
  const client = spawn("java", ["-cp", classpath, "Flow"], { env, stdio: ["ignore", "inherit", "inherit"] });
  const [code] = await once(client, "exit");
  process.exitCode = typeof code === "number" ? code : 1;
} finally {
  await demonstration.close();
}
