import type { ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import Sqlite from "better-sqlite3";
import { generateExport } from "../lib/sample/generate.js";
import { measured, median, processorSeconds, root, started, stopped } from "./support.js";

/**
 * `npm run bench`: what the service costs, as ratios against a yardstick in the same run. (a) getAdrLista for one
 * occasion of about 100 participants beside a bare node:http server that returns the same bytes; (b) the load of a large
 * export beside the bare saxes parse of the same file. Nothing here is a test: figures depend on the machine.
 */
const EXPORT = { seed: 7, persons: 60_000, occasions: 3_000, memberships: 200_000 };
const PARTICIPANTS = 100;
const ROUNDS = 3;
const ROUND_SECONDS = 5;
const CONCURRENCIES = [1, 8];
const SERVICE_PORT = 18_080;
const BARE_PORT = 18_081;
const SERVICE_URL = `http://127.0.0.1:${SERVICE_PORT}/cxf/AdresslistaFetcher`;
const BARE_URL = `http://127.0.0.1:${BARE_PORT}/`;
const main = join(root, "dist/lib/main.js");
const tsx = ["--import", "tsx"];

const folder = await mkdtemp(join(tmpdir(), "adresslista-bench-"));
try {
  const database = join(folder, "bench.sqlite");
  await benchLoad(database);
  await benchCalls(database);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function benchLoad(database: string): Promise<void> {
  const file = join(folder, "export.xml");
  say(
    `writing an export of ${EXPORT.persons} persons, ${EXPORT.occasions} occasions, ${EXPORT.memberships} memberships`,
  );
  await pipeline(Readable.from(generateExport(EXPORT)), createWriteStream(file));
  const parse: number[] = [];
  const load: number[] = [];
  const peaks: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    say(`load, round ${round} of ${ROUNDS}`);
    parse.push((await measured(process.execPath, [...tsx, "bench/bare-parse.ts", file])).seconds);
    const reload = await measured(process.execPath, [main, "reload", "--file", file], {
      ADRESSLISTA_DATABASE: database,
    });
    load.push(reload.seconds);
    peaks.push(reload.peakMegabytes ?? Number.NaN);
  }
  const ratio = median(load) / median(parse);
  print(
    `load: ${median(load).toFixed(2)} s; bare saxes parse ${median(parse).toFixed(2)} s; ratio ${ratio.toFixed(2)}`,
  );
  print(`load: peak memory ${Math.max(...peaks).toFixed(0)} MB`);
}

async function benchCalls(database: string): Promise<void> {
  const environment = { ADRESSLISTA_DATABASE: database, ADRESSLISTA_PORT: String(SERVICE_PORT) };
  await measured("sh", ["-c", `echo bench | ${process.execPath} ${main} caller add bench`], environment);
  const requestFile = join(folder, "request.xml");
  const request = await requestFor(database);
  await writeFile(requestFile, request);
  const service = await started(
    process.execPath,
    ["--disable-proto=delete", main, "serve"],
    `${SERVICE_URL}?wsdl`,
    environment,
  );
  let bare: ChildProcess | undefined;
  try {
    const answer = await fetch(SERVICE_URL, {
      method: "POST",
      body: request,
      headers: { "Content-Type": "text/xml" },
    });
    const body = Buffer.from(await answer.arrayBuffer());
    const participants = body.toString("utf8").split("<PersonVO>").length - 1;
    if (answer.status !== 200 || participants === 0) throw new Error(`the service answers ${answer.status}`);
    print(`getAdrLista: ${participants} participants, ${body.length} bytes`);
    const answerFile = join(folder, "answer.xml");
    await writeFile(answerFile, body);
    bare = await started(
      process.execPath,
      [...tsx, "bench/bare-server.ts", answerFile, String(BARE_PORT)],
      BARE_URL,
    );
    for (const concurrency of CONCURRENCIES) {
      const ours: Round[] = [];
      const yardstick: Round[] = [];
      for (let round = 1; round <= ROUNDS; round++) {
        say(`calls at concurrency ${concurrency}, round ${round} of ${ROUNDS}`);
        yardstick.push(await cannon(BARE_URL, concurrency, requestFile, bare));
        ours.push(await cannon(SERVICE_URL, concurrency, requestFile, service));
      }
      const calls = median(ours.map((round) => round.callsPerSecond));
      const bareCalls = median(yardstick.map((round) => round.callsPerSecond));
      const processor = median(ours.map((round) => round.processorMilliseconds));
      const bareProcessor = median(yardstick.map((round) => round.processorMilliseconds));
      print(
        `getAdrLista at concurrency ${concurrency}: ${calls.toFixed(0)} calls/s, ${processor.toFixed(3)} ms of processor each; ` +
          `bare node:http ${bareCalls.toFixed(0)} calls/s, ${bareProcessor.toFixed(3)} ms; ratio ${(calls / bareCalls).toFixed(2)}`,
      );
    }
  } finally {
    await stopped(service);
    if (bare) await stopped(bare);
  }
}

interface Round {
  readonly callsPerSecond: number;
  readonly processorMilliseconds: number;
}

/** One round from a process of its own, so that the load does not take the server's time in the same process. */
async function cannon(
  url: string,
  concurrency: number,
  requestFile: string,
  server: ChildProcess,
): Promise<Round> {
  const before = processorSeconds(server);
  const { stdout } = await measured("npx", [
    "autocannon",
    "--json",
    "--connections",
    String(concurrency),
    "--duration",
    String(ROUND_SECONDS),
    "--method",
    "POST",
    "--headers",
    "Content-Type=text/xml; charset=utf-8",
    "--input",
    requestFile,
    url,
  ]);
  const result = JSON.parse(stdout) as { "2xx": number; non2xx: number; errors: number; duration: number };
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} errors`);
  const processorMilliseconds = ((processorSeconds(server) - before) * 1000) / result["2xx"];
  return { callsPerSecond: result["2xx"] / result.duration, processorMilliseconds };
}

/** A call for the occasion whose number of first-time registered is nearest to `PARTICIPANTS`. */
async function requestFor(database: string): Promise<string> {
  const name = (await readdir(folder))
    .filter((file) => /\.load-\d+\.sqlite$/.test(file))
    .sort(byLoad)
    .at(-1);
  const generation = new Sqlite(join(folder, name ?? ""), { readonly: true });
  const occasion = generation
    .prepare(
      `SELECT t.KURSKOD AS kurskod, t.STARTTER AS starttermin, t.KOD AS anmkod FROM KTILL2 t JOIN FFGKURS f ON f.KTILL = t.ID
       GROUP BY t.ID ORDER BY abs(count(*) - ?) LIMIT 1`,
    )
    .get(PARTICIPANTS) as { kurskod: string; starttermin: string; anmkod: string };
  generation.close();
  if (!occasion) throw new Error(`nothing is loaded in ${database}`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://facadeclient.adresslista.service.lpw.ladok/">
<soapenv:Body><a:getAdrLista>
<arg0><authinfovo><caller>bench</caller><ticket><ticket>bench</ticket></ticket></authinfovo><type>2</type><uid>bench</uid></arg0>
<arg1><KursTfVO><typ>FFG</typ><Kurskod>${occasion.kurskod}</Kurskod><Starttermin>${occasion.starttermin}</Starttermin><Anmkod>${occasion.anmkod}</Anmkod></KursTfVO></arg1>
</a:getAdrLista></soapenv:Body></soapenv:Envelope>`;
}

function byLoad(a: string, b: string): number {
  const number = (name: string) => Number(/\.load-(\d+)\./.exec(name)?.[1]);
  return number(a) - number(b);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
