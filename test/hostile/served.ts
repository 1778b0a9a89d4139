import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { adresslista, type RunOptions, startService } from "../cli/program.js";
import { ALFAS_PORTAL, ALL_SEEING_PORTAL, INSTITUTIONS, REGISTER, SECRET } from "./register.js";

/** The real program in a process of its own, serving the register. */
export interface Served {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  readonly pid: number;
  /** Bytes that the process holds of the machine's memory. */
  residentBytes(): number;
  /** What the program has logged as an error. */
  errors(): readonly string[];
  stop(): Promise<void>;
}

/** Megabytes of V8's heap: a service that keeps what it is sent does not survive the corpus. */
const HEAP_MEGABYTES = 160;

export async function serve(folder: string): Promise<Served> {
  const options: RunOptions = { folder };
  writeFileSync(
    join(folder, "adresslista.config.json"),
    JSON.stringify({ mapping: { institutions: INSTITUTIONS } }),
  );
  writeFileSync(join(folder, "export.xml"), REGISTER);
  await succeeding(["reload", "--file", "export.xml"], options);
  for (const [name, institutions] of [
    [ALFAS_PORTAL, INSTITUTIONS.A],
    [ALL_SEEING_PORTAL, "*"],
  ] as const) {
    await succeeding(["caller", "add", name, "--institutions", institutions], {
      ...options,
      input: `${SECRET}\n`,
    });
  }
  const service = await startService(["serve", "--port", "0"], {
    ...options,
    env: { NODE_OPTIONS: `--max-old-space-size=${HEAP_MEGABYTES}` },
  });
  const { pid } = service.child;
  if (pid === undefined) throw new Error("the service has no process");
  return {
    url: service.url,
    pid,
    residentBytes() {
      const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      return Number(kilobytes) * 1024;
    },
    errors: () =>
      (service.stdout() + service.stderr())
        .split("\n")
        .filter((line) => /"level":(5|6)0|internal error|Error|Warning/.test(line)),
    async stop() {
      expect(await service.stop(), service.stderr()).to.equal(143);
    },
  };
}

async function succeeding(args: readonly string[], options: RunOptions): Promise<void> {
  const { code, stderr } = await adresslista(args, options);
  expect(code, stderr).to.equal(0);
}
