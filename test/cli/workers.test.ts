import { readFileSync } from "node:fs";
import { get } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { describe, it } from "mocha";
import { inFolder, PROCESSES_MILLISECONDS, type Service, startService } from "./program.js";

/** More than there are workers. */
const CALLS = 6;
/** Long enough for calls to have come to the workers. */
const UNDER_WAY_MILLISECONDS = 500;
const PATIENCE_MILLISECONDS = 10_000;

describe("serving processes", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("that are killed leave nobody waiting: each call is answered, or its connection closed", () =>
    withTwoWorkers(async (service, [worker]) => {
      process.kill(worker, "SIGSTOP");
      const calls = Array.from({ length: CALLS }, () => ending(`${service.url}/health`));
      await delay(UNDER_WAY_MILLISECONDS);
      process.kill(worker, "SIGKILL");
      const endings = await Promise.all(calls);
      expect(endings).not.to.include("waits");
      expect(endings).to.include("answered");
    }));

  it("give their metrics, those that are there, also when one of them dies meanwhile", () =>
    withTwoWorkers(
      async (service, [worker]) => {
        const [, admin] = /admin: (\S+)/.exec(service.stderr()) ?? [];
        process.kill(worker, "SIGSTOP");
        const metrics = fetch(`${admin}/metrics`);
        await delay(UNDER_WAY_MILLISECONDS);
        process.kill(worker, "SIGKILL");
        const { status } = await metrics;
        expect(status).to.equal(200);
        expect(service.stderr()).not.to.include("internal error");
      },
      { ADRESSLISTA_ADMIN_PORT: "0" },
    ));
});

async function withTwoWorkers(
  use: (service: Service, workers: readonly [number, number]) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await inFolder(async (folder) => {
    const service = await startService(["serve", "--port", "0", "--workers", "2"], { folder, env });
    try {
      await use(service, await startedWorkers(service));
    } finally {
      await service.stop();
    }
  });
}

/** The log has a line of each when it serves. */
async function startedWorkers(service: Service): Promise<readonly [number, number]> {
  for (;;) {
    const started = [...service.stderr().matchAll(/"pid":(\d+),"port":\d+,"msg":"started"/g)];
    const [first, second] = started.map(([, pid]) => Number(pid));
    if (first !== undefined && second !== undefined) return [first, second];
    // Throws when it is gone.
    readFileSync(`/proc/${service.child.pid}/stat`);
    await delay(50);
  }
}

function ending(url: string): Promise<"answered" | "closed" | "waits"> {
  return new Promise((resolve) => {
    const sent = get(url, { agent: false }, (response) => {
      response.resume().on("end", () => resolve("answered"));
    });
    sent.on("error", () => resolve("closed"));
    sent.setTimeout(PATIENCE_MILLISECONDS, () => {
      resolve("waits");
      sent.destroy();
    });
  });
}
