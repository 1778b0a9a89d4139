import cluster, { type Worker } from "node:cluster";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { CliContext } from "./context.js";
import { EXIT_CODES } from "./exit.js";
import { STOP_MILLISECONDS } from "./service.js";

/** A worker that dies is started again after this, doubled for each death in a row. */
const FIRST_RESTART_MILLISECONDS = 250;
const LONGEST_RESTART_MILLISECONDS = 30_000;
/** A worker that has served for so long is healthy: what it dies of then is something new. */
const HEALTHY_MILLISECONDS = 60_000;
/** Beyond the time that a worker gives its calls when it stops. */
const KILL_AFTER_MILLISECONDS = STOP_MILLISECONDS + 2_000;

const SERVING = "serving";
const serving = new Set<Worker>();

/** Is there a process, of those that were started here, that answers calls? */
export function someWorkerServes(): boolean {
  return serving.size > 0;
}

/** What a worker says to the process that has started it, when it answers calls. */
export function saysServing(): void {
  cluster.worker?.send(SERVING);
}

/**
 * Runs as many processes like this one, which share the port, until interrupted. The first one shows that it can
 * serve before the others are started; when it cannot, it has said why, and its exit code is the program's.
 */
export async function runWorkers(
  context: CliContext,
  count: number,
  log: Logger,
  whenListening: (port: number) => Promise<void>,
): Promise<void> {
  const interrupted = context.interrupted();
  // Connections that this process takes and hands on in turn are shared out best, but those that it has not handed on yet
  // when the workers stop are lost. A socket that outlives the service is left to the workers: whoever is idle takes the
  // next one, and those that nobody took wait for the next service.
  if (context.inheritedSocket() !== undefined) cluster.schedulingPolicy = cluster.SCHED_NONE;
  const first = await startFirst();
  if (typeof first === "number") {
    if (!interrupted.aborted) context.exitWith(first);
    return;
  }
  await whenListening(first.port);
  // They have the TLS files.
  context.onHangup(() => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill("SIGHUP");
  });
  const watches = [watch(first.worker, interrupted, log)];
  while (watches.length < count) watches.push(watch(fork(), interrupted, log));
  await Promise.all(watches);
  log.info("stopped");

  function startFirst(): Promise<{ worker: Worker; port: number } | number> {
    const worker = fork();
    const stopWorker = () => worker.process.kill("SIGTERM");
    interrupted.addEventListener("abort", stopWorker);
    return new Promise((resolve) => {
      let port: number | undefined;
      worker.once("listening", (address) => {
        port = address.port;
      });
      // Not when it listens: it may yet find that it must not.
      worker.on("message", (message) => {
        if (message === SERVING && port !== undefined) resolve({ worker, port });
      });
      worker.once("exit", (code) => resolve(code || EXIT_CODES.internal));
    }).finally(() => interrupted.removeEventListener("abort", stopWorker)) as Promise<
      { worker: Worker; port: number } | number
    >;
  }
}

/**
 * Starts a worker. A connection that is given to it is held here too until it says that it has it; one that it dies
 * without having taken would be held for ever, and the client wait in vain (node's cluster forgets it).
 */
function fork(): Worker {
  const worker = cluster.fork();
  let given: { close(): void } | undefined;
  const send = worker.process.send.bind(worker.process) as (...message: readonly unknown[]) => boolean;
  worker.process.send = (...sent: readonly unknown[]) => {
    const [message, handle] = sent as [{ readonly act?: unknown }, { close(): void } | undefined];
    // One at a time: the next one is given when this one has been taken.
    if (message.act === "newconn") given = handle;
    return send(...sent);
  };
  worker.on("message", (message) => {
    if (message === SERVING) serving.add(worker);
  });
  worker.once("exit", () => {
    serving.delete(worker);
    // Of one that was taken it is closed already, and this does nothing.
    given?.close();
  });
  return worker;
}

/** Keeps one place filled until interrupted, then sees its worker out. */
async function watch(first: Worker, interrupted: AbortSignal, log: Logger): Promise<void> {
  let worker = first;
  for (let deathsInRow = 0; ; deathsInRow++) {
    const started = performance.now();
    const { code, signal } = await ended(worker, interrupted);
    if (interrupted.aborted) return;
    if (performance.now() - started > HEALTHY_MILLISECONDS) deathsInRow = 0;
    const wait = Math.min(FIRST_RESTART_MILLISECONDS * 2 ** deathsInRow, LONGEST_RESTART_MILLISECONDS);
    log.error({ worker: worker.process.pid, code, signal, restartMilliseconds: wait }, "a worker died");
    await delay(wait, undefined, { signal: interrupted }).catch(() => {});
    if (interrupted.aborted) return;
    worker = fork();
  }
}

function ended(worker: Worker, interrupted: AbortSignal): Promise<{ code: number; signal: string }> {
  return new Promise((resolve) => {
    let impatience: NodeJS.Timeout | undefined;
    const stopWorker = () => {
      worker.process.kill("SIGTERM");
      impatience = setTimeout(() => worker.process.kill("SIGKILL"), KILL_AFTER_MILLISECONDS);
    };
    if (interrupted.aborted) stopWorker();
    else interrupted.addEventListener("abort", stopWorker, { once: true });
    worker.once("exit", (code, signal) => {
      clearTimeout(impatience);
      interrupted.removeEventListener("abort", stopWorker);
      resolve({ code, signal });
    });
  });
}
