import type { Target } from "./bombard.js";
import type { BenchStore } from "./store.js";
import { freePort, main, started, stopped } from "./support.js";

/** The service as it is built: rights and audit log on, the caller's secret remembered after the first call. */
export interface MeasuredService extends Target {
  /** From its start to its first answer to the call: a listening port is no answer, and the secret is verified first. */
  readonly secondsToFirstAnswer: number;
  ask(request: string): Promise<Buffer>;
  stop(): Promise<void>;
}

export async function startMeasuredService(
  store: BenchStore,
  firstRequest: string,
  { workers = 1, environment = {} }: { readonly workers?: number; readonly environment?: object } = {},
): Promise<MeasuredService> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/cxf/AdresslistaFetcher`;
  const began = performance.now();
  const child = await started(
    process.execPath,
    [
      "--disable-proto=delete",
      main,
      "serve",
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--workers",
      String(workers),
    ],
    port,
    { ADRESSLISTA_DATABASE: store.database, ...environment },
  );
  const ask = async (request: string): Promise<Buffer> => {
    const answer = await fetch(url, {
      method: "POST",
      body: request,
      headers: { "Content-Type": "text/xml" },
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 200 || !body.includes("<valid>true</valid>")) {
      throw new Error(`the service answers ${answer.status}: ${body.subarray(0, 2_000)}`);
    }
    return body;
  };
  await ask(firstRequest);
  const secondsToFirstAnswer = (performance.now() - began) / 1000;
  return { url, pid: child.pid, secondsToFirstAnswer, ask, stop: () => stopped(child) };
}
