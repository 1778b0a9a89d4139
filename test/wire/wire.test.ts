import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { after, describe, it } from "mocha";
import { startTestService, type TestService, type TestServiceOptions } from "../support/service.js";
import { expectValidResponse } from "../support/xsd.js";

/**
 * Requests and the answers that they must get, each pair named after the rule it shows: README.md in this folder.
 * `UPDATE_GOLDEN=1` writes the answers' bodies anew; the difference is then read against the contract before it is kept.
 */
const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const UPDATE = process.env.UPDATE_GOLDEN === "1";

interface Pair {
  readonly name: string;
  readonly requestFile: string;
  readonly responseFile: string;
  readonly meta: Meta;
}

/** `<name>.meta.json`: where a request or its answer is not the usual one. */
interface Meta {
  /** One of `SERVICES`. */
  readonly service?: string;
  readonly request?: {
    readonly method?: string;
    /** Content-Type; null sends none. */
    readonly contentType?: string | null;
    readonly soapAction?: string;
    /** How the file's text becomes bytes. */
    readonly encoding?: keyof typeof ENCODINGS;
  };
  readonly response?: { readonly status?: number; readonly contentType?: string };
}

/** The other service, and the folder of its requests. */
const UTILITY = "UtilityFetcher";

const SOAP_11 = "text/xml; charset=utf-8";

/** Each over export.xml unless it says otherwise. */
const SERVICES: Readonly<Record<string, Pick<TestServiceOptions, "settings"> & { readonly loaded?: false }>> =
  {
    usual: {},
    "nothing loaded": { loaded: false },
    "terminFormat YYYYT": { settings: { terminFormat: "YYYYT" } },
    "utilityTerminFormat YYT": { settings: { utilityTerminFormat: "YYT" } },
    "kurskodMaxLength 6": { settings: { kurskodMaxLength: 6 } },
    "kurskodAliasFile kurskod-alias.csv": {
      settings: { kurskodAliasFile: join(FOLDER, "kurskod-alias.csv") },
    },
    "defaultCaller portalen": { settings: { defaultCaller: "portalen" } },
    "maxRequestBytes 1024": { settings: { maxRequestBytes: 1024 } },
  };

const CALLERS = {
  portalen: { institutions: "*" },
  vuxportalen: { institutions: ["VUX1"] },
  // What is stored of this one is damaged: the call that asks for it is an internal error.
  skadad: { institutions: "*", secretHash: "skadad" },
} as const;

const ENCODINGS = {
  "utf-8": (text: string) => Buffer.from(text),
  "utf-8 with byte order mark": (text: string) => Buffer.from(`\ufeff${text}`),
  "utf-16le with byte order mark": (text: string) => Buffer.from(`\ufeff${text}`, "utf16le"),
  "utf-16be": (text: string) => Buffer.from(text, "utf16le").swap16(),
  "iso-8859-1": (text: string) => Buffer.from(text, "latin1"),
} as const;

const pairs = readPairs();

describe("requests and their answers", () => {
  const running = new Map<string, Promise<TestService>>();

  function serviceOf({ service = "usual" }: Meta): Promise<TestService> {
    const options = SERVICES[service];
    if (options === undefined) throw new Error(`test/wire has no service ${service}`);
    const { loaded = true, ...others } = options;
    const exported = loaded ? { exportFile: join(FOLDER, "export.xml") } : {};
    const started = running.get(service) ?? startTestService({ ...exported, ...others, callers: CALLERS });
    running.set(service, started);
    return started;
  }

  after(async () => {
    for (const service of running.values()) await (await service).close();
  });

  for (const folder of new Set(pairs.map(folderOf))) {
    describe(folder, () => {
      for (const pair of pairs.filter((candidate) => folderOf(candidate) === folder)) {
        it(pair.name, async () => {
          const url = addressOf(await serviceOf(pair.meta), pair);
          const answer = await send(url, pair);
          expectEnvelope(answer, pair.meta);
          if (!/<soap:Fault>/.test(answer.text)) {
            const wsdl = await fetch(`${url}?wsdl`);
            expectValidResponse(answer.body, await wsdl.text());
          }
          expectGolden(answer.text, pair.responseFile);
        });
      }
    });
  }
});

