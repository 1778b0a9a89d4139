import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { describe, it } from "mocha";
import { itOnSqlite } from "../support/database.js";
import {
  adresslista,
  inFolder,
  PROCESSES_MILLISECONDS,
  PROGRAM,
  ROOT,
  start,
  startService,
} from "./program.js";

const FULL_DEVICE = "/dev/full";

describe("the program as a process", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  itOnSqlite(
    "leaves a folder or a foreign file that the setting database names as it is, and ends with 8",
    () =>
      inFolder(async (folder) => {
        mkdirSync(join(folder, "mapp"));
        writeFileSync(join(folder, "anteckningar.txt"), "Något helt annat än en databas.\n");
        for (const [database, mode] of [
          ["mapp", 0o755],
          ["anteckningar.txt", 0o644],
        ] as const) {
          chmodSync(join(folder, database), mode);
          const { code, stderr } = await adresslista(["caller", "add", "portal"], {
            folder,
            input: "hemlig\n",
            env: { ADRESSLISTA_DATABASE: database },
          });
          expect(stderr).to.match(new RegExp(`^adresslista: .*${database}.*\\n$`));
          expect(code).to.equal(8);
          expect(statSync(join(folder, database)).mode & 0o777).to.equal(mode);
        }
        expect(readFileSync(join(folder, "anteckningar.txt"), "utf8")).to.include("helt annat");
      }),
  );

  it("lets workers answer calls under way when the whole process group is told to end", () =>
    inFolder(async (folder) => {
      const service = await startService(["serve", "--port", "0", "--workers", "2"], { folder });
      const call = halfACall(Number(new URL(service.url).port));
      await once(call.socket, "connect");
      // Long enough for a worker to have taken the connection.
      await new Promise((resolve) => setTimeout(resolve, 500));
      // As systemd does, and Ctrl-C in a terminal: each process is told, and the workers a second time by the first.
      for (const pid of [service.child.pid, ...workersOf(service.child)])
        process.kill(pid as number, "SIGTERM");
      await new Promise((resolve) => setTimeout(resolve, 500));
      call.sendTheRest();
      expect(await call.answer).to.match(/^HTTP\/1\.1 200 .*auth\.failed/s);
      expect((await once(service.child, "close"))[0]).to.equal(143);
    }));

  it("goes on serving when its log cannot be written", function () {
    if (!existsSync(FULL_DEVICE)) this.skip();
    return inFolder(async (folder) => {
      const port = await freePort();
      const child = startRedirected(["serve", "--port", String(port)], folder, `2>${FULL_DEVICE}`);
      try {
        expect(await health(port, child)).to.equal("ok");
      } finally {
        child.kill();
      }
      expect((await endingOf(child)).code).to.equal(143);
    });
  });

  it("ends with 1 and one line when what it was asked for cannot be written", function () {
    if (!existsSync(FULL_DEVICE)) this.skip();
    return inFolder(async (folder) => {
      const child = startRedirected(["status"], folder, `>${FULL_DEVICE}`);
      const { code, said } = await endingOf(child);
      expect(said).to.match(/^adresslista: .*ENOSPC/);
      expect(said).not.to.include("Node.js");
      expect(code).to.equal(1);
    });
  });

  it("says of an error that nobody expected its class and place, not its message", () =>
    inFolder(async (folder) => {
      const error = "new TypeError('Anna Andersson 800101-9808')";
      for (const failing of [`() => { throw ${error}; }`, `() => Promise.reject(${error})`]) {
        const preload = join(folder, "failing.mjs");
        // While the command waits for its standard input.
        writeFileSync(preload, `setTimeout(${failing}, 1500);\n`);
        const child = start(["caller", "add", "portal"], {
          folder,
          env: { NODE_OPTIONS: `--import=${preload}` },
        });
        const { code, said } = await endingOf(child);
        expect(said).to.match(/^adresslista: internal error: TypeError\n/);
        expect(said).not.to.include("Andersson");
        expect(code).to.equal(1);
      }
    }));
});

describe("adresslista caller add", function () {
  this.timeout(PROCESSES_MILLISECONDS);

  it("refuses a secret that is not UTF-8, which no ticket would ever equal", () =>
    inFolder(async (folder) => {
      const child = start(["caller", "add", "portal"], { folder });
      child.stdin?.end(Buffer.from("lösen\n", "latin1"));
      const { code, said } = await endingOf(child);
      expect(said).to.match(/^adresslista: .*UTF-8.*\n$/);
      expect(code).to.equal(2);
      expect((await adresslista(["caller", "list"], { folder })).stdout).to.equal("");
    }));
});

/** A call whose last bytes are sent when they are asked for. */
function halfACall(port: number) {
  const body =
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><getKurs/></s:Body></s:Envelope>';
  const socket = connect(port, "127.0.0.1");
  socket.write(
    "POST /cxf/AdresslistaFetcher HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\n" +
      `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`,
  );
  const answer = text(socket).catch((error: Error) => error.message);
  return { socket, answer, sendTheRest: () => socket.write(body.slice(20)) };
}

async function endingOf(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  const ended = once(child, "close") as Promise<[number | null]>;
  const said = child.stderr === null ? "" : await text(child.stderr);
  return { code: (await ended)[0], said };
}

function workersOf(child: ChildProcess): number[] {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
  return children.trim().split(" ").map(Number);
}

/** The program with one of its outputs redirected by a shell. */
function startRedirected(args: readonly string[], folder: string, redirection: string): ChildProcess {
  const program = [
    ...(PROGRAM.endsWith(".ts") ? ["--import", import.meta.resolve("tsx")] : []),
    join(ROOT, PROGRAM),
  ];
  return spawn("sh", ["-c", `exec "$0" "$@" ${redirection}`, process.execPath, ...program, ...args], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "" },
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** What the service says of its health as soon as it listens; undefined when it ends before. */
async function health(port: number, child: ChildProcess): Promise<string | undefined> {
  while (child.exitCode === null) {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/health`)).text();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return undefined;
}
