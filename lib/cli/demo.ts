import { basename, join } from "node:path";
import type { Command } from "commander";
import type { Settings } from "../config.js";
import { defaultMapping } from "../mapping/settings.js";
import { openStore, shownDatabase } from "../store/open.js";
import { callerRecord } from "./caller.js";
import { type CliContext, type CommonOptions, print, say, withConfigOption } from "./context.js";
import { EXIT_OK } from "./exit.js";
import { serviceUrls } from "./interface.js";
import { operationalLog } from "./log.js";
import { packageRoot } from "./package.js";
import { showProgress } from "./progress.js";
import { findingsOf, loadFiles } from "./reload.js";
import { serveHere } from "./serve.js";
import { recordAttempt, statusFileOf } from "./status-file.js";

/** Name and secret of the demonstration's caller. It exists in the demonstration's database only. */
const DEMO = "demo";
const SAMPLE = "data/sample-export.xml";
const DATABASE = "data/demo.sqlite";
/** A course of the sample, and the half-year in which its participants begin. */
const KURSKOD = "ENGENG05";
const STARTTERMIN = "262";

/** `adresslista demo`: what `npm start` runs. The sample export in a database of its own, served. */
export function addDemoCommand(program: Command, context: CliContext): void {
  withConfigOption(program.command("demo"))
    .description(`serve the sample export, with the caller ${DEMO}/${DEMO}, from a database of its own`)
    .action((options: CommonOptions) => demo(context, options));
}

async function demo(context: CliContext, options: CommonOptions): Promise<void> {
  const settings: Settings = {
    ...context.settings({ config: options.config }),
    database: join(packageRoot(), DATABASE),
    // The sample is read by the default mapping, whatever a register of one's own needs.
    mapping: defaultMapping,
    datasource: undefined,
    requireEmail: false,
    statusFile: undefined,
    workers: 1,
    tenants: new Map(),
  };
  await say(context, `database: ${shownDatabase(settings.database)}`);
  if (!(await prepare(context, settings))) {
    await say(context, `loading ${SAMPLE}`);
    await load(context, settings);
  }
  await serveHere(context, settings, operationalLog(settings.logLevel, context.stderr), announce);
}

async function load(context: CliContext, settings: Settings): Promise<void> {
  const attempt = recordAttempt(context, statusFileOf(settings));
  let isLoading = true;
  context.atExit((code, message) => {
    if (isLoading) attempt.end(code, message);
  });
  const progress = showProgress(context);
  attempt.begin();
  try {
    const outcome = await loadFiles(
      settings,
      [{ path: join(packageRoot(), SAMPLE), name: basename(SAMPLE) }],
      {
        force: false,
        signal: context.interrupted(),
        progress: progress.show,
      },
    );
    attempt.note(await findingsOf(outcome, settings.database));
    progress.end();
    if (outcome.kind === "loaded") {
      const rows = Object.entries(outcome.report.counts).map(([what, count]) => `${what} ${count}`);
      await say(context, `load ${outcome.report.load}: ${rows.join(", ")}`);
    }
  } finally {
    progress.end();
  }
  attempt.end(EXIT_OK);
  isLoading = false;
}

/** Sees to the caller; says whether there is a load already. */
async function prepare(context: CliContext, settings: Settings): Promise<boolean> {
  const store = await openStore(settings.database);
  try {
    if ((await store.findCaller(DEMO)) === undefined) {
      await store.addCaller(await callerRecord(DEMO, "*", DEMO));
      await say(context, `caller ${DEMO} added, with the secret ${DEMO}`);
    }
    const generation = await store.current();
    if (generation !== undefined) await say(context, `load ${generation.number} is there already`);
    return generation !== undefined;
  } finally {
    await store.close();
  }
}

async function announce(
  context: CliContext,
  settings: Settings,
  at: { readonly host: string; readonly port: number },
): Promise<void> {
  const { endpoint, wsdl } = serviceUrls(settings, at);
  await print(
    context,
    [
      `WSDL:    ${wsdl}`,
      `Caller:  ${DEMO}, secret ${DEMO} (only here)`,
      `Try:     ${curlLine(endpoint)}`,
      "Stop:    Ctrl-C",
      "",
    ].join("\n"),
  );
}

/** A call of getAdrLista to paste into a shell. */
function curlLine(endpoint: string): string {
  const envelope = [
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>',
    '<a:getAdrLista xmlns:a="http://facadeclient.adresslista.service.lpw.ladok/">',
    `<arg0><authinfovo><caller>${DEMO}</caller><ticket><ticket>${DEMO}</ticket></ticket></authinfovo>`,
    "<type>2</type><uid>larare1</uid></arg0>",
    `<arg1><KursTfVO><Kurskod>${KURSKOD}</Kurskod><Starttermin>${STARTTERMIN}</Starttermin></KursTfVO><FFG>true</FFG></arg1>`,
    "</a:getAdrLista></s:Body></s:Envelope>",
  ].join("");
  return `curl -s -H 'Content-Type: text/xml; charset=utf-8' -d '${envelope}' '${endpoint}'`;
}
