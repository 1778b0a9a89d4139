import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AdresslistaError } from "../../lib/errors.js";
import type { FetchOptions } from "../../lib/fetch/fetch.js";
import { type Behaviour, type FakeServer, PASSWORD, startSshServer } from "./ssh-server.js";

/** Servers and a folder of one test, and an end for both. */
export interface Stage {
  readonly folder: string;
  /** Names in the folder for fetched files. */
  left(): readonly string[];
  server(behaviour?: Behaviour): Promise<FakeServer>;
  /** Lines that were said. */
  readonly said: string[];
  /** Milliseconds of each pause. */
  readonly pauses: number[];
  /** Options whose clock stands still but for pauses, which take no time. */
  options(changes?: Partial<FetchOptions>): FetchOptions;
  end(): Promise<void>;
}

export const NOW = "2026-11-24T02:15:00Z";

export function createStage(): Stage {
  const root = mkdtempSync(join(tmpdir(), "adresslista-fetch-"));
  const folder = join(root, "fetched");
  const servers: FakeServer[] = [];
  const said: string[] = [];
  const pauses: number[] = [];
  let now = new Date(NOW);
  return {
    folder,
    said,
    pauses,
    left() {
      try {
        return readdirSync(folder).sort();
      } catch {
        return [];
      }
    },
    async server(behaviour) {
      const server = await startSshServer(behaviour);
      servers.push(server);
      return server;
    },
    options: (changes = {}) => ({
      folder,
      now: () => now,
      say: (line) => said.push(line),
      async pause(milliseconds) {
        pauses.push(milliseconds);
        now = new Date(now.getTime() + milliseconds);
      },
      ...changes,
    }),
    async end() {
      for (const server of servers) await server.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The error of a promise that must be rejected with one of ours; no secret may stand in it. */
export async function failureOf(promise: Promise<unknown>): Promise<AdresslistaError> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof AdresslistaError)) throw error;
    if (error.message.includes(PASSWORD)) throw new Error("the message has the password");
    return error;
  }
  throw new Error("it did not fail");
}
