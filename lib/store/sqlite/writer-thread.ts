import { parentPort, workerData } from "node:worker_threads";
import { type Command, executor, openForBuilding, type Reply } from "./writer.js";

/** The thread that writes a generation: see `writerThread`. After an error nothing more is done: the file is worthless. */
const port = parentPort;
if (port !== null) {
  let execute: ((command: Command) => Reply) | undefined;
  let failed = false;
  port.on("message", (command: Command) => {
    let reply: Reply = {};
    try {
      if (!failed) {
        execute ??= executor(openForBuilding(workerData as string));
        reply = execute(command);
      }
    } catch (error) {
      failed = true;
      // Its text may quote values.
      reply = { code: String((error as { code?: unknown }).code ?? "SQLITE_ERROR") };
    }
    port.postMessage(reply);
  });
}
