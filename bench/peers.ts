import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Target } from "./bombard.js";
import { freePort, measured, root, started, stopped, tsx } from "./support.js";

/**
 * Other servers that answer the same getAdrLista with the same persons, from the served load's own file, in one process
 * each. They are given what favours them: no caller is verified and nothing is logged; statements, connections and what
 * is compiled are kept, where the stack can; the same size of SQLite's cache.
 */
export interface Peer {
  readonly name: string;
  /** As tables name it. */
  readonly label: string;
  /** Debian's packages; undefined: always there. */
  readonly debian?: string;
  /** Succeeds when it can be built and run. */
  readonly probe?: readonly string[];
  /** Shell commands in the folder $WORK; the peer's own folder is $PEER, the WSDL $WSDL. */
  readonly build?: string;
  start(place: Place): {
    readonly command: string;
    readonly args: readonly string[];
    readonly environment?: object;
  };
}

interface Place {
  readonly folder: string;
  /** Where it was built. */
  readonly work: string;
  readonly generation: string;
  readonly port: number;
}

const peersFolder = join(root, "bench/peers");

export const peers: readonly Peer[] = [
  {
    name: "c-sqlite",
    label: "C with the join in SQLite, no SOAP stack",
    debian: "gcc libsqlite3-dev",
    probe: ["sh", "-c", "echo '#include <sqlite3.h>' | gcc -x c -fsyntax-only -"],
    build: 'gcc -O2 -o server "$PEER/server.c" -lsqlite3',
    start: ({ work, generation, port }) => ({
      command: join(work, "server"),
      args: [generation, String(port), peersFolder],
    }),
  },
  {
    name: "gsoap",
    label: "gSOAP, C++ with SQLite",
    debian: "gsoap libgsoap-dev libsqlite3-dev g++ pkg-config",
    probe: [
      "sh",
      "-c",
      "command -v soapcpp2 && pkg-config gsoap++ && echo '#include <sqlite3.h>' | g++ -x c++ -fsyntax-only -",
    ],
    build: [
      'wsdl2h -t "$PEER/typemap.dat" -o lpw.h "$WSDL"',
      "soapcpp2 -S -j -w -x lpw.h",
      'g++ -DWITH_PURE_VIRTUAL -O2 -w -I. -o server "$PEER/server.cpp" soapC.cpp soap*Service.cpp $(pkg-config --cflags --libs gsoap++) -lsqlite3 -pthread',
    ].join(" && "),
    start: ({ work, generation, port }) => ({
      command: join(work, "server"),
      args: [generation, String(port), peersFolder],
    }),
  },
  {
    name: "php",
    label: "PHP's SoapServer with PDO",
    debian: "php-cli php-soap php-sqlite3",
    probe: [
      "php",
      "-r",
      "exit(class_exists('SoapServer') && in_array('sqlite', PDO::getAvailableDrivers()) ? 0 : 1);",
    ],
    // PHP's own server: what FPM would do for a call, without a web server before it that copies requests and answers.
    start: ({ folder, generation, port }) => ({
      command: "php",
      args: [
        ...[
          "-d",
          "opcache.enable_cli=1",
          "-d",
          "opcache.validate_timestamps=0",
          "-d",
          "soap.wsdl_cache_enabled=1",
        ],
        ...["-q", "-S", `127.0.0.1:${port}`, join(folder, "server.php")],
      ],
      environment: { BENCH_GENERATION: generation },
    }),
  },
  {
    name: "soap-listen",
    label: "npm soap's `listen` with better-sqlite3 and objects",
    start: ({ folder, generation, port }) => ({
      command: process.execPath,
      args: [...tsx, join(folder, "server.ts"), generation, String(port)],
    }),
  },
  {
    name: "spyne",
    label: "Python's spyne with sqlite3",
    debian: "python3-spyne",
    // Debian's packages are of Debian's Python.
    probe: ["/usr/bin/python3", "-c", "import spyne"],
    start: ({ folder, generation, port }) => ({
      command: "/usr/bin/python3",
      args: [join(folder, "server.py"), generation, String(port)],
    }),
  },
];

export function isInstalled({ probe: [command = "", ...args] = [] }: Peer): boolean {
  return command === "" || spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

export interface RunningPeer extends Target {
  stop(): Promise<void>;
}

/** Builds a peer in a folder of its own, and has it serve that load. */
export async function startPeer(peer: Peer, parent: string, generation: string): Promise<RunningPeer> {
  const folder = join(peersFolder, peer.name);
  const work = join(parent, `peer-${peer.name}`);
  await mkdir(work);
  if (peer.build !== undefined) {
    const environment = { PEER: folder, WSDL: join(root, "wsdl/adresslista.wsdl"), LC_ALL: "C.UTF-8" };
    await measured("sh", ["-c", `cd "$WORK" && ${peer.build}`], { ...environment, WORK: work });
  }
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const { command, args, environment } = peer.start({ folder, work, generation, port });
  const child = await started(command, args, port, environment);
  return { url, pid: child.pid, stop: () => stopped(child) };
}

/** The yardstick: node:http that answers with the bytes of a folder's files, each at its name's address. */
export async function startBare(answers: string, workers = 1): Promise<RunningPeer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const args = [...tsx, join(peersFolder, "node-http/server.ts"), answers, String(port), String(workers)];
  const child = await started(process.execPath, args, port);
  return { url, pid: child.pid, stop: () => stopped(child) };
}