describe("the pairs of requests and answers", () => {
  it("are pairs: no answer without its request, no exception without them", () => {
    const names = readdirSync(FOLDER, { recursive: true, encoding: "utf8" });
    const requests = names.filter((name) => name.endsWith(".request.xml"));
    const others = names.filter((name) => /\.(response\.xml|meta\.json)$/.test(name));
    const withoutRequest = others.filter(
      (name) => !requests.includes(name.replace(/\.(response\.xml|meta\.json)$/, ".request.xml")),
    );
    expect(withoutRequest).to.deep.equal([]);
  });

  it("in reading have one and the same answer, but for SoapUI's samples", () => {
    const plain = readFileSync(join(FOLDER, "reading/the-plain-request.response.xml"), "utf8");
    const different = pairs.filter(
      (pair) => folderOf(pair) === "reading" && readFileSync(pair.responseFile, "utf8") !== plain,
    );
    expect(different.filter(({ name }) => !name.startsWith("SoapUI"))).to.deep.equal([]);
  });

  it("show every message and every fault code", () => {
    const answers = pairs.map(({ responseFile }) => readFileSync(responseFile, "utf8")).join("");
    const found = (pattern: RegExp) =>
      [...new Set([...answers.matchAll(pattern)].map(([, name]) => name))].sort();
    expect(found(/<key>([^<]*)</g)).to.deep.equal([
      "adresslista.containsinvalidssn",
      "auth.failed",
      "auth.forbidden",
      "general.invalidcall",
      "general.invalidformat",
      "general.missingparameter",
      "general.nodata",
    ]);
    expect(found(/<faultcode>soap:([^<]*)</g)).to.deep.equal([
      "Client",
      "MustUnderstand",
      "Server",
      "VersionMismatch",
    ]);
    expect(found(/<soap:Value>soap:([^<]*)</g)).to.include.members(["MustUnderstand", "Receiver", "Sender"]);
  });
});

// ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

function readPairs(): Pair[] {
  return readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".request.xml"))
    .sort()
    .map((file) => {
      const stem = join(FOLDER, file.replace(/\.request\.xml$/, ""));
      return {
        name: basename(stem).replaceAll("-", " "),
        requestFile: `${stem}.request.xml`,
        responseFile: `${stem}.response.xml`,
        meta: existsSync(`${stem}.meta.json`)
          ? (JSON.parse(readFileSync(`${stem}.meta.json`, "utf8")) as Meta)
          : {},
      };
    });
}

function folderOf({ requestFile }: Pair): string {
  return basename(dirname(requestFile));
}

/** Requests to T04's service, but for those in the folder that is called after another service. */
function addressOf({ url }: TestService, { requestFile }: Pair): string {
  const [first = ""] = relative(FOLDER, requestFile).split(sep);
  return first === UTILITY ? url.replace(/[^/]+$/, UTILITY) : url;
}

function expectGolden(text: string, file: string): void {
  const masked = text.replace(INCIDENT, "Incident: (its number)");
  if (UPDATE) writeFileSync(file, folded(masked));
  const golden = readFileSync(file, "utf8");
  expect(folded(masked)).to.equal(golden, `not as in ${relative(FOLDER, file)}`);
  expect(masked).to.equal(unfolded(golden));
}

const INCIDENT = /Incident: [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** An answer is one long line after the XML declaration: in the files each element has a line, indented. */
function folded(text: string): string {
  let depth = 0;
  return text
    .replaceAll("><", ">\n<")
    .split("\n")
    .map((line) => {
      const closes = line.startsWith("</");
      if (closes) depth--;
      const indented = "  ".repeat(depth) + line;
      if (/^<[^/?]/.test(line) && !line.includes("</") && !line.endsWith("/>")) depth++;
      return `${indented}\n`;
    })
    .join("");
}

/** The bytes that a file stands for: without its indentation and line breaks, but for the one after the declaration. */
function unfolded(golden: string): string {
  const [declaration = "", ...lines] = golden.split("\n");
  return `${declaration}\n${lines.map((line) => line.replace(/^ +/, "")).join("")}`;
}

// ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as strict UTF-8. */
  readonly text: string;
}

/** By node:http: fetch would add a Content-Type where a request has none. */
function send(url: string, { requestFile, meta: { request = {} } }: Pair): Promise<Answer> {
  const { method = "POST", contentType = SOAP_11, soapAction = '""', encoding = "utf-8" } = request;
  const body = ENCODINGS[encoding](readFileSync(requestFile, "utf8"));
  const headers = {
    ...(contentType === null ? {} : { "Content-Type": contentType }),
    SOAPAction: soapAction,
    "Content-Length": body.length,
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const received = Buffer.concat(chunks);
        const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(received);
        resolve({ status: response.statusCode, headers: response.headers, body: received, text });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function expectEnvelope({ status, headers, body, text }: Answer, { response = {} }: Meta): void {
  expect(status, text).to.equal(response.status ?? 200);
  expect(headers["content-type"]).to.equal(response.contentType ?? SOAP_11);
  expect(headers["content-length"]).to.equal(String(body.length));
  expect(headers).not.to.have.property("content-encoding");
  // No byte order mark, and no line break but one: a file can be folded without loss.
  expect(text).to.match(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n[^\n]+$/);
}
